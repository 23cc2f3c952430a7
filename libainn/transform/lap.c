#include "transform/lap.h"

#include <string.h>

#include "transform/operations.h"
#include "transform/squeeze.h"

/* The quarters around the corner below row `row` and right of position x, as one input. */
static void straddle(const ainn_plan *plan, const ainn_tensor *input, int64_t row, uint32_t x, ainn_segment segments[4])
{
    const size_t channels = (size_t)input->channels;

    for (size_t i = 0; i < 4; i++)
        segments[i] = (ainn_segment){ainn_row(plan, input, row + (int64_t)(i >> 1)) + (x + (i & 1)) * channels + (3 - i) * (channels / 4), channels, input->channels / 4, 0};
}

/* Corners of a block: there is none right of the last position. */
static uint32_t corners(const ainn_tensor *input, uint32_t begin, uint32_t end)
{
    return end < input->width ? end - begin : end - begin - 1;
}

/* Quarter i of a position stays as it is. */
static void keep_quarter(const ainn_plan *plan, const ainn_operation *op, int64_t row, uint32_t x, size_t i)
{
    const ainn_tensor *input = op->input[0].tensor;
    const size_t quarter = (size_t)input->channels / 4, at = x * (size_t)input->channels + i * quarter;

    memcpy(ainn_row(plan, op->output.tensor, row) + at, ainn_row(plan, input, row) + at, quarter * sizeof(int16_t));
}

static void run_lap(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_tensor *input = op->input[0].tensor, *output = op->output.tensor;
    const size_t channels = (size_t)input->channels;
    ainn_segment segments[4];

    (void)scratch;
    if (row == 0 || row == input->height) {
        for (uint32_t x = begin; x < end; x++)
            for (size_t i = 0; i < 2; i++)
                keep_quarter(plan, op, row ? row - 1 : 0, x, row ? 2 + i : i);
        return;
    }
    straddle(plan, input, (int64_t)row - 1, begin, segments);
    for (size_t i = 0; i < 4; i++)
        plan->kernels->dense(ainn_row(plan, output, (int64_t)row - 1 + (int64_t)(i >> 1)) + (begin + (i & 1)) * channels + (3 - i) * (channels / 4),
                             channels, corners(input, begin, end), &op->dense[i], segments, 4, NULL, 0);
    if (begin == 0) {
        keep_quarter(plan, op, (int64_t)row - 1, 0, 2);
        keep_quarter(plan, op, row, 0, 0);
    }
    if (end == input->width) {
        keep_quarter(plan, op, (int64_t)row - 1, end - 1, 3);
        keep_quarter(plan, op, row, end - 1, 1);
    }
}

void ainn_add_lap(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, ainn_tensor *output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_lap);

    ainn_plan_reads(plan, input, 1, -1, 0);
    ainn_plan_writes(plan, output, 1, -1, 1);
    for (int i = 0; i < 4; i++)
        op->dense[i] = ainn_dense_part(dense, i * (dense.out / 4), dense.out / 4);
    op->input[0] = ainn_in_tensor(input);
    op->output = ainn_in_tensor(output);
}

/* Quarter i of input position (row, x), unsqueezed to where it was: half blocks (y, x2) of the output. */
static void put_quarter(const ainn_plan *plan, const ainn_operation *op, int64_t row, uint32_t x, size_t i)
{
    const ainn_tensor *input = op->input[0].tensor;
    const int finer = op->squeezes - 1;
    int16_t *rows[AINN_MAX_SQUEEZE];

    for (int y = 0; y < 1 << finer; y++)
        rows[y] = ainn_row(plan, op->output.tensor, ((2 * row + (int64_t)(i >> 1)) << finer) + y);
    ainn_unsqueeze_position(rows, (2 * x + (uint32_t)(i & 1)) << finer, &op->output, finer,
                            ainn_row(plan, input, row) + x * (size_t)input->channels + i * (size_t)(input->channels / 4));
}

static void run_lap_inverse(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_tensor *input = op->input[0].tensor;
    const int finer = op->squeezes - 1;
    int16_t *block = ainn_at(plan, scratch, &op->input[1], row, begin, begin);
    const uint32_t count = corners(input, begin, end);
    int16_t *rows[AINN_MAX_SQUEEZE];
    ainn_segment segments[4];

    if (row == 0 || row == input->height) {
        for (uint32_t x = begin; x < end; x++)
            for (size_t i = 0; i < 2; i++)
                put_quarter(plan, op, row ? (int64_t)row - 1 : 0, x, row ? 2 + i : i);
        return;
    }
    straddle(plan, input, (int64_t)row - 1, begin, segments);
    plan->kernels->dense(block, (size_t)op->input[1].step, count, &op->dense[0], segments, 4, NULL, 0);
    for (int y = 0; y < 2 << finer; y++)
        rows[y] = ainn_row(plan, op->output.tensor, ((2 * (int64_t)row - 1) << finer) + y);
    for (uint32_t p = 0; p < count; p++, block += op->input[1].step)
        ainn_unsqueeze_position(rows, (2 * (begin + p) + 1) << finer, &op->output, op->squeezes, block);
    if (begin == 0) {
        put_quarter(plan, op, (int64_t)row - 1, 0, 2);
        put_quarter(plan, op, row, 0, 0);
    }
    if (end == input->width) {
        put_quarter(plan, op, (int64_t)row - 1, end - 1, 3);
        put_quarter(plan, op, row, end - 1, 1);
    }
}

void ainn_add_lap_inverse(ainn_plan *plan, ainn_dense dense, ainn_tensor *input, int squeezes, ainn_place output)
{
    ainn_operation *op = ainn_plan_operation(plan, run_lap_inverse);

    ainn_plan_reads(plan, input, 1, -1, 0);
    ainn_plan_writes(plan, output.tensor, 1 << squeezes, -(1 << (squeezes - 1)), 0);
    op->dense[0] = dense;
    op->input[0] = ainn_in_tensor(input);
    op->input[1] = ainn_in_slot(plan, AINN_SLOT_STREAM, dense.out);
    op->output = output;
    op->squeezes = squeezes;
}
