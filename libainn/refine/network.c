#include "refine/network.h"

#include <string.h>

#define MOST_SUM 60000            /* of a row's weights, so that sums of 16-bit inputs fit in 32 bits */
#define MOST_SHIFT 30

void *ainn_refine_alloc(ainn_refine_network *network, size_t count, size_t size)
{
    void *memory = NULL;

    if (!network->status && network->owned_count < network->owned_space)
        memory = ainn_alloc_array(network->memory, count, size);
    if (memory)
        network->owned[network->owned_count++] = memory;
    else if (!network->status)
        network->status = ainn_memory_status(network->memory);
    return memory;
}

float ainn_power_of_two(int exponent)
{
    float power = 1;

    for (; exponent > 0; exponent--)
        power *= 2;
    for (; exponent < 0; exponent++)
        power /= 2;
    return power;
}

/* The least exponent whose power of two is no less than the root of the square; 0 for 0. */
static int root_exponent(float square)
{
    int exponent = 0;

    for (; square > 1; square /= 4)
        exponent++;
    for (; square > 0 && square <= 0.25f && exponent > -60; square *= 4)
        exponent--;
    return exponent;
}

/* ---- Backwards: a layer transposed ---- */

typedef struct transposition {
    const ainn_layer *layer;
    float *worth;                 /* by output: of one step of the derivative's integer, times one of a weight's */
    float *unit, *sum, *square, *most;        /* by input: of the derivative, and norms of its column of weights */
} transposition;

/* Weights of 16 outputs by one tap and a pair of inputs: [16][2]. */
static const int16_t *pair_of(const ainn_layer *layer, int o, int tap, int i)
{
    return layer->dense.weights + (size_t)(o / AINN_LANE) * layer->dense.block + (size_t)(tap * layer->in + i) / 2 * 2 * AINN_LANE;
}

static void measure_columns(const transposition *t)
{
    const ainn_layer *layer = t->layer;

    for (int first = 0; first < layer->dense.out; first += AINN_LANE)
        for (int tap = 0; tap < layer->taps; tap++)
            for (int i = 0; i < layer->in; i++) {
                const int16_t *pair = pair_of(layer, first, tap, i & ~1) + (i & 1);
                float sum = 0, square = 0, most = t->most[i];

                for (int lane = 0; lane < AINN_LANE; lane++) {
                    const float w = (float)pair[2 * lane] * t->worth[first + lane], magnitude = w < 0 ? -w : w;

                    sum += magnitude;
                    square += w * w;
                    most = magnitude > most ? magnitude : most;
                }
                t->sum[i] += sum;
                t->square[i] += square;
                t->most[i] = most;
            }
}

/* As much precision as fits. */
static uint8_t shift_of(float sum, float most)
{
    uint8_t shift = MOST_SHIFT;

    while (shift > 1 && (sum * (float)(1u << shift) > MOST_SUM || most * (float)(1u << shift) > INT16_MAX))
        shift--;
    return shift;
}

/* A column's unit makes its norm at most 1, so that nothing is out of range. */
static int16_t nearest(float value)
{
    return (int16_t)((int32_t)(value + 32768.5f) - 32768);
}

/* Weights of 16 inputs from i on by one tap and 16 outputs from `first` on. */
static void write_tile(const transposition *t, const float scale[AINN_LANE], int i, int tap, int first, int16_t *to)
{
    for (int pair = 0; pair < AINN_LANE; pair += 2) {
        const int16_t *w = pair_of(t->layer, first, tap, i) + (size_t)pair * 2;
        const float worth[2] = {t->worth[first + pair], t->worth[first + pair + 1]};

        for (int k = 0; k < AINN_LANE; k += 2, w += 2 * AINN_LANE, to += 4) {
            to[0] = nearest((float)w[0] * worth[0] * scale[k]);
            to[1] = nearest((float)w[2] * worth[1] * scale[k]);
            to[2] = nearest((float)w[1] * worth[0] * scale[k + 1]);
            to[3] = nearest((float)w[3] * worth[1] * scale[k + 1]);
        }
    }
}

static void write_columns(const transposition *t, const ainn_dense *result, int16_t *weights)
{
    const ainn_layer *layer = t->layer;

    for (int i = 0; i < layer->in; i += AINN_LANE) {
        int16_t *block = weights + (size_t)(i / AINN_LANE) * result->block;
        float scale[AINN_LANE];

        for (int k = 0; k < AINN_LANE; k++)
            scale[k] = (float)(1u << result->shift[i + k]) / t->unit[i + k];
        for (int tap = 0; tap < layer->taps; tap++)
            for (int first = 0; first < layer->dense.out; first += AINN_LANE)
                write_tile(t, scale, i, tap, first, block + (size_t)((layer->taps - 1 - tap) * layer->dense.out + first) * AINN_LANE);
    }
}

static void pack(ainn_refine_network *network, ainn_dense *layer)
{
    uint8_t *packed;

    if (!network->kernels->pack)
        return;
    layer->packed_block = network->kernels->packed_block(layer);
    if (!layer->packed_block)
        return;
    packed = ainn_refine_alloc(network, layer->packed_block, (size_t)layer->out / AINN_LANE);
    if (packed)
        network->kernels->pack(packed, layer);
    layer->packed = packed;
}

/* The layer backwards. given: the units of derivatives by its outputs, or NULL: factors are chosen that leave all of them alike, as the largest weights of
 * each output are. Units of derivatives by its inputs are chosen by which these are about as large as those that they are made of. */
static void transpose(ainn_refine_network *network, const ainn_layer *layer, const float *given, ainn_refine_layer *result)
{
    const size_t in = (size_t)layer->in, out = (size_t)layer->dense.out;
    int16_t *weights = ainn_refine_alloc(network, in * (size_t)layer->taps * out, sizeof *weights);
    int32_t *bias = ainn_refine_alloc(network, in, sizeof *bias);
    uint8_t *shift = ainn_refine_alloc(network, in, sizeof *shift);
    float *by_input = ainn_refine_alloc(network, 4 * in, sizeof *by_input), *by_output = ainn_refine_alloc(network, 2 * out, sizeof *by_output);

    if (network->status)
        return;
    const transposition t = {layer, by_output + out, by_input, by_input + in, by_input + 2 * in, by_input + 3 * in};
    result->backward = (ainn_dense){.weights = weights, .bias = bias, .shift = shift, .block = AINN_LANE * (size_t)layer->taps * out, .out = layer->in,
                                    .taps = layer->taps, .bound = AINN_WIDE_BOUND};
    result->factors = by_output;
    result->units = t.unit;
    for (size_t o = 0; o < out; o++) {
        by_output[o] = ainn_power_of_two(-layer->dense.shift[o]);
        t.worth[o] = given ? given[o] * by_output[o] : 1;
    }
    measure_columns(&t);
    for (size_t i = 0; i < in; i++) {
        t.unit[i] = ainn_power_of_two(root_exponent(t.square[i]));
        shift[i] = shift_of(t.sum[i] / t.unit[i], t.most[i] / t.unit[i]);
    }
    write_columns(&t, &result->backward, weights);
    pack(network, &result->backward);
}

/* ---- Layers ---- */

static void take_forward(ainn_refine_network *network, const ainn_layer *layer, ainn_dense *result)
{
    int32_t *bias = ainn_refine_alloc(network, (size_t)layer->dense.out, sizeof *bias);

    if (!bias)
        return;
    *result = ainn_layer_for(network->model, layer, network->kernels, UINT32_MAX);
    ainn_layer_bias_at(layer, network->quality_code, bias);
    result->bias = bias;
}

static void take_layer(ainn_refine_network *network, const ainn_layer *layer, ainn_refine_layer *result)
{
    take_forward(network, layer, &result->forward);
    transpose(network, layer, NULL, result);
}

/* Backwards through the depthwise layer: shifts that keep each channel about as large, and what units become. */
static void turn_depthwise(ainn_refine_network *network, const ainn_depthwise *layer, const float *given, float *units, ainn_depthwise *result)
{
    const size_t channels = (size_t)layer->channels;
    int16_t *weights = ainn_refine_alloc(network, 9 * channels, sizeof *weights);
    int32_t *bias = ainn_refine_alloc(network, channels, sizeof *bias);
    uint8_t *shift = ainn_refine_alloc(network, channels, sizeof *shift);

    if (network->status)
        return;
    *result = (ainn_depthwise){weights, bias, shift, layer->channels, AINN_BOUND, 0};
    for (size_t k = 0; k < channels; k++) {
        float square = 0;
        int own;

        for (size_t tap = 0; tap < 9; tap++) {
            const int16_t w = layer->weights[tap * channels + k];

            weights[(8 - tap) * channels + k] = w;
            square += (float)w * w;
        }
        own = root_exponent(square);
        shift[k] = (uint8_t)(own < 1 ? 1 : own);
        units[k] = given[k] * ainn_power_of_two(shift[k] - layer->shift[k]);
    }
}

static void take_bottleneck(ainn_refine_network *network, const ainn_bottleneck *bottleneck, ainn_refine_bottleneck *result)
{
    float *units = ainn_refine_alloc(network, (size_t)bottleneck->b.channels, sizeof *units);

    take_forward(network, &bottleneck->a, &result->a.forward);
    take_layer(network, &bottleneck->c, &result->c);
    result->forward = bottleneck->b;
    if (network->status)
        return;
    result->c.backward.bound = AINN_BOUND;
    turn_depthwise(network, &bottleneck->b, result->c.units, units, &result->backward);
    transpose(network, &bottleneck->a, units, &result->a);
}

static void take_level(ainn_refine_network *network, const ainn_model_level *shape, ainn_refine_level *level)
{
    level->shape = shape;
    level->coupling = ainn_refine_alloc(network, (size_t)shape->couplings + 1, sizeof *level->coupling);
    if (!level->coupling)
        return;
    for (int t = 0; t < 2; t++) {
        if (shape->keep < shape->channels) {
            take_bottleneck(network, &shape->rec[t], &level->rec[t]);
            take_layer(network, &shape->up[t], &level->up[t]);
        }
        if (shape->pdm_width)
            take_bottleneck(network, &shape->pdm[t], &level->pdm[t]);
    }
    for (int i = 0; i < shape->couplings; i++) {
        take_bottleneck(network, &shape->coupling[i].f, &level->coupling[i][0]);
        take_bottleneck(network, &shape->coupling[i].g, &level->coupling[i][1]);
    }
    take_layer(network, &shape->winv, &level->winv);
    if (shape->lapped)
        take_layer(network, &shape->lap_winv, &level->lap_winv);
}

ainn_status ainn_refine_network_create(ainn_refine_network *network, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels,
                                       uint32_t quality_code)
{
    memset(network, 0, sizeof *network);
    network->memory = memory;
    network->model = model;
    network->kernels = kernels;
    network->quality_code = quality_code;
    network->owned_space = 8192;              /* some 20 of a bottleneck, and more than 300 bottlenecks no model has */
    network->owned = ainn_alloc_array(memory, network->owned_space, sizeof *network->owned);
    if (!network->owned)
        network->status = ainn_memory_status(memory);
    for (int i = 0; i < 2; i++)
        take_bottleneck(network, &model->cfrm[i], &network->cfrm[i]);
    take_layer(network, &model->low, &network->low);
    take_layer(network, &model->high, &network->high);
    for (int i = 0; i < model->levels && !network->status; i++)
        take_level(network, &model->level[i], &network->level[i]);
    take_layer(network, &model->fine_a, &network->fine_a);
    take_layer(network, &model->fine_c, &network->fine_c);
    take_layer(network, &model->synthesise_a, &network->synthesise_a);
    take_layer(network, &model->synthesise_b, &network->synthesise_b);
    take_layer(network, &model->synthesise_c, &network->synthesise_c);
    return network->status;
}

void ainn_refine_network_destroy(ainn_refine_network *network)
{
    for (size_t i = 0; i < network->owned_count; i++)
        ainn_free_memory(network->memory, network->owned[i]);
    ainn_free_memory(network->memory, network->owned);
}
