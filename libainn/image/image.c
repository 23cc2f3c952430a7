#include "image/image.h"

#include <string.h>

void ainn_image_interleaved(ainn_image *image, void *pixels, uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels, ptrdiff_t row_stride)
{
    ptrdiff_t sample = depth > 8 ? 2 : 1, count = (ptrdiff_t)channels;
    memset(image, 0, sizeof(*image));
    image->width = width;
    image->height = height;
    image->depth = depth;
    image->channels = channels;
    for (int i = 0; i < (int)channels && i < 4; i++) {
        image->plane[i] = (unsigned char *)pixels + i * sample;
        image->pixel_stride[i] = count * sample;
        image->row_stride[i] = row_stride ? row_stride : count * sample * (ptrdiff_t)width;
    }
}

ainn_status ainn_image_check(const ainn_image *image, ainn_error *message)
{
    if (!image)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "there is no image");
    if (!image->width || !image->height)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "an image of %u x %u pixels is empty", image->width, image->height);
    if (image->depth < 8 || image->depth > 16)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "a depth of %u bits is out of the range 8 to 16", image->depth);
    if (image->channels < AINN_GRAY || image->channels > AINN_RGB_ALPHA)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "%d is no number of channels", (int)image->channels);
    for (int i = 0; i < (int)image->channels; i++) {
        if (!image->plane[i])
            return ainn_fail(message, AINN_ERROR_ARGUMENT, "plane %d of %d is missing", i, (int)image->channels);
        uintptr_t bits = (uintptr_t)image->plane[i] | (uintptr_t)image->row_stride[i] | (uintptr_t)image->pixel_stride[i];
        if (image->depth > 8 && (bits & 1))
            return ainn_fail(message, AINN_ERROR_ARGUMENT, "samples of %u bits in plane %d do not lie at even addresses", image->depth, i);
        if (!image->pixel_stride[i] && image->width > 1)
            return ainn_fail(message, AINN_ERROR_ARGUMENT, "the pixel stride of plane %d is 0", i);
    }
    return AINN_OK;
}

void ainn_image_load(const ainn_image *image, int plane, uint32_t y, uint16_t *samples)
{
    const unsigned char *p = ainn_image_row(image, plane, y);
    ptrdiff_t step = image->pixel_stride[plane];
    if (image->depth == 8) {
        for (uint32_t x = 0; x < image->width; x++)
            samples[x] = p[(ptrdiff_t)x * step];
        return;
    }
    uint16_t largest = (uint16_t)((1u << image->depth) - 1);
    for (uint32_t x = 0; x < image->width; x++) {
        uint16_t sample = *(const uint16_t *)(p + (ptrdiff_t)x * step);
        samples[x] = sample > largest ? largest : sample;
    }
}

void ainn_image_store(const ainn_image *image, int plane, uint32_t y, const uint16_t *samples, uint32_t count, uint32_t from_depth)
{
    unsigned char *p = ainn_image_row(image, plane, y);
    ptrdiff_t step = image->pixel_stride[plane];
    uint32_t from = (1u << from_depth) - 1, to = (1u << image->depth) - 1;
    for (uint32_t x = 0; x < count; x++, p += step) {
        uint32_t sample = from == to ? samples[x] : (samples[x] * to + from / 2) / from;
        if (image->depth == 8)
            *p = (uint8_t)sample;
        else
            *(uint16_t *)(void *)p = (uint16_t)sample;
    }
}

void ainn_image_fill(const ainn_image *image, int plane, uint32_t y)
{
    unsigned char *p = ainn_image_row(image, plane, y);
    uint32_t largest = (1u << image->depth) - 1;
    for (uint32_t x = 0; x < image->width; x++, p += image->pixel_stride[plane]) {
        if (image->depth == 8)
            *p = 255;
        else
            *(uint16_t *)(void *)p = (uint16_t)largest;
    }
}
