/* Pixels of the synthesis to the caller's image or callback, and alpha with them. */
#include "api/decoder.h"

#include <string.h>

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

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

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

/* Rows that the synthesis made at one time, or as many as fit a strip. */
typedef struct row_batch {
    ainn_decode_job *job;
    const uint32_t *u[3];        /* of the first row, from the region's first column on */
    size_t stride;
    uint32_t out_row;
    uint32_t line;               /* of the row of cells, where there is a detail layer */
    size_t skip;                 /* columns before the region */
} row_batch;

/* Makes u a corrected copy of one row. */
static void correct(const row_batch *rows, uint32_t index, unsigned thread, const uint32_t *u[3])
{
    const ainn_decode_job *job = rows->job;
    uint32_t *copy[3];
    for (size_t c = 0; c < 3; c++) {
        copy[c] = job->corrected + ((size_t)thread * 3 + c) * job->width;
        memcpy(copy[c], u[c], job->width * sizeof(*copy[c]));
        u[c] = copy[c];
    }
    ainn_detail_decoder_correct(job->detail, rows->line + index, rows->skip, copy, job->width);
}

static void store_color(void *opaque, size_t index, unsigned thread)
{
    const row_batch *rows = opaque;
    ainn_decode_job *job = rows->job;
    const uint32_t *u[3];
    for (int c = 0; c < 3; c++)
        u[c] = rows->u[c] + index * rows->stride;
    if (job->detail)
        correct(rows, (uint32_t)index, thread, u);
    ainn_store_pixels(job->decoder->kernels, &job->output.image, rows->out_row + (uint32_t)index, u, job->width,
                      !ainn_has_color(job->decoder->frame.channels), job->gray + (size_t)thread * job->width);
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
    uint32_t top = job->top * 16 + first_row;             /* in the picture, as the next two */
    uint32_t row = larger(top, job->y), end = smaller(top + rows, job->y + job->height), count;
    size_t skip = job->x - (size_t)job->left * 16;        /* columns before the region */
    int stop = 0;
    for (; row < end && !stop; row += count) {
        uint32_t region_row = row - job->y, out_row = job->output.write ? region_row % AINN_OUTPUT_ROWS : region_row;
        row_batch batch = { .job = job, .stride = stride, .out_row = out_row, .line = row % 16, .skip = skip };
        for (int c = 0; c < 3; c++)
            batch.u[c] = planes[c] + (row - top) * stride + skip;
        count = job->output.write ? smaller(end - row, AINN_OUTPUT_ROWS - out_row) : end - row;
        if (job->detail) {
            count = smaller(count, 16 - row % 16);
            if ((job->status = ainn_decode_detail_row(job, row / 16)) != AINN_OK)
                return 1;
        }
        ainn_pool_run(job->decoder->pool, count, store_color, &batch);
        for (uint32_t i = 0; i < count && !stop && ainn_has_alpha(job->output.image.channels); i++)
            stop = store_alpha(job, row + i, out_row + i);
        if (!stop && job->output.write && (out_row + count == AINN_OUTPUT_ROWS || region_row + count == job->height))
            stop = write_strip(job, region_row + count - 1, out_row + count);
    }
    job->decoder->stats.seconds_convert += ainn_seconds() - start;
    return stop;
}
