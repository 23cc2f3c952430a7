#include "report.h"

#include <inttypes.h>

void part_sizes_add(part_sizes *sizes, const ainn_info *info)
{
    sizes->frames++;
    sizes->pixels += (uint64_t)info->width * info->height;
    sizes->total += info->frame_size;
    sizes->metadata += info->metadata_bytes;
    sizes->detail += info->detail_bytes;
    sizes->hyperprior += info->hyper_bytes;
    sizes->latents += info->latent_bytes;
    sizes->alpha += info->alpha_bytes;
}

void part_sizes_print(FILE *to, const part_sizes *sizes)
{
    uint64_t whole = sizes->total + sizes->around;
    uint64_t parts = sizes->metadata + sizes->detail + sizes->hyperprior + sizes->latents + sizes->alpha;
    if (sizes->frames != 1) {
        fprintf(to, "frames        %" PRIu32 "\n", sizes->frames);
    }
    fprintf(to, "size          %" PRIu64 " bytes, %.4f bits per pixel\n", whole,
            (double)whole * 8.0 / (double)(sizes->pixels > 0 ? sizes->pixels : 1));
    fprintf(to, "  header      %" PRIu64 " (with index and checksums)\n", parts <= whole ? whole - parts : 0);
    fprintf(to, "  metadata    %" PRIu64 "\n", sizes->metadata);
    fprintf(to, "  detail      %" PRIu64 "\n", sizes->detail);
    fprintf(to, "  hyperprior  %" PRIu64 "\n", sizes->hyperprior);
    fprintf(to, "  latents     %" PRIu64 "\n", sizes->latents);
    fprintf(to, "  alpha       %" PRIu64 "\n", sizes->alpha);
}

void stats_add(ainn_stats *sum, const ainn_stats *stats)
{
    sum->seconds_convert += stats->seconds_convert;
    sum->seconds_analysis += stats->seconds_analysis;
    sum->seconds_entropy += stats->seconds_entropy;
    sum->seconds_coding += stats->seconds_coding;
    sum->seconds_synthesis += stats->seconds_synthesis;
    sum->seconds_search += stats->seconds_search;
    sum->quality = stats->quality;
    if (stats->peak_memory > sum->peak_memory) {
        sum->peak_memory = stats->peak_memory;
    }
}

void stats_print(FILE *to, const ainn_stats *stats, double wall)
{
    fprintf(to, "time          %.3f s\n", wall);
    fprintf(to, "  conversion  %.3f s (with the rows' reading or writing; stages are summed over threads)\n", stats->seconds_convert);
    fprintf(to, "  analysis    %.3f s\n", stats->seconds_analysis);
    fprintf(to, "  entropy net %.3f s\n", stats->seconds_entropy);
    fprintf(to, "  coding      %.3f s\n", stats->seconds_coding);
    fprintf(to, "  synthesis   %.3f s\n", stats->seconds_synthesis);
    if (stats->seconds_search > 0) {
        fprintf(to, "  search      %.3f s\n", stats->seconds_search);
    }
    fprintf(to, "memory        %.1f MiB at most in the library, %.1f MiB in the process\n", (double)stats->peak_memory / 1048576.0,
            (double)process_peak_memory() / 1048576.0);
}

void picture_print(FILE *to, const ainn_info *info)
{
    fprintf(to, "%u x %u, %u bits, %s", (unsigned)info->width, (unsigned)info->height, (unsigned)info->depth,
            channels_name(info->channels));
}
