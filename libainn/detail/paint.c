#include "detail/paint.h"

#include <string.h>

#define LINE (2 + 64 * AINN_PAINT_SIDE + 1)
#define LINES (2 + AINN_PAINT_SIDE)

ainn_status ainn_paint_create(ainn_memory *memory, int planes, unsigned depth, ainn_paint *paint)
{
    memset(paint, 0, sizeof(*paint));
    paint->planes = planes;
    paint->depth = depth;
    paint->lines = ainn_alloc_array(memory, LINES * LINE, sizeof(*paint->lines));
    return paint->lines ? AINN_OK : ainn_memory_status(memory);
}

void ainn_paint_destroy(ainn_memory *memory, ainn_paint *paint)
{
    ainn_free_memory(memory, paint->lines);
    paint->lines = NULL;
}

void ainn_paint_start(ainn_paint *paint)
{
    ainn_paint_state *state = &paint->state;
    ainn_chance_init(&state->hit[0][0], sizeof(state->hit) / sizeof(ainn_chance));
    ainn_chance_init(state->known, 2);
    ainn_chance_init(state->slot, AINN_PAINT_SLOTS);
    /* The more neighbours are equal, the surer is the first one; with even chances painting would seem dear and never be tried. */
    for (int pattern = 0; pattern < 64; pattern++) {
        int equal = 0;
        for (int bit = 0; bit < 6; bit++)
            equal += pattern >> bit & 1;
        state->hit[0][pattern].fast = state->hit[0][pattern].slow = (uint16_t)(65536 - (32768 >> equal));
    }
    memset(state->palette, 0, sizeof(state->palette));     /* black is known: every place holds a colour that can be painted */
    state->count = 0;
    state->last_known = 0;
    memset(paint->lines, 255, (size_t)LINES * LINE * sizeof(*paint->lines));
}

void ainn_paint_next_row(ainn_paint *paint)
{
    memcpy(paint->lines, paint->lines + AINN_PAINT_SIDE * LINE, 2 * LINE * sizeof(*paint->lines));
}

/* A pixel of the cell at column x. */
static uint64_t *pixel_at(const ainn_paint *paint, uint32_t x, uint32_t line, uint32_t column)
{
    return paint->lines + (size_t)(2 + line) * LINE + 2 + (size_t)x * AINN_PAINT_SIDE + column;
}

void ainn_paint_clear(ainn_paint *paint, uint32_t x)
{
    for (uint32_t line = 0; line < AINN_PAINT_SIDE; line++)
        memset(pixel_at(paint, x, line, 0), 255, AINN_PAINT_SIDE * sizeof(uint64_t));
}

/* Place of a colour in the palette; AINN_PAINT_SLOTS: none. */
static uint32_t find(const ainn_paint_state *state, uint64_t colour)
{
    uint32_t slot = 0;
    while (slot < AINN_PAINT_SLOTS && state->palette[slot] != colour)
        slot++;
    return slot;
}

static uint64_t code_new(ainn_range *range, const ainn_paint *paint, uint64_t colour)
{
    uint64_t result = 0;
    for (int plane = 0; plane < paint->planes; plane++)
        result |= (uint64_t)ainn_range_even(range, paint->depth, (uint32_t)(colour >> 16 * plane & 65535)) << 16 * plane;
    return result;
}

/* A colour that no neighbour has. */
static uint64_t code_other(ainn_range *range, ainn_paint *paint, uint64_t colour)
{
    ainn_paint_state *state = &paint->state;
    uint32_t slot = range->mode == AINN_RANGE_DECODE ? 0 : find(state, colour), node = 1;
    state->last_known = ainn_range_bit(range, &state->known[state->last_known], slot < AINN_PAINT_SLOTS);
    if (!state->last_known) {
        colour = code_new(range, paint, colour);
        state->palette[state->count++ % AINN_PAINT_SLOTS] = colour;
        return colour;
    }
    for (int bit = 7; bit >= 0; bit--)
        node = node << 1 | (uint32_t)ainn_range_bit(range, &state->slot[node], (int)(slot >> bit & 1));
    return state->palette[node & (AINN_PAINT_SLOTS - 1)];
}

/* One pixel from its neighbours: left, above, the corner between them, right of above, those beyond left and above. */
static uint64_t code_pixel(ainn_range *range, ainn_paint *paint, const uint64_t *pixel, int has_right, uint64_t colour)
{
    uint64_t near[4] = { pixel[-1], pixel[-LINE], pixel[-LINE - 1], has_right ? pixel[-LINE + 1] : AINN_PAINT_NONE };
    unsigned pattern = (near[0] == near[1]) | (near[1] == near[2]) << 1 | (near[0] == near[2]) << 2 | (near[1] == near[3]) << 3 |
                       (pixel[-2] == near[0]) << 4 | (pixel[-2 * LINE] == near[1]) << 5;
    unsigned missed = 0;
    for (int i = 0; i < 4; i++) {
        int repeated = near[i] == AINN_PAINT_NONE;
        for (int k = 0; k < i; k++)
            repeated |= near[k] == near[i];
        if (repeated)
            continue;
        if (!ainn_range_bit(range, &paint->state.hit[missed++][pattern], near[i] != colour))
            return near[i];
    }
    return code_other(range, paint, colour);
}

static void code_line(ainn_range *range, ainn_paint *paint, uint32_t x, uint32_t line, uint64_t colours[AINN_PAINT_SIZE])
{
    uint64_t *pixel = pixel_at(paint, x, line, 0), *colour = &colours[line * AINN_PAINT_SIDE];
    for (uint32_t column = 0; column < AINN_PAINT_SIDE; column++, pixel++, colour++)
        *pixel = *colour = code_pixel(range, paint, pixel, !line || column < AINN_PAINT_SIDE - 1, *colour);
}

void ainn_paint_cell(ainn_range *range, ainn_paint *paint, uint32_t x, uint64_t colours[AINN_PAINT_SIZE])
{
    for (uint32_t line = 0; line < AINN_PAINT_SIDE; line++)
        code_line(range, paint, x, line, colours);
}

void ainn_paint_try(ainn_range *range, ainn_paint *paint, uint32_t x, uint64_t colours[AINN_PAINT_SIZE], uint64_t limit)
{
    for (uint32_t line = 0; line < AINN_PAINT_SIDE && range->cost < limit; line++)
        code_line(range, paint, x, line, colours);
}
