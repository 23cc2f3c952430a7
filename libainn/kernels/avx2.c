/* AVX2 kernels. */
#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include "kernels/x86.h"

void ainn_kernels_avx2(ainn_kernels *table)
{
    (void)table;
}
#endif
