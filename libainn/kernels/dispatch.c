/* Which instruction sets this machine has, and the tables built for them, filled once and constant from then on. */
#include "kernels/build.h"
#include "kernels/kernels.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifdef AINN_X86_KERNELS
#include <cpuid.h>
#endif
#ifdef AINN_AMX_KERNELS
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* Tables from the slowest to the fastest; each needs all of its flags. */
enum { TABLE_C, TABLE_OPENBLAS, TABLE_NEON, TABLE_AVX2, TABLE_AVXVNNI, TABLE_AVX512, TABLE_VNNI, TABLE_AMX, TABLE_COUNT };

static const struct {
    const char *name;
    unsigned needs;
} recipes[TABLE_COUNT] = {
    {"c", 0},
    {"openblas", AINN_CPU_OPENBLAS},
    {"neon", AINN_CPU_NEON},
    {"avx2", AINN_CPU_AVX2},
    {"avxvnni", AINN_CPU_AVX2 | AINN_CPU_AVXVNNI},
    {"avx512", AINN_CPU_AVX2 | AINN_CPU_AVX512},
    {"vnni", AINN_CPU_AVX2 | AINN_CPU_AVX512 | AINN_CPU_VNNI},
    {"amx", AINN_CPU_AVX2 | AINN_CPU_AVX512 | AINN_CPU_VNNI | AINN_CPU_VBMI | AINN_CPU_AMX},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ainn_kernels tables[TABLE_COUNT];
static const ainn_kernels *runnable[TABLE_COUNT + 1];
static unsigned machine, allowed;

#ifdef AINN_X86_KERNELS
/* Which register files the operating system saves: XCR0. */
static unsigned saved_state(void)
{
    unsigned low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

#ifdef AINN_AMX_KERNELS
/* Linux gives tile registers to processes that ask for them; XCR0 alone does not tell. */
static int tiles_granted(unsigned state)
{
    const long request_permission = 0x1023, tile_data = 18;

    return (state >> 17 & 3) == 3 && syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#endif

static int has_avxvnni(void)
{
#ifdef AINN_AVXVNNI_KERNELS
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 4 & 1;
#else
    return 0;
#endif
}

static unsigned detect_x86(void)
{
    const unsigned osxsave = 1u << 27, avx = 1u << 28;
    const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;     /* F, DQ, BW, VL */
    unsigned a, b, c, d, state, flags = 0;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (osxsave | avx)) != (osxsave | avx))
        return 0;
    state = saved_state();
    if ((state & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if (b >> 5 & 1)
        flags |= AINN_CPU_AVX2;
    flags |= has_avxvnni() ? AINN_CPU_AVXVNNI : 0;
    if ((state & 0xe6) == 0xe6 && (b & avx512) == avx512) {
        flags |= AINN_CPU_AVX512;
        flags |= c >> 11 & 1 ? AINN_CPU_VNNI : 0;
        flags |= c >> 1 & 1 ? AINN_CPU_VBMI : 0;
#ifdef AINN_AMX_KERNELS
        flags |= (d >> 24 & 3) == 3 && tiles_granted(state) ? AINN_CPU_AMX : 0;
#endif
    }
    return flags;
}
#endif

static unsigned detect(void)
{
    unsigned flags = 0;

#ifdef AINN_X86_KERNELS
    flags |= detect_x86();
#endif
#ifdef AINN_NEON_KERNELS
    flags |= AINN_CPU_NEON;              /* part of every 64-bit ARM processor */
#endif
#ifdef HAVE_OPENBLAS
    flags |= AINN_CPU_OPENBLAS;
#endif
    return flags;
}

/* What is left of the machine's flags when AINN_CPU names a table; an unknown name changes nothing. */
static unsigned restrict_flags(unsigned flags, const char *name)
{
    for (int i = 0; name && i < TABLE_COUNT; i++)
        if (!strcmp(name, recipes[i].name))
            return flags & recipes[i].needs;
    return flags;
}

static void fill(int which)
{
    ainn_kernels *table = &tables[which];

    ainn_kernels_c(table);
#ifdef HAVE_OPENBLAS
    if (which == TABLE_OPENBLAS)
        ainn_kernels_openblas(table);
#endif
#ifdef AINN_NEON_KERNELS
    if (which == TABLE_NEON)
        ainn_kernels_neon(table);
#endif
#ifdef AINN_X86_KERNELS
    if (which >= TABLE_AVX2)
        ainn_kernels_avx2(table);
#ifdef AINN_AVXVNNI_KERNELS
    if (which == TABLE_AVXVNNI)
        ainn_kernels_avxvnni(table);
#endif
    if (which >= TABLE_AVX512)
        ainn_kernels_avx512(table);
    if (which >= TABLE_VNNI)
        ainn_kernels_vnni(table);
#endif
#ifdef AINN_AMX_KERNELS
    if (which >= TABLE_AMX)
        ainn_kernels_amx(table);
#endif
    table->name = recipes[which].name;
}

static void initialise(void)
{
    size_t count = 0;

    machine = detect();
    allowed = restrict_flags(machine, getenv("AINN_CPU"));
    for (int i = 0; i < TABLE_COUNT; i++)
        if ((machine & recipes[i].needs) == recipes[i].needs) {
            fill(i);
            runnable[count++] = &tables[i];
        }
}

unsigned ainn_cpu_flags(void)
{
    pthread_once(&once, initialise);
    return allowed;
}

const ainn_kernels *ainn_kernels_for(unsigned flags)
{
    int best = TABLE_C;

    pthread_once(&once, initialise);
    for (int i = 0; i < TABLE_COUNT; i++)
        if ((machine & flags & recipes[i].needs) == recipes[i].needs)
            best = i;
    return &tables[best];
}

const ainn_kernels *const *ainn_kernels_all(void)
{
    pthread_once(&once, initialise);
    return runnable;
}
