/*
 * Feeds damaged pictures to the tools' readers: fuzz_imageio ITERATIONS SEED-PICTURE...
 * Each iteration changes, cuts or lengthens a seed and reads it to the end, every third one twice. To be built with
 * sanitizers; the result is that nothing happens. The sequence is the same in every run.
 */
#include "../tools/common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../tools/imageio/imageio.h"

enum { MAX_SEEDS = 64 };

static uint64_t state = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 20) % below;
}

static size_t damage(uint8_t *data, size_t size, size_t room)
{
    static const uint8_t telling[] = { 0, 1, 2, 16, 127, 128, 254, 255, '0', '9', ' ', '\n' };
    uint32_t changes = 1 + draw(6);
    for (uint32_t i = 0; i < changes && size > 4; i++) {
        uint32_t at = draw(3) == 0 ? draw((uint32_t)size) : draw(size < 120 ? (uint32_t)size : 120);
        switch (draw(6)) {
        case 0: data[at] ^= (uint8_t)(1u << draw(8)); break;
        case 1: data[at] = telling[draw(sizeof telling)]; break;
        case 2: data[at] = (uint8_t)draw(256); break;
        case 3: size -= draw((uint32_t)size / (1 + draw(8)) + 1); break;
        case 4: memset(data + at, telling[draw(sizeof telling)], size - at < 4 ? size - at : 4); break;
        default:
            if (size + 16 < room) {
                memmove(data + at + 8, data + at, size - at);
                size += 8;
            }
        }
    }
    return size;
}

/* Makes a PNG's checksums right again, so that the damage gets past them. */
static void mend_checksums(uint8_t *data, size_t size)
{
    size_t at = 8;
    while (size > 12 && at < size - 12) {
        size_t length = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 | data[at + 3];
        if (length > size - 12 - at) {
            return;
        }
        uint32_t sum = (uint32_t)crc32(0, data + at + 4, (uInt)length + 4);
        for (size_t i = 0; i < 4; i++) {
            data[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        }
        at += length + 12;
    }
}

static void read_picture(const char *path, bool twice)
{
    const imageio_limits limits = { 1 << 20, 1 << 24, 1 << 20 };
    imageio_reader *reader = imageio_open(path, &limits, twice);
    if (reader == NULL) {
        return;
    }
    const imageio_header *header = imageio_reader_header(reader);
    size_t row_bytes = (size_t)header->width * (size_t)header->channels * (header->depth > 8 ? 2 : 1);
    uint8_t *row = malloc(row_bytes);
    for (int pass = 0; row != NULL && pass < (twice ? 2 : 1) && !imageio_reader_failed(reader); pass++) {
        for (uint32_t y = 0; y < header->height; y++) {
            ainn_image image;
            memset(&image, 0, sizeof image);
            image.width = header->width;
            image.height = 1;
            image.depth = header->depth;
            image.channels = header->channels;
            for (int c = 0; c < (int)header->channels; c++) {
                image.plane[c] = row + (size_t)c * (header->depth > 8 ? 2 : 1);
                image.row_stride[c] = (ptrdiff_t)row_bytes;
                image.pixel_stride[c] = (ptrdiff_t)(header->channels * (header->depth > 8 ? 2u : 1u));
            }
            if (imageio_read_rows(reader, y, 1, &image) != 0) {
                break;
            }
        }
    }
    imageio_bytes exif = { NULL, 0 };
    if (header->metadata[AINN_EXIF].size > 0) {
        exif.size = header->metadata[AINN_EXIF].size;
        exif.data = malloc(exif.size);
        if (exif.data != NULL) {
            memcpy(exif.data, header->metadata[AINN_EXIF].data, exif.size);
            if (exif_set_orientation(&exif, 5) && exif_orientation(exif.data, exif.size) != 5) {
                abort();
            }
        }
    }
    free(exif.data);
    free(row);
    imageio_close(reader);
}

int main(int argc, char *argv[])
{
    static file_data seeds[MAX_SEEDS];
    uint64_t iterations;
    int count = argc - 2 < MAX_SEEDS ? argc - 2 : MAX_SEEDS;
    char path[64] = "/tmp/fuzz_imageio.XXXXXX";
    if (count < 1 || !parse_integer(argv[1], 1, UINT32_MAX, &iterations)) {
        fprintf(stderr, "usage: fuzz_imageio ITERATIONS SEED-PICTURE...\n");
        return EXIT_USAGE;
    }
    for (int i = 0; i < count; i++) {
        if (!file_data_open(argv[2 + i], &seeds[i]) || seeds[i].size == 0) {
            return EXIT_TROUBLE;
        }
    }
    int descriptor = mkstemp(path);
    if (descriptor < 0) {
        perror(path);
        return EXIT_TROUBLE;
    }
    for (uint64_t i = 0; i < iterations; i++) {
        const file_data *seed = &seeds[draw((uint32_t)count)];
        size_t room = seed->size + 256;
        uint8_t *data = malloc(room);
        if (data == NULL) {
            break;
        }
        memcpy(data, seed->data, seed->size);
        size_t size = damage(data, seed->size, room);
        if (size > 8 && data[0] == 0x89 && draw(4) != 0) {
            mend_checksums(data, size);
        }
        bool written = pwrite(descriptor, data, size, 0) == (ssize_t)size && ftruncate(descriptor, (off_t)size) == 0;
        free(data);
        if (!written) {
            perror(path);
            break;
        }
        read_picture(path, i % 3 == 0);
    }
    close(descriptor);
    unlink(path);
    for (int i = 0; i < count; i++) {
        file_data_close(&seeds[i]);
    }
    printf("%llu damaged pictures read\n", (unsigned long long)iterations);
    return EXIT_DONE;
}
