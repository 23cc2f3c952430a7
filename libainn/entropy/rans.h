/* rANS with one or two states (format-spec/bitstream.md): 64-bit states, 32-bit words, frequencies of 16 bits. */
#ifndef AINN_ENTROPY_RANS_H
#define AINN_ENTROPY_RANS_H

#include <stddef.h>
#include <stdint.h>

#include "entropy/tables.h"

#define AINN_RANS_LOW ((uint64_t)1 << 31)     /* lower bound of a state */
#define AINN_RANS_MAX_ESCAPE 16               /* most bits after an escape's unary part */
/* Bytes that a stream of n elements can never exceed: 16 bits of symbol, 1 + 17 + 16 raw bits of escape, and the states. */
#define AINN_RANS_BOUND(n) ((size_t)(n) / 4 * 25 + 64)

/* ---- Encoding: backwards, from the last element to the first, into memory that fills from its end ---- */

typedef struct ainn_rans_encoder {
    uint64_t state[2];
    unsigned states;
    uint8_t *next;                            /* first byte written */
    uint8_t *end;
} ainn_rans_encoder;

/* `end` is the end of memory that holds AINN_RANS_BOUND() bytes. */
void ainn_rans_encode_start(ainn_rans_encoder *encoder, unsigned states, uint8_t *end);
/* Element number `i` of the stream has this value. |value - range| must stay below 2^17 - 1. */
void ainn_rans_encode(ainn_rans_encoder *encoder, size_t i, const ainn_symbol_table *table, int32_t value);
/* Writes the states; the stream lies from encoder->next to the end. */
void ainn_rans_encode_finish(ainn_rans_encoder *encoder);

/* ---- Decoding ---- */

typedef struct ainn_rans_decoder {
    uint64_t state[2];
    const uint8_t *next, *end;
    const uint8_t *real_end;                  /* where the stream should end; beyond `end` if it was cut */
    size_t elements;                          /* decoded so far, those that were missing not counted */
    unsigned alternate;                       /* 1 with two states, else 0 */
    int stopped;                              /* something was missing or impossible: every further element is missing */
    int broken;                               /* ... and it was not because the stream was cut */
} ainn_rans_decoder;

/* A stream of `size` bytes of which `available` are there. */
void ainn_rans_decode_start(ainn_rans_decoder *decoder, unsigned states, const uint8_t *data, size_t size, size_t available);
/* Whether the stream ended as it must: nothing missing, every state at its lower bound, no byte left. */
int ainn_rans_decode_finish(const ainn_rans_decoder *decoder);
/* The rest of an element whose first symbol was the escape. */
int ainn_rans_decode_escape(ainn_rans_decoder *decoder, uint64_t *state, const ainn_symbol_table *table, int32_t *value);

/* Takes a word into a state that fell below its bound. */
static inline void ainn_rans_renew(ainn_rans_decoder *decoder, uint64_t *state)
{
    if (*state >= AINN_RANS_LOW)
        return;
    if (decoder->end - decoder->next < 4) {
        decoder->stopped = 1;
        decoder->broken |= decoder->end == decoder->real_end;
        return;
    }
    const uint8_t *p = decoder->next;
    uint32_t word = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    *state = *state << 32 | word;
    decoder->next += 4;
}

/* The next element. 0: it is missing, *value is untouched. */
static inline int ainn_rans_decode(ainn_rans_decoder *decoder, const ainn_symbol_table *table, int32_t *value)
{
    if (decoder->stopped)
        return 0;
    uint64_t *state = &decoder->state[decoder->elements & decoder->alternate];
    uint32_t slot = (uint32_t)(*state & 65535);
    const ainn_symbol *symbol = table->symbols + table->lookup[slot >> (AINN_TABLE_BITS - AINN_LOOKUP_BITS)];
    while (slot - symbol->start >= symbol->frequency)
        symbol++;
    *state = symbol->frequency * (*state >> 16) + slot - symbol->start;
    ainn_rans_renew(decoder, state);
    int32_t k = (int32_t)(symbol - table->symbols);
    if (k == table->count - 1)
        return ainn_rans_decode_escape(decoder, state, table, value);
    decoder->elements++;
    *value = k + table->offset;
    return 1;
}

#endif
