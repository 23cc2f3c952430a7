/*
 * 3x3 layers by winograd.h with AVX-512 VNNI; included by vnni.c after dense_avx512.h.
 *
 * A tile is PAIRS pairs of positions by BLOCKS blocks of 16 outputs: 24 registers hold its sums of the four products, over all rows and inputs. What the
 * products take of the inputs is made first and stays in the first cache.
 */
#include "kernels/unroll.h"
#include "kernels/winograd.h"

#define INLINE static inline __attribute__((always_inline, target(DENSE_TARGET)))
/* Keeps compilers from loading a value again for each use of it: the two load ports are what runs out first. */
#define IN_REGISTER(v) __asm__("" : "+v"(v))

/* Inputs of the four products of one pair of positions; `line` is at the input before the first of them. */
INLINE void transform_pair(int16_t *products, const int16_t *line, int channels)
{
    const __mmask32 mask = channels == AINN_WINOGRAD_CHANNELS ? 0xffffffff : 0xffff;
    const __m512i d0 = _mm512_maskz_loadu_epi16(mask, line), d1 = _mm512_maskz_loadu_epi16(mask, line + channels);
    const __m512i d2 = _mm512_maskz_loadu_epi16(mask, line + 2 * channels), d3 = _mm512_maskz_loadu_epi16(mask, line + 3 * channels);

    _mm512_store_si512(products, _mm512_sub_epi16(d0, d2));
    _mm512_store_si512(products + AINN_WINOGRAD_CHANNELS, _mm512_add_epi16(d1, d2));
    _mm512_store_si512(products + 2 * AINN_WINOGRAD_CHANNELS, _mm512_sub_epi16(d2, d1));
    _mm512_store_si512(products + 3 * AINN_WINOGRAD_CHANNELS, _mm512_sub_epi16(d1, d3));
}

/* 2 * `pairs` positions (a constant) from p on and `blocks` (a constant) blocks from output `first` on. The first `skip` positions are not stored. */
INLINE void winograd_tile(int16_t *out, size_t out_step, size_t p, int pairs, int skip, int blocks, int first, const ainn_dense *layer,
                          const ainn_segment *segments, const int16_t *residual, size_t residual_step)
{
    int16_t products[3 * 6 * 4 * AINN_WINOGRAD_CHANNELS] __attribute__((aligned(64)));
    const int inputs = ainn_winograd_pairs(layer), channels = segments[0].channels;
    const uint8_t *w = layer->packed + (size_t)(first / AINN_LANE) * layer->packed_block;
    const int16_t *x = products;
    __m512i acc[24], sums[24];

    for (int row = 0; row < 3; row++)
        for (int q = 0; q < pairs; q++)
            transform_pair(products + (row * pairs + q) * 4 * AINN_WINOGRAD_CHANNELS, segments[3 * row].data + (p + 2 * (size_t)q) * (size_t)channels, channels);
    AINN_UNROLL
    for (int n = 0; n < 4 * pairs * blocks; n++)          /* the bias with m1, which both positions get */
        acc[n] = n / (pairs * blocks) == 1 ? _mm512_loadu_si512(layer->bias + first + n % blocks * AINN_LANE) : _mm512_setzero_si512();
    for (int row = 0; row < 3; row++, x += pairs * 4 * AINN_WINOGRAD_CHANNELS)
        for (int k = 0; k < inputs; k++, w += 4 * 64) {
            __m512i weights[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()}, pair = _mm512_setzero_si512();

            AINN_UNROLL
            for (int n = 0; n < 4 * pairs * blocks; n++) {
                const int product = n / (pairs * blocks), q = n / blocks % pairs;

                if (q == 0) {
                    weights[n % blocks] = _mm512_loadu_si512(w + (size_t)(n % blocks) * layer->packed_block + product * 64);
                    IN_REGISTER(weights[n % blocks]);
                }
                if (n % blocks == 0) {
                    int32_t bits;

                    memcpy(&bits, x + (q * 4 + product) * AINN_WINOGRAD_CHANNELS + 2 * k, sizeof bits);
                    pair = _mm512_set1_epi32(bits);
                }
                acc[n] = _mm512_dpwssd_epi32(acc[n], pair, weights[n % blocks]);
            }
        }
    AINN_UNROLL
    for (int n = 0; n < pairs * blocks; n++) {
        const __m512i *m = acc + n;
        const int at = n / blocks * 2 * blocks + n % blocks;

        sums[at] = _mm512_add_epi32(m[0], _mm512_add_epi32(m[pairs * blocks], m[2 * pairs * blocks]));
        sums[at + blocks] = _mm512_sub_epi32(_mm512_sub_epi32(m[pairs * blocks], m[2 * pairs * blocks]), m[3 * pairs * blocks]);
    }
    for (int i = skip; i < 2 * pairs; i++)
        store_tile_row(out + (p + (size_t)i) * out_step + first, residual ? residual + (p + (size_t)i) * residual_step + first : NULL,
                       sums + i * blocks, blocks, layer, first);
}

/* All positions, which are at least those of a tile, of BLOCKS blocks. The last tile may overlap the one before it. */
#define WINOGRAD_COLUMNS(name, PAIRS, BLOCKS)                                                                                   \
    static __attribute__((noinline, target(DENSE_TARGET))) void name(                                                           \
        int16_t *out, size_t out_step, size_t positions, int first, const ainn_dense *layer, const ainn_segment *segments,      \
        const int16_t *residual, size_t residual_step)                                                                          \
    {                                                                                                                           \
        for (size_t p = 0; p < positions; p += 2 * PAIRS) {                                                                     \
            const int skip = positions - p < 2 * PAIRS ? (int)(2 * PAIRS - (positions - p)) : 0;                                \
                                                                                                                                \
            winograd_tile(out, out_step, p - (size_t)skip, PAIRS, skip, BLOCKS, first, layer, segments, residual, residual_step); \
        }                                                                                                                       \
    }
WINOGRAD_COLUMNS(winograd2, 3, 2)
WINOGRAD_COLUMNS(winograd1, 6, 1)

static __attribute__((target(DENSE_TARGET))) AINN_DENSE(ainn_winograd_vnni)
{
    int first = 0;

    if (!layer->packed || positions < 12) {
        ainn_dense_vnni(out, out_step, positions, layer, segments, segment_count, residual, residual_step);
        return;
    }
    for (; first + AINN_LANE < layer->out; first += 2 * AINN_LANE)
        winograd2(out, out_step, positions, first, layer, segments, residual, residual_step);
    if (first < layer->out)
        winograd1(out, out_step, positions, first, layer, segments, residual, residual_step);
}

#undef WINOGRAD_COLUMNS
#undef IN_REGISTER
#undef INLINE
