/* FDSM-D: the picture becomes a low and a high stream at half resolution. FDSM-S: a mask mixes them back into pixels. */
#ifndef AINN_TRANSFORM_FDSM_H
#define AINN_TRANSFORM_FDSM_H

#include "transform/pipeline.h"

#define AINN_HALF_RESOLUTION 8   /* times the grid of latents */
#define AINN_LATENT_PIXELS 16    /* pixels along a side of a latent */

/* A tensor for picture rows: three planes in each row, with repeated edges. */
ainn_tensor *ainn_fdsm_picture(ainn_plan *plan);

/* Copies 16 rows of planes into such a tensor, from row `first` on. */
void ainn_fdsm_fill(const ainn_plan *plan, ainn_tensor *picture, uint32_t first, const int16_t *const components[3], size_t stride);

/* The two streams, 12 channels each. */
void ainn_add_fdsm_decompose(ainn_plan *plan, ainn_tensor *picture, ainn_place streams[2]);

/* Rows of u = 0 .. 65536 that a pass makes. */
typedef struct ainn_pixel_rows {
    uint32_t *planes[3];
    size_t stride;
    uint32_t first;              /* picture row of the planes' first row */
} ainn_pixel_rows;

/* From both streams side by side to pixels; `rows` stays the caller's. The last stage of the plan. */
void ainn_add_fdsm_synthesise(ainn_plan *plan, ainn_tensor *both, const ainn_pixel_rows *rows);

#endif
