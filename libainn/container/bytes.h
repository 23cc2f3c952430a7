/* Little-endian numbers, and a buffer that grows. */
#ifndef AINN_CONTAINER_BYTES_H
#define AINN_CONTAINER_BYTES_H

#include "util/memory.h"

static inline uint32_t ainn_read_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void ainn_write_u32(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

static inline uint64_t ainn_read_u64(const uint8_t *p)
{
    return ainn_read_u32(p) | (uint64_t)ainn_read_u32(p + 4) << 32;
}

static inline void ainn_write_u64(uint8_t *p, uint64_t value)
{
    ainn_write_u32(p, (uint32_t)value);
    ainn_write_u32(p + 4, (uint32_t)(value >> 32));
}

/* Once an append fails, `status` says why and further ones do nothing, so that a writer checks once at its end. */
typedef struct ainn_buffer {
    ainn_memory *memory;
    uint8_t *data;
    size_t size, capacity;
    ainn_status status;
} ainn_buffer;

void ainn_buffer_init(ainn_buffer *buffer, ainn_memory *memory);
void ainn_buffer_free(ainn_buffer *buffer);
/* Empty again, memory kept, status AINN_OK. */
void ainn_buffer_clear(ainn_buffer *buffer);
/* Room for `size` more bytes that the caller fills (they count as written); NULL on failure. */
uint8_t *ainn_buffer_extend(ainn_buffer *buffer, size_t size);
/* Makes room without writing, so that one large append does not double the capacity. */
void ainn_buffer_reserve(ainn_buffer *buffer, size_t capacity);
void ainn_buffer_append(ainn_buffer *buffer, const void *data, size_t size);
void ainn_buffer_append_byte(ainn_buffer *buffer, unsigned value);
void ainn_buffer_append_u32(ainn_buffer *buffer, uint32_t value);
void ainn_buffer_append_varint(ainn_buffer *buffer, uint64_t value);

#endif
