/*
 * Picture files of other formats, row by row: PNG, PNM (PGM, PPM, PAM) and JPEG in, PNG and PNM out.
 * Kept out of the library: nothing here knows of .ainn beyond the pixel layout of ainn.h.
 */
#ifndef AINN_IMAGEIO_H
#define AINN_IMAGEIO_H

#include <ainn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes that the struct's owner frees. */
typedef struct imageio_bytes {
    uint8_t *data;
    size_t size;
} imageio_bytes;

/* What is known of a picture before its pixels. */
typedef struct imageio_header {
    uint32_t width, height;
    uint32_t depth;                /* 8 to 16 */
    ainn_channels channels;
    ainn_color color;
    uint8_t orientation;           /* EXIF's 1 to 8 */
    imageio_bytes metadata[AINN_METADATA_KINDS];
} imageio_header;

void imageio_header_init(imageio_header *header);
/* Frees the metadata. */
void imageio_header_clear(imageio_header *header);

/* Checked before anything is allocated for a picture. */
typedef struct imageio_limits {
    uint64_t max_pixels;
    uint64_t max_memory;           /* for pictures that cannot be read row by row, such as interlaced PNG */
    uint64_t max_metadata;
} imageio_limits;

/* ---- Reading */

typedef struct imageio_reader imageio_reader;

/* Opens a picture ("-": standard input), whose format its first bytes tell. `again`: its rows will be read more than
 * once, so that what comes from a pipe is kept in a temporary file. NULL after a message on standard error. */
imageio_reader *imageio_open(const char *path, const imageio_limits *limits, bool again);
/* From now on rows are read by a thread, some ahead of those that are asked for, where that is of use. Results and messages stay the same. */
void imageio_read_ahead(imageio_reader *reader);
/* Lives until imageio_close(). */
const imageio_header *imageio_reader_header(const imageio_reader *reader);
/* "PNG", "PPM", ... */
const char *imageio_reader_format(const imageio_reader *reader);
/* Reads rows in order; first_row 0 begins again. Fits ainn_read_rows with the reader as `opaque`. After a failure, which
 * is reported by a message, returns 1. */
int imageio_read_rows(void *reader, uint32_t first_row, uint32_t rows, const ainn_image *strip);
/* True if a read failed: its message has been shown, and what the library says after it is only a consequence. */
bool imageio_reader_failed(const imageio_reader *reader);
void imageio_close(imageio_reader *reader);

/* ---- Writing */

typedef enum imageio_format {
    IMAGEIO_NONE, IMAGEIO_PNG, IMAGEIO_PPM, IMAGEIO_PGM, IMAGEIO_PAM, IMAGEIO_PNM
} imageio_format;

/* By a name such as "png" in upper or lower case; IMAGEIO_NONE if unknown. */
imageio_format imageio_format_named(const char *name);
/* By the end of a file's name. */
imageio_format imageio_format_of_path(const char *path);
/* The channels that are written for a picture of these; 0 if the format cannot hold it (colour in a PGM). */
ainn_channels imageio_format_channels(imageio_format format, ainn_channels channels);
/* The depth that is written for samples of this depth. */
uint32_t imageio_format_depth(imageio_format format, uint32_t depth);
bool imageio_format_holds_metadata(imageio_format format);

typedef struct imageio_writer imageio_writer;

/* Begins a picture on `stream`. `source_depth`: significant bits of the samples, at most header->depth. `name` is for
 * messages and must outlive the writer, as must the header. NULL after a message on standard error. */
imageio_writer *imageio_create(FILE *stream, const char *name, imageio_format format, const imageio_header *header, uint32_t source_depth,
                               int compression);
/* Writes the next rows, interleaved as header says. Fits ainn_write_rows with the writer as `opaque`. 1 after a message. */
int imageio_write_rows(void *writer, uint32_t first_row, uint32_t rows, const ainn_image *strip);
bool imageio_writer_failed(const imageio_writer *writer);
/* Ends the picture, which must have all its rows; the stream stays open. false after a message. */
bool imageio_finish(imageio_writer *writer);
/* Frees the writer, finished or not. */
void imageio_writer_close(imageio_writer *writer);

/* ---- EXIF */

/* The orientation in a TIFF structure, 1 to 8; 0 if it has none. */
uint8_t exif_orientation(const uint8_t *data, size_t size);
/* Makes `exif` say `orientation`, changing or adding the tag, or making a minimal structure where there is none.
 * false if memory lacks or the structure is broken. */
bool exif_set_orientation(imageio_bytes *exif, uint8_t orientation);

#endif
