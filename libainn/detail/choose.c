#include "detail/choose.h"

#include <string.h>

#include "detail/trial.h"

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Groups along a side. */
static uint32_t groups_of(uint32_t cells) { return (cells - 1) / AINN_DETAIL_SIDE + 1; }


/* The eager quantiser must be better by one part in so many: its chances have learnt from cells that the network may keep. */
#define DISTRUST 16

void ainn_choose_quantisers(const ainn_survey *s)
{
    size_t count = (size_t)s->columns * s->rows;
    for (uint32_t group = 0; group < groups_of(s->columns) * groups_of(s->rows); group++) {
        uint32_t left = group % groups_of(s->columns) * AINN_DETAIL_SIDE, top = group / groups_of(s->columns) * AINN_DETAIL_SIDE;
        uint64_t best = UINT64_MAX;
        for (uint8_t number = 0; number < AINN_DETAIL_TRIALS; number++) {
            uint64_t sum = 0;
            for (uint32_t y = top; y < s->rows && y < top + AINN_DETAIL_SIDE; y++)
                for (uint32_t x = left; x < s->columns && x < left + AINN_DETAIL_SIDE; x++) {
                    size_t at = (size_t)y * s->columns + x;
                    uint64_t layer = s->layer[number * count + at];
                    sum += layer < s->network[at] ? layer : s->network[at];
                }
            sum += number ? sum / DISTRUST : 0;
            if (sum < best) {
                best = sum;
                s->choice[group] = number;
            }
        }
    }
}

/* A rectangle of cells. */
typedef struct tile {
    uint32_t left, top, right, bottom;
} tile;

/* J of a cell with the layer's quantiser of its group. */
static uint64_t layer_j(const ainn_survey *s, uint32_t y, uint32_t x)
{
    size_t group = (size_t)(y / AINN_DETAIL_SIDE) * groups_of(s->columns) + x / AINN_DETAIL_SIDE;
    return s->layer[((size_t)s->choice[group] * s->rows + y) * s->columns + x];
}

/* What it costs that only one of two neighbours is taken from the network, which then does the other one worse: on average of the pictures
 * of training/unlike.py by three eighths of its J and some bits. */
#define BORDER ((uint64_t)64 << 16)

static uint64_t border_j(const ainn_survey *s, uint32_t y, uint32_t x, uint32_t other_y, uint32_t other_x)
{
    size_t at = (size_t)y * s->columns + x, other = (size_t)other_y * s->columns + other_x;
    return s->mask[at] == s->mask[other] ? 0 : (s->network[s->mask[at] ? other : at] / 8 * 3) + BORDER;
}

/* J of a tile with the mask as it is, and of its borders to cells right of and below it and within it. */
static uint64_t tile_j(const ainn_survey *s, tile t)
{
    uint64_t sum = 0;
    for (uint32_t y = t.top; y < t.bottom; y++)
        for (uint32_t x = t.left; x < t.right; x++) {
            size_t at = (size_t)y * s->columns + x;
            sum += s->mask[at] ? layer_j(s, y, x) : s->network[at];
            if (x && x == t.left)
                sum += border_j(s, y, x, y, x - 1);
            if (y && y == t.top)
                sum += border_j(s, y, x, y - 1, x);
            if (x + 1 < s->columns)
                sum += border_j(s, y, x, y, x + 1);
            if (y + 1 < s->rows)
                sum += border_j(s, y, x, y + 1, x);
        }
    return sum;
}

static void set_tile(const ainn_survey *s, tile t, uint8_t value)
{
    for (uint32_t y = t.top; y < t.bottom; y++)
        memset(s->mask + (size_t)y * s->columns + t.left, value, t.right - t.left);
}

/* Copies a tile's mask out or back. */
static void save_tile(const ainn_survey *s, tile t, uint8_t *saved, int back)
{
    size_t width = t.right - t.left;
    for (uint32_t y = t.top; y < t.bottom; y++, saved += width) {
        uint8_t *mask = s->mask + (size_t)y * s->columns + t.left;
        memcpy(back ? mask : saved, back ? saved : mask, width);
    }
}

/* Takes a tile from the network, or gives it back, where that is better. */
static void improve_tile(const ainn_survey *s, tile t)
{
    uint8_t saved[AINN_DETAIL_SIDE * AINN_DETAIL_SIDE];
    uint64_t best = tile_j(s, t);
    save_tile(s, t, saved, 0);
    for (uint8_t value = 0; value < 2; value++) {
        set_tile(s, t, value);
        uint64_t j = tile_j(s, t);
        if (j < best) {
            best = j;
            save_tile(s, t, saved, 0);
        }
    }
    save_tile(s, t, saved, 1);
}

uint64_t ainn_choose_cells(const ainn_survey *s)
{
    for (uint32_t y = 0; y < s->rows; y++)
        for (uint32_t x = 0; x < s->columns; x++)
            s->mask[(size_t)y * s->columns + x] = layer_j(s, y, x) < s->network[(size_t)y * s->columns + x];
    for (uint32_t side = AINN_DETAIL_SIDE; side; side /= 2)
        for (int round = 0; round < 2; round++)
            for (uint32_t y = 0; y < s->rows; y += side)
                for (uint32_t x = 0; x < s->columns; x += side)
                    improve_tile(s, (tile){ x, y, smaller(x + side, s->columns), smaller(y + side, s->rows) });
    return tile_j(s, (tile){ 0, 0, s->columns, s->rows });
}
