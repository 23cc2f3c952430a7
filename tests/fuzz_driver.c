/* Runs a fuzz target without libFuzzer: its seeds, then mutations of them, always the same ones; or files named as arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "test_random.h"

#define CAPACITY 65536
#define MAX_SEEDS 16

static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_copy(data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int run_file(const char *path)
{
    static uint8_t data[16 * CAPACITY];
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "cannot open %s\n", path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof(data), file);
    fclose(file);
    run(data, size);
    return 0;
}

/* One change: bits, bytes that are often special, pieces removed, repeated or taken from another seed, an end cut off. */
static size_t mutate(test_random *random, uint8_t *data, size_t size, const uint8_t *other, size_t other_size)
{
    static const uint8_t special[] = { 0, 1, 0x7F, 0x80, 0xFF };
    if (!size)
        return other_size ? (memcpy(data, other, 1), 1) : 0;
    size_t at = random_below(random, 3) ? random_below(random, (uint32_t)size) : random_below(random, (uint32_t)(size < 48 ? size : 48));
    size_t length = 1 + random_below(random, 16);
    if (length > size - at)
        length = size - at;
    switch (random_below(random, 8)) {
    case 0: data[at] ^= (uint8_t)(1 << random_below(random, 8)); break;
    case 1: data[at] = special[random_below(random, sizeof(special))]; break;
    case 2: data[at] = (uint8_t)random_next(random); break;
    case 3: data[at] = (uint8_t)(data[at] + random_below(random, 9) - 4); break;
    case 4: memmove(data + at, data + at + length, size - at - length); return size - length;
    case 5:
        if (size + length > CAPACITY)
            break;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    case 6:
        if (other_size)
            memcpy(data + at, other + random_below(random, (uint32_t)(other_size > length ? other_size - length + 1 : 1)), length < other_size ? length : other_size);
        break;
    default: return random_below(random, 4) ? size : at;
    }
    return size;
}

int main(int argc, char **argv)
{
    static uint8_t seeds[MAX_SEEDS][CAPACITY], data[CAPACITY + 64];
    size_t sizes[MAX_SEEDS];
    unsigned count = 0, runs = getenv("AINN_FUZZ_RUNS") ? (unsigned)atoi(getenv("AINN_FUZZ_RUNS")) : fuzz_runs;
    test_random random = { getenv("AINN_FUZZ_SEED") ? (uint64_t)atoll(getenv("AINN_FUZZ_SEED")) * 2 + 1 : 1 };
    if (argc > 1) {
        int failed = 0;
        for (int i = 1; i < argc; i++)
            failed |= run_file(argv[i]);
        return failed;
    }
    while (count < MAX_SEEDS && (sizes[count] = fuzz_seed(count, seeds[count], CAPACITY)) > 0) {
        run(seeds[count], sizes[count]);
        count++;
    }
    run(NULL, 0);
    if (!count)
        return 1;
    for (unsigned i = 0; i < runs; i++) {
        unsigned seed = random_below(&random, count), other = random_below(&random, count), changes = 1 + random_below(&random, 5);
        size_t size = sizes[seed];
        memcpy(data, seeds[seed], size);
        while (changes--)
            size = mutate(&random, data, size, seeds[other], sizes[other]);
        run(data, size);
    }
    printf("%u seeds, %u mutations\n", count, runs);
    return 0;
}
