/* CFRM: the latents' channels recovered by two residual blocks, and the two streams made of them. */
#ifndef AINN_TRANSFORM_CFRM_H
#define AINN_TRANSFORM_CFRM_H

#include "transform/pipeline.h"

/* From yhat to the streams low and high, the inverse gain first. Leaves the stage that makes the streams open. */
void ainn_add_cfrm(ainn_plan *plan, int quality_code, ainn_tensor *yhat, ainn_tensor *streams[2]);

#endif
