#include "detail/candidates.h"

#include <stdlib.h>

#include "image/image.h"

#define SIDE 16                  /* pixels of a cell */
#define AREA 64                  /* cells of an area: a group of the entropy coder */
#define SMALL_AREA 64            /* areas of fewer cells are looked at completely, larger ones like the black fields of a chessboard */
/* Drawn and written: so many of a cell's 256 pixels equal their left and upper neighbours, and so many differ from one by that much. */
#define EQUAL 96
#define EDGES 8
#define EDGE 48
/* Noise: both differences of a pixel together, on average. */
#define ROUGH 80
/* Of an area, one cell in so many. The Kodak pictures reach one in 30: white skies, water. */
#define SHARE 24

typedef struct look {
    const ainn_image *image;
    uint8_t line[2][SIDE + 1];   /* brightness of a cell's row at work and of the one above, from the column before the cell on */
} look;

static uint8_t sample8(const ainn_image *image, const unsigned char *p)
{
    return image->depth == 8 ? *p : (uint8_t)(*(const uint16_t *)(const void *)p >> (image->depth - 8));
}

/* Brightness of `count` pixels. */
static void brightness(const ainn_image *image, uint32_t y, uint32_t x, uint32_t count, uint8_t *out)
{
    const unsigned char *p[3];
    ptrdiff_t step[3];
    for (int c = 0; c < 3; c++) {
        int plane = ainn_has_color(image->channels) ? c : 0;
        step[c] = image->pixel_stride[plane];
        p[c] = (const unsigned char *)ainn_image_row(image, plane, y) + (ptrdiff_t)x * step[c];
    }
    if (image->depth == 8)
        for (uint32_t i = 0; i < count; i++)
            out[i] = (uint8_t)((p[0][(ptrdiff_t)i * step[0]] + 2 * p[1][(ptrdiff_t)i * step[1]] + p[2][(ptrdiff_t)i * step[2]]) >> 2);
    else
        for (uint32_t i = 0; i < count; i++)
            out[i] = (uint8_t)((sample8(image, p[0] + (ptrdiff_t)i * step[0]) + 2 * sample8(image, p[1] + (ptrdiff_t)i * step[1]) +
                                sample8(image, p[2] + (ptrdiff_t)i * step[2])) >> 2);
}

/* One row of a cell; here[-1] is its left neighbour. */
static void count_row(const uint8_t *here, const uint8_t *above, uint32_t count, uint32_t *equal, uint32_t *edges, uint32_t *rough)
{
    int e = 0, g = 0, r = 0;
    for (uint32_t i = 0; i < count; i++) {
        int across = abs(here[i] - here[(ptrdiff_t)i - 1]), down = abs(here[i] - above[i]);
        e += !(across | down);
        g += (across > EDGE) | (down > EDGE);
        r += across + down;
    }
    *equal += (uint32_t)e;
    *edges += (uint32_t)g;
    *rough += (uint32_t)r;
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* A row of cells of an area: how many are candidates, and how many were looked at. */
static uint32_t look_at_row(look *l, uint32_t left, uint32_t top, uint32_t cells, int all, uint32_t *seen)
{
    const ainn_image *image = l->image;
    uint32_t height = smaller(SIDE, image->height - top), found = 0;
    for (uint32_t x = 0; x < cells; x++) {
        uint32_t start = left + x * SIDE, width = smaller(SIDE, image->width - start), before = start ? 1 : 0;
        uint32_t equal = 0, edges = 0, rough = 0;
        if (!all && ((start ^ top) / SIDE & 1))
            continue;
        for (uint32_t y = 0; y < height; y++) {
            uint8_t *here = l->line[y & 1], *above = l->line[~y & 1];
            if (!y)
                brightness(image, top ? top - 1 : 0, start - before, width + before, above + 1 - before);
            brightness(image, top + y, start - before, width + before, here + 1 - before);
            if (!before)
                here[0] = here[1];
            count_row(here + 1, above + 1, width, &equal, &edges, &rough);
        }
        *seen += 1;
        found += (equal >= EQUAL && edges >= EDGES) || rough > ROUGH * SIDE * SIDE;
    }
    return found;
}

static int look_at_area(look *l, uint32_t left, uint32_t top)
{
    const ainn_image *image = l->image;
    uint32_t columns = smaller(AREA, (image->width - left - 1) / SIDE + 1), rows = smaller(AREA, (image->height - top - 1) / SIDE + 1);
    uint32_t found = 0, seen = 0;
    for (uint32_t y = 0; y < rows; y++)
        found += look_at_row(l, left, top + y * SIDE, columns, columns * rows < SMALL_AREA, &seen);
    return found && found * SHARE >= seen;
}

int ainn_detail_candidates(const ainn_image *image)
{
    look l = { .image = image };
    for (uint64_t top = 0; top < image->height; top += AREA * SIDE)
        for (uint64_t left = 0; left < image->width; left += AREA * SIDE)
            if (look_at_area(&l, (uint32_t)left, (uint32_t)top))
                return 1;
    return 0;
}
