/*
 * What the libainn encoder and decoder share
 * Copyright (c) 2026 The libainn authors
 *
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

#include <string.h>

#include "libavutil/attributes.h"
#include "libavutil/cpu.h"
#include "libavutil/error.h"
#include "libavutil/mem.h"
#include "libavutil/pixdesc.h"
#include "libavutil/thread.h"

#include "libainn.h"

static void *libainn_allocate(void *opaque, size_t size)
{
    return av_malloc(size);
}

static void libainn_release(void *opaque, void *memory)
{
    av_free(memory);
}

const ainn_allocator ff_libainn_allocator = { NULL, libainn_allocate, libainn_release };

int ff_libainn_error(void *logctx, const char *what, ainn_status status, const char *detail)
{
    av_log(logctx, AV_LOG_ERROR, "%s: %s\n", what,
           detail && *detail ? detail : ainn_status_string(status));
    switch (status) {
    case AINN_OK:                  return 0;
    case AINN_ERROR_ARGUMENT:
    case AINN_ERROR_LIMIT:
    case AINN_ERROR_TARGET:        return AVERROR(EINVAL);
    case AINN_ERROR_MEMORY:        return AVERROR(ENOMEM);
    case AINN_ERROR_NOT_AINN:
    case AINN_ERROR_INVALID:
    case AINN_ERROR_TRUNCATED:
    case AINN_ERROR_CHECKSUM:
    case AINN_ERROR_MODEL_INVALID: return AVERROR_INVALIDDATA;
    case AINN_ERROR_UNSUPPORTED:   return AVERROR_PATCHWELCOME;
    case AINN_ERROR_MODEL_MISSING: return AVERROR(ENOENT);
    case AINN_ERROR_IO:            return AVERROR(EIO);
    default:                       return AVERROR_EXTERNAL;
    }
}

static AVMutex models_mutex = AV_MUTEX_INITIALIZER;
static LibAinnModel *models;

av_cold int ff_libainn_model_get(void *logctx, LibAinnModel **pmodel,
                                 int by_id, uint32_t id, const char *name)
{
    LibAinnModel *m;
    char message[512] = "";
    ainn_status status;
    int ret = 0;

    ff_mutex_lock(&models_mutex);
    for (m = models; m; m = m->next)
        if (by_id ? m->by_id && m->id == id :
            !m->by_id && (name && m->name ? !strcmp(name, m->name) : !name && !m->name))
            break;
    if (!m) {
        if (!(m = av_mallocz(sizeof(*m))) ||
            (name && !by_id && !(m->name = av_strdup(name)))) {
            av_free(m);
            ret = AVERROR(ENOMEM);
            goto end;
        }
        status = by_id ? ainn_model_open_id(id, &ff_libainn_allocator, &m->model,
                                            message, sizeof(message))
                       : ainn_model_open(name, &ff_libainn_allocator, &m->model,
                                         message, sizeof(message));
        if (status != AINN_OK) {
            av_free(m->name);
            av_free(m);
            ret = ff_libainn_error(logctx, "Cannot open the model", status, message);
            goto end;
        }
        ainn_model_get_info(m->model, &m->info);
        m->by_id = by_id;
        m->id    = id;
        atomic_init(&m->users, 0);
        atomic_init(&m->busy, 0);
        m->next  = models;
        models   = m;
    }
    atomic_fetch_add(&m->users, 1);
    *pmodel = m;
end:
    ff_mutex_unlock(&models_mutex);
    return ret;
}

av_cold void ff_libainn_model_release(LibAinnModel **pmodel)
{
    LibAinnModel *m = *pmodel;

    if (!m)
        return;
    *pmodel = NULL;
    ff_mutex_lock(&models_mutex);
    if (atomic_fetch_sub(&m->users, 1) == 1) {
        LibAinnModel **link = &models;
        while (*link != m)
            link = &(*link)->next;
        *link = m->next;
        ainn_model_release(m->model);
        av_free(m->name);
        av_free(m);
    }
    ff_mutex_unlock(&models_mutex);
}

int ff_libainn_enter(LibAinnModel *model, int threads)
{
    int busy = atomic_fetch_add(&model->busy, 1) + 1;

    if (threads <= 0)
        threads = av_cpu_count();
    return FFMAX(threads / busy, 1);
}

void ff_libainn_leave(LibAinnModel *model)
{
    atomic_fetch_sub(&model->busy, 1);
}

av_cold void ff_libainn_limits(const AVCodecContext *avctx, ainn_limits *limits)
{
    ainn_limits_init(limits);
    if (avctx->max_pixels > 0 && avctx->max_pixels < limits->max_pixels)
        limits->max_pixels = avctx->max_pixels;
}

void ff_libainn_image(const AVFrame *frame, ainn_image *image)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(frame->format);

    *image = (ainn_image) {
        .width    = frame->width,
        .height   = frame->height,
        .depth    = desc->comp[0].depth,
        .channels = desc->nb_components,
    };
    for (int i = 0; i < desc->nb_components; i++) {
        const AVComponentDescriptor *comp = &desc->comp[i];
        image->plane[i]        = frame->data[comp->plane] + comp->offset;
        image->row_stride[i]   = frame->linesize[comp->plane];
        image->pixel_stride[i] = comp->step;
    }
}

/** The upper left 2x2 of the display matrix of EXIF's orientations. */
static const int8_t orientations[8][4] = {
    { 1, 0, 0, 1 }, { -1,  0, 0, 1 }, { -1, 0,  0, -1 }, { 1,  0, 0, -1 },
    { 0, 1, 1, 0 }, {  0, 1, -1, 0 }, {  0, -1, -1, 0 }, { 0, -1, 1,  0 },
};

void ff_libainn_orientation_to_matrix(int orientation, int32_t *matrix)
{
    memset(matrix, 0, 9 * sizeof(*matrix));
    for (int i = 0; i < 4; i++)
        matrix[i / 2 * 3 + i % 2] = orientations[orientation - 1][i] * (1 << 16);
    matrix[8] = 1 << 30;
}

int ff_libainn_matrix_to_orientation(const int32_t *matrix)
{
    for (int k = 0; k < 8; k++) {
        int equal = 0;
        for (int i = 0; i < 4; i++)
            equal += FFDIFFSIGN(matrix[i / 2 * 3 + i % 2], 0) == orientations[k][i];
        if (equal == 4)
            return k + 1;
    }
    return 1;
}

static const struct {
    int profile;
    const char *model;
} profile_models[] = {
    { AV_PROFILE_AINN_FAST,            "fast"            },
    { AV_PROFILE_AINN_STANDARD,        "standard"        },
    { AV_PROFILE_AINN_HIGH,            "high"            },
    { AV_PROFILE_AINN_FAST_MSSSIM,     "fast-msssim"     },
    { AV_PROFILE_AINN_STANDARD_MSSSIM, "standard-msssim" },
};

int ff_libainn_profile(const char *model_name)
{
    for (int i = 0; model_name && i < FF_ARRAY_ELEMS(profile_models); i++)
        if (!strcmp(model_name, profile_models[i].model))
            return profile_models[i].profile;
    return AV_PROFILE_UNKNOWN;
}

const char *ff_libainn_profile_model(int profile)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(profile_models); i++)
        if (profile_models[i].profile == profile)
            return profile_models[i].model;
    return NULL;
}
