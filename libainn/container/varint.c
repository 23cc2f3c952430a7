#include "container/varint.h"

ainn_status ainn_varint_read(const uint8_t *data, size_t size, size_t *position, uint64_t *value)
{
    uint64_t result = 0;
    size_t at = *position;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (at >= size)
            return AINN_ERROR_TRUNCATED;
        uint64_t byte = data[at++];
        if ((shift == 63 && byte > 1) || (byte == 0 && shift))
            return AINN_ERROR_INVALID;
        result |= (byte & 127) << shift;
        if (byte < 128) {
            *position = at;
            *value = result;
            return AINN_OK;
        }
    }
    return AINN_ERROR_INVALID;
}

size_t ainn_varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >>= 7)
        size++;
    return size;
}

size_t ainn_varint_write(uint8_t *out, uint64_t value)
{
    size_t size = 0;
    for (; value > 127; value >>= 7)
        out[size++] = (uint8_t)(value | 128);
    out[size++] = (uint8_t)value;
    return size;
}
