/* Pictures for tests: smooth shapes with edges and a little texture, of any size, depth and channels. */
#ifndef AINN_TEST_PICTURE_H
#define AINN_TEST_PICTURE_H

#include <stdlib.h>
#include <string.h>

#include "ainn.h"
#include "test_random.h"

typedef struct test_picture {
    ainn_image image;
    size_t size;                 /* bytes of pixels */
} test_picture;

static inline test_picture picture_empty(uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels)
{
    test_picture p;
    p.size = (size_t)width * height * (size_t)channels * (depth > 8 ? 2 : 1);
    ainn_image_interleaved(&p.image, malloc(p.size), width, height, depth, channels, 0);
    memset(p.image.plane[0], 0x5A, p.size);
    return p;
}

static inline void picture_free(test_picture *p)
{
    free(p->image.plane[0]);
}

static inline uint32_t picture_get(const test_picture *p, uint32_t x, uint32_t y, int channel)
{
    size_t index = ((size_t)y * p->image.width + x) * (size_t)p->image.channels + (size_t)channel;
    return p->image.depth > 8 ? ((const uint16_t *)p->image.plane[0])[index] : ((const uint8_t *)p->image.plane[0])[index];
}

static inline void picture_set(test_picture *p, uint32_t x, uint32_t y, int channel, uint32_t value)
{
    size_t index = ((size_t)y * p->image.width + x) * (size_t)p->image.channels + (size_t)channel;
    if (p->image.depth > 8)
        ((uint16_t *)p->image.plane[0])[index] = (uint16_t)value;
    else
        ((uint8_t *)p->image.plane[0])[index] = (uint8_t)value;
}

static inline test_picture picture_make(uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels)
{
    test_picture p = picture_empty(width, height, depth, channels);
    test_random random = { 77 };
    uint32_t max = (1u << depth) - 1;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint32_t noise = random_below(&random, 7);
            for (int c = 0; c < (int)channels; c++) {
                uint32_t wave = (x * (2 + (uint32_t)c) + y * 3) % 200, value = (wave < 100 ? wave : 200 - wave) + 60 + noise;
                if ((x / 24 + y / 17) % 5 == 1)
                    value = 255 - value - 10 * (uint32_t)c;
                picture_set(&p, x, y, c, (uint32_t)((uint64_t)value * max / 255));
            }
        }
    }
    return p;
}

/* The same with strokes of few colours over the left half and noise over a quarter: what the detail layer is for. */
static inline test_picture picture_draw(uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels)
{
    test_picture p = picture_make(width, height, depth, channels);
    test_random random = { 3 };
    uint32_t max = (1u << depth) - 1;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            int ink = ((x * 7 / 3) ^ (y * 5 / 2)) % 9 < 3 && y / 6 % 2;
            uint32_t noise = random_below(&random, max + 1);
            for (int c = 0; c < (int)channels; c++) {
                if (x < width / 2)
                    picture_set(&p, x, y, c, ink ? max / 4 * (uint32_t)(c & 1) : max);
                else if (x < width * 3 / 4)
                    picture_set(&p, x, y, c, (noise + (uint32_t)c * (max / 5)) & max);
            }
        }
    return p;
}

/* Mean squared error over the colour channels, in units of the 8-bit range. */
static inline double picture_error(const test_picture *a, const test_picture *b)
{
    int colours = a->image.channels >= AINN_RGB ? 3 : 1;
    double sum = 0;
    for (uint32_t y = 0; y < a->image.height; y++)
        for (uint32_t x = 0; x < a->image.width; x++)
            for (int c = 0; c < colours; c++) {
                double d = ((double)picture_get(a, x, y, c) - picture_get(b, x, y, c)) * 255 / ((1u << a->image.depth) - 1);
                sum += d * d;
            }
    return sum / a->image.width / a->image.height / colours;
}

#endif
