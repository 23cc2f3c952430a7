/* Decoding of the open frame: geometry, then groups and synthesis row by row. */
#include "api/decoder.h"

#include <string.h>

#include "api/options.h"
#include "image/image.h"
#include "util/clock.h"

/* ---- What is decoded ---- */

static ainn_status take_region(ainn_decode_job *job)
{
    const ainn_frame *frame = &job->decoder->frame;
    const ainn_decode_options *o = &job->options;
    job->columns = (frame->width - 1) / 16 + 1;
    job->rows = (frame->height - 1) / 16 + 1;
    job->width = frame->width;
    job->height = frame->height;
    if (!o->region_x && !o->region_y && !o->region_width && !o->region_height)
        return AINN_OK;
    if (!o->region_width || !o->region_height || o->region_x >= frame->width || o->region_y >= frame->height ||
        o->region_width > frame->width - o->region_x || o->region_height > frame->height - o->region_y)
        return ainn_fail(&job->decoder->error, AINN_ERROR_ARGUMENT, "a region of %u x %u pixels at %u, %u does not fit a picture of %u x %u",
                         o->region_width, o->region_height, o->region_x, o->region_y, frame->width, frame->height);
    job->x = o->region_x;
    job->y = o->region_y;
    job->width = o->region_width;
    job->height = o->region_height;
    return AINN_OK;
}

/* The latents that a span of pixels depends on. */
static void reach(uint32_t start, uint32_t size, uint32_t halo, uint32_t total, uint32_t *first, uint32_t *end)
{
    uint32_t a = start / 16, b = (start + size - 1) / 16 + 1;
    *first = a > halo ? a - halo : 0;
    *end = total - b > halo ? b + halo : total;
}

static ainn_status check_output(ainn_decode_job *job, const ainn_image *image)
{
    ainn_error *error = &job->decoder->error;
    if (image->width != job->width || image->height != job->height)
        return ainn_fail(error, AINN_ERROR_ARGUMENT, "an image of %u x %u pixels cannot take a picture of %u x %u", image->width, image->height, job->width, job->height);
    if (ainn_has_color(job->decoder->frame.channels) && !ainn_has_color(image->channels))
        return ainn_fail(error, AINN_ERROR_ARGUMENT, "a colour picture cannot be decoded into grey");
    return AINN_OK;
}

/* ---- The work ---- */

static ainn_status open_strip(ainn_decode_job *job)
{
    ainn_output *output = &job->output;
    if (!output->write)
        return AINN_OK;
    size_t sample = output->image.depth > 8 ? 2 : 1;
    output->strip_memory = ainn_alloc_array(&job->decoder->memory, job->width, AINN_OUTPUT_ROWS * sample * (size_t)output->image.channels);
    if (!output->strip_memory)
        return ainn_memory_status(&job->decoder->memory);
    ainn_image_interleaved(&output->image, output->strip_memory, job->width, AINN_OUTPUT_ROWS, output->image.depth, output->image.channels, 0);
    return AINN_OK;
}

static ainn_status prepare_groups(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    ainn_memory *memory = &decoder->memory;
    uint32_t groups = (job->right - 1) / AINN_GROUP_SIZE + 1 - job->left / AINN_GROUP_SIZE;
    ainn_status status = ainn_bank_prepare(&decoder->bank, memory, decoder->model, decoder->kernels, decoder->pool, &decoder->tables,
                                           job->columns, job->rows, groups, 0);
    if (status != AINN_OK)
        return status;
    if (!(job->inputs = ainn_alloc_array(memory, decoder->bank.count, sizeof(*job->inputs))) ||
        !(job->reports = ainn_alloc_array(memory, decoder->bank.count, sizeof(*job->reports))))
        return ainn_memory_status(memory);
    return AINN_OK;
}

static ainn_status check_hyper(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    ainn_status status = ainn_part_check(decoder->data, decoder->size, &decoder->frame.hyper);
    if (status == AINN_OK || job->options.ignore_damage)
        return AINN_OK;
    return ainn_fail(&decoder->error, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, inside the hyperprior stream"
                     : "the frame of %zu bytes is damaged: the checksum of the hyperprior stream is wrong", decoder->size);
}

static ainn_status decode_rows(ainn_decode_job *job)
{
    size_t row_step = (size_t)(job->right - job->left) * (size_t)job->decoder->model->M;
    for (uint32_t group_row = job->top / AINN_GROUP_SIZE; group_row * AINN_GROUP_SIZE < job->bottom; group_row++) {
        uint32_t first = group_row * AINN_GROUP_SIZE;
        ainn_status status = ainn_decode_group_row(job, group_row);
        for (uint32_t y = 0; y < AINN_GROUP_SIZE && first + y < job->bottom && status == AINN_OK; y++) {
            if (first + y < job->top)
                continue;
            double start = ainn_seconds(), converted = job->decoder->stats.seconds_convert;
            status = ainn_synthesis_push(job->synthesis, job->row_store + y * row_step);
            job->decoder->stats.seconds_synthesis += ainn_seconds() - start - (job->decoder->stats.seconds_convert - converted);
        }
        if (job->status != AINN_OK)
            return job->status;
        if (status != AINN_OK)
            return status;
    }
    return AINN_OK;
}

static ainn_status decode(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    ainn_memory *memory = &decoder->memory;
    ainn_status status = ainn_decoder_prepare(decoder, job->options.threads);
    if (status != AINN_OK || (status = check_hyper(job)) != AINN_OK)
        return status;
    uint32_t halo = ainn_synthesis_halo(decoder->model);
    reach(job->x, job->width, halo, job->columns, &job->left, &job->right);
    reach(job->y, job->height, halo, job->rows, &job->top, &job->bottom);
    if ((status = prepare_groups(job)) != AINN_OK || (status = open_strip(job)) != AINN_OK || (status = ainn_decode_open_alpha(job)) != AINN_OK ||
        (status = ainn_decode_open_detail(job)) != AINN_OK)
        return status;
    size_t stored = job->rows < AINN_GROUP_SIZE ? job->rows : AINN_GROUP_SIZE;
    if (!(job->gray = ainn_alloc_array(memory, job->width, sizeof(uint32_t) * ainn_pool_threads(decoder->pool))) ||
        !(job->row_store = ainn_alloc_array(memory, stored * (job->right - job->left), (size_t)decoder->model->M * sizeof(int16_t))))
        return ainn_memory_status(memory);
    status = ainn_synthesis_create(memory, decoder->model, decoder->kernels, decoder->pool, decoder->frame.quality_code,
                                   job->right - job->left, job->bottom - job->top, ainn_decode_take_pixels, job, &job->synthesis);
    return status == AINN_OK ? decode_rows(job) : status;
}

static void close_job(ainn_decode_job *job)
{
    ainn_memory *memory = &job->decoder->memory;
    ainn_synthesis_destroy(job->synthesis);
    ainn_alpha_decoder_destroy(job->alpha);
    ainn_free_memory(memory, job->output.strip_memory);
    ainn_free_memory(memory, job->alpha_samples);
    ainn_free_memory(memory, job->gray);
    ainn_detail_decoder_destroy(memory, job->detail);
    ainn_free_memory(memory, job->detail_streams);
    ainn_free_memory(memory, job->corrected);
    ainn_free_memory(memory, job->row_store);
    ainn_free_memory(memory, job->inputs);
    ainn_free_memory(memory, job->reports);
    for (unsigned i = 0; job->costs && i < job->decoder->bank.count; i++)
        ainn_free_memory(memory, job->costs[i]);
    ainn_free_memory(memory, job->costs);
}

/* Forgets the last call. */
static ainn_status begin(ainn_decoder *decoder, const ainn_decode_options *options, ainn_damage *damage, ainn_decode_job *job)
{
    if (damage)
        memset(damage, 0, sizeof(*damage));
    if (!decoder)
        return AINN_ERROR_ARGUMENT;
    decoder->error.text[0] = 0;
    memset(&decoder->stats, 0, sizeof(decoder->stats));
    memset(job, 0, sizeof(*job));
    job->decoder = decoder;
    if (!decoder->data)
        return ainn_fail(&decoder->error, AINN_ERROR_ARGUMENT, "no frame is open");
    decoder->memory.peak = decoder->memory.used;
    decoder->stats.quality = decoder->frame.quality_code * 100.0 / AINN_QUALITY_MAX;
    ainn_status status = ainn_decode_options_take(options, &job->options, &decoder->error);
    return status == AINN_OK ? take_region(job) : status;
}

static ainn_status end(ainn_decode_job *job, ainn_status status, ainn_damage *damage)
{
    ainn_decoder *decoder = job->decoder;
    close_job(job);
    job->damage.latents_decoded = job->elements ? (double)job->decoded / (double)job->elements : 1.0;
    if (damage)
        *damage = job->damage;
    if (status != AINN_OK && !decoder->error.text[0])
        ainn_fail(&decoder->error, status, status == AINN_ERROR_LIMIT ? "%s: %llu bytes of memory do not suffice" : "%s",
                  ainn_status_string(status), (unsigned long long)decoder->memory.limit);
    return status;
}

ainn_status ainn_decoder_decode(ainn_decoder *decoder, const ainn_image *image, const ainn_decode_options *options, ainn_damage *damage)
{
    ainn_decode_job job;
    ainn_status status = begin(decoder, options, damage, &job);
    if (status != AINN_OK || (status = ainn_image_check(image, &decoder->error)) != AINN_OK || (status = check_output(&job, image)) != AINN_OK)
        return status;
    job.output.image = *image;
    return end(&job, decode(&job), damage);
}

ainn_status ainn_decoder_decode_rows(ainn_decoder *decoder, uint32_t depth, ainn_channels channels, ainn_write_rows write, void *opaque,
                                     const ainn_decode_options *options, ainn_damage *damage)
{
    ainn_decode_job job;
    ainn_image shape;
    ainn_status status = begin(decoder, options, damage, &job);
    if (status != AINN_OK)
        return status;
    if (!write)
        return ainn_fail(&decoder->error, AINN_ERROR_ARGUMENT, "there is no function to write rows");
    ainn_image_interleaved(&shape, decoder, job.width, job.height, depth, channels, 0);
    if ((status = ainn_image_check(&shape, &decoder->error)) != AINN_OK || (status = check_output(&job, &shape)) != AINN_OK)
        return status;
    job.output.image = shape;
    job.output.write = write;
    job.output.opaque = opaque;
    return end(&job, decode(&job), damage);
}

/* ---- Bit map ---- */

static ainn_status map_bits(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    ainn_memory *memory = &decoder->memory;
    ainn_status status = ainn_decoder_prepare(decoder, job->options.threads);
    if (status != AINN_OK || (status = check_hyper(job)) != AINN_OK)
        return status;
    job->right = job->columns;
    job->bottom = job->rows;
    if ((status = prepare_groups(job)) != AINN_OK)
        return status;
    if (!(job->costs = ainn_alloc_array(memory, decoder->bank.count, sizeof(*job->costs))))
        return ainn_memory_status(memory);
    for (unsigned i = 0; i < decoder->bank.count; i++)
        if (!(job->costs[i] = ainn_alloc_array(memory, AINN_GROUP_SIZE * AINN_GROUP_SIZE, sizeof(uint64_t))))
            return ainn_memory_status(memory);
    if ((status = ainn_decode_open_detail(job)) != AINN_OK)
        return status;
    for (uint32_t group_row = 0; group_row < decoder->frame.group_rows && status == AINN_OK; group_row++)
        status = ainn_decode_group_row(job, group_row);
    for (uint32_t row = 0; job->detail && row < job->rows && status == AINN_OK; row++)
        status = ainn_decode_detail_row(job, row);
    return status;
}

ainn_status ainn_decoder_bit_map(ainn_decoder *decoder, float *bits, uint32_t columns, uint32_t rows)
{
    ainn_decode_job job;
    ainn_status status = begin(decoder, NULL, NULL, &job);
    if (status != AINN_OK)
        return status;
    if (!bits || columns != job.columns || rows != job.rows)
        return ainn_fail(&decoder->error, AINN_ERROR_ARGUMENT, "a bit map of %u x %u does not fit a picture of %u x %u latents", columns, rows, job.columns, job.rows);
    job.bit_map = bits;
    return end(&job, map_bits(&job), NULL);
}
