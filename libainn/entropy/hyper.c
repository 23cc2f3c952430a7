#include "entropy/hyper.h"

#include <string.h>

#include "transform/pipeline.h"   /* ainn_dense_part */

static size_t plane_size(uint32_t width, uint32_t height, int channels)
{
    return (size_t)(width + 2 * AINN_PLANE_MARGIN) * (height + 2 * AINN_PLANE_MARGIN) * (size_t)channels;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

ainn_status ainn_group_net_create_sized(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                        uint32_t hx, uint32_t hy, ainn_group_net **result)
{
    ainn_group_net *net = ainn_alloc(memory, sizeof *net);
    const uint32_t zx = ainn_hyper_size(hx), zy = ainn_hyper_size(hy);
    const int M = model->M, N = model->N;
    ainn_status status = AINN_OK;

    *result = NULL;
    if (!net)
        return ainn_memory_status(memory);
    net->memory = memory;
    net->model = model;
    net->kernels = kernels;
    net->pool = pool;
    net->scratch_size = (size_t)hx * (size_t)(2 * N + (N > M / 4 ? N : M / 4));
    const size_t size[AINN_PLANES] = {
        [AINN_PLANE_LATENTS] = larger(plane_size(hx, hy, M), plane_size(4 * zx, 4 * zy, N)),
        [AINN_PLANE_CONTEXT] = plane_size(hx, hy, 2 * N) + plane_size(2 * zx, 2 * zy, N),
        [AINN_PLANE_FEATURES] = larger(plane_size(hx, hy, 2 * N), plane_size(2 * zx, 2 * zy, N)),
        [AINN_PLANE_HYPER] = plane_size(zx, zy, model->Z),
    };
    if (!(net->buffer[0] = ainn_alloc_array(memory, size[0] + size[1] + size[2] + size[3], sizeof(int16_t))))
        status = ainn_memory_status(memory);
    for (int i = 1; i < AINN_PLANES && !status; i++)
        net->buffer[i] = net->buffer[i - 1] + size[i - 1];
    if (!status && !(net->scratch = ainn_alloc_array(memory, net->scratch_size * ainn_pool_threads(pool), sizeof(int16_t))))
        status = ainn_memory_status(memory);
    if (status)
        ainn_group_net_destroy(net);
    else
        *result = net;
    return status;
}

ainn_status ainn_group_net_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool, ainn_group_net **net)
{
    return ainn_group_net_create_sized(memory, model, kernels, pool, AINN_GROUP_SIZE, AINN_GROUP_SIZE, net);
}

void ainn_group_net_destroy(ainn_group_net *net)
{
    if (!net)
        return;
    ainn_free_memory(net->memory, net->buffer[0]);
    ainn_free_memory(net->memory, net->scratch);
    ainn_free_memory(net->memory, net);
}

ainn_plane ainn_plane_open(ainn_group_net *net, int buffer, uint32_t width, uint32_t height, int channels)
{
    const size_t stride = (size_t)(width + 2 * AINN_PLANE_MARGIN) * (size_t)channels, margin = AINN_PLANE_MARGIN * (size_t)channels;
    int16_t *start = net->buffer[buffer];
    const ainn_plane plane = {start + AINN_PLANE_MARGIN * stride + margin, stride, width, height, channels};

    memset(start, 0, (AINN_PLANE_MARGIN * stride + margin) * sizeof *start);
    for (uint32_t y = 0; y < height; y++)                  /* the right margin and the next row's left one */
        memset(ainn_plane_at(&plane, width, y), 0, 2 * margin * sizeof *start);
    memset(ainn_plane_at(&plane, width, (int64_t)height - 1), 0, (margin + AINN_PLANE_MARGIN * stride) * sizeof *start);
    return plane;
}

typedef struct fill_task {
    const ainn_plane *plane;
    const int16_t *values;
} fill_task;

static void fill_row(void *opaque, size_t row, unsigned thread)
{
    const fill_task *task = opaque;
    const size_t size = (size_t)task->plane->width * (size_t)task->plane->channels;

    (void)thread;
    memcpy(ainn_plane_at(task->plane, 0, (int64_t)row), task->values + row * size, size * sizeof(int16_t));
}

void ainn_plane_fill(const ainn_group_net *net, const ainn_plane *plane, const int16_t *values)
{
    fill_task task = {plane, values};

    ainn_pool_run(net->pool, plane->height, fill_row, &task);
}

void ainn_plane_taps3(const ainn_plane *plane, uint32_t row, ainn_segment segments[9])
{
    for (int tap = 0; tap < 9; tap++)
        segments[tap] = (ainn_segment){ainn_plane_at(plane, tap % 3 - 1, (int64_t)row + tap / 3 - 1), (size_t)plane->channels, plane->channels, 0};
}

/* A convolution over a plane; `unsqueezes`: its outputs are four positions. */
typedef struct conv_task {
    const ainn_group_net *net;
    const ainn_layer *layer;
    ainn_plane in, out;
    int stride, unsqueezes;
} conv_task;

static void conv_row(void *opaque, size_t row, unsigned thread)
{
    const conv_task *task = opaque;
    const ainn_plane *counted = task->unsqueezes ? &task->in : &task->out;
    const ainn_dense dense = ainn_layer_for(task->net->model, task->layer, task->net->kernels, (uint64_t)counted->width * counted->height);
    const int side = task->layer->taps == 25 ? 5 : 3;
    ainn_segment segments[25];

    (void)thread;
    for (int tap = 0; tap < side * side; tap++)
        segments[tap] = (ainn_segment){ainn_plane_at(&task->in, tap % side - side / 2, (int64_t)row * task->stride + tap / side - side / 2),
                                       (size_t)(task->stride * task->in.channels), task->in.channels, 0};
    if (!task->unsqueezes) {
        task->net->kernels->dense(ainn_plane_at(&task->out, 0, (int64_t)row), (size_t)task->out.channels, task->out.width, &dense,
                                  segments, side * side, NULL, 0);
        return;
    }
    for (int i = 0; i < 4; i++) {
        const ainn_dense part = ainn_dense_part(dense, i * task->out.channels, task->out.channels);

        task->net->kernels->dense(ainn_plane_at(&task->out, i & 1, 2 * (int64_t)row + (i >> 1)), 2 * (size_t)task->out.channels, task->in.width, &part,
                                  segments, side * side, NULL, 0);
    }
}

static void convolve(const ainn_group_net *net, const ainn_layer *layer, ainn_plane in, ainn_plane out, int stride, int unsqueezes)
{
    conv_task task = {net, layer, in, out, stride, unsqueezes};

    ainn_pool_run(net->pool, unsqueezes ? in.height : out.height, conv_row, &task);
}

static int16_t limit(int32_t v, int32_t bound)
{
    return (int16_t)(v < -bound ? -bound : v > bound ? bound : v);
}

void ainn_hyper_analysis(ainn_group_net *net, const int16_t *y, uint32_t hx, uint32_t hy, int16_t *z)
{
    const ainn_model *model = net->model;
    const uint32_t zx = ainn_hyper_size(hx), zy = ainn_hyper_size(hy);
    const ainn_plane latents = ainn_plane_open(net, AINN_PLANE_LATENTS, hx, hy, model->M);
    const ainn_plane full = ainn_plane_open(net, AINN_PLANE_CONTEXT, hx, hy, model->N);
    const ainn_plane half = ainn_plane_open(net, AINN_PLANE_FEATURES, (hx + 1) / 2, (hy + 1) / 2, model->N);
    const ainn_plane quarter = {z, (size_t)zx * (size_t)model->Z, zx, zy, model->Z};
    const size_t count = (size_t)zx * zy * (size_t)model->Z;

    ainn_plane_fill(net, &latents, y);
    convolve(net, &model->ha0, latents, full, 1, 0);
    convolve(net, &model->ha2, full, half, 2, 0);
    convolve(net, &model->ha4, half, quarter, 2, 0);
    for (size_t i = 0; i < count; i++)
        z[i] = limit((z[i] + (1 << (model->z_frac - 1))) >> model->z_frac, model->z_max);
}

void ainn_hyper_synthesis(ainn_group_net *net, const int16_t *z, uint32_t hx, uint32_t hy)
{
    const ainn_model *model = net->model;
    const uint32_t zx = ainn_hyper_size(hx), zy = ainn_hyper_size(hy);
    const ainn_plane hyper = ainn_plane_open(net, AINN_PLANE_HYPER, zx, zy, model->Z);
    const ainn_plane half = ainn_plane_open(net, AINN_PLANE_CONTEXT, 2 * zx, 2 * zy, model->N);
    const ainn_plane full = ainn_plane_open(net, AINN_PLANE_LATENTS, 4 * zx, 4 * zy, model->N);

    for (uint32_t y = 0; y < zy; y++)
        for (size_t i = 0; i < (size_t)zx * (size_t)model->Z; i++)
            ainn_plane_at(&hyper, 0, y)[i] = limit(*z++, model->z_max);
    convolve(net, &model->hs0, hyper, half, 1, 1);
    convolve(net, &model->hs3, half, full, 1, 1);
    net->hx = hx;
    net->hy = hy;
    net->features = ainn_plane_open(net, AINN_PLANE_FEATURES, hx, hy, 2 * model->N);
    convolve(net, &model->hs6, full, net->features, 1, 0);
}
