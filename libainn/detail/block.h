/* The encoder's choice for one block of the detail layer. */
#ifndef AINN_DETAIL_BLOCK_H
#define AINN_DETAIL_BLOCK_H

#include "detail/cells.h"
#include "detail/weigh.h"

/* Chooses the way and the levels of block (x, y) by what they cost and how far they are from `coefficients`; the coder's mode is
 * AINN_RANGE_MEASURE, so that nothing is written. The result stands at the block's place, where later blocks of the cell see it. */
ainn_detail_way ainn_detail_choose_block(ainn_detail_coder *coder, int component, uint32_t x, int y, const int32_t coefficients[AINN_DCT_SIZE],
                                         int32_t step, const ainn_weigh *weigh);

#endif
