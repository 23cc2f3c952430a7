/* Opening a picture by its first byte, reading it by rows and, where asked, once more. */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_WORTH_A_THREAD = 64 };

void imageio_header_init(imageio_header *header)
{
    memset(header, 0, sizeof *header);
    header->color = (ainn_color){ 1, 13, 0, 1 };
    header->orientation = 1;
}

void imageio_header_clear(imageio_header *header)
{
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++) {
        free(header->metadata[kind].data);
        header->metadata[kind] = (imageio_bytes){ NULL, 0 };
    }
}

bool imageio_fail(char *message, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(message, IMAGEIO_MESSAGE, format, values);
    va_end(values);
    return false;
}

bool imageio_fail_read(imageio_reader *reader)
{
    int reason = errno;
    if (ferror(reader->stream)) {
        return imageio_fail(reader->message, "%s", reason != 0 ? strerror(reason) : "read error");
    }
    return imageio_fail(reader->message, "the file ends too early");
}

bool imageio_check_size(imageio_reader *reader, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0) {
        return imageio_fail(reader->message, "the picture has no pixels");
    }
    if (width > UINT32_MAX / 8 || height > UINT32_MAX / 8 || width > reader->limits.max_pixels / height) {
        return imageio_fail(reader->message, "%llu x %llu pixels are over the limit of %llu (--max-pixels)", (unsigned long long)width,
                            (unsigned long long)height, (unsigned long long)reader->limits.max_pixels);
    }
    return true;
}

bool imageio_keep(imageio_reader *reader, imageio_bytes *bytes, const void *data, size_t size)
{
    if (size > reader->limits.max_metadata) {
        return imageio_fail(reader->message, "metadata of %zu bytes is over the limit of %llu", size,
                            (unsigned long long)reader->limits.max_metadata);
    }
    free(bytes->data);
    *bytes = (imageio_bytes){ NULL, 0 };
    if (size > 0) {
        bytes->data = malloc(size);
        if (bytes->data == NULL) {
            return imageio_fail(reader->message, "out of memory");
        }
        memcpy(bytes->data, data, size);
        bytes->size = size;
    }
    return true;
}

size_t imageio_row_bytes(const imageio_header *header)
{
    return (size_t)header->width * (size_t)header->channels * (header->depth > 8 ? 2 : 1);
}

/* Copies the rest of a pipe into a temporary file, which is removed when it is closed. */
static bool spool(imageio_reader *reader)
{
    char buffer[65536];
    size_t got;
    FILE *copy = tmpfile();
    if (copy == NULL) {
        return imageio_fail(reader->message, "no temporary file: %s", strerror(errno));
    }
    while ((got = fread(buffer, 1, sizeof buffer, reader->stream)) > 0) {
        if (fwrite(buffer, 1, got, copy) != got) {
            break;
        }
    }
    bool lost = ferror(copy) || fflush(copy) != 0;
    if (lost || ferror(reader->stream)) {
        imageio_fail(reader->message, "%s%s", lost ? "temporary file: " : "", strerror(errno));
        fclose(copy);
        return false;
    }
    rewind(copy);
    if (reader->own_stream) {
        fclose(reader->stream);
    }
    reader->stream = copy;
    reader->own_stream = true;
    reader->start = 0;
    return true;
}

static bool identify(imageio_reader *reader)
{
    int first = getc(reader->stream);
    if (first == EOF) {
        return ferror(reader->stream) ? imageio_fail_read(reader) : imageio_fail(reader->message, "the file is empty");
    }
    ungetc(first, reader->stream);
    switch (first) {
    case 0x89:
#ifdef HAVE_LIBPNG
        reader->decoder = &imageio_png_decoder;
        return true;
#else
        return imageio_fail(reader->message, "this ainnenc was built without PNG");
#endif
    case 0xff:
#ifdef HAVE_LIBJPEG
        reader->decoder = &imageio_jpeg_decoder;
        return true;
#else
        return imageio_fail(reader->message, "this ainnenc was built without JPEG");
#endif
    case 'P':
        reader->decoder = &imageio_pnm_decoder;
        return true;
    case 0x8a:
        return imageio_fail(reader->message, "is an .ainn file already; ainndec reads those");
    default:
        return imageio_fail(reader->message, "is not a PNG, JPEG, PGM, PPM or PAM picture");
    }
}

static bool open_stream(imageio_reader *reader, const char *path)
{
    errno = 0;
    reader->own_stream = strcmp(path, "-") != 0;
    reader->stream = reader->own_stream ? fopen(path, "rbe") : stdin;
    if (reader->stream == NULL) {
        return imageio_fail(reader->message, "%s", strerror(errno));
    }
    reader->start = ftello(reader->stream);
    if (!identify(reader)) {
        return false;
    }
    if (reader->start < 0 && (reader->again || reader->decoder->needs_seek) && !spool(reader)) {
        return false;
    }
    if (!reader->decoder->open(reader, &reader->header)) {
        return false;
    }
    reader->row = malloc(imageio_row_bytes(&reader->header));
    return reader->row != NULL || imageio_fail(reader->message, "out of memory");
}

imageio_reader *imageio_open(const char *path, const imageio_limits *limits, bool again)
{
    imageio_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        complain(input_name(path), "out of memory");
        return NULL;
    }
    reader->name = input_name(path);
    reader->limits = *limits;
    reader->again = again;
    imageio_header_init(&reader->header);
    if (!open_stream(reader, path)) {
        complain(reader->name, "%s", reader->message);
        imageio_close(reader);
        return NULL;
    }
    return reader;
}

const imageio_header *imageio_reader_header(const imageio_reader *reader)
{
    return &reader->header;
}

/* Not from a pipe: whoever closes the reader would have to wait for bytes that are not needed. Few rows are not worth a thread. */
void imageio_read_ahead(imageio_reader *reader)
{
    reader->reads_ahead = reader->start >= 0 && reader->header.height >= ROWS_WORTH_A_THREAD;
}

const char *imageio_reader_format(const imageio_reader *reader)
{
    return reader->decoder->name;
}

static void stop_ahead(imageio_reader *reader)
{
    imageio_ahead_stop(reader->ahead);
    reader->ahead = NULL;
}

/* Back to the first row. The header of the first time stays: its metadata is in use. */
static bool begin_again(imageio_reader *reader)
{
    imageio_header header;
    imageio_header_init(&header);
    stop_ahead(reader);
    reader->decoder->close(reader);
    if (reader->start < 0 || fseeko(reader->stream, reader->start, SEEK_SET) != 0) {
        return imageio_fail(reader->message, "cannot be read a second time");
    }
    bool same = reader->decoder->open(reader, &header);
    if (same && (header.width != reader->header.width || header.height != reader->header.height || header.depth != reader->header.depth ||
                 header.channels != reader->header.channels)) {
        same = imageio_fail(reader->message, "changed while it was read");
    }
    imageio_header_clear(&header);
    reader->next_row = 0;
    return same;
}

/* Is a row of the strip laid out as ours? */
static bool is_interleaved(const ainn_image *strip, size_t sample)
{
    for (int c = 0; c < (int)strip->channels; c++) {
        if ((uint8_t *)strip->plane[c] != (uint8_t *)strip->plane[0] + (size_t)c * sample ||
            strip->row_stride[c] != strip->row_stride[0] || strip->pixel_stride[c] != (ptrdiff_t)(sample * (size_t)strip->channels)) {
            return false;
        }
    }
    return true;
}

static void scatter(const uint8_t *row, const ainn_image *strip, ptrdiff_t y, size_t sample)
{
    size_t step = sample * (size_t)strip->channels;
    for (int c = 0; c < (int)strip->channels; c++) {
        uint8_t *to = (uint8_t *)strip->plane[c] + y * strip->row_stride[c];
        const uint8_t *from = row + (size_t)c * sample;
        for (uint32_t x = 0; x < strip->width; x++) {
            memcpy(to, from, sample);
            to += strip->pixel_stride[c];
            from += step;
        }
    }
}

static bool read_rows(imageio_reader *reader, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    const imageio_header *header = &reader->header;
    size_t sample = header->depth > 8 ? 2 : 1;
    bool interleaved = is_interleaved(strip, sample);
    if (first_row == 0 && reader->next_row != 0 && !begin_again(reader)) {
        return false;
    }
    if (first_row == 0 && reader->reads_ahead) {
        reader->ahead = imageio_ahead_start(reader);
    }
    if (first_row != reader->next_row || rows > header->height - first_row) {
        return imageio_fail(reader->message, "rows are asked for out of order");
    }
    for (uint32_t y = 0; y < rows; y++) {
        uint8_t *row = interleaved ? (uint8_t *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0] : reader->row;
        if (!(reader->ahead != NULL ? imageio_ahead_take(reader->ahead, row) : reader->decoder->row(reader, row))) {
            return false;
        }
        if (!interleaved) {
            scatter(row, strip, (ptrdiff_t)y, sample);
        }
    }
    reader->next_row += rows;
    return reader->next_row < header->height || reader->ahead != NULL || reader->decoder->finish(reader);
}

int imageio_read_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    imageio_reader *reader = opaque;
    if (reader->failed || !read_rows(reader, first_row, rows, strip)) {
        if (!reader->failed) {
            complain(reader->name, "%s", reader->message);
        }
        reader->failed = true;
        return 1;
    }
    return 0;
}

bool imageio_reader_failed(const imageio_reader *reader)
{
    return reader->failed;
}

void imageio_close(imageio_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    stop_ahead(reader);
    if (reader->decoder != NULL) {
        reader->decoder->close(reader);
    }
    if (reader->own_stream && reader->stream != NULL) {
        fclose(reader->stream);
    }
    imageio_header_clear(&reader->header);
    free(reader->row);
    free(reader);
}
