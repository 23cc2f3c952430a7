/* Writing pictures by rows: the choice of the format, and what the formats share. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

imageio_format imageio_format_named(const char *name)
{
    static const struct { const char *name; imageio_format format; } names[] = {
        { "png", IMAGEIO_PNG }, { "ppm", IMAGEIO_PPM }, { "pgm", IMAGEIO_PGM }, { "pam", IMAGEIO_PAM }, { "pnm", IMAGEIO_PNM },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(name, names[i].name) == 0) {
            return names[i].format;
        }
    }
    return IMAGEIO_NONE;
}

imageio_format imageio_format_of_path(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL || strchr(dot, '/') != NULL ? IMAGEIO_NONE : imageio_format_named(dot + 1);
}

ainn_channels imageio_format_channels(imageio_format format, ainn_channels channels)
{
    bool gray = channels == AINN_GRAY || channels == AINN_GRAY_ALPHA;
    switch (format) {
    case IMAGEIO_PNG:
    case IMAGEIO_PAM:
        return channels;
    case IMAGEIO_PPM:
        return AINN_RGB;
    case IMAGEIO_PGM:
        return gray ? AINN_GRAY : (ainn_channels)0;
    case IMAGEIO_PNM:
        return gray ? AINN_GRAY : AINN_RGB;
    case IMAGEIO_NONE:
        break;
    }
    return (ainn_channels)0;
}

uint32_t imageio_format_depth(imageio_format format, uint32_t depth)
{
    return format != IMAGEIO_PNG ? depth : depth > 8 ? 16 : 8;
}

bool imageio_format_holds_metadata(imageio_format format)
{
    return format == IMAGEIO_PNG;
}

imageio_writer *imageio_create(FILE *stream, const char *name, imageio_format format, const imageio_header *header, uint32_t source_depth,
                               int compression)
{
    imageio_writer *writer = calloc(1, sizeof *writer);
    uint8_t *row = malloc(imageio_row_bytes(header));
    if (writer == NULL || row == NULL) {
        complain(name, "out of memory");
        free(writer);
        free(row);
        return NULL;
    }
    writer->stream = stream;
    writer->name = name;
    writer->format = format;
    writer->header = header;
    writer->source_depth = source_depth;
    writer->compression = compression;
    writer->row = row;
#ifdef HAVE_LIBPNG
    writer->encoder = format == IMAGEIO_PNG ? &imageio_png_encoder : &imageio_pnm_encoder;
#else
    writer->encoder = format == IMAGEIO_PNG ? NULL : &imageio_pnm_encoder;
#endif
    if (writer->encoder == NULL) {
        complain(name, "this program was built without PNG; choose ppm, pgm or pam");
        imageio_writer_close(writer);
        return NULL;
    }
    errno = 0;
    if (!writer->encoder->open(writer)) {
        complain(name, "%s", writer->message);
        imageio_writer_close(writer);
        return NULL;
    }
    return writer;
}

static bool write_rows(imageio_writer *writer, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    const imageio_header *header = writer->header;
    size_t bytes = imageio_row_bytes(header);
    if (first_row != writer->next_row || rows > header->height - first_row || strip->width != header->width ||
        strip->channels != header->channels || strip->depth != header->depth) {
        return imageio_fail(writer->message, "rows do not fit the picture");
    }
    for (uint32_t y = 0; y < rows; y++) {
        memcpy(writer->row, (const uint8_t *)strip->plane[0] + (ptrdiff_t)y * strip->row_stride[0], bytes);
        if (!writer->encoder->row(writer, writer->row)) {
            return false;
        }
    }
    writer->next_row += rows;
    return true;
}

int imageio_write_rows(void *opaque, uint32_t first_row, uint32_t rows, const ainn_image *strip)
{
    imageio_writer *writer = opaque;
    errno = 0;
    if (writer->failed || !write_rows(writer, first_row, rows, strip)) {
        if (!writer->failed) {
            complain(writer->name, "%s", writer->message);
        }
        writer->failed = true;
        return 1;
    }
    return 0;
}

bool imageio_writer_failed(const imageio_writer *writer)
{
    return writer->failed;
}

bool imageio_finish(imageio_writer *writer)
{
    errno = 0;
    if (writer->failed) {
        return false;
    }
    if (writer->next_row != writer->header->height) {
        imageio_fail(writer->message, "rows are missing");
        writer->failed = true;
    } else if (!writer->encoder->finish(writer)) {
        writer->failed = true;
    }
    if (writer->failed) {
        complain(writer->name, "%s", writer->message);
    }
    return !writer->failed;
}

void imageio_writer_close(imageio_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->encoder != NULL) {
        writer->encoder->close(writer);
    }
    free(writer->row);
    free(writer);
}
