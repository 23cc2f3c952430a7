/* JPEG in, with its ICC, EXIF and XMP markers. libjpeg reports errors with longjmp; see png.c for how that is kept safe. */
#include "internal.h"

#ifdef HAVE_LIBJPEG

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

enum { MARKER_EXIF = JPEG_APP0 + 1, MARKER_ICC = JPEG_APP0 + 2 };

typedef struct jpeg_state {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf landing;
    imageio_reader *reader;
    bool created;
} jpeg_state;

static void on_error(j_common_ptr jpeg)
{
    jpeg_state *state = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, text);
    imageio_fail(state->reader->message, "%s", text);
    longjmp(state->landing, 1);
}

/* libjpeg goes on where data is missing or damaged, with grey pixels. That would be kept for good, so it is an error here. */
static void on_message(j_common_ptr jpeg, int level)
{
    jpeg_state *state = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    if (level >= 0) {
        return;
    }
    switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
        imageio_fail_read(state->reader);
        longjmp(state->landing, 1);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(jpeg);
        break;
    default:
        if (jpeg->err->num_warnings++ == 0) {
            jpeg->err->format_message(jpeg, text);
            warn(state->reader->name, "%s", text);
        }
    }
}

/* ---- Markers */

static bool starts_with(jpeg_saved_marker_ptr marker, int kind, const char *start, size_t size)
{
    return marker->marker == kind && marker->data_length >= size && memcmp(marker->data, start, size) == 0;
}

/* A profile is spread over markers that number themselves from 1. */
static bool take_profile(imageio_reader *reader, jpeg_saved_marker_ptr list, imageio_header *header)
{
    static const char start[12] = "ICC_PROFILE";
    enum { HEAD = sizeof start + 2 };
    jpeg_saved_marker_ptr parts[256] = { NULL };
    unsigned count = 0;
    size_t size = 0;
    for (jpeg_saved_marker_ptr marker = list; marker != NULL; marker = marker->next) {
        if (starts_with(marker, MARKER_ICC, start, sizeof start) && marker->data_length >= HEAD) {
            unsigned number = marker->data[sizeof start], total = marker->data[sizeof start + 1];
            if (number == 0 || number > total || (count != 0 && total != count) || parts[number] != NULL) {
                warn(reader->name, "the ICC profile is damaged and left out");
                return true;
            }
            count = total;
            parts[number] = marker;
            size += marker->data_length - HEAD;
        }
    }
    uint8_t *profile = size > 0 ? malloc(size) : NULL;
    size_t at = 0;
    if (size > 0 && profile == NULL) {
        return imageio_fail(reader->message, "out of memory");
    }
    for (unsigned number = 1; number <= count; number++) {
        if (parts[number] == NULL) {
            warn(reader->name, "a part of the ICC profile is missing; it is left out");
            free(profile);
            return true;
        }
        size_t bytes = parts[number]->data_length - HEAD;
        if (bytes > 0) {
            memcpy(profile + at, parts[number]->data + HEAD, bytes);
        }
        at += bytes;
    }
    bool kept = size == 0 || imageio_keep(reader, &header->metadata[AINN_ICC], profile, size);
    free(profile);
    return kept;
}

static bool take_markers(imageio_reader *reader, jpeg_saved_marker_ptr list, imageio_header *header)
{
    static const char exif[6] = "Exif\0", xmp[29] = "http://ns.adobe.com/xap/1.0/";
    for (jpeg_saved_marker_ptr marker = list; marker != NULL; marker = marker->next) {
        imageio_bytes *to;
        size_t skip;
        if (starts_with(marker, MARKER_EXIF, exif, sizeof exif)) {
            to = &header->metadata[AINN_EXIF];
            skip = sizeof exif;
        } else if (starts_with(marker, MARKER_EXIF, xmp, sizeof xmp)) {
            to = &header->metadata[AINN_XMP];
            skip = sizeof xmp;
        } else {
            continue;
        }
        if (to->size == 0 && !imageio_keep(reader, to, marker->data + skip, marker->data_length - skip)) {
            return false;
        }
    }
    uint8_t orientation = exif_orientation(header->metadata[AINN_EXIF].data, header->metadata[AINN_EXIF].size);
    header->orientation = orientation != 0 ? orientation : 1;
    return take_profile(reader, list, header);
}

/* ---- Pixels */

static bool open_pixels(imageio_reader *reader, imageio_header *header)
{
    jpeg_state *state = reader->state;
    struct jpeg_decompress_struct *jpeg = &state->jpeg;
    jpeg_create_decompress(jpeg);
    state->created = true;
    jpeg->client_data = state;
    jpeg->mem->max_memory_to_use = reader->limits.max_memory < LONG_MAX ? (long)reader->limits.max_memory : LONG_MAX;
    jpeg_stdio_src(jpeg, reader->stream);
    jpeg_save_markers(jpeg, MARKER_EXIF, 0xffff);
    jpeg_save_markers(jpeg, MARKER_ICC, 0xffff);
    (void)jpeg_read_header(jpeg, TRUE);
    if (!imageio_check_size(reader, jpeg->image_width, jpeg->image_height) || !take_markers(reader, jpeg->marker_list, header)) {
        return false;
    }
    if (jpeg->num_components != 1 && jpeg->num_components != 3) {
        return imageio_fail(reader->message, "JPEG with %d components (CMYK) is not supported", jpeg->num_components);
    }
    jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    (void)jpeg_start_decompress(jpeg);
    header->width = jpeg->output_width;
    header->height = jpeg->output_height;
    header->depth = 8;
    header->channels = jpeg->num_components == 1 ? AINN_GRAY : AINN_RGB;
    return true;
}

static bool jpeg_open(imageio_reader *reader, imageio_header *header)
{
    jpeg_state *state = calloc(1, sizeof *state);
    reader->state = state;
    if (state == NULL) {
        return imageio_fail(reader->message, "out of memory");
    }
    state->reader = reader;
    state->jpeg.err = jpeg_std_error(&state->errors);
    state->jpeg.client_data = state;   /* kept by jpeg_create_decompress(), whose own errors need it */
    state->errors.error_exit = on_error;
    state->errors.emit_message = on_message;
    if (setjmp(state->landing) != 0) {
        return false;
    }
    return open_pixels(reader, header);
}

static bool jpeg_row(imageio_reader *reader, uint8_t *row)
{
    jpeg_state *state = reader->state;
    JSAMPROW rows[1] = { row };
    if (setjmp(state->landing) != 0) {
        return false;
    }
    return jpeg_read_scanlines(&state->jpeg, rows, 1) == 1 || imageio_fail(reader->message, "the file ends too early");
}

static bool jpeg_finish(imageio_reader *reader)
{
    jpeg_state *state = reader->state;
    if (setjmp(state->landing) != 0) {
        return false;
    }
    (void)jpeg_finish_decompress(&state->jpeg);
    return true;
}

static void jpeg_close(imageio_reader *reader)
{
    jpeg_state *state = reader->state;
    if (state != NULL) {
        if (state->created) {
            jpeg_destroy_decompress(&state->jpeg);
        }
        free(state);
        reader->state = NULL;
    }
}

const imageio_decoder imageio_jpeg_decoder = { "JPEG", false, jpeg_open, jpeg_row, jpeg_finish, jpeg_close };

#endif
