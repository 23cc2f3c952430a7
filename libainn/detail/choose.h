/* Which cells the detail layer takes over from the network, and with which quantisers. */
#ifndef AINN_DETAIL_CHOOSE_H
#define AINN_DETAIL_CHOOSE_H

#include <stdint.h>

/* What is known of a picture's cells: J = bits + lambda * squared error, in units of 2^-16 bits. */
typedef struct ainn_survey {
    uint32_t columns, rows;      /* of cells */
    uint64_t *network;           /* [rows][columns]: of the network alone */
    uint64_t *layer;             /* [AINN_DETAIL_TRIALS][rows][columns]: of the layer alone with each quantiser */
    uint8_t *choice;             /* of a quantiser, for each group */
    uint8_t *mask;               /* [rows][columns]: not 0 for cells that the layer takes over */
} ainn_survey;

/* For each group the quantiser that does best together with the network, to s->choice. */
void ainn_choose_quantisers(const ainn_survey *s);

/* The cells that the layer does better, found from large tiles to single cells, to s->mask. Returns the J that is to be expected of all cells. */
uint64_t ainn_choose_cells(const ainn_survey *s);

#endif
