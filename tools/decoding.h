/* What ainndec does with its options: frames into picture files, or into nothing to be timed. */
#ifndef AINN_TOOLS_DECODING_H
#define AINN_TOOLS_DECODING_H

#include "common.h"
#include "imageio/imageio.h"

typedef struct decode_settings {
    const char *model;              /* NULL: looked for by the file's id */
    ainn_decode_options options;
    bool region_set;
    ainn_limits limits;
    bool all_frames;
    bool frame_set;
    uint32_t frame;
    imageio_format format;
    uint32_t depth;                 /* 0: the file's */
    int compression;                /* of PNG, 0 to 9 */
    bool apply_orientation;
    bool ignore_metadata;
    bool no_output;
    uint32_t repeat;
    bool stats;
} decode_settings;

/* Decodes `input` into `path`, which may hold a %d for the frame's number, or be NULL with no_output. The exit code, after messages. */
int decode_file(const decode_settings *settings, const char *input, const char *path);


#endif
