/*
 * The synthesis as a list of nodes that run forwards and then backwards over planes of a window.
 *
 * Forwards, values are the decoder's own integers. Backwards, derivatives are floating point; a layer takes them as integers, scaled by the
 * largest one of the plane. All rows of a node are independent of each other and shared among threads.
 */
#ifndef AINN_REFINE_GRAPH_H
#define AINN_REFINE_GRAPH_H

#include "refine/network.h"
#include "transform/fdsm.h"
#include "util/pool.h"

#define AINN_PLANE_BORDER 2       /* columns of zeros that kernels want to each side; one row above and below */
#define AINN_MOST_DERIVATIVE 32000.0f     /* as an integer; one out of some thousands may saturate later */

typedef struct ainn_plane {
    struct ainn_plane *next;
    int16_t *data;
    float *back;                  /* derivatives by what is here, without zeros around: in the same memory, as values are needed no more on the way back */
    int channels;
    uint32_t scale;               /* times the grid of latents */
    uint32_t width, height;
    size_t stride;
    int derives;                  /* back is wanted */
    int turns;                    /* values and derivatives are there at the same time; some channels are never written, and stay zero */
} ainn_plane;

/* Rows of one thread's own. */
typedef struct ainn_graph_scratch {
    int16_t *integers[2];
    float *floats;
} ainn_graph_scratch;

struct ainn_graph;
struct ainn_node;
typedef void (*ainn_node_run)(struct ainn_graph *graph, struct ainn_node *node);
typedef void (*ainn_node_row)(struct ainn_graph *graph, struct ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch);

typedef struct ainn_node {
    struct ainn_node *next, *previous;
    ainn_node_run forward, backward;          /* backward NULL: has been done on the way forwards */
    ainn_plane *in, *out;
    const ainn_refine_layer *layer;
    const ainn_refine_bottleneck *bottleneck;
    int16_t *marks[2];                        /* of each LeakyReLU, in rows of ... */
    size_t marks_step, marks_space[2];
    ainn_plane *slopes;                       /* of couplings */
    int adds;                                 /* to what is in out */
    int joins;                                /* derivatives are added to those that are there */
    int offset, squeezes;
    const void *data;
} ainn_node;

typedef struct ainn_graph {
    ainn_refine_network network;
    const ainn_kernels *kernels;
    ainn_pool *pool;
    uint32_t columns, rows;                   /* of latents in the window */
    uint32_t most_columns, most_rows;
    ainn_plane *planes;
    ainn_node *first, *last;
    ainn_plane integers;                      /* inside of bottlenecks, and derivatives as a layer takes them: of one node after another */
    size_t integers_space, scratch_space, channels_space;
    char *room;                               /* of planes and marks */
    ainn_graph_scratch *scratch;              /* [threads] */
    const float *measured_by;                 /* factors by which a plane's largest derivative is looked for, and ... */
    float *most;                              /* ... that of each row */
    float *factors, *units;                   /* of the node's channels: from derivatives to integers, and back */
} ainn_graph;

/* Of the largest window: positions of a plane, and its elements with zeros around. */
static inline size_t ainn_graph_positions(const ainn_graph *graph, uint32_t scale)
{
    return (size_t)graph->most_columns * graph->most_rows * scale * scale;
}

static inline size_t ainn_graph_space(const ainn_graph *graph, uint32_t scale, int channels)
{
    return ((size_t)graph->most_columns * scale + 2 * AINN_PLANE_BORDER) * ((size_t)graph->most_rows * scale + 2) * (size_t)channels;
}

/* ---- Building: errors stick in network.status; after them everything returns something harmless. Planes and marks have no memory before the end. ---- */

ainn_status ainn_graph_init(ainn_graph *graph, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                            uint32_t quality_code, uint32_t columns, uint32_t rows);

ainn_plane *ainn_graph_plane(ainn_graph *graph, uint32_t scale, int channels, int derives);
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
void ainn_graph_forward(ainn_graph *graph);
void ainn_graph_backward(ainn_graph *graph);

/* Sets the size of a plane that holds anything, and the zeros around. */
void ainn_plane_size(ainn_plane *plane, uint32_t width, uint32_t height, int channels);

/* Calls `row` for rows 0 .. rows - 1, in any order and by several threads. */
void ainn_graph_rows(ainn_graph *graph, ainn_node *node, uint32_t rows, ainn_node_row row);

/* Before derivatives by the node's `out` go back through layers, as integers from before the first to after the last: finds a scale by which the
 * largest one, each times its channel's factor, is no more than `most`, and sets the graph's factors and units. */
void ainn_graph_prepare(ainn_graph *graph, ainn_node *node, const ainn_refine_layer *first, const ainn_refine_layer *last, float most);

/* A row, at its first position. Rows from -1 to the plane's height are there. */
static inline int16_t *ainn_plane_row(const ainn_plane *plane, int64_t y)
{
    return plane->data + (size_t)(y + 1) * plane->stride + AINN_PLANE_BORDER * plane->channels;
}

static inline float *ainn_plane_back(const ainn_plane *plane, uint32_t y)
{
    return plane->back + (size_t)y * plane->width * (size_t)plane->channels;
}

#endif
