#include "transform/synthesis.h"

#include <string.h>

#include "transform/cfrm.h"
#include "transform/fdsm.h"
#include "transform/level.h"
#include "transform/pdm.h"

struct ainn_synthesis {
    ainn_memory *memory;
    ainn_plan plan;
    ainn_tensor *latents;
    ainn_pixel_rows pixels;
    ainn_pixel_sink sink;
    void *opaque;
    uint32_t pushed;              /* rows of latents */
};

static void build(ainn_synthesis *synthesis, int quality_code)
{
    ainn_plan *plan = &synthesis->plan;
    const ainn_model *model = plan->model;
    ainn_tensor *both = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_BOTH_PADDED), *streams[2] = {NULL, NULL};
    ainn_place places[2];

    synthesis->latents = ainn_plan_tensor(plan, 1, model->M);
    ainn_add_cfrm(plan, quality_code, synthesis->latents, streams);
    for (int level = model->levels - 1; level >= 0; level--) {
        ainn_tensor *below[2] = {both, both};

        for (int t = 0; t < 2; t++) {
            if (level > 0)
                below[t] = ainn_plan_tensor(plan, ainn_level_scale(model, level - 1), model->level[level].in);
            places[t] = ainn_in_tensor(below[t]);
            if (level == 0) {
                places[t].offset = t * AINN_FDSM_CHANNELS;
                places[t].channels = AINN_FDSM_CHANNELS;
            }
        }
        ainn_add_level_inverse(plan, level, quality_code, streams, places);
        streams[0] = below[0];
        streams[1] = below[1];
    }
    both = ainn_add_fine(plan, quality_code, both);
    ainn_add_fdsm_synthesise(plan, both, &synthesis->pixels);
    synthesis->pixels.stride = (size_t)plan->columns * AINN_LATENT_PIXELS;
    for (int c = 0; c < 3; c++)
        synthesis->pixels.planes[c] = ainn_plan_alloc(plan, synthesis->pixels.stride * 2 * (plan->stage ? plan->stage->per_run : 1), sizeof(uint32_t));
}

ainn_status ainn_synthesis_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                  uint32_t quality_code, uint32_t columns, uint32_t rows, ainn_pixel_sink sink, void *opaque,
                                  ainn_synthesis **result)
{
    ainn_synthesis *synthesis = ainn_alloc(memory, sizeof *synthesis);
    ainn_status status;

    *result = NULL;
    if (!synthesis)
        return ainn_memory_status(memory);
    synthesis->memory = memory;
    synthesis->sink = sink;
    synthesis->opaque = opaque;
    ainn_plan_init(&synthesis->plan, memory, model, kernels, pool, columns, rows);
    build(synthesis, (int)(quality_code < AINN_MAX_QUALITY_CODE ? quality_code : AINN_MAX_QUALITY_CODE));
    status = ainn_plan_finish(&synthesis->plan);
    if (status) {
        ainn_synthesis_destroy(synthesis);
        return status;
    }
    *result = synthesis;
    return AINN_OK;
}

/* One pass, and what it made to the sink. Returns 0 if nothing could be made. */
static int pass(ainn_synthesis *synthesis, ainn_status *status)
{
    const ainn_stage *last = synthesis->plan.stage;
    const uint32_t first = 2 * last->done;
    const uint32_t *planes[3] = {synthesis->pixels.planes[0], synthesis->pixels.planes[1], synthesis->pixels.planes[2]};

    synthesis->pixels.first = first;
    if (!ainn_plan_pass(&synthesis->plan))
        return 0;
    if (2 * last->done > first && synthesis->sink(synthesis->opaque, first, 2 * last->done - first, planes, synthesis->pixels.stride))
        *status = AINN_ERROR_IO;
    return 1;
}

ainn_status ainn_synthesis_push(ainn_synthesis *synthesis, const int16_t *yhat)
{
    ainn_plan *plan = &synthesis->plan;
    ainn_status status = AINN_OK;

    if (synthesis->pushed == plan->rows)
        return AINN_ERROR_ARGUMENT;
    memcpy(ainn_row(plan, synthesis->latents, synthesis->pushed), yhat, (size_t)plan->columns * (size_t)plan->model->M * sizeof *yhat);
    synthesis->pushed++;
    if (synthesis->pushed % plan->batch && synthesis->pushed < plan->rows)
        return AINN_OK;
    synthesis->latents->produced = synthesis->pushed;
    while (!status && pass(synthesis, &status))
        continue;
    return status;
}

void ainn_synthesis_destroy(ainn_synthesis *synthesis)
{
    if (!synthesis)
        return;
    ainn_plan_destroy(&synthesis->plan);
    ainn_free_memory(synthesis->memory, synthesis);
}

/* Positions that 3x3 layers reach, from the pixels back to the latents; a squeeze makes a part of a position a whole one. */
uint32_t ainn_synthesis_halo(const ainn_model *model)
{
    int reach = 5;                /* fine's two layers and FDSM-S's three, at half resolution */

    for (int i = 0; i < model->levels; i++) {
        const ainn_model_level *l = &model->level[i];

        reach = (reach + (1 << l->squeezes) - 1) >> l->squeezes;
        reach += l->lapped + (l->pdm_width > 0) + 2 * l->couplings + (l->keep < l->channels);
    }
    return (uint32_t)reach + 2;   /* CFRM */
}
