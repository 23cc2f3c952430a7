/*
 * AINN demuxer
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
 * Reads .ainn files of all kinds: a picture, pictures one after another, and
 * sequences with time stamps and an index. Pictures tell their lengths, so that
 * a file without an index is walked when it is opened; all kinds can be seeked.
 */

#include "libavutil/intreadwrite.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "libavcodec/ainn_header.h"

#include "ainn.h"
#include "avformat.h"
#include "avio_internal.h"
#include "internal.h"
#if LIBAVFORMAT_VERSION_MAJOR >= 61
#include "demux.h"
#endif

/** From a record's first byte to its frame: the tag and two varints. */
#define MAX_RECORD_PREFIX 21
/** The largest frame that is kept for going back where input cannot be seeked. */
#define MAX_SEEKBACK (1 << 24)

typedef struct AinnDemuxContext {
    const AVClass *class;
    AVRational framerate;
    int loop;
    int is_sequence;
    int64_t first;          ///< position of the first record
    int64_t last;           ///< time of the last record that was read
    int64_t end;            ///< time at the end of its frame
    int64_t offset;         ///< what looping adds to the times
} AinnDemuxContext;

typedef struct AinnRecord {
    int64_t pos;            ///< of the frame
    int64_t pts, duration;
    int size;               ///< of the frame
    uint8_t prefix[FF_AINN_MAX_PREFIX_SIZE];
    int prefix_size;        ///< bytes of the frame that have been read
} AinnRecord;

static int ainn_probe(const AVProbeData *p)
{
    if (p->buf_size > FF_AINN_START_SIZE &&
        AV_RB24(p->buf)     == FF_AINN_SEQUENCE_SIGNATURE >> 24 &&
        AV_RB24(p->buf + 3) == (FF_AINN_SEQUENCE_SIGNATURE & 0xFFFFFF))
        return AVPROBE_SCORE_MAX;
    return ff_ainn_frame_length(p->buf, p->buf_size) > 0 ? AVPROBE_SCORE_MAX : 0;
}

/** Read a varint of at most 10 bytes, which are left in buf; returns their number. */
static int read_varint(AVIOContext *pb, uint8_t *buf, uint64_t *value)
{
    int size = 0, ret;

    do {
        GetByteContext gb;
        if (size == 10)
            return AVERROR_INVALIDDATA;
        buf[size++] = avio_r8(pb);
        if (avio_feof(pb))
            return AVERROR_EOF;
        bytestream2_init(&gb, buf, size);
        ret = ff_ainn_get_varint(&gb, value);
    } while (ret == AVERROR(EAGAIN));
    return ret < 0 ? ret : size;
}

/** The index entry of the record whose frame begins at pos, if there is one. */
static const AVIndexEntry *find_entry(AVStream *st, int64_t pos)
{
    int low = 0, high = avformat_index_get_entries_count(st);
    const AVIndexEntry *e;

    while (low < high) {
        int middle = low + (high - low) / 2;
        if (avformat_index_get_entry(st, middle)->pos <= pos)
            low  = middle + 1;
        else
            high = middle;
    }
    e = low ? avformat_index_get_entry(st, low - 1) : NULL;
    return e && pos - e->pos <= MAX_RECORD_PREFIX ? e : NULL;
}

/**
 * Read a record up to the length of its frame. What is none is skipped up to
 * the next signature of a frame.
 */
static int read_record(AVFormatContext *s, AinnRecord *r)
{
    AinnDemuxContext *c = s->priv_data;
    AVIOContext *pb     = s->pb;
    const AVIndexEntry *entry;
    uint64_t delta = 0, duration = 0, length, state = 0;
    uint8_t buf[10];
    int timed = 0, size;

    if (c->is_sequence) {
        int tag = avio_r8(pb);
        if (avio_feof(pb))
            return AVERROR_EOF;
        /* After damage the frame itself may begin here. */
        if (tag != AINN_RECORD_FRAME)
            state = tag;
        timed = tag == AINN_RECORD_FRAME && read_varint(pb, buf, &delta)    > 0 &&
                                            read_varint(pb, buf, &duration) > 0 &&
                delta <= INT64_MAX / 4 && c->last <= INT64_MAX / 4 && duration <= INT32_MAX;
    }
    r->pos = avio_tell(pb);
    while (1) {
        state = state << 8 | avio_r8(pb);
        if (avio_feof(pb))
            return AVERROR_EOF;
        if ((state & FF_AINN_START_MASK) != FF_AINN_FRAME_START)
            continue;
        AV_WB64(r->prefix, state << 8);
        size = read_varint(pb, r->prefix + FF_AINN_START_SIZE, &length);
        if (size == AVERROR_EOF)
            return AVERROR_EOF;
        if (size > 0 && ff_ainn_frame_length(r->prefix, FF_AINN_START_SIZE + size) > 0)
            break;
        state = 0;
    }
    r->prefix_size = FF_AINN_START_SIZE + size;
    r->size        = length;
    if (avio_tell(pb) != r->pos + r->prefix_size) {
        r->pos = avio_tell(pb) - r->prefix_size;
        av_log(s, AV_LOG_WARNING, "Found the next frame at %"PRId64" after damage\n", r->pos);
        timed  = 0;
    }

    entry = find_entry(s->streams[0], r->pos);
    r->pts      = entry ? entry->timestamp : timed ? c->last + delta : c->end;
    r->duration = timed ? duration : !c->is_sequence;
    c->last     = r->pts;
    c->end      = r->pts + r->duration;
    return 0;
}

static int rewind_to_first(AVFormatContext *s)
{
    AinnDemuxContext *c = s->priv_data;

    c->last = c->end = 0;
    return avio_seek(s->pb, c->first, SEEK_SET) < 0 ? AVERROR(EIO) : 0;
}

static int read_sequence_header(AVFormatContext *s, AVStream *st)
{
    AinnDemuxContext *c = s->priv_data;
    uint8_t buf[FF_AINN_START_SIZE + 30];
    uint64_t value[3];
    int size = FF_AINN_START_SIZE, ret;

    if ((ret = ffio_read_size(s->pb, buf, size)) < 0)
        return ret;
    if (buf[size - 1] != FF_AINN_VERSION) {
        avpriv_request_sample(s, "Version %d", buf[size - 1]);
        return AVERROR_PATCHWELCOME;
    }
    for (int i = 0; i < 3; i++) {
        if ((ret = read_varint(s->pb, buf + size, &value[i])) < 0)
            return ret == AVERROR_EOF ? AVERROR_INVALIDDATA : ret;
        size += ret;
    }
    if (!value[0] || !value[1] || value[0] > INT_MAX || value[1] > INT_MAX)
        return AVERROR_INVALIDDATA;
    if (avio_rl32(s->pb) != ainn_crc(buf, size)) {
        av_log(s, AV_LOG_WARNING, "The sequence's header is damaged\n");
        if (s->error_recognition & AV_EF_EXPLODE)
            return AVERROR_INVALIDDATA;
    }
    c->is_sequence = 1;
    st->nb_frames  = value[2] <= INT_MAX ? value[2] : 0;
    avpriv_set_pts_info(st, 64, value[0], value[1]);
    return 0;
}

/** Read the index at the end of a sequence. */
static int read_index(AVFormatContext *s, AVStream *st)
{
    AinnDemuxContext *c = s->priv_data;
    AVIOContext *pb     = s->pb;
    int64_t file_size   = avio_size(pb), distance, pos = 0, pts = 0;
    const AVIndexEntry *last;
    GetByteContext gb;
    AinnRecord r;
    uint64_t size, step, delta;
    uint8_t buf[10], *entries;
    int ret = AVERROR_INVALIDDATA;

    if (file_size < 0 || avio_seek(pb, file_size - 4, SEEK_SET) < 0)
        return AVERROR(EIO);
    distance = avio_rl32(pb);
    if (distance > file_size - c->first || avio_seek(pb, file_size - distance, SEEK_SET) < 0 ||
        avio_r8(pb) != AINN_RECORD_INDEX || read_varint(pb, buf, &size) < 0 ||
        size > distance || size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return ret;
    if (!(entries = av_malloc(size + AV_INPUT_BUFFER_PADDING_SIZE)))
        return AVERROR(ENOMEM);
    if (avio_read(pb, entries, size) != size || avio_rl32(pb) != ainn_crc(entries, size))
        goto end;

    bytestream2_init(&gb, entries, size);
    while (bytestream2_get_bytes_left(&gb)) {
        if (ff_ainn_get_varint(&gb, &step) < 0 || ff_ainn_get_varint(&gb, &delta) < 0 ||
            step > file_size - pos || delta > INT64_MAX / 2 - pts)
            goto end;
        pos += step;
        pts += delta;
        if ((ret = av_add_index_entry(st, pos, pts, 0, 0, AVINDEX_KEYFRAME)) < 0)
            goto end;
        ret = AVERROR_INVALIDDATA;
    }
    /* Only the last record itself knows how long its frame lasts. */
    last = avformat_index_get_entry(st, avformat_index_get_entries_count(st) - 1);
    if (last && avio_seek(pb, last->pos, SEEK_SET) >= 0 && read_record(s, &r) >= 0)
        ret = 0;
end:
    av_free(entries);
    return ret;
}

/** Build the index from the frames themselves. */
static int walk(AVFormatContext *s, AVStream *st)
{
    int64_t file_size   = avio_size(s->pb);
    AinnRecord r;
    int ret;

    if ((ret = rewind_to_first(s)) < 0)
        return ret;
    do {
        int64_t pos = avio_tell(s->pb);
        if (read_record(s, &r) < 0)
            break;
        /* After damage the record's own beginning is not known. */
        if (pos < r.pos - MAX_RECORD_PREFIX)
            pos = r.pos;
        ret = av_add_index_entry(st, pos, r.pts, r.size, 0, AVINDEX_KEYFRAME);
        if (ret < 0)
            return ret;
    } while (r.pos + r.size < file_size && avio_seek(s->pb, r.pos + r.size, SEEK_SET) >= 0);
    return 0;
}

/**
 * Set what the first frame tells. The pixel format is left out: while it is
 * missing, the decoder is asked for it, and tells the profile as well.
 * Only a sequence may have no frame at all.
 */
static int read_parameters(AVFormatContext *s, AVStream *st)
{
    uint8_t buf[4096];
    FFAinnHeader h = { 0 };
    AinnRecord r;
    int size, ret;

    if ((ret = ffio_ensure_seekback(s->pb, sizeof(buf) + MAX_RECORD_PREFIX)) < 0)
        return ret;
    if ((ret = read_record(s, &r)) < 0) {
        const AinnDemuxContext *c = s->priv_data;
        return c->is_sequence ? 0 : ret == AVERROR_EOF ? AVERROR_INVALIDDATA : ret;
    }
    memcpy(buf, r.prefix, r.prefix_size);
    size = avio_read(s->pb, buf + r.prefix_size,
                     FFMIN(sizeof(buf), r.size) - r.prefix_size);
    /* Whether the whole header is there does not matter. */
    ff_ainn_parse_header(&h, buf, r.prefix_size + FFMAX(size, 0));
    if (!h.height)
        return 0;
    st->codecpar->width           = h.width;
    st->codecpar->height          = h.height;
    st->codecpar->color_primaries = h.color[0];
    st->codecpar->color_trc       = h.color[1];
    st->codecpar->color_range     = h.color[3] ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    if (h.channels > 2)
        st->codecpar->color_space = AVCOL_SPC_RGB;
    return 0;
}

static int ainn_read_header(AVFormatContext *s)
{
    AinnDemuxContext *c = s->priv_data;
    AVStream *st        = avformat_new_stream(s, NULL);
    int ret, frames;

    if (!st)
        return AVERROR(ENOMEM);
    st->codecpar->codec_type     = AVMEDIA_TYPE_VIDEO;
    st->codecpar->codec_id       = AV_CODEC_ID_AINN;
    ffstream(st)->need_parsing   = AVSTREAM_PARSE_HEADERS;

    if ((ret = ffio_ensure_seekback(s->pb, FF_AINN_START_SIZE)) < 0)
        return ret;
    if (avio_rb24(s->pb) == FF_AINN_SEQUENCE_SIGNATURE >> 24 &&
        avio_rb24(s->pb) == (FF_AINN_SEQUENCE_SIGNATURE & 0xFFFFFF)) {
        avio_seek(s->pb, 0, SEEK_SET);
        if ((ret = read_sequence_header(s, st)) < 0)
            return ret;
    } else {
        avio_seek(s->pb, 0, SEEK_SET);
        avpriv_set_pts_info(st, 64, c->framerate.den, c->framerate.num);
        st->avg_frame_rate = c->framerate;
    }
    c->first = avio_tell(s->pb);

    if (s->pb->seekable & AVIO_SEEKABLE_NORMAL) {
        if (!c->is_sequence || (s->flags & AVFMT_FLAG_IGNIDX) || read_index(s, st) < 0) {
            ffstream(st)->nb_index_entries = 0;
            if ((ret = walk(s, st)) < 0)
                return ret;
        }
        st->start_time = 0;
        if (frames = avformat_index_get_entries_count(st)) {
            st->nb_frames  = frames;
            st->start_time = avformat_index_get_entry(st, 0)->timestamp;
            st->duration   = c->end - st->start_time;
            if (c->is_sequence && st->duration > 0)
                av_reduce(&st->avg_frame_rate.num, &st->avg_frame_rate.den,
                          frames * (int64_t)st->time_base.den,
                          st->duration * st->time_base.num, INT_MAX);
        }
        if ((ret = rewind_to_first(s)) < 0)
            return ret;
    }
    if ((ret = read_parameters(s, st)) < 0)
        return ret;
    return rewind_to_first(s);
}

static int add_tags(AVPacket *pkt, const FFAinnHeader *header)
{
    AVDictionary *tags = NULL;
    uint8_t *data = NULL;
    size_t size;
    int ret = ff_ainn_header_tags(&tags, header);

    if (ret >= 0 && !(data = av_packet_pack_dictionary(tags, &size)))
        ret = AVERROR(ENOMEM);
    if (ret >= 0 &&
        (ret = av_packet_add_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, data, size)) < 0)
        av_free(data);
    av_dict_free(&tags);
    return ret;
}

/**
 * Where no record follows a frame, the frame may have been cut short, and the
 * next one be inside it. If so, take it out again.
 */
static int check_cut(AVFormatContext *s, AVPacket *pkt)
{
    const AinnDemuxContext *c = s->priv_data;
    int64_t end  = avio_tell(s->pb);
    int byte     = avio_r8(s->pb);
    uint64_t state = 0;

    if (avio_feof(s->pb))
        return 0;
    if (c->is_sequence ? byte == AINN_RECORD_FRAME || byte == AINN_RECORD_INDEX
                       : byte == FF_AINN_FRAME_SIGNATURE >> 40)
        return avio_seek(s->pb, end, SEEK_SET) < 0 ? AVERROR(EIO) : 0;

    for (int i = 1; i < pkt->size; i++) {
        state = state << 8 | pkt->data[i];
        if ((state & FF_AINN_START_MASK) == FF_AINN_FRAME_START) {
            const AVIndexEntry *entry;
            end   = pkt->pos + i - (FF_AINN_START_SIZE - 1);
            entry = find_entry(s->streams[0], end);
            if (entry && entry->pos > pkt->pos)
                end = entry->pos;
            av_shrink_packet(pkt, end - pkt->pos);
            pkt->flags |= AV_PKT_FLAG_CORRUPT;
            break;
        }
    }
    return avio_seek(s->pb, end, SEEK_SET) < 0 ? AVERROR(EIO) : 0;
}

static int ainn_read_packet(AVFormatContext *s, AVPacket *pkt)
{
    AinnDemuxContext *c = s->priv_data;
    FFAinnHeader header;
    AinnRecord r;
    int ret = read_record(s, &r), rest, can_go_back;

    if (ret == AVERROR_EOF && c->loop && c->end > 0) {
        c->offset += c->end;
        if ((ret = rewind_to_first(s)) < 0)
            return ret;
        ret = read_record(s, &r);
    }
    if (ret < 0)
        return ret;

    if ((ret = av_new_packet(pkt, r.prefix_size)) < 0)
        return ret;
    memcpy(pkt->data, r.prefix, r.prefix_size);
    rest        = r.size - r.prefix_size;
    can_go_back = s->pb->seekable & AVIO_SEEKABLE_NORMAL ||
                  (rest <= MAX_SEEKBACK && ffio_ensure_seekback(s->pb, rest + 1) >= 0);
    /* The length is not to be trusted: memory grows only with what is read. */
    if (rest && (ret = av_append_packet(s->pb, pkt, rest)) < 0 && ret != AVERROR_EOF)
        return ret;
    pkt->pos      = r.pos;
    pkt->pts      = pkt->dts = r.pts + c->offset;
    pkt->duration = r.duration;
    pkt->flags   |= AV_PKT_FLAG_KEY;
    if (pkt->size < r.size)
        pkt->flags |= AV_PKT_FLAG_CORRUPT;
    else if (can_go_back && (ret = check_cut(s, pkt)) < 0)
        return ret;
    if (ff_ainn_parse_header(&header, pkt->data, pkt->size) >= 0)
        return add_tags(pkt, &header);
    return 0;
}

static int ainn_read_seek(AVFormatContext *s, int stream_index, int64_t timestamp, int flags)
{
    AinnDemuxContext *c = s->priv_data;
    AVStream *st        = s->streams[0];
    int index           = av_index_search_timestamp(st, timestamp, flags);
    const AVIndexEntry *entry;

    if (index < 0 && timestamp < st->start_time && avformat_index_get_entries_count(st))
        index = 0;
    if (index < 0)
        return -1;
    entry = avformat_index_get_entry(st, index);
    if (avio_seek(s->pb, entry->pos, SEEK_SET) < 0)
        return AVERROR(EIO);
    c->last = c->end = entry->timestamp;
    c->offset = 0;
    return 0;
}

#define OFFSET(x) offsetof(AinnDemuxContext, x)
#define DEC AV_OPT_FLAG_DECODING_PARAM
static const AVOption ainn_options[] = {
    { "framerate", "Frame rate of pictures without time stamps", OFFSET(framerate), AV_OPT_TYPE_VIDEO_RATE, { .str = "25" }, 0, INT_MAX, DEC },
    { "loop",      "Begin again at the end",                     OFFSET(loop),      AV_OPT_TYPE_BOOL,       { .i64 = 0    }, 0, 1,       DEC },
    { NULL },
};

static const AVClass ainn_demuxer_class = {
    .class_name = "ainn demuxer",
    .item_name  = av_default_item_name,
    .option     = ainn_options,
    .version    = LIBAVUTIL_VERSION_INT,
    .category   = AV_CLASS_CATEGORY_DEMUXER,
};

#if LIBAVFORMAT_VERSION_MAJOR >= 61
const FFInputFormat ff_ainn_demuxer = {
    .p.name         = "ainn",
    .p.long_name    = NULL_IF_CONFIG_SMALL("AINN image and image sequence"),
    .p.extensions   = "ainn",
    .p.mime_type    = "image/x-ainn",
    .p.priv_class   = &ainn_demuxer_class,
#else
const AVInputFormat ff_ainn_demuxer = {
    .name           = "ainn",
    .long_name      = NULL_IF_CONFIG_SMALL("AINN image and image sequence"),
    .extensions     = "ainn",
    .mime_type      = "image/x-ainn",
    .priv_class     = &ainn_demuxer_class,
#endif
    .priv_data_size = sizeof(AinnDemuxContext),
    .read_probe     = ainn_probe,
    .read_header    = ainn_read_header,
    .read_packet    = ainn_read_packet,
    .read_seek      = ainn_read_seek,
};
