#include "model/binding.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SHIFT 30
#define FEW_CHANNELS 32

void ainn_bind_fail(ainn_binding *binding, const char *format, const char *name)
{
    if (binding->status)
        return;
    binding->status = AINN_ERROR_MODEL_INVALID;
    if (format)
        ainn_say(binding->tensors.message, format, name);
}

static const void *get(ainn_binding *binding, const char *name, ainn_tensor_type type, int rank, const uint32_t dims[4], int any, uint32_t *length)
{
    const void *data = binding->status ? NULL : ainn_tensors_get(&binding->tensors, name, type, rank, dims, any, length);

    if (!data)
        ainn_bind_fail(binding, NULL, name);
    return data;
}

const void *ainn_bind_tensor(ainn_binding *binding, const char *name, ainn_tensor_type type, int rank, uint32_t d0, uint32_t d1, uint32_t d2, uint32_t d3)
{
    const uint32_t dims[4] = {d0, d1, d2, d3};

    return get(binding, name, type, rank, dims, -1, NULL);
}

int ainn_bind_length(ainn_binding *binding, const char *name, ainn_tensor_type type, int rank, int limit)
{
    const uint32_t dims[4] = {9, 1, 1, 1};
    uint32_t length = 0, found = binding->tensors.found;

    if (!get(binding, name, type, rank, dims, rank - 1, &length))
        return AINN_LANE;
    binding->tensors.found = found;       /* it will be asked for again */
    if (length > (uint32_t)limit || length % AINN_LANE) {
        ainn_bind_fail(binding, "layer %s of the model has a width that is not allowed", name);
        return AINN_LANE;
    }
    return (int)length;
}

/* One output channel's sum can not overflow, in whatever order it is taken (arithmetic.md, Convolutions). */
static int channel_fits(uint64_t weights, const int32_t *bias, const int32_t *quality_bias, size_t channels, size_t o, unsigned shift, int in_bound)
{
    uint64_t largest = 0;

    if (shift < 1 || shift > MAX_SHIFT)
        return 0;
    for (size_t q = 0; quality_bias && q < AINN_QUALITIES; q++) {
        uint64_t b = (uint64_t)llabs((long long)quality_bias[q * channels + o]);

        largest = b > largest ? b : largest;
    }
    largest += (uint64_t)llabs((long long)bias[o]);
    return (uint64_t)in_bound * weights + largest + ((uint64_t)1 << (shift - 1)) < (uint64_t)1 << 31;
}

static void check_dense(ainn_binding *binding, const char *name, const ainn_layer_shape *shape, const ainn_layer *layer)
{
    for (size_t o = 0; o < (size_t)shape->out; o++) {
        const int16_t *w = layer->dense.weights + o / AINN_LANE * layer->dense.block + o % AINN_LANE * 2;
        uint64_t sum = 0;

        for (size_t i = 0; i < layer->dense.block; i += 2 * AINN_LANE)
            sum += (uint64_t)abs(w[i]) + (uint64_t)abs(w[i + 1]);
        if (!channel_fits(sum, layer->dense.bias, layer->quality_bias, (size_t)shape->out, o, layer->dense.shift[o], shape->in_bound)) {
            ainn_bind_fail(binding, "layer %s of the model could overflow", name);
            return;
        }
    }
}

static void check_depthwise(ainn_binding *binding, const char *name, const ainn_depthwise *layer)
{
    for (size_t c = 0; c < (size_t)layer->channels; c++) {
        uint64_t sum = 0;

        for (size_t tap = 0; tap < 9; tap++)
            sum += (uint64_t)abs(layer->weights[tap * (size_t)layer->channels + c]);
        if (!channel_fits(sum, layer->bias, NULL, 0, c, layer->shift[c], AINN_BOUND)) {
            ainn_bind_fail(binding, "layer %s of the model could overflow", name);
            return;
        }
    }
}

/* Few channels are often padded; then a part of the work is for nothing. */
static int used_channels(const ainn_layer *layer)
{
    const size_t in = (size_t)layer->in, blocks = (size_t)layer->dense.out / AINN_LANE;
    size_t used = 1;

    for (size_t b = 0; b < blocks; b++)
        for (size_t i = 0; i < layer->dense.block; i++)
            if (layer->dense.weights[b * layer->dense.block + i]) {
                const size_t channel = (i / (2 * AINN_LANE) * 2 + i % 2) % in;

                used = channel >= used ? channel + 1 : used;
            }
    return (int)used;
}

void ainn_bind_layer(ainn_binding *binding, const char *name, ainn_layer_shape shape, ainn_layer *layer)
{
    char tensor[AINN_TENSOR_NAME + 8];
    const uint32_t in = (uint32_t)shape.in, out = (uint32_t)shape.out;

    layer->in = shape.in;
    layer->taps = shape.taps;
    layer->dense.out = shape.out;
    layer->dense.taps = shape.taps;
    layer->dense.leaky = shape.leaky;
    layer->dense.bound = shape.out_bound;
    layer->dense.in_bound = shape.in_bound;
    layer->dense.block = (size_t)AINN_LANE * (size_t)shape.taps * in;
    snprintf(tensor, sizeof tensor, "%s.w", name);
    layer->dense.weights = ainn_bind_tensor(binding, tensor, AINN_INT16, 4, out / AINN_LANE, (uint32_t)shape.taps, in / 2, 2 * AINN_LANE);
    if (!binding->status && shape.taps == 9 && shape.in <= FEW_CHANNELS)
        layer->dense.used = used_channels(layer);
    snprintf(tensor, sizeof tensor, "%s.b", name);
    layer->dense.bias = ainn_bind_tensor(binding, tensor, AINN_INT32, 1, out, 1, 1, 1);
    snprintf(tensor, sizeof tensor, "%s.s", name);
    layer->dense.shift = ainn_bind_tensor(binding, tensor, AINN_UINT8, 1, out, 1, 1, 1);
    if (shape.quality) {
        snprintf(tensor, sizeof tensor, "%s.q", name);
        layer->quality_bias = ainn_bind_tensor(binding, tensor, AINN_INT32, 2, AINN_QUALITIES, out, 1, 1);
    }
    if (!binding->status && !binding->trusted)
        check_dense(binding, name, &shape, layer);
}

static void bind_depthwise(ainn_binding *binding, const char *name, int channels, ainn_depthwise *layer)
{
    char tensor[AINN_TENSOR_NAME + 8];
    const uint32_t c = (uint32_t)channels;

    layer->channels = channels;
    layer->bound = AINN_BOUND;
    layer->leaky = 1;
    snprintf(tensor, sizeof tensor, "%s.w", name);
    layer->weights = ainn_bind_tensor(binding, tensor, AINN_INT16, 2, 9, c, 1, 1);
    snprintf(tensor, sizeof tensor, "%s.b", name);
    layer->bias = ainn_bind_tensor(binding, tensor, AINN_INT32, 1, c, 1, 1, 1);
    snprintf(tensor, sizeof tensor, "%s.s", name);
    layer->shift = ainn_bind_tensor(binding, tensor, AINN_UINT8, 1, c, 1, 1, 1);
    if (!binding->status && !binding->trusted)
        check_depthwise(binding, name, layer);
}

void ainn_bind_bottleneck(ainn_binding *binding, const char *name, int in, int hidden, int out, int quality, ainn_bottleneck *bottleneck)
{
    const ainn_layer_shape a = {1, in, hidden, 1, AINN_STREAM_BOUND, AINN_BOUND, quality};
    const ainn_layer_shape c = {1, hidden, out, 0, AINN_BOUND, AINN_STREAM_BOUND, 0};
    char layer[AINN_TENSOR_NAME];

    snprintf(layer, sizeof layer, "%s.a", name);
    ainn_bind_layer(binding, layer, a, &bottleneck->a);
    snprintf(layer, sizeof layer, "%s.b", name);
    bind_depthwise(binding, layer, hidden, &bottleneck->b);
    snprintf(layer, sizeof layer, "%s.c", name);
    ainn_bind_layer(binding, layer, c, &bottleneck->c);
}
