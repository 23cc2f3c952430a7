/* PNG out: grey or RGB, with or without alpha, 8 or 16 bits, with ICC, EXIF, XMP and cICP. */
#include "internal.h"

#ifdef HAVE_LIBPNG

#include "pngcommon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct png_state {
    png_structp png;
    png_infop info;
} png_state;

static void write_bytes(png_structp png, png_bytep from, size_t size)
{
    FILE *stream = png_get_io_ptr(png);
    errno = 0;
    if (fwrite(from, 1, size, stream) != size) {
        png_error(png, errno != 0 ? strerror(errno) : "write error");
    }
}

static void flush_nothing(png_structp png)
{
    (void)png;   /* whoever owns the stream flushes it, and looks at the result */
}

static void on_error(png_structp png, png_const_charp text)
{
    imageio_writer *writer = png_get_error_ptr(png);
    imageio_fail(writer->message, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    const imageio_writer *writer = png_get_error_ptr(png);
    warn(writer->name, "%s", text);
}

static void write_chunk(png_structp png, const char *name, const uint8_t *data, size_t size)
{
    if (size > PNG_UINT_31_MAX) {
        png_error(png, "metadata is too large for a PNG");
    }
    png_write_chunk(png, (png_const_bytep)name, data, size);
}

/* By hand, because libpng's text functions end a text at its first zero byte. */
static void write_xmp(png_structp png, const imageio_bytes *xmp)
{
    static const char start[] = XMP_KEYWORD "\0\0\0\0";   /* not compressed, no language, no translated keyword */
    if (xmp->size > PNG_UINT_31_MAX - sizeof start) {
        png_error(png, "metadata is too large for a PNG");
    }
    png_write_chunk_start(png, (png_const_bytep)"iTXt", (png_uint_32)(sizeof start + xmp->size));
    png_write_chunk_data(png, (png_const_bytep)start, sizeof start);
    png_write_chunk_data(png, xmp->data, xmp->size);
    png_write_chunk_end(png);
}

static void describe_color(const imageio_writer *writer, png_structp png, png_infop info)
{
    const imageio_bytes *icc = &writer->header->metadata[AINN_ICC];
    const ainn_color *color = &writer->header->color;
    if (icc->size > 0) {
        png_set_benign_errors(png, 1);
        png_set_iCCP(png, info, "ICC profile", 0, icc->data, (png_uint_32)icc->size);
        if (png_get_valid(png, info, PNG_INFO_iCCP) == 0) {
            warn(writer->name, "the ICC profile does not fit a PNG of this kind and is left out");
        }
    } else if (color->primaries == 1 && color->transfer == 13) {
        png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    }
}

static void note_depth(const imageio_writer *writer, png_structp png, png_infop info)
{
    if (writer->source_depth < writer->header->depth) {
        png_color_8 bits;
        memset(&bits, (int)writer->source_depth, sizeof bits);
        png_set_sBIT(png, info, &bits);
    }
}

static void write_start(imageio_writer *writer)
{
    static const int types[5] = { 0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA };
    const imageio_header *header = writer->header;
    png_state *state = writer->state;
    png_structp png = state->png;
    png_set_write_fn(png, writer->stream, write_bytes, flush_nothing);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_compression_level(png, writer->compression);
    png_set_compression_buffer_size(png, 65536);
    png_set_IHDR(png, state->info, header->width, header->height, (int)header->depth, types[header->channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    describe_color(writer, png, state->info);
    note_depth(writer, png, state->info);
    png_write_info_before_PLTE(png, state->info);
    const ainn_color *color = &header->color;
    if (color->primaries != 1 || color->transfer != 13 || color->full_range != 1) {
        uint8_t cicp[4] = { color->primaries, color->transfer, 0, color->full_range };   /* PNG holds RGB only: matrix 0 */
        write_chunk(png, "cICP", cicp, sizeof cicp);
    }
    if (header->metadata[AINN_EXIF].size > 0) {
        write_chunk(png, "eXIf", header->metadata[AINN_EXIF].data, header->metadata[AINN_EXIF].size);
    }
    if (header->metadata[AINN_XMP].size > 0) {
        write_xmp(png, &header->metadata[AINN_XMP]);
    }
    png_write_info(png, state->info);
    if (header->depth == 16 && is_little_endian()) {
        png_set_swap(png);
    }
}

static bool png_start(imageio_writer *writer)
{
    png_state *state = calloc(1, sizeof *state);
    writer->state = state;
    if (state != NULL) {
        state->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, on_error, on_warning);
    }
    if (state != NULL && state->png != NULL) {
        state->info = png_create_info_struct(state->png);
    }
    if (state == NULL || state->info == NULL) {
        return imageio_fail(writer->message, "out of memory");
    }
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    write_start(writer);
    return true;
}

static bool png_put(imageio_writer *writer, uint8_t *row)
{
    png_state *state = writer->state;
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    png_write_row(state->png, row);
    return true;
}

static bool png_end(imageio_writer *writer)
{
    png_state *state = writer->state;
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    png_write_end(state->png, NULL);
    return true;
}

static void png_drop(imageio_writer *writer)
{
    png_state *state = writer->state;
    if (state != NULL) {
        if (state->png != NULL) {
            png_destroy_write_struct(&state->png, &state->info);
        }
        free(state);
        writer->state = NULL;
    }
}

const imageio_encoder imageio_png_encoder = { png_start, png_put, png_end, png_drop };

#endif
