#include "refine/graph.h"

#include <string.h>

/* One row through a pointwise layer. */
static void dense1(const ainn_graph *graph, const ainn_dense *layer, int16_t *out, const int16_t *in, size_t positions, const int16_t *residual)
{
    const int channels = (int)(layer->block / AINN_LANE);
    const ainn_segment segment = {in, (size_t)channels, channels, 0};

    graph->kernels->dense(out, (size_t)layer->out, positions, layer, &segment, 1, residual, (size_t)layer->out);
}

static void depthwise(const ainn_graph *graph, const ainn_depthwise *layer, int16_t *out, const ainn_plane *plane, uint32_t y)
{
    const int16_t *const rows[3] = {ainn_plane_row(plane, (int64_t)y - 1), ainn_plane_row(plane, y), ainn_plane_row(plane, (int64_t)y + 1)};

    graph->kernels->depthwise(out, plane->width, layer, rows);
}

static void mark_row(const ainn_graph *graph, const ainn_node *node, int which, uint32_t y, const int16_t *values, size_t count)
{
    graph->kernels->leak_marks(node->marks[which] + y * node->marks_step, values, count);
}

static void leak_row(const ainn_graph *graph, const ainn_node *node, int which, uint32_t y, int16_t *derivatives, size_t count)
{
    graph->kernels->leak_back(derivatives, node->marks[which] + y * node->marks_step, count);
}

/* ---- Bottlenecks ---- */

static size_t hidden_count(const ainn_node *node)
{
    return node->in->width * (size_t)node->bottleneck->forward.channels;
}

static void open_hidden(ainn_graph *graph, const ainn_node *node)
{
    ainn_plane_size(&graph->integers, node->in->width, node->in->height, node->bottleneck->forward.channels);
}

static void begin_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    int16_t *hidden = ainn_plane_row(&graph->integers, y);

    (void)scratch;
    dense1(graph, &node->bottleneck->a.forward, hidden, ainn_plane_row(node->in, y), node->in->width, NULL);
    mark_row(graph, node, 0, y, hidden, hidden_count(node));
}

/* To `out`, or added to it. */
static void end_row(ainn_graph *graph, ainn_node *node, uint32_t y, int16_t *out, int adds, int16_t *middle)
{
    depthwise(graph, &node->bottleneck->forward, middle, &graph->integers, y);
    mark_row(graph, node, 1, y, middle, hidden_count(node));
    dense1(graph, &node->bottleneck->c.forward, out, middle, node->in->width, adds ? out : NULL);
}

static void residual_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    end_row(graph, node, y, ainn_plane_row(node->out, y), 1, scratch->integers[0]);
}

static void residual(ainn_graph *graph, ainn_node *node)
{
    open_hidden(graph, node);
    ainn_graph_rows(graph, node, node->in->height, begin_row);
    ainn_graph_rows(graph, node, node->in->height, residual_row);
}

/* A row of derivatives as the prepared layer takes it, and what it makes as derivatives, added to those that are there or not. */
static void quantise_row(const ainn_graph *graph, const ainn_plane *plane, uint32_t y, int16_t *out)
{
    graph->kernels->float_quantise(out, ainn_plane_back(plane, y), graph->factors, plane->width, plane->channels);
}

static void restore_row(const ainn_graph *graph, const ainn_plane *plane, uint32_t y, const int16_t *in, int adds)
{
    graph->kernels->float_restore(ainn_plane_back(plane, y), in, graph->units, plane->width, plane->channels, adds);
}

/* From derivatives by the outputs of c to those by the outputs of the depthwise layer. */
static void end_back_row(const ainn_graph *graph, const ainn_node *node, uint32_t y, const int16_t *derivatives)
{
    int16_t *out = ainn_plane_row(&graph->integers, y);

    dense1(graph, &node->bottleneck->c.backward, out, derivatives, node->in->width, NULL);
    leak_row(graph, node, 1, y, out, hidden_count(node));
}

static void residual_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    quantise_row(graph, node->out, y, scratch->integers[0]);
    end_back_row(graph, node, y, scratch->integers[0]);
}

static void begin_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    int16_t *hidden = scratch->integers[0], *in = scratch->integers[1];

    depthwise(graph, &node->bottleneck->backward, hidden, &graph->integers, y);
    leak_row(graph, node, 0, y, hidden, hidden_count(node));
    dense1(graph, &node->bottleneck->a.backward, in, hidden, node->in->width, NULL);
    restore_row(graph, node->in, y, in, 1);
}

static void prepare_bottleneck(ainn_graph *graph, ainn_node *node, float most)
{
    open_hidden(graph, node);
    ainn_graph_prepare(graph, node, &node->bottleneck->c, &node->bottleneck->a, most);
}

static void residual_back(ainn_graph *graph, ainn_node *node)
{
    prepare_bottleneck(graph, node, AINN_MOST_DERIVATIVE);
    ainn_graph_rows(graph, node, node->in->height, residual_back_row);
    ainn_graph_rows(graph, node, node->in->height, begin_back_row);
}

/* A node has its marks from here on. */
static void take_marks(ainn_graph *graph, ainn_node *node, int count, int channels)
{
    node->marks_step = AINN_MARKS((size_t)graph->most_columns * node->in->scale * (size_t)channels);
    for (int i = 0; i < count; i++)
        node->marks_space[i] = node->marks_step * graph->most_rows * node->in->scale;
}

static ainn_node *add_bottleneck(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *in, ainn_plane *out,
                                 ainn_node_run forward, ainn_node_run backward)
{
    ainn_node *node = ainn_graph_node(graph, forward, backward);

    if (!node || !in || !out)
        return NULL;
    node->in = in;
    node->out = out;
    node->bottleneck = bottleneck;
    take_marks(graph, node, 2, bottleneck->forward.channels);
    return node;
}

void ainn_graph_residual(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *plane)
{
    add_bottleneck(graph, bottleneck, plane, plane, residual, residual_back);
}

/* ---- Couplings ---- */

static void couple_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const int16_t (*scale)[64] = graph->network.model->scale;
    const size_t width = node->out->width;
    int16_t *st = scratch->integers[1], *x = ainn_plane_row(node->out, y);

    end_row(graph, node, y, st, 0, scratch->integers[0]);
    graph->kernels->couple_slopes(ainn_plane_row(node->slopes, y), x, st, width, node->out->channels, scale);
    graph->kernels->couple_inverse(x, x, st, width, node->out->channels, scale);
}

static void couple(ainn_graph *graph, ainn_node *node)
{
    open_hidden(graph, node);
    ainn_graph_rows(graph, node, node->in->height, begin_row);
    ainn_graph_rows(graph, node, node->in->height, couple_row);
}

static void couple_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    graph->kernels->float_couple(scratch->integers[0], ainn_plane_back(node->out, y), ainn_plane_row(node->slopes, y), graph->factors, node->out->width,
                                 node->out->channels);
    end_back_row(graph, node, y, scratch->integers[0]);
}

static void couple_back(ainn_graph *graph, ainn_node *node)
{
    prepare_bottleneck(graph, node, AINN_MOST_DERIVATIVE / 2);             /* scales and their derivatives may make them larger */
    ainn_graph_rows(graph, node, node->in->height, couple_back_row);
    ainn_graph_rows(graph, node, node->in->height, begin_back_row);
}

void ainn_graph_couple(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *from, ainn_plane *to)
{
    ainn_node *node = add_bottleneck(graph, bottleneck, from, to, couple, couple_back);

    if (node)
        node->slopes = ainn_graph_plane(graph, to->scale, 2 * to->channels, 0);
}

/* ---- Pointwise layers ---- */

static void pointwise_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const int16_t *in = ainn_plane_row(node->in, y);

    if (node->in == node->out) {
        memcpy(scratch->integers[0], in, node->in->width * (size_t)node->in->channels * sizeof *in);
        in = scratch->integers[0];
    }
    dense1(graph, &node->layer->forward, ainn_plane_row(node->out, y), in, node->in->width, NULL);
}

static void pointwise(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, pointwise_row);
}

static void pointwise_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    quantise_row(graph, node->out, y, scratch->integers[0]);
    dense1(graph, &node->layer->backward, scratch->integers[1], scratch->integers[0], node->in->width, NULL);
    restore_row(graph, node->in, y, scratch->integers[1], node->joins);
}

static void pointwise_back(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_prepare(graph, node, node->layer, node->layer, AINN_MOST_DERIVATIVE);
    ainn_graph_rows(graph, node, node->in->height, pointwise_back_row);
}

void ainn_graph_pointwise(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *in, ainn_plane *out, int joins)
{
    ainn_node *node = ainn_graph_node(graph, pointwise, pointwise_back);

    if (!node)
        return;
    node->in = in;
    node->out = out;
    node->layer = layer;
    node->joins = joins;
}

/* ---- 3x3 ---- */

static void conv3_of(const ainn_graph *graph, const ainn_dense *layer, const ainn_plane *in, int16_t *out, uint32_t y, const int16_t *residual)
{
    const size_t channels = (size_t)in->channels;
    ainn_segment taps[9];

    for (int t = 0; t < 9; t++)
        taps[t] = (ainn_segment){ainn_plane_row(in, (int64_t)y + t / 3 - 1) + (ptrdiff_t)channels * (t % 3 - 1), channels, in->channels, 0};
    graph->kernels->dense(out, (size_t)layer->out, in->width, layer, taps, 9, residual, (size_t)layer->out);
}

static void conv3_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    int16_t *out = ainn_plane_row(node->out, y);

    (void)scratch;
    conv3_of(graph, &node->layer->forward, node->in, out, y, node->adds ? out : NULL);
    if (node->layer->forward.leaky)
        mark_row(graph, node, 0, y, out, node->out->width * (size_t)node->out->channels);
}

static void conv3(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, conv3_row);
}

static void conv3_take_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    int16_t *row = ainn_plane_row(&graph->integers, y);

    (void)scratch;
    quantise_row(graph, node->out, y, row);
    if (node->layer->forward.leaky)
        leak_row(graph, node, 0, y, row, node->out->width * (size_t)node->out->channels);
}

static void conv3_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    conv3_of(graph, &node->layer->backward, &graph->integers, scratch->integers[0], y, NULL);
    restore_row(graph, node->in, y, scratch->integers[0], node->joins);
}

static void conv3_back(ainn_graph *graph, ainn_node *node)
{
    ainn_plane_size(&graph->integers, node->out->width, node->out->height, node->out->channels);
    ainn_graph_prepare(graph, node, node->layer, node->layer, AINN_MOST_DERIVATIVE);
    ainn_graph_rows(graph, node, node->out->height, conv3_take_row);
    ainn_graph_rows(graph, node, node->out->height, conv3_back_row);
}

void ainn_graph_conv3(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *in, ainn_plane *out, int adds, int joins)
{
    ainn_node *node = ainn_graph_node(graph, conv3, conv3_back);

    if (!node || !out)
        return;
    node->in = in;
    node->out = out;
    node->layer = layer;
    node->adds = adds;
    node->joins = joins;
    if (layer->forward.leaky)
        take_marks(graph, node, 1, out->channels);
}
