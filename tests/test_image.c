/* Views of pixels and conversion to components. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "image/components.h"
#include "image/image.h"
#include "test_random.h"

static const int64_t matrix[3][3] = { { 4730, 4730, 4730 }, { 5793, 0, -5793 }, { 3344, -6689, 3344 } };

/* The formula of format-spec/arithmetic.md, as it stands there. */
static int64_t component(int j, const uint16_t *s, int64_t max, int frac)
{
    int64_t t = 0, m = max << (10 - frac);
    for (int c = 0; c < 3; c++)
        t += matrix[j][c] * (2 * (int64_t)s[c] - max);
    int64_t n = t + m, d = 2 * m, v = n / d - (n % d < 0);
    return v > 8191 ? 8191 : v < -8191 ? -8191 : v;
}

START_TEST(rotation_is_the_formula)
{
    test_random random = { 11 };
    for (uint32_t depth = 8; depth <= 16; depth++) {
        for (int frac = 0; frac <= 10; frac++) {
            ainn_rotation rotation;
            uint16_t samples[3][1000];
            int16_t out[3][1008];
            uint32_t max = (1u << depth) - 1;
            ainn_rotation_init(&rotation, depth, frac);
            for (int c = 0; c < 3; c++)
                for (int x = 0; x < 1000; x++)
                    samples[c][x] = (uint16_t)(x < 8 ? (x >> c & 1) * max : random_below(&random, max + 1));
            const uint16_t *in[3] = { samples[0], samples[1], samples[2] };
            int16_t *to[3] = { out[0], out[1], out[2] };
            ainn_rotate_row(ainn_kernels_for(ainn_cpu_flags()), &rotation, to, in, 1000, 1008);
            for (int x = 0; x < 1008; x++) {
                int from = x < 1000 ? x : 999;
                uint16_t s[3] = { samples[0][from], samples[1][from], samples[2][from] };
                for (int j = 0; j < 3; j++)
                    ck_assert_int_eq(out[j][x], component(j, s, max, frac));
            }
        }
    }
}
END_TEST

/* A picture that no network touches comes back: components to u as step 7 says, then samples. */
START_TEST(components_survive)
{
    ainn_rotation rotation;
    ainn_rotation_init(&rotation, 8, 10);
    test_random random = { 3 };
    for (int i = 0; i < 20000; i++) {
        uint16_t s[3];
        int16_t v[3];
        for (int c = 0; c < 3; c++)
            s[c] = (uint16_t)random_below(&random, 256);
        ainn_rotate_row(ainn_kernels_for(ainn_cpu_flags()), &rotation, (int16_t *[3]){ &v[0], &v[1], &v[2] }, (const uint16_t *[3]){ &s[0], &s[1], &s[2] }, 1, 1);
        for (int c = 0; c < 3; c++) {
            int64_t r = 0;
            for (int j = 0; j < 3; j++)
                r += matrix[j][c] * v[j] * 8;
            int64_t u = (r + (1 << 28) + (1 << 12)) >> 13;
            u = u < 0 ? 0 : u > 65536 ? 65536 : u;
            ck_assert_int_eq((u * 255 + 32768) >> 16, s[c]);
        }
    }
}
END_TEST

START_TEST(load_and_store)
{
    uint16_t pixels[2][5][4];
    ainn_image image;
    ainn_image_interleaved(&image, pixels, 5, 2, 10, AINN_RGB_ALPHA, 0);
    ck_assert_int_eq(ainn_image_check(&image, NULL), AINN_OK);
    for (int i = 0; i < 40; i++)
        (&pixels[0][0][0])[i] = (uint16_t)(i * 30);
    uint16_t row[5];
    ainn_image_load(&image, 3, 1, row);
    for (int x = 0; x < 5; x++) {
        int value = (20 + 4 * x + 3) * 30;
        ck_assert_int_eq(row[x], value > 1023 ? 1023 : value);
    }
    uint16_t from[5] = { 0, 1, 128, 254, 255 };
    ainn_image_store(&image, 1, 0, from, 5, 8);
    ck_assert_int_eq(pixels[0][0][1], 0);
    ck_assert_int_eq(pixels[0][1][1], 4);
    ck_assert_int_eq(pixels[0][2][1], 514);
    ck_assert_int_eq(pixels[0][4][1], 1023);
    ainn_image_fill(&image, 3, 1);
    ck_assert_int_eq(pixels[1][4][3], 1023);

    uint8_t bottom_up[3][4];                               /* negative stride */
    memset(bottom_up, 9, sizeof(bottom_up));
    ainn_image_interleaved(&image, bottom_up[2], 4, 3, 8, AINN_GRAY, -4);
    ainn_image_store(&image, 0, 0, from, 4, 8);
    ck_assert_int_eq(bottom_up[2][2], 128);
    ck_assert_int_eq(bottom_up[0][0], 9);
}
END_TEST

START_TEST(wrong_images_are_refused)
{
    static const struct { uint32_t width, height, depth; int channels; } wrong[] = {
        { 0, 1, 8, 3 }, { 1, 0, 8, 3 }, { 1, 1, 7, 3 }, { 1, 1, 17, 3 }, { 1, 1, 8, 0 }, { 1, 1, 8, 5 } };
    uint16_t pixels[8];
    ainn_image image;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ainn_error error = { "" };
        ainn_image_interleaved(&image, pixels, wrong[i].width, wrong[i].height, wrong[i].depth, (ainn_channels)wrong[i].channels, 0);
        ck_assert_int_eq(ainn_image_check(&image, &error), AINN_ERROR_ARGUMENT);
        ck_assert(error.text[0]);
    }
    ainn_image_interleaved(&image, pixels, 2, 1, 8, AINN_RGB, 0);
    image.plane[2] = NULL;
    ck_assert_int_eq(ainn_image_check(&image, NULL), AINN_ERROR_ARGUMENT);
    ainn_image_interleaved(&image, (unsigned char *)pixels + 1, 1, 1, 16, AINN_RGB, 0);
    ck_assert_int_eq(ainn_image_check(&image, NULL), AINN_ERROR_ARGUMENT);
    ck_assert_int_eq(ainn_image_check(NULL, NULL), AINN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(gray_is_a_mean)
{
    uint8_t out[2][3];
    uint32_t u[3][2] = { { 0, 65536 }, { 32768, 65536 }, { 65536, 65536 } }, scratch[2];
    ainn_image image;
    ainn_image_interleaved(&image, out, 2, 1, 8, AINN_RGB, 0);
    const ainn_kernels *kernels = ainn_kernels_for(0);
    ainn_store_pixels(kernels, &image, 0, (const uint32_t *[3]){ u[0], u[1], u[2] }, 2, 1, scratch);
    ck_assert_int_eq(out[0][0], 128);
    ck_assert_int_eq(out[0][2], 128);
    ck_assert_int_eq(out[1][1], 255);
    ainn_store_pixels(kernels, &image, 0, (const uint32_t *[3]){ u[0], u[1], u[2] }, 2, 0, scratch);
    ck_assert_int_eq(out[0][0], 0);
    ck_assert_int_eq(out[0][2], 255);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image");
    TCase *tests = tcase_create("image");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, rotation_is_the_formula);
    tcase_add_test(tests, components_survive);
    tcase_add_test(tests, load_and_store);
    tcase_add_test(tests, wrong_images_are_refused);
    tcase_add_test(tests, gray_is_a_mean);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
