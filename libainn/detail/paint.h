/* Painted cells of the detail layer (format-spec/detail.md): pixels of few colours, coded one by one without loss. */
#ifndef AINN_DETAIL_PAINT_H
#define AINN_DETAIL_PAINT_H

#include "detail/range.h"

#define AINN_PAINT_SIDE 16       /* pixels of a cell */
#define AINN_PAINT_SIZE 256
#define AINN_PAINT_SLOTS 256
#define AINN_PAINT_DECISIONS (AINN_PAINT_SIZE * (4 + 1 + 3 * 16))     /* of a cell at most */
#define AINN_PAINT_NONE UINT64_MAX            /* the colour of what is not painted */

/* What changes while a cell is coded; an encoder copies it to try one. */
typedef struct ainn_paint_state {
    ainn_chance hit[4][64];                   /* of a neighbour's colour: neighbours that have missed, pattern of equal neighbours */
    ainn_chance known[2];                     /* a colour of the palette; the last one looked for was */
    ainn_chance slot[AINN_PAINT_SLOTS];       /* tree of its eight bits */
    uint64_t palette[AINN_PAINT_SLOTS];       /* colours that were new, the oldest are replaced; first all black */
    uint32_t count;                           /* of new colours so far */
    int last_known;
} ainn_paint_state;

/* Of a group. */
typedef struct ainn_paint {
    ainn_paint_state state;
    int planes;
    unsigned depth;
    uint64_t *lines;             /* [2 + 16][2 + 1024 + 1] colours: two lines above the row of cells, two columns beside it */
} ainn_paint;

/* A colour is its samples side by side, 16 bits each, the first plane lowest. */
ainn_status ainn_paint_create(ainn_memory *memory, int planes, unsigned depth, ainn_paint *paint);
void ainn_paint_destroy(ainn_memory *memory, ainn_paint *paint);

/* The start of a group, and of every further row of cells. */
void ainn_paint_start(ainn_paint *paint);
void ainn_paint_next_row(ainn_paint *paint);

/* The cell at column x is not painted. */
void ainn_paint_clear(ainn_paint *paint, uint32_t x);

/* Codes a cell's colours, or reads them. */
void ainn_paint_cell(ainn_range *range, ainn_paint *paint, uint32_t x, uint64_t colours[AINN_PAINT_SIZE]);

/* Codes lines of a cell until the range's cost is `limit` or more. For trials of the encoder. */
void ainn_paint_try(ainn_range *range, ainn_paint *paint, uint32_t x, uint64_t colours[AINN_PAINT_SIZE], uint64_t limit);

#endif
