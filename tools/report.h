/* What --stats prints, for the encoder and the decoder. */
#ifndef AINN_TOOLS_REPORT_H
#define AINN_TOOLS_REPORT_H

#include "common.h"

/* Sizes, summed over the frames of a sequence. */
typedef struct part_sizes {
    uint32_t frames;
    uint64_t pixels;
    uint64_t total, metadata, detail, hyperprior, latents, alpha;
    uint64_t around;           /* the sequence's own header, time stamps and index */
} part_sizes;

void part_sizes_add(part_sizes *sizes, const ainn_info *info);
void part_sizes_print(FILE *to, const part_sizes *sizes);

/* Adds the stages' seconds; of the other fields the largest or the last. */
void stats_add(ainn_stats *sum, const ainn_stats *stats);
/* Seconds a stage (summed over threads), `wall` seconds in all, memory. */
void stats_print(FILE *to, const ainn_stats *stats, double wall);
/* "768 x 512, 8 bits, RGB" */
void picture_print(FILE *to, const ainn_info *info);

#endif
