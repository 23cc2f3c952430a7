#include "detail/trial.h"

#include <string.h>

#define LINES 16
#define FINER 16                 /* codes from one trial's step to the next: two octaves (one trial more between them changed nothing) */
#define CHEAP_PAINTING ((uint64_t)16 << 16)   /* J of a painting that needs no rival */
#define EAGER 1                  /* octaves; of a quarter step's trial */
#define MANY_COLOURS 96          /* a cell of more is not worth painting */

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

uint64_t ainn_detail_squares(const uint16_t *const samples[3], const uint32_t *const u[3], size_t stride, size_t u_stride, int planes, uint32_t max,
                             uint32_t width, uint32_t height)
{
    uint64_t sum = 0;
    for (int plane = 0; plane < planes; plane++)
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++) {
                size_t at = y * u_stride + x;
                uint32_t value = planes == 1 ? (u[0][at] + 2 * u[1][at] + u[2][at] + 2) >> 2 : u[plane][at];
                int64_t difference = (int64_t)samples[plane][y * stride + x] - (int64_t)((value * max + 32768) >> 16);
                sum += (uint64_t)(difference * difference);
            }
    return sum;
}

/* Pixels of a cell that are in the picture. */
static void cell_size(const ainn_detail_view *view, uint32_t column, uint32_t *width, uint32_t *height)
{
    *width = smaller(LINES, view->width - column * LINES);
    *height = smaller(LINES, view->height - view->row * LINES);
}

static void cell_places(const ainn_detail_view *view, uint32_t column, const uint16_t *samples[3], const uint32_t *u[3])
{
    for (int c = 0; c < 3; c++) {
        samples[c] = view->samples[c < view->planes ? c : 0] + (size_t)column * LINES;
        u[c] = view->u[c] + (size_t)column * LINES;
    }
}

/* What is missing at a pixel, as components in units of 4 u. */
static void missing(const ainn_detail_view *view, const uint16_t *const samples[3], const uint32_t *const u[3], size_t at, int32_t components[3])
{
    uint32_t max = view->max, half = max >> 1;
    if (view->planes == 1) {
        int32_t value = (int32_t)((u[0][at] + 2 * u[1][at] + u[2][at] + 2) >> 2);
        components[0] = (3 * 4730 * ((int32_t)((samples[0][at] * 65536u + half) / max) - value) + 16384) >> 15;
        return;
    }
    int32_t e[3];
    for (int c = 0; c < 3; c++)
        e[c] = (int32_t)((samples[c][at] * 65536u + half) / max) - (int32_t)u[c][at];
    components[0] = (4730 * (e[0] + e[1] + e[2]) + 16384) >> 15;
    components[1] = (5793 * (e[0] - e[2]) + 16384) >> 15;
    components[2] = (3344 * (e[0] + e[2]) - 6689 * e[1] + 16384) >> 15;
}

void ainn_detail_look_at(ainn_detail_view *view, uint32_t column)
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint32_t width, height;
    int planes = view->planes;
    cell_size(view, column, &width, &height);
    cell_places(view, column, samples, u);
    view->plain[column] = ainn_detail_squares(samples, u, view->stride, view->stride, planes, view->max, width, height);
    int32_t *out = view->coefficients + (size_t)column * 4 * (size_t)planes * AINN_DCT_SIZE;
    for (size_t block = 0; block < 4; block++) {
        int32_t values[3][AINN_DCT_SIZE];
        for (size_t i = 0; i < AINN_DCT_SIZE; i++) {
            int32_t components[3];
            missing(view, samples, u, ((block >> 1) * 8 + (i >> 3)) * view->stride + (block & 1) * 8 + (i & 7), components);
            for (int c = 0; c < planes; c++)
                values[c][i] = components[c];
        }
        for (int c = 0; c < planes; c++, out += AINN_DCT_SIZE)
            ainn_dct_forward(values[c], out);
    }
}

/* Squares of one of a cell's blocks with the correction that it now holds; `width` and `height` are those of the cell. */
static uint64_t corrected_squares(const ainn_detail_view *view, const ainn_detail_trial *t, uint32_t x, uint32_t column, uint32_t block,
                                  uint32_t width, uint32_t height)
{
    const uint16_t *samples[3];
    const uint32_t *u[3], *corrected[3];
    uint32_t own[3][AINN_DCT_SIZE], left = (block & 1) * 8, top = (block >> 1) * 8;
    int32_t values[3][AINN_DCT_SIZE];
    if (width <= left || height <= top)
        return 0;
    cell_places(view, column, samples, u);
    for (int c = 0; c < view->planes; c++) {
        int32_t coefficients[AINN_DCT_SIZE];
        ainn_detail_coefficients(ainn_detail_at(&t->coder, c, 2 * x + (block & 1), (int)(block >> 1)), t->step, coefficients);
        ainn_dct_inverse(coefficients, values[c]);
    }
    for (int c = 0; c < 3; c++) {
        size_t at = top * view->stride + left;
        for (uint32_t y = 0; y < 8; y++)
            memcpy(own[c] + 8 * y, u[c] + at + y * view->stride, 8 * sizeof(uint32_t));
        samples[c] += at;
        corrected[c] = own[c];
    }
    ainn_detail_add((uint32_t *const[3]){ own[0], own[1], own[2] }, (const int32_t *const[3]){ values[0], values[1], values[2] }, view->planes, AINN_DCT_SIZE);
    return ainn_detail_squares(samples, corrected, view->stride, 8, view->planes, view->max, smaller(width - left, 8), smaller(height - top, 8));
}

static uint64_t cost_so_far(const ainn_detail_trial *t) { return t->coder.range.cost << 8; }

static uint64_t take_cost(ainn_detail_trial *t)
{
    uint64_t cost = cost_so_far(t);
    t->coder.range.cost = 0;
    return cost;
}

/* Chooses the blocks of a cell, whose ways and J are returned; some J above `limit` if theirs is above it. */
static uint64_t try_cell(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column, uint64_t limit, ainn_detail_way ways[12],
                         uint64_t *squares)
{
    ainn_detail_coder *coder = &t->coder;
    const int32_t *coefficients = view->coefficients + (size_t)column * 4 * (size_t)view->planes * AINN_DCT_SIZE;
    uint32_t width, height;
    uint64_t j = 0;
    cell_size(view, column, &width, &height);
    coder->range.mode = AINN_RANGE_MEASURE;
    take_cost(t);
    *squares = 0;
    ainn_detail_code_cell(coder, x, AINN_DETAIL_BLOCKED);
    for (uint32_t block = 0; block < 4 && j <= limit; block++) {
        for (int c = 0; c < view->planes; c++, coefficients += AINN_DCT_SIZE) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            *ways = ainn_detail_choose_block(coder, c, at, y, coefficients, t->step, &view->weigh);
            ainn_detail_code_block(coder, c, at, y, *ways++, ainn_detail_at(coder, c, at, y));
        }
        j = cost_so_far(t) + ainn_weigh_samples(&view->weigh, *squares);
        if (j > limit)
            break;
        *squares += corrected_squares(view, t, x, column, block, width, height);
        j = cost_so_far(t) + ainn_weigh_samples(&view->weigh, *squares);
    }
    return j;
}

/* The colours of a cell; returns 0 if more than MANY_COLOURS differ. */
static int take_colours(const ainn_detail_view *view, uint32_t column, uint64_t colours[AINN_PAINT_SIZE])
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint64_t found[MANY_COLOURS];
    unsigned count = 0;
    cell_places(view, column, samples, u);
    for (uint32_t i = 0; i < AINN_PAINT_SIZE; i++) {
        uint64_t colour = 0;
        for (int plane = 0; plane < view->planes; plane++)
            colour |= (uint64_t)samples[plane][i / LINES * view->stride + i % LINES] << 16 * plane;
        colours[i] = colour;
        if (i && colour == colours[i - 1])
            continue;
        unsigned k = 0;
        while (k < count && found[k] != colour)
            k++;
        if (k == MANY_COLOURS)
            return 0;
        if (k == count)
            found[count++] = colour;
    }
    return 1;
}

/* A painting that is tried, and what is needed to take it or to forget it. */
typedef struct painting {
    uint64_t colours[AINN_PAINT_SIZE];
    ainn_paint_state before;
    uint64_t j, cost;            /* cost: without the cell's kind */
    int tried;
} painting;

/* Finds J of painting a cell, or one that is at least `limit` if it is. The colours are in place and the chances have learnt. */
static void try_painting(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column, uint64_t limit, painting *p)
{
    ainn_detail_coder *coder = &t->coder;
    p->j = UINT64_MAX;
    p->tried = take_colours(view, column, p->colours);
    if (!p->tried)
        return;
    p->before = coder->paint.state;
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PAINTED);
    uint64_t kind = coder->range.cost;
    coder->range.mode = AINN_RANGE_LEARN;
    coder->range.record = t->painting;
    ainn_paint_try(&coder->range, &coder->paint, x, p->colours, (limit >> 8) + 1);
    p->cost = coder->range.cost - kind;
    p->j = take_cost(t);
}

/* Writes a painting that was tried to its end. */
static void take_painting(ainn_detail_trial *t, const painting *p, const uint32_t *end)
{
    ainn_range_replay(&t->coder.range, t->painting, end);
    t->coder.range.cost += p->cost;
}

/* Coefficients that are larger than a step. */
static uint32_t count_large(const ainn_detail_view *view, const ainn_detail_trial *t, uint32_t column)
{
    size_t count = 4 * (size_t)view->planes * AINN_DCT_SIZE;
    const int32_t *coefficients = view->coefficients + column * count;
    int large = 0;
    for (size_t i = 0; i < count; i++)
        large += coefficients[i] > t->step || coefficients[i] < -t->step;
    return (uint32_t)large;
}

/* J of a painting that blocks may be better than, as a guess: a coefficient that is coded takes some five bits. */
static uint64_t rival_painting(const ainn_detail_view *view, const ainn_detail_trial *t, uint32_t column)
{
    uint64_t j = 3 * (uint64_t)count_large(view, t, column) << 16;
    return j > CHEAP_PAINTING ? j : CHEAP_PAINTING;
}

static void code_blocks(const ainn_detail_view *view, ainn_detail_coder *coder, uint32_t x, const ainn_detail_way ways[12])
{
    for (uint32_t block = 0; block < 4; block++)
        for (int c = 0; c < view->planes; c++) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            ainn_detail_code_block(coder, c, at, y, *ways++, ainn_detail_at(coder, c, at, y));
        }
}

/* A painting of this J counts as one of J where the trial is eager. */
static uint64_t eager_j(const ainn_detail_trial *t, uint64_t j) { return j > UINT64_MAX >> t->eager ? UINT64_MAX : j << t->eager; }

uint64_t ainn_detail_trial_cell(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column)
{
    ainn_detail_coder *coder = &t->coder;
    ainn_detail_way ways[12];
    painting paint;
    uint64_t squares[3] = { view->plain[column], 0, 0 }, plain, blocks = UINT64_MAX, rival = rival_painting(view, t, column);
    coder->range.mode = AINN_RANGE_MEASURE;
    take_cost(t);
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PLAIN);
    plain = take_cost(t) + ainn_weigh_samples(&view->weigh, squares[AINN_DETAIL_PLAIN]);
    /* A painting beyond that has blocks for a rival, and where it beats them, too, the cell stays plain. */
    uint64_t enough = eager_j(t, plain);
    try_painting(view, t, x, column, enough > rival ? enough : rival, &paint);
    const uint32_t *end = coder->range.record;
    coder->range.record = NULL;
    if (paint.j >= rival) {
        /* Blocks beyond that are worse than one of the others. */
        uint64_t limit = paint.j >> t->eager < plain ? paint.j >> t->eager : plain;
        blocks = try_cell(view, t, x, column, limit, ways, &squares[AINN_DETAIL_BLOCKED]);
    }
    ainn_detail_kind kind = paint.j >> t->eager < blocks ? AINN_DETAIL_PAINTED : AINN_DETAIL_BLOCKED;
    if ((kind == AINN_DETAIL_PAINTED ? paint.j : blocks) >= plain || t->stream.capacity - t->stream.size < AINN_DETAIL_CELL_BOUND)
        kind = AINN_DETAIL_PLAIN;
    if (paint.tried && kind != AINN_DETAIL_PAINTED)
        coder->paint.state = paint.before;
    coder->range.mode = AINN_RANGE_ENCODE;
    take_cost(t);
    ainn_detail_code_cell(coder, x, kind);
    if (kind == AINN_DETAIL_PAINTED)
        take_painting(t, &paint, end);
    if (kind == AINN_DETAIL_BLOCKED)
        code_blocks(view, coder, x, ways);
    t->coded += kind != AINN_DETAIL_PLAIN;
    t->result.squares += squares[kind];
    uint64_t result = take_cost(t) + ainn_weigh_samples(&view->weigh, squares[kind]);
    t->result.j += result;
    return result;
}

void ainn_detail_trial_start(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t group, uint32_t number)
{
    unsigned finer = number * FINER;
    t->code = view->weigh.step > finer ? view->weigh.step - finer : 0;
    t->step = ainn_step(t->code);
    t->eager = number ? EAGER : 0;
    t->coded = 0;
    memset(&t->result, 0, sizeof(t->result));
    ainn_detail_coder_start(&t->coder, smaller(AINN_DETAIL_SIDE, view->columns - group * AINN_DETAIL_SIDE),
                            smaller(AINN_DETAIL_SIDE, view->rows - view->row));
    ainn_range_encode_start(&t->coder.range, &t->stream);
    t->coder.range.costs = view->costs;
}
