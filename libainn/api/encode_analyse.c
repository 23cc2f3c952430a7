/* Pixels to latents, a strip of 16 rows at a time. */
#include "api/encoder.h"

#include <string.h>

#include "container/alpha.h"
#include "image/components.h"
#include "image/image.h"
#include "util/clock.h"

/* What the strips of a picture go through. */
typedef struct pass {
    ainn_encode_job *job;
    ainn_rotation rotation;
    uint32_t padded;             /* columns of the extended picture */
    int16_t *components;         /* [3][16][padded] */
    uint16_t *samples;           /* [thread][3][width] */
    ainn_image strip;
    uint32_t row;                /* of the picture, the strip's first */
    ainn_analysis *analysis;
    ainn_alpha_encoder *alpha;
} pass;

/* A row of latents is ready: kept, and its row of groups is coded once it is complete. */
static void take_latents(void *opaque, uint32_t row, const int16_t *latents)
{
    ainn_encode_job *job = opaque;
    size_t row_step = job->columns * (size_t)job->encoder->model->M;
    uint32_t place = job->keep ? row : row % AINN_GROUP_SIZE;
    memcpy(job->store + place * row_step, latents, row_step * sizeof(*latents));
    if (job->keep || job->status != AINN_OK || ((row + 1) % AINN_GROUP_SIZE && row + 1 < job->rows))
        return;
    job->status = ainn_encode_group_row(job, row / AINN_GROUP_SIZE);
}

static int16_t *component_row(const pass *p, int component, size_t row)
{
    return p->components + ((size_t)component * AINN_STRIP_ROWS + row) * p->padded;
}

static void convert_task(void *opaque, size_t row, unsigned thread)
{
    pass *p = opaque;
    uint16_t *first = p->samples + (size_t)thread * 3 * p->strip.width;
    const uint16_t *samples[3] = { first, first, first };
    int16_t *out[3];
    for (int plane = 0; plane < ainn_color_planes(p->strip.channels); plane++) {
        uint16_t *plane_samples = first + (size_t)plane * p->strip.width;
        ainn_image_load(&p->strip, plane, (uint32_t)row, plane_samples);
        if (p->job->fill)
            ainn_fill_row(p->job->fill, plane, p->row + (uint32_t)row, plane_samples, p->strip.width);
        samples[plane] = plane_samples;
    }
    for (int j = 0; j < 3; j++)
        out[j] = component_row(p, j, row);
    ainn_rotate_row(p->job->encoder->kernels, &p->rotation, out, samples, p->strip.width, p->padded);
}

static ainn_status encode_alpha(pass *p)
{
    int plane = (int)p->strip.channels - 1;
    ainn_status status = AINN_OK;
    for (uint32_t row = 0; row < p->strip.height && status == AINN_OK; row++) {
        ainn_image_load(&p->strip, plane, row, p->samples);
        status = ainn_alpha_encode_row(p->alpha, p->samples);
    }
    return status;
}

/* Repeats the last row of the picture down to the end of the strip. */
static void extend_down(const pass *p)
{
    for (int j = 0; j < 3; j++)
        for (uint32_t row = p->strip.height; row < AINN_STRIP_ROWS; row++)
            memcpy(component_row(p, j, row), component_row(p, j, p->strip.height - 1), p->padded * sizeof(int16_t));
}

static ainn_status run_strips(pass *p)
{
    ainn_encode_job *job = p->job;
    ainn_encoder *encoder = job->encoder;
    const int16_t *planes[3];
    for (int j = 0; j < 3; j++)
        planes[j] = component_row(p, j, 0);
    for (uint32_t row = 0; row < job->source.height; row += AINN_STRIP_ROWS) {
        uint32_t left = job->source.height - row;
        double start = ainn_seconds();
        p->row = row;
        ainn_status status = ainn_source_strip(&job->source, row, left < AINN_STRIP_ROWS ? left : AINN_STRIP_ROWS, &p->strip, &encoder->error);
        if (status != AINN_OK)
            return status;
        ainn_pool_run(encoder->pool, p->strip.height, convert_task, p);
        extend_down(p);
        if (p->alpha && (status = encode_alpha(p)) != AINN_OK)
            return status;
        double converted = ainn_seconds(), coded = job->seconds_coding;
        status = ainn_analysis_push(p->analysis, planes, p->padded);
        encoder->stats.seconds_convert += converted - start;
        encoder->stats.seconds_analysis += ainn_seconds() - converted - (job->seconds_coding - coded);
        if (status != AINN_OK || (status = job->status) != AINN_OK)
            return status;
    }
    return p->alpha ? ainn_alpha_encode_finish(p->alpha) : AINN_OK;
}

static ainn_status prepare(pass *p)
{
    ainn_encode_job *job = p->job;
    ainn_encoder *encoder = job->encoder;
    ainn_memory *memory = &encoder->memory;
    ainn_rotation_init(&p->rotation, job->source.depth, encoder->model->pixel_frac);
    p->padded = job->columns * AINN_STRIP_ROWS;
    if (!(p->components = ainn_alloc_array(memory, p->padded, 3 * AINN_STRIP_ROWS * sizeof(int16_t))) ||
        !(p->samples = ainn_alloc_array(memory, job->source.width, 3 * sizeof(uint16_t) * ainn_pool_threads(encoder->pool))))
        return ainn_memory_status(memory);
    if (ainn_has_alpha(job->source.channels) && !job->fill) {
        ainn_status status = ainn_alpha_encoder_create(memory, job->source.width, job->source.depth, (uint32_t)(job->options.alpha_quality + 0.5),
                                                       job->options.effort, &encoder->alpha, &p->alpha);
        if (status != AINN_OK)
            return status;
    }
    return ainn_analysis_create(memory, encoder->model, encoder->kernels, encoder->pool, job->columns, job->rows, take_latents, job, &p->analysis);
}

ainn_status ainn_encode_analyse(ainn_encode_job *job)
{
    pass p;
    memset(&p, 0, sizeof(p));
    p.job = job;
    ainn_status status = prepare(&p);
    if (status == AINN_OK)
        status = run_strips(&p);
    ainn_analysis_destroy(p.analysis);
    ainn_alpha_encoder_destroy(p.alpha);
    ainn_free_memory(&job->encoder->memory, p.components);
    ainn_free_memory(&job->encoder->memory, p.samples);
    return status;
}
