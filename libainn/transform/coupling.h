/* Affine couplings: one stream scaled and shifted by what a bottleneck makes of the other. */
#ifndef AINN_TRANSFORM_COUPLING_H
#define AINN_TRANSFORM_COUPLING_H

#include "transform/pipeline.h"

/* The second half of a coupling's step, at `scale`: the hidden tensor (of the other stream) becomes scales and shifts,
 * which change `stream` in place, forward or back. Returns the changed stream. */
ainn_tensor *ainn_add_couple(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_tensor *stream, int forward);

#endif
