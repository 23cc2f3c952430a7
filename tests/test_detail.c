/* The detail layer: transform, range coder, painting, streams; whole pictures with it, cut, damaged, in regions and on several threads. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ainn.h"
#include "detail/candidates.h"
#include "detail/cells.h"
#include "detail/stream.h"
#include "detail/weigh.h"
#include "test_model.h"
#include "test_picture.h"
#include "test_stingy.h"
#include "test_random.h"
#include "util/crc32c.h"

static ainn_memory memory;
static ainn_model *model;
static ainn_encoder *encoder;
static ainn_decoder *decoder;

static void set_up(void)
{
    ainn_memory_init(&memory, NULL, (uint64_t)1 << 30);
    model = test_model();
    ck_assert_int_eq(ainn_encoder_create(model, NULL, NULL, &encoder), AINN_OK);
    ck_assert_int_eq(ainn_decoder_create(model, NULL, NULL, &decoder), AINN_OK);
}

static void tear_down(void)
{
    ainn_encoder_destroy(encoder);
    ainn_decoder_destroy(decoder);
    ainn_model_release(model);
}

/* ---- Parts ---- */

START_TEST(transform_inverts)
{
    test_random random = { 5 };
    for (int round = 0; round < 2000; round++) {
        int32_t in[AINN_DCT_SIZE], coefficients[AINN_DCT_SIZE], out[AINN_DCT_SIZE];
        uint32_t range = 1u << (4 + round % 12);
        for (int i = 0; i < AINN_DCT_SIZE; i++)
            in[i] = round % 7 == 6 ? (random_below(&random, 2) ? 28378 : -28378) : (int32_t)random_below(&random, range) - (int32_t)(range / 2);
        ainn_dct_forward(in, coefficients);
        ainn_dct_inverse(coefficients, out);
        for (int i = 0; i < AINN_DCT_SIZE; i++)
            ck_assert_int_le(abs(in[i] - out[i]), 3 + abs(in[i]) / 1000 + (int)(range / 1000) + (round % 7 == 6 ? 60 : 0));
    }
}
END_TEST

/* Any coefficients that a file can hold: sums stay within int32 (the sanitizers look) and samples within their bound. */
START_TEST(transform_takes_everything)
{
    test_random random = { 6 };
    for (int round = 0; round < 500; round++) {
        ainn_detail_block block;
        int32_t coefficients[AINN_DCT_SIZE], samples[AINN_DCT_SIZE];
        memset(&block, 0, sizeof(block));
        for (int i = 0; i < AINN_DCT_SIZE; i++)
            block.level[i] = (int16_t)(random_below(&random, 3) * AINN_DETAIL_LEVEL - AINN_DETAIL_LEVEL);
        ainn_detail_coefficients(&block, ainn_step(round % AINN_STEP_CODES), coefficients);
        ainn_dct_inverse(coefficients, samples);
        for (int i = 0; i < AINN_DCT_SIZE; i++)
            ck_assert_int_le(abs(samples[i]), AINN_DCT_SAMPLE);
        uint32_t u[3] = { 65536, 0, 32768 };
        ainn_detail_add((uint32_t *const[3]){ u, u + 1, u + 2 }, (const int32_t *const[3]){ samples, samples + 1, samples + 2 }, 3, 1);
        ck_assert(u[0] <= 65536 && u[1] <= 65536 && u[2] <= 65536);
    }
}
END_TEST

START_TEST(steps_are_eighths_of_octaves)
{
    ck_assert_int_eq(ainn_step(0), 8);
    ck_assert_int_eq(ainn_step(8), 16);
    for (unsigned code = 1; code < AINN_STEP_CODES; code++)
        ck_assert_int_ge(ainn_step(code), ainn_step(code - 1));
    ck_assert_int_eq(ainn_step(AINN_STEP_CODES - 8), 8 << 11);
}
END_TEST

START_TEST(range_coder_round_trip)
{
    for (unsigned seed = 1; seed < 200; seed++) {
        ainn_buffer stream;
        ainn_range range;
        ainn_chance chances[8];
        test_random random = { seed };
        unsigned count = seed < 20 ? seed : random_below(&random, 20000), skew = 1 + random_below(&random, 200);
        ainn_buffer_init(&stream, &memory);
        ainn_chance_init(chances, 8);
        ainn_range_encode_start(&range, &stream);
        for (unsigned i = 0; i < count; i++) {
            if (i % 11 == 10)
                ainn_range_even(&range, 7, random_below(&random, 128));
            else
                ainn_range_bit(&range, &chances[i & 7], random_below(&random, skew) == 0);
        }
        ainn_range_encode_finish(&range);
        ck_assert_int_eq(stream.status, AINN_OK);
        uint8_t *copy = malloc(stream.size ? stream.size : 1);      /* of the exact size, so that sanitizers see over-reads */
        if (stream.size)
            memcpy(copy, stream.data, stream.size);
        random = (test_random){ seed };
        count = seed < 20 ? seed : random_below(&random, 20000);
        skew = 1 + random_below(&random, 200);
        ainn_chance_init(chances, 8);
        ainn_range_decode_start(&range, copy, stream.size);
        for (unsigned i = 0; i < count; i++) {
            if (i % 11 == 10)
                ck_assert_uint_eq(ainn_range_even(&range, 7, 0), random_below(&random, 128));
            else
                ck_assert_int_eq(ainn_range_bit(&range, &chances[i & 7], 0), random_below(&random, skew) == 0);
        }
        ck_assert_int_eq(ainn_range_decode_finish(&range), 1);
        free(copy);
        ainn_buffer_free(&stream);
    }
}
END_TEST

START_TEST(painting_round_trip)
{
    for (unsigned seed = 1; seed < 40; seed++) {
        ainn_buffer stream;
        ainn_range range;
        ainn_paint paint;
        uint64_t in[6][AINN_PAINT_SIZE], out[AINN_PAINT_SIZE];
        test_random random = { seed };
        int planes = seed & 1 ? 3 : 1;
        unsigned depth = 8 + seed % 9, colours = 1 + random_below(&random, 300);
        uint64_t mask = ((uint64_t)1 << depth) - 1;
        for (int cell = 0; cell < 6; cell++)
            for (int i = 0; i < AINN_PAINT_SIZE; i++) {
                uint64_t value = random_below(&random, colours) * 0x9E3779B97F4A7C15u;
                in[cell][i] = (value & mask) | (planes > 1 ? (value >> 16 & mask) << 16 | (value >> 32 & mask) << 32 : 0);
            }
        ck_assert_int_eq(ainn_paint_create(&memory, planes, depth, &paint), AINN_OK);
        for (int decodes = 0; decodes < 2; decodes++) {
            if (decodes) {
                ainn_range_decode_start(&range, stream.data, stream.size);
            } else {
                ainn_buffer_init(&stream, &memory);
                ainn_range_encode_start(&range, &stream);
            }
            ainn_paint_start(&paint);
            for (int cell = 0; cell < 6; cell++) {
                if (cell == 3)
                    ainn_paint_next_row(&paint);
                if (cell == 4) {
                    ainn_paint_clear(&paint, 1);
                    continue;
                }
                memcpy(out, in[cell], sizeof(out));
                if (decodes)
                    memset(out, 0, sizeof(out));
                ainn_paint_cell(&range, &paint, (uint32_t)cell % 3, out);
                ck_assert(!memcmp(out, in[cell], sizeof(out)));
            }
            if (decodes)
                ck_assert_int_eq(ainn_range_decode_finish(&range), 1);
            else
                ainn_range_encode_finish(&range);
        }
        ainn_buffer_free(&stream);
        ainn_paint_destroy(&memory, &paint);
    }
}
END_TEST

START_TEST(index_is_checked)
{
    static const uint8_t good[] = { 0, 6, 7, 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7 };
    ainn_detail_stream streams[3];
    ck_assert_int_eq(ainn_detail_index(good, 16, 16, 3, streams), AINN_OK);
    ck_assert(streams[0].size == 0 && streams[1].offset == 3 && streams[1].size == 6 && streams[2].offset == 9 && streams[2].size == 7);
    ck_assert_int_eq(ainn_detail_index(good, 16, 3, 3, streams), AINN_OK);               /* the streams may be cut */
    ck_assert_int_eq(ainn_detail_check(good, 8, &streams[1]), AINN_ERROR_TRUNCATED);
    ck_assert_int_eq(ainn_detail_check(good, 16, &streams[1]), AINN_ERROR_CHECKSUM);
    ck_assert_int_eq(ainn_detail_index(good, 16, 2, 3, streams), AINN_ERROR_TRUNCATED);
    ck_assert_int_eq(ainn_detail_index(good, 15, 15, 3, streams), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_detail_index(good, 17, 16, 3, streams), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_detail_index((const uint8_t[]){ 3, 1, 2, 3 }, 4, 4, 1, streams), AINN_ERROR_INVALID);      /* shorter than any */
    ck_assert_int_eq(ainn_detail_index((const uint8_t[]){ 0x80 }, 1, 1, 1, streams), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_detail_index((const uint8_t[]){ 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 9 }, 6, 6, 1, streams), AINN_ERROR_INVALID);
    uint8_t code[6] = { AINN_STEP_CODES, 0 };
    ainn_write_u32(code + 2, ainn_crc32c(0, code, 2));
    ck_assert_int_eq(ainn_detail_check(code, 6, &(ainn_detail_stream){ 0, 6 }), AINN_ERROR_INVALID);
}
END_TEST

/* ---- Pictures ---- */

static ainn_bytes encode(const test_picture *p, const ainn_encode_options *options, ainn_info *info)
{
    ainn_bytes frame;
    ainn_status status = ainn_encoder_encode(encoder, &p->image, options, &frame);
    ck_assert_msg(status == AINN_OK, "%s", ainn_encoder_error(encoder));
    ck_assert_int_eq(ainn_probe(frame.data, frame.size, info), AINN_OK);
    return frame;
}

static test_picture decode_into(ainn_bytes frame, const ainn_decode_options *options, ainn_damage *damage)
{
    ainn_info info;
    ck_assert_int_eq(ainn_decoder_open(decoder, frame.data, frame.size, &info), AINN_OK);
    int region = options && options->region_width;
    test_picture p = picture_empty(region ? options->region_width : info.width, region ? options->region_height : info.height, info.depth, info.channels);
    ainn_status status = ainn_decoder_decode(decoder, &p.image, options, damage);
    ck_assert_msg(status == AINN_OK, "%s", ainn_decoder_error(decoder));
    return p;
}

START_TEST(every_kind_of_picture)
{
    static const struct { uint32_t width, height, depth; int channels; } kinds[] = {
        { 96, 80, 8, 3 }, { 75, 101, 10, 4 }, { 64, 48, 8, 1 }, { 50, 33, 16, 1 }, { 49, 65, 16, 3 }, { 130, 20, 12, 2 }, { 1100, 40, 8, 3 } };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        test_picture p = picture_draw(kinds[i].width, kinds[i].height, kinds[i].depth, (ainn_channels)kinds[i].channels);
        ainn_encode_options options;
        ainn_info info;
        ainn_damage damage;
        ainn_encode_options_init(&options);
        options.quality = 90;
        ainn_bytes frame = encode(&p, &options, &info);
        ck_assert_uint_gt(info.detail_bytes, 0);
        test_picture q = decode_into(frame, NULL, &damage);
        ck_assert_double_lt(picture_error(&p, &q), 40);
        ck_assert(damage.groups == damage.groups_whole && !damage.detail_missing);
        options.effort = 1;                           /* without the layer */
        frame = encode(&p, &options, &info);
        ck_assert_uint_eq(info.detail_bytes, 0);
        test_picture r = decode_into(frame, NULL, NULL);
        ck_assert_double_lt(2 * picture_error(&p, &q), picture_error(&p, &r));
        picture_free(&p);
        picture_free(&q);
        picture_free(&r);
    }
}
END_TEST

/* Pictures that are one latent wide or high are beyond what some networks can do. */
START_TEST(narrow_pictures)
{
    static const struct { uint32_t width, height; int channels; } kinds[] = { { 1, 300, 3 }, { 16, 200, 3 }, { 300, 9, 1 }, { 16, 16, 4 } };
    static const char *const names[] = { "fast", "standard", "standard-msssim" };
    for (size_t m = 0; m < sizeof(names) / sizeof(names[0]); m++) {
        ainn_model *other;
        if (ainn_model_open(names[m], NULL, &other, NULL, 0) != AINN_OK)
            continue;                                 /* built without it */
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            test_picture p = picture_make(kinds[i].width, kinds[i].height, 8, (ainn_channels)kinds[i].channels);
            test_picture q = picture_empty(kinds[i].width, kinds[i].height, 8, (ainn_channels)kinds[i].channels);
            ainn_encoder *own;
            ainn_decoder *reader;
            ainn_bytes frame;
            ainn_info info;
            ck_assert_int_eq(ainn_encoder_create(other, NULL, NULL, &own), AINN_OK);
            ck_assert_int_eq(ainn_encoder_encode(own, &p.image, NULL, &frame), AINN_OK);
            ck_assert_int_eq(ainn_decoder_create(other, NULL, NULL, &reader), AINN_OK);
            ck_assert_int_eq(ainn_decoder_open(reader, frame.data, frame.size, &info), AINN_OK);
            ck_assert_int_eq(ainn_decoder_decode(reader, &q.image, NULL, NULL), AINN_OK);
            ck_assert_msg(picture_error(&p, &q) < (m < 2 ? 120 : 1000), "%s, %ux%u: %f", names[m], kinds[i].width, kinds[i].height, picture_error(&p, &q));
            ainn_decoder_destroy(reader);
            ainn_encoder_destroy(own);
            picture_free(&p);
            picture_free(&q);
        }
        ainn_model_release(other);
    }
}
END_TEST

START_TEST(threads_and_regions)
{
    test_picture p = picture_draw(1400, 90, 8, AINN_RGB);
    ainn_encode_options options;
    ainn_info info;
    ainn_encode_options_init(&options);
    options.quality = 80;
    ainn_bytes frame = encode(&p, &options, &info), first;
    uint8_t *copy = malloc(frame.size);
    memcpy(copy, frame.data, frame.size);
    first = (ainn_bytes){ copy, frame.size };
    options.threads = 3;
    frame = encode(&p, &options, &info);
    ck_assert(frame.size == first.size && !memcmp(frame.data, first.data, frame.size));
    test_picture whole = decode_into(first, NULL, NULL);
    for (unsigned i = 0; i < 8; i++) {
        static const uint32_t places[8][4] = { { 0, 0, 1, 1 }, { 1023, 15, 2, 2 }, { 1000, 3, 300, 80 }, { 1399, 89, 1, 1 },
                                               { 30, 70, 700, 20 }, { 1030, 17, 50, 31 }, { 690, 0, 20, 90 }, { 0, 0, 1400, 90 } };
        ainn_decode_options region;
        ainn_decode_options_init(&region);
        region.threads = 1 + i % 3;
        region.region_x = places[i][0];
        region.region_y = places[i][1];
        region.region_width = places[i][2];
        region.region_height = places[i][3];
        test_picture part = decode_into(first, &region, NULL);
        for (uint32_t y = 0; y < region.region_height; y++)
            for (uint32_t x = 0; x < region.region_width; x++)
                for (int c = 0; c < 3; c++)
                    ck_assert_uint_eq(picture_get(&part, x, y, c), picture_get(&whole, x + region.region_x, y + region.region_y, c));
        picture_free(&part);
    }
    picture_free(&p);
    picture_free(&whole);
    free(copy);
}
END_TEST

START_TEST(damage_stays_local)
{
    test_picture p = picture_draw(1400, 60, 8, AINN_RGB);
    ainn_info info;
    ainn_damage damage;
    ainn_bytes frame = encode(&p, NULL, &info);
    uint8_t *data = malloc(frame.size);
    memcpy(data, frame.data, frame.size);
    ainn_bytes mine = { data, frame.size };
    test_picture whole = decode_into(mine, NULL, NULL), q = picture_empty(1400, 60, 8, AINN_RGB);
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    data[info.header_bytes + 40] ^= 4;                /* in the first group's stream */
    ck_assert_int_eq(ainn_decoder_open(decoder, data, mine.size, &info), AINN_OK);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, &damage), AINN_ERROR_CHECKSUM);
    options.ignore_damage = 1;
    ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, &damage), AINN_OK);
    ck_assert(damage.detail_missing == 1 && damage.groups == 2 && damage.groups_whole == 1 && damage.groups_partial == 1);
    for (uint32_t y = 0; y < 60; y++)
        for (uint32_t x = 1024; x < 1400; x++)
            ck_assert_uint_eq(picture_get(&q, x, y, 0), picture_get(&whole, x, y, 0));
    data[info.header_bytes + 40] ^= 4;
    data[info.header_bytes] ^= 64;                    /* the sizes */
    ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, &damage), AINN_OK);
    ck_assert_uint_eq(damage.detail_missing, 2);
    data[info.header_bytes] ^= 64;
    /* Cut: whatever is left decodes, and says what is missing. */
    for (size_t size = info.header_bytes; size < mine.size; size += 1 + mine.size / 40) {
        ck_assert_int_eq(ainn_decoder_open(decoder, data, size, &info), AINN_OK);
        options.ignore_damage = 0;
        ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, &damage), AINN_ERROR_TRUNCATED);
        options.ignore_damage = 1;
        ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, &damage), AINN_OK);
        ck_assert(damage.detail_missing <= 2 && (damage.detail_missing == 0) == (size >= info.header_bytes + info.detail_bytes));
    }
    picture_free(&p);
    picture_free(&q);
    picture_free(&whole);
    free(data);
}
END_TEST

/* Streams with good checksums and bad contents: nothing may break, whatever they decode to. */
START_TEST(forged_streams)
{
    test_picture p = picture_draw(100, 60, 8, AINN_RGB);
    ainn_info info;
    ainn_bytes frame = encode(&p, NULL, &info);
    uint8_t *data = malloc(frame.size);
    test_picture q = picture_empty(100, 60, 8, AINN_RGB);
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    size_t table = 1;                                 /* bytes of the only size in front */
    while (frame.data[info.header_bytes + table - 1] & 128)
        table++;
    size_t start = info.header_bytes + table, size = (size_t)info.detail_bytes - table;
    int refused = 0;
    for (unsigned seed = 1; seed < 60; seed++) {
        test_random random = { seed };
        memcpy(data, frame.data, frame.size);
        for (unsigned i = 0; i < 1 + seed / 4; i++)
            data[start + 1 + random_below(&random, (uint32_t)size - 5)] = (uint8_t)random_below(&random, 256);
        ainn_write_u32(data + start + size - 4, ainn_crc32c(0, data + start, size - 4));
        ck_assert_int_eq(ainn_decoder_open(decoder, data, frame.size, &info), AINN_OK);
        options.ignore_damage = 0;
        ainn_status status = ainn_decoder_decode(decoder, &q.image, &options, NULL);
        ck_assert(status == AINN_OK || status == AINN_ERROR_INVALID);
        refused += status != AINN_OK;
        options.ignore_damage = 1;
        ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, NULL), AINN_OK);
    }
    ck_assert_int_gt(refused, 50);
    picture_free(&p);
    picture_free(&q);
    free(data);
}
END_TEST

/* A source that counts how often its rows are read. */
typedef struct counted {
    const test_picture *picture;
    uint32_t rows;
} counted;

static int read_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    counted *c = opaque;
    for (uint32_t y = 0; y < rows; y++)
        memcpy((uint8_t *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0], (const uint8_t *)c->picture->image.plane[0] + (size_t)(first_row + y) * c->picture->image.width * 3,
               (size_t)c->picture->image.width * 3);
    c->rows += rows;
    return 0;
}

START_TEST(rows_are_read_once)
{
    test_picture p = picture_draw(200, 150, 8, AINN_RGB);
    ainn_info info;
    ainn_bytes frame = encode(&p, NULL, &info), again;
    ck_assert_uint_gt(info.detail_bytes, 0);
    uint8_t *copy = malloc(frame.size);
    size_t size = frame.size;
    memcpy(copy, frame.data, size);
    counted c = { &p, 0 };
    ck_assert_int_eq(ainn_encoder_encode_rows(encoder, 200, 150, 8, AINN_RGB, read_rows, &c, NULL, &again), AINN_OK);
    ck_assert(again.size == size && !memcmp(again.data, copy, size));
    ck_assert_uint_eq(c.rows, 150);
    free(copy);
    picture_free(&p);
}
END_TEST

/* A large picture in rows: kept where its first rows are worth while, streamed where they are not. */
START_TEST(large_rows)
{
    for (int drawn = 0; drawn < 2; drawn++) {
        test_picture p = picture_empty(2064, 2040, 8, AINN_RGB);
        test_random random = { 4 };
        ainn_info info;
        ainn_bytes frame;
        ainn_encode_options options;
        counted c = { &p, 0 };
        for (uint32_t y = 0; y < 2040; y++)
            for (uint32_t x = 0; x < 2064; x++) {
                uint32_t noise = random_below(&random, 9);
                for (int channel = 0; channel < 3; channel++)
                    picture_set(&p, x, y, channel, drawn && y < 200 ? (x / 3 ^ y / 5) % 7 < 2 ? 250 : 10 : (x + y) / 20 + noise);
            }
        ainn_encode_options_init(&options);
        options.quality = 10;
        ck_assert_int_eq(ainn_encoder_encode_rows(encoder, 2064, 2040, 8, AINN_RGB, read_rows, &c, &options, &frame), AINN_OK);
        ck_assert_int_eq(ainn_probe(frame.data, frame.size, &info), AINN_OK);
        ck_assert((info.detail_bytes != 0) == drawn);
        ck_assert_uint_eq(c.rows, 2040);
        picture_free(&p);
    }
}
END_TEST

START_TEST(targets)
{
    test_picture p = picture_draw(200, 150, 8, AINN_RGB);
    ainn_encode_options options;
    ainn_info info;
    ainn_encode_options_init(&options);
    options.target_size = 20000;
    ainn_bytes frame = encode(&p, &options, &info);
    ck_assert(frame.size <= 20000 && frame.size > 15000 && info.detail_bytes);
    options.target_size = 0;
    options.target_psnr = 38;
    frame = encode(&p, &options, &info);
    test_picture q = decode_into(frame, NULL, NULL);
    ck_assert_double_le(picture_error(&p, &q), 65025 / 6309.0);
    ck_assert_uint_gt(info.detail_bytes, 0);
    picture_free(&p);
    picture_free(&q);
}
END_TEST

/* A photograph, as far as the quick look goes, is not looked at closer. */
START_TEST(candidates)
{
    test_picture smooth = picture_empty(300, 200, 8, AINN_RGB), drawn = picture_draw(300, 200, 8, AINN_RGB), deep = picture_draw(300, 200, 13, AINN_GRAY);
    test_random random = { 9 };
    for (uint32_t y = 0; y < 200; y++)
        for (uint32_t x = 0; x < 300; x++)
            for (int c = 0; c < 3; c++)
                picture_set(&smooth, x, y, c, (x + y * 2) / 6 + 20 * (uint32_t)c + random_below(&random, 20));
    ck_assert_int_eq(ainn_detail_candidates(&smooth.image), 0);
    ck_assert_int_eq(ainn_detail_candidates(&drawn.image), 1);
    ck_assert_int_eq(ainn_detail_candidates(&deep.image), 1);
    picture_free(&smooth);
    picture_free(&drawn);
    picture_free(&deep);
}
END_TEST

START_TEST(allocation_failures)
{
    test_picture p = picture_draw(48, 33, 8, AINN_RGB);
    ainn_status status = AINN_ERROR_MEMORY;
    for (unsigned n = 1; status == AINN_ERROR_MEMORY && n < 3000; n += 1 + n / 16) {
        stingy s = { n };
        ainn_allocator allocator = { &s, stingy_allocate, stingy_free };
        ainn_encoder *own;
        ainn_bytes frame;
        status = ainn_encoder_create(model, NULL, &allocator, &own);
        if (status != AINN_OK)
            continue;
        counted c = { &p, 0 };
        status = ainn_encoder_encode_rows(own, 48, 33, 8, AINN_RGB, read_rows, &c, NULL, &frame);
        ck_assert_msg(status == AINN_OK || status == AINN_ERROR_MEMORY, "%d: %s", status, ainn_encoder_error(own));
        ainn_encoder_destroy(own);
    }
    ck_assert_int_eq(status, AINN_OK);
    ainn_info info;
    ainn_bytes frame = encode(&p, NULL, &info);
    ck_assert_uint_gt(info.detail_bytes, 0);
    status = AINN_ERROR_MEMORY;
    test_picture q = picture_empty(48, 33, 8, AINN_RGB);
    for (unsigned n = 1; status == AINN_ERROR_MEMORY && n < 3000; n += 1 + n / 16) {
        stingy s = { n };
        ainn_allocator allocator = { &s, stingy_allocate, stingy_free };
        ainn_decoder *own;
        status = ainn_decoder_create(model, NULL, &allocator, &own);
        if (status != AINN_OK)
            continue;
        status = ainn_decoder_open(own, frame.data, frame.size, &info);
        if (status == AINN_OK)
            status = ainn_decoder_decode(own, &q.image, NULL, NULL);
        ainn_decoder_destroy(own);
    }
    ck_assert_int_eq(status, AINN_OK);
    picture_free(&p);
    picture_free(&q);
}
END_TEST

/* Little memory costs the layer, not the picture. */
START_TEST(memory_limit)
{
    test_picture p = picture_draw(640, 300, 8, AINN_RGB);
    ainn_encode_options options;
    ainn_info info;
    ainn_stats stats;
    int with = 0, without = 0;
    ainn_encode_options_init(&options);
    options.effort = 1;
    encode(&p, &options, &info);
    ainn_encoder_get_stats(encoder, &stats);
    for (uint64_t more = 1; more < 64; more += more) {
        ainn_limits limits;
        ainn_encoder *own;
        ainn_bytes frame;
        ainn_limits_init(&limits);
        limits.max_memory = stats.peak_memory + (more << 20);
        ck_assert_int_eq(ainn_encoder_create(model, &limits, NULL, &own), AINN_OK);
        ck_assert_int_eq(ainn_encoder_encode(own, &p.image, NULL, &frame), AINN_OK);
        ck_assert_int_eq(ainn_probe(frame.data, frame.size, &info), AINN_OK);
        *(info.detail_bytes ? &with : &without) += 1;
        test_picture q = decode_into(frame, NULL, NULL);
        picture_free(&q);
        ainn_encoder_destroy(own);
    }
    ck_assert(with && without);
    picture_free(&p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("detail");
    TCase *parts = tcase_create("parts"), *pictures = tcase_create("pictures");
    tcase_add_checked_fixture(parts, set_up, tear_down);
    tcase_add_checked_fixture(pictures, set_up, tear_down);
    tcase_set_timeout(parts, 300);
    tcase_set_timeout(pictures, 600);
    tcase_add_test(parts, transform_inverts);
    tcase_add_test(parts, transform_takes_everything);
    tcase_add_test(parts, steps_are_eighths_of_octaves);
    tcase_add_test(parts, range_coder_round_trip);
    tcase_add_test(parts, painting_round_trip);
    tcase_add_test(parts, index_is_checked);
    tcase_add_test(parts, candidates);
    tcase_add_test(pictures, every_kind_of_picture);
    tcase_add_test(pictures, narrow_pictures);
    tcase_add_test(pictures, threads_and_regions);
    tcase_add_test(pictures, damage_stays_local);
    tcase_add_test(pictures, forged_streams);
    tcase_add_test(pictures, rows_are_read_once);
    tcase_add_test(pictures, large_rows);
    tcase_add_test(pictures, targets);
    tcase_add_test(pictures, allocation_failures);
    tcase_add_test(pictures, memory_limit);
    suite_add_tcase(suite, parts);
    suite_add_tcase(suite, pictures);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
