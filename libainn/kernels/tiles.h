/* How dense kernels divide a row into tiles. */
#ifndef AINN_TILES_H
#define AINN_TILES_H

#include <stddef.h>

/* How many tiles of one position less than `tile` it takes so that tiles of both sizes make up all positions; 0 where these are too few. */
static inline size_t ainn_smaller_tiles(size_t positions, size_t tile)
{
    const size_t smaller = (tile - positions % tile) % tile;

    return smaller * (tile - 1) <= positions ? smaller : 0;
}

#endif
