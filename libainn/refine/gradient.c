#include "refine/gradient.h"

#include <string.h>

#include "refine/graph.h"
#include "transform/level.h"

struct ainn_gradient {
    ainn_graph graph;
    float *target[3];             /* [16 rows][16 columns] */
    float *derivatives;           /* [rows][columns][M] */
    const int16_t *latents;       /* of the run */
    size_t step;
};

/* ---- From latents to the first activations, and back to derivatives by latents ---- */

static void scale_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const ainn_gradient *g = node->data;
    const size_t channels = (size_t)node->out->channels;
    const int16_t *latents = g->latents + y * g->step;
    float *out = ainn_plane_row(node->out, y);

    (void)scratch;
    for (size_t i = 0; i < graph->columns; i++)
        for (size_t k = 0; k < channels; k++)
            out[i * channels + k] = (float)latents[i * channels + k] * graph->network.inverse_gain[k];
}

static void scale(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, scale_row);
}

static void unscale_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const ainn_gradient *g = node->data;
    const size_t channels = (size_t)node->out->channels;
    const float *in = ainn_plane_row(node->out, y), step = (float)(1 << graph->network.model->y_frac);
    float *out = g->derivatives + y * graph->columns * channels;

    (void)scratch;
    for (size_t i = 0; i < graph->columns; i++)
        for (size_t k = 0; k < channels; k++)
            out[i * channels + k] = in[i * channels + k] * graph->network.inverse_gain[k] * step;
}

static void unscale(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, unscale_row);
}

/* ---- FDSM-S's mix, the colours, and their errors: here the way turns ---- */

static const float colours[3][3] = {{4730, 4730, 4730}, {5793, 0, -5793}, {3344, -6689, 3344}};      /* [component][colour] */

/* Derivatives by three components of one pixel. */
static void turn_pixel(const float v[3], const float *const target[3], size_t x, float unit, float derivative[3])
{
    for (int k = 0; k < 3; k++)
        derivative[k] = 0;
    for (int j = 0; j < 3; j++) {
        const float u = (colours[0][j] * v[0] + colours[1][j] * v[1] + colours[2][j] * v[2]) * unit + 32768;
        const float error = target[j][x] == AINN_IGNORED || u < 0 || u > 65536 ? 0 : 2 * (u - target[j][x]);

        for (int k = 0; k < 3; k++)
            derivative[k] += colours[k][j] * error * unit;
    }
}

/* Values of both streams and logits of the mask become derivatives by them. */
static void turn_row(ainn_graph *graph, ainn_node *node, uint32_t y, float *const scratch[2])
{
    const ainn_gradient *g = node->data;
    const size_t stride = (size_t)graph->columns * AINN_LATENT_PIXELS;
    const float unit = 1.0f / (float)(1 << graph->network.model->pixel_frac);
    float *both = ainn_plane_row(node->in, y), *logits = ainn_plane_row(node->out, y);

    (void)scratch;
    for (uint32_t x = 0; x < node->in->width; x++, both += node->in->channels, logits += node->out->channels)
        for (size_t i = 0; i < 4; i++) {
            const float *target[3];
            float *low = both + 3 * i, *high = low + AINN_FDSM_CHANNELS, v[3], derivative[3], m, slope, sum = 0;

            for (size_t j = 0; j < 3; j++)
                target[j] = g->target[j] + (2 * (size_t)y + i / 2) * stride;
            ainn_segment_at(&graph->sigmoid, logits[i], &m, &slope);
            for (int k = 0; k < 3; k++)
                v[k] = high[k] + m * (low[k] - high[k]);
            turn_pixel(v, target, 2 * (size_t)x + i % 2, unit, derivative);
            for (int k = 0; k < 3; k++) {
                sum += derivative[k] * (low[k] - high[k]);
                low[k] = m * derivative[k];
                high[k] = derivative[k] - low[k];
            }
            logits[i] = sum * slope;
        }
}

static void turn(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->in->height, turn_row);
}

/* ---- The whole ---- */

static void build(ainn_gradient *g)
{
    ainn_graph *graph = &g->graph;
    ainn_refine_network *network = &graph->network;
    const ainn_model *model = network->model;
    ainn_plane *latents = ainn_graph_plane(graph, 1, model->M), *both = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_BOTH_PADDED), *streams[2], *a, *b, *mask;
    ainn_node *node;

    node = ainn_graph_node(graph, scale, unscale);
    if (!node)
        return;
    node->out = latents;
    node->data = g;
    for (int i = 0; i < 2; i++)
        ainn_graph_residual(graph, &network->cfrm[i], latents);
    for (int t = 0; t < 2; t++) {
        streams[t] = ainn_graph_plane(graph, 1, model->level[model->levels - 1].keep);
        ainn_graph_pointwise(graph, t ? &network->high : &network->low, latents, streams[t], t == 0);
    }
    ainn_graph_levels(graph, streams, both);
    a = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, network->fine_a.forward.out);
    ainn_graph_conv3(graph, &network->fine_a, both, a, 0, 1);
    ainn_graph_conv3(graph, &network->fine_c, a, both, 1, 0);
    a = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);
    b = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);
    mask = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);
    ainn_graph_conv3(graph, &network->synthesise_a, both, a, 0, 1);
    ainn_graph_conv3(graph, &network->synthesise_b, a, b, 0, 0);
    ainn_graph_conv3(graph, &network->synthesise_c, b, mask, 0, 0);
    node = ainn_graph_node(graph, turn, NULL);
    if (!node)
        return;
    node->in = both;
    node->out = mask;
    node->data = g;
}

ainn_status ainn_gradient_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool, uint32_t quality_code,
                                 uint32_t columns, uint32_t rows, ainn_gradient **result)
{
    const size_t latents = (size_t)columns * rows;
    ainn_gradient *g = ainn_alloc(memory, sizeof *g);
    ainn_status status;

    *result = NULL;
    if (!g)
        return ainn_memory_status(memory);
    status = ainn_graph_init(&g->graph, memory, model, kernels, pool, quality_code, columns, rows);
    for (int c = 0; c < 3; c++)
        g->target[c] = ainn_refine_alloc(&g->graph.network, latents * AINN_LATENT_PIXELS * AINN_LATENT_PIXELS, sizeof(float));
    g->derivatives = ainn_refine_alloc(&g->graph.network, latents * (size_t)model->M, sizeof(float));
    if (!status) {
        build(g);
        status = ainn_graph_finish(&g->graph);
    }
    if (status) {
        ainn_gradient_destroy(g);
        return status;
    }
    *result = g;
    return AINN_OK;
}

/* What a bottleneck notes and needs while it runs, in bytes for each of its positions. */
static uint64_t noted(const ainn_bottleneck *bottleneck)
{
    return 2 * (uint64_t)bottleneck->b.channels;
}

uint64_t ainn_gradient_memory(const ainn_model *model, uint32_t columns, uint32_t rows)
{
    const uint64_t half = AINN_HALF_RESOLUTION * AINN_HALF_RESOLUTION, pixels = AINN_LATENT_PIXELS * AINN_LATENT_PIXELS;
    const uint64_t wide = (uint64_t)(AINN_BOTH_PADDED + model->fine_a.dense.out + 3 * AINN_FDSM_PADDED);
    uint64_t latent = half * wide * (sizeof(float) + 1) + 3 * pixels * sizeof(float) + (uint64_t)model->M * 3 * sizeof(float), hidden = 0;

    for (int i = 0; i < 2; i++)
        latent += noted(&model->cfrm[i]);
    for (int i = 0; i < model->levels; i++) {
        const ainn_model_level *l = &model->level[i];
        const uint64_t scale = ainn_level_scale(model, i), width = (uint64_t)(l->pdm_width > l->hidden ? l->pdm_width : l->hidden);
        uint64_t position = 2 * sizeof(float) * (uint64_t)(l->channels + l->keep);

        for (int t = 0; t < 2; t++)
            position += (l->keep < l->channels ? noted(&l->rec[t]) : 0) + (l->pdm_width ? noted(&l->pdm[t]) : 0);
        for (int c = 0; c < l->couplings; c++)
            position += noted(&l->coupling[c].f) + noted(&l->coupling[c].g) + 2 * 2 * sizeof(uint16_t) * (uint64_t)l->channels;
        latent += scale * scale * position;
        hidden = scale * scale * width > hidden ? scale * scale * width : hidden;
    }
    latent += hidden * sizeof(float);
    return ((uint64_t)columns + 2) * ((uint64_t)rows + 2) * latent + 5 * model->bytes;
}

void ainn_gradient_destroy(ainn_gradient *g)
{
    ainn_memory *memory;

    if (!g)
        return;
    memory = g->graph.network.memory;
    ainn_graph_destroy(&g->graph);
    ainn_free_memory(memory, g);
}

void ainn_gradient_window(ainn_gradient *g, uint32_t columns, uint32_t rows)
{
    ainn_graph_size(&g->graph, columns, rows);
}

float *ainn_gradient_target(ainn_gradient *g, int colour, uint32_t y)
{
    return g->target[colour] + (size_t)y * g->graph.columns * AINN_LATENT_PIXELS;
}

const float *ainn_gradient_run(ainn_gradient *g, const int16_t *latents, size_t step)
{
    g->latents = latents;
    g->step = step;
    ainn_graph_run(&g->graph);
    return g->derivatives;
}
