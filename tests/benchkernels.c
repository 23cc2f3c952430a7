/* checkkernels --bench: time, rate and share of the measured peak of every kernel, on the shapes that the models have. */
#include "benchkernels.h"
#include "kernels/peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 9
#define SECONDS_PER_RUN 0.01

static const struct {
    int in, out, segments;
    size_t positions;
    int narrow;                                  /* weights fit bytes */
} dense_shapes[] = {
    {192, 256, 1, 600, 0}, {256, 384, 1, 600, 0}, {192, 128, 1, 600, 0}, {128, 384, 1, 600, 0}, {128, 192, 1, 600, 0}, {192, 192, 1, 600, 0},
    {384, 192, 1, 600, 0}, {320, 512, 1, 300, 0}, {512, 320, 1, 300, 0}, {512, 512, 1, 300, 0}, {320, 1024, 1, 300, 0}, {1024, 128, 1, 300, 0},
    {512, 128, 1, 300, 0}, {128, 1024, 1, 300, 0}, {192, 256, 1, 48, 0}, {256, 384, 1, 2000, 0}, {320, 96, 9, 64, 0}, {192, 192, 9, 64, 0},
    {32, 32, 9, 1000, 0}, {32, 16, 9, 1000, 0}, {16, 16, 9, 1000, 0}, {192, 128, 1, 48, 0}, {128, 384, 1, 48, 0},
    {192, 256, 1, 600, 1}, {256, 384, 1, 600, 1}, {192, 128, 1, 600, 1}, {128, 384, 1, 600, 1}, {128, 192, 1, 600, 1}, {192, 192, 1, 600, 1},
    {384, 192, 1, 600, 1}, {320, 512, 1, 300, 1}, {512, 320, 1, 300, 1}, {320, 1024, 1, 300, 1}, {1024, 128, 1, 300, 1}, {128, 1024, 1, 300, 1},
    {256, 384, 1, 2000, 1}, {192, 192, 9, 64, 1}, {32, 32, 9, 1000, 1}, {192, 128, 1, 48, 1}, {128, 384, 1, 48, 1},
};

/* Everything that a kernel call needs; one block of random numbers serves all. */
typedef struct bench {
    const ainn_kernels *table;
    ainn_dense dense;
    ainn_segment segments[AINN_MAX_SEGMENTS];
    int segment_count;
    ainn_depthwise depthwise;
    size_t positions;
    int channels;
    int16_t *input, *more, *output, *weights, *narrow;
    uint8_t *packed;
    uint32_t *wide;
    int16_t scale[2][64];
} bench;

static void run_dense(const bench *b)
{
    b->table->dense(b->output, (size_t)b->dense.out, b->positions, &b->dense, b->segments, b->segment_count, NULL, 0);
}

static void run_depthwise(const bench *b)
{
    const size_t row = (b->positions + 2) * (size_t)b->channels;
    const int16_t *rows[3] = {b->input + b->channels, b->input + row + b->channels, b->input + 2 * row + b->channels};

    b->table->depthwise(b->output, b->positions, &b->depthwise, rows);
}

static void run_forward(const bench *b)
{
    b->table->couple_forward(b->output, b->input, b->more, b->positions, b->channels, b->scale);
}

static void run_inverse(const bench *b)
{
    b->table->couple_inverse(b->output, b->input, b->more, b->positions, b->channels, b->scale);
}

static void run_box_means(const bench *b)
{
    const int16_t *rows[7];

    for (size_t r = 0; r < 7; r++)
        rows[r] = b->input + 3 + r * (b->positions + 6);
    b->table->box_means(b->output, b->output + b->positions, b->output + 2 * b->positions, b->positions, rows);
}

static void run_synthesise(const bench *b)
{
    uint32_t *planes[3][2];

    for (size_t k = 0; k < 6; k++)
        planes[k / 2][k % 2] = b->wide + k * 2 * b->positions;
    b->table->synthesise((uint32_t *const (*)[2])planes, b->input, b->more, b->positions, (const int16_t (*)[64])b->scale, 10);
}

static void run_store8(const bench *b)
{
    b->table->store8((uint8_t *)b->output, 1, b->wide, b->positions);
}

static void run_store8_rgb(const bench *b)
{
    b->table->store8((uint8_t *)b->output, 3, b->wide, b->positions);
}

static void run_store16(const bench *b)
{
    b->table->store16((uint16_t *)b->output, 2, b->wide, b->positions, 1023);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Median seconds of one call. The peak is measured between the runs, because clock rates and neighbours change. */
static double measure(const bench *b, void (*run)(const bench *), unsigned flags, double *peak)
{
    double seconds[RUNS], peaks[RUNS];
    long repetitions = 1;

    for (;;) {
        double t = ainn_thread_seconds();

        for (long r = 0; r < repetitions; r++)
            run(b);
        t = ainn_thread_seconds() - t;
        if (t > SECONDS_PER_RUN / 2)
            break;
        repetitions *= 2;
    }
    for (int i = 0; i < RUNS; i++) {
        double t = ainn_thread_seconds();

        for (long r = 0; r < repetitions; r++)
            run(b);
        seconds[i] = (ainn_thread_seconds() - t) / (double)repetitions;
        peaks[i] = ainn_peak_gmacs(flags);
    }
    qsort(seconds, RUNS, sizeof *seconds, by_size);
    qsort(peaks, RUNS, sizeof *peaks, by_size);
    *peak = peaks[RUNS / 2];
    return seconds[RUNS / 2];
}

/* `work` is in multiply-accumulates for dense and depthwise, in samples for the others, which have no peak. */
static void report(const bench *b, void (*run)(const bench *), const char *kernel, const char *shape, double work, int macs, unsigned flags)
{
    double peak, seconds = measure(b, run, macs ? flags : 0, &peak);

    printf("%-9s %-15s %-24s %12.0f ns %9.2f %s", b->table->name, kernel, shape, seconds * 1e9, work / seconds * 1e-9, macs ? "GMAC/s" : "Gsamples/s");
    if (peak > 0)
        printf("  %5.1f %% of %.1f", 100e-9 * work / seconds / peak, peak);
    printf("\n");
    fflush(stdout);
}

/* The instruction set whose peak a table is measured against; 0: none is known. */
static unsigned table_flags(const char *name)
{
    static const struct {
        const char *name;
        unsigned flags;
    } sets[] = {{"avx2", AINN_CPU_AVX2}, {"avxvnni", AINN_CPU_AVXVNNI}, {"avx512", AINN_CPU_AVX512}, {"vnni", AINN_CPU_VNNI}, {"amx", AINN_CPU_AMX}};

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (!strcmp(name, sets[i].name))
            return sets[i].flags;
    return 0;
}

static void bench_table(bench *b)
{
    const unsigned flags = table_flags(b->table->name);
    char shape[40];

    for (size_t i = 0; i < sizeof dense_shapes / sizeof *dense_shapes; i++) {
        const size_t in = (size_t)dense_shapes[i].in, out = (size_t)dense_shapes[i].out, taps = (size_t)dense_shapes[i].segments;

        b->positions = dense_shapes[i].positions;
        b->segment_count = (int)taps;
        b->dense.out = (int)out;
        b->dense.block = 16 * in * taps;
        b->dense.taps = (int)taps;
        b->dense.weights = dense_shapes[i].narrow ? b->narrow : b->weights;
        for (size_t s = 0; s < taps; s++)
            b->segments[s] = (ainn_segment){b->input + (s / 3 * (b->positions + 2) + s % 3) * in, in, (int)in, 0};
        b->dense.packed_block = b->table->pack ? b->table->packed_block(&b->dense) : 0;
        b->dense.packed = b->dense.packed_block ? b->packed : NULL;
        if (b->dense.packed)
            b->table->pack(b->packed, &b->dense);
        snprintf(shape, sizeof shape, "%zux%zu->%zu, %zu%s", taps, in, out, b->positions, dense_shapes[i].narrow ? ", narrow" : "");
        report(b, run_dense, "dense", shape, (double)(in * taps * out * b->positions), 1, flags);
    }
    for (int channels = 128; channels <= 512; channels *= 2) {
        b->positions = (size_t)(76800 / channels);
        b->channels = b->depthwise.channels = channels;
        snprintf(shape, sizeof shape, "%d, %zu", channels, b->positions);
        report(b, run_depthwise, "depthwise", shape, 9.0 * channels * (double)b->positions, 1, flags);
    }
    b->channels = 192;
    b->positions = 600;
    report(b, run_forward, "couple_forward", "192, 600", 192 * 600, 0, 0);
    report(b, run_inverse, "couple_inverse", "192, 600", 192 * 600, 0, 0);
    b->positions = 2000;
    report(b, run_box_means, "box_means", "2000", 2000, 0, 0);
    report(b, run_synthesise, "synthesise", "2000 (4 pixels each)", 4 * 2000, 0, 0);
    report(b, run_store8, "store8", "2000", 2000, 0, 0);
    report(b, run_store8_rgb, "store8", "2000, stride 3", 2000, 0, 0);
    report(b, run_store16, "store16", "2000", 2000, 0, 0);
}

int check_benchmark(const ainn_kernels *const *tables, const char *name)
{
    const size_t size = (size_t)4 << 20;
    bench b = {0};
    int32_t *bias = calloc(4096, sizeof *bias);
    uint8_t *shift = malloc(4096);

    b.input = aligned_alloc(64, size), b.more = aligned_alloc(64, size), b.weights = aligned_alloc(64, size), b.output = aligned_alloc(64, size);
    b.wide = aligned_alloc(64, size), b.packed = aligned_alloc(64, size), b.narrow = aligned_alloc(64, size);
    if (!bias || !shift || !b.input || !b.more || !b.weights || !b.output || !b.wide || !b.packed || !b.narrow) {
        fprintf(stderr, "checkkernels: out of memory\n");
        return 2;
    }
    memset(shift, 14, 4096);
    for (size_t i = 0; i < size / sizeof *b.input; i++) {
        b.input[i] = (int16_t)check_between(-8191, 8191);
        b.more[i] = (int16_t)check_between(-8191, 8191);
        b.weights[i] = (int16_t)(2 * check_between(-100, 100));       /* as exported: Winograd can have them */
        b.narrow[i] = (int16_t)check_between(-30, 30);
    }
    for (size_t i = 0; i < size / sizeof *b.wide; i++)
        b.wide[i] = check_random() % 65537;
    for (int i = 0; i < 64; i++) {
        b.scale[0][i] = (int16_t)(3013 + 300 * i);
        b.scale[1][i] = 600;
    }
    b.dense = (ainn_dense){.weights = b.weights, .bias = bias, .shift = shift, .leaky = 1, .bound = AINN_BOUND, .in_bound = AINN_BOUND};
    b.depthwise = (ainn_depthwise){.weights = b.weights, .bias = bias, .shift = shift, .bound = AINN_BOUND, .leaky = 1};
    printf("reading: %.1f GB/s from 16 KiB, %.1f from 512 KiB, %.1f from 4 MiB\n", ainn_peak_read_gbytes(b.input, (size_t)16 << 10),
           ainn_peak_read_gbytes(b.input, (size_t)512 << 10), ainn_peak_read_gbytes(b.input, size));
    for (int i = 0; tables[i]; i++)
        if (!name || !strcmp(name, tables[i]->name)) {
            b.table = tables[i];
            bench_table(&b);
        }
    free(bias), free(shift), free(b.input), free(b.more), free(b.weights), free(b.output), free(b.wide), free(b.packed), free(b.narrow);
    return 0;
}
