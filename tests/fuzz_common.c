#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"
#include "container/frame.h"
#include "container/varint.h"
#include "detail/stream.h"
#include "test_model.h"
#include "test_picture.h"
#include "util/crc32c.h"

ainn_model *fuzz_model(void)
{
    static ainn_model *model;
    if (!model)
        model = test_model();
    return model;
}

void fuzz_check(ainn_status status)
{
    if (status == AINN_ERROR_INTERNAL || status > AINN_OK || !strcmp(ainn_status_string(status), "unknown status"))
        abort();
}

uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    return copy;
}

size_t fuzz_frame(unsigned number, uint8_t *out, size_t capacity)
{
    static const struct { uint32_t width, height, depth; int channels; double quality; int drawn; } pictures[] = {
        { 1, 1, 8, 1, 10, 0 }, { 17, 33, 8, 4, 60, 0 }, { 48, 20, 12, 3, 95, 0 }, { 64, 16, 8, 2, 30, 0 }, { 5, 5, 16, 4, 80, 0 },
        { 64, 40, 8, 3, 85, 1 }, { 40, 33, 8, 1, 60, 1 }, { 33, 20, 16, 4, 95, 1 } };           /* with a detail layer */
    static const uint8_t text[40] = "metadata";
    if (number >= sizeof(pictures) / sizeof(pictures[0]))
        return 0;
    ainn_encoder *encoder;
    ainn_encode_options options;
    ainn_bytes frame;
    test_picture p = (pictures[number].drawn ? picture_draw : picture_make)(pictures[number].width, pictures[number].height, pictures[number].depth,
                                                                            (ainn_channels)pictures[number].channels);
    ainn_encode_options_init(&options);
    options.quality = pictures[number].quality;
    if (number & 1) {
        options.metadata[AINN_ICC] = (ainn_bytes){ text, 40 };
        options.metadata[AINN_EXIF] = (ainn_bytes){ text, 9 };
        options.orientation = 3;
        options.color.primaries = 9;
    }
    if (ainn_encoder_create(fuzz_model(), NULL, NULL, &encoder) != AINN_OK || ainn_encoder_encode(encoder, &p.image, &options, &frame) != AINN_OK)
        abort();
    size_t size = frame.size < capacity ? frame.size : capacity;
    memcpy(out, frame.data, size);
    ainn_encoder_destroy(encoder);
    picture_free(&p);
    return size;
}

static void repair_part(uint8_t *data, size_t size, const ainn_part *part)
{
    if (part->size && part->offset + part->size + 4 <= size)
        ainn_write_u32(data + part->offset + part->size, ainn_crc32c(0, data + part->offset, (size_t)part->size));
}

/* The streams of a detail layer, then the whole. */
static void repair_detail(uint8_t *data, size_t size, const ainn_frame *frame)
{
    ainn_detail_stream streams[16];
    uint64_t groups = (uint64_t)frame->group_columns * frame->group_rows;
    const ainn_part *part = &frame->detail;
    if (!part->size || part->offset > size || part->size > size - part->offset || groups > 16 ||
        ainn_detail_index(data + part->offset, part->size, (size_t)part->size, groups, streams) != AINN_OK)
        return;
    for (uint64_t i = 0; i < groups; i++)
        if (streams[i].size) {
            uint8_t *stream = data + part->offset + streams[i].offset;
            size_t end = (size_t)streams[i].size - AINN_DETAIL_CRC;
            ainn_write_u32(stream + end, ainn_crc32c(0, stream, end));
        }
    repair_part(data, size, part);
}

void fuzz_repair(uint8_t *data, size_t size)
{
    ainn_frame frame;
    uint64_t length;
    size_t at = AINN_SIGNATURE_SIZE + 1;
    if (size < at)
        return;
    memcpy(data, ainn_frame_signature, AINN_SIGNATURE_SIZE);
    data[at - 1] = AINN_FRAME_VERSION;
    if (ainn_varint_read(data, size, &at, &length) != AINN_OK || ainn_varint_read(data, size, &at, &length) != AINN_OK || length < 4 || length > size - at)
        return;
    size_t end = at + (size_t)length - 4;
    ainn_write_u32(data + end, ainn_crc32c(0, data, end));
    if (ainn_frame_parse(data, size, &frame, NULL) != AINN_OK)
        return;
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        repair_part(data, size, &frame.metadata[kind]);
    repair_part(data, size, &frame.orientation);
    repair_detail(data, size, &frame);
    repair_part(data, size, &frame.hyper);
    repair_part(data, size, &frame.alpha);
    uint64_t groups = (uint64_t)frame.group_columns * frame.group_rows;
    ainn_group_part *parts = groups > 4096 ? NULL : malloc((size_t)groups * sizeof(*parts));
    if (!parts)
        return;
    ainn_frame_groups(&frame, data, parts);
    for (uint64_t i = 0; i < groups; i++)
        repair_part(data, size, &(ainn_part){ parts[i].latent_offset, parts[i].latent_size });
    free(parts);
}
