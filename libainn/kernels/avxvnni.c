/* Convolutions with AVX-VNNI: vpdpwssd on 256-bit vectors, for processors that have it without AVX-512. */
#include "kernels/build.h"

#ifdef AINN_AVXVNNI_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/x86.h"

#define DENSE_NAME ainn_dense_avxvnni
#define DENSE_TARGET "avx2,avxvnni"
#define DENSE_STEP(acc, x, w) _mm256_dpwssd_avx_epi32(acc, x, w)
#include "kernels/dense_avx2.h"

#define DEPTHWISE_NAME ainn_depthwise_avxvnni
#define DEPTHWISE_TARGET DENSE_TARGET
#define DEPTHWISE_STEP DENSE_STEP
#include "kernels/depthwise_avx2.h"

void ainn_kernels_avxvnni(ainn_kernels *table)
{
    table->dense = ainn_dense_avxvnni;
    table->packed_block = NULL;                  /* Winograd's products save 6 % here at most */
    table->pack = NULL;
    table->depthwise = ainn_depthwise_avxvnni;
}
#endif
