/*
 * The kernels of floats.c with vectors of LANES floats; included with LANES, POSITIONS (of a tile, at most 12), NAME, LOCAL and, where the
 * compiler has to be told, TARGET. A tile of POSITIONS x 2 vectors of sums stays in registers over all inputs.
 */
#include "kernels/tiles.h"
#include "kernels/unroll.h"

#ifdef TARGET
#define FOR_TARGET __attribute__((target(TARGET)))
#else
#define FOR_TARGET
#endif
#define INLINE static inline __attribute__((always_inline)) FOR_TARGET
#define VECTOR LOCAL(vector)
#define MASK LOCAL(mask)
#define BYTES LOCAL(bytes)

typedef float VECTOR __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef int32_t MASK __attribute__((vector_size(4 * LANES)));
typedef uint8_t BYTES __attribute__((vector_size(LANES), aligned(1), may_alias));

#define AT(pointer) (*(VECTOR *)(pointer))
#define CONST_AT(pointer) (*(const VECTOR *)(pointer))

/* One tile: 2 * LANES outputs from `first` on, of which `vectors` vectors are stored, at `positions` positions from p on, without the first `skip`. */
INLINE void LOCAL(tile)(float *out, size_t out_step, size_t p, int positions, int skip, int vectors, int first, const ainn_float_layer *layer,
                        const float *const *taps, size_t in_step, const float *residual)
{
    const float *w = layer->weights + (size_t)(first / AINN_FLOAT_BLOCK) * (size_t)(layer->taps * layer->in) * AINN_FLOAT_BLOCK + first % AINN_FLOAT_BLOCK;
    VECTOR acc[2 * POSITIONS], sums[2 * POSITIONS];

    AINN_UNROLL
    for (int n = 0; n < 2 * positions; n++)
        acc[n] = (VECTOR){0};
    for (int tap = 0; tap < layer->taps; tap++) {
        const float *x = taps[tap] + p * in_step;
        /* Few base registers: three positions are reached from each. */
        const float *base[4] = {x, x + 3 * in_step, x + 6 * in_step, x + 9 * in_step};

        for (int i = 0; i < layer->in; i++, w += AINN_FLOAT_BLOCK) {
            const VECTOR w0 = CONST_AT(w), w1 = CONST_AT(w + LANES);

            AINN_UNROLL
            for (int n = 0; n < positions; n++) {
                const float value = base[n / 3][(size_t)(n % 3) * in_step + (size_t)i];

                acc[2 * n] += w0 * value;
                acc[2 * n + 1] += w1 * value;
            }
        }
    }
    AINN_UNROLL
    for (int n = 0; n < 2 * positions; n++)
        sums[n] = acc[n];
    for (int i = skip; i < positions; i++)
        for (int k = 0; k < vectors; k++) {
            const size_t at = (p + (size_t)i) * out_step + (size_t)(first + k * LANES);
            VECTOR sum = sums[2 * i + k];

            if (layer->bias)
                sum += CONST_AT(layer->bias + first + k * LANES);
            if (residual)
                sum += CONST_AT(residual + at);
            AT(out + at) = sum;
        }
}

FOR_TARGET AINN_FLOAT_DENSE(NAME(dense))
{
    for (int first = 0; first < layer->out; first += 2 * LANES) {
        const int left = (layer->out - first) / LANES, vectors = left < 2 ? left : 2;

#define RUN_TILE(p, size, skip) LOCAL(tile)(out, out_step, p, size, skip, vectors, first, layer, taps, in_step, residual)
        AINN_FOR_TILES(positions, POSITIONS, RUN_TILE);
#undef RUN_TILE
    }
}

FOR_TARGET AINN_FLOAT_DEPTHWISE(NAME(depthwise))
{
    for (int c = 0; c < channels; c += LANES) {
        VECTOR w[9], start = {0};

        AINN_UNROLL
        for (int tap = 0; tap < 9; tap++)
            w[tap] = CONST_AT(weights + tap * channels + c);
        if (bias)
            start = CONST_AT(bias + c);
        for (size_t p = 0; p < positions; p++) {
            const ptrdiff_t at = (ptrdiff_t)p * channels + c;
            VECTOR sum = start;

            AINN_UNROLL
            for (int tap = 0; tap < 9; tap++)
                sum += w[tap] * CONST_AT(rows[tap / 3] + at + (tap % 3 - 1) * channels);
            AT(out + at) = sum;
        }
    }
}

INLINE VECTOR LOCAL(leaked)(VECTOR x, MASK below)
{
    return (VECTOR)(((MASK)(x * AINN_LEAK) & below) | ((MASK)x & ~below));
}

FOR_TARGET void NAME(leak)(float *values, uint8_t *negative, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const VECTOR x = CONST_AT(values + i);
        const MASK below = x < 0;

        *(BYTES *)(negative + i) = __builtin_convertvector(below, BYTES) & 1;
        AT(values + i) = LOCAL(leaked)(x, below);
    }
}

FOR_TARGET void BACK(leak)(float *derivatives, const uint8_t *negative, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        const VECTOR x = CONST_AT(derivatives + i);
        const MASK below = __builtin_convertvector(*(const BYTES *)(negative + i), MASK) != 0;

        AT(derivatives + i) = LOCAL(leaked)(x, below);
    }
}

#undef LANES
#undef POSITIONS
#undef TARGET
#undef FOR_TARGET
#undef NAME
#undef LOCAL
#undef INLINE
#undef VECTOR
#undef MASK
#undef BYTES
#undef BACK
#undef AT
#undef CONST_AT
