#include "detail/block.h"

#include <string.h>

static int32_t size_of(int32_t value) { return value < 0 ? -value : value; }

static int32_t bounded(int64_t value)
{
    return (int32_t)(value > AINN_DETAIL_LEVEL ? AINN_DETAIL_LEVEL : value < -AINN_DETAIL_LEVEL ? -AINN_DETAIL_LEVEL : value);
}

/* A quantiser: numbers below 2^19 are divided exactly by a reciprocal of 34 bits (step < 2^15). */
typedef struct quantiser {
    int32_t step;
    uint64_t reciprocal;
    const ainn_weigh *weigh;
} quantiser;

static quantiser quantiser_of(int32_t step, const ainn_weigh *weigh)
{
    return (quantiser){ step, (((uint64_t)1 << 34) + (uint64_t)step - 1) / (uint64_t)step, weigh };
}

/* The level nearest to a coefficient. */
static int32_t nearest(const quantiser *q, int32_t coefficient)
{
    int32_t level = (int32_t)((uint64_t)(size_of(coefficient) + q->step / 2) * q->reciprocal >> 34);
    return bounded(coefficient < 0 ? -level : level);
}

static uint64_t distortion(const quantiser *q, int32_t coefficient, int32_t level)
{
    return ainn_weigh_coefficient(q->weigh, coefficient - (int64_t)level * q->step);
}

/* Bits since `before`, in units of J. */
static uint64_t spent(const ainn_detail_coder *coder, uint64_t before) { return (coder->range.cost - before) << 8; }

static uint64_t level_j(ainn_detail_coder *coder, const ainn_detail_site *site, const quantiser *q, int32_t coefficient, int32_t level)
{
    uint64_t before = coder->range.cost;
    ainn_detail_code_level(coder, site, level);
    return distortion(q, coefficient, level) + spent(coder, before);
}

/* The best level at a site whose nearest one is `first`; its J. */
static uint64_t choose_level(ainn_detail_coder *coder, const ainn_detail_site *site, const quantiser *q, int32_t coefficient, int32_t first, int32_t *level)
{
    int32_t prediction = site->prediction, other = bounded(first + (first > prediction ? -1 : 1));
    uint64_t best = UINT64_MAX, j;
    *level = first;
    if (first == prediction)
        return site->sure ? best : level_j(coder, site, q, coefficient, first);
    best = level_j(coder, site, q, coefficient, first);
    if (!(site->sure && other == prediction) && (j = level_j(coder, site, q, coefficient, other)) < best) {
        best = j;
        *level = other;
    }
    if (!site->sure && size_of(first - prediction) == 2 && (j = level_j(coder, site, q, coefficient, prediction)) < best) {
        best = j;
        *level = prediction;
    }
    return best;
}

/* Levels of an own block, as many as may be worth while; their J, and those of places that are left calm. Returns how many. */
static unsigned choose_levels(ainn_detail_coder *coder, int component, uint32_t x, int y, const int32_t coefficients[AINN_DCT_SIZE], const quantiser *q,
                              int32_t prediction, ainn_detail_block *block, uint64_t j[AINN_DCT_SIZE], uint64_t calm_j[AINN_DCT_SIZE])
{
    int32_t first[AINN_DCT_SIZE];
    unsigned length = 0;
    for (unsigned place = 0; place < AINN_DCT_SIZE; place++) {
        int32_t coefficient = coefficients[ainn_zigzag[place]], calm = place ? 0 : prediction;
        first[place] = nearest(q, coefficient);
        if (first[place] != calm)
            length = place + 1;
        calm_j[place] = distortion(q, coefficient, calm);
    }
    block->length = (uint8_t)length;
    for (unsigned place = length; place-- > 0;) {
        ainn_detail_site site;
        int32_t level;
        ainn_detail_find_site(coder, component, x, y, block, (int)place, &site);
        j[place] = choose_level(coder, &site, q, coefficients[ainn_zigzag[place]], first[place], &level);
        block->level[ainn_zigzag[place]] = (int16_t)level;
    }
    return length;
}

/* Levels of an own block; returns J without the way's. */
static uint64_t choose_own(ainn_detail_coder *coder, int component, uint32_t x, int y, const int32_t coefficients[AINN_DCT_SIZE],
                           const quantiser *q, ainn_detail_block *block)
{
    int32_t prediction = ainn_detail_predict(coder, component, x, y);
    uint64_t j[AINN_DCT_SIZE], calm_j[AINN_DCT_SIZE], best = UINT64_MAX, tail = 0, head = 0;
    unsigned context = ainn_detail_length_context(coder, component, x, y), best_length = 0;
    memset(block, 0, sizeof(*block));
    unsigned length = choose_levels(coder, component, x, y, coefficients, q, prediction, block, j, calm_j);
    for (unsigned place = 0; place < AINN_DCT_SIZE; place++)
        tail += calm_j[place];
    for (unsigned n = 0; n <= length; n++) {              /* the first n places */
        if (n) {
            head += j[n - 1];
            tail -= calm_j[n - 1];
        }
        if (n && block->level[ainn_zigzag[n - 1]] == (n > 1 ? 0 : prediction))
            continue;
        uint64_t before = coder->range.cost, all;
        ainn_detail_code_length(coder, component, context, n);
        all = head + tail + spent(coder, before);
        if (all < best) {
            best = all;
            best_length = n;
        }
    }
    for (unsigned place = best_length; place < length; place++)
        block->level[ainn_zigzag[place]] = 0;
    if (!best_length)
        block->level[0] = (int16_t)prediction;
    block->length = (uint8_t)best_length;
    block->coded = 1;
    return best;
}

ainn_detail_way ainn_detail_choose_block(ainn_detail_coder *coder, int component, uint32_t x, int y, const int32_t coefficients[AINN_DCT_SIZE],
                                         int32_t step, const ainn_weigh *weigh)
{
    ainn_detail_block own, *place = ainn_detail_at(coder, component, x, y);
    ainn_detail_way best_way = AINN_DETAIL_OWN;
    const quantiser q = quantiser_of(step, weigh);
    uint64_t before = coder->range.cost, best = choose_own(coder, component, x, y, coefficients, &q, &own);
    coder->range.cost = before;
    ainn_detail_code_way(coder, component, x, y, AINN_DETAIL_OWN);
    best += spent(coder, before);
    *place = own;
    for (int way = AINN_DETAIL_LEFT; way <= AINN_DETAIL_ABOVE; way++) {
        if (!ainn_detail_can_copy(coder, component, x, y, (ainn_detail_way)way))
            continue;
        const ainn_detail_block *from = way == AINN_DETAIL_LEFT ? place - 1 : ainn_detail_above(coder, component, x, y);
        uint64_t j = 0;
        for (int i = 0; i < AINN_DCT_SIZE && j < best; i++)
            j += distortion(&q, coefficients[i], from->level[i]);
        coder->range.cost = before;
        ainn_detail_code_way(coder, component, x, y, (ainn_detail_way)way);
        j += spent(coder, before);
        if (j < best) {
            best = j;
            best_way = (ainn_detail_way)way;
            *place = *from;
            place->copied = 1;
        }
    }
    coder->range.cost = before;
    return best_way;
}
