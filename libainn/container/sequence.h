/* The header of a sequence file (format-spec/container.md). */
#ifndef AINN_CONTAINER_SEQUENCE_H
#define AINN_CONTAINER_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"
#include "container/error.h"

#define AINN_SEQUENCE_VERSION 1
#define AINN_RECORD_FRAME 0x46
#define AINN_RECORD_INDEX 0x58

extern const uint8_t ainn_sequence_signature[6];

typedef struct ainn_sequence {
    uint32_t timebase_num, timebase_den;
    uint32_t frame_count;         /* 0: not known */
    size_t header_size;
} ainn_sequence;

/* Whether data begins like a sequence file. */
int ainn_is_sequence(const uint8_t *data, size_t size);

/* AINN_ERROR_TRUNCATED: more bytes are needed. */
ainn_status ainn_sequence_parse(const uint8_t *data, size_t size, ainn_sequence *sequence, ainn_error *message);

/* A frame record: time stamps, then the frame. Offsets count from the record's first byte. */
typedef struct ainn_record {
    uint64_t time_step, duration;
    size_t frame_offset;
    uint64_t frame_size;
} ainn_record;

/* AINN_ERROR_TRUNCATED: not even the frame's length is there. */
ainn_status ainn_record_parse(const uint8_t *data, size_t size, ainn_record *record);

#endif
