/*
 * The kernels in plain C: the definition that every other version is tested against, and what runs where nothing
 * better does. Sums wrap modulo 2^32, as vector instructions do, so that even a model that breaks its bounds is harmless.
 */
#include "kernels/floats.h"
#include "kernels/kernels.h"
#include "kernels/reference.h"

#include <string.h>

void ainn_dense_c(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer,
                  const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step)
{
    for (size_t p = 0; p < positions; p++) {
        for (int o = 0; o < layer->out; o += AINN_LANE) {
            const int16_t *w = layer->weights + (size_t)(o / AINN_LANE) * layer->block;
            uint32_t acc[AINN_LANE];

            for (int lane = 0; lane < AINN_LANE; lane++)
                acc[lane] = (uint32_t)layer->bias[o + lane];
            for (int s = 0; s < segment_count; s++) {
                const int16_t *x = segments[s].data + p * segments[s].step;

                w += segments[s].skip * AINN_LANE;
                for (int i = 0; i < segments[s].channels; i += 2, w += 2 * AINN_LANE)
                    for (int lane = 0; lane < AINN_LANE; lane++)
                        acc[lane] += (uint32_t)(w[2 * lane] * x[i]) + (uint32_t)(w[2 * lane + 1] * x[i + 1]);
            }
            for (int lane = 0; lane < AINN_LANE; lane++) {
                int32_t v = ainn_requantise(acc[lane], layer->leaky, layer->shift[o + lane]);

                if (residual)
                    v += residual[p * residual_step + (size_t)(o + lane)];
                out[p * out_step + (size_t)(o + lane)] = (int16_t)ainn_clamp(v, layer->bound);
            }
        }
    }
}

/* Where these are the fastest versions, the compiler's vectors are all that there is. (gcc 12 makes dense slower at -O3.) */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

void ainn_depthwise_c(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3])
{
    const ptrdiff_t channels = layer->channels;

    for (ptrdiff_t p = 0; p < (ptrdiff_t)positions; p++) {
        for (ptrdiff_t c = 0; c < channels; c += AINN_LANE) {
            uint32_t acc[AINN_LANE];

            for (int lane = 0; lane < AINN_LANE; lane++)
                acc[lane] = (uint32_t)layer->bias[c + lane];
            for (int tap = 0; tap < 9; tap++) {
                const int16_t *w = layer->weights + tap * channels + c, *x = rows[tap / 3] + (p + tap % 3 - 1) * channels + c;

                for (int lane = 0; lane < AINN_LANE; lane++)
                    acc[lane] += (uint32_t)(w[lane] * x[lane]);
            }
            for (int lane = 0; lane < AINN_LANE; lane++)
                out[p * channels + c + lane] = (int16_t)ainn_clamp(ainn_requantise(acc[lane], layer->leaky, layer->shift[c + lane]), layer->bound);
        }
    }
}

/* A function of 64 segments at t (F = 10); int16 as in a vector register. */
static int16_t table64(const int16_t table[2][64], int32_t t)
{
    uint32_t u = (uint32_t)(ainn_clamp(t, AINN_BOUND) + 8192);

    return (int16_t)(table[0][u >> 8] + ((table[1][u >> 8] * (int32_t)((u & 255) << 7)) >> 16));
}

/* The reciprocal of 1 + scale(-t) in units of 2^-14: the table's own, one Newton step better, so that forward and inverse cancel. */
static int32_t forward_scale(const int16_t scale[2][64], int32_t t)
{
    int32_t r = 16384 + table64(scale, t);
    int32_t e = (int32_t)((1u << 28) - (uint32_t)r * (uint32_t)(16384 + table64(scale, -t)));

    return r + ((int32_t)((uint32_t)r * (uint32_t)(e >> 8) + (1u << 19)) >> 20);
}

void ainn_couple_forward_c(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c++)
            out[c] = (int16_t)ainn_clamp(((int32_t)((uint32_t)x[c] * (uint32_t)forward_scale(scale, st[c]) + 8192) >> 14) + st[channels + c], AINN_STREAM_BOUND);
}

void ainn_couple_inverse_c(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c++) {
            int32_t v = ainn_clamp(x[c] - st[channels + c], AINN_STREAM_BOUND);

            out[c] = (int16_t)ainn_clamp(v + ((v * table64(scale, -st[c]) + 8192) >> 14), AINN_STREAM_BOUND);
        }
}

/* With v = x - t, x' = v * (1 + f(-s)); the slope of a segment of f is in units of 2^-9 of its values'. */
void ainn_couple_slopes_c(int16_t *slopes, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    for (size_t p = 0; p < positions; p++, slopes += 2 * channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c++) {
            const int32_t v = ainn_clamp(x[c] - st[channels + c], AINN_STREAM_BOUND);

            slopes[c] = (int16_t)-((v * scale[1][(uint32_t)(ainn_clamp(-st[c], AINN_BOUND) + 8192) >> 8] + 16384) >> 15);
            slopes[channels + c] = table64(scale, -st[c]);
        }
}

/* `size` columns' sums to a mean: times round(2^18 / size^2), which is within 31 bits for |values| <= AINN_BOUND. */
static int16_t mean(const int32_t *columns, int size, uint32_t reciprocal)
{
    uint32_t sum = 0;

    for (int i = 0; i < size; i++)
        sum += (uint32_t)columns[i];
    return (int16_t)((int32_t)(sum * reciprocal + (1u << 17)) >> 18);
}

void ainn_box_means_c(int16_t *mean3, int16_t *mean5, int16_t *mean7, size_t width, const int16_t *const rows[7])
{
    enum { CHUNK = 256 };
    int32_t three[CHUNK + 6], five[CHUNK + 6], seven[CHUNK + 6];       /* columns' sums over three, five and seven rows */

    for (size_t x = 0; x < width; x += CHUNK) {
        const ptrdiff_t count = width - x < CHUNK ? (ptrdiff_t)(width - x) : CHUNK;

        for (ptrdiff_t i = 0; i < count + 6; i++) {
            const ptrdiff_t from = (ptrdiff_t)x + i - 3;

            three[i] = rows[2][from] + rows[3][from] + rows[4][from];
            five[i] = three[i] + rows[1][from] + rows[5][from];
            seven[i] = five[i] + rows[0][from] + rows[6][from];
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            mean3[(ptrdiff_t)x + i] = mean(three + i + 2, 3, AINN_MEAN3);
            mean5[(ptrdiff_t)x + i] = mean(five + i + 1, 5, AINN_MEAN5);
            mean7[(ptrdiff_t)x + i] = mean(seven + i, 7, AINN_MEAN7);
        }
    }
}

void ainn_interleave_c(int16_t *squeezed, int16_t *means, int16_t *differences, size_t positions, const int16_t *const x[6],
                       const int16_t *const mean[3][6])
{
    for (size_t p = 0; p < positions; p++, squeezed += 16, means += 48, differences += 48) {
        for (size_t c = 0; c < 12; c++) {
            const size_t plane = c / 6 * 3 + c % 3, at = 2 * p + c / 3 % 2;

            squeezed[c] = x[plane][at];
            for (size_t m = 0; m < 3; m++) {
                means[12 * m + c] = mean[m][plane][at];
                differences[12 * m + c] = (int16_t)(x[plane][at] - mean[m][plane][at]);
            }
        }
        memset(squeezed + 12, 0, 4 * sizeof *squeezed);
    }
}

/* One sample of the rotation back to RGB. */
static uint32_t colour(int32_t a, int32_t b, int32_t c, const int16_t factors[3])
{
    uint32_t r = (uint32_t)a * (uint32_t)factors[0] + (uint32_t)b * (uint32_t)factors[1] + (uint32_t)c * (uint32_t)factors[2];
    int32_t u = (int32_t)(r + (1u << 28) + (1u << 12)) >> 13;

    return u < 0 ? 0 : u > 65536 ? 65536 : (uint32_t)u;
}

void ainn_synthesise_c(uint32_t *const planes[3][2], const int16_t *both, const int16_t *mask, size_t positions,
                       const int16_t sigmoid[2][64], int pixel_frac)
{
    static const int16_t rotation[3][3] = {{4730, 5793, 3344}, {4730, 0, -6689}, {4730, -5793, 3344}};

    for (size_t p = 0; p < positions; p++, both += 32, mask += 16) {
        for (size_t d = 0; d < 4; d++) {
            int16_t m = table64(sigmoid, mask[d]);
            int32_t v[3];

            for (size_t k = 0; k < 3; k++) {
                int32_t low = both[3 * d + k], high = both[12 + 3 * d + k];
                uint32_t mix = (uint32_t)(high * 16384) + (uint32_t)(m * (low - high)) + (1u << pixel_frac);

                v[k] = ainn_clamp((int32_t)mix >> (pixel_frac + 1), AINN_COMPONENT_BOUND);
            }
            for (int c = 0; c < 3; c++)
                planes[c][d >> 1][2 * p + (d & 1)] = colour(v[0], v[1], v[2], rotation[c]);
        }
    }
}

static int16_t divide(const ainn_rotation *rotation, int32_t sum)
{
    uint32_t positive = (uint32_t)(sum + rotation->half) + (uint32_t)rotation->lift;
    int32_t value = (int32_t)((positive * rotation->reciprocal) >> rotation->shift) - rotation->lifted;

    return (int16_t)(value > AINN_BOUND ? AINN_BOUND : value < -AINN_BOUND ? -AINN_BOUND : value);
}

void ainn_rotate_c(int16_t *const out[3], const uint16_t *const samples[3], size_t count, const ainn_rotation *rotation)
{
    for (size_t i = 0; i < count; i++) {
        int32_t r = 2 * samples[0][i] - rotation->max, g = 2 * samples[1][i] - rotation->max, b = 2 * samples[2][i] - rotation->max;

        out[0][i] = divide(rotation, 4730 * r + 4730 * g + 4730 * b);
        out[1][i] = divide(rotation, 5793 * r - 5793 * b);
        out[2][i] = divide(rotation, 3344 * r - 6689 * g + 3344 * b);
    }
}

void ainn_store8_c(uint8_t *out, ptrdiff_t stride, const uint32_t *u, size_t count)
{
    for (size_t i = 0; i < count; i++, out += stride)
        *out = (uint8_t)((u[i] * 255 + 32768) >> 16);
}

void ainn_store16_c(uint16_t *out, ptrdiff_t stride, const uint32_t *u, size_t count, uint32_t max)
{
    uint8_t *bytes = (uint8_t *)out;

    for (size_t i = 0; i < count; i++, bytes += stride) {
        uint16_t sample = (uint16_t)((u[i] * max + 32768) >> 16);

        memcpy(bytes, &sample, sizeof sample);
    }
}

void ainn_kernels_c(ainn_kernels *table)
{
    *table = (ainn_kernels){
        .name = "c",
        .dense = ainn_dense_c,
        .depthwise = ainn_depthwise_c,
        .couple_forward = ainn_couple_forward_c,
        .couple_inverse = ainn_couple_inverse_c,
        .couple_slopes = ainn_couple_slopes_c,
        .box_means = ainn_box_means_c,
        .interleave = ainn_interleave_c,
        .synthesise = ainn_synthesise_c,
        .rotate = ainn_rotate_c,
        .store8 = ainn_store8_c,
        .store16 = ainn_store16_c,
    };
    ainn_kernels_floats_c(table);
}
