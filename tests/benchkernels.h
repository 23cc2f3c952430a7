/* Shared by the two halves of checkkernels: tests and benchmark. */
#ifndef AINN_TESTS_BENCHKERNELS_H
#define AINN_TESTS_BENCHKERNELS_H

#include "kernels/kernels.h"

/* The test's own generator, the same on every machine. */
uint32_t check_random(void);
int check_between(int low, int high);

/* Measures the tables (only the one named, if `name` is not NULL) and prints a line for each kernel and shape; the exit code. */
int check_benchmark(const ainn_kernels *const *tables, const char *name);

#endif
