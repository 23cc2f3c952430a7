/* Cells of the detail layer and their coding (format-spec/detail.md): what the decoder and the encoder share. */
#ifndef AINN_DETAIL_CELLS_H
#define AINN_DETAIL_CELLS_H

#include "detail/dct.h"
#include "detail/paint.h"

#define AINN_DETAIL_SIDE 64      /* cells along a side of a group */
#define AINN_DETAIL_BLOCKS (2 * AINN_DETAIL_SIDE)
#define AINN_DETAIL_LEVEL 32767  /* largest level */

/* What has been learnt. [2]: the first component, the others. */
typedef struct ainn_detail_chances {
    ainn_chance cell[3][3];                   /* kinds of the cells left and above */
    ainn_chance painted[3][3];
    ainn_chance copy[2][3];                   /* copied neighbours */
    ainn_chance above[2][3];
    ainn_chance length[2][8][8];              /* class of the neighbours' lengths, classes passed */
    ainn_chance length_bits[2][7][32];        /* class, bits above with a 1 before them */
    ainn_chance zero[2][7][9][6];             /* place, activity in the block, in the neighbours */
    ainn_chance more[2][2][10][2];            /* lowest frequency or not, activity, whether above 2 */
    ainn_chance exponent[2][2][10][16];
    ainn_chance mantissa[2][2][17][2];        /* exponent, highest and second bit */
    ainn_chance sign[2][9];
    ainn_chance first_sign[2][3];
} ainn_detail_chances;

/* How a cell is corrected. */
typedef enum ainn_detail_kind { AINN_DETAIL_PLAIN, AINN_DETAIL_BLOCKED, AINN_DETAIL_PAINTED } ainn_detail_kind;

/* A block as neighbours see it. */
typedef struct ainn_detail_block {
    int16_t level[AINN_DCT_SIZE];             /* by frequency; all zero where the cell is not coded */
    uint8_t length;                           /* places up to the last one that is not zero */
    uint8_t coded;                            /* its cell is AINN_DETAIL_BLOCKED */
    uint8_t copied;
} ainn_detail_block;

/* How a block is coded. */
typedef enum ainn_detail_way { AINN_DETAIL_OWN, AINN_DETAIL_LEFT, AINN_DETAIL_ABOVE } ainn_detail_way;

/* The coder of a group. Blocks of the row of cells at work, and the last row of blocks above it. */
typedef struct ainn_detail_coder {
    ainn_range range;
    ainn_detail_chances chances;
    uint32_t columns, rows;                   /* of cells */
    int components;                           /* 1 for grey pictures, else 3 */
    ainn_detail_block *row[3];                /* above, upper, lower: [components][2 * columns + 1], the first one is never coded */
    ainn_detail_block *memory;
    ainn_paint paint;
    uint8_t kind[AINN_DETAIL_SIDE];           /* of the last cell of each column */
    uint8_t left;                             /* kind of the last cell of the row */
} ainn_detail_coder;

/* Takes memory; for the start of every group ainn_detail_coder_start() follows. */
ainn_status ainn_detail_coder_create(ainn_memory *memory, int components, unsigned depth, ainn_detail_coder *coder);
void ainn_detail_coder_destroy(ainn_memory *memory, ainn_detail_coder *coder);

/* Forgets everything but the range coder, which the caller starts. */
void ainn_detail_coder_start(ainn_detail_coder *coder, uint32_t columns, uint32_t rows);

/* The next row of cells. */
void ainn_detail_next_row(ainn_detail_coder *coder);

/* Block (x, y) of the row of cells: y 0 or 1, x from 0. */
static inline ainn_detail_block *ainn_detail_at(const ainn_detail_coder *coder, int component, uint32_t x, int y)
{
    return coder->row[1 + y] + (size_t)component * (2 * AINN_DETAIL_SIDE + 1) + x + 1;
}

/* The block above; of the upper row's, that of the row of cells before. */
static inline ainn_detail_block *ainn_detail_above(const ainn_detail_coder *coder, int component, uint32_t x, int y)
{
    return coder->row[y] + (size_t)component * (2 * AINN_DETAIL_SIDE + 1) + x + 1;
}

/* How the cell at column x is corrected. Unless measured, it is then what neighbours see; its blocks or its painting follow. */
ainn_detail_kind ainn_detail_code_cell(ainn_detail_coder *coder, uint32_t x, ainn_detail_kind kind);

/* Whether a block may be copied. */
int ainn_detail_can_copy(const ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way);

/* Codes one block, which becomes what neighbours see. Encoding: the levels and the length of an own block are those of
 * `block`, which may be at its place or, where the mode is AINN_RANGE_MEASURE, elsewhere. */
void ainn_detail_code_block(ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way, ainn_detail_block *block);

/* Prediction of the lowest frequency's level. */
int32_t ainn_detail_predict(const ainn_detail_coder *coder, int component, uint32_t x, int y);

/* A place (an index of ainn_zigzag) of a block whose higher places are known: what its level's chances depend on. */
typedef struct ainn_detail_site {
    int kind, first;                          /* not the first component; the lowest frequency */
    int sure;                                 /* the last place of the length: not calm */
    unsigned context;                         /* of the magnitude */
    int32_t prediction;
    ainn_chance *zero, *sign;
} ainn_detail_site;

void ainn_detail_find_site(ainn_detail_coder *coder, int component, uint32_t x, int y, const ainn_detail_block *block, int place, ainn_detail_site *site);

/* Codes the level at a site; returns it. */
int32_t ainn_detail_code_level(ainn_detail_coder *coder, const ainn_detail_site *site, int32_t level);

/* Codes the way and, of an own block, the length, whose context is found first. */
ainn_detail_way ainn_detail_code_way(ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way);
unsigned ainn_detail_length_context(const ainn_detail_coder *coder, int component, uint32_t x, int y);
unsigned ainn_detail_code_length(ainn_detail_coder *coder, int component, unsigned context, unsigned length);

/* Coefficients of a block from its levels. */
void ainn_detail_coefficients(const ainn_detail_block *block, int32_t step, int32_t coefficients[AINN_DCT_SIZE]);

/* Colours from components: adds to u in place, n pixels; components in units of 4 u. */
void ainn_detail_add(uint32_t *const u[3], const int32_t *const samples[3], int components, uint32_t count);

#endif
