/* The group coders of a picture: several that work in parallel, or one whose networks share the threads. */
#ifndef AINN_API_BANK_H
#define AINN_API_BANK_H

#include "entropy/group.h"

typedef struct ainn_bank {
    ainn_memory *memory;
    const ainn_model *model;
    ainn_pool *pool;             /* that runs the coders; NULL where the coder's networks use it */
    ainn_pool *key_pool;         /* what the bank was made for */
    uint32_t hx, hy;
    int encodes;
    unsigned count;
    ainn_group_coder **coder;
    double networks, coding;     /* seconds that were reported before */
} ainn_bank;

/* Makes the bank fit pictures with `columns` x `rows` latents and `groups` groups side by side; keeps it if it already does. */
ainn_status ainn_bank_prepare(ainn_bank *bank, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                              const ainn_group_tables *tables, uint32_t columns, uint32_t rows, uint32_t groups, int encodes);
void ainn_bank_free(ainn_bank *bank);

/* Splits elapsed seconds into those of networks and those of entropy coding, as the coders' own clocks divide them. */
void ainn_bank_seconds(ainn_bank *bank, double elapsed, ainn_stats *stats);

#endif
