/* Measured peaks. Inline assembly, because compilers turn independent accumulators into spills. */
#include "kernels/build.h"
#include "kernels/kernels.h"
#include "kernels/peak.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

double ainn_thread_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#ifdef AINN_X86_KERNELS
#define CLOBBERS "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
                 "xmm12", "xmm13", "xmm14", "xmm15"
#define CLOBBERS512 CLOBBERS, "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm30", "xmm31"

/* A step adds products of pairs to sum n; t is a free register. */
#define STEP_VNNI(n, t) "vpdpwssd %%zmm30, %%zmm31, %%zmm" #n "\n"
#define STEP_AVX512(n, t) "vpmaddwd %%zmm30, %%zmm31, %%zmm" #t "\n vpaddd %%zmm" #t ", %%zmm" #n ", %%zmm" #n "\n"
#define STEP_AVX2(n, t) "vpmaddwd %%ymm14, %%ymm15, %%ymm" #t "\n vpaddd %%ymm" #t ", %%ymm" #n ", %%ymm" #n "\n"
#define TEN(S, a, b) S(0, a) S(1, b) S(2, a) S(3, b) S(4, a) S(5, b) S(6, a) S(7, b) S(8, a) S(9, b)
#define LOOP(steps) ".p2align 5\n 1:" steps "dec %0\n jnz 1b\n"

static void loop_avx2(long rounds)
{
    __asm__ volatile("vpxor %%ymm14, %%ymm14, %%ymm14\n vpxor %%ymm15, %%ymm15, %%ymm15\n"
                     LOOP(TEN(STEP_AVX2, 12, 13)) "vzeroupper\n" : "+r"(rounds) : : CLOBBERS);
}

__attribute__((target("avx512f"))) static void loop_avx512(long rounds)
{
    __asm__ volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n vpxord %%zmm31, %%zmm31, %%zmm31\n"
                     LOOP(TEN(STEP_AVX512, 24, 25)) : "+r"(rounds) : : CLOBBERS512);
}

__attribute__((target("avx512f"))) static void loop_vnni(long rounds)
{
    __asm__ volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n vpxord %%zmm31, %%zmm31, %%zmm31\n"
                     LOOP(TEN(STEP_VNNI, 0, 0) STEP_VNNI(10, 0) STEP_VNNI(11, 0) STEP_VNNI(12, 0) STEP_VNNI(13, 0))
                     : "+r"(rounds) : : CLOBBERS512);
}
#endif

/* The fastest of some runs of `loop`, each of whose rounds does `macs`. */
static double best_rate(void (*loop)(long), double macs)
{
    const long rounds = 100000;
    double best = 0;

    loop(rounds);
    for (int run = 0; run < 7; run++) {
        double seconds = ainn_thread_seconds(), rate;

        loop(rounds);
        seconds = ainn_thread_seconds() - seconds;
        rate = seconds > 0 ? 1e-9 * macs * (double)rounds / seconds : 0;
        best = rate > best ? rate : best;
    }
    return best;
}

double ainn_peak_gmacs(unsigned flags)
{
#ifdef AINN_X86_KERNELS
    if (flags & AINN_CPU_VNNI)
        return best_rate(loop_vnni, 14 * 32);
    if (flags & AINN_CPU_AVX512)
        return best_rate(loop_avx512, 10 * 32);
    if (flags & AINN_CPU_AVX2)
        return best_rate(loop_avx2, 10 * 16);
#endif
    (void)flags;
    (void)best_rate;
    return 0;
}

double ainn_peak_read_gbytes(const void *memory, size_t size)
{
    const uint64_t *words = memory;
    uint64_t sums[8] = {0}, total = 0;
    volatile uint64_t sink;
    double best = 0;

    for (int run = 0; run < 7; run++) {
        const size_t rounds = 1 + ((size_t)32 << 20) / (size + 1);
        double seconds = ainn_thread_seconds(), rate;

        for (size_t r = 0; r < rounds; r++)
            for (size_t i = 0; i < size / 64; i++)
                for (int lane = 0; lane < 8; lane++)
                    sums[lane] ^= words[i * 8 + (size_t)lane];
        seconds = ainn_thread_seconds() - seconds;
        rate = seconds > 0 ? 1e-9 * (double)size * (double)rounds / seconds : 0;
        best = rate > best ? rate : best;
    }
    for (int lane = 0; lane < 8; lane++)
        total ^= sums[lane];
    sink = total;
    (void)sink;
    return best;
}
