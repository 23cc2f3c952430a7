/* The kernels with floating point, for the functions that fill the tables. */
#ifndef AINN_FLOATS_H
#define AINN_FLOATS_H

#include "kernels/kernels.h"

void ainn_kernels_floats_c(ainn_kernels *table);
void ainn_kernels_floats_avx2(ainn_kernels *table);
void ainn_kernels_floats_avx512(ainn_kernels *table);
void ainn_kernels_floats_neon(ainn_kernels *table);

#endif
