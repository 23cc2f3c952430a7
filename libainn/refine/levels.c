#include "refine/graph.h"

#include <string.h>

#include "transform/level.h"

/* ---- Lap: blocks of four quarters, each from another neighbour ---- */

/* Where a quarter of the block (x, y) lies, in elements of a row, and in which row: it is half-block (2x + 1 + i % 2, 2y + 1 + i / 2) of the plane, which
 * the squeezes have put into one position's channels. */
static size_t quarter(const ainn_plane *plane, uint32_t x, uint32_t i)
{
    const uint32_t half_x = 2 * x + 1 + i % 2, odd_y = 1 - i / 2;
    const size_t channels = (size_t)plane->channels;

    return half_x / 2 * channels + (2 * odd_y + (half_x & 1)) * channels / 4;
}

static void lap_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_plane *plane = node->out;
    const size_t channels = (size_t)plane->channels, size = channels / 4;
    const ainn_segment blocks = {scratch->integers[0], channels, plane->channels, 0};
    int16_t *in = scratch->integers[0], *out = scratch->integers[1];

    for (uint32_t x = 0; x + 1 < plane->width; x++)
        for (uint32_t i = 0; i < 4; i++, in += size)
            memcpy(in, ainn_plane_row(plane, y + i / 2) + quarter(plane, x, i), size * sizeof *in);
    graph->kernels->dense(out, channels, plane->width - 1, &node->layer->forward, &blocks, 1, NULL, 0);
    for (uint32_t x = 0; x + 1 < plane->width; x++)
        for (uint32_t i = 0; i < 4; i++, out += size)
            memcpy(ainn_plane_row(plane, y + i / 2) + quarter(plane, x, i), out, size * sizeof *out);
}

static void lap(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height - 1, lap_row);
}

static void lap_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_plane *plane = node->out;
    const size_t channels = (size_t)plane->channels, size = channels / 4, blocks = plane->width - 1;
    const ainn_segment segment = {scratch->integers[0], channels, plane->channels, 0};
    float *values = scratch->floats;

    for (uint32_t x = 0; x < blocks; x++)
        for (uint32_t i = 0; i < 4; i++, values += size)
            memcpy(values, ainn_plane_back(plane, y + i / 2) + quarter(plane, x, i), size * sizeof *values);
    graph->kernels->float_quantise(scratch->integers[0], scratch->floats, graph->factors, blocks, plane->channels);
    graph->kernels->dense(scratch->integers[1], channels, blocks, &node->layer->backward, &segment, 1, NULL, 0);
    graph->kernels->float_restore(scratch->floats, scratch->integers[1], graph->units, blocks, plane->channels, 0);
    values = scratch->floats;
    for (uint32_t x = 0; x < blocks; x++)
        for (uint32_t i = 0; i < 4; i++, values += size)
            memcpy(ainn_plane_back(plane, y + i / 2) + quarter(plane, x, i), values, size * sizeof *values);
}

static void lap_back(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_prepare(graph, node, node->out, node->layer, AINN_MOST_DERIVATIVE);
    ainn_graph_rows(graph, node, node->out->height - 1, lap_back_row);
}

void ainn_graph_lap(ainn_graph *graph, const ainn_refine_layer *layer, ainn_plane *plane)
{
    ainn_node *node = ainn_graph_node(graph, lap, lap_back);

    if (!node)
        return;
    node->out = plane;
    node->layer = layer;
}

/* ---- Unsqueeze ---- */

/* Position `index` of those that a position becomes: digits of base 4, the first one the coarsest. */
static void place_of(uint32_t index, int squeezes, uint32_t *x, uint32_t *y)
{
    *x = *y = 0;
    for (int i = 0; i < squeezes; i++, index /= 4) {
        *y += (index % 4 / 2) << i;
        *x += (index % 2) << i;
    }
}

static void unsqueeze_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const uint32_t count = 1u << 2 * node->squeezes;
    const size_t channels = (size_t)node->in->channels / count, step = (size_t)node->out->channels << node->squeezes;

    (void)graph;
    (void)scratch;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dx, dy;

        place_of(i, node->squeezes, &dx, &dy);
        const int16_t *in = ainn_plane_row(node->in, y) + i * channels;
        int16_t *out = ainn_plane_row(node->out, ((int64_t)y << node->squeezes) + dy) + (size_t)dx * (size_t)node->out->channels + node->offset;

        for (uint32_t x = 0; x < node->in->width; x++, in += node->in->channels, out += step)
            memcpy(out, in, channels * sizeof *out);
    }
}

static void unsqueeze(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, unsqueeze_row);
}

static void unsqueeze_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const uint32_t count = 1u << 2 * node->squeezes;
    const size_t channels = (size_t)node->in->channels / count, step = (size_t)node->out->channels << node->squeezes;

    (void)graph;
    (void)scratch;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dx, dy;

        place_of(i, node->squeezes, &dx, &dy);
        float *in = ainn_plane_back(node->in, y) + i * channels;
        const float *out = ainn_plane_back(node->out, (y << node->squeezes) + dy) + (size_t)dx * (size_t)node->out->channels + node->offset;

        for (uint32_t x = 0; x < node->in->width; x++, in += node->in->channels, out += step)
            memcpy(in, out, channels * sizeof *out);
    }
}

static void unsqueeze_back(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, unsqueeze_back_row);
}

void ainn_graph_unsqueeze(ainn_graph *graph, ainn_plane *in, int squeezes, ainn_plane *out, int offset)
{
    ainn_node *node = ainn_graph_node(graph, unsqueeze, unsqueeze_back);

    if (!node)
        return;
    node->in = in;
    node->out = out;
    node->squeezes = squeezes;
    node->offset = offset;
}

/* ---- Levels ---- */

void ainn_graph_levels(ainn_graph *graph, ainn_plane *const given[2], ainn_plane *both)
{
    const ainn_model *model = graph->network.model;
    ainn_plane *streams[2] = {given[0], given[1]};

    for (int i = model->levels - 1; i >= 0; i--) {
        const ainn_refine_level *level = &graph->network.level[i];
        const ainn_model_level *shape = level->shape;
        const uint32_t scale = ainn_level_scale(model, i);

        for (int t = 0; t < 2 && shape->keep < shape->channels; t++) {
            ainn_plane *stream = ainn_graph_plane(graph, scale, shape->channels, 1);

            ainn_graph_residual(graph, &level->rec[t], streams[t]);
            ainn_graph_pointwise(graph, &level->up[t], streams[t], stream, 0);
            streams[t] = stream;
        }
        for (int c = shape->couplings - 1; c >= 0; c--) {
            ainn_graph_couple(graph, &level->coupling[c][1], streams[0], streams[1]);
            ainn_graph_couple(graph, &level->coupling[c][0], streams[1], streams[0]);
        }
        for (int t = 0; t < 2; t++) {
            ainn_plane *below = i ? ainn_graph_plane(graph, ainn_level_scale(model, i - 1), shape->in, 1) : both;

            if (shape->pdm_width)
                ainn_graph_residual(graph, &level->pdm[t], streams[t]);
            ainn_graph_pointwise(graph, &level->winv, streams[t], streams[t], 0);
            if (shape->lapped)
                ainn_graph_lap(graph, &level->lap_winv, streams[t]);
            ainn_graph_unsqueeze(graph, streams[t], shape->squeezes, below, i ? 0 : t * AINN_FDSM_CHANNELS);
            streams[t] = below;
        }
    }
}
