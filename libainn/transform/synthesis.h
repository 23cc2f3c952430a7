/* The way from latents back to pixels, a row of latents at a time. */
#ifndef AINN_TRANSFORM_SYNTHESIS_H
#define AINN_TRANSFORM_SYNTHESIS_H

#include "ainn.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "util/memory.h"
#include "util/pool.h"

typedef struct ainn_synthesis ainn_synthesis;

/* Called with finished pixel rows in order: planes[c] + y * stride holds u = 0 .. 65536 (arithmetic.md, step 7) of
 * R, G, B, 16 * columns wide. Returns 0, or another number to stop. */
typedef int (*ainn_pixel_sink)(void *opaque, uint32_t first_row, uint32_t rows, const uint32_t *const planes[3], size_t stride);

/* For a grid of columns x rows latents. The model, the pool and the memory must outlive the synthesis. */
ainn_status ainn_synthesis_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                  uint32_t quality_code, uint32_t columns, uint32_t rows, ainn_pixel_sink sink, void *opaque,
                                  ainn_synthesis **synthesis);

/* The next row of latents as decoded ([columns][M], F = y_frac); the inverse gain is applied inside.
 * AINN_ERROR_IO if the sink returns not 0. */
ainn_status ainn_synthesis_push(ainn_synthesis *synthesis, const int16_t *yhat);

/* NULL is allowed. */
void ainn_synthesis_destroy(ainn_synthesis *synthesis);

/* How many latents beyond a region influence its pixels: with so many on each side (or the picture's edge), a region
 * decoded from a sub-grid has identical pixels. */
uint32_t ainn_synthesis_halo(const ainn_model *model);

#endif
