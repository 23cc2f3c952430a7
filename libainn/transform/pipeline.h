/*
 * The streaming executor of the transforms.
 *
 * A tensor is a picture of activations of which only a ring of rows is in memory. A stage makes rows of tensors from
 * rows of others: it is a list of operations that run one after another over one block of positions of one row, and that
 * take from the other positions only what earlier stages have finished. So all threads work on one stage at a time,
 * nothing is computed twice, and the result does not depend on blocks, threads or the number of rows at a time.
 * The last stage that can make a row does: so rows are used while they are in the cache, and rings stay short.
 *
 * The plan is built once for a picture's size. It first runs without data, to find out how many rows each ring holds.
 */
#ifndef AINN_TRANSFORM_PIPELINE_H
#define AINN_TRANSFORM_PIPELINE_H

#include <stdint.h>

#include "ainn.h"
#include "kernels/kernels.h"
#include "model/model.h"
#include "util/memory.h"
#include "util/pool.h"

#define AINN_MARGIN 2            /* zero positions before and after each row */
#define AINN_SLOTS 6             /* buffers of a thread that hold one block between operations of a stage */
#define AINN_BLOCK 96            /* positions of a block at most, where channels are many ... */
#define AINN_WIDE_BLOCK 256      /* ... and where they are few */
#define AINN_INPUTS 4
#define AINN_LINKS 12

typedef struct ainn_tensor {
    struct ainn_tensor *next;
    struct ainn_tensor *storage; /* whose rows these are: itself, or the tensor that was changed in place */
    int16_t *data;
    size_t stride;               /* elements from a row to the next one in the ring */
    uint32_t width, height;      /* in positions */
    int channels;
    uint32_t capacity;           /* rows in the ring */
    uint32_t produced;           /* rows finished so far, from the top */
} ainn_tensor;

/* Where an operation reads or writes: channels of a tensor, or a thread's slot where the tensor is NULL. */
typedef struct ainn_place {
    ainn_tensor *tensor;
    int slot;
    int offset;                  /* first channel */
    int channels;                /* as many are used */
    int step;                    /* elements from a position to the next */
} ainn_place;

/* What a thread has of its own. */
typedef struct ainn_scratch {
    int16_t *slot[AINN_SLOTS];
} ainn_scratch;

struct ainn_plan;
struct ainn_operation;

/* Runs over positions begin .. end - 1 of a row of the stage. */
typedef void (*ainn_run)(const struct ainn_plan *plan, const struct ainn_operation *operation, const ainn_scratch *scratch,
                         uint32_t row, uint32_t begin, uint32_t end);

/* One operation. Modules use the fields as their run function needs. */
typedef struct ainn_operation {
    struct ainn_operation *next;
    ainn_run run;
    ainn_dense dense[4];
    ainn_depthwise depthwise;
    ainn_place input[AINN_INPUTS];
    int inputs;
    ainn_place residual;         /* channels 0: none */
    ainn_place output;
    int squeezes;
    const void *data;            /* of the module: tables, gains */
} ainn_operation;

/* Row r of a stage reads rows scale * r + first .. scale * r + last (those that exist) of a tensor. */
typedef struct ainn_read {
    ainn_tensor *tensor;
    int scale, first, last;
} ainn_read;

/* After row r of a stage, rows 0 .. scale * (r + 1) + offset - 1 (those that exist) of a tensor are finished, and as
 * many as `begun` after them have been written in part. */
typedef struct ainn_write {
    ainn_tensor *tensor;
    int scale, offset, begun;
} ainn_write;

typedef struct ainn_stage {
    struct ainn_stage *next, *previous;
    ainn_operation *operations, **last_operation;
    ainn_read reads[AINN_LINKS];
    ainn_write writes[AINN_LINKS];
    int read_count, write_count;
    uint32_t width, rows;        /* positions to run over */
    uint32_t block;              /* positions of a block */
    uint32_t per_run;            /* rows at a time at most */
    uint32_t done;               /* rows */
} ainn_stage;

/* Memory that lives as long as the plan. */
typedef struct ainn_owned {
    struct ainn_owned *next;
    void *memory;
} ainn_owned;

typedef struct ainn_plan {
    ainn_memory *memory;
    const ainn_model *model;
    const ainn_kernels *kernels;
    ainn_pool *pool;
    unsigned threads;
    uint32_t columns, rows;      /* of latents */
    uint32_t batch;              /* rows of latents that arrive together */
    ainn_tensor *tensors, **last_tensor;
    ainn_stage *stages, **last_stage;
    ainn_stage *stage;           /* that operations are added to; in the end, the last one */
    int dry;                     /* only rows are counted */
    ainn_owned *owned;
    int slot_size[AINN_SLOTS];   /* elements of a block */
    ainn_scratch *scratch;       /* [threads] */
    int16_t *zeros;              /* a row outside the picture */
    ainn_operation nowhere;      /* what a failed build writes to */
    ainn_status status;          /* of building: errors stick */
} ainn_plan;

/* ---- Building: calls after a failure do nothing and return something harmless or NULL ---- */

void ainn_plan_init(ainn_plan *plan, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                    uint32_t columns, uint32_t rows);

/* Memory that the plan frees at its end; zeroed. NULL on failure. */
void *ainn_plan_alloc(ainn_plan *plan, size_t count, size_t size);

/* A tensor `scale` times as wide and high as the grid of latents. */
ainn_tensor *ainn_plan_tensor(ainn_plan *plan, uint32_t scale, int channels);

/* A tensor of any size. */
ainn_tensor *ainn_plan_tensor_sized(ainn_plan *plan, uint32_t width, uint32_t height, int channels);

/* The tensor after a change in place. */
ainn_tensor *ainn_plan_changed(ainn_plan *plan, ainn_tensor *tensor);

/* A stage whose rows and positions are those of the grid times `scale`, plus `extra_rows`. */
void ainn_plan_stage(ainn_plan *plan, uint32_t scale, uint32_t extra_rows, uint32_t block);

/* Dependencies of the current stage. Reads of what the stage itself has written before are left out: they are of the
 * block that is being made. */
void ainn_plan_reads(ainn_plan *plan, ainn_tensor *tensor, int scale, int first, int last);
void ainn_plan_writes(ainn_plan *plan, ainn_tensor *tensor, int scale, int offset, int begun);

/* A new operation of the current stage; never NULL. */
ainn_operation *ainn_plan_operation(ainn_plan *plan, ainn_run run);

/* Places. */
ainn_place ainn_in_tensor(ainn_tensor *tensor);
ainn_place ainn_in_slot(ainn_plan *plan, int slot, int channels);

/* The layer for the current stage at a quality: its bias changed where it has a quality bias (quality_code < 0: it must have none). */
ainn_dense ainn_plan_dense(ainn_plan *plan, const ainn_layer *layer, int quality_code);

/* Some of a dense layer's outputs; both numbers are multiples of 16. */
ainn_dense ainn_dense_part(ainn_dense dense, int first, int count);

/* Finds the rings' sizes and takes all memory. */
ainn_status ainn_plan_finish(ainn_plan *plan);

void ainn_plan_destroy(ainn_plan *plan);

/* ---- Running ---- */

/* Runs stages until the last one has made some rows (at most `per_run` of it); 0 if it can not. To be called until then
 * after each batch of input. */
int ainn_plan_pass(ainn_plan *plan);

/* A row of a tensor, at its first position; zeros above and below the picture. */
static inline int16_t *ainn_row(const ainn_plan *plan, const ainn_tensor *tensor, int64_t row)
{
    if (row < 0 || row >= (int64_t)tensor->height)
        return plan->zeros + AINN_MARGIN * tensor->channels;
    return tensor->storage->data + (size_t)(row % tensor->storage->capacity) * tensor->stride + AINN_MARGIN * tensor->channels;
}

/* Position x of a row in a place; `begin` is the first position of the block. */
static inline int16_t *ainn_at(const ainn_plan *plan, const ainn_scratch *scratch, const ainn_place *place, uint32_t row, uint32_t begin, uint32_t x)
{
    if (!place->tensor)
        return scratch->slot[place->slot] + (size_t)(x - begin) * (size_t)place->step + place->offset;
    return ainn_row(plan, place->tensor, row) + (size_t)x * (size_t)place->step + place->offset;
}

#endif
