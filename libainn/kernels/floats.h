/* The kernels in floating point by name, for the functions that fill the tables. */
#ifndef AINN_FLOATS_H
#define AINN_FLOATS_H

#include "kernels/kernels.h"

#define AINN_FLOAT_DENSE(name)                                                                                                  \
    void name(float *out, size_t out_step, size_t positions, const ainn_float_layer *layer, const float *const *taps, size_t in_step, \
              const float *residual)
#define AINN_FLOAT_DEPTHWISE(name) \
    void name(float *out, size_t positions, int channels, const float *weights, const float *bias, const float *const rows[3])

AINN_FLOAT_DENSE(ainn_float_dense_c);
AINN_FLOAT_DENSE(ainn_float_dense_avx2);
AINN_FLOAT_DENSE(ainn_float_dense_avx512);
AINN_FLOAT_DENSE(ainn_float_dense_neon);
AINN_FLOAT_DEPTHWISE(ainn_float_depthwise_c);
AINN_FLOAT_DEPTHWISE(ainn_float_depthwise_avx2);
AINN_FLOAT_DEPTHWISE(ainn_float_depthwise_avx512);
AINN_FLOAT_DEPTHWISE(ainn_float_depthwise_neon);
#define AINN_FLOAT_LEAKS(name)                                                      \
    void name(float *values, uint8_t *negative, size_t count);                      \
    void name##_back(float *derivatives, const uint8_t *negative, size_t count)

AINN_FLOAT_LEAKS(ainn_float_leak_c);
AINN_FLOAT_LEAKS(ainn_float_leak_avx2);
AINN_FLOAT_LEAKS(ainn_float_leak_avx512);
AINN_FLOAT_LEAKS(ainn_float_leak_neon);

#endif
