/* What reading and writing PNG share. */
#ifndef AINN_IMAGEIO_PNGCOMMON_H
#define AINN_IMAGEIO_PNGCOMMON_H

#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define XMP_KEYWORD "XML:com.adobe.xmp"

/* PNG's samples of 16 bits are big-endian. */
static inline bool is_little_endian(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

#endif
