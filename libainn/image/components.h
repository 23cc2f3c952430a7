/* Samples to rotated components and back from u (format-spec/arithmetic.md, steps 1 of the encoder and 7 of the decoder). */
#ifndef AINN_IMAGE_COMPONENTS_H
#define AINN_IMAGE_COMPONENTS_H

#include <stdint.h>

#include "ainn.h"
#include "kernels/kernels.h"

/* pixel_frac 0 to 10. */
void ainn_rotation_init(ainn_rotation *rotation, uint32_t depth, int pixel_frac);

/* `width` samples of R, G, B (the same three times for grey) to components, the last one repeated up to `padded`. */
void ainn_rotate_row(const ainn_kernels *kernels, const ainn_rotation *rotation, int16_t *const out[3], const uint16_t *const samples[3],
                     uint32_t width, uint32_t padded);

/* Stores `count` pixels from u into the colour planes of an image, from column 0 of row y on. With `gray` the picture was coded as
 * grey: its value goes into every plane. `scratch` holds `count` values. */
void ainn_store_pixels(const ainn_kernels *kernels, const ainn_image *image, uint32_t y, const uint32_t *const u[3], uint32_t count,
                       int gray, uint32_t *scratch);

#endif
