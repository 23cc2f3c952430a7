/*
 * What the search for better latents (refine/) does with derivatives in floating point, on vectors of the compiler's. Each product and each sum is
 * rounded by itself, so every version gives the same results, as long as the compiler contracts nothing (configure says so).
 */
#include "kernels/floats.h"
#include "kernels/build.h"
#include "kernels/x86.h"

#define LANES 4                   /* which any machine has, or the compiler makes */
#define SUFFIX c
#include "kernels/floats_vector.h"

#ifdef AINN_X86_KERNELS
#define LANES 8
#define SUFFIX avx2
#define TARGET "avx2"
#include "kernels/floats_vector.h"

#define LANES 16
#define SUFFIX avx512
#define TARGET AINN_AVX512
#include "kernels/floats_vector.h"
#endif

#ifdef AINN_NEON_KERNELS
#define LANES 4
#define SUFFIX neon
#include "kernels/floats_vector.h"
#endif
