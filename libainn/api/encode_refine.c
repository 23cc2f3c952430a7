/* The search for better latents (refine/), its source pixels, and whether it was worth while. */
#include "api/encoder.h"

#include <string.h>

#include "detail/weigh.h"
#include "image/image.h"
#include "refine/descent.h"
#include "util/clock.h"

/* Rounds and the share of changes that the first one makes, by effort. */
static const struct {
    unsigned rounds;
    float share;
} plans[10] = { [6] = { 2, 0.15f }, [7] = { 4, 0.21f }, [8] = { 8, 0.25f }, [9] = { 16, 0.36f } };

typedef struct filling {
    ainn_encode_job *job;
    uint16_t *samples;           /* [width] */
} filling;

/* Samples of the source; beyond its edge nothing counts. */
static void fill_target(void *opaque, ainn_gradient *gradient, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    const filling *f = opaque;
    const ainn_source *source = &f->job->source;
    const float unit = 65536.0f / (float)((1u << source->depth) - 1);
    const int planes = ainn_color_planes(source->channels);

    for (int c = 0; c < 3; c++)
        for (uint32_t row = 0; row < height; row++) {
            float *out = ainn_gradient_target(gradient, c, row);
            if (y + row < source->height)
                ainn_image_load(source->image, planes == 1 ? 0 : c, y + row, f->samples);
            for (uint32_t i = 0; i < width; i++)
                out[i] = y + row < source->height && x + i < source->width ? (float)f->samples[x + i] * unit : AINN_IGNORED;
        }
}

/* J of the picture as coded, in bits. */
static double weigh(const ainn_encode_job *job, uint64_t squares)
{
    const ainn_encoder *encoder = job->encoder;
    ainn_weigh weight;
    ainn_weigh_init(&weight, job->quality_code, job->source.depth, ainn_color_planes(job->source.channels));
    size_t detail = encoder->detail.size ? encoder->detail.size + AINN_DETAIL_HEADER_BYTES : 0;
    return 8.0 * (double)(encoder->hyper.size + encoder->latents.size + detail) +
           (double)squares * (double)weight.sample / (double)(1ull << weight.shift) / 65536;
}

static ainn_status descend(ainn_encode_job *job, ainn_descent *descent)
{
    const ainn_encoder *encoder = job->encoder;
    filling f = { job, NULL };
    ainn_status status = AINN_OK;
    f.samples = ainn_alloc_array(descent->memory, job->source.width, sizeof(*f.samples));
    if (!f.samples)
        return ainn_memory_status(descent->memory);
    descent->rounds = plans[job->options.effort].rounds;
    descent->share = plans[job->options.effort].share;
    ainn_gain_apply(&job->gain, encoder->model, job->store, (size_t)job->columns * job->rows, descent->targets);
    job->search = (ainn_group_search){ descent->targets, descent->coded, descent->means, descent->indices, (size_t)job->columns * (size_t)encoder->model->M };
    for (unsigned round = 0; round < descent->rounds && status == AINN_OK; round++) {
        status = ainn_encode_all(job, job->quality_code);
        double start = ainn_seconds();
        if (status == AINN_OK)
            ainn_descent_round(descent, fill_target, &f);
        job->encoder->stats.seconds_search += ainn_seconds() - start;
    }
    ainn_free_memory(descent->memory, f.samples);
    return status;
}

/* Codes the picture with what the search finds. */
static ainn_status search(ainn_encode_job *job, uint64_t *squares)
{
    ainn_encoder *encoder = job->encoder;
    ainn_quantiser quantiser = job->quantiser;
    ainn_descent descent;
    double start = ainn_seconds();
    ainn_status status = ainn_descent_create(&descent, &encoder->memory, encoder->model, encoder->kernels, encoder->pool, encoder->tables.gauss,
                                             job->quality_code, job->columns, job->rows);
    encoder->stats.seconds_search += ainn_seconds() - start;
    ainn_quantiser_init(&job->quantiser, encoder->tables.gauss, encoder->model->y_frac, 0);      /* rates have been thought of */
    if (status == AINN_OK)
        status = descend(job, &descent);
    if (status == AINN_OK)
        status = ainn_encode_measured(job, job->quality_code, squares);
    ainn_descent_destroy(&descent);
    memset(&job->search, 0, sizeof(job->search));
    job->quantiser = quantiser;
    return status;
}

/* A detail layer and better latents exclude each other. */
ainn_status ainn_encode_refined(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares)
{
    ainn_encoder *encoder = job->encoder;
    uint64_t refined;
    ainn_status status = ainn_encode_unrefined(job, quality_code, squares);
    if (status != AINN_OK)
        return status;
    double before = weigh(job, *squares);
    ainn_buffer detail = encoder->detail;
    ainn_buffer_init(&encoder->detail, &encoder->memory);
    ainn_encode_swap_streams(job);
    status = search(job, &refined);
    if (status == AINN_OK && weigh(job, refined) < before) {
        *squares = refined;
        ainn_buffer_free(&detail);
    } else {
        encoder->detail = detail;
        ainn_encode_swap_streams(job);
    }
    return status == AINN_ERROR_LIMIT ? AINN_OK : status;     /* the picture stays as it was */
}
