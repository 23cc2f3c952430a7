/*
 * PNG in: every colour type, depth and interlacing, with ICC, EXIF, XMP and cICP.
 * libpng reports errors with longjmp: each entry point sets its own landing place and does its work in a function that
 * it calls, so that no local variable is used across a jump.
 */
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
    size_t file_row_bytes;          /* of a row as libpng gives it */
    uint8_t *file_row;              /* of palette indices, or room to skip rows */
    uint8_t *whole;                 /* an interlaced picture */
    uint8_t (*palette)[4];          /* what an index stands for, in the picture's channels */
    uint32_t next;
} png_state;

static void read_bytes(png_structp png, png_bytep to, size_t size)
{
    imageio_reader *reader = png_get_io_ptr(png);
    errno = 0;
    if (fread(to, 1, size, reader->stream) != size) {
        png_error(png, ferror(reader->stream) && errno != 0 ? strerror(errno) : "the file ends too early");
    }
}

static void on_error(png_structp png, png_const_charp text)
{
    imageio_reader *reader = png_get_error_ptr(png);
    imageio_fail(reader->message, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    const imageio_reader *reader = png_get_error_ptr(png);
    warn(reader->name, "%s", text);
}

/* ---- Metadata */

static void keep(imageio_reader *reader, png_structp png, imageio_bytes *bytes, const void *data, size_t size)
{
    if (!imageio_keep(reader, bytes, data, size)) {
        char message[IMAGEIO_MESSAGE];
        memcpy(message, reader->message, sizeof message);
        png_error(png, message);
    }
}

static void take_metadata(imageio_reader *reader, png_structp png, png_infop info, imageio_header *header)
{
    png_charp name;
    png_bytep profile, exif;
    png_uint_32 size;
    png_textp texts;
    int method, count = 0;
    if (png_get_iCCP(png, info, &name, &method, &profile, &size) == PNG_INFO_iCCP) {
        keep(reader, png, &header->metadata[AINN_ICC], profile, size);
    }
#ifdef PNG_eXIf_SUPPORTED
    if (png_get_eXIf_1(png, info, &size, &exif) == PNG_INFO_eXIf) {
        keep(reader, png, &header->metadata[AINN_EXIF], exif, size);
        uint8_t orientation = exif_orientation(exif, size);
        header->orientation = orientation != 0 ? orientation : 1;
    }
#else
    (void)exif;
#endif
    png_get_text(png, info, &texts, &count);
    for (int i = 0; i < count; i++) {
        bool international = texts[i].compression == PNG_ITXT_COMPRESSION_NONE || texts[i].compression == PNG_ITXT_COMPRESSION_zTXt;
        if (international && strcmp(texts[i].key, XMP_KEYWORD) == 0) {
            keep(reader, png, &header->metadata[AINN_XMP], texts[i].text, texts[i].itxt_length);
        }
    }
}

/* cICP, sRGB and a linear gAMA say what the samples mean. Other gammas are left to the ICC profile, or taken for sRGB. */
static void take_color(png_structp png, png_infop info, imageio_header *header)
{
    png_fixed_point gamma;
#ifdef PNG_cICP_SUPPORTED
    png_byte primaries, transfer, matrix, full_range;
    if (png_get_cICP(png, info, &primaries, &transfer, &matrix, &full_range) != 0) {
        header->color = (ainn_color){ primaries, transfer, matrix, full_range };
        return;
    }
#else
    png_unknown_chunkp chunks;
    int count = png_get_unknown_chunks(png, info, &chunks);
    for (int i = 0; i < count; i++) {
        if (memcmp(chunks[i].name, "cICP", 4) == 0 && chunks[i].size == 4) {
            const png_byte *data = chunks[i].data;
            header->color = (ainn_color){ data[0], data[1], data[2], data[3] };
            return;
        }
    }
#endif
    enum { LINEAR = 8 };
    bool described = png_get_valid(png, info, PNG_INFO_sRGB | PNG_INFO_iCCP) != 0;
    if (!described && png_get_gAMA_fixed(png, info, &gamma) == PNG_INFO_gAMA && gamma == PNG_FP_1) {
        header->color.transfer = LINEAR;
    }
}

/* ---- Opening */

static void set_up(imageio_reader *reader, png_structp png)
{
    png_set_read_fn(png, reader, read_bytes);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);   /* imageio_check_size() has the limits */
    png_set_chunk_malloc_max(png, reader->limits.max_metadata < SIZE_MAX ? (size_t)reader->limits.max_metadata : SIZE_MAX);
    png_set_option(png, PNG_SKIP_sRGB_CHECK_PROFILE, PNG_OPTION_ON);
#ifndef PNG_cICP_SUPPORTED
    static const png_byte cicp[5] = "cICP";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_ALWAYS, cicp, 1);
#endif
}

static bool start(imageio_reader *reader)
{
    png_state *state = calloc(1, sizeof *state);
    reader->state = state;
    if (state != NULL) {
        state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
    }
    if (state != NULL && state->png != NULL) {
        state->info = png_create_info_struct(state->png);
    }
    return (state != NULL && state->info != NULL) || imageio_fail(reader->message, "out of memory");
}

static void png_close(imageio_reader *reader)
{
    png_state *state = reader->state;
    if (state != NULL) {
        if (state->png != NULL) {
            png_destroy_read_struct(&state->png, &state->info, NULL);
        }
        free(state->file_row);
        free(state->whole);
        free(state->palette);
        free(state);
        reader->state = NULL;
    }
}

static uint8_t *get_memory(png_structp png, size_t count, size_t size)
{
    uint8_t *memory = calloc(count, size);
    if (memory == NULL) {
        png_error(png, "out of memory");
    }
    return memory;
}

/* What the indices stand for. A palette of greys makes a grey picture. */
static void take_palette(png_state *state, imageio_header *header)
{
    png_colorp colors;
    png_bytep alphas = NULL;
    int count = 0, alpha_count = 0;
    bool gray = true;
    png_get_PLTE(state->png, state->info, &colors, &count);
    bool alpha = png_get_tRNS(state->png, state->info, &alphas, &alpha_count, NULL) == PNG_INFO_tRNS && alphas != NULL;
    state->palette = (uint8_t (*)[4])get_memory(state->png, 256, 4);
    for (int i = 0; i < count; i++) {
        gray = gray && colors[i].red == colors[i].green && colors[i].red == colors[i].blue;
    }
    for (int i = 0; i < 256; i++) {
        png_color color = i < count ? colors[i] : (png_color){ 0, 0, 0 };
        uint8_t opacity = alpha && i < alpha_count ? alphas[i] : 255;
        uint8_t *entry = state->palette[i];
        entry[0] = color.red;
        if (gray) {
            entry[1] = opacity;
        } else {
            entry[1] = color.green;
            entry[2] = color.blue;
            entry[3] = opacity;
        }
    }
    header->channels = gray ? alpha ? AINN_GRAY_ALPHA : AINN_GRAY : alpha ? AINN_RGB_ALPHA : AINN_RGB;
}

static void set_transforms(png_state *state, imageio_header *header)
{
    png_structp png = state->png;
    int type = png_get_color_type(png, state->info);
    header->depth = png_get_bit_depth(png, state->info) == 16 ? 16 : 8;
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_packing(png);
        take_palette(state, header);
    } else {
        bool alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
        png_set_expand_gray_1_2_4_to_8(png);
        if (png_get_valid(png, state->info, PNG_INFO_tRNS) != 0) {
            png_set_tRNS_to_alpha(png);
            alpha = true;
        }
        bool color = (type & PNG_COLOR_MASK_COLOR) != 0;
        header->channels = color ? alpha ? AINN_RGB_ALPHA : AINN_RGB : alpha ? AINN_GRAY_ALPHA : AINN_GRAY;
        if (header->depth == 16 && is_little_endian()) {
            png_set_swap(png);
        }
    }
}

static bool open_pixels(imageio_reader *reader, imageio_header *header)
{
    png_state *state = reader->state;
    png_structp png = state->png;
    set_up(reader, png);
    png_read_info(png, state->info);
    header->width = png_get_image_width(png, state->info);
    header->height = png_get_image_height(png, state->info);
    if (!imageio_check_size(reader, header->width, header->height)) {
        return false;
    }
    take_metadata(reader, png, state->info, header);
    take_color(png, state->info, header);
    set_transforms(state, header);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);
    state->file_row_bytes = png_get_rowbytes(png, state->info);
    if (state->file_row_bytes != (state->palette != NULL ? header->width : imageio_row_bytes(header))) {
        return imageio_fail(reader->message, "libpng gives rows of an unexpected size");
    }
    state->file_row = get_memory(png, 1, state->file_row_bytes);
    if (passes > 1) {
        if (state->file_row_bytes > reader->limits.max_memory / header->height) {
            return imageio_fail(reader->message, "an interlaced PNG of this size needs more memory than allowed (--max-memory)");
        }
        state->whole = get_memory(png, header->height, state->file_row_bytes);
        for (int pass = 0; pass < passes; pass++) {
            for (uint32_t y = 0; y < header->height; y++) {
                png_read_row(png, state->whole + (size_t)y * state->file_row_bytes, NULL);
            }
        }
    }
    return true;
}

static bool open_guarded(imageio_reader *reader, imageio_header *header, bool (*work)(imageio_reader *, imageio_header *))
{
    if (!start(reader)) {
        return false;
    }
    png_state *state = reader->state;
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    return work(reader, header);
}

/* ---- Metadata behind the pixels, where some programs put it */

static bool has_late_metadata(imageio_reader *reader)
{
    uint8_t chunk[8];
    bool pixels = false, found = false;
    off_t at = reader->start + 8;
    while (!found && fseeko(reader->stream, at, SEEK_SET) == 0 && fread(chunk, 1, 8, reader->stream) == 8) {
        uint32_t size = (uint32_t)chunk[0] << 24 | (uint32_t)chunk[1] << 16 | (uint32_t)chunk[2] << 8 | chunk[3];
        if (memcmp(chunk + 4, "IEND", 4) == 0) {
            break;
        }
        pixels = pixels || memcmp(chunk + 4, "IDAT", 4) == 0;
        found = pixels && (memcmp(chunk + 4, "eXIf", 4) == 0 || memcmp(chunk + 4, "iTXt", 4) == 0);
        at += 12 + (off_t)size;
    }
    clearerr(reader->stream);
    return found;
}

/* Reads past all rows, which are decoded for nothing, to what follows them. */
static bool read_late_metadata(imageio_reader *reader, imageio_header *header)
{
    png_state *state = reader->state;
    png_structp png = state->png;
    set_up(reader, png);
    png_read_info(png, state->info);
    uint32_t height = png_get_image_height(png, state->info);
    if (!imageio_check_size(reader, png_get_image_width(png, state->info), height)) {
        return false;
    }
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, state->info);
    state->file_row = get_memory(png, 1, png_get_rowbytes(png, state->info));
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < height; y++) {
            png_read_row(png, state->file_row, NULL);
        }
    }
    png_read_end(png, state->info);
    take_metadata(reader, png, state->info, header);
    return true;
}

static bool png_open(imageio_reader *reader, imageio_header *header)
{
    bool first_time = header == &reader->header;
    if (first_time && has_late_metadata(reader)) {
        if (fseeko(reader->stream, reader->start, SEEK_SET) != 0 || !open_guarded(reader, header, read_late_metadata)) {
            return false;
        }
        png_close(reader);
    }
    if (fseeko(reader->stream, reader->start, SEEK_SET) != 0) {
        return imageio_fail(reader->message, "%s", strerror(errno));
    }
    return open_guarded(reader, header, open_pixels);
}

/* ---- Rows */

static void read_row(imageio_reader *reader, uint8_t *row)
{
    png_state *state = reader->state;
    const uint8_t *from = state->file_row;
    if (state->whole != NULL) {
        from = state->whole + (size_t)state->next * state->file_row_bytes;
    } else {
        png_read_row(state->png, state->file_row, NULL);
    }
    state->next++;
    if (state->palette == NULL) {
        memcpy(row, from, state->file_row_bytes);
        return;
    }
    size_t channels = (size_t)reader->header.channels;
    for (uint32_t x = 0; x < reader->header.width; x++) {
        memcpy(row + x * channels, state->palette[from[x]], channels);
    }
}

static bool png_row(imageio_reader *reader, uint8_t *row)
{
    png_state *state = reader->state;
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    read_row(reader, row);
    return true;
}

static bool png_finish(imageio_reader *reader)
{
    png_state *state = reader->state;
    if (setjmp(png_jmpbuf(state->png)) != 0) {
        return false;
    }
    png_read_end(state->png, NULL);
    return true;
}

const imageio_decoder imageio_png_decoder = { "PNG", true, png_open, png_row, png_finish, png_close };

#endif
