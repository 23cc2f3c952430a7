#include "container/frame.h"

#include <string.h>

#include "container/varint.h"
#include "util/crc32c.h"

#define CRC_SIZE 4
#define LARGEST_PART ((uint64_t)1 << 56)   /* so that sums of parts cannot overflow before they are compared */

const uint8_t ainn_frame_signature[AINN_SIGNATURE_SIZE] = { 0x8A, 'A', 'I', 'N', 0x0D, 0x0A };

/* The header while it is read. */
typedef struct header {
    const uint8_t *data;
    size_t size;                  /* of the header without its CRC */
    size_t at;
    ainn_error *message;
} header;

/* Behind the header lengths everything lies inside the header: what ends early there is invalid, not cut. */
static ainn_status number(header *h, const char *name, uint64_t largest, uint64_t *value)
{
    if (ainn_varint_read(h->data, h->size, &h->at, value) != AINN_OK)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "the header's %s at byte %zu is not a valid number", name, h->at);
    if (*value > largest)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "the header's %s is %llu, more than %llu", name, (unsigned long long)*value, (unsigned long long)largest);
    return AINN_OK;
}

static ainn_status bytes(header *h, size_t count, const uint8_t **p)
{
    if (count > h->size - h->at)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "the header ends early, at byte %zu", h->size);
    *p = h->data + h->at;
    h->at += count;
    return AINN_OK;
}

/* Signature, version and frame length; *at is then the header length's place. */
static ainn_status read_start(const uint8_t *data, size_t size, size_t *at, uint64_t *length, ainn_error *message)
{
    size_t known = size < AINN_SIGNATURE_SIZE ? size : AINN_SIGNATURE_SIZE;
    if (known && memcmp(data, ainn_frame_signature, known))
        return ainn_fail(message, AINN_ERROR_NOT_AINN, "not an AINN picture: the signature is missing");
    if (size <= AINN_SIGNATURE_SIZE)
        return ainn_fail(message, AINN_ERROR_TRUNCATED, "the data ends after %zu bytes, inside the signature", size);
    if (data[AINN_SIGNATURE_SIZE] != AINN_FRAME_VERSION)
        return ainn_fail(message, AINN_ERROR_UNSUPPORTED, "format version %u is not supported, only %d", data[AINN_SIGNATURE_SIZE], AINN_FRAME_VERSION);
    *at = AINN_SIGNATURE_SIZE + 1;
    ainn_status status = ainn_varint_read(data, size, at, length);
    if (status != AINN_OK)
        return ainn_fail(message, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, inside the frame length" : "the frame length is not a valid number", size);
    if (*length <= *at || *length > LARGEST_PART)
        return ainn_fail(message, AINN_ERROR_INVALID, "the frame length %llu is impossible", (unsigned long long)*length);
    return AINN_OK;
}

int64_t ainn_frame_measure(const uint8_t *data, size_t size)
{
    size_t at;
    uint64_t length;
    ainn_status status = read_start(data, size, &at, &length, NULL);
    return status == AINN_OK ? (int64_t)length : status == AINN_ERROR_TRUNCATED ? 0 : status;
}

/* Finds where the header ends and checks its CRC. */
static ainn_status open_header(header *h, const uint8_t *data, size_t size, ainn_frame *frame)
{
    uint64_t length;
    ainn_status status = read_start(data, size, &h->at, &frame->frame_size, h->message);
    if (status != AINN_OK)
        return status;
    status = ainn_varint_read(data, size, &h->at, &length);
    if (status != AINN_OK)
        return ainn_fail(h->message, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, inside the header length" : "the header length is not a valid number", size);
    if (length < CRC_SIZE || h->at >= frame->frame_size || length > frame->frame_size - h->at)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "a header of %llu bytes does not fit a frame of %llu", (unsigned long long)length, (unsigned long long)frame->frame_size);
    frame->header_size = h->at + length;
    if (frame->header_size > size)
        return ainn_fail(h->message, AINN_ERROR_TRUNCATED, "the data ends after %zu of the header's %llu bytes", size, (unsigned long long)frame->header_size);
    h->data = data;
    h->size = (size_t)frame->header_size - CRC_SIZE;
    if (ainn_crc32c(0, data, h->size) != ainn_read_u32(data + h->size))
        return ainn_fail(h->message, AINN_ERROR_CHECKSUM, "the header is damaged: its checksum is wrong");
    return AINN_OK;
}

static ainn_status read_picture(header *h, ainn_frame *frame, int *has_extensions)
{
    const uint8_t *p = NULL;
    uint64_t value;
    ainn_status status = bytes(h, 1, &p);
    if (status != AINN_OK)
        return status;
    unsigned flags = *p;
    frame->channels = (ainn_channels)((flags & 3) + 1);
    frame->depth = (flags >> 2 & 15) + 8;
    if (frame->depth > 16)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "a depth of %u bits is out of the range 8 to 16", frame->depth);
    if ((status = number(h, "width - 1", UINT32_MAX - 1, &value)) != AINN_OK)
        return status;
    frame->width = (uint32_t)value + 1;
    if ((status = number(h, "height - 1", UINT32_MAX - 1, &value)) != AINN_OK)
        return status;
    frame->height = (uint32_t)value + 1;
    if ((status = bytes(h, 4, &p)) != AINN_OK)
        return status;
    frame->model_id = ainn_read_u32(p);
    if ((status = number(h, "quality", AINN_QUALITY_MAX, &value)) != AINN_OK)
        return status;
    frame->quality_code = (uint32_t)value;
    frame->color = (ainn_color){ 1, 13, 0, 1 };
    if (flags & 64) {
        if ((status = bytes(h, 4, &p)) != AINN_OK)
            return status;
        frame->color = (ainn_color){ p[0], p[1], p[2], p[3] };
        if (p[3] > 1)
            return ainn_fail(h->message, AINN_ERROR_INVALID, "the full range flag is %u, not 0 or 1", p[3]);
    }
    frame->alpha_quality = 100;
    if (!(frame->channels & 1)) {
        if ((status = bytes(h, 1, &p)) != AINN_OK)
            return status;
        frame->alpha_quality = *p;
        if (*p > 100)
            return ainn_fail(h->message, AINN_ERROR_INVALID, "the alpha quality is %u, more than 100", *p);
        if ((status = number(h, "alpha size", LARGEST_PART, &frame->alpha.size)) != AINN_OK)
            return status;
    }
    *has_extensions = flags >> 7;
    return AINN_OK;
}

static void place_part(ainn_part *part, uint64_t size, uint64_t *offset)
{
    part->offset = *offset;
    part->size = size;
    *offset += size ? size + CRC_SIZE : 0;
}

static ainn_status read_extensions(header *h, ainn_frame *frame, uint64_t *offset)
{
    uint64_t count, type, size, previous = 0;
    ainn_status status = number(h, "number of extensions", h->size, &count);
    for (uint64_t i = 0; status == AINN_OK && i < count; i++) {
        if ((status = number(h, "extension type", UINT64_MAX, &type)) != AINN_OK || (status = number(h, "extension size", LARGEST_PART, &size)) != AINN_OK)
            return status;
        if (type <= previous)
            return ainn_fail(h->message, AINN_ERROR_INVALID, "extension %llu is out of order", (unsigned long long)type);
        previous = type;
        ainn_part other, *part = &other;
        if (type == AINN_EXTENSION_ORIENTATION) {
            part = &frame->orientation;
            if (size != 1)
                return ainn_fail(h->message, AINN_ERROR_INVALID, "the orientation has %llu bytes, not 1", (unsigned long long)size);
        } else if (type == AINN_EXTENSION_OF(AINN_ICC) || type == AINN_EXTENSION_OF(AINN_EXIF) || type == AINN_EXTENSION_OF(AINN_XMP)) {
            part = &frame->metadata[type / 2 - 1];
        } else if (type == AINN_EXTENSION_DETAIL) {
            part = &frame->detail;
        } else if (type & 1) {
            return ainn_fail(h->message, AINN_ERROR_UNSUPPORTED, "the frame needs extension %llu, which this library does not know", (unsigned long long)type);
        }
        place_part(part, size, offset);
        if (*offset > frame->frame_size)
            return ainn_fail(h->message, AINN_ERROR_INVALID, "extension %llu of %llu bytes goes beyond the frame", (unsigned long long)type, (unsigned long long)size);
    }
    return status;
}

/* Checks the index and adds up its sizes. */
static ainn_status read_index(header *h, ainn_frame *frame, uint64_t *offset)
{
    uint64_t hyper = 0, latents = 0, crcs = 0, groups = (uint64_t)frame->group_columns * frame->group_rows;
    frame->index_offset = h->at;
    if (groups > (h->size - h->at) / 2)
        return ainn_fail(h->message, AINN_ERROR_INVALID, "an index of %zu bytes is too short for %llu groups", h->size - h->at, (unsigned long long)groups);
    for (uint64_t i = 0; i < groups; i++) {
        uint64_t z, y;
        ainn_status status = number(h, "size of a group", frame->frame_size, &z);
        if (status != AINN_OK || (status = number(h, "size of a group", frame->frame_size, &y)) != AINN_OK)
            return status;
        hyper += z;
        latents += y;
        crcs += y ? CRC_SIZE : 0;
        if (hyper > frame->frame_size || latents > frame->frame_size)
            return ainn_fail(h->message, AINN_ERROR_INVALID, "the groups' sizes exceed the frame's %llu bytes", (unsigned long long)frame->frame_size);
    }
    place_part(&frame->hyper, hyper, offset);
    frame->latent_offset = *offset;
    frame->latent_bytes = latents;
    *offset += latents + crcs;
    return AINN_OK;
}

ainn_status ainn_frame_parse(const uint8_t *data, size_t size, ainn_frame *frame, ainn_error *message)
{
    header h = { NULL, 0, 0, message };
    int has_extensions = 0;
    memset(frame, 0, sizeof(*frame));
    ainn_status status = open_header(&h, data, size, frame);
    if (status != AINN_OK || (status = read_picture(&h, frame, &has_extensions)) != AINN_OK)
        return status;
    uint64_t offset = frame->header_size, alpha = frame->alpha.size;
    frame->group_columns = (frame->width - 1) / AINN_GROUP_PIXELS + 1;
    frame->group_rows = (frame->height - 1) / AINN_GROUP_PIXELS + 1;
    if (has_extensions && (status = read_extensions(&h, frame, &offset)) != AINN_OK)
        return status;
    if ((status = read_index(&h, frame, &offset)) != AINN_OK)
        return status;
    place_part(&frame->alpha, alpha, &offset);
    if (h.at != h.size)
        return ainn_fail(message, AINN_ERROR_INVALID, "the header has %zu bytes too many", h.size - h.at);
    if (offset != frame->frame_size)
        return ainn_fail(message, AINN_ERROR_INVALID, "the parts end at byte %llu, the frame at %llu", (unsigned long long)offset, (unsigned long long)frame->frame_size);
    return AINN_OK;
}

void ainn_frame_groups(const ainn_frame *frame, const uint8_t *data, ainn_group_part *groups)
{
    size_t at = frame->index_offset, end = (size_t)frame->header_size;
    uint64_t count = (uint64_t)frame->group_columns * frame->group_rows;
    uint64_t hyper = frame->hyper.offset, latents = frame->latent_offset;
    for (uint64_t i = 0; i < count; i++) {
        ainn_group_part *group = &groups[i];
        memset(group, 0, sizeof(*group));
        if (ainn_varint_read(data, end, &at, &group->hyper_size) != AINN_OK || ainn_varint_read(data, end, &at, &group->latent_size) != AINN_OK)
            continue;             /* cannot be: the index was validated */
        group->hyper_offset = hyper;
        group->latent_offset = latents;
        hyper += group->hyper_size;
        latents += group->latent_size + (group->latent_size ? CRC_SIZE : 0);
    }
}

ainn_status ainn_part_check(const uint8_t *data, size_t size, const ainn_part *part)
{
    if (!part->size)
        return AINN_OK;
    if (part->offset + part->size + CRC_SIZE > size)
        return AINN_ERROR_TRUNCATED;
    const uint8_t *start = data + part->offset;
    return ainn_crc32c(0, start, (size_t)part->size) == ainn_read_u32(start + part->size) ? AINN_OK : AINN_ERROR_CHECKSUM;
}

ainn_status ainn_frame_orientation(const ainn_frame *frame, const uint8_t *data, size_t size, uint8_t *orientation)
{
    *orientation = 1;
    ainn_status status = ainn_part_check(data, size, &frame->orientation);
    if (status == AINN_OK && frame->orientation.size) {
        *orientation = data[frame->orientation.offset];
        if (*orientation < 1 || *orientation > 8) {
            *orientation = 1;
            return AINN_ERROR_INVALID;
        }
    }
    return status;
}
