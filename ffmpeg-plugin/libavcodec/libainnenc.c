/*
 * AINN encoder using libainn
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

#include <float.h>

#include "libavutil/attributes.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"

#include "encode.h"
#include "internal.h"
#include "libainn.h"
#include "profiles.h"
#if AINN_EXIF_SIDE_DATA
#include "exif.h"
#else
#include "bytestream.h"
#include "packet_internal.h"
#endif

enum {
    ORIENTATION_AUTO  = -1,
    ORIENTATION_FRAME =  0,
};

typedef struct LibAinnEncodeContext {
    const AVClass *class;
    LibAinnModel *model;
    ainn_encoder *encoder;
    ainn_encode_options options;    ///< what does not change from frame to frame
    int is_bitrate;                 ///< the target size comes from a bit rate

    double quality, alpha_quality, target_psnr;
    int64_t target_size;
    char *model_name;
    int profile;
    int effort;
    int orientation;
} LibAinnEncodeContext;

/** Quality of -q:v, whose 1 is the best and 31 the worst, as in FFmpeg's MPEG-like encoders. */
static double q_to_quality(double q)
{
    return av_clipd(100 - (q - 1) * 100 / 30, 0, 100);
}

static double quality_to_q(double quality)
{
    return 1 + (100 - quality) * 30 / 100;
}

/** Exactly one thing may say how large or how good frames get. */
static av_cold int set_target(AVCodecContext *avctx)
{
    LibAinnEncodeContext *s = avctx->priv_data;
    int qscale  = !!(avctx->flags & AV_CODEC_FLAG_QSCALE);
    int targets = (s->quality >= 0) + qscale + (avctx->bit_rate > 0) +
                  (s->target_size > 0) + (s->target_psnr > 0);

    if (targets > 1) {
        av_log(avctx, AV_LOG_ERROR, "Only one of quality, q:v, b:v, target_size and "
               "target_psnr can be given\n");
        return AVERROR(EINVAL);
    }
    if (s->quality >= 0)
        s->options.quality = s->quality;
    if (qscale)
        s->options.quality = q_to_quality(avctx->global_quality / (double)FF_QP2LAMBDA);
    s->options.target_size = s->target_size;
    s->options.target_psnr = s->target_psnr;
    if (avctx->bit_rate > 0) {
        /* Every frame gets its share and no more: frames know nothing of each other. */
        AVRational rate = avctx->framerate.num > 0 && avctx->framerate.den > 0 ?
                          avctx->framerate : av_inv_q(avctx->time_base);
        if (rate.num <= 0 || rate.den <= 0) {
            av_log(avctx, AV_LOG_ERROR, "A bit rate needs a frame rate\n");
            return AVERROR(EINVAL);
        }
        s->options.target_size = FFMAX(av_rescale(avctx->bit_rate, rate.den, rate.num * 8LL), 1);
        s->is_bitrate          = 1;
    }
    return 0;
}

static av_cold int libainn_encode_init(AVCodecContext *avctx)
{
    LibAinnEncodeContext *s = avctx->priv_data;
    const char *name = s->model_name, *profile_name = NULL;
    ainn_limits limits;
    ainn_status status;
    int ret;

    ainn_encode_options_init(&s->options);
    if ((ret = set_target(avctx)) < 0)
        return ret;
    if (s->effort >= 0)
        s->options.effort = s->effort;
    else if (avctx->compression_level != FF_COMPRESSION_DEFAULT)
        s->options.effort = av_clip(avctx->compression_level, 0, 9);
    s->options.alpha_quality = s->alpha_quality;

    if (s->profile == AV_PROFILE_UNKNOWN)
        s->profile = avctx->profile;
    if (s->profile != AV_PROFILE_UNKNOWN) {
        profile_name = ff_libainn_profile_model(s->profile);
        if (!profile_name || (name && strcmp(name, profile_name))) {
            av_log(avctx, AV_LOG_ERROR, !profile_name ? "Unknown profile %d\n" :
                   "Profile %d and model %s contradict each other\n", s->profile, name);
            return AVERROR(EINVAL);
        }
        name = profile_name;
    }
    if ((ret = ff_libainn_model_get(avctx, &s->model, 0, 0, name)) < 0)
        return ret;
    avctx->profile             = ff_libainn_profile(s->model->info.name);
    avctx->bits_per_raw_sample = av_pix_fmt_desc_get(avctx->pix_fmt)->comp[0].depth;

    ff_libainn_limits(avctx, &limits);
    status = ainn_encoder_create(s->model->model, &limits, &ff_libainn_allocator, &s->encoder);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Cannot create an encoder", status, NULL);
    return 0;
}

static av_cold int libainn_encode_close(AVCodecContext *avctx)
{
    LibAinnEncodeContext *s = avctx->priv_data;

    ainn_encoder_destroy(s->encoder);
    s->encoder = NULL;
    ff_libainn_model_release(&s->model);
    return 0;
}

/** Colour as the user describes it, else the frame; what nobody describes is sRGB. */
static void set_color(const AVCodecContext *avctx, const AVFrame *frame, ainn_color *color)
{
#define CHOOSE(field, unspecified) \
    (avctx->field != (unspecified) ? avctx->field : frame->field)
    int primaries = CHOOSE(color_primaries, AVCOL_PRI_UNSPECIFIED);
    int transfer  = CHOOSE(color_trc,       AVCOL_TRC_UNSPECIFIED);
    int matrix    = CHOOSE(colorspace,      AVCOL_SPC_UNSPECIFIED);
    int range     = CHOOSE(color_range,     AVCOL_RANGE_UNSPECIFIED);
#undef CHOOSE

    if (primaries != AVCOL_PRI_UNSPECIFIED)
        color->primaries = primaries;
    if (transfer != AVCOL_TRC_UNSPECIFIED)
        color->transfer  = transfer;
    /* A scaler may leave here what the RGB was converted from. */
    if (matrix != AVCOL_SPC_UNSPECIFIED)
        color->matrix    = matrix;
    /* RGB is full range unless someone says otherwise. A scaler that made it
     * from limited YUV may leave that range behind, though, with that matrix. */
    color->full_range = range != AVCOL_RANGE_MPEG ||
                        (matrix != AVCOL_SPC_RGB && matrix != AVCOL_SPC_UNSPECIFIED);
}

static int get_orientation(const LibAinnEncodeContext *s, const AVFrame *frame)
{
    const AVFrameSideData *sd;

    if (s->orientation > 0)
        return s->orientation;
    /* Before FFmpeg 7, ffmpeg turns pictures and leaves the matrix in place. */
    if (s->orientation == ORIENTATION_AUTO && LIBAVCODEC_VERSION_MAJOR < 61)
        return 1;
    sd = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    return sd ? ff_libainn_matrix_to_orientation((const int32_t *)sd->data) : 1;
}

#if AINN_EXIF_SIDE_DATA
static int get_exif(AVCodecContext *avctx, const AVFrame *frame, AVBufferRef **exif)
{
    const AVFrameSideData *sd = av_frame_get_side_data(frame, AV_FRAME_DATA_EXIF);
    AVExifMetadata ifd = { 0 };
    int ret;

    if (!sd)
        return 0;
    ret = av_exif_parse_buffer(avctx, sd->data, sd->size, &ifd, AV_EXIF_TIFF_HEADER);
    if (ret >= 0) {
        /* The header tells the orientation; two could contradict each other. */
        av_exif_remove_entry(avctx, &ifd, av_exif_get_tag_id("Orientation"), 0);
        if (ifd.count)
            ret = av_exif_write(avctx, &ifd, exif, AV_EXIF_TIFF_HEADER);
        av_exif_free(&ifd);
    }
    if (ret < 0)
        av_log(avctx, AV_LOG_WARNING, "The EXIF block is damaged and left out\n");
    return ret == AVERROR(ENOMEM) ? ret : 0;
}
#else
/*
 * Decoders of these releases turn EXIF into entries of the frame's metadata.
 * Those that describe the photo are turned back.
 */
enum { TYPE_ASCII = 2, TYPE_SHORT = 3, TYPE_RATIONAL = 5, TYPE_SRATIONAL = 10 };
static const struct {
    const char *name;
    uint16_t tag;
    uint8_t type, sub_ifd;
} exif_tags[] = {                   // ascending inside each IFD, as TIFF wants it
    { "ImageDescription",     0x010E, TYPE_ASCII        },
    { "Make",                 0x010F, TYPE_ASCII        },
    { "Model",                0x0110, TYPE_ASCII        },
    { "XResolution",          0x011A, TYPE_RATIONAL     },
    { "YResolution",          0x011B, TYPE_RATIONAL     },
    { "ResolutionUnit",       0x0128, TYPE_SHORT        },
    { "Software",             0x0131, TYPE_ASCII        },
    { "DateTime",             0x0132, TYPE_ASCII        },
    { "Artist",               0x013B, TYPE_ASCII        },
    { "Copyright",            0x8298, TYPE_ASCII        },
    { "ExposureTime",         0x829A, TYPE_RATIONAL,  1 },
    { "FNumber",              0x829D, TYPE_RATIONAL,  1 },
    { "ExposureProgram",      0x8822, TYPE_SHORT,     1 },
    { "ISOSpeedRatings",      0x8827, TYPE_SHORT,     1 },
    { "DateTimeOriginal",     0x9003, TYPE_ASCII,     1 },
    { "DateTimeDigitized",    0x9004, TYPE_ASCII,     1 },
    { "ShutterSpeedValue",    0x9201, TYPE_SRATIONAL, 1 },
    { "ApertureValue",        0x9202, TYPE_RATIONAL,  1 },
    { "ExposureBiasValue",    0x9204, TYPE_SRATIONAL, 1 },
    { "MaxApertureValue",     0x9205, TYPE_RATIONAL,  1 },
    { "MeteringMode",         0x9207, TYPE_SHORT,     1 },
    { "LightSource",          0x9208, TYPE_SHORT,     1 },
    { "Flash",                0x9209, TYPE_SHORT,     1 },
    { "FocalLength",          0x920A, TYPE_RATIONAL,  1 },
    { "ExposureMode",         0xA402, TYPE_SHORT,     1 },
    { "WhiteBalance",         0xA403, TYPE_SHORT,     1 },
    { "FocalLengthIn35mmFilm",0xA405, TYPE_SHORT,     1 },
    { "SceneCaptureType",     0xA406, TYPE_SHORT,     1 },
};

/**
 * Write an IFD with the tags that the metadata has; values that do not fit an
 * entry follow it. The buffer has room for them all.
 */
static void put_ifd(PutByteContext *pb, AVDictionary *metadata,
                    int sub_ifd, unsigned sub_ifd_entries)
{
    const AVDictionaryEntry *e[FF_ARRAY_ELEMS(exif_tags)] = { NULL };
    unsigned count = sub_ifd ? 0 : !!sub_ifd_entries, data;

    for (int i = 0; i < FF_ARRAY_ELEMS(exif_tags); i++)
        if (exif_tags[i].sub_ifd == sub_ifd &&
            (e[i] = av_dict_get(metadata, exif_tags[i].name, NULL, AV_DICT_MATCH_CASE)))
            count++;
    bytestream2_put_le16(pb, count);
    data = bytestream2_tell_p(pb) + count * 12 + 4;
    for (int i = 0; i < FF_ARRAY_ELEMS(exif_tags); i++) {
        const char *value = e[i] ? e[i]->value : NULL;
        int length, num = 0, den = 0;
        PutByteContext far = *pb;

        if (!value)
            continue;
        bytestream2_seek_p(&far, data, SEEK_SET);
        bytestream2_put_le16(pb, exif_tags[i].tag);
        bytestream2_put_le16(pb, exif_tags[i].type);
        switch (exif_tags[i].type) {
        case TYPE_SHORT:
            bytestream2_put_le32(pb, 1);
            bytestream2_put_le32(pb, av_clip_uint16(strtol(value, NULL, 10)));
            continue;
        case TYPE_ASCII:
            length = strlen(value) + 1;
            bytestream2_put_le32(pb, length);
            if (length <= 4) {
                for (int j = 0; j < 4; j++)
                    bytestream2_put_byte(pb, j < length ? value[j] : 0);
                continue;
            }
            bytestream2_put_buffer(&far, value, length);
            break;
        default:
            sscanf(value, " %d : %d", &num, &den);
            bytestream2_put_le32(pb, 1);
            bytestream2_put_le32(&far, num);
            bytestream2_put_le32(&far, den);
            break;
        }
        bytestream2_put_le32(pb, data);
        data = FFALIGN(bytestream2_tell_p(&far), 2);
    }
    /* The tag that points to the sub-IFD is the first IFD's last. */
    if (!sub_ifd && sub_ifd_entries) {
        bytestream2_put_le16(pb, 0x8769);
        bytestream2_put_le16(pb, 4);
        bytestream2_put_le32(pb, 1);
        bytestream2_put_le32(pb, data);
    }
    bytestream2_put_le32(pb, 0);
    bytestream2_seek_p(pb, data, SEEK_SET);
}

static int get_exif(AVCodecContext *avctx, const AVFrame *frame, AVBufferRef **exif)
{
    unsigned entries[2] = { 0 };
    size_t size = 64;
    PutByteContext pb;

    for (int i = 0; i < FF_ARRAY_ELEMS(exif_tags); i++) {
        const AVDictionaryEntry *e = av_dict_get(frame->metadata, exif_tags[i].name,
                                                 NULL, AV_DICT_MATCH_CASE);
        if (e) {
            entries[exif_tags[i].sub_ifd]++;
            size += 12 + FFMAX(strlen(e->value) + 2, 8);
        }
    }
    if (!entries[0] && !entries[1])
        return 0;
    if (size > INT_MAX / 2 || !(*exif = av_buffer_allocz(size)))
        return AVERROR(ENOMEM);
    bytestream2_init_writer(&pb, (*exif)->data, size);
    bytestream2_put_le16(&pb, AV_RL16("II"));
    bytestream2_put_le16(&pb, 42);
    bytestream2_put_le32(&pb, 8);
    put_ifd(&pb, frame->metadata, 0, entries[1]);
    if (entries[1])
        put_ifd(&pb, frame->metadata, 1, 0);
    (*exif)->size = bytestream2_tell_p(&pb);
    return 0;
}
#endif

static int libainn_encode_frame(AVCodecContext *avctx, AVPacket *pkt,
                                const AVFrame *frame, int *got_packet)
{
    LibAinnEncodeContext *s     = avctx->priv_data;
    ainn_encode_options options = s->options;
    const AVDictionaryEntry *xmp;
    const AVFrameSideData *sd;
    AVBufferRef *exif = NULL;
    int threads = avctx->thread_count, ret;
    ainn_stats stats = { 0 };
    ainn_status status;
    ainn_image image;
    ainn_bytes bytes;

    if ((sd = av_frame_get_side_data(frame, AV_FRAME_DATA_ICC_PROFILE)))
        options.metadata[AINN_ICC] = (ainn_bytes) { sd->data, sd->size };
    if ((xmp = av_dict_get(frame->metadata, "xmp", NULL, 0)))
        options.metadata[AINN_XMP] = (ainn_bytes) { xmp->value, strlen(xmp->value) };
    if ((ret = get_exif(avctx, frame, &exif)) < 0)
        return ret;
    if (exif)
        options.metadata[AINN_EXIF] = (ainn_bytes) { exif->data, exif->size };
    set_color(avctx, frame, &options.color);
    options.orientation = get_orientation(s, frame);

    /* A frame thread's context always says 1. Each of them holds the model,
     * and so does the user's context: so many threads did the user allow. */
    if (avctx->internal->frame_thread_encoder)
        threads = FFMAX(atomic_load(&s->model->users) - 1, 1);
    options.threads = ff_libainn_enter(s->model, threads);

    ff_libainn_image(frame, &image);
    status = ainn_encoder_encode(s->encoder, &image, &options, &bytes);
    if (status == AINN_ERROR_TARGET && s->is_bitrate) {
        /* The first frame that is too rich must not end a film. */
        av_log(avctx, AV_LOG_WARNING, "The bit rate is out of the model's reach\n");
        options.target_size = 0;
        options.quality     = 0;
        status = ainn_encoder_encode(s->encoder, &image, &options, &bytes);
    }
    ff_libainn_leave(s->model);
    av_buffer_unref(&exif);
    if (status != AINN_OK)
        return ff_libainn_error(avctx, "Encoding failed", status, ainn_encoder_error(s->encoder));

    if ((ret = ff_get_encode_buffer(avctx, pkt, bytes.size, 0)) < 0)
        return ret;
    memcpy(pkt->data, bytes.data, bytes.size);
    pkt->flags |= AV_PKT_FLAG_KEY;
    ainn_encoder_get_stats(s->encoder, &stats);
#if LIBAVCODEC_VERSION_MAJOR >= 62
    ret = ff_encode_add_stats_side_data(pkt, lrint(quality_to_q(stats.quality) * FF_QP2LAMBDA),
                                        NULL, 0, AV_PICTURE_TYPE_I);
#else
    ret = ff_side_data_set_encoder_stats(pkt, lrint(quality_to_q(stats.quality) * FF_QP2LAMBDA),
                                         NULL, 0, AV_PICTURE_TYPE_I);
#endif
    if (ret < 0)
        return ret;
    *got_packet = 1;
    return 0;
}

#define OFFSET(x) offsetof(LibAinnEncodeContext, x)
#define VE AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_ENCODING_PARAM
static const AVOption libainn_encode_options[] = {
    { "quality",       "Quality, 0 to 100 (-1: the library's default)",      OFFSET(quality),       AV_OPT_TYPE_DOUBLE, { .dbl = -1  }, -1, 100,       VE },
    { "target_size",   "Bytes of each frame: the best quality that fits",    OFFSET(target_size),   AV_OPT_TYPE_INT64,  { .i64 = 0   },  0, INT64_MAX, VE },
    { "target_psnr",   "PSNR in dB: the smallest quality that reaches it",   OFFSET(target_psnr),   AV_OPT_TYPE_DOUBLE, { .dbl = 0   },  0, 100,       VE },
    { "alpha_quality", "Quality of the alpha plane (100: lossless)",         OFFSET(alpha_quality), AV_OPT_TYPE_DOUBLE, { .dbl = 100 },  0, 100,       VE },
    { "effort",        "Time to spend, 0 to 9 (-1: from compression_level)", OFFSET(effort),        AV_OPT_TYPE_INT,    { .i64 = -1  }, -1, 9,         VE },
    { "model",         "Name or file of the model",                          OFFSET(model_name),    AV_OPT_TYPE_STRING, { .str = NULL }, .flags = VE },
    { "profile",       "Model by profile",                                   OFFSET(profile),       AV_OPT_TYPE_INT,    { .i64 = AV_PROFILE_UNKNOWN }, AV_PROFILE_UNKNOWN, INT_MAX, VE, .unit = "profile" },
        { "fast",      "Small and fast",  0, AV_OPT_TYPE_CONST, { .i64 = AV_PROFILE_AINN_FAST     }, .flags = VE, .unit = "profile" },
        { "standard",  "The usual one",   0, AV_OPT_TYPE_CONST, { .i64 = AV_PROFILE_AINN_STANDARD }, .flags = VE, .unit = "profile" },
        { "high",      "Large and slow",  0, AV_OPT_TYPE_CONST, { .i64 = AV_PROFILE_AINN_HIGH     }, .flags = VE, .unit = "profile" },
        { "fast_msssim",     "fast, trained for MS-SSIM",     0, AV_OPT_TYPE_CONST, { .i64 = AV_PROFILE_AINN_FAST_MSSSIM     }, .flags = VE, .unit = "profile" },
        { "standard_msssim", "standard, trained for MS-SSIM", 0, AV_OPT_TYPE_CONST, { .i64 = AV_PROFILE_AINN_STANDARD_MSSSIM }, .flags = VE, .unit = "profile" },
    { "orientation",   "How viewers turn the picture, 1 to 8 as in EXIF",    OFFSET(orientation),   AV_OPT_TYPE_INT,    { .i64 = ORIENTATION_AUTO }, ORIENTATION_AUTO, 8, VE, .unit = "orientation" },
        { "auto",      "The frame's, where ffmpeg has not turned it already", 0, AV_OPT_TYPE_CONST, { .i64 = ORIENTATION_AUTO  }, .flags = VE, .unit = "orientation" },
        { "frame",     "The frame's",                                         0, AV_OPT_TYPE_CONST, { .i64 = ORIENTATION_FRAME }, .flags = VE, .unit = "orientation" },
    { NULL },
};

static const AVClass libainn_encode_class = {
    .class_name = "ainn encoder",
    .item_name  = av_default_item_name,
    .option     = libainn_encode_options,
    .version    = LIBAVUTIL_VERSION_INT,
};

static const enum AVPixelFormat libainn_pix_fmts[] = {
    AV_PIX_FMT_RGB24,    AV_PIX_FMT_RGBA,     AV_PIX_FMT_RGB48,    AV_PIX_FMT_RGBA64,
    AV_PIX_FMT_GRAY8,    AV_PIX_FMT_YA8,      AV_PIX_FMT_GRAY9,    AV_PIX_FMT_GRAY10,
    AV_PIX_FMT_GRAY12,   AV_PIX_FMT_GRAY14,   AV_PIX_FMT_GRAY16,   AV_PIX_FMT_YA16,
    AV_PIX_FMT_GBRP,     AV_PIX_FMT_GBRP9,    AV_PIX_FMT_GBRP10,   AV_PIX_FMT_GBRP12,
    AV_PIX_FMT_GBRP14,   AV_PIX_FMT_GBRP16,   AV_PIX_FMT_GBRAP,    AV_PIX_FMT_GBRAP10,
    AV_PIX_FMT_GBRAP12,
#ifdef AV_PIX_FMT_GBRAP14
    AV_PIX_FMT_GBRAP14,
#endif
    AV_PIX_FMT_GBRAP16,  AV_PIX_FMT_BGR24,    AV_PIX_FMT_BGRA,
    AV_PIX_FMT_NONE
};

static const FFCodecDefault libainn_defaults[] = {
    { "b", "0" },   // a bit rate only where the user asks for one
    { NULL },
};

const FFCodec ff_libainn_encoder = {
    .p.name         = "ainn",
    CODEC_LONG_NAME("AINN image (libainn)"),
    .p.type         = AVMEDIA_TYPE_VIDEO,
    .p.id           = AV_CODEC_ID_AINN,
    .p.capabilities = AV_CODEC_CAP_DR1 | AV_CODEC_CAP_FRAME_THREADS |
                      AV_CODEC_CAP_OTHER_THREADS |
                      AV_CODEC_CAP_ENCODER_REORDERED_OPAQUE,
    CODEC_PIXFMTS_ARRAY(libainn_pix_fmts),
#if AINN_ALPHA_MODE
    .alpha_modes    = AVALPHA_MODE_STRAIGHT,
#endif
    .p.priv_class   = &libainn_encode_class,
    .p.profiles     = NULL_IF_CONFIG_SMALL(ff_ainn_profiles),
    .p.wrapper_name = "libainn",
    .priv_data_size = sizeof(LibAinnEncodeContext),
    .defaults       = libainn_defaults,
    .init           = libainn_encode_init,
    FF_CODEC_ENCODE_CB(libainn_encode_frame),
    .close          = libainn_encode_close,
    .caps_internal  = FF_CODEC_CAP_INIT_THREADSAFE | FF_CODEC_CAP_INIT_CLEANUP |
                      FF_CODEC_CAP_AUTO_THREADS | FF_CODEC_CAP_ICC_PROFILES,
};
