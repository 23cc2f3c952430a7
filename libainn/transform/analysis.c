#include "transform/analysis.h"

#include "transform/fdsm.h"
#include "transform/level.h"
#include "transform/operations.h"

struct ainn_analysis {
    ainn_memory *memory;
    ainn_plan plan;
    ainn_tensor *picture, *latents;
    ainn_latent_sink sink;
    void *opaque;
    uint32_t pushed, delivered;   /* rows of latents */
};

static void build(ainn_analysis *analysis)
{
    ainn_plan *plan = &analysis->plan;
    const ainn_model *model = plan->model;
    ainn_tensor *streams[2] = {NULL, NULL};
    ainn_place places[2] = {{0}, {0}};

    analysis->picture = ainn_fdsm_picture(plan);
    ainn_add_fdsm_decompose(plan, analysis->picture, places);
    for (int level = 0; level < model->levels; level++) {
        ainn_add_level(plan, level, places, streams);
        for (int t = 0; t < 2; t++)
            places[t] = ainn_in_tensor(streams[t]);
    }
    analysis->latents = ainn_plan_tensor(plan, 1, model->M);
    ainn_plan_writes(plan, analysis->latents, 1, 0, 0);
    ainn_add_pointwise(plan, ainn_plan_dense(plan, &model->squeeze, -1), places, 2, ainn_in_tensor(analysis->latents), AINN_NO_PLACE);
}

ainn_status ainn_analysis_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                 uint32_t columns, uint32_t rows, ainn_latent_sink sink, void *opaque, ainn_analysis **result)
{
    ainn_analysis *analysis = ainn_alloc(memory, sizeof *analysis);
    ainn_status status;

    *result = NULL;
    if (!analysis)
        return ainn_memory_status(memory);
    analysis->memory = memory;
    analysis->sink = sink;
    analysis->opaque = opaque;
    ainn_plan_init(&analysis->plan, memory, model, kernels, pool, columns, rows);
    build(analysis);
    status = ainn_plan_finish(&analysis->plan);
    if (status) {
        ainn_analysis_destroy(analysis);
        return status;
    }
    *result = analysis;
    return AINN_OK;
}

static void deliver(ainn_analysis *analysis)
{
    for (; analysis->delivered < analysis->latents->produced; analysis->delivered++)
        analysis->sink(analysis->opaque, analysis->delivered, ainn_row(&analysis->plan, analysis->latents, analysis->delivered));
}

ainn_status ainn_analysis_push(ainn_analysis *analysis, const int16_t *const components[3], size_t stride)
{
    ainn_plan *plan = &analysis->plan;

    if (analysis->pushed == plan->rows)
        return AINN_ERROR_ARGUMENT;
    ainn_fdsm_fill(plan, analysis->picture, analysis->pushed * AINN_LATENT_PIXELS, components, stride);
    analysis->pushed++;
    if (analysis->pushed % plan->batch && analysis->pushed < plan->rows)
        return AINN_OK;
    analysis->picture->produced = analysis->pushed * AINN_LATENT_PIXELS;
    while (ainn_plan_pass(plan))
        deliver(analysis);
    return AINN_OK;
}

void ainn_analysis_destroy(ainn_analysis *analysis)
{
    if (!analysis)
        return;
    ainn_plan_destroy(&analysis->plan);
    ainn_free_memory(analysis->memory, analysis);
}
