/* Weights as the machine's kernels want them: made once for all contexts of a model, when a layer has work that is worth it. */
#include "model/model.h"

#define WORTH_IT 128                     /* positions: packing a layer takes as long as some tens of them */
#define ARENA (((size_t)2 << 20) - 4096) /* so that it fits a huge page, its own bookkeeping included */
#define FIRST_ARENA ((size_t)128 << 10)   /* all that Winograd's layers take; AMX's go on in large ones */
#define HEADER 64                        /* keeps the alignment of what follows */

/* What stands for a layer that gains nothing by it, so that this is found out once. */
static uint8_t not_packed;

/* At the start of a block of memory that packed layers share. */
struct ainn_arena {
    ainn_arena *next;
    size_t size, used;
};

static uint8_t *take(ainn_model *model, size_t size)
{
    ainn_arena *arena = model->arena;
    uint8_t *taken;

    if (!arena || arena->size - arena->used < size) {
        const size_t least = arena ? ARENA : FIRST_ARENA, whole = size + HEADER > least ? size + HEADER : least;

        arena = ainn_alloc(&model->memory, whole);
        if (!arena)
            return NULL;
        arena->next = model->arena;
        arena->size = whole;
        arena->used = HEADER;
        model->arena = arena;
    }
    taken = (uint8_t *)arena + arena->used;
    arena->used += size;
    return taken;
}

static uint8_t *pack(ainn_model *model, ainn_layer *layer, const ainn_kernels *kernels)
{
    ainn_dense dense = layer->dense;
    const size_t blocks = (size_t)dense.out / AINN_LANE;
    uint8_t *packed;

    pthread_mutex_lock(&model->lock);
    packed = atomic_load_explicit(&layer->packed, memory_order_relaxed);
    if (!packed) {
        dense.packed_block = kernels->packed_block(&dense);
        if (!dense.packed_block)
            packed = &not_packed;
        else if (dense.packed_block <= SIZE_MAX / 4 / blocks && (packed = take(model, dense.packed_block * blocks))) {
            kernels->pack(packed, &dense);
            layer->packed_block = dense.packed_block;
        }
        if (packed)
            atomic_store_explicit(&layer->packed, packed, memory_order_release);
    }
    pthread_mutex_unlock(&model->lock);
    return packed;
}

ainn_dense ainn_layer_for(const ainn_model *model, const ainn_layer *layer, const ainn_kernels *kernels, uint64_t positions)
{
    ainn_dense dense = layer->dense;

    if (!kernels->pack)
        return dense;
    dense.packed = atomic_load_explicit(&layer->packed, memory_order_acquire);
    if (!dense.packed && positions >= WORTH_IT)          /* the model is constant but for this, which changes no result */
        dense.packed = pack((ainn_model *)model, (ainn_layer *)layer, kernels);
    if (dense.packed == &not_packed)
        dense.packed = NULL;
    if (dense.packed)
        dense.packed_block = layer->packed_block;
    return dense;
}

void ainn_model_free_packed(ainn_model *model)
{
    while (model->arena) {
        ainn_arena *arena = model->arena;

        model->arena = arena->next;
        ainn_free_memory(&model->memory, arena);
    }
}
