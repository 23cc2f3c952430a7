/* Encoding and decoding in one call. */
#include <stdlib.h>
#include <string.h>

#include "api/options.h"

ainn_status ainn_encode(const ainn_image *image, const char *model_name, const ainn_encode_options *options, uint8_t **data, size_t *size)
{
    ainn_model *model;
    ainn_encoder *encoder = NULL;
    ainn_bytes frame = { NULL, 0 };
    if (!data || !size)
        return AINN_ERROR_ARGUMENT;
    *data = NULL;
    *size = 0;
    ainn_status status = ainn_model_open(model_name, NULL, &model, NULL, 0);
    if (status != AINN_OK)
        return status;
    status = ainn_encoder_create(model, NULL, NULL, &encoder);
    ainn_model_release(model);
    if (status == AINN_OK)
        status = ainn_encoder_encode(encoder, image, options, &frame);
    if (status == AINN_OK && !(*data = malloc(frame.size)))
        status = AINN_ERROR_MEMORY;
    if (status == AINN_OK) {
        memcpy(*data, frame.data, frame.size);
        *size = frame.size;
    }
    ainn_encoder_destroy(encoder);
    return status;
}

static ainn_status decode_open(ainn_decoder *decoder, const ainn_info *info, void **pixels)
{
    ainn_image image;
    size_t pixel = (size_t)info->channels * (info->depth > 8 ? 2 : 1);
    if (info->width > SIZE_MAX / 2 / pixel / info->height)
        return AINN_ERROR_MEMORY;
    *pixels = malloc(pixel * info->width * info->height);
    if (!*pixels)
        return AINN_ERROR_MEMORY;
    ainn_image_interleaved(&image, *pixels, info->width, info->height, info->depth, info->channels, 0);
    ainn_status status = ainn_decoder_decode(decoder, &image, NULL, NULL);
    if (status != AINN_OK) {
        free(*pixels);
        *pixels = NULL;
    }
    return status;
}

/* The first frame of what may be a sequence. */
static ainn_status first_frame(const uint8_t *data, size_t size, ainn_bytes *frame)
{
    ainn_reader *reader;
    ainn_sequence_frame first;
    ainn_status status = ainn_reader_create(data, size, NULL, NULL, &reader);
    if (status != AINN_OK)
        return status;
    status = ainn_reader_count(reader) ? ainn_reader_get(reader, 0, &first) : AINN_ERROR_TRUNCATED;
    ainn_reader_destroy(reader);
    if (status == AINN_OK)
        *frame = first.frame;
    return status;
}

ainn_status ainn_decode_sized(const uint8_t *data, size_t size, void **pixels, ainn_info *info, size_t struct_size)
{
    ainn_decoder *decoder = NULL;
    ainn_info own;
    ainn_bytes frame = { NULL, 0 };
    if (!data || !pixels || (info && struct_size < sizeof(size_t)))
        return AINN_ERROR_ARGUMENT;
    *pixels = NULL;
    ainn_status status = first_frame(data, size, &frame);
    if (status == AINN_OK)
        status = ainn_decoder_create(NULL, NULL, NULL, &decoder);
    if (status == AINN_OK)
        status = ainn_decoder_open(decoder, frame.data, frame.size, &own);
    if (status == AINN_OK)
        status = decode_open(decoder, &own, pixels);
    if (status == AINN_OK && info) {
        own.struct_size = struct_size;
        ainn_give(info, struct_size, &own, sizeof(own));
    }
    ainn_decoder_destroy(decoder);
    return status;
}
