/* CFRM: the latents' channels recovered by two residual blocks, and the two streams made of them. */
#ifndef AINN_TRANSFORM_CFRM_H
#define AINN_TRANSFORM_CFRM_H

#include "transform/pipeline.h"

/* A latent after the inverse gain: yhat * mantissa * 2^-shift. */
static inline int16_t ainn_cfrm_gain(int16_t yhat, int32_t mantissa, int shift)
{
    int64_t v = (int64_t)yhat * mantissa;

    v = shift > 0 ? (v + ((int64_t)1 << (shift - 1))) >> shift : v * ((int64_t)1 << -shift);
    return (int16_t)(v < -AINN_STREAM_BOUND ? -AINN_STREAM_BOUND : v > AINN_STREAM_BOUND ? AINN_STREAM_BOUND : v);
}

/* From yhat to the streams low and high, the inverse gain first. Leaves the stage that makes the streams open. */
void ainn_add_cfrm(ainn_plan *plan, int quality_code, ainn_tensor *yhat, ainn_tensor *streams[2]);

#endif
