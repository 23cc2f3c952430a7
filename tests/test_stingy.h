/* Memory that fails at the n-th request: for tests that try every n. */
#ifndef AINN_TEST_STINGY_H
#define AINN_TEST_STINGY_H

#include <stdlib.h>

typedef struct stingy {
    unsigned left;
} stingy;

static inline void *stingy_allocate(void *opaque, size_t size)
{
    stingy *s = opaque;
    return s->left && s->left-- ? malloc(size) : NULL;
}

static inline void stingy_free(void *opaque, void *pointer)
{
    (void)opaque;
    free(pointer);
}

#endif
