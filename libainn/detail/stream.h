/* The detail extension's outside (format-spec/detail.md): the streams of the groups. */
#ifndef AINN_DETAIL_STREAM_H
#define AINN_DETAIL_STREAM_H

#include "container/bytes.h"

#define AINN_DETAIL_HEADER 1     /* step code */
#define AINN_DETAIL_CRC 4

/* A group's stream; size 0: it has none. */
typedef struct ainn_detail_stream {
    uint64_t offset, size;       /* from the beginning of the extension's data; header and CRC included */
} ainn_detail_stream;

/* Reads the sizes of all groups' streams from an extension of `size` bytes of which `available` are there.
 * AINN_ERROR_TRUNCATED: the sizes are not all there; AINN_ERROR_INVALID: they do not add up. */
ainn_status ainn_detail_index(const uint8_t *data, uint64_t size, size_t available, uint64_t groups, ainn_detail_stream *streams);

/* AINN_OK where the stream is there and its checksum right, else AINN_ERROR_TRUNCATED, AINN_ERROR_CHECKSUM or AINN_ERROR_INVALID. */
ainn_status ainn_detail_check(const uint8_t *data, size_t available, const ainn_detail_stream *stream);

#endif
