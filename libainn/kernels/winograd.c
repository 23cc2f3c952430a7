#include "kernels/build.h"

#ifdef AINN_X86_KERNELS
#include "kernels/winograd.h"

#include <stdlib.h>

#define TAPS 9
#define PRODUCTS 4

/* The three weights of a row of taps for one input and one output. */
static void take_row(int32_t g[3], const ainn_dense *layer, int output, int row, int input)
{
    const size_t channels = (size_t)ainn_tap_channels(layer);
    const int16_t *w = layer->weights + (size_t)(output / AINN_LANE) * layer->block + 2 * (size_t)(output % AINN_LANE) + (size_t)input % 2;

    for (size_t tap = 0; tap < 3; tap++)
        g[tap] = w[((size_t)row * 3 + tap) * channels * AINN_LANE + (size_t)(input / 2) * 2 * AINN_LANE];
}

static int row_fits(const int32_t g[3])
{
    const int32_t sum = g[0] + g[1] + g[2], other = sum - 2 * g[1];

    return sum % 2 == 0 && abs(sum / 2) <= INT16_MAX && abs(other / 2) <= INT16_MAX;
}

size_t ainn_winograd_block(const ainn_dense *layer)
{
    int32_t g[3];

    if (layer->taps != TAPS || !layer->in_bound || layer->in_bound > INT16_MAX / 2 || ainn_tap_channels(layer) > AINN_WINOGRAD_CHANNELS)
        return 0;
    for (int output = 0; output < layer->out; output++)
        for (int row = 0; row < 3; row++)
            for (int input = 0; input < ainn_tap_channels(layer); input++) {
                take_row(g, layer, output, row, input);
                if (!row_fits(g))
                    return 0;
            }
    return (size_t)ainn_winograd_pairs(layer) * 3 * PRODUCTS * 2 * AINN_LANE * sizeof(int16_t);
}

void ainn_winograd_pack(uint8_t *packed, const ainn_dense *layer)
{
    int16_t *out = (int16_t *)(void *)packed;
    int32_t g[3];

    for (int first = 0; first < layer->out; first += AINN_LANE)
        for (int row = 0; row < 3; row++)
            for (int pair = 0; pair < ainn_winograd_pairs(layer); pair++, out += PRODUCTS * 2 * AINN_LANE)
                for (int i = 0; i < 2 * AINN_LANE; i++) {
                    take_row(g, layer, first + i / 2, row, 2 * pair + i % 2);
                    out[i] = (int16_t)g[0];
                    out[2 * AINN_LANE + i] = (int16_t)((g[0] + g[1] + g[2]) / 2);
                    out[4 * AINN_LANE + i] = (int16_t)((g[0] - g[1] + g[2]) / 2);
                    out[6 * AINN_LANE + i] = (int16_t)g[2];
                }
}
#endif
