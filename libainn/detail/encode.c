#include "detail/encode.h"

#include <string.h>

#include "container/varint.h"
#include "util/crc32c.h"

#define LINES 16
#define FINER 8                  /* codes from one trial's step to the next: an octave */
/* Room for the streams: a cell is coded while CELL_BOUND bytes are left, which no cell's 768 levels of at most 45 bytes exceed. */
#define CELL_BOUND (768 * 45)
#define MANY_COLOURS 96          /* a cell of more is not worth painting */
#define ROW_ROOM (AINN_DETAIL_SIDE * 2048 + CELL_BOUND)

/* One group with one quantiser. */
typedef struct trial {
    ainn_detail_coder coder;
    unsigned code;               /* of the step */
    int32_t step;
    ainn_buffer stream;
    uint32_t coded;              /* cells */
    ainn_detail_result result;   /* of the group, the stream's bits not counted */
} trial;

struct ainn_detail_encoder {
    ainn_memory *memory;
    ainn_pool *pool;
    uint32_t width, height, columns, rows, groups;        /* groups: side by side */
    uint32_t depth, max;
    int planes;
    ainn_weigh weigh;
    uint16_t costs[1 << AINN_COST_BITS];
    uint64_t *cells;
    const uint8_t *choice;
    trial *trials;               /* [groups][each] */
    uint32_t each, trial_count;
    int32_t *coefficients;       /* of a row of cells: [columns][4 blocks][planes][64] */
    uint64_t *plain;             /* squares of each cell without correction */
    uint32_t row;
    const uint16_t *samples[3];
    const uint32_t *u[3];
    size_t stride;
    uint64_t *sizes;             /* of all groups' streams */
    ainn_buffer streams;
    ainn_detail_result result;
};

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static ainn_status take_memory(ainn_detail_encoder *encoder)
{
    ainn_memory *memory = encoder->memory;
    size_t group_rows = (encoder->rows - 1) / AINN_DETAIL_SIDE + 1, trials = (size_t)encoder->groups * encoder->each;
    if (!(encoder->trials = ainn_alloc_array(memory, trials, sizeof(*encoder->trials))) ||
        !(encoder->coefficients = ainn_alloc_array(memory, encoder->columns, 4 * (size_t)encoder->planes * AINN_DCT_SIZE * sizeof(int32_t))) ||
        !(encoder->plain = ainn_alloc_array(memory, encoder->columns, sizeof(*encoder->plain))) ||
        !(encoder->sizes = ainn_alloc_array(memory, group_rows * encoder->groups, sizeof(*encoder->sizes))))
        return ainn_memory_status(memory);
    for (size_t i = 0; i < trials; i++)
        ainn_buffer_init(&encoder->trials[i].stream, memory);
    for (; encoder->trial_count < trials; encoder->trial_count++) {
        ainn_status status = ainn_detail_coder_create(memory, encoder->planes, encoder->depth, &encoder->trials[encoder->trial_count].coder);
        if (status != AINN_OK)
            return status;
    }
    return AINN_OK;
}

ainn_status ainn_detail_encoder_create(ainn_memory *memory, ainn_pool *pool, uint32_t width, uint32_t height, uint32_t depth, int planes,
                                       uint32_t quality_code, uint64_t *cells, const uint8_t *choice, ainn_detail_encoder **result)
{
    ainn_detail_encoder *encoder = ainn_alloc(memory, sizeof(*encoder));
    *result = NULL;
    if (!encoder)
        return ainn_memory_status(memory);
    encoder->memory = memory;
    encoder->pool = pool;
    encoder->width = width;
    encoder->height = height;
    encoder->columns = (width - 1) / LINES + 1;
    encoder->rows = (height - 1) / LINES + 1;
    encoder->groups = (encoder->columns - 1) / AINN_DETAIL_SIDE + 1;
    encoder->depth = depth;
    encoder->max = (1u << depth) - 1;
    encoder->planes = planes;
    encoder->cells = cells;
    encoder->choice = choice;
    encoder->each = choice ? 1 : AINN_DETAIL_TRIALS;
    ainn_buffer_init(&encoder->streams, memory);
    ainn_weigh_init(&encoder->weigh, quality_code, depth, planes);
    ainn_range_costs(encoder->costs);
    ainn_status status = take_memory(encoder);
    if (status != AINN_OK) {
        ainn_detail_encoder_destroy(memory, encoder);
        return status;
    }
    *result = encoder;
    return AINN_OK;
}

void ainn_detail_encoder_destroy(ainn_memory *memory, ainn_detail_encoder *encoder)
{
    if (!encoder)
        return;
    for (uint32_t i = 0; encoder->trials && i < encoder->trial_count; i++) {
        ainn_detail_coder_destroy(memory, &encoder->trials[i].coder);
        ainn_buffer_free(&encoder->trials[i].stream);
    }
    ainn_buffer_free(&encoder->streams);
    ainn_free_memory(memory, encoder->trials);
    ainn_free_memory(memory, encoder->coefficients);
    ainn_free_memory(memory, encoder->plain);
    ainn_free_memory(memory, encoder->sizes);
    ainn_free_memory(memory, encoder);
}

/* ---- Of all trials ---- */

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
static void cell_size(const ainn_detail_encoder *encoder, uint32_t column, uint32_t *width, uint32_t *height)
{
    *width = smaller(LINES, encoder->width - column * LINES);
    *height = smaller(LINES, encoder->height - encoder->row * LINES);
}

static void cell_places(const ainn_detail_encoder *encoder, uint32_t column, const uint16_t *samples[3], const uint32_t *u[3])
{
    for (int c = 0; c < 3; c++) {
        samples[c] = encoder->samples[c < encoder->planes ? c : 0] + (size_t)column * LINES;
        u[c] = encoder->u[c] + (size_t)column * LINES;
    }
}

/* What is missing at a pixel, as components in units of 4 u. */
static void missing(const ainn_detail_encoder *encoder, const uint16_t *const samples[3], const uint32_t *const u[3], size_t at, int32_t components[3])
{
    uint32_t max = encoder->max, half = max >> 1;
    if (encoder->planes == 1) {
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

/* Coefficients and plain squares of a cell. */
static void transform_task(void *opaque, size_t column, unsigned thread)
{
    ainn_detail_encoder *encoder = opaque;
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint32_t width, height;
    int planes = encoder->planes;
    (void)thread;
    cell_size(encoder, (uint32_t)column, &width, &height);
    cell_places(encoder, (uint32_t)column, samples, u);
    encoder->plain[column] = ainn_detail_squares(samples, u, encoder->stride, encoder->stride, planes, encoder->max, width, height);
    int32_t *out = encoder->coefficients + column * 4 * (size_t)planes * AINN_DCT_SIZE;
    for (size_t block = 0; block < 4; block++) {
        int32_t values[3][AINN_DCT_SIZE];
        for (size_t i = 0; i < AINN_DCT_SIZE; i++) {
            int32_t components[3];
            missing(encoder, samples, u, ((block >> 1) * 8 + (i >> 3)) * encoder->stride + (block & 1) * 8 + (i & 7), components);
            for (int c = 0; c < planes; c++)
                values[c][i] = components[c];
        }
        for (int c = 0; c < planes; c++, out += AINN_DCT_SIZE)
            ainn_dct_forward(values[c], out);
    }
}

/* ---- One trial ---- */

/* Squares of a cell with the correction that its blocks now hold. */
static uint64_t corrected_squares(const ainn_detail_encoder *encoder, const trial *t, uint32_t x, uint32_t column)
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint32_t own[3][LINES * LINES], width, height;
    cell_size(encoder, column, &width, &height);
    cell_places(encoder, column, samples, u);
    for (uint32_t block = 0; block < 4; block++) {
        int32_t values[3][AINN_DCT_SIZE];
        for (int c = 0; c < encoder->planes; c++) {
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
                line[c] = values[c < encoder->planes ? c : 0] + 8 * y;
                memcpy(out[c], u[c] + ((block >> 1) * 8 + y) * encoder->stride + (block & 1) * 8, 8 * sizeof(uint32_t));
            }
            ainn_detail_add(out, line, encoder->planes, 8);
        }
    }
    const uint32_t *planes[3] = { own[0], own[1], own[2] };
    return ainn_detail_squares(samples, planes, encoder->stride, LINES, encoder->planes, encoder->max, width, height);
}

static uint64_t take_cost(trial *t)
{
    uint64_t cost = t->coder.range.cost << 8;
    t->coder.range.cost = 0;
    return cost;
}

/* Chooses the blocks of a cell, whose ways and J are returned. */
static uint64_t try_cell(const ainn_detail_encoder *encoder, trial *t, uint32_t x, uint32_t column, ainn_detail_way ways[12], uint64_t *squares)
{
    ainn_detail_coder *coder = &t->coder;
    const int32_t *coefficients = encoder->coefficients + (size_t)column * 4 * (size_t)encoder->planes * AINN_DCT_SIZE;
    coder->range.mode = AINN_RANGE_MEASURE;
    take_cost(t);
    ainn_detail_code_cell(coder, x, AINN_DETAIL_BLOCKED);
    for (uint32_t block = 0; block < 4; block++)
        for (int c = 0; c < encoder->planes; c++, coefficients += AINN_DCT_SIZE) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            *ways = ainn_detail_choose_block(coder, c, at, y, coefficients, t->step, &encoder->weigh);
            ainn_detail_code_block(coder, c, at, y, *ways++, ainn_detail_at(coder, c, at, y));
        }
    *squares = corrected_squares(encoder, t, x, column);
    return take_cost(t) + ainn_weigh_samples(&encoder->weigh, *squares);
}

/* The colours of a cell; returns how many differ, or more than MANY_COLOURS. */
static unsigned take_colours(const ainn_detail_encoder *encoder, uint32_t column, uint64_t colours[AINN_PAINT_SIZE])
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    uint64_t found[MANY_COLOURS + 1];
    unsigned count = 0;
    cell_places(encoder, column, samples, u);
    for (uint32_t i = 0; i < AINN_PAINT_SIZE; i++) {
        uint64_t colour = 0;
        for (int plane = 0; plane < encoder->planes; plane++)
            colour |= (uint64_t)samples[plane][i / LINES * encoder->stride + i % LINES] << 16 * plane;
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
static uint64_t try_painting(const ainn_detail_encoder *encoder, trial *t, uint32_t x, uint32_t column, uint64_t colours[AINN_PAINT_SIZE])
{
    ainn_detail_coder *coder = &t->coder;
    if (take_colours(encoder, column, colours) > MANY_COLOURS)
        return UINT64_MAX;
    ainn_paint_state state = coder->paint.state;
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PAINTED);
    coder->range.mode = AINN_RANGE_LEARN;
    ainn_paint_cell(&coder->range, &coder->paint, x, colours);
    coder->paint.state = state;
    return take_cost(t);
}

/* Codes a cell, or leaves it without correction; returns its J. */
static uint64_t code_cell(const ainn_detail_encoder *encoder, trial *t, uint32_t x, uint32_t column)
{
    ainn_detail_coder *coder = &t->coder;
    ainn_detail_way ways[12];
    uint64_t colours[AINN_PAINT_SIZE], squares[3] = { encoder->plain[column], 0, 0 }, j[3];
    j[AINN_DETAIL_BLOCKED] = try_cell(encoder, t, x, column, ways, &squares[AINN_DETAIL_BLOCKED]);
    ainn_detail_code_cell(coder, x, AINN_DETAIL_PLAIN);
    j[AINN_DETAIL_PLAIN] = take_cost(t) + ainn_weigh_samples(&encoder->weigh, squares[AINN_DETAIL_PLAIN]);
    j[AINN_DETAIL_PAINTED] = try_painting(encoder, t, x, column, colours);
    ainn_detail_kind kind = j[AINN_DETAIL_BLOCKED] < j[AINN_DETAIL_PLAIN] ? AINN_DETAIL_BLOCKED : AINN_DETAIL_PLAIN;
    if (j[AINN_DETAIL_PAINTED] < j[kind])
        kind = AINN_DETAIL_PAINTED;
    if (t->stream.capacity - t->stream.size < CELL_BOUND)
        kind = AINN_DETAIL_PLAIN;
    coder->range.mode = AINN_RANGE_ENCODE;
    ainn_detail_code_cell(coder, x, kind);
    if (kind == AINN_DETAIL_PAINTED)
        ainn_paint_cell(&coder->range, &coder->paint, x, colours);
    for (uint32_t block = 0; kind == AINN_DETAIL_BLOCKED && block < 4; block++)
        for (int c = 0; c < encoder->planes; c++) {
            uint32_t at = 2 * x + (block & 1);
            int y = (int)(block >> 1);
            ainn_detail_code_block(coder, c, at, y, ways[block * (uint32_t)encoder->planes + (uint32_t)c], ainn_detail_at(coder, c, at, y));
        }
    t->coded += kind != AINN_DETAIL_PLAIN;
    t->result.squares += squares[kind];
    uint64_t result = take_cost(t) + ainn_weigh_samples(&encoder->weigh, squares[kind]);
    t->result.j += result;
    return result;
}

static void start_trial(const ainn_detail_encoder *encoder, trial *t, uint32_t group, uint32_t number)
{
    unsigned finer = number * FINER;
    t->code = encoder->weigh.step > finer ? encoder->weigh.step - finer : 0;
    t->step = ainn_step(t->code);
    t->coded = 0;
    memset(&t->result, 0, sizeof(t->result));
    ainn_detail_coder_start(&t->coder, smaller(AINN_DETAIL_SIDE, encoder->columns - group * AINN_DETAIL_SIDE),
                            smaller(AINN_DETAIL_SIDE, encoder->rows - encoder->row));
    ainn_range_encode_start(&t->coder.range, &t->stream);
    t->coder.range.costs = encoder->costs;
}

/* A row of one group. */
static void trial_task(void *opaque, size_t index, unsigned thread)
{
    ainn_detail_encoder *encoder = opaque;
    trial *t = &encoder->trials[index];
    uint32_t group = (uint32_t)index / encoder->each, number = (uint32_t)index % encoder->each;
    (void)thread;
    if (encoder->choice)
        number = encoder->choice[(size_t)(encoder->row / AINN_DETAIL_SIDE) * encoder->groups + group];
    if (encoder->row % AINN_DETAIL_SIDE == 0)
        start_trial(encoder, t, group, number);
    for (uint32_t x = 0; x < t->coder.columns; x++) {
        uint32_t column = group * AINN_DETAIL_SIDE + x;
        uint64_t j = code_cell(encoder, t, x, column);
        if (encoder->cells)
            encoder->cells[((size_t)number * encoder->rows + encoder->row) * encoder->columns + column] = j;
    }
    ainn_detail_next_row(&t->coder);
}

/* ---- Groups ---- */

/* Room for a row of every stream, so that tasks need no memory. */
static ainn_status make_room(ainn_detail_encoder *encoder)
{
    for (uint32_t i = 0; i < encoder->trial_count; i++) {
        ainn_buffer *stream = &encoder->trials[i].stream;
        if (encoder->row % AINN_DETAIL_SIDE == 0) {
            ainn_buffer_clear(stream);
            ainn_buffer_append_byte(stream, 0);          /* the step's code, later */
        }
        if (stream->status == AINN_OK && stream->capacity - stream->size < ROW_ROOM)
            ainn_buffer_reserve(stream, stream->size + stream->size / 2 + ROW_ROOM);
        if (stream->status != AINN_OK)
            return stream->status;
    }
    return AINN_OK;
}

/* Ends the streams of a row of groups. */
static ainn_status finish_groups(ainn_detail_encoder *encoder)
{
    uint32_t group_row = encoder->row / AINN_DETAIL_SIDE;
    for (uint32_t g = 0; g < encoder->groups; g++) {
        trial *t = &encoder->trials[g];
        uint64_t *size = &encoder->sizes[(size_t)group_row * encoder->groups + g];
        *size = 0;
        if (t->coded) {
            ainn_buffer *stream = &t->stream;
            ainn_range_encode_finish(&t->coder.range);
            if (stream->status != AINN_OK)
                return stream->status;
            stream->data[0] = (uint8_t)t->code;
            ainn_buffer_append_u32(stream, ainn_crc32c(0, stream->data, stream->size));
            ainn_buffer_append(&encoder->streams, stream->data, stream->size);
            *size = stream->size;
        }
        encoder->result.j += t->result.j;
        encoder->result.squares += t->result.squares;
    }
    return encoder->streams.status;
}

ainn_status ainn_detail_encode_row(ainn_detail_encoder *encoder, const uint16_t *const samples[3], const uint32_t *const u[3], size_t stride)
{
    for (int c = 0; c < 3; c++) {
        encoder->samples[c] = samples[c < encoder->planes ? c : 0];
        encoder->u[c] = u[c];
    }
    encoder->stride = stride;
    ainn_status status = make_room(encoder);
    if (status != AINN_OK)
        return status;
    ainn_pool_run(encoder->pool, encoder->columns, transform_task, encoder);
    ainn_pool_run(encoder->pool, encoder->trial_count, trial_task, encoder);
    if (encoder->choice && (encoder->row % AINN_DETAIL_SIDE == AINN_DETAIL_SIDE - 1 || encoder->row + 1 == encoder->rows))
        status = finish_groups(encoder);
    encoder->row++;
    return status;
}

ainn_status ainn_detail_encode_finish(ainn_detail_encoder *encoder, ainn_buffer *out, ainn_detail_result *result)
{
    size_t groups = (size_t)((encoder->rows - 1) / AINN_DETAIL_SIDE + 1) * encoder->groups;
    *result = encoder->result;
    if (!encoder->streams.size)
        return encoder->streams.status;
    for (size_t i = 0; i < groups; i++)
        ainn_buffer_append_varint(out, encoder->sizes[i]);
    ainn_buffer_append(out, encoder->streams.data, encoder->streams.size);
    return out->status;
}
