/* The header of a frame (format-spec/container.md): parsing, validation, writing. Knows sizes and places, nothing of networks. */
#ifndef AINN_CONTAINER_FRAME_H
#define AINN_CONTAINER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"
#include "container/bytes.h"
#include "container/error.h"

#define AINN_FRAME_VERSION 1
#define AINN_SIGNATURE_SIZE 6
#define AINN_QUALITY_MAX 1792
#define AINN_GROUP_PIXELS 1024
#define AINN_EXTENSION_DETAIL 1  /* critical: a reader that does not know it must not decode */
#define AINN_EXTENSION_ORIENTATION 8
#define AINN_EXTENSION_OF(kind) (2u + 2u * (unsigned)(kind))   /* type of an ainn_metadata_kind */

extern const uint8_t ainn_frame_signature[AINN_SIGNATURE_SIZE];

/* A part of a frame; a part that is there is followed by its CRC, which `size` does not count. */
typedef struct ainn_part {
    uint64_t offset, size;
} ainn_part;

typedef struct ainn_frame {
    uint32_t width, height, depth;
    ainn_channels channels;
    ainn_color color;
    uint32_t model_id;
    uint32_t quality_code;
    uint32_t alpha_quality;
    uint32_t group_columns, group_rows;
    uint64_t header_size;         /* from the signature to the header CRC */
    uint64_t frame_size;
    ainn_part metadata[AINN_METADATA_KINDS];
    ainn_part orientation;
    ainn_part detail;             /* correction of the synthesised picture; size 0: none */
    ainn_part hyper;              /* all z */
    uint64_t latent_offset;       /* every y, each with its CRC */
    uint64_t latent_bytes;        /* without the CRCs */
    ainn_part alpha;
    size_t index_offset;          /* of the index in the header */
} ainn_frame;

/* Where the streams of a group are. */
typedef struct ainn_group_part {
    uint64_t hyper_offset, hyper_size, latent_offset, latent_size;
} ainn_group_part;

/* Reads and validates the header at the beginning of `data`; nothing is allocated. Parts may lie beyond `size` (a frame that was
 * cut), but never beyond the frame. AINN_ERROR_TRUNCATED: the header itself is not complete. */
ainn_status ainn_frame_parse(const uint8_t *data, size_t size, ainn_frame *frame, ainn_error *message);

/* Frame length from its first bytes; 0: more are needed; negative: an ainn_status. */
int64_t ainn_frame_measure(const uint8_t *data, size_t size);

/* Fills group_columns * group_rows entries from the index of a frame that was parsed from the same data. */
void ainn_frame_groups(const ainn_frame *frame, const uint8_t *data, ainn_group_part *groups);

/* Whether a part is complete and its CRC right: AINN_OK, AINN_ERROR_TRUNCATED or AINN_ERROR_CHECKSUM. Empty parts are. */
ainn_status ainn_part_check(const uint8_t *data, size_t size, const ainn_part *part);

/* EXIF's orientation; 1 where there is none. The status is the part's. */
ainn_status ainn_frame_orientation(const ainn_frame *frame, const uint8_t *data, size_t size, uint8_t *orientation);

/* ---- Writing ---- */

/* What a frame is written from. */
typedef struct ainn_frame_content {
    uint32_t width, height, depth;
    ainn_channels channels;
    ainn_color color;
    uint8_t orientation;
    uint32_t model_id;
    uint32_t quality_code;
    uint32_t alpha_quality;
    ainn_bytes metadata[AINN_METADATA_KINDS];
    ainn_bytes detail;
    size_t groups;
    const uint64_t *group_sizes;  /* z, y of each group */
    ainn_bytes hyper;             /* all z */
    ainn_bytes latents;           /* all y, without CRCs */
    ainn_bytes alpha;
} ainn_frame_content;

/* Bytes of the frame. */
uint64_t ainn_frame_size(const ainn_frame_content *content);

/* Appends the frame to a buffer; buffer->status says whether that worked. */
void ainn_frame_write(const ainn_frame_content *content, ainn_buffer *buffer);

#endif
