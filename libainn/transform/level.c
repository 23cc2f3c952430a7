#include "transform/level.h"

#include "transform/coupling.h"
#include "transform/lap.h"
#include "transform/operations.h"
#include "transform/pdm.h"
#include "transform/squeeze.h"

uint32_t ainn_level_scale(const ainn_model *model, int level)
{
    uint32_t scale = 1;

    for (int i = level + 1; i < model->levels; i++)
        scale <<= model->level[i].squeezes;
    return scale;
}

/* The level's channels of one stream, squeezed, lapped and through the invertible 1x1. */
static ainn_tensor *begin_stream(ainn_plan *plan, const ainn_model_level *l, uint32_t scale, ainn_place input, ainn_tensor *lapped)
{
    ainn_tensor *stream = ainn_plan_tensor(plan, scale, l->channels);
    const ainn_place output = ainn_in_tensor(stream);

    ainn_plan_writes(plan, stream, 1, 0, 0);
    if (lapped) {
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->w, -1), ainn_in_tensor(lapped), output, AINN_NO_PLACE);
    } else if (l->squeezes == 0) {
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->w, -1), input, output, AINN_NO_PLACE);
    } else if (l->squeezes == 1 && input.channels % AINN_LANE == 0) {
        ainn_add_squeeze_pointwise(plan, ainn_plan_dense(plan, &l->w, -1), input, output);
    } else {
        const ainn_place squeezed = ainn_in_slot(plan, AINN_SLOT_STREAM, l->channels);

        ainn_add_squeeze(plan, input, l->squeezes, squeezed);
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->w, -1), squeezed, output, AINN_NO_PLACE);
    }
    return stream;
}

static void add_lap_stages(ainn_plan *plan, const ainn_model_level *l, uint32_t scale, const ainn_place input[2], ainn_tensor *lapped[2])
{
    ainn_tensor *squeezed[2];

    ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
    for (int t = 0; t < 2; t++) {
        squeezed[t] = ainn_plan_tensor(plan, scale, l->channels);
        ainn_plan_writes(plan, squeezed[t], 1, 0, 0);
        ainn_add_squeeze(plan, input[t], l->squeezes, ainn_in_tensor(squeezed[t]));
    }
    ainn_plan_stage(plan, scale, 1, AINN_BLOCK);
    for (int t = 0; t < 2; t++) {
        lapped[t] = ainn_plan_tensor(plan, scale, l->channels);
        ainn_add_lap(plan, ainn_plan_dense(plan, &l->lap_w, -1), squeezed[t], lapped[t]);
    }
}

void ainn_add_level(ainn_plan *plan, int level, const ainn_place input[2], ainn_tensor *output[2])
{
    const ainn_model_level *l = &plan->model->level[level];
    const uint32_t scale = ainn_level_scale(plan->model, level);
    ainn_tensor *lapped[2] = {NULL, NULL}, *streams[2], *hidden;

    if (l->lapped)
        add_lap_stages(plan, l, scale, input, lapped);
    ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
    for (int t = 0; t < 2; t++)
        streams[t] = begin_stream(plan, l, scale, input[t], lapped[t]);
    for (int i = 0; i < l->couplings; i++) {
        hidden = ainn_add_bottleneck_begin(plan, &l->coupling[i].f, -1, ainn_in_tensor(streams[1]), scale);
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
        streams[0] = ainn_add_couple(plan, &l->coupling[i].f, hidden, streams[0], 1);
        hidden = ainn_add_bottleneck_begin(plan, &l->coupling[i].g, -1, ainn_in_tensor(streams[0]), scale);
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
        streams[1] = ainn_add_couple(plan, &l->coupling[i].g, hidden, streams[1], 1);
    }
    for (int t = 0; t < 2; t++) {
        output[t] = streams[t];
        if (l->keep < l->channels) {
            output[t] = ainn_plan_tensor(plan, scale, l->keep);
            ainn_plan_writes(plan, output[t], 1, 0, 0);
            ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->down[t], -1), ainn_in_tensor(streams[t]), ainn_in_tensor(output[t]), AINN_NO_PLACE);
        }
    }
}

/* MS-CFRM: the channels that the level did not keep. */
static void recover(ainn_plan *plan, const ainn_model_level *l, uint32_t scale, int quality_code, ainn_tensor *streams[2])
{
    ainn_tensor *hidden[2];

    for (int t = 0; t < 2; t++)
        hidden[t] = ainn_add_bottleneck_begin(plan, &l->rec[t], quality_code, ainn_in_tensor(streams[t]), scale);
    ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
    for (int t = 0; t < 2; t++) {
        const ainn_place kept = ainn_in_slot(plan, AINN_SLOT_STREAM, l->keep);
        ainn_tensor *stream = ainn_plan_tensor(plan, scale, l->channels);

        ainn_plan_writes(plan, stream, 1, 0, 0);
        ainn_plan_reads(plan, streams[t], 1, 0, 0);
        ainn_add_bottleneck_end(plan, &l->rec[t], hidden[t], kept, ainn_in_tensor(streams[t]));
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->up[t], -1), kept, ainn_in_tensor(stream), AINN_NO_PLACE);
        streams[t] = stream;
    }
}

/* One stream's way out of the level: the inverse 1x1, then Lap (in a stage of its own) or unsqueezes. */
static void end_stream(ainn_plan *plan, const ainn_model_level *l, ainn_place stream, ainn_tensor *lapped, ainn_place output)
{
    if (lapped) {
        ainn_plan_writes(plan, lapped, 1, 0, 0);
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->winv, -1), stream, ainn_in_tensor(lapped), AINN_NO_PLACE);
    } else if (l->squeezes == 1 && output.channels % AINN_LANE == 0) {
        ainn_add_pointwise_unsqueeze(plan, ainn_plan_dense(plan, &l->winv, -1), stream, output);
    } else {
        const ainn_place blocks = ainn_in_slot(plan, AINN_SLOT_STREAM, l->channels);

        ainn_add_pointwise1(plan, ainn_plan_dense(plan, &l->winv, -1), stream, blocks, AINN_NO_PLACE);
        ainn_add_unsqueeze(plan, blocks, l->squeezes, output);
    }
}

void ainn_add_level_inverse(ainn_plan *plan, int level, int quality_code, ainn_tensor *const input[2], const ainn_place output[2])
{
    const ainn_model_level *l = &plan->model->level[level];
    const uint32_t scale = ainn_level_scale(plan->model, level);
    ainn_tensor *streams[2] = {input[0], input[1]}, *hidden[2], *lapped[2] = {NULL, NULL};

    if (plan->status)
        return;
    if (plan->stage->width != plan->columns * scale)
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
    if (l->keep < l->channels)
        recover(plan, l, scale, quality_code, streams);
    for (int i = l->couplings - 1; i >= 0; i--) {
        hidden[0] = ainn_add_bottleneck_begin(plan, &l->coupling[i].g, -1, ainn_in_tensor(streams[0]), scale);
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
        streams[1] = ainn_add_couple(plan, &l->coupling[i].g, hidden[0], streams[1], 0);
        hidden[1] = ainn_add_bottleneck_begin(plan, &l->coupling[i].f, -1, ainn_in_tensor(streams[1]), scale);
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
        streams[0] = ainn_add_couple(plan, &l->coupling[i].f, hidden[1], streams[0], 0);
    }
    if (l->pdm_width) {
        for (int t = 0; t < 2; t++)
            hidden[t] = ainn_add_bottleneck_begin(plan, &l->pdm[t], quality_code, ainn_in_tensor(streams[t]), scale);
        ainn_plan_stage(plan, scale, 0, AINN_BLOCK);
        for (int t = 0; t < 2; t++)
            streams[t] = ainn_add_residual_end(plan, &l->pdm[t], hidden[t], streams[t]);
    }
    for (int t = 0; t < 2; t++) {
        lapped[t] = l->lapped ? ainn_plan_tensor(plan, scale, l->channels) : NULL;
        end_stream(plan, l, ainn_in_tensor(streams[t]), lapped[t], output[t]);
    }
    if (l->lapped) {
        ainn_plan_stage(plan, scale, 1, AINN_BLOCK);
        for (int t = 0; t < 2; t++)
            ainn_add_lap_inverse(plan, ainn_plan_dense(plan, &l->lap_winv, -1), lapped[t], l->squeezes, output[t]);
    }
}
