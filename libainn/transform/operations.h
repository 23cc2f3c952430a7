/* Operations that several modules are built from. All are added to the plan's current stage. */
#ifndef AINN_TRANSFORM_OPERATIONS_H
#define AINN_TRANSFORM_OPERATIONS_H

#include "transform/pipeline.h"

/* Slots of a stage, by use. */
enum { AINN_SLOT_HIDDEN, AINN_SLOT_COUPLING, AINN_SLOT_STREAM, AINN_SLOT_MEANS, AINN_SLOT_DIFFERENCES, AINN_SLOT_PLANES };

#define AINN_NO_PLACE ((ainn_place){0})

/* output = dense(inputs side by side) (+ residual, where that is not AINN_NO_PLACE). */
void ainn_add_pointwise(ainn_plan *plan, ainn_dense dense, const ainn_place *inputs, int count, ainn_place output, ainn_place residual);

/* The same with one input. */
void ainn_add_pointwise1(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output, ainn_place residual);

/* 3x3 over rows of a tensor, whose neighbouring rows the stage is made to wait for. */
void ainn_add_conv3(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, ainn_place output, ainn_place residual);

/* Layer a of a bottleneck. Returns the hidden tensor, `scale` times as large as the grid, for a later stage. */
ainn_tensor *ainn_add_bottleneck_begin(ainn_plan *plan, const ainn_bottleneck *bottleneck, int quality_code, ainn_place input, uint32_t scale);

/* Layers b and c. The stage is made to wait for the hidden tensor's neighbouring rows. */
void ainn_add_bottleneck_end(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_place output, ainn_place residual);

#endif
