/* A level: squeezes, Lap, invertible 1x1, couplings, channel squeeze; and the way back with MS-CFRM and PDM. */
#ifndef AINN_TRANSFORM_LEVEL_H
#define AINN_TRANSFORM_LEVEL_H

#include "transform/pipeline.h"

/* Scale of a level's streams, times the grid of latents; `levels` gives 1, 0 the scale below the first level's squeezes. */
uint32_t ainn_level_scale(const ainn_model *model, int level);

/* Forward, from `input` (a level's streams before its squeezes). Leaves the stage that finishes `output` open. */
void ainn_add_level(ainn_plan *plan, int level, const ainn_place input[2], ainn_tensor *output[2]);

/* Inverse, from what the level kept into places of tensors before its squeezes. If the current stage has the level's
 * scale, it is continued. */
void ainn_add_level_inverse(ainn_plan *plan, int level, int quality_code, ainn_tensor *const input[2], const ainn_place output[2]);

#endif
