/*
 * The synthesis as a list of nodes that run forwards and then backwards over planes of a window.
 *
 * A plane holds values on the way forwards. No node needs its inputs' values later (signs and the few factors that it needs it keeps itself),
 * so on the way back the same plane holds derivatives. All rows of a node are independent of each other and shared among threads.
 */
#ifndef AINN_REFINE_GRAPH_H
#define AINN_REFINE_GRAPH_H

#include "refine/network.h"
#include "transform/fdsm.h"
#include "util/pool.h"

typedef struct ainn_plane {
    struct ainn_plane *next;
    float *data;                  /* rows and columns with one of zeros around */
    size_t space;
    int channels;
    uint32_t scale;               /* times the grid of latents */
    uint32_t width, height;
    size_t stride;
} ainn_plane;

struct ainn_graph;
struct ainn_node;
typedef void (*ainn_node_run)(struct ainn_graph *graph, struct ainn_node *node);
typedef void (*ainn_node_row)(struct ainn_graph *graph, struct ainn_node *node, uint32_t y, float *const scratch[2]);

typedef struct ainn_node {
    struct ainn_node *next, *previous;
    ainn_node_run forward, backward;          /* backward NULL: has been done on the way forwards */
    ainn_plane *in, *out, hidden;
    const ainn_refine_layer *layer;
    const ainn_refine_bottleneck *bottleneck;
    uint8_t *negative[2];                     /* what a LeakyReLU has made smaller */
    uint16_t *factor, *slope;                 /* of couplings: of the stream, and of it by the scale input; upper halves of floats */
    int adds;                                 /* to what is in out */
    int joins;                                /* derivatives are added to those in in */
    int offset, squeezes;
    const void *data;
} ainn_node;

/* A function of an activation by 64 straight pieces (arithmetic.md): base + slope * (t clamped + 8192). */
typedef struct ainn_segments {
    float base[64], slope[64];
} ainn_segments;

typedef struct ainn_graph {
    ainn_refine_network network;
    const ainn_kernels *kernels;
    ainn_pool *pool;
    uint32_t columns, rows;                   /* of latents in the window */
    uint32_t most_columns, most_rows;
    ainn_plane *planes;
    ainn_node *first, *last;
    float *hidden;                            /* of all bottlenecks, one after another */
    size_t hidden_space, scratch_space;
    float *(*scratch)[2];                     /* [threads] */
    ainn_segments scale, sigmoid;             /* exp(-tanh(t / 2)) of -t, and the sigmoid */
} ainn_graph;

/* Of the largest window: elements of a plane, with zeros around, and positions without them. */
static inline size_t ainn_graph_space(const ainn_graph *graph, uint32_t scale, int channels)
{
    return ((size_t)graph->most_columns * scale + 2) * ((size_t)graph->most_rows * scale + 2) * (size_t)channels;
}

static inline size_t ainn_graph_positions(const ainn_graph *graph, uint32_t scale)
{
    return (size_t)graph->most_columns * graph->most_rows * scale * scale;
}

/* ---- Building: errors stick in network.status; after them everything returns something harmless ---- */

ainn_status ainn_graph_init(ainn_graph *graph, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                            uint32_t quality_code, uint32_t columns, uint32_t rows);
ainn_plane *ainn_graph_plane(ainn_graph *graph, uint32_t scale, int channels);
ainn_node *ainn_graph_node(ainn_graph *graph, ainn_node_run forward, ainn_node_run backward);
ainn_status ainn_graph_finish(ainn_graph *graph);
void ainn_graph_destroy(ainn_graph *graph);

/* plane += bottleneck(plane) */
void ainn_graph_residual(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *plane);

/* Half a coupling, inverse: changes `to` as the bottleneck of `from` says. */
void ainn_graph_couple(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *from, ainn_plane *to);

/* out = layer(in); out and in may be the same. `joins`: the way back has come to `in` before, by a later node. */
void ainn_graph_pointwise(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *in, ainn_plane *out, int joins);

/* out = layer(in), or, where out `adds`, out += layer(in). */
void ainn_graph_conv3(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *in, ainn_plane *out, int adds, int joins);

/* Lap's inverse, in place. */
void ainn_graph_lap(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *plane);

/* To channels offset .. of out. */
void ainn_graph_unsqueeze(ainn_graph *graph, ainn_plane *in, int squeezes, ainn_plane *out, int offset);

/* All levels, inverse: both streams after the last level to `both`, side by side. */
void ainn_graph_levels(ainn_graph *graph, ainn_plane *const streams[2], ainn_plane *both);

/* ---- Running ---- */

void ainn_graph_size(ainn_graph *graph, uint32_t columns, uint32_t rows);
void ainn_graph_run(ainn_graph *graph);

/* Calls `row` for rows 0 .. rows - 1, in any order and by several threads. */
void ainn_graph_rows(ainn_graph *graph, ainn_node *node, uint32_t rows, ainn_node_row row);

/* A row, at its first position. Rows from -1 to the plane's height are there. */
static inline float *ainn_plane_row(const ainn_plane *plane, int64_t y)
{
    return plane->data + (size_t)(y + 1) * plane->stride + plane->channels;
}

/* The function and its slope at t. */
static inline void ainn_segment_at(const ainn_segments *segments, float t, float *value, float *slope)
{
    const float u = (t < -AINN_BOUND ? -AINN_BOUND : t > AINN_BOUND ? AINN_BOUND : t) + 8192;
    const int index = (int)u >> 8;

    *slope = segments->slope[index];
    *value = segments->base[index] + segments->slope[index] * u;
}

#endif
