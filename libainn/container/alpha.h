/* Alpha: PNG's row filters and one zlib stream (format-spec/container.md). Both ways row by row. */
#ifndef AINN_CONTAINER_ALPHA_H
#define AINN_CONTAINER_ALPHA_H

#include "container/bytes.h"

typedef struct ainn_alpha_encoder ainn_alpha_encoder;

/* `quality` 100 is lossless. What is compressed is appended to `out`. */
ainn_status ainn_alpha_encoder_create(ainn_memory *memory, uint32_t width, uint32_t depth, uint32_t quality, int effort,
                                      ainn_buffer *out, ainn_alpha_encoder **encoder);
/* The next row of samples. */
ainn_status ainn_alpha_encode_row(ainn_alpha_encoder *encoder, const uint16_t *samples);
ainn_status ainn_alpha_encode_finish(ainn_alpha_encoder *encoder);
void ainn_alpha_encoder_destroy(ainn_alpha_encoder *encoder);

typedef struct ainn_alpha_decoder ainn_alpha_decoder;

ainn_status ainn_alpha_decoder_create(ainn_memory *memory, uint32_t width, uint32_t depth, const uint8_t *data, size_t size,
                                      ainn_alpha_decoder **decoder);
/* The next row. AINN_ERROR_INVALID: the data ends early or is damaged; samples are then opaque, as those of later rows (or memory is short). */
ainn_status ainn_alpha_decode_row(ainn_alpha_decoder *decoder, uint16_t *samples);
/* After the last row: whether the stream ends there. */
ainn_status ainn_alpha_decode_finish(ainn_alpha_decoder *decoder);
void ainn_alpha_decoder_destroy(ainn_alpha_decoder *decoder);

/* A sample of largest value `max` as it is stored at a quality below 100. */
uint32_t ainn_alpha_quantise(uint32_t sample, uint32_t max, uint32_t quality);

#endif
