/* The API of ainn.h with a real model: round trips, regions, damage, limits, options. */
#include <check.h>
#include <math.h>

#include "test_model.h"
#include "test_picture.h"

static ainn_model *model;
static ainn_encoder *encoder;
static ainn_decoder *decoder;

static void setup(void)
{
    model = test_model();
    ck_assert_int_eq(ainn_encoder_create(model, NULL, NULL, &encoder), AINN_OK);
    ck_assert_int_eq(ainn_decoder_create(model, NULL, NULL, &decoder), AINN_OK);
}

static void teardown(void)
{
    ainn_encoder_destroy(encoder);
    ainn_decoder_destroy(decoder);
    ainn_model_release(model);
}

static ainn_encode_options at_quality(double quality)
{
    ainn_encode_options options;
    ainn_encode_options_init(&options);
    options.quality = quality;
    return options;
}

/* An encoded picture in memory of exactly its size. */
static ainn_bytes encode(const test_picture *p, const ainn_encode_options *options)
{
    ainn_bytes frame;
    ainn_status status = ainn_encoder_encode(encoder, &p->image, options, &frame);
    ck_assert_msg(status == AINN_OK, "%d: %s", status, ainn_encoder_error(encoder));
    uint8_t *copy = malloc(frame.size);
    memcpy(copy, frame.data, frame.size);
    return (ainn_bytes){ copy, frame.size };
}

static void open_frame(ainn_bytes frame, ainn_info *info)
{
    ainn_status status = ainn_decoder_open(decoder, frame.data, frame.size, info);
    ck_assert_msg(status == AINN_OK, "%d: %s", status, ainn_decoder_error(decoder));
}

static test_picture decode(ainn_bytes frame, const ainn_decode_options *options, ainn_damage *damage)
{
    ainn_info info;
    open_frame(frame, &info);
    int region = options && options->region_width;
    test_picture p = picture_empty(region ? options->region_width : info.width, region ? options->region_height : info.height, info.depth, info.channels);
    ainn_status status = ainn_decoder_decode(decoder, &p.image, options, damage);
    ck_assert_msg(status == AINN_OK, "%d: %s", status, ainn_decoder_error(decoder));
    return p;
}

static void free_bytes(ainn_bytes *bytes)
{
    free((void *)bytes->data);
}

/* ---- Round trips ---- */

static void round_trip(uint32_t width, uint32_t height, uint32_t depth, ainn_channels channels)
{
    test_picture original = picture_make(width, height, depth, channels);
    ainn_encode_options options = at_quality(80);
    ainn_bytes frame = encode(&original, &options);
    ainn_info info;
    ck_assert_int_eq(ainn_probe(frame.data, frame.size, &info), AINN_OK);
    ck_assert(info.width == width && info.height == height && info.depth == depth && info.channels == channels);
    ck_assert_uint_eq(info.frame_size, frame.size);
    ck_assert_int_eq(ainn_frame_length(frame.data, 32), (int64_t)frame.size);
    test_picture decoded = decode(frame, NULL, NULL);
    double error = picture_error(&original, &decoded);
    ck_assert_msg(error < 100, "%u x %u, depth %u, %d channels: error %.2f", width, height, depth, (int)channels, error);
    if (channels == AINN_GRAY_ALPHA || channels == AINN_RGB_ALPHA)
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                ck_assert_uint_eq(picture_get(&original, x, y, (int)channels - 1), picture_get(&decoded, x, y, (int)channels - 1));
    picture_free(&original);
    picture_free(&decoded);
    free_bytes(&frame);
}

START_TEST(sizes)
{
    static const uint32_t all[][2] = { { 1, 1 }, { 1, 300 }, { 300, 1 }, { 15, 17 }, { 16, 16 }, { 63, 65 }, { 64, 64 }, { 65, 63 }, { 130, 97 } };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        round_trip(all[i][0], all[i][1], 8, AINN_RGB);
}
END_TEST

START_TEST(group_borders)
{
    round_trip(1040, 33, 8, AINN_RGB);
    round_trip(20, 1025, 8, AINN_RGB);
}
END_TEST

START_TEST(channels_and_depths)
{
    static const uint32_t depths[] = { 8, 9, 10, 12, 16 };
    for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++)
        for (int channels = 1; channels <= 4; channels++)
            round_trip(50, 37, depths[d], (ainn_channels)channels);
}
END_TEST

START_TEST(one_shot)
{
    test_picture p = picture_make(40, 30, 8, AINN_RGB), q = p;
    uint8_t *data;
    size_t size;
    ainn_info info;
    const char *name = getenv("AINN_TEST_MODEL");
    ck_assert_int_eq(ainn_encode(&p.image, name, NULL, &data, &size), AINN_OK);
    if (!name) {
        ck_assert_int_eq(ainn_decode(data, size, &q.image.plane[0], &info), AINN_OK);
        ck_assert(info.width == 40 && info.height == 30 && info.model_name);
        ck_assert_double_lt(picture_error(&p, &q), 100);
        ainn_free(q.image.plane[0]);
    }
    ainn_free(data);
    picture_free(&p);
}
END_TEST

START_TEST(flat_pictures_stay_flat)
{
    for (uint32_t value = 0; value < 256; value += 51) {
        test_picture p = picture_empty(48, 48, 8, AINN_RGB);
        memset(p.image.plane[0], (int)value, p.size);
        ainn_encode_options options = at_quality(90);
        ainn_bytes frame = encode(&p, &options);
        test_picture q = decode(frame, NULL, NULL);
        ck_assert_double_lt(picture_error(&p, &q), 60);
        picture_free(&p);
        picture_free(&q);
        free_bytes(&frame);
    }
}
END_TEST

/* ---- The same result on every way ---- */

START_TEST(threads_change_nothing)
{
    test_picture p = picture_make(2100, 90, 8, AINN_RGB_ALPHA);        /* three groups side by side */
    ainn_encode_options options = at_quality(40);
    ainn_bytes first = encode(&p, &options);
    test_picture pixels = decode(first, NULL, NULL);
    for (uint32_t threads = 2; threads <= 4; threads++) {
        options.threads = threads;
        ainn_bytes frame = encode(&p, &options);
        ck_assert(frame.size == first.size && !memcmp(frame.data, first.data, frame.size));
        ainn_decode_options decoding;
        ainn_decode_options_init(&decoding);
        decoding.threads = threads;
        test_picture q = decode(frame, &decoding, NULL);
        ck_assert(!memcmp(q.image.plane[0], pixels.image.plane[0], q.size));
        picture_free(&q);
        free_bytes(&frame);
    }
    picture_free(&p);
    picture_free(&pixels);
    free_bytes(&first);
}
END_TEST

/* An image for callbacks, and the row that must come next. */
typedef struct rows {
    test_picture *picture;
    uint32_t next, fail_at;
} rows;

static size_t row_bytes(const test_picture *p)
{
    return p->size / p->image.height;
}

static int read_rows(void *opaque, uint32_t first_row, uint32_t count, const ainn_image *strip)
{
    rows *r = opaque;
    if (first_row == 0)
        r->next = 0;                                       /* a further pass */
    ck_assert_uint_eq(first_row, r->next);
    ck_assert(strip->height == count && strip->width == r->picture->image.width);
    r->next += count;
    size_t row = row_bytes(r->picture);
    for (uint32_t y = 0; y < count; y++)
        memcpy((char *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0], (char *)r->picture->image.plane[0] + (first_row + y) * row, row);
    return r->fail_at && r->next >= r->fail_at;
}

static int write_rows(void *opaque, uint32_t first_row, uint32_t count, const ainn_image *strip)
{
    rows *r = opaque;
    ck_assert_uint_eq(first_row, r->next);
    r->next += count;
    size_t row = row_bytes(r->picture);
    for (uint32_t y = 0; y < count; y++)
        memcpy((char *)r->picture->image.plane[0] + (first_row + y) * row, (char *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0], row);
    return r->fail_at && r->next >= r->fail_at;
}

START_TEST(rows_and_images_are_the_same)
{
    test_picture p = picture_make(75, 101, 10, AINN_RGB_ALPHA), q = picture_empty(75, 101, 10, AINN_RGB_ALPHA);
    ainn_encode_options options = at_quality(60);
    ainn_bytes frame = encode(&p, &options), again;
    rows r = { &p, 0, 0 };
    ck_assert_int_eq(ainn_encoder_encode_rows(encoder, 75, 101, 10, AINN_RGB_ALPHA, read_rows, &r, &options, &again), AINN_OK);
    ck_assert(frame.size == again.size && !memcmp(frame.data, again.data, frame.size));
    test_picture whole = decode(frame, NULL, NULL);
    r = (rows){ &q, 0, 0 };
    ck_assert_int_eq(ainn_decoder_decode_rows(decoder, 10, AINN_RGB_ALPHA, write_rows, &r, NULL, NULL), AINN_OK);
    ck_assert_uint_eq(r.next, 101);
    ck_assert(!memcmp(q.image.plane[0], whole.image.plane[0], q.size));

    r = (rows){ &p, 0, 33 };                               /* callbacks that fail */
    ck_assert_int_eq(ainn_encoder_encode_rows(encoder, 75, 101, 10, AINN_RGB_ALPHA, read_rows, &r, &options, &again), AINN_ERROR_IO);
    ck_assert(ainn_encoder_error(encoder)[0] && !again.data);
    r = (rows){ &q, 0, 33 };
    ck_assert_int_eq(ainn_decoder_decode_rows(decoder, 10, AINN_RGB_ALPHA, write_rows, &r, NULL, NULL), AINN_ERROR_IO);
    picture_free(&p);
    picture_free(&q);
    picture_free(&whole);
    free_bytes(&frame);
}
END_TEST

static void compare_region(ainn_bytes frame, const test_picture *whole, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    options.region_x = x;
    options.region_y = y;
    options.region_width = width;
    options.region_height = height;
    test_picture part = decode(frame, &options, NULL);
    for (uint32_t row = 0; row < height; row++)
        for (uint32_t column = 0; column < width; column++)
            for (int c = 0; c < (int)whole->image.channels; c++)
                ck_assert_uint_eq(picture_get(&part, column, row, c), picture_get(whole, x + column, y + row, c));
    picture_free(&part);
}

START_TEST(regions_are_crops)
{
    test_picture p = picture_make(1300, 500, 8, AINN_RGB_ALPHA);
    ainn_encode_options options = at_quality(50);
    ainn_bytes frame = encode(&p, &options);
    test_picture whole = decode(frame, NULL, NULL);
    compare_region(frame, &whole, 0, 0, 1, 1);
    compare_region(frame, &whole, 1299, 499, 1, 1);
    compare_region(frame, &whole, 333, 217, 100, 41);
    compare_region(frame, &whole, 1010, 240, 33, 17);      /* across two groups */
    compare_region(frame, &whole, 0, 100, 1300, 3);
    ainn_decode_options wrong;
    ainn_decode_options_init(&wrong);
    wrong.region_x = 1200;
    wrong.region_width = 101;
    wrong.region_height = 1;
    ck_assert_int_eq(ainn_decoder_decode(decoder, &p.image, &wrong, NULL), AINN_ERROR_ARGUMENT);
    wrong.region_width = UINT32_MAX;
    ck_assert_int_eq(ainn_decoder_decode(decoder, &p.image, &wrong, NULL), AINN_ERROR_ARGUMENT);
    picture_free(&p);
    picture_free(&whole);
    free_bytes(&frame);
}
END_TEST

/* ---- Other depths and channels ---- */

START_TEST(conversions)
{
    test_picture gray = picture_make(33, 20, 8, AINN_GRAY), rgb = picture_empty(33, 20, 8, AINN_RGB), deep = picture_empty(33, 20, 16, AINN_RGB_ALPHA);
    ainn_encode_options options = at_quality(70);
    ainn_bytes frame = encode(&gray, &options);
    test_picture own = decode(frame, NULL, NULL);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &rgb.image, NULL, NULL), AINN_OK);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &deep.image, NULL, NULL), AINN_OK);
    for (uint32_t y = 0; y < 20; y++)
        for (uint32_t x = 0; x < 33; x++) {
            for (int c = 0; c < 3; c++) {
                ck_assert_uint_eq(picture_get(&rgb, x, y, c), picture_get(&own, x, y, 0));
                ck_assert_uint_eq((picture_get(&deep, x, y, c) + 128) / 257, picture_get(&own, x, y, 0));
            }
            ck_assert_uint_eq(picture_get(&deep, x, y, 3), 65535);
        }
    ainn_bytes colour = encode(&rgb, &options);
    ainn_info info;
    open_frame(colour, &info);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &own.image, NULL, NULL), AINN_ERROR_ARGUMENT);        /* colour into grey */
    picture_free(&gray);
    picture_free(&rgb);
    picture_free(&deep);
    picture_free(&own);
    free_bytes(&frame);
    free_bytes(&colour);
}
END_TEST

/* ---- Damage ---- */

static ainn_decode_options tolerant(void)
{
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    options.ignore_damage = 1;
    return options;
}

START_TEST(cut_files)
{
    test_picture p = picture_make(200, 150, 8, AINN_RGB_ALPHA);
    ainn_encode_options encoding = at_quality(50);
    ainn_bytes frame = encode(&p, &encoding);
    ainn_decode_options options = tolerant();
    ainn_info info;
    double last_share = -1, first_error = 0, error = 0;
    open_frame(frame, &info);
    test_picture whole = decode(frame, NULL, NULL);
    for (size_t size = info.header_bytes; size <= frame.size; size += size + 400 < frame.size || size == frame.size ? 400 : frame.size - size) {
        uint8_t *copy = malloc(size);
        memcpy(copy, frame.data, size);
        ainn_bytes part = { copy, size };
        ainn_damage damage;
        test_picture q = decode(part, &options, &damage);
        error = picture_error(&whole, &q);
        ck_assert_uint_eq(damage.groups, 1);
        ck_assert(damage.latents_decoded >= last_share - 1e-12 || size < info.header_bytes + info.hyper_bytes + 500);
        if (size > info.header_bytes + info.hyper_bytes + 4)
            last_share = damage.latents_decoded;
        if (size < frame.size) {
            ck_assert_int_eq(damage.alpha_missing, 1);
            ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, NULL, NULL), AINN_ERROR_TRUNCATED);
            ck_assert(ainn_decoder_error(decoder)[0]);
        } else {
            ck_assert(damage.groups_whole == 1 && !damage.alpha_missing && damage.latents_decoded == 1);
            ck_assert_double_eq(error, 0);
        }
        if (first_error == 0)
            first_error = error;
        picture_free(&q);
        free(copy);
    }
    ck_assert_double_gt(first_error, error);
    picture_free(&p);
    picture_free(&whole);
    free_bytes(&frame);
}
END_TEST

START_TEST(damaged_files)
{
    test_picture p = picture_make(120, 90, 8, AINN_RGB);
    ainn_encode_options encoding = at_quality(50);
    ainn_bytes frame = encode(&p, &encoding);
    ainn_decode_options options = tolerant();
    ainn_info info;
    open_frame(frame, &info);
    for (size_t i = info.header_bytes; i < frame.size; i += 7) {
        ((uint8_t *)frame.data)[i] ^= 0x10;
        ainn_damage damage;
        test_picture q = decode(frame, &options, &damage);
        ck_assert(damage.groups_whole == 0 || i < info.header_bytes + info.hyper_bytes + 4);
        ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, NULL, NULL), AINN_ERROR_CHECKSUM);
        picture_free(&q);
        ((uint8_t *)frame.data)[i] ^= 0x10;
    }
    picture_free(&p);
    free_bytes(&frame);
}
END_TEST

START_TEST(previews)
{
    test_picture p = picture_make(200, 150, 8, AINN_RGB);
    ainn_encode_options encoding = at_quality(50);
    ainn_bytes frame = encode(&p, &encoding);
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    options.preview = 1;
    ainn_info info;
    open_frame(frame, &info);
    size_t detail = info.detail_bytes ? (size_t)info.detail_bytes + 4 : 0;
    ainn_bytes start = { frame.data, (size_t)info.header_bytes + detail + (size_t)info.hyper_bytes + 4 };      /* all that it needs */
    test_picture q = decode(start, &options, NULL), r = decode(frame, &options, NULL);
    ck_assert(!memcmp(q.image.plane[0], r.image.plane[0], q.size));
    ck_assert_double_lt(picture_error(&p, &q), 8000);
    start.size--;
    open_frame(start, &info);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &q.image, &options, NULL), AINN_ERROR_TRUNCATED);
    picture_free(&p);
    picture_free(&q);
    picture_free(&r);
    free_bytes(&frame);
}
END_TEST

START_TEST(not_a_picture)
{
    static const uint8_t text[] = "P6 1 1 255 abc and some more of it";
    ainn_info info;
    ck_assert_int_eq(ainn_probe(text, sizeof(text), &info), AINN_ERROR_NOT_AINN);
    ck_assert_int_eq(ainn_probe(text, 0, &info), AINN_ERROR_TRUNCATED);
    ck_assert_int_eq(ainn_decoder_open(decoder, text, sizeof(text), &info), AINN_ERROR_NOT_AINN);
    ck_assert(ainn_decoder_error(decoder)[0]);
    ck_assert_int_eq(ainn_frame_length(text, sizeof(text)), AINN_ERROR_NOT_AINN);
    test_picture p = picture_empty(4, 4, 8, AINN_RGB);
    ck_assert_int_eq(ainn_decoder_decode(decoder, &p.image, NULL, NULL), AINN_ERROR_ARGUMENT);        /* nothing is open */
    picture_free(&p);
}
END_TEST

/* ---- Targets and quality ---- */

START_TEST(quality_is_monotonic)
{
    test_picture p = picture_make(256, 192, 8, AINN_RGB);
    size_t last_size = 0;
    double last_error = 1e9;
    for (double quality = 0; quality <= 100; quality += 20) {
        ainn_encode_options options = at_quality(quality);
        ainn_bytes frame = encode(&p, &options);
        test_picture q = decode(frame, NULL, NULL);
        double error = picture_error(&p, &q);
        ck_assert_uint_gt(frame.size, last_size);
        ck_assert_double_lt(error, last_error);
        last_size = frame.size;
        last_error = error;
        picture_free(&q);
        free_bytes(&frame);
    }
    picture_free(&p);
}
END_TEST

START_TEST(target_sizes)
{
    test_picture p = picture_make(160, 128, 8, AINN_RGB_ALPHA);
    ainn_encode_options options = at_quality(50);
    ainn_bytes middle = encode(&p, &options);
    ainn_stats stats;
    for (int i = -1; i <= 1; i++) {
        options.target_size = middle.size + (size_t)(i * 300);
        ainn_bytes frame = encode(&p, &options);
        ck_assert_uint_le(frame.size, options.target_size);
        ck_assert_uint_gt(frame.size, options.target_size * 98 / 100 - 20);
        ainn_encoder_get_stats(encoder, &stats);
        ck_assert(i == 0 ? stats.quality >= 49.9 : (stats.quality > 50) == (i > 0));
        free_bytes(&frame);
    }
    ainn_bytes none;
    options.target_size = 60;
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, &options, &none), AINN_ERROR_TARGET);
    ck_assert(ainn_encoder_error(encoder)[0]);
    options.target_size = 100000000;                       /* more than the best quality takes */
    ainn_bytes best = encode(&p, &options);
    ainn_encoder_get_stats(encoder, &stats);
    ck_assert_double_eq(stats.quality, 100);
    picture_free(&p);
    free_bytes(&middle);
    free_bytes(&best);
}
END_TEST

START_TEST(target_psnrs)
{
    test_picture p = picture_make(96, 80, 8, AINN_RGB);
    ainn_encode_options options = at_quality(50);
    for (double target = 28; target <= 34; target += 3) {
        options.target_psnr = target;
        ainn_bytes frame = encode(&p, &options), again;
        test_picture q = decode(frame, NULL, NULL);
        double psnr = 10 * log10(65025 / picture_error(&p, &q));
        ck_assert_msg(psnr > target - 0.001 && psnr < target + 0.5, "target %.2f gave %.3f", target, psnr);
        rows r = { &p, 0, 0 };
        ck_assert_int_eq(ainn_encoder_encode_rows(encoder, 96, 80, 8, AINN_RGB, read_rows, &r, &options, &again), AINN_OK);
        ck_assert(again.size == frame.size && !memcmp(again.data, frame.data, frame.size));
        picture_free(&q);
        free_bytes(&frame);
    }
    ainn_bytes none;
    options.target_psnr = 90;
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, &options, &none), AINN_ERROR_TARGET);
    picture_free(&p);
}
END_TEST

/* ---- Metadata, statistics ---- */

START_TEST(metadata)
{
    static const uint8_t bytes[300] = "profile";
    test_picture p = picture_make(20, 20, 8, AINN_RGB);
    ainn_encode_options options = at_quality(50);
    options.metadata[AINN_ICC] = (ainn_bytes){ bytes, 300 };
    options.metadata[AINN_XMP] = (ainn_bytes){ bytes + 1, 5 };
    options.orientation = 6;
    options.color = (ainn_color){ 9, 16, 9, 0 };
    ainn_bytes frame = encode(&p, &options), got;
    ainn_info info;
    open_frame(frame, &info);
    ck_assert(info.orientation == 6 && info.color.primaries == 9 && info.color.full_range == 0 && info.metadata_bytes == 305);
    ck_assert_int_eq(ainn_decoder_get_metadata(decoder, AINN_ICC, &got), AINN_OK);
    ck_assert(got.size == 300 && !memcmp(got.data, bytes, 300) && got.data > frame.data && got.data < frame.data + frame.size);
    ck_assert_int_eq(ainn_decoder_get_metadata(decoder, AINN_EXIF, &got), AINN_OK);
    ck_assert_uint_eq(got.size, 0);
    ck_assert_int_eq(ainn_decoder_get_metadata(decoder, AINN_XMP, &got), AINN_OK);
    ck_assert(got.size == 5 && !memcmp(got.data, bytes + 1, 5));
    ck_assert_int_eq(ainn_decoder_get_metadata(decoder, (ainn_metadata_kind)3, &got), AINN_ERROR_ARGUMENT);
    ((uint8_t *)frame.data)[info.header_bytes + 3] ^= 1;
    ck_assert_int_eq(ainn_decoder_get_metadata(decoder, AINN_ICC, &got), AINN_ERROR_CHECKSUM);
    picture_free(&p);
    free_bytes(&frame);
}
END_TEST

START_TEST(bit_map_adds_up)
{
    test_picture p = picture_make(1100, 60, 8, AINN_RGB);
    ainn_encode_options options = at_quality(60);
    ainn_bytes frame = encode(&p, &options);
    ainn_info info;
    open_frame(frame, &info);
    float bits[69 * 4];
    ck_assert_int_eq(ainn_decoder_bit_map(decoder, bits, 69, 4), AINN_OK);
    double sum = 0;
    for (int i = 0; i < 69 * 4; i++)
        sum += (double)bits[i];
    double bytes = (double)(info.hyper_bytes + info.latent_bytes + info.detail_bytes);
    ck_assert_msg(fabs(sum / 8 - bytes) < bytes / 100 + 40, "%.1f and %.1f bytes", sum / 8, bytes);
    ainn_stats stats;
    ainn_decoder_get_stats(decoder, &stats);
    ck_assert(stats.seconds_entropy > 0 && stats.peak_memory > 0);
    ck_assert_int_eq(ainn_decoder_bit_map(decoder, bits, 68, 4), AINN_ERROR_ARGUMENT);
    picture_free(&p);
    free_bytes(&frame);
}
END_TEST

/* ---- Arguments, limits, memory ---- */

START_TEST(wrong_options)
{
    test_picture p = picture_make(16, 16, 8, AINN_RGB);
    ainn_encode_options bad[12];
    ainn_bytes frame;
    for (int i = 0; i < 12; i++)
        ainn_encode_options_init(&bad[i]);
    bad[0].quality = -1;
    bad[1].quality = 100.01;
    bad[2].quality = NAN;
    bad[3].target_size = 1000;
    bad[3].target_psnr = 30;
    bad[4].target_psnr = NAN;
    bad[5].effort = 10;
    bad[6].threads = 0;
    bad[7].orientation = 9;
    bad[8].metadata[AINN_EXIF].size = 1;
    bad[9].alpha_quality = INFINITY;
    bad[10].color.full_range = 2;
    bad[11].struct_size = 0;
    for (int i = 0; i < 12; i++) {
        ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, &bad[i], &frame), AINN_ERROR_ARGUMENT);
        ck_assert(ainn_encoder_error(encoder)[0]);
    }
    ck_assert_int_eq(ainn_encoder_encode(encoder, NULL, NULL, &frame), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, NULL, NULL), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_encoder_encode(NULL, &p.image, NULL, &frame), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, NULL, &frame), AINN_OK);
    ck_assert_str_eq(ainn_encoder_error(encoder), "");
    picture_free(&p);
}
END_TEST

/* Callers that were compiled with an older, shorter struct, or a newer, longer one. */
START_TEST(struct_sizes)
{
    struct { ainn_encode_options options; double newer[4]; } longer;
    ainn_encode_options shorter;
    test_picture p = picture_make(16, 16, 8, AINN_RGB);
    ainn_bytes frame;
    memset(&shorter, 0xEE, sizeof(shorter));
    ainn_encode_options_init_sized(&shorter, offsetof(ainn_encode_options, target_size));
    ck_assert(shorter.quality == 50 && shorter.effort == (int)0xEEEEEEEE);
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, &shorter, &frame), AINN_OK);
    memset(&longer, 0xEE, sizeof(longer));
    ainn_encode_options_init_sized(&longer.options, sizeof(longer));
    ck_assert(longer.options.struct_size == sizeof(longer) && longer.newer[0] == 0);
    ck_assert_int_eq(ainn_encoder_encode(encoder, &p.image, &longer.options, &frame), AINN_OK);
    ainn_info info;
    memset(&info, 0xEE, sizeof(info));
    ck_assert_int_eq(ainn_probe_sized(frame.data, frame.size, &info, offsetof(ainn_info, depth)), AINN_OK);
    ck_assert(info.width == 16 && info.depth == 0xEEEEEEEE);
    picture_free(&p);
}
END_TEST

START_TEST(limits_hold)
{
    test_picture p = picture_make(64, 48, 8, AINN_RGB);
    ainn_limits limits[4];
    ainn_encode_options options = at_quality(50);
    options.metadata[AINN_XMP] = (ainn_bytes){ p.image.plane[0], 1000 };
    ainn_bytes frame = encode(&p, &options), none;
    for (int i = 0; i < 4; i++)
        ainn_limits_init(&limits[i]);
    limits[0].max_width = 63;
    limits[1].max_pixels = 64 * 48 - 1;
    limits[2].max_metadata = 999;
    limits[3].max_memory = 300000;
    for (int i = 0; i < 4; i++) {
        ainn_encoder *e = NULL;
        ainn_decoder *d = NULL;
        ainn_status status = ainn_encoder_create(model, &limits[i], NULL, &e);
        if (status == AINN_OK)
            status = ainn_encoder_encode(e, &p.image, &options, &none);
        ck_assert_int_eq(status, AINN_ERROR_LIMIT);
        status = ainn_decoder_create(model, &limits[i], NULL, &d);
        if (status == AINN_OK)
            status = ainn_decoder_open(d, frame.data, frame.size, NULL);
        if (status == AINN_OK)
            status = ainn_decoder_decode(d, &p.image, NULL, NULL);
        ck_assert_int_eq(status, AINN_ERROR_LIMIT);
        ck_assert(ainn_decoder_error(d)[0]);
        ainn_encoder_destroy(e);
        ainn_decoder_destroy(d);
    }
    picture_free(&p);
    free_bytes(&frame);
}
END_TEST

/* An allocator whose n-th allocation fails, and that counts what is not released. */
typedef struct failing {
    long left, live;
} failing;

static void *fail_allocate(void *opaque, size_t size)
{
    failing *f = opaque;
    if (f->left-- <= 0)
        return NULL;
    f->live++;
    return malloc(size);
}

static void fail_release(void *opaque, void *memory)
{
    ((failing *)opaque)->live--;
    free(memory);
}

START_TEST(allocations_fail)
{
    test_picture p = picture_make(40, 24, 8, AINN_RGB_ALPHA), q = picture_empty(40, 24, 8, AINN_RGB_ALPHA);
    ainn_encode_options options = at_quality(50);
    ainn_bytes frame = encode(&p, &options), made;
    ainn_status status = AINN_ERROR_MEMORY;
    options.target_psnr = 25;
    for (long n = 0; status != AINN_OK; n++) {
        failing f = { n, 0 };
        ainn_allocator allocator = { &f, fail_allocate, fail_release };
        ainn_encoder *e = NULL;
        status = ainn_encoder_create(model, NULL, &allocator, &e);
        if (status == AINN_OK)
            status = ainn_encoder_encode(e, &p.image, &options, &made);
        ck_assert_msg(status == AINN_OK || status == AINN_ERROR_MEMORY, "allocation %ld: %d", n, status);
        ainn_encoder_destroy(e);
        ck_assert_int_eq(f.live, 0);
        ck_assert_int_lt(n, 10000);
    }
    status = AINN_ERROR_MEMORY;
    for (long n = 0; status != AINN_OK; n++) {
        failing f = { n, 0 };
        ainn_allocator allocator = { &f, fail_allocate, fail_release };
        ainn_decoder *d = NULL;
        status = ainn_decoder_create(model, NULL, &allocator, &d);
        if (status == AINN_OK)
            status = ainn_decoder_open(d, frame.data, frame.size, NULL);
        if (status == AINN_OK)
            status = ainn_decoder_decode(d, &q.image, NULL, NULL);
        ck_assert_msg(status == AINN_OK || status == AINN_ERROR_MEMORY, "allocation %ld: %d", n, status);
        ainn_decoder_destroy(d);
        ck_assert_int_eq(f.live, 0);
        ck_assert_int_lt(n, 10000);
    }
    picture_free(&p);
    picture_free(&q);
    free_bytes(&frame);
}
END_TEST

START_TEST(wrong_models)
{
    test_picture p = picture_make(16, 16, 8, AINN_RGB);
    ainn_bytes frame = encode(&p, NULL);
    ainn_info info;
    open_frame(frame, &info);
    ainn_model_info about;
    ainn_model_get_info(model, &about);
    ck_assert_uint_eq(info.model_id, about.id);
    ainn_model *none;
    char message[200] = "";
    ck_assert_int_eq(ainn_model_open_id(about.id ^ 1, NULL, &none, message, sizeof(message)), AINN_ERROR_MODEL_MISSING);
    ck_assert(message[0]);
    picture_free(&p);
    free_bytes(&frame);
}
END_TEST

START_TEST(strings)
{
    for (int status = 0; status >= AINN_ERROR_INTERNAL; status--)
        ck_assert(strcmp(ainn_status_string((ainn_status)status), "unknown status"));
    ck_assert_str_eq(ainn_status_string((ainn_status)1), "unknown status");
    ck_assert_int_eq(ainn_version(), AINN_VERSION_NUMBER);
    ck_assert_str_eq(ainn_version_string(), AINN_VERSION_STRING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api");
    TCase *tests = tcase_create("api");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, group_borders);
    tcase_add_test(tests, channels_and_depths);
    tcase_add_test(tests, one_shot);
    tcase_add_test(tests, flat_pictures_stay_flat);
    tcase_add_test(tests, threads_change_nothing);
    tcase_add_test(tests, rows_and_images_are_the_same);
    tcase_add_test(tests, regions_are_crops);
    tcase_add_test(tests, conversions);
    tcase_add_test(tests, cut_files);
    tcase_add_test(tests, damaged_files);
    tcase_add_test(tests, previews);
    tcase_add_test(tests, not_a_picture);
    tcase_add_test(tests, quality_is_monotonic);
    tcase_add_test(tests, target_sizes);
    tcase_add_test(tests, target_psnrs);
    tcase_add_test(tests, metadata);
    tcase_add_test(tests, bit_map_adds_up);
    tcase_add_test(tests, wrong_options);
    tcase_add_test(tests, struct_sizes);
    tcase_add_test(tests, limits_hold);
    tcase_add_test(tests, allocations_fail);
    tcase_add_test(tests, wrong_models);
    tcase_add_test(tests, strings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
