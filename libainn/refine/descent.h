/*
 * Better latents, step by step. A rounded latent could as well be one larger or smaller: what that changes of the squared error is known to
 * second order (the derivative is measured, the curvature nearly the same for all latents, as the transform nearly keeps lengths), what it
 * changes of the rate is in the tables. In each round some of the changes that look best are made, fewer from round to round: changes
 * that are made together disturb each other.
 */
#ifndef AINN_REFINE_DESCENT_H
#define AINN_REFINE_DESCENT_H

#include "entropy/tables.h"
#include "refine/gradient.h"

typedef struct ainn_descent {
    ainn_memory *memory;
    const ainn_model *model;
    const ainn_symbol_tables *gauss;
    ainn_gradient *gradient;
    uint32_t columns, rows;                   /* of the picture's latents */
    uint32_t side[2];                         /* columns and rows of a window that are changed */
    float bits_per_square;                    /* lambda: of a difference of samples in units of 1/65536 */
    float curvature;                          /* in bits, of a change by one step */
    int16_t *targets, *coded, *means;         /* [rows][columns][M]; as ainn_group_search */
    uint8_t *indices;
    float *gains;                             /* of one window: bits saved, by chance somewhat less; 0: nothing to change */
    int8_t *changes;
    unsigned round, rounds;
    float haste;                              /* coarse latents mislead their context more when they are changed: slower at low quality */
    float share;                              /* of changes that are made in the first round, before haste */
} ainn_descent;

/* Fills target rows of a window: `width` x `height` pixels from (x, y) on. */
typedef void (*ainn_descent_fill)(void *opaque, ainn_gradient *gradient, uint32_t x, uint32_t y, uint32_t width, uint32_t height);

/* For a picture's latents at a quality. To be destroyed in any case. */
ainn_status ainn_descent_create(ainn_descent *descent, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                const ainn_symbol_tables *gauss, uint32_t quality_code, uint32_t columns, uint32_t rows);
void ainn_descent_destroy(ainn_descent *descent);

/* Memory of all that. */
uint64_t ainn_descent_memory(const ainn_model *model, uint32_t columns, uint32_t rows);

/* One round: coded, means and indices are those of the targets; the targets are changed. Returns the distortion of what was
 * coded, in bits. */
double ainn_descent_round(ainn_descent *descent, ainn_descent_fill fill, void *opaque);

/* The same without changes. */
double ainn_descent_measure(ainn_descent *descent, ainn_descent_fill fill, void *opaque);

#endif
