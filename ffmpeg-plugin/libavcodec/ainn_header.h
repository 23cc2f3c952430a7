/*
 * AINN frame header
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
 * The header of an AINN frame, as far as containers need it: where a frame
 * ends, what it shows, and how its bytes are spent. Header only, because
 * libavcodec and libavformat both read it, with or without libainn.
 */

#ifndef AVCODEC_AINN_HEADER_H
#define AVCODEC_AINN_HEADER_H

#include <limits.h>
#include <stdint.h>

#include "libavutil/avutil.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/macros.h"
#include "libavutil/pixfmt.h"

#include "bytestream.h"
#include "defs.h"

/** The signatures have 6 bytes; the version follows. */
#define FF_AINN_FRAME_SIGNATURE    0x8A41494E0D0A
#define FF_AINN_SEQUENCE_SIGNATURE 0x8A4149530D0A
#define FF_AINN_VERSION            1
/** What a frame of this version begins with, and its size. */
#define FF_AINN_FRAME_START        ((uint64_t)FF_AINN_FRAME_SIGNATURE << 8 | FF_AINN_VERSION)
#define FF_AINN_START_MASK         0xFFFFFFFFFFFFFF
#define FF_AINN_START_SIZE         7
/** Start and frame length (a varint): enough to find the frame's end. */
#define FF_AINN_MAX_PREFIX_SIZE    (FF_AINN_START_SIZE + 10)
/** One group without a byte in it, one-byte varints. */
#define FF_AINN_MIN_FRAME_SIZE     23
/** Pixels along one side of a group of latents. */
#define FF_AINN_GROUP_SIZE         1024

typedef struct FFAinnHeader {
    int64_t frame_size;
    int header_size;                ///< up to and including the header's CRC
    int width, height;
    int channels, depth;
    int orientation;                ///< 1 to 8, as in EXIF
    uint32_t model_id;
    double quality;
    int alpha_quality;
    uint8_t color[4];               ///< primaries, transfer, matrix, full range
    int64_t metadata_size, detail_size, hyperprior_size, latent_size, alpha_size;
} FFAinnHeader;

/**
 * Read a varint (LEB128).
 *
 * @return 0, AVERROR(EAGAIN) if the data ends inside it, or AVERROR_INVALIDDATA
 */
static inline int ff_ainn_get_varint(GetByteContext *gb, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        unsigned byte;
        if (!bytestream2_get_bytes_left(gb))
            return AVERROR(EAGAIN);
        byte    = bytestream2_get_byteu(gb);
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128)
            return (!byte && shift) || (shift == 63 && byte > 1) ? AVERROR_INVALIDDATA : 0;
    }
    return AVERROR_INVALIDDATA;
}

/**
 * Read the length of the frame that begins at buf.
 *
 * @return the length, AVERROR(EAGAIN) if more bytes are needed, or
 *         AVERROR_INVALIDDATA if no frame that a packet can hold begins here
 */
static inline int64_t ff_ainn_frame_length(const uint8_t *buf, int size)
{
    GetByteContext gb;
    uint64_t length;
    int ret;

    bytestream2_init(&gb, buf, size);
    if (bytestream2_get_bytes_left(&gb) < FF_AINN_START_SIZE)
        return AVERROR(EAGAIN);
    if (bytestream2_get_be24u(&gb) != FF_AINN_FRAME_SIGNATURE >> 24 ||
        bytestream2_get_be24u(&gb) != (FF_AINN_FRAME_SIGNATURE & 0xFFFFFF) ||
        bytestream2_get_byteu(&gb) != FF_AINN_VERSION)
        return AVERROR_INVALIDDATA;
    if ((ret = ff_ainn_get_varint(&gb, &length)) < 0)
        return ret;
    if (length < FF_AINN_MIN_FRAME_SIZE || length > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return AVERROR_INVALIDDATA;
    return length;
}

/**
 * Read a frame's header. The CRC is left to the decoder.
 *
 * @return 0, AVERROR(EAGAIN) if more bytes are needed, or AVERROR_INVALIDDATA
 */
static inline int ff_ainn_parse_header(FFAinnHeader *h, const uint8_t *buf, int size)
{
    GetByteContext gb;
    uint64_t value, length;
    int64_t groups;
    int flags, ret;

#define GET_VARINT(dest, max) do {                              \
        if ((ret = ff_ainn_get_varint(&gb, &value)) < 0)        \
            return ret;                                         \
        if (value > (max))                                      \
            return AVERROR_INVALIDDATA;                         \
        dest = value;                                           \
    } while (0)
#define NEED(bytes) do {                                        \
        if (bytestream2_get_bytes_left(&gb) < (bytes))          \
            return AVERROR(EAGAIN);                             \
    } while (0)

    *h = (FFAinnHeader){ .orientation = 1, .alpha_quality = 100, .color = { 1, 13, 0, 1 } };
    h->frame_size = ff_ainn_frame_length(buf, size);
    if (h->frame_size < 0)
        return h->frame_size;
    bytestream2_init(&gb, buf, size);
    bytestream2_skipu(&gb, FF_AINN_START_SIZE);
    GET_VARINT(length, INT_MAX);
    GET_VARINT(length, h->frame_size);
    h->header_size = bytestream2_tell(&gb) + length;
    if (h->header_size > h->frame_size)
        return AVERROR_INVALIDDATA;
    /* From here on missing bytes are an error if the whole header is there. */
    NEED(1);
    flags       = bytestream2_get_byteu(&gb);
    h->channels = (flags & 3) + 1;
    h->depth    = (flags >> 2 & 15) + 8;
    if (h->depth > 16)
        return AVERROR_INVALIDDATA;
    GET_VARINT(h->width,  INT_MAX - 1);
    GET_VARINT(h->height, INT_MAX - 1);
    h->width++;
    h->height++;
    NEED(4);
    h->model_id = bytestream2_get_le32u(&gb);
    GET_VARINT(h->quality, 1792);
    h->quality  = h->quality * 100 / 1792;
    if (flags & 64) {
        NEED(4);
        bytestream2_get_bufferu(&gb, h->color, 4);
    }
    if (!(h->channels & 1)) {
        NEED(1);
        h->alpha_quality = bytestream2_get_byteu(&gb);
        GET_VARINT(h->alpha_size, h->frame_size);
    }
    if (flags & 128) {
        int64_t before = 0, pos;
        unsigned count;
        GET_VARINT(count, 1 << 16);
        while (count--) {
            unsigned type;
            GET_VARINT(type, UINT_MAX);
            GET_VARINT(length, h->frame_size);
            /* Extension 8 is the orientation, one byte after the header. */
            pos = h->header_size + before;
            if (type == 8 && length == 1 && pos < size && buf[pos] >= 1 && buf[pos] <= 8)
                h->orientation = buf[pos];
            /* 2, 4 and 6 are ICC, EXIF and XMP. */
            if (type == 2 || type == 4 || type == 6)
                h->metadata_size += length;
            /* 1 is the detail layer. Whether it can decode what else is critical (odd) is for the decoder to say. */
            if (type == 1)
                h->detail_size = length;
            before += length + (length ? 4 : 0);
            if (before > h->frame_size)
                return AVERROR_INVALIDDATA;
        }
    }
    groups = ((h->width  + FF_AINN_GROUP_SIZE - 1LL) / FF_AINN_GROUP_SIZE) *
             ((h->height + FF_AINN_GROUP_SIZE - 1LL) / FF_AINN_GROUP_SIZE);
    for (int64_t i = 0; i < groups; i++) {
        GET_VARINT(length, h->frame_size);
        h->hyperprior_size += length;
        GET_VARINT(length, h->frame_size);
        h->latent_size += length;
        if (h->hyperprior_size > h->frame_size || h->latent_size > h->frame_size)
            return AVERROR_INVALIDDATA;
    }
    return 0;
#undef GET_VARINT
#undef NEED
}

/** The smallest pixel format of FFmpeg that holds the samples. */
static inline enum AVPixelFormat ff_ainn_pix_fmt(int channels, int depth)
{
    switch (channels) {
    case 1:
        return depth <=  8 ? AV_PIX_FMT_GRAY8  : depth <=  9 ? AV_PIX_FMT_GRAY9  :
               depth <= 10 ? AV_PIX_FMT_GRAY10 : depth <= 12 ? AV_PIX_FMT_GRAY12 :
               depth <= 14 ? AV_PIX_FMT_GRAY14 : AV_PIX_FMT_GRAY16;
    case 2:
        return depth <=  8 ? AV_PIX_FMT_YA8    : AV_PIX_FMT_YA16;
    case 3:
        return depth <=  8 ? AV_PIX_FMT_RGB24  : depth <=  9 ? AV_PIX_FMT_GBRP9  :
               depth <= 10 ? AV_PIX_FMT_GBRP10 : depth <= 12 ? AV_PIX_FMT_GBRP12 :
               depth <= 14 ? AV_PIX_FMT_GBRP14 : AV_PIX_FMT_RGB48;
    default:
        return depth <=  8 ? AV_PIX_FMT_RGBA   : depth <= 10 ? AV_PIX_FMT_GBRAP10 :
               depth <= 12 ? AV_PIX_FMT_GBRAP12 :
#ifdef AV_PIX_FMT_GBRAP14
               depth <= 14 ? AV_PIX_FMT_GBRAP14 :
#endif
               AV_PIX_FMT_RGBA64;
    }
}

/** Describe how the frame's bytes are spent, for ffprobe and filters. */
static inline int ff_ainn_header_tags(AVDictionary **tags, const FFAinnHeader *h)
{
    char text[32];
    int ret;

#define SET(key, format, value) do {                                    \
        snprintf(text, sizeof(text), format, value);                    \
        if ((ret = av_dict_set(tags, "ainn." key, text, 0)) < 0)        \
            return ret;                                                 \
    } while (0)
    SET("model_id",         "%08"PRIx32, h->model_id);
    SET("quality",          "%.2f",      h->quality);
    SET("header_bytes",     "%d",        h->header_size);
    SET("metadata_bytes",   "%"PRId64,   h->metadata_size);
    if (h->detail_size)
        SET("detail_bytes", "%"PRId64,   h->detail_size);
    SET("hyperprior_bytes", "%"PRId64,   h->hyperprior_size);
    SET("latent_bytes",     "%"PRId64,   h->latent_size);
    if (!(h->channels & 1)) {
        SET("alpha_quality", "%d",       h->alpha_quality);
        SET("alpha_bytes",   "%"PRId64,  h->alpha_size);
    }
#undef SET
    return 0;
}

#endif /* AVCODEC_AINN_HEADER_H */
