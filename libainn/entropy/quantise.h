/* The encoder's choice of integers for latents: rounding, with a dead zone where a smaller number saves more rate than it costs. */
#ifndef AINN_ENTROPY_QUANTISE_H
#define AINN_ENTROPY_QUANTISE_H

#include <stdint.h>

#include "entropy/tables.h"

#define AINN_QUANTISER_STEPS 8   /* values whose thresholds differ; larger ones use the last */

typedef struct ainn_quantiser {
    int frac;                    /* fractional bits of latents and means */
    int plain;                   /* rounding only */
    /* Magnitude n is kept where the distance from n - 1 is at least this, else n - 1 is taken: [scale index][min(n, 8)]; 0 is always kept. */
    int16_t threshold[64][AINN_QUANTISER_STEPS + 1];
} ainn_quantiser;

/* `effort` 0 to 9, as the API's; 0 is plain rounding, which is best for models for MS-SSIM at any effort. */
void ainn_quantiser_init(ainn_quantiser *quantiser, const ainn_symbol_tables *gauss, int frac, int effort);

/* The integer for a latent whose distance from its mean is `difference`. */
static inline int32_t ainn_quantise(const ainn_quantiser *quantiser, int index, int32_t difference)
{
    if (quantiser->plain)        /* ties, one in 2^frac, go up: away from zero they would cost 1 % of the rate */
        return (difference + (1 << quantiser->frac >> 1)) >> quantiser->frac;
    int32_t magnitude = difference < 0 ? -difference : difference;
    int32_t n = (magnitude + (1 << quantiser->frac >> 1)) >> quantiser->frac, step = n < AINN_QUANTISER_STEPS ? n : AINN_QUANTISER_STEPS;
    n -= magnitude - (n - 1) * (1 << quantiser->frac) < quantiser->threshold[index][step];
    return difference < 0 ? -n : n;
}

#endif
