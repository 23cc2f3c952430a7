/*
 * What the AINN muxer and demuxer share
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

#ifndef AVFORMAT_AINN_H
#define AVFORMAT_AINN_H

#include "libavutil/crc.h"

/** The first bytes of the records in a sequence. */
#define AINN_RECORD_FRAME 'F'
#define AINN_RECORD_INDEX 'X'

/** CRC-32C (Castagnoli), which has no table in libavutil. */
static inline uint32_t ainn_crc(const uint8_t *data, int size)
{
    AVCRC table[257];

    av_crc_init(table, 1, 32, 0x82F63B78, sizeof(table));
    return ~av_crc(table, UINT32_MAX, data, size);
}

#endif /* AVFORMAT_AINN_H */
