/* Folders that hold model files: those of the environment variable AINN_MODEL_PATH, then the library's data folder. */
#ifndef AINN_MODEL_SEARCH_H
#define AINN_MODEL_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#define AINN_MODEL_SUFFIX ".ainnmodel"
#define AINN_MAX_PATH 4096
#define AINN_MAX_PLACES 1024

/* 1 if the file NAME.ainnmodel exists in one of the folders; `path` is then its path. `places` says where was looked. */
int ainn_search_name(const char *name, char *path, size_t path_size, char *places, size_t places_size);

/* The same for a file whose header names the id. */
int ainn_search_id(uint32_t id, char *path, size_t path_size, char *places, size_t places_size);

#endif
