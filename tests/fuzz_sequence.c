/* Sequence files: headers, records, indexes. */
#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"
#include "container/sequence.h"
#include "container/varint.h"
#include "fuzz.h"
#include "util/crc32c.h"

const unsigned fuzz_runs = 200000;

typedef struct output {
    uint8_t *data;
    size_t size, capacity;
} output;

static int append(void *opaque, const void *data, size_t size)
{
    output *out = opaque;
    if (size > out->capacity - out->size)
        return 1;
    memcpy(out->data + out->size, data, size);
    out->size += size;
    return 0;
}

size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    static uint8_t frame[8192];
    ainn_writer *writer;
    output o = { out, 0, capacity };
    if (number > 3)
        return 0;
    if (number == 3)
        return fuzz_frame(0, out, capacity);
    size_t size = fuzz_frame(0, frame, sizeof(frame));
    if (ainn_writer_create(1, 25, number ? 3 : 0, append, &o, NULL, &writer) != AINN_OK)
        abort();
    for (unsigned i = 0; i < 3; i++)
        if (ainn_writer_add(writer, (ainn_bytes){ frame, size }, i * 40, 40) != AINN_OK)
            abort();
    if (number != 2 && ainn_writer_finish(writer) != AINN_OK)
        abort();
    ainn_writer_destroy(writer);
    return o.size;
}

/* Rights the checksums of the header and of an index at the end. */
static void repair(uint8_t *data, size_t size)
{
    uint64_t value;
    size_t at = 7;
    for (int i = 0; i < 3; i++)
        if (ainn_varint_read(data, size, &at, &value) != AINN_OK)
            return;
    if (size < at + 4)
        return;
    ainn_write_u32(data + at, ainn_crc32c(0, data, at));
    if (size < at + 14)
        return;
    size_t distance = ainn_read_u32(data + size - 4);
    if (distance > size || distance < 10)
        return;
    at = size - distance + 1;
    if (ainn_varint_read(data, size, &at, &value) == AINN_OK && at <= size - 8)
        ainn_write_u32(data + size - 8, ainn_crc32c(0, data + at, size - 8 - at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int repaired = 0; repaired < 2; repaired++) {
        uint8_t *copy = fuzz_copy(data, size);
        ainn_reader *reader;
        ainn_info info;
        if (repaired)
            repair(copy, size);
        fuzz_check(ainn_probe(copy, size, &info));
        ainn_status status = ainn_reader_create(copy, size, NULL, NULL, &reader);
        fuzz_check(status);
        if (status == AINN_OK) {
            uint32_t count = ainn_reader_count(reader);
            ainn_sequence_frame frame, last = { { NULL, 0 }, 0, 0 };
            for (uint32_t i = 0; i < count; i++, last = frame) {
                if (ainn_reader_get(reader, i, &frame) != AINN_OK || frame.frame.data < copy || frame.frame.size > size - (size_t)(frame.frame.data - copy))
                    abort();
                if (i && (frame.pts <= last.pts || frame.frame.data < last.frame.data + last.frame.size))
                    abort();
            }
            ainn_reader_destroy(reader);
        }
        free(copy);
    }
    return 0;
}
