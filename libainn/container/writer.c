/* ainn_writer: sequence files, written as a stream. */
#include <string.h>

#include "container/bytes.h"
#include "container/frame.h"
#include "container/sequence.h"
#include "container/varint.h"
#include "util/crc32c.h"

struct ainn_writer {
    ainn_memory memory;
    ainn_write_bytes write;
    void *opaque;
    ainn_buffer index;            /* entries */
    uint64_t position;            /* bytes written */
    uint64_t last_record;         /* where the last record began */
    uint64_t last_pts;
    uint32_t frame_count, frames;
    int finished;
    ainn_status status;           /* an output that failed stays failed */
};

static ainn_status put(ainn_writer *writer, const void *data, size_t size)
{
    if (writer->status == AINN_OK && size && writer->write(writer->opaque, data, size))
        writer->status = AINN_ERROR_IO;
    writer->position += size;
    return writer->status;
}

static ainn_status put_header(ainn_writer *writer, uint32_t timebase_num, uint32_t timebase_den)
{
    uint8_t header[64];
    size_t size = sizeof(ainn_sequence_signature);
    memcpy(header, ainn_sequence_signature, size);
    header[size++] = AINN_SEQUENCE_VERSION;
    size += ainn_varint_write(header + size, timebase_num);
    size += ainn_varint_write(header + size, timebase_den);
    size += ainn_varint_write(header + size, writer->frame_count);
    ainn_write_u32(header + size, ainn_crc32c(0, header, size));
    return put(writer, header, size + 4);
}

ainn_status ainn_writer_create(uint32_t timebase_num, uint32_t timebase_den, uint32_t frame_count, ainn_write_bytes write, void *opaque,
                               const ainn_allocator *allocator, ainn_writer **result)
{
    ainn_memory memory;
    if (!result)
        return AINN_ERROR_ARGUMENT;
    *result = NULL;
    if (!timebase_num || !timebase_den || !write)
        return AINN_ERROR_ARGUMENT;
    ainn_memory_init(&memory, allocator, UINT64_MAX);
    ainn_writer *writer = ainn_alloc(&memory, sizeof(*writer));
    if (!writer)
        return AINN_ERROR_MEMORY;
    writer->memory = memory;
    writer->write = write;
    writer->opaque = opaque;
    writer->frame_count = frame_count;
    ainn_buffer_init(&writer->index, &writer->memory);
    ainn_status status = put_header(writer, timebase_num, timebase_den);
    if (status != AINN_OK) {
        ainn_writer_destroy(writer);
        return status;
    }
    *result = writer;
    return AINN_OK;
}

ainn_status ainn_writer_add(ainn_writer *writer, ainn_bytes frame, uint64_t pts, uint64_t duration)
{
    if (!writer || writer->finished || !frame.data || (writer->frames && pts <= writer->last_pts) || writer->frames == UINT32_MAX)
        return AINN_ERROR_ARGUMENT;
    if (ainn_frame_measure(frame.data, frame.size) != (int64_t)frame.size)
        return AINN_ERROR_ARGUMENT;
    uint8_t record[1 + 2 * AINN_VARINT_MAX] = { AINN_RECORD_FRAME };
    size_t size = 1;
    uint64_t start = writer->position, step = pts - writer->last_pts;
    size += ainn_varint_write(record + size, step);
    size += ainn_varint_write(record + size, duration);
    ainn_buffer_append_varint(&writer->index, start - writer->last_record);
    ainn_buffer_append_varint(&writer->index, step);
    if (writer->index.status != AINN_OK)
        return writer->index.status;
    put(writer, record, size);
    writer->last_record = start;
    writer->last_pts = pts;
    writer->frames++;
    return put(writer, frame.data, frame.size);
}

ainn_status ainn_writer_finish(ainn_writer *writer)
{
    if (!writer || writer->finished || (writer->frame_count && writer->frame_count != writer->frames))
        return AINN_ERROR_ARGUMENT;
    writer->finished = 1;
    uint8_t start[1 + AINN_VARINT_MAX] = { AINN_RECORD_INDEX }, end[8];
    size_t size = 1 + ainn_varint_write(start + 1, writer->index.size);
    uint64_t distance = size + writer->index.size + sizeof(end);
    if (distance > UINT32_MAX)
        return writer->status;    /* too large for its own length; readers walk */
    ainn_write_u32(end, ainn_crc32c(0, writer->index.data, writer->index.size));
    ainn_write_u32(end + 4, (uint32_t)distance);
    put(writer, start, size);
    put(writer, writer->index.data, writer->index.size);
    return put(writer, end, sizeof(end));
}

void ainn_writer_destroy(ainn_writer *writer)
{
    if (!writer)
        return;
    ainn_buffer_free(&writer->index);
    ainn_memory memory = writer->memory;
    ainn_free_memory(&memory, writer);
}
