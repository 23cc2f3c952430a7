/*
 * The layers of the synthesis forwards, as the model has them, and backwards: from derivatives by a layer's outputs to derivatives by its inputs.
 *
 * Backwards they are integer layers as well, with weights of 16 bits, so that the same kernels run them. Derivatives differ in size from channel to
 * channel, so each channel has a power of two as its unit: what goes in is multiplied by `factors`, what comes out by `units`.
 */
#ifndef AINN_REFINE_NETWORK_H
#define AINN_REFINE_NETWORK_H

#include "model/model.h"
#include "util/memory.h"

typedef struct ainn_refine_layer {
    ainn_dense forward, backward;
    const float *factors, *units;             /* of the layer's outputs and inputs */
} ainn_refine_layer;

typedef struct ainn_refine_bottleneck {
    ainn_refine_layer a, c;
    ainn_depthwise forward, backward;
} ainn_refine_bottleneck;

typedef struct ainn_refine_level {
    const ainn_model_level *shape;
    ainn_refine_bottleneck rec[2], pdm[2];
    ainn_refine_layer up[2], winv, lap_winv;
    ainn_refine_bottleneck (*coupling)[2];    /* f, g */
} ainn_refine_level;

typedef struct ainn_refine_network {
    ainn_memory *memory;
    const ainn_model *model;
    const ainn_kernels *kernels;
    uint32_t quality_code;
    void **owned;
    size_t owned_count, owned_space;
    ainn_status status;                       /* errors stick */
    ainn_refine_bottleneck cfrm[2];
    ainn_refine_layer low, high;
    ainn_refine_level level[AINN_MAX_LEVELS];
    ainn_refine_layer fine_a, fine_c, synthesise_a, synthesise_b, synthesise_c;
} ainn_refine_network;

/* The layers at a quality. To be destroyed in any case. */
ainn_status ainn_refine_network_create(ainn_refine_network *network, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels,
                                       uint32_t quality_code);
void ainn_refine_network_destroy(ainn_refine_network *network);

/* Zeroed memory that lives as long as the network; NULL on failure. */
void *ainn_refine_alloc(ainn_refine_network *network, size_t count, size_t size);

/* 2^exponent */
float ainn_power_of_two(int exponent);

#endif
