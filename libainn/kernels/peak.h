/* What this machine's core can do at most, measured, so that benchmarks can give their results as a share of it. */
#ifndef AINN_PEAK_H
#define AINN_PEAK_H

#include <stddef.h>

/* int16 multiply-accumulates with 32-bit sums, from registers only, in 10^9 a second of this thread's time, with the best of the
 * instruction sets in `flags` (those of ainn_cpu_flags()); 0 where no peak is known. Takes some milliseconds. */
double ainn_peak_gmacs(unsigned flags);

/* Reading `size` bytes (a multiple of 64) again and again, in 10^9 bytes a second. */
double ainn_peak_read_gbytes(const void *memory, size_t size);

/* This thread's time in seconds, which other processes do not disturb as much as they do wall time. */
double ainn_thread_seconds(void);

#endif
