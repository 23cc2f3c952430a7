#include "transform/pdm.h"

#include "transform/operations.h"

#define HALF_RESOLUTION 8        /* times the grid of latents */

ainn_tensor *ainn_add_residual_end(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_tensor *x)
{
    ainn_tensor *changed = ainn_plan_changed(plan, x);

    ainn_plan_reads(plan, x, 1, 0, 0);
    ainn_plan_writes(plan, changed, 1, 0, 0);
    ainn_add_bottleneck_end(plan, bottleneck, hidden, ainn_in_tensor(changed), ainn_in_tensor(x));
    return changed;
}

ainn_tensor *ainn_add_fine(ainn_plan *plan, int quality_code, ainn_tensor *both)
{
    const ainn_model *model = plan->model;
    ainn_tensor *hidden = ainn_plan_tensor(plan, HALF_RESOLUTION, model->fine_a.dense.out), *changed;

    ainn_plan_stage(plan, HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    ainn_plan_writes(plan, hidden, 1, 0, 0);
    ainn_add_conv3(plan, ainn_plan_dense(plan, &model->fine_a, quality_code), both, ainn_in_tensor(hidden), AINN_NO_PLACE);

    ainn_plan_stage(plan, HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    changed = ainn_plan_changed(plan, both);
    ainn_plan_reads(plan, both, 1, 0, 0);
    ainn_plan_writes(plan, changed, 1, 0, 0);
    ainn_add_conv3(plan, ainn_plan_dense(plan, &model->fine_c, -1), hidden, ainn_in_tensor(changed), ainn_in_tensor(both));
    return changed;
}
