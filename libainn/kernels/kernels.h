/*
 * The arithmetic of the network (format-spec/arithmetic.md), behind one table of function pointers.
 *
 * The reference in plain C fills the table first; each instruction set replaces what it does better. All versions give
 * the same results to the bit, which tests/checkkernels.c proves. Kernels know nothing of networks or files.
 *
 * Activations are int16, channels innermost and padded to a multiple of 16 with zeros. A row of positions that a
 * convolution with several taps reads has two zero positions before its first and after its last one.
 */
#ifndef AINN_KERNELS_H
#define AINN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define AINN_LANE 16              /* channels are padded to a multiple of this */
#define AINN_MAX_SEGMENTS 27
#define AINN_BOUND 8191           /* saturation bound of what a LeakyReLU leaves, of components and of what tables take */
#define AINN_STREAM_BOUND 16383   /* of all else in the transform: what flows from module to module */
#define AINN_COMPONENT_BOUND 131071   /* of mixed components (arithmetic.md, step 6), so that colour can not overflow */

/* What a dense layer computes; points into the model. */
typedef struct ainn_dense {
    const int16_t *weights;       /* [out/16][segment][segment's channels/2][16][2] */
    const int32_t *bias;          /* [out], quality bias already added */
    const uint8_t *shift;         /* [out] */
    size_t block;                 /* int16 elements of one output block in weights: 16 * sum of segment channels */
    int out;                      /* channels, a multiple of 16 */
    int taps;                     /* of a convolution: 1, 9 or 25 */
    int used;                     /* channels of a tap after which all weights are zero; 0: not known */
    int leaky;                    /* LeakyReLU before the shift */
    int bound;                    /* of the output */
    int in_bound;                 /* ... and of what goes in; 0: not known */
    const uint8_t *packed;        /* the weights once more, as the kernels want them (`pack`), or NULL */
    size_t packed_block;          /* bytes of one output block in packed */
} ainn_dense;

/* One input of a dense layer: a tap of a convolution, or one of several concatenated tensors. */
typedef struct ainn_segment {
    const int16_t *data;          /* of the first output position */
    size_t step;                  /* elements from one output position's input to the next one's */
    int channels;                 /* a multiple of 16 */
    int skip;                     /* inputs of the layer before these that are zero and have no segment; a multiple of 16 */
} ainn_segment;

typedef struct ainn_depthwise {
    const int16_t *weights;       /* [9][channels] */
    const int32_t *bias;
    const uint8_t *shift;
    int channels;
    int bound;
    int leaky;                    /* LeakyReLU before the shift: always, but for the way back of a search */
} ainn_depthwise;

/* Constants of the rotation of colours, of one depth and pixel_frac (image/components.h). */
typedef struct ainn_rotation {
    int32_t max;
    int32_t half;                 /* m of the specification: half the divisor */
    uint64_t reciprocal;          /* of the divisor, exact for every sum that can occur; 32 bits */
    int shift;                    /* 40 to 58 */
    int32_t lift;                 /* multiple of the divisor that makes every sum positive */
    int32_t lifted;               /* ... and the quotient that it adds */
} ainn_rotation;

#define AINN_MARKS(count) ((count) / 16 + 16)

typedef struct ainn_kernels {
    const char *name;             /* "c", "openblas", "neon", "avx2", "avxvnni", "avx512", "vnni", ...: the values of AINN_CPU */

    /* out[p * out_step + o] for positions p and outputs o. If residual is not NULL, residual[p * residual_step + o] is
     * added before the bound is applied; it may be the same memory as out. */
    void (*dense)(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer,
                  const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step);

    /* packed_block: bytes of one output block's packed weights, a multiple of 64, and 0 for layers that gain nothing. It may look at all
     * weights, so is asked once for a layer. pack: writes all blocks of a layer whose `packed_block` is that. Layers of which `packed` is
     * NULL work as well, slower. Both are NULL where packing is not needed. */
    size_t (*packed_block)(const ainn_dense *layer);
    void (*pack)(uint8_t *packed, const ainn_dense *layer);

    /* rows: the three input rows around the output row, at the first output position. Packed: step is `channels`. */
    void (*depthwise)(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3]);

    /* Couplings. st: [positions][2 * channels], scale inputs first, then shifts. x: [positions][channels], in place or not.
     * |x| and |shifts| are at most AINN_STREAM_BOUND. */
    void (*couple_forward)(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);
    void (*couple_inverse)(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);

    /* For the encoder's search for better latents (refine/), which goes backwards through couple_inverse: the derivatives of its outputs, of each by its own
     * scale input, in units of 1/256, and by its own x, less 1, in units of 2^-14. slopes: [positions][2 * channels], by scale inputs first. */
    void (*couple_slopes)(int16_t *slopes, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64]);

    /* ... and through LeakyReLUs. Marks where those have left values that are not positive (most zeros were negative), in AINN_MARKS(count) elements
     * of an order of its own; and derivatives, there an eighth, rounded. count: a multiple of 16. */
    void (*leak_marks)(int16_t *marks, const int16_t *values, size_t count);
    void (*leak_back)(int16_t *derivatives, const int16_t *marks, size_t count);

    /* The same search's derivatives in floating point, [positions][channels]. The largest one, each times its channel's factor; as integers of at most
     * AINN_STREAM_BOUND, times factors; and from integers, times units, added to what is there or not. */
    float (*float_most)(const float *values, const float *factors, size_t positions, int channels);
    void (*float_quantise)(int16_t *out, const float *values, const float *factors, size_t positions, int channels);
    void (*float_restore)(float *values, const int16_t *in, const float *units, size_t positions, int channels, int adds);

    /* Backwards through couple_inverse: in place, and integers of derivatives by st, times factors, both [positions][2 * channels]. */
    void (*float_couple)(int16_t *by_st, float *derivatives, const int16_t *slopes, const float *factors, size_t positions, int channels);

    /* Box means of 3, 5 and 7 over one row of planar values, given seven rows (edges already repeated three samples to
     * each side): three output rows. |values| at most AINN_BOUND; mean = (sum * round(2^18 / n^2) + 2^17) >> 18. */
    void (*box_means)(int16_t *mean3, int16_t *mean5, int16_t *mean7, size_t width, const int16_t *const rows[7]);

    /* What FDSM-D starts from, of one half-resolution row. x[3 dy + colour] and mean[window][3 dy + colour]: two planar rows of 2 * positions
     * each. squeezed [positions][16]: x as 12 channels (dy, dx, colour) and zeros. means and differences (x - mean) [positions][48]: 12 for
     * each window; what follows stays as it is or becomes zero. |x|, |mean| at most AINN_BOUND. */
    void (*interleave)(int16_t *squeezed, int16_t *means, int16_t *differences, size_t positions, const int16_t *const x[6],
                       const int16_t *const mean[3][6]);

    /* FDSM-S and colour of one half-resolution row (arithmetic.md, steps 6 and 7): both [positions][32] (low 12, high 12, padding),
     * mask [positions][16] (four logits), |both| at most AINN_STREAM_BOUND; writes u = 0 .. 65536 of R, G, B, two rows of
     * 2 * positions each: planes[c][y]. */
    void (*synthesise)(uint32_t *const planes[3][2], const int16_t *both, const int16_t *mask, size_t positions, const int16_t sigmoid[2][64], int pixel_frac);

    /* Rotated components of `count` pixels (arithmetic.md, step 1 of the encoder) from samples of R, G and B. */
    void (*rotate)(int16_t *const out[3], const uint16_t *const samples[3], size_t count, const ainn_rotation *rotation);

    /* Samples from u: (u * max + 32768) >> 16, stored `stride` bytes apart as uint8_t (max 255) or uint16_t. */
    void (*store8)(uint8_t *out, ptrdiff_t stride, const uint32_t *u, size_t count);
    void (*store16)(uint16_t *out, ptrdiff_t stride, const uint32_t *u, size_t count, uint32_t max);
} ainn_kernels;

/* Bits of ainn_cpu_flags(). */
#define AINN_CPU_AVX2 1
#define AINN_CPU_AVX512 2         /* F, BW, DQ, VL */
#define AINN_CPU_VNNI 4           /* AVX512_VNNI, with AINN_CPU_AVX512 */
#define AINN_CPU_VBMI 8
#define AINN_CPU_NEON 16
#define AINN_CPU_AMX 32
#define AINN_CPU_OPENBLAS 64      /* built with OpenBLAS */
#define AINN_CPU_AVXVNNI 128      /* VNNI on 256-bit vectors */

/* What this machine can do; the environment variable AINN_CPU, the name of a table, may ask for less. Read once. */
unsigned ainn_cpu_flags(void);

/* The best table for these flags; static, never NULL. */
const ainn_kernels *ainn_kernels_for(unsigned flags);

/* Every table that this machine can run, reference first, NULL at the end: what the tests and benchmarks walk. */
const ainn_kernels *const *ainn_kernels_all(void);

/* Each fills in what its instruction set does better than what the table holds. */
void ainn_kernels_c(ainn_kernels *table);
void ainn_kernels_openblas(ainn_kernels *table);
/* Whether the library was built for OpenBLAS and finds it on this machine. */
int ainn_openblas_loads(void);
void ainn_kernels_neon(ainn_kernels *table);
void ainn_kernels_avx2(ainn_kernels *table);
void ainn_kernels_avxvnni(ainn_kernels *table);
void ainn_kernels_avx512(ainn_kernels *table);
void ainn_kernels_vnni(ainn_kernels *table);
void ainn_kernels_amx(ainn_kernels *table);

#endif
