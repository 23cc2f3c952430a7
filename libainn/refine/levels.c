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

/* All blocks between two rows, side by side, or back; of values or of derivatives, by the size of an element. */
static void move_quarters(const ainn_plane *plane, void *const rows[2], void *blocks, size_t element, int back)
{
    const size_t size = (size_t)plane->channels / 4 * element;
    char *block = blocks;

    for (uint32_t x = 0; x + 1 < plane->width; x++)
        for (uint32_t i = 0; i < 4; i++, block += size) {
            char *in_row = (char *)rows[i / 2] + quarter(plane, x, i) * element;

            memcpy(back ? in_row : block, back ? block : in_row, size);
        }
}

static void lap_dense(const ainn_graph *graph, const ainn_dense *layer, const ainn_plane *plane, const ainn_graph_scratch *scratch)
{
    const size_t channels = (size_t)plane->channels;
    const ainn_segment blocks = {scratch->integers[0], channels, plane->channels, 0};

    graph->kernels->dense(scratch->integers[1], channels, plane->width - 1, layer, &blocks, 1, NULL, 0);
}

static void lap_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    void *const rows[2] = {ainn_plane_row(node->out, y), ainn_plane_row(node->out, y + 1)};

    move_quarters(node->out, rows, scratch->integers[0], sizeof(int16_t), 0);
    lap_dense(graph, &node->layer->forward, node->out, scratch);
    move_quarters(node->out, rows, scratch->integers[1], sizeof(int16_t), 1);
}

static void lap(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height - 1, lap_row);
}

static void lap_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_plane *plane = node->out;
    void *const rows[2] = {ainn_plane_back(plane, y), ainn_plane_back(plane, y + 1)};

    move_quarters(plane, rows, scratch->floats, sizeof(float), 0);
    graph->kernels->float_quantise(scratch->integers[0], scratch->floats, graph->factors, plane->width - 1, plane->channels);
    lap_dense(graph, &node->layer->backward, plane, scratch);
    graph->kernels->float_restore(scratch->floats, scratch->integers[1], graph->units, plane->width - 1, plane->channels, 0);
    move_quarters(plane, rows, scratch->floats, sizeof(float), 1);
}

static void lap_back(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_prepare(graph, node, node->layer, node->layer, AINN_MOST_DERIVATIVE);
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

/* What a row of positions becomes, from `parts` on in rows `step` bytes apart, or, back, came to. */
static void move_parts(const ainn_node *node, void *row, void *parts, size_t step, size_t element, int back)
{
    const uint32_t count = 1u << 2 * node->squeezes;
    const size_t size = (size_t)node->in->channels / count * element;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t dx, dy;

        place_of(i, node->squeezes, &dx, &dy);
        char *whole = (char *)row + i * size;
        char *part = (char *)parts + dy * step + ((size_t)dx * (size_t)node->out->channels + (size_t)node->offset) * element;

        for (uint32_t x = 0; x < node->in->width; x++, whole += count * size, part += ((size_t)node->out->channels << node->squeezes) * element)
            memcpy(back ? whole : part, back ? part : whole, size);
    }
}

static void unsqueeze_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    (void)graph;
    (void)scratch;
    move_parts(node, ainn_plane_row(node->in, y), ainn_plane_row(node->out, (int64_t)y << node->squeezes), node->out->stride * sizeof(int16_t), sizeof(int16_t), 0);
}

static void unsqueeze(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, unsqueeze_row);
}

static void unsqueeze_back_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const size_t step = node->out->width * (size_t)node->out->channels * sizeof(float);

    (void)graph;
    (void)scratch;
    move_parts(node, ainn_plane_back(node->in, y), ainn_plane_back(node->out, y << node->squeezes), step, sizeof(float), 1);
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
