/*
 * `dense` by OpenBLAS's dgemm, for machines that OpenBLAS has vectors for and libainn has not. Doubles hold every sum exactly: products
 * are below 2^30 and a layer has fewer than 2^17 inputs, so that all partial sums stay below 2^53, whatever their order.
 *
 * Each call multiplies matrices of at most 64 x 64 x 64, up to which OpenBLAS works in the calling thread (interface/gemm.c), so that
 * libainn's own threads are the only ones; openblas_set_num_threads() would change the whole process, and is not called.
 *
 * OpenBLAS starts threads of its own as soon as it is in a process, and takes milliseconds for that. So it is loaded by the first call,
 * which most machines never make. Where it is not installed the reference does its work.
 */
#include "kernels/build.h"
#include "kernels/reference.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* Conversions take as long as dgemm where they are not vectorised, which gcc's -O2 does not. */
#if !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#define TILE 64

typedef struct tiles {
    double x[TILE][TILE];            /* [position][input] */
    double w[TILE][TILE];            /* [input][output] */
    double sum[TILE][TILE];          /* [position][output] */
} tiles;

/* 16 channels of an input, of all the tile's positions, as inputs `at` to `at` + 15 of the tile. */
static void convert_inputs(tiles *t, int at, size_t count, const int16_t *x, size_t step)
{
    for (size_t p = 0; p < count; p++, x += step)
        for (int i = 0; i < AINN_LANE; i++)
            t->x[p][at + i] = x[i];
}

/* The weights of those 16 channels; w is that of the first output block. */
static void convert_weights(tiles *t, int at, int outputs, const int16_t *w, size_t block)
{
    for (int o = 0; o < outputs; o += AINN_LANE, w += block)
        for (int i = 0; i < AINN_LANE; i += 2)
            for (int lane = 0; lane < AINN_LANE; lane++) {
                t->w[at + i][o + lane] = w[i * AINN_LANE + 2 * lane];
                t->w[at + i + 1][o + lane] = w[i * AINN_LANE + 2 * lane + 1];
            }
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static __typeof__(&cblas_dgemm) dgemm;

static void load(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
    void *symbol = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && !symbol; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);

        if (library && !(symbol = dlsym(library, "cblas_dgemm")))
            dlclose(library);
    }
    memcpy(&dgemm, &symbol, sizeof dgemm);
}

int ainn_openblas_loads(void)
{
    pthread_once(&once, load);
    return dgemm != NULL;
}

static void multiply(tiles *t, size_t count, int outputs, int inputs, int first)
{
    dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)count, outputs, inputs, 1, t->x[0], TILE, t->w[0], TILE, first ? 0 : 1,
          t->sum[0], TILE);
}

/* The sums of up to 64 positions and outputs. */
static void sum_tile(tiles *t, size_t p, size_t count, int first_output, int outputs, const ainn_dense *layer, const ainn_segment *segments,
                     int segment_count)
{
    const int16_t *w = layer->weights + (size_t)(first_output / AINN_LANE) * layer->block;
    int filled = 0, first = 1;

    for (int s = 0; s < segment_count; s++) {
        w += segments[s].skip * AINN_LANE;
        for (int c = 0; c < segments[s].channels; c += AINN_LANE, w += AINN_LANE * AINN_LANE) {
            convert_inputs(t, filled, count, segments[s].data + p * segments[s].step + c, segments[s].step);
            convert_weights(t, filled, outputs, w, layer->block);
            filled += AINN_LANE;
            if (filled == TILE) {
                multiply(t, count, outputs, filled, first);
                filled = first = 0;
            }
        }
    }
    if (filled)
        multiply(t, count, outputs, filled, first);
}

static void dense(int16_t *out, size_t out_step, size_t positions, const ainn_dense *layer, const ainn_segment *segments, int segment_count,
                  const int16_t *residual, size_t residual_step)
{
    tiles t;

    if (!ainn_openblas_loads()) {
        ainn_dense_c(out, out_step, positions, layer, segments, segment_count, residual, residual_step);
        return;
    }
    for (size_t p = 0; p < positions; p += TILE) {
        const size_t count = positions - p < TILE ? positions - p : TILE;

        for (int o = 0; o < layer->out; o += TILE) {
            const int outputs = layer->out - o < TILE ? layer->out - o : TILE;

            sum_tile(&t, p, count, o, outputs, layer, segments, segment_count);
            for (size_t i = 0; i < count; i++)
                for (int k = 0; k < outputs; k++) {
                    const uint32_t sum = (uint32_t)layer->bias[o + k] + (uint32_t)(int64_t)t.sum[i][k];
                    int32_t v = ainn_requantise(sum, layer->leaky, layer->shift[o + k]);

                    if (residual)
                        v += residual[(p + i) * residual_step + (size_t)(o + k)];
                    out[(p + i) * out_step + (size_t)(o + k)] = (int16_t)ainn_clamp(v, layer->bound);
                }
        }
    }
}

void ainn_kernels_openblas(ainn_kernels *table)
{
    table->dense = dense;
}
#else
int ainn_openblas_loads(void)
{
    return 0;
}
#endif
