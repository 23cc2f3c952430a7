#include "detail/block.h"

#include <string.h>

static int32_t size_of(int32_t value) { return value < 0 ? -value : value; }

static int32_t bounded(int64_t value)
{
    return (int32_t)(value > AINN_DETAIL_LEVEL ? AINN_DETAIL_LEVEL : value < -AINN_DETAIL_LEVEL ? -AINN_DETAIL_LEVEL : value);
}

/* The level nearest to a coefficient. */
static int32_t nearest(int32_t coefficient, int32_t step)
{
    int32_t level = (size_of(coefficient) + step / 2) / step;
    return bounded(coefficient < 0 ? -level : level);
}

static uint64_t distortion(int32_t step, const ainn_weigh *weigh, int32_t coefficient, int32_t level)
{
    return ainn_weigh_coefficient(weigh, coefficient - (int64_t)level * step);
}

/* Bits since `before`, in units of J. */
static uint64_t spent(const ainn_detail_coder *coder, uint64_t before) { return (coder->range.cost - before) << 8; }

static uint64_t level_cost(ainn_detail_coder *coder, int component, uint32_t x, int y, const ainn_detail_block *block, int place, int32_t level)
{
    uint64_t before = coder->range.cost;
    ainn_detail_code_level(coder, component, x, y, block, place, level);
    return spent(coder, before);
}

/* The best level of one place, those above it being chosen; its J. */
static uint64_t choose_level(ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_block *block, int place, int32_t coefficient,
                             int32_t step, const ainn_weigh *weigh)
{
    int32_t prediction = place ? 0 : ainn_detail_predict(coder, component, x, y), first = nearest(coefficient, step), best_level = first;
    int32_t toward = first > prediction ? -1 : 1;
    int must_differ = place + 1 == block->length;
    uint64_t best = UINT64_MAX;
    for (int trial = 0; trial < 3; trial++) {
        int32_t level = trial == 0 ? first : trial == 1 ? bounded(first + toward) : prediction;
        if ((must_differ && level == prediction) || (trial && first == prediction) || (trial == 2 && (size_of(first - prediction) < 2 || size_of(first - prediction) > 2)))
            continue;
        uint64_t j = distortion(step, weigh, coefficient, level) + level_cost(coder, component, x, y, block, place, level);
        if (j < best) {
            best = j;
            best_level = level;
        }
    }
    block->level[ainn_zigzag[place]] = (int16_t)best_level;
    return best;
}

/* Levels of an own block; returns J without the way's. */
static uint64_t choose_own(ainn_detail_coder *coder, int component, uint32_t x, int y, const int32_t coefficients[AINN_DCT_SIZE],
                           int32_t step, const ainn_weigh *weigh, ainn_detail_block *block)
{
    int32_t prediction = ainn_detail_predict(coder, component, x, y);
    uint64_t j[AINN_DCT_SIZE], dropped[AINN_DCT_SIZE];    /* of each place; where it is predicted or zero */
    uint64_t best = UINT64_MAX, tail = 0, head = 0;
    unsigned length = 0, best_length = 0;
    memset(block, 0, sizeof(*block));
    for (unsigned place = 0; place < AINN_DCT_SIZE; place++) {
        int32_t coefficient = coefficients[ainn_zigzag[place]], calm = place ? 0 : prediction;
        if (nearest(coefficient, step) != calm)
            length = place + 1;
        dropped[place] = distortion(step, weigh, coefficient, calm);
        tail += dropped[place];
    }
    block->length = (uint8_t)length;
    for (unsigned place = length; place-- > 0;)
        j[place] = choose_level(coder, component, x, y, block, (int)place, coefficients[ainn_zigzag[place]], step, weigh);
    for (unsigned n = 0; n <= length; n++) {              /* the first n places */
        if (n) {
            head += j[n - 1];
            tail -= dropped[n - 1];
        }
        if (n && block->level[ainn_zigzag[n - 1]] == (n > 1 ? 0 : prediction))
            continue;
        uint64_t before = coder->range.cost, all;
        ainn_detail_code_length(coder, component, x, y, n);
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
    uint64_t before = coder->range.cost, best = choose_own(coder, component, x, y, coefficients, step, weigh, &own);
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
            j += distortion(step, weigh, coefficients[i], from->level[i]);
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
