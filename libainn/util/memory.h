/* Memory of one object: from its allocator, aligned for the widest vectors, counted, and under a limit. */
#ifndef AINN_UTIL_MEMORY_H
#define AINN_UTIL_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"

typedef struct ainn_memory {
    ainn_allocator allocator;
    uint64_t limit;              /* bytes that may be held at a time */
    uint64_t used, peak;
    int limit_was_hit;           /* tells AINN_ERROR_LIMIT from AINN_ERROR_MEMORY after a NULL */
} ainn_memory;

/* `allocator` may be NULL: malloc and free. */
void ainn_memory_init(ainn_memory *memory, const ainn_allocator *allocator, uint64_t limit);

/* 64-byte aligned and zeroed; NULL on failure, when the limit would be exceeded, or for absurd sizes. Not for use by several threads at once. */
void *ainn_alloc(ainn_memory *memory, size_t size);

/* Not zeroed, and in small pages if large: for blocks of which mostly a small part is used, so that the system need not clear the rest. */
void *ainn_alloc_sparse(ainn_memory *memory, size_t size);

/* ainn_alloc() of count * size bytes, safe against overflow. */
void *ainn_alloc_array(ainn_memory *memory, size_t count, size_t size);

/* NULL is allowed. */
void ainn_free_memory(ainn_memory *memory, void *pointer);

/* The status that belongs to a NULL from ainn_alloc(). */
ainn_status ainn_memory_status(const ainn_memory *memory);

#endif
