#include "decoding.h"

#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "output.h"
#include "pattern.h"
#include "progress.h"
#include "report.h"
#include "turn.h"

/* Everything that lives for one run. */
typedef struct run {
    const decode_settings *settings;
    const char *input;
    ainn_file file;
    ainn_model *model;
    ainn_decoder *decoder;
    output *shared;                 /* the one output, where no number tells several apart */
    imageio_writer *writer;         /* of the frame at work; NULL without output */
    uint32_t index, first, count;   /* of frames */
    uint32_t height;                /* rows that the frame at work gives */
    part_sizes sizes;
    ainn_stats stats;
    ainn_info info;
    uint64_t pixels;
    double seconds, seconds_writing, fastest;
} run;

static int take_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    run *job = opaque;
    int result = 0;
    if (job->writer != NULL) {
        double before = seconds_now();
        result = imageio_write_rows(job->writer, first_row, rows, strip);
        job->seconds_writing += seconds_now() - before;
    }
    double share = (double)(first_row + rows) / (double)job->height;
    progress_update(((double)(job->index - job->first) + share) / (double)job->count);
    return result;
}

/* ---- What the written picture says of itself */

static bool copy_metadata(run *job, imageio_header *header)
{
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        ainn_bytes bytes;
        ainn_status status = ainn_decoder_get_metadata(job->decoder, (ainn_metadata_kind)kind, &bytes);
        if (status != AINN_OK && !job->settings->options.ignore_damage) {
            library_error(job->file.name, status, ainn_decoder_error(job->decoder));
            return false;
        }
        if (status != AINN_OK) {
            warn(job->file.name, "metadata is damaged and left out");
        } else if (bytes.size > 0) {
            header->metadata[kind].data = malloc(bytes.size);
            if (header->metadata[kind].data == NULL) {
                complain(job->file.name, "out of memory");
                return false;
            }
            memcpy(header->metadata[kind].data, bytes.data, bytes.size);
            header->metadata[kind].size = bytes.size;
        }
    }
    return true;
}

/* EXIF is what tells a viewer of the written file how to turn it. */
static void set_exif_orientation(run *job, imageio_header *header)
{
    imageio_bytes *exif = &header->metadata[AINN_EXIF];
    uint8_t said = exif->size > 0 ? exif_orientation(exif->data, exif->size) : 0;
    if (header->orientation != (said == 0 ? 1 : said) && !exif_set_orientation(exif, header->orientation)) {
        warn(job->file.name, "the EXIF data is damaged; it does not say the orientation, %u", (unsigned)header->orientation);
    }
}

static bool fill_header(run *job, imageio_header *header)
{
    const decode_settings *settings = job->settings;
    const ainn_info *info = &job->info;
    const ainn_decode_options *options = &settings->options;
    imageio_header_init(header);
    header->width = settings->region_set ? options->region_width : info->width;
    header->height = settings->region_set ? options->region_height : info->height;
    header->depth = imageio_format_depth(settings->format, settings->depth != 0 ? settings->depth : info->depth);
    header->channels = settings->no_output ? info->channels : imageio_format_channels(settings->format, info->channels);
    header->color = info->color;
    header->orientation = settings->apply_orientation ? 1 : info->orientation;
    if (settings->no_output) {
        return true;
    }
    if (header->channels == 0) {
        complain(job->file.name, "a colour picture cannot be written as PGM");
        return false;
    }
    bool first = job->index == job->first;   /* what is lost is said once, not for every frame */
    if (first && (info->channels == AINN_GRAY_ALPHA || info->channels == AINN_RGB_ALPHA) && header->channels != info->channels) {
        warn(job->file.name, "alpha is left out; PNG and PAM keep it");
    }
    if (!imageio_format_holds_metadata(settings->format)) {
        if (first && header->orientation != 1) {
            warn(job->file.name, "the orientation, %u, is lost in this format; --apply-orientation turns the picture",
                 (unsigned)header->orientation);
        }
        return true;
    }
    if (!settings->ignore_metadata && !copy_metadata(job, header)) {
        return false;
    }
    set_exif_orientation(job, header);
    return true;
}

/* ---- Pixels */

static void report_damage(const run *job, const ainn_damage *damage)
{
    if (damage->groups_whole < damage->groups && !job->settings->options.preview) {
        warn(job->file.name, "frame %u is damaged: of %u parts %u are whole and %u begin well; %.1f %% of the latents are there",
             (unsigned)job->index, (unsigned)damage->groups, (unsigned)damage->groups_whole, (unsigned)damage->groups_partial,
             damage->latents_decoded * 100.0);
    }
    if (damage->detail_missing > 0) {
        warn(job->file.name, "frame %u has lost detail, such as text, in %u of %u parts", (unsigned)job->index, (unsigned)damage->detail_missing,
             (unsigned)damage->groups);
    }
    if (damage->alpha_missing) {
        warn(job->file.name, "frame %u has lost its alpha and is opaque", (unsigned)job->index);
    }
}

static ainn_status decode_turned(run *job, const imageio_header *header, ainn_damage *damage)
{
    turned_picture picture;
    ainn_status status = turned_picture_create(&picture, header, job->info.orientation, job->settings->limits.max_memory);
    if (status != AINN_OK) {
        return status;
    }
    status = ainn_decoder_decode(job->decoder, &picture.stored, &job->settings->options, damage);
    job->height = picture.shown.height;
    if (status == AINN_OK && take_rows(job, 0, picture.shown.height, &picture.shown) != 0) {
        status = AINN_ERROR_IO;
    }
    turned_picture_destroy(&picture);
    return status;
}

/* `stored`: size and kind of the pixels as they come from the decoder. */
static bool decode_pixels(run *job, const imageio_header *stored)
{
    const decode_settings *settings = job->settings;
    for (uint32_t pass = 0; pass < settings->repeat; pass++) {
        ainn_damage damage;
        ainn_stats stats;
        double before = seconds_now();
        memset(&damage, 0, sizeof damage);
        job->height = stored->height;
        ainn_status status = settings->apply_orientation ?
            decode_turned(job, stored, &damage) :
            ainn_decoder_decode_rows(job->decoder, stored->depth, stored->channels, take_rows, job, &settings->options, &damage);
        double seconds = seconds_now() - before;
        if (status != AINN_OK) {
            if (job->writer == NULL || !imageio_writer_failed(job->writer)) {
                library_error(job->file.name, status, ainn_decoder_error(job->decoder));
            }
            return false;
        }
        job->seconds += seconds;
        job->fastest = pass == 0 || seconds < job->fastest ? seconds : job->fastest;
        job->pixels += (uint64_t)stored->width * stored->height;
        ainn_decoder_get_stats(job->decoder, &stats);
        stats_add(&job->stats, &stats);
        if (settings->options.ignore_damage && pass == 0) {
            report_damage(job, &damage);
        }
    }
    return true;
}

static output *open_output(run *job, const char *path)
{
    if (pattern_look(path) == PATTERN_ONE) {
        char *name = pattern_fill(path, job->index);
        output *out = NULL;
        if (name == NULL) {
            complain(path, "out of memory");
        } else if (!output_is_input(name, job->input)) {
            out = output_open(name);
        }
        free(name);
        return out;
    }
    if (job->shared == NULL) {
        job->shared = output_open(path);
    }
    return job->shared;
}

static bool decode_into(run *job, const char *path, imageio_header *header)
{
    const decode_settings *settings = job->settings;
    imageio_header stored = *header;
    if (settings->no_output) {
        return decode_pixels(job, header);
    }
    if (settings->apply_orientation && job->info.orientation > 4) {
        header->width = stored.height;
        header->height = stored.width;
    }
    output *out = open_output(job, path);
    if (out == NULL) {
        return false;
    }
    uint32_t depth = settings->depth != 0 ? settings->depth : job->info.depth;
    job->writer = imageio_create(output_stream(out), output_name(out), settings->format, header,
                                 depth < header->depth ? depth : header->depth, settings->compression);
    if (job->writer == NULL) {
        return false;
    }
    bool good = decode_pixels(job, &stored) && imageio_finish(job->writer);
    imageio_writer_close(job->writer);
    job->writer = NULL;
    return good && (out == job->shared || output_finish(out));
}

static bool region_fits(const run *job)
{
    const ainn_decode_options *options = &job->settings->options;
    const ainn_info *info = &job->info;
    if (job->settings->region_set && (options->region_x >= info->width || options->region_y >= info->height ||
                                      options->region_width > info->width - options->region_x ||
                                      options->region_height > info->height - options->region_y)) {
        complain(job->file.name, "the region %u,%u,%u,%u is not inside the picture of %u x %u", (unsigned)options->region_x,
                 (unsigned)options->region_y, (unsigned)options->region_width, (unsigned)options->region_height, (unsigned)info->width,
                 (unsigned)info->height);
        return false;
    }
    return true;
}

static bool decode_frame(run *job, const char *path)
{
    ainn_sequence_frame frame;
    imageio_header header;
    if (!ainn_file_frame(&job->file, job->index, &frame)) {
        return false;
    }
    ainn_status status = ainn_decoder_open(job->decoder, frame.frame.data, frame.frame.size, &job->info);
    if (status != AINN_OK) {
        library_error(job->file.name, status, ainn_decoder_error(job->decoder));
        return false;
    }
    if (!region_fits(job)) {
        return false;
    }
    part_sizes_add(&job->sizes, &job->info);
    bool good = fill_header(job, &header) && decode_into(job, path, &header);
    imageio_header_clear(&header);
    return good;
}

static bool choose_frames(run *job, const char *path)
{
    const decode_settings *settings = job->settings;
    bool numbered = path != NULL && pattern_look(path) == PATTERN_ONE;
    uint32_t frames = job->file.frames;
    job->count = 1;
    if (settings->all_frames || (numbered && !settings->frame_set)) {
        job->count = frames;
    } else if (settings->frame_set) {
        job->first = settings->frame;
    } else if (frames > 1) {
        warn(job->file.name, "is a sequence of %u frames; the first is taken (see --frame)", (unsigned)frames);
    }
    if (job->first >= frames) {
        complain(job->file.name, "there is no frame %u: the file has %u, counted from 0", (unsigned)job->first, (unsigned)frames);
        return false;
    }
    return true;
}

static bool begin(run *job, const char *input, const char *path)
{
    const decode_settings *settings = job->settings;
    if (path != NULL && pattern_look(path) != PATTERN_ONE && output_is_input(path, input)) {
        return false;
    }
    if (settings->model != NULL) {
        char message[512] = "";
        ainn_status status = ainn_model_open(settings->model, NULL, &job->model, message, sizeof message);
        if (status != AINN_OK) {
            library_error(settings->model, status, message);
            return false;
        }
    }
    if (!ainn_file_open(&job->file, input, &settings->limits) || !choose_frames(job, path)) {
        return false;
    }
    ainn_status status = ainn_decoder_create(job->model, &settings->limits, NULL, &job->decoder);
    if (status != AINN_OK) {
        library_error(NULL, status, NULL);
        return false;
    }
    return true;
}

static bool print_stats(run *job, FILE *to)
{
    const decode_settings *settings = job->settings;
    if (settings->stats) {
        fprintf(to, "picture       ");
        picture_print(to, &job->info);
        fprintf(to, "\nmodel         ");
        print_model(to, job->info.model_name, job->info.model_id);
        fprintf(to, "\nquality       %.2f\n", job->info.quality);
        part_sizes_print(to, &job->sizes);
        stats_print(to, &job->stats, job->seconds - job->seconds_writing);
        fprintf(to, "writing       %.3f s\n", job->seconds_writing);
    }
    if (settings->no_output) {
        double mean = job->seconds / (double)settings->repeat / (double)job->count;
        fprintf(to, "decoded       %u times, %.4f s on average, %.4f s at best, %.2f megapixels/s\n", (unsigned)settings->repeat, mean,
                job->fastest, (double)job->pixels / (job->seconds > 0 ? job->seconds : 1e-9) / 1e6);
    }
    return to != stdout || stdout_arrived();
}

int decode_file(const decode_settings *settings, const char *input, const char *path)
{
    run job;
    memset(&job, 0, sizeof job);
    job.settings = settings;
    job.input = input;
    bool good = begin(&job, input, path);
    progress_start("decoding");
    job.index = job.first;
    for (; good && job.index < job.first + job.count; job.index++) {
        good = decode_frame(&job, path);
    }
    progress_end();
    good = good && (job.shared == NULL || output_finish(job.shared));
    if (good) {
        good = print_stats(&job, path != NULL && strcmp(path, "-") == 0 ? stderr : stdout);
    }
    good = good && output_commit_all();
    imageio_writer_close(job.writer);
    ainn_decoder_destroy(job.decoder);
    ainn_file_close(&job.file);
    ainn_model_release(job.model);
    output_discard_all();
    return good ? EXIT_DONE : EXIT_TROUBLE;
}
