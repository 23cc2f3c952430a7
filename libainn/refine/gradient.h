/*
 * How the squared error of the pixels changes with each latent: the synthesis, there and back.
 *
 * It works on a window of the picture. What lies around the window is taken as zero, as beyond the picture's edge, so that near inner edges
 * the derivatives are rough; windows overlap for that.
 */
#ifndef AINN_REFINE_GRADIENT_H
#define AINN_REFINE_GRADIENT_H

#include "model/model.h"
#include "util/memory.h"
#include "util/pool.h"

#define AINN_IGNORED (-1.0f)      /* a sample whose error does not count */

typedef struct ainn_gradient ainn_gradient;

/* For windows of at most so many latents, at one quality. */
ainn_status ainn_gradient_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool, uint32_t quality_code,
                                 uint32_t columns, uint32_t rows, ainn_gradient **gradient);
void ainn_gradient_destroy(ainn_gradient *gradient);

/* About the memory that this takes. */
uint64_t ainn_gradient_memory(const ainn_model *model, uint32_t columns, uint32_t rows);

/* The size of the window that comes next. */
void ainn_gradient_window(ainn_gradient *gradient, uint32_t columns, uint32_t rows);

/* Row y of what the window should look like: 16 * columns samples of R, G or B, 0 to 65536 or AINN_IGNORED. All are to be filled. */
float *ainn_gradient_target(ainn_gradient *gradient, int colour, uint32_t y);

/* There: latents are [rows][columns][M] as the decoder has them, rows `step` elements apart. */
void ainn_gradient_forward(ainn_gradient *gradient, const int16_t *latents, size_t step);

/* Then: the sum of squared differences of samples (in units of 1/65536) where the latents (left, top) to (right, bottom), without the last
 * ones, lie. */
double ainn_gradient_squares(const ainn_gradient *gradient, uint32_t left, uint32_t top, uint32_t right, uint32_t bottom);

/* And back, once: returns the derivatives, [rows][columns][M], of those squares by latents (in units of whole steps). They stay until the next
 * call. */
const float *ainn_gradient_backward(ainn_gradient *gradient);

#endif
