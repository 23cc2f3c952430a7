/*
 * Winograd's F(2,3) along the rows of a 3x3 layer, exact in integers: two neighbouring outputs take four products in place of six.
 *
 * With the taps g0, g1, g2 of one row and the inputs d0 .. d3, of which the first output sees d0, d1, d2 and the second d1, d2, d3:
 *
 *   m0 = (d0 - d2) g0    m1 = (d1 + d2) (g0 + g1 + g2) / 2    m2 = (d2 - d1) (g0 - g1 + g2) / 2    m3 = (d1 - d3) g2
 *   first = m0 + m1 + m2    second = m1 - m2 - m3
 *
 * The halves are integers where g0 + g1 + g2 is even, which the exporter sees to in layers of few channels. Sums are taken modulo 2^32, so it does
 * not matter that m1 and m2 alone may overflow: what they add up to does not (arithmetic.md).
 */
#ifndef AINN_WINOGRAD_H
#define AINN_WINOGRAD_H

#include "kernels/x86.h"

#define AINN_WINOGRAD_CHANNELS 32       /* of the input at most: with more, the transformed weights are too much memory */

/* packed_block and pack of a kernel table: [out/16][row of taps][pair of inputs][m0 .. m3][16][2], without pairs that ainn_unused_pairs() leaves out. */
size_t ainn_winograd_block(const ainn_dense *layer);
void ainn_winograd_pack(uint8_t *packed, const ainn_dense *layer);

/* Pairs of inputs whose weights are packed. */
static inline int ainn_winograd_pairs(const ainn_dense *layer)
{
    return ainn_tap_channels(layer) / 2 - ainn_unused_pairs(layer);
}

#endif
