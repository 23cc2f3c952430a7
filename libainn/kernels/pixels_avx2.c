/* AVX2: what runs at full resolution. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/reference.h"
#include "kernels/tables_avx2.h"
#include "kernels/x86.h"

#define TARGET __attribute__((target("avx2")))

/* ---- Box means ---- */

#define CHUNK 256                        /* outputs whose column sums are kept at a time; a multiple of 8 */

typedef struct columns {
    int32_t three[CHUNK + 8], five[CHUNK + 8], seven[CHUNK + 8];     /* over the middle three, five and all seven rows */
} columns;

/* Sums of 8 columns of picture position x on. */
AINN_INLINE2 void sum_columns(columns *sums, ptrdiff_t at, const int16_t *const rows[7], ptrdiff_t x)
{
#define ROW(r) _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(rows[r] + x)))
    __m256i sum = _mm256_add_epi32(_mm256_add_epi32(ROW(2), ROW(4)), ROW(3));

    _mm256_storeu_si256((__m256i *)(sums->three + at), sum);
    sum = _mm256_add_epi32(sum, _mm256_add_epi32(ROW(1), ROW(5)));
    _mm256_storeu_si256((__m256i *)(sums->five + at), sum);
    sum = _mm256_add_epi32(sum, _mm256_add_epi32(ROW(0), ROW(6)));
    _mm256_storeu_si256((__m256i *)(sums->seven + at), sum);
#undef ROW
}

/* Means of `size` columns each, 8 of them. */
AINN_INLINE2 void store_means(int16_t *out, const int32_t *sums, int size, int reciprocal)
{
    __m256i sum = _mm256_loadu_si256((const __m256i *)sums);

    for (int i = 1; i < size; i++)
        sum = _mm256_add_epi32(sum, _mm256_loadu_si256((const __m256i *)(sums + i)));
    sum = _mm256_add_epi32(_mm256_mullo_epi32(sum, _mm256_set1_epi32(reciprocal)), _mm256_set1_epi32(1 << 17));
    sum = _mm256_srai_epi32(sum, 18);
    _mm_storeu_si128((__m128i *)out, _mm_packs_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1)));
}

TARGET AINN_BOX_MEANS(ainn_box_means_avx2)
{
    const ptrdiff_t whole = (ptrdiff_t)(width / 8 * 8);
    const int16_t *rest[7];
    columns sums;

    for (ptrdiff_t x = 0; x < whole; x += CHUNK) {
        const ptrdiff_t count = whole - x < CHUNK ? whole - x : CHUNK;

        /* count + 6 columns from x - 3 on; the last vector overlaps the one before it */
        for (ptrdiff_t i = 0; i < count; i += 8)
            sum_columns(&sums, i, rows, x - 3 + i);
        sum_columns(&sums, count - 2, rows, x - 3 + count - 2);
        for (ptrdiff_t i = 0; i < count; i += 8) {
            store_means(mean3 + x + i, sums.three + i + 2, 3, AINN_MEAN3);
            store_means(mean5 + x + i, sums.five + i + 1, 5, AINN_MEAN5);
            store_means(mean7 + x + i, sums.seven + i, 7, AINN_MEAN7);
        }
    }
    for (int r = 0; r < 7; r++)
        rest[r] = rows[r] + whole;
    ainn_box_means_c(mean3 + whole, mean5 + whole, mean7 + whole, width - (size_t)whole, rest);
}

/* ---- FDSM-D ---- */

/* The 12 channels of four positions from six planes, six in each half and zeros after them. */
typedef struct records {
    __m256i of[4];
} records;

AINN_INLINE2 __m256i two_rows(const int16_t *const planes[6], size_t colour, size_t at)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(planes[colour] + at))),
                                   _mm_loadu_si128((const __m128i *)(planes[3 + colour] + at)), 1);
}

/* Both samples of a position in a row are 32 bits of its plane: these are transposed, then the samples put in order. */
AINN_INLINE2 records transpose(const int16_t *const planes[6], size_t at)
{
    const __m256i order = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11, -1, -1, -1, -1, 0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11, -1, -1, -1, -1);
    const __m256i a = two_rows(planes, 0, at), b = two_rows(planes, 1, at), c = two_rows(planes, 2, at);
    const __m256i ab_low = _mm256_unpacklo_epi32(a, b), ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cc_low = _mm256_unpacklo_epi32(c, c), cc_high = _mm256_unpackhi_epi32(c, c);

    return (records){{_mm256_shuffle_epi8(_mm256_unpacklo_epi64(ab_low, cc_low), order), _mm256_shuffle_epi8(_mm256_unpackhi_epi64(ab_low, cc_low), order),
                      _mm256_shuffle_epi8(_mm256_unpacklo_epi64(ab_high, cc_high), order),
                      _mm256_shuffle_epi8(_mm256_unpackhi_epi64(ab_high, cc_high), order)}};
}

/* The second half is stored over the zeros of the first; its own zeros follow. */
AINN_INLINE2 void store_record(int16_t *out, __m256i record)
{
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(record));
    _mm_storeu_si128((__m128i *)(out + 6), _mm256_extracti128_si256(record, 1));
}

TARGET AINN_INTERLEAVE(ainn_interleave_avx2)
{
    const size_t whole = positions / 4 * 4;
    const int16_t *rest_x[6], *rest_mean[3][6];

    for (size_t p = 0; p < whole; p += 4) {
        const records squares = transpose(x, 2 * p);

        for (size_t i = 0; i < 4; i++) {
            store_record(squeezed + 16 * (p + i), squares.of[i]);
            _mm_storel_epi64((__m128i *)(squeezed + 16 * (p + i) + 12), _mm_setzero_si128());
        }
        for (size_t m = 0; m < 3; m++) {
            const records r = transpose(mean[m], 2 * p);

            for (size_t i = 0; i < 4; i++) {
                store_record(means + 48 * (p + i) + 12 * m, r.of[i]);
                store_record(differences + 48 * (p + i) + 12 * m, _mm256_sub_epi16(squares.of[i], r.of[i]));
            }
        }
    }
    for (size_t k = 0; k < 6; k++) {
        rest_x[k] = x[k] + 2 * whole;
        for (size_t m = 0; m < 3; m++)
            rest_mean[m][k] = mean[m][k] + 2 * whole;
    }
    ainn_interleave_c(squeezed + 16 * whole, means + 48 * whole, differences + 48 * whole, positions - whole, rest_x, (const int16_t *const (*)[6])rest_mean);
}

/* ---- FDSM-S ---- */

/* r as in arithmetic.md, step 7, to u; four pixels of the upper row, then of the lower row. */
AINN_INLINE2 void store_samples(uint32_t *const plane[2], size_t at, __m256i r)
{
    __m256i u = _mm256_srai_epi32(_mm256_add_epi32(r, _mm256_set1_epi32((1 << 28) + (1 << 12))), 13);

    u = _mm256_min_epi32(_mm256_max_epi32(u, _mm256_setzero_si256()), _mm256_set1_epi32(65536));
    u = _mm256_permute4x64_epi64(u, 0xd8);
    _mm_storeu_si128((__m128i *)(plane[0] + at), _mm256_castsi256_si128(u));
    _mm_storeu_si128((__m128i *)(plane[1] + at), _mm256_extracti128_si256(u, 1));
}

/* The same eight values of two positions, one in each half. */
AINN_INLINE2 __m256i load_two(const int16_t *both)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)both)), _mm_loadu_si128((const __m128i *)(both + 32)), 1);
}

/* Four pairs (high, low) mixed by four pairs (2^14, mask), rounded. */
AINN_INLINE2 __m256i mix(__m256i high_low, __m256i masks, int pixel_frac)
{
    const __m256i high_difference = _mm256_sub_epi16(high_low, _mm256_slli_epi32(high_low, 16));
    const __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(high_difference, masks), _mm256_set1_epi32(1 << pixel_frac));

    const __m256i v = _mm256_sra_epi32(sum, _mm_cvtsi32_si128(pixel_frac + 1));

    return _mm256_max_epi32(_mm256_min_epi32(v, _mm256_set1_epi32(AINN_COMPONENT_BOUND)), _mm256_set1_epi32(-AINN_COMPONENT_BOUND));
}

/* Two positions; m holds their masks, four each. */
AINN_INLINE2 void two_positions(uint32_t *const planes[3][2], size_t at, const int16_t *both, const int16_t *m, int pixel_frac)
{
    const __m256i four = _mm256_permute4x64_epi64(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)m)), 0x50);
    const __m256i masks = _mm256_unpacklo_epi16(_mm256_set1_epi16(16384), four);
    const __m256i low0 = load_two(both), low8 = load_two(both + 8), high0 = load_two(both + 12), high8 = load_two(both + 20);
    /* Components 0 to 11, position-major: a b c a | b c a b | c a b c */
    const __m256i v0 = mix(_mm256_unpacklo_epi16(high0, low0), _mm256_shuffle_epi32(masks, 0x40), pixel_frac);
    const __m256i v1 = mix(_mm256_unpackhi_epi16(high0, low0), _mm256_shuffle_epi32(masks, 0xa5), pixel_frac);
    const __m256i v2 = mix(_mm256_unpacklo_epi16(high8, low8), _mm256_shuffle_epi32(masks, 0xfe), pixel_frac);
    const __m256i a = _mm256_shuffle_epi32(_mm256_blend_epi32(_mm256_blend_epi32(v0, v1, 0x44), v2, 0x22), 0x6c);
    const __m256i b = _mm256_shuffle_epi32(_mm256_blend_epi32(_mm256_blend_epi32(v1, v0, 0x22), v2, 0x44), 0xb1);
    const __m256i c = _mm256_shuffle_epi32(_mm256_blend_epi32(_mm256_blend_epi32(v2, v1, 0x22), v0, 0x44), 0xc6);
    const __m256i a1 = _mm256_mullo_epi32(a, _mm256_set1_epi32(4730)), b1 = _mm256_mullo_epi32(b, _mm256_set1_epi32(5793));
    const __m256i c1 = _mm256_mullo_epi32(c, _mm256_set1_epi32(3344)), c2 = _mm256_add_epi32(_mm256_slli_epi32(c1, 1), c);

    store_samples(planes[0], at, _mm256_add_epi32(_mm256_add_epi32(a1, c1), b1));
    store_samples(planes[1], at, _mm256_sub_epi32(a1, c2));
    store_samples(planes[2], at, _mm256_sub_epi32(_mm256_add_epi32(a1, c1), b1));
}

/* The four logits of four positions. */
AINN_INLINE2 __m256i load_logits(const int16_t *mask)
{
    int64_t four[4];

    for (int i = 0; i < 4; i++)
        memcpy(&four[i], mask + 16 * i, sizeof four[i]);
    return _mm256_setr_epi64x(four[0], four[1], four[2], four[3]);
}

TARGET AINN_SYNTHESISE(ainn_synthesise_avx2)
{
    size_t p = 0;
    table64 table;

    load_table64(&table, sigmoid);
    for (; p + 8 <= positions; p += 8, both += 8 * 32, mask += 8 * 16) {
        __m256i m0 = load_logits(mask), m1 = load_logits(mask + 4 * 16);
        int16_t m[32];

        look_up64(&table, &m0, &m1);
        _mm256_storeu_si256((__m256i *)m, m0);
        _mm256_storeu_si256((__m256i *)(m + 16), m1);
        for (size_t i = 0; i < 8; i += 2)
            two_positions(planes, 2 * (p + i), both + i * 32, m + 4 * i, pixel_frac);
    }
    if (p < positions) {
        uint32_t *const rest[3][2] = {{planes[0][0] + 2 * p, planes[0][1] + 2 * p}, {planes[1][0] + 2 * p, planes[1][1] + 2 * p},
                                      {planes[2][0] + 2 * p, planes[2][1] + 2 * p}};

        ainn_synthesise_c(rest, both, mask, positions - p, sigmoid, pixel_frac);
    }
}

/* ---- Rotation ---- */

/* Vectors of what ainn_rotation holds, and where sums become positive. */
typedef struct divisor {
    __m256i start, reciprocal, lifted;
    __m128i shift;
} divisor;

/* Eight quotients: even and odd ones apart, as products have 64 bits. */
AINN_INLINE2 __m256i divide(const divisor *by, __m256i sum)
{
    const __m256i positive = _mm256_add_epi32(sum, by->start);
    const __m256i even = _mm256_srl_epi64(_mm256_mul_epu32(positive, by->reciprocal), by->shift);
    const __m256i odd = _mm256_srl_epi64(_mm256_mul_epu32(_mm256_srli_epi64(positive, 32), by->reciprocal), by->shift);

    return _mm256_sub_epi32(_mm256_or_si256(even, _mm256_slli_epi64(odd, 32)), by->lifted);
}

/* Eight pixels: sums of each component, divided. */
AINN_INLINE2 void rotate8(__m256i out[3], const uint16_t *const samples[3], size_t at, const divisor *by, __m256i max)
{
    __m256i s[3];

    for (int c = 0; c < 3; c++)
        s[c] = _mm256_sub_epi32(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(samples[c] + at))), 1), max);
    const __m256i outer = _mm256_add_epi32(s[0], s[2]), difference = _mm256_sub_epi32(s[0], s[2]);

    out[0] = divide(by, _mm256_mullo_epi32(_mm256_add_epi32(outer, s[1]), _mm256_set1_epi32(4730)));
    out[1] = divide(by, _mm256_mullo_epi32(difference, _mm256_set1_epi32(5793)));
    out[2] = divide(by, _mm256_sub_epi32(_mm256_mullo_epi32(outer, _mm256_set1_epi32(3344)), _mm256_mullo_epi32(s[1], _mm256_set1_epi32(6689))));
}

TARGET AINN_ROTATE(ainn_rotate_avx2)
{
    const __m256i max = _mm256_set1_epi32(rotation->max), bound = _mm256_set1_epi16(AINN_BOUND), low = _mm256_set1_epi16(-AINN_BOUND);
    const divisor by = {_mm256_set1_epi32(rotation->half + rotation->lift), _mm256_set1_epi32((int)(uint32_t)rotation->reciprocal),
                        _mm256_set1_epi32(rotation->lifted), _mm_cvtsi32_si128(rotation->shift)};
    size_t i = 0;

    for (; i + 16 <= count; i += 16) {
        __m256i first[3], second[3];

        rotate8(first, samples, i, &by, max);
        rotate8(second, samples, i + 8, &by, max);
        for (int j = 0; j < 3; j++) {
            const __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi32(first[j], second[j]), 0xd8);

            _mm256_storeu_si256((__m256i *)(out[j] + i), _mm256_max_epi16(_mm256_min_epi16(both, bound), low));
        }
    }
    ainn_rotate_c((int16_t *const[3]){out[0] + i, out[1] + i, out[2] + i},
                  (const uint16_t *const[3]){samples[0] + i, samples[1] + i, samples[2] + i}, count - i, rotation);
}

/* ---- Samples ---- */

AINN_INLINE2 __m256i scale_samples(const uint32_t *u, __m256i max)
{
    const __m256i product = _mm256_mullo_epi32(_mm256_loadu_si256((const __m256i *)u), max);

    return _mm256_srli_epi32(_mm256_add_epi32(product, _mm256_set1_epi32(32768)), 16);
}

/* 16 samples in order. */
AINN_INLINE2 __m256i sixteen_samples(const uint32_t *u, __m256i max)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(scale_samples(u, max), scale_samples(u + 8, max)), 0xd8);
}

TARGET AINN_STORE8(ainn_store8_avx2)
{
    const __m256i max = _mm256_set1_epi32(255);
    size_t i = 0;

    for (; stride == 1 && i + 16 <= count; i += 16) {
        const __m256i words = sixteen_samples(u + i, max);

        _mm_storeu_si128((__m128i *)(out + i), _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
    }
    ainn_store8_c(out + (ptrdiff_t)i * stride, stride, u + i, count - i);
}

TARGET AINN_STORE16(ainn_store16_avx2)
{
    const __m256i factor = _mm256_set1_epi32((int)max);
    size_t i = 0;

    for (; stride == 2 && i + 16 <= count; i += 16)
        _mm256_storeu_si256((__m256i *)(out + i), sixteen_samples(u + i, factor));
    ainn_store16_c((uint16_t *)((uint8_t *)out + (ptrdiff_t)i * stride), stride, u + i, count - i, max);
}
#endif
