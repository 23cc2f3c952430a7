/* The encoder: any size, depth, channels, strides and options, then a decode of what came out. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const unsigned fuzz_runs = 500;

/* Bytes of the input, zeros behind its end. */
typedef struct input {
    const uint8_t *data;
    size_t size, at;
} input;

static uint32_t take(input *in, uint32_t limit)
{
    uint32_t value = 0;
    for (int i = 0; i < 2; i++)
        value = value << 8 | (in->at < in->size ? in->data[in->at++] : 0);
    return value % limit;
}

size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    if (number > 7 || capacity < 400)
        return 0;
    for (size_t i = 0; i < 400; i++)
        out[i] = (uint8_t)(i * (2 * number + 1) * 37 >> (number & 3));
    return 400;
}

static void choose_options(input *in, ainn_encode_options *options, const uint8_t *metadata)
{
    ainn_encode_options_init(options);
    options->quality = take(in, 110) - 4.5;
    options->effort = (int)take(in, 12) - 1;
    options->alpha_quality = take(in, 104);
    options->threads = take(in, 4);
    options->orientation = (uint8_t)take(in, 10);
    options->color.primaries = (uint8_t)take(in, 256);
    options->color.full_range = (uint8_t)take(in, 3);
    switch (take(in, 8)) {
    case 0: options->target_size = take(in, 3000); break;
    case 1: options->target_psnr = take(in, 60); break;
    case 2: options->target_psnr = 1; options->target_size = 1; break;
    default: break;
    }
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        if (take(in, 3) == 0)
            options->metadata[kind] = (ainn_bytes){ metadata, take(in, 64) };
}

static void decode_back(ainn_bytes frame, uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels)
{
    ainn_decoder *decoder;
    ainn_info info;
    ainn_image image;
    void *pixels = malloc((size_t)width * height * (size_t)channels * 2);
    ainn_image_interleaved(&image, pixels, width, height, depth, channels, 0);
    if (ainn_decoder_create(fuzz_model(), NULL, NULL, &decoder) != AINN_OK || ainn_decoder_open(decoder, frame.data, frame.size, &info) != AINN_OK)
        abort();
    if (info.width != width || info.height != height || info.depth != depth || info.channels != channels || info.frame_size != frame.size)
        abort();
    if (ainn_decoder_decode(decoder, &image, NULL, NULL) != AINN_OK)
        abort();
    ainn_decoder_destroy(decoder);
    free(pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size, 0 };
    uint8_t metadata[64] = { 1, 2, 3 };
    uint32_t width = 1 + take(&in, take(&in, 4) ? 40 : 200), height = 1 + take(&in, 24), depth = 8 + take(&in, 9);
    ainn_channels channels = (ainn_channels)(1 + take(&in, 4));
    ainn_encode_options options;
    ainn_encoder *encoder;
    ainn_bytes frame;
    ainn_image image;
    choose_options(&in, &options, metadata);
    size_t row = (size_t)width * (size_t)channels * (depth > 8 ? 2 : 1), bytes = row * height;
    uint8_t *pixels = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)                     /* samples may exceed the depth: the encoder must not mind */
        pixels[i] = in.at < size ? data[in.at + i % (size - in.at)] : 0;
    int bottom_up = (int)take(&in, 2);
    ainn_image_interleaved(&image, pixels + (bottom_up ? row * (height - 1) : 0), width, height, depth, channels, bottom_up ? -(ptrdiff_t)row : 0);
    if (ainn_encoder_create(fuzz_model(), NULL, NULL, &encoder) != AINN_OK)
        abort();
    ainn_status status = ainn_encoder_encode(encoder, &image, &options, &frame);
    fuzz_check(status);
    if (status == AINN_OK)
        decode_back(frame, width, height, depth, channels);
    else if (status != AINN_ERROR_ARGUMENT && status != AINN_ERROR_TARGET)
        abort();
    ainn_encoder_destroy(encoder);
    free(pixels);
    return 0;
}
