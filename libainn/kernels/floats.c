/*
 * Layers in floating point, in plain C and with vectors. Each product and each sum is rounded by itself, inputs come one after another and
 * vectors hold outputs: so every version gives the same results, as long as the compiler contracts nothing (configure says so).
 */
#include "kernels/build.h"
#include "kernels/floats.h"
#include "kernels/x86.h"

#define BLOCK AINN_FLOAT_BLOCK

void ainn_float_dense_c(float *out, size_t out_step, size_t positions, const ainn_float_layer *layer, const float *const *taps, size_t in_step,
                        const float *residual)
{
    for (size_t p = 0; p < positions; p++) {
        const float *w = layer->weights;

        for (int o = 0; o < layer->out; o += BLOCK) {
            float sums[BLOCK] = {0};

            for (int tap = 0; tap < layer->taps; tap++)
                for (int i = 0; i < layer->in; i++, w += BLOCK)
                    for (int k = 0; k < BLOCK; k++)
                        sums[k] += w[k] * taps[tap][p * in_step + (size_t)i];
            for (int k = 0; k < BLOCK && o + k < layer->out; k++) {
                const float sum = layer->bias ? sums[k] + layer->bias[o + k] : sums[k];
                const size_t at = p * out_step + (size_t)(o + k);

                out[at] = residual ? sum + residual[at] : sum;
            }
        }
    }
}

void ainn_float_depthwise_c(float *out, size_t positions, int channels, const float *weights, const float *bias, const float *const rows[3])
{
    for (size_t p = 0; p < positions; p++)
        for (int c = 0; c < channels; c++) {
            const ptrdiff_t at = (ptrdiff_t)p * channels + c;
            float sum = bias ? bias[c] : 0;

            for (int tap = 0; tap < 9; tap++)
                sum += weights[tap * channels + c] * rows[tap / 3][at + (tap % 3 - 1) * channels];
            out[at] = sum;
        }
}

void ainn_float_leak_c(float *values, uint8_t *negative, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        negative[i] = values[i] < 0;
        values[i] = values[i] < 0 ? values[i] * AINN_LEAK : values[i];
    }
}

void ainn_float_leak_c_back(float *derivatives, const uint8_t *negative, size_t count)
{
    for (size_t i = 0; i < count; i++)
        derivatives[i] = negative[i] ? derivatives[i] * AINN_LEAK : derivatives[i];
}

#ifdef AINN_X86_KERNELS
#define LANES 8
#define POSITIONS 5
#define TARGET "avx2"
#define NAME(name) ainn_float_##name##_avx2
#define LOCAL(name) name##_avx2
#define BACK(name) ainn_float_##name##_avx2_back
#include "kernels/floats_vector.h"

#define LANES 16
#define POSITIONS 12
#define TARGET AINN_AVX512
#define NAME(name) ainn_float_##name##_avx512
#define LOCAL(name) name##_avx512
#define BACK(name) ainn_float_##name##_avx512_back
#include "kernels/floats_vector.h"
#endif

#ifdef AINN_NEON_KERNELS
#define LANES 4
#define POSITIONS 10
#define NAME(name) ainn_float_##name##_neon
#define LOCAL(name) name##_neon
#define BACK(name) ainn_float_##name##_neon_back
#include "kernels/floats_vector.h"
#endif
