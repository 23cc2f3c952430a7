#include "transform/fdsm.h"

#include <string.h>

#include "transform/operations.h"

#define EDGE 16                  /* repeated samples left and right of a picture row: at least 3 */
#define MEANS 3                  /* windows of 3, 5 and 7 */
#define COLOURS 3
#define REACH 3                  /* of the largest window */

static size_t plane_width(const ainn_plan *plan)
{
    return (size_t)plan->columns * AINN_LATENT_PIXELS;
}

ainn_tensor *ainn_fdsm_picture(ainn_plan *plan)
{
    return ainn_plan_tensor_sized(plan, (uint32_t)(COLOURS * (plane_width(plan) + 2 * EDGE)), plan->rows * AINN_LATENT_PIXELS, 1);
}

/* First sample of one colour of a picture row. */
static int16_t *picture_row(const ainn_plan *plan, const ainn_tensor *picture, int64_t row, size_t colour)
{
    return ainn_row(plan, picture, row) + colour * (plane_width(plan) + 2 * EDGE) + EDGE;
}

void ainn_fdsm_fill(const ainn_plan *plan, ainn_tensor *picture, uint32_t first, const int16_t *const components[3], size_t stride)
{
    const size_t width = plane_width(plan);

    for (size_t y = 0; y < AINN_LATENT_PIXELS; y++)
        for (size_t colour = 0; colour < COLOURS; colour++) {
            int16_t *row = picture_row(plan, picture, (int64_t)(first + y), colour);

            memcpy(row, components[colour] + y * stride, width * sizeof *row);
            for (size_t i = 1; i <= REACH; i++) {
                row[-(ptrdiff_t)i] = row[0];
                row[width - 1 + i] = row[width - 1];
            }
        }
}

/* Window means and the differences to them, squeezed; and the squeezed picture itself. */
static void run_means(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_tensor *picture = op->input[0].tensor;
    const size_t positions = end - begin;
    int16_t *planes = scratch->slot[AINN_SLOT_PLANES];
    const int16_t *x[2 * COLOURS], *means[MEANS][2 * COLOURS];

    for (size_t k = 0; k < 2 * COLOURS; k++) {
        const size_t dy = k / COLOURS, colour = k % COLOURS;
        int16_t *mean[MEANS];
        const int16_t *rows[7];

        for (int i = 0; i < 7; i++) {
            int64_t y = 2 * (int64_t)row + (int64_t)dy + i - REACH;

            y = y < 0 ? 0 : y < (int64_t)picture->height ? y : (int64_t)picture->height - 1;
            rows[i] = picture_row(plan, picture, y, colour) + 2 * (size_t)begin;
        }
        for (size_t m = 0; m < MEANS; m++) {
            mean[m] = planes + (MEANS * k + m) * 2 * positions;
            means[m][k] = mean[m];
        }
        x[k] = rows[REACH];
        plan->kernels->box_means(mean[0], mean[1], mean[2], 2 * positions, rows);
    }
    plan->kernels->interleave(ainn_at(plan, scratch, &op->output, row, begin, begin), ainn_at(plan, scratch, &op->input[1], row, begin, begin),
                              ainn_at(plan, scratch, &op->input[2], row, begin, begin), positions, x, (const int16_t *const (*)[2 * COLOURS])means);
}

void ainn_add_fdsm_decompose(ainn_plan *plan, ainn_tensor *picture, ainn_place streams[2])
{
    const ainn_model *model = plan->model;
    const ainn_layer *first[2] = {&model->fdsm_l, &model->fdsm_h}, *second[2] = {&model->fdsm_l2, &model->fdsm_h2};
    ainn_tensor *squeezed = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED), *hidden[2];
    ainn_operation *op;

    ainn_plan_stage(plan, AINN_HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    ainn_plan_reads(plan, picture, 2, -REACH, 1 + REACH);
    ainn_plan_writes(plan, squeezed, 1, 0, 0);
    ainn_in_slot(plan, AINN_SLOT_PLANES, 2 * 2 * COLOURS * MEANS);
    const ainn_place inputs[2] = {ainn_in_slot(plan, AINN_SLOT_MEANS, AINN_MEANS_PADDED), ainn_in_slot(plan, AINN_SLOT_DIFFERENCES, AINN_MEANS_PADDED)};
    op = ainn_plan_operation(plan, run_means);
    op->input[0] = ainn_in_tensor(picture);
    op->input[1] = inputs[0];
    op->input[2] = inputs[1];
    op->output = ainn_in_tensor(squeezed);
    for (int t = 0; t < 2; t++) {
        hidden[t] = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);
        ainn_plan_writes(plan, hidden[t], 1, 0, 0);
        ainn_add_pointwise1(plan, ainn_plan_dense(plan, first[t], -1), inputs[t], ainn_in_tensor(hidden[t]), AINN_NO_PLACE);
    }

    ainn_plan_stage(plan, AINN_HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    for (int t = 0; t < 2; t++) {
        ainn_tensor *stream = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);

        ainn_plan_reads(plan, squeezed, 1, 0, 0);
        ainn_plan_writes(plan, stream, 1, 0, 0);
        ainn_add_conv3(plan, ainn_plan_dense(plan, second[t], -1), hidden[t], ainn_in_tensor(stream), ainn_in_tensor(squeezed));
        streams[t] = ainn_in_tensor(stream);
        streams[t].channels = AINN_FDSM_CHANNELS;
    }
}

static void run_synthesise(const ainn_plan *plan, const ainn_operation *op, const ainn_scratch *scratch, uint32_t row, uint32_t begin, uint32_t end)
{
    const ainn_pixel_rows *rows = op->data;
    uint32_t *planes[3][2];

    for (size_t c = 0; c < COLOURS; c++)
        for (size_t y = 0; y < 2; y++)
            planes[c][y] = rows->planes[c] + (2 * (size_t)row + y - rows->first) * rows->stride + 2 * (size_t)begin;
    plan->kernels->synthesise(planes, ainn_at(plan, scratch, &op->input[0], row, begin, begin), ainn_at(plan, scratch, &op->input[1], row, begin, begin),
                              end - begin, plan->model->sigmoid, plan->model->pixel_frac);
}

void ainn_add_fdsm_synthesise(ainn_plan *plan, ainn_tensor *both, const ainn_pixel_rows *rows)
{
    const ainn_model *model = plan->model;
    ainn_tensor *a = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED), *b = ainn_plan_tensor(plan, AINN_HALF_RESOLUTION, AINN_FDSM_PADDED);
    ainn_operation *op;

    ainn_plan_stage(plan, AINN_HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    ainn_plan_writes(plan, a, 1, 0, 0);
    ainn_add_conv3(plan, ainn_plan_dense(plan, &model->synthesise_a, -1), both, ainn_in_tensor(a), AINN_NO_PLACE);

    ainn_plan_stage(plan, AINN_HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    ainn_plan_writes(plan, b, 1, 0, 0);
    ainn_add_conv3(plan, ainn_plan_dense(plan, &model->synthesise_b, -1), a, ainn_in_tensor(b), AINN_NO_PLACE);

    ainn_plan_stage(plan, AINN_HALF_RESOLUTION, 0, AINN_WIDE_BLOCK);
    const ainn_place mask = ainn_in_slot(plan, AINN_SLOT_STREAM, AINN_FDSM_PADDED);
    ainn_plan_reads(plan, both, 1, 0, 0);
    ainn_add_conv3(plan, ainn_plan_dense(plan, &model->synthesise_c, -1), b, mask, AINN_NO_PLACE);
    op = ainn_plan_operation(plan, run_synthesise);
    op->input[0] = ainn_in_tensor(both);
    op->input[1] = mask;
    op->data = rows;
}
