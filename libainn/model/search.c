#define _POSIX_C_SOURCE 200809L
#include "model/search.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/tensors.h"

#ifndef AINN_DATA_DIR
#define AINN_DATA_DIR "/usr/share/ainn"
#endif

/* Returns 1 and fills `path` if the wanted file is in the folder. */
typedef int (*visitor)(const char *folder, const void *wanted, char *path, size_t path_size);

/* 1 if the text fits. */
static int join(char *path, size_t path_size, const char *folder, const char *file, const char *suffix)
{
    int length = snprintf(path, path_size, "%s/%s%s", folder, file, suffix);

    return length > 0 && (size_t)length < path_size;
}

static int has_name(const char *folder, const void *wanted, char *path, size_t path_size)
{
    FILE *file;

    if (!join(path, path_size, folder, wanted, AINN_MODEL_SUFFIX) || !(file = fopen(path, "rb")))
        return 0;
    fclose(file);
    return 1;
}

static int file_has_id(const char *path, uint32_t wanted)
{
    uint8_t header[AINN_MODEL_HEADER];
    uint32_t id, size;
    FILE *file = fopen(path, "rb");
    int found;

    if (!file)
        return 0;
    found = fread(header, 1, sizeof header, file) == sizeof header && ainn_model_header(header, &id, &size) && id == wanted;
    fclose(file);
    return found;
}

static int has_id(const char *folder, const void *wanted, char *path, size_t path_size)
{
    const size_t suffix = strlen(AINN_MODEL_SUFFIX);
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int found = 0;

    if (!directory)
        return 0;
    while (!found && (entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);

        found = length > suffix && !strcmp(entry->d_name + length - suffix, AINN_MODEL_SUFFIX) &&
                join(path, path_size, folder, entry->d_name, "") && file_has_id(path, *(const uint32_t *)wanted);
    }
    closedir(directory);
    return found;
}

static void add_place(char *places, size_t size, const char *folder)
{
    const size_t used = strlen(places);

    snprintf(places + used, size - used, "%s%s", used ? ", " : "", folder);
}

static int search(visitor visit, const void *wanted, char *path, size_t path_size, char *places, size_t places_size)
{
    const char *list = getenv("AINN_MODEL_PATH");
    char folder[AINN_MAX_PATH];

    places[0] = 0;
    while (list && *list) {
        const size_t length = strcspn(list, ":");

        if (length > 0 && length < sizeof folder) {
            memcpy(folder, list, length);
            folder[length] = 0;
            if (visit(folder, wanted, path, path_size))
                return 1;
            add_place(places, places_size, folder);
        }
        list += length + (list[length] == ':');
    }
    add_place(places, places_size, AINN_DATA_DIR);
    return visit(AINN_DATA_DIR, wanted, path, path_size);
}

int ainn_search_name(const char *name, char *path, size_t path_size, char *places, size_t places_size)
{
    return search(has_name, name, path, path_size, places, places_size);
}

int ainn_search_id(uint32_t id, char *path, size_t path_size, char *places, size_t places_size)
{
    return search(has_id, &id, path, path_size, places, places_size);
}
