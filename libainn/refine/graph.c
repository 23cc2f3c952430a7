#include "refine/graph.h"

#include <string.h>

#define ROOM_UNIT 64              /* what vectors like to be aligned to */

/* ---- Building ---- */

ainn_status ainn_graph_init(ainn_graph *graph, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                            uint32_t quality_code, uint32_t columns, uint32_t rows)
{
    graph->kernels = kernels;
    graph->pool = pool;
    graph->most_columns = columns;
    graph->most_rows = rows;
    return ainn_refine_network_create(&graph->network, memory, model, kernels, quality_code);
}

ainn_plane *ainn_graph_plane(ainn_graph *graph, uint32_t scale, int channels, int derives)
{
    ainn_plane *plane = ainn_refine_alloc(&graph->network, 1, sizeof *plane);

    if (!plane)
        return NULL;
    plane->scale = scale;
    plane->channels = channels;
    plane->derives = derives;
    plane->next = graph->planes;
    graph->planes = plane;
    return plane;
}

ainn_node *ainn_graph_node(ainn_graph *graph, ainn_node_run forward, ainn_node_run backward)
{
    ainn_node *node = ainn_refine_alloc(&graph->network, 1, sizeof *node);

    if (!node)
        return NULL;
    node->forward = forward;
    node->backward = backward;
    node->previous = graph->last;
    if (graph->last)
        graph->last->next = node;
    else
        graph->first = node;
    graph->last = node;
    return node;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What a node may need of what all share. */
static void make_room(ainn_graph *graph, const ainn_node *node)
{
    const ainn_plane *plane = node->out ? node->out : node->in;
    size_t channels = larger((size_t)plane->channels, node->in ? (size_t)node->in->channels : 0);

    if (node->slopes)
        channels *= 2;
    if (node->bottleneck)
        channels = larger(channels, (size_t)node->bottleneck->forward.channels);
    graph->channels_space = larger(graph->channels_space, channels);
    graph->scratch_space = larger(graph->scratch_space, (size_t)graph->most_columns * plane->scale * channels);
    graph->integers_space = larger(graph->integers_space, ainn_graph_space(graph, plane->scale, (int)channels));
}

/* Hands out room, or, where there is none yet, only counts it. */
static void *take_room(const ainn_graph *graph, size_t *taken, size_t bytes)
{
    void *memory = graph->room ? graph->room + *taken : NULL;

    *taken += (bytes + ROOM_UNIT - 1) / ROOM_UNIT * ROOM_UNIT;
    return memory;
}

static void take_plane(const ainn_graph *graph, ainn_plane *plane, size_t *taken)
{
    const size_t values = ainn_graph_space(graph, plane->scale, plane->channels) * sizeof *plane->data;
    const size_t derivatives = plane->derives ? ainn_graph_positions(graph, plane->scale) * (size_t)plane->channels * sizeof *plane->back : 0;

    plane->data = take_room(graph, taken, plane->turns ? values : larger(values, derivatives));
    plane->back = plane->turns ? take_room(graph, taken, derivatives) : (float *)(void *)plane->data;
}

/* One block for all: many of a megabyte or more would each be rounded up to pages that are large. */
static size_t share_room(ainn_graph *graph)
{
    size_t taken = 0;

    for (ainn_plane *plane = graph->planes; plane; plane = plane->next)
        take_plane(graph, plane, &taken);
    for (ainn_node *node = graph->first; node; node = node->next)
        for (int i = 0; i < 2; i++)
            if (node->marks_space[i])
                node->marks[i] = take_room(graph, &taken, node->marks_space[i] * sizeof *node->marks[i]);
    graph->integers.data = take_room(graph, &taken, graph->integers_space * sizeof *graph->integers.data);
    return taken;
}

ainn_status ainn_graph_finish(ainn_graph *graph)
{
    ainn_refine_network *network = &graph->network;
    const unsigned threads = ainn_pool_threads(graph->pool);

    if (network->status)
        return network->status;
    for (ainn_node *node = graph->first; node; node = node->next)
        make_room(graph, node);
    graph->room = ainn_refine_alloc(network, share_room(graph), 1);
    share_room(graph);
    graph->most = ainn_refine_alloc(network, (size_t)graph->most_rows * AINN_LATENT_PIXELS, sizeof *graph->most);
    graph->factors = ainn_refine_alloc(network, graph->channels_space, sizeof *graph->factors);
    graph->units = ainn_refine_alloc(network, graph->channels_space, sizeof *graph->units);
    graph->scratch = ainn_refine_alloc(network, threads, sizeof *graph->scratch);
    for (unsigned t = 0; graph->scratch && t < threads; t++) {
        for (int i = 0; i < 2; i++)
            graph->scratch[t].integers[i] = ainn_refine_alloc(network, graph->scratch_space, sizeof(int16_t));
        graph->scratch[t].floats = ainn_refine_alloc(network, graph->scratch_space, sizeof(float));
    }
    return network->status;
}

void ainn_graph_destroy(ainn_graph *graph)
{
    ainn_refine_network_destroy(&graph->network);
}

/* ---- Running ---- */

void ainn_plane_size(ainn_plane *plane, uint32_t width, uint32_t height, int channels)
{
    const size_t border = AINN_PLANE_BORDER * (size_t)channels;

    plane->channels = channels;
    plane->width = width;
    plane->height = height;
    plane->stride = width * (size_t)channels + 2 * border;
    for (int64_t y = -1; y <= (int64_t)height; y++) {
        int16_t *row = ainn_plane_row(plane, y) - border;

        if (y < 0 || y == (int64_t)height) {
            memset(row, 0, plane->stride * sizeof *row);
        } else {
            memset(row, 0, border * sizeof *row);
            memset(row + plane->stride - border, 0, border * sizeof *row);
        }
    }
}

void ainn_graph_size(ainn_graph *graph, uint32_t columns, uint32_t rows)
{
    if (graph->columns == columns && graph->rows == rows)
        return;
    graph->columns = columns;
    graph->rows = rows;
    for (ainn_plane *plane = graph->planes; plane; plane = plane->next) {
        if (plane->turns) {
            memset(plane->data, 0, ainn_graph_space(graph, plane->scale, plane->channels) * sizeof *plane->data);
            memset(plane->back, 0, ainn_graph_positions(graph, plane->scale) * (size_t)plane->channels * sizeof *plane->back);
        }
    }
}

void ainn_graph_forward(ainn_graph *graph)
{
    for (ainn_plane *plane = graph->planes; plane; plane = plane->next)
        ainn_plane_size(plane, graph->columns * plane->scale, graph->rows * plane->scale, plane->channels);
    for (ainn_node *node = graph->first; node; node = node->next)
        node->forward(graph, node);
}

void ainn_graph_backward(ainn_graph *graph)
{
    for (ainn_node *node = graph->last; node; node = node->previous)
        if (node->backward)
            node->backward(graph, node);
}

typedef struct rows_call {
    ainn_graph *graph;
    ainn_node *node;
    ainn_node_row row;
} rows_call;

static void run_row(void *opaque, size_t index, unsigned thread)
{
    const rows_call *call = opaque;

    call->row(call->graph, call->node, (uint32_t)index, &call->graph->scratch[thread]);
}

void ainn_graph_rows(ainn_graph *graph, ainn_node *node, uint32_t rows, ainn_node_row row)
{
    rows_call call = {graph, node, row};

    ainn_pool_run(graph->pool, rows, run_row, &call);
}

static void most_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_plane *plane = node->out;

    (void)scratch;
    graph->most[y] = graph->kernels->float_most(ainn_plane_back(plane, y), graph->measured_by, plane->width, plane->channels);
}

void ainn_graph_prepare(ainn_graph *graph, ainn_node *node, const ainn_refine_layer *first, const ainn_refine_layer *last, float most)
{
    const ainn_plane *plane = node->out;
    float largest = 0, scale = 1;

    /* Of a coupling's layer the second half makes what is subtracted from the plane. */
    graph->measured_by = first->factors + (first->forward.out - plane->channels);
    ainn_graph_rows(graph, node, plane->height, most_row);
    for (uint32_t y = 0; y < plane->height; y++)
        largest = graph->most[y] > largest ? graph->most[y] : largest;
    for (; largest > 0 && largest * scale * 2 <= most && scale < 1e30f; scale *= 2)
        continue;
    for (; largest * scale > most && scale > 1e-30f; scale /= 2)
        continue;
    for (int c = 0; c < first->forward.out; c++)
        graph->factors[c] = first->factors[c] * scale;
    for (int c = 0; c < last->backward.out; c++)
        graph->units[c] = last->units[c] / scale;
}
