/* The quality for a target size or PSNR: the analysis has been done, only the gain, the entropy coder and, for a PSNR, the
 * synthesis run again. */
#include "api/encoder.h"

#include <string.h>

#include "image/image.h"
#include "util/clock.h"

/* ---- PSNR of the picture as coded ---- */

typedef struct comparison {
    ainn_encode_job *job;
    ainn_image strip;
    uint32_t strip_row;          /* first row of the strip; the next one to read is behind it */
    uint16_t *samples;           /* [width] */
    uint64_t squares;            /* sum of squared differences */
    ainn_status status;
} comparison;

/* Makes the strip hold a row; rows come in order. */
static int reach_row(comparison *c, uint32_t y)
{
    ainn_source *source = &c->job->source;
    if (c->strip.height && y < c->strip_row + c->strip.height)
        return 1;
    uint32_t left = source->height - y;
    c->strip_row = y;
    c->status = ainn_source_strip(source, y, left < AINN_STRIP_ROWS ? left : AINN_STRIP_ROWS, &c->strip, &c->job->encoder->error);
    return c->status == AINN_OK;
}

static uint64_t compare_row(const uint16_t *samples, const uint32_t *const u[3], int gray, int plane, uint32_t width, uint32_t max)
{
    uint64_t sum = 0;
    for (uint32_t x = 0; x < width; x++) {
        uint32_t value = gray ? (u[0][x] + 2 * u[1][x] + u[2][x] + 2) >> 2 : u[plane][x];
        int64_t difference = (int64_t)samples[x] - (int64_t)((value * max + 32768) >> 16);
        sum += (uint64_t)(difference * difference);
    }
    return sum;
}

static int compare_rows(void *opaque, uint32_t first_row, uint32_t rows, const uint32_t *const planes[3], size_t stride)
{
    comparison *c = opaque;
    const ainn_source *source = &c->job->source;
    int planes_used = ainn_color_planes(source->channels);
    for (uint32_t i = 0; i < rows && first_row + i < source->height; i++) {
        const uint32_t *u[3] = { planes[0] + i * stride, planes[1] + i * stride, planes[2] + i * stride };
        if (!reach_row(c, first_row + i))
            return 1;
        for (int plane = 0; plane < planes_used; plane++) {
            ainn_image_load(&c->strip, plane, first_row + i - c->strip_row, c->samples);
            c->squares += compare_row(c->samples, u, planes_used == 1, plane, source->width, (1u << source->depth) - 1);
        }
    }
    return 0;
}

/* dB; a perfect picture reaches every target. */
static double psnr_of(const ainn_source *source, uint64_t squares)
{
    uint64_t count = (uint64_t)source->width * source->height * (uint64_t)ainn_color_planes(source->channels);
    if (!squares)
        return 200;
    double octaves = 2.0 * ainn_log2((1u << source->depth) - 1) + ainn_log2(count) - ainn_log2(squares);
    return octaves / 65536 * 3.010299956639812;
}

/* Codes the picture, with the detail layer where that is considered. */
static ainn_status encode_at(ainn_encode_job *job, uint32_t code)
{
    uint64_t squares;
    return job->detail ? ainn_encode_with_detail(job, code, &squares) : ainn_encode_all(job, code);
}

ainn_status ainn_encode_measured(ainn_encode_job *job, uint32_t code, uint64_t *squares)
{
    ainn_encoder *encoder = job->encoder;
    comparison c;
    memset(&c, 0, sizeof(c));
    c.job = job;
    c.samples = ainn_alloc_array(&encoder->memory, job->source.width, sizeof(uint16_t));
    if (!c.samples)
        return ainn_memory_status(&encoder->memory);
    ainn_status status = ainn_synthesis_create(&encoder->memory, encoder->model, encoder->kernels, encoder->pool, code, job->columns, job->rows,
                                               compare_rows, &c, &job->synthesis);
    if (status == AINN_OK)
        status = ainn_encode_all(job, code);
    ainn_synthesis_destroy(job->synthesis);
    job->synthesis = NULL;
    ainn_free_memory(&encoder->memory, c.samples);
    *squares = c.squares;
    return c.status != AINN_OK ? c.status : status;
}

ainn_status ainn_encode_unrefined(ainn_encode_job *job, uint32_t code, uint64_t *squares)
{
    return job->detail ? ainn_encode_with_detail(job, code, squares) : ainn_encode_measured(job, code, squares);
}

static ainn_status measure_psnr(ainn_encode_job *job, uint32_t code, double *value)
{
    uint64_t squares = 0;
    ainn_status status = ainn_encode_unrefined(job, code, &squares);
    *value = psnr_of(&job->source, squares);
    return status;
}

/* ---- Size ---- */

/* In octaves, which grow about linearly with the quality code. */
static ainn_status measure_size(ainn_encode_job *job, uint32_t code, double *value)
{
    ainn_frame_content content;
    ainn_status status = encode_at(job, code);
    if (status != AINN_OK)
        return status;
    ainn_encode_content(job, &content);
    *value = ainn_log2(ainn_frame_size(&content)) / 65536.0;
    return AINN_OK;
}

static int fits(const ainn_encode_job *job)
{
    ainn_frame_content content;
    ainn_encode_content(job, &content);
    return ainn_frame_size(&content) <= job->options.target_size;
}

/* ---- Search ---- */

/* A bracket of quality codes: `low` is below the target (for a size: not above it), `high` is not. */
typedef struct bracket {
    int low, high;
    double low_value, high_value;
    int low_known, high_known;
} bracket;

/* The next code to try: where a straight line meets the target; the middle now and then, so that bent curves end too. */
static int next_code(const bracket *b, double target, double slope, int round)
{
    int code = (b->low + b->high) / 2;
    if (b->low_known && b->high_known && b->high_value > b->low_value && round % 4 != 3)
        code = b->low + (int)((b->high - b->low) * (target - b->low_value) / (b->high_value - b->low_value));
    else if (b->low_known && !b->high_known && round < 4)
        code = b->low + (int)((target - b->low_value) / slope) + 8;
    else if (b->high_known && !b->low_known && round < 4)
        code = b->high - (int)((b->high_value - target) / slope) - 8;
    return code <= b->low ? b->low + 1 : code >= b->high ? b->high - 1 : code;
}

/* ---- With latents that were searched for ---- */

#define REFINED_CODINGS 4        /* a search takes seconds */

/* The picture has been coded without a search at a quality that suits the target. With one it is better at the same quality, so that another
 * quality suits better; the best one of a few is taken, if it is better than what there was. */
static ainn_status refine_for_target(ainn_encode_job *job, int chosen, double target, double slope)
{
    int for_size = job->options.target_size != 0, best = -1, coded = -1;
    uint64_t plain, squares = 0, best_squares = 0, plain_bytes, best_bytes = 0;
    ainn_frame_content content;
    ainn_status status = ainn_encode_unrefined(job, (uint32_t)chosen, &plain);
    ainn_encode_content(job, &content);
    plain_bytes = ainn_frame_size(&content);
    for (int i = 0, code = chosen; i < REFINED_CODINGS && status == AINN_OK && code != coded && code >= 0 && code <= AINN_QUALITY_MAX; i++) {
        status = ainn_encode_refined(job, (uint32_t)code, &squares);
        ainn_encode_content(job, &content);
        double value = for_size ? ainn_log2(ainn_frame_size(&content)) / 65536.0 : psnr_of(&job->source, squares);
        coded = code;
        if ((for_size ? fits(job) : value >= target) && (best < 0 || (for_size ? code > best : code < best))) {
            best = code;
            best_squares = squares;
            best_bytes = ainn_frame_size(&content);
        }
        double steps = (target - value) / slope * 1.2;                       /* rather too far than four times short of it */
        code += (int)steps - (for_size ? steps < 0 : -(steps > 0));
    }
    if (status != AINN_OK)
        return status;
    if (best < 0 || (for_size ? best_squares >= plain : best_bytes >= plain_bytes))
        return encode_at(job, (uint32_t)chosen);
    return best == coded ? AINN_OK : ainn_encode_refined(job, (uint32_t)best, &squares);
}

ainn_status ainn_encode_for_target(ainn_encode_job *job)
{
    int for_size = job->options.target_size != 0;
    double target = for_size ? ainn_log2(job->options.target_size) / 65536.0 : job->options.target_psnr;
    double slope = for_size ? 0.003 : 0.012;              /* a code, typically */
    double reached = 0;
    bracket b = { -1, AINN_QUALITY_MAX + 1, 0, 0, 0, 0 };
    int coded = -1;
    for (int round = 0; b.high - b.low > 1; round++) {
        double value = 0;
        coded = next_code(&b, target, slope, round);
        ainn_status status = for_size ? measure_size(job, (uint32_t)coded, &value) : measure_psnr(job, (uint32_t)coded, &value);
        if (status != AINN_OK)
            return status;
        reached = value;
        if (for_size ? fits(job) : value < target) {
            b.low = coded;
            b.low_value = value;
            b.low_known = 1;
        } else {
            b.high = coded;
            b.high_value = value;
            b.high_known = 1;
        }
    }
    int chosen = for_size ? b.low : b.high;
    if (chosen < 0) {
        ainn_frame_content content;
        ainn_encode_content(job, &content);
        return ainn_fail(&job->encoder->error, AINN_ERROR_TARGET, "a target of %llu bytes is too small: quality 0 takes %llu",
                         (unsigned long long)job->options.target_size, (unsigned long long)ainn_frame_size(&content));
    }
    if (chosen > AINN_QUALITY_MAX)
        return ainn_fail(&job->encoder->error, AINN_ERROR_TARGET, "a target of %.2f dB is out of reach: quality 100 gives %.2f", target, reached);
    ainn_status status = chosen == coded ? AINN_OK : encode_at(job, (uint32_t)chosen);
    if (status != AINN_OK || !job->refine)
        return status;
    return refine_for_target(job, chosen, target, slope);
}
