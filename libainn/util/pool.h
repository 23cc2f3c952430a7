/* A small pool of threads that run the tasks of one call at a time; the caller's thread works with them. */
#ifndef AINN_UTIL_POOL_H
#define AINN_UTIL_POOL_H

#include <stddef.h>

#include "util/memory.h"

typedef struct ainn_pool ainn_pool;

/* One task; `thread` is 0 .. threads - 1 and differs between tasks that run at the same time. */
typedef void (*ainn_task)(void *opaque, size_t index, unsigned thread);

/* `threads` counts the caller's: 1 starts none. If the system refuses threads, fewer are used. */
ainn_status ainn_pool_create(ainn_memory *memory, unsigned threads, ainn_pool **pool);
void ainn_pool_destroy(ainn_memory *memory, ainn_pool *pool);

/* 1 for NULL. */
unsigned ainn_pool_threads(const ainn_pool *pool);

/* Runs tasks 0 .. count - 1, in any order, and returns when all are done. pool NULL: in this thread. Must not be called from a task. */
void ainn_pool_run(ainn_pool *pool, size_t count, ainn_task task, void *opaque);

#endif
