/* Convolutions with AVX-512 VNNI, whose vpdpwssd multiplies pairs and adds them to 32-bit sums in one instruction. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/x86.h"

#define DENSE_NAME ainn_dense_vnni
#define DENSE_TARGET AINN_AVX512 ",avx512vnni"
#define DENSE_STEP(acc, x, w) _mm512_dpwssd_epi32(acc, x, w)
#include "kernels/dense_avx512.h"

#include "kernels/winograd_vnni.h"

#define DEPTHWISE_NAME ainn_depthwise_vnni
#define DEPTHWISE_TARGET DENSE_TARGET
#define DEPTHWISE_STEP DENSE_STEP
#include "kernels/depthwise_avx512.h"

void ainn_kernels_vnni(ainn_kernels *table)
{
    table->dense = ainn_winograd_vnni;
    table->packed_block = ainn_winograd_block;
    table->pack = ainn_winograd_pack;
    table->depthwise = ainn_depthwise_vnni;
}
#endif
