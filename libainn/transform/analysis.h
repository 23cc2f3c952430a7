/* The way from pixels to latents, a strip of 16 picture rows at a time. */
#ifndef AINN_TRANSFORM_ANALYSIS_H
#define AINN_TRANSFORM_ANALYSIS_H

#include "ainn.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "util/memory.h"
#include "util/pool.h"

typedef struct ainn_analysis ainn_analysis;

/* Called with each finished row of latents, in order: [columns][M] int16, the integers of the `squeeze` output. */
typedef void (*ainn_latent_sink)(void *opaque, uint32_t row, const int16_t *latents);

/* For a grid of columns x rows latents. The model, the pool and the memory must outlive the analysis. */
ainn_status ainn_analysis_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                 uint32_t columns, uint32_t rows, ainn_latent_sink sink, void *opaque, ainn_analysis **analysis);

/* The next 16 picture rows: three planes of rotated components (arithmetic.md: int16, F = pixel_frac), 16 * columns
 * wide, edges already extended to the grid of 16. `stride` in elements. The call with the last strip delivers all rows. */
ainn_status ainn_analysis_push(ainn_analysis *analysis, const int16_t *const components[3], size_t stride);

/* NULL is allowed. */
void ainn_analysis_destroy(ainn_analysis *analysis);

#endif
