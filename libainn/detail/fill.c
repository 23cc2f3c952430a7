#include "detail/fill.h"

#include "image/image.h"

#define SIDE 16                  /* pixels of a cell */
#define ROUNDS 8                 /* of spreading: a cell is far from the others beyond that */

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint16_t *mean_at(const ainn_fill *fill, int plane, uint32_t y, uint32_t x)
{
    return fill->mean + ((size_t)plane * fill->rows + y) * fill->columns + x;
}

static int is_masked(const ainn_fill *fill, uint32_t y, uint32_t x) { return fill->mask[(size_t)y * fill->columns + x] != 0; }

/* Mean of a cell's pixels. */
static uint16_t mean_of(const ainn_image *image, int plane, uint32_t y, uint32_t x)
{
    uint32_t height = smaller(SIDE, image->height - y * SIDE), width = smaller(SIDE, image->width - x * SIDE), sum = 0, max = (1u << image->depth) - 1;
    for (uint32_t v = 0; v < height; v++) {
        const unsigned char *p = (const unsigned char *)ainn_image_row(image, plane, y * SIDE + v) + (ptrdiff_t)x * SIDE * image->pixel_stride[plane];
        for (uint32_t u = 0; u < width; u++, p += image->pixel_stride[plane])
            sum += image->depth == 8 ? *p : smaller(*(const uint16_t *)(const void *)p, max);
    }
    return (uint16_t)(sum / (width * height));
}

/* Masked cells become the mean of their neighbours, again and again. */
static void spread(const ainn_fill *fill, int plane, int backwards)
{
    size_t count = (size_t)fill->rows * fill->columns;
    for (size_t n = 0; n < count; n++) {
        size_t at = backwards ? count - 1 - n : n;
        uint32_t y = (uint32_t)(at / fill->columns), x = (uint32_t)(at % fill->columns), sum = 0, weight = 0;
        if (!fill->mask[at])
            continue;
        for (uint32_t v = y ? y - 1 : 0; v <= y + 1 && v < fill->rows; v++)
            for (uint32_t u = x ? x - 1 : 0; u <= x + 1 && u < fill->columns; u++)
                if (v == y || u == x) {
                    sum += *mean_at(fill, plane, v, u);
                    weight++;
                }
        *mean_at(fill, plane, y, x) = (uint16_t)((sum + weight / 2) / weight);
    }
}

ainn_status ainn_fill_create(ainn_memory *memory, const ainn_image *image, uint32_t columns, uint32_t rows, const uint8_t *mask, ainn_fill *fill)
{
    *fill = (ainn_fill){ columns, rows, mask, ainn_color_planes(image->channels), NULL };
    fill->mean = ainn_alloc_array(memory, (size_t)columns * rows, (size_t)fill->planes * sizeof(*fill->mean));
    if (!fill->mean)
        return ainn_memory_status(memory);
    for (int plane = 0; plane < fill->planes; plane++) {
        for (uint32_t y = 0; y < rows; y++)
            for (uint32_t x = 0; x < columns; x++)
                *mean_at(fill, plane, y, x) = is_masked(fill, y, x) ? (uint16_t)(1u << (image->depth - 1)) : mean_of(image, plane, y, x);
        for (int round = 0; round < ROUNDS; round++)
            spread(fill, plane, round & 1);
    }
    return AINN_OK;
}

void ainn_fill_destroy(ainn_memory *memory, ainn_fill *fill)
{
    ainn_free_memory(memory, fill->mean);
    fill->mean = NULL;
}

/* The two cells between whose middles a pixel lies, and its distance from the first in units of 1/32. */
static void between(uint32_t at, uint32_t cells, uint32_t *first, uint32_t *second, uint32_t *distance)
{
    uint32_t shifted = 2 * at + 1 + SIDE;         /* halves of pixels from the middle of the cell before the first one */
    uint32_t cell = shifted / (2 * SIDE);
    *distance = shifted % (2 * SIDE);
    *first = cell ? cell - 1 : 0;
    *second = smaller(cell, cells - 1);
}

void ainn_fill_row(const ainn_fill *fill, int plane, uint32_t y, uint16_t *samples, uint32_t width)
{
    uint32_t top, bottom, down, left, right, across;
    between(y, fill->rows, &top, &bottom, &down);
    for (uint32_t x = 0; x < width; x++) {
        if (!is_masked(fill, y / SIDE, x / SIDE))
            continue;
        between(x, fill->columns, &left, &right, &across);
        uint32_t above = *mean_at(fill, plane, top, left) * (32 - across) + *mean_at(fill, plane, top, right) * across;
        uint32_t below = *mean_at(fill, plane, bottom, left) * (32 - across) + *mean_at(fill, plane, bottom, right) * across;
        samples[x] = (uint16_t)((above * (32 - down) + below * down + 512) >> 10);
    }
}
