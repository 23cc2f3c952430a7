#include "transform/pipeline.h"

#include <string.h>

#define MIN_BLOCK 16             /* positions: less would not fill the kernels */
#define TASKS_A_THREAD 4         /* so that threads finish a stage together */
#define LATENTS_A_BATCH 192      /* for each thread: enough to pay for fetching the weights of the deepest stages ... */
#define MAX_BATCH 4              /* ... unless rings grow too long */
#define POSITIONS_A_RUN 256      /* of a stage: enough to pay for fetching its weights ... */
#define SHARED_POSITIONS 1024    /* ... and, for each of several threads, for their meeting */

void ainn_plan_init(ainn_plan *plan, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                    uint32_t columns, uint32_t rows)
{
    memset(plan, 0, sizeof *plan);
    plan->memory = memory;
    plan->model = model;
    plan->kernels = kernels;
    plan->pool = pool;
    plan->threads = ainn_pool_threads(pool);
    plan->columns = columns;
    plan->rows = rows;
    plan->batch = (LATENTS_A_BATCH * plan->threads + columns - 1) / columns;
    if (plan->batch > MAX_BATCH)
        plan->batch = MAX_BATCH;
    plan->last_tensor = &plan->tensors;
    plan->last_stage = &plan->stages;
}

static void fail(ainn_plan *plan)
{
    if (!plan->status)
        plan->status = ainn_memory_status(plan->memory);
}

void *ainn_plan_alloc(ainn_plan *plan, size_t count, size_t size)
{
    ainn_owned *owned = plan->status ? NULL : ainn_alloc(plan->memory, sizeof *owned);

    if (!owned || !(owned->memory = ainn_alloc_array(plan->memory, count, size))) {
        fail(plan);
        ainn_free_memory(plan->memory, owned);
        return NULL;
    }
    owned->next = plan->owned;
    plan->owned = owned;
    return owned->memory;
}

ainn_tensor *ainn_plan_tensor_sized(ainn_plan *plan, uint32_t width, uint32_t height, int channels)
{
    ainn_tensor *tensor = ainn_plan_alloc(plan, 1, sizeof *tensor);

    if (!tensor)
        return NULL;
    tensor->storage = tensor;
    tensor->width = width;
    tensor->height = height;
    tensor->channels = channels;
    tensor->stride = ((size_t)width + 2 * AINN_MARGIN) * (size_t)channels;
    *plan->last_tensor = tensor;
    plan->last_tensor = &tensor->next;
    return tensor;
}

ainn_tensor *ainn_plan_tensor(ainn_plan *plan, uint32_t scale, int channels)
{
    return ainn_plan_tensor_sized(plan, plan->columns * scale, plan->rows * scale, channels);
}

ainn_tensor *ainn_plan_changed(ainn_plan *plan, ainn_tensor *tensor)
{
    ainn_tensor *changed = tensor ? ainn_plan_tensor_sized(plan, tensor->width, tensor->height, tensor->channels) : NULL;

    if (changed)
        changed->storage = tensor->storage;
    return changed;
}

void ainn_plan_stage(ainn_plan *plan, uint32_t scale, uint32_t extra_rows, uint32_t block)
{
    ainn_stage *stage = ainn_plan_alloc(plan, 1, sizeof *stage);
    const uint32_t positions = plan->threads > 1 ? SHARED_POSITIONS * plan->threads : POSITIONS_A_RUN;
    uint32_t tasks, blocks;

    if (!stage)
        return;
    stage->last_operation = &stage->operations;
    stage->width = plan->columns * scale;
    stage->rows = plan->rows * scale + extra_rows;
    stage->per_run = (positions + stage->width - 1) / stage->width;
    if (stage->per_run > plan->batch * scale)
        stage->per_run = plan->batch * scale;
    if (plan->threads > 1) {
        tasks = plan->threads * TASKS_A_THREAD;
        uint64_t even = ((uint64_t)stage->width * stage->per_run + tasks - 1) / tasks;
        block = even < MIN_BLOCK ? MIN_BLOCK : even < block ? (uint32_t)even : block;
    }
    blocks = (stage->width + block - 1) / block;
    if (blocks % plan->threads && stage->width / MIN_BLOCK >= blocks + plan->threads)
        blocks += plan->threads - blocks % plan->threads;      /* as many for each, whatever the number of rows */
    stage->block = (stage->width + blocks - 1) / blocks;
    stage->previous = plan->stage;
    *plan->last_stage = stage;
    plan->last_stage = &stage->next;
    plan->stage = stage;
}

void ainn_plan_reads(ainn_plan *plan, ainn_tensor *tensor, int scale, int first, int last)
{
    if (plan->status)
        return;
    for (int i = 0; i < plan->stage->write_count; i++)
        if (plan->stage->writes[i].tensor == tensor)
            return;
    for (int i = 0; i < plan->stage->read_count; i++)
        if (plan->stage->reads[i].tensor == tensor && plan->stage->reads[i].first == first && plan->stage->reads[i].last == last)
            return;
    if (plan->stage->read_count == AINN_LINKS)
        plan->status = AINN_ERROR_INTERNAL;
    else
        plan->stage->reads[plan->stage->read_count++] = (ainn_read){tensor, scale, first, last};
}

void ainn_plan_writes(ainn_plan *plan, ainn_tensor *tensor, int scale, int offset, int begun)
{
    if (plan->status)
        return;
    if (plan->stage->write_count == AINN_LINKS)
        plan->status = AINN_ERROR_INTERNAL;
    else
        plan->stage->writes[plan->stage->write_count++] = (ainn_write){tensor, scale, offset, begun};
}

ainn_operation *ainn_plan_operation(ainn_plan *plan, ainn_run run)
{
    ainn_operation *operation = ainn_plan_alloc(plan, 1, sizeof *operation);

    if (!operation)
        return &plan->nowhere;
    operation->run = run;
    *plan->stage->last_operation = operation;
    plan->stage->last_operation = &operation->next;
    return operation;
}

ainn_place ainn_in_tensor(ainn_tensor *tensor)
{
    return tensor ? (ainn_place){tensor, 0, 0, tensor->channels, tensor->channels} : (ainn_place){0};
}

ainn_place ainn_in_slot(ainn_plan *plan, int slot, int channels)
{
    if (plan->status)
        return (ainn_place){0};
    int size = channels * (int)plan->stage->block;

    if (size > plan->slot_size[slot])
        plan->slot_size[slot] = size;
    return (ainn_place){NULL, slot, 0, channels, channels};
}

ainn_dense ainn_plan_dense(ainn_plan *plan, const ainn_layer *layer, int quality_code)
{
    const ainn_stage *stage = plan->stage;
    ainn_dense dense = ainn_layer_for(plan->model, layer, plan->kernels, stage ? (uint64_t)stage->width * stage->rows : 0);

    if (layer->quality_bias && quality_code >= 0) {
        int32_t *bias = ainn_plan_alloc(plan, (size_t)dense.out, sizeof *bias);

        if (bias) {
            ainn_layer_bias_at(layer, (uint32_t)quality_code, bias);
            dense.bias = bias;
        }
    }
    return dense;
}

ainn_dense ainn_dense_part(ainn_dense dense, int first, int count)
{
    dense.weights += (size_t)(first / AINN_LANE) * dense.block;
    if (dense.packed)
        dense.packed += (size_t)(first / AINN_LANE) * dense.packed_block;
    dense.bias += first;
    dense.shift += first;
    dense.out = count;
    return dense;
}

/* Rows that a stage can make now. */
static uint32_t ready_rows(const ainn_stage *stage)
{
    int64_t ready = stage->rows;

    for (int i = 0; i < stage->read_count; i++) {
        const ainn_read *read = &stage->reads[i];
        const int64_t produced = read->tensor->produced;
        int64_t rows;

        if (produced == read->tensor->height)
            continue;
        rows = produced <= read->last ? 0 : (produced - read->last - 1) / read->scale + 1;
        ready = rows < ready ? rows : ready;
    }
    if (ready <= (int64_t)stage->done)
        return 0;
    ready -= stage->done;
    return ready > (int64_t)stage->per_run ? stage->per_run : (uint32_t)ready;
}

/* Marks rows as made. */
static void advance(ainn_stage *stage, uint32_t rows)
{
    stage->done += rows;
    for (int i = 0; i < stage->write_count; i++) {
        const ainn_write *write = &stage->writes[i];
        int64_t produced = (int64_t)write->scale * stage->done + write->offset;

        if (stage->done == stage->rows || produced > (int64_t)write->tensor->height)
            produced = write->tensor->height;
        write->tensor->produced = produced < 0 ? 0 : (uint32_t)produced;
    }
}

/* The first row of a ring that some stage still has to read; rows made so far where none has. */
static int64_t first_needed(const ainn_plan *plan, const ainn_tensor *storage)
{
    int64_t first = storage->produced;

    for (const ainn_stage *stage = plan->stages; stage; stage = stage->next)
        for (int i = 0; i < stage->read_count && stage->done < stage->rows; i++) {
            const ainn_read *read = &stage->reads[i];
            int64_t row = (int64_t)read->scale * stage->done + read->first;

            if (read->tensor->storage == storage)
                first = row < first ? row : first;
        }
    return first < 0 ? 0 : first;
}

static void grow_ring(ainn_tensor *storage, int64_t first, int begun)
{
    int64_t rows = storage->produced - first + begun;

    if (rows > (int64_t)storage->capacity)
        storage->capacity = (uint32_t)rows;
}

/* Makes rows without data: only counts them. */
static void dry_stage(const ainn_plan *plan, ainn_stage *stage, uint32_t rows)
{
    int64_t first[AINN_LINKS];

    for (int i = 0; i < stage->write_count; i++)
        first[i] = first_needed(plan, stage->writes[i].tensor->storage);
    advance(stage, rows);
    for (int i = 0; i < stage->write_count; i++)
        if (stage->writes[i].tensor->storage == stage->writes[i].tensor)
            grow_ring(stage->writes[i].tensor, first[i], stage->writes[i].begun);
}

/* Tensors that no stage writes are the plan's input: the caller fills them before a pass, `batch` rows of latents at a time. */
static int is_input(const ainn_plan *plan, const ainn_tensor *tensor)
{
    for (const ainn_stage *stage = plan->stages; stage; stage = stage->next)
        for (int i = 0; i < stage->write_count; i++)
            if (stage->writes[i].tensor == tensor)
                return 0;
    return 1;
}

/* The whole picture without data: rings become as large as they have to. */
static void dry_run(ainn_plan *plan)
{
    uint32_t rows = 0;

    plan->dry = 1;
    do {
        rows = plan->rows - rows < plan->batch ? plan->rows : rows + plan->batch;
        for (ainn_tensor *t = plan->tensors; t; t = t->next)
            if (t->storage == t && is_input(plan, t)) {
                int64_t first = first_needed(plan, t);

                t->produced = t->height / plan->rows * rows;
                grow_ring(t, first, 0);
            }
        while (ainn_plan_pass(plan))
            continue;
    } while (rows < plan->rows);
    plan->dry = 0;
    for (ainn_stage *stage = plan->stages; stage; stage = stage->next) {
        if (stage->done != stage->rows && !plan->status)
            plan->status = AINN_ERROR_INTERNAL;
        stage->done = 0;
    }
    for (ainn_tensor *t = plan->tensors; t; t = t->next)
        t->produced = 0;
}

/* Elements of a ring, up to the next cache line; 0 if they are too many. */
static size_t ring_size(const ainn_tensor *storage)
{
    return storage->stride > SIZE_MAX / 4 / storage->capacity ? 0 : (storage->stride * storage->capacity + 31) / 32 * 32;
}

/* Takes the memory of all rings, as one block. */
static void take_rings(ainn_plan *plan)
{
    size_t total = 0;
    int16_t *data;

    for (ainn_tensor *t = plan->tensors; t; t = t->next) {
        if (t->storage != t)
            continue;
        t->capacity = t->capacity ? t->capacity : 1;
        const size_t size = ring_size(t);
        if (!size || size > SIZE_MAX / 4 - total) {
            fail(plan);
            return;
        }
        total += size;
    }
    data = ainn_plan_alloc(plan, total, sizeof *data);
    for (ainn_tensor *t = plan->tensors; t && data; t = t->next)
        if (t->storage == t) {
            t->data = data;
            data += ring_size(t);
        }
}

ainn_status ainn_plan_finish(ainn_plan *plan)
{
    size_t widest = 0;

    if (!plan->status)
        dry_run(plan);
    if (!plan->status)
        take_rings(plan);
    for (ainn_tensor *t = plan->tensors; t; t = t->next)
        widest = t->stride > widest ? t->stride : widest;
    plan->zeros = ainn_plan_alloc(plan, widest, sizeof *plan->zeros);
    plan->scratch = ainn_plan_alloc(plan, plan->threads, sizeof *plan->scratch);
    for (unsigned thread = 0; thread < plan->threads; thread++)
        for (int slot = 0; slot < AINN_SLOTS && !plan->status; slot++)
            if (plan->slot_size[slot])
                plan->scratch[thread].slot[slot] = ainn_plan_alloc(plan, (size_t)plan->slot_size[slot], sizeof(int16_t));
    return plan->status;
}

void ainn_plan_destroy(ainn_plan *plan)
{
    while (plan->owned) {
        ainn_owned *owned = plan->owned;

        plan->owned = owned->next;
        ainn_free_memory(plan->memory, owned->memory);
        ainn_free_memory(plan->memory, owned);
    }
}

/* What the pool's tasks see. */
typedef struct stage_run {
    const ainn_plan *plan;
    const ainn_stage *stage;
    uint32_t rows;
} stage_run;

/* All rows of a block before the next block: so a thread gets the same part of the width in every stage, whose rows are in its cache. */
static void run_block(void *opaque, size_t index, unsigned thread)
{
    const stage_run *run = opaque;
    const ainn_stage *stage = run->stage;
    const uint32_t row = stage->done + (uint32_t)(index % run->rows);
    const uint32_t begin = (uint32_t)(index / run->rows) * stage->block;
    const uint32_t end = stage->width - begin < stage->block ? stage->width : begin + stage->block;

    for (const ainn_operation *operation = stage->operations; operation; operation = operation->next)
        operation->run(run->plan, operation, &run->plan->scratch[thread], row, begin, end);
}

static void run_stage(const ainn_plan *plan, ainn_stage *stage, uint32_t rows)
{
    stage_run run = {plan, stage, rows};

    ainn_pool_run(plan->pool, (size_t)rows * ((stage->width + stage->block - 1) / stage->block), run_block, &run);
    advance(stage, rows);
}

int ainn_plan_pass(ainn_plan *plan)
{
    ainn_stage *stage = plan->stage;

    while (stage) {
        const uint32_t rows = ready_rows(stage);

        if (!rows) {
            stage = stage->previous;
            continue;
        }
        if (plan->dry)
            dry_stage(plan, stage, rows);
        else
            run_stage(plan, stage, rows);
        if (stage == plan->stage)
            return 1;
        stage = plan->stage;
    }
    return 0;
}
