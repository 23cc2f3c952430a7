/* Measured peaks. Inline assembly, because compilers turn independent accumulators into spills. */
#include "kernels/build.h"
#include "kernels/kernels.h"
#include "kernels/peak.h"

#include <stdint.h>
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

#ifdef AINN_AVXVNNI_KERNELS
#define STEP_AVXVNNI(n, t) "%{vex%} vpdpwssd %%ymm14, %%ymm15, %%ymm" #n "\n"

static void loop_avxvnni(long rounds)
{
    __asm__ volatile("vpxor %%ymm14, %%ymm14, %%ymm14\n vpxor %%ymm15, %%ymm15, %%ymm15\n"
                     LOOP(TEN(STEP_AVXVNNI, 0, 0) STEP_AVXVNNI(10, 0) STEP_AVXVNNI(11, 0)) "vzeroupper\n" : "+r"(rounds) : : CLOBBERS);
}
#endif

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

/* 256-bit loads, eight to a round. */
static void read_avx2(const char *memory, size_t size)
{
    __asm__ volatile("1: vmovdqu (%0), %%ymm0\n vmovdqu 32(%0), %%ymm1\n vmovdqu 64(%0), %%ymm2\n vmovdqu 96(%0), %%ymm3\n"
                     "vmovdqu 128(%0), %%ymm4\n vmovdqu 160(%0), %%ymm5\n vmovdqu 192(%0), %%ymm6\n vmovdqu 224(%0), %%ymm7\n"
                     "add $256, %0\n sub $256, %1\n ja 1b\n vzeroupper\n" : "+r"(memory), "+r"(size) : : CLOBBERS, "memory");
}
#endif

#ifdef AINN_AMX_KERNELS
/* The four products of bytes that make one of 16-bit values, on whole tiles. */
__attribute__((target("amx-tile,amx-int8"))) static void loop_amx(long rounds)
{
    struct {
        uint8_t palette, other[15];
        uint16_t columns[16];
        uint8_t rows[16];
    } config = {.palette = 1};

    for (int i = 0; i < 8; i++) {
        config.columns[i] = 64;
        config.rows[i] = 16;
    }
    __asm__ volatile("ldtilecfg %1\n"
                     "1: tdpbuud %%tmm6, %%tmm4, %%tmm0\n tdpbusd %%tmm7, %%tmm4, %%tmm1\n"
                     "tdpbsud %%tmm6, %%tmm5, %%tmm2\n tdpbssd %%tmm7, %%tmm5, %%tmm3\n"
                     "dec %0\n jnz 1b\n tilerelease\n" : "+r"(rounds) : "m"(config) : "cc");
}
#endif

/* The fastest of some runs of `loop`, each of whose rounds does `macs`. */
static double best_rate(void (*loop)(long), double macs)
{
    const long rounds = (long)(4e7 / macs);
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
#ifdef AINN_AMX_KERNELS
    if (flags & AINN_CPU_AMX)
        return best_rate(loop_amx, 16 * 16 * 64);
#endif
#ifdef AINN_X86_KERNELS
    if (flags & AINN_CPU_VNNI)
        return best_rate(loop_vnni, 14 * 32);
    if (flags & AINN_CPU_AVX512)
        return best_rate(loop_avx512, 10 * 32);
#ifdef AINN_AVXVNNI_KERNELS
    if (flags & AINN_CPU_AVXVNNI)
        return best_rate(loop_avxvnni, 12 * 16);
#endif
    if (flags & AINN_CPU_AVX2)
        return best_rate(loop_avx2, 10 * 16);
#endif
    (void)flags;
    (void)best_rate;
    return 0;
}

/* Words of 64 bits, eight to a round, with any compiler. */
static void read_words(const char *memory, size_t size)
{
    const uint64_t *w = (const uint64_t *)(const void *)memory;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    volatile uint64_t sink;

    for (size_t i = 0; i < size / 64; i++, w += 8) {
        a |= w[0] | w[4];
        b |= w[1] | w[5];
        c |= w[2] | w[6];
        d |= w[3] | w[7];
    }
    sink = a | b | c | d;
    (void)sink;
}

double ainn_peak_read_gbytes(const void *memory, size_t size)
{
    void (*read)(const char *, size_t) = read_words;
    const size_t rounds = 1 + ((size_t)32 << 20) / (size + 1);
    double best = 0;

#ifdef AINN_X86_KERNELS
    if (size >= 256 && size % 256 == 0 && ainn_cpu_flags() & AINN_CPU_AVX2)
        read = read_avx2;
#endif
    for (int run = 0; run < 7; run++) {
        double seconds = ainn_thread_seconds(), rate;

        for (size_t r = 0; r < rounds; r++)
            read(memory, size);
        seconds = ainn_thread_seconds() - seconds;
        rate = seconds > 0 ? 1e-9 * (double)size * (double)rounds / seconds : 0;
        best = rate > best ? rate : best;
    }
    return best;
}
