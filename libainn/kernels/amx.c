/*
 * `dense` with AMX tiles of 8-bit products, exactly: x = 256 xh + xl and w = 256 wh + wl, high bytes signed and low ones
 * unsigned, so that the sum of w x is that of 65536 wh xh + 256 (wh xl + wl xh) + wl xl. Sums may wrap modulo 2^32, where
 * the whole is known to be.
 *
 * A tile instruction multiplies 16 positions by 64 inputs by 16 outputs. Byte 4 r + i of a row of a tile, for r = 0..15, is input
 * 2 r, 32 + 2 r, 2 r + 1, 33 + 2 r of the 64 (i = 0..3): the order in which bytes of two vectors of 16-bit values blend. Inputs are split
 * once per call, weights once per call and block of outputs, which takes a few percent of the time from a hundred positions on.
 */
#include "kernels/build.h"

#ifdef AINN_AMX_KERNELS
#include <immintrin.h>
#include <string.h>

#include "kernels/x86.h"

#define TARGET __attribute__((target(AINN_AVX512 ",avx512vnni,amx-tile,amx-int8")))
#define INLINE static inline __attribute__((always_inline, target(AINN_AVX512 ",avx512vnni,amx-tile,amx-int8")))

#define TILE 1024                        /* bytes of a tile: 16 rows of 64 */
#define STEP 64                          /* inputs of a tile */
#define MAX_STEPS 16                     /* wider layers need their weights split too often */
#define INPUT_BYTES (128 << 10)          /* of split inputs, on the stack */
#define WEIGHT_BYTES (16 << 10)          /* of split weights that one tile of inputs is multiplied with before the next: they stay in the L1 cache */

/* Where the 16 channels of a group come from. */
typedef struct source {
    const int16_t *data;
    size_t step;
} source;

typedef struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t columns[16];
    uint8_t rows[16];
} tile_config;

/* Low and high bytes of two vectors, interleaved. */
INLINE void split(uint8_t *low, uint8_t *high, __m512i a, __m512i b)
{
    const __m512i even = _mm512_set1_epi16(255);

    /* where `even` is set the first, elsewhere the second */
    _mm512_store_si512(low, _mm512_ternarylogic_epi32(even, a, _mm512_slli_epi16(b, 8), 0xca));
    _mm512_store_si512(high, _mm512_ternarylogic_epi32(even, _mm512_srli_epi16(a, 8), b, 0xca));
}

INLINE __m512i load_groups(const source *groups, size_t position)
{
    const __m256i first = _mm256_loadu_si256((const __m256i *)(groups[0].data + position * groups[0].step));
    const __m256i second = _mm256_loadu_si256((const __m256i *)(groups[1].data + position * groups[1].step));

    return _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
}

/* Tiles of `count` positions: [position / 16][step][low, high]. */
INLINE void split_inputs(uint8_t *tiles, size_t first, size_t count, const source *groups, int steps)
{
    for (size_t p = 0; p < count; p++) {
        uint8_t *to = tiles + p / 16 * (size_t)steps * 2 * TILE + p % 16 * STEP;

        for (int k = 0; k < steps; k++, to += 2 * TILE)
            split(to, to + TILE, load_groups(groups + 4 * k, first + p), load_groups(groups + 4 * k + 2, first + p));
    }
}

/* Tiles of one block's weights: [step][low, high]. */
INLINE void split_weights(uint8_t *tiles, const int16_t *w, int inputs, int steps)
{
    for (int k = 0; k < steps; k++, tiles += 2 * TILE)
        for (int r = 0; r < 16; r++) {
            const int pair = k * STEP / 2 + r;
            const __m512i a = 2 * pair < inputs ? _mm512_loadu_si512(w + pair * 32) : _mm512_setzero_si512();
            const __m512i b = 2 * (pair + 16) < inputs ? _mm512_loadu_si512(w + (pair + 16) * 32) : _mm512_setzero_si512();

            split(tiles + r * STEP, tiles + TILE + r * STEP, a, b);
        }
}

/* What a block of outputs has in common. */
typedef struct finish {
    __m512i bias, half, shift;
    __m256i bound, low;
    __m128i leak;
} finish;

/* A tile's four kinds of sums, to be put together and stored while the next tile is multiplied. */
typedef struct result {
    int32_t (*sums)[256];
    const finish *finish;
    int16_t *out;
    const int16_t *residual;
    size_t out_step, residual_step;
    int rows;                            /* 0: nothing to do */
} result;

INLINE finish prepare(const ainn_dense *layer, int first)
{
    finish f;

    f.bias = _mm512_loadu_si512(layer->bias + first);
    f.shift = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(layer->shift + first)));
    f.half = _mm512_sllv_epi32(_mm512_set1_epi32(1), _mm512_sub_epi32(f.shift, _mm512_set1_epi32(1)));
    f.bound = _mm256_set1_epi16((int16_t)layer->bound);
    f.low = _mm256_set1_epi16((int16_t)-layer->bound);
    f.leak = _mm_cvtsi32_si128(layer->leaky ? 3 : 0);
    return f;
}

INLINE void store_rows(const result *r, int first, int end)
{
    const finish *f = r->finish;

    for (int row = first; row < end && row < r->rows; row++) {
        const __m512i middle = _mm512_add_epi32(_mm512_load_si512(r->sums[1] + 16 * row), _mm512_load_si512(r->sums[2] + 16 * row));
        const __m512i upper = _mm512_add_epi32(middle, _mm512_slli_epi32(_mm512_load_si512(r->sums[3] + 16 * row), 8));
        const __m512i acc = _mm512_add_epi32(_mm512_add_epi32(f->bias, _mm512_load_si512(r->sums[0] + 16 * row)), _mm512_slli_epi32(upper, 8));
        __m512i v = _mm512_max_epi32(acc, _mm512_sra_epi32(acc, f->leak));
        __m256i packed;

        v = _mm512_srav_epi32(_mm512_add_epi32(v, f->half), f->shift);
        if (r->residual)
            v = _mm512_add_epi32(v, _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(r->residual + (size_t)row * r->residual_step))));
        packed = _mm256_max_epi16(_mm256_min_epi16(_mm512_cvtsepi32_epi16(v), f->bound), f->low);
        _mm256_storeu_si256((__m256i *)(r->out + (size_t)row * r->out_step), packed);
    }
}

/* Sums of 16 positions and 16 outputs; four accumulators, because one instruction's result takes longer than three others. */
INLINE void multiply(int32_t sums[4][256], const uint8_t *x, const uint8_t *w, int steps, const result *previous)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int k = 0; k < steps; k++, x += 2 * TILE, w += 2 * TILE) {
        _tile_loadd(4, x, STEP);
        _tile_loadd(6, w, STEP);
        _tile_dpbuud(0, 4, 6);
        _tile_loadd(7, w + TILE, STEP);
        _tile_dpbusd(1, 4, 7);
        _tile_loadd(5, x + TILE, STEP);
        _tile_dpbsud(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
        store_rows(previous, 16 * k / steps, 16 * (k + 1) / steps);
    }
    _tile_stored(0, sums[0], STEP);
    _tile_stored(1, sums[1], STEP);
    _tile_stored(2, sums[2], STEP);
    _tile_stored(3, sums[3], STEP);
}

/* The groups of 16 channels of all segments in order, filled up with zeros to whole steps; their number of inputs. */
static int list_groups(source groups[4 * MAX_STEPS], const ainn_segment *segments, int segment_count)
{
    static const int16_t zeros[AINN_LANE];
    int count = 0, inputs;

    for (int s = 0; s < segment_count; s++)
        for (int c = 0; c < segments[s].channels; c += AINN_LANE)
            groups[count++] = (source){segments[s].data + c, segments[s].step};
    inputs = count * AINN_LANE;
    while (count % 4)
        groups[count++] = (source){zeros, 0};
    return inputs;
}

TARGET static void dense(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer, const source *groups, int inputs,
                         const int16_t *residual, size_t residual_step)
{
    const int steps = (inputs + STEP - 1) / STEP, block_bytes = steps * 2 * TILE;
    const int group = WEIGHT_BYTES / block_bytes > 1 ? WEIGHT_BYTES / block_bytes : 1;
    const size_t chunk = (size_t)(INPUT_BYTES / block_bytes) * 16;
    _Alignas(64) uint8_t x[INPUT_BYTES], w[MAX_STEPS * 2 * TILE];
    _Alignas(64) int32_t sums[2][4][256];
    finish finishes[WEIGHT_BYTES / (2 * TILE)];
    tile_config config = {.palette = 1};

    for (int t = 0; t < 8; t++) {
        config.rows[t] = 16;
        config.columns[t] = STEP;
    }
    _tile_loadconfig(&config);
    for (size_t p = 0; p < positions; p += chunk) {
        const size_t count = positions - p < chunk ? positions - p : chunk;

        split_inputs(x, p, count, groups, steps);
        for (int o = 0; o < layer->out; o += group * AINN_LANE) {
            const int blocks = (layer->out - o) / AINN_LANE < group ? (layer->out - o) / AINN_LANE : group;
            result last = {0};
            int parity = 0;

            for (int b = 0; b < blocks; b++) {
                finishes[b] = prepare(layer, o + b * AINN_LANE);
                split_weights(w + b * block_bytes, layer->weights + (size_t)(o / AINN_LANE + b) * layer->block, inputs, steps);
            }
            for (size_t i = 0; i < count; i += 16)
                for (int b = 0; b < blocks; b++, parity ^= 1) {
                    const size_t at = p + i, output = (size_t)(o + b * AINN_LANE);

                    multiply(sums[parity], x + i / 16 * (size_t)block_bytes, w + b * block_bytes, steps, &last);
                    last = (result){sums[parity], &finishes[b], out + at * out_step + output,
                                    residual ? residual + at * residual_step + output : NULL, out_step, residual_step,
                                    count - i < 16 ? (int)(count - i) : 16};
                }
            store_rows(&last, 0, 16);
        }
    }
    _tile_release();
}

static int some_are_skipped(const ainn_segment *segments, int segment_count)
{
    for (int s = 0; s < segment_count; s++)
        if (segments[s].skip)
            return 1;
    return 0;
}

/* Few positions or outputs gain nothing from tiles; layers of which inputs are skipped are wide. */
AINN_DENSE(ainn_dense_amx)
{
    source groups[4 * MAX_STEPS];

    if (positions < 16 || layer->out < 48 || layer->block > (size_t)AINN_LANE * MAX_STEPS * STEP || some_are_skipped(segments, segment_count))
        ainn_dense_vnni(out, out_step, positions, layer, segments, segment_count, residual, residual_step);
    else
        dense(out, out_step, positions, layer, groups, list_groups(groups, segments, segment_count), residual, residual_step);
}

void ainn_kernels_amx(ainn_kernels *table)
{
    table->dense = ainn_dense_amx;
}
#endif
