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

/* Squares of a cell with the correction that its blocks now hold. */
static uint64_t corrected_squares(const ainn_detail_view *view, const ainn_detail_trial *t, uint32_t x, uint32_t column)
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint32_t own[3][LINES * LINES], width, height;
    cell_size(view, column, &width, &height);
    cell_places(view, column, samples, u);
    for (uint32_t block = 0; block < 4; block++) {
        int32_t values[3][AINN_DCT_SIZE];
        for (int c = 0; c < view->planes; c++) {
            int32_t coefficients[AINN_DCT_SIZE];
            ainn_detail_coefficients(ainn_detail_at(&t->coder, c, 2 * x + (block & 1), (int)(block >> 1)), t->step, coefficients);
            ainn_dct_inverse(coefficients, values[c]);
        }
        for (uint32_t y = 0; y < 8; y++) {
            uint32_t *out[3];
            const int32_t *line[3];
            uint32_t at = ((block >> 1) * 8 + y) * LINES + (block & 1) * 8;
            for (int c = 0; c < 3; c++) {
                out[c] = own[c] + at;
                line[c] = values[c < view->planes ? c : 0] + 8 * y;
                memcpy(out[c], u[c] + ((block >> 1) * 8 + y) * view->stride + (block & 1) * 8, 8 * sizeof(uint32_t));
            }
            ainn_detail_add(out, line, view->planes, 8);
        }
    }
    const uint32_t *planes[3] = { own[0], own[1], own[2] };
    return ainn_detail_squares(samples, planes, view->stride, LINES, view->planes, view->max, width, height);
}

static uint64_t take_cost(ainn_detail_trial *t)
{
    uint64_t cost = t->coder.range.cost << 8;
    t->coder.range.cost = 0;
    return cost;
}

/* Chooses the blocks of a cell, whose ways and J are returned. */
static uint64_t try_cell(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column, ainn_detail_way ways[12], uint64_t *squares)
{
    ainn_detail_coder *coder = &t->coder;
    const int32_t *coefficients = view->coefficients + (size_t)column * 4 * (size_t)view->planes * AINN_DCT_SIZE;
    coder->range.mode = AINN_RANGE_MEASURE;
    take_cost(t);
    ainn_detail_code_cell(coder, x, AINN_DETAIL_BLOCKED);
    for (uint32_t block = 0; block < 4; block++)
        for (int c = 0; c < view->planes; c++, coefficients += AINN_DCT_SIZE) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            *ways = ainn_detail_choose_block(coder, c, at, y, coefficients, t->step, &view->weigh);
            ainn_detail_code_block(coder, c, at, y, *ways++, ainn_detail_at(coder, c, at, y));
        }
    *squares = corrected_squares(view, t, x, column);
    return take_cost(t) + ainn_weigh_samples(&view->weigh, *squares);
}

/* The colours of a cell; returns how many differ, or more than MANY_COLOURS. */
static unsigned take_colours(const ainn_detail_view *view, uint32_t column, uint64_t colours[AINN_PAINT_SIZE])
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint64_t found[MANY_COLOURS + 1];
    unsigned count = 0;
    cell_places(view, column, samples, u);
    for (uint32_t i = 0; i < AINN_PAINT_SIZE; i++) {
        uint64_t colour = 0;
        for (int plane = 0; plane < view->planes; plane++)
            colour |= (uint64_t)samples[plane][i / LINES * view->stride + i % LINES] << 16 * plane;
        colours[i] = colour;
        unsigned k = 0;
        while (k < count && found[k] != colour)
            k++;
        if (k == count && count <= MANY_COLOURS)
            found[count++] = colour;
    }
    return count;
}

/* J of painting a cell. */
static uint64_t try_painting(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column, uint64_t colours[AINN_PAINT_SIZE])
{
    ainn_detail_coder *coder = &t->coder;
    if (take_colours(view, column, colours) > MANY_COLOURS)
        return UINT64_MAX;
    ainn_paint_state state = coder->paint.state;
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PAINTED);
    coder->range.mode = AINN_RANGE_LEARN;
    ainn_paint_cell(&coder->range, &coder->paint, x, colours);
    coder->paint.state = state;
    return take_cost(t);
}

/* Whether blocks can be better than a painting, as a guess: a coefficient that is coded takes some five bits. */
static int blocks_may_win(const ainn_detail_view *view, const ainn_detail_trial *t, uint32_t column, uint64_t painting)
{
    size_t count = 4 * (size_t)view->planes * AINN_DCT_SIZE;
    const int32_t *coefficients = view->coefficients + column * count;
    uint64_t large = 0;
    for (size_t i = 0; i < count; i++)
        large += coefficients[i] > t->step || coefficients[i] < -t->step;
    return painting >= CHEAP_PAINTING && painting >= 3 * large << 16;
}

uint64_t ainn_detail_trial_cell(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column)
{
    ainn_detail_coder *coder = &t->coder;
    ainn_detail_way ways[12];
    uint64_t colours[AINN_PAINT_SIZE], squares[3] = { view->plain[column], 0, 0 }, j[3];
    coder->range.mode = AINN_RANGE_MEASURE;
    take_cost(t);
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PLAIN);
    j[AINN_DETAIL_PLAIN] = take_cost(t) + ainn_weigh_samples(&view->weigh, squares[AINN_DETAIL_PLAIN]);
    j[AINN_DETAIL_PAINTED] = try_painting(view, t, x, column, colours);
    j[AINN_DETAIL_BLOCKED] = blocks_may_win(view, t, column, j[AINN_DETAIL_PAINTED]) ? try_cell(view, t, x, column, ways, &squares[AINN_DETAIL_BLOCKED]) : UINT64_MAX;
    ainn_detail_kind kind = j[AINN_DETAIL_PAINTED] >> t->eager < j[AINN_DETAIL_BLOCKED] ? AINN_DETAIL_PAINTED : AINN_DETAIL_BLOCKED;
    if (j[kind] >= j[AINN_DETAIL_PLAIN])
        kind = AINN_DETAIL_PLAIN;
    if (t->stream.capacity - t->stream.size < AINN_DETAIL_CELL_BOUND)
        kind = AINN_DETAIL_PLAIN;
    coder->range.mode = AINN_RANGE_ENCODE;
    ainn_detail_code_cell(coder, x, kind);
    if (kind == AINN_DETAIL_PAINTED)
        ainn_paint_cell(&coder->range, &coder->paint, x, colours);
    for (uint32_t block = 0; kind == AINN_DETAIL_BLOCKED && block < 4; block++)
        for (int c = 0; c < view->planes; c++) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            ainn_detail_code_block(coder, c, at, y, ways[block * (uint32_t)view->planes + (uint32_t)c], ainn_detail_at(coder, c, at, y));
        }
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
