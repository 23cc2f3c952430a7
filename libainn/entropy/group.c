#include "entropy/group.h"

#include <string.h>

#include "entropy/context.h"
#include "entropy/rans.h"
#include "util/clock.h"

#define ONE_STATE_POSITIONS 256  /* larger groups code their latents with two states */

struct ainn_group_coder {
    const ainn_model *model;
    const ainn_group_tables *tables;
    ainn_group_net *net;
    int16_t *latents;            /* [position][M], as the decoder has them */
    int16_t *hyper;              /* [position][Z] */
    int16_t *mean;               /* of one step: [position][M / 4] */
    uint8_t *index;
    int16_t *scaled;             /* encoder: latents after the gain */
    uint8_t *hyper_stream;       /* encoder: filled from its end */
    size_t hyper_capacity;
    uint8_t *stream;             /* encoder: symbols from its beginning, in coding order, and the stream from its end */
    size_t capacity;
    double seconds_networks, seconds_coding;
};

ainn_status ainn_group_tables_create(ainn_memory *memory, const ainn_model *model, ainn_group_tables *tables)
{
    const ainn_model_tables *gauss = &model->gauss, *prior = &model->prior;
    tables->gauss = tables->prior = NULL;
    ainn_status status = ainn_symbol_tables_create(memory, gauss->tables, gauss->offset, gauss->count, gauss->start, gauss->cum, &tables->gauss);
    if (status == AINN_OK)
        status = ainn_symbol_tables_create(memory, prior->tables, prior->offset, prior->count, prior->start, prior->cum, &tables->prior);
    if (status != AINN_OK)
        ainn_group_tables_destroy(memory, tables);
    return status;
}

void ainn_group_tables_destroy(ainn_memory *memory, ainn_group_tables *tables)
{
    ainn_symbol_tables_destroy(memory, tables->gauss);
    ainn_symbol_tables_destroy(memory, tables->prior);
    tables->gauss = tables->prior = NULL;
}

static ainn_status take_memory(ainn_memory *memory, ainn_group_coder *coder, uint32_t hx, uint32_t hy, int encodes)
{
    size_t positions = (size_t)hx * hy, elements = positions * (size_t)coder->model->M;
    size_t hyper = (size_t)ainn_hyper_size(hx) * ainn_hyper_size(hy) * (size_t)coder->model->Z;
    if (!(coder->latents = ainn_alloc_array(memory, elements, sizeof(int16_t))) ||
        !(coder->hyper = ainn_alloc_array(memory, hyper, sizeof(int16_t))) ||
        !(coder->mean = ainn_alloc_array(memory, elements / 4, sizeof(int16_t))) ||
        !(coder->index = ainn_alloc_array(memory, elements / 4, 1)))
        return ainn_memory_status(memory);
    if (!encodes)
        return AINN_OK;
    coder->capacity = AINN_RANS_BOUND(elements);
    coder->hyper_capacity = AINN_RANS_BOUND(hyper);
    if (!(coder->scaled = ainn_alloc_array(memory, elements, sizeof(int16_t))) ||
        !(coder->hyper_stream = ainn_alloc_sparse(memory, coder->hyper_capacity)) ||
        !(coder->stream = ainn_alloc_sparse(memory, coder->capacity)))
        return ainn_memory_status(memory);
    return AINN_OK;
}

ainn_status ainn_group_coder_create(ainn_memory *memory, const ainn_model *model, const ainn_kernels *kernels, ainn_pool *pool,
                                    const ainn_group_tables *tables, uint32_t hx, uint32_t hy, int encodes, ainn_group_coder **result)
{
    *result = NULL;
    ainn_group_coder *coder = ainn_alloc(memory, sizeof(*coder));
    if (!coder)
        return ainn_memory_status(memory);
    coder->model = model;
    coder->tables = tables;
    ainn_status status = take_memory(memory, coder, hx, hy, encodes);
    if (status == AINN_OK)
        status = ainn_group_net_create_sized(memory, model, kernels, pool, hx, hy, &coder->net);
    if (status != AINN_OK) {
        ainn_group_coder_destroy(memory, coder);
        return status;
    }
    *result = coder;
    return AINN_OK;
}

void ainn_group_coder_destroy(ainn_memory *memory, ainn_group_coder *coder)
{
    if (!coder)
        return;
    ainn_group_net_destroy(coder->net);
    ainn_free_memory(memory, coder->latents);
    ainn_free_memory(memory, coder->hyper);
    ainn_free_memory(memory, coder->mean);
    ainn_free_memory(memory, coder->index);
    ainn_free_memory(memory, coder->scaled);
    ainn_free_memory(memory, coder->hyper_stream);
    ainn_free_memory(memory, coder->stream);
    ainn_free_memory(memory, coder);
}

const int16_t *ainn_group_coder_latents(const ainn_group_coder *coder)
{
    return coder->latents;
}

void ainn_group_coder_seconds(const ainn_group_coder *coder, double *networks, double *coding)
{
    *networks = coder->seconds_networks;
    *coding = coder->seconds_coding;
}

static int16_t clamp_latent(int64_t value)
{
    return (int16_t)(value > AINN_WIDE_BOUND ? AINN_WIDE_BOUND : value < -AINN_WIDE_BOUND ? -AINN_WIDE_BOUND : value);
}

/* The latent that a value stands for; a damaged stream may hold any value. */
static int16_t reconstruct(int32_t mean, int32_t value, int frac)
{
    return clamp_latent(mean + (int64_t)value * (1 << frac));
}

/* Whether none of eight scale indices needs coding. */
static int eight_are_zero(const uint8_t *index)
{
    uint64_t eight;
    memcpy(&eight, index, 8);
    return eight == 0;
}

/* The table of channel k of the hyperlatents at position p: by the band of the quality, and by how far the values to the left and
 * above lie from the channel's middle, together. Outside the group they are like the other one, or the middle. */
static const ainn_symbol_table *prior_table(const ainn_group_coder *coder, uint32_t quality_code, size_t zx, size_t p, size_t k)
{
    size_t channels = (size_t)coder->model->Z, band = quality_code >> AINN_PRIOR_BAND_SHIFT;
    const int16_t *here = coder->hyper + p * channels + k;
    int32_t middle = coder->model->prior_middle[k];
    int32_t above = p >= zx ? here[-(ptrdiff_t)(zx * channels)] : p ? here[-(ptrdiff_t)channels] : middle;
    int32_t left = p % zx ? here[-(ptrdiff_t)channels] : above;
    int32_t context = left + above - 2 * middle;
    context = context > AINN_PRIOR_REACH ? AINN_PRIOR_REACH : context < -AINN_PRIOR_REACH ? -AINN_PRIOR_REACH : context;
    return &coder->tables->prior->tables[(band * AINN_PRIOR_CONTEXTS + (size_t)(context + AINN_PRIOR_REACH)) * channels + k];
}

/* One context step, timed. */
static void run_step(ainn_group_coder *coder, int step)
{
    double start = ainn_seconds();
    ainn_context_step(coder->net, step, coder->latents, coder->mean, coder->index);
    coder->seconds_networks += ainn_seconds() - start;
}

/* ---- Encoding ---- */

void ainn_gain_init(ainn_gain *gain, const ainn_model *model, uint32_t quality_code)
{
    gain->quality_code = quality_code;
    for (int k = 0; k < model->M; k++) {
        int shift;
        int32_t exponent = ainn_interpolate(model->gain, (size_t)model->M, (size_t)k, quality_code);
        ainn_exp2(model, exponent, &gain->mantissa[k], &shift);
        gain->shift[k] = (int16_t)shift;
    }
}

/* |value| < 2^15 and mantissa <= 2^15, so that 32 bits hold the product and its rounding up to a shift of 30.
 * A loaded model's shifts are -10 or more. */
static int16_t apply_gain(int32_t value, int32_t mantissa, int shift)
{
    if (shift > 30)
        return 0;
    if (shift > 0)
        return clamp_latent((value * mantissa + (1 << (shift - 1))) >> shift);
    return clamp_latent((int64_t)value * mantissa * ((int64_t)1 << -shift));
}

void ainn_gain_apply(const ainn_gain *gain, const ainn_model *model, const int16_t *latents, size_t positions, int16_t *out)
{
    size_t channels = (size_t)model->M;
    for (size_t p = 0; p < positions; p++, latents += channels, out += channels)
        for (size_t k = 0; k < channels; k++)
            out[k] = apply_gain(latents[k], gain->mantissa[k], gain->shift[k]);
}

/* A gathered symbol: scale index and value in one word. */
static uint32_t pack_symbol(uint32_t index, int32_t value) { return index << 24 | ((uint32_t)value & 0xFFFFFF); }
static int32_t symbol_value(uint32_t packed) { return (int32_t)(packed << 8) >> 8; }

/* Quantises what step codes; returns where the next symbol goes. */
static uint32_t *gather_step(ainn_group_coder *coder, int step, uint32_t hx, uint32_t hy, const ainn_quantiser *quantiser,
                             const ainn_group_costs *costs, const ainn_group_search *search, uint32_t *symbol)
{
    size_t channels = (size_t)coder->model->M, quarter = channels / 4;
    const int16_t *mean = coder->mean;
    const uint8_t *index = coder->index;
    int frac = coder->model->y_frac;
    for (uint32_t y = 0; y < hy; y++) {
        for (uint32_t x = 0; x < hx; x++, mean += quarter, index += quarter) {
            size_t first = ((size_t)y * hx + x) * channels + (size_t)ainn_coded_group(step, y, x) * quarter;
            const int16_t *in = coder->scaled + first;
            int16_t *out = coder->latents + first;
            uint64_t cost = 0;
            memcpy(out, mean, quarter * sizeof(*out));
            if (search) {
                size_t at = y * search->step + first % (hx * channels);
                memcpy(search->means + at, mean, quarter * sizeof(*mean));
                memcpy(search->indices + at, index, quarter);
            }
            for (size_t k = 0; k < quarter; k++) {
                if (!(k & 7) && eight_are_zero(index + k)) {
                    k += 7;
                    continue;
                }
                /* Without branches, which could not be foreseen: what is not coded is 0 and overwritten by the next symbol. */
                uint32_t coded = index[k] != 0;
                int32_t value = ainn_quantise(quantiser, index[k], in[k] - mean[k]) * (int32_t)coded;
                out[k] = reconstruct(mean[k], value, frac);
                *symbol = pack_symbol(index[k], value);
                symbol += coded;
                if (costs->cost && coded)
                    cost += ainn_symbol_cost(&coder->tables->gauss->tables[index[k]], value);
            }
            if (costs->cost)
                costs->cost[y * costs->step + x] += cost;
        }
    }
    return symbol;
}

/* The cost of a position of z is shared by the latents under it. */
static void share_cost(uint64_t cost, size_t p, uint32_t hx, uint32_t hy, size_t step, uint64_t *costs)
{
    uint32_t zx = ainn_hyper_size(hx), left = (uint32_t)(p % zx) * 4, top = (uint32_t)(p / zx) * 4;
    uint32_t right = left + 4 < hx ? left + 4 : hx, bottom = top + 4 < hy ? top + 4 : hy;
    for (uint32_t y = top; y < bottom; y++)
        for (uint32_t x = left; x < right; x++)
            costs[(size_t)y * step + x] += cost / ((right - left) * (bottom - top));
}

static void cost_hyper(const ainn_group_coder *coder, uint32_t hx, uint32_t hy, uint32_t quality_code, const ainn_group_costs *costs)
{
    size_t channels = (size_t)coder->model->Z, zx = ainn_hyper_size(hx), positions = zx * ainn_hyper_size(hy);
    for (size_t p = 0; p < positions; p++) {
        uint64_t cost = 0;
        for (size_t k = 0; k < channels; k++)
            cost += ainn_symbol_cost(prior_table(coder, quality_code, zx, p, k), coder->hyper[p * channels + k]);
        share_cost(cost, p, hx, hy, costs->step, costs->cost);
    }
}

static void encode_hyper(ainn_group_coder *coder, uint32_t hx, uint32_t hy, uint32_t quality_code, ainn_group_streams *streams)
{
    size_t channels = (size_t)coder->model->Z, zx = ainn_hyper_size(hx), positions = zx * ainn_hyper_size(hy);
    ainn_rans_encoder rans;
    ainn_rans_encode_start(&rans, 1, coder->hyper_stream + coder->hyper_capacity);
    for (size_t i = positions * channels; i-- > 0;)
        ainn_rans_encode(&rans, i, prior_table(coder, quality_code, zx, i / channels, i % channels), coder->hyper[i]);
    ainn_rans_encode_finish(&rans);
    streams->z = rans.next;
    streams->z_size = (size_t)(rans.end - rans.next);
}

/* Copies between a group's latents and rows of a picture's. */
static void copy_rows(int16_t *to, size_t to_step, const int16_t *from, size_t from_step, size_t width, uint32_t rows)
{
    for (uint32_t y = 0; y < rows; y++, to += to_step, from += from_step)
        memcpy(to, from, width * sizeof(*to));
}

void ainn_group_encode(ainn_group_coder *coder, const int16_t *latents, size_t row_step, uint32_t hx, uint32_t hy, const ainn_gain *gain,
                       const ainn_quantiser *quantiser, const ainn_group_costs *costs, const ainn_group_search *search, ainn_group_streams *streams)
{
    double start = ainn_seconds(), networks = coder->seconds_networks;
    size_t positions = (size_t)hx * hy, width = hx * (size_t)coder->model->M;
    for (uint32_t y = 0; y < hy; y++)
        ainn_gain_apply(gain, coder->model, latents + y * row_step, hx, coder->scaled + y * width);
    memset(coder->latents, 0, positions * (size_t)coder->model->M * sizeof(int16_t));
    double before = ainn_seconds();
    ainn_hyper_analysis(coder->net, coder->scaled, hx, hy, coder->hyper);
    ainn_hyper_synthesis(coder->net, coder->hyper, hx, hy);
    coder->seconds_networks += ainn_seconds() - before;
    encode_hyper(coder, hx, hy, gain->quality_code, streams);
    if (costs->cost)
        cost_hyper(coder, hx, hy, gain->quality_code, costs);

    if (search)
        copy_rows(coder->scaled, width, search->targets, search->step, width, hy);

    /* Symbols lie at the beginning of the memory where the stream grows from the end. A symbol that is coded frees 4 bytes and
     * takes at most 6.25, which AINN_RANS_BOUND() allows for all of them, so the two never meet. */
    uint32_t *symbols = (uint32_t *)coder->stream, *end = symbols;
    for (int step = 0; step < AINN_STEPS; step++) {
        run_step(coder, step);
        end = gather_step(coder, step, hx, hy, quantiser, costs, search, end);
    }
    if (search)
        copy_rows(search->coded, search->step, coder->latents, width, width, hy);
    size_t count = (size_t)(end - symbols);
    ainn_rans_encoder rans;
    ainn_rans_encode_start(&rans, positions > ONE_STATE_POSITIONS ? 2 : 1, coder->stream + coder->capacity);
    for (size_t i = count; i-- > 0;)
        ainn_rans_encode(&rans, i, &coder->tables->gauss->tables[symbols[i] >> 24], symbol_value(symbols[i]));
    if (count)
        ainn_rans_encode_finish(&rans);
    streams->y = rans.next;
    streams->y_size = (size_t)(rans.end - rans.next);
    coder->seconds_coding += ainn_seconds() - start - (coder->seconds_networks - networks);
}

/* ---- Decoding ---- */

static void decode_hyper(ainn_group_coder *coder, const ainn_group_input *input, uint32_t hx, uint32_t hy, ainn_group_report *report, uint64_t *bit_cost)
{
    const ainn_model *model = coder->model;
    uint32_t zx = ainn_hyper_size(hx), zy = ainn_hyper_size(hy);
    size_t channels = (size_t)model->Z, positions = (size_t)zx * zy;
    ainn_rans_decoder rans;
    ainn_rans_decode_start(&rans, 1, input->z, input->z_size, input->z_available);
    for (size_t p = 0; p < positions; p++) {
        uint64_t cost = 0;
        for (size_t k = 0; k < channels; k++) {
            const ainn_symbol_table *table = prior_table(coder, input->quality_code, zx, p, k);
            int32_t value = model->prior_middle[k];
            if (ainn_rans_decode(&rans, table, &value) && bit_cost)
                cost += ainn_symbol_cost(table, value);
            coder->hyper[p * channels + k] = (int16_t)(value > model->z_max ? model->z_max : value < -model->z_max ? -model->z_max : value);
        }
        if (bit_cost)
            share_cost(cost, p, hx, hy, hx, bit_cost);
    }
    report->hyper_whole = rans.elements == positions * channels && ainn_rans_decode_finish(&rans);
    report->hyper_broken = !report->hyper_whole && input->z_available >= input->z_size;
    if (report->hyper_broken)    /* what came before the damage cannot be told from what came after */
        for (size_t i = 0; i < positions * channels; i++)
            coder->hyper[i] = (int16_t)model->prior_middle[i % channels];
}

/* Decodes what a step codes; returns how many elements that was. */
static uint64_t decode_step(ainn_group_coder *coder, ainn_rans_decoder *rans, int step, uint32_t hx, uint32_t hy, uint64_t *bit_cost)
{
    size_t channels = (size_t)coder->model->M, quarter = channels / 4;
    const ainn_symbol_table *tables = coder->tables->gauss->tables;
    const int16_t *mean = coder->mean;
    const uint8_t *index = coder->index;
    int frac = coder->model->y_frac;
    uint64_t elements = 0;
    for (uint32_t y = 0; y < hy; y++) {
        for (uint32_t x = 0; x < hx; x++, mean += quarter, index += quarter) {
            size_t position = (size_t)y * hx + x;
            int16_t *out = coder->latents + position * channels + (size_t)ainn_coded_group(step, y, x) * quarter;
            memcpy(out, mean, quarter * sizeof(*out));
            for (size_t k = 0; k < quarter; k++) {
                if (!(k & 7) && eight_are_zero(index + k)) {
                    k += 7;
                    continue;
                }
                if (!index[k])
                    continue;
                elements++;
                int32_t value;
                if (!ainn_rans_decode(rans, &tables[index[k]], &value))
                    continue;
                out[k] = reconstruct(mean[k], value, frac);
                if (bit_cost)
                    bit_cost[position] += ainn_symbol_cost(&tables[index[k]], value);
            }
        }
    }
    return elements;
}

void ainn_group_decode(ainn_group_coder *coder, const ainn_group_input *input, uint32_t hx, uint32_t hy,
                       ainn_group_report *report, uint64_t *bit_cost)
{
    double start = ainn_seconds(), networks = coder->seconds_networks;
    size_t positions = (size_t)hx * hy;
    memset(report, 0, sizeof(*report));
    decode_hyper(coder, input, hx, hy, report, bit_cost);
    memset(coder->latents, 0, positions * (size_t)coder->model->M * sizeof(int16_t));
    double before = ainn_seconds();
    ainn_hyper_synthesis(coder->net, coder->hyper, hx, hy);
    coder->seconds_networks += ainn_seconds() - before;

    ainn_rans_decoder rans;      /* latents mean nothing without the hyperlatents that they were coded with */
    int skip = input->skip_latents || !report->hyper_whole;
    ainn_rans_decode_start(&rans, positions > ONE_STATE_POSITIONS ? 2 : 1, input->y, skip ? 0 : input->y_size, skip ? 0 : input->y_available);
    for (int step = 0; step < AINN_STEPS; step++) {
        run_step(coder, step);
        report->elements += decode_step(coder, &rans, step, hx, hy, bit_cost);
    }
    report->decoded = rans.elements;
    report->latents_whole = !skip && rans.elements == report->elements && (rans.elements || !input->y_size) && ainn_rans_decode_finish(&rans);
    report->latents_broken = !skip && !report->latents_whole && input->y_available >= input->y_size;
    coder->seconds_coding += ainn_seconds() - start - (coder->seconds_networks - networks);
}
