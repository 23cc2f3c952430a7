/* `depthwise` with 256-bit vectors, as depthwise_avx512.h explains; weights and biases do not fit in registers and stay in memory. */
#define INLINE static inline __attribute__((always_inline, target(DEPTHWISE_TARGET)))

typedef struct pair {
    __m256i low, high;
} pair;

INLINE pair interleave(__m256i a, __m256i b)
{
    return (pair){_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)};
}

INLINE pair multiply_add(pair acc, pair x, const pair *w)
{
    return (pair){DEPTHWISE_STEP(acc.low, x.low, w->low), DEPTHWISE_STEP(acc.high, x.high, w->high)};
}

/* 16 values for the channels, in the order that interleave() gives. */
INLINE pair split(__m256i first, __m256i second)
{
    return (pair){_mm256_permute2x128_si256(first, second, 0x20), _mm256_permute2x128_si256(first, second, 0x31)};
}

/* leak: 3, or 0 for no LeakyReLU */
INLINE __m256i leaky_shift(__m256i acc, __m128i leak, __m256i half, __m256i shift)
{
    return _mm256_srav_epi32(_mm256_add_epi32(_mm256_max_epi32(acc, _mm256_sra_epi32(acc, leak)), half), shift);
}

/* All positions of 16 channels. */
INLINE void channels16(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3], int first)
{
    const ptrdiff_t channels = layer->channels;
    const int16_t *w = layer->weights + first;
    const int16_t *row0 = rows[0] + first - channels, *row1 = rows[1] + first - channels, *row2 = rows[2] + first - channels;
    const __m128i leak = _mm_cvtsi32_si128(layer->leaky ? 3 : 0);
    const __m256i one = _mm256_set1_epi32(1), bound = _mm256_set1_epi16((int16_t)layer->bound);
    const __m256i low_bound = _mm256_set1_epi16((int16_t)-layer->bound);
    const pair bias = split(_mm256_loadu_si256((const __m256i *)(layer->bias + first)), _mm256_loadu_si256((const __m256i *)(layer->bias + first + 8)));
    const pair shift = split(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(layer->shift + first))),
                             _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(layer->shift + first + 8))));
    const pair half = {_mm256_sllv_epi32(one, _mm256_sub_epi32(shift.low, one)), _mm256_sllv_epi32(one, _mm256_sub_epi32(shift.high, one))};
#define AT(row) _mm256_loadu_si256((const __m256i *)(row))
#define TAP(t) AT(w + (t) * channels)
    const pair w_left = interleave(TAP(0), TAP(3)), w_middle = interleave(TAP(1), TAP(4)), w_right = interleave(TAP(2), TAP(5));
    const pair w_lowest = interleave(TAP(6), TAP(7)), w_last = interleave(_mm256_setzero_si256(), TAP(8));
    pair left = interleave(AT(row0), AT(row1)), middle = interleave(AT(row0 + channels), AT(row1 + channels));
    __m256i column = AT(row2 + channels);
    pair lowest = interleave(AT(row2), column);

    row0 += 2 * channels, row1 += 2 * channels, row2 += 2 * channels;
    out += first;
    for (size_t p = 0; p < positions; p++, row0 += channels, row1 += channels, row2 += channels, out += channels) {
        const __m256i next = AT(row2);
        const pair right = interleave(AT(row0), AT(row1)), last = interleave(column, next);
        pair acc = multiply_add(bias, left, &w_left);
        __m256i packed;

        acc = multiply_add(acc, middle, &w_middle);
        acc = multiply_add(acc, right, &w_right);
        acc = multiply_add(acc, lowest, &w_lowest);
        acc = multiply_add(acc, last, &w_last);
        packed = _mm256_packs_epi32(leaky_shift(acc.low, leak, half.low, shift.low), leaky_shift(acc.high, leak, half.high, shift.high));
        _mm256_storeu_si256((__m256i *)out, _mm256_max_epi16(_mm256_min_epi16(packed, bound), low_bound));
        left = middle, middle = right, lowest = last, column = next;
    }
#undef TAP
#undef AT
}

/* Groups of channels are taken in turn over few positions at a time: all groups' lines of those stay in the cache. */
__attribute__((target(DEPTHWISE_TARGET))) AINN_DEPTHWISE(DEPTHWISE_NAME)
{
    const size_t channels = (size_t)layer->channels;

    for (size_t p = 0; p < positions; p += 32) {
        const size_t count = positions - p < 32 ? positions - p : 32;
        const int16_t *const here[3] = {rows[0] + p * channels, rows[1] + p * channels, rows[2] + p * channels};

        for (int c = 0; c < layer->channels; c += 16)
            channels16(out + p * channels, count, layer, here, c);
    }
}

#undef INLINE
