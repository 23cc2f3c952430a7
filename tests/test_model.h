/* The model that tests use: the library's default one, or the file that AINN_TEST_MODEL names. */
#ifndef AINN_TEST_MODEL_H
#define AINN_TEST_MODEL_H

#include <stdio.h>
#include <stdlib.h>

#include "ainn.h"

static inline ainn_model *test_model(void)
{
    char message[1024];
    ainn_model *model;
    if (ainn_model_open(getenv("AINN_TEST_MODEL"), NULL, &model, message, sizeof(message)) == AINN_OK)
        return model;
    fprintf(stderr, "no model for tests: %s\n", message);
    exit(1);
}

#endif
