#include "detail/range.h"

#include "entropy/tables.h"

#define TOP ((uint32_t)1 << 24)  /* the range stays at or above it */
#define FAST_RATE 4              /* the fast estimate never learns more slowly */

/* How slowly an estimate learns after so many decisions: about as a mean of all of them would, up to 1/128. */
static unsigned rate_of(unsigned seen)
{
    static const uint8_t rate[AINN_CHANCE_SEEN + 1] = {
        1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
        6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7
    };
    return rate[seen];
}

void ainn_chance_init(ainn_chance *chances, size_t count)
{
    for (size_t i = 0; i < count; i++)
        chances[i] = (ainn_chance){ 32768, 32768, 0 };
}

static uint16_t learn(uint16_t estimate, unsigned rate, int bit)
{
    return (uint16_t)(bit ? estimate - (estimate >> rate) : estimate + ((65536 - estimate) >> rate));
}

static void update(ainn_chance *chance, int bit)
{
    unsigned rate = rate_of(chance->seen);
    chance->slow = learn(chance->slow, rate, bit);
    chance->fast = learn(chance->fast, rate < FAST_RATE ? rate : FAST_RATE, bit);
    chance->seen += chance->seen < AINN_CHANCE_SEEN;
}

/* ---- Decoding ---- */

static uint32_t next_byte(ainn_range *range)
{
    if (range->next < range->end)
        return *range->next++;
    range->missing++;
    return 0;
}

void ainn_range_decode_start(ainn_range *range, const uint8_t *data, size_t size)
{
    *range = (ainn_range){ .mode = AINN_RANGE_DECODE, .range = UINT32_MAX, .next = data, .end = data + size };
    for (int i = 0; i < 4; i++)
        range->code = range->code << 8 | next_byte(range);
}

/* The encoder leaves zeros at the end away, so a complete stream lacks at most the four bytes of its last number. */
int ainn_range_decode_finish(const ainn_range *range)
{
    return range->next == range->end && range->missing <= 4;
}

/* ---- Encoding ---- */

void ainn_range_encode_start(ainn_range *range, ainn_buffer *out)
{
    *range = (ainn_range){ .mode = AINN_RANGE_ENCODE, .range = UINT32_MAX, .pending = 1, .out = out };
}

/* Moves the highest byte of `low` out; a byte of 255 waits, as a carry may still come. */
static void shift_low(ainn_range *range)
{
    if (range->low < 0xFF000000u || range->low > UINT32_MAX) {
        unsigned carry = (unsigned)(range->low >> 32);
        for (; range->pending; range->pending--) {
            if (range->begun)
                ainn_buffer_append_byte(range->out, (range->cache + carry) & 255);
            range->begun = 1;
            range->cache = 255;
        }
        range->cache = (uint8_t)(range->low >> 24);
    }
    range->pending++;
    range->low = (range->low & 0xFFFFFF) << 8;
}

/* A number of the last interval with as many zeros at its end as there can be. */
static uint64_t shortest(uint64_t low, uint32_t range)
{
    for (unsigned bits = 32; bits-- > 0;) {
        uint64_t number = (low + (((uint64_t)1 << bits) - 1)) >> bits << bits;
        if (number - low < range)
            return number;
    }
    return low;
}

void ainn_range_encode_finish(ainn_range *range)
{
    ainn_buffer *out = range->out;
    range->low = shortest(range->low, range->range);
    for (int i = 0; i < 5; i++)
        shift_low(range);
    for (int i = 0; i < 4 && out->size && !out->data[out->size - 1]; i++)
        out->size--;
}

/* ---- Both ---- */

void ainn_range_costs(uint16_t costs[1 << AINN_COST_BITS])
{
    for (uint32_t i = 0; i < 1u << AINN_COST_BITS; i++)
        costs[i] = (uint16_t)(((16u << 16) - ainn_log2((i << 8) + 128)) >> 8);
}

static void add_cost(ainn_range *range, uint32_t zero, int bit)
{
    if (range->costs)
        range->cost += range->costs[(bit ? 65536 - zero : zero) >> (16 - AINN_COST_BITS)];
}

/* Cuts the range at `bound`: below it is a 0. */
static int cut(ainn_range *range, uint32_t bound, int bit)
{
    if (range->mode == AINN_RANGE_DECODE) {
        bit = range->code >= bound;
        if (bit)
            range->code -= bound;
    } else if (bit) {
        range->low += bound;
    }
    range->range = bit ? range->range - bound : bound;
    while (range->range < TOP) {
        range->range <<= 8;
        if (range->mode == AINN_RANGE_DECODE)
            range->code = range->code << 8 | next_byte(range);
        else
            shift_low(range);
    }
    return bit;
}

int ainn_range_code(ainn_range *range, ainn_chance *chance, int bit)
{
    uint32_t zero = ((uint32_t)chance->fast + chance->slow) >> 1;
    if (range->mode < AINN_RANGE_MEASURE)
        bit = cut(range, (range->range >> 16) * zero, bit);
    else if (range->record)
        *range->record++ = zero << 1 | (uint32_t)bit;
    update(chance, bit);
    add_cost(range, zero, bit);
    return bit;
}

uint32_t ainn_range_even(ainn_range *range, unsigned count, uint32_t value)
{
    uint32_t result = 0;
    range->cost += count << 8;
    if (range->mode >= AINN_RANGE_MEASURE) {
        for (unsigned bit = count; range->record && bit-- > 0;)
            *range->record++ = value >> bit & 1;         /* a chance of 0, which no other decision has */
        return value;
    }
    while (count-- > 0)
        result = result << 1 | (uint32_t)cut(range, range->range >> 1, (int)(value >> count & 1));
    return result;
}

void ainn_range_replay(ainn_range *range, const uint32_t *record, const uint32_t *end)
{
    for (; record < end; record++) {
        uint32_t zero = *record >> 1;
        cut(range, zero ? (range->range >> 16) * zero : range->range >> 1, (int)(*record & 1));
    }
}
