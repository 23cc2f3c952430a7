#include "refine/graph.h"

#include <string.h>

/* Rows of a plane of bytes or factors without zeros around. */
static size_t at_row(const ainn_plane *plane, uint32_t y, size_t channels)
{
    return (size_t)y * plane->width * channels;
}

static void dense1(const ainn_graph *graph, const ainn_float_layer *layer, float *out, const float *in, size_t positions, const float *residual)
{
    graph->kernels->float_dense(out, (size_t)layer->out, positions, layer, &in, (size_t)layer->in, residual);
}

/* ---- Bottlenecks ---- */

/* What the others have left in the memory of hidden planes. */
static void clear_around(const ainn_plane *plane)
{
    const size_t channels = (size_t)plane->channels;

    for (int64_t y = -1; y <= (int64_t)plane->height; y++) {
        float *row = ainn_plane_row(plane, y) - channels;

        if (y < 0 || y == (int64_t)plane->height) {
            memset(row, 0, plane->stride * sizeof *row);
        } else {
            memset(row, 0, channels * sizeof *row);
            memset(row + plane->stride - channels, 0, channels * sizeof *row);
        }
    }
}

static void begin_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t hidden = (size_t)node->hidden.channels, width = node->hidden.width;
    float *out = ainn_plane_row(&node->hidden, y);

    (void)scratch;
    dense1(graph, &node->bottleneck->a.forward, out, ainn_plane_row(node->in, y), width, NULL);
    graph->kernels->float_leak(out, node->negative[0] + at_row(&node->hidden, y, hidden), width * hidden);
}

/* Depthwise layer: to scratch[0]. */
static void middle_row(ainn_graph *graph, ainn_node *node, uint32_t y, const float *weights, const float *bias, float *out)
{
    const float *const rows[3] = {ainn_plane_row(&node->hidden, (int64_t)y - 1), ainn_plane_row(&node->hidden, y), ainn_plane_row(&node->hidden, (int64_t)y + 1)};

    graph->kernels->float_depthwise(out, node->hidden.width, node->hidden.channels, weights, bias, rows);
}

static void hidden_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *out)
{
    const size_t hidden = (size_t)node->hidden.channels;

    middle_row(graph, node, y, node->bottleneck->forward, node->bottleneck->bias, out);
    graph->kernels->float_leak(out, node->negative[1] + at_row(&node->hidden, y, hidden), node->hidden.width * hidden);
}

static void residual_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    float *row = ainn_plane_row(node->out, y);

    hidden_row(graph, node, y, scratch[0]);
    dense1(graph, &node->bottleneck->c.forward, row, scratch[0], node->hidden.width, row);
}

static void residual(ainn_graph *graph, ainn_node *node)
{
    clear_around(&node->hidden);
    ainn_graph_rows(graph, node, node->hidden.height, begin_row);
    ainn_graph_rows(graph, node, node->hidden.height, residual_row);
}

/* From derivatives by the outputs of c to those by the outputs of a before the depthwise layer has been undone. */
static void back_to_hidden(ainn_graph *graph, ainn_node *node, uint32_t y, const float *derivatives)
{
    const size_t hidden = (size_t)node->hidden.channels, width = node->hidden.width;
    float *out = ainn_plane_row(&node->hidden, y);

    dense1(graph, &node->bottleneck->c.backward, out, derivatives, width, NULL);
    graph->kernels->float_leak_back(out, node->negative[1] + at_row(&node->hidden, y, hidden), width * hidden);
}

static void residual_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    (void)scratch;
    back_to_hidden(graph, node, y, ainn_plane_row(node->out, y));
}

static void begin_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t hidden = (size_t)node->hidden.channels, width = node->hidden.width;
    float *in = ainn_plane_row(node->in, y);

    middle_row(graph, node, y, node->bottleneck->backward, NULL, scratch[0]);
    graph->kernels->float_leak_back(scratch[0], node->negative[0] + at_row(&node->hidden, y, hidden), width * hidden);
    dense1(graph, &node->bottleneck->a.backward, in, scratch[0], width, in);
}

static void residual_back(ainn_graph *graph, ainn_node *node)
{
    clear_around(&node->hidden);
    ainn_graph_rows(graph, node, node->hidden.height, residual_back_row);
    ainn_graph_rows(graph, node, node->hidden.height, begin_back_row);
}

static ainn_node *add_bottleneck(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *in, ainn_plane *out,
                                 ainn_node_run forward, ainn_node_run backward)
{
    ainn_node *node = ainn_graph_node(graph, forward, backward);
    size_t positions;

    if (!node || !in || !out)
        return NULL;
    node->in = in;
    node->out = out;
    node->bottleneck = bottleneck;
    node->hidden.scale = in->scale;
    node->hidden.channels = bottleneck->hidden;
    node->hidden.space = ainn_graph_space(graph, in->scale, bottleneck->hidden);
    positions = ainn_graph_positions(graph, in->scale);
    for (int i = 0; i < 2; i++)
        node->negative[i] = ainn_refine_alloc(&graph->network, positions, (size_t)bottleneck->hidden);
    return node;
}

void ainn_graph_residual(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *plane)
{
    add_bottleneck(graph, bottleneck, plane, plane, residual, residual_back);
}

/* ---- Couplings ---- */

static uint16_t upper_half(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x8000) >> 16);
}

static float from_upper_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* x = (x - t) * e(s), e = exp(-tanh(s / 2)) */
static void couple_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t channels = (size_t)node->out->channels, at = at_row(node->out, y, channels);
    float *x = ainn_plane_row(node->out, y);
    const float *st = scratch[1];
    uint16_t *factor = node->factor + at, *slope = node->slope + at;

    hidden_row(graph, node, y, scratch[0]);
    dense1(graph, &node->bottleneck->c.forward, scratch[1], scratch[0], node->hidden.width, NULL);
    for (size_t i = 0; i < node->out->width; i++, x += channels, st += 2 * channels, factor += channels, slope += channels)
        for (size_t k = 0; k < channels; k++) {
            const float v = x[k] - st[channels + k];
            float e, de;

            ainn_segment_at(&graph->scale, st[k], &e, &de);
            x[k] = v * e;
            factor[k] = upper_half(e);
            slope[k] = upper_half(v * de);
        }
}

static void couple(ainn_graph *graph, ainn_node *node)
{
    clear_around(&node->hidden);
    ainn_graph_rows(graph, node, node->hidden.height, begin_row);
    ainn_graph_rows(graph, node, node->hidden.height, couple_row);
}

static void couple_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t channels = (size_t)node->out->channels, at = at_row(node->out, y, channels);
    float *x = ainn_plane_row(node->out, y), *st = scratch[1];
    const uint16_t *factor = node->factor + at, *slope = node->slope + at;

    for (size_t i = 0; i < node->out->width; i++, x += channels, st += 2 * channels, factor += channels, slope += channels)
        for (size_t k = 0; k < channels; k++) {
            st[k] = x[k] * from_upper_half(slope[k]);
            x[k] *= from_upper_half(factor[k]);
            st[channels + k] = -x[k];
        }
    back_to_hidden(graph, node, y, scratch[1]);
}

static void couple_back(ainn_graph *graph, ainn_node *node)
{
    clear_around(&node->hidden);
    ainn_graph_rows(graph, node, node->hidden.height, couple_back_row);
    ainn_graph_rows(graph, node, node->hidden.height, begin_back_row);
}

void ainn_graph_couple(ainn_graph *graph, const ainn_refine_bottleneck *bottleneck, ainn_plane *from, ainn_plane *to)
{
    ainn_node *node = add_bottleneck(graph, bottleneck, from, to, couple, couple_back);
    size_t positions;

    if (!node)
        return;
    positions = ainn_graph_positions(graph, from->scale);
    node->factor = ainn_refine_alloc(&graph->network, positions, (size_t)to->channels * sizeof *node->factor);
    node->slope = ainn_refine_alloc(&graph->network, positions, (size_t)to->channels * sizeof *node->slope);
}

/* ---- Pointwise layers ---- */

static void pointwise_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const float *in = ainn_plane_row(node->in, y);

    if (node->in == node->out) {
        memcpy(scratch[0], in, node->in->width * (size_t)node->in->channels * sizeof *in);
        in = scratch[0];
    }
    dense1(graph, &node->layer->forward, ainn_plane_row(node->out, y), in, node->in->width, NULL);
}

static void pointwise(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, pointwise_row);
}

static void pointwise_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const float *derivatives = ainn_plane_row(node->out, y);
    float *in = ainn_plane_row(node->in, y);

    if (node->in == node->out) {
        memcpy(scratch[0], derivatives, node->out->width * (size_t)node->out->channels * sizeof *derivatives);
        derivatives = scratch[0];
    }
    dense1(graph, &node->layer->backward, in, derivatives, node->in->width, node->joins ? in : NULL);
}

static void pointwise_back(ainn_graph *graph, ainn_node *node)
{
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

static void conv3_of(const ainn_graph *graph, const ainn_float_layer *layer, const ainn_plane *in, ainn_plane *out, uint32_t y, int adds)
{
    const size_t channels = (size_t)in->channels;
    float *row = ainn_plane_row(out, y);
    const float *taps[9];

    for (int t = 0; t < 9; t++)
        taps[t] = ainn_plane_row(in, (int64_t)y + t / 3 - 1) + (ptrdiff_t)channels * (t % 3 - 1);
    graph->kernels->float_dense(row, (size_t)out->channels, out->width, layer, taps, channels, adds ? row : NULL);
}

static void conv3_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t channels = (size_t)node->out->channels;

    (void)scratch;
    conv3_of(graph, &node->layer->forward, node->in, node->out, y, node->adds);
    if (node->layer->leaky)
        graph->kernels->float_leak(ainn_plane_row(node->out, y), node->negative[0] + at_row(node->out, y, channels), node->out->width * channels);
}

static void conv3(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, conv3_row);
}

static void conv3_leak_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const size_t channels = (size_t)node->out->channels;

    (void)scratch;
    graph->kernels->float_leak_back(ainn_plane_row(node->out, y), node->negative[0] + at_row(node->out, y, channels), node->out->width * channels);
}

static void conv3_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    (void)scratch;
    conv3_of(graph, &node->layer->backward, node->out, node->in, y, node->joins);
}

static void conv3_back(ainn_graph *graph, ainn_node *node)
{
    if (node->layer->leaky)
        ainn_graph_rows(graph, node, node->out->height, conv3_leak_row);
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
    if (layer->leaky)
        node->negative[0] = ainn_refine_alloc(&graph->network, out->space, 1);
}
