/* The encoder's insides: what stays between pictures, and the work on one picture. */
#ifndef AINN_API_ENCODER_H
#define AINN_API_ENCODER_H

#include "api/bank.h"
#include "api/source.h"
#include "container/bytes.h"
#include "container/error.h"
#include "container/frame.h"
#include "detail/fill.h"
#include "transform/analysis.h"
#include "transform/synthesis.h"

struct ainn_encoder {
    ainn_memory memory;
    ainn_limits limits;
    ainn_model *model;
    const ainn_kernels *kernels;
    ainn_group_tables tables;
    ainn_pool *pool;
    uint32_t pool_threads;
    ainn_bank bank;
    ainn_buffer hyper, latents, alpha;        /* streams of the picture */
    ainn_buffer detail;                       /* the detail extension; empty: none */
    ainn_buffer other_hyper, other_latents;   /* streams of the picture coded another way, put aside */
    ainn_buffer frame;
    ainn_error error;
    ainn_stats stats;
};

#define AINN_DETAIL_HEADER_BYTES 12           /* of a detail layer's extension in the frame's header, and its CRC */

/* One picture. */
typedef struct ainn_encode_job {
    ainn_encoder *encoder;
    ainn_source source;
    ainn_encode_options options;
    uint32_t columns, rows;                   /* of latents */
    uint32_t group_columns, group_rows;
    int detail;                               /* the detail layer is considered */
    int refine;                               /* better latents are looked for */
    int keep;                                 /* the latents of the whole picture stay, to be coded more than once */
    int16_t *store;                           /* [rows of a group row, or all rows][columns][M] */
    int16_t *other_store;                     /* of a filled picture */
    uint64_t *group_sizes;                    /* z, y of each group */
    uint64_t *other_sizes;                    /* ... of the streams put aside */
    uint64_t *costs;                          /* of each latent position, in units of 2^-16 bits; NULL: not wanted */
    ainn_group_search search;                 /* of the whole picture; targets NULL: none */
    const ainn_fill *fill;                    /* cells to be filled before the analysis; NULL: none */
    uint32_t quality_code;                    /* that the group rows are coded with */
    ainn_gain gain;
    ainn_quantiser quantiser;
    ainn_group_streams *streams;              /* of a batch of groups */
    ainn_synthesis *synthesis;                /* while a PSNR is measured; gets the latents that were coded */
    int16_t *decoded;                         /* ... one group row of them */
    double seconds_coding;                    /* elapsed inside ainn_encode_group_row() */
    ainn_status status;                       /* of work inside callbacks */
} ainn_encode_job;

/* Pixels to latents; without job->keep every group row is coded as soon as it is complete. */
ainn_status ainn_encode_analyse(ainn_encode_job *job);

/* Exchanges the streams with those that were put aside. */
void ainn_encode_swap_streams(ainn_encode_job *job);

/* Sets the quality of what is coded next. */
void ainn_encode_set_quality(ainn_encode_job *job, uint32_t quality_code);

/* Codes a row of groups and appends its streams. */
ainn_status ainn_encode_group_row(ainn_encode_job *job, uint32_t group_row);

/* Codes the whole picture from kept latents; earlier streams are dropped. */
ainn_status ainn_encode_all(ainn_encode_job *job, uint32_t quality_code);

/* The same; *squares: of differences of samples between the source and what a decoder will make of the streams. */
ainn_status ainn_encode_measured(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares);

/* The same, with a detail layer where that is considered and better. */
ainn_status ainn_encode_unrefined(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares);

/* The same, with latents that a decoder makes more of where that is better. squares may be NULL, which is faster. */
ainn_status ainn_encode_refined(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares);

/* What the frame is made of, as coded last. */
void ainn_encode_content(const ainn_encode_job *job, ainn_frame_content *content);

/* The same, with and without the detail layer; leaves the better coding. *squares: of differences of samples. */
ainn_status ainn_encode_with_detail(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares);

/* Finds the quality for a target size or PSNR and leaves the picture coded with it. */
ainn_status ainn_encode_for_target(ainn_encode_job *job);

#endif
