#include "refine/network.h"

#include <string.h>

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

/* 2^-shift */
static float unit(unsigned shift)
{
    return 1.0f / (float)(1u << shift);
}

/* Weight of output o, tap t and input i, in units of the output. */
static float weight(const ainn_layer *layer, int o, int t, int i)
{
    const size_t lane = (size_t)(o % AINN_LANE) * 2 + (size_t)(i & 1);
    const int16_t *block = layer->dense.weights + (size_t)(o / AINN_LANE) * layer->dense.block;

    return (float)block[((size_t)(t * layer->in + i) / 2) * 2 * AINN_LANE + lane] * unit(layer->dense.shift[o]);
}

static size_t weights_of(int taps, int in, int out)
{
    return (size_t)((out + AINN_FLOAT_BLOCK - 1) / AINN_FLOAT_BLOCK) * AINN_FLOAT_BLOCK * (size_t)taps * (size_t)in;
}

static void put_weight(float *weights, const ainn_float_layer *layer, int o, int t, int i, float value)
{
    weights[((size_t)(o / AINN_FLOAT_BLOCK * layer->taps + t) * (size_t)layer->in + (size_t)i) * AINN_FLOAT_BLOCK + (size_t)(o % AINN_FLOAT_BLOCK)] = value;
}

static void take_layer(ainn_refine_network *network, const ainn_layer *layer, uint32_t quality_code, ainn_refine_layer *result)
{
    const int taps = layer->taps, in = layer->in, out = layer->dense.out;
    float *forward = ainn_refine_alloc(network, weights_of(taps, in, out), sizeof *forward);
    float *backward = ainn_refine_alloc(network, weights_of(taps, out, in), sizeof *backward);
    float *bias = ainn_refine_alloc(network, weights_of(1, 1, out), sizeof *bias);
    int32_t *sums = ainn_refine_alloc(network, (size_t)out, sizeof *sums);

    if (network->status)
        return;
    *result = (ainn_refine_layer){{forward, bias, in, out, taps}, {backward, NULL, out, in, taps}, layer->dense.leaky};
    ainn_layer_bias_at(layer, quality_code, sums);
    for (int o = 0; o < out; o++) {
        bias[o] = (float)sums[o] * unit(layer->dense.shift[o]);
        for (int t = 0; t < taps; t++)
            for (int i = 0; i < in; i++) {
                const float w = weight(layer, o, t, i);

                put_weight(forward, &result->forward, o, t, i, w);
                put_weight(backward, &result->backward, i, taps - 1 - t, o, w);
            }
    }
}

static void take_bottleneck(ainn_refine_network *network, const ainn_bottleneck *bottleneck, uint32_t quality_code, ainn_refine_bottleneck *result)
{
    const size_t hidden = (size_t)bottleneck->b.channels;
    float *forward = ainn_refine_alloc(network, 9 * hidden, sizeof *forward), *backward = ainn_refine_alloc(network, 9 * hidden, sizeof *backward);
    float *bias = ainn_refine_alloc(network, hidden, sizeof *bias);

    take_layer(network, &bottleneck->a, quality_code, &result->a);
    take_layer(network, &bottleneck->c, quality_code, &result->c);
    if (network->status)
        return;
    result->hidden = bottleneck->b.channels;
    result->forward = forward;
    result->backward = backward;
    result->bias = bias;
    for (size_t k = 0; k < hidden; k++) {
        const float scale = unit(bottleneck->b.shift[k]);

        bias[k] = (float)bottleneck->b.bias[k] * scale;
        for (size_t t = 0; t < 9; t++) {
            forward[t * hidden + k] = (float)bottleneck->b.weights[t * hidden + k] * scale;
            backward[(8 - t) * hidden + k] = forward[t * hidden + k];
        }
    }
}

static void take_level(ainn_refine_network *network, const ainn_model_level *shape, uint32_t quality_code, ainn_refine_level *level)
{
    level->shape = shape;
    level->coupling = ainn_refine_alloc(network, (size_t)shape->couplings + 1, sizeof *level->coupling);
    if (!level->coupling)
        return;
    for (int t = 0; t < 2; t++) {
        if (shape->keep < shape->channels) {
            take_bottleneck(network, &shape->rec[t], quality_code, &level->rec[t]);
            take_layer(network, &shape->up[t], quality_code, &level->up[t]);
        }
        if (shape->pdm_width)
            take_bottleneck(network, &shape->pdm[t], quality_code, &level->pdm[t]);
    }
    for (int i = 0; i < shape->couplings; i++) {
        take_bottleneck(network, &shape->coupling[i].f, quality_code, &level->coupling[i][0]);
        take_bottleneck(network, &shape->coupling[i].g, quality_code, &level->coupling[i][1]);
    }
    take_layer(network, &shape->winv, quality_code, &level->winv);
    if (shape->lapped)
        take_layer(network, &shape->lap_winv, quality_code, &level->lap_winv);
}

/* Factors from latents to the first residual's integers (arithmetic.md, step 2). */
static void take_gain(ainn_refine_network *network, uint32_t quality_code)
{
    const ainn_model *model = network->model;

    network->inverse_gain = ainn_refine_alloc(network, (size_t)model->M, sizeof *network->inverse_gain);
    for (size_t k = 0; network->inverse_gain && k < (size_t)model->M; k++) {
        int32_t mantissa;
        int shift;

        ainn_exp2(model, ainn_interpolate(model->inverse_gain, (size_t)model->M, k, quality_code), &mantissa, &shift);
        network->inverse_gain[k] = (float)mantissa;
        for (int i = 0; i < shift; i++)
            network->inverse_gain[k] /= 2;
        for (int i = 0; i > shift; i--)
            network->inverse_gain[k] *= 2;
    }
}

ainn_status ainn_refine_network_create(ainn_refine_network *network, ainn_memory *memory, const ainn_model *model, uint32_t quality_code)
{
    memset(network, 0, sizeof *network);
    network->memory = memory;
    network->model = model;
    network->owned_space = 4096;              /* 11 of a bottleneck, and more than 300 bottlenecks no model has */
    network->owned = ainn_alloc_array(memory, network->owned_space, sizeof *network->owned);
    if (!network->owned)
        network->status = ainn_memory_status(memory);
    take_gain(network, quality_code);
    for (int i = 0; i < 2; i++)
        take_bottleneck(network, &model->cfrm[i], quality_code, &network->cfrm[i]);
    take_layer(network, &model->low, quality_code, &network->low);
    take_layer(network, &model->high, quality_code, &network->high);
    for (int i = 0; i < model->levels && !network->status; i++)
        take_level(network, &model->level[i], quality_code, &network->level[i]);
    take_layer(network, &model->fine_a, quality_code, &network->fine_a);
    take_layer(network, &model->fine_c, quality_code, &network->fine_c);
    take_layer(network, &model->synthesise_a, quality_code, &network->synthesise_a);
    take_layer(network, &model->synthesise_b, quality_code, &network->synthesise_b);
    take_layer(network, &model->synthesise_c, quality_code, &network->synthesise_c);
    return network->status;
}

void ainn_refine_network_destroy(ainn_refine_network *network)
{
    for (size_t i = 0; i < network->owned_count; i++)
        ainn_free_memory(network->memory, network->owned[i]);
    ainn_free_memory(network->memory, network->owned);
}
