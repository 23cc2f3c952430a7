/* The detail layer's place in encoding: the picture is coded without it and with it, and the better one is kept.
 *
 * Without: what the network makes of every cell is compared with the source. Beside that, the whole picture is coded by the detail layer
 * alone, over plain grey. Cells where that is better are taken from the network (the picture is filled with smooth colours there, which cost next to nothing) for
 * the second coding, in which the layer corrects what is then synthesised: those cells, their neighbours and wherever else it pays. */
#include "api/encoder.h"

#include <string.h>

#include "detail/choose.h"
#include "detail/encode.h"
#include "image/image.h"

#define LINES 16
#define HEADER_BITS ((uint64_t)AINN_DETAIL_HEADER_BYTES << 19)     /* in units of 2^-16 */

/* Rows of pixels on their way to where they are compared with the source. */
typedef struct pass {
    ainn_encode_job *job;
    ainn_weigh weigh;
    size_t width;                /* of the extended picture */
    uint32_t *u;                 /* [3][LINES][width] */
    uint16_t *samples;           /* [3][LINES][width] */
    ainn_detail_encoder *encoder;             /* NULL: only compared */
    uint64_t *cells;             /* J of each cell's error */
    uint64_t j, squares;
    ainn_status status;
} pass;

/* The quality that squared error is weighed at. A model for MS-SSIM has about the squared error that one for squared error has at three quarters
 * of the quality; weighed at the whole of it, blocks would replace photographs. */
static uint32_t weighed_quality(const ainn_encode_job *job, uint32_t quality_code)
{
    return job->encoder->model->ms_ssim ? quality_code * 3 / 4 : quality_code;
}

static ainn_status open_pass(pass *p, ainn_encode_job *job, uint32_t quality_code)
{
    ainn_memory *memory = &job->encoder->memory;
    memset(p, 0, sizeof(*p));
    p->job = job;
    p->width = (size_t)job->columns * LINES;
    ainn_weigh_init(&p->weigh, weighed_quality(job, quality_code), job->source.depth, ainn_color_planes(job->source.channels));
    if (!(p->u = ainn_alloc_array(memory, p->width, 3 * LINES * sizeof(*p->u))) || !(p->samples = ainn_alloc_array(memory, p->width, 3 * LINES * sizeof(*p->samples))))
        return ainn_memory_status(memory);
    return AINN_OK;
}

static void close_pass(pass *p)
{
    ainn_memory *memory = &p->job->encoder->memory;
    ainn_free_memory(memory, p->u);
    ainn_free_memory(memory, p->samples);
    ainn_detail_encoder_destroy(memory, p->encoder);
}

/* Samples of a row of cells, the picture's edges repeated. */
static ainn_status load_samples(pass *p, uint32_t row)
{
    ainn_source *source = &p->job->source;
    uint32_t first = row * LINES, left = source->height - first, rows = left < LINES ? left : LINES;
    ainn_image strip;
    ainn_status status = ainn_source_strip(source, first, rows, &strip, &p->job->encoder->error);
    if (status != AINN_OK)
        return status;
    for (int plane = 0; plane < ainn_color_planes(source->channels); plane++)
        for (uint32_t y = 0; y < LINES; y++) {
            uint16_t *line = p->samples + ((size_t)plane * LINES + y) * p->width;
            if (y >= rows) {
                memcpy(line, line - p->width, p->width * sizeof(*line));
                continue;
            }
            ainn_image_load(&strip, plane, y, line);
            for (size_t x = source->width; x < p->width; x++)
                line[x] = line[source->width - 1];
        }
    return AINN_OK;
}

static void compare_cells(pass *p, uint32_t row, const uint16_t *const samples[3], const uint32_t *const u[3])
{
    const ainn_source *source = &p->job->source;
    uint32_t left = source->height - row * LINES, height = left < LINES ? left : LINES;
    for (uint32_t x = 0; x < p->job->columns; x++) {
        uint32_t rest = source->width - x * LINES, width = rest < LINES ? rest : LINES;
        const uint16_t *s[3];
        const uint32_t *v[3];
        for (int c = 0; c < 3; c++) {
            s[c] = samples[c] + (size_t)x * LINES;
            v[c] = u[c] + (size_t)x * LINES;
        }
        uint64_t squares = ainn_detail_squares(s, v, p->width, p->width, ainn_color_planes(source->channels), (1u << source->depth) - 1, width, height);
        p->squares += squares;
        p->cells[(size_t)row * p->job->columns + x] = ainn_weigh_samples(&p->weigh, squares);
        p->j += ainn_weigh_samples(&p->weigh, squares);
    }
}

/* A row of cells whose u is complete. */
static ainn_status finish_row(pass *p, uint32_t row)
{
    const uint16_t *samples[3];
    const uint32_t *u[3];
    ainn_status status = load_samples(p, row);
    if (status != AINN_OK)
        return status;
    for (int c = 0; c < 3; c++) {
        samples[c] = p->samples + (size_t)c * LINES * p->width;
        u[c] = p->u + (size_t)c * LINES * p->width;
    }
    if (p->encoder)
        return ainn_detail_encode_row(p->encoder, samples, u, p->width);
    compare_cells(p, row, samples, u);
    return AINN_OK;
}

static int take_rows(void *opaque, uint32_t first_row, uint32_t rows, const uint32_t *const planes[3], size_t stride)
{
    pass *p = opaque;
    for (uint32_t i = 0; i < rows && p->status == AINN_OK; i++) {
        uint32_t row = first_row + i, line = row % LINES;
        for (size_t c = 0; c < 3; c++)
            memcpy(p->u + (c * LINES + line) * p->width, planes[c] + i * stride, p->width * sizeof(*p->u));
        if (line == LINES - 1)
            p->status = finish_row(p, row / LINES);
    }
    return p->status != AINN_OK;
}

/* Codes the picture and lets the pass see what the decoder will synthesise. */
static ainn_status code_and_see(pass *p, uint32_t quality_code)
{
    ainn_encode_job *job = p->job;
    ainn_encoder *encoder = job->encoder;
    ainn_status status = ainn_synthesis_create(&encoder->memory, encoder->model, encoder->kernels, encoder->pool, quality_code, job->columns, job->rows,
                                               take_rows, p, &job->synthesis);
    if (status == AINN_OK)
        status = ainn_encode_all(job, quality_code);
    ainn_synthesis_destroy(job->synthesis);
    job->synthesis = NULL;
    return p->status != AINN_OK ? p->status : status;
}

static uint64_t stream_bits(const ainn_encoder *encoder)
{
    return (uint64_t)(encoder->hyper.size + encoder->latents.size) << 19;
}

/* ---- The three codings ---- */

/* Without the layer: each cell's J to `cells`. */
static ainn_status code_plain(ainn_encode_job *job, uint32_t quality_code, uint64_t *cells, uint64_t *j, uint64_t *squares)
{
    pass p;
    size_t count = (size_t)job->columns * job->rows;
    ainn_status status = open_pass(&p, job, quality_code);
    p.cells = cells;
    memset(job->costs, 0, count * sizeof(*job->costs));
    if (status == AINN_OK)
        status = code_and_see(&p, quality_code);
    close_pass(&p);
    for (size_t i = 0; i < count; i++)
        cells[i] += job->costs[i];
    *j = p.j + stream_bits(job->encoder);
    *squares = p.squares;
    return status;
}

static ainn_status open_encoder(pass *p, uint32_t quality_code, uint64_t *cells, const uint8_t *choice)
{
    const ainn_source *source = &p->job->source;
    return ainn_detail_encoder_create(&p->job->encoder->memory, p->job->encoder->pool, source->width, source->height, source->depth,
                                      ainn_color_planes(source->channels), weighed_quality(p->job, quality_code), cells, choice, &p->encoder);
}

/* By the layer alone, over plain grey: each cell's J with each quantiser to `cells`. */
static ainn_status code_alone(ainn_encode_job *job, uint32_t quality_code, uint64_t *cells)
{
    pass p;
    ainn_status status = open_pass(&p, job, quality_code);
    if (status == AINN_OK)
        status = open_encoder(&p, quality_code, cells, NULL);
    for (size_t i = 0; status == AINN_OK && i < 3 * LINES * p.width; i++)
        p.u[i] = 32768;
    for (uint32_t row = 0; row < job->rows && status == AINN_OK; row++)
        status = finish_row(&p, row);
    close_pass(&p);
    return status;
}

/* With the layer over the latents in job->store; the extension to encoder->detail. */
static ainn_status code_both(ainn_encode_job *job, uint32_t quality_code, const uint8_t *choice, uint64_t *j, uint64_t *squares)
{
    pass p;
    ainn_detail_result result = { 0, 0 };
    ainn_status status = open_pass(&p, job, quality_code);
    if (status == AINN_OK)
        status = open_encoder(&p, quality_code, NULL, choice);
    if (status == AINN_OK)
        status = code_and_see(&p, quality_code);
    if (status == AINN_OK)
        status = ainn_detail_encode_finish(p.encoder, &job->encoder->detail, &result);
    close_pass(&p);
    *j = result.j + stream_bits(job->encoder) + HEADER_BITS;
    *squares = result.squares;
    return status;
}

/* ---- The filled picture ---- */

static void swap_stores(ainn_encode_job *job)
{
    int16_t *store = job->store;
    job->store = job->other_store;
    job->other_store = store;
}

/* Analyses the picture with its masked cells filled; the latents go to the other store. */
static ainn_status analyse_filled(ainn_encode_job *job, const uint8_t *mask)
{
    ainn_encoder *encoder = job->encoder;
    ainn_fill fill;
    if (!job->other_store)
        job->other_store = ainn_alloc_array(&encoder->memory, (size_t)job->columns * job->rows, (size_t)encoder->model->M * sizeof(*job->other_store));
    if (!job->other_store)
        return ainn_memory_status(&encoder->memory);
    ainn_status status = ainn_fill_create(&encoder->memory, job->source.image, job->columns, job->rows, mask, &fill);
    if (status != AINN_OK)
        return status;
    job->fill = &fill;
    swap_stores(job);
    status = ainn_encode_analyse(job);
    swap_stores(job);
    job->fill = NULL;
    ainn_fill_destroy(&encoder->memory, &fill);
    return status;
}

/* ---- Choice ---- */

/* A model for MS-SSIM puts bits into textures, for which squared error gives no credit: what it makes of a cell counts half. Returns J of the
 * whole, alike. */
static uint64_t credit(const ainn_encode_job *job, const ainn_survey *s, uint64_t j)
{
    size_t count = (size_t)s->columns * s->rows;
    if (!job->encoder->model->ms_ssim)
        return j;
    for (size_t i = 0; i < count; i++)
        s->network[i] /= 2;
    return j / 2;
}

static ainn_status choose(ainn_encode_job *job, uint32_t quality_code, const ainn_survey *s, uint64_t *squares)
{
    ainn_encoder *encoder = job->encoder;
    uint64_t plain_j, both_j, plain_squares, both_squares;
    ainn_status status = code_plain(job, quality_code, s->network, &plain_j, &plain_squares);
    *squares = plain_squares;
    if (status != AINN_OK || (status = code_alone(job, quality_code, s->layer)) != AINN_OK)
        return status;
    uint64_t least = credit(job, s, plain_j);
    ainn_choose_quantisers(s);
    if (ainn_choose_cells(s) >= least)
        return AINN_OK;
    if ((status = analyse_filled(job, s->mask)) != AINN_OK)
        return status;
    ainn_encode_swap_streams(job);
    swap_stores(job);
    status = code_both(job, quality_code, s->choice, &both_j, &both_squares);
    swap_stores(job);
    if (status == AINN_OK && encoder->detail.size && both_j < plain_j) {
        *squares = both_squares;
        return AINN_OK;
    }
    ainn_encode_swap_streams(job);
    ainn_buffer_clear(&encoder->detail);
    return status;
}

ainn_status ainn_encode_with_detail(ainn_encode_job *job, uint32_t quality_code, uint64_t *squares)
{
    ainn_memory *memory = &job->encoder->memory;
    size_t count = (size_t)job->columns * job->rows;
    ainn_survey s = { job->columns, job->rows, NULL, NULL, NULL, NULL };
    ainn_status status = AINN_OK;
    ainn_buffer_clear(&job->encoder->detail);
    if (!(s.network = ainn_alloc_array(memory, count, sizeof(*s.network))) || !(s.layer = ainn_alloc_array(memory, count, AINN_DETAIL_TRIALS * sizeof(*s.layer))) ||
        !(s.choice = ainn_alloc_array(memory, job->group_columns, job->group_rows)) || !(s.mask = ainn_alloc(memory, count)))
        status = ainn_memory_status(memory);
    if (status == AINN_OK)
        status = choose(job, quality_code, &s, squares);
    if (status == AINN_ERROR_LIMIT) {                     /* then the picture goes without, now and in further calls */
        ainn_buffer_clear(&job->encoder->detail);
        job->detail = 0;
        status = ainn_encode_all(job, quality_code);
    }
    ainn_free_memory(memory, s.network);
    ainn_free_memory(memory, s.layer);
    ainn_free_memory(memory, s.choice);
    ainn_free_memory(memory, s.mask);
    return status;
}
