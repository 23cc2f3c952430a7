#include "container/frame.h"

#include <string.h>

#include "container/varint.h"
#include "util/crc32c.h"

#define CRC_SIZE 4

static int is_default(const ainn_color *color)
{
    return color->primaries == 1 && color->transfer == 13 && color->matrix == 0 && color->full_range == 1;
}

static uint64_t part_size(size_t size)
{
    return size ? (uint64_t)size + CRC_SIZE : 0;
}

/* Number of extensions, and the bytes of their entries in the header and of their data. */
static unsigned count_extensions(const ainn_frame_content *content, uint64_t *entries, uint64_t *data)
{
    unsigned count = 0;
    *entries = *data = 0;
    if (content->detail.size) {
        count++;
        *entries += 1 + ainn_varint_size(content->detail.size);
        *data += part_size(content->detail.size);
    }
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        size_t size = content->metadata[kind].size;
        if (!size)
            continue;
        count++;
        *entries += 1 + ainn_varint_size(size);
        *data += part_size(size);
    }
    if (content->orientation > 1) {
        count++;
        *entries += 2;
        *data += part_size(1);
    }
    return count;
}

/* Bytes from behind the header length to the header CRC, which is what the header length says. */
static uint64_t header_length(const ainn_frame_content *content)
{
    uint64_t entries, data, size = 1 + ainn_varint_size(content->width - 1) + ainn_varint_size(content->height - 1) + 4 +
                                   ainn_varint_size(content->quality_code) + (is_default(&content->color) ? 0 : 4) + CRC_SIZE;
    if (!(content->channels & 1))
        size += 1 + ainn_varint_size(content->alpha.size);
    if (count_extensions(content, &entries, &data))
        size += 1 + entries;
    for (size_t i = 0; i < 2 * content->groups; i++)
        size += ainn_varint_size(content->group_sizes[i]);
    return size;
}

/* Bytes of all parts behind the header. */
static uint64_t payload_size(const ainn_frame_content *content)
{
    uint64_t entries, size;
    count_extensions(content, &entries, &size);
    size += part_size(content->hyper.size) + part_size(content->alpha.size) + content->latents.size;
    for (size_t i = 0; i < content->groups; i++)
        size += content->group_sizes[2 * i + 1] ? CRC_SIZE : 0;
    return size;
}

uint64_t ainn_frame_size(const ainn_frame_content *content)
{
    uint64_t header = header_length(content);
    uint64_t rest = AINN_SIGNATURE_SIZE + 1 + ainn_varint_size(header) + header + payload_size(content);
    uint64_t length = 1;          /* of the frame length itself, which counts its own bytes */
    while (ainn_varint_size(rest + length) > length)
        length++;
    return rest + length;
}

static void append_part(ainn_buffer *buffer, const void *data, size_t size)
{
    if (!size)
        return;
    ainn_buffer_append(buffer, data, size);
    ainn_buffer_append_u32(buffer, ainn_crc32c(0, data, size));
}

static void append_header(const ainn_frame_content *content, ainn_buffer *buffer)
{
    uint64_t entries, data;
    unsigned extensions = count_extensions(content, &entries, &data);
    int colour = !is_default(&content->color), alpha = !(content->channels & 1);
    ainn_buffer_append_byte(buffer, ((unsigned)content->channels - 1) | (content->depth - 8) << 2 | (unsigned)colour << 6 | (extensions ? 128u : 0u));
    ainn_buffer_append_varint(buffer, content->width - 1);
    ainn_buffer_append_varint(buffer, content->height - 1);
    ainn_buffer_append_u32(buffer, content->model_id);
    ainn_buffer_append_varint(buffer, content->quality_code);
    if (colour) {
        ainn_buffer_append_byte(buffer, content->color.primaries);
        ainn_buffer_append_byte(buffer, content->color.transfer);
        ainn_buffer_append_byte(buffer, content->color.matrix);
        ainn_buffer_append_byte(buffer, content->color.full_range);
    }
    if (alpha) {
        ainn_buffer_append_byte(buffer, content->alpha_quality);
        ainn_buffer_append_varint(buffer, content->alpha.size);
    }
    if (extensions) {
        ainn_buffer_append_varint(buffer, extensions);
        if (content->detail.size) {
            ainn_buffer_append_varint(buffer, AINN_EXTENSION_DETAIL);
            ainn_buffer_append_varint(buffer, content->detail.size);
        }
        for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
            if (content->metadata[kind].size) {
                ainn_buffer_append_varint(buffer, AINN_EXTENSION_OF(kind));
                ainn_buffer_append_varint(buffer, content->metadata[kind].size);
            }
        }
        if (content->orientation > 1) {
            ainn_buffer_append_varint(buffer, AINN_EXTENSION_ORIENTATION);
            ainn_buffer_append_varint(buffer, 1);
        }
    }
    for (size_t i = 0; i < 2 * content->groups; i++)
        ainn_buffer_append_varint(buffer, content->group_sizes[i]);
}

void ainn_frame_write(const ainn_frame_content *content, ainn_buffer *buffer)
{
    uint64_t size = ainn_frame_size(content);
    size_t start = buffer->size;
    if (size > SIZE_MAX / 4) {
        buffer->status = AINN_ERROR_MEMORY;
        return;
    }
    ainn_buffer_reserve(buffer, start + (size_t)size);
    ainn_buffer_append(buffer, ainn_frame_signature, AINN_SIGNATURE_SIZE);
    ainn_buffer_append_byte(buffer, AINN_FRAME_VERSION);
    ainn_buffer_append_varint(buffer, size);
    ainn_buffer_append_varint(buffer, header_length(content));
    append_header(content, buffer);
    if (buffer->status == AINN_OK)
        ainn_buffer_append_u32(buffer, ainn_crc32c(0, buffer->data + start, buffer->size - start));
    append_part(buffer, content->detail.data, content->detail.size);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        append_part(buffer, content->metadata[kind].data, content->metadata[kind].size);
    if (content->orientation > 1)
        append_part(buffer, &content->orientation, 1);
    append_part(buffer, content->hyper.data, content->hyper.size);
    const uint8_t *latents = content->latents.data;
    for (size_t i = 0; i < content->groups; i++) {
        size_t bytes = (size_t)content->group_sizes[2 * i + 1];
        append_part(buffer, latents, bytes);
        latents = bytes ? latents + bytes : latents;
    }
    append_part(buffer, content->alpha.data, content->alpha.size);
}
