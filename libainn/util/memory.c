#include "util/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64
#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_FROM (HUGE_PAGE / 2)             /* a block of this size gets one of its own */

/* Stands right before the memory that is handed out. */
typedef struct prefix {
    void *block;
    size_t size;
} prefix;

/* Large blocks are asked for in huge pages: on a small picture, page by page, they cost a tenth of the time. What is left of a block and is less than
 * half of one stays in small pages. */
static void *default_allocate(void *opaque, size_t size)
{
    (void)opaque;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_FROM && size < SIZE_MAX / 2) {
        const size_t whole = (size + HUGE_PAGE / 2) / HUGE_PAGE * HUGE_PAGE;
        void *memory;
        if (posix_memalign(&memory, HUGE_PAGE, size > whole ? size : whole))
            return NULL;
        madvise(memory, whole, MADV_HUGEPAGE);
        return memory;
    }
#endif
    return malloc(size);
}

static void *small_pages(void *opaque, size_t size)
{
    (void)opaque;
    return malloc(size);
}

static void default_release(void *opaque, void *memory)
{
    (void)opaque;
    free(memory);
}

void ainn_memory_init(ainn_memory *memory, const ainn_allocator *allocator, uint64_t limit)
{
    static const ainn_allocator standard = { NULL, default_allocate, default_release };
    memset(memory, 0, sizeof(*memory));
    memory->allocator = allocator ? *allocator : standard;
    memory->limit = limit;
}

static void *take(ainn_memory *memory, size_t size, void *(*allocate)(void *opaque, size_t size))
{
    memory->limit_was_hit = 0;
    if (size > SIZE_MAX / 2)
        return NULL;
    if (size > memory->limit || memory->used > memory->limit - size) {
        memory->limit_was_hit = 1;
        return NULL;
    }
    unsigned char *block = allocate(memory->allocator.opaque, size + sizeof(prefix) + ALIGNMENT);
    if (!block)
        return NULL;
    uintptr_t start = ((uintptr_t)block + sizeof(prefix) + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1);
    unsigned char *aligned = block + (start - (uintptr_t)block);
    prefix before = { block, size };
    memcpy(aligned - sizeof(before), &before, sizeof(before));
    memory->used += size;
    if (memory->used > memory->peak)
        memory->peak = memory->used;
    return aligned;
}

void *ainn_alloc(ainn_memory *memory, size_t size)
{
    void *block = take(memory, size, memory->allocator.allocate);
    return block ? memset(block, 0, size) : NULL;
}

void *ainn_alloc_sparse(ainn_memory *memory, size_t size)
{
    return take(memory, size, memory->allocator.allocate == default_allocate ? small_pages : memory->allocator.allocate);
}

void *ainn_alloc_array(ainn_memory *memory, size_t count, size_t size)
{
    memory->limit_was_hit = 0;
    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
    return ainn_alloc(memory, count * size);
}

void ainn_free_memory(ainn_memory *memory, void *pointer)
{
    if (!pointer)
        return;
    prefix before;
    memcpy(&before, (unsigned char *)pointer - sizeof(before), sizeof(before));
    memory->used -= before.size;
    memory->allocator.release(memory->allocator.opaque, before.block);
}

ainn_status ainn_memory_status(const ainn_memory *memory)
{
    return memory->limit_was_hit ? AINN_ERROR_LIMIT : AINN_ERROR_MEMORY;
}
