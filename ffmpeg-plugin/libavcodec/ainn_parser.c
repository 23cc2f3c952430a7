/*
 * AINN parser
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
 * Cuts a stream of AINN frames into frames. Every frame tells its length, so
 * that nothing is decoded for this; after junk, or where a frame was cut short,
 * the parser goes on at the next frame's signature.
 */

#include "ainn_header.h"
#include "parser.h"
#include "version.h"
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(62, 28, 100)
#include "parser_internal.h"
#endif

typedef struct AinnParseContext {
    ParseContext pc;
    int64_t position;   ///< bytes seen of the frame, 0 while looking for one
    int64_t length;     ///< of the frame, 0 while it is being read
    int junk;           ///< bytes before the frame in what is being combined
    uint8_t prefix[FF_AINN_MAX_PREFIX_SIZE];
} AinnParseContext;

/** Find the end of the frame that has begun, or the beginning of one. */
static int find_cut(AinnParseContext *c, const uint8_t *buf, int size)
{
    ParseContext *pc = &c->pc;
    uint64_t state   = pc->state64;
    int next         = END_NOT_FOUND;

    for (int i = 0; i < size; i++) {
        state = state << 8 | buf[i];
        if ((state & FF_AINN_START_MASK) == FF_AINN_FRAME_START) {
            if (c->position >= FF_AINN_START_SIZE) {
                /* A frame begins before this one ended: it was cut short. */
                next = i - FF_AINN_START_SIZE + 1;
                break;
            }
            c->junk     = pc->index + pc->overread + i - (FF_AINN_START_SIZE - 1);
            c->position = FF_AINN_START_SIZE;
            c->length   = 0;
            AV_WB64(c->prefix, state << 8);
        } else if (c->position) {
            if (!c->length) {
                int64_t length;
                c->prefix[c->position] = buf[i];
                length = ff_ainn_frame_length(c->prefix, c->position + 1);
                if (length == AVERROR_INVALIDDATA) {
                    c->position = 0;
                    continue;
                }
                c->length = FFMAX(length, 0);
            }
            if (++c->position == c->length) {
                next  = i + 1;
                state = 0;
                break;
            }
        }
    }
    pc->state64 = state;
    return next;
}

static int ainn_parse(AVCodecParserContext *s, AVCodecContext *avctx,
                      const uint8_t **poutbuf, int *poutbuf_size,
                      const uint8_t *buf, int buf_size)
{
    AinnParseContext *c = s->priv_data;
    ParseContext *pc    = &c->pc;
    FFAinnHeader header;
    int next = buf_size;

    *poutbuf      = NULL;
    *poutbuf_size = 0;

    if (!(s->flags & PARSER_FLAG_COMPLETE_FRAMES)) {
        int size = buf_size, junk;
        next = find_cut(c, buf, buf_size);
        if (ff_combine_frame(pc, next, &buf, &size) < 0) {
            /* Of junk only what may be the beginning of a signature is kept. */
            if (!c->position && pc->index >= FF_AINN_START_SIZE) {
                memmove(pc->buffer, pc->buffer + pc->index - (FF_AINN_START_SIZE - 1),
                        FF_AINN_START_SIZE - 1);
                pc->index = FF_AINN_START_SIZE - 1;
            }
            return buf_size;
        }
        junk        = c->position ? FFMIN(c->junk, size) : size;
        c->position = c->junk = 0;
        buf        += junk;
        buf_size    = size - junk;
    }

    s->key_frame = 1;
    s->pict_type = AV_PICTURE_TYPE_I;
    if (ff_ainn_parse_header(&header, buf, buf_size) >= 0) {
        s->width  = s->coded_width  = header.width;
        s->height = s->coded_height = header.height;
        s->format = ff_ainn_pix_fmt(header.channels, header.depth);
    }

    *poutbuf      = buf;
    *poutbuf_size = buf_size;
    return next;
}

#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(62, 28, 100)
const FFCodecParser ff_ainn_parser = {
    PARSER_CODEC_LIST(AV_CODEC_ID_AINN),
    .priv_data_size = sizeof(AinnParseContext),
    .parse          = ainn_parse,
    .close          = ff_parse_close,
};
#else
const AVCodecParser ff_ainn_parser = {
    .codec_ids      = { AV_CODEC_ID_AINN },
    .priv_data_size = sizeof(AinnParseContext),
    .parser_parse   = ainn_parse,
    .parser_close   = ff_parse_close,
};
#endif
