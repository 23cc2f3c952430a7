/* AVX-512 (F, BW, DQ, VL): what runs at full resolution. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/reference.h"
#include "kernels/tables_avx512.h"
#include "kernels/x86.h"

#define TARGET __attribute__((target(AINN_AVX512)))
#define INLINE static inline __attribute__((always_inline, target(AINN_AVX512)))

/* A mask of the first `count` of 16. */
INLINE __mmask16 first16(size_t count)
{
    return (__mmask16)(count < 16 ? (1u << count) - 1 : 0xffff);
}

/* ---- Box means ---- */

/* Sums of 16 columns over the middle three, five and all seven rows. */
typedef struct columns {
    __m512i three, five, seven;
} columns;

INLINE columns sum_columns(const int16_t *const rows[7], ptrdiff_t x, size_t count)
{
    const __mmask16 mask = first16(count);
    __m256i three = _mm256_add_epi16(_mm256_maskz_loadu_epi16(mask, rows[2] + x), _mm256_maskz_loadu_epi16(mask, rows[4] + x));
    const __m256i five = _mm256_add_epi16(_mm256_maskz_loadu_epi16(mask, rows[1] + x), _mm256_maskz_loadu_epi16(mask, rows[5] + x));
    const __m256i seven = _mm256_add_epi16(_mm256_maskz_loadu_epi16(mask, rows[0] + x), _mm256_maskz_loadu_epi16(mask, rows[6] + x));
    columns sums;

    three = _mm256_add_epi16(three, _mm256_maskz_loadu_epi16(mask, rows[3] + x));     /* three times AINN_BOUND still fit */
    sums.three = _mm512_cvtepi16_epi32(three);
    sums.five = _mm512_add_epi32(sums.three, _mm512_cvtepi16_epi32(five));
    sums.seven = _mm512_add_epi32(sums.five, _mm512_cvtepi16_epi32(seven));
    return sums;
}

INLINE void store_mean(int16_t *out, __mmask16 mask, __m512i sum, int reciprocal)
{
    const __m512i scaled = _mm512_add_epi32(_mm512_mullo_epi32(sum, _mm512_set1_epi32(reciprocal)), _mm512_set1_epi32(1 << 17));

    _mm512_mask_cvtepi32_storeu_epi16(out, mask, _mm512_srai_epi32(scaled, 18));
}

TARGET AINN_BOX_MEANS(ainn_box_means_avx512)
{
    const ptrdiff_t end = (ptrdiff_t)width + 3;
    columns now = sum_columns(rows, -3, width + 6);

    for (ptrdiff_t x = 0; x < (ptrdiff_t)width; x += 16) {
        const __mmask16 mask = first16(width - (size_t)x);
        const columns next = sum_columns(rows, x + 13, x + 13 < end ? (size_t)(end - x - 13) : 0);
        __m512i sum;

        /* Element 0 of `now` is the column three to the left of x. */
#define SHIFTED(sums, n) _mm512_alignr_epi32(next.sums, now.sums, n)
        sum = _mm512_add_epi32(_mm512_add_epi32(SHIFTED(three, 2), SHIFTED(three, 3)), SHIFTED(three, 4));
        store_mean(mean3 + x, mask, sum, AINN_MEAN3);
        sum = _mm512_add_epi32(_mm512_add_epi32(SHIFTED(five, 1), SHIFTED(five, 2)), _mm512_add_epi32(SHIFTED(five, 3), SHIFTED(five, 4)));
        store_mean(mean5 + x, mask, _mm512_add_epi32(sum, SHIFTED(five, 5)), AINN_MEAN5);
        sum = _mm512_add_epi32(_mm512_add_epi32(now.seven, SHIFTED(seven, 1)), _mm512_add_epi32(SHIFTED(seven, 2), SHIFTED(seven, 3)));
        sum = _mm512_add_epi32(sum, _mm512_add_epi32(SHIFTED(seven, 4), SHIFTED(seven, 5)));
        store_mean(mean7 + x, mask, _mm512_add_epi32(sum, SHIFTED(seven, 6)), AINN_MEAN7);
#undef SHIFTED
        now = next;
    }
}

/* ---- FDSM-S ---- */

/* The three components of four positions, from the mix of the streams up to the common rounding; lanes are positions, then pixels. */
typedef struct components {
    __m512i c[3];
} components;

INLINE components mix_streams(const int16_t *both, const __m512i masks, size_t count, int pixel_frac)
{
    /* Lane 4 k + d takes low and high of component k of pixel d; the last four lanes are not used. */
    static const int16_t order_words[32] = {12, 0, 15, 3, 18, 6, 21, 9, 13, 1, 16, 4, 19, 7, 22, 10, 14, 2, 17, 5, 20, 8, 23, 11,
                                            24, 24, 24, 24, 24, 24, 24, 24};
    const __m512i order = _mm512_loadu_si512(order_words);
    const __m512i half = _mm512_set1_epi32(1 << pixel_frac);
    const __m128i shift = _mm_cvtsi32_si128(pixel_frac + 1);
    __m512i v[4], t[4];
    components all;

#define POSITION(p)                                                                                                   \
    do {                                                                                                              \
        const __m512i row = _mm512_maskz_loadu_epi16(p < count ? 0xffffffff : 0, both + (p < count ? p : 0) * 32);    \
        const __m512i high_low = _mm512_permutexvar_epi16(order, row);                                                \
        const __m512i high_difference = _mm512_sub_epi16(high_low, _mm512_slli_epi32(high_low, 16));                  \
                                                                                                                      \
        v[p] = _mm512_madd_epi16(high_difference, _mm512_shuffle_i32x4(masks, masks, 0x55 * p));                      \
    } while (0)
    POSITION(0);
    POSITION(1);
    POSITION(2);
    POSITION(3);
#undef POSITION
    t[0] = _mm512_shuffle_i32x4(v[0], v[1], 0x44);
    t[1] = _mm512_shuffle_i32x4(v[2], v[3], 0x44);
    t[2] = _mm512_shuffle_i32x4(v[0], v[1], 0xee);
    t[3] = _mm512_shuffle_i32x4(v[2], v[3], 0xee);
    all.c[0] = _mm512_shuffle_i32x4(t[0], t[1], 0x88);
    all.c[1] = _mm512_shuffle_i32x4(t[0], t[1], 0xdd);
    all.c[2] = _mm512_shuffle_i32x4(t[2], t[3], 0x88);
    for (int k = 0; k < 3; k++) {
        all.c[k] = _mm512_sra_epi32(_mm512_add_epi32(all.c[k], half), shift);
        all.c[k] = _mm512_max_epi32(_mm512_min_epi32(all.c[k], _mm512_set1_epi32(AINN_COMPONENT_BOUND)), _mm512_set1_epi32(-AINN_COMPONENT_BOUND));
    }
    return all;
}

/* r as in arithmetic.md, step 7, to u. */
INLINE __m512i to_sample(__m512i r)
{
    const __m512i u = _mm512_srai_epi32(_mm512_add_epi32(r, _mm512_set1_epi32((1 << 28) + (1 << 12))), 13);

    return _mm512_min_epi32(_mm512_max_epi32(u, _mm512_setzero_si512()), _mm512_set1_epi32(65536));
}

INLINE components to_rgb(components v)
{
    const __m512i a = _mm512_mullo_epi32(v.c[0], _mm512_set1_epi32(4730)), b = _mm512_mullo_epi32(v.c[1], _mm512_set1_epi32(5793));
    const __m512i c = _mm512_mullo_epi32(v.c[2], _mm512_set1_epi32(3344)), twice = _mm512_add_epi32(_mm512_slli_epi32(c, 1), v.c[2]);
    const __m512i both = _mm512_add_epi32(a, c);

    return (components){{to_sample(_mm512_add_epi32(both, b)), to_sample(_mm512_sub_epi32(a, twice)), to_sample(_mm512_sub_epi32(both, b))}};
}

TARGET AINN_SYNTHESISE(ainn_synthesise_avx512)
{
    const table64 table = load_table64(sigmoid);
    const __m512i every_32_bytes = _mm512_setr_epi64(0, 4, 8, 12, 16, 20, 24, 28), one = _mm512_set1_epi32(16384);
    const __m512i upper = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), lower = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);

    for (size_t p = 0; p < positions; p += 8, both += 8 * 32, mask += 8 * 16) {
        const size_t count = positions - p < 8 ? positions - p : 8;
        const __m512i logits = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), (__mmask8)first16(count), every_32_bytes, (const void *)mask, 8);
        const __m512i m = look_up64(table, logits);
        /* 2^14 and the mask in pairs, for the first four positions and the others */
        const __m512i first = _mm512_or_si512(one, _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(m)), 16));
        const __m512i second = _mm512_or_si512(one, _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(m, 1)), 16));
        const components left = to_rgb(mix_streams(both, first, count, pixel_frac));
        const components right = to_rgb(mix_streams(both + 4 * 32, second, count > 4 ? count - 4 : 0, pixel_frac));
        const __mmask16 pixels = first16(2 * count);

        for (int c = 0; c < 3; c++) {
            _mm512_mask_storeu_epi32(planes[c][0] + 2 * p, pixels, _mm512_permutex2var_epi64(left.c[c], upper, right.c[c]));
            _mm512_mask_storeu_epi32(planes[c][1] + 2 * p, pixels, _mm512_permutex2var_epi64(left.c[c], lower, right.c[c]));
        }
    }
}

/* ---- Samples ---- */

INLINE __m512i scale_samples(const uint32_t *u, __mmask16 mask, __m512i max)
{
    const __m512i product = _mm512_mullo_epi32(_mm512_maskz_loadu_epi32(mask, u), max);

    return _mm512_srli_epi32(_mm512_add_epi32(product, _mm512_set1_epi32(32768)), 16);
}

TARGET AINN_STORE8(ainn_store8_avx512)
{
    const __m512i max = _mm512_set1_epi32(255);

    for (size_t i = 0; i < count; i += 16, out += 16 * stride) {
        const __mmask16 mask = first16(count - i);
        const __m512i samples = scale_samples(u + i, mask, max);
        uint8_t bytes[16];

        if (stride == 1) {
            _mm512_mask_cvtepi32_storeu_epi8(out, mask, samples);
            continue;
        }
        _mm_storeu_si128((__m128i *)bytes, _mm512_cvtepi32_epi8(samples));
        for (ptrdiff_t k = 0; k < 16 && i + (size_t)k < count; k++)
            out[k * stride] = bytes[k];
    }
}

TARGET AINN_STORE16(ainn_store16_avx512)
{
    const __m512i factor = _mm512_set1_epi32((int)max);
    uint8_t *to = (uint8_t *)out;

    for (size_t i = 0; i < count; i += 16, to += 16 * stride) {
        const __mmask16 mask = first16(count - i);
        const __m512i samples = scale_samples(u + i, mask, factor);
        uint16_t words[16];

        if (stride == 2) {
            _mm512_mask_cvtepi32_storeu_epi16(to, mask, samples);
            continue;
        }
        _mm256_storeu_si256((__m256i *)words, _mm512_cvtepi32_epi16(samples));
        for (ptrdiff_t k = 0; k < 16 && i + (size_t)k < count; k++)
            memcpy(to + k * stride, &words[k], sizeof *words);
    }
}
#endif
