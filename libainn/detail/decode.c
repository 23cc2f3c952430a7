#include "detail/decode.h"

#include <string.h>

#define LINES 16                 /* of pixels in a row of cells */

/* A group at work; several side by side. */
typedef struct group {
    ainn_detail_coder coder;
    int active;                  /* has a stream that has not ended */
    int wrong;                   /* its stream ended wrongly */
    int32_t step;
} group;

struct ainn_detail_decoder {
    ainn_pool *pool;
    const uint8_t *data;
    const ainn_detail_stream *streams;
    int components;
    uint32_t columns, rows, left, right;
    uint32_t first, count;       /* columns of groups */
    uint32_t done;               /* rows of cells */
    int wanted;                  /* the row that is decoded will be shown */
    float *bit_map;
    uint16_t costs[1 << AINN_COST_BITS];
    group *groups;
    size_t stride;               /* samples of a line */
    int32_t *samples;            /* [3][LINES][stride]: corrections of components, or u where a cell is painted */
    uint8_t *kind;               /* ainn_detail_kind of columns left .. right - 1 */
    uint32_t max;                /* of a sample */
};

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

ainn_status ainn_detail_decoder_create(ainn_memory *memory, ainn_pool *pool, const uint8_t *data, const ainn_detail_stream *streams, int components, uint32_t depth,
                                       uint32_t columns, uint32_t rows, uint32_t left, uint32_t right, float *bit_map, ainn_detail_decoder **result)
{
    ainn_detail_decoder *decoder = ainn_alloc(memory, sizeof(*decoder));
    ainn_status status = AINN_OK;
    *result = NULL;
    if (!decoder)
        return ainn_memory_status(memory);
    decoder->pool = pool;
    decoder->data = data;
    decoder->streams = streams;
    decoder->components = components;
    decoder->max = (1u << depth) - 1;
    decoder->columns = columns;
    decoder->rows = rows;
    decoder->left = left;
    decoder->right = right;
    decoder->bit_map = bit_map;
    decoder->first = left / AINN_DETAIL_SIDE;
    decoder->stride = (size_t)(right - left) * LINES;
    ainn_range_costs(decoder->costs);
    uint32_t count = (right - 1) / AINN_DETAIL_SIDE + 1 - decoder->first;
    if (!(decoder->groups = ainn_alloc_array(memory, count, sizeof(*decoder->groups))) ||
        !(decoder->samples = ainn_alloc_array(memory, decoder->stride, 3 * LINES * sizeof(int32_t))) ||
        !(decoder->kind = ainn_alloc(memory, right - left)))
        status = ainn_memory_status(memory);
    for (; status == AINN_OK && decoder->count < count; decoder->count++)
        status = ainn_detail_coder_create(memory, components, depth, &decoder->groups[decoder->count].coder);
    if (status != AINN_OK) {
        ainn_detail_decoder_destroy(memory, decoder);
        return status;
    }
    *result = decoder;
    return AINN_OK;
}

void ainn_detail_decoder_destroy(ainn_memory *memory, ainn_detail_decoder *decoder)
{
    if (!decoder)
        return;
    for (uint32_t i = 0; decoder->groups && i < decoder->count; i++)
        ainn_detail_coder_destroy(memory, &decoder->groups[i].coder);
    ainn_free_memory(memory, decoder->groups);
    ainn_free_memory(memory, decoder->samples);
    ainn_free_memory(memory, decoder->kind);
    ainn_free_memory(memory, decoder);
}

static void open_group(ainn_detail_decoder *decoder, uint32_t index)
{
    group *g = &decoder->groups[index];
    uint32_t across = (decoder->columns - 1) / AINN_DETAIL_SIDE + 1, down = decoder->done / AINN_DETAIL_SIDE, column = decoder->first + index;
    const ainn_detail_stream *stream = &decoder->streams[(uint64_t)down * across + column];
    const uint8_t *data = decoder->data + stream->offset;
    g->active = stream->size != 0;
    if (!g->active)
        return;
    g->step = ainn_step(data[0]);
    ainn_range_decode_start(&g->coder.range, data + AINN_DETAIL_HEADER, (size_t)stream->size - AINN_DETAIL_HEADER - AINN_DETAIL_CRC);
    g->coder.range.costs = decoder->bit_map ? decoder->costs : NULL;
    ainn_detail_coder_start(&g->coder, smaller(AINN_DETAIL_SIDE, decoder->columns - column * AINN_DETAIL_SIDE),
                            smaller(AINN_DETAIL_SIDE, decoder->rows - decoder->done));
}

/* Samples of a block to their place; x in blocks from column `left` on. */
static void show_block(ainn_detail_decoder *decoder, const group *g, int component, uint32_t x, int y, const ainn_detail_block *block)
{
    int32_t coefficients[AINN_DCT_SIZE], samples[AINN_DCT_SIZE];
    int32_t *out = decoder->samples + ((size_t)component * LINES + (size_t)y * 8) * decoder->stride + (size_t)x * 8;
    ainn_detail_coefficients(block, g->step, coefficients);
    ainn_dct_inverse(coefficients, samples);
    for (int i = 0; i < 8; i++)
        memcpy(out + (size_t)i * decoder->stride, samples + 8 * i, 8 * sizeof(*out));
}

/* u of a painted cell at column `left` + x. */
static void show_painting(ainn_detail_decoder *decoder, uint32_t x, const uint64_t colours[AINN_PAINT_SIZE])
{
    for (int c = 0; c < 3; c++) {
        int plane = c < decoder->components ? c : 0;
        for (size_t i = 0; i < AINN_PAINT_SIZE; i++) {
            uint32_t sample = (uint32_t)(colours[i] >> 16 * plane & 65535);
            decoder->samples[((size_t)c * LINES + i / LINES) * decoder->stride + (size_t)x * LINES + i % LINES] =
                (int32_t)((sample * 65536u + decoder->max / 2) / decoder->max);
        }
    }
}

/* One cell; `column` is the picture's. */
static void decode_cell(ainn_detail_decoder *decoder, group *g, uint32_t x, uint32_t column)
{
    ainn_detail_coder *coder = &g->coder;
    int shown = decoder->wanted && column >= decoder->left && column < decoder->right;
    uint64_t before = coder->range.cost;
    ainn_detail_kind kind = ainn_detail_code_cell(coder, x, AINN_DETAIL_PLAIN);
    if (kind == AINN_DETAIL_PAINTED) {
        uint64_t colours[AINN_PAINT_SIZE] = { 0 };
        ainn_paint_cell(&coder->range, &coder->paint, x, colours);
        if (shown)
            show_painting(decoder, column - decoder->left, colours);
    }
    for (int y = 0; kind == AINN_DETAIL_BLOCKED && y < 2; y++)
        for (uint32_t i = 2 * x; i < 2 * x + 2; i++)
            for (int c = 0; c < coder->components; c++) {
                ainn_detail_block *block = ainn_detail_at(coder, c, i, y);
                ainn_detail_code_block(coder, c, i, y, AINN_DETAIL_OWN, block);
                if (shown)
                    show_block(decoder, g, c, 2 * (column - decoder->left) + (i & 1), y, block);
            }
    if (shown)
        decoder->kind[column - decoder->left] = (uint8_t)kind;
    if (decoder->bit_map)
        decoder->bit_map[(size_t)decoder->done * decoder->columns + column] += (float)(coder->range.cost - before) / 256.0f;
}

/* One row of cells of a group. */
static void decode_task(void *opaque, size_t index, unsigned thread)
{
    ainn_detail_decoder *decoder = opaque;
    group *g = &decoder->groups[index];
    uint32_t start = (decoder->first + (uint32_t)index) * AINN_DETAIL_SIDE, end = smaller(start + AINN_DETAIL_SIDE, decoder->columns);
    (void)thread;
    g->wrong = 0;
    if (decoder->done % AINN_DETAIL_SIDE == 0)
        open_group(decoder, (uint32_t)index);
    if (!g->active) {
        for (uint32_t x = larger(start, decoder->left); x < smaller(end, decoder->right); x++)
            decoder->kind[x - decoder->left] = AINN_DETAIL_PLAIN;
        return;
    }
    for (uint32_t x = start; x < end; x++)
        decode_cell(decoder, g, x - start, x);
    ainn_detail_next_row(&g->coder);
    if (decoder->done % AINN_DETAIL_SIDE + 1 == g->coder.rows)
        g->wrong = !ainn_range_decode_finish(&g->coder.range);
}

unsigned ainn_detail_decode_row(ainn_detail_decoder *decoder, uint32_t row)
{
    unsigned wrong = 0;
    uint32_t start = row / AINN_DETAIL_SIDE * AINN_DETAIL_SIDE;
    if (decoder->done < start)
        decoder->done = start;   /* groups above a region are left out */
    for (; decoder->done <= row; decoder->done++) {
        decoder->wanted = decoder->done == row;
        ainn_pool_run(decoder->pool, decoder->count, decode_task, decoder);
        for (uint32_t i = 0; i < decoder->count; i++)
            wrong += (unsigned)decoder->groups[i].wrong;
    }
    return wrong;
}

void ainn_detail_decoder_correct(const ainn_detail_decoder *decoder, uint32_t y, size_t first, uint32_t *const u[3], uint32_t count)
{
    const int32_t *samples[3];
    uint32_t *out[3];
    for (uint32_t done = 0, part; done < count; done += part) {
        size_t at = first + done;
        part = smaller(count - done, LINES - (uint32_t)(at % LINES));
        if (decoder->kind[at / LINES] == AINN_DETAIL_PLAIN)
            continue;
        for (int c = 0; c < 3; c++) {
            out[c] = u[c] + done;
            samples[c] = decoder->samples + ((size_t)c * LINES + y) * decoder->stride + at;
        }
        if (decoder->kind[at / LINES] == AINN_DETAIL_PAINTED)
            for (int c = 0; c < 3; c++)
                memcpy(out[c], samples[c], part * sizeof(*out[c]));
        else
            ainn_detail_add(out, samples, decoder->components, part);
    }
}
