/* ainn_reader: the frames of a sequence file, by its index or, without one, by walking its records. */
#include <string.h>

#include "api/options.h"
#include "container/bytes.h"
#include "container/frame.h"
#include "container/sequence.h"
#include "container/varint.h"
#include "util/crc32c.h"

struct ainn_reader {
    ainn_memory memory;
    const uint8_t *data;
    size_t size;
    ainn_buffer frames;           /* of ainn_sequence_frame */
};

static size_t count(const ainn_reader *reader)
{
    return reader->frames.size / sizeof(ainn_sequence_frame);
}

/* Adds the frame of a record at `offset`; the record's size, or 0 if there is no usable frame. */
static uint64_t add_frame(ainn_reader *reader, size_t offset, uint64_t *pts)
{
    ainn_record record;
    size_t left = reader->size - offset;
    if (ainn_record_parse(reader->data + offset, left, &record) != AINN_OK)
        return 0;
    if ((count(reader) && !record.time_step) || record.time_step > UINT64_MAX - *pts || count(reader) == UINT32_MAX)
        return 0;
    *pts += record.time_step;
    uint64_t there = left - record.frame_offset;          /* the last frame of a file cut short */
    ainn_sequence_frame frame = { { reader->data + offset + record.frame_offset, (size_t)(record.frame_size < there ? record.frame_size : there) }, *pts, record.duration };
    ainn_buffer_append(&reader->frames, &frame, sizeof(frame));
    return record.frame_offset + record.frame_size;
}

/* 0: there is no index, or it does not fit the file. */
static int read_index(ainn_reader *reader, size_t header_size)
{
    if (reader->size - header_size < 10)
        return 0;
    size_t end = reader->size - 8, distance = ainn_read_u32(reader->data + reader->size - 4);
    if (distance > reader->size - header_size || distance < 10)
        return 0;
    size_t start = reader->size - distance, at = start + 1;
    uint64_t length, offset = 0, pts = 0, time = 0;
    if (reader->data[start] != AINN_RECORD_INDEX || ainn_varint_read(reader->data, end, &at, &length) != AINN_OK || length != end - at ||
        ainn_crc32c(0, reader->data + at, (size_t)length) != ainn_read_u32(reader->data + end))
        return 0;
    uint64_t expected = header_size;
    while (at < end) {
        uint64_t step, time_step;
        if (ainn_varint_read(reader->data, end, &at, &step) != AINN_OK || ainn_varint_read(reader->data, end, &at, &time_step) != AINN_OK)
            return 0;
        if (step > start - offset || offset + step != expected || time_step > UINT64_MAX - time)
            return 0;
        offset += step;
        time += time_step;
        uint64_t size = offset < start ? add_frame(reader, (size_t)offset, &pts) : 0;
        if (!size || size > start - offset || pts != time)
            return 0;
        expected = offset + size;
    }
    return expected == start;
}

static void walk(ainn_reader *reader, size_t header_size)
{
    uint64_t pts = 0, offset = header_size;
    ainn_buffer_clear(&reader->frames);
    while (offset < reader->size) {
        uint64_t size = add_frame(reader, (size_t)offset, &pts);
        if (!size || size > reader->size - offset)
            return;
        offset += size;
    }
}

static ainn_status read_frames(ainn_reader *reader)
{
    if (!ainn_is_sequence(reader->data, reader->size)) {
        int64_t length = ainn_frame_measure(reader->data, reader->size);
        if (length <= 0)
            return length ? (ainn_status)length : AINN_ERROR_TRUNCATED;
        ainn_sequence_frame still = { { reader->data, (uint64_t)length < reader->size ? (size_t)length : reader->size }, 0, 0 };
        ainn_buffer_append(&reader->frames, &still, sizeof(still));
        return reader->frames.status;
    }
    ainn_sequence sequence;
    ainn_status status = ainn_sequence_parse(reader->data, reader->size, &sequence, NULL);
    if (status != AINN_OK)
        return status;
    if (!read_index(reader, sequence.header_size) && reader->frames.status == AINN_OK)
        walk(reader, sequence.header_size);
    return reader->frames.status;
}

ainn_status ainn_reader_create(const uint8_t *data, size_t size, const ainn_limits *limits, const ainn_allocator *allocator, ainn_reader **result)
{
    ainn_memory memory;
    ainn_limits all;
    if (!result)
        return AINN_ERROR_ARGUMENT;
    *result = NULL;
    if (!data)
        return AINN_ERROR_ARGUMENT;
    ainn_status status = ainn_limits_take(limits, &all);
    if (status != AINN_OK)
        return status;
    ainn_memory_init(&memory, allocator, all.max_memory);
    ainn_reader *reader = ainn_alloc(&memory, sizeof(*reader));
    if (!reader)
        return ainn_memory_status(&memory);
    reader->memory = memory;
    reader->data = data;
    reader->size = size;
    ainn_buffer_init(&reader->frames, &reader->memory);
    status = read_frames(reader);
    if (status != AINN_OK) {
        ainn_reader_destroy(reader);
        return status;
    }
    *result = reader;
    return AINN_OK;
}

uint32_t ainn_reader_count(const ainn_reader *reader)
{
    return reader ? (uint32_t)count(reader) : 0;
}

ainn_status ainn_reader_get(const ainn_reader *reader, uint32_t index, ainn_sequence_frame *frame)
{
    if (!reader || !frame || index >= count(reader))
        return AINN_ERROR_ARGUMENT;
    memcpy(frame, reader->frames.data + (size_t)index * sizeof(*frame), sizeof(*frame));
    return AINN_OK;
}

void ainn_reader_destroy(ainn_reader *reader)
{
    if (!reader)
        return;
    ainn_buffer_free(&reader->frames);
    ainn_memory memory = reader->memory;
    ainn_free_memory(&memory, reader);
}
