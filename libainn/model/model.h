/*
 * A model as the other parts see it: layers and tables that point into the model's data (format-spec/model.md).
 *
 * The loader checks everything once; afterwards a model is immutable, but for packed copies of its weights, and may be read by any
 * number of threads.
 */
#ifndef AINN_MODEL_H
#define AINN_MODEL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "ainn.h"
#include "kernels/kernels.h"
#include "util/memory.h"

#define AINN_MAX_LEVELS 8
#define AINN_MAX_COUPLINGS 16
#define AINN_QUALITIES 8
#define AINN_SCALE_ENTRIES 4096   /* of scale_index: one for four scale inputs */
#define AINN_MAX_QUALITY_CODE 1792
#define AINN_PRIOR_BANDS 4        /* of qualities, that the tables of hyperlatents differ for */
#define AINN_PRIOR_BAND_SHIFT 9   /* from a quality code to its band */
#define AINN_PRIOR_REACH 3        /* ... and contexts from -3 to 3 */
#define AINN_PRIOR_CONTEXTS (2 * AINN_PRIOR_REACH + 1)
#define AINN_FDSM_CHANNELS 12     /* of a stream at half resolution: three colours, 2x2 positions */
#define AINN_FDSM_PADDED 16
#define AINN_BOTH_PADDED 32       /* both streams side by side at half resolution */
#define AINN_MEANS_PADDED 48      /* three window means of 12 channels */
#define AINN_WIDE_BOUND 32767     /* of latents and of their means */

/* A layer of the model: dense as the kernels want it, and what the plans need to know. */
typedef struct ainn_layer {
    ainn_dense dense;             /* bias without the quality's part */
    int in;                       /* input channels of one tap, a multiple of 16 */
    int taps;                     /* 1, 9 or 25 */
    const int32_t *quality_bias;  /* [8][out], or NULL */
    _Atomic(uint8_t *) packed;    /* of dense, once it was needed; see ainn_layer_for() */
    size_t packed_block;          /* ... written before it */
} ainn_layer;

/* pointwise, depthwise, pointwise: inside couplings and residuals */
typedef struct ainn_bottleneck {
    ainn_layer a;
    ainn_depthwise b;
    ainn_layer c;
} ainn_bottleneck;

typedef struct ainn_model_coupling {
    ainn_bottleneck f, g;
} ainn_model_coupling;

typedef struct ainn_model_level {
    int squeezes, couplings, hidden, keep, pdm_width, lapped;
    int in, channels;             /* of a stream before and after the squeezes */
    ainn_layer lap_w, lap_winv;   /* where lapped */
    ainn_layer w, winv;
    ainn_model_coupling coupling[AINN_MAX_COUPLINGS];
    ainn_layer down[2], up[2];    /* where keep < channels, as rec */
    ainn_bottleneck rec[2];
    ainn_bottleneck pdm[2];       /* where pdm_width > 0 */
} ainn_model_level;

/* Frequency tables of the entropy coder (format-spec/bitstream.md). */
typedef struct ainn_model_tables {
    int tables;
    const int32_t *offset, *count, *start;   /* [tables] */
    const uint16_t *cum;                     /* table i: cum[start[i]] .. cum[start[i] + count[i] - 1], then 65536 */
    size_t cum_size;
} ainn_model_tables;

typedef struct ainn_arena ainn_arena;

struct ainn_model {
    atomic_uint references;
    pthread_mutex_t lock;         /* held while layers are packed */
    ainn_arena *arena;            /* of packed layers */
    ainn_memory memory;           /* of this struct and of `owned` */
    void *owned;                  /* the data where the model had to copy or read it, else NULL */
    uint32_t id;
    uint64_t bytes;
    char name[33];
    int ms_ssim;                  /* trained for MS-SSIM, else for squared error */

    int M, N, Z;                  /* channels of latents, of the entropy networks, of hyperlatents */
    int y_frac, pixel_frac, z_max, z_frac;
    int levels;
    ainn_model_level level[AINN_MAX_LEVELS];

    ainn_layer fdsm_l, fdsm_h, fdsm_l2, fdsm_h2;
    ainn_layer squeeze, low, high;
    ainn_bottleneck cfrm[2];
    ainn_layer fine_a, fine_c;
    ainn_layer synthesise_a, synthesise_b, synthesise_c;
    ainn_layer ha0, ha2, ha4;
    ainn_layer hs0, hs3, hs6;
    ainn_layer red[3];
    ainn_layer context[4][3];     /* ctx.S.1, ctx.S.3, ctx.S.5 */

    const int32_t *gain, *inverse_gain;      /* [8][M] */
    const uint16_t *exp2_table;              /* [257] */
    const int16_t (*scale)[64];              /* [2][64] */
    const int16_t (*sigmoid)[64];            /* [2][64] */
    const uint8_t *scale_index;              /* [4096] */
    ainn_model_tables gauss, prior;          /* 64 tables; [band][context][Z] */
    const int32_t *prior_middle;             /* [Z] */
};

/* Reads and checks a model in place. `trusted`: the data is known good (embedded), the slow checks are left out.
 * On success the struct is filled but for references, lock, memory and owned. */
ainn_status ainn_model_parse(ainn_model *model, const void *data, size_t size, int trusted, char *message, size_t message_size);

/* A layer for these kernels, packed if they want it and the layer has that many positions to work on. Any thread. Without memory
 * for it the layer is not packed, and works. */
ainn_dense ainn_layer_for(const ainn_model *model, const ainn_layer *layer, const ainn_kernels *kernels, uint64_t positions);
void ainn_model_free_packed(ainn_model *model);

/* Thousands of multiply-accumulates a pixel: analysis, entropy networks of the decoder, synthesis. */
void ainn_model_count_macs(const ainn_model *model, double kmac[3]);

/* bias[o] of a layer at a quality code, its quality bias interpolated; out: [layer->dense.out] */
void ainn_layer_bias_at(const ainn_layer *layer, uint32_t quality_code, int32_t *out);

/* The value of a table [8][channels] at a quality code, for one channel. */
int32_t ainn_interpolate(const int32_t *table, size_t channels, size_t channel, uint32_t quality_code);

/* A number in units of 2^-16 octaves as mantissa and shift: the factor is mantissa * 2^-shift (arithmetic.md, step 2). */
void ainn_exp2(const ainn_model *model, int32_t exponent, int32_t *mantissa, int *shift);

#endif
