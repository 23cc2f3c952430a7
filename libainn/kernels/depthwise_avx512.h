/*
 * `depthwise` with 512-bit vectors; included by a file that defines DEPTHWISE_NAME, DEPTHWISE_TARGET and
 * DEPTHWISE_STEP(acc, x, w), which adds to 16 sums the products of 16 pairs.
 *
 * Two taps are interleaved, so that one instruction multiplies and adds both: the upper two rows of a column make a pair
 * that serves three positions as it moves from the right to the left tap; in the lowest row a column and the next one
 * make a pair, which serves two positions, once with its first weight zero. So a position costs four interleavings.
 * 32 channels at a time, split by the interleaving in a low and a high half of each 128-bit lane.
 */
#define INLINE static inline __attribute__((always_inline, target(DEPTHWISE_TARGET)))

typedef struct pair {
    __m512i low, high;
} pair;

INLINE pair interleave(__m512i a, __m512i b)
{
    return (pair){_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)};
}

INLINE pair multiply_add(pair acc, pair x, pair w)
{
    return (pair){DEPTHWISE_STEP(acc.low, x.low, w.low), DEPTHWISE_STEP(acc.high, x.high, w.high)};
}

/* 32 values for the channels, in the order that interleave() gives. */
INLINE pair split(__m512i first, __m512i second)
{
    const __m512i low = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);

    return (pair){_mm512_permutex2var_epi32(first, low, second),
                  _mm512_permutex2var_epi32(first, _mm512_add_epi32(low, _mm512_set1_epi32(4)), second)};
}

/* leak: 3, or 0 for no LeakyReLU */
INLINE __m512i leaky_shift(__m512i acc, __m128i leak, __m512i half, __m512i shift)
{
    return _mm512_srav_epi32(_mm512_add_epi32(_mm512_max_epi32(acc, _mm512_sra_epi32(acc, leak)), half), shift);
}

/* All positions of 32 channels, or of the 16 that `mask` leaves. */
INLINE void channels32(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3], int first, __mmask32 mask)
{
    const ptrdiff_t channels = layer->channels;
    const __mmask16 second = (__mmask16)(mask >> 16);
    const int16_t *w = layer->weights + first;
    const int16_t *row0 = rows[0] + first - channels, *row1 = rows[1] + first - channels, *row2 = rows[2] + first - channels;
    const __m128i leak = _mm_cvtsi32_si128(layer->leaky ? 3 : 0);
    const __m512i ones = _mm512_set1_epi32(1), zero = _mm512_setzero_si512();
    const __m512i bound = _mm512_set1_epi16((int16_t)layer->bound), low_bound = _mm512_set1_epi16((int16_t)-layer->bound);
    const pair bias = split(_mm512_loadu_si512(layer->bias + first), _mm512_maskz_loadu_epi32(second, layer->bias + first + 16));
    const pair shift = split(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(layer->shift + first))),
                             _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(second, layer->shift + first + 16)));
    const pair half = {_mm512_sllv_epi32(ones, _mm512_sub_epi32(shift.low, ones)), _mm512_sllv_epi32(ones, _mm512_sub_epi32(shift.high, ones))};
#define TAP(t) _mm512_maskz_loadu_epi16(mask, w + (t) * channels)
    const pair w_left = interleave(TAP(0), TAP(3)), w_middle = interleave(TAP(1), TAP(4)), w_right = interleave(TAP(2), TAP(5));
    const pair w_lowest = interleave(TAP(6), TAP(7)), w_last = interleave(zero, TAP(8));
#undef TAP
#define AT(row) _mm512_maskz_loadu_epi16(mask, row)
    pair left = interleave(AT(row0), AT(row1)), middle = interleave(AT(row0 + channels), AT(row1 + channels));
    __m512i column = AT(row2 + channels);
    pair lowest = interleave(AT(row2), column);

    row0 += 2 * channels, row1 += 2 * channels, row2 += 2 * channels;
    out += first;
    for (size_t p = 0; p < positions; p++, row0 += channels, row1 += channels, row2 += channels, out += channels) {
        const __m512i next = AT(row2);
        const pair right = interleave(AT(row0), AT(row1)), last = interleave(column, next);
        pair acc = multiply_add(bias, left, w_left);
        __m512i packed;

        acc = multiply_add(acc, middle, w_middle);
        acc = multiply_add(acc, right, w_right);
        acc = multiply_add(acc, lowest, w_lowest);
        acc = multiply_add(acc, last, w_last);
        packed = _mm512_packs_epi32(leaky_shift(acc.low, leak, half.low, shift.low), leaky_shift(acc.high, leak, half.high, shift.high));
        _mm512_mask_storeu_epi16(out, mask, _mm512_max_epi16(_mm512_min_epi16(packed, bound), low_bound));
        left = middle, middle = right, lowest = last, column = next;
    }
#undef AT
}

/* Groups of channels are taken in turn over few positions at a time: all groups' lines of those stay in the cache. */
__attribute__((target(DEPTHWISE_TARGET))) AINN_DEPTHWISE(DEPTHWISE_NAME)
{
    const size_t channels = (size_t)layer->channels;

    for (size_t p = 0; p < positions; p += 32) {
        const size_t count = positions - p < 32 ? positions - p : 32;
        const int16_t *const here[3] = {rows[0] + p * channels, rows[1] + p * channels, rows[2] + p * channels};
        int c = 0;

        for (; c + 32 <= layer->channels; c += 32)
            channels32(out + p * channels, count, layer, here, c, 0xffffffff);
        if (c < layer->channels)
            channels32(out + p * channels, count, layer, here, c, 0xffff);
    }
}

#undef INLINE
