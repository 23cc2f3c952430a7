/* The reference kernels by name, for the fast versions to hand odd cases and tails to; and constants that all share. */
#ifndef AINN_REFERENCE_H
#define AINN_REFERENCE_H

#include "kernels/kernels.h"

/* round(2^18 / n^2): a window's sum times this, plus 2^17, shifted right by 18, is its mean. */
#define AINN_MEAN3 29127
#define AINN_MEAN5 10486
#define AINN_MEAN7 5350

static inline int32_t ainn_clamp(int32_t v, int32_t bound)
{
    return v < -bound ? -bound : v > bound ? bound : v;
}

/* LeakyReLU with slope 1/8 where `leaky`, rounding shift. */
static inline int32_t ainn_requantise(uint32_t sum, int leaky, unsigned shift)
{
    int32_t acc = (int32_t)sum;

    if (leaky && acc < 0)
        acc >>= 3;
    return (int32_t)((uint32_t)acc + (1u << (shift - 1))) >> shift;
}

void ainn_dense_c(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer,
                  const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step);
void ainn_depthwise_c(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3]);
void ainn_couple_forward_c(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);
void ainn_couple_inverse_c(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);
void ainn_couple_slopes_c(int16_t *slopes, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);
void ainn_box_means_c(int16_t *mean3, int16_t *mean5, int16_t *mean7, size_t width, const int16_t *const rows[7]);
void ainn_interleave_c(int16_t *squeezed, int16_t *means, int16_t *differences, size_t positions, const int16_t *const x[6],
                       const int16_t *const mean[3][6]);
void ainn_synthesise_c(uint32_t *const planes[3][2], const int16_t *both, const int16_t *mask, size_t positions,
                       const int16_t sigmoid[2][64], int pixel_frac);
void ainn_rotate_c(int16_t *const out[3], const uint16_t *const samples[3], size_t count, const ainn_rotation *rotation);
void ainn_store8_c(uint8_t *out, ptrdiff_t stride, const uint32_t *u, size_t count);
void ainn_store16_c(uint16_t *out, ptrdiff_t stride, const uint32_t *u, size_t count, uint32_t max);

#endif
