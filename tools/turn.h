/* A picture in memory that is filled as it is stored and read as it is shown: the orientation is applied by strides alone. */
#ifndef AINN_TOOLS_TURN_H
#define AINN_TOOLS_TURN_H

#include "common.h"
#include "imageio/imageio.h"

typedef struct turned_picture {
    void *pixels;
    ainn_image stored;      /* view for the decoder */
    ainn_image shown;       /* the same samples, turned: interleaved, tightly packed */
} turned_picture;

/* `header` has the stored size and kind; `limit` is in bytes. */
ainn_status turned_picture_create(turned_picture *picture, const imageio_header *header, uint8_t orientation, uint64_t limit);
void turned_picture_destroy(turned_picture *picture);

#endif
