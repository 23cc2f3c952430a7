#include "container/alpha.h"

#include <string.h>
#include <zlib.h>

#include "container/alpha_filter.h"

#define CHUNK 4096               /* compressed bytes taken from or given to zlib at a time */

static voidpf zlib_allocate(voidpf opaque, uInt items, uInt size)
{
    return ainn_alloc_array(opaque, items, size);
}

static void zlib_release(voidpf opaque, voidpf address)
{
    ainn_free_memory(opaque, address);
}

static void use_memory(z_stream *stream, ainn_memory *memory)
{
    stream->zalloc = zlib_allocate;
    stream->zfree = zlib_release;
    stream->opaque = memory;
}

uint32_t ainn_alpha_quantise(uint32_t sample, uint32_t max, uint32_t quality)
{
    if (quality >= 100)
        return sample;
    uint32_t levels = 2 + (uint32_t)((uint64_t)(max - 1) * quality * quality / 9801);
    uint64_t number = ((uint64_t)sample * (levels - 1) + max / 2) / max;
    return (uint32_t)((number * max + (levels - 1) / 2) / (levels - 1));
}

/* ---- Encoding ---- */

struct ainn_alpha_encoder {
    ainn_memory *memory;
    uint32_t width, max, quality;
    size_t pixel, row_size;      /* bytes */
    uint8_t *row, *above;
    uint8_t *filtered[2];        /* best so far and the one tried; each begins with its filter byte */
    ainn_buffer *out;
    z_stream zlib;
    int zlib_open;
};

ainn_status ainn_alpha_encoder_create(ainn_memory *memory, uint32_t width, uint32_t depth, uint32_t quality, int effort,
                                      ainn_buffer *out, ainn_alpha_encoder **result)
{
    *result = NULL;
    ainn_alpha_encoder *encoder = ainn_alloc(memory, sizeof(*encoder));
    if (!encoder)
        return ainn_memory_status(memory);
    encoder->memory = memory;
    encoder->width = width;
    encoder->max = (1u << depth) - 1;
    encoder->quality = quality;
    encoder->pixel = depth > 8 ? 2 : 1;
    encoder->row_size = encoder->pixel * width;
    encoder->out = out;
    int level = effort < 3 ? 3 : effort > 9 ? 9 : effort;
    use_memory(&encoder->zlib, memory);
    if (!(encoder->row = ainn_alloc(memory, encoder->row_size)) || !(encoder->above = ainn_alloc(memory, encoder->row_size)) ||
        !(encoder->filtered[0] = ainn_alloc(memory, encoder->row_size + 1)) ||
        !(encoder->filtered[1] = ainn_alloc(memory, encoder->row_size + 1)) || deflateInit(&encoder->zlib, level) != Z_OK) {
        ainn_status status = ainn_memory_status(memory);
        ainn_alpha_encoder_destroy(encoder);
        return status;
    }
    encoder->zlib_open = 1;
    *result = encoder;
    return AINN_OK;
}

void ainn_alpha_encoder_destroy(ainn_alpha_encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->zlib_open)
        deflateEnd(&encoder->zlib);
    ainn_free_memory(encoder->memory, encoder->row);
    ainn_free_memory(encoder->memory, encoder->above);
    ainn_free_memory(encoder->memory, encoder->filtered[0]);
    ainn_free_memory(encoder->memory, encoder->filtered[1]);
    ainn_free_memory(encoder->memory, encoder);
}

static ainn_status deflate_bytes(ainn_alpha_encoder *encoder, uint8_t *data, size_t size, int flush)
{
    uint8_t chunk[CHUNK];
    int result = Z_OK;
    encoder->zlib.next_in = data;
    do {
        uInt part = size > 1u << 30 ? 1u << 30 : (uInt)size;
        encoder->zlib.avail_in = part;
        size -= part;
        do {
            encoder->zlib.next_out = chunk;
            encoder->zlib.avail_out = CHUNK;
            result = deflate(&encoder->zlib, size ? Z_NO_FLUSH : flush);
            ainn_buffer_append(encoder->out, chunk, CHUNK - encoder->zlib.avail_out);
        } while (result == Z_OK && (encoder->zlib.avail_in || !encoder->zlib.avail_out));
    } while (size);
    return encoder->out->status;
}

ainn_status ainn_alpha_encode_row(ainn_alpha_encoder *encoder, const uint16_t *samples)
{
    uint64_t best = UINT64_MAX;
    uint8_t *row = encoder->row;
    for (uint32_t x = 0; x < encoder->width; x++) {
        uint32_t sample = samples[x] > encoder->max ? encoder->max : samples[x];
        sample = ainn_alpha_quantise(sample, encoder->max, encoder->quality);
        if (encoder->pixel == 2)
            *row++ = (uint8_t)(sample >> 8);
        *row++ = (uint8_t)sample;
    }
    for (int type = 0; type < AINN_FILTERS; type++) {
        uint8_t *tried = encoder->filtered[1];
        tried[0] = (uint8_t)type;
        uint64_t sum = ainn_filter_row(type, tried + 1, encoder->row, encoder->above, encoder->row_size, encoder->pixel);
        if (sum < best) {
            best = sum;
            encoder->filtered[1] = encoder->filtered[0];
            encoder->filtered[0] = tried;
        }
    }
    row = encoder->row;
    encoder->row = encoder->above;
    encoder->above = row;
    return deflate_bytes(encoder, encoder->filtered[0], encoder->row_size + 1, Z_NO_FLUSH);
}

ainn_status ainn_alpha_encode_finish(ainn_alpha_encoder *encoder)
{
    uint8_t nothing = 0;
    return deflate_bytes(encoder, &nothing, 0, Z_FINISH);
}

/* ---- Decoding ---- */

struct ainn_alpha_decoder {
    ainn_memory *memory;
    uint32_t width, max;
    size_t pixel, row_size;
    uint8_t *row, *above;        /* each begins with its filter byte */
    const uint8_t *data;
    size_t size;                 /* not given to zlib yet */
    z_stream zlib;
    int zlib_open, ended;
    ainn_status status;          /* what stopped it */
};

ainn_status ainn_alpha_decoder_create(ainn_memory *memory, uint32_t width, uint32_t depth, const uint8_t *data, size_t size,
                                      ainn_alpha_decoder **result)
{
    *result = NULL;
    ainn_alpha_decoder *decoder = ainn_alloc(memory, sizeof(*decoder));
    if (!decoder)
        return ainn_memory_status(memory);
    decoder->memory = memory;
    decoder->width = width;
    decoder->max = (1u << depth) - 1;
    decoder->pixel = depth > 8 ? 2 : 1;
    decoder->row_size = decoder->pixel * width;
    decoder->data = data;
    decoder->size = size;
    use_memory(&decoder->zlib, memory);
    if (!(decoder->row = ainn_alloc(memory, decoder->row_size + 1)) || !(decoder->above = ainn_alloc(memory, decoder->row_size + 1)) ||
        inflateInit(&decoder->zlib) != Z_OK) {
        ainn_status status = ainn_memory_status(memory);
        ainn_alpha_decoder_destroy(decoder);
        return status;
    }
    decoder->zlib_open = 1;
    *result = decoder;
    return AINN_OK;
}

void ainn_alpha_decoder_destroy(ainn_alpha_decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->zlib_open)
        inflateEnd(&decoder->zlib);
    ainn_free_memory(decoder->memory, decoder->row);
    ainn_free_memory(decoder->memory, decoder->above);
    ainn_free_memory(decoder->memory, decoder);
}

/* Fills `size` bytes. AINN_ERROR_INVALID: damage, or the stream gives fewer. */
static ainn_status inflate_bytes(ainn_alpha_decoder *decoder, uint8_t *out, size_t size)
{
    z_stream *zlib = &decoder->zlib;
    zlib->next_out = out;
    while (size && !decoder->ended) {
        if (!zlib->avail_in) {
            zlib->next_in = (uint8_t *)decoder->data;
            zlib->avail_in = decoder->size > CHUNK ? CHUNK : (uInt)decoder->size;
            decoder->data += zlib->avail_in;
            decoder->size -= zlib->avail_in;
        }
        uInt part = size > 1u << 30 ? 1u << 30 : (uInt)size;
        zlib->avail_out = part;
        int result = inflate(zlib, Z_NO_FLUSH);
        size -= part - zlib->avail_out;
        if (result == Z_MEM_ERROR)
            return ainn_memory_status(decoder->memory);
        if (result == Z_STREAM_END)
            decoder->ended = 1;
        else if (result != Z_OK)
            return AINN_ERROR_INVALID;
    }
    return size ? AINN_ERROR_INVALID : AINN_OK;
}

static ainn_status decode_samples(ainn_alpha_decoder *decoder, uint16_t *samples)
{
    ainn_status status = inflate_bytes(decoder, decoder->row, decoder->row_size + 1);
    if (status != AINN_OK || decoder->row[0] >= AINN_FILTERS)
        return status != AINN_OK ? status : AINN_ERROR_INVALID;
    ainn_unfilter_row(decoder->row[0], decoder->row + 1, decoder->above + 1, decoder->row_size, decoder->pixel);
    const uint8_t *in = decoder->row + 1;
    for (uint32_t x = 0; x < decoder->width; x++, in += decoder->pixel) {
        uint32_t sample = decoder->pixel == 2 ? (uint32_t)in[0] << 8 | in[1] : in[0];
        samples[x] = (uint16_t)sample;
        if (sample > decoder->max)
            status = AINN_ERROR_INVALID;
    }
    uint8_t *row = decoder->row;
    decoder->row = decoder->above;
    decoder->above = row;
    return status;
}

ainn_status ainn_alpha_decode_row(ainn_alpha_decoder *decoder, uint16_t *samples)
{
    if (decoder->status == AINN_OK)
        decoder->status = decode_samples(decoder, samples);
    if (decoder->status != AINN_OK)
        for (uint32_t x = 0; x < decoder->width; x++)
            samples[x] = (uint16_t)decoder->max;
    return decoder->status;
}

ainn_status ainn_alpha_decode_finish(ainn_alpha_decoder *decoder)
{
    uint8_t byte;
    if (decoder->status != AINN_OK)
        return decoder->status;
    ainn_status status = inflate_bytes(decoder, &byte, 1);
    if (status == AINN_ERROR_INVALID && decoder->ended && !decoder->zlib.avail_in && !decoder->size)
        return AINN_OK;
    return status == AINN_OK ? AINN_ERROR_INVALID : status;
}
