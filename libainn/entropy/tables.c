#include "entropy/tables.h"

static void fill(ainn_symbol_table *table, ainn_symbol *symbols, uint16_t *lookup, const uint16_t *cum)
{
    for (int32_t k = 0; k < table->count; k++) {
        uint32_t end = k + 1 < table->count ? cum[k + 1] : 1u << AINN_TABLE_BITS;
        symbols[k].start = cum[k];
        symbols[k].frequency = (uint16_t)(end - cum[k]);
    }
    int32_t k = 0;
    for (uint32_t i = 0; i < 1u << AINN_LOOKUP_BITS; i++) {
        while (k + 1 < table->count && cum[k + 1] <= i << (AINN_TABLE_BITS - AINN_LOOKUP_BITS))
            k++;
        lookup[i] = (uint16_t)k;
    }
    table->symbols = symbols;
    table->lookup = lookup;
}

ainn_status ainn_symbol_tables_create(ainn_memory *memory, int count, const int32_t *offset, const int32_t *counts,
                                      const int32_t *start, const uint16_t *cum, ainn_symbol_tables **result)
{
    const size_t lookup_size = sizeof(uint16_t) << AINN_LOOKUP_BITS;
    size_t symbols_needed = 0;
    *result = NULL;
    for (int i = 0; i < count; i++)
        symbols_needed += (size_t)counts[i];
    size_t tables_size = sizeof(ainn_symbol_tables) + (size_t)count * sizeof(ainn_symbol_table);
    unsigned char *block = ainn_alloc(memory, tables_size + (size_t)count * lookup_size + symbols_needed * sizeof(ainn_symbol));
    if (!block)
        return ainn_memory_status(memory);
    ainn_symbol_tables *tables = (ainn_symbol_tables *)block;
    tables->count = count;
    tables->tables = (ainn_symbol_table *)(block + sizeof(*tables));
    uint16_t *lookup = (uint16_t *)(block + tables_size);
    ainn_symbol *symbols = (ainn_symbol *)(block + tables_size + (size_t)count * lookup_size);
    for (int i = 0; i < count; i++) {
        tables->tables[i].offset = offset[i];
        tables->tables[i].count = counts[i];
        fill(&tables->tables[i], symbols, lookup, cum + start[i]);
        symbols += counts[i];
        lookup += 1 << AINN_LOOKUP_BITS;
    }
    *result = tables;
    return AINN_OK;
}

static uint32_t symbol_cost(const ainn_symbol_table *table, int32_t k)
{
    return (AINN_TABLE_BITS << 16) - ainn_log2(table->symbols[k].frequency);
}

ainn_status ainn_symbol_tables_find_costs(ainn_memory *memory, ainn_symbol_tables *tables)
{
    size_t symbols = 0;
    if (tables->costs)
        return AINN_OK;
    for (int i = 0; i < tables->count; i++)
        symbols += (size_t)tables->tables[i].count;
    uint32_t *costs = tables->costs = ainn_alloc_array(memory, symbols, sizeof(*costs));
    if (!costs)
        return ainn_memory_status(memory);
    for (int i = 0; i < tables->count; i++) {
        ainn_symbol_table *table = &tables->tables[i];
        for (int32_t k = 0; k < table->count; k++)
            costs[k] = symbol_cost(table, k);
        table->costs = costs;
        costs += table->count;
    }
    return AINN_OK;
}

void ainn_symbol_tables_destroy(ainn_memory *memory, ainn_symbol_tables *tables)
{
    if (tables)
        ainn_free_memory(memory, tables->costs);
    ainn_free_memory(memory, tables);
}

/* By repeated squaring of the mantissa. */
uint32_t ainn_log2(uint64_t value)
{
    uint32_t whole = 0;
    if (!value)
        return 0;
    for (uint32_t half = 32; half; half /= 2)
        if (value >> (whole + half))
            whole += half;
    uint64_t mantissa = whole > 31 ? value >> (whole - 31) : value << (31 - whole);      /* 1 to 2, 31 fractional bits */
    uint32_t result = whole;
    for (int i = 0; i < 16; i++) {
        mantissa = mantissa * mantissa >> 31;
        result = result << 1 | (uint32_t)(mantissa >> 32);
        if (mantissa >> 32)
            mantissa >>= 1;
    }
    return result;
}

uint32_t ainn_symbol_cost(const ainn_symbol_table *table, int32_t value)
{
    int32_t k = value - table->offset, largest = table->count - 2;
    if (k >= 0 && k <= largest)
        return table->costs ? table->costs[k] : symbol_cost(table, k);
    uint32_t beyond = (uint32_t)(k < 0 ? -k : k - largest), bits = 0;        /* e + 1 */
    while (beyond >> (bits + 1))
        bits++;
    return symbol_cost(table, largest + 1) + ((2 * bits + 2) << 16);
}
