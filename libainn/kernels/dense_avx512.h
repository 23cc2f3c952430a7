/*
 * `dense` with 512-bit vectors; included by a file that defines DENSE_NAME, DENSE_TARGET and DENSE_STEP(acc, x, w),
 * which adds to 16 sums the products of 16 pairs.
 *
 * A 64-byte load holds an input pair's weights for the 16 outputs of a block. A tile of POSITIONS x BLOCKS sums stays in
 * registers over all segments: 6 x 4 needs ten loads for 24 multiplications, which the two load ports keep up with. The
 * weights of the tile's blocks stay in the cache while positions stream past.
 */
#include "kernels/tiles.h"
#include "kernels/unroll.h"

#define INLINE static inline __attribute__((always_inline, target(DENSE_TARGET)))

/* Requantises the sums of one position and `blocks` blocks, and stores them. */
INLINE void store_tile_row(int16_t *out, const int16_t *residual, const __m512i *acc, int blocks, const ainn_dense *layer, int first)
{
    const __m128i leak = _mm_cvtsi32_si128(layer->leaky ? 3 : 0);
    const __m256i bound = _mm256_set1_epi16((int16_t)layer->bound), low = _mm256_set1_epi16((int16_t)-layer->bound);

    AINN_UNROLL
    for (int b = 0; b < blocks; b++) {
        const int o = first + b * AINN_LANE;
        const __m512i shift = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(layer->shift + o)));
        const __m512i half = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(shift, _mm512_set1_epi32(1)));
        __m512i v = _mm512_max_epi32(acc[b], _mm512_sra_epi32(acc[b], leak));
        __m256i packed;

        v = _mm512_srav_epi32(_mm512_add_epi32(v, half), shift);
        if (residual)
            v = _mm512_add_epi32(v, _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(residual + b * AINN_LANE))));
        packed = _mm512_cvtsepi32_epi16(v);
        _mm256_storeu_si256((__m256i *)(out + b * AINN_LANE), _mm256_max_epi16(_mm256_min_epi16(packed, bound), low));
    }
}

/* The sums of `positions` x `blocks` (constants) over pairs of channels. Positions are `step` bytes apart. Flat loops over
 * all sums, because both compilers keep those in registers. */
INLINE void accumulate(__m512i *acc, int positions, int blocks, int pairs, const char *x, size_t step, const int16_t *w, size_t block)
{
    /* Few base registers: three positions are reached from each. */
    const char *base[4] = {x, x + 3 * step, x + 6 * step, x + 9 * step};

    AINN_UNROLL_TWICE
    for (int k = 0; k < pairs; k++) {
        __m512i weights[4], pair = _mm512_setzero_si512();

        AINN_UNROLL
        for (int b = 0; b < blocks; b++)
            weights[b] = _mm512_loadu_si512(w + (size_t)b * block + k * 2 * AINN_LANE);
        AINN_UNROLL
        for (int n = 0; n < positions * blocks; n++) {
            if (n % blocks == 0) {
                const int i = n / blocks;
                int32_t bits;

                memcpy(&bits, base[i / 3] + (size_t)(i % 3) * step + k * 4, sizeof bits);
                pair = _mm512_set1_epi32(bits);
            }
            acc[n] = DENSE_STEP(acc[n], pair, weights[n % blocks]);
        }
    }
}

/* One tile: `positions` (a constant) from p on, `blocks` (a constant) blocks from output `first` on. The first `skip` positions are not stored. */
INLINE void tile(int16_t *out, size_t out_step, size_t p, int positions, int skip, int blocks, int first, const ainn_dense *layer,
                 const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step)
{
    const int16_t *w = layer->weights + (size_t)(first / AINN_LANE) * layer->block;
    const int unused = ainn_unused_pairs(layer);
    __m512i acc[24], sums[24];

    AINN_UNROLL
    for (int n = 0; n < positions * blocks; n++)
        acc[n] = _mm512_loadu_si512(layer->bias + first + n % blocks * AINN_LANE);
    for (int s = 0; s < segment_count; s++) {
        const char *x = (const char *)(segments[s].data + p * segments[s].step);

        w += segments[s].skip * AINN_LANE;
        for (int k = 0; k < segments[s].channels; k += AINN_LANE, w += AINN_LANE * AINN_LANE, x += AINN_LANE * sizeof(int16_t)) {
            const int last = k + AINN_LANE == segments[s].channels;

            accumulate(acc, positions, blocks, AINN_LANE / 2 - (last ? unused : 0), x, segments[s].step * sizeof(int16_t), w, layer->block);
        }
    }
    AINN_UNROLL
    for (int n = 0; n < positions * blocks; n++)
        sums[n] = acc[n];
    for (int i = skip; i < positions; i++)
        store_tile_row(out + (p + (size_t)i) * out_step + first, residual ? residual + (p + (size_t)i) * residual_step + first : NULL,
                       sums + i * blocks, blocks, layer, first);
}

/* All positions of BLOCKS blocks. */
#define RUN_TILE(p, size, skip) tile(out, out_step, p, size, skip, blocks, first, layer, segments, segment_count, residual, residual_step)
#define DENSE_COLUMNS(name, POSITIONS, BLOCKS)                                                                                  \
    static __attribute__((noinline, target(DENSE_TARGET))) void name(                                                           \
        int16_t *out, size_t out_step, size_t positions, int first, const ainn_dense *layer, const ainn_segment *segments,      \
        int segment_count, const int16_t *residual, size_t residual_step)                                                       \
    {                                                                                                                           \
        enum { blocks = BLOCKS };                                                                                               \
                                                                                                                                \
        AINN_FOR_TILES(positions, POSITIONS, RUN_TILE);                                                                         \
    }
DENSE_COLUMNS(columns4, 6, 4)
DENSE_COLUMNS(columns3, 8, 3)
DENSE_COLUMNS(columns2, 12, 2)
DENSE_COLUMNS(columns1, 12, 1)

__attribute__((target(DENSE_TARGET))) AINN_DENSE(DENSE_NAME)
{
    int first = 0;

    while (first < layer->out) {
        const int blocks = (layer->out - first) / AINN_LANE;

        if (blocks >= 4) {
            columns4(out, out_step, positions, first, layer, segments, segment_count, residual, residual_step);
            first += 4 * AINN_LANE;
        } else {
            (blocks == 3 ? columns3 : blocks == 2 ? columns2 : columns1)(out, out_step, positions, first, layer, segments,
                                                                        segment_count, residual, residual_step);
            first += blocks * AINN_LANE;
        }
    }
}

#undef DENSE_COLUMNS
#undef RUN_TILE
#undef INLINE
