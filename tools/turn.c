#include "turn.h"

#include <stdlib.h>

ainn_status turned_picture_create(turned_picture *picture, const imageio_header *header, uint8_t orientation, uint64_t limit)
{
    size_t sample = header->depth > 8 ? 2 : 1;
    size_t pixel = sample * (size_t)header->channels;
    bool swapped = orientation > 4;
    uint32_t width = swapped ? header->height : header->width;
    uint32_t height = swapped ? header->width : header->height;
    picture->pixels = NULL;
    if ((uint64_t)width * pixel > limit / height || (uint64_t)width * pixel > PTRDIFF_MAX / height) {
        return AINN_ERROR_LIMIT;
    }
    picture->pixels = malloc((size_t)width * pixel * height);
    if (picture->pixels == NULL) {
        return AINN_ERROR_MEMORY;
    }
    ainn_image_interleaved(&picture->shown, picture->pixels, width, height, header->depth, header->channels, 0);

    /* Bytes from a stored pixel to the one right of it and to the one below it, and where the first one is. */
    ptrdiff_t across = (ptrdiff_t)pixel, down = (ptrdiff_t)((size_t)width * pixel);
    ptrdiff_t last_across = across * (ptrdiff_t)(width - 1), last_down = down * (ptrdiff_t)(height - 1);
    ptrdiff_t right, below, start;
    switch (orientation) {
    case 2: right = -across, below = down, start = last_across; break;
    case 3: right = -across, below = -down, start = last_across + last_down; break;
    case 4: right = across, below = -down, start = last_down; break;
    case 5: right = down, below = across, start = 0; break;
    case 6: right = down, below = -across, start = last_across; break;
    case 7: right = -down, below = -across, start = last_across + last_down; break;
    case 8: right = -down, below = across, start = last_down; break;
    default: right = across, below = down, start = 0; break;
    }
    picture->stored = picture->shown;
    picture->stored.width = header->width;
    picture->stored.height = header->height;
    for (int c = 0; c < (int)header->channels; c++) {
        picture->stored.plane[c] = (uint8_t *)picture->shown.plane[c] + start;
        picture->stored.pixel_stride[c] = right;
        picture->stored.row_stride[c] = below;
    }
    return AINN_OK;
}

void turned_picture_destroy(turned_picture *picture)
{
    free(picture->pixels);
    picture->pixels = NULL;
}
