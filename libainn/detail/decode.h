/* Decoding of the detail layer, a row of cells at a time. */
#ifndef AINN_DETAIL_DECODE_H
#define AINN_DETAIL_DECODE_H

#include "detail/cells.h"
#include "detail/stream.h"
#include "util/pool.h"

typedef struct ainn_detail_decoder ainn_detail_decoder;

/* For the columns left .. right - 1 of a picture of columns x rows cells. `data` is the extension's, of which `streams` (of all groups,
 * in raster order) are used where they have a size; those have been checked. bit_map: NULL, or [rows][columns] numbers to which
 * each cell's bits are added. */
ainn_status ainn_detail_decoder_create(ainn_memory *memory, ainn_pool *pool, const uint8_t *data, const ainn_detail_stream *streams, int components, uint32_t depth,
                                       uint32_t columns, uint32_t rows, uint32_t left, uint32_t right, float *bit_map, ainn_detail_decoder **decoder);
void ainn_detail_decoder_destroy(ainn_memory *memory, ainn_detail_decoder *decoder);

/* Decodes up to a row of cells; rows ascend. Returns how many groups ended wrongly in this call. */
unsigned ainn_detail_decode_row(ainn_detail_decoder *decoder, uint32_t row);

/* Corrects `count` pixels of u with line y (0 .. 15) of the row of cells, from pixel `first` of column `left` on. */
void ainn_detail_decoder_correct(const ainn_detail_decoder *decoder, uint32_t y, size_t first, uint32_t *const u[3], uint32_t count);

#endif
