/* Layers and tables of a model found by name and checked (format-spec/model.md). */
#ifndef AINN_MODEL_BINDING_H
#define AINN_MODEL_BINDING_H

#include "model/model.h"
#include "model/tensors.h"

/* Errors stick: after the first one every call does nothing. */
typedef struct ainn_binding {
    ainn_tensors tensors;
    int trusted;                  /* leaves out the bound of every output channel */
    ainn_status status;
} ainn_binding;

/* What a layer is, apart from its name. */
typedef struct ainn_layer_shape {
    int taps, in, out;
    int leaky;
    int in_bound, out_bound;
    int quality;                  /* has a quality bias */
} ainn_layer_shape;

/* Fails with a sentence about the model, unless something has failed before. */
void ainn_bind_fail(ainn_binding *binding, const char *format, const char *name);

/* A tensor of fixed dimensions. */
const void *ainn_bind_tensor(ainn_binding *binding, const char *name, ainn_tensor_type type, int rank, uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3);

/* The size of one dimension, between 1 and `limit`; 16 after a failure, so that callers can go on. */
int ainn_bind_length(ainn_binding *binding, const char *name, ainn_tensor_type type, int rank, int limit);

void ainn_bind_layer(ainn_binding *binding, const char *name, ainn_layer_shape shape, ainn_layer *layer);

/* Layers NAME.a, NAME.b, NAME.c. */
void ainn_bind_bottleneck(ainn_binding *binding, const char *name, int in, int hidden, int out, int quality, ainn_bottleneck *bottleneck);

#endif
