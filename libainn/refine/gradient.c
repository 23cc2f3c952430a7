#include "refine/gradient.h"

#include <string.h>

#include "refine/graph.h"
#include "transform/cfrm.h"
#include "transform/level.h"

typedef struct factor {
    int32_t mantissa, shift;
    float value;
} factor;

struct ainn_gradient {
    ainn_graph graph;
    float *target[3];             /* [16 rows][16 columns] */
    float *squares;               /* [8 rows][columns]: sums over 16 x 2 pixels */
    float *derivatives;           /* [rows][columns][M] */
    factor *inverse_gain;         /* [M] */
    float base[64], slope[64];    /* of the sigmoid, by 64 straight pieces (arithmetic.md): base + slope * (t clamped + 8192) */
    const int16_t *latents;       /* of the run */
    size_t step;
};

/* ---- From latents to the first activations, and back to derivatives by latents ---- */

static void take_gain(ainn_gradient *g, uint32_t quality_code)
{
    const ainn_model *model = g->graph.network.model;

    g->inverse_gain = ainn_refine_alloc(&g->graph.network, (size_t)model->M, sizeof *g->inverse_gain);
    for (size_t k = 0; g->inverse_gain && k < (size_t)model->M; k++) {
        factor *f = &g->inverse_gain[k];

        ainn_exp2(model, ainn_interpolate(model->inverse_gain, (size_t)model->M, k, quality_code), &f->mantissa, &f->shift);
        f->value = (float)f->mantissa * ainn_power_of_two(-f->shift);
    }
}

static void scale_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_gradient *g = node->data;
    const size_t channels = (size_t)node->out->channels;
    const int16_t *latents = g->latents + y * g->step;
    int16_t *out = ainn_plane_row(node->out, y);

    (void)scratch;
    for (size_t i = 0; i < graph->columns; i++, latents += channels, out += channels)
        for (size_t k = 0; k < channels; k++)
            out[k] = latents[k] ? ainn_cfrm_gain(latents[k], g->inverse_gain[k].mantissa, g->inverse_gain[k].shift) : 0;
}

static void scale(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, scale_row);
}

static void unscale_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_gradient *g = node->data;
    const size_t channels = (size_t)node->out->channels;
    const float *in = ainn_plane_back(node->out, y), step = (float)(1 << graph->network.model->y_frac);
    float *out = g->derivatives + y * graph->columns * channels;

    (void)scratch;
    for (size_t i = 0; i < graph->columns; i++, in += channels, out += channels)
        for (size_t k = 0; k < channels; k++)
            out[k] = in[k] * g->inverse_gain[k].value * step;
}

static void unscale(ainn_graph *graph, ainn_node *node)
{
    ainn_graph_rows(graph, node, node->out->height, unscale_row);
}

/* ---- FDSM-S's mix, the colours, and their errors: here the way turns ---- */

static const float colours[3][3] = {{4730, 4730, 4730}, {5793, 0, -5793}, {3344, -6689, 3344}};      /* [component][colour] */

/* From the model's table, base and slope in units of 2^-14. */
static void take_sigmoid(ainn_gradient *g)
{
    const int16_t (*table)[64] = g->graph.network.model->sigmoid;

    for (int i = 0; i < 64; i++) {
        g->slope[i] = (float)table[1][i] / 512 / 16384;
        g->base[i] = (float)table[0][i] / 16384 - g->slope[i] * (float)(256 * i);
    }
}

/* Derivatives by three components of one pixel; returns its squared error. */
static float turn_pixel(const float v[3], const float *const target[3], size_t x, float unit, float derivative[3])
{
    float squares = 0;

    for (int k = 0; k < 3; k++)
        derivative[k] = 0;
    for (int j = 0; j < 3; j++) {
        const float u = (colours[0][j] * v[0] + colours[1][j] * v[1] + colours[2][j] * v[2]) * unit + 32768;
        const float shown = u < 0 ? 0 : u > 65536 ? 65536 : u;
        const float error = target[j][x] == AINN_IGNORED ? 0 : shown - target[j][x], slope = shown == u ? 2 * error : 0;

        squares += error * error;
        for (int k = 0; k < 3; k++)
            derivative[k] += colours[k][j] * slope * unit;
    }
    return squares;
}

/* One pixel of four: derivatives by its components in both streams and by the mask's logit, and its squared error. */
static float turn_one(const ainn_gradient *g, const int16_t *low, int32_t logit, const float *const target[3], size_t x, float *by_low, float *by_logit)
{
    const float unit = 1.0f / (float)(1 << g->graph.network.model->pixel_frac);
    const int32_t u = (logit < -AINN_BOUND ? -AINN_BOUND : logit > AINN_BOUND ? AINN_BOUND : logit) + 8192;
    const float m = g->base[u >> 8] + g->slope[u >> 8] * (float)u;
    const int16_t *high = low + AINN_FDSM_CHANNELS;
    float v[3], derivative[3], squares, sum = 0;

    for (int k = 0; k < 3; k++)
        v[k] = (float)high[k] + m * (float)(low[k] - high[k]);
    squares = turn_pixel(v, target, x, unit, derivative);
    for (int k = 0; k < 3; k++) {
        sum += derivative[k] * (float)(low[k] - high[k]);
        by_low[k] = m * derivative[k];
        by_low[AINN_FDSM_CHANNELS + k] = derivative[k] - by_low[k];
    }
    *by_logit = sum * g->slope[u >> 8];
    return squares;
}

static void turn_row(ainn_graph *graph, ainn_node *node, uint32_t y, const ainn_graph_scratch *scratch)
{
    const ainn_gradient *g = node->data;
    const size_t stride = (size_t)graph->columns * AINN_LATENT_PIXELS;
    const ainn_plane *both = node->in, *mask = node->out;
    const int16_t *low = ainn_plane_row(both, y), *logits = ainn_plane_row(mask, y);
    float *by_both = ainn_plane_back(both, y), *by_logits = ainn_plane_back(mask, y), *squares = g->squares + (size_t)y * graph->columns;

    (void)scratch;
    memset(squares, 0, graph->columns * sizeof *squares);
    for (uint32_t x = 0; x < both->width; x++, low += both->channels, by_both += both->channels, logits += mask->channels, by_logits += mask->channels)
        for (size_t i = 0; i < 4; i++) {
            const float *target[3];

            for (size_t j = 0; j < 3; j++)
                target[j] = g->target[j] + (2 * (size_t)y + i / 2) * stride;
            squares[x / AINN_HALF_RESOLUTION] += turn_one(g, low + 3 * i, logits[i], target, 2 * (size_t)x + i % 2, by_both + 3 * i, by_logits + i);
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
    ainn_plane *latents = ainn_graph_plane(graph, 1, model->M, 1), *both = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_BOTH_PADDED, 1);
    ainn_plane *streams[2], *a, *b, *mask;
    ainn_node *node;

    node = ainn_graph_node(graph, scale, unscale);
    if (!node)
        return;
    node->out = latents;
    node->data = g;
    for (int i = 0; i < 2; i++)
        ainn_graph_residual(graph, &network->cfrm[i], latents);
    for (int t = 0; t < 2; t++) {
        streams[t] = ainn_graph_plane(graph, 1, model->level[model->levels - 1].keep, 1);
        ainn_graph_pointwise(graph, t ? &network->high : &network->low, latents, streams[t], t == 0);
    }
    ainn_graph_levels(graph, streams, both);
    a = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, network->fine_a.forward.out, 1);
    ainn_graph_conv3(graph, &network->fine_a, both, a, 0, 1);
    ainn_graph_conv3(graph, &network->fine_c, a, both, 1, 0);
    a = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED, 1);
    b = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED, 1);
    mask = ainn_graph_plane(graph, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED, 1);
    if (both && mask)
        both->turns = mask->turns = 1;
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
    g->squares = ainn_refine_alloc(&g->graph.network, latents * AINN_HALF_RESOLUTION, sizeof(float));
    g->derivatives = ainn_refine_alloc(&g->graph.network, latents * (size_t)model->M, sizeof(float));
    take_gain(g, quality_code);
    take_sigmoid(g);
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

/* Marks of a bottleneck, in elements for each of its positions; those of short rows take more. */
static uint64_t marks(const ainn_bottleneck *bottleneck)
{
    return 2 * ((uint64_t)bottleneck->b.channels / 16 + 16);
}

uint64_t ainn_gradient_memory(const ainn_model *model, uint32_t columns, uint32_t rows)
{
    const uint64_t half = AINN_HALF_RESOLUTION * AINN_HALF_RESOLUTION, pixels = AINN_LATENT_PIXELS * AINN_LATENT_PIXELS, M = (uint64_t)model->M;
    uint64_t integers = half * (uint64_t)(AINN_BOTH_PADDED + AINN_FDSM_PADDED), hidden = 0;
    uint64_t floats = half * (uint64_t)(AINN_BOTH_PADDED + model->fine_a.dense.out + 3 * AINN_FDSM_PADDED) + 3 * pixels + AINN_HALF_RESOLUTION + 2 * M;

    for (int i = 0; i < 2; i++)
        integers += marks(&model->cfrm[i]);
    for (int i = 0; i < model->levels; i++) {
        const ainn_model_level *l = &model->level[i];
        const uint64_t scale = ainn_level_scale(model, i), squared = scale * scale, width = (uint64_t)(l->pdm_width > l->hidden ? l->pdm_width : l->hidden);

        floats += squared * 2 * (uint64_t)(l->channels + l->keep);
        for (int t = 0; t < 2; t++)
            integers += squared * ((l->keep < l->channels ? marks(&l->rec[t]) : 0) + (l->pdm_width ? marks(&l->pdm[t]) : 0));
        for (int c = 0; c < l->couplings; c++)
            integers += squared * (marks(&l->coupling[c].f) + marks(&l->coupling[c].g) + 4 * (uint64_t)l->channels);
        hidden = squared * width > hidden ? squared * width : hidden;
    }
    return ((uint64_t)columns + 2 * AINN_PLANE_BORDER) * ((uint64_t)rows + 2) * ((integers + hidden) * sizeof(int16_t) + floats * sizeof(float)) +
           2 * model->bytes;
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

void ainn_gradient_forward(ainn_gradient *g, const int16_t *latents, size_t step)
{
    g->latents = latents;
    g->step = step;
    ainn_graph_forward(&g->graph);
}

double ainn_gradient_squares(const ainn_gradient *g, uint32_t left, uint32_t top, uint32_t right, uint32_t bottom)
{
    double sum = 0;

    for (uint32_t y = top * AINN_HALF_RESOLUTION; y < bottom * AINN_HALF_RESOLUTION; y++)
        for (uint32_t x = left; x < right; x++)
            sum += (double)g->squares[(size_t)y * g->graph.columns + x];
    return sum;
}

const float *ainn_gradient_backward(ainn_gradient *g)
{
    ainn_graph_backward(&g->graph);
    return g->derivatives;
}
