/* Pixels of the synthesis to the caller's image or callback, and alpha with them. */
#include "api/decoder.h"

#include "image/components.h"
#include "image/image.h"
#include "util/clock.h"

ainn_status ainn_decode_open_alpha(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    const ainn_frame *frame = &decoder->frame;
    const ainn_part *part = &frame->alpha;
    if (!ainn_has_alpha(job->output.image.channels) || !ainn_has_alpha(frame->channels))
        return AINN_OK;
    ainn_status status = part->size ? ainn_part_check(decoder->data, decoder->size, part) : AINN_ERROR_INVALID;
    if (status != AINN_OK && !job->options.ignore_damage)
        return ainn_fail(&decoder->error, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, before the end of alpha"
                         : "the frame of %zu bytes is damaged: the checksum of alpha is wrong", decoder->size);
    job->damage.alpha_missing = status != AINN_OK;
    if (status != AINN_OK && status != AINN_ERROR_TRUNCATED)
        return AINN_OK;          /* opaque */
    size_t there = part->offset < decoder->size ? decoder->size - (size_t)part->offset : 0;
    if (there > part->size)
        there = (size_t)part->size;
    job->alpha_samples = ainn_alloc_array(&decoder->memory, frame->width, sizeof(uint16_t));
    if (!job->alpha_samples)
        return ainn_memory_status(&decoder->memory);
    return ainn_alpha_decoder_create(&decoder->memory, frame->width, frame->depth, decoder->data + (there ? part->offset : 0), there, &job->alpha);
}

/* The alpha of a picture row into a row of the output; rows come in order, those before the region are skipped. */
static int store_alpha(ainn_decode_job *job, uint32_t picture_row, uint32_t out_row)
{
    ainn_decoder *decoder = job->decoder;
    int plane = (int)job->output.image.channels - 1;
    if (!job->alpha) {
        ainn_image_fill(&job->output.image, plane, out_row);
        return 0;
    }
    for (; job->alpha_row <= picture_row; job->alpha_row++) {
        ainn_status status = ainn_alpha_decode_row(job->alpha, job->alpha_samples);
        if (status == AINN_OK)
            continue;
        job->damage.alpha_missing = 1;
        if (status != AINN_ERROR_INVALID || !job->options.ignore_damage) {
            job->status = ainn_fail(&decoder->error, status, status == AINN_ERROR_INVALID ? "the alpha stream is invalid at row %u"
                                    : "there is no memory for the alpha stream at row %u", job->alpha_row);
            return 1;
        }
    }
    ainn_image_store(&job->output.image, plane, out_row, job->alpha_samples + job->x, job->width, decoder->frame.depth);
    return 0;
}

static int store_row(ainn_decode_job *job, uint32_t picture_row, uint32_t out_row, const uint32_t *const u[3])
{
    ainn_output *output = &job->output;
    int gray = !ainn_has_color(job->decoder->frame.channels);
    ainn_store_pixels(job->decoder->kernels, &output->image, out_row, u, job->width, gray, job->gray);
    return ainn_has_alpha(output->image.channels) ? store_alpha(job, picture_row, out_row) : 0;
}

/* Gives a strip that is full, or the last one, to the callback. */
static int write_strip(ainn_decode_job *job, uint32_t region_row, uint32_t rows)
{
    ainn_image strip = job->output.image;
    strip.height = rows;
    if (!job->output.write(job->output.opaque, region_row + 1 - rows, rows, &strip))
        return 0;
    job->status = ainn_fail(&job->decoder->error, AINN_ERROR_IO, "writing rows %u to %u failed", region_row + 1 - rows, region_row);
    return 1;
}

int ainn_decode_take_pixels(void *opaque, uint32_t first_row, uint32_t rows, const uint32_t *const planes[3], size_t stride)
{
    ainn_decode_job *job = opaque;
    double start = ainn_seconds();
    size_t skip = job->x - (size_t)job->left * 16;        /* columns before the region */
    int stop = 0;
    for (uint32_t i = 0; i < rows && !stop; i++) {
        uint32_t picture_row = job->top * 16 + first_row + i;
        if (picture_row < job->y || picture_row >= job->y + job->height)
            continue;
        uint32_t region_row = picture_row - job->y, out_row = job->output.write ? region_row % AINN_OUTPUT_ROWS : region_row;
        const uint32_t *u[3];
        for (int c = 0; c < 3; c++)
            u[c] = planes[c] + i * stride + skip;
        stop = store_row(job, picture_row, out_row, u);
        if (!stop && job->output.write && (out_row + 1 == AINN_OUTPUT_ROWS || region_row + 1 == job->height))
            stop = write_strip(job, region_row, out_row + 1);
    }
    job->decoder->stats.seconds_convert += ainn_seconds() - start;
    return stop;
}
