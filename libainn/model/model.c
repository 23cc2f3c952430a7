/* What a model can tell: its size, its cost, and values at a quality. */
#include "model/model.h"

static int32_t interpolate(int32_t low, int32_t high, uint32_t fraction)
{
    return (int32_t)(((int64_t)low * (256 - (int32_t)fraction) + (int64_t)high * (int32_t)fraction + 128) >> 8);
}

static void anchor(uint32_t quality_code, size_t *row, uint32_t *fraction)
{
    *row = quality_code >> 8 < AINN_QUALITIES - 2 ? quality_code >> 8 : AINN_QUALITIES - 2;
    *fraction = quality_code - 256 * (uint32_t)*row;
}

int32_t ainn_interpolate(const int32_t *table, size_t channels, size_t channel, uint32_t quality_code)
{
    size_t row;
    uint32_t fraction;

    anchor(quality_code, &row, &fraction);
    return interpolate(table[row * channels + channel], table[(row + 1) * channels + channel], fraction);
}

void ainn_layer_bias_at(const ainn_layer *layer, uint32_t quality_code, int32_t *out)
{
    const size_t channels = (size_t)layer->dense.out;

    for (size_t o = 0; o < channels; o++)
        out[o] = layer->dense.bias[o] + (layer->quality_bias ? ainn_interpolate(layer->quality_bias, channels, o, quality_code) : 0);
}

void ainn_exp2(const ainn_model *model, int32_t exponent, int32_t *mantissa, int *shift)
{
    const uint16_t *entry = model->exp2_table + ((exponent >> 8) & 255);
    const int32_t step = (int32_t)entry[1] - (int32_t)entry[0];

    *mantissa = (int32_t)entry[0] + ((step * (exponent & 255) + 128) >> 8);
    *shift = 14 - (exponent >> 16);
}

static double dense(double in, double out, int taps)
{
    return in * out * taps;
}

static double bottleneck(double in, double hidden, double out)
{
    return in * hidden + 9 * hidden + hidden * out;
}

/* The network's own multiply-accumulates: without the padding of channels, and one quarter of the context's outputs a step. */
void ainn_model_count_macs(const ainn_model *model, double kmac[3])
{
    const double M = model->M, N = model->N, Z = model->Z;
    double positions = 0.25;      /* a pixel, at half resolution */
    double forward = positions * 2 * (dense(36, 16, 1) + dense(16, 12, 9)), inverse;
    double keep = AINN_FDSM_CHANNELS;

    inverse = positions * (dense(24, model->fine_a.dense.out, 9) * 2 + dense(24, 16, 9) + dense(16, 16, 9) + dense(16, 4, 9));
    for (int i = 0; i < model->levels; i++) {
        const ainn_model_level *l = &model->level[i];
        const double c = l->channels, mixing = dense(c, c, 1) * (l->lapped ? 4 : 2);
        const double couplings = l->couplings * 2 * bottleneck(c, l->hidden, 2 * c);

        for (int s = 0; s < l->squeezes; s++)
            positions /= 4;
        keep = l->keep;
        forward += positions * (mixing + couplings + (keep < c ? 2 * c * keep : 0));
        inverse += positions * (mixing + couplings + (l->pdm_width ? 2 * bottleneck(c, l->pdm_width, c) : 0) +
                                (keep < c ? 2 * (c * keep + bottleneck(keep, l->pdm_width ? l->pdm_width : l->hidden, keep)) : 0));
    }
    forward += positions * 2 * keep * M;
    inverse += positions * (2 * keep * M + bottleneck(M, model->cfrm[0].a.dense.out, M) + bottleneck(M, model->cfrm[1].a.dense.out, M));
    kmac[0] = forward / 1000;
    kmac[1] = positions * (dense(Z, 4 * N, 9) / 16 + dense(N, 4 * N, 9) / 4 + dense(N, 2 * N, 9) + 3 * dense(M, N, 9) +
                           dense(2 * N, 2 * N, 1) + 3 * dense(3 * N, 2 * N, 1) + 4 * (dense(2 * N, 2 * N, 9) + dense(2 * N, 2 * M / 4, 1))) / 1000;
    kmac[2] = inverse / 1000;
}

void ainn_model_get_info(const ainn_model *model, ainn_model_info *info)
{
    double kmac[3];

    ainn_model_count_macs(model, kmac);
    *info = (ainn_model_info){
        .id = model->id,
        .name = model->name,
        .latent_channels = (uint32_t)model->M,
        .kmac_analysis = kmac[0],
        .kmac_entropy = kmac[1],
        .kmac_synthesis = kmac[2],
        .bytes = model->bytes,
        .metric = model->ms_ssim ? "MS-SSIM" : "squared error",
    };
}
