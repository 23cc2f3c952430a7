/* The outer form of a model file: header and table of named, typed tensors (format-spec/model.md). */
#ifndef AINN_MODEL_TENSORS_H
#define AINN_MODEL_TENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"

#define AINN_MODEL_HEADER 64
#define AINN_MODEL_MAX_BYTES (256u << 20)
#define AINN_TENSOR_NAME 40

typedef enum ainn_tensor_type { AINN_INT16 = 0, AINN_INT32 = 1, AINN_UINT8 = 2, AINN_UINT16 = 3 } ainn_tensor_type;

/* Where messages go; nothing is written when there is no room. */
typedef struct ainn_message {
    char *text;
    size_t size;
} ainn_message;

/* Formats as printf does. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void ainn_say(ainn_message message, const char *format, ...);

/* A model file whose table has been checked. */
typedef struct ainn_tensors {
    const uint8_t *data;
    size_t size;
    uint32_t count;
    uint32_t id;
    uint32_t found;               /* tensors handed out so far */
    ainn_message message;
} ainn_tensors;

/* The id that a header names, and 1 if it is a header of a model of this version and of a believable size, else 0. */
int ainn_model_header(const uint8_t header[AINN_MODEL_HEADER], uint32_t *id, uint32_t *size);

/* Checks header and table; the contents' checksum as well unless `trusted`. */
ainn_status ainn_tensors_open(ainn_tensors *tensors, const void *data, size_t size, int trusted, ainn_message message);

/* A tensor of this type and exactly these dimensions (dimensions beyond `rank` are 1); NULL, with a message, if there
 * is none. `any`: the index of a dimension that may have any size (then returned in *length), or -1. */
const void *ainn_tensors_get(ainn_tensors *tensors, const char *name, ainn_tensor_type type, int rank, const uint32_t *dims, int any, uint32_t *length);

/* 1 if there is a tensor of this name. */
int ainn_tensors_have(const ainn_tensors *tensors, const char *name);

#endif
