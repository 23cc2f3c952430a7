/*
 * Every table of kernels that this machine can run against the reference in C, in the manner of dav1d's checkasm: random and
 * extreme inputs, every tail, buffers that end at a page that must not be touched, and whole buffers compared, so that
 * one stray byte shows. `--bench` measures in place of testing (benchkernels.c); `--seed N` repeats a run.
 */
#define _GNU_SOURCE
#include "benchkernels.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/components.h"

static char current[200];                       /* what is tested now, for the message of a crash */
static unsigned long passed, failed;
static uint64_t state = 88172645463325252u;

uint32_t check_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

int check_between(int low, int high)
{
    return low + (int)(check_random() % (unsigned)(high - low + 1));
}

/* ---- Buffers that end at an inaccessible page ---- */

typedef struct buffer {
    void *data;
    uint8_t *map;
    size_t usable, mapped;
} buffer;

static buffer make(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    buffer b = {0};

    b.usable = (size + page) / page * page;      /* always some bytes before the data, too */
    b.mapped = b.usable + page;
    b.map = mmap(NULL, b.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.map == MAP_FAILED || mprotect(b.map + b.usable, page, PROT_NONE)) {
        perror("checkkernels: mmap");
        exit(2);
    }
    memset(b.map, 0xa5, b.usable);
    b.data = b.map + b.usable - size;
    return b;
}

static void drop(buffer *b)
{
    munmap(b->map, b->mapped);
}

/* Same size, same fill: everything must be equal, also where nothing should have been written. */
static int same(const buffer *a, const buffer *b)
{
    return !memcmp(a->map, b->map, a->usable);
}

static void verdict(int good)
{
    if (good) {
        passed++;
        return;
    }
    failed++;
    printf("FAIL %s: differs from the reference\n", current);
}

static void crashed(int number)
{
    static const char text[] = ": touches memory outside its buffers\n";

    (void)number;
    if (write(1, "FAIL ", 5) < 0 || write(1, current, strlen(current)) < 0 || write(1, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(1);
}

/* ---- Inputs ---- */

enum { RANDOM, HIGH, LOW, MIXED, PATTERNS };    /* uniform; all at +bound; all at -bound; either */

static void fill(int16_t *values, size_t count, int bound, int pattern)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (int16_t)(pattern == RANDOM ? check_between(-bound, bound) : pattern == HIGH ? bound : pattern == LOW ? -bound :
                              check_random() & 1 ? bound : -bound);
}

/* Weights and bias of one output so that bound_in * sum|w| + |bias| + 2^(s-1) just stays below 2^31; `stride` between weights. */
static void fill_output(int16_t *w, size_t count, int32_t *bias, uint8_t *shift, int bound_in, int pattern, int (*offset)(size_t), int lane)
{
    int64_t room = INT32_MAX, half;
    int32_t largest;

    *shift = (uint8_t)check_between(1, 30);
    half = (int64_t)1 << (*shift - 1);
    room -= half;
    *bias = (int32_t)(check_random() % (uint32_t)(room / 2)) * (check_random() & 1 ? 1 : -1);
    room = (room - (*bias < 0 ? -(int64_t)*bias : *bias)) / bound_in;
    largest = (int32_t)(room / (int64_t)count);
    largest = largest > 32767 ? 32767 : largest;
    for (size_t i = 0; i < count; i++) {
        const int32_t limit = pattern == MIXED && i % 7 == 0 ? (int32_t)(room > 32767 ? 32767 : room) : largest < room ? largest : (int32_t)room;
        const int32_t v = pattern == RANDOM ? check_between(-limit, limit) : pattern == MIXED && check_random() & 1 ? -limit : limit;

        w[offset(i) + 2 * lane] = (int16_t)v;
        room -= v < 0 ? -v : v;
    }
}

static int dense_offset(size_t i)
{
    return (int)(i / 2 * 32 + i % 2);
}

/* ---- Dense ---- */

/* Weights: any; all fit bytes, both ends of those among them; all but one, by 1. */
enum { WIDE, NARROW, NEARLY, WIDTHS };

typedef struct dense_case {
    int segments, channels, out;                /* channels of the widest segment */
    size_t positions;
    int leaky, pattern;
    int residual;                               /* 0 none, 1 elsewhere, 2 in place */
    int taps;                                   /* 9: segments are a 3x3's, side by side in three rows; as many as `segments` */
    int width;                                  /* of weights */
} dense_case;

/* Only ever makes a weight smaller, so that sums stay in their range: the one that does not fit was larger, too. Where from is random. */
static void narrow_weights(int16_t *w, size_t count, int width)
{
    const size_t from = check_random() % count;
    int nearly = width == NEARLY;

    for (size_t n = 0; n < count; n++) {
        int16_t *const v = &w[(from + n) % count];
        const int cut = *v > 127 || *v < -128;

        *v = *v > 127 ? 127 : *v < -128 ? -128 : *v;
        if (cut && nearly) {
            *v = *v < 0 ? -129 : 128;
            nearly = 0;
        }
    }
}

/* The layer with its weights packed, if the table wants that; `packed` is to be dropped. */
static ainn_dense pack(const ainn_kernels *table, const ainn_dense *layer, buffer *packed)
{
    ainn_dense dense = *layer;

    dense.packed_block = table->pack ? table->packed_block(layer) : 0;
    *packed = make(dense.packed_block * (size_t)(layer->out / AINN_LANE));
    if (dense.packed_block) {
        table->pack(packed->data, &dense);
        dense.packed = packed->data;
    }
    return dense;
}

/* The segments without some of those that are zero, which are skipped. Returns how many are left. */
static int leave_out(ainn_segment *left, const ainn_segment *segments, int count, const char *zero)
{
    int kept = 0, skip = 0;

    for (int s = 0; s < count; s++) {
        if (zero[s]) {
            skip += segments[s].channels;
        } else {
            left[kept] = segments[s];
            left[kept++].skip = skip;
            skip = 0;
        }
    }
    return kept;
}

/* Makes the three weights of each row of taps add up to an even number, as Winograd's products need it. The odd one of them gets smaller. */
static void make_rows_even(int16_t *weights, size_t channels, int out)
{
    for (int o = 0; o < out; o++)
        for (size_t i = 0; i < 3 * channels; i++) {
            int16_t *const first = weights + (size_t)(o / AINN_LANE) * AINN_LANE * 9 * channels + dense_offset(i / channels * 3 * channels + i % channels) +
                                   2 * (o % AINN_LANE);
            int16_t *const tap[3] = {first, first + channels * AINN_LANE, first + 2 * channels * AINN_LANE};

            for (int t = 0; t < 3 && (*tap[0] + *tap[1] + *tap[2]) % 2; t++)
                if (*tap[t] % 2)
                    *tap[t] += *tap[t] > 0 ? -1 : 1;
        }
}

static void check_dense(const ainn_kernels *reference, const ainn_kernels *table, const dense_case *c)
{
    static const int bounds[] = {8191, 16383, 32767, 127};
    const int bound_in = bounds[check_random() % 3], wide = check_random() & 1;
    ainn_segment segments[AINN_MAX_SEGMENTS], left[AINN_MAX_SEGMENTS];
    char zero[AINN_MAX_SEGMENTS] = {0};
    buffer inputs[AINN_MAX_SEGMENTS], weights, bias, shift, residual, packed, outputs[3];
    size_t total = 0, out_step = (size_t)c->out + (wide ? (size_t)check_between(0, 33) : 0);
    size_t residual_step = c->residual == 2 ? out_step : (size_t)c->out + (wide ? (size_t)check_between(0, 9) : 0);
    const size_t out_size = ((c->positions - 1) * out_step + (size_t)c->out) * sizeof(int16_t);
    ainn_dense packed_layer, layer = {.out = c->out, .taps = c->taps, .leaky = c->leaky, .bound = bounds[check_random() % 4], .in_bound = bound_in};

    snprintf(current, sizeof current, "dense (%s): %d segments, up to %d channels, %d outputs, %zu positions, leaky %d, pattern %d, residual %d, width %d",
             table->name, c->segments, c->channels, c->out, c->positions, c->leaky, c->pattern, c->residual, c->width);
    for (int s = 0; s < c->segments; s++) {
        if (c->taps == 9) {
            const size_t count = (c->positions + 2) * (size_t)c->channels;

            if (s % 3 == 0) {
                inputs[s] = make(count * sizeof(int16_t));
                fill(inputs[s].data, count, bound_in, c->pattern);
            }
            segments[s] = (ainn_segment){(int16_t *)inputs[s / 3 * 3].data + s % 3 * c->channels, (size_t)c->channels, c->channels, 0};
            total += (size_t)c->channels;
            continue;
        }
        const int channels = s ? AINN_LANE * check_between(1, c->channels / AINN_LANE) : c->channels;
        const size_t step = (size_t)channels + (wide ? (size_t)check_between(0, 50) : 0);
        const size_t count = (c->positions - 1) * step + (size_t)channels;

        inputs[s] = make(count * sizeof(int16_t));
        zero[s] = s && check_random() % 4 == 0;
        if (zero[s])
            memset(inputs[s].data, 0, count * sizeof(int16_t));
        else
            fill(inputs[s].data, count, bound_in, c->pattern);
        segments[s] = (ainn_segment){inputs[s].data, step, channels, 0};
        total += (size_t)channels;
    }
    layer.block = AINN_LANE * total;
    weights = make(layer.block * (size_t)(c->out / AINN_LANE) * sizeof(int16_t));
    bias = make((size_t)c->out * sizeof(int32_t));
    shift = make((size_t)c->out);
    for (int o = 0; o < c->out; o++)
        fill_output((int16_t *)weights.data + (size_t)(o / AINN_LANE) * layer.block, total, (int32_t *)bias.data + o, (uint8_t *)shift.data + o,
                    bound_in, c->pattern, dense_offset, o % AINN_LANE);
    if (c->taps == 9) {                          /* some channels of each tap without weights */
        layer.used = c->channels - check_between(0, 13);
        for (size_t i = 0; i < total; i++)
            for (int o = 0; o < c->out && (int)(i % (size_t)c->channels) >= layer.used; o++)
                ((int16_t *)weights.data)[(size_t)(o / AINN_LANE) * layer.block + (size_t)dense_offset(i) + 2 * (size_t)(o % AINN_LANE)] = 0;
    }
    if (c->taps == 9 && check_random() & 1)
        make_rows_even(weights.data, (size_t)c->channels, c->out);
    if (c->width != WIDE)
        narrow_weights(weights.data, layer.block * (size_t)(c->out / AINN_LANE), c->width);
    layer.weights = weights.data;
    layer.bias = bias.data;
    layer.shift = shift.data;

    outputs[0] = make(out_size);
    outputs[1] = make(out_size);
    outputs[2] = make(out_size);
    residual = make(((c->positions - 1) * residual_step + (size_t)c->out) * sizeof(int16_t));
    fill(residual.data, (c->positions - 1) * residual_step + (size_t)c->out, 16383, c->pattern);
    packed_layer = pack(table, &layer, &packed);
    for (int i = 0; i < 3; i++) {                /* the reference, the table, the table with packed weights */
        const int16_t *added = c->residual == 0 ? NULL : c->residual == 1 ? residual.data : outputs[i].data;

        if (c->residual == 2)
            memcpy(outputs[i].data, residual.data, out_size);
        if (i)
            table->dense(outputs[i].data, out_step, c->positions, i == 1 ? &layer : &packed_layer, left, leave_out(left, segments, c->segments, zero), added, residual_step);
        else
            reference->dense(outputs[i].data, out_step, c->positions, &layer, segments, c->segments, added, residual_step);
    }
    verdict(same(&outputs[0], &outputs[1]));
    verdict(same(&outputs[0], &outputs[2]));
    for (int s = 0; s < c->segments; s++)
        if (c->taps != 9 || s % 3 == 0)
            drop(&inputs[s]);
    drop(&weights), drop(&bias), drop(&shift), drop(&residual), drop(&packed), drop(&outputs[0]), drop(&outputs[1]), drop(&outputs[2]);
}

static void check_all_dense(const ainn_kernels *reference, const ainn_kernels *table, int width)
{
    static const int segment_counts[] = {1, 2, 9, 25};
    static const size_t large[] = {48, 97, 200};

    for (size_t positions = 1; positions <= 37; positions++)             /* every tail of positions and blocks */
        for (int out = AINN_LANE; out <= 7 * AINN_LANE; out += AINN_LANE)
            check_dense(reference, table, &(dense_case){1, AINN_LANE * check_between(1, width == WIDE ? 4 : 24), out, positions, (int)(positions & 1),
                                                        (int)(check_random() % PATTERNS), (int)(check_random() % 3), 1, width});
    for (size_t positions = 1; positions <= 70; positions++)             /* 3x3 of few channels, and of some more */
        for (int channels = AINN_LANE; channels <= 3 * AINN_LANE; channels += AINN_LANE)
            check_dense(reference, table, &(dense_case){9, channels, AINN_LANE * check_between(1, 3), positions < 65 ? positions : positions * 4,
                                                        (int)(positions & 1), (int)(check_random() % PATTERNS), (int)(check_random() % 3), 9, width});
    for (int i = 0; i < 4; i++)
        for (int pattern = 0; pattern < PATTERNS; pattern++)
            for (int residual = 0; residual < 3; residual++)
                for (int large_index = 0; large_index < 3; large_index++)
                    check_dense(reference, table, &(dense_case){segment_counts[i], AINN_LANE * check_between(1, segment_counts[i] > 2 ? 4 : 32),
                                                                AINN_LANE * check_between(1, 12), large[large_index], large_index & 1, pattern, residual, 1, width});
}

/* ---- Depthwise ---- */

static void check_depthwise(const ainn_kernels *reference, const ainn_kernels *table, int channels, size_t positions, int pattern)
{
    const size_t count = (positions + 2) * (size_t)channels, size = positions * (size_t)channels * sizeof(int16_t);
    buffer rows[3], weights = make(9 * (size_t)channels * sizeof(int16_t)), bias = make((size_t)channels * sizeof(int32_t));
    buffer shift = make((size_t)channels), outputs[2] = {make(size), make(size)};
    const int16_t *at[3];
    ainn_depthwise layer = {weights.data, bias.data, shift.data, channels, check_random() & 1 ? 8191 : check_between(1, 32767), check_random() % 4 != 0};

    snprintf(current, sizeof current, "depthwise (%s): %d channels, %zu positions, pattern %d", table->name, channels, positions, pattern);
    for (int r = 0; r < 3; r++) {
        rows[r] = make(count * sizeof(int16_t));
        fill(rows[r].data, count, 8191, pattern);
        at[r] = (int16_t *)rows[r].data + channels;
    }
    for (int c = 0; c < channels; c++) {
        int16_t taps[32 * 9];

        fill_output(taps, 9, (int32_t *)bias.data + c, (uint8_t *)shift.data + c, 8191, pattern, dense_offset, 0);
        for (int t = 0; t < 9; t++)
            ((int16_t *)weights.data)[t * channels + c] = taps[dense_offset((size_t)t)];
    }
    reference->depthwise(outputs[0].data, positions, &layer, at);
    table->depthwise(outputs[1].data, positions, &layer, at);
    verdict(same(&outputs[0], &outputs[1]));
    for (int r = 0; r < 3; r++)
        drop(&rows[r]);
    drop(&weights), drop(&bias), drop(&shift), drop(&outputs[0]), drop(&outputs[1]);
}

static void check_all_depthwise(const ainn_kernels *reference, const ainn_kernels *table)
{
    for (int channels = AINN_LANE; channels <= 8 * AINN_LANE; channels += AINN_LANE)
        for (size_t positions = 1; positions <= 20; positions++)
            check_depthwise(reference, table, channels, positions, (int)(check_random() % PATTERNS));
    for (int pattern = 0; pattern < PATTERNS; pattern++)
        check_depthwise(reference, table, 512, 61, pattern);
}

/* ---- Couplings ---- */

/* A table of the spec's kind: exp(tanh(x / 2)) has no place in integer code, a line through its range does as well. */
static void make_table(int16_t table[2][64], int low, int high, int wild)
{
    for (int i = 0; i < 64; i++) {
        table[0][i] = (int16_t)(wild ? check_between(-32768, 32767) : low + (high - low) * i / 64);
        table[1][i] = (int16_t)(wild ? check_between(-32768, 32767) : (high - low) / 32);
    }
}

static void check_couple(const ainn_kernels *reference, const ainn_kernels *table, int channels, size_t positions, int pattern, int inverse)
{
    const size_t count = positions * (size_t)channels, size = count * sizeof(int16_t);
    buffer x = make(size), st = make(2 * size), outputs[2] = {make(size), make(size)}, scale = make(2 * 64 * sizeof(int16_t));
    const int in_place = check_random() & 1;

    snprintf(current, sizeof current, "couple_%s (%s): %d channels, %zu positions, pattern %d", inverse ? "inverse" : "forward",
             table->name, channels, positions, pattern);
    make_table(scale.data, -10355, 28147, check_random() & 1);
    fill(x.data, count, 16383, pattern);
    fill(st.data, 2 * count, 16383, pattern);
    for (int i = 0; i < 2; i++) {
        const ainn_kernels *k = i ? table : reference;

        if (in_place)
            memcpy(outputs[i].data, x.data, size);
        (inverse ? k->couple_inverse : k->couple_forward)(outputs[i].data, in_place ? outputs[i].data : x.data, st.data, positions, channels,
                                                          scale.data);
    }
    verdict(same(&outputs[0], &outputs[1]));
    drop(&x), drop(&st), drop(&outputs[0]), drop(&outputs[1]), drop(&scale);
}

static void check_all_couplings(const ainn_kernels *reference, const ainn_kernels *table)
{
    for (int inverse = 0; inverse < 2; inverse++)
        for (int channels = AINN_LANE; channels <= 13 * AINN_LANE; channels += AINN_LANE)
            for (int pattern = 0; pattern < PATTERNS; pattern++)
                for (size_t positions = 1; positions <= 7; positions += 2)
                    check_couple(reference, table, channels, pattern ? positions : 40 * positions, pattern, inverse);
}

/* ---- The way back of a search ---- */

static void check_couple_slopes(const ainn_kernels *reference, const ainn_kernels *table, int channels, size_t positions, int pattern)
{
    const size_t count = positions * (size_t)channels, size = count * sizeof(int16_t);
    buffer x = make(size), st = make(2 * size), scale = make(2 * 64 * sizeof(int16_t)), slopes[2] = {make(2 * size), make(2 * size)};

    snprintf(current, sizeof current, "couple_slopes (%s): %d channels, %zu positions, pattern %d", table->name, channels, positions, pattern);
    make_table(scale.data, -10355, 28147, check_random() & 1);
    fill(x.data, count, 16383, pattern);
    fill(st.data, 2 * count, 16383, pattern);
    for (int i = 0; i < 2; i++)
        (i ? table : reference)->couple_slopes(slopes[i].data, x.data, st.data, positions, channels, scale.data);
    verdict(same(&slopes[0], &slopes[1]));
    drop(&x), drop(&st), drop(&scale), drop(&slopes[0]), drop(&slopes[1]);
}

/* Tables mark in orders of their own. */
static void check_leak_back(const ainn_kernels *reference, const ainn_kernels *table, size_t count, int pattern)
{
    const size_t size = count * sizeof(int16_t);
    buffer values = make(size), derivatives[2] = {make(size), make(size)};

    snprintf(current, sizeof current, "leak_back (%s): %zu values, pattern %d", table->name, count, pattern);
    fill(values.data, count, 32767, (int)(check_random() % PATTERNS));
    fill(derivatives[0].data, count, 32767, pattern);
    memcpy(derivatives[1].data, derivatives[0].data, size);
    for (int i = 0; i < 2; i++) {
        const ainn_kernels *k = i ? table : reference;
        buffer marks = make(AINN_MARKS(count) * sizeof(int16_t));

        k->leak_marks(marks.data, values.data, count);
        k->leak_back(derivatives[i].data, marks.data, count);
        drop(&marks);
    }
    verdict(same(&derivatives[0], &derivatives[1]));
    drop(&values), drop(&derivatives[0]), drop(&derivatives[1]);
}

/* Values of all sizes; some are zero. */
static buffer make_floats(size_t count)
{
    buffer b = make(count * sizeof(float));

    for (size_t i = 0; i < count; i++)
        ((float *)b.data)[i] = (float)check_between(-100000, 100000) / (float)(1 << check_random() % 24) * (check_random() % 8 != 0);
    return b;
}

static void check_floats(const ainn_kernels *reference, const ainn_kernels *table, int channels, size_t positions)
{
    const size_t count = positions * (size_t)channels;
    buffer factors = make_floats(2 * (size_t)channels), slopes = make(2 * count * sizeof(int16_t)), values[2], integers[2];
    float most[2];

    snprintf(current, sizeof current, "floats (%s): %d channels, %zu positions", table->name, channels, positions);
    fill(slopes.data, 2 * count, 32767, 0);
    for (int i = 0; i < 2; i++) {
        values[i] = make_floats(count);
        integers[i] = make(2 * count * sizeof(int16_t));
    }
    memcpy(values[1].data, values[0].data, count * sizeof(float));
    for (int i = 0; i < 2; i++) {
        const ainn_kernels *k = i ? table : reference;

        k->float_couple(integers[i].data, values[i].data, slopes.data, factors.data, positions, channels);
        k->float_restore(values[i].data, integers[i].data, factors.data, positions, channels, 1);
        most[i] = k->float_most(values[i].data, factors.data, positions, channels);
    }
    verdict(same(&values[0], &values[1]) && same(&integers[0], &integers[1]) && most[0] == most[1]);
    for (int i = 0; i < 2; i++) {
        const ainn_kernels *k = i ? table : reference;

        k->float_quantise(integers[i].data, values[i].data, factors.data, positions, channels);
        k->float_restore(values[i].data, slopes.data, factors.data, positions, channels, 0);
    }
    verdict(same(&values[0], &values[1]) && same(&integers[0], &integers[1]));
    for (int i = 0; i < 2; i++)
        drop(&values[i]), drop(&integers[i]);
    drop(&factors), drop(&slopes);
}

static void check_all_back(const ainn_kernels *reference, const ainn_kernels *table)
{
    for (int channels = AINN_LANE; channels <= 13 * AINN_LANE; channels += AINN_LANE)
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            for (size_t positions = 1; positions <= 7; positions += 2)
                check_couple_slopes(reference, table, channels, pattern ? positions : 40 * positions, pattern);
            check_leak_back(reference, table, (size_t)(channels * check_between(1, 9)), pattern);
            check_floats(reference, table, channels, (size_t)check_between(1, 20));
        }
}

/* ---- Pixels ---- */

static void check_box_means(const ainn_kernels *reference, const ainn_kernels *table, size_t width, int pattern)
{
    buffer rows[7], outputs[2][3];
    const int16_t *at[7];
    int good = 1;

    snprintf(current, sizeof current, "box_means (%s): width %zu, pattern %d", table->name, width, pattern);
    for (int r = 0; r < 7; r++) {
        rows[r] = make((width + 6) * sizeof(int16_t));
        fill(rows[r].data, width + 6, 8191, pattern);
        at[r] = (int16_t *)rows[r].data + 3;
    }
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++)
            outputs[i][k] = make(width * sizeof(int16_t));
        (i ? table : reference)->box_means(outputs[i][0].data, outputs[i][1].data, outputs[i][2].data, width, at);
    }
    for (int k = 0; k < 3; k++) {
        good &= same(&outputs[0][k], &outputs[1][k]);
        drop(&outputs[0][k]), drop(&outputs[1][k]);
    }
    verdict(good);
    for (int r = 0; r < 7; r++)
        drop(&rows[r]);
}

static void check_interleave(const ainn_kernels *reference, const ainn_kernels *table, size_t positions, int pattern)
{
    buffer planes[24], outputs[2][3];
    const int16_t *x[6], *mean[3][6];
    int good = 1;

    snprintf(current, sizeof current, "interleave (%s): %zu positions, pattern %d", table->name, positions, pattern);
    for (int k = 0; k < 24; k++) {
        planes[k] = make(2 * positions * sizeof(int16_t));
        fill(planes[k].data, 2 * positions, 8191, pattern);
        if (k < 6)
            x[k] = planes[k].data;
        else
            mean[k / 6 - 1][k % 6] = planes[k].data;
    }
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 3; k++) {
            outputs[i][k] = make(positions * (k ? 48 : 16) * sizeof(int16_t));
            memset(outputs[i][k].data, 0, positions * (k ? 48 : 16) * sizeof(int16_t));
        }
        (i ? table : reference)->interleave(outputs[i][0].data, outputs[i][1].data, outputs[i][2].data, positions, x, (const int16_t *const (*)[6])mean);
    }
    for (int k = 0; k < 3; k++) {
        good &= same(&outputs[0][k], &outputs[1][k]);
        drop(&outputs[0][k]), drop(&outputs[1][k]);
    }
    verdict(good);
    for (int k = 0; k < 24; k++)
        drop(&planes[k]);
}

static void check_synthesise(const ainn_kernels *reference, const ainn_kernels *table, size_t positions, int pattern, int frac)
{
    buffer both = make(positions * 32 * sizeof(int16_t)), mask = make(positions * 16 * sizeof(int16_t)), planes[2][6];
    int16_t sigmoid[2][64];
    int good = 1;

    snprintf(current, sizeof current, "synthesise (%s): %zu positions, pattern %d, pixel_frac %d", table->name, positions, pattern, frac);
    make_table(sigmoid, 0, 16384, check_random() % 4 == 0);
    fill(both.data, positions * 32, 16383, pattern);
    fill(mask.data, positions * 16, pattern ? 32767 : 8191, pattern);
    for (int i = 0; i < 2; i++) {
        uint32_t *to[3][2];

        for (int k = 0; k < 6; k++) {
            planes[i][k] = make(2 * positions * sizeof(uint32_t));
            to[k / 2][k % 2] = planes[i][k].data;
        }
        (i ? table : reference)->synthesise((uint32_t *const (*)[2])to, both.data, mask.data, positions, (const int16_t (*)[64])sigmoid, frac);
    }
    for (int k = 0; k < 6; k++) {
        good &= same(&planes[0][k], &planes[1][k]);
        drop(&planes[0][k]), drop(&planes[1][k]);
    }
    verdict(good);
    drop(&both), drop(&mask);
}

static void check_rotate(const ainn_kernels *reference, const ainn_kernels *table, size_t count, uint32_t depth, int frac)
{
    const uint32_t max = (1u << depth) - 1;
    buffer samples[3], outputs[2][3];
    const uint16_t *in[3];
    ainn_rotation rotation;
    int good = 1;

    snprintf(current, sizeof current, "rotate (%s): %zu pixels, depth %u, pixel_frac %d", table->name, count, depth, frac);
    ainn_rotation_init(&rotation, depth, frac);
    for (int c = 0; c < 3; c++) {
        uint16_t *data = (samples[c] = make(count * sizeof(uint16_t))).data;

        for (size_t i = 0; i < count; i++)
            data[i] = (uint16_t)(check_random() % 8 ? check_random() % (max + 1) : check_random() % 2 * max);
        in[c] = data;
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++)
            outputs[i][j] = make(count * sizeof(int16_t));
        (i ? table : reference)->rotate((int16_t *const[3]){outputs[i][0].data, outputs[i][1].data, outputs[i][2].data}, in, count, &rotation);
    }
    for (int j = 0; j < 3; j++) {
        good &= same(&outputs[0][j], &outputs[1][j]);
        drop(&outputs[0][j]), drop(&outputs[1][j]), drop(&samples[j]);
    }
    verdict(good);
}

static void check_store(const ainn_kernels *reference, const ainn_kernels *table, size_t count, ptrdiff_t stride, uint32_t max, int pattern)
{
    const int bytes = max == 255 ? 1 : 2;
    const size_t size = (count - 1) * (size_t)stride + (size_t)bytes;
    buffer u = make(count * sizeof(uint32_t)), outputs[2] = {make(size), make(size)};

    snprintf(current, sizeof current, "store%d (%s): %zu samples, stride %td, max %u", 8 * bytes, table->name, count, stride, max);
    for (size_t i = 0; i < count; i++)
        ((uint32_t *)u.data)[i] = pattern == RANDOM ? check_random() % 65537 : pattern == HIGH ? 65536 : pattern == LOW ? 0 : check_random() % 2 * 65536;
    for (int i = 0; i < 2; i++) {
        if (bytes == 1)
            (i ? table : reference)->store8(outputs[i].data, stride, u.data, count);
        else
            (i ? table : reference)->store16(outputs[i].data, stride, u.data, count, max);
    }
    verdict(same(&outputs[0], &outputs[1]));
    drop(&u), drop(&outputs[0]), drop(&outputs[1]);
}

static void check_all_pixels(const ainn_kernels *reference, const ainn_kernels *table)
{
    static const uint32_t maxima[] = {255, 511, 1023, 4095, 16383, 65535};

    for (size_t size = 1; size <= 70; size++)
        for (int pattern = 0; pattern < PATTERNS; pattern++) {
            check_box_means(reference, table, size, pattern);
            check_interleave(reference, table, size, pattern);
            check_synthesise(reference, table, size, pattern, check_random() % 3 ? 10 : check_between(0, 10));
            for (int m = 0; m < 6; m++) {
                static const ptrdiff_t strides[] = {1, 2, 3, 4, 7};

                check_store(reference, table, size, m ? 2 * strides[check_random() % 5] : strides[size % 5], maxima[m], pattern);
            }
        }
    for (uint32_t depth = 8; depth <= 16; depth++)
        for (int frac = 0; frac <= 10; frac++)
            check_rotate(reference, table, (size_t)check_between(1, 100), depth, frac);
    for (int pattern = 0; pattern < PATTERNS; pattern++) {
        check_box_means(reference, table, 1003, pattern);
        check_synthesise(reference, table, 515, pattern, 10);
        check_store(reference, table, 1003, 1, 255, pattern);
        check_store(reference, table, 1003, 3, 255, pattern);
        check_store(reference, table, 1003, 2, 65535, pattern);
    }
}

int main(int argc, char **argv)
{
    const ainn_kernels *const *tables = ainn_kernels_all();

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--bench"))
            return check_benchmark(tables, i + 1 < argc ? argv[i + 1] : NULL);
        if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
            state ^= strtoull(argv[++i], NULL, 0) * 0x9e3779b97f4a7c15u;
            continue;
        }
        fprintf(stderr, "usage: checkkernels [--seed N] [--bench [TABLE]]\n");
        return 2;
    }
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    for (int i = 1; tables[i]; i++) {
        if (!strcmp(tables[i]->name, "openblas")) {
            snprintf(current, sizeof current, "OpenBLAS is installed");
            verdict(ainn_openblas_loads());
        }
        for (int width = 0; width < WIDTHS; width++)
            check_all_dense(tables[0], tables[i], width);
        check_all_depthwise(tables[0], tables[i]);
        check_all_back(tables[0], tables[i]);
        check_all_couplings(tables[0], tables[i]);
        check_all_pixels(tables[0], tables[i]);
        printf("%s: checked against %s\n", tables[i]->name, tables[0]->name);
    }
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed > 0;
}
