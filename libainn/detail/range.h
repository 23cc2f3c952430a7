/* Adaptive binary range coding (format-spec/detail.md): every decision has a probability that learns. */
#ifndef AINN_DETAIL_RANGE_H
#define AINN_DETAIL_RANGE_H

#include "container/bytes.h"

/* Chance of a 0, in units of 2^-16, as two estimates that learn at different speeds; their mean is used. */
typedef struct ainn_chance {
    uint16_t fast, slow;
    uint8_t seen;                /* decisions so far, up to AINN_CHANCE_SEEN */
} ainn_chance;

#define AINN_CHANCE_SEEN 90

/* What ainn_range_bit() does with a decision. */
typedef enum ainn_range_mode {
    AINN_RANGE_DECODE,
    AINN_RANGE_ENCODE,
    AINN_RANGE_MEASURE,          /* adds its cost; nothing is written or learnt */
    AINN_RANGE_LEARN             /* adds its cost and learns; nothing is written */
} ainn_range_mode;

#define AINN_COST_BITS 8         /* of a chance choose its cost */

typedef struct ainn_range {
    ainn_range_mode mode;
    uint32_t range;
    uint32_t code;               /* decoder */
    const uint8_t *next, *end;
    unsigned missing;            /* bytes read beyond the end, as zeros */
    uint64_t low;                /* encoder */
    uint8_t cache;
    uint64_t pending;            /* bytes that a carry may still change: the cache, and 255s behind it */
    int begun;                   /* the first byte, always 0, has been left away */
    ainn_buffer *out;
    uint32_t *record;            /* while learning: where decisions go, for ainn_range_replay(); NULL: nowhere */
    const uint16_t *costs;       /* of a 0 at chance i << 8, in units of 2^-8 bits; NULL, but not while measuring: costs are not counted */
    uint64_t cost;
} ainn_range;

void ainn_chance_init(ainn_chance *chances, size_t count);

void ainn_range_decode_start(ainn_range *range, const uint8_t *data, size_t size);
/* Whether the stream ended as it must. */
int ainn_range_decode_finish(const ainn_range *range);

/* Bytes are appended to `out`. */
void ainn_range_encode_start(ainn_range *range, ainn_buffer *out);
void ainn_range_encode_finish(ainn_range *range);

/* Fills `costs` for ainn_range. */
void ainn_range_costs(uint16_t costs[1 << AINN_COST_BITS]);

int ainn_range_code(ainn_range *range, ainn_chance *chance, int bit);

/* Codes a decision, or reads and returns it. */
static inline int ainn_range_bit(ainn_range *range, ainn_chance *chance, int bit)
{
    if (range->mode != AINN_RANGE_MEASURE)
        return ainn_range_code(range, chance, bit);
    uint32_t zero = ((uint32_t)chance->fast + chance->slow) >> 1;
    range->cost += range->costs[(bit ? 65536 - zero : zero) >> (16 - AINN_COST_BITS)];
    return bit;
}

/* `count` decisions at even chances, highest first. */
uint32_t ainn_range_even(ainn_range *range, unsigned count, uint32_t value);

/* Writes decisions that were recorded up to `end`; their chances have learnt, and their cost has been counted. */
void ainn_range_replay(ainn_range *range, const uint32_t *record, const uint32_t *end);

#endif
