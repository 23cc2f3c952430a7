#include "container/sequence.h"

#include <string.h>

#include "container/bytes.h"
#include "container/frame.h"
#include "container/varint.h"
#include "util/crc32c.h"

const uint8_t ainn_sequence_signature[6] = { 0x8A, 'A', 'I', 'S', 0x0D, 0x0A };

int ainn_is_sequence(const uint8_t *data, size_t size)
{
    return size >= 4 && !memcmp(data, ainn_sequence_signature, size < 6 ? size : 6);
}

ainn_status ainn_sequence_parse(const uint8_t *data, size_t size, ainn_sequence *sequence, ainn_error *message)
{
    uint64_t value[3];
    size_t at = sizeof(ainn_sequence_signature) + 1;
    memset(sequence, 0, sizeof(*sequence));
    if (memcmp(data, ainn_sequence_signature, size < 6 ? size : 6))
        return ainn_fail(message, AINN_ERROR_NOT_AINN, "not an AINN sequence: the signature is missing");
    if (size < at)
        return ainn_fail(message, AINN_ERROR_TRUNCATED, "the data ends after %zu bytes, inside the signature", size);
    if (data[at - 1] != AINN_SEQUENCE_VERSION)
        return ainn_fail(message, AINN_ERROR_UNSUPPORTED, "sequence version %u is not supported, only %d", data[at - 1], AINN_SEQUENCE_VERSION);
    for (int i = 0; i < 3; i++) {
        ainn_status status = ainn_varint_read(data, size, &at, &value[i]);
        if (status != AINN_OK)
            return ainn_fail(message, status, "the sequence header is not complete or damaged at byte %zu", at);
    }
    if (size - at < 4)
        return ainn_fail(message, AINN_ERROR_TRUNCATED, "the data ends after %zu bytes, inside the sequence header", size);
    if (ainn_crc32c(0, data, at) != ainn_read_u32(data + at))
        return ainn_fail(message, AINN_ERROR_CHECKSUM, "the sequence header is damaged: its checksum is wrong");
    if (!value[0] || !value[1] || value[0] > UINT32_MAX || value[1] > UINT32_MAX || value[2] > UINT32_MAX)
        return ainn_fail(message, AINN_ERROR_INVALID, "a time base of %llu/%llu with %llu frames is impossible",
                         (unsigned long long)value[0], (unsigned long long)value[1], (unsigned long long)value[2]);
    sequence->timebase_num = (uint32_t)value[0];
    sequence->timebase_den = (uint32_t)value[1];
    sequence->frame_count = (uint32_t)value[2];
    sequence->header_size = at + 4;
    return AINN_OK;
}

ainn_status ainn_record_parse(const uint8_t *data, size_t size, ainn_record *record)
{
    size_t at = 1;
    if (!size)
        return AINN_ERROR_TRUNCATED;
    if (data[0] != AINN_RECORD_FRAME)
        return AINN_ERROR_INVALID;
    ainn_status status = ainn_varint_read(data, size, &at, &record->time_step);
    if (status == AINN_OK)
        status = ainn_varint_read(data, size, &at, &record->duration);
    if (status != AINN_OK)
        return status;
    int64_t length = ainn_frame_measure(data + at, size - at);
    if (length <= 0)
        return length ? AINN_ERROR_INVALID : AINN_ERROR_TRUNCATED;
    record->frame_offset = at;
    record->frame_size = (uint64_t)length;
    return AINN_OK;
}
