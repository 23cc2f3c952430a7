#include "bitmap.h"

#include <stdlib.h>
#include <string.h>

#include "imageio/imageio.h"
#include "output.h"
#include "progress.h"

enum { BLOCK = 16 };   /* pixels a latent, each way */

typedef struct drawing {
    imageio_writer *writer;
    const float *bits;
    uint32_t columns;
    float brightest;        /* bits of a block that get the hottest colour */
    uint32_t height;
    uint8_t *row;
} drawing;

/* From dark blue over green and yellow to red. */
static void heat(float share, uint8_t color[3])
{
    static const uint8_t stops[5][3] = { { 0, 0, 80 }, { 0, 110, 200 }, { 60, 190, 90 }, { 255, 220, 0 }, { 255, 30, 0 } };
    float place = (share < 0 ? 0 : share > 1 ? 1 : share) * 4;
    int stop = place >= 4 ? 3 : (int)place;
    float part = place - (float)stop;
    for (int c = 0; c < 3; c++) {
        color[c] = (uint8_t)((float)stops[stop][c] * (1 - part) + (float)stops[stop + 1][c] * part + 0.5f);
    }
}

static int draw_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    drawing *work = opaque;
    ainn_image one;
    ainn_image_interleaved(&one, work->row, strip->width, 1, 8, AINN_RGB, 0);
    progress_update((double)first_row / (double)work->height);
    for (uint32_t y = 0; y < rows; y++) {
        const uint8_t *from = (const uint8_t *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0];
        const float *bits = work->bits + (size_t)((first_row + y) / BLOCK) * work->columns;
        uint8_t color[3] = { 0, 0, 0 };
        for (size_t x = 0; x < strip->width; x++) {
            if (x % BLOCK == 0) {
                heat(bits[x / BLOCK] / work->brightest, color);
            }
            unsigned gray = (from[3 * x] * 2u + from[3 * x + 1] * 5u + from[3 * x + 2]) / 8;
            for (size_t c = 0; c < 3; c++) {
                work->row[3 * x + c] = (uint8_t)((gray * 9 + color[c] * 11u) / 20);
            }
        }
        if (imageio_write_rows(work->writer, first_row + y, 1, &one) != 0) {
            return 1;
        }
    }
    return 0;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

/* The value that all but half a percent of the blocks stay below, so that a few costly ones do not darken the rest. */
static float choose_brightest(const float *bits, float *sorted, size_t count)
{
    memcpy(sorted, bits, count * sizeof *bits);
    qsort(sorted, count, sizeof *sorted, by_size);
    float value = sorted[count - 1 - count / 200];
    return value > 0 ? value : 1;
}

static ainn_status draw(ainn_decoder *decoder, drawing *work, float *bits, float *sorted, uint32_t rows, uint32_t threads)
{
    ainn_decode_options options;
    ainn_decode_options_init(&options);
    options.threads = threads;
    ainn_status status = ainn_decoder_bit_map(decoder, bits, work->columns, rows);
    if (status != AINN_OK) {
        return status;
    }
    work->bits = bits;
    work->brightest = choose_brightest(bits, sorted, (size_t)work->columns * rows);
    return ainn_decoder_decode_rows(decoder, 8, AINN_RGB, draw_rows, work, &options, NULL);
}

static bool write_map(const char *name, ainn_decoder *decoder, const ainn_info *info, uint32_t threads, const char *path,
                      bitmap_scale *scale)
{
    drawing work = { NULL, NULL, (info->width + BLOCK - 1) / BLOCK, 1, info->height, NULL };
    uint32_t rows = (info->height + BLOCK - 1) / BLOCK;
    size_t count = (size_t)work.columns * rows;
    imageio_format format = strcmp(path, "-") == 0 ? IMAGEIO_PNG : imageio_format_of_path(path);
    imageio_header header;
    imageio_header_init(&header);
    header.width = info->width;
    header.height = info->height;
    header.depth = 8;
    header.channels = AINN_RGB;
    output *out = output_open(path);
    if (out == NULL) {
        return false;
    }
    float *bits = malloc(count * sizeof *bits), *sorted = malloc(count * sizeof *sorted);
    work.row = malloc((size_t)info->width * 3);
    ainn_status status = AINN_ERROR_MEMORY;
    work.writer = imageio_create(output_stream(out), output_name(out), format, &header, 8, 6);
    if (work.writer != NULL && bits != NULL && sorted != NULL && work.row != NULL) {
        status = draw(decoder, &work, bits, sorted, rows, threads);
    }
    if (status != AINN_OK && work.writer != NULL && !imageio_writer_failed(work.writer)) {
        library_error(name, status, ainn_decoder_error(decoder));
    }
    bool good = status == AINN_OK && imageio_finish(work.writer);
    scale->red = (double)work.brightest;
    scale->mean = 0;
    for (size_t i = 0; good && i < count; i++) {
        scale->mean += (double)bits[i] / (double)count;
    }
    imageio_writer_close(work.writer);
    free(bits);
    free(sorted);
    free(work.row);
    return good && output_finish(out);
}

bool bitmap_write(const char *name, ainn_bytes frame, uint32_t threads, const char *path, bitmap_scale *scale)
{
    ainn_decoder *decoder = NULL;
    ainn_info info;
    ainn_status status = ainn_decoder_create(NULL, NULL, NULL, &decoder);
    if (status == AINN_OK) {
        status = ainn_decoder_open(decoder, frame.data, frame.size, &info);
    }
    bool good = false;
    if (status != AINN_OK) {
        library_error(name, status, decoder != NULL ? ainn_decoder_error(decoder) : NULL);
    } else {
        progress_start("map");
        good = write_map(name, decoder, &info, threads, path, scale);
        progress_end();
    }
    ainn_decoder_destroy(decoder);
    return good;
}
