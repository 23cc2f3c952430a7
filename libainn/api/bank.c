#include "api/bank.h"

#include <string.h>

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

void ainn_bank_free(ainn_bank *bank)
{
    for (unsigned i = 0; i < bank->count; i++)
        ainn_group_coder_destroy(bank->memory, bank->coder[i]);
    if (bank->coder)
        ainn_free_memory(bank->memory, bank->coder);
    memset(bank, 0, sizeof(*bank));
}

static ainn_status create(ainn_bank *bank, const ainn_kernels *kernels, const ainn_group_tables *tables, unsigned count)
{
    ainn_pool *net_pool = count > 1 ? NULL : bank->key_pool;
    bank->pool = count > 1 ? bank->key_pool : NULL;
    bank->coder = ainn_alloc_array(bank->memory, count, sizeof(*bank->coder));
    if (!bank->coder)
        return ainn_memory_status(bank->memory);
    for (; bank->count < count; bank->count++) {
        ainn_status status = ainn_group_coder_create(bank->memory, bank->model, kernels, net_pool, tables, bank->hx, bank->hy,
                                                     bank->encodes, &bank->coder[bank->count]);
        if (status != AINN_OK)
            return status;
    }
    return AINN_OK;
}

ainn_status ainn_bank_prepare(ainn_bank *bank, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                              const ainn_group_tables *tables, uint32_t columns, uint32_t rows, uint32_t groups, int encodes)
{
    uint32_t hx = smaller(columns, AINN_GROUP_SIZE), hy = smaller(rows, AINN_GROUP_SIZE);
    unsigned threads = ainn_pool_threads(pool), count = groups >= threads ? threads : 1;
    if (bank->coder && bank->model == model && bank->key_pool == pool && bank->hx == hx && bank->hy == hy && bank->encodes == encodes && bank->count == count)
        return AINN_OK;
    ainn_bank_free(bank);
    bank->memory = memory;
    bank->model = model;
    bank->key_pool = pool;
    bank->hx = hx;
    bank->hy = hy;
    bank->encodes = encodes;
    ainn_status status = create(bank, kernels, tables, count);
    if (status != AINN_OK)
        ainn_bank_free(bank);
    return status;
}

void ainn_bank_seconds(ainn_bank *bank, double elapsed, ainn_stats *stats)
{
    double networks = 0, coding = 0;
    for (unsigned i = 0; i < bank->count; i++) {
        double n, c;
        ainn_group_coder_seconds(bank->coder[i], &n, &c);
        networks += n;
        coding += c;
    }
    double new_networks = networks - bank->networks, all = new_networks + coding - bank->coding;
    double share = all > 0 ? new_networks / all : 0;
    bank->networks = networks;
    bank->coding = coding;
    stats->seconds_entropy += elapsed * share;
    stats->seconds_coding += elapsed * (1 - share);
}
