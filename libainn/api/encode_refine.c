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

/* Bits of the picture as coded last. */
static double rate(const ainn_encode_job *job)
{
    const ainn_encoder *encoder = job->encoder;
    size_t detail = encoder->detail.size ? encoder->detail.size + AINN_DETAIL_HEADER_BYTES : 0;
    return 8.0 * (double)(encoder->hyper.size + encoder->latents.size + detail);
}

/* J of it, in bits. */
static double weigh(const ainn_encode_job *job, uint64_t squares)
{
    ainn_weigh weight;
    ainn_weigh_init(&weight, job->quality_code, job->source.depth, ainn_color_planes(job->source.channels));
    return rate(job) + (double)squares * (double)weight.sample / (double)(1ull << weight.shift) / 65536;
}

/* ---- The search ---- */

/* What it starts from. Where latents are coarse, integers that are chosen for their rate are the better ones; elsewhere the search thinks of rates
 * itself, and does better from rounded ones. */
#define START_BY_RATE (AINN_QUALITY_MAX * 28 / 100)

static ainn_status prepare(ainn_encode_job *job, ainn_descent *descent, filling *f)
{
    ainn_encoder *encoder = job->encoder;
    double start = ainn_seconds();
    ainn_status status = ainn_descent_create(descent, &encoder->memory, encoder->model, encoder->kernels, encoder->pool, encoder->tables.gauss,
                                             job->quality_code, job->columns, job->rows);
    encoder->stats.seconds_search += ainn_seconds() - start;
    if (status != AINN_OK)
        return status;
    if (!(f->samples = ainn_alloc_array(&encoder->memory, job->source.width, sizeof(*f->samples))))
        return ainn_memory_status(&encoder->memory);
    descent->rounds = plans[job->options.effort].rounds;
    descent->share = plans[job->options.effort].share;
    ainn_gain_apply(&job->gain, encoder->model, job->store, (size_t)job->columns * job->rows, descent->targets);
    job->search = (ainn_group_search){ descent->targets, descent->coded, descent->means, descent->indices, (size_t)job->columns * (size_t)encoder->model->M };
    return AINN_OK;
}

/* A round or a measurement; returns J of what was coded, as the search sees it. */
static double look(ainn_encode_job *job, ainn_descent *descent, filling *f, double (*run)(ainn_descent *, ainn_descent_fill, void *))
{
    double start = ainn_seconds(), distortion = run(descent, fill_target, f);
    job->encoder->stats.seconds_search += ainn_seconds() - start;
    return rate(job) + distortion;
}

/* Rounds, each after a coding that it makes changes to, and the last coding: with its squares as a decoder makes them, or, with squares NULL, with
 * what J has become less, as the search sees it. */
static ainn_status descend(ainn_encode_job *job, ainn_descent *descent, filling *f, uint64_t *squares, double *saved)
{
    ainn_quantiser by_rate = job->quantiser, plain;
    ainn_status status = AINN_OK;
    double first = 0;
    ainn_quantiser_init(&plain, job->encoder->tables.gauss, job->encoder->model->y_frac, 0);
    for (unsigned round = 0; round < descent->rounds && status == AINN_OK; round++) {
        job->quantiser = round == 0 && job->quality_code < START_BY_RATE ? by_rate : plain;
        status = ainn_encode_all(job, job->quality_code);
        double j = status == AINN_OK ? look(job, descent, f, ainn_descent_round) : 0;
        if (round == 0)
            first = j;
    }
    job->quantiser = plain;
    if (status == AINN_OK)
        status = squares ? ainn_encode_measured(job, job->quality_code, squares) : ainn_encode_all(job, job->quality_code);
    if (status == AINN_OK && !squares)
        *saved = first - look(job, descent, f, ainn_descent_measure);
    job->quantiser = by_rate;
    return status;
}

/* Codes the picture with what the search finds. */
static ainn_status search(ainn_encode_job *job, uint64_t *squares, double *saved)
{
    ainn_descent descent;
    filling f = { job, NULL };
    ainn_status status = prepare(job, &descent, &f);
    if (status == AINN_OK)
        status = descend(job, &descent, &f, squares, saved);
    ainn_free_memory(&job->encoder->memory, f.samples);
    ainn_descent_destroy(&descent);
    memset(&job->search, 0, sizeof(job->search));
    return status;
}

/* ---- With and without ---- */

/* Where only the search looks at what was coded, it is known whether that has become better than what it started from. */
static ainn_status refine(ainn_encode_job *job, uint32_t quality_code)
{
    double saved = 0;
    ainn_encode_set_quality(job, quality_code);
    ainn_status status = search(job, NULL, &saved);
    if (status == AINN_ERROR_LIMIT || (status == AINN_OK && saved <= 0))
        return ainn_encode_all(job, quality_code);
    return status;
}

/* A detail layer and better latents exclude each other. */
static ainn_status refine_measured(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares)
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
    status = search(job, &refined, NULL);
    if (status == AINN_OK && weigh(job, refined) < before) {
        *squares = refined;
        ainn_buffer_free(&detail);
    } else {
        encoder->detail = detail;
        ainn_encode_swap_streams(job);
    }
    return status == AINN_ERROR_LIMIT ? AINN_OK : status;     /* the picture stays as it was */
}

ainn_status ainn_encode_refined(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares)
{
    uint64_t unwanted;
    if (!squares && !job->detail)
        return refine(job, quality_code);
    return refine_measured(job, quality_code, squares ? squares : &unwanted);
}
