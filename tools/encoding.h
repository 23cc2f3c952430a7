/* What ainnenc does with its options: pictures into frames, frames into a file. */
#ifndef AINN_TOOLS_ENCODING_H
#define AINN_TOOLS_ENCODING_H

#include "common.h"
#include "imageio/imageio.h"
#include "output.h"

typedef struct encode_settings {
    const char *model;                              /* NULL: the default */
    ainn_encode_options options;                    /* metadata, colour and orientation are set for each picture */
    ainn_limits limits;
    imageio_bytes attached[AINN_METADATA_KINDS];    /* files given in place of what the pictures have */
    bool attach[AINN_METADATA_KINDS];
    bool ignore[AINN_METADATA_KINDS];
    ainn_color color;
    bool color_set;
    uint8_t orientation;                            /* 0: as the picture says */
    bool sequence;
    uint32_t rate_num, rate_den;                    /* frames a second */
    bool stats;
} encode_settings;

/* Encodes all inputs into one file. The exit code, after messages. */
int encode_pictures(const encode_settings *settings, char *const *inputs, uint32_t count, const char *path);

#endif
