#include "api/encoder.h"

#include <string.h>

#include "api/options.h"
#include "detail/candidates.h"
#include "image/image.h"
#include "refine/descent.h"

#define DETAIL_EFFORT 2          /* from which on the detail layer is considered where a quick look finds something for it */
#define DETAIL_ALWAYS_EFFORT 8   /* from which on it always is, but for models for MS-SSIM, whose photographs it harms */
#define REFINE_EFFORT 6          /* from which on better latents are looked for */
/* Larger pictures have no detail layer, so that memory stays bounded: it takes their latents and pixels. */
#define DETAIL_PIXELS ((uint64_t)1 << 24)
#define DETAIL_KEPT_PIXELS ((uint64_t)1 << 22)        /* pictures in rows of so many are kept in any case, of larger ones */
#define DETAIL_LOOK_ROWS 1024                         /* ... so many rows, until these turn out to be worth while */
#define DETAIL_GROUP_BYTES 1600000

ainn_status ainn_encoder_create(ainn_model *model, const ainn_limits *limits, const ainn_allocator *allocator, ainn_encoder **result)
{
    ainn_memory memory;
    ainn_limits all;
    if (!result)
        return AINN_ERROR_ARGUMENT;
    *result = NULL;
    if (!model || ainn_limits_take(limits, &all) != AINN_OK)
        return AINN_ERROR_ARGUMENT;
    ainn_memory_init(&memory, allocator, all.max_memory);
    ainn_encoder *encoder = ainn_alloc(&memory, sizeof(*encoder));
    if (!encoder)
        return ainn_memory_status(&memory);
    encoder->memory = memory;
    encoder->limits = all;
    encoder->kernels = ainn_kernels_for(ainn_cpu_flags());
    encoder->pool_threads = 1;
    ainn_buffer_init(&encoder->hyper, &encoder->memory);
    ainn_buffer_init(&encoder->latents, &encoder->memory);
    ainn_buffer_init(&encoder->alpha, &encoder->memory);
    ainn_buffer_init(&encoder->detail, &encoder->memory);
    ainn_buffer_init(&encoder->other_hyper, &encoder->memory);
    ainn_buffer_init(&encoder->other_latents, &encoder->memory);
    ainn_buffer_init(&encoder->frame, &encoder->memory);
    encoder->model = ainn_model_retain(model);
    ainn_status status = ainn_group_tables_create(&encoder->memory, model, &encoder->tables);
    if (status != AINN_OK) {
        ainn_encoder_destroy(encoder);
        return status;
    }
    *result = encoder;
    return AINN_OK;
}

void ainn_encoder_destroy(ainn_encoder *encoder)
{
    if (!encoder)
        return;
    ainn_bank_free(&encoder->bank);
    ainn_buffer_free(&encoder->hyper);
    ainn_buffer_free(&encoder->latents);
    ainn_buffer_free(&encoder->alpha);
    ainn_buffer_free(&encoder->detail);
    ainn_buffer_free(&encoder->other_hyper);
    ainn_buffer_free(&encoder->other_latents);
    ainn_buffer_free(&encoder->frame);
    ainn_group_tables_destroy(&encoder->memory, &encoder->tables);
    ainn_pool_destroy(&encoder->memory, encoder->pool);
    ainn_model_release(encoder->model);
    ainn_memory memory = encoder->memory;
    ainn_free_memory(&memory, encoder);
}

const char *ainn_encoder_error(const ainn_encoder *encoder)
{
    return encoder ? encoder->error.text : "";
}

void ainn_encoder_get_stats_sized(const ainn_encoder *encoder, ainn_stats *stats, size_t struct_size)
{
    if (!encoder || !stats || struct_size < sizeof(size_t))
        return;
    ainn_stats all = encoder->stats;
    all.struct_size = struct_size;
    all.peak_memory = encoder->memory.peak;
    ainn_give(stats, struct_size, &all, sizeof(all));
}

/* ---- One picture ---- */

static ainn_status check_picture(ainn_encode_job *job)
{
    const ainn_source *source = &job->source;
    const ainn_limits *limits = &job->encoder->limits;
    ainn_error *error = &job->encoder->error;
    uint64_t metadata = 0;
    if (source->width > limits->max_width || source->height > limits->max_height)
        return ainn_fail(error, AINN_ERROR_LIMIT, "a picture of %u x %u pixels is larger than the limit of %u x %u",
                         source->width, source->height, limits->max_width, limits->max_height);
    if ((uint64_t)source->width * source->height > limits->max_pixels)
        return ainn_fail(error, AINN_ERROR_LIMIT, "a picture of %u x %u pixels is larger than the limit of %llu pixels",
                         source->width, source->height, (unsigned long long)limits->max_pixels);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        metadata += job->options.metadata[kind].size;
    if (metadata > limits->max_metadata)
        return ainn_fail(error, AINN_ERROR_LIMIT, "%llu bytes of metadata are more than the limit of %llu",
                         (unsigned long long)metadata, (unsigned long long)limits->max_metadata);
    return AINN_OK;
}

/* The pool for this call's number of threads. */
static ainn_status take_pool(ainn_encoder *encoder, uint32_t threads)
{
    if (encoder->pool_threads == threads)
        return AINN_OK;
    ainn_bank_free(&encoder->bank);          /* its coders know the old pool */
    ainn_pool_destroy(&encoder->memory, encoder->pool);
    encoder->pool = NULL;
    encoder->pool_threads = 1;
    ainn_status status = ainn_pool_create(&encoder->memory, threads, &encoder->pool);
    if (status == AINN_OK)
        encoder->pool_threads = threads;
    return status;
}

static ainn_status prepare(ainn_encode_job *job)
{
    ainn_encoder *encoder = job->encoder;
    ainn_memory *memory = &encoder->memory;
    ainn_status status = take_pool(encoder, job->options.threads);
    if (status != AINN_OK)
        return status;
    status = ainn_bank_prepare(&encoder->bank, memory, encoder->model, encoder->kernels, encoder->pool, &encoder->tables,
                               job->columns, job->rows, job->group_columns, 1);
    if (status != AINN_OK || (status = ainn_source_open(&job->source, memory)) != AINN_OK)
        return status;
    size_t row_size = (size_t)encoder->model->M * sizeof(int16_t), group_row_rows = job->rows < AINN_GROUP_SIZE ? job->rows : AINN_GROUP_SIZE;
    size_t stored_rows = job->keep ? job->rows : group_row_rows;
    if (!(job->store = ainn_alloc_array(memory, stored_rows * job->columns, row_size)) ||
        !(job->group_sizes = ainn_alloc_array(memory, (size_t)job->group_columns * job->group_rows, 2 * sizeof(uint64_t))) ||
        !(job->streams = ainn_alloc_array(memory, encoder->bank.count, sizeof(*job->streams))))
        return ainn_memory_status(memory);
    if ((job->detail || job->refine) && !(job->other_sizes = ainn_alloc_array(memory, (size_t)job->group_columns * job->group_rows, 2 * sizeof(uint64_t))))
        return ainn_memory_status(memory);
    if (job->detail && !(job->costs = ainn_alloc_array(memory, (size_t)job->columns * job->rows, sizeof(*job->costs))))
        return ainn_memory_status(memory);
    if ((job->detail || job->refine) && (status = ainn_symbol_tables_find_costs(memory, encoder->tables.gauss)) != AINN_OK)
        return status;
    int measured = job->detail || job->options.target_psnr > 0 || (job->refine && job->options.target_size);
    if (measured && !(job->decoded = ainn_alloc_array(memory, group_row_rows * job->columns, row_size)))
        return ainn_memory_status(memory);
    ainn_quantiser_init(&job->quantiser, encoder->tables.gauss, encoder->model->y_frac,
                        encoder->model->ms_ssim ? 0 : job->options.effort);
    ainn_encode_set_quality(job, (uint32_t)(job->options.quality * AINN_QUALITY_MAX / 100 + 0.5));
    return AINN_OK;
}

void ainn_encode_content(const ainn_encode_job *job, ainn_frame_content *content)
{
    const ainn_encoder *encoder = job->encoder;
    memset(content, 0, sizeof(*content));
    content->width = job->source.width;
    content->height = job->source.height;
    content->depth = job->source.depth;
    content->channels = job->source.channels;
    content->color = job->options.color;
    content->orientation = job->options.orientation;
    content->model_id = encoder->model->id;
    content->quality_code = job->quality_code;
    content->alpha_quality = (uint32_t)(job->options.alpha_quality + 0.5);
    memcpy(content->metadata, job->options.metadata, sizeof(content->metadata));
    content->groups = (size_t)job->group_columns * job->group_rows;
    content->group_sizes = job->group_sizes;
    content->detail = (ainn_bytes){ encoder->detail.data, encoder->detail.size };
    content->hyper = (ainn_bytes){ encoder->hyper.data, encoder->hyper.size };
    content->latents = (ainn_bytes){ encoder->latents.data, encoder->latents.size };
    content->alpha = (ainn_bytes){ encoder->alpha.data, encoder->alpha.size };
}

static int has_target(const ainn_encode_job *job)
{
    return job->options.target_size || job->options.target_psnr > 0;
}

/* About what a detail layer takes: the latents twice, kept rows, numbers of each cell, and the coders of a row of groups. */
static uint64_t detail_memory(const ainn_encode_job *job)
{
    const ainn_source *source = &job->source;
    uint64_t cells = (uint64_t)job->columns * job->rows, sample = source->depth > 8 ? 2 : 1;
    return cells * (2 * sizeof(int16_t) * (uint64_t)job->encoder->model->M + 64) + (uint64_t)job->group_columns * DETAIL_GROUP_BYTES +
           (source->image ? 0 : (uint64_t)source->width * source->height * (uint64_t)source->channels * sample);
}

/* Whether the detail layer may be worth while. It needs the picture more than once: of a large one that comes in rows the first ones decide
 * whether all are kept. */
static ainn_status consider_detail(ainn_encode_job *job)
{
    ainn_source *source = &job->source;
    ainn_memory *memory = &job->encoder->memory;
    uint64_t pixels = (uint64_t)source->width * source->height;
    int narrow = job->columns == 1 || job->rows == 1;     /* the networks have seen no picture like that, and some models fail */
    int always = narrow || (job->options.effort >= DETAIL_ALWAYS_EFFORT && !job->encoder->model->ms_ssim);
    if ((job->options.effort < DETAIL_EFFORT && !narrow) || pixels > DETAIL_PIXELS || detail_memory(job) > (memory->limit - memory->used) / 2)
        return AINN_OK;
    if (!source->image && pixels > DETAIL_KEPT_PIXELS && source->height > DETAIL_LOOK_ROWS && !always) {
        ainn_status status = ainn_source_keep(source, memory, DETAIL_LOOK_ROWS, &job->encoder->error);
        if (status != AINN_OK || !ainn_detail_candidates(&source->kept))
            return status;
    }
    if (!source->image) {
        ainn_status status = ainn_source_keep(source, memory, source->height, &job->encoder->error);
        if (status != AINN_OK)
            return status;
    }
    job->detail = always || ainn_detail_candidates(source->image);
    return AINN_OK;
}

/* Whether better latents are looked for: at high efforts, as this takes seconds. It needs the whole picture. */
static ainn_status consider_refining(ainn_encode_job *job)
{
    ainn_source *source = &job->source;
    ainn_memory *memory = &job->encoder->memory;
    const ainn_model *model = job->encoder->model;
    if (job->options.effort < REFINE_EFFORT || model->ms_ssim || (uint64_t)source->width * source->height > DETAIL_PIXELS ||
        detail_memory(job) + ainn_descent_memory(model, job->columns, job->rows) > memory->limit - memory->used)
        return AINN_OK;
    job->refine = 1;
    return source->image ? AINN_OK : ainn_source_keep(source, memory, source->height, &job->encoder->error);
}

static ainn_status encode(ainn_encode_job *job)
{
    ainn_frame_content content;
    ainn_encoder *encoder = job->encoder;
    uint64_t squares;
    ainn_status status = check_picture(job);
    if (status != AINN_OK || (status = consider_detail(job)) != AINN_OK || (status = consider_refining(job)) != AINN_OK)
        return status;
    job->keep = has_target(job) || job->detail || job->refine;
    if ((status = prepare(job)) != AINN_OK || (status = ainn_encode_analyse(job)) != AINN_OK)
        return status;
    if (has_target(job))
        status = ainn_encode_for_target(job);
    else if (job->refine)
        status = ainn_encode_refined(job, job->quality_code, NULL);
    else if (job->detail)
        status = ainn_encode_with_detail(job, job->quality_code, &squares);
    if (status != AINN_OK)
        return status;
    ainn_encode_content(job, &content);
    ainn_frame_write(&content, &encoder->frame);
    encoder->stats.quality = job->quality_code * 100.0 / AINN_QUALITY_MAX;
    return encoder->frame.status;
}

/* Runs a job whose source is set. */
static ainn_status run(ainn_encode_job *job, const ainn_encode_options *options, ainn_bytes *frame)
{
    ainn_encoder *encoder = job->encoder;
    ainn_memory *memory = &encoder->memory;
    ainn_status status = ainn_encode_options_take(options, &job->options, &encoder->error);
    memory->peak = memory->used;
    job->columns = (job->source.width - 1) / AINN_STRIP_ROWS + 1;
    job->rows = (job->source.height - 1) / AINN_STRIP_ROWS + 1;
    job->group_columns = (job->columns - 1) / AINN_GROUP_SIZE + 1;
    job->group_rows = (job->rows - 1) / AINN_GROUP_SIZE + 1;
    if (status == AINN_OK)
        status = encode(job);
    ainn_source_close(&job->source);
    ainn_free_memory(memory, job->store);
    ainn_free_memory(memory, job->group_sizes);
    ainn_free_memory(memory, job->other_sizes);
    ainn_free_memory(memory, job->costs);
    ainn_free_memory(memory, job->other_store);
    ainn_free_memory(memory, job->streams);
    ainn_free_memory(memory, job->decoded);
    ainn_buffer_clear(&encoder->hyper);
    ainn_buffer_clear(&encoder->latents);
    ainn_buffer_clear(&encoder->alpha);
    ainn_buffer_clear(&encoder->detail);
    ainn_buffer_clear(&encoder->other_hyper);
    ainn_buffer_clear(&encoder->other_latents);
    if (status == AINN_OK) {
        frame->data = encoder->frame.data;
        frame->size = encoder->frame.size;
    } else if (!encoder->error.text[0]) {
        ainn_fail(&encoder->error, status, status == AINN_ERROR_LIMIT ? "%s: %llu bytes of memory do not suffice" : "%s",
                  ainn_status_string(status), (unsigned long long)memory->limit);
    }
    return status;
}

/* Forgets the last call. */
static ainn_status begin(ainn_encoder *encoder, ainn_bytes *frame, ainn_encode_job *job)
{
    if (frame)
        memset(frame, 0, sizeof(*frame));
    if (!encoder)
        return AINN_ERROR_ARGUMENT;
    encoder->error.text[0] = 0;
    memset(&encoder->stats, 0, sizeof(encoder->stats));
    ainn_buffer_clear(&encoder->frame);
    memset(job, 0, sizeof(*job));
    job->encoder = encoder;
    job->source.memory = &encoder->memory;
    if (!frame)
        return ainn_fail(&encoder->error, AINN_ERROR_ARGUMENT, "there is no place for the frame");
    return AINN_OK;
}

ainn_status ainn_encoder_encode(ainn_encoder *encoder, const ainn_image *image, const ainn_encode_options *options, ainn_bytes *frame)
{
    ainn_encode_job job;
    ainn_status status = begin(encoder, frame, &job);
    if (status != AINN_OK || (status = ainn_image_check(image, &encoder->error)) != AINN_OK)
        return status;
    job.source.image = image;
    job.source.width = image->width;
    job.source.height = image->height;
    job.source.depth = image->depth;
    job.source.channels = image->channels;
    return run(&job, options, frame);
}

ainn_status ainn_encoder_encode_rows(ainn_encoder *encoder, uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels,
                                     ainn_read_rows read, void *opaque, const ainn_encode_options *options, ainn_bytes *frame)
{
    ainn_encode_job job;
    ainn_image shape;
    ainn_status status = begin(encoder, frame, &job);
    if (status != AINN_OK)
        return status;
    if (!read)
        return ainn_fail(&encoder->error, AINN_ERROR_ARGUMENT, "there is no function to read rows");
    ainn_image_interleaved(&shape, encoder, width, 1, depth, channels, 0);
    shape.height = height;
    if ((status = ainn_image_check(&shape, &encoder->error)) != AINN_OK)
        return status;
    job.source.width = width;
    job.source.height = height;
    job.source.depth = depth;
    job.source.channels = channels;
    job.source.read = read;
    job.source.opaque = opaque;
    return run(&job, options, frame);
}
