/* The kernels of floats.c with vectors of LANES floats; included with LANES, SUFFIX and, where the compiler has to be told, TARGET. */
#ifdef TARGET
#define FOR_TARGET __attribute__((target(TARGET)))
#else
#define FOR_TARGET
#endif
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define LOCAL(name) JOIN(name, SUFFIX)
#define INLINE static inline __attribute__((always_inline)) FOR_TARGET
#define VECTOR LOCAL(vector)
#define WORDS LOCAL(words)
#define SHORTS LOCAL(shorts)

typedef float VECTOR __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t WORDS __attribute__((vector_size(4 * LANES)));
typedef int16_t SHORTS __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

#define AT(pointer) (*(VECTOR *)(pointer))
#define CONST_AT(pointer) (*(const VECTOR *)(pointer))
#define FROM_SHORTS(pointer) __builtin_convertvector(*(const SHORTS *)(pointer), VECTOR)

INLINE VECTOR LOCAL(either)(WORDS mask, VECTOR yes, VECTOR no)
{
    return (VECTOR)(((WORDS)yes & mask) | ((WORDS)no & ~mask));
}

/* The nearest integers, ties to even, as int16: floats of 1.5 * 2^23 have a step of 1. */
INLINE void LOCAL(store_nearest)(int16_t *out, VECTOR v)
{
    const VECTOR most = {0}, magic = most + 12582912.0f;

    v = LOCAL(either)(v > 32767.0f, most + 32767.0f, v);
    v = LOCAL(either)(v < -32767.0f, most - 32767.0f, v);
    *(SHORTS *)out = __builtin_convertvector((WORDS)(v + magic) - (WORDS)magic, SHORTS);
}

FOR_TARGET static float LOCAL(float_most)(const float *values, const float *factors, size_t positions, int channels)
{
    VECTOR most = {0};
    float result = 0;

    for (size_t p = 0; p < positions; p++, values += channels)
        for (int c = 0; c < channels; c += LANES) {
            const VECTOR v = CONST_AT(values + c) * CONST_AT(factors + c), magnitude = (VECTOR)((WORDS)v & 0x7FFFFFFF);

            most = LOCAL(either)(magnitude > most, magnitude, most);
        }
    for (int k = 0; k < LANES; k++)
        result = most[k] > result ? most[k] : result;
    return result;
}

FOR_TARGET static void LOCAL(float_quantise)(int16_t *out, const float *values, const float *factors, size_t positions, int channels)
{
    for (size_t p = 0; p < positions; p++, values += channels, out += channels)
        for (int c = 0; c < channels; c += LANES)
            LOCAL(store_nearest)(out + c, CONST_AT(values + c) * CONST_AT(factors + c));
}

FOR_TARGET static void LOCAL(float_restore)(float *values, const int16_t *in, const float *units, size_t positions, int channels, int adds)
{
    for (size_t p = 0; p < positions; p++, values += channels, in += channels)
        for (int c = 0; c < channels; c += LANES) {
            const VECTOR v = FROM_SHORTS(in + c) * CONST_AT(units + c);

            if (adds)
                AT(values + c) += v;
            else
                AT(values + c) = v;
        }
}

FOR_TARGET static void LOCAL(float_couple)(int16_t *by_st, float *derivatives, const int16_t *slopes, const float *factors, size_t positions, int channels)
{
    for (size_t p = 0; p < positions; p++, by_st += 2 * channels, slopes += 2 * channels, derivatives += channels)
        for (int c = 0; c < channels; c += LANES) {
            const VECTOR d = CONST_AT(derivatives + c), by_x = d + d * FROM_SHORTS(slopes + channels + c) * (1.0f / 16384);

            LOCAL(store_nearest)(by_st + c, d * FROM_SHORTS(slopes + c) * (1.0f / 256) * CONST_AT(factors + c));
            LOCAL(store_nearest)(by_st + channels + c, -by_x * CONST_AT(factors + channels + c));
            AT(derivatives + c) = by_x;
        }
}

/* One vector of marks holds a bit of each of 16 vectors of values. */
FOR_TARGET static void LOCAL(leak_marks)(int16_t *marks, const int16_t *values, size_t count)
{
    for (size_t i = 0; i < count; marks += LANES) {
        SHORTS all = {0};

        for (int bit = 0; bit < 16 && i < count; bit++, i += LANES)
            all |= (*(const SHORTS *)(values + i) <= 0) & (int16_t)(1u << bit);
        *(SHORTS *)marks = all;
    }
}

FOR_TARGET static void LOCAL(leak_back)(int16_t *derivatives, const int16_t *marks, size_t count)
{
    for (size_t i = 0; i < count; marks += LANES) {
        const SHORTS all = *(const SHORTS *)marks;

        for (int bit = 0; bit < 16 && i < count; bit++, i += LANES) {
            const SHORTS d = *(const SHORTS *)(derivatives + i), marked = (all & (int16_t)(1u << bit)) != 0;

            *(SHORTS *)(derivatives + i) = (((d >> 3) + (d >> 2 & 1)) & marked) | (d & ~marked);
        }
    }
}

void LOCAL(ainn_kernels_floats)(ainn_kernels *table)
{
    table->float_most = LOCAL(float_most);
    table->float_quantise = LOCAL(float_quantise);
    table->float_restore = LOCAL(float_restore);
    table->float_couple = LOCAL(float_couple);
    table->leak_marks = LOCAL(leak_marks);
    table->leak_back = LOCAL(leak_back);
}

#undef LANES
#undef SUFFIX
#undef TARGET
#undef FOR_TARGET
#undef JOIN_
#undef JOIN
#undef LOCAL
#undef INLINE
#undef VECTOR
#undef WORDS
#undef SHORTS
#undef AT
#undef CONST_AT
#undef FROM_SHORTS
