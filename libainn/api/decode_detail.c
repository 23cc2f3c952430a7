/* The detail layer of the open frame: which of its streams are there, and rows of corrections. */
#include "api/decoder.h"

#include "image/components.h"
#include "image/image.h"

/* Bytes of the extension that are there. */
static size_t available(const ainn_decoder *decoder)
{
    const ainn_part *part = &decoder->frame.detail;
    uint64_t there = part->offset < decoder->size ? decoder->size - part->offset : 0;
    return (size_t)(there < part->size ? there : part->size);
}

static const uint8_t *extension(const ainn_decoder *decoder)
{
    return decoder->data + (available(decoder) ? decoder->frame.detail.offset : 0);
}

static ainn_status complain(ainn_decode_job *job, ainn_status status)
{
    ainn_decoder *decoder = job->decoder;
    if (status == AINN_ERROR_INVALID && ainn_part_check(decoder->data, decoder->size, &decoder->frame.detail) == AINN_ERROR_CHECKSUM)
        status = AINN_ERROR_CHECKSUM;
    return ainn_fail(&decoder->error, status, status == AINN_ERROR_TRUNCATED ? "the data ends after %zu bytes, inside the detail stream"
                     : status == AINN_ERROR_CHECKSUM ? "the frame of %zu bytes is damaged: a checksum of the detail stream is wrong"
                     : "the detail stream of a frame of %zu bytes is invalid", decoder->size);
}

ainn_status ainn_decode_open_detail(ainn_decode_job *job)
{
    ainn_decoder *decoder = job->decoder;
    ainn_memory *memory = &decoder->memory;
    const ainn_frame *frame = &decoder->frame;
    uint64_t groups = (uint64_t)frame->group_columns * frame->group_rows;
    size_t width = (size_t)(job->right - job->left) * 16;
    if (!frame->detail.size)
        return AINN_OK;
    job->detail_streams = ainn_alloc_array(memory, (size_t)groups, sizeof(*job->detail_streams));
    job->corrected = ainn_alloc_array(memory, width, 3 * sizeof(uint32_t) * ainn_pool_threads(decoder->pool));
    if (!job->detail_streams || !job->corrected)
        return ainn_memory_status(memory);
    ainn_status status = ainn_detail_index(extension(decoder), frame->detail.size, available(decoder), groups, job->detail_streams);
    if (status != AINN_OK && !job->options.ignore_damage)
        return complain(job, status);
    for (uint64_t i = 0; status != AINN_OK && i < groups; i++)
        job->detail_streams[i] = (ainn_detail_stream){ frame->detail.size, 1 };      /* not there: each group finds that out */
    job->detail_row = UINT32_MAX;
    return ainn_detail_decoder_create(memory, decoder->pool, extension(decoder), job->detail_streams, ainn_color_planes(frame->channels), frame->depth,
                                      job->columns, job->rows, job->left, job->right, job->bit_map, &job->detail);
}

ainn_status ainn_decode_check_detail(ainn_decode_job *job, uint32_t group_row, uint32_t column, int *good)
{
    ainn_decoder *decoder = job->decoder;
    *good = 1;
    if (!job->detail_streams)
        return AINN_OK;
    ainn_detail_stream *stream = &job->detail_streams[(uint64_t)group_row * decoder->frame.group_columns + column];
    ainn_status status = ainn_detail_check(extension(decoder), available(decoder), stream);
    if (status == AINN_OK)
        return AINN_OK;
    if (!job->options.ignore_damage)
        return complain(job, status);
    stream->size = 0;
    job->damage.detail_missing++;
    *good = 0;
    return AINN_OK;
}

ainn_status ainn_decode_detail_row(ainn_decode_job *job, uint32_t row)
{
    if (row == job->detail_row)
        return AINN_OK;
    unsigned wrong = ainn_detail_decode_row(job->detail, row);
    job->detail_row = row;
    if (wrong && !job->options.ignore_damage)
        return ainn_fail(&job->decoder->error, AINN_ERROR_INVALID, "a detail stream ends in a wrong state, in row %u of groups", row / AINN_GROUP_SIZE);
    job->damage.detail_missing += wrong;
    return AINN_OK;
}
