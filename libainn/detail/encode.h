/* Encoding of the detail layer, a row of cells at a time. */
#ifndef AINN_DETAIL_ENCODE_H
#define AINN_DETAIL_ENCODE_H

#include "detail/stream.h"
#include "detail/trial.h"
#include "util/pool.h"

typedef struct ainn_detail_encoder ainn_detail_encoder;

/* A picture of `planes` (1 or 3) planes of colour. Either with every quantiser, for the J of each cell: cells [AINN_DETAIL_TRIALS][rows][columns],
 * choice NULL; or with one, for the stream: cells NULL, choice [groups] has its number for each group. */
ainn_status ainn_detail_encoder_create(ainn_memory *memory, ainn_pool *pool, uint32_t width, uint32_t height, uint32_t depth, int planes,
                                       uint32_t quality_code, uint64_t *cells, const uint8_t *choice, ainn_detail_encoder **encoder);
void ainn_detail_encoder_destroy(ainn_memory *memory, ainn_detail_encoder *encoder);

/* The next row of cells: 16 lines of samples of the picture (edges repeated) and of u as synthesised, lines `stride` values apart. */
ainn_status ainn_detail_encode_row(ainn_detail_encoder *encoder, const uint16_t *const samples[3], const uint32_t *const u[3], size_t stride);

/* After the last row, of an encoder with a choice: appends the extension to `out`, nothing if no cell is coded. */
ainn_status ainn_detail_encode_finish(ainn_detail_encoder *encoder, ainn_buffer *out, ainn_detail_result *result);

#endif
