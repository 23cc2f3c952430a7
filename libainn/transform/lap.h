/*
 * Lap: an invertible pointwise layer over blocks that straddle the corners of the level's own blocks. A straddling block
 * takes the nearest quarter of the channels of each of the four positions around a corner; the outermost half block of
 * the picture stays as it is. Rows of these stages are the corners' rows, and one more: row 0 is the picture's top edge.
 */
#ifndef AINN_TRANSFORM_LAP_H
#define AINN_TRANSFORM_LAP_H

#include "transform/pipeline.h"

/* In a stage with one extra row: `output`, a tensor like `input`, with the layer applied. */
void ainn_add_lap(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, ainn_tensor *output);

/* In a stage with one extra row: the inverse, followed by the level's `squeezes` unsqueezes into `output`. */
void ainn_add_lap_inverse(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, int squeezes, ainn_place output);

#endif
