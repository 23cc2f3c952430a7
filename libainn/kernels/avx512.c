/* AVX-512 (F, BW, DQ, VL): convolutions and couplings. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/floats.h"
#include "kernels/tables_avx512.h"
#include "kernels/x86.h"

#define DENSE_NAME ainn_dense_avx512
#define DENSE_TARGET AINN_AVX512
#define DENSE_STEP(acc, x, w) _mm512_add_epi32(acc, _mm512_madd_epi16(x, w))
#include "kernels/dense_avx512.h"

#define DEPTHWISE_NAME ainn_depthwise_avx512
#define DEPTHWISE_TARGET AINN_AVX512
#define DEPTHWISE_STEP DENSE_STEP
#include "kernels/depthwise_avx512.h"

#define TARGET __attribute__((target(AINN_AVX512)))
#define INLINE static inline __attribute__((always_inline, target(AINN_AVX512)))

INLINE __m512i clamp(__m512i v)
{
    return _mm512_max_epi16(_mm512_min_epi16(v, _mm512_set1_epi16(AINN_STREAM_BOUND)), _mm512_set1_epi16(-AINN_STREAM_BOUND));
}

/* clamp((x * R + 8192) >> 14) + t, A) for 16 values; r and s are the table's values at t and -t. */
INLINE __m512i forward16(__m256i x, __m256i r16, __m256i s16, __m256i t)
{
    const __m512i one = _mm512_set1_epi32(1 << 14), r = _mm512_add_epi32(_mm512_cvtepi16_epi32(r16), one);
    const __m512i e = _mm512_sub_epi32(_mm512_set1_epi32(1 << 28), _mm512_mullo_epi32(r, _mm512_add_epi32(_mm512_cvtepi16_epi32(s16), one)));
    const __m512i step = _mm512_mullo_epi32(r, _mm512_srai_epi32(e, 8));
    const __m512i better = _mm512_add_epi32(r, _mm512_srai_epi32(_mm512_add_epi32(step, _mm512_set1_epi32(1 << 19)), 20));
    const __m512i product = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_cvtepi16_epi32(x), better), _mm512_set1_epi32(8192));

    return _mm512_add_epi32(_mm512_srai_epi32(product, 14), _mm512_cvtepi16_epi32(t));
}

TARGET AINN_COUPLE(ainn_couple_forward_avx512)
{
    const table64 table = load_table64(scale);

    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 32) {
            const __mmask32 mask = channels - c < 32 ? 0xffff : 0xffffffff;
            const __m512i v = _mm512_maskz_loadu_epi16(mask, x + c), s = _mm512_maskz_loadu_epi16(mask, st + c);
            const __m512i t = _mm512_maskz_loadu_epi16(mask, st + channels + c);
            const __m512i r = look_up64(table, s), q = look_up64(table, _mm512_subs_epi16(_mm512_setzero_si512(), s));
            const __m256i first = _mm512_cvtsepi32_epi16(forward16(_mm512_castsi512_si256(v), _mm512_castsi512_si256(r),
                                                                   _mm512_castsi512_si256(q), _mm512_castsi512_si256(t)));
            const __m256i second = _mm512_cvtsepi32_epi16(forward16(_mm512_extracti64x4_epi64(v, 1), _mm512_extracti64x4_epi64(r, 1),
                                                                    _mm512_extracti64x4_epi64(q, 1), _mm512_extracti64x4_epi64(t, 1)));

            _mm512_mask_storeu_epi16(out + c, mask, clamp(_mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1)));
        }
}

TARGET AINN_COUPLE(ainn_couple_inverse_avx512)
{
    const table64 table = load_table64(scale);

    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 32) {
            const __mmask32 mask = channels - c < 32 ? 0xffff : 0xffffffff;
            const __m512i s = _mm512_subs_epi16(_mm512_setzero_si512(), _mm512_maskz_loadu_epi16(mask, st + c));
            const __m512i v = clamp(_mm512_subs_epi16(_mm512_maskz_loadu_epi16(mask, x + c), _mm512_maskz_loadu_epi16(mask, st + channels + c)));

            const __m512i product = _mm512_mulhrs_epi16(_mm512_slli_epi16(v, 1), look_up64(table, s));     /* (v * scale + 8192) >> 14 */

            _mm512_mask_storeu_epi16(out + c, mask, clamp(_mm512_adds_epi16(v, product)));
        }
}

TARGET AINN_COUPLE(ainn_couple_slopes_avx512)
{
    const __m512i zero = _mm512_setzero_si512();
    const table64 table = load_table64(scale);
    const table64 slopes = {{table.slope[0], table.slope[1]}, {zero, zero}};

    for (size_t p = 0; p < positions; p++, out += 2 * channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 32) {
            const __mmask32 mask = channels - c < 32 ? 0xffff : 0xffffffff;
            const __m512i s = _mm512_subs_epi16(zero, _mm512_maskz_loadu_epi16(mask, st + c));
            const __m512i v = clamp(_mm512_subs_epi16(_mm512_maskz_loadu_epi16(mask, x + c), _mm512_maskz_loadu_epi16(mask, st + channels + c)));

            _mm512_mask_storeu_epi16(out + c, mask, _mm512_sub_epi16(zero, _mm512_mulhrs_epi16(v, look_up64(slopes, s))));
            _mm512_mask_storeu_epi16(out + channels + c, mask, look_up64(table, s));
        }
}

void ainn_kernels_avx512(ainn_kernels *table)
{
    table->dense = ainn_dense_avx512;
    table->depthwise = ainn_depthwise_avx512;
    table->couple_forward = ainn_couple_forward_avx512;
    table->couple_inverse = ainn_couple_inverse_avx512;
    table->couple_slopes = ainn_couple_slopes_avx512;
    ainn_kernels_floats_avx512(table);
    table->box_means = ainn_box_means_avx512;
    table->synthesise = ainn_synthesise_avx512;
    table->store8 = ainn_store8_avx512;
    table->store16 = ainn_store16_avx512;
    table->packed_block = NULL;                  /* without VNNI, the sums of Winograd's products do not fit the registers */
    table->pack = NULL;
}
#endif
