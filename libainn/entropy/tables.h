/* Tables of symbols (format-spec/bitstream.md) in the form that the entropy coder wants. */
#ifndef AINN_ENTROPY_TABLES_H
#define AINN_ENTROPY_TABLES_H

#include "util/memory.h"

#define AINN_TABLE_BITS 16                    /* frequencies add up to 2^16 */
#define AINN_LOOKUP_BITS 8                    /* of a slot find the first symbol that may hold it */

typedef struct ainn_symbol {
    uint16_t start, frequency;
} ainn_symbol;

typedef struct ainn_symbol_table {
    const ainn_symbol *symbols;               /* `count` of them; the last one is the escape */
    const uint16_t *lookup;                   /* symbol that holds slot i << 8 */
    const uint32_t *costs;                    /* of each symbol; NULL: to be found when asked for */
    int32_t offset;                           /* value of symbol 0 */
    int32_t count;
} ainn_symbol_table;

/* Several tables in one piece of memory. */
typedef struct ainn_symbol_tables {
    int count;
    ainn_symbol_table *tables;
    uint32_t *costs;
} ainn_symbol_tables;

/* From a model's tensors: offset, count and start of each table, cumulated frequencies without the last 65536, as a loaded
 * model guarantees them (strictly increasing from 0, counts 2 to 32768). */
ainn_status ainn_symbol_tables_create(ainn_memory *memory, int count, const int32_t *offset, const int32_t *counts,
                                      const int32_t *start, const uint16_t *cum, ainn_symbol_tables **tables);
/* Finds what every symbol costs, once, where ainn_symbol_cost() is to be called often. */
ainn_status ainn_symbol_tables_find_costs(ainn_memory *memory, ainn_symbol_tables *tables);

void ainn_symbol_tables_destroy(ainn_memory *memory, ainn_symbol_tables *tables);

/* log2 in units of 2^-16, rounded down; 0 for 0. */
uint32_t ainn_log2(uint64_t value);

/* Bits of a value in units of 2^-16, escape bits included. */
uint32_t ainn_symbol_cost(const ainn_symbol_table *table, int32_t value);

#endif
