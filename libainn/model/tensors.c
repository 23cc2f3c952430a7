#include "model/tensors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/crc32c.h"

#define ENTRY 64
#define VERSION 3

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void ainn_say(ainn_message message, const char *format, ...)
{
    va_list arguments;

    if (!message.text || !message.size)
        return;
    va_start(arguments, format);
    vsnprintf(message.text, message.size, format, arguments);
    va_end(arguments);
}

int ainn_model_header(const uint8_t header[AINN_MODEL_HEADER], uint32_t *id, uint32_t *size)
{
    *size = get32(header + 12);
    *id = get32(header + 16);
    return !memcmp(header, "AINNMODL", 8) && get32(header + 8) == VERSION && *size >= AINN_MODEL_HEADER && *size <= AINN_MODEL_MAX_BYTES;
}

static const uint8_t *entry_at(const ainn_tensors *tensors, uint32_t index)
{
    return tensors->data + AINN_MODEL_HEADER + (size_t)ENTRY * index;
}

static uint64_t entry_bytes(const uint8_t *entry)
{
    static const uint8_t widths[] = {2, 4, 1, 2};
    uint64_t bytes = widths[entry[40]];

    for (int i = 0; i < 4; i++) {
        bytes *= get32(entry + 44 + 4 * i);
        if (bytes > AINN_MODEL_MAX_BYTES)
            return UINT64_MAX;
    }
    return bytes;
}

/* Types known, dimensions sensible, names in order, data aligned, inside the file and without overlap. */
static ainn_status check_table(const ainn_tensors *tensors)
{
    uint64_t end = AINN_MODEL_HEADER + (uint64_t)ENTRY * tensors->count;

    for (uint32_t i = 0; i < tensors->count; i++) {
        const uint8_t *entry = entry_at(tensors, i);
        uint32_t offset = get32(entry + 60);
        uint64_t bytes;

        if (entry[AINN_TENSOR_NAME - 1] || !entry[0] || entry[40] > AINN_UINT16 || entry[41] < 1 || entry[41] > 4 ||
            (i && memcmp(entry - ENTRY, entry, AINN_TENSOR_NAME) >= 0)) {
            ainn_say(tensors->message, "entry %u of the model's tensor table is malformed", (unsigned)i);
            return AINN_ERROR_MODEL_INVALID;
        }
        bytes = entry_bytes(entry);
        if (offset % 64 || offset < end || bytes > tensors->size || offset > tensors->size - bytes) {
            ainn_say(tensors->message, "tensor %s of the model lies outside its place", (const char *)entry);
            return AINN_ERROR_MODEL_INVALID;
        }
        end = offset + bytes;
    }
    return AINN_OK;
}

ainn_status ainn_tensors_open(ainn_tensors *tensors, const void *data, size_t size, int trusted, ainn_message message)
{
    uint32_t stored_size = 0;

    *tensors = (ainn_tensors){.data = data, .size = size, .message = message};
    if (size < AINN_MODEL_HEADER || memcmp(data, "AINNMODL", 8)) {
        ainn_say(message, "not a model file: the signature is missing");
        return AINN_ERROR_MODEL_INVALID;
    }
    if (get32(tensors->data + 8) != VERSION) {
        ainn_say(message, "the model file has version %u; this library reads version %d", (unsigned)get32(tensors->data + 8), VERSION);
        return AINN_ERROR_UNSUPPORTED;
    }
    if (!ainn_model_header(data, &tensors->id, &stored_size) || stored_size != size) {
        ainn_say(message, "the model file has %llu bytes, its header says %u", (unsigned long long)size, (unsigned)stored_size);
        return AINN_ERROR_MODEL_INVALID;
    }
    tensors->count = get32(tensors->data + 20);
    if (tensors->count > (size - AINN_MODEL_HEADER) / ENTRY) {
        ainn_say(message, "the model file's tensor table is longer than the file");
        return AINN_ERROR_MODEL_INVALID;
    }
    if (!trusted && ainn_crc32c(0, tensors->data + AINN_MODEL_HEADER, size - AINN_MODEL_HEADER) != tensors->id) {
        ainn_say(message, "the model file's checksum is wrong: it is damaged");
        return AINN_ERROR_MODEL_INVALID;
    }
    return check_table(tensors);
}

static const uint8_t *find(const ainn_tensors *tensors, const char *name)
{
    uint32_t low = 0, high = tensors->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *entry = entry_at(tensors, middle);
        int order = strncmp(name, (const char *)entry, AINN_TENSOR_NAME);

        if (!order)
            return entry;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int ainn_tensors_have(const ainn_tensors *tensors, const char *name)
{
    return find(tensors, name) != NULL;
}

const void *ainn_tensors_get(ainn_tensors *tensors, const char *name, ainn_tensor_type type, int rank, const uint32_t *dims, int any, uint32_t *length)
{
    const uint8_t *entry = find(tensors, name);
    int fits;

    if (!entry) {
        ainn_say(tensors->message, "the model has no tensor %s", name);
        return NULL;
    }
    fits = entry[40] == type && entry[41] == rank;
    for (int i = 0; i < 4; i++) {
        uint32_t size = get32(entry + 44 + 4 * i);

        if (i == any && length && size)
            *length = size;
        else
            fits &= size == (i < rank ? dims[i] : 1);
    }
    if (!fits) {
        ainn_say(tensors->message, "tensor %s of the model has the wrong type or size", name);
        return NULL;
    }
    tensors->found++;
    return tensors->data + get32(entry + 60);
}
