#include "detail/cells.h"

#include <string.h>

#define ROW_BLOCKS (AINN_DETAIL_BLOCKS + 1)
#define UNARY_LEVELS 3           /* magnitudes from here on have an exponent */
#define MAX_EXPONENT 16

ainn_status ainn_detail_coder_create(ainn_memory *memory, int components, unsigned depth, ainn_detail_coder *coder)
{
    size_t row = (size_t)components * ROW_BLOCKS;
    memset(coder, 0, sizeof(*coder));
    coder->components = components;
    coder->memory = ainn_alloc_array(memory, 3 * row, sizeof(*coder->memory));
    if (!coder->memory)
        return ainn_memory_status(memory);
    for (int i = 0; i < 3; i++)
        coder->row[i] = coder->memory + (size_t)i * row;
    ainn_status status = ainn_paint_create(memory, components, depth, &coder->paint);
    if (status != AINN_OK)
        ainn_detail_coder_destroy(memory, coder);
    return status;
}

void ainn_detail_coder_destroy(ainn_memory *memory, ainn_detail_coder *coder)
{
    ainn_free_memory(memory, coder->memory);
    coder->memory = NULL;
    ainn_paint_destroy(memory, &coder->paint);
}

void ainn_detail_coder_start(ainn_detail_coder *coder, uint32_t columns, uint32_t rows)
{
    coder->columns = columns;
    coder->rows = rows;
    ainn_chance_init((ainn_chance *)&coder->chances, sizeof(coder->chances) / sizeof(ainn_chance));
    memset(coder->memory, 0, 3 * (size_t)coder->components * ROW_BLOCKS * sizeof(*coder->memory));
    memset(coder->kind, AINN_DETAIL_PLAIN, sizeof(coder->kind));
    coder->left = AINN_DETAIL_PLAIN;
    ainn_paint_start(&coder->paint);
}

void ainn_detail_next_row(ainn_detail_coder *coder)
{
    ainn_detail_block *above = coder->row[0];
    coder->row[0] = coder->row[2];
    coder->row[2] = above;
    coder->left = AINN_DETAIL_PLAIN;
    ainn_paint_next_row(&coder->paint);
}

static int is_coded(const ainn_detail_block *block) { return block->coded; }

static void clear_blocks(ainn_detail_coder *coder, uint32_t x)
{
    for (int c = 0; c < coder->components; c++)
        for (int y = 0; y < 2; y++)
            memset(ainn_detail_at(coder, c, 2 * x, y), 0, 2 * sizeof(ainn_detail_block));
}

ainn_detail_kind ainn_detail_code_cell(ainn_detail_coder *coder, uint32_t x, ainn_detail_kind kind)
{
    uint8_t left = coder->left, above = coder->kind[x];
    if (!ainn_range_bit(&coder->range, &coder->chances.cell[left][above], kind != AINN_DETAIL_PLAIN))
        kind = AINN_DETAIL_PLAIN;
    else
        kind = ainn_range_bit(&coder->range, &coder->chances.painted[left][above], kind == AINN_DETAIL_PAINTED) ? AINN_DETAIL_PAINTED : AINN_DETAIL_BLOCKED;
    if (coder->range.mode >= AINN_RANGE_MEASURE)
        return kind;
    coder->left = coder->kind[x] = (uint8_t)kind;
    if (kind != AINN_DETAIL_BLOCKED)
        clear_blocks(coder, x);
    if (kind != AINN_DETAIL_PAINTED)
        ainn_paint_clear(&coder->paint, x);
    return kind;
}

int ainn_detail_can_copy(const ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way)
{
    return way == AINN_DETAIL_LEFT ? is_coded(ainn_detail_at(coder, component, x, y) - 1) : is_coded(ainn_detail_above(coder, component, x, y));
}

ainn_detail_way ainn_detail_code_way(ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way)
{
    const ainn_detail_block *left = ainn_detail_at(coder, component, x, y) - 1, *above = ainn_detail_above(coder, component, x, y);
    int kind = component > 0, context = left->copied + above->copied;
    if (!left->coded && !above->coded)
        return AINN_DETAIL_OWN;
    if (!ainn_range_bit(&coder->range, &coder->chances.copy[kind][context], way != AINN_DETAIL_OWN))
        return AINN_DETAIL_OWN;
    if (!left->coded)
        return AINN_DETAIL_ABOVE;
    if (!above->coded)
        return AINN_DETAIL_LEFT;
    return ainn_range_bit(&coder->range, &coder->chances.above[kind][context], way == AINN_DETAIL_ABOVE) ? AINN_DETAIL_ABOVE : AINN_DETAIL_LEFT;
}

/* 0 for 0, else one more than the number's whole binary logarithm. */
static unsigned bits_of(uint32_t value)
{
    static const uint8_t small[16] = { 0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4 };
    unsigned bits = 0;
    for (; value > 15; value >>= 4)
        bits += 4;
    return bits + small[value];
}

unsigned ainn_detail_length_context(const ainn_detail_coder *coder, int component, uint32_t x, int y)
{
    const ainn_detail_block *left = ainn_detail_at(coder, component, x, y) - 1, *above = ainn_detail_above(coder, component, x, y);
    unsigned context = bits_of(left->coded ? left->length : above->length) + bits_of(above->coded ? above->length : left->length);
    if (component) {
        context += 2 * bits_of(ainn_detail_at(coder, component - 1, x, y)->length) + 1;
        context >>= 1;
    }
    return (context + 1) >> 1;
}

unsigned ainn_detail_code_length(ainn_detail_coder *coder, int component, unsigned context, unsigned length)
{
    unsigned wanted = bits_of(length), found = 0;
    int kind = component > 0;
    while (found < 7 && ainn_range_bit(&coder->range, &coder->chances.length[kind][context][found], wanted > found))
        found++;
    if (found < 2)
        return found;
    if (found == 7)
        return AINN_DCT_SIZE;
    uint32_t node = 1;
    for (unsigned bit = found - 1; bit-- > 0;)
        node = node << 1 | (uint32_t)ainn_range_bit(&coder->range, &coder->chances.length_bits[kind][found][node], (int)(length >> bit & 1));
    return node;
}

int32_t ainn_detail_predict(const ainn_detail_coder *coder, int component, uint32_t x, int y)
{
    const ainn_detail_block *left = ainn_detail_at(coder, component, x, y) - 1, *above = ainn_detail_above(coder, component, x, y), *corner = above - 1;
    int32_t l = left->level[0], a = above->level[0], c = corner->level[0];
    if (!left->coded || !above->coded)
        return left->coded ? l : above->coded ? a : 0;
    if (!corner->coded)
        return (l + a) >> 1;
    int32_t low = l < a ? l : a, high = l < a ? a : l;
    return c >= high ? low : c <= low ? high : l + a - c;
}

static int32_t size_of(int32_t value) { return value < 0 ? -value : value; }

/* Classes of sums of magnitudes, finer where they are small. */
static unsigned fine_class(int32_t sum)
{
    static const uint8_t classes[24] = { 0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8 };
    return classes[sum < 23 ? sum : 23];
}

static unsigned coarse_class(int32_t sum)
{
    static const uint8_t classes[10] = { 0, 1, 2, 3, 3, 4, 4, 4, 4, 5 };
    return classes[sum < 9 ? sum : 9];
}

/* Magnitudes at higher frequencies of the same block. */
static int32_t activity(const ainn_detail_block *block, unsigned u, unsigned v)
{
    const int16_t *level = block->level + 8 * v + u;
    int32_t sum = 0;
    if (u < 7)
        sum += 2 * size_of(level[1]);
    if (v < 7)
        sum += 2 * size_of(level[8]);
    if (u < 7 && v < 7)
        sum += size_of(level[9]);
    if (u < 6)
        sum += size_of(level[2]);
    if (v < 6)
        sum += size_of(level[16]);
    return sum;
}

static unsigned place_class(int place)
{
    static const uint8_t classes[AINN_DCT_SIZE] = {
        0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
        5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6
    };
    return classes[place];
}

/* Magnitude of what is not zero. */
static uint32_t code_magnitude(ainn_detail_coder *coder, int kind, int first, unsigned context, uint32_t magnitude)
{
    ainn_range *range = &coder->range;
    ainn_detail_chances *chances = &coder->chances;
    for (uint32_t n = 1; n < UNARY_LEVELS; n++)
        if (!ainn_range_bit(range, &chances->more[kind][first][context][n - 1], magnitude > n))
            return n;
    unsigned wanted = bits_of(magnitude - UNARY_LEVELS + 1) - 1, exponent = 0;
    while (exponent < MAX_EXPONENT && ainn_range_bit(range, &chances->exponent[kind][first][context][exponent < 15 ? exponent : 15], wanted > exponent))
        exponent++;
    uint32_t rest = magnitude - UNARY_LEVELS + 1, value = 1;
    unsigned left = exponent;
    if (left) {
        int bit = ainn_range_bit(range, &chances->mantissa[kind][first][exponent][0], (int)(rest >> --left & 1));
        value = 2 | (uint32_t)bit;
    }
    if (left)
        value = value << 1 | (uint32_t)ainn_range_bit(range, &chances->mantissa[kind][first][exponent][1], (int)(rest >> --left & 1));
    value = value << left | ainn_range_even(range, left, rest & ((1u << left) - 1));
    return value + UNARY_LEVELS - 1;
}

static int sign_of(int32_t value) { return value < 0 ? 2 : value > 0; }

void ainn_detail_find_site(ainn_detail_coder *coder, int component, uint32_t x, int y, const ainn_detail_block *block, int place, ainn_detail_site *site)
{
    const ainn_detail_block *left = ainn_detail_at(coder, component, x, y) - 1, *above = ainn_detail_above(coder, component, x, y);
    unsigned at = ainn_zigzag[place];
    int kind = component > 0;
    int32_t near = activity(block, at & 7, at >> 3), around;
    site->kind = kind;
    site->first = place == 0;
    site->sure = place + 1 == block->length;
    if (site->first) {
        around = left->coded && above->coded ? size_of(left->level[0] - above->level[0]) + size_of(left->level[0] - (above - 1)->level[0]) : 2;
        site->context = bits_of((uint32_t)around);
        site->prediction = ainn_detail_predict(coder, component, x, y);
        site->sign = &coder->chances.first_sign[kind][0];
    } else {
        around = size_of(left->level[at]) + size_of(above->level[at]);
        if (component)
            around += size_of(ainn_detail_at(coder, component - 1, x, y)->level[at]) >> 1;
        site->context = fine_class((near + 2 * around) >> 1);
        site->prediction = 0;
        site->sign = &coder->chances.sign[kind][3 * sign_of(left->level[at]) + sign_of(above->level[at])];
    }
    site->context = site->context > 9 ? 9 : site->context;
    site->zero = &coder->chances.zero[kind][place_class(place)][fine_class(near)][coarse_class(around)];
}

int32_t ainn_detail_code_level(ainn_detail_coder *coder, const ainn_detail_site *site, int32_t level)
{
    int32_t value = level - site->prediction;
    if (!site->sure && !ainn_range_bit(&coder->range, site->zero, value != 0)) {
        value = 0;
    } else {
        int32_t magnitude = (int32_t)code_magnitude(coder, site->kind, site->first, site->context, (uint32_t)size_of(value));
        value = ainn_range_bit(&coder->range, site->sign, value < 0) ? -magnitude : magnitude;
    }
    value += site->prediction;
    return value > AINN_DETAIL_LEVEL ? AINN_DETAIL_LEVEL : value < -AINN_DETAIL_LEVEL ? -AINN_DETAIL_LEVEL : value;
}

void ainn_detail_code_block(ainn_detail_coder *coder, int component, uint32_t x, int y, ainn_detail_way way, ainn_detail_block *block)
{
    int decodes = coder->range.mode == AINN_RANGE_DECODE;
    way = ainn_detail_code_way(coder, component, x, y, way);
    if (way != AINN_DETAIL_OWN) {
        const ainn_detail_block *from = way == AINN_DETAIL_LEFT ? ainn_detail_at(coder, component, x, y) - 1 : ainn_detail_above(coder, component, x, y);
        if (coder->range.mode >= AINN_RANGE_MEASURE)
            return;
        *block = *from;
        block->copied = 1;
        return;
    }
    unsigned length = ainn_detail_code_length(coder, component, ainn_detail_length_context(coder, component, x, y), block->length);
    if (decodes) {
        memset(block, 0, sizeof(*block));
        block->length = (uint8_t)length;
    }
    for (int place = (int)length; place-- > 0;) {
        ainn_detail_site site;
        ainn_detail_find_site(coder, component, x, y, block, place, &site);
        int32_t level = ainn_detail_code_level(coder, &site, block->level[ainn_zigzag[place]]);
        if (decodes)
            block->level[ainn_zigzag[place]] = (int16_t)level;
    }
    if (!length && decodes)
        block->level[0] = (int16_t)ainn_detail_predict(coder, component, x, y);
    block->coded = 1;
    block->copied = 0;
}

void ainn_detail_coefficients(const ainn_detail_block *block, int32_t step, int32_t coefficients[AINN_DCT_SIZE])
{
    for (int i = 0; i < AINN_DCT_SIZE; i++) {
        int64_t value = (int64_t)block->level[i] * step;
        coefficients[i] = (int32_t)(value > AINN_DCT_BOUND ? AINN_DCT_BOUND : value < -AINN_DCT_BOUND ? -AINN_DCT_BOUND : value);
    }
}

/* The rotation of the network's components (arithmetic.md, step 7). */
void ainn_detail_add(uint32_t *const u[3], const int32_t *const samples[3], int components, uint32_t count)
{
    for (uint32_t x = 0; x < count; x++) {
        int32_t a = samples[0][x], b = components > 1 ? samples[1][x] : 0, c = components > 1 ? samples[2][x] : 0;
        int32_t change[3] = { 4730 * a + 5793 * b + 3344 * c, 4730 * a - 6689 * c, 4730 * a - 5793 * b + 3344 * c };
        for (int k = 0; k < 3; k++) {
            int32_t value = (int32_t)u[k][x] + ((change[k] + 1024) >> 11);
            u[k][x] = (uint32_t)(value < 0 ? 0 : value > 65536 ? 65536 : value);
        }
    }
}
