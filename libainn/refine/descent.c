#include "refine/descent.h"

#include <string.h>

#include "detail/weigh.h"
#include "transform/fdsm.h"

#define MOST_SIDE 40              /* latents of a window; each takes about 0.13 MiB */
#define OVERLAP 2                 /* ... of which so many at inner edges are only seen, not changed: one would do nearly as well, none would not */
#define BUCKETS 8192              /* of gains, by exponent and ten bits of mantissa */
#define BUCKET_SHIFT 18

/* Of a picture's side: what a window changes, so that all windows have about the same size; and what it sees at most. */
static uint32_t changed_side(uint32_t total)
{
    const uint32_t most = MOST_SIDE - 2 * OVERLAP, parts = total <= MOST_SIDE ? 1 : (total - 1) / most + 1;

    return (total - 1) / parts + 1;
}

static uint32_t seen_side(uint32_t total)
{
    const uint32_t side = changed_side(total) + 2 * OVERLAP;

    return side < total ? side : total;
}

uint64_t ainn_descent_memory(const ainn_model *model, uint32_t columns, uint32_t rows)
{
    return (uint64_t)columns * rows * (uint64_t)model->M * (3 * sizeof(int16_t) + 1) + ainn_gradient_memory(model, seen_side(columns), seen_side(rows));
}

ainn_status ainn_descent_create(ainn_descent *descent, ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                const ainn_symbol_tables *gauss, uint32_t quality_code, uint32_t columns, uint32_t rows)
{
    const size_t elements = (size_t)columns * rows * (size_t)model->M;
    const uint32_t width = seen_side(columns), height = seen_side(rows);
    const size_t window = (size_t)width * height * (size_t)model->M;
    ainn_weigh weigh;

    memset(descent, 0, sizeof *descent);
    descent->memory = memory;
    descent->model = model;
    descent->gauss = gauss;
    descent->columns = columns;
    descent->rows = rows;
    descent->side[0] = changed_side(columns);
    descent->side[1] = changed_side(rows);
    ainn_weigh_init(&weigh, quality_code, 8, 3);
    descent->bits_per_square = (float)weigh.sample / (float)(1 << weigh.shift) / 65536 * (255.0f / 65536) * (255.0f / 65536);
    descent->curvature = 4.5f + 0.4f * (float)quality_code / 256;
    descent->haste = 0.4f + 0.12f * (float)quality_code / 256;
    if (!(descent->targets = ainn_alloc_array(memory, elements, sizeof *descent->targets)) ||
        !(descent->coded = ainn_alloc_array(memory, elements, sizeof *descent->coded)) ||
        !(descent->means = ainn_alloc_array(memory, elements, sizeof *descent->means)) ||
        !(descent->indices = ainn_alloc_array(memory, elements, 1)) ||
        !(descent->gains = ainn_alloc_array(memory, window, sizeof *descent->gains)) ||
        !(descent->changes = ainn_alloc_array(memory, window, 1)))
        return ainn_memory_status(memory);
    return ainn_gradient_create(memory, model, kernels, pool, quality_code, width, height, &descent->gradient);
}

void ainn_descent_destroy(ainn_descent *descent)
{
    ainn_gradient_destroy(descent->gradient);
    ainn_free_memory(descent->memory, descent->targets);
    ainn_free_memory(descent->memory, descent->coded);
    ainn_free_memory(descent->memory, descent->means);
    ainn_free_memory(descent->memory, descent->indices);
    ainn_free_memory(descent->memory, descent->gains);
    ainn_free_memory(descent->memory, descent->changes);
}

/* ---- One window ---- */

typedef struct window {
    uint32_t x, y, width, height;             /* in latents: what is seen ... */
    uint32_t left, top, right, bottom;        /* ... and what of it is changed, from its corner */
} window;

/* The larger one of two numbers by chance between 0 and 1, the same for the same a and b. */
static float chance(uint32_t a, uint32_t b)
{
    uint32_t h = a * 0x9E3779B1u ^ (b + 0x7F4A7C15u) * 0x85EBCA77u, one, two;

    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    h ^= h >> 15;
    one = h & 0xFFFF;
    two = h >> 16;
    return (float)(one > two ? one : two) / 65536;
}

static float bits(const ainn_symbol_table *table, int32_t value)
{
    return (float)ainn_symbol_cost(table, value) / 65536;
}

/* The better one of both changes of a latent, if it saves anything. */
static float best_change(const ainn_descent *descent, size_t at, float derivative, int8_t *change)
{
    const ainn_symbol_table *table = &descent->gauss->tables[descent->indices[at]];
    const int32_t value = (descent->coded[at] - descent->means[at]) >> descent->model->y_frac;
    const float slope = derivative * descent->bits_per_square, now = bits(table, value) - descent->curvature;
    const float up = now - slope - bits(table, value + 1), down = now + slope - bits(table, value - 1);

    *change = up > down ? 1 : -1;
    return up > down ? up : down;
}

static size_t element(const ainn_descent *descent, uint32_t x, uint32_t y)
{
    return ((size_t)y * descent->columns + x) * (size_t)descent->model->M;
}

/* Gains and changes of a row of the window; returns how many there are. */
static size_t survey_row(const ainn_descent *descent, const window *w, uint32_t y, const float *derivatives, uint32_t counts[BUCKETS])
{
    const size_t channels = (size_t)descent->model->M;
    size_t found = 0;

    for (uint32_t x = w->left; x < w->right; x++) {
        const size_t at = element(descent, w->x + x, w->y + y), in = ((size_t)y * w->width + x) * channels;

        for (size_t k = 0; k < channels; k++) {
            float gain = descent->indices[at + k] ? best_change(descent, at + k, derivatives[in + k], &descent->changes[in + k]) : 0;
            uint32_t order;

            gain *= chance((uint32_t)(at + k), descent->round);
            descent->gains[in + k] = gain > 0 ? gain : 0;
            if (gain <= 0)
                continue;
            memcpy(&order, &gain, sizeof order);
            counts[order >> BUCKET_SHIFT]++;
            found++;
        }
    }
    return found;
}

static int16_t clamped(int32_t value)
{
    return (int16_t)(value > AINN_WIDE_BOUND ? AINN_WIDE_BOUND : value < -AINN_WIDE_BOUND ? -AINN_WIDE_BOUND : value);
}

static void change_row(const ainn_descent *descent, const window *w, uint32_t y, uint32_t least)
{
    const size_t channels = (size_t)descent->model->M;

    for (uint32_t x = w->left; x < w->right; x++) {
        const size_t at = element(descent, w->x + x, w->y + y), in = ((size_t)y * w->width + x) * channels;

        for (size_t k = 0; k < channels; k++) {
            uint32_t order;

            descent->targets[at + k] = descent->coded[at + k];
            memcpy(&order, &descent->gains[in + k], sizeof order);
            if (descent->gains[in + k] > 0 && order >> BUCKET_SHIFT >= least)
                descent->targets[at + k] = clamped(descent->coded[at + k] + descent->changes[in + k] * (1 << descent->model->y_frac));
        }
    }
}

/* Forwards; returns the distortion of what the window changes, in bits. */
static double see_window(ainn_descent *descent, const window *w, ainn_descent_fill fill, void *opaque)
{
    const size_t row_step = (size_t)descent->columns * (size_t)descent->model->M;

    ainn_gradient_window(descent->gradient, w->width, w->height);
    fill(opaque, descent->gradient, w->x * AINN_LATENT_PIXELS, w->y * AINN_LATENT_PIXELS, w->width * AINN_LATENT_PIXELS, w->height * AINN_LATENT_PIXELS);
    ainn_gradient_forward(descent->gradient, descent->coded + element(descent, w->x, w->y), row_step);
    return ainn_gradient_squares(descent->gradient, w->left, w->top, w->right, w->bottom) * (double)descent->bits_per_square;
}

static void change_window(ainn_descent *descent, const window *w)
{
    const float left = (float)(descent->rounds - descent->round) / (float)descent->rounds;
    const float share = descent->share * descent->haste * left * (left + 1) / 2;
    const float *derivatives = ainn_gradient_backward(descent->gradient);
    uint32_t counts[BUCKETS] = {0}, least = BUCKETS;
    size_t found = 0, wanted;

    for (uint32_t y = w->top; y < w->bottom; y++)
        found += survey_row(descent, w, y, derivatives, counts);
    wanted = (size_t)(share * (float)found);
    for (size_t above = 0; least > 0 && above < wanted; above += counts[least])
        least--;
    for (uint32_t y = w->top; y < w->bottom; y++)
        change_row(descent, w, y, least);
}

/* Where a window begins and ends that is to change `side` latents from `first` on. */
static void place(uint32_t first, uint32_t side, uint32_t total, uint32_t *begin, uint32_t *size, uint32_t *from, uint32_t *to)
{
    const uint32_t last = total - first < side ? total : first + side;
    const uint32_t end = total - last < OVERLAP ? total : last + OVERLAP;

    *begin = first < OVERLAP ? 0 : first - OVERLAP;
    *size = end - *begin;
    *from = first - *begin;
    *to = last - *begin;
}

static double each_window(ainn_descent *descent, ainn_descent_fill fill, void *opaque, int changes)
{
    double distortion = 0;

    for (uint32_t y = 0; y < descent->rows; y += descent->side[1])
        for (uint32_t x = 0; x < descent->columns; x += descent->side[0]) {
            window w;

            place(x, descent->side[0], descent->columns, &w.x, &w.width, &w.left, &w.right);
            place(y, descent->side[1], descent->rows, &w.y, &w.height, &w.top, &w.bottom);
            distortion += see_window(descent, &w, fill, opaque);
            if (changes)
                change_window(descent, &w);
        }
    return distortion;
}

double ainn_descent_round(ainn_descent *descent, ainn_descent_fill fill, void *opaque)
{
    const double distortion = each_window(descent, fill, opaque, 1);

    descent->round++;
    return distortion;
}

double ainn_descent_measure(ainn_descent *descent, ainn_descent_fill fill, void *opaque)
{
    return each_window(descent, fill, opaque, 0);
}
