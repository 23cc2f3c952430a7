/*
 * 3x3 layers by winograd.h with AVX2; included by avx2.c after dense_avx2.h.
 *
 * A tile is three pairs of positions by half a block: twelve registers hold the sums of the four products of eight outputs.
 */
#include "kernels/unroll.h"
#include "kernels/winograd.h"

#define PAIRS 3
#define INLINE static inline __attribute__((always_inline, target(DENSE_TARGET)))
/* Keeps compilers from gathering inputs that there are no registers for. */
#define IN_REGISTER(v) __asm__ volatile("" : "+x"(v))

/* Inputs of the four products of one pair of positions; `line` is at the input before the first of them. */
INLINE void transform_pair(int16_t *products, const int16_t *line, int channels)
{
    for (int c = 0; c < channels; c += 16) {
        __m256i d[4];

        AINN_UNROLL
        for (int i = 0; i < 4; i++)
            d[i] = _mm256_loadu_si256((const __m256i *)(line + i * channels + c));
        _mm256_store_si256((__m256i *)(products + c), _mm256_sub_epi16(d[0], d[2]));
        _mm256_store_si256((__m256i *)(products + AINN_WINOGRAD_CHANNELS + c), _mm256_add_epi16(d[1], d[2]));
        _mm256_store_si256((__m256i *)(products + 2 * AINN_WINOGRAD_CHANNELS + c), _mm256_sub_epi16(d[2], d[1]));
        _mm256_store_si256((__m256i *)(products + 3 * AINN_WINOGRAD_CHANNELS + c), _mm256_sub_epi16(d[1], d[3]));
    }
}

/* Sums of eight outputs at all positions of a tile, `bias` and w being those of the eight. Sums of one position are 16 apart. */
INLINE void winograd_sums(int32_t *sums, const int16_t *products, const int32_t *bias, const uint8_t *w, int inputs)
{
    __m256i acc[4 * PAIRS];

    AINN_UNROLL
    for (int n = 0; n < 4 * PAIRS; n++)                    /* the bias with m1, which both positions get */
        acc[n] = n / PAIRS == 1 ? _mm256_loadu_si256((const __m256i *)bias) : _mm256_setzero_si256();
    for (int row = 0; row < 3; row++, products += PAIRS * 4 * AINN_WINOGRAD_CHANNELS)
        for (int k = 0; k < inputs; k++, w += 4 * 64) {
            __m256i weights = _mm256_setzero_si256();

            AINN_UNROLL
            for (int n = 0; n < 4 * PAIRS; n++) {
                const int product = n / PAIRS, q = n % PAIRS;
                int32_t bits;

                if (q == 0)
                    weights = _mm256_load_si256((const __m256i *)(w + product * 64));
                memcpy(&bits, products + (q * 4 + product) * AINN_WINOGRAD_CHANNELS + 2 * k, sizeof bits);
                acc[n] = DENSE_STEP(acc[n], _mm256_set1_epi32(bits), weights);
                IN_REGISTER(acc[n]);
            }
        }
    AINN_UNROLL
    for (int q = 0; q < PAIRS; q++) {
        const __m256i both = _mm256_add_epi32(acc[PAIRS + q], acc[2 * PAIRS + q]), difference = _mm256_sub_epi32(acc[PAIRS + q], acc[2 * PAIRS + q]);

        _mm256_store_si256((__m256i *)(sums + 2 * q * AINN_LANE), _mm256_add_epi32(acc[q], both));
        _mm256_store_si256((__m256i *)(sums + (2 * q + 1) * AINN_LANE), _mm256_sub_epi32(difference, acc[3 * PAIRS + q]));
    }
}

/* Positions p .. p + 2 * PAIRS - 1 of all outputs. The first `skip` positions are not stored. */
static __attribute__((noinline, target(DENSE_TARGET))) void winograd_tile(int16_t *out, size_t out_step, size_t p, int skip, const ainn_dense *layer,
                                                                          const ainn_segment *segments, const int16_t *residual, size_t residual_step)
{
    int16_t products[3 * PAIRS * 4 * AINN_WINOGRAD_CHANNELS] __attribute__((aligned(64)));
    int32_t sums[2 * PAIRS * AINN_LANE] __attribute__((aligned(64)));
    const int inputs = ainn_winograd_pairs(layer), channels = segments[0].channels;

    for (int row = 0; row < 3; row++)
        for (int q = 0; q < PAIRS; q++)
            transform_pair(products + (row * PAIRS + q) * 4 * AINN_WINOGRAD_CHANNELS, segments[3 * row].data + (p + 2 * (size_t)q) * (size_t)channels, channels);
    for (int first = 0; first < layer->out; first += AINN_LANE) {
        const uint8_t *w = layer->packed + (size_t)(first / AINN_LANE) * layer->packed_block;

        winograd_sums(sums, products, layer->bias + first, w, inputs);
        winograd_sums(sums + 8, products, layer->bias + first + 8, w + 32, inputs);
        for (size_t i = (size_t)skip; i < 2 * PAIRS; i++)
            store16(out + (p + i) * out_step + first, residual ? residual + (p + i) * residual_step + first : NULL,
                    (const __m256i *)(const void *)(sums + i * AINN_LANE), layer, first);
    }
}

static __attribute__((target(DENSE_TARGET))) AINN_DENSE(ainn_winograd_avx2)
{
    if (!layer->packed || positions < 2 * PAIRS) {
        ainn_dense_avx2(out, out_step, positions, layer, segments, segment_count, residual, residual_step);
        return;
    }
    for (size_t p = 0; p < positions; p += 2 * PAIRS) {
        const size_t skip = positions - p < 2 * PAIRS ? 2 * PAIRS - (positions - p) : 0;

        winograd_tile(out, out_step, p - skip, (int)skip, layer, segments, residual, residual_step);
    }
}

#undef INLINE
#undef PAIRS
