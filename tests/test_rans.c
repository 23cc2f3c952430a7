/* rANS and its tables: round trips, cut and damaged streams, sizes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "entropy/quantise.h"
#include "entropy/rans.h"
#include "entropy/tables.h"
#include "test_random.h"

#define TABLES 5

static ainn_memory memory;
static ainn_symbol_tables *tables;

/* Tables of 2, 3, 20, 300 symbols and one of all the symbols that 16 bits allow. */
static void setup(void)
{
    static const int32_t count[TABLES] = { 2, 3, 20, 300, 32768 }, offset[TABLES] = { 0, -1, -9, -149, -16384 };
    static uint16_t cum[2 + 3 + 20 + 300 + 32768];
    int32_t start[TABLES];
    size_t at = 0;
    test_random random = { 1 };
    for (int i = 0; i < TABLES; i++) {
        start[i] = (int32_t)at;
        uint32_t spare = 65536u - (uint32_t)count[i], position = 0;
        for (int32_t k = 0; k < count[i]; k++) {           /* most of the frequency goes to the middle */
            cum[at++] = (uint16_t)position;
            uint32_t extra = k >= count[i] / 3 ? random_below(&random, spare / 4 + 1) : 0;
            spare -= extra;
            position += 1 + extra;
        }
    }
    ainn_memory_init(&memory, NULL, UINT64_MAX);
    ck_assert_int_eq(ainn_symbol_tables_create(&memory, TABLES, offset, count, start, cum, &tables), AINN_OK);
}

static void teardown(void)
{
    ainn_symbol_tables_destroy(&memory, tables);
    ck_assert_uint_eq(memory.used, 0);
}

/* A stream in memory of exactly its size, so that tools see any byte read beyond it. */
typedef struct stream {
    size_t count;
    uint8_t *table;
    int32_t *value;
    uint8_t *data;
    size_t size;
    unsigned states;
} stream;

static stream make_stream(size_t count, unsigned states, unsigned escapes, uint64_t seed)
{
    stream s = { count, malloc(count + 1), malloc((count + 1) * sizeof(int32_t)), NULL, 0, states };
    test_random random = { seed };
    uint8_t *block = malloc(AINN_RANS_BOUND(count));
    for (size_t i = 0; i < count; i++) {
        s.table[i] = (uint8_t)random_below(&random, TABLES);
        const ainn_symbol_table *table = &tables->tables[s.table[i]];
        if (random_below(&random, 100) < escapes)
            s.value[i] = (int32_t)random_below(&random, 65536 * 2) - 65536;
        else
            s.value[i] = table->offset + (int32_t)random_below(&random, (uint32_t)table->count - 1);
    }
    ainn_rans_encoder encoder;
    ainn_rans_encode_start(&encoder, states, block + AINN_RANS_BOUND(count));
    for (size_t i = count; i-- > 0;)
        ainn_rans_encode(&encoder, i, &tables->tables[s.table[i]], s.value[i]);
    if (count)
        ainn_rans_encode_finish(&encoder);
    ck_assert(encoder.next >= block);
    s.size = (size_t)(encoder.end - encoder.next);
    s.data = malloc(s.size ? s.size : 1);
    memcpy(s.data, encoder.next, s.size);
    free(block);
    return s;
}

static void free_stream(stream *s)
{
    free(s->table);
    free(s->value);
    free(s->data);
}

START_TEST(round_trip)
{
    static const size_t counts[] = { 0, 1, 2, 3, 10, 1000, 20000 };
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (unsigned states = 1; states <= 2; states++) {
            for (unsigned escapes = 0; escapes <= 100; escapes += 50) {
                stream s = make_stream(counts[c], states, escapes, 7 + c + states);
                ainn_rans_decoder decoder;
                ainn_rans_decode_start(&decoder, states, s.data, s.size, s.size);
                for (size_t i = 0; i < s.count; i++) {
                    int32_t value = 1 << 30;
                    ck_assert(ainn_rans_decode(&decoder, &tables->tables[s.table[i]], &value));
                    ck_assert_int_eq(value, s.value[i]);
                }
                ck_assert(ainn_rans_decode_finish(&decoder));
                ck_assert_uint_eq(decoder.elements, s.count);
                free_stream(&s);
            }
        }
    }
}
END_TEST

START_TEST(cut_streams_keep_what_was_there)
{
    for (unsigned states = 1; states <= 2; states++) {
        stream s = make_stream(300, states, 5, 99);
        size_t last = 0;
        for (size_t there = 0; there < s.size; there++) {
            uint8_t *part = malloc(there ? there : 1);
            memcpy(part, s.data, there);
            ainn_rans_decoder decoder;
            ainn_rans_decode_start(&decoder, states, part, s.size, there);
            size_t decoded = 0;
            for (size_t i = 0; i < s.count; i++) {
                int32_t value = 12345;
                if (ainn_rans_decode(&decoder, &tables->tables[s.table[i]], &value)) {
                    ck_assert_uint_eq(decoded, i);         /* nothing follows what is missing */
                    ck_assert_int_eq(value, s.value[i]);
                    decoded++;
                } else {
                    ck_assert_int_eq(value, 12345);
                }
            }
            ck_assert_uint_eq(decoder.elements, decoded);
            ck_assert_uint_ge(decoded, last);
            ck_assert(!ainn_rans_decode_finish(&decoder));
            ck_assert(!decoder.broken);
            last = decoded;
            free(part);
        }
        ck_assert_uint_gt(last, s.count - 10);
        free_stream(&s);
    }
}
END_TEST

/* A bit that lies inside a symbol of frequency 1 (escape bits are nearly that) touches nothing else; most others do. */
START_TEST(damage_is_noticed)
{
    stream s = make_stream(500, 2, 0, 5);
    size_t noticed = 0;
    for (size_t bit = 0; bit < 8 * s.size; bit++) {
        s.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ainn_rans_decoder decoder;
        ainn_rans_decode_start(&decoder, 2, s.data, s.size, s.size);
        for (size_t i = 0; i < s.count; i++) {
            int32_t value;
            ainn_rans_decode(&decoder, &tables->tables[s.table[i]], &value);
        }
        noticed += decoder.elements < s.count || !ainn_rans_decode_finish(&decoder);
        s.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_uint_gt(noticed, s.size * 8 / 2);
    free_stream(&s);
}
END_TEST

START_TEST(sizes_that_cannot_be)
{
    uint8_t data[13] = { 0 };
    for (unsigned states = 1; states <= 2; states++) {
        for (size_t size = 0; size < sizeof(data); size++) {
            ainn_rans_decoder decoder;
            int32_t value = 77;
            ainn_rans_decode_start(&decoder, states, data, size, size);
            if (size < (states == 2 ? 13 : 5))
                ck_assert(!ainn_rans_decode(&decoder, &tables->tables[0], &value) && value == 77);
            ck_assert(!ainn_rans_decode_finish(&decoder) || size == 0);
        }
    }
}
END_TEST

START_TEST(cost_is_the_size)
{
    stream s = make_stream(20000, 2, 3, 3);
    uint64_t cost = 0;
    for (size_t i = 0; i < s.count; i++)
        cost += ainn_symbol_cost(&tables->tables[s.table[i]], s.value[i]);
    double bytes = (double)cost / 65536 / 8;
    ck_assert_double_ge((double)s.size, bytes);
    ck_assert_double_le((double)s.size, bytes * 1.0005 + 16);
    ck_assert_int_eq(ainn_symbol_tables_find_costs(&memory, tables), AINN_OK);
    for (size_t i = 0; i < s.count; i++)
        cost -= ainn_symbol_cost(&tables->tables[s.table[i]], s.value[i]);
    ck_assert_uint_eq(cost, 0);
    free_stream(&s);
}
END_TEST

START_TEST(logarithm)
{
    ck_assert_uint_eq(ainn_log2(0), 0);
    ck_assert_uint_eq(ainn_log2(1), 0);
    ck_assert_uint_eq(ainn_log2(65536), 16 << 16);
    ck_assert_uint_eq(ainn_log2((uint64_t)1 << 63), 63u << 16);
    ck_assert_uint_eq(ainn_log2(3), 103872);               /* 1.58496 * 65536 */
}
END_TEST

START_TEST(rounding_and_dead_zone)
{
    ainn_quantiser plain, strong;
    ainn_symbol_tables *many;
    static int32_t offset[64], count[64], start[64];
    static const uint16_t cum[8] = { 0, 200, 2000, 20000, 50000, 63000, 65000, 65500 };
    for (int i = 0; i < 64; i++) {
        offset[i] = -3;
        count[i] = 8;
    }
    ck_assert_int_eq(ainn_symbol_tables_create(&memory, 64, offset, count, start, cum, &many), AINN_OK);
    ainn_quantiser_init(&plain, many, 4, 0);
    ainn_quantiser_init(&strong, many, 4, 9);
    for (int32_t d = -2000; d <= 2000; d++) {
        int32_t rounded = (d + 8) >> 4, value = ainn_quantise(&strong, 9, d);
        ck_assert_int_eq(ainn_quantise(&plain, 9, d), rounded);
        ck_assert(value == rounded || (d % 16 == -8 && value == rounded - 1) || (rounded > 0 && value == rounded - 1) || (rounded < 0 && value == rounded + 1));
        ck_assert_int_le(abs(d - value * 16), 16);
    }
    ainn_symbol_tables_destroy(&memory, many);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rans");
    TCase *tests = tcase_create("rans");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, round_trip);
    tcase_add_test(tests, cut_streams_keep_what_was_there);
    tcase_add_test(tests, damage_is_noticed);
    tcase_add_test(tests, sizes_that_cannot_be);
    tcase_add_test(tests, cost_is_the_size);
    tcase_add_test(tests, logarithm);
    tcase_add_test(tests, rounding_and_dead_zone);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
