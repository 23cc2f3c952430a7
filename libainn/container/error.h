/* A sentence about what went wrong, for the user. */
#ifndef AINN_CONTAINER_ERROR_H
#define AINN_CONTAINER_ERROR_H

#include "ainn.h"

#define AINN_ERROR_TEXT_SIZE 256

typedef struct ainn_error {
    char text[AINN_ERROR_TEXT_SIZE];
} ainn_error;

/* Writes the sentence (message may be NULL) and returns `status`, so that a failure is one line where it is found. */
ainn_status ainn_fail(ainn_error *message, ainn_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#endif
