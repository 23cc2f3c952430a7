#include "describe.h"

#include <inttypes.h>
#include <string.h>

static const char *const metadata_names[AINN_METADATA_KINDS] = { "icc", "exif", "xmp" };

/* The name of the model with this id, embedded or found as a file; "" if there is none here. */
static void find_model_name(const ainn_info *info, char *name, size_t room)
{
    ainn_model *model = NULL;
    name[0] = '\0';
    if (info->model_name != NULL) {
        snprintf(name, room, "%s", info->model_name);
    } else if (ainn_model_open_id(info->model_id, NULL, &model, NULL, 0) == AINN_OK) {
        ainn_model_info details;
        ainn_model_get_info(model, &details);
        snprintf(name, room, "%s", details.name);
        ainn_model_release(model);
    }
}

/* Sizes of the metadata parts. They are unknown, and false is returned, where the frame cannot be opened. */
static bool metadata_sizes(ainn_bytes frame, const ainn_info *info, uint64_t sizes[AINN_METADATA_KINDS])
{
    ainn_decoder *decoder = NULL;
    ainn_info again;
    memset(sizes, 0, AINN_METADATA_KINDS * sizeof *sizes);
    if (info->metadata_bytes == 0) {
        return true;
    }
    bool good =
        ainn_decoder_create(NULL, NULL, NULL, &decoder) == AINN_OK && ainn_decoder_open(decoder, frame.data, frame.size, &again) == AINN_OK;
    for (int kind = 0; good && kind < AINN_METADATA_KINDS; kind++) {
        ainn_bytes bytes;
        good = ainn_decoder_get_metadata(decoder, (ainn_metadata_kind)kind, &bytes) == AINN_OK;
        sizes[kind] = good ? bytes.size : 0;
    }
    ainn_decoder_destroy(decoder);
    return good;
}

static bool has_alpha(const ainn_info *info)
{
    return info->channels == AINN_GRAY_ALPHA || info->channels == AINN_RGB_ALPHA;
}

static double bits_per_pixel(const ainn_info *info)
{
    return (double)info->frame_size * 8.0 / ((double)info->width * (double)info->height);
}

static uint64_t header_size(const ainn_info *info)
{
    uint64_t parts = info->metadata_bytes + info->detail_bytes + info->hyper_bytes + info->latent_bytes + info->alpha_bytes;
    return parts <= info->frame_size ? info->frame_size - parts : 0;
}

/* ---- One frame */

static void frame_in_words(ainn_bytes frame, const ainn_info *info)
{
    char model[128];
    uint64_t metadata[AINN_METADATA_KINDS];
    find_model_name(info, model, sizeof model);
    printf("  picture      %" PRIu32 " x %" PRIu32 ", %" PRIu32 " bits, %s\n", info->width, info->height, info->depth,
           channels_name(info->channels));
    printf("  colour       primaries %u, transfer %u, matrix %u, %s range%s\n", info->color.primaries, info->color.transfer,
           info->color.matrix, info->color.full_range ? "full" : "limited",
           info->color.primaries == 1 && info->color.transfer == 13 ? " (sRGB)" : "");
    printf("  orientation  %u\n", info->orientation);
    printf("  model        ");
    print_model(stdout, model, info->model_id);
    printf("%s\n  quality      %.2f\n", model[0] == '\0' ? ", not found here" : "", info->quality);
    if (has_alpha(info)) {
        printf("  alpha        quality %.0f%s\n", info->alpha_quality, info->alpha_quality >= 100 ? " (lossless)" : "");
    }
    printf("  groups       %" PRIu32 " x %" PRIu32 " of %" PRIu32 " pixels a side\n", info->group_columns, info->group_rows,
           info->group_size);
    printf("  size         %" PRIu64 " bytes, %.4f bits per pixel\n", info->frame_size, bits_per_pixel(info));
    printf("    header     %" PRIu64 " (with index and checksums)\n", header_size(info));
    printf("    metadata   %" PRIu32, info->metadata_bytes);
    if (info->metadata_bytes > 0 && metadata_sizes(frame, info, metadata)) {
        printf(" (ICC %" PRIu64 ", EXIF %" PRIu64 ", XMP %" PRIu64 ")", metadata[AINN_ICC], metadata[AINN_EXIF], metadata[AINN_XMP]);
    }
    printf("\n    detail     %" PRIu64 "\n    hyperprior %" PRIu64 "\n    latents    %" PRIu64 "\n    alpha      %" PRIu64 "\n", info->detail_bytes,
           info->hyper_bytes, info->latent_bytes, info->alpha_bytes);
    if (frame.size < info->frame_size) {
        printf("  cut short    %zu of %" PRIu64 " bytes are there\n", frame.size, info->frame_size);
    }
}

static void model_reference(json *out, const ainn_info *info)
{
    char model[128], id[16];
    find_model_name(info, model, sizeof model);
    snprintf(id, sizeof id, "%08x", (unsigned)info->model_id);
    json_open(out, "model", '{');
    json_text(out, "id", id);
    json_text(out, "name", model[0] != '\0' ? model : NULL);
    json_close(out, '{');
}

static void frame_as_json(json *out, ainn_bytes frame, const ainn_info *info)
{
    uint64_t metadata[AINN_METADATA_KINDS];
    json_integer(out, "width", info->width);
    json_integer(out, "height", info->height);
    json_integer(out, "depth", info->depth);
    json_integer(out, "channels", (uint64_t)info->channels);
    json_bool(out, "alpha", has_alpha(info));
    json_open(out, "color", '{');
    json_integer(out, "primaries", info->color.primaries);
    json_integer(out, "transfer", info->color.transfer);
    json_integer(out, "matrix", info->color.matrix);
    json_bool(out, "full_range", info->color.full_range != 0);
    json_close(out, '{');
    json_integer(out, "orientation", info->orientation);
    model_reference(out, info);
    json_real(out, "quality", info->quality);
    if (has_alpha(info)) {
        json_real(out, "alpha_quality", info->alpha_quality);
    }
    json_open(out, "groups", '{');
    json_integer(out, "columns", info->group_columns);
    json_integer(out, "rows", info->group_rows);
    json_integer(out, "side", info->group_size);
    json_close(out, '{');
    json_integer(out, "size", info->frame_size);
    json_bool(out, "complete", frame.size >= info->frame_size);
    json_real(out, "bits_per_pixel", bits_per_pixel(info));
    json_open(out, "parts", '{');
    json_integer(out, "header", header_size(info));
    json_integer(out, "metadata", info->metadata_bytes);
    json_integer(out, "detail", info->detail_bytes);
    json_integer(out, "hyperprior", info->hyper_bytes);
    json_integer(out, "latents", info->latent_bytes);
    json_integer(out, "alpha", info->alpha_bytes);
    json_close(out, '{');
    if (metadata_sizes(frame, info, metadata)) {
        json_open(out, "metadata", '{');
        for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
            json_integer(out, metadata_names[kind], metadata[kind]);
        }
        json_close(out, '{');
    }
}

/* ---- Sequences */

static void sequence_start(const ainn_file *file, json *out)
{
    uint32_t num = file->info.timebase_num, den = file->info.timebase_den;
    if (out != NULL) {
        json_open(out, "timebase", '[');
        json_integer(out, NULL, num);
        json_integer(out, NULL, den);
        json_close(out, '[');
        json_integer(out, "frame_count", file->frames);
        json_open(out, "frames", '[');
    } else {
        printf("  sequence     %" PRIu32 " frames, time base %" PRIu32 "/%" PRIu32 " s\n", file->frames, num, den);
    }
}

static void sequence_frame(const ainn_file *file, uint32_t index, const ainn_sequence_frame *frame, const ainn_info *info, json *out)
{
    double tick = file->info.timebase_den != 0 ? (double)file->info.timebase_num / (double)file->info.timebase_den : 0;
    if (out != NULL) {
        json_open(out, NULL, '{');
        json_integer(out, "index", index);
        json_integer(out, "pts", frame->pts);
        json_integer(out, "duration", frame->duration);
        json_real(out, "time", (double)frame->pts * tick);
        frame_as_json(out, frame->frame, info);
        json_close(out, '{');
        return;
    }
    if (index == 0) {
        frame_in_words(frame->frame, info);
        printf("  %7s %12s %12s %10s %10s %8s %8s\n", "frame", "pts", "seconds", "duration", "bytes", "bpp", "quality");
    }
    printf("  %7" PRIu32 " %12" PRIu64 " %12.4f %10" PRIu64 " %10" PRIu64 " %8.4f %8.2f%s\n", index, frame->pts, (double)frame->pts * tick,
           frame->duration, info->frame_size, bits_per_pixel(info), info->quality,
           frame->frame.size < info->frame_size ? "  cut short" : "");
}

static int describe_frames(const ainn_file *file, json *out)
{
    int result = EXIT_DONE;
    if (file->reader != NULL) {
        sequence_start(file, out);
    }
    for (uint32_t index = 0; index < file->frames; index++) {
        ainn_sequence_frame frame;
        ainn_info info = file->info;
        if (!ainn_file_frame(file, index, &frame)) {
            result = EXIT_TROUBLE;
            continue;
        }
        ainn_status status = file->reader != NULL ? ainn_probe(frame.frame.data, frame.frame.size, &info) : AINN_OK;
        if (status != AINN_OK) {
            complain(file->name, "frame %u: %s", (unsigned)index, ainn_status_string(status));
            result = EXIT_TROUBLE;
        } else if (file->reader != NULL) {
            sequence_frame(file, index, &frame, &info, out);
        } else if (out != NULL) {
            frame_as_json(out, frame.frame, &info);
        } else {
            frame_in_words(frame.frame, &info);
        }
    }
    if (file->reader != NULL && out != NULL) {
        json_close(out, '[');
    }
    return result;
}

int describe_file(const ainn_file *file, json *out)
{
    if (out == NULL) {
        printf("%s\n  file         %zu bytes\n", file->name, file->data.size);
        return describe_frames(file, out);
    }
    json_open(out, NULL, '{');
    json_text(out, "file", file->name);
    json_integer(out, "file_size", file->data.size);
    json_text(out, "kind", file->reader != NULL ? "sequence" : "still");
    int result = describe_frames(file, out);
    json_close(out, '{');
    return result;
}

void describe_model(ainn_model *model, json *out)
{
    ainn_model_info info;
    char id[16];
    ainn_model_get_info(model, &info);
    snprintf(id, sizeof id, "%08x", (unsigned)info.id);
    double decoding = info.kmac_entropy + info.kmac_synthesis;
    if (out != NULL) {
        json_open(out, NULL, '{');
        json_open(out, "model", '{');
        json_text(out, "name", info.name);
        json_text(out, "id", id);
        json_text(out, "metric", info.metric);
        json_integer(out, "bytes", info.bytes);
        json_integer(out, "latent_channels", info.latent_channels);
        json_real(out, "kmac_analysis", info.kmac_analysis);
        json_real(out, "kmac_entropy", info.kmac_entropy);
        json_real(out, "kmac_synthesis", info.kmac_synthesis);
        json_close(out, '{');
        json_close(out, '{');
        return;
    }
    printf("model %s\n  id           %s\n  trained for  %s\n  size         %" PRIu64 " bytes\n  latents      %" PRIu32 " channels\n", info.name, id,
           info.metric, info.bytes, info.latent_channels);
    printf("  analysis     %.2f kMAC per pixel\n  entropy      %.2f kMAC per pixel\n  synthesis    %.2f kMAC per pixel\n",
           info.kmac_analysis, info.kmac_entropy, info.kmac_synthesis);
    printf("  decoding     %.2f kMAC per pixel\n", decoding);
}
