/* Numbers, frames, alpha and sequences without any network. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "container/alpha.h"
#include "container/alpha_filter.h"
#include "container/frame.h"
#include "container/sequence.h"
#include "container/varint.h"
#include "test_random.h"
#include "util/crc32c.h"

static ainn_memory memory;

static void setup(void)
{
    ainn_memory_init(&memory, NULL, UINT64_MAX);
}

static void teardown(void)
{
    ck_assert_uint_eq(memory.used, 0);
}

/* A copy of exactly this size. */
static uint8_t *exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* ---- Numbers ---- */

START_TEST(varints)
{
    for (int shift = 0; shift < 64; shift++) {
        for (int d = -1; d <= 1; d++) {
            uint8_t bytes[AINN_VARINT_MAX + 1];
            uint64_t value = ((uint64_t)1 << shift) + (uint64_t)(int64_t)d, back;
            size_t size = ainn_varint_write(bytes, value), at = 0;
            ck_assert_uint_eq(size, ainn_varint_size(value));
            ck_assert_int_eq(ainn_varint_read(bytes, size, &at, &back), AINN_OK);
            ck_assert(back == value && at == size);
            for (size_t cut = 0; cut < size; cut++) {
                at = 0;
                ck_assert_int_eq(ainn_varint_read(bytes, cut, &at, &back), AINN_ERROR_TRUNCATED);
            }
        }
    }
    static const uint8_t long_zero[2] = { 0x80, 0 }, long_one[2] = { 0x81, 0 };
    static const uint8_t too_large[10] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 2 };
    static const uint8_t too_long[11] = { 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1 };
    uint64_t value;
    size_t at = 0;
    ck_assert_int_eq(ainn_varint_read(long_zero, 2, &at, &value), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_varint_read(long_one, 2, &at, &value), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_varint_read(too_large, 10, &at, &value), AINN_ERROR_INVALID);
    ck_assert_int_eq(ainn_varint_read(too_long, 11, &at, &value), AINN_ERROR_INVALID);
}
END_TEST

/* ---- Frames ---- */

static uint64_t sizes[64];

/* What a frame may hold, from few bits. */
static ainn_frame_content make_content(test_random *random, uint8_t *bytes)
{
    ainn_frame_content c;
    memset(&c, 0, sizeof(c));
    c.channels = (ainn_channels)(1 + random_below(random, 4));
    c.depth = 8 + random_below(random, 9);
    c.width = 1 + random_below(random, 4000);
    c.height = 1 + random_below(random, 4000);
    c.color = random_below(random, 2) ? (ainn_color){ 1, 13, 0, 1 } : (ainn_color){ 9, 16, 1, 0 };
    c.orientation = (uint8_t)(1 + random_below(random, 8));
    c.model_id = random_next(random);
    c.quality_code = random_below(random, AINN_QUALITY_MAX + 1);
    c.alpha_quality = random_below(random, 101);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        if (random_below(random, 2))
            c.metadata[kind] = (ainn_bytes){ bytes + 100 * kind, 1 + random_below(random, 300) };
    c.groups = (size_t)((c.width - 1) / 1024 + 1) * ((c.height - 1) / 1024 + 1);
    c.group_sizes = sizes;
    for (size_t i = 0; i < c.groups; i++) {
        sizes[2 * i] = random_below(random, 40);
        sizes[2 * i + 1] = random_below(random, 4) ? random_below(random, 300) : 0;
        c.hyper.size += (size_t)sizes[2 * i];
        c.latents.size += (size_t)sizes[2 * i + 1];
    }
    c.hyper.data = bytes + 5;
    c.latents.data = bytes + 9;
    if (!((int)c.channels & 1))
        c.alpha = (ainn_bytes){ bytes + 3, 1 + random_below(random, 500) };
    return c;
}

static void compare(const ainn_frame_content *c, const uint8_t *data, size_t size)
{
    ainn_frame f;
    ainn_group_part groups[32];
    uint8_t orientation;
    ck_assert_int_eq(ainn_frame_parse(data, size, &f, NULL), AINN_OK);
    ck_assert(f.width == c->width && f.height == c->height && f.depth == c->depth && f.channels == c->channels);
    ck_assert(!memcmp(&f.color, &c->color, sizeof(f.color)) && f.model_id == c->model_id && f.quality_code == c->quality_code);
    ck_assert_uint_eq(f.frame_size, size);
    ck_assert_int_eq(ainn_frame_orientation(&f, data, size, &orientation), AINN_OK);
    ck_assert_uint_eq(orientation, c->orientation);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        ck_assert_uint_eq(f.metadata[kind].size, c->metadata[kind].size);
        ck_assert_int_eq(ainn_part_check(data, size, &f.metadata[kind]), AINN_OK);
        ck_assert(!f.metadata[kind].size || !memcmp(data + f.metadata[kind].offset, c->metadata[kind].data, c->metadata[kind].size));
    }
    ck_assert(f.hyper.size == c->hyper.size && !memcmp(data + f.hyper.offset, c->hyper.data, c->hyper.size));
    ck_assert_int_eq(ainn_part_check(data, size, &f.hyper), AINN_OK);
    ck_assert_uint_eq((uint64_t)f.group_columns * f.group_rows, c->groups);
    ainn_frame_groups(&f, data, groups);
    const uint8_t *y = c->latents.data;
    for (size_t i = 0; i < c->groups; i++) {
        ainn_part part = { groups[i].latent_offset, groups[i].latent_size };
        ck_assert(groups[i].hyper_size == sizes[2 * i] && groups[i].latent_size == sizes[2 * i + 1]);
        ck_assert_int_eq(ainn_part_check(data, size, &part), AINN_OK);
        ck_assert(!memcmp(data + part.offset, y, (size_t)part.size));
        y += part.size;
    }
    ck_assert_uint_eq(f.alpha.size, c->alpha.size);
    ck_assert_int_eq(ainn_part_check(data, size, &f.alpha), AINN_OK);
    if (f.alpha.size)
        ck_assert(f.alpha_quality == c->alpha_quality && !memcmp(data + f.alpha.offset, c->alpha.data, c->alpha.size));
}

START_TEST(frames)
{
    test_random random = { 21 };
    static uint8_t bytes[20000];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)random_next(&random);
    for (int round = 0; round < 300; round++) {
        ainn_frame_content content = make_content(&random, bytes);
        ainn_buffer buffer;
        ainn_frame frame;
        ainn_buffer_init(&buffer, &memory);
        ainn_frame_write(&content, &buffer);
        ck_assert_int_eq(buffer.status, AINN_OK);
        ck_assert_uint_eq(buffer.size, ainn_frame_size(&content));
        ck_assert_int_eq(ainn_frame_measure(buffer.data, buffer.size < 32 ? buffer.size : 32), (int64_t)buffer.size);
        uint8_t *data = exact(buffer.data, buffer.size);
        compare(&content, data, buffer.size);
        ck_assert_int_eq(ainn_frame_parse(data, buffer.size, &frame, NULL), AINN_OK);
        size_t header = (size_t)frame.header_size;
        for (size_t i = 0; i < header; i++) {              /* every byte of the header matters, and every bit is guarded */
            data[i] ^= (uint8_t)(1 << random_below(&random, 8));
            ck_assert_int_ne(ainn_frame_parse(data, buffer.size, &frame, NULL), AINN_OK);
            data[i] = buffer.data[i];
            uint8_t *part = exact(data, i);
            ck_assert_int_eq(ainn_frame_parse(part, i, &frame, NULL), AINN_ERROR_TRUNCATED);
            ck_assert_int_eq(ainn_frame_measure(part, i), i > 6 + ainn_varint_size(buffer.size) ? (int64_t)buffer.size : 0);
            free(part);
        }
        ck_assert_int_eq(ainn_frame_parse(data, header, &frame, NULL), AINN_OK);      /* the rest may be missing */
        free(data);
        ainn_buffer_free(&buffer);
    }
}
END_TEST

START_TEST(overhead)
{
    static uint8_t bytes[100000];
    uint64_t both[2] = { 1000, 90000 };
    ainn_frame_content c = { .width = 1024, .height = 768, .depth = 8, .channels = AINN_RGB, .color = { 1, 13, 0, 1 }, .orientation = 1,
                             .quality_code = 900, .groups = 1, .group_sizes = both, .hyper = { bytes, 1000 }, .latents = { bytes, 90000 } };
    ck_assert_uint_le(ainn_frame_size(&c) - 91000, 39);
}
END_TEST

/* A header from bytes: lengths and checksum are added. */
static size_t wrap_header(uint8_t *out, const uint8_t *fields, size_t size, size_t rest)
{
    size_t at = 6;
    memcpy(out, ainn_frame_signature, 6);
    out[at++] = 1;
    out[at] = (uint8_t)(at + 2 + size + 4 + rest);
    at++;
    out[at++] = (uint8_t)(size + 4);
    memcpy(out + at, fields, size);
    ainn_write_u32(out + at + size, ainn_crc32c(0, out, at + size));
    memset(out + at + size + 4, 0, rest);
    return at + size + 4 + rest;
}

START_TEST(extensions)
{
    static const struct { uint8_t entries[8]; size_t size, rest; ainn_status status; } cases[] = {
        { { 1, 10, 3 }, 3, 7, AINN_OK },                       /* unknown, may be skipped */
        { { 1, 11, 3 }, 3, 7, AINN_ERROR_UNSUPPORTED },        /* unknown and critical */
        { { 1, 1, 3 }, 3, 7, AINN_OK },                        /* the detail layer, whose inside is another matter */
        { { 1, 3, 3 }, 3, 7, AINN_ERROR_UNSUPPORTED },
        { { 2, 4, 1, 2, 1 }, 5, 10, AINN_ERROR_INVALID },      /* not ascending */
        { { 2, 2, 1, 2, 1 }, 5, 10, AINN_ERROR_INVALID },      /* twice */
        { { 1, 8, 2 }, 3, 6, AINN_ERROR_INVALID },             /* an orientation of two bytes */
        { { 1, 2, 5 }, 3, 7, AINN_ERROR_INVALID },             /* larger than the frame */
        { { 1, 2, 3 }, 3, 8, AINN_ERROR_INVALID },             /* smaller than the frame */
        { { 9, 2, 3 }, 3, 7, AINN_ERROR_INVALID },             /* fewer than said */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t fields[32] = { 2 | 128, 15, 15, 1, 2, 3, 4, 0 }, data[64];
        memcpy(fields + 8, cases[i].entries, cases[i].size);
        fields[8 + cases[i].size] = fields[9 + cases[i].size] = 0;        /* an index of two empty streams */
        size_t size = wrap_header(data, fields, 10 + cases[i].size, cases[i].rest);
        ainn_frame frame;
        ainn_error error = { "" };
        ck_assert_msg(ainn_frame_parse(data, size, &frame, &error) == cases[i].status, "case %zu: %s", i, error.text);
    }
}
END_TEST

START_TEST(huge_headers_are_refused)
{
    uint8_t data[64], fields[32] = { 2 };
    ainn_frame frame;
    size_t at = 1;
    at += ainn_varint_write(fields + at, UINT32_MAX - 1);
    at += ainn_varint_write(fields + at, UINT32_MAX - 1);
    at += 6;                                               /* model, quality, then an index that is far too short */
    size_t size = wrap_header(data, fields, at + 2, 0);
    ck_assert_int_eq(ainn_frame_parse(data, size, &frame, NULL), AINN_ERROR_INVALID);
}
END_TEST

/* ---- Alpha ---- */

static void alpha_round_trip(uint32_t width, uint32_t height, uint32_t depth, uint32_t quality, int noise)
{
    test_random random = { 5 };
    uint32_t max = (1u << depth) - 1;
    uint16_t *rows = malloc(sizeof(uint16_t) * width * height), *row = malloc(sizeof(uint16_t) * width);
    for (uint32_t i = 0; i < width * height; i++)
        rows[i] = (uint16_t)(noise ? random_below(&random, max + 1) : (i % width * max / width + i / width) % (max + 1));
    ainn_alpha_encoder *encoder;
    ainn_alpha_decoder *decoder;
    ainn_buffer buffer;
    ainn_buffer_init(&buffer, &memory);
    ck_assert_int_eq(ainn_alpha_encoder_create(&memory, width, depth, quality, 5, &buffer, &encoder), AINN_OK);
    for (uint32_t y = 0; y < height; y++)
        ck_assert_int_eq(ainn_alpha_encode_row(encoder, rows + y * width), AINN_OK);
    ck_assert_int_eq(ainn_alpha_encode_finish(encoder), AINN_OK);
    ainn_alpha_encoder_destroy(encoder);
    for (size_t cut = 0; cut < 4; cut++) {                 /* whole, then cut short */
        size_t size = buffer.size - cut * buffer.size / 4;
        uint8_t *data = exact(buffer.data, size);
        ck_assert_int_eq(ainn_alpha_decoder_create(&memory, width, depth, data, size, &decoder), AINN_OK);
        int failed = 0;
        for (uint32_t y = 0; y < height; y++) {
            ainn_status status = ainn_alpha_decode_row(decoder, row);
            ck_assert(!failed || status != AINN_OK);
            failed = status != AINN_OK;
            for (uint32_t x = 0; x < width; x++)
                ck_assert_uint_eq(row[x], failed ? max : ainn_alpha_quantise(rows[y * width + x], max, quality));
        }
        ck_assert_int_eq(failed, 0 != cut && failed);
        ck_assert_int_eq(ainn_alpha_decode_finish(decoder), cut ? AINN_ERROR_INVALID : AINN_OK);
        ainn_alpha_decoder_destroy(decoder);
        free(data);
    }
    ainn_buffer_free(&buffer);
    free(rows);
    free(row);
}

START_TEST(alpha)
{
    static const uint32_t depths[] = { 8, 10, 16 }, qualities[] = { 0, 1, 50, 99, 100 };
    for (size_t d = 0; d < 3; d++)
        for (size_t q = 0; q < 5; q++)
            for (int noise = 0; noise < 2; noise++) {
                alpha_round_trip(61, 40, depths[d], qualities[q], noise);
                alpha_round_trip(1, 1, depths[d], qualities[q], noise);
            }
}
END_TEST

START_TEST(alpha_quality)
{
    ck_assert_uint_eq(ainn_alpha_quantise(127, 255, 0), 0);      /* two levels */
    ck_assert_uint_eq(ainn_alpha_quantise(128, 255, 0), 255);
    for (uint32_t q = 0; q <= 100; q++) {
        ck_assert_uint_eq(ainn_alpha_quantise(0, 255, q), 0);
        ck_assert_uint_eq(ainn_alpha_quantise(255, 255, q), 255);
        for (uint32_t a = 1; a < 256; a++)
            ck_assert_uint_ge(ainn_alpha_quantise(a, 255, q), ainn_alpha_quantise(a - 1, 255, q));
    }
    for (uint32_t a = 0; a < 256; a++) {
        ck_assert_uint_eq(ainn_alpha_quantise(a, 255, 100), a);
        ck_assert_uint_eq(ainn_alpha_quantise(a, 255, 99), a);
    }
}
END_TEST

START_TEST(filters)
{
    test_random random = { 8 };
    uint8_t row[50], above[50], filtered[50];
    for (int type = 0; type < AINN_FILTERS; type++) {
        for (size_t pixel = 1; pixel <= 2; pixel++) {
            for (size_t i = 0; i < sizeof(row); i++) {
                row[i] = (uint8_t)random_next(&random);
                above[i] = (uint8_t)random_next(&random);
            }
            ainn_filter_row(type, filtered, row, above, sizeof(row), pixel);
            ainn_unfilter_row(type, filtered, above, sizeof(row), pixel);
            ck_assert(!memcmp(row, filtered, sizeof(row)));
        }
    }
}
END_TEST

/* ---- Sequences ---- */

static int write_to_buffer(void *opaque, const void *data, size_t size)
{
    ainn_buffer_append(opaque, data, size);
    return 0;
}

static int write_fails(void *opaque, const void *data, size_t size)
{
    (void)opaque;
    (void)data;
    (void)size;
    return 1;
}

#define FRAMES 9

/* Frames of different sizes, each a valid header and nothing else. */
static size_t small_frame(uint8_t *out, size_t number)
{
    uint8_t fields[16] = { 2, 15, 15, 1, 2, 3, (uint8_t)number, 0, 0, 0 };
    size_t size = wrap_header(out, fields, 10, 0);
    ainn_frame frame;
    ck_assert_int_eq(ainn_frame_parse(out, size, &frame, NULL), AINN_OK);
    return size;
}

static void write_sequence(ainn_buffer *out)
{
    ainn_writer *writer;
    uint8_t bytes[64];
    ainn_buffer_init(out, &memory);
    ck_assert_int_eq(ainn_writer_create(1, 25, FRAMES, write_to_buffer, out, NULL, &writer), AINN_OK);
    for (size_t i = 0; i < FRAMES; i++) {
        ainn_bytes frame = { bytes, small_frame(bytes, i) };
        ck_assert_int_eq(ainn_writer_add(writer, frame, 1000 * i + (i > 4), 1000), AINN_OK);
        ck_assert_int_eq(ainn_writer_add(writer, frame, 1000 * i, 1), AINN_ERROR_ARGUMENT);        /* time must grow */
    }
    ck_assert_int_eq(ainn_writer_finish(writer), AINN_OK);
    ck_assert_int_eq(ainn_writer_finish(writer), AINN_ERROR_ARGUMENT);
    ainn_writer_destroy(writer);
}

static uint32_t count_frames(const uint8_t *data, size_t size)
{
    ainn_reader *reader;
    if (ainn_reader_create(data, size, NULL, NULL, &reader) != AINN_OK)
        return 0;
    uint32_t count = ainn_reader_count(reader);
    for (uint32_t i = 0; i < count; i++) {
        ainn_sequence_frame frame;
        ck_assert_int_eq(ainn_reader_get(reader, i, &frame), AINN_OK);
        ck_assert(frame.frame.data >= data && frame.frame.size <= size - (size_t)(frame.frame.data - data));
        ck_assert_uint_eq(frame.pts, 1000 * i + (i > 4));
        ck_assert_uint_eq(frame.duration, 1000);
        ck_assert(frame.frame.size < 16 || frame.frame.data[15] == i);
    }
    ainn_reader_destroy(reader);
    return count;
}

START_TEST(sequences)
{
    ainn_buffer buffer;
    write_sequence(&buffer);
    ck_assert_uint_eq(count_frames(buffer.data, buffer.size), FRAMES);
    uint32_t last = 0;
    for (size_t size = 0; size < buffer.size; size++) {    /* cut anywhere: the frames before stay */
        uint8_t *data = exact(buffer.data, size);
        uint32_t count = count_frames(data, size);
        ck_assert(count >= last && count <= FRAMES);
        last = count;
        free(data);
    }
    ck_assert_uint_eq(last, FRAMES);
    ainn_info info;
    ck_assert_int_eq(ainn_probe(buffer.data, buffer.size, &info), AINN_OK);
    ck_assert(info.is_sequence && info.frame_count == FRAMES && info.timebase_num == 1 && info.timebase_den == 25 && info.width == 16);
    for (size_t i = buffer.size - 20; i < buffer.size; i++) {        /* a damaged index is not believed */
        buffer.data[i] ^= 1;
        ck_assert_uint_eq(count_frames(buffer.data, buffer.size), FRAMES);
        buffer.data[i] ^= 1;
    }
    ainn_buffer_free(&buffer);
}
END_TEST

START_TEST(writers_refuse)
{
    ainn_writer *writer;
    ainn_buffer buffer;
    uint8_t frame[64];
    size_t size = small_frame(frame, 0);
    ainn_buffer_init(&buffer, &memory);
    ck_assert_int_eq(ainn_writer_create(0, 25, 0, write_to_buffer, &buffer, NULL, &writer), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_writer_create(1, 25, 0, NULL, &buffer, NULL, &writer), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_writer_create(1, 25, 0, write_fails, NULL, NULL, &writer), AINN_ERROR_IO);
    ck_assert_int_eq(ainn_writer_create(1, 25, 2, write_to_buffer, &buffer, NULL, &writer), AINN_OK);
    ck_assert_int_eq(ainn_writer_add(writer, (ainn_bytes){ frame, size - 1 }, 0, 1), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_writer_add(writer, (ainn_bytes){ frame, size }, 0, 1), AINN_OK);
    ck_assert_int_eq(ainn_writer_finish(writer), AINN_ERROR_ARGUMENT);        /* two frames were announced */
    ainn_writer_destroy(writer);
    ainn_buffer_free(&buffer);
}
END_TEST

START_TEST(stills_count_as_sequences)
{
    uint8_t frame[64];
    size_t size = small_frame(frame, 0);
    ainn_reader *reader;
    ainn_sequence_frame first;
    ck_assert_int_eq(ainn_reader_create(frame, size, NULL, NULL, &reader), AINN_OK);
    ck_assert_uint_eq(ainn_reader_count(reader), 1);
    ck_assert_int_eq(ainn_reader_get(reader, 0, &first), AINN_OK);
    ck_assert(first.frame.data == frame && first.frame.size == size);
    ck_assert_int_eq(ainn_reader_get(reader, 1, &first), AINN_ERROR_ARGUMENT);
    ainn_reader_destroy(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("container");
    TCase *tests = tcase_create("container");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, varints);
    tcase_add_test(tests, frames);
    tcase_add_test(tests, overhead);
    tcase_add_test(tests, extensions);
    tcase_add_test(tests, huge_headers_are_refused);
    tcase_add_test(tests, alpha);
    tcase_add_test(tests, alpha_quality);
    tcase_add_test(tests, filters);
    tcase_add_test(tests, sequences);
    tcase_add_test(tests, writers_refuse);
    tcase_add_test(tests, stills_count_as_sequences);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
