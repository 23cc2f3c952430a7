/* What the formats share behind imageio.h. */
#ifndef AINN_IMAGEIO_INTERNAL_H
#define AINN_IMAGEIO_INTERNAL_H

#include "../common.h"
#include "imageio.h"

enum { IMAGEIO_MESSAGE = 400 };

typedef struct imageio_decoder imageio_decoder;
typedef struct imageio_ahead imageio_ahead;

struct imageio_reader {
    FILE *stream;
    bool own_stream;
    off_t start;                     /* where the picture begins in the stream */
    const char *name;
    const imageio_decoder *decoder;
    void *state;                     /* of the decoder, between its open and its close */
    imageio_header header;
    imageio_limits limits;
    uint8_t *row;                    /* one interleaved row */
    uint32_t next_row;
    bool again;
    bool reads_ahead;
    imageio_ahead *ahead;            /* while a thread reads */
    bool failed;
    char message[IMAGEIO_MESSAGE];
};

struct imageio_decoder {
    const char *name;
    bool needs_seek;                 /* looks at the end of the file before the pixels */
    /* Reads up to the pixels and fills `header`. The functions return false with reader->message set. */
    bool (*open)(imageio_reader *reader, imageio_header *header);
    /* One row of interleaved samples as in ainn_image. */
    bool (*row)(imageio_reader *reader, uint8_t *row);
    /* Checks that the file ends as it should. */
    bool (*finish)(imageio_reader *reader);
    void (*close)(imageio_reader *reader);
};

extern const imageio_decoder imageio_png_decoder, imageio_pnm_decoder, imageio_jpeg_decoder;

typedef struct imageio_encoder imageio_encoder;

struct imageio_writer {
    FILE *stream;
    const char *name;
    imageio_format format;
    const imageio_header *header;
    uint32_t source_depth;
    int compression;
    const imageio_encoder *encoder;
    void *state;
    uint8_t *row;
    uint32_t next_row;
    bool failed;
    char message[IMAGEIO_MESSAGE];
};

struct imageio_encoder {
    bool (*open)(imageio_writer *writer);
    /* One row of interleaved native samples, which may be changed. */
    bool (*row)(imageio_writer *writer, uint8_t *row);
    bool (*finish)(imageio_writer *writer);
    void (*close)(imageio_writer *writer);
};

extern const imageio_encoder imageio_png_encoder, imageio_pnm_encoder;

/* Starts to read rows from the first one on; NULL if that is not possible. */
imageio_ahead *imageio_ahead_start(imageio_reader *reader);
/* The next row, at most as many as there are. false with reader->message set. */
bool imageio_ahead_take(imageio_ahead *ahead, uint8_t *row);
/* Waits for the thread; NULL is allowed. Afterwards the decoder and the stream may be used again. */
void imageio_ahead_stop(imageio_ahead *ahead);

/* Sets the message of a reader or a writer; returns false. */
bool imageio_fail(char *message, const char *format, ...) TOOLS_PRINTF(2, 3);
/* Says why the stream gave no more bytes: a read error, or its end. Returns false. */
bool imageio_fail_read(imageio_reader *reader);
/* Width and height against zero and the limits. */
bool imageio_check_size(imageio_reader *reader, uint64_t width, uint64_t height);
/* A copy of some metadata; false if it is over the limit or memory lacks. Replaces what was there. */
bool imageio_keep(imageio_reader *reader, imageio_bytes *bytes, const void *data, size_t size);
/* Bytes of one interleaved row. */
size_t imageio_row_bytes(const imageio_header *header);

#endif
