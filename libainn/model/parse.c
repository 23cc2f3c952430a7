/* From a model file's tensors to the struct that the network reads. */
#include "model/binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_M 1024
#define MAX_N 512
#define MAX_CHANNELS 4096
#define MAX_GAIN (24 << 16)
#define CONFIG_HEAD 8
#define CONFIG_LEVEL 6
#define GAUSS_TABLES 64
#define MAX_SYMBOLS 32768
#define TOTAL_SQUEEZES 4          /* a latent stands for 16x16 pixels */

static int is_width(int32_t v, int32_t multiple, int32_t limit)
{
    return v >= multiple && v <= limit && v % multiple == 0;
}

static int level_is_sound(const ainn_model_level *l)
{
    return l->squeezes >= 0 && l->squeezes <= TOTAL_SQUEEZES && l->couplings >= 0 && l->couplings <= AINN_MAX_COUPLINGS &&
           is_width(l->hidden, AINN_LANE, MAX_CHANNELS) && (l->pdm_width == 0 || is_width(l->pdm_width, AINN_LANE, MAX_CHANNELS)) &&
           (l->lapped == 0 || (l->lapped == 1 && l->squeezes > 0 && l->channels % (4 * AINN_LANE) == 0)) &&
           is_width(l->channels, AINN_LANE, MAX_CHANNELS) && is_width(l->keep, AINN_LANE, l->channels);
}

static void read_config(ainn_binding *binding, ainn_model *model)
{
    const uint32_t none[4] = {1, 1, 1, 1};
    uint32_t length = 0;
    const int32_t *config = ainn_tensors_get(&binding->tensors, "config", AINN_INT32, 1, none, 0, &length);
    int squeezes = 1, channels = AINN_FDSM_CHANNELS;

    if (!config || length < CONFIG_HEAD) {
        ainn_bind_fail(binding, config ? "the model's %s is too short" : NULL, "config");
        return;
    }
    model->M = config[0];
    model->N = config[1];
    model->Z = config[2];
    model->y_frac = config[3];
    model->pixel_frac = config[4];
    model->z_max = config[5];
    model->z_frac = config[6];
    model->levels = config[7];
    if (!is_width(model->M, 4 * AINN_LANE, MAX_M) || !is_width(model->N, AINN_LANE, MAX_N) || !is_width(model->Z, AINN_LANE, MAX_N) ||
        model->y_frac < 1 || model->y_frac > 14 || model->pixel_frac < 0 || model->pixel_frac > 10 || model->z_max < 1 ||
        model->z_max > AINN_WIDE_BOUND || model->z_frac < 1 || model->z_frac > 15 || model->levels < 1 || model->levels > AINN_MAX_LEVELS ||
        length != CONFIG_HEAD + CONFIG_LEVEL * (uint32_t)model->levels) {
        ainn_bind_fail(binding, "the model's %s has values that are not allowed", "config");
        return;
    }
    for (int i = 0; i < model->levels; i++) {
        const int32_t *v = config + CONFIG_HEAD + CONFIG_LEVEL * i;
        ainn_model_level *l = &model->level[i];

        l->squeezes = v[0];
        l->couplings = v[1];
        l->hidden = v[2];
        l->keep = v[3];
        l->pdm_width = v[4];
        l->lapped = v[5];
        l->in = channels;
        l->channels = v[0] >= 0 && v[0] <= TOTAL_SQUEEZES ? channels << 2 * v[0] : 0;
        if (!level_is_sound(l)) {
            ainn_bind_fail(binding, "a level in the model's %s has values that are not allowed", "config");
            return;
        }
        squeezes += l->squeezes;
        channels = l->keep;
    }
    if (squeezes != TOTAL_SQUEEZES)
        ainn_bind_fail(binding, "the levels in the model's %s do not reach 1/16 of the picture", "config");
}

/* From stream to stream. */
static ainn_layer_shape pointwise(int in, int out)
{
    return (ainn_layer_shape){1, in, out, 0, AINN_STREAM_BOUND, AINN_STREAM_BOUND, 0};
}

/* The first of several layers takes a stream, all others what a LeakyReLU left. */
static ainn_layer_shape conv3(int in, int out, int leaky, int in_bound)
{
    return (ainn_layer_shape){9, in, out, leaky, in_bound, leaky ? AINN_BOUND : AINN_STREAM_BOUND, 0};
}

static void bind_level(ainn_binding *binding, int index, ainn_model_level *l)
{
    char name[AINN_TENSOR_NAME];
    const int c = l->channels;

    if (l->lapped) {
        snprintf(name, sizeof name, "level%d.lap.w", index);
        ainn_bind_layer(binding, name, pointwise(c, c), &l->lap_w);
        snprintf(name, sizeof name, "level%d.lap.winv", index);
        ainn_bind_layer(binding, name, pointwise(c, c), &l->lap_winv);
    }
    snprintf(name, sizeof name, "level%d.w", index);
    ainn_bind_layer(binding, name, pointwise(c, c), &l->w);
    snprintf(name, sizeof name, "level%d.winv", index);
    ainn_bind_layer(binding, name, pointwise(c, c), &l->winv);
    for (int i = 0; i < l->couplings; i++) {
        snprintf(name, sizeof name, "level%d.coupling%d.f", index, i);
        ainn_bind_bottleneck(binding, name, c, l->hidden, 2 * c, 0, &l->coupling[i].f);
        snprintf(name, sizeof name, "level%d.coupling%d.g", index, i);
        ainn_bind_bottleneck(binding, name, c, l->hidden, 2 * c, 0, &l->coupling[i].g);
    }
    for (int t = 0; t < 2; t++) {
        if (l->keep < c) {
            snprintf(name, sizeof name, "level%d.down.%d", index, t);
            ainn_bind_layer(binding, name, pointwise(c, l->keep), &l->down[t]);
            snprintf(name, sizeof name, "level%d.up.%d", index, t);
            ainn_bind_layer(binding, name, pointwise(l->keep, c), &l->up[t]);
            snprintf(name, sizeof name, "level%d.rec.%d", index, t);
            ainn_bind_bottleneck(binding, name, l->keep, l->pdm_width ? l->pdm_width : l->hidden, l->keep, 1, &l->rec[t]);
        }
        if (l->pdm_width) {
            snprintf(name, sizeof name, "level%d.pdm.%d", index, t);
            ainn_bind_bottleneck(binding, name, c, l->pdm_width, c, 1, &l->pdm[t]);
        }
    }
}

static void bind_transform(ainn_binding *binding, ainn_model *model)
{
    const ainn_layer_shape means = {1, AINN_MEANS_PADDED, AINN_FDSM_PADDED, 1, AINN_STREAM_BOUND, AINN_BOUND, 0};
    const int keep = model->level[model->levels - 1].keep;
    char name[AINN_TENSOR_NAME];
    ainn_layer_shape fine;

    ainn_bind_layer(binding, "fdsm_d.l", means, &model->fdsm_l);
    ainn_bind_layer(binding, "fdsm_d.h", means, &model->fdsm_h);
    ainn_bind_layer(binding, "fdsm_d.l2", conv3(AINN_FDSM_PADDED, AINN_FDSM_PADDED, 0, AINN_BOUND), &model->fdsm_l2);
    ainn_bind_layer(binding, "fdsm_d.h2", conv3(AINN_FDSM_PADDED, AINN_FDSM_PADDED, 0, AINN_BOUND), &model->fdsm_h2);
    for (int i = 0; i < model->levels; i++)
        bind_level(binding, i, &model->level[i]);
    ainn_bind_layer(binding, "squeeze", pointwise(2 * keep, model->M), &model->squeeze);
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "cfrm.%d.b.w", i);
        int hidden = ainn_bind_length(binding, name, AINN_INT16, 2, MAX_CHANNELS);

        snprintf(name, sizeof name, "cfrm.%d", i);
        ainn_bind_bottleneck(binding, name, model->M, hidden, model->M, 1, &model->cfrm[i]);
    }
    ainn_bind_layer(binding, "low", pointwise(model->M, keep), &model->low);
    ainn_bind_layer(binding, "high", pointwise(model->M, keep), &model->high);
    fine = conv3(AINN_BOTH_PADDED, ainn_bind_length(binding, "fine.a.b", AINN_INT32, 1, MAX_CHANNELS), 1, AINN_STREAM_BOUND);
    fine.quality = 1;
    ainn_bind_layer(binding, "fine.a", fine, &model->fine_a);
    ainn_bind_layer(binding, "fine.c", conv3(fine.out, AINN_BOTH_PADDED, 0, AINN_BOUND), &model->fine_c);
    ainn_bind_layer(binding, "synthesise.a", conv3(AINN_BOTH_PADDED, AINN_FDSM_PADDED, 1, AINN_STREAM_BOUND), &model->synthesise_a);
    ainn_bind_layer(binding, "synthesise.b", conv3(AINN_FDSM_PADDED, AINN_FDSM_PADDED, 1, AINN_BOUND), &model->synthesise_b);
    ainn_bind_layer(binding, "synthesise.c", conv3(AINN_FDSM_PADDED, AINN_FDSM_PADDED, 0, AINN_BOUND), &model->synthesise_c);
}

static void bind_entropy(ainn_binding *binding, ainn_model *model)
{
    const int M = model->M, N = model->N, Z = model->Z;
    char name[AINN_TENSOR_NAME];

    ainn_bind_layer(binding, "ha.0", (ainn_layer_shape){9, M, N, 1, AINN_WIDE_BOUND, AINN_BOUND, 0}, &model->ha0);
    ainn_bind_layer(binding, "ha.2", (ainn_layer_shape){25, N, N, 1, AINN_BOUND, AINN_BOUND, 0}, &model->ha2);
    ainn_bind_layer(binding, "ha.4", (ainn_layer_shape){25, N, Z, 0, AINN_BOUND, AINN_STREAM_BOUND, 0}, &model->ha4);
    ainn_bind_layer(binding, "hs.0", (ainn_layer_shape){9, Z, 4 * N, 1, model->z_max, AINN_BOUND, 0}, &model->hs0);
    ainn_bind_layer(binding, "hs.3", conv3(N, 4 * N, 1, AINN_BOUND), &model->hs3);
    ainn_bind_layer(binding, "hs.6", conv3(N, 2 * N, 1, AINN_BOUND), &model->hs6);
    for (int s = 0; s < 4; s++) {
        if (s < 3) {
            snprintf(name, sizeof name, "red.%d", s);
            ainn_bind_layer(binding, name, (ainn_layer_shape){9, M, N, 1, AINN_WIDE_BOUND, AINN_BOUND, 0}, &model->red[s]);
        }
        snprintf(name, sizeof name, "ctx.%d.1", s);
        ainn_bind_layer(binding, name, (ainn_layer_shape){1, s ? 3 * N : 2 * N, 2 * N, 1, AINN_BOUND, AINN_BOUND, 0}, &model->context[s][0]);
        snprintf(name, sizeof name, "ctx.%d.3", s);
        ainn_bind_layer(binding, name, conv3(2 * N, 2 * N, 1, AINN_BOUND), &model->context[s][1]);
        snprintf(name, sizeof name, "ctx.%d.5", s);
        ainn_bind_layer(binding, name, (ainn_layer_shape){1, 2 * N, 2 * M, 0, AINN_BOUND, AINN_BOUND, 0}, &model->context[s][2]);
    }
}

/* Every table inside `cum`, beginning at 0 and strictly increasing. */
static void check_tables(ainn_binding *binding, const char *name, const ainn_model_tables *tables)
{
    for (int i = 0; i < tables->tables; i++) {
        const int64_t start = tables->start[i], count = tables->count[i];
        int sound = count >= 2 && count <= MAX_SYMBOLS && start >= 0 && (uint64_t)(start + count) <= tables->cum_size &&
                    tables->offset[i] >= -MAX_SYMBOLS && tables->offset[i] <= MAX_SYMBOLS && tables->cum[start] == 0;

        for (int64_t k = 1; sound && k < count; k++)
            sound = tables->cum[start + k] > tables->cum[start + k - 1];
        if (!sound) {
            ainn_bind_fail(binding, "a frequency table of the model's %s is not sound", name);
            return;
        }
    }
}

static void bind_frequencies(ainn_binding *binding, const char *name, int count, ainn_model_tables *tables)
{
    const uint32_t none[4] = {1, 1, 1, 1};
    char tensor[AINN_TENSOR_NAME];
    uint32_t length = 0;

    tables->tables = count;
    snprintf(tensor, sizeof tensor, "%s.offset", name);
    tables->offset = ainn_bind_tensor(binding, tensor, AINN_INT32, 1, (uint32_t)count, 1, 1, 1);
    snprintf(tensor, sizeof tensor, "%s.count", name);
    tables->count = ainn_bind_tensor(binding, tensor, AINN_INT32, 1, (uint32_t)count, 1, 1, 1);
    snprintf(tensor, sizeof tensor, "%s.start", name);
    tables->start = ainn_bind_tensor(binding, tensor, AINN_INT32, 1, (uint32_t)count, 1, 1, 1);
    if (binding->status)
        return;
    snprintf(tensor, sizeof tensor, "%s.cum", name);
    tables->cum = ainn_tensors_get(&binding->tensors, tensor, AINN_UINT16, 1, none, 0, &length);
    tables->cum_size = length;
    if (!tables->cum)
        ainn_bind_fail(binding, NULL, name);
    else if (!binding->trusted)
        check_tables(binding, name, tables);
}

static void check_values(ainn_binding *binding, const ainn_model *model)
{
    for (int i = 0; i < AINN_QUALITIES * model->M; i++)
        if (model->gain[i] > MAX_GAIN || model->gain[i] < -MAX_GAIN || model->inverse_gain[i] > MAX_GAIN || model->inverse_gain[i] < -MAX_GAIN)
            ainn_bind_fail(binding, "a value in the model's %s is out of range", "gain");
    for (int i = 0; i < 4096; i++)
        if (model->scale_index[i] >= GAUSS_TABLES)
            ainn_bind_fail(binding, "a value in the model's %s is out of range", "scale_index");
    for (int i = 0; i < model->Z; i++)
        if (model->prior_middle[i] > AINN_WIDE_BOUND || model->prior_middle[i] < -AINN_WIDE_BOUND)
            ainn_bind_fail(binding, "a value in the model's %s is out of range", "prior.middle");
}

static void bind_tables(ainn_binding *binding, ainn_model *model)
{
    model->gain = ainn_bind_tensor(binding, "gain", AINN_INT32, 2, AINN_QUALITIES, (uint32_t)model->M, 1, 1);
    model->inverse_gain = ainn_bind_tensor(binding, "inverse_gain", AINN_INT32, 2, AINN_QUALITIES, (uint32_t)model->M, 1, 1);
    model->exp2_table = ainn_bind_tensor(binding, "exp2", AINN_UINT16, 1, 257, 1, 1, 1);
    model->scale = ainn_bind_tensor(binding, "scale", AINN_INT16, 2, 2, 64, 1, 1);
    model->sigmoid = ainn_bind_tensor(binding, "sigmoid", AINN_INT16, 2, 2, 64, 1, 1);
    model->scale_index = ainn_bind_tensor(binding, "scale_index", AINN_UINT8, 1, 4096, 1, 1, 1);
    model->prior_middle = ainn_bind_tensor(binding, "prior.middle", AINN_INT32, 1, (uint32_t)model->Z, 1, 1, 1);
    bind_frequencies(binding, "gauss", GAUSS_TABLES, &model->gauss);
    bind_frequencies(binding, "prior", AINN_PRIOR_BANDS * AINN_PRIOR_CONTEXTS * model->Z, &model->prior);
    if (!binding->status && !binding->trusted)
        check_values(binding, model);
}

/* What the header says of the model; nothing of it matters to decoding. */
static void read_description(ainn_model *model, const uint8_t *name, uint8_t metric)
{
    memcpy(model->name, name, sizeof model->name - 1);
    model->name[sizeof model->name - 1] = 0;
    for (char *c = model->name; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';             /* it will be printed on terminals */
    model->ms_ssim = metric == 1;
}

ainn_status ainn_model_parse(ainn_model *model, const void *data, size_t size, int trusted, char *message, size_t message_size)
{
    ainn_binding binding = {.trusted = trusted};
    const ainn_message to = {message, message_size};

    binding.status = ainn_tensors_open(&binding.tensors, data, size, trusted, to);
    if (binding.status)
        return binding.status;
    model->id = binding.tensors.id;
    model->bytes = size;
    read_description(model, (const uint8_t *)data + 24, ((const uint8_t *)data)[56]);
    read_config(&binding, model);
    if (binding.status)
        return binding.status;
    bind_transform(&binding, model);
    bind_entropy(&binding, model);
    bind_tables(&binding, model);
    if (!binding.status && binding.tensors.found != binding.tensors.count)
        ainn_bind_fail(&binding, "the model has tensors that its %s has no place for", "config");
    return binding.status;
}
