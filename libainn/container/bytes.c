#include "container/bytes.h"

#include <string.h>

#include "container/varint.h"

void ainn_buffer_init(ainn_buffer *buffer, ainn_memory *memory)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->memory = memory;
}

void ainn_buffer_free(ainn_buffer *buffer)
{
    ainn_free_memory(buffer->memory, buffer->data);
    ainn_buffer_init(buffer, buffer->memory);
}

void ainn_buffer_clear(ainn_buffer *buffer)
{
    buffer->size = 0;
    buffer->status = AINN_OK;
}

void ainn_buffer_reserve(ainn_buffer *buffer, size_t capacity)
{
    if (buffer->status != AINN_OK || capacity <= buffer->capacity)
        return;
    uint8_t *data = ainn_alloc(buffer->memory, capacity);
    if (!data) {
        buffer->status = ainn_memory_status(buffer->memory);
        return;
    }
    if (buffer->size)
        memcpy(data, buffer->data, buffer->size);
    ainn_free_memory(buffer->memory, buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
}

uint8_t *ainn_buffer_extend(ainn_buffer *buffer, size_t size)
{
    if (buffer->status != AINN_OK)
        return NULL;
    if (size > SIZE_MAX / 4 || buffer->size > SIZE_MAX / 4) {
        buffer->status = AINN_ERROR_MEMORY;
        return NULL;
    }
    if (size > buffer->capacity - buffer->size) {
        size_t more = buffer->size / 2 + 256;
        ainn_buffer_reserve(buffer, buffer->size + (size > more ? size : more));
        if (buffer->status != AINN_OK)
            return NULL;
    }
    uint8_t *room = buffer->data + buffer->size;
    buffer->size += size;
    return room;
}

void ainn_buffer_append(ainn_buffer *buffer, const void *data, size_t size)
{
    if (!size)
        return;
    uint8_t *room = ainn_buffer_extend(buffer, size);
    if (room)
        memcpy(room, data, size);
}

void ainn_buffer_append_byte(ainn_buffer *buffer, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    ainn_buffer_append(buffer, &byte, 1);
}

void ainn_buffer_append_u32(ainn_buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];
    ainn_write_u32(bytes, value);
    ainn_buffer_append(buffer, bytes, 4);
}

void ainn_buffer_append_varint(ainn_buffer *buffer, uint64_t value)
{
    uint8_t bytes[AINN_VARINT_MAX];
    ainn_buffer_append(buffer, bytes, ainn_varint_write(bytes, value));
}
