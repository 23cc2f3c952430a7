/* For loops whose counts are constants once all is inlined, so that what they index stays in registers. */
#ifndef AINN_UNROLL_H
#define AINN_UNROLL_H

#ifdef __clang__
#define AINN_UNROLL _Pragma("clang loop unroll(full)")
#define AINN_UNROLL_TWICE _Pragma("clang loop unroll_count(2)")
#else
#define AINN_UNROLL _Pragma("GCC unroll 32")
#define AINN_UNROLL_TWICE _Pragma("GCC unroll 2")
#endif

#endif
