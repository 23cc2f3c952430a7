/* Which kernels are compiled in. */
#ifndef AINN_KERNELS_BUILD_H
#define AINN_KERNELS_BUILD_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

/* 64-bit only: 32-bit x86 has too few vector registers for these kernels. */
#if defined(__GNUC__) && defined(__x86_64__) && !defined(AINN_NO_SIMD)
#define AINN_X86_KERNELS 1
#if defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11
#define AINN_AVXVNNI_KERNELS 1
#endif
#ifdef __linux__
#define AINN_AMX_KERNELS 1
#endif
#endif

/* 64-bit only, for its 32 registers; little-endian, as the model files are that kernels read in place. */
#if defined(__GNUC__) && defined(__aarch64__) && defined(__ARM_NEON) && defined(__AARCH64EL__) && !defined(AINN_NO_SIMD)
#define AINN_NEON_KERNELS 1
#endif

#endif
