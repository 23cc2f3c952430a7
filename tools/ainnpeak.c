/*
 * ainnpeak: what one core of this machine can do at most, as CSV: int16 multiply-accumulates from registers for each
 * instruction set, and reading from cache and memory. `ainnbench --peak` shows it, its report quotes shares of it.
 */
#include "kernels/kernels.h"
#include "kernels/peak.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned flags;
} instruction_sets[] = {
    {"avx2", AINN_CPU_AVX2},
    {"avxvnni", AINN_CPU_AVX2 | AINN_CPU_AVXVNNI},
    {"avx512", AINN_CPU_AVX2 | AINN_CPU_AVX512},
    {"vnni", AINN_CPU_AVX2 | AINN_CPU_AVX512 | AINN_CPU_VNNI},
    {"amx", AINN_CPU_AVX2 | AINN_CPU_AVX512 | AINN_CPU_VNNI | AINN_CPU_AMX},
};

static const struct {
    const char *name;
    size_t bytes;
} memories[] = {
    {"read 16 KiB", (size_t)16 << 10},
    {"read 1 MiB", (size_t)1 << 20},
    {"read 256 MiB", (size_t)256 << 20},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(int argc, char **argv)
{
    const unsigned flags = ainn_cpu_flags();
    const size_t largest = memories[COUNT(memories) - 1].bytes;
    void *memory;

    if (argc > 1) {
        fprintf(strcmp(argv[1], "-h") && strcmp(argv[1], "--help") ? stderr : stdout,
                "usage: ainnpeak\nMeasures this core's rate of int16 multiply-accumulates and its memory bandwidth.\n");
        return strcmp(argv[1], "-h") && strcmp(argv[1], "--help") ? 2 : 0;
    }
    printf("what,rate,unit\n");
    for (size_t i = 0; i < COUNT(instruction_sets); i++)
        if ((flags & instruction_sets[i].flags) == instruction_sets[i].flags)
            printf("%s,%.1f,G multiply-accumulates/s\n", instruction_sets[i].name, ainn_peak_gmacs(instruction_sets[i].flags));
    memory = aligned_alloc(64, largest);
    if (!memory) {
        fprintf(stderr, "ainnpeak: out of memory\n");
        return 1;
    }
    memset(memory, 1, largest);
    for (size_t i = 0; i < COUNT(memories); i++)
        printf("%s,%.1f,GB/s\n", memories[i].name, ainn_peak_read_gbytes(memory, memories[i].bytes));
    free(memory);
    return 0;
}
