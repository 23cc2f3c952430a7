#include "entropy/rans.h"

#include <string.h>

/* ---- Encoding ---- */

void ainn_rans_encode_start(ainn_rans_encoder *encoder, unsigned states, uint8_t *end)
{
    encoder->state[0] = encoder->state[1] = AINN_RANS_LOW;
    encoder->states = states;
    encoder->next = encoder->end = end;
}

static void store(uint8_t *p, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void put(ainn_rans_encoder *encoder, uint64_t *state, uint32_t start, uint32_t frequency)
{
    uint64_t x = *state;
    if (x >= (uint64_t)frequency << 47) {
        encoder->next -= 4;
        store(encoder->next, x, 4);
        x >>= 32;
    }
    uint64_t quotient = x / frequency;
    *state = (quotient << 16) + (x - quotient * frequency) + start;
}

static void put_bit(ainn_rans_encoder *encoder, uint64_t *state, unsigned bit)
{
    put(encoder, state, bit << 15, 1u << 15);
}

void ainn_rans_encode(ainn_rans_encoder *encoder, size_t i, const ainn_symbol_table *table, int32_t value)
{
    uint64_t *state = &encoder->state[encoder->states == 2 ? i & 1 : 0];
    int32_t k = value - table->offset, largest = table->count - 2;
    if (k < 0 || k > largest) {
        uint32_t number = (uint32_t)(k < 0 ? -k : k - largest);        /* e + 1 */
        unsigned bits = 0;
        while (number >> (bits + 1))
            bits++;
        for (unsigned b = 0; b < bits; b++)
            put_bit(encoder, state, number >> b & 1);
        put_bit(encoder, state, 0);
        for (unsigned b = 0; b < bits; b++)
            put_bit(encoder, state, 1);
        put_bit(encoder, state, k > largest);
        k = largest + 1;
    }
    put(encoder, state, table->symbols[k].start, table->symbols[k].frequency);
}

void ainn_rans_encode_finish(ainn_rans_encoder *encoder)
{
    if (encoder->states == 2) {
        encoder->next -= 8;
        store(encoder->next, encoder->state[1], 8);
    }
    int bytes = 5;
    while (bytes < 8 && encoder->state[0] >> 8 * bytes)
        bytes++;
    encoder->next -= bytes;
    store(encoder->next, encoder->state[0], bytes);
}

/* ---- Decoding ---- */

static uint64_t load(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << 8 * i;
    return value;
}

void ainn_rans_decode_start(ainn_rans_decoder *decoder, unsigned states, const uint8_t *data, size_t size, size_t available)
{
    static const uint8_t nothing[1];
    size_t least = states == 2 ? 13 : 5;
    memset(decoder, 0, sizeof(*decoder));
    decoder->alternate = states == 2;
    decoder->state[0] = decoder->state[1] = AINN_RANS_LOW;
    decoder->next = decoder->end = decoder->real_end = nothing;
    if (available > size)
        available = size;
    if (size < least) {                       /* no element can follow; an empty stream has none */
        decoder->stopped = 1;
        decoder->broken = size != 0;
        return;
    }
    int first = 5 + (int)((size - least) & 3);
    size_t head = (size_t)first + least - 5;
    decoder->next = decoder->end = data + available;
    decoder->real_end = data + size;
    if (available < head) {
        decoder->stopped = 1;
        return;
    }
    decoder->state[0] = load(data, first);
    if (states == 2)
        decoder->state[1] = load(data + first, 8);
    decoder->next = data + head;
}

int ainn_rans_decode_finish(const ainn_rans_decoder *decoder)
{
    return !decoder->broken && decoder->next == decoder->real_end && decoder->state[0] == AINN_RANS_LOW &&
           decoder->state[1] == AINN_RANS_LOW && (!decoder->stopped || !decoder->elements);
}

static unsigned get_bit(ainn_rans_decoder *decoder, uint64_t *state)
{
    unsigned bit = *state >> 15 & 1;
    *state = (*state >> 16 << 15) + (*state & 32767);
    ainn_rans_renew(decoder, state);
    return bit;
}

int ainn_rans_decode_escape(ainn_rans_decoder *decoder, uint64_t *state, const ainn_symbol_table *table, int32_t *value)
{
    unsigned bits = 0;
    if (decoder->stopped)
        return 0;
    unsigned above = get_bit(decoder, state);
    while (!decoder->stopped && get_bit(decoder, state)) {
        if (++bits > AINN_RANS_MAX_ESCAPE) {
            decoder->stopped = decoder->broken = 1;
            return 0;
        }
    }
    int32_t number = 1;
    for (unsigned b = 0; b < bits && !decoder->stopped; b++)
        number = number << 1 | (int32_t)get_bit(decoder, state);
    if (decoder->stopped)
        return 0;
    decoder->elements++;
    *value = above ? table->offset + table->count - 2 + number : table->offset - number;
    return 1;
}
