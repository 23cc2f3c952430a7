/* The four-step context: means and scales of latents from the features and the latents of the steps before. */
#ifndef AINN_ENTROPY_CONTEXT_H
#define AINN_ENTROPY_CONTEXT_H

#include "entropy/hyper.h"

#define AINN_STEPS 4

/* Index in CELL (bitstream.md) of a position. */
static inline int ainn_cell_class(uint32_t y, uint32_t x) { return y & 1 ? (x & 1 ? 1 : 3) : (x & 1 ? 2 : 0); }

/* The channel group that is coded at a position in a step. */
static inline int ainn_coded_group(int step, uint32_t y, uint32_t x) { return (ainn_cell_class(y, x) - step) & 3; }

/* Means and scale indices of the elements coded in step 0 .. 3, in coding order: [hy * hx][M / 4], for the group of
 * the last ainn_hyper_synthesis(). yhat: [hy * hx][M], zero where not decoded yet (not read in step 0). */
void ainn_context_step(ainn_group_net *net, int step, const int16_t *yhat, int16_t *mu, uint8_t *index);

#endif
