#include "api/decoder.h"

#include <string.h>

#include "api/options.h"
#include "api/probe.h"
#include "container/sequence.h"

ainn_status ainn_decoder_create(ainn_model *model, const ainn_limits *limits, const ainn_allocator *allocator, ainn_decoder **result)
{
    ainn_memory memory;
    ainn_limits all;
    if (!result)
        return AINN_ERROR_ARGUMENT;
    *result = NULL;
    if (ainn_limits_take(limits, &all) != AINN_OK)
        return AINN_ERROR_ARGUMENT;
    ainn_memory_init(&memory, allocator, all.max_memory);
    ainn_decoder *decoder = ainn_alloc(&memory, sizeof(*decoder));
    if (!decoder)
        return ainn_memory_status(&memory);
    decoder->memory = memory;
    decoder->limits = all;
    decoder->has_allocator = allocator != NULL;
    if (allocator)
        decoder->allocator = *allocator;
    decoder->kernels = ainn_kernels_for(ainn_cpu_flags());
    decoder->pool_threads = 1;
    decoder->model_is_given = model != NULL;
    if (model)
        decoder->model = ainn_model_retain(model);
    *result = decoder;
    return AINN_OK;
}

/* Forgets what was made for a model. */
static void drop_model(ainn_decoder *decoder)
{
    ainn_bank_free(&decoder->bank);
    ainn_group_tables_destroy(&decoder->memory, &decoder->tables);
    decoder->tables_model = NULL;
    ainn_model_release(decoder->model);
    decoder->model = NULL;
}

void ainn_decoder_destroy(ainn_decoder *decoder)
{
    if (!decoder)
        return;
    drop_model(decoder);
    ainn_pool_destroy(&decoder->memory, decoder->pool);
    ainn_free_memory(&decoder->memory, decoder->groups);
    ainn_memory memory = decoder->memory;
    ainn_free_memory(&memory, decoder);
}

const char *ainn_decoder_error(const ainn_decoder *decoder)
{
    return decoder ? decoder->error.text : "";
}

void ainn_decoder_get_stats_sized(const ainn_decoder *decoder, ainn_stats *stats, size_t struct_size)
{
    if (!decoder || !stats || struct_size < sizeof(size_t))
        return;
    ainn_stats all = decoder->stats;
    all.struct_size = struct_size;
    all.peak_memory = decoder->memory.peak;
    ainn_give(stats, struct_size, &all, sizeof(all));
}

/* ---- The open frame ---- */

static ainn_status check_limits(ainn_decoder *decoder, const ainn_frame *frame)
{
    const ainn_limits *limits = &decoder->limits;
    uint64_t metadata = 0;
    if (frame->width > limits->max_width || frame->height > limits->max_height)
        return ainn_fail(&decoder->error, AINN_ERROR_LIMIT, "a picture of %u x %u pixels is larger than the limit of %u x %u",
                         frame->width, frame->height, limits->max_width, limits->max_height);
    if ((uint64_t)frame->width * frame->height > limits->max_pixels)
        return ainn_fail(&decoder->error, AINN_ERROR_LIMIT, "a picture of %u x %u pixels is larger than the limit of %llu pixels",
                         frame->width, frame->height, (unsigned long long)limits->max_pixels);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        metadata += frame->metadata[kind].size;
    if (metadata > limits->max_metadata)
        return ainn_fail(&decoder->error, AINN_ERROR_LIMIT, "%llu bytes of metadata are more than the limit of %llu",
                         (unsigned long long)metadata, (unsigned long long)limits->max_metadata);
    return AINN_OK;
}

static ainn_status open_frame(ainn_decoder *decoder, const uint8_t *data, size_t size)
{
    ainn_frame frame;
    if (!data || !size)
        return ainn_fail(&decoder->error, data ? AINN_ERROR_TRUNCATED : AINN_ERROR_ARGUMENT, "there is no data");
    if (ainn_is_sequence(data, size))
        return ainn_fail(&decoder->error, AINN_ERROR_ARGUMENT, "this is a sequence, whose frames an ainn_reader gives");
    ainn_status status = ainn_frame_parse(data, size, &frame, &decoder->error);
    if (status != AINN_OK || (status = check_limits(decoder, &frame)) != AINN_OK)
        return status;
    decoder->groups = ainn_alloc_array(&decoder->memory, (size_t)frame.group_columns * frame.group_rows, sizeof(*decoder->groups));
    if (!decoder->groups)
        return ainn_fail(&decoder->error, ainn_memory_status(&decoder->memory), "there is no memory for the index of %u x %u groups", frame.group_columns, frame.group_rows);
    ainn_frame_groups(&frame, data, decoder->groups);
    decoder->frame = frame;
    decoder->data = data;
    decoder->size = size < frame.frame_size ? size : (size_t)frame.frame_size;
    return AINN_OK;
}

ainn_status ainn_decoder_open_sized(ainn_decoder *decoder, const uint8_t *data, size_t size, ainn_info *info, size_t struct_size)
{
    ainn_info all;
    uint8_t orientation;
    if (!decoder || (info && struct_size < sizeof(size_t)))
        return AINN_ERROR_ARGUMENT;
    decoder->error.text[0] = 0;
    decoder->data = NULL;
    ainn_free_memory(&decoder->memory, decoder->groups);
    decoder->groups = NULL;
    ainn_status status = open_frame(decoder, data, size);
    if (status != AINN_OK || !info)
        return status;
    ainn_frame_orientation(&decoder->frame, data, decoder->size, &orientation);      /* 1 where that part is damaged: the picture is not */
    ainn_info_of_frame(&decoder->frame, orientation, &all);
    all.struct_size = struct_size;
    ainn_give(info, struct_size, &all, sizeof(all));
    return AINN_OK;
}

ainn_status ainn_decoder_get_metadata(ainn_decoder *decoder, ainn_metadata_kind kind, ainn_bytes *bytes)
{
    static const char *const kinds[AINN_METADATA_KINDS] = { "ICC profile", "EXIF data", "XMP data" };
    if (!decoder || !bytes)
        return AINN_ERROR_ARGUMENT;
    bytes->data = NULL;
    bytes->size = 0;
    decoder->error.text[0] = 0;
    if ((int)kind < 0 || kind >= AINN_METADATA_KINDS || !decoder->data)
        return ainn_fail(&decoder->error, AINN_ERROR_ARGUMENT, decoder->data ? "%d is no kind of metadata" : "no frame is open", (int)kind);
    const ainn_part *part = &decoder->frame.metadata[kind];
    ainn_status status = ainn_part_check(decoder->data, decoder->size, part);
    if (status != AINN_OK)
        return ainn_fail(&decoder->error, status, status == AINN_ERROR_TRUNCATED ? "the %s is cut short" : "the %s is damaged: its checksum is wrong", kinds[kind]);
    if (part->size) {
        bytes->data = decoder->data + part->offset;
        bytes->size = (size_t)part->size;
    }
    return AINN_OK;
}

/* ---- Model and threads ---- */

static ainn_status take_model(ainn_decoder *decoder)
{
    uint32_t id = decoder->frame.model_id;
    if (decoder->model_is_given) {
        if (decoder->model->id == id)
            return AINN_OK;
        return ainn_fail(&decoder->error, AINN_ERROR_MODEL_MISSING, "the frame needs the model %08x, the decoder was given %08x (%s)", id, decoder->model->id, decoder->model->name);
    }
    if (decoder->model && decoder->model->id == id)
        return AINN_OK;
    drop_model(decoder);
    return ainn_model_open_id(id, decoder->has_allocator ? &decoder->allocator : NULL, &decoder->model, decoder->error.text, sizeof(decoder->error.text));
}

static ainn_status take_pool(ainn_decoder *decoder, uint32_t threads)
{
    if (decoder->pool_threads == threads)
        return AINN_OK;
    ainn_bank_free(&decoder->bank);          /* its coders know the old pool */
    ainn_pool_destroy(&decoder->memory, decoder->pool);
    decoder->pool = NULL;
    decoder->pool_threads = 1;
    ainn_status status = ainn_pool_create(&decoder->memory, threads, &decoder->pool);
    if (status == AINN_OK)
        decoder->pool_threads = threads;
    return status;
}

ainn_status ainn_decoder_prepare(ainn_decoder *decoder, uint32_t threads)
{
    ainn_status status = take_model(decoder);
    if (status != AINN_OK || (status = take_pool(decoder, threads)) != AINN_OK)
        return status;
    if (decoder->tables_model == decoder->model)
        return AINN_OK;
    ainn_group_tables_destroy(&decoder->memory, &decoder->tables);
    status = ainn_group_tables_create(&decoder->memory, decoder->model, &decoder->tables);
    if (status == AINN_OK)
        decoder->tables_model = decoder->model;
    return status;
}
