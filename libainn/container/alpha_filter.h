/* PNG's row filters for one or two bytes a pixel. */
#ifndef AINN_CONTAINER_ALPHA_FILTER_H
#define AINN_CONTAINER_ALPHA_FILTER_H

#include <stddef.h>
#include <stdint.h>

#define AINN_FILTERS 5

/* out = row filtered with `type`; `above` is the row before (zeros for the first). Returns the sum of absolute differences. */
uint64_t ainn_filter_row(int type, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t size, size_t pixel);

/* Undoes it in place; type 0 to 4. */
void ainn_unfilter_row(int type, uint8_t *row, const uint8_t *above, size_t size, size_t pixel);

#endif
