/* Latents to streams: rows of groups, coded in parallel batches. */
#include "api/encoder.h"

#include <string.h>

#include "util/clock.h"

/* Groups of one row that are coded at the same time. */
typedef struct batch {
    ainn_encode_job *job;
    uint32_t group_row, first;   /* first group column */
} batch;

static uint32_t group_side(uint32_t group, uint32_t total)
{
    uint32_t left = total - group * AINN_GROUP_SIZE;
    return left < AINN_GROUP_SIZE ? left : AINN_GROUP_SIZE;
}

static void encode_task(void *opaque, size_t index, unsigned thread)
{
    const batch *b = opaque;
    ainn_encode_job *job = b->job;
    ainn_encoder *encoder = job->encoder;
    uint32_t column = b->first + (uint32_t)index;
    size_t channels = (size_t)encoder->model->M, row_step = job->columns * channels;
    size_t first_row = job->keep ? (size_t)b->group_row * AINN_GROUP_SIZE : 0;
    const int16_t *latents = job->store + first_row * row_step + (size_t)column * AINN_GROUP_SIZE * channels;
    size_t first = (size_t)b->group_row * AINN_GROUP_SIZE * job->columns + (size_t)column * AINN_GROUP_SIZE;
    ainn_group_costs costs = { job->costs ? job->costs + first : NULL, job->columns };
    ainn_group_search search = job->search;
    (void)thread;
    if (search.targets) {
        search.targets += first * channels;
        search.coded += first * channels;
        search.means += first * channels;
        search.indices += first * channels;
    }
    ainn_group_encode(encoder->bank.coder[index], latents, row_step, group_side(column, job->columns), group_side(b->group_row, job->rows),
                      &job->gain, &job->quantiser, &costs, search.targets ? &search : NULL, &job->streams[index]);
}

/* Keeps the latents that a group was coded as, for the synthesis. */
static void keep_decoded(ainn_encode_job *job, unsigned index, uint32_t group_row, uint32_t column)
{
    size_t channels = (size_t)job->encoder->model->M;
    uint32_t hx = group_side(column, job->columns), hy = group_side(group_row, job->rows);
    const int16_t *in = ainn_group_coder_latents(job->encoder->bank.coder[index]);
    for (uint32_t y = 0; y < hy; y++, in += hx * channels)
        memcpy(job->decoded + ((size_t)y * job->columns + (size_t)column * AINN_GROUP_SIZE) * channels, in, hx * channels * sizeof(*in));
}

static void append_batch(ainn_encode_job *job, uint32_t group_row, uint32_t first, unsigned count)
{
    ainn_encoder *encoder = job->encoder;
    for (unsigned i = 0; i < count; i++) {
        const ainn_group_streams *streams = &job->streams[i];
        uint64_t *sizes = &job->group_sizes[2 * ((uint64_t)group_row * job->group_columns + first + i)];
        ainn_buffer_append(&encoder->hyper, streams->z, streams->z_size);
        ainn_buffer_append(&encoder->latents, streams->y, streams->y_size);
        sizes[0] = streams->z_size;
        sizes[1] = streams->y_size;
        if (job->synthesis)
            keep_decoded(job, i, group_row, first + i);
    }
}

ainn_status ainn_encode_group_row(ainn_encode_job *job, uint32_t group_row)
{
    ainn_encoder *encoder = job->encoder;
    double start = ainn_seconds();
    for (uint32_t first = 0; first < job->group_columns; first += encoder->bank.count) {
        uint32_t left = job->group_columns - first;
        unsigned count = left < encoder->bank.count ? left : encoder->bank.count;
        batch b = { job, group_row, first };
        ainn_pool_run(encoder->bank.pool, count, encode_task, &b);
        append_batch(job, group_row, first, count);
    }
    double elapsed = ainn_seconds() - start;
    job->seconds_coding += elapsed;
    ainn_bank_seconds(&encoder->bank, elapsed, &encoder->stats);
    if (encoder->hyper.status != AINN_OK)
        return encoder->hyper.status;
    return encoder->latents.status;
}

void ainn_encode_set_quality(ainn_encode_job *job, uint32_t quality_code)
{
    job->quality_code = quality_code;
    ainn_gain_init(&job->gain, job->encoder->model, quality_code);
}

static ainn_status push_decoded(ainn_encode_job *job, uint32_t group_row)
{
    size_t row_step = job->columns * (size_t)job->encoder->model->M;
    double start = ainn_seconds();
    ainn_status status = AINN_OK;
    for (uint32_t y = 0; y < group_side(group_row, job->rows) && status == AINN_OK; y++)
        status = ainn_synthesis_push(job->synthesis, job->decoded + y * row_step);
    job->encoder->stats.seconds_synthesis += ainn_seconds() - start;
    return status;
}

ainn_status ainn_encode_all(ainn_encode_job *job, uint32_t quality_code)
{
    ainn_encode_set_quality(job, quality_code);
    ainn_buffer_clear(&job->encoder->hyper);
    ainn_buffer_clear(&job->encoder->latents);
    for (uint32_t group_row = 0; group_row < job->group_rows; group_row++) {
        ainn_status status = ainn_encode_group_row(job, group_row);
        if (status == AINN_OK && job->synthesis)
            status = push_decoded(job, group_row);
        if (status != AINN_OK)
            return status;
    }
    return AINN_OK;
}

static void swap_buffers(ainn_buffer *a, ainn_buffer *b)
{
    ainn_buffer other = *a;
    *a = *b;
    *b = other;
}

void ainn_encode_swap_streams(ainn_encode_job *job)
{
    ainn_encoder *encoder = job->encoder;
    uint64_t *sizes = job->group_sizes;
    swap_buffers(&encoder->hyper, &encoder->other_hyper);
    swap_buffers(&encoder->latents, &encoder->other_latents);
    job->group_sizes = job->other_sizes;
    job->other_sizes = sizes;
}
