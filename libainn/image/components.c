#include "image/components.h"

#include "image/image.h"

#define LARGEST_ROW 14190        /* of the rotation times 2^13: sum of a row's absolute values */

void ainn_rotation_init(ainn_rotation *rotation, uint32_t depth, int pixel_frac)
{
    int32_t max = (1 << depth) - 1, half = max << (10 - pixel_frac);
    int64_t divisor = 2 * (int64_t)half;
    rotation->max = max;
    rotation->half = half;
    rotation->lifted = (int32_t)((int64_t)LARGEST_ROW * max / divisor + 1);
    rotation->lift = (int32_t)(rotation->lifted * divisor);
    /* Numbers below 2^31 are divided exactly by a reciprocal of 31 + log2(divisor) bits. */
    int bits = 0;
    while ((int64_t)1 << bits < divisor)
        bits++;
    rotation->shift = 31 + bits;
    if (bits <= 31)
        rotation->reciprocal = (((uint64_t)1 << rotation->shift) + (uint64_t)divisor - 1) / (uint64_t)divisor;
}

void ainn_rotate_row(const ainn_kernels *kernels, const ainn_rotation *rotation, int16_t *const out[3], const uint16_t *const samples[3],
                     uint32_t width, uint32_t padded)
{
    kernels->rotate(out, samples, width, rotation);
    for (int j = 0; j < 3; j++)
        for (uint32_t x = width; x < padded; x++)
            out[j][x] = out[j][width - 1];
}

void ainn_store_pixels(const ainn_kernels *kernels, const ainn_image *image, uint32_t y, const uint32_t *const u[3], uint32_t count,
                       int gray, uint32_t *scratch)
{
    if (gray)
        for (uint32_t x = 0; x < count; x++)
            scratch[x] = (u[0][x] + 2 * u[1][x] + u[2][x] + 2) >> 2;
    for (int plane = 0; plane < ainn_color_planes(image->channels); plane++) {
        const uint32_t *in = gray ? scratch : u[plane];
        void *out = ainn_image_row(image, plane, y);
        if (image->depth == 8)
            kernels->store8(out, image->pixel_stride[plane], in, count);
        else
            kernels->store16(out, image->pixel_stride[plane], in, count, (1u << image->depth) - 1);
    }
}
