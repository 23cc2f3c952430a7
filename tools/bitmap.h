/* A picture of where the bits of a frame go, drawn over the frame in grey. */
#ifndef AINN_TOOLS_BITMAP_H
#define AINN_TOOLS_BITMAP_H

#include "common.h"

/* What the colours of a map mean. */
typedef struct bitmap_scale {
    double mean;            /* bits a block of 16 x 16 pixels */
    double red;             /* bits from which a block is red */
} bitmap_scale;

/* Writes the map of `frame` to `path` (PNG, PPM or PAM). false after a message; the output is finished, not yet committed. */
bool bitmap_write(const char *name, ainn_bytes frame, uint32_t threads, const char *path, bitmap_scale *scale);

#endif
