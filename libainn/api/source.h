/* Where an encoder takes pixels from: an image in memory, or a callback that fills strips. */
#ifndef AINN_API_SOURCE_H
#define AINN_API_SOURCE_H

#include "ainn.h"
#include "container/error.h"
#include "util/memory.h"

#define AINN_STRIP_ROWS 16       /* picture rows that one row of latents stands for */

typedef struct ainn_source {
    uint32_t width, height, depth;
    ainn_channels channels;
    const ainn_image *image;     /* or NULL: */
    ainn_read_rows read;
    void *opaque;
    ainn_memory *memory;
    void *strip_memory;
    ainn_image kept;             /* the first rows of a callback, read ahead; height 0: none */
    void *kept_memory;
} ainn_source;

/* Strip memory for a source that has a callback. */
ainn_status ainn_source_open(ainn_source *source, ainn_memory *memory);
void ainn_source_close(ainn_source *source);

/* Reads rows (a multiple of AINN_STRIP_ROWS, or all) from a callback, or on from those read before; strips are taken from them once. With all
 * rows the source is an image from then on. */
ainn_status ainn_source_keep(ainn_source *source, ainn_memory *memory, uint32_t rows, ainn_error *error);

/* Rows first_row .. first_row + rows - 1 (at most AINN_STRIP_ROWS), in order in every pass. */
ainn_status ainn_source_strip(ainn_source *source, uint32_t first_row, uint32_t rows, ainn_image *strip, ainn_error *error);

#endif
