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

#ifndef AVCODEC_LIBAINN_H
#define AVCODEC_LIBAINN_H

#include <stdatomic.h>
#include <ainn.h>

#include "libavutil/frame.h"
#include "avcodec.h"
#include "codec_internal.h"
#include "version.h"

/** Names that are younger than the oldest release this file is built in. */
#ifndef CODEC_LONG_NAME
#define CODEC_LONG_NAME(str) .p.long_name = NULL_IF_CONFIG_SMALL(str)
#endif
#ifndef CODEC_PIXFMTS_ARRAY
#define CODEC_PIXFMTS_ARRAY(array) .p.pix_fmts = (array)
#endif
#ifndef FF_CODEC_CAP_INIT_THREADSAFE
#define FF_CODEC_CAP_INIT_THREADSAFE 0
#endif
#if LIBAVCODEC_VERSION_MAJOR < 60    // there it means another thing
#undef AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE
#define AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE 0
#endif
#ifndef FF_CODEC_CAP_ICC_PROFILES
#define FF_CODEC_CAP_ICC_PROFILES 0
#endif
#ifndef AV_PROFILE_UNKNOWN
#define AV_PROFILE_UNKNOWN FF_PROFILE_UNKNOWN
#endif
/** Frames tell whether colours are multiplied by alpha; ours never are. */
#define AINN_ALPHA_MODE (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(62, 15, 100))
/** Frames carry EXIF as side data; before, only a dictionary of its tags. */
#define AINN_EXIF_SIDE_DATA (LIBAVCODEC_VERSION_MAJOR >= 62)

/**
 * A model that every codec context of the process that needs it shares: frame
 * threads each have a context, and a model can be large.
 */
typedef struct LibAinnModel {
    struct LibAinnModel *next;
    char *name;         ///< as asked for, NULL for the default; unused with an id
    int by_id;
    uint32_t id;
    ainn_model *model;
    ainn_model_info info;
    atomic_int users;   ///< contexts that hold it
    atomic_int busy;    ///< frames in work with it
} LibAinnModel;

extern const ainn_allocator ff_libainn_allocator;

/** Log what libainn says went wrong and translate it into an AVERROR. */
int ff_libainn_error(void *logctx, const char *what, ainn_status status, const char *detail);

/**
 * Take a share of a model.
 *
 * @param id   the model's id where by_id is set, else name says which
 * @param name NULL for the default model
 */
int ff_libainn_model_get(void *logctx, LibAinnModel **model,
                         int by_id, uint32_t id, const char *name);
/** Give the share back. */
void ff_libainn_model_release(LibAinnModel **model);

/**
 * Begin to work on a frame.
 *
 * Frame threads and libainn's own threads must not multiply. A frame gets the
 * threads that the frames in work beside it leave: all of them for a still
 * picture, one in the middle of a sequence. The pixels do not depend on it.
 *
 * @return threads for libainn
 */
int ff_libainn_enter(LibAinnModel *model, int threads);
/** The work on the frame is done. */
void ff_libainn_leave(LibAinnModel *model);

/** Limits for libainn: its own, and the user's on pixels. */
void ff_libainn_limits(const AVCodecContext *avctx, ainn_limits *limits);

/** Describe the frame's pixels, whose format must be one of ours. */
void ff_libainn_image(const AVFrame *frame, ainn_image *image);

/** EXIF's orientation, 1 to 8, as a display matrix of nine numbers. */
void ff_libainn_orientation_to_matrix(int orientation, int32_t *matrix);
/** A display matrix as EXIF's orientation; 1 if it is none of the eight. */
int ff_libainn_matrix_to_orientation(const int32_t *matrix);

/** The profile that a model's name stands for, or AV_PROFILE_UNKNOWN. */
int ff_libainn_profile(const char *model_name);
/** The model that a profile stands for, or NULL. */
const char *ff_libainn_profile_model(int profile);

#endif /* AVCODEC_LIBAINN_H */
