/* What the encoder weighs: bits against squared error, by quality. */
#ifndef AINN_DETAIL_WEIGH_H
#define AINN_DETAIL_WEIGH_H

#include <stdint.h>

/* J = bits + lambda * squared error, in units of 2^-16 bits. Training had lambda = 0.0005 * 500^(quality / 100) bits a pixel per unit of
 * the mean squared error of three channels of 8 bits. */
typedef struct ainn_weigh {
    uint64_t sample;             /* of a squared difference of samples, in units of 2^-shift */
    unsigned shift;
    uint64_t coefficient;        /* of a squared difference of coefficients, in units of 2^-20 */
    unsigned step;               /* code of the quantiser's step that belongs to it */
} ainn_weigh;

/* `planes` 1: a grey picture, whose one difference stands for three. */
void ainn_weigh_init(ainn_weigh *weigh, uint32_t quality_code, uint32_t depth, int planes);

/* Squares of one cell, whose product with the weight fits 64 bits. */
static inline uint64_t ainn_weigh_samples(const ainn_weigh *weigh, uint64_t squares)
{
    return squares * weigh->sample >> weigh->shift;
}

static inline uint64_t ainn_weigh_coefficient(const ainn_weigh *weigh, int64_t difference)
{
    return (uint64_t)(difference * difference) * weigh->coefficient >> 20;
}

#endif
