#include "detail/weigh.h"

#include "detail/dct.h"

/* 2^(e / 65536), a straight line between eighths of an octave. */
static uint64_t power(uint32_t e)
{
    uint32_t octave = e >> 16, eighth = e >> 13 & 7, rest = e & 8191;
    uint64_t mantissa = ainn_octave[eighth] + ((uint64_t)(ainn_octave[eighth + 1] - ainn_octave[eighth]) * rest >> 13);
    return octave >= 16 ? mantissa << (octave - 16) : mantissa >> (16 - octave);
}

void ainn_weigh_init(ainn_weigh *weigh, uint32_t quality_code, uint32_t depth, int planes)
{
    /* lambda / 3 * 2^16 * 2^8: 2796 at quality 0, 500 times as much at 100. */
    uint64_t lambda = power(750341 + (quality_code * 83940 >> 8)), max = (1u << depth) - 1, scale = (uint64_t)255 << (depth - 8);
    weigh->sample = lambda * (planes == 1 ? 3 : 1) * (scale * scale) / (max * max);
    weigh->shift = 8 + 2 * (depth - 8);
    weigh->coefficient = lambda * 4096 / 4128;        /* (2^16 / 255 / 4)^2 = 4128 is a unit of 8 bits */
    /* A fine uniform quantiser is at its best where step^2 * lambda / 3 * 0.1155 = 1: 5.1 / sqrt(lambda) in units of 8 bits. */
    weigh->step = (156262 - 36 * quality_code) / 1792;
}
