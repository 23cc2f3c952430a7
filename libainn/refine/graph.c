#include "refine/graph.h"

#include <string.h>

/* ---- Building ---- */

/* From the model's table, base and slope in units of 2^-14, to what is asked for: sign * f + offset, at sign * t. */
static void take_segments(ainn_segments *segments, const int16_t table[2][64], float offset, int mirrored)
{
    for (int i = 0; i < 64; i++) {
        /* f(u) = base + slope * (u - 256 i) / 512; mirrored: at 16384 - u. */
        const int from = mirrored ? 63 - i : i;
        const float base = (float)table[0][from] / 16384 + offset, slope = (float)table[1][from] / 512 / 16384;

        segments->slope[i] = mirrored ? -slope : slope;
        segments->base[i] = mirrored ? base + slope * (float)(16384 - 256 * from) : base - slope * (float)(256 * from);
    }
}

ainn_status ainn_graph_init(ainn_graph *graph, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                            uint32_t quality_code, uint32_t columns, uint32_t rows)
{
    graph->kernels = kernels;
    graph->pool = pool;
    graph->most_columns = columns;
    graph->most_rows = rows;
    take_segments(&graph->scale, model->scale, 1, 1);
    take_segments(&graph->sigmoid, model->sigmoid, 0, 0);
    return ainn_refine_network_create(&graph->network, memory, model, quality_code);
}

ainn_plane *ainn_graph_plane(ainn_graph *graph, uint32_t scale, int channels)
{
    ainn_plane *plane = ainn_refine_alloc(&graph->network, 1, sizeof *plane);

    if (!plane)
        return NULL;
    plane->scale = scale;
    plane->channels = channels;
    plane->space = ainn_graph_space(graph, scale, channels);
    plane->data = ainn_refine_alloc(&graph->network, plane->space, sizeof *plane->data);
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

/* Elements of a row of a scratch buffer that a node fills. */
static size_t scratch_of(const ainn_graph *graph, const ainn_node *node)
{
    const ainn_plane *plane = node->out ? node->out : node->in;
    int channels = plane->channels;

    if (node->bottleneck) {
        channels = node->bottleneck->hidden;
        channels = channels > node->bottleneck->c.forward.out ? channels : node->bottleneck->c.forward.out;
    }
    return (size_t)graph->most_columns * plane->scale * (size_t)channels;
}

ainn_status ainn_graph_finish(ainn_graph *graph)
{
    ainn_refine_network *network = &graph->network;
    const unsigned threads = ainn_pool_threads(graph->pool);

    if (network->status)
        return network->status;
    for (ainn_node *node = graph->first; node; node = node->next) {
        const size_t scratch = scratch_of(graph, node);

        graph->scratch_space = scratch > graph->scratch_space ? scratch : graph->scratch_space;
        graph->hidden_space = node->hidden.space > graph->hidden_space ? node->hidden.space : graph->hidden_space;
    }
    graph->hidden = ainn_refine_alloc(network, graph->hidden_space, sizeof *graph->hidden);
    graph->scratch = ainn_refine_alloc(network, threads, sizeof *graph->scratch);
    for (unsigned t = 0; graph->scratch && t < threads; t++)
        for (int i = 0; i < 2; i++)
            graph->scratch[t][i] = ainn_refine_alloc(network, graph->scratch_space, sizeof(float));
    for (ainn_node *node = graph->first; node; node = node->next)
        node->hidden.data = graph->hidden;
    return network->status;
}

void ainn_graph_destroy(ainn_graph *graph)
{
    ainn_refine_network_destroy(&graph->network);
}

/* ---- Running ---- */

static void size_plane(ainn_plane *plane, uint32_t columns, uint32_t rows)
{
    plane->width = columns * plane->scale;
    plane->height = rows * plane->scale;
    plane->stride = ((size_t)plane->width + 2) * (size_t)plane->channels;
}

void ainn_graph_size(ainn_graph *graph, uint32_t columns, uint32_t rows)
{
    if (graph->columns == columns && graph->rows == rows)
        return;
    graph->columns = columns;
    graph->rows = rows;
    for (ainn_plane *plane = graph->planes; plane; plane = plane->next) {
        size_plane(plane, columns, rows);
        memset(plane->data, 0, plane->space * sizeof *plane->data);       /* the zeros around lie elsewhere now */
    }
    for (ainn_node *node = graph->first; node; node = node->next)
        size_plane(&node->hidden, columns, rows);
}

void ainn_graph_run(ainn_graph *graph)
{
    for (ainn_node *node = graph->first; node; node = node->next)
        node->forward(graph, node);
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

    call->row(call->graph, call->node, (uint32_t)index, call->graph->scratch[thread]);
}

void ainn_graph_rows(ainn_graph *graph, ainn_node *node, uint32_t rows, ainn_node_row row)
{
    rows_call call = {graph, node, row};

    ainn_pool_run(graph->pool, rows, run_row, &call);
}
