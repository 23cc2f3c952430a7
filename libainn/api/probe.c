#include "api/probe.h"

#include <string.h>

#include "api/options.h"
#include "container/sequence.h"
#include "model/embedded.h"

#define MODEL_ID_OFFSET 16       /* in a model file's header */

static const char *embedded_name(uint32_t id)
{
    for (const ainn_embedded_model *model = ainn_embedded_models; model->name; model++)
        if (ainn_read_u32(model->start + MODEL_ID_OFFSET) == id)
            return model->name;
    return NULL;
}

void ainn_info_of_frame(const ainn_frame *frame, uint8_t orientation, ainn_info *info)
{
    memset(info, 0, sizeof(*info));
    info->width = frame->width;
    info->height = frame->height;
    info->depth = frame->depth;
    info->channels = frame->channels;
    info->color = frame->color;
    info->orientation = orientation;
    info->model_id = frame->model_id;
    info->quality = frame->quality_code * 100.0 / AINN_QUALITY_MAX;
    info->alpha_quality = frame->alpha_quality;
    info->frame_size = frame->frame_size;
    info->header_bytes = (uint32_t)frame->header_size;
    uint64_t metadata = 0;
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        metadata += frame->metadata[kind].size;
    info->metadata_bytes = metadata > UINT32_MAX ? UINT32_MAX : (uint32_t)metadata;
    info->hyper_bytes = frame->hyper.size;
    info->latent_bytes = frame->latent_bytes;
    info->detail_bytes = frame->detail.size;
    info->alpha_bytes = frame->alpha.size;
    info->group_size = AINN_GROUP_PIXELS;
    info->group_columns = frame->group_columns;
    info->group_rows = frame->group_rows;
    info->model_name = embedded_name(frame->model_id);
}

static ainn_status probe_frame(const uint8_t *data, size_t size, ainn_info *info)
{
    ainn_frame frame;
    uint8_t orientation;
    ainn_status status = ainn_frame_parse(data, size, &frame, NULL);
    if (status == AINN_OK)
        status = ainn_frame_orientation(&frame, data, size, &orientation);
    if (status == AINN_OK)
        ainn_info_of_frame(&frame, orientation, info);
    return status;
}

static ainn_status probe_sequence(const uint8_t *data, size_t size, ainn_info *info)
{
    ainn_sequence sequence;
    ainn_record record;
    ainn_status status = ainn_sequence_parse(data, size, &sequence, NULL);
    if (status != AINN_OK)
        return status;
    memset(info, 0, sizeof(*info));
    if (size > sequence.header_size && data[sequence.header_size] == AINN_RECORD_INDEX)
        status = AINN_OK;        /* a sequence without frames */
    else if ((status = ainn_record_parse(data + sequence.header_size, size - sequence.header_size, &record)) == AINN_OK)
        status = probe_frame(data + sequence.header_size + record.frame_offset, size - sequence.header_size - record.frame_offset, info);
    info->is_sequence = 1;
    info->frame_count = sequence.frame_count;
    info->timebase_num = sequence.timebase_num;
    info->timebase_den = sequence.timebase_den;
    return status;
}

ainn_status ainn_probe_sized(const uint8_t *data, size_t size, ainn_info *info, size_t struct_size)
{
    ainn_info all;
    if ((!data && size) || !info || struct_size < sizeof(size_t))
        return AINN_ERROR_ARGUMENT;
    if (!size)
        return AINN_ERROR_TRUNCATED;
    ainn_status status = ainn_is_sequence(data, size) ? probe_sequence(data, size, &all) : probe_frame(data, size, &all);
    if (status != AINN_OK)
        return status;
    all.struct_size = struct_size;
    ainn_give(info, struct_size, &all, sizeof(all));
    return AINN_OK;
}

int64_t ainn_frame_length(const uint8_t *data, size_t size)
{
    if (!data)
        return size ? AINN_ERROR_ARGUMENT : 0;
    return ainn_frame_measure(data, size);
}
