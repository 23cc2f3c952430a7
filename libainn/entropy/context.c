#include "entropy/context.h"

#include "transform/pipeline.h"   /* ainn_dense_part */

typedef struct step_task {
    const ainn_group_net *net;
    int step;
    ainn_plane latents, context;
    int16_t *mu;
    uint8_t *index;
} step_task;

/* The channels around the first position of a row that earlier steps have decoded; all others are still zero. Every second position
 * has the same. Returns the number of segments. */
static int known_latents(const step_task *task, uint32_t row, uint32_t x, ainn_segment segments[AINN_MAX_SEGMENTS])
{
    const int quarter = task->latents.channels / 4;
    int count = 0, skip = 0;

    for (int tap = 0; tap < 9; tap++) {
        const uint32_t near_y = row + (uint32_t)(tap / 3) - 1, near_x = x + (uint32_t)(tap % 3) - 1;
        int before = 0;              /* the group before is part of the last segment */

        for (int group = 0; group < 4; group++) {
            const int known = ((ainn_cell_class(near_y, near_x) - group) & 3) < task->step;

            if (!known) {
                skip += quarter;
            } else if (before) {
                segments[count - 1].channels += quarter;
            } else {
                segments[count++] = (ainn_segment){ainn_plane_at(&task->latents, (int64_t)x + tap % 3 - 1, (int64_t)row + tap / 3 - 1) + group * quarter,
                                                   2 * (size_t)task->latents.channels, quarter, skip};
                skip = 0;
            }
            before = known;
        }
    }
    return count;
}

static ainn_dense layer_for(const ainn_group_net *net, const ainn_layer *layer)
{
    return ainn_layer_for(net->model, layer, net->kernels, (uint64_t)net->hx * net->hy);
}

/* red of the step, for one row of positions. */
static void reduce(const step_task *task, uint32_t row, int16_t *reduced)
{
    const ainn_group_net *net = task->net;
    const size_t channels = (size_t)net->model->N;
    const ainn_dense red = layer_for(net, &net->model->red[task->step - 1]);
    ainn_segment segments[AINN_MAX_SEGMENTS];

    for (uint32_t x = 0; x < 2 && x < net->hx; x++) {
        const int count = known_latents(task, row, x, segments);

        net->kernels->dense(reduced + x * channels, 2 * channels, (net->hx - x + 1) / 2, &red, segments, count, NULL, 0);
    }
}

/* ctx.S.1 over the features and, after the first step, what red makes of the latents decoded so far. */
static void begin_row(void *opaque, size_t row, unsigned thread)
{
    const step_task *task = opaque;
    const ainn_group_net *net = task->net;
    const ainn_model *model = net->model;
    const ainn_dense first = layer_for(net, &model->context[task->step][0]);
    int16_t *reduced = net->scratch + thread * net->scratch_size;
    ainn_segment inputs[2] = {{ainn_plane_at(&net->features, 0, (int64_t)row), (size_t)(2 * model->N), 2 * model->N, 0},
                              {reduced, (size_t)model->N, model->N, 0}};

    if (task->step > 0)
        reduce(task, (uint32_t)row, reduced);
    net->kernels->dense(ainn_plane_at(&task->context, 0, (int64_t)row), (size_t)(2 * model->N), net->hx, &first, inputs,
                        task->step > 0 ? 2 : 1, NULL, 0);
}

/* ctx.S.5 at every second position of a row, from x on: only the outputs of the channel group that is coded there. */
static void end_positions(const step_task *task, uint32_t row, uint32_t x, const int16_t *context, int16_t *scales)
{
    const ainn_group_net *net = task->net;
    const ainn_model *model = net->model;
    const int quarter = model->M / 4, group = ainn_coded_group(task->step, row, x);
    const size_t positions = (net->hx - x + 1) / 2, at = ((size_t)row * net->hx + x) * (size_t)quarter;
    const ainn_segment input = {context + x * (size_t)(2 * model->N), 2 * (size_t)(2 * model->N), 2 * model->N, 0};
    const ainn_dense last = layer_for(net, &model->context[task->step][2]), inputs = ainn_dense_part(last, (2 * group + 1) * quarter, quarter);
    ainn_dense means = ainn_dense_part(last, 2 * group * quarter, quarter);

    means.bound = AINN_WIDE_BOUND;
    net->kernels->dense(task->mu + at, 2 * (size_t)quarter, positions, &means, &input, 1, NULL, 0);
    net->kernels->dense(scales, (size_t)quarter, positions, &inputs, &input, 1, NULL, 0);
    for (size_t p = 0; p < positions; p++) {
        uint8_t *index = task->index + at + 2 * p * (size_t)quarter;

        for (int k = 0; k < quarter; k++)
            index[k] = model->scale_index[(*scales++ + 8192) >> 2];
    }
}

/* ctx.S.3 and ctx.S.5 */
static void end_row(void *opaque, size_t row, unsigned thread)
{
    const step_task *task = opaque;
    const ainn_group_net *net = task->net;
    const size_t channels = 2 * (size_t)net->model->N;
    const ainn_dense second = layer_for(net, &net->model->context[task->step][1]);
    int16_t *context = net->scratch + thread * net->scratch_size, *scales = context + net->hx * channels;
    ainn_segment taps[9];

    ainn_plane_taps3(&task->context, (uint32_t)row, taps);
    net->kernels->dense(context, channels, net->hx, &second, taps, 9, NULL, 0);
    for (uint32_t x = 0; x < 2 && x < net->hx; x++)
        end_positions(task, (uint32_t)row, x, context, scales);
}

void ainn_context_step(ainn_group_net *net, int step, const int16_t *yhat, int16_t *mu, uint8_t *index)
{
    step_task task = {.net = net, .step = step, .mu = mu, .index = index};

    if (step > 0) {
        task.latents = ainn_plane_open(net, AINN_PLANE_LATENTS, net->hx, net->hy, net->model->M);
        ainn_plane_fill(net, &task.latents, yhat);
    }
    task.context = ainn_plane_open(net, AINN_PLANE_CONTEXT, net->hx, net->hy, 2 * net->model->N);
    ainn_pool_run(net->pool, net->hy, begin_row, &task);
    ainn_pool_run(net->pool, net->hy, end_row, &task);
}
