/* What the network gets to see in cells that the detail layer takes over: smooth colours that go on from the cells around. */
#ifndef AINN_DETAIL_FILL_H
#define AINN_DETAIL_FILL_H

#include "ainn.h"
#include "util/memory.h"

typedef struct ainn_fill {
    uint32_t columns, rows;      /* of cells */
    const uint8_t *mask;         /* [rows][columns]: not 0 for cells to be filled */
    int planes;
    uint16_t *mean;              /* [planes][rows][columns] */
} ainn_fill;

/* The mask must stay. */
ainn_status ainn_fill_create(ainn_memory *memory, const ainn_image *image, uint32_t columns, uint32_t rows, const uint8_t *mask, ainn_fill *fill);
void ainn_fill_destroy(ainn_memory *memory, ainn_fill *fill);

/* Fills a row's masked cells. */
void ainn_fill_row(const ainn_fill *fill, int plane, uint32_t y, uint16_t *samples, uint32_t width);

#endif
