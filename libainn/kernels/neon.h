/* What the NEON files share. The instructions are those that every 64-bit ARM processor has. */
#ifndef AINN_NEON_H
#define AINN_NEON_H

#include <arm_neon.h>

#include "kernels/kernels.h"
#include "kernels/unroll.h"

#define AINN_INLINE_NEON static inline __attribute__((always_inline))

/* What runs at full resolution. */
void ainn_pixels_neon(ainn_kernels *table);

AINN_INLINE_NEON int16x8_t ainn_clamp_neon(int16x8_t v, int16_t bound)
{
    return vmaxq_s16(vminq_s16(v, vdupq_n_s16(bound)), vdupq_n_s16((int16_t)-bound));
}

/* Eight sums as int16, those that do not fit at the ends of its range. */
AINN_INLINE_NEON int16x8_t ainn_pack_neon(int32x4_t low, int32x4_t high)
{
    return vqmovn_high_s32(vqmovn_s32(low), high);
}

/* ---- Tables of 64 segments (format-spec/arithmetic.md): the bytes of 64 values fit one look-up ---- */

typedef struct ainn_table_neon {
    uint8x16x4_t low[2], high[2];        /* bytes of base and slope */
} ainn_table_neon;

AINN_INLINE_NEON void ainn_load_table_neon(ainn_table_neon *table, const int16_t values[2][64])
{
    for (int t = 0; t < 2; t++)
        for (int g = 0; g < 4; g++) {
            const uint8x16x2_t bytes = vld2q_u8((const uint8_t *)(values[t] + 16 * g));

            table->low[t].val[g] = bytes.val[0];
            table->high[t].val[g] = bytes.val[1];
        }
}

/* base + ((slope * ((u & 255) << 7)) >> 16): the instruction doubles, hence 6. */
AINN_INLINE_NEON int16x8_t ainn_interpolate_neon(uint8x16_t base, uint8x16_t slope, uint16x8_t u)
{
    const int16x8_t fraction = vreinterpretq_s16_u16(vshlq_n_u16(vandq_u16(u, vdupq_n_u16(255)), 6));

    return vaddq_s16(vreinterpretq_s16_u8(base), vqdmulhq_s16(vreinterpretq_s16_u8(slope), fraction));
}

/* Replaces twice 8 activations by the function at them. */
AINN_INLINE_NEON void ainn_look_up_neon(const ainn_table_neon *table, int16x8_t *t0, int16x8_t *t1)
{
    const int16x8_t offset = vdupq_n_s16(8192);
    const uint16x8_t u0 = vreinterpretq_u16_s16(vaddq_s16(ainn_clamp_neon(*t0, AINN_BOUND), offset));
    const uint16x8_t u1 = vreinterpretq_u16_s16(vaddq_s16(ainn_clamp_neon(*t1, AINN_BOUND), offset));
    const uint8x16_t segment = vuzp2q_u8(vreinterpretq_u8_u16(u0), vreinterpretq_u8_u16(u1));
    const uint8x16_t base_low = vqtbl4q_u8(table->low[0], segment), base_high = vqtbl4q_u8(table->high[0], segment);
    const uint8x16_t slope_low = vqtbl4q_u8(table->low[1], segment), slope_high = vqtbl4q_u8(table->high[1], segment);

    *t0 = ainn_interpolate_neon(vzip1q_u8(base_low, base_high), vzip1q_u8(slope_low, slope_high), u0);
    *t1 = ainn_interpolate_neon(vzip2q_u8(base_low, base_high), vzip2q_u8(slope_low, slope_high), u1);
}

#endif
