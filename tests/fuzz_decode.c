/* The whole decoder: pixels, damage, regions, previews, bit maps. The last bytes choose the options. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_PIXELS 4096

const unsigned fuzz_runs = 3000;

size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    return fuzz_frame(number, out, capacity);
}

static void decode(const uint8_t *data, size_t size, unsigned choice)
{
    ainn_limits limits;
    ainn_decoder *decoder;
    ainn_info info;
    ainn_limits_init(&limits);
    limits.max_pixels = MAX_PIXELS;
    limits.max_memory = (uint64_t)256 << 20;
    if (ainn_decoder_create(fuzz_model(), &limits, NULL, &decoder) != AINN_OK)
        abort();
    ainn_status status = ainn_decoder_open(decoder, data, size, &info);
    fuzz_check(status);
    if (status == AINN_OK) {
        ainn_decode_options options;
        ainn_decode_options_init(&options);
        options.ignore_damage = choice & 1;
        options.preview = choice >> 1 & 1;
        if (choice & 4) {
            options.region_x = info.width / 3;
            options.region_y = info.height / 2;
            options.region_width = 1 + info.width / 4;
            options.region_height = 1 + info.height / 4;
        }
        uint32_t width = choice & 4 ? options.region_width : info.width, height = choice & 4 ? options.region_height : info.height;
        uint32_t depth = choice & 8 ? 16 : 8;
        ainn_channels channels = choice & 16 ? AINN_RGB_ALPHA : info.channels;
        ainn_image image;
        size_t bytes = (size_t)width * height * (size_t)channels * (depth > 8 ? 2 : 1);
        void *pixels = malloc(bytes);
        ainn_damage damage;
        ainn_bytes metadata;
        ainn_image_interleaved(&image, pixels, width, height, depth, channels, 0);
        fuzz_check(ainn_decoder_decode(decoder, &image, &options, &damage));
        if (damage.detail_missing > damage.groups || damage.latents_decoded < 0 || damage.latents_decoded > 1)
            abort();
        fuzz_check(ainn_decoder_get_metadata(decoder, (ainn_metadata_kind)(choice % 3), &metadata));
        if (choice & 32) {
            uint32_t columns = (info.width + 15) / 16, rows = (info.height + 15) / 16;
            float *bits = malloc(sizeof(float) * columns * rows);
            fuzz_check(ainn_decoder_bit_map(decoder, bits, columns, rows));
            free(bits);
        }
        free(pixels);
    }
    ainn_decoder_destroy(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = size ? data[size - 1] ^ (data[size / 2] << 1) : 0;
    uint8_t *copy = fuzz_copy(data, size);
    if (choice & 0xC0)                                     /* mostly: checksums would stop everything */
        fuzz_repair(copy, size);
    decode(copy, size, choice);
    free(copy);
    return 0;
}
