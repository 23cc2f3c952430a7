/* Squeeze (2x2 positions become channels) and its inverse, as moves of channels or folded into a pointwise layer. */
#ifndef AINN_TRANSFORM_SQUEEZE_H
#define AINN_TRANSFORM_SQUEEZE_H

#include "transform/pipeline.h"

#define AINN_MAX_SQUEEZE 16      /* positions along a side of what four squeezes take together */

/* Position (y, x) that channels index * c .. of `squeezes` squeezes come from. */
void ainn_squeeze_position(int index, int *y, int *x);

/* Channels of one position spread over 2^squeezes x 2^squeezes positions: out.channels each, from rows[y], position x0 on. */
void ainn_unsqueeze_position(int16_t *const *rows, uint32_t x0, const ainn_place *out, int squeezes, const int16_t *source);

/* The current stage squeezes `input` (2^squeezes times as large) into `output`. */
void ainn_add_squeeze(ainn_plan *plan, ainn_place input, int squeezes, ainn_place output);

/* Unsqueezes `input` into `output` (2^squeezes times as large), whose rows the stage then writes. */
void ainn_add_unsqueeze(ainn_plan *plan, ainn_place input, int squeezes, ainn_place output);

/* One squeeze and a pointwise layer in one, without a copy; channels of `input` must be a multiple of 16. */
void ainn_add_squeeze_pointwise(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output);

/* A pointwise layer and one unsqueeze in one; channels of `output` must be a multiple of 16. */
void ainn_add_pointwise_unsqueeze(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output);

#endif
