#include "detail/encode.h"

#include <string.h>

#include "container/varint.h"
#include "util/crc32c.h"

#define LINES 16                 /* of pixels in a row of cells */
#define ROW_ROOM (AINN_DETAIL_SIDE * 2048 + AINN_DETAIL_CELL_BOUND)       /* of a stream, for a row of its cells */

struct ainn_detail_encoder {
    ainn_memory *memory;
    ainn_pool *pool;
    ainn_detail_view view;
    uint32_t groups;             /* side by side */
    uint64_t *cells;
    const uint8_t *choice;
    ainn_detail_trial *trials;   /* [groups][each] */
    uint32_t each, trial_count;
    uint64_t *sizes;             /* of all groups' streams */
    ainn_buffer streams;
    ainn_detail_result result;
};

static ainn_status take_memory(ainn_detail_encoder *encoder)
{
    ainn_memory *memory = encoder->memory;
    size_t group_rows = (encoder->view.rows - 1) / AINN_DETAIL_SIDE + 1, trials = (size_t)encoder->groups * encoder->each;
    if (!(encoder->trials = ainn_alloc_array(memory, trials, sizeof(*encoder->trials))) ||
        !(encoder->view.coefficients = ainn_alloc_array(memory, encoder->view.columns, 4 * (size_t)encoder->view.planes * AINN_DCT_SIZE * sizeof(int32_t))) ||
        !(encoder->view.plain = ainn_alloc_array(memory, encoder->view.columns, sizeof(*encoder->view.plain))) ||
        !(encoder->sizes = ainn_alloc_array(memory, group_rows * encoder->groups, sizeof(*encoder->sizes))))
        return ainn_memory_status(memory);
    for (size_t i = 0; i < trials; i++)
        ainn_buffer_init(&encoder->trials[i].stream, memory);
    for (; encoder->trial_count < trials; encoder->trial_count++) {
        ainn_status status = ainn_detail_coder_create(memory, encoder->view.planes, encoder->view.depth, &encoder->trials[encoder->trial_count].coder);
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
    encoder->view.width = width;
    encoder->view.height = height;
    encoder->view.columns = (width - 1) / LINES + 1;
    encoder->view.rows = (height - 1) / LINES + 1;
    encoder->groups = (encoder->view.columns - 1) / AINN_DETAIL_SIDE + 1;
    encoder->view.depth = depth;
    encoder->view.max = (1u << depth) - 1;
    encoder->view.planes = planes;
    encoder->cells = cells;
    encoder->choice = choice;
    encoder->each = choice ? 1 : AINN_DETAIL_TRIALS;
    ainn_buffer_init(&encoder->streams, memory);
    ainn_weigh_init(&encoder->view.weigh, quality_code, depth, planes);
    ainn_range_costs(encoder->view.costs);
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
    ainn_free_memory(memory, encoder->view.coefficients);
    ainn_free_memory(memory, encoder->view.plain);
    ainn_free_memory(memory, encoder->sizes);
    ainn_free_memory(memory, encoder);
}

static void look_task(void *opaque, size_t column, unsigned thread)
{
    ainn_detail_encoder *encoder = opaque;
    (void)thread;
    ainn_detail_look_at(&encoder->view, (uint32_t)column);
}

/* A row of one group. */
static void trial_task(void *opaque, size_t index, unsigned thread)
{
    ainn_detail_encoder *encoder = opaque;
    ainn_detail_trial *t = &encoder->trials[index];
    uint32_t group = (uint32_t)index / encoder->each, number = (uint32_t)index % encoder->each;
    (void)thread;
    if (encoder->choice)
        number = encoder->choice[(size_t)(encoder->view.row / AINN_DETAIL_SIDE) * encoder->groups + group];
    if (encoder->view.row % AINN_DETAIL_SIDE == 0)
        ainn_detail_trial_start(&encoder->view, t, group, number);
    for (uint32_t x = 0; x < t->coder.columns; x++) {
        uint32_t column = group * AINN_DETAIL_SIDE + x;
        uint64_t j = ainn_detail_trial_cell(&encoder->view, t, x, column);
        if (encoder->cells)
            encoder->cells[((size_t)number * encoder->view.rows + encoder->view.row) * encoder->view.columns + column] = j;
    }
    ainn_detail_next_row(&t->coder);
}

/* ---- Groups ---- */

/* Room for a row of every stream, so that tasks need no memory. */
static ainn_status make_room(ainn_detail_encoder *encoder)
{
    for (uint32_t i = 0; i < encoder->trial_count; i++) {
        ainn_buffer *stream = &encoder->trials[i].stream;
        if (encoder->view.row % AINN_DETAIL_SIDE == 0) {
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
    uint32_t group_row = encoder->view.row / AINN_DETAIL_SIDE;
    for (uint32_t g = 0; g < encoder->groups; g++) {
        ainn_detail_trial *t = &encoder->trials[g];
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
        encoder->view.samples[c] = samples[c < encoder->view.planes ? c : 0];
        encoder->view.u[c] = u[c];
    }
    encoder->view.stride = stride;
    ainn_status status = make_room(encoder);
    if (status != AINN_OK)
        return status;
    ainn_pool_run(encoder->pool, encoder->view.columns, look_task, encoder);
    ainn_pool_run(encoder->pool, encoder->trial_count, trial_task, encoder);
    if (encoder->choice && (encoder->view.row % AINN_DETAIL_SIDE == AINN_DETAIL_SIDE - 1 || encoder->view.row + 1 == encoder->view.rows))
        status = finish_groups(encoder);
    encoder->view.row++;
    return status;
}

ainn_status ainn_detail_encode_finish(ainn_detail_encoder *encoder, ainn_buffer *out, ainn_detail_result *result)
{
    size_t groups = (size_t)((encoder->view.rows - 1) / AINN_DETAIL_SIDE + 1) * encoder->groups;
    *result = encoder->result;
    if (!encoder->streams.size)
        return encoder->streams.status;
    for (size_t i = 0; i < groups; i++)
        ainn_buffer_append_varint(out, encoder->sizes[i]);
    ainn_buffer_append(out, encoder->streams.data, encoder->streams.size);
    return out->status;
}
