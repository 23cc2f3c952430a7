/* Views of the caller's pixels. */
#ifndef AINN_IMAGE_IMAGE_H
#define AINN_IMAGE_IMAGE_H

#include "ainn.h"
#include "container/error.h"

static inline int ainn_has_alpha(ainn_channels channels) { return !((int)channels & 1); }
static inline int ainn_has_color(ainn_channels channels) { return channels >= AINN_RGB; }
/* Planes of grey or colour. */
static inline int ainn_color_planes(ainn_channels channels) { return ainn_has_color(channels) ? 3 : 1; }

/* Whether the size, depth, channels and every plane that these need make sense. */
ainn_status ainn_image_check(const ainn_image *image, ainn_error *message);

/* Address of the first sample of a row. */
static inline void *ainn_image_row(const ainn_image *image, int plane, uint32_t y)
{
    return (unsigned char *)image->plane[plane] + (ptrdiff_t)y * image->row_stride[plane];
}

/* One row of a plane as uint16_t; values beyond the depth become its largest. */
void ainn_image_load(const ainn_image *image, int plane, uint32_t y, uint16_t *samples);

/* Stores `count` samples of depth `from_depth` into a row, rescaled to the image's depth. */
void ainn_image_store(const ainn_image *image, int plane, uint32_t y, const uint16_t *samples, uint32_t count, uint32_t from_depth);

/* Fills a row of a plane with its largest value: opaque alpha. */
void ainn_image_fill(const ainn_image *image, int plane, uint32_t y);

#endif
