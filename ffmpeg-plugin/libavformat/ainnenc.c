/*
 * AINN muxer
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

/**
 * @file
 * Writes .ainn files: one picture as it is, several as a sequence with time
 * stamps and an index. Nothing that was written is gone back to, so that the
 * output may be a pipe.
 */

#include "libavutil/attributes.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "libavcodec/ainn_header.h"

#include "ainn.h"
#include "avformat.h"
#include "avio_internal.h"
#include "internal.h"
#if LIBAVFORMAT_VERSION_MAJOR >= 60
#include "mux.h"
#endif

typedef struct AinnMuxContext {
    const AVClass *class;
    int sequence;           ///< -1: if there is more than one picture
    int is_sequence;        ///< the sequence's header was written
    AVPacket *held;         ///< the first picture, while it may be the only one
    AVIOContext *index;
    int64_t pos;            ///< bytes written
    int64_t last_pos, last_pts;
} AinnMuxContext;

static int put_varint(AVIOContext *pb, uint64_t value)
{
    int size = 1;

    for (; value >= 128; value >>= 7, size++)
        avio_w8(pb, value & 127 | 128);
    avio_w8(pb, value);
    return size;
}

static av_cold int ainn_init(AVFormatContext *s)
{
    AVStream *st = s->nb_streams == 1 ? s->streams[0] : NULL;
    AVRational tb;

    if (!st || st->codecpar->codec_id != AV_CODEC_ID_AINN) {
        av_log(s, AV_LOG_ERROR, "Exactly one stream of AINN pictures can be written\n");
        return AVERROR(EINVAL);
    }
    /* The clock that was asked for, since any can be written. */
    tb = st->time_base;
    if (tb.num <= 0 || tb.den <= 0)
        tb = st->avg_frame_rate.num > 0 ? av_inv_q(st->avg_frame_rate) : (AVRational) { 1, 25 };
    avpriv_set_pts_info(st, 64, tb.num, tb.den);
    return 0;
}

static int write_sequence_header(AVFormatContext *s)
{
    AinnMuxContext *c = s->priv_data;
    AVIOContext *pb;
    uint8_t *data;
    int size, ret;

    if ((ret = avio_open_dyn_buf(&c->index)) < 0 || (ret = avio_open_dyn_buf(&pb)) < 0)
        return ret;
    avio_wb24(pb, FF_AINN_SEQUENCE_SIGNATURE >> 24);
    avio_wb24(pb, FF_AINN_SEQUENCE_SIGNATURE & 0xFFFFFF);
    avio_w8(pb, FF_AINN_VERSION);
    put_varint(pb, s->streams[0]->time_base.num);
    put_varint(pb, s->streams[0]->time_base.den);
    put_varint(pb, 0);      // the number of frames is not known yet
    size = avio_close_dyn_buf(pb, &data);
    avio_write(s->pb, data, size);
    avio_wl32(s->pb, ainn_crc(data, size));
    av_free(data);
    c->pos         = size + 4;
    c->is_sequence = 1;
    return 0;
}

static int write_record(AVFormatContext *s, const AVPacket *pkt)
{
    AinnMuxContext *c = s->priv_data;
    int64_t delta;
    int ret;

    if (pkt->pts == AV_NOPTS_VALUE || pkt->pts < c->last_pts) {
        av_log(s, AV_LOG_ERROR, "A sequence needs time stamps that grow from 0 on\n");
        return AVERROR(EINVAL);
    }
    if (!c->is_sequence && (ret = write_sequence_header(s)) < 0)
        return ret;
    delta = pkt->pts - c->last_pts;
    put_varint(c->index, c->pos - c->last_pos);
    put_varint(c->index, delta);
    c->last_pos = c->pos;
    c->last_pts = pkt->pts;

    avio_w8(s->pb, AINN_RECORD_FRAME);
    c->pos += 1 + put_varint(s->pb, delta);
    c->pos += put_varint(s->pb, FFMAX(pkt->duration, 0));
    avio_write(s->pb, pkt->data, pkt->size);
    c->pos += pkt->size;
    return 0;
}

static int ainn_write_packet(AVFormatContext *s, AVPacket *pkt)
{
    AinnMuxContext *c = s->priv_data;
    int ret;

    if (ff_ainn_frame_length(pkt->data, pkt->size) != pkt->size) {
        av_log(s, AV_LOG_WARNING, "A packet that is not a whole AINN frame is left out\n");
        return 0;
    }
    if (!c->sequence) {
        if (c->pos) {
            av_log(s, AV_LOG_ERROR, "Only a sequence can hold more than one picture\n");
            return AVERROR(EINVAL);
        }
        avio_write(s->pb, pkt->data, pkt->size);
        c->pos = pkt->size;
        return 0;
    }
    if (c->sequence < 0 && !c->is_sequence && !c->held) {
        c->held = av_packet_clone(pkt);
        return c->held ? 0 : AVERROR(ENOMEM);
    }
    if (c->held) {
        ret = write_record(s, c->held);
        av_packet_free(&c->held);
        if (ret < 0)
            return ret;
    }
    return write_record(s, pkt);
}

static int ainn_write_trailer(AVFormatContext *s)
{
    AinnMuxContext *c = s->priv_data;
    uint8_t *data;
    int size, ret;

    if (c->held)
        avio_write(s->pb, c->held->data, c->held->size);
    if (c->held || !c->sequence || (c->sequence < 0 && !c->is_sequence))
        return 0;
    /* A sequence may have no frames at all. */
    if (!c->is_sequence && (ret = write_sequence_header(s)) < 0)
        return ret;
    size = avio_get_dyn_buf(c->index, &data);
    avio_w8(s->pb, AINN_RECORD_INDEX);
    ret = put_varint(s->pb, size);
    avio_write(s->pb, data, size);
    avio_wl32(s->pb, ainn_crc(data, size));
    avio_wl32(s->pb, 1 + ret + size + 4 + 4);
    return 0;
}

static av_cold void ainn_deinit(AVFormatContext *s)
{
    AinnMuxContext *c = s->priv_data;

    av_packet_free(&c->held);
    ffio_free_dyn_buf(&c->index);
}

#define OFFSET(x) offsetof(AinnMuxContext, x)
#define ENC AV_OPT_FLAG_ENCODING_PARAM
static const AVOption ainn_options[] = {
    { "sequence", "Write a sequence (default: if there is more than one picture)", OFFSET(sequence), AV_OPT_TYPE_BOOL, { .i64 = -1 }, -1, 1, ENC },
    { NULL },
};

static const AVClass ainn_muxer_class = {
    .class_name = "ainn muxer",
    .item_name  = av_default_item_name,
    .option     = ainn_options,
    .version    = LIBAVUTIL_VERSION_INT,
    .category   = AV_CLASS_CATEGORY_MUXER,
};

#if LIBAVFORMAT_VERSION_MAJOR >= 60
const FFOutputFormat ff_ainn_muxer = {
    .p.name         = "ainn",
    .p.long_name    = NULL_IF_CONFIG_SMALL("AINN image and image sequence"),
    .p.mime_type    = "image/x-ainn",
    .p.extensions   = "ainn",
    .p.video_codec  = AV_CODEC_ID_AINN,
    .p.flags        = AVFMT_VARIABLE_FPS,
    .p.priv_class   = &ainn_muxer_class,
#else
const AVOutputFormat ff_ainn_muxer = {
    .name           = "ainn",
    .long_name      = NULL_IF_CONFIG_SMALL("AINN image and image sequence"),
    .mime_type      = "image/x-ainn",
    .extensions     = "ainn",
    .video_codec    = AV_CODEC_ID_AINN,
    .flags          = AVFMT_VARIABLE_FPS,
    .priv_class     = &ainn_muxer_class,
#endif
    .priv_data_size = sizeof(AinnMuxContext),
    .init           = ainn_init,
    .write_packet   = ainn_write_packet,
    .write_trailer  = ainn_write_trailer,
    .deinit         = ainn_deinit,
};
