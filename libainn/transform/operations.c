#include "transform/operations.h"

static void run_pointwise(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    ainn_segment segments[AINN_INPUTS];
    const int16_t *residual = op->residual.channels ? ainn_at(plan, scratch, &op->residual, row, begin, begin) : NULL;

    for (int i = 0; i < op->inputs; i++)
        segments[i] = (ainn_segment){ainn_at(plan, scratch, &op->input[i], row, begin, begin), (size_t)op->input[i].step, op->input[i].channels, 0};
    plan->kernels->dense(ainn_at(plan, scratch, &op->output, row, begin, begin), (size_t)op->output.step, end - begin, &op->dense[0],
                         segments, op->inputs, residual, (size_t)op->residual.step);
}

void ainn_add_pointwise(ainn_plan *plan, ainn_dense dense, const ainn_place *inputs, int count, ainn_place output, ainn_place residual)
{
    ainn_operation *op = ainn_plan_operation(plan, run_pointwise);

    op->dense[0] = dense;
    for (int i = 0; i < count; i++) {
        op->input[i] = inputs[i];
        if (inputs[i].tensor)
            ainn_plan_reads(plan, inputs[i].tensor, 1, 0, 0);
    }
    if (residual.tensor && residual.tensor != output.tensor)
        ainn_plan_reads(plan, residual.tensor, 1, 0, 0);
    op->inputs = count;
    op->output = output;
    op->residual = residual;
}

void ainn_add_pointwise1(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output, ainn_place residual)
{
    ainn_add_pointwise(plan, dense, &input, 1, output, residual);
}

static void run_conv3(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_tensor *input = op->input[0].tensor;
    const size_t channels = (size_t)input->channels;
    const int16_t *residual = op->residual.channels ? ainn_at(plan, scratch, &op->residual, row, begin, begin) : NULL;
    ainn_segment segments[9];

    for (int tap = 0; tap < 9; tap++) {
        const int16_t *line = ainn_row(plan, input, (int64_t)row + tap / 3 - 1) + begin * channels;

        segments[tap] = (ainn_segment){line + (ptrdiff_t)channels * (tap % 3 - 1), channels, input->channels, 0};
    }
    plan->kernels->dense(ainn_at(plan, scratch, &op->output, row, begin, begin), (size_t)op->output.step, end - begin, &op->dense[0],
                         segments, 9, residual, (size_t)op->residual.step);
}

void ainn_add_conv3(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, ainn_place output, ainn_place residual)
{
    ainn_operation *op = ainn_plan_operation(plan, run_conv3);

    ainn_plan_reads(plan, input, 1, -1, 1);
    op->dense[0] = dense;
    op->input[0] = ainn_in_tensor(input);
    op->output = output;
    op->residual = residual;
}

ainn_tensor *ainn_add_bottleneck_begin(ainn_plan *plan, const ainn_bottleneck *bottleneck, int quality_code, ainn_place input, uint32_t scale)
{
    ainn_tensor *hidden = ainn_plan_tensor(plan, scale, bottleneck->a.dense.out);

    ainn_plan_writes(plan, hidden, 1, 0, 0);
    ainn_add_pointwise1(plan, ainn_plan_dense(plan, &bottleneck->a, quality_code), input, ainn_in_tensor(hidden), AINN_NO_PLACE);
    return hidden;
}

static void run_depthwise(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_tensor *input = op->input[0].tensor;
    const int16_t *rows[3];

    for (int i = 0; i < 3; i++)
        rows[i] = ainn_row(plan, input, (int64_t)row + i - 1) + begin * (size_t)input->channels;
    plan->kernels->depthwise(ainn_at(plan, scratch, &op->output, row, begin, begin), end - begin, &op->depthwise, rows);
}

void ainn_add_bottleneck_end(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_place output, ainn_place residual)
{
    const ainn_place between = ainn_in_slot(plan, AINN_SLOT_HIDDEN, bottleneck->b.channels);
    ainn_operation *op = ainn_plan_operation(plan, run_depthwise);

    ainn_plan_reads(plan, hidden, 1, -1, 1);
    op->depthwise = bottleneck->b;
    op->input[0] = ainn_in_tensor(hidden);
    op->output = between;
    ainn_add_pointwise1(plan, ainn_plan_dense(plan, &bottleneck->c, -1), between, output, residual);
}
