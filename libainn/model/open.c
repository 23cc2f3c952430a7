/* Models by name, id or memory: where they are looked for, and who owns them. */
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/embedded.h"
#include "model/search.h"
#include "model/tensors.h"

/* A model that owns `owned`, from the memory that holds it. Frees `owned` on failure. */
static ainn_status make(ainn_memory memory, void *owned, const void *data, size_t size, int trusted, ainn_model **result, ainn_message message)
{
    ainn_model *model = ainn_alloc(&memory, sizeof *model);
    ainn_status status = model ? ainn_model_parse(model, data, size, trusted, message.text, message.size) : ainn_memory_status(&memory);

    if (status) {
        if (!model)
            ainn_say(message, "no memory for a model");
        ainn_free_memory(&memory, model);
        ainn_free_memory(&memory, owned);
        return status;
    }
    model->memory = memory;
    model->owned = owned;
    pthread_mutex_init(&model->lock, NULL);
    atomic_init(&model->references, 1);
    *result = model;
    return AINN_OK;
}

static ainn_status open_embedded(const ainn_embedded_model *embedded, const ainn_allocator *allocator, ainn_model **model, ainn_message message)
{
    ainn_memory memory;

    ainn_memory_init(&memory, allocator, UINT64_MAX);
    return make(memory, NULL, embedded->start, (size_t)(embedded->end - embedded->start), 1, model, message);
}

/* The whole file in memory of its own; the size that the header names is the most that is read. */
static ainn_status open_file(const char *path, const ainn_allocator *allocator, ainn_model **model, ainn_message message)
{
    uint8_t header[AINN_MODEL_HEADER];
    uint32_t id, size;
    ainn_memory memory;
    uint8_t *data;
    FILE *file = fopen(path, "rb");
    size_t got;

    if (!file) {
        ainn_say(message, "there is no model file %s", path);
        return AINN_ERROR_MODEL_MISSING;
    }
    got = fread(header, 1, sizeof header, file);
    if (got < sizeof header || !ainn_model_header(header, &id, &size)) {
        fclose(file);
        ainn_say(message, "%s is not a model file that this library can read", path);
        return AINN_ERROR_MODEL_INVALID;
    }
    ainn_memory_init(&memory, allocator, UINT64_MAX);
    data = ainn_alloc(&memory, size);
    if (!data) {
        fclose(file);
        ainn_say(message, "no memory for the model file %s", path);
        return ainn_memory_status(&memory);
    }
    memcpy(data, header, sizeof header);
    got += fread(data + sizeof header, 1, size - sizeof header, file);
    if (got < size || fgetc(file) != EOF) {
        fclose(file);
        ainn_free_memory(&memory, data);
        ainn_say(message, "%s does not have the %u bytes that its header names", path, (unsigned)size);
        return AINN_ERROR_MODEL_INVALID;
    }
    fclose(file);
    return make(memory, data, data, size, 0, model, message);
}

ainn_status ainn_model_open_memory(const void *data, size_t size, const ainn_allocator *allocator, ainn_model **model, char *text, size_t text_size)
{
    const ainn_message message = {text, text_size};
    ainn_memory memory;
    void *copy = NULL;

    *model = NULL;
    if (!data || size > AINN_MODEL_MAX_BYTES || size < AINN_MODEL_HEADER) {
        ainn_say(message, "not a model: %llu bytes", (unsigned long long)size);
        return AINN_ERROR_MODEL_INVALID;
    }
    ainn_memory_init(&memory, allocator, UINT64_MAX);
    if ((uintptr_t)data % 64) {
        copy = ainn_alloc(&memory, size);
        if (!copy) {
            ainn_say(message, "no memory for a copy of the model");
            return ainn_memory_status(&memory);
        }
        memcpy(copy, data, size);
    }
    return make(memory, copy, copy ? copy : data, size, 0, model, message);
}

static int is_path(const char *name)
{
    const size_t length = strlen(name), suffix = strlen(AINN_MODEL_SUFFIX);

    return strchr(name, '/') || (length > suffix && !strcmp(name + length - suffix, AINN_MODEL_SUFFIX));
}

ainn_status ainn_model_open(const char *name, const ainn_allocator *allocator, ainn_model **model, char *text, size_t text_size)
{
    const ainn_message message = {text, text_size};
    char path[AINN_MAX_PATH], places[AINN_MAX_PLACES];

    *model = NULL;
    if (name && is_path(name))
        return open_file(name, allocator, model, message);
    for (const ainn_embedded_model *e = ainn_embedded_models; e->name; e++)
        if (!name || !strcmp(e->name, name))
            return open_embedded(e, allocator, model, message);
    if (!name) {
        ainn_say(message, "this build of the library has no embedded model; name one");
        return AINN_ERROR_MODEL_MISSING;
    }
    if (ainn_search_name(name, path, sizeof path, places, sizeof places))
        return open_file(path, allocator, model, message);
    ainn_say(message, "there is no model %s: it is not embedded, and %s%s is not in %s", name, name, AINN_MODEL_SUFFIX, places);
    return AINN_ERROR_MODEL_MISSING;
}

ainn_status ainn_model_open_id(uint32_t id, const ainn_allocator *allocator, ainn_model **model, char *text, size_t text_size)
{
    const ainn_message message = {text, text_size};
    char path[AINN_MAX_PATH], places[AINN_MAX_PLACES];
    uint32_t found, size;

    *model = NULL;
    for (const ainn_embedded_model *e = ainn_embedded_models; e->name; e++)
        if (ainn_model_header(e->start, &found, &size) && found == id)
            return open_embedded(e, allocator, model, message);
    if (ainn_search_id(id, path, sizeof path, places, sizeof places))
        return open_file(path, allocator, model, message);
    ainn_say(message, "the model with id %08x is not embedded, and no %s file with this id is in %s", (unsigned)id, AINN_MODEL_SUFFIX, places);
    return AINN_ERROR_MODEL_MISSING;
}

ainn_model *ainn_model_retain(ainn_model *model)
{
    atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
    return model;
}

void ainn_model_release(ainn_model *model)
{
    ainn_memory memory;

    if (!model || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    ainn_model_free_packed(model);
    pthread_mutex_destroy(&model->lock);
    memory = model->memory;
    ainn_free_memory(&memory, model->owned);
    ainn_free_memory(&memory, model);
}
