/* NEON: what runs at full resolution, but for the box means, which compilers make as good vector code of. */
#include "kernels/build.h"

#ifdef AINN_NEON_KERNELS
#include "kernels/neon.h"
#include "kernels/reference.h"

/* ---- FDSM-S ---- */

/* r as in arithmetic.md, step 7, to u; two pixels of the upper row, then of the lower row. */
AINN_INLINE_NEON void store_samples(uint32_t *const plane[2], size_t at, int32x4_t r)
{
    const int32x4_t u = vshrq_n_s32(vaddq_s32(r, vdupq_n_s32((1 << 28) + (1 << 12))), 13);
    const uint32x4_t v = vreinterpretq_u32_s32(vminq_s32(vmaxq_s32(u, vdupq_n_s32(0)), vdupq_n_s32(65536)));

    vst1_u32(plane[0] + at, vget_low_u32(v));
    vst1_u32(plane[1] + at, vget_high_u32(v));
}

/* One component of a position's four pixels. */
AINN_INLINE_NEON int32x4_t mix(int16x4_t low, int16x4_t high, int16x4_t masks, int pixel_frac)
{
    const int32x4_t sum = vmlal_s16(vaddq_s32(vshll_n_s16(high, 14), vdupq_n_s32(1 << pixel_frac)), masks, vsub_s16(low, high));
    const int32x4_t v = vshlq_s32(sum, vdupq_n_s32(-pixel_frac - 1));

    return vmaxq_s32(vminq_s32(v, vdupq_n_s32(AINN_COMPONENT_BOUND)), vdupq_n_s32(-AINN_COMPONENT_BOUND));
}

AINN_INLINE_NEON void one_position(uint32_t *const planes[3][2], size_t at, const int16_t *both, int16x4_t masks, int pixel_frac)
{
    const int16x4x3_t low = vld3_s16(both), high = vld3_s16(both + 12);
    const int32x4_t a = mix(low.val[0], high.val[0], masks, pixel_frac), b = mix(low.val[1], high.val[1], masks, pixel_frac);
    const int32x4_t c = mix(low.val[2], high.val[2], masks, pixel_frac), a1 = vmulq_n_s32(a, 4730), a1c1 = vmlaq_n_s32(a1, c, 3344);

    store_samples(planes[0], at, vmlaq_n_s32(a1c1, b, 5793));
    store_samples(planes[1], at, vmlsq_n_s32(a1, c, 6689));
    store_samples(planes[2], at, vmlsq_n_s32(a1c1, b, 5793));
}

/* The four logits of two positions. */
AINN_INLINE_NEON int16x8_t load_logits(const int16_t *mask)
{
    return vcombine_s16(vld1_s16(mask), vld1_s16(mask + 16));
}

static void synthesise(uint32_t *const planes[3][2], const int16_t *both, const int16_t *mask, size_t positions,
                       const int16_t sigmoid[2][64], int pixel_frac)
{
    size_t p = 0;
    ainn_table_neon table;

    ainn_load_table_neon(&table, sigmoid);
    for (; p + 4 <= positions; p += 4, both += 4 * 32, mask += 4 * 16) {
        int16x8_t m0 = load_logits(mask), m1 = load_logits(mask + 32);

        ainn_look_up_neon(&table, &m0, &m1);
        one_position(planes, 2 * p, both, vget_low_s16(m0), pixel_frac);
        one_position(planes, 2 * p + 2, both + 32, vget_high_s16(m0), pixel_frac);
        one_position(planes, 2 * p + 4, both + 64, vget_low_s16(m1), pixel_frac);
        one_position(planes, 2 * p + 6, both + 96, vget_high_s16(m1), pixel_frac);
    }
    if (p < positions) {
        uint32_t *const rest[3][2] = {{planes[0][0] + 2 * p, planes[0][1] + 2 * p}, {planes[1][0] + 2 * p, planes[1][1] + 2 * p},
                                      {planes[2][0] + 2 * p, planes[2][1] + 2 * p}};

        ainn_synthesise_c(rest, both, mask, positions - p, sigmoid, pixel_frac);
    }
}

/* ---- Samples ---- */

/* 8 samples in order. */
AINN_INLINE_NEON uint16x8_t eight_samples(const uint32_t *u, uint32_t max)
{
    const uint32x4_t half = vdupq_n_u32(32768);

    return vaddhn_high_u32(vaddhn_u32(vmulq_n_u32(vld1q_u32(u), max), half), vmulq_n_u32(vld1q_u32(u + 4), max), half);
}

static void store8(uint8_t *out, ptrdiff_t stride, const uint32_t *u, size_t count)
{
    size_t i = 0;

    for (; stride == 1 && i + 8 <= count; i += 8)
        vst1_u8(out + i, vmovn_u16(eight_samples(u + i, 255)));
    ainn_store8_c(out + (ptrdiff_t)i * stride, stride, u + i, count - i);
}

static void store16(uint16_t *out, ptrdiff_t stride, const uint32_t *u, size_t count, uint32_t max)
{
    size_t i = 0;

    for (; stride == 2 && i + 8 <= count; i += 8, out += 8)
        vst1q_u16(out, eight_samples(u + i, max));
    ainn_store16_c(out, stride, u + i, count - i, max);
}

void ainn_pixels_neon(ainn_kernels *table)
{
    table->synthesise = synthesise;
    table->store8 = store8;
    table->store16 = store16;
}
#endif
