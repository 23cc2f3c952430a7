/* Netpbm's binary formats: P5 (PGM), P6 (PPM) and P7 (PAM), with 8 or 16 bits a sample. */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct pnm_state {
    uint32_t largest;      /* the file's maxval */
    size_t file_sample;    /* bytes a sample in the file */
    uint8_t *buffer;       /* a row as it is in the file */
} pnm_state;

/* A whole number of a P5 or P6 header: white space and comments, digits. */
static bool read_number(imageio_reader *reader, uint32_t *value)
{
    int c = getc(reader->stream);
    while (c != EOF && (isspace(c) || c == '#')) {
        if (c == '#') {
            while (c != EOF && c != '\n' && c != '\r') {
                c = getc(reader->stream);
            }
        }
        if (c != EOF) {
            c = getc(reader->stream);
        }
    }
    if (c == EOF) {
        return imageio_fail_read(reader);
    }
    uint64_t number = 0;
    int digits = 0;
    for (; c >= '0' && c <= '9'; c = getc(reader->stream)) {
        number = number * 10 + (uint64_t)(c - '0');
        if (number > UINT32_MAX) {
            return imageio_fail(reader->message, "a number in the header is too large");
        }
        digits++;
    }
    if (digits == 0 || (c != EOF && !isspace(c))) {
        return imageio_fail(reader->message, "the header is damaged");
    }
    *value = (uint32_t)number;
    return true;
}

static bool read_pnm_header(imageio_reader *reader, imageio_header *header, uint32_t *largest)
{
    return read_number(reader, &header->width) && read_number(reader, &header->height) && read_number(reader, largest);
}

/* A line of a P7 header without its end; comments and empty lines are left out. */
static bool read_line(imageio_reader *reader, char *line, size_t room)
{
    do {
        size_t length = 0;
        int c = getc(reader->stream);
        for (; c != EOF && c != '\n'; c = getc(reader->stream)) {
            if (length + 1 >= room) {
                return imageio_fail(reader->message, "a line of the header is too long");
            }
            line[length++] = (char)c;
        }
        if (c == EOF) {
            return imageio_fail_read(reader);
        }
        while (length > 0 && isspace((unsigned char)line[length - 1])) {
            length--;
        }
        line[length] = '\0';
    } while (line[0] == '#' || line[0] == '\0');
    return true;
}

static bool read_pam_header(imageio_reader *reader, imageio_header *header, uint32_t *largest)
{
    static const char *const words[4] = { "WIDTH", "HEIGHT", "DEPTH", "MAXVAL" };
    char line[256], type[256] = "";
    uint32_t values[4] = { 0, 0, 0, 0 };
    for (;;) {
        if (!read_line(reader, line, sizeof line)) {
            return false;
        }
        if (strcmp(line, "ENDHDR") == 0) {
            break;
        }
        size_t word = strcspn(line, " \t");
        const char *rest = line + word + strspn(line + word, " \t");
        bool known = false;
        for (int i = 0; i < 4; i++) {
            uint64_t value;
            if (strlen(words[i]) == word && strncmp(line, words[i], word) == 0) {
                if (!parse_integer(rest, 0, UINT32_MAX, &value)) {
                    return imageio_fail(reader->message, "the header has no number after %s", words[i]);
                }
                values[i] = (uint32_t)value;
                known = true;
            }
        }
        if (!known) {
            if (word != 8 || strncmp(line, "TUPLTYPE", 8) != 0) {
                return imageio_fail(reader->message, "the header is damaged");
            }
            snprintf(type, sizeof type, "%s", rest);
        }
    }
    static const struct { const char *name; uint32_t channels; } types[] = {
        { "BLACKANDWHITE", 1 }, { "GRAYSCALE", 1 }, { "BLACKANDWHITE_ALPHA", 2 },
        { "GRAYSCALE_ALPHA", 2 }, { "RGB", 3 }, { "RGB_ALPHA", 4 },
    };
    for (size_t i = 0; type[0] != '\0' && i <= sizeof types / sizeof types[0]; i++) {
        if (i == sizeof types / sizeof types[0]) {
            return imageio_fail(reader->message, "tuples of the type %s are not supported", type);
        }
        if (strcmp(type, types[i].name) == 0) {
            if (types[i].channels != values[2]) {
                return imageio_fail(reader->message, "the header is damaged: %s of depth %u", type, (unsigned)values[2]);
            }
            break;
        }
    }
    if (values[2] < 1 || values[2] > 4) {
        return imageio_fail(reader->message, "%u channels are not supported", (unsigned)values[2]);
    }
    header->width = values[0];
    header->height = values[1];
    header->channels = (ainn_channels)values[2];
    *largest = values[3];
    return true;
}

static bool pnm_open(imageio_reader *reader, imageio_header *header)
{
    uint32_t largest = 0;
    pnm_state *state = calloc(1, sizeof *state);
    reader->state = state;
    if (state == NULL) {
        return imageio_fail(reader->message, "out of memory");
    }
    errno = 0;
    int kind = getc(reader->stream) == 'P' ? getc(reader->stream) : EOF;
    bool good;
    switch (kind) {
    case '5':
    case '6':
        header->channels = kind == '5' ? AINN_GRAY : AINN_RGB;
        good = read_pnm_header(reader, header, &largest);
        break;
    case '7':
        good = read_pam_header(reader, header, &largest);
        break;
    case '1': case '2': case '3': case '4':
        good = imageio_fail(reader->message, "PNM of the kind P%c is not supported; P5, P6 and P7 are", kind);
        break;
    default:
        good = imageio_fail(reader->message, "is not a PNG, JPEG, PGM, PPM or PAM picture");
    }
    if (!good || !imageio_check_size(reader, header->width, header->height)) {
        return false;
    }
    if (largest < 1 || largest > 65535) {
        return imageio_fail(reader->message, "the largest sample value is %u; it must be 1 to 65535", (unsigned)largest);
    }
    header->depth = 8;
    while ((UINT32_C(1) << header->depth) - 1 < largest) {
        header->depth++;
    }
    state->largest = largest;
    state->file_sample = largest > 255 ? 2 : 1;
    state->buffer = malloc((size_t)header->width * (size_t)header->channels * state->file_sample);
    return state->buffer != NULL || imageio_fail(reader->message, "out of memory");
}

static bool pnm_row(imageio_reader *reader, uint8_t *row)
{
    const pnm_state *state = reader->state;
    const imageio_header *header = &reader->header;
    size_t samples = (size_t)header->width * (size_t)header->channels;
    uint32_t top = (UINT32_C(1) << header->depth) - 1;
    uint8_t *to = state->largest == 255 ? row : state->buffer;
    errno = 0;
    if (fread(to, state->file_sample, samples, reader->stream) != samples) {
        return imageio_fail_read(reader);
    }
    if (state->largest == 255) {
        return true;
    }
    for (size_t i = 0; i < samples; i++) {
        uint32_t value = state->file_sample == 1 ? state->buffer[i] : (uint32_t)state->buffer[2 * i] << 8 | state->buffer[2 * i + 1];
        if (value > state->largest) {
            return imageio_fail(reader->message, "a sample is %u, but the largest value is said to be %u", (unsigned)value,
                                (unsigned)state->largest);
        }
        if (top != state->largest) {
            value = (uint32_t)(((uint64_t)value * top + state->largest / 2) / state->largest);
        }
        if (header->depth == 8) {
            row[i] = (uint8_t)value;
        } else {
            uint16_t sample = (uint16_t)value;
            memcpy(row + 2 * i, &sample, 2);
        }
    }
    return true;
}

static bool pnm_finish(imageio_reader *reader)
{
    (void)reader;   /* more pictures may follow in the same stream */
    return true;
}

static void pnm_close(imageio_reader *reader)
{
    pnm_state *state = reader->state;
    if (state != NULL) {
        free(state->buffer);
        free(state);
        reader->state = NULL;
    }
}

const imageio_decoder imageio_pnm_decoder = { "PNM", false, pnm_open, pnm_row, pnm_finish, pnm_close };

static bool fail_write(imageio_writer *writer)
{
    return imageio_fail(writer->message, "%s", errno != 0 ? strerror(errno) : "write error");
}

static bool pnm_start(imageio_writer *writer)
{
    static const char *const types[5] = { "", "GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA" };
    const imageio_header *header = writer->header;
    unsigned width = header->width, height = header->height, largest = (1u << header->depth) - 1;
    int written;
    if (writer->format == IMAGEIO_PAM) {
        written = fprintf(writer->stream, "P7\nWIDTH %u\nHEIGHT %u\nDEPTH %d\nMAXVAL %u\nTUPLTYPE %s\nENDHDR\n", width, height,
                          (int)header->channels, largest, types[header->channels]);
    } else {
        written = fprintf(writer->stream, "P%c\n%u %u\n%u\n", header->channels == AINN_GRAY ? '5' : '6', width, height, largest);
    }
    return written > 0 || fail_write(writer);
}

static bool pnm_put(imageio_writer *writer, uint8_t *row)
{
    const imageio_header *header = writer->header;
    size_t bytes = imageio_row_bytes(header);
    if (header->depth > 8) {
        for (size_t i = 0; i < bytes; i += 2) {
            uint16_t sample;
            memcpy(&sample, row + i, 2);
            row[i] = (uint8_t)(sample >> 8);
            row[i + 1] = (uint8_t)sample;
        }
    }
    return fwrite(row, 1, bytes, writer->stream) == bytes || fail_write(writer);
}

static bool pnm_end(imageio_writer *writer)
{
    (void)writer;
    return true;
}

static void pnm_drop(imageio_writer *writer)
{
    (void)writer;
}

const imageio_encoder imageio_pnm_encoder = { pnm_start, pnm_put, pnm_end, pnm_drop };
