/*
 * `dense` with 256-bit vectors; included by a file that defines DENSE_NAME, DENSE_TARGET and DENSE_STEP(acc, x, w),
 * which adds to 8 sums the products of 8 pairs.
 *
 * A tile is six positions by one block of 16 outputs: twelve of the sixteen registers hold its sums over all segments.
 */
#include "kernels/tiles.h"
#include "kernels/unroll.h"

#define INLINE static inline __attribute__((always_inline, target(DENSE_TARGET)))

INLINE __m256i requantise8(__m256i acc, const uint8_t *shifts, __m128i leak)
{
    const __m256i shift = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)shifts)), one = _mm256_set1_epi32(1);
    const __m256i half = _mm256_sllv_epi32(one, _mm256_sub_epi32(shift, one));
    const __m256i v = _mm256_max_epi32(acc, _mm256_sra_epi32(acc, leak));

    return _mm256_srav_epi32(_mm256_add_epi32(v, half), shift);
}

/* Requantises the 16 sums of a position, and stores them. */
INLINE void store16(int16_t *out, const int16_t *residual, const __m256i *acc, const ainn_dense *layer, int first)
{
    const __m128i leak = _mm_cvtsi32_si128(layer->leaky ? 3 : 0);
    const __m256i bound = _mm256_set1_epi16((int16_t)layer->bound), low = _mm256_set1_epi16((int16_t)-layer->bound);
    __m256i a = requantise8(acc[0], layer->shift + first, leak), b = requantise8(acc[1], layer->shift + first + 8, leak), packed;

    if (residual) {
        a = _mm256_add_epi32(a, _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)residual)));
        b = _mm256_add_epi32(b, _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(residual + 8))));
    }
    packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
    _mm256_storeu_si256((__m256i *)out, _mm256_max_epi16(_mm256_min_epi16(packed, bound), low));
}

/* One tile: `positions` (a constant) from p on, the block of output `first`. The first `skip` positions are not stored. */
INLINE void tile(int16_t *out, size_t out_step, size_t p, int positions, int skip, int first, const ainn_dense *layer,
                 const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step)
{
    const int16_t *w = layer->weights + (size_t)(first / AINN_LANE) * layer->block;
    const int unused = ainn_unused_pairs(layer);
    __m256i acc[12], sums[12];

    AINN_UNROLL
    for (int n = 0; n < 2 * positions; n++)
        acc[n] = _mm256_loadu_si256((const __m256i *)(layer->bias + first + n % 2 * 8));
    for (int s = 0; s < segment_count; s++) {
        const size_t step = segments[s].step * sizeof(int16_t);
        const char *x = (const char *)(segments[s].data + p * segments[s].step);

        w += segments[s].skip * AINN_LANE;
        for (int k = 0; k < segments[s].channels; k += AINN_LANE, x += AINN_LANE * sizeof(int16_t)) {
            const char *base[2] = {x, x + 3 * step};
            const int pairs = AINN_LANE / 2 - (k + AINN_LANE == segments[s].channels ? unused : 0);

            AINN_UNROLL_TWICE
            for (int i = 0; i < pairs; i++, w += 2 * AINN_LANE) {
                const __m256i w0 = _mm256_loadu_si256((const __m256i *)w), w1 = _mm256_loadu_si256((const __m256i *)(w + 16));

                AINN_UNROLL
                for (int n = 0; n < positions; n++) {
                    int32_t bits;
                    __m256i pair;

                    memcpy(&bits, base[n / 3] + (size_t)(n % 3) * step + i * 4, sizeof bits);
                    pair = _mm256_set1_epi32(bits);
                    acc[2 * n] = DENSE_STEP(acc[2 * n], pair, w0);
                    acc[2 * n + 1] = DENSE_STEP(acc[2 * n + 1], pair, w1);
                }
            }
            w += 2 * AINN_LANE * (AINN_LANE / 2 - pairs);
        }
    }
    AINN_UNROLL
    for (int n = 0; n < 2 * positions; n++)
        sums[n] = acc[n];
    for (int n = skip; n < positions; n++) {
        const size_t at = p + (size_t)n;

        store16(out + at * out_step + first, residual ? residual + at * residual_step + first : NULL, sums + 2 * n, layer, first);
    }
}

/* Tiles go over all positions of a block first, so that its weights stay in the cache. */
__attribute__((target(DENSE_TARGET))) AINN_DENSE(DENSE_NAME)
{
#define RUN_TILE(p, size, skip) tile(out, out_step, p, size, skip, first, layer, segments, segment_count, residual, residual_step)
    for (int first = 0; first < layer->out; first += AINN_LANE)
        AINN_FOR_TILES(positions, 6, RUN_TILE);
#undef RUN_TILE
}

#undef INLINE
