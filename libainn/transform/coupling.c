#include "transform/coupling.h"

#include "transform/operations.h"

static void run_forward(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    int16_t *x = ainn_at(plan, scratch, &op->output, row, begin, begin);

    plan->kernels->couple_forward(x, x, ainn_at(plan, scratch, &op->input[0], row, begin, begin), end - begin, op->output.channels, plan->model->scale);
}

static void run_inverse(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    int16_t *x = ainn_at(plan, scratch, &op->output, row, begin, begin);

    plan->kernels->couple_inverse(x, x, ainn_at(plan, scratch, &op->input[0], row, begin, begin), end - begin, op->output.channels, plan->model->scale);
}

ainn_tensor *ainn_add_couple(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_tensor *stream, int forward)
{
    ainn_tensor *changed = ainn_plan_changed(plan, stream);
    const ainn_place factors = ainn_in_slot(plan, AINN_SLOT_COUPLING, bottleneck->c.dense.out);

    ainn_add_bottleneck_end(plan, bottleneck, hidden, factors, AINN_NO_PLACE);
    ainn_plan_reads(plan, stream, 1, 0, 0);
    ainn_plan_writes(plan, changed, 1, 0, 0);
    ainn_operation *op = ainn_plan_operation(plan, forward ? run_forward : run_inverse);
    op->input[0] = factors;
    op->output = ainn_in_tensor(changed);
    return changed;
}
