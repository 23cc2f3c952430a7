#include "transform/squeeze.h"

#include <string.h>

/* The least significant base-4 digit is the first squeeze, the finest position. */
void ainn_squeeze_position(int index, int *y, int *x)
{
    *y = *x = 0;
    for (int level = 0; index; level++, index >>= 2) {
        *y |= (index >> 1 & 1) << level;
        *x |= (index & 1) << level;
    }
}

static void copy_channels(int16_t *to, const int16_t *from, int channels)
{
    if (channels == AINN_FDSM_CHANNELS)           /* nearly always: a size that the compiler knows */
        memcpy(to, from, AINN_FDSM_CHANNELS * sizeof *to);
    else
        memcpy(to, from, (size_t)channels * sizeof *to);
}

void ainn_unsqueeze_position(int16_t *const *rows, uint32_t x0, const ainn_place *out, int squeezes, const int16_t *source)
{
    for (int index = 0; index < 1 << 2 * squeezes; index++, source += out->channels) {
        int y, x;

        ainn_squeeze_position(index, &y, &x);
        copy_channels(rows[y] + (x0 + (uint32_t)x) * (size_t)out->step + out->offset, source, out->channels);
    }
}

static void run_squeeze(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_place *in = &op->input[0];
    int16_t *out = ainn_at(plan, scratch, &op->output, row, begin, begin);
    const int16_t *rows[AINN_MAX_SQUEEZE];

    for (uint32_t y = 0; y < 1u << op->squeezes; y++)
        rows[y] = ainn_row(plan, in->tensor, ((int64_t)row << op->squeezes) + y) + ((size_t)begin << op->squeezes) * (size_t)in->step + in->offset;
    for (int index = 0; index < 1 << 2 * op->squeezes; index++) {
        const int16_t *from;
        int16_t *to = out + index * in->channels;
        int y, x;

        ainn_squeeze_position(index, &y, &x);
        from = rows[y] + (size_t)x * (size_t)in->step;
        for (uint32_t p = begin; p < end; p++, to += op->output.step, from += (size_t)in->step << op->squeezes)
            copy_channels(to, from, in->channels);
    }
}

void ainn_add_squeeze(ainn_plan *plan, ainn_place input, int squeezes, ainn_place output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_squeeze);

    ainn_plan_reads(plan, input.tensor, 1 << squeezes, 0, (1 << squeezes) - 1);
    op->input[0] = input;
    op->output = output;
    op->squeezes = squeezes;
}

static void run_unsqueeze(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const int16_t *from = ainn_at(plan, scratch, &op->input[0], row, begin, begin);
    int16_t *rows[AINN_MAX_SQUEEZE];

    for (uint32_t y = 0; y < 1u << op->squeezes; y++)
        rows[y] = ainn_row(plan, op->output.tensor, ((int64_t)row << op->squeezes) + y);
    for (uint32_t p = begin; p < end; p++, from += op->input[0].step)
        ainn_unsqueeze_position(rows, p << op->squeezes, &op->output, op->squeezes, from);
}

void ainn_add_unsqueeze(ainn_plan *plan, ainn_place input, int squeezes, ainn_place output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_unsqueeze);

    ainn_plan_writes(plan, output.tensor, 1 << squeezes, 0, 0);
    op->input[0] = input;
    op->output = output;
    op->squeezes = squeezes;
}

static void run_squeeze_pointwise(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_place *in = &op->input[0];
    ainn_segment segments[4];

    for (uint32_t i = 0; i < 4; i++)
        segments[i] = (ainn_segment){ainn_at(plan, scratch, in, 2 * row + (i >> 1), 0, 2 * begin + (i & 1)), 2 * (size_t)in->step, in->channels, 0};
    plan->kernels->dense(ainn_at(plan, scratch, &op->output, row, begin, begin), (size_t)op->output.step, end - begin, &op->dense[0], segments, 4, NULL, 0);
}

void ainn_add_squeeze_pointwise(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_squeeze_pointwise);

    ainn_plan_reads(plan, input.tensor, 2, 0, 1);
    op->dense[0] = dense;
    op->input[0] = input;
    op->output = output;
}

static void run_pointwise_unsqueeze(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_place *out = &op->output;
    const ainn_segment segment = {ainn_at(plan, scratch, &op->input[0], row, begin, begin), (size_t)op->input[0].step, op->input[0].channels, 0};

    for (uint32_t i = 0; i < 4; i++)
        plan->kernels->dense(ainn_at(plan, scratch, out, 2 * row + (i >> 1), 0, 2 * begin + (i & 1)), 2 * (size_t)out->step, end - begin, &op->dense[i],
                             &segment, 1, NULL, 0);
}

void ainn_add_pointwise_unsqueeze(ainn_plan *plan, ainn_dense dense, ainn_place input, ainn_place output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_pointwise_unsqueeze);

    if (input.tensor)
        ainn_plan_reads(plan, input.tensor, 1, 0, 0);
    ainn_plan_writes(plan, output.tensor, 2, 0, 0);
    for (int i = 0; i < 4; i++)
        op->dense[i] = ainn_dense_part(dense, i * output.channels, output.channels);
    op->input[0] = input;
    op->output = output;
}
