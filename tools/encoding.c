#include "encoding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "progress.h"
#include "report.h"

/* Everything that lives for one run. Statistics are printed before the output gets its name: if they are lost, so is the file. */
typedef struct run {
    const encode_settings *settings;
    ainn_model *model;
    ainn_encoder *encoder;
    ainn_writer *writer;            /* of a sequence */
    output *out;
    uint64_t written;
    bool write_failed;
    uint32_t index, count;          /* of the picture at work */
    imageio_reader *reader;
    imageio_header first;           /* size and kind of the first picture */
    part_sizes sizes;
    ainn_stats stats;
    ainn_info info;
    distortion distortion;
    double seconds;
} run;

static int write_output(void *opaque, const void *data, size_t size)
{
    run *job = opaque;
    errno = 0;
    if (fwrite(data, 1, size, output_stream(job->out)) != size) {
        if (!job->write_failed) {
            complain(output_name(job->out), "%s", errno != 0 ? strerror(errno) : "write error");
        }
        job->write_failed = true;
        return 1;
    }
    job->written += size;
    return 0;
}

static int read_with_progress(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    run *job = opaque;
    double share = (double)first_row / (double)imageio_reader_header(job->reader)->height;
    progress_update(((double)job->index + share) / (double)job->count);
    return imageio_read_rows(job->reader, first_row, rows, strip);
}

/* A picture's EXIF with the orientation that was asked for; `made` is to be freed. */
static bool turn_exif(ainn_bytes *exif, uint8_t orientation, imageio_bytes *made, const char *name)
{
    if (exif->size == 0 || exif_orientation(exif->data, exif->size) == orientation) {
        return true;
    }
    made->data = malloc(exif->size);
    if (made->data == NULL) {
        complain(name, "out of memory");
        return false;
    }
    memcpy(made->data, exif->data, exif->size);
    made->size = exif->size;
    if (exif_set_orientation(made, orientation)) {
        *exif = (ainn_bytes){ made->data, made->size };
    } else {
        warn(name, "the EXIF data is damaged; its orientation stays as it is");
    }
    return true;
}

static bool choose_metadata(const encode_settings *settings, const imageio_header *header, ainn_encode_options *options,
                            imageio_bytes *made, const char *name)
{
    options->color = settings->color_set ? settings->color : header->color;
    options->orientation = header->orientation;
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        const imageio_bytes *from = settings->attach[kind] ? &settings->attached[kind] : &header->metadata[kind];
        if (!settings->ignore[kind]) {
            options->metadata[kind] = (ainn_bytes){ from->data, from->size };
        }
    }
    if (settings->attach[AINN_EXIF]) {
        uint8_t orientation = exif_orientation(settings->attached[AINN_EXIF].data, settings->attached[AINN_EXIF].size);
        options->orientation = orientation != 0 ? orientation : header->orientation;
    }
    if (settings->orientation != 0) {
        options->orientation = settings->orientation;
    }
    return settings->orientation == 0 || turn_exif(&options->metadata[AINN_EXIF], settings->orientation, made, name);
}

/* All frames of a sequence are of one size and kind, as those who show them expect. */
static bool fits_sequence(run *job, const imageio_header *header, const char *name)
{
    const imageio_header *first = &job->first;
    if (job->index == 0) {
        job->first = *header;
        return true;
    }
    if (first->width == header->width && first->height == header->height && first->depth == header->depth &&
        first->channels == header->channels) {
        return true;
    }
    complain(name, "%u x %u, %u bits, %s does not fit the first picture's %u x %u, %u bits, %s", (unsigned)header->width,
             (unsigned)header->height, (unsigned)header->depth, channels_name(header->channels), (unsigned)first->width,
             (unsigned)first->height, (unsigned)first->depth, channels_name(first->channels));
    return false;
}

static bool put_frame(run *job, ainn_bytes frame, const char *name)
{
    if (!job->settings->sequence) {
        return write_output(job, frame.data, frame.size) == 0;
    }
    ainn_status status = ainn_writer_add(job->writer, frame, job->index, 1);
    if (status != AINN_OK && !job->write_failed) {
        library_error(name, status, NULL);
    }
    return status == AINN_OK;
}

static bool take_stats(run *job, ainn_bytes frame, const char *name)
{
    ainn_stats stats;
    ainn_encoder_get_stats(job->encoder, &stats);
    stats_add(&job->stats, &stats);
    ainn_status status = ainn_probe(frame.data, frame.size, &job->info);
    if (status != AINN_OK) {
        library_error(name, status, NULL);
        return false;
    }
    part_sizes_add(&job->sizes, &job->info);
    return distortion_add(&job->distortion, job->model, &job->settings->limits, job->settings->options.threads, frame, job->reader, name);
}

static bool encode_open_picture(run *job, const char *name)
{
    const imageio_header *header = imageio_reader_header(job->reader);
    ainn_encode_options options = job->settings->options;
    imageio_bytes made = { NULL, 0 };
    ainn_bytes frame;
    if (!fits_sequence(job, header, name) || !choose_metadata(job->settings, header, &options, &made, name)) {
        free(made.data);
        return false;
    }
    double before = seconds_now();
    ainn_status status = ainn_encoder_encode_rows(job->encoder, header->width, header->height, header->depth, header->channels,
                                                  read_with_progress, job, &options, &frame);
    job->seconds += seconds_now() - before;
    free(made.data);
    if (status != AINN_OK) {
        if (!imageio_reader_failed(job->reader)) {
            library_error(name, status, ainn_encoder_error(job->encoder));
        }
        return false;
    }
    return put_frame(job, frame, name) && (!job->settings->stats || take_stats(job, frame, name));
}

static bool encode_picture(run *job, const char *path)
{
    const encode_settings *settings = job->settings;
    imageio_limits limits = { settings->limits.max_pixels, settings->limits.max_memory, settings->limits.max_metadata };
    bool again = settings->stats || settings->options.target_psnr > 0 || settings->options.effort > 5;
    job->reader = imageio_open(path, &limits, again);
    if (job->reader == NULL) {
        return false;
    }
    if (settings->options.threads > 1) {
        imageio_read_ahead(job->reader);
    }
    bool good = encode_open_picture(job, input_name(path));
    imageio_close(job->reader);
    job->reader = NULL;
    return good;
}

static bool begin(run *job, const char *path)
{
    const encode_settings *settings = job->settings;
    char message[512] = "";
    ainn_status status = ainn_model_open(settings->model, NULL, &job->model, message, sizeof message);
    if (status != AINN_OK) {
        library_error(settings->model != NULL ? settings->model : "the default model", status, message);
        return false;
    }
    status = ainn_encoder_create(job->model, &settings->limits, NULL, &job->encoder);
    if (status != AINN_OK) {
        library_error(NULL, status, NULL);
        return false;
    }
    job->out = output_open(path);
    if (job->out == NULL) {
        return false;
    }
    if (settings->sequence) {
        /* A tick is the time of one frame. */
        status = ainn_writer_create(settings->rate_den, settings->rate_num, job->count, write_output, job, NULL, &job->writer);
        if (status != AINN_OK && !job->write_failed) {
            library_error(path, status, NULL);
        }
    }
    return status == AINN_OK;
}

static bool finish(run *job)
{
    if (job->writer != NULL) {
        ainn_status status = ainn_writer_finish(job->writer);
        if (status != AINN_OK) {
            if (!job->write_failed) {
                library_error(output_name(job->out), status, NULL);
            }
            return false;
        }
    }
    return output_finish(job->out);
}

static bool print_stats(run *job, FILE *to)
{
    fprintf(to, "picture       ");
    picture_print(to, &job->info);
    fprintf(to, "\nmodel         ");
    ainn_model_info model;
    ainn_model_get_info(job->model, &model);
    print_model(to, model.name, model.id);
    fprintf(to, "\nquality       %.2f%s\n", job->stats.quality, job->count > 1 ? " (last frame)" : "");
    job->sizes.around = job->written - job->sizes.total;
    part_sizes_print(to, &job->sizes);
    fprintf(to, "PSNR          %.3f dB over the colour channels (measured by decoding)\n", distortion_psnr(&job->distortion));
    stats_print(to, &job->stats, job->seconds);
    return to != stdout || stdout_arrived();
}

int encode_pictures(const encode_settings *settings, char *const *inputs, uint32_t count, const char *path)
{
    run job;
    memset(&job, 0, sizeof job);
    job.settings = settings;
    job.count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (output_is_input(path, inputs[i])) {
            return EXIT_TROUBLE;
        }
    }
    bool good = begin(&job, path);
    progress_start("encoding");
    for (; good && job.index < count; job.index++) {
        good = encode_picture(&job, inputs[job.index]);
    }
    progress_end();
    good = good && finish(&job);
    if (good && settings->stats) {
        good = print_stats(&job, strcmp(path, "-") == 0 ? stderr : stdout);
    }
    good = good && output_commit_all();
    ainn_writer_destroy(job.writer);
    ainn_encoder_destroy(job.encoder);
    ainn_model_release(job.model);
    output_discard_all();
    return good ? EXIT_DONE : EXIT_TROUBLE;
}
