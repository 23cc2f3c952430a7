#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct comparison {
    distortion *sum;
    imageio_reader *source;
    void *row;                  /* one row of the source */
    bool source_failed;
} comparison;

static double row_squares(const ainn_image *strip, uint32_t y, const void *source)
{
    int channels = (int)strip->channels;
    int colors = channels <= 2 ? 1 : 3;
    const uint8_t *decoded = (const uint8_t *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0];
    uint64_t sum = 0;
    for (size_t x = 0; x < strip->width; x++) {
        for (int c = 0; c < colors; c++) {
            size_t i = x * (size_t)channels + (size_t)c;
            int64_t difference;
            if (strip->depth > 8) {
                uint16_t a, b;
                memcpy(&a, decoded + 2 * i, 2);
                memcpy(&b, (const uint8_t *)source + 2 * i, 2);
                difference = (int64_t)a - b;
            } else {
                difference = (int64_t)decoded[i] - ((const uint8_t *)source)[i];
            }
            sum += (uint64_t)(difference * difference);
        }
    }
    return (double)sum;
}

static int compare_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    comparison *work = opaque;
    double largest = (double)((UINT32_C(1) << strip->depth) - 1);
    ainn_image one;
    ainn_image_interleaved(&one, work->row, strip->width, 1, strip->depth, strip->channels, 0);
    for (uint32_t y = 0; y < rows; y++) {
        if (imageio_read_rows(work->source, first_row + y, 1, &one) != 0) {
            work->source_failed = true;
            return 1;
        }
        work->sum->squares += row_squares(strip, y, work->row) / (largest * largest);
    }
    work->sum->samples += (double)rows * (double)strip->width * ((int)strip->channels <= 2 ? 1 : 3);
    return 0;
}

bool distortion_add(distortion *sum, ainn_model *model, const ainn_limits *limits, uint32_t threads, ainn_bytes frame,
                    imageio_reader *source, const char *name)
{
    const imageio_header *header = imageio_reader_header(source);
    comparison work = { sum, source, NULL, false };
    ainn_decoder *decoder = NULL;
    ainn_decode_options options;
    ainn_info info;
    ainn_decode_options_init(&options);
    options.threads = threads;
    work.row = malloc((size_t)header->width * 8);
    ainn_status status = work.row != NULL ? ainn_decoder_create(model, limits, NULL, &decoder) : AINN_ERROR_MEMORY;
    if (status == AINN_OK) {
        status = ainn_decoder_open(decoder, frame.data, frame.size, &info);
    }
    if (status == AINN_OK) {
        status = ainn_decoder_decode_rows(decoder, header->depth, header->channels, compare_rows, &work, &options, NULL);
    }
    if (status != AINN_OK && !work.source_failed) {
        complain(name, "decoding for the PSNR: %s", decoder != NULL && ainn_decoder_error(decoder)[0] != '\0' ? ainn_decoder_error(decoder)
                                                                                                        : ainn_status_string(status));
    }
    ainn_decoder_destroy(decoder);
    free(work.row);
    return status == AINN_OK;
}

double distortion_psnr(const distortion *sum)
{
    return sum->squares > 0 ? 10.0 * log10(sum->samples / sum->squares) : INFINITY;
}
