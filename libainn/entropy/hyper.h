/*
 * The networks of one group of latents (format-spec/bitstream.md): hyper-analysis and hyper-synthesis here, the four
 * context steps in context.h.
 */
#ifndef AINN_ENTROPY_HYPER_H
#define AINN_ENTROPY_HYPER_H

#include "ainn.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "util/memory.h"
#include "util/pool.h"

#define AINN_GROUP_SIZE 64        /* latents along one side of a group, at most */
#define AINN_PLANE_MARGIN 2       /* zero positions around a plane, as the widest convolution needs */

/* A small picture of activations with zeros around it. */
typedef struct ainn_plane {
    int16_t *data;                /* of position (0, 0) */
    size_t stride;                /* elements from a row to the next */
    uint32_t width, height;
    int channels;
} ainn_plane;

enum { AINN_PLANE_LATENTS, AINN_PLANE_CONTEXT, AINN_PLANE_FEATURES, AINN_PLANE_HYPER, AINN_PLANES };

typedef struct ainn_group_net {
    ainn_memory *memory;
    const ainn_model *model;
    const ainn_kernels *kernels;
    ainn_pool *pool;              /* may be NULL */
    uint32_t hx, hy;              /* of the group whose features are kept */
    int16_t *buffer[AINN_PLANES]; /* memory of planes: parts of one block */
    ainn_plane features;          /* leaky(hs(z)), 2N channels, cropped to hx x hy */
    int16_t *scratch;             /* one row of activations, twice, for each thread */
    size_t scratch_size;          /* of one thread, in elements */
} ainn_group_net;

/* Networks for groups of at most hx x hy latents (64 x 64 in the second form); all memory is taken here. `pool` may be NULL. */
ainn_status ainn_group_net_create_sized(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                        uint32_t hx, uint32_t hy, ainn_group_net **net);
ainn_status ainn_group_net_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                  ainn_group_net **net);
/* NULL is allowed. */
void ainn_group_net_destroy(ainn_group_net *net);

/* Size of the hyperlatents along one side: latents reduced by two strides of 2. */
static inline uint32_t ainn_hyper_size(uint32_t latents) { return ((latents + 1) / 2 + 1) / 2; }

/* y: [hy * hx][M], F = y_frac. z: [zy * zx][Z], rounded to integers and limited to z_max. */
void ainn_hyper_analysis(ainn_group_net *net, const int16_t *y, uint32_t hx, uint32_t hy, int16_t *z);

/* A plane in one of the net's buffers, its margins zeroed. */
ainn_plane ainn_plane_open(ainn_group_net *net, int buffer, uint32_t width, uint32_t height, int channels);

/* Position (x, y) of a plane, margins included. */
static inline int16_t *ainn_plane_at(const ainn_plane *plane, int64_t x, int64_t y)
{
    return plane->data + y * (int64_t)plane->stride + x * plane->channels;
}

/* Copies [height * width][channels] into a plane. */
void ainn_plane_fill(const ainn_group_net *net, const ainn_plane *plane, const int16_t *values);

/* Segments of the taps of a 3x3 around the first position of a row. */
void ainn_plane_taps3(const ainn_plane *plane, uint32_t row, ainn_segment segments[9]);

/* Features of a group from its hyperlatents; kept in the net for the context steps. */
void ainn_hyper_synthesis(ainn_group_net *net, const int16_t *z, uint32_t hx, uint32_t hy);

#endif
