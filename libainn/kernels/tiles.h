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

/* RUN(p, size, skip) for each tile of a row: `size` positions from p on, of which the first `skip` have been done. Sizes are TILE, TILE - 1 and 1, as constants.
 * Where TILE does not divide the positions, some tiles have one less (49 are four tiles of six and five of five), or, where there are too few for that,
 * the last tile overlaps the one before it. Less than a tile is done one by one. */
#define AINN_FOR_TILES(positions, TILE, RUN)                                                             \
    do {                                                                                                 \
        const size_t large_end = (positions) - ainn_smaller_tiles(positions, TILE) * ((TILE) - 1);       \
        size_t at = 0;                                                                                   \
                                                                                                         \
        while ((positions) >= (TILE) && at < large_end) {                                                \
            const size_t done = large_end - at < (TILE) ? (TILE) - (large_end - at) : 0;                 \
                                                                                                         \
            RUN(at - done, TILE, (int)done);                                                             \
            at += (TILE) - done;                                                                         \
        }                                                                                                \
        for (; at + (TILE) - 1 <= (positions); at += (TILE) - 1)                                         \
            RUN(at, (TILE) - 1, 0);                                                                      \
        for (; at < (positions); at++)                                                                   \
            RUN(at, 1, 0);                                                                               \
    } while (0)

#endif
