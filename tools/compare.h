/* How far a decoded frame is from its source. */
#ifndef AINN_TOOLS_COMPARE_H
#define AINN_TOOLS_COMPARE_H

#include "common.h"
#include "imageio/imageio.h"

/* Sum over frames of the squared differences of the colour samples, relative to the largest sample value. */
typedef struct distortion {
    double squares;
    double samples;
} distortion;

/* Decodes `frame` and reads the source again, both row by row, and adds their difference. false after a message. */
bool distortion_add(distortion *sum, ainn_model *model, const ainn_limits *limits, uint32_t threads, ainn_bytes frame,
                    imageio_reader *source, const char *name);
/* Peak signal-to-noise ratio in dB; infinite where there is no difference. */
double distortion_psnr(const distortion *sum);

#endif
