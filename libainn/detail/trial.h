/* The coding of a group with one quantiser: how each cell is corrected. */
#ifndef AINN_DETAIL_TRIAL_H
#define AINN_DETAIL_TRIAL_H

#include "detail/block.h"

#define AINN_DETAIL_TRIALS 2     /* quantisers: the one that belongs to the quality, and a step of a quarter of its that is eager to paint, as what repeats costs nothing */
/* A cell is corrected while its stream has this room, which no cell's 768 levels of at most 45 bytes exceed. */
#define AINN_DETAIL_CELL_BOUND (768 * 45)

/* What a picture, or a group, came to. */
typedef struct ainn_detail_result {
    uint64_t j;                  /* in units of 2^-16 bits */
    uint64_t squares;            /* of differences of samples; of a grey picture each counts once */
} ainn_detail_result;

/* A row of cells of the picture, as all trials see it. */
typedef struct ainn_detail_view {
    uint32_t width, height;      /* of the picture, in pixels */
    uint32_t columns, rows;      /* ... in cells */
    uint32_t row;
    uint32_t depth, max;
    int planes;
    ainn_weigh weigh;
    uint16_t costs[1 << AINN_COST_BITS];
    const uint16_t *samples[3];  /* 16 lines, `stride` values apart; edges are repeated */
    const uint32_t *u[3];        /* as synthesised */
    size_t stride;
    int32_t *coefficients;       /* of what is missing: [columns][4 blocks][planes][64] */
    uint64_t *plain;             /* squares of each cell without correction */
} ainn_detail_view;

/* One group with one quantiser. */
typedef struct ainn_detail_trial {
    ainn_detail_coder coder;
    unsigned code;               /* of the step */
    int32_t step;
    unsigned eager;              /* paintings are taken up to 2^eager times the J of blocks: the chances learn, and later ones get cheap */
    ainn_buffer stream;
    uint32_t coded;              /* cells that are corrected */
    ainn_detail_result result;
    uint32_t painting[AINN_PAINT_DECISIONS];  /* of the cell that is tried */
} ainn_detail_trial;

/* Sum of squared differences of samples over part of a picture. */
uint64_t ainn_detail_squares(const uint16_t *const samples[3], const uint32_t *const u[3], size_t stride, size_t u_stride, int planes, uint32_t max,
                             uint32_t width, uint32_t height);

/* Finds coefficients and plain squares of a cell. */
void ainn_detail_look_at(ainn_detail_view *view, uint32_t column);

/* Begins a group (a column of groups, at the view's row) with quantiser `number`. */
void ainn_detail_trial_start(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t group, uint32_t number);

/* Codes cell x of the group, `column` of the picture, or leaves it as it is; returns its J. */
uint64_t ainn_detail_trial_cell(const ainn_detail_view *view, ainn_detail_trial *t, uint32_t x, uint32_t column);

#endif
