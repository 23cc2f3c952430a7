/* The decoder's insides: the open frame, what stays between frames, and the work on one picture. */
#ifndef AINN_API_DECODER_H
#define AINN_API_DECODER_H

#include "api/bank.h"
#include "container/alpha.h"
#include "container/error.h"
#include "container/frame.h"
#include "detail/decode.h"
#include "transform/synthesis.h"

struct ainn_decoder {
    ainn_memory memory;
    ainn_limits limits;
    ainn_allocator allocator;    /* for models that are looked for */
    int has_allocator;
    int model_is_given;          /* else it is the one that the last frame named */
    ainn_model *model;
    const ainn_kernels *kernels;
    ainn_group_tables tables;
    const ainn_model *tables_model;           /* that the tables were made of */
    ainn_pool *pool;
    uint32_t pool_threads;
    ainn_bank bank;
    const uint8_t *data;         /* the open frame; NULL: none */
    size_t size;
    ainn_frame frame;
    ainn_group_part *groups;
    ainn_error error;
    ainn_stats stats;
};

/* Where decoded pixels go. */
typedef struct ainn_output {
    ainn_image image;            /* the caller's, or a strip of its width */
    ainn_write_rows write;       /* NULL: the image takes everything */
    void *opaque;
    void *strip_memory;
} ainn_output;

#define AINN_OUTPUT_ROWS 16      /* of a strip */

/* One picture, or a region of it. */
typedef struct ainn_decode_job {
    ainn_decoder *decoder;
    ainn_decode_options options;
    uint32_t x, y, width, height;             /* region, in pixels */
    uint32_t columns, rows;                   /* latents of the picture */
    uint32_t left, top, right, bottom;        /* latents that are needed for the region */
    ainn_output output;
    int16_t *row_store;                       /* latents of one group row within left .. right: [64][right - left][M] */
    ainn_group_input *inputs;                 /* of a batch of groups */
    ainn_group_report *reports;
    uint64_t **costs;                         /* bit map: of each coder, [64 * 64]; else NULL */
    float *bit_map;                           /* [rows][columns] of the picture */
    ainn_alpha_decoder *alpha;
    uint32_t alpha_row;                       /* next row that `alpha` gives */
    uint16_t *alpha_samples;
    uint32_t *gray;                           /* a row of pixels for each thread */
    ainn_detail_stream *detail_streams;       /* of every group; NULL: no detail layer */
    ainn_detail_decoder *detail;
    uint32_t detail_row;                      /* of cells, that `detail` holds; beyond the last one: none yet */
    uint32_t *corrected;                      /* three rows of pixels for each thread */
    ainn_synthesis *synthesis;
    ainn_damage damage;
    uint64_t elements, decoded;
    ainn_status status;                       /* of work inside callbacks */
} ainn_decode_job;

/* Makes the decoder have the model of the open frame, tables for it and a pool. */
ainn_status ainn_decoder_prepare(ainn_decoder *decoder, uint32_t threads);

/* Decodes groups first .. last of a row of groups into row_store and the bit map, and counts damage. */
ainn_status ainn_decode_group_row(ainn_decode_job *job, uint32_t group_row);

/* Pixels of the synthesis to the output (an ainn_pixel_sink; opaque is the job). */
int ainn_decode_take_pixels(void *opaque, uint32_t first_row, uint32_t rows, const uint32_t *const planes[3], size_t stride);

/* Opens the detail layer of a frame that has one, for the latents left .. right; bit_map as in the job. */
ainn_status ainn_decode_open_detail(ainn_decode_job *job);

/* Whether a group's detail stream can be used. One that can not is forgotten and, without ignore_damage, an error. */
ainn_status ainn_decode_check_detail(ainn_decode_job *job, uint32_t group_row, uint32_t column, int *good);

/* Makes job->detail hold a row of cells; rows ascend. */
ainn_status ainn_decode_detail_row(ainn_decode_job *job, uint32_t row);

/* Opens the alpha stream where the output wants it. */
ainn_status ainn_decode_open_alpha(ainn_decode_job *job);

#endif
