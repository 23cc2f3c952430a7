/* Models that are part of the library. */
#ifndef AINN_MODEL_EMBEDDED_H
#define AINN_MODEL_EMBEDDED_H

#include <stdint.h>

typedef struct ainn_embedded_model {
    const char *name;
    const uint8_t *start, *end;   /* the model file, aligned to 64 bytes */
} ainn_embedded_model;

/* The default first; a NULL name ends the list. */
extern const ainn_embedded_model ainn_embedded_models[];

#endif
