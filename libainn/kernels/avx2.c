/* AVX2: convolutions and couplings. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/floats.h"
#include "kernels/tables_avx2.h"
#include "kernels/x86.h"

#define DENSE_NAME ainn_dense_avx2
#define DENSE_TARGET "avx2"
#define DENSE_STEP(acc, x, w) _mm256_add_epi32(acc, _mm256_madd_epi16(x, w))
#include "kernels/dense_avx2.h"

#include "kernels/winograd_avx2.h"

#define DEPTHWISE_NAME ainn_depthwise_avx2
#define DEPTHWISE_TARGET "avx2"
#define DEPTHWISE_STEP DENSE_STEP
#include "kernels/depthwise_avx2.h"

#define TARGET __attribute__((target("avx2")))

AINN_INLINE2 __m256i load16(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

AINN_INLINE2 __m256i clamp(__m256i v)
{
    return _mm256_max_epi16(_mm256_min_epi16(v, _mm256_set1_epi16(AINN_STREAM_BOUND)), _mm256_set1_epi16(-AINN_STREAM_BOUND));
}

/* ((x * R + 8192) >> 14) + t for 8 values; r and s are the table's values at t and -t. */
AINN_INLINE2 __m256i forward8(__m128i x, __m128i r16, __m128i s16, __m128i t)
{
    const __m256i one = _mm256_set1_epi32(1 << 14), r = _mm256_add_epi32(_mm256_cvtepi16_epi32(r16), one);
    const __m256i e = _mm256_sub_epi32(_mm256_set1_epi32(1 << 28), _mm256_mullo_epi32(r, _mm256_add_epi32(_mm256_cvtepi16_epi32(s16), one)));
    const __m256i step = _mm256_mullo_epi32(r, _mm256_srai_epi32(e, 8));
    const __m256i better = _mm256_add_epi32(r, _mm256_srai_epi32(_mm256_add_epi32(step, _mm256_set1_epi32(1 << 19)), 20));
    const __m256i product = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_cvtepi16_epi32(x), better), _mm256_set1_epi32(8192));

    return _mm256_add_epi32(_mm256_srai_epi32(product, 14), _mm256_cvtepi16_epi32(t));
}

TARGET AINN_COUPLE(ainn_couple_forward_avx2)
{
    table64 table;

    load_table64(&table, scale);
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 16) {
            const __m256i v = load16(x + c), t = load16(st + channels + c);
            __m256i r = load16(st + c), s = _mm256_subs_epi16(_mm256_setzero_si256(), r), low, high;

            look_up64(&table, &r, &s);
            low = forward8(_mm256_castsi256_si128(v), _mm256_castsi256_si128(r), _mm256_castsi256_si128(s), _mm256_castsi256_si128(t));
            high = forward8(_mm256_extracti128_si256(v, 1), _mm256_extracti128_si256(r, 1), _mm256_extracti128_si256(s, 1),
                            _mm256_extracti128_si256(t, 1));
            _mm256_storeu_si256((__m256i *)(out + c), clamp(_mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8)));
        }
}

/* With v = clamp(x - t, A): clamp(v + ((v * s + 8192) >> 14), A) for 16 values. */
AINN_INLINE2 __m256i inverse16(__m256i x, __m256i s, __m256i t)
{
    const __m256i v = clamp(_mm256_subs_epi16(x, t));

    return clamp(_mm256_adds_epi16(v, _mm256_mulhrs_epi16(_mm256_slli_epi16(v, 1), s)));
}

TARGET AINN_COUPLE(ainn_couple_inverse_avx2)
{
    const __m256i zero = _mm256_setzero_si256();
    table64 table;

    load_table64(&table, scale);
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 32) {
            const int other = channels - c < 32 ? c : c + 16;      /* a last group of 16 is done twice, stored once */
            __m256i s0 = _mm256_subs_epi16(zero, load16(st + c)), s1 = _mm256_subs_epi16(zero, load16(st + other));
            const __m256i x0 = load16(x + c), x1 = load16(x + other);

            look_up64(&table, &s0, &s1);
            _mm256_storeu_si256((__m256i *)(out + c), inverse16(x0, s0, load16(st + channels + c)));
            if (other != c)
                _mm256_storeu_si256((__m256i *)(out + other), inverse16(x1, s1, load16(st + channels + other)));
        }
}

AINN_INLINE2 void slopes16(int16_t *out, __m256i x, __m256i t, __m256i slope, __m256i factor, int channels)
{
    const __m256i v = clamp(_mm256_subs_epi16(x, t));

    _mm256_storeu_si256((__m256i *)out, _mm256_sub_epi16(_mm256_setzero_si256(), _mm256_mulhrs_epi16(v, slope)));
    _mm256_storeu_si256((__m256i *)(out + channels), factor);
}

TARGET AINN_COUPLE(ainn_couple_slopes_avx2)
{
    const __m256i zero = _mm256_setzero_si256();
    int16_t slopes[2][64] = {{0}};
    table64 table, slope_table;

    memcpy(slopes[0], scale[1], sizeof slopes[0]);
    load_table64(&table, scale);
    load_table64(&slope_table, slopes);
    for (size_t p = 0; p < positions; p++, out += 2 * channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 32) {
            const int other = channels - c < 32 ? c : c + 16;      /* a last group of 16 is done twice */
            __m256i f0 = _mm256_subs_epi16(zero, load16(st + c)), f1 = _mm256_subs_epi16(zero, load16(st + other)), s0 = f0, s1 = f1;

            look_up64(&table, &f0, &f1);
            look_up64(&slope_table, &s0, &s1);
            slopes16(out + c, load16(x + c), load16(st + channels + c), s0, f0, channels);
            slopes16(out + other, load16(x + other), load16(st + channels + other), s1, f1, channels);
        }
}

void ainn_kernels_avx2(ainn_kernels *table)
{
    table->dense = ainn_winograd_avx2;
    table->packed_block = ainn_winograd_block;
    table->pack = ainn_winograd_pack;
    table->depthwise = ainn_depthwise_avx2;
    table->couple_forward = ainn_couple_forward_avx2;
    table->couple_inverse = ainn_couple_inverse_avx2;
    table->couple_slopes = ainn_couple_slopes_avx2;
    ainn_kernels_floats_avx2(table);
    table->box_means = ainn_box_means_avx2;
    table->interleave = ainn_interleave_avx2;
    table->synthesise = ainn_synthesise_avx2;
    table->rotate = ainn_rotate_avx2;
    table->store8 = ainn_store8_avx2;
    table->store16 = ainn_store16_avx2;
}
#endif
