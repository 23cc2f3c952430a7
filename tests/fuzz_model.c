/* The model loader. An input is a list of patches to the model of the tests: 3 bytes of place, 1 of value. What still loads must
 * decode without harm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"
#include "fuzz.h"
#include "model/embedded.h"
#include "util/crc32c.h"

#define HEADER 64
#define ENTRY 64

const unsigned fuzz_runs = 150;

static const uint8_t *original;
static size_t original_size;

/* The bytes of the tests' model. */
static void load(void)
{
    const char *path = getenv("AINN_TEST_MODEL");
    if (original)
        return;
    if (!path) {
        original = ainn_embedded_models[0].start;
        original_size = (size_t)(ainn_embedded_models[0].end - ainn_embedded_models[0].start);
        return;
    }
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc((size_t)256 << 20);
    if (!file || !data)
        abort();
    original_size = fread(data, 1, (size_t)256 << 20, file);
    original = realloc(data, original_size);
    fclose(file);
}

/* Places of interest: the header, the table, configuration and tables of symbols; the tail of an input goes anywhere. */
size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    load();
    if (number > 7 || capacity < 64)
        return 0;
    size_t tensors = ainn_read_u32(original + 20);
    for (size_t i = 0; i < 16; i++) {
        size_t place = number == 0 ? i * 4 : HEADER + (i * 977 + number * 131) % tensors * ENTRY + 40 + i % 24;
        if (number > 3)                                    /* inside the data of a small tensor */
            place = ainn_read_u32(original + HEADER + (i * 37 + number * 11) % tensors * ENTRY + 60) + i;
        out[4 * i] = (uint8_t)place;
        out[4 * i + 1] = (uint8_t)(place >> 8);
        out[4 * i + 2] = (uint8_t)(place >> 16);
        out[4 * i + 3] = place < original_size ? original[place] : 0;
    }
    return 64;
}

static void use(ainn_model *model)
{
    static const uint8_t gray[300];
    ainn_encoder *encoder;
    ainn_bytes frame;
    ainn_image image;
    ainn_image_interleaved(&image, (void *)gray, 20, 15, 8, AINN_GRAY, 0);
    ainn_status status = ainn_encoder_create(model, NULL, NULL, &encoder);
    fuzz_check(status);
    if (status == AINN_OK && ainn_encoder_encode(encoder, &image, NULL, &frame) == AINN_OK) {
        ainn_decoder *decoder;
        uint8_t pixels[300];
        ainn_image_interleaved(&image, pixels, 20, 15, 8, AINN_GRAY, 0);
        if (ainn_decoder_create(model, NULL, NULL, &decoder) != AINN_OK)
            abort();
        fuzz_check(ainn_decoder_open(decoder, frame.data, frame.size, NULL));
        fuzz_check(ainn_decoder_decode(decoder, &image, NULL, NULL));
        ainn_decoder_destroy(decoder);
    }
    ainn_encoder_destroy(encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    load();
    size_t cut = size > 2 && data[0] == 0xFF && data[1] == 0xFF ? (size_t)data[2] << 8 : 0;
    size_t model_size = original_size - (cut < original_size ? cut : original_size);
    uint8_t *copy = aligned_alloc(64, (model_size + 64) / 64 * 64);
    ainn_model *model;
    char message[300];
    memcpy(copy, original, model_size);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t place = data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16;
        if (place < model_size)
            copy[place] = data[i + 3];
    }
    if (model_size >= HEADER && size && !(data[size - 1] & 8)) {
        ainn_write_u32(copy + 12, (uint32_t)model_size);
        ainn_write_u32(copy + 16, ainn_crc32c(0, copy + HEADER, model_size - HEADER));
    }
    ainn_status status = ainn_model_open_memory(copy, model_size, NULL, &model, message, sizeof(message));
    fuzz_check(status);
    if (status == AINN_OK) {
        use(model);
        ainn_model_release(model);
    }
    free(copy);
    return 0;
}
