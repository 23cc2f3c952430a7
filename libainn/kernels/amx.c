/*
 * `dense` with AMX tiles of 8-bit products, exactly: x = 256 xh + xl and w = 256 wh + wl, high bytes signed and low ones
 * unsigned, so that the sum of w x is that of 65536 wh xh + 256 (wh xl + wl xh) + wl xl. Sums may wrap modulo 2^32, where
 * the whole is known to be.
 *
 * A tile instruction multiplies 16 positions by 64 inputs by 16 outputs. Byte 4 r + i of a row of a tile, for r = 0..15, is input
 * 2 r, 32 + 2 r, 2 r + 1, 33 + 2 r of the 64 (i = 0..3): the order in which bytes of two vectors of 16-bit values blend. Weights are
 * split once for a model (`pack`), inputs at every call.
 *
 * Six tiles hold the three kinds of sums of two results at a time, either two blocks of outputs or two groups of positions: so each
 * operand is loaded about once for a product, and requantising the two results before fits beside the products.
 *
 * Narrow weights, those of a layer that all fit a signed byte, have no wh: two products and kinds of sums in place of four and three.
 * Requantising and storing are then what takes the longest, and how they are spread decides.
 */
#include "kernels/build.h"

#ifdef AINN_AMX_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/x86.h"

#define TARGET __attribute__((target(AINN_AVX512 ",avx512vbmi,avx512vnni,amx-tile,amx-int8")))
#define INLINE static inline __attribute__((always_inline, target(AINN_AVX512 ",avx512vbmi,avx512vnni,amx-tile,amx-int8")))

#define TILE 1024                        /* bytes of a tile: 16 rows of 64 */
#define STEP 64                          /* inputs of a tile */
#define GROUPS 4                         /* of 16 inputs, of a step */
#define MAX_STEPS 64
#define INPUT_BYTES (MAX_STEPS * 2 * TILE)     /* of split inputs, on the stack: 16 positions of the widest layer */
#define NARROW_BYTES (16 * TILE)         /* of narrow layers' split inputs, twice 16 positions if possible: so few that splitting the next
                                          * ones runs beside the products */
#define MAX_FEW 32                       /* channels of 3x3 layers whose inputs are split row by row */
#define CHUNK_FEW 128                    /* positions of those at a time */
#define FEW_POSITIONS 6                  /* fewer are not worth a tile */

/* Where the 16 channels of a group come from. */
typedef struct source {
    const int16_t *data;
    size_t step;
} source;

/* 64 inputs that are not all known to be zero. */
typedef struct step {
    source group[GROUPS];
    size_t index;                        /* of the 64 among all of the layer */
    int whole;                           /* the groups are side by side */
} step;

typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t columns[16];
    uint8_t rows[16];
} tile_config;

/* Low bytes of two vectors, interleaved; and high ones. Where `even` is set the first, elsewhere the second. */
INLINE __m512i low_bytes(__m512i a, __m512i b)
{
    const __m512i even = _mm512_set1_epi16(255);

    return _mm512_ternarylogic_epi32(even, a, _mm512_slli_epi16(b, 8), 0xca);
}

INLINE __m512i high_bytes(__m512i a, __m512i b)
{
    const __m512i even = _mm512_set1_epi16(255);

    return _mm512_ternarylogic_epi32(even, _mm512_srli_epi16(a, 8), b, 0xca);
}

/* ---- Weights: [block][step][low, high], or [block][step] of narrow ones ---- */

/* Channels of a tap where the layer is a 3x3 of few; 0: it is packed like all others. */
static size_t few_channels(const ainn_dense *layer)
{
    const size_t channels = layer->block / AINN_LANE / 9;

    return layer->taps == 9 && channels <= MAX_FEW && layer->block == channels * 9 * AINN_LANE ? channels : 0;
}

/* Those of few that are split: a multiple of 4, which is what a tile adds up. */
static size_t used_channels(const ainn_dense *layer)
{
    const size_t channels = few_channels(layer), used = ((size_t)layer->used + 3) / 4 * 4;

    return used && used < channels ? used : channels;
}

static size_t steps_of(const ainn_dense *layer)
{
    const size_t inputs = few_channels(layer) ? 9 * used_channels(layer) : layer->block / AINN_LANE;

    return (inputs + STEP - 1) / STEP;
}

/* Whether all weights of a block, of which there are whole vectors, are from -128 to 127. */
TARGET static int fits_bytes(const int16_t *weights, size_t count)
{
    __m512i seen = _mm512_setzero_si512();

    for (size_t i = 0; i < count; i += 32)
        seen = _mm512_or_si512(seen, _mm512_add_epi16(_mm512_loadu_si512(weights + i), _mm512_set1_epi16(128)));
    return !_mm512_test_epi16_mask(seen, _mm512_set1_epi16(-256));
}

static size_t packed_block(const ainn_dense *layer)
{
    const size_t steps = steps_of(layer), blocks = (size_t)layer->out / AINN_LANE;

    if (steps > MAX_STEPS)
        return 0;
    for (size_t b = 0; b < blocks; b++)
        if (!fits_bytes(layer->weights + b * layer->block, layer->block))
            return steps * 2 * TILE;
    return steps * TILE;
}

/* What packed_block() found out. */
static int is_narrow(const ainn_dense *layer)
{
    return layer->packed_block == steps_of(layer) * TILE;
}

/* Inputs in the order that split_rows() gives them. */
static void pack_few(uint8_t *to, const ainn_dense *layer, size_t channels, size_t used)
{
    const int narrow = is_narrow(layer);

    for (size_t b = 0; b < (size_t)layer->out / AINN_LANE; b++)
        for (size_t k = 0; k < steps_of(layer); k++, to += narrow ? TILE : 2 * TILE)
            for (size_t at = 0; at < TILE; at++) {
                const size_t input = k * STEP + at / STEP * 4 + at % 4, output = at % STEP / 4;
                const size_t column = input / (3 * used), row = input / used % 3;
                const size_t from = (3 * row + column) * channels + input % used;
                const int w = column < 3 ? layer->weights[b * layer->block + from / 2 * 2 * AINN_LANE + 2 * output + from % 2] : 0;

                to[at] = (uint8_t)(w & 255);
                if (!narrow)
                    to[TILE + at] = (uint8_t)(w >> 8 & 255);
            }
}

TARGET static void pack(uint8_t *to, const ainn_dense *layer)
{
    const size_t pairs = layer->block / (2 * AINN_LANE), steps = steps_of(layer);
    const int narrow = is_narrow(layer);

    if (few_channels(layer)) {
        pack_few(to, layer, few_channels(layer), used_channels(layer));
        return;
    }
    for (size_t b = 0; b < (size_t)layer->out / AINN_LANE; b++) {
        const int16_t *w = layer->weights + b * layer->block;

        for (size_t k = 0; k < steps; k++, to += narrow ? TILE : 2 * TILE)
            for (size_t r = 0; r < 16; r++) {
                const size_t pair = k * STEP / 2 + r;
                const __m512i first = pair < pairs ? _mm512_loadu_si512(w + pair * 32) : _mm512_setzero_si512();
                const __m512i second = pair + 16 < pairs ? _mm512_loadu_si512(w + (pair + 16) * 32) : _mm512_setzero_si512();

                _mm512_store_si512(to + r * STEP, low_bytes(first, second));
                if (!narrow)
                    _mm512_store_si512(to + TILE + r * STEP, high_bytes(first, second));
            }
    }
}

/* ---- Inputs: [16 positions][step][low, high] ---- */

INLINE void split(uint8_t *to, __m512i a, __m512i b)
{
    _mm512_store_si512(to, low_bytes(a, b));
    _mm512_store_si512(to + TILE, high_bytes(a, b));
}

INLINE __m512i load_groups(const source *groups, size_t position)
{
    const __m256i first = _mm256_loadu_si256((const __m256i *)(groups[0].data + position * groups[0].step));
    const __m256i second = _mm256_loadu_si256((const __m256i *)(groups[1].data + position * groups[1].step));

    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}

static int side_by_side(const source *groups)
{
    return groups[1].data == groups[0].data + AINN_LANE && groups[2].data == groups[0].data + 2 * AINN_LANE &&
           groups[3].data == groups[0].data + 3 * AINN_LANE && groups[1].step == groups[0].step && groups[2].step == groups[0].step &&
           groups[3].step == groups[0].step;
}

/* Up to 16 positions. */
INLINE void split_positions(uint8_t *to, const step *step, size_t first, size_t count)
{
    const source *const groups = step->group;
    const int16_t *from = groups[0].data + first * groups[0].step;

    if (step->whole)
        for (size_t p = 0; p < count; p++, to += STEP, from += groups[0].step)
            split(to, _mm512_loadu_si512(from), _mm512_loadu_si512(from + 32));
    else
        for (size_t p = first; p < first + count; p++, to += STEP)
            split(to, load_groups(groups, p), load_groups(groups + 2, p));
}

/* The inputs of a 3x3: [position][row][used channel], low bytes in one plane and high ones in the other, so that all nine taps of a
 * position are neighbours, split once and not nine times. Tiles overlap. Channels that are not used are stored over by what follows. */
INLINE void split_rows(uint8_t *low, uint8_t *high, const ainn_segment *segments, size_t first, size_t count, size_t channels, size_t used)
{
    const __m512i even = _mm512_set_epi8(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7,
                                         5, 3, 1, 62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 18, 16, 14, 12,
                                         10, 8, 6, 4, 2, 0);

    for (size_t p = first; p < first + count; p++)
        for (size_t row = 0; row < 3; row++, low += used, high += used) {
            const int16_t *from = segments[3 * row].data + p * channels;

            if (channels == AINN_LANE) {
                const __m512i v = _mm512_permutexvar_epi8(even, _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)from)));

                _mm_storeu_si128((__m128i *)low, _mm512_castsi512_si128(v));
                _mm_storeu_si128((__m128i *)high, _mm512_extracti32x4_epi32(v, 2));
            } else {
                const __m512i v = _mm512_permutexvar_epi8(even, _mm512_loadu_si512(from));

                _mm256_storeu_si256((__m256i *)low, _mm512_castsi512_si256(v));
                _mm256_storeu_si256((__m256i *)high, _mm512_extracti64x4_epi64(v, 1));
            }
        }
}

/* Whether the segments are the nine taps of neighbouring positions. */
static int taps_are_neighbours(const ainn_segment *segments, int segment_count, size_t channels)
{
    int neighbours = segment_count == 9;

    for (int t = 0; t < 9 && neighbours; t++)
        neighbours = segments[t].data == segments[t / 3 * 3].data + (size_t)(t % 3) * channels && segments[t].step == channels &&
                     segments[t].channels == (int)channels && !segments[t].skip;
    return neighbours;
}

/* The groups of all segments, in the steps that the weights have them in; zeros fill up what is left out of a step.
 * Steps of which nothing is left are not listed. Returns how many are. */
static size_t list_steps(step *steps, const ainn_segment *segments, int segment_count)
{
    static const int16_t zeros[AINN_LANE];
    size_t group = 0, count = 0;

    for (int s = 0; s < segment_count; s++) {
        group += (size_t)segments[s].skip / AINN_LANE;
        for (int c = 0; c < segments[s].channels; c += AINN_LANE, group++) {
            if (count == 0 || steps[count - 1].index != group / GROUPS) {
                for (int g = 0; g < GROUPS; g++)
                    steps[count].group[g] = (source){zeros, 0};
                steps[count++].index = group / GROUPS;
            }
            steps[count - 1].group[group % GROUPS] = (source){segments[s].data + c, segments[s].step};
        }
    }
    for (size_t k = 0; k < count; k++)
        steps[k].whole = side_by_side(steps[k].group);
    return count;
}

/* ---- Results ---- */

/* What a block of outputs has in common. */
typedef struct finish {
    _Alignas(64) int32_t start[16];      /* of the sums: bias, and what rounds where nothing comes between */
    __m512i half, shift, bound, low;
    int leaky;
} finish;

/* Kinds of sums: LOW, MIDDLE, HIGH; of narrow weights LOW and HIGH. */
enum { KINDS = 3 };

/* Sums of two tiles, to be put together and stored while the next two are multiplied. */
typedef struct result {
    int32_t (*sums)[256];                /* [2][kinds] */
    const finish *finish[2];
    int16_t *out[2];
    const int16_t *residual[2];
    size_t out_step, residual_step;
    int rows[2];                         /* of the second at most as many as of the first; 0 and 0: nothing to do */
} result;

INLINE void prepare(finish *f, const ainn_dense *layer, int first)
{
    const __m512i bias = _mm512_loadu_si512(layer->bias + first);

    f->shift = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(layer->shift + first)));
    f->half = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(f->shift, _mm512_set1_epi32(1)));
    f->bound = _mm512_set1_epi16((int16_t)layer->bound);
    f->low = _mm512_set1_epi16((int16_t)-layer->bound);
    f->leaky = layer->leaky;
    _mm512_store_si512(f->start, layer->leaky ? bias : _mm512_add_epi32(bias, f->half));
}

/* The sum whose kinds are side by side, times 256 from one to the next. */
INLINE __m512i whole_sum(const int32_t (*sums)[256], int narrow)
{
    __m512i upper = _mm512_load_si512(sums[1]);

    if (!narrow)
        upper = _mm512_add_epi32(upper, _mm512_slli_epi32(_mm512_load_si512(sums[2]), 8));
    return _mm512_add_epi32(_mm512_load_si512(sums[0]), _mm512_slli_epi32(upper, 8));
}

INLINE __m512i requantise(__m512i v, int leaky, __m512i half, __m512i shift)
{
    if (leaky)
        v = _mm512_add_epi32(_mm512_max_epi32(v, _mm512_srai_epi32(v, 3)), half);
    return _mm512_srav_epi32(v, shift);
}

INLINE __m512i add_residual(__m512i v, const int16_t *residual)
{
    return _mm512_add_epi32(v, _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)residual)));
}

/* What storing a row has to decide. The kinds but for the last are 16 rows of two blocks without a residual. */
enum { NO_ROWS, PLAIN_ROWS, LEAKY_ROWS, ANY_ROWS };

/* A result in registers: what the compiler could not know to be the same after a row is stored. */
typedef struct rows {
    result of;
    __m512i half[2], shift[2], bound, low;
    int leaky, wide, kind;
} rows;

INLINE rows load_rows(const result *result)
{
    const finish *const f = result->finish[0], *const g = result->finish[1];

    const int wide = result->out[1] == result->out[0] + AINN_LANE;
    const int simple = wide && !result->residual[0] && result->rows[0] == 16;

    return (rows){*result, {f->half, g->half}, {f->shift, g->shift}, f->bound, f->low, f->leaky, wide, simple ? f->leaky ? LEAKY_ROWS : PLAIN_ROWS : ANY_ROWS};
}

INLINE void store_row(const rows *r, int row, int kind, int narrow)
{
    const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    const int32_t (*sums)[256] = (const int32_t (*)[256])(r->of.sums[0] + 16 * row);
    int16_t *const out = r->of.out[0] + (size_t)row * r->of.out_step;
    __m512i a, b, both;

    if (kind == NO_ROWS || (kind == ANY_ROWS && row >= r->of.rows[0]))
        return;
    a = requantise(whole_sum(sums, narrow), kind == ANY_ROWS ? r->leaky : kind == LEAKY_ROWS, r->half[0], r->shift[0]);
    b = requantise(whole_sum(sums + (narrow ? 2 : 3), narrow), kind == ANY_ROWS ? r->leaky : kind == LEAKY_ROWS, r->half[1], r->shift[1]);
    if (kind == ANY_ROWS && r->of.residual[0]) {
        a = add_residual(a, r->of.residual[0] + (size_t)row * r->of.residual_step);
        if (row < r->of.rows[1])
            b = add_residual(b, r->of.residual[1] + (size_t)row * r->of.residual_step);
    }
    both = _mm512_permutexvar_epi64(order, _mm512_packs_epi32(a, b));
    both = _mm512_max_epi16(_mm512_min_epi16(both, r->bound), r->low);
    if (kind != ANY_ROWS || r->wide) {
        _mm512_storeu_si512(out, both);
    } else {
        _mm256_storeu_si256((__m256i *)out, _mm512_castsi512_si256(both));
        if (row < r->of.rows[1])
            _mm256_storeu_si256((__m256i *)(r->of.out[1] + (size_t)row * r->of.out_step), _mm512_extracti64x4_epi64(both, 1));
    }
}

INLINE void store_rows(const result *result, int first, int narrow)
{
    const rows r = load_rows(result);

    for (int row = first; row < 16; row++)
        store_row(&r, row, ANY_ROWS, narrow);
}

/* ---- Products ---- */

/* Everything of a call but what changes from result to result. */
typedef struct call {
    const ainn_dense *layer;
    const step *steps;                   /* NULL: all in order */
    size_t step_count;
    int16_t *out;
    const int16_t *residual;
    size_t out_step, residual_step;
    int32_t (*sums)[256];                /* [2 * KINDS]: a result is taken from here before the next one comes */
    finish (*finish)[2];                 /* [3]: of a pair of blocks, and of those before and after it */
} call;

/* Of the layer's steps the k-th that is listed. */
INLINE size_t step_index(const call *c, size_t k)
{
    return c->steps ? c->steps[k].index : k;
}

/* Bytes in split inputs from low bytes to high ones, from step to step, from position to position, and to the next 16 positions. */
typedef struct layout {
    size_t high, step;
    long stride;
    size_t next;
} layout;

INLINE void begin(const result *now)
{
    _tile_loadd(0, now->finish[0]->start, 0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_loadd(3, now->finish[1]->start, 0);
    _tile_zero(4);
    _tile_zero(5);
}

/* In the order in which they are finished. */
INLINE void end(const result *now)
{
    _tile_stored(0, now->sums[0], STEP);
    _tile_stored(3, now->sums[3], STEP);
    _tile_stored(5, now->sums[5], STEP);
    _tile_stored(2, now->sums[2], STEP);
    _tile_stored(1, now->sums[1], STEP);
    _tile_stored(4, now->sums[4], STEP);
}

/* One step of the sums of 16 positions and two blocks of outputs. A row of the result before, from `row` on, is stored after every
 * product, because the processor looks ahead not much further. The order keeps the two additions to each middle sum apart, because a
 * sum can be added to only every fourth instruction. */
INLINE void multiply_blocks(const layout *l, const uint8_t *x, const uint8_t *first, const uint8_t *second, const rows *before,
                            int row, int kind)
{
    _tile_loadd(6, x, l->stride);
    _tile_loadd(7, first, STEP);
    _tile_dpbuud(0, 6, 7);
    store_row(before, row + 0, kind, 0);
    _tile_loadd(7, first + TILE, STEP);
    _tile_dpbusd(1, 6, 7);
    store_row(before, row + 1, kind, 0);
    _tile_loadd(7, second, STEP);
    _tile_dpbuud(3, 6, 7);
    store_row(before, row + 2, kind, 0);
    _tile_loadd(7, second + TILE, STEP);
    _tile_dpbusd(4, 6, 7);
    store_row(before, row + 3, kind, 0);
    _tile_loadd(6, x + l->high, l->stride);
    _tile_dpbssd(5, 6, 7);
    store_row(before, row + 4, kind, 0);
    _tile_loadd(7, first + TILE, STEP);
    _tile_dpbssd(2, 6, 7);
    store_row(before, row + 5, kind, 0);
    _tile_loadd(7, first, STEP);
    _tile_dpbsud(1, 6, 7);
    store_row(before, row + 6, kind, 0);
    _tile_loadd(7, second, STEP);
    _tile_dpbsud(4, 6, 7);
    store_row(before, row + 7, kind, 0);
}

/* The same of twice 16 positions and one block. */
INLINE void multiply_positions(const layout *l, const uint8_t *first, const uint8_t *second, const uint8_t *w, const rows *before,
                               int row, int kind)
{
    _tile_loadd(6, w, STEP);
    _tile_loadd(7, first, l->stride);
    _tile_dpbuud(0, 7, 6);
    store_row(before, row + 0, kind, 0);
    _tile_loadd(7, first + l->high, l->stride);
    _tile_dpbsud(1, 7, 6);
    store_row(before, row + 1, kind, 0);
    _tile_loadd(7, second, l->stride);
    _tile_dpbuud(3, 7, 6);
    store_row(before, row + 2, kind, 0);
    _tile_loadd(7, second + l->high, l->stride);
    _tile_dpbsud(4, 7, 6);
    store_row(before, row + 3, kind, 0);
    _tile_loadd(6, w + TILE, STEP);
    _tile_dpbssd(5, 7, 6);
    store_row(before, row + 4, kind, 0);
    _tile_loadd(7, first + l->high, l->stride);
    _tile_dpbssd(2, 7, 6);
    store_row(before, row + 5, kind, 0);
    _tile_loadd(7, first, l->stride);
    _tile_dpbusd(1, 7, 6);
    store_row(before, row + 6, kind, 0);
    _tile_loadd(7, second, l->stride);
    _tile_dpbusd(4, 7, 6);
    store_row(before, row + 7, kind, 0);
}

/* One result from all steps: of 16 positions and two blocks, or, where there is a second x, of twice 16 positions and a block. */
INLINE void multiply_wide(const call *c, const layout *l, const result *now, const result *previous, const uint8_t *x, const uint8_t *second_x,
                          const uint8_t *w)
{
    const rows before = load_rows(previous);
    size_t k = 0;

    begin(now);
    for (; k < c->step_count; k++, x += l->step) {
        const uint8_t *const weights = w + step_index(c, k) * 2 * TILE, *const second = weights + c->layer->packed_block;
        const int row = 8 * (int)k, kind = k < 2 ? before.kind : NO_ROWS;

        if (second_x && kind == NO_ROWS)
            multiply_positions(l, x, second_x + k * l->step, weights, &before, row, NO_ROWS);
        else if (second_x)
            multiply_positions(l, x, second_x + k * l->step, weights, &before, row, ANY_ROWS);
        else if (kind == NO_ROWS)
            multiply_blocks(l, x, weights, second, &before, row, NO_ROWS);
        else if (kind == PLAIN_ROWS)
            multiply_blocks(l, x, weights, second, &before, row, PLAIN_ROWS);
        else if (kind == LEAKY_ROWS)
            multiply_blocks(l, x, weights, second, &before, row, LEAKY_ROWS);
        else
            multiply_blocks(l, x, weights, second, &before, row, ANY_ROWS);
    }
    if (k < 2)
        store_rows(previous, 8, 0);
    end(now);
}

/* ---- Products of narrow weights: two kinds of sums, 0 and 1 of one result, 2 and 3 of the other ---- */

/* A tile of sums (a macro, because the number has to be a constant): the end of that of the result before, the start of this one's. */
#define TAKE_OVER(tile, before, now)                            \
    do {                                                        \
        _tile_stored(tile, (before)->sums[tile], STEP);         \
        if ((tile) % 2)                                         \
            _tile_zero(tile);                                   \
        else                                                    \
            _tile_loadd(tile, (now)->finish[(tile) / 2]->start, 0); \
    } while (0)

INLINE void store_some(const rows *r, int row, int count, int kind)
{
    for (int i = 0; i < count && kind != NO_ROWS; i++)
        store_row(r, row + i, kind, 1);
}

/* One step, with `each` rows of the result before stored after every product. With `starts` it is the first one of a result, where that
 * before ends, one tile before each product: tiles stored all at once would fill up what the processor can keep of stores to be done,
 * and hold up loads. */
INLINE void step_narrow(const layout *l, const uint8_t *x, const uint8_t *second_x, const uint8_t *w, size_t block, const result *starts,
                        const rows *before, int row, int each, int kind)
{
    if (starts)
        TAKE_OVER(0, &before->of, starts);
    _tile_loadd(4, x, l->stride);
    _tile_loadd(6, w, STEP);
    _tile_dpbusd(0, 4, 6);
    store_some(before, row, each, kind);
    if (starts)
        TAKE_OVER(1, &before->of, starts);
    _tile_loadd(5, x + l->high, l->stride);
    _tile_dpbssd(1, 5, 6);
    store_some(before, row + each, each, kind);
    if (second_x) {
        _tile_loadd(4, second_x, l->stride);
        _tile_loadd(5, second_x + l->high, l->stride);
    } else {
        _tile_loadd(6, w + block, STEP);
    }
    if (starts)
        TAKE_OVER(2, &before->of, starts);
    _tile_dpbusd(2, 4, 6);
    store_some(before, row + 2 * each, each, kind);
    if (starts)
        TAKE_OVER(3, &before->of, starts);
    _tile_dpbssd(3, 5, 6);
    store_some(before, row + 3 * each, each, kind);
}

/* As multiply_wide(), but that the sums are left in their tiles, for the next call to store. Rows are stored from the second step on: as
 * few after each product as there are steps to spread them over. */
INLINE void multiply_narrow(const call *c, const layout *l, const result *now, const result *previous, const uint8_t *x, const uint8_t *second_x,
                            const uint8_t *w)
{
    const rows before = load_rows(previous);
    const size_t block = c->layer->packed_block;
    const int each = c->step_count <= 2 ? 4 : c->step_count <= 4 ? 2 : 1;
    int row = 0;

    step_narrow(l, x, second_x, w + step_index(c, 0) * TILE, block, now, &before, 0, 0, NO_ROWS);
    for (size_t k = 1; k < c->step_count; k++, row += 4 * each) {
        const uint8_t *const weights = w + step_index(c, k) * TILE;
        const int kind = row < 16 ? before.kind : NO_ROWS;

        x += l->step;
        second_x = second_x ? second_x + l->step : NULL;
        if (kind == NO_ROWS)
            step_narrow(l, x, second_x, weights, block, NULL, &before, row, each, NO_ROWS);
        else if (kind == PLAIN_ROWS)
            step_narrow(l, x, second_x, weights, block, NULL, &before, row, each, PLAIN_ROWS);
        else if (kind == LEAKY_ROWS)
            step_narrow(l, x, second_x, weights, block, NULL, &before, row, each, LEAKY_ROWS);
        else
            step_narrow(l, x, second_x, weights, block, NULL, &before, row, each, ANY_ROWS);
    }
    if (row < 16)
        store_rows(previous, row, 1);
}

INLINE void multiply(const call *c, const layout *l, const result *now, const result *previous, const uint8_t *x, const uint8_t *second_x,
                     const uint8_t *w, int narrow)
{
    if (narrow)
        multiply_narrow(c, l, now, previous, x, second_x, w);
    else
        multiply_wide(c, l, now, previous, x, second_x, w);
}

/* What is left to do for the last result. */
INLINE void finish_last(const result *last, int narrow)
{
    if (narrow) {
        _tile_stored(0, last->sums[0], STEP);
        _tile_stored(1, last->sums[1], STEP);
        _tile_stored(2, last->sums[2], STEP);
        _tile_stored(3, last->sums[3], STEP);
    }
    store_rows(last, 0, narrow);
}

static inline int rows_left(size_t count, size_t done)
{
    return done >= count ? 0 : count - done < 16 ? (int)(count - done) : 16;
}

INLINE result expect(const call *c, int turn, size_t position, int first, int rows)
{
    const size_t at = position * c->out_step + (size_t)first;
    result r = {.sums = c->sums, .out_step = c->out_step, .residual_step = c->residual_step, .rows = {rows, rows}};

    r.out[0] = r.out[1] = c->out + at;
    r.residual[0] = r.residual[1] = c->residual ? c->residual + position * c->residual_step + first : NULL;
    r.finish[0] = r.finish[1] = &c->finish[turn][0];
    return r;
}

/* The pair of blocks from output `first` on, or the last block alone. */
INLINE void prepare_pair(const call *c, int turn, int first)
{
    for (int i = 0; i < 2 && first < c->layer->out; i++, first += AINN_LANE)
        prepare(&c->finish[turn][i], c->layer, first);
}

/* What a chunk of positions leaves to the next one. */
typedef struct progress {
    result last;                         /* to be stored */
    int pair;                            /* of `finish`, prepared for the first blocks */
} progress;

INLINE void start(progress *p, const call *c)
{
    *p = (progress){.last = {.sums = c->sums, .finish = {c->finish[0], c->finish[0]}}};
    prepare_pair(c, 0, 0);
}

/* All outputs of `count` positions from `position` on. What is stored for tiles to load (inputs, and the starts of the sums a pair of
 * blocks ahead) is stored well before: such a load waits until the store is done. */
INLINE void multiply_all(progress *p, const call *c, const layout *l, const uint8_t *x, size_t position, size_t count, int narrow)
{
    const uint8_t *w = c->layer->packed;
    int first = 0;

    for (; first + 2 * AINN_LANE <= c->layer->out; first += 2 * AINN_LANE, w += 2 * c->layer->packed_block, p->pair = (p->pair + 1) % 3) {
        prepare_pair(c, (p->pair + 1) % 3, first + 2 * AINN_LANE < c->layer->out ? first + 2 * AINN_LANE : 0);
        for (size_t i = 0; i < count; i += 16) {
            result now = expect(c, p->pair, position + i, first, rows_left(count, i));

            now.out[1] += AINN_LANE;
            if (now.residual[1])
                now.residual[1] += AINN_LANE;
            now.finish[1]++;
            multiply(c, l, &now, &p->last, x + i / 16 * l->next, NULL, w, narrow);
            p->last = now;
        }
    }
    if (first == c->layer->out)
        return;
    prepare_pair(c, (p->pair + 1) % 3, 0);
    for (size_t i = 0; i < count; i += 32) {
        result now = expect(c, p->pair, position + i, first, rows_left(count, i));

        now.rows[1] = rows_left(count, i + 16);
        now.out[1] += 16 * c->out_step;
        if (now.residual[1])
            now.residual[1] += 16 * c->residual_step;
        multiply(c, l, &now, &p->last, x + i / 16 * l->next, x + (now.rows[1] ? i / 16 + 1 : i / 16) * l->next, w, narrow);
        p->last = now;
    }
    p->pair = (p->pair + 1) % 3;
}

TARGET static void configure(void)
{
    static const tile_config config = {1, 0, {0}, {STEP, STEP, STEP, STEP, STEP, STEP, STEP, STEP}, {16, 16, 16, 16, 16, 16, 16, 16}};

    _tile_loadconfig(&config);
}

INLINE void dense(const call *c, size_t positions, int narrow)
{
    const layout l = {TILE, 2 * TILE, STEP, c->step_count * 2 * TILE};
    const size_t chunk = 16 * (!narrow ? INPUT_BYTES / l.next : 2 * l.next <= NARROW_BYTES ? 2 : 1);
    _Alignas(64) uint8_t x[INPUT_BYTES];
    progress progress;

    start(&progress, c);
    for (size_t p = 0; p < positions; p += chunk) {
        const size_t count = positions - p < chunk ? positions - p : chunk;

        for (size_t i = 0; i < count; i += 16)
            for (size_t k = 0; k < c->step_count; k++)
                split_positions(x + i / 16 * l.next + k * l.step, &c->steps[k], p + i, (size_t)rows_left(count, i));
        multiply_all(&progress, c, &l, x, p, count, narrow);
    }
    finish_last(&progress.last, narrow);
}

INLINE void dense_few(const call *c, size_t positions, const ainn_segment *segments, size_t channels, int narrow)
{
    enum { PLANE = (CHUNK_FEW + 4) * 3 * MAX_FEW };
    const size_t used = used_channels(c->layer);
    const layout l = {PLANE, STEP, (long)(3 * used), 16 * 3 * used};
    _Alignas(64) uint8_t x[2 * PLANE];
    progress progress;

    start(&progress, c);
    for (size_t p = 0; p < positions; p += CHUNK_FEW) {
        const size_t count = positions - p < CHUNK_FEW ? positions - p : CHUNK_FEW;

        split_rows(x, x + PLANE, segments, p, count + 2, channels, used);
        multiply_all(&progress, c, &l, x, p, count, narrow);
    }
    finish_last(&progress.last, narrow);
}

TARGET static void dense_wide(const call *c, size_t positions)
{
    dense(c, positions, 0);
}

TARGET static void dense_narrow(const call *c, size_t positions)
{
    dense(c, positions, 1);
}

TARGET static void dense_few_wide(const call *c, size_t positions, const ainn_segment *segments, size_t channels)
{
    dense_few(c, positions, segments, channels, 0);
}

TARGET static void dense_few_narrow(const call *c, size_t positions, const ainn_segment *segments, size_t channels)
{
    dense_few(c, positions, segments, channels, 1);
}

TARGET AINN_DENSE(ainn_dense_amx)
{
    const size_t few = layer->packed ? few_channels(layer) : 0;
    _Alignas(64) int32_t sums[2 * KINDS][256];
    finish finishes[3][2];
    step steps[MAX_STEPS];
    size_t step_count = 0;

    if (layer->packed && positions >= FEW_POSITIONS)
        step_count = !few ? list_steps(steps, segments, segment_count) : taps_are_neighbours(segments, segment_count, few) ? steps_of(layer) : 0;
    if (step_count == 0) {
        ainn_dense_vnni(out, out_step, positions, layer, segments, segment_count, residual, residual_step);
        return;
    }
    const call c = {layer, few ? NULL : steps, step_count, out, residual, out_step, residual_step, sums, finishes};
    configure();
    if (few && is_narrow(layer))
        dense_few_narrow(&c, positions, segments, few);
    else if (few)
        dense_few_wide(&c, positions, segments, few);
    else if (is_narrow(layer))
        dense_narrow(&c, positions);
    else
        dense_wide(&c, positions);
    _tile_release();
}

void ainn_kernels_amx(ainn_kernels *table)
{
    table->dense = ainn_dense_amx;
    table->packed_block = packed_block;
    table->pack = pack;
}
#endif
