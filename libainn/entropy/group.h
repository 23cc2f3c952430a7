/* Coding of one group of latents (format-spec/bitstream.md): networks, quantisation and entropy coding together. */
#ifndef AINN_ENTROPY_GROUP_H
#define AINN_ENTROPY_GROUP_H

#include "entropy/hyper.h"
#include "entropy/quantise.h"
#include "entropy/tables.h"

/* What all groups of a picture share. */
typedef struct ainn_group_tables {
    ainn_symbol_tables *gauss, *prior;
} ainn_group_tables;

ainn_status ainn_group_tables_create(ainn_memory *memory, const ainn_model *model, ainn_group_tables *tables);
void ainn_group_tables_destroy(ainn_memory *memory, ainn_group_tables *tables);

/* Memory and networks for one group at a time; several of them work in parallel. */
typedef struct ainn_group_coder ainn_group_coder;

/* For groups of at most hx x hy latents. `pool` may be NULL. A coder that does not encode takes less memory. */
ainn_status ainn_group_coder_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                    const ainn_group_tables *tables, uint32_t hx, uint32_t hy, int encodes, ainn_group_coder **coder);
void ainn_group_coder_destroy(ainn_memory *memory, ainn_group_coder *coder);

/* Latents as the decoder has them after the last call: [hy * hx][M]. */
const int16_t *ainn_group_coder_latents(const ainn_group_coder *coder);

/* Seconds spent in networks and in entropy coding since the coder was created. */
void ainn_group_coder_seconds(const ainn_group_coder *coder, double *networks, double *coding);

/* ---- Encoding ---- */

/* The factor of each channel from the `squeeze` output's integers to those that are coded. */
typedef struct ainn_gain {
    uint32_t quality_code;
    int16_t shift[1024];
    int32_t mantissa[1024];
} ainn_gain;

void ainn_gain_init(ainn_gain *gain, const ainn_model *model, uint32_t quality_code);

/* The integers that are coded, before rounding to whole steps, of `positions` positions with M channels. */
void ainn_gain_apply(const ainn_gain *gain, const ainn_model *model, const int16_t *latents, size_t positions, int16_t *out);

/* Both streams of an encoded group; they stay until the coder's next call. */
typedef struct ainn_group_streams {
    const uint8_t *z, *y;
    size_t z_size, y_size;
} ainn_group_streams;

/* Where the cost of each position goes, in units of 2^-16 bits; rows are `step` elements apart. */
typedef struct ainn_group_costs {
    uint64_t *cost;                           /* NULL: not wanted */
    size_t step;
} ainn_group_costs;

/* For an encoder that searches for better latents. All have rows [hx][M], `step` elements apart. */
typedef struct ainn_group_search {
    const int16_t *targets;                   /* what the decoder's latents should be near to, in place of what the gain makes of `latents` */
    int16_t *coded, *means;                   /* the decoder's latents and their means ... */
    uint8_t *indices;                         /* ... and scale indices */
    size_t step;
} ainn_group_search;

/* latents: [hy][hx][M], rows `row_step` elements apart. search: NULL for none. */
void ainn_group_encode(ainn_group_coder *coder, const int16_t *latents, size_t row_step, uint32_t hx, uint32_t hy, const ainn_gain *gain,
                       const ainn_quantiser *quantiser, const ainn_group_costs *costs, const ainn_group_search *search, ainn_group_streams *streams);

/* ---- Decoding ---- */

typedef struct ainn_group_input {
    uint32_t quality_code;
    const uint8_t *z, *y;
    size_t z_size, z_available;               /* of a stream that was cut, only the first bytes are there */
    size_t y_size, y_available;
    int skip_latents;                         /* every v = 0: a preview, or latents that are known to be damaged */
} ainn_group_input;

typedef struct ainn_group_report {
    uint64_t elements;                        /* latents that the stream codes */
    uint64_t decoded;                         /* ... and that were there */
    int hyper_whole, latents_whole;           /* the streams ended as they must */
    int hyper_broken, latents_broken;         /* a stream that was not cut ended wrongly */
} ainn_group_report;

/* bit_cost: NULL, or [hy * hx] numbers to which the cost of each position is added, in units of 2^-16 bits. */
void ainn_group_decode(ainn_group_coder *coder, const ainn_group_input *input, uint32_t hx, uint32_t hy,
                       ainn_group_report *report, uint64_t *bit_cost);

#endif
