#include "transform/cfrm.h"

#include "transform/operations.h"
#include "transform/pdm.h"

/* The inverse gain of a channel. */
typedef struct gain {
    int32_t mantissa, shift;
} gain;

static void run_gain(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const gain *gains = op->data;
    int16_t *x = ainn_at(plan, scratch, &op->output, row, begin, begin);

    for (uint32_t p = begin; p < end; p++)
        for (int c = 0; c < op->output.channels; c++, x++)
            *x = *x ? ainn_cfrm_gain(*x, gains[c].mantissa, gains[c].shift) : 0;
}

static ainn_tensor *add_inverse_gain(ainn_plan *plan, int quality_code, ainn_tensor *yhat)
{
    const ainn_model *model = plan->model;
    ainn_tensor *changed = ainn_plan_changed(plan, yhat);
    gain *gains = ainn_plan_alloc(plan, (size_t)model->M, sizeof *gains);
    ainn_operation *op = ainn_plan_operation(plan, run_gain);

    for (int c = 0; gains && c < model->M; c++)
        ainn_exp2(model, ainn_interpolate(model->inverse_gain, (size_t)model->M, (size_t)c, (uint32_t)quality_code), &gains[c].mantissa, &gains[c].shift);
    ainn_plan_reads(plan, yhat, 1, 0, 0);
    ainn_plan_writes(plan, changed, 1, 0, 0);
    op->output = ainn_in_tensor(changed);
    op->data = gains;
    return changed;
}

void ainn_add_cfrm(ainn_plan *plan, int quality_code, ainn_tensor *yhat, ainn_tensor *streams[2])
{
    const ainn_model *model = plan->model;
    const int keep = model->low.dense.out;
    ainn_tensor *x, *hidden;

    ainn_plan_stage(plan, 1, 0, AINN_BLOCK);
    x = add_inverse_gain(plan, quality_code, yhat);
    hidden = ainn_add_bottleneck_begin(plan, &model->cfrm[0], quality_code, ainn_in_tensor(x), 1);

    ainn_plan_stage(plan, 1, 0, AINN_BLOCK);
    x = ainn_add_residual_end(plan, &model->cfrm[0], hidden, x);
    hidden = ainn_add_bottleneck_begin(plan, &model->cfrm[1], quality_code, ainn_in_tensor(x), 1);

    ainn_plan_stage(plan, 1, 0, AINN_BLOCK);
    const ainn_place recovered = ainn_in_slot(plan, AINN_SLOT_STREAM, model->M);
    ainn_plan_reads(plan, x, 1, 0, 0);
    ainn_add_bottleneck_end(plan, &model->cfrm[1], hidden, recovered, ainn_in_tensor(x));
    for (int t = 0; t < 2; t++) {
        streams[t] = ainn_plan_tensor(plan, 1, keep);
        ainn_plan_writes(plan, streams[t], 1, 0, 0);
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, t ? &model->high : &model->low, -1), recovered, ainn_in_tensor(streams[t]), AINN_NO_PLACE);
    }
}
