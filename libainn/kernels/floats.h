/* The kernels with floating point by name, for the functions that fill the tables. */
#ifndef AINN_FLOATS_H
#define AINN_FLOATS_H

#include "kernels/kernels.h"

#define AINN_FLOATS(name)                                                                                                                           \
    float ainn_float_most_##name(const float *values, const float *factors, size_t positions, int channels);                                       \
    void ainn_float_quantise_##name(int16_t *out, const float *values, const float *factors, size_t positions, int channels);                      \
    void ainn_float_restore_##name(float *values, const int16_t *in, const float *units, size_t positions, int channels, int adds);                \
    void ainn_float_couple_##name(int16_t *by_st, float *derivatives, const int16_t *slopes, const float *factors, size_t positions, int channels); \
    void ainn_leak_marks_##name(int16_t *marks, const int16_t *values, size_t count);                                                              \
    void ainn_leak_back_##name(int16_t *derivatives, const int16_t *marks, size_t count);                                                          \
    void ainn_kernels_floats_##name(ainn_kernels *table)

AINN_FLOATS(c);
AINN_FLOATS(avx2);
AINN_FLOATS(avx512);
AINN_FLOATS(neon);

#endif
