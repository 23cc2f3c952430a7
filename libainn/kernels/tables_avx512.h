/* Tables of 64 segments (format-spec/arithmetic.md) held in four vector registers. */
#ifndef AINN_TABLES_AVX512_H
#define AINN_TABLES_AVX512_H

#include <immintrin.h>

#include "kernels/x86.h"

typedef struct table64 {
    __m512i base[2], slope[2];
} table64;

static inline __attribute__((always_inline, target(AINN_AVX512))) table64 load_table64(const int16_t table[2][64])
{
    return (table64){{_mm512_loadu_si512(table[0]), _mm512_loadu_si512(table[0] + 32)},
                     {_mm512_loadu_si512(table[1]), _mm512_loadu_si512(table[1] + 32)}};
}

/* The function at 32 activations. */
static inline __attribute__((always_inline, target(AINN_AVX512))) __m512i look_up64(table64 table, __m512i t)
{
    const __m512i clamped = _mm512_max_epi16(_mm512_min_epi16(t, _mm512_set1_epi16(AINN_BOUND)), _mm512_set1_epi16(-AINN_BOUND));
    const __m512i u = _mm512_add_epi16(clamped, _mm512_set1_epi16(8192)), segment = _mm512_srli_epi16(u, 8);
    const __m512i within = _mm512_and_si512(_mm512_slli_epi16(u, 7), _mm512_set1_epi16(0x7f80));
    const __m512i base = _mm512_permutex2var_epi16(table.base[0], segment, table.base[1]);
    const __m512i slope = _mm512_permutex2var_epi16(table.slope[0], segment, table.slope[1]);

    return _mm512_add_epi16(base, _mm512_mulhi_epi16(slope, within));
}

#endif
