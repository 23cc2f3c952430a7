/*
 * Tables of 64 segments (format-spec/arithmetic.md) by byte shuffles: each table is four shuffle tables of 16 low bytes and
 * four of 16 high bytes; a shuffle gives zero for the indices that belong to another of the four.
 */
#ifndef AINN_TABLES_AVX2_H
#define AINN_TABLES_AVX2_H

#include <immintrin.h>

#include "kernels/x86.h"

#define AINN_INLINE2 static inline __attribute__((always_inline, target("avx2")))

typedef struct table64 {
    __m256i low[2][4], high[2][4];       /* of base and slope */
} table64;

AINN_INLINE2 void load_table64(table64 *table, const int16_t values[2][64])
{
    const __m256i bytes = _mm256_set1_epi16(255);

    for (int t = 0; t < 2; t++)
        for (int g = 0; g < 4; g++) {
            const __m256i words = _mm256_loadu_si256((const __m256i *)(values[t] + 16 * g));
            const __m256i low = _mm256_and_si256(words, bytes), high = _mm256_srli_epi16(words, 8);

            /* 16 bytes in order, in both halves */
            table->low[t][g] = _mm256_permute4x64_epi64(_mm256_packus_epi16(low, low), 0x88);
            table->high[t][g] = _mm256_permute4x64_epi64(_mm256_packus_epi16(high, high), 0x88);
        }
}

AINN_INLINE2 __m256i look_up_bytes(const __m256i groups[4], const __m256i index[4])
{
    const __m256i a = _mm256_or_si256(_mm256_shuffle_epi8(groups[0], index[0]), _mm256_shuffle_epi8(groups[1], index[1]));

    return _mm256_or_si256(a, _mm256_or_si256(_mm256_shuffle_epi8(groups[2], index[2]), _mm256_shuffle_epi8(groups[3], index[3])));
}

/* Replaces twice 16 activations by the function at them. */
AINN_INLINE2 void look_up64(const table64 *table, __m256i *t0, __m256i *t1)
{
    const __m256i bound = _mm256_set1_epi16(AINN_BOUND), offset = _mm256_set1_epi16(8192), fraction = _mm256_set1_epi16(0x7f80);
    const __m256i u0 = _mm256_add_epi16(_mm256_max_epi16(_mm256_min_epi16(*t0, bound), _mm256_sub_epi16(_mm256_setzero_si256(), bound)), offset);
    const __m256i u1 = _mm256_add_epi16(_mm256_max_epi16(_mm256_min_epi16(*t1, bound), _mm256_sub_epi16(_mm256_setzero_si256(), bound)), offset);
    const __m256i segment = _mm256_packus_epi16(_mm256_srli_epi16(u0, 8), _mm256_srli_epi16(u1, 8));
    __m256i index[4], base_low, base_high, slope_low, slope_high;

    /* 0x70 more than 0 .. 15 leaves the low bits and bit 7 clear; more than the others sets bit 7, which makes a shuffle give zero. */
    for (int g = 0; g < 4; g++)
        index[g] = _mm256_adds_epu8(_mm256_xor_si256(segment, _mm256_set1_epi8((char)(16 * g))), _mm256_set1_epi8(0x70));
    base_low = look_up_bytes(table->low[0], index);
    base_high = look_up_bytes(table->high[0], index);
    slope_low = look_up_bytes(table->low[1], index);
    slope_high = look_up_bytes(table->high[1], index);
    *t0 = _mm256_add_epi16(_mm256_unpacklo_epi8(base_low, base_high),
                           _mm256_mulhi_epi16(_mm256_unpacklo_epi8(slope_low, slope_high), _mm256_and_si256(_mm256_slli_epi16(u0, 7), fraction)));
    *t1 = _mm256_add_epi16(_mm256_unpackhi_epi8(base_low, base_high),
                           _mm256_mulhi_epi16(_mm256_unpackhi_epi8(slope_low, slope_high), _mm256_and_si256(_mm256_slli_epi16(u1, 7), fraction)));
}

#endif
