/* Streams to latents: the groups of one row that a region needs, in parallel batches. */
#include "api/decoder.h"

#include <string.h>

#include "util/clock.h"

typedef struct batch {
    ainn_decode_job *job;
    uint32_t group_row, first;
} batch;

static uint32_t group_side(uint32_t group, uint32_t total)
{
    uint32_t left = total - group * AINN_GROUP_SIZE;
    return left < AINN_GROUP_SIZE ? left : AINN_GROUP_SIZE;
}

/* Bytes of a part that are there. */
static size_t available(const ainn_decoder *decoder, uint64_t offset, uint64_t size)
{
    uint64_t there = offset < decoder->size ? decoder->size - offset : 0;
    return (size_t)(there < size ? there : size);
}

/* Finds the streams of a group and checks what can be checked before decoding. */
static ainn_status find_streams(ainn_decode_job *job, uint32_t group_row, uint32_t column, ainn_group_input *input)
{
    ainn_decoder *decoder = job->decoder;
    const ainn_group_part *group = &decoder->groups[(uint64_t)group_row * decoder->frame.group_columns + column];
    memset(input, 0, sizeof(*input));
    input->quality_code = decoder->frame.quality_code;
    input->z_size = (size_t)group->hyper_size;
    input->z_available = available(decoder, group->hyper_offset, group->hyper_size);
    input->y_size = (size_t)group->latent_size;
    input->y_available = available(decoder, group->latent_offset, group->latent_size);
    input->z = decoder->data + (input->z_available ? group->hyper_offset : 0);
    input->y = decoder->data + (input->y_available ? group->latent_offset : 0);
    input->skip_latents = job->options.preview;
    if (job->options.preview)
        return AINN_OK;
    ainn_part part = { group->latent_offset, group->latent_size };
    ainn_status status = ainn_part_check(decoder->data, decoder->size, &part);
    if (status == AINN_OK)
        return AINN_OK;
    if (!job->options.ignore_damage)
        return ainn_fail(&decoder->error, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, inside the latents of group %u, %u"
                         : "the frame of %zu bytes is damaged: the checksum of group %u, %u is wrong", decoder->size, column, group_row);
    if (status == AINN_ERROR_CHECKSUM)
        input->skip_latents = 1;
    return AINN_OK;
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Copies the part of a group that is needed. */
static void store_group(ainn_decode_job *job, unsigned index, uint32_t group_row, uint32_t column)
{
    size_t channels = (size_t)job->decoder->model->M;
    uint32_t x0 = column * AINN_GROUP_SIZE, y0 = group_row * AINN_GROUP_SIZE;
    uint32_t hx = group_side(column, job->columns), hy = group_side(group_row, job->rows);
    uint32_t first = larger(x0, job->left), end = smaller(x0 + hx, job->right);
    const int16_t *latents = ainn_group_coder_latents(job->decoder->bank.coder[index]);
    for (uint32_t y = larger(y0, job->top); y < smaller(y0 + hy, job->bottom); y++)
        memcpy(job->row_store + ((size_t)(y - y0) * (job->right - job->left) + (first - job->left)) * channels,
               latents + ((size_t)(y - y0) * hx + (first - x0)) * channels, (end - first) * channels * sizeof(*latents));
}

static void store_costs(ainn_decode_job *job, unsigned index, uint32_t group_row, uint32_t column)
{
    uint32_t hx = group_side(column, job->columns), hy = group_side(group_row, job->rows);
    uint64_t *cost = job->costs[index];
    for (uint32_t y = 0; y < hy; y++) {
        float *out = job->bit_map + ((size_t)group_row * AINN_GROUP_SIZE + y) * job->columns + (size_t)column * AINN_GROUP_SIZE;
        for (uint32_t x = 0; x < hx; x++)
            out[x] = (float)cost[(size_t)y * hx + x] / 65536.0f;
    }
    memset(cost, 0, (size_t)hx * hy * sizeof(*cost));
}

static void decode_task(void *opaque, size_t index, unsigned thread)
{
    const batch *b = opaque;
    ainn_decode_job *job = b->job;
    uint32_t column = b->first + (uint32_t)index;
    (void)thread;
    ainn_group_decode(job->decoder->bank.coder[index], &job->inputs[index], group_side(column, job->columns), group_side(b->group_row, job->rows),
                      &job->reports[index], job->costs ? job->costs[index] : NULL);
    if (job->costs)
        store_costs(job, (unsigned)index, b->group_row, column);
    else
        store_group(job, (unsigned)index, b->group_row, column);
}

/* Counts what was there; without ignore_damage anything wrong is an error. */
static ainn_status judge(ainn_decode_job *job, const ainn_group_report *report, uint32_t group_row, uint32_t column)
{
    ainn_decoder *decoder = job->decoder;
    int whole = report->hyper_whole && report->latents_whole, detail;
    ainn_status status = ainn_decode_check_detail(job, group_row, column, &detail);
    if (status != AINN_OK)
        return status;
    job->damage.groups++;
    job->damage.groups_whole += whole && detail;
    job->damage.groups_partial += (!whole || !detail) && report->decoded;
    job->elements += report->elements;
    job->decoded += report->decoded;
    if (job->options.ignore_damage || whole || (job->options.preview && report->hyper_whole))
        return AINN_OK;
    if (!report->hyper_whole && !report->hyper_broken)
        return ainn_fail(&decoder->error, AINN_ERROR_TRUNCATED, "the data ends after %zu bytes, inside the hyperprior stream", decoder->size);
    return ainn_fail(&decoder->error, AINN_ERROR_CHECKSUM, "the frame is damaged: the entropy coder of group %u, %u ends in a wrong state", column, group_row);
}

ainn_status ainn_decode_group_row(ainn_decode_job *job, uint32_t group_row)
{
    ainn_bank *bank = &job->decoder->bank;
    double start = ainn_seconds();
    uint32_t end = (job->right - 1) / AINN_GROUP_SIZE + 1;
    for (uint32_t first = job->left / AINN_GROUP_SIZE; first < end; first += bank->count) {
        unsigned count = end - first < bank->count ? end - first : bank->count;
        batch b = { job, group_row, first };
        ainn_status status = AINN_OK;
        for (unsigned i = 0; i < count && status == AINN_OK; i++)
            status = find_streams(job, group_row, first + i, &job->inputs[i]);
        if (status != AINN_OK)
            return status;
        ainn_pool_run(bank->pool, count, decode_task, &b);
        for (unsigned i = 0; i < count; i++)
            if ((status = judge(job, &job->reports[i], group_row, first + i)) != AINN_OK)
                return status;
    }
    ainn_bank_seconds(bank, ainn_seconds() - start, &job->decoder->stats);
    return AINN_OK;
}
