#include "detail/stream.h"

#include "container/varint.h"
#include "detail/dct.h"
#include "util/crc32c.h"

#define SMALLEST (AINN_DETAIL_HEADER + AINN_DETAIL_CRC)

ainn_status ainn_detail_index(const uint8_t *data, uint64_t size, size_t available, uint64_t groups, ainn_detail_stream *streams)
{
    size_t at = 0, table = available < size ? available : (size_t)size;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < groups; i++) {
        ainn_status status = ainn_varint_read(data, table, &at, &streams[i].size);
        if (status != AINN_OK)
            return status == AINN_ERROR_TRUNCATED && available >= size ? AINN_ERROR_INVALID : status;
        if (streams[i].size > size || (streams[i].size && streams[i].size < SMALLEST))
            return AINN_ERROR_INVALID;
        streams[i].offset = sum;
        sum += streams[i].size;
        if (sum > size)
            return AINN_ERROR_INVALID;
    }
    for (uint64_t i = 0; i < groups; i++)
        streams[i].offset += at;
    return sum == size - at ? AINN_OK : AINN_ERROR_INVALID;
}

ainn_status ainn_detail_check(const uint8_t *data, size_t available, const ainn_detail_stream *stream)
{
    if (!stream->size)
        return AINN_OK;
    if (stream->offset + stream->size > available)
        return AINN_ERROR_TRUNCATED;
    const uint8_t *start = data + stream->offset;
    size_t size = (size_t)stream->size - AINN_DETAIL_CRC;
    if (ainn_crc32c(0, start, size) != ainn_read_u32(start + size))
        return AINN_ERROR_CHECKSUM;
    return start[0] < AINN_STEP_CODES ? AINN_OK : AINN_ERROR_INVALID;
}
