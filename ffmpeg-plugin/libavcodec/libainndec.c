/*
 * AINN decoder using libainn
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

#include "config.h"

#include "libavutil/attributes.h"
#include "libavutil/imgutils.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"

#include "ainn_header.h"
#include "decode.h"
#include "internal.h"
#include "libainn.h"
#include "profiles.h"
#include "thread.h"
#if AINN_EXIF_SIDE_DATA
#include "exif_internal.h"
#else
#include "exif.h"
#include "tiff_common.h"
#endif

typedef struct LibAinnDecodeContext {
    const AVClass *class;
    LibAinnModel *model;
    uint32_t model_id;
    ainn_decoder *decoder;
    int preview;
} LibAinnDecodeContext;

static av_cold int libainn_decode_close(AVCodecContext *avctx)
{
    LibAinnDecodeContext *s = avctx->priv_data;

    ainn_decoder_destroy(s->decoder);
    s->decoder = NULL;
    ff_libainn_model_release(&s->model);
    return 0;
}

/** Set everything that the header tells about the stream. */
static int set_parameters(AVCodecContext *avctx, const ainn_info *info)
{
    int ret = ff_set_dimensions(avctx, info->width, info->height);

    if (ret < 0)
        return ret;
    avctx->pix_fmt             = ff_ainn_pix_fmt(info->channels, info->depth);
    avctx->bits_per_raw_sample = info->depth;
    avctx->color_primaries     = info->color.primaries;
    avctx->color_trc           = info->color.transfer;
    avctx->color_range         = info->color.full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    /* The file's matrix is that of a YUV the pixels once came from. */
    avctx->colorspace          = info->channels >= AINN_RGB ? AVCOL_SPC_RGB
                                                            : AVCOL_SPC_UNSPECIFIED;
    avctx->profile             = ff_libainn_profile(info->model_name);
#if AINN_ALPHA_MODE
    avctx->alpha_mode          = info->channels & 1 ? AVALPHA_MODE_UNSPECIFIED
                                                    : AVALPHA_MODE_STRAIGHT;
#endif
    return 0;
}

/** Make sure that there is a decoder, and one for the frame's model if it is to decode. */
static int open_decoder(AVCodecContext *avctx, uint32_t model_id, int decode)
{
    LibAinnDecodeContext *s = avctx->priv_data;
    ainn_limits limits;
    ainn_status status;
    int ret;

    if (s->decoder && (!decode || (s->model && s->model_id == model_id)))
        return 0;
    libainn_decode_close(avctx);
    if (decode && (ret = ff_libainn_model_get(avctx, &s->model, 1, model_id, NULL)) < 0)
        return ret;
    ff_libainn_limits(avctx, &limits);
    status = ainn_decoder_create(s->model ? s->model->model : NULL, &limits,
                                 &ff_libainn_allocator, &s->decoder);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Cannot create a decoder", status, NULL);
    s->model_id = model_id;
    return 0;
}

static int add_orientation(AVFrame *frame, int orientation)
{
    AVFrameSideData *sd;

    if (orientation < 2 || orientation > 8)
        return 0;
    sd = av_frame_new_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX, 9 * sizeof(int32_t));
    if (!sd)
        return AVERROR(ENOMEM);
    ff_libainn_orientation_to_matrix(orientation, (int32_t *)sd->data);
    return 0;
}

/** A damaged EXIF block is no reason to refuse a picture. */
static int add_exif(AVCodecContext *avctx, AVFrame *frame, const ainn_bytes *exif)
{
#if AINN_EXIF_SIDE_DATA
    AVExifMetadata ifd = { 0 };
    int ret = av_exif_parse_buffer(avctx, exif->data, exif->size, &ifd, AV_EXIF_TIFF_HEADER);

    if (ret >= 0) {
        /* The header's orientation counts; one of the two must go. */
        av_exif_remove_entry(avctx, &ifd, av_exif_get_tag_id("Orientation"), 0);
        ret = ff_decode_exif_attach_ifd(avctx, frame, &ifd);
        av_exif_free(&ifd);
    }
#else
    GetByteContext gb;
    int le, offset, ret;

    bytestream2_init(&gb, exif->data, exif->size);
    ret = ff_tdecode_header(&gb, &le, &offset);
    if (ret >= 0) {
        bytestream2_seek(&gb, offset, SEEK_SET);
        ret = ff_exif_decode_ifd(avctx, &gb, le, 0, &frame->metadata);
    }
    av_dict_set(&frame->metadata, "Orientation", NULL, 0);
#endif
    if (ret < 0)
        av_log(avctx, AV_LOG_WARNING, "The EXIF block is damaged\n");
    return ret == AVERROR(ENOMEM) ? ret : 0;
}

static int add_metadata(AVCodecContext *avctx, AVFrame *frame, const ainn_info *info)
{
    LibAinnDecodeContext *s = avctx->priv_data;
    ainn_bytes part;
    int ret;

    if (ainn_decoder_get_metadata(s->decoder, AINN_ICC, &part) == AINN_OK && part.size) {
        AVFrameSideData *sd = av_frame_new_side_data(frame, AV_FRAME_DATA_ICC_PROFILE, part.size);
        if (!sd)
            return AVERROR(ENOMEM);
        memcpy(sd->data, part.data, part.size);
    }
    if (ainn_decoder_get_metadata(s->decoder, AINN_EXIF, &part) == AINN_OK && part.size &&
        part.size <= INT_MAX && (ret = add_exif(avctx, frame, &part)) < 0)
        return ret;
    if (ainn_decoder_get_metadata(s->decoder, AINN_XMP, &part) == AINN_OK && part.size) {
        char *xmp = av_strndup(part.data, part.size);
        if (!xmp)
            return AVERROR(ENOMEM);
        if ((ret = av_dict_set(&frame->metadata, "xmp", xmp, AV_DICT_DONT_STRDUP_VAL)) < 0)
            return ret;
    }
    if (info->color.matrix != AVCOL_SPC_RGB) {
        const char *name = av_color_space_name(info->color.matrix);
        if (name && (ret = av_dict_set(&frame->metadata, "ainn.source_matrix", name, 0)) < 0)
            return ret;
    }
    return add_orientation(frame, info->orientation);
}

static int decode_pixels(AVCodecContext *avctx, AVFrame *frame)
{
    LibAinnDecodeContext *s = avctx->priv_data;
    ainn_decode_options options;
    ainn_damage damage = { 0 };
    ainn_status status;
    ainn_image image;

    ff_libainn_image(frame, &image);
    ainn_decode_options_init(&options);
    options.preview       = s->preview;
    options.ignore_damage = !(avctx->err_recognition & AV_EF_EXPLODE);
    options.threads       = ff_libainn_enter(s->model, avctx->thread_count);
    status = ainn_decoder_decode(s->decoder, &image, &options, &damage);
    ff_libainn_leave(s->model);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Decoding failed", status, ainn_decoder_error(s->decoder));

    if (damage.groups_whole < damage.groups || damage.alpha_missing) {
        av_log(avctx, AV_LOG_WARNING, "Damaged frame: %.1f%% of its latents decoded, "
               "the others predicted%s\n", 100 * damage.latents_decoded,
               damage.alpha_missing ? "; alpha is missing" : "");
        frame->flags             |= AV_FRAME_FLAG_CORRUPT;
        frame->decode_error_flags = FF_DECODE_ERROR_INVALID_BITSTREAM |
                                    FF_DECODE_ERROR_CONCEALMENT_ACTIVE;
    }
    return 0;
}

static void clear_pixels(AVFrame *frame)
{
    ptrdiff_t linesize[4] = { 0 };

    for (int i = 0; i < 4; i++)
        linesize[i] = frame->linesize[i];
    av_image_fill_black(frame->data, linesize, frame->format, AVCOL_RANGE_JPEG,
                        frame->width, frame->height);
}

static int libainn_decode_frame(AVCodecContext *avctx, AVFrame *frame,
                                int *got_frame, AVPacket *avpkt)
{
    LibAinnDecodeContext *s = avctx->priv_data;
    FFAinnHeader header;
    ainn_status status;
    ainn_info info;
    int decode, ret;

    status = ainn_probe(avpkt->data, avpkt->size, &info);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Cannot read the header", status, NULL);
    if ((ret = set_parameters(avctx, &info)) < 0)
        return ret;
    if (avctx->skip_frame >= AVDISCARD_ALL)
        return avpkt->size;

    if ((ret = ff_thread_get_buffer(avctx, frame, 0)) < 0)
        return ret;
    if (ff_ainn_parse_header(&header, avpkt->data, avpkt->size) >= 0 &&
        (ret = ff_ainn_header_tags(&frame->metadata, &header)) < 0)
        return ret;

    /* Frames and all that is known of them can be had without running the network. */
    decode = avctx->skip_idct < AVDISCARD_ALL;
    if ((ret = open_decoder(avctx, info.model_id, decode)) < 0)
        return ret;
    status = ainn_decoder_open(s->decoder, avpkt->data, avpkt->size, &info);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Cannot open the frame", status,
                                ainn_decoder_error(s->decoder));
    if ((ret = add_metadata(avctx, frame, &info)) < 0)
        return ret;
    if (!decode)
        clear_pixels(frame);
    else if ((ret = decode_pixels(avctx, frame)) < 0)
        return ret;

#if LIBAVCODEC_VERSION_MAJOR < 61
    frame->key_frame = 1;
#endif
    frame->pict_type = AV_PICTURE_TYPE_I;
    *got_frame       = 1;
    return avpkt->size;
}

#define OFFSET(x) offsetof(LibAinnDecodeContext, x)
#define VD AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_DECODING_PARAM
static const AVOption libainn_decode_options[] = {
    { "preview", "Decode a blurred preview from the hyperprior stream only", OFFSET(preview), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, VD },
    { NULL },
};

static const AVClass libainn_decode_class = {
    .class_name = "ainn decoder",
    .item_name  = av_default_item_name,
    .option     = libainn_decode_options,
    .version    = LIBAVUTIL_VERSION_INT,
};

const FFCodec ff_libainn_decoder = {
    .p.name         = "ainn",
    CODEC_LONG_NAME("AINN image (libainn)"),
    .p.type         = AVMEDIA_TYPE_VIDEO,
    .p.id           = AV_CODEC_ID_AINN,
    .p.capabilities = AV_CODEC_CAP_DR1 | AV_CODEC_CAP_FRAME_THREADS |
                      AV_CODEC_CAP_OTHER_THREADS,
    .p.priv_class   = &libainn_decode_class,
    .p.profiles     = NULL_IF_CONFIG_SMALL(ff_ainn_profiles),
    .p.wrapper_name = "libainn",
    .priv_data_size = sizeof(LibAinnDecodeContext),
    .close          = libainn_decode_close,
    FF_CODEC_DECODE_CB(libainn_decode_frame),
    .caps_internal  = FF_CODEC_CAP_INIT_THREADSAFE | FF_CODEC_CAP_AUTO_THREADS |
                      FF_CODEC_CAP_SKIP_FRAME_FILL_PARAM | FF_CODEC_CAP_ICC_PROFILES,
};
