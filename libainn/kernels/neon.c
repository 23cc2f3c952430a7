/* NEON: convolutions and couplings. */
#include "kernels/build.h"

#ifdef AINN_NEON_KERNELS
#include <string.h>

#include "kernels/floats.h"
#include "kernels/neon.h"
#include "kernels/tiles.h"

/* ---- Dense ---- */

/*
 * A tile is four positions by one block of 16 outputs: sixteen of the thirty-two registers hold its sums over all segments.
 * Loading a pair's weights takes them apart, so that each input is multiplied, as one lane of a register, with 16 weights.
 */
#define TILE 4                           /* positions */

/* Requantises the 16 sums of a position, and stores them. */
AINN_INLINE_NEON void store16(int16_t *out, const int16_t *residual, const int32x4_t acc[4], const ainn_dense *layer, int first)
{
    const int32x4_t leak = vdupq_n_s32(layer->leaky ? -3 : 0);
    const uint8x16_t shifts = vld1q_u8(layer->shift + first);
    const int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(shifts))), high = vreinterpretq_s16_u16(vmovl_high_u8(shifts));
    const int32x4_t shift[4] = {vmovl_s16(vget_low_s16(low)), vmovl_high_s16(low), vmovl_s16(vget_low_s16(high)), vmovl_high_s16(high)};
    int32x4_t v[4];

    AINN_UNROLL
    for (int i = 0; i < 4; i++) {
        v[i] = vrshlq_s32(vmaxq_s32(acc[i], vshlq_s32(acc[i], leak)), vnegq_s32(shift[i]));
        if (residual)
            v[i] = vaddw_s16(v[i], vld1_s16(residual + 4 * i));
    }
    vst1q_s16(out, ainn_clamp_neon(ainn_pack_neon(v[0], v[1]), (int16_t)layer->bound));
    vst1q_s16(out + 8, ainn_clamp_neon(ainn_pack_neon(v[2], v[3]), (int16_t)layer->bound));
}

/* One input of all positions with its 16 weights; a macro, because a lane has to be a literal number. */
#define INPUT(lane, w0, w1)                                                              \
    AINN_UNROLL                                                                          \
    for (int n = 0; n < positions; n++) {                                                \
        acc[4 * n] = vmlal_laneq_s16(acc[4 * n], vget_low_s16(w0), x[n], lane);          \
        acc[4 * n + 1] = vmlal_high_laneq_s16(acc[4 * n + 1], w0, x[n], lane);           \
        acc[4 * n + 2] = vmlal_laneq_s16(acc[4 * n + 2], vget_low_s16(w1), x[n], lane);  \
        acc[4 * n + 3] = vmlal_high_laneq_s16(acc[4 * n + 3], w1, x[n], lane);           \
    }

#define PAIR(i)                                                                                    \
    {                                                                                              \
        const int16x8x2_t w0 = vld2q_s16(w + 32 * (i)), w1 = vld2q_s16(w + 32 * (i) + 16);         \
                                                                                                   \
        INPUT(2 * (i), w0.val[0], w1.val[0])                                                       \
        INPUT(2 * (i) + 1, w0.val[1], w1.val[1])                                                   \
    }

/* One tile: `positions` (a constant) from p on, the block of output `first`. The first `skip` positions are not stored. */
AINN_INLINE_NEON void tile(int16_t *out, size_t out_step, size_t p, int positions, int skip, int first, const ainn_dense *layer,
                           const ainn_segment *segments, int segment_count, const int16_t *residual, size_t residual_step)
{
    const int16_t *w = layer->weights + (size_t)(first / AINN_LANE) * layer->block;
    int32x4_t acc[4 * TILE], sums[4 * TILE];

    AINN_UNROLL
    for (int n = 0; n < 4 * positions; n++)
        acc[n] = vld1q_s32(layer->bias + first + n % 4 * 4);
    for (int s = 0; s < segment_count; s++) {
        const size_t step = segments[s].step;
        const int16_t *from = segments[s].data + p * step;

        w += segments[s].skip * AINN_LANE;
        for (int k = 0; k < segments[s].channels; k += 8, w += 8 * AINN_LANE) {
            int16x8_t x[TILE];

            AINN_UNROLL
            for (int n = 0; n < positions; n++)
                x[n] = vld1q_s16(from + (size_t)n * step + k);
            PAIR(0)
            PAIR(1)
            PAIR(2)
            PAIR(3)
        }
    }
    AINN_UNROLL
    for (int n = 0; n < 4 * positions; n++)
        sums[n] = acc[n];
    for (int n = skip; n < positions; n++) {
        const size_t at = p + (size_t)n;

        store16(out + at * out_step + first, residual ? residual + at * residual_step + first : NULL, sums + 4 * n, layer, first);
    }
}

/* Tiles go over all positions of a block first, so that its weights stay in the cache. */
static void dense(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer, const ainn_segment *segments,
                  int segment_count, const int16_t *residual, size_t residual_step)
{
#define RUN_TILE(p, size, skip) tile(out, out_step, p, size, skip, first, layer, segments, segment_count, residual, residual_step)
    for (int first = 0; first < layer->out; first += AINN_LANE)
        AINN_FOR_TILES(positions, TILE, RUN_TILE);
#undef RUN_TILE
}

/* ---- Depthwise ---- */

/* All positions of 8 channels. */
AINN_INLINE_NEON void channels8(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3], int first)
{
    const ptrdiff_t channels = layer->channels;
    const int16_t *row[3] = {rows[0] + first - channels, rows[1] + first - channels, rows[2] + first - channels};
    const int32x4_t bias0 = vld1q_s32(layer->bias + first), bias1 = vld1q_s32(layer->bias + first + 4);
    const int16x8_t shift = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(layer->shift + first)));
    const int32x4_t shift0 = vnegq_s32(vmovl_s16(vget_low_s16(shift))), shift1 = vnegq_s32(vmovl_high_s16(shift));
    const int32x4_t leak = vdupq_n_s32(layer->leaky ? -3 : 0);
    int16x8_t w[9];

    AINN_UNROLL
    for (int tap = 0; tap < 9; tap++)
        w[tap] = vld1q_s16(layer->weights + tap * channels + first);
    out += first;
    for (size_t p = 0; p < positions; p++, row[0] += channels, row[1] += channels, row[2] += channels, out += channels) {
        int32x4_t a = bias0, b = bias1;

        AINN_UNROLL
        for (int tap = 0; tap < 9; tap++) {
            const int16x8_t v = vld1q_s16(row[tap / 3] + tap % 3 * channels);

            a = vmlal_s16(a, vget_low_s16(v), vget_low_s16(w[tap]));
            b = vmlal_high_s16(b, v, w[tap]);
        }
        a = vrshlq_s32(vmaxq_s32(a, vshlq_s32(a, leak)), shift0);
        b = vrshlq_s32(vmaxq_s32(b, vshlq_s32(b, leak)), shift1);
        vst1q_s16(out, ainn_clamp_neon(ainn_pack_neon(a, b), (int16_t)layer->bound));
    }
}

/* Groups of channels are taken in turn over few positions at a time: all groups' lines of those stay in the cache. */
static void depthwise(int16_t *out, size_t positions, const ainn_depthwise *layer, const int16_t *const rows[3])
{
    const size_t channels = (size_t)layer->channels;

    for (size_t p = 0; p < positions; p += 32) {
        const size_t count = positions - p < 32 ? positions - p : 32;
        const int16_t *const here[3] = {rows[0] + p * channels, rows[1] + p * channels, rows[2] + p * channels};

        for (int c = 0; c < layer->channels; c += 8)
            channels8(out + p * channels, count, layer, here, c);
    }
}

/* ---- Couplings ---- */

/* ((x * R + 8192) >> 14) + t for 4 values; r and s are the table's values at t and -t. */
AINN_INLINE_NEON int32x4_t forward4(int16x4_t x, int16x4_t r16, int16x4_t s16, int16x4_t t)
{
    const int32x4_t one = vdupq_n_s32(1 << 14), r = vaddw_s16(one, r16);
    const int32x4_t e = vmlsq_s32(vdupq_n_s32(1 << 28), r, vaddw_s16(one, s16));
    const int32x4_t step = vmlaq_s32(vdupq_n_s32(1 << 19), r, vshrq_n_s32(e, 8));
    const int32x4_t product = vmlaq_s32(vdupq_n_s32(8192), vmovl_s16(x), vsraq_n_s32(r, step, 20));

    return vaddw_s16(vshrq_n_s32(product, 14), t);
}

AINN_INLINE_NEON int16x8_t forward8(int16x8_t x, int16x8_t r, int16x8_t s, int16x8_t t)
{
    const int32x4_t low = forward4(vget_low_s16(x), vget_low_s16(r), vget_low_s16(s), vget_low_s16(t));
    const int32x4_t high = forward4(vget_high_s16(x), vget_high_s16(r), vget_high_s16(s), vget_high_s16(t));

    return ainn_clamp_neon(ainn_pack_neon(low, high), AINN_STREAM_BOUND);
}

static void couple_forward(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    ainn_table_neon table;

    ainn_load_table_neon(&table, scale);
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 8) {
            int16x8_t r = vld1q_s16(st + c), s = vqnegq_s16(r);

            ainn_look_up_neon(&table, &r, &s);
            vst1q_s16(out + c, forward8(vld1q_s16(x + c), r, s, vld1q_s16(st + channels + c)));
        }
}

/* With v = clamp(x - t, A): clamp(v + ((v * s + 8192) >> 14), A) for 8 values. */
AINN_INLINE_NEON int16x8_t inverse8(int16x8_t x, int16x8_t s, int16x8_t t)
{
    const int16x8_t v = ainn_clamp_neon(vqsubq_s16(x, t), AINN_STREAM_BOUND);

    return ainn_clamp_neon(vqaddq_s16(v, vqrdmulhq_s16(vshlq_n_s16(v, 1), s)), AINN_STREAM_BOUND);
}

static void couple_inverse(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    ainn_table_neon table;

    ainn_load_table_neon(&table, scale);
    for (size_t p = 0; p < positions; p++, out += channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 16) {
            int16x8_t s0 = vqnegq_s16(vld1q_s16(st + c)), s1 = vqnegq_s16(vld1q_s16(st + c + 8));

            ainn_look_up_neon(&table, &s0, &s1);
            vst1q_s16(out + c, inverse8(vld1q_s16(x + c), s0, vld1q_s16(st + channels + c)));
            vst1q_s16(out + c + 8, inverse8(vld1q_s16(x + c + 8), s1, vld1q_s16(st + channels + c + 8)));
        }
}

AINN_INLINE_NEON void slopes8(int16_t *out, int16x8_t x, int16x8_t t, int16x8_t slope, int16x8_t factor, int channels)
{
    vst1q_s16(out, vnegq_s16(vqrdmulhq_s16(ainn_clamp_neon(vqsubq_s16(x, t), AINN_STREAM_BOUND), slope)));
    vst1q_s16(out + channels, factor);
}

static void couple_slopes(int16_t *out, const int16_t *x, const int16_t *st, size_t positions, int channels, const int16_t scale[2][64])
{
    int16_t slopes[2][64] = {{0}};
    ainn_table_neon table, slope_table;

    memcpy(slopes[0], scale[1], sizeof slopes[0]);
    ainn_load_table_neon(&table, scale);
    ainn_load_table_neon(&slope_table, slopes);
    for (size_t p = 0; p < positions; p++, out += 2 * channels, x += channels, st += 2 * channels)
        for (int c = 0; c < channels; c += 16) {
            int16x8_t f0 = vqnegq_s16(vld1q_s16(st + c)), f1 = vqnegq_s16(vld1q_s16(st + c + 8)), s0 = f0, s1 = f1;

            ainn_look_up_neon(&table, &f0, &f1);
            ainn_look_up_neon(&slope_table, &s0, &s1);
            slopes8(out + c, vld1q_s16(x + c), vld1q_s16(st + channels + c), s0, f0, channels);
            slopes8(out + c + 8, vld1q_s16(x + c + 8), vld1q_s16(st + channels + c + 8), s1, f1, channels);
        }
}

void ainn_kernels_neon(ainn_kernels *table)
{
    table->dense = dense;
    table->depthwise = depthwise;
    table->couple_forward = couple_forward;
    table->couple_inverse = couple_inverse;
    table->couple_slopes = couple_slopes;
    ainn_kernels_floats_neon(table);
    ainn_pixels_neon(table);
}
#endif
