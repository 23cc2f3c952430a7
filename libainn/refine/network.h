/*
 * The synthesis in floating point, layer by layer as the model has it: every activation has the scale of its integer, only nothing is rounded
 * or clipped. Each layer exists forwards and backwards; backwards takes derivatives by its outputs to derivatives by its inputs.
 */
#ifndef AINN_REFINE_NETWORK_H
#define AINN_REFINE_NETWORK_H

#include "model/model.h"
#include "util/memory.h"

typedef struct ainn_refine_layer {
    ainn_float_layer forward, backward;
    int leaky;
} ainn_refine_layer;

typedef struct ainn_refine_bottleneck {
    ainn_refine_layer a, c;
    int hidden;
    const float *forward, *backward;          /* of the depthwise layer: [9][hidden] */
    const float *bias;
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
    void **owned;
    size_t owned_count, owned_space;
    ainn_status status;                       /* errors stick */
    float *inverse_gain;                      /* [M] */
    ainn_refine_bottleneck cfrm[2];
    ainn_refine_layer low, high;
    ainn_refine_level level[AINN_MAX_LEVELS];
    ainn_refine_layer fine_a, fine_c, synthesise_a, synthesise_b, synthesise_c;
} ainn_refine_network;

/* The layers at a quality. To be destroyed in any case. */
ainn_status ainn_refine_network_create(ainn_refine_network *network, ainn_memory *memory, const ainn_model *model, uint32_t quality_code);
void ainn_refine_network_destroy(ainn_refine_network *network);

/* Zeroed memory that lives as long as the network; NULL on failure. */
void *ainn_refine_alloc(ainn_refine_network *network, size_t count, size_t size);

#endif
