/* Kernels of the x86 files by name, for the functions that fill the tables. */
#ifndef AINN_X86_H
#define AINN_X86_H

#include "kernels/kernels.h"

#define AINN_AVX512 "avx512f,avx512bw,avx512dq,avx512vl"

/* Channels of one tap, as they are stored. */
static inline int ainn_tap_channels(const ainn_dense *layer)
{
    return (int)layer->block / AINN_LANE / layer->taps;
}

/* Pairs of the last 16 channels of every tap that have no weights: of the 32 that 24 channels are stored as, four. */
static inline int ainn_unused_pairs(const ainn_dense *layer)
{
    const int unused = layer->used ? (ainn_tap_channels(layer) - layer->used) / 2 : 0;

    return unused < AINN_LANE / 2 ? unused : AINN_LANE / 2;
}

#define AINN_DENSE(name)                                                                                            \
    void name(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer, const ainn_segment *segments, \
              int segment_count, const int16_t *residual, size_t residual_step)
#define AINN_DEPTHWISE(name) void name(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3])
#define AINN_COUPLE(name) \
    void name(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
#define AINN_BOX_MEANS(name) void name(int16_t *mean3, int16_t *mean5, int16_t *mean7, size_t width, const int16_t *const rows[7])
#define AINN_INTERLEAVE(name)                                                                                                      \
    void name(int16_t *squeezed, int16_t *means, int16_t *differences, size_t positions, const int16_t *const x[6], const int16_t *const mean[3][6])
#define AINN_SYNTHESISE(name)                                                                                                   \
    void name(uint32_t *const planes[3][2], const int16_t *both, const int16_t *mask, size_t positions, const int16_t sigmoid[2][64], \
              int pixel_frac)
#define AINN_STORE8(name) void name(uint8_t *out, ptrdiff_t stride, const uint32_t *u, size_t count)
#define AINN_ROTATE(name) void name(int16_t *const out[3], const uint16_t *const samples[3], size_t count, const ainn_rotation *rotation)
#define AINN_STORE16(name) void name(uint16_t *out, ptrdiff_t stride, const uint32_t *u, size_t count, uint32_t max)

AINN_DENSE(ainn_dense_avx2);
AINN_DENSE(ainn_dense_avxvnni);
AINN_DENSE(ainn_dense_avx512);
AINN_DENSE(ainn_dense_vnni);
AINN_DENSE(ainn_dense_amx);
AINN_DEPTHWISE(ainn_depthwise_avx2);
AINN_DEPTHWISE(ainn_depthwise_avxvnni);
AINN_DEPTHWISE(ainn_depthwise_avx512);
AINN_DEPTHWISE(ainn_depthwise_vnni);
AINN_COUPLE(ainn_couple_forward_avx2);
AINN_COUPLE(ainn_couple_inverse_avx2);
AINN_COUPLE(ainn_couple_forward_avx512);
AINN_COUPLE(ainn_couple_inverse_avx512);
AINN_COUPLE(ainn_couple_slopes_avx2);
AINN_COUPLE(ainn_couple_slopes_avx512);
AINN_BOX_MEANS(ainn_box_means_avx2);
AINN_BOX_MEANS(ainn_box_means_avx512);
AINN_INTERLEAVE(ainn_interleave_avx2);
AINN_SYNTHESISE(ainn_synthesise_avx2);
AINN_SYNTHESISE(ainn_synthesise_avx512);
AINN_ROTATE(ainn_rotate_avx2);
AINN_STORE8(ainn_store8_avx2);
AINN_STORE8(ainn_store8_avx512);
AINN_STORE16(ainn_store16_avx2);
AINN_STORE16(ainn_store16_avx512);

#endif
