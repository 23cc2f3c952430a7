/* The one EXIF tag that matters to pixels: orientation, in the first directory of a TIFF structure. */
#include "../common.h"
#include "imageio.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY = 12 };

typedef struct tiff {
    const uint8_t *data;
    size_t size;
    bool big;
} tiff;

static uint32_t get16(const tiff *file, size_t at)
{
    const uint8_t *p = file->data + at;
    return file->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get32(const tiff *file, size_t at)
{
    return file->big ? get16(file, at) << 16 | get16(file, at + 2) : get16(file, at + 2) << 16 | get16(file, at);
}

static void put16(bool big, uint8_t *p, uint32_t value)
{
    p[big ? 0 : 1] = (uint8_t)(value >> 8);
    p[big ? 1 : 0] = (uint8_t)value;
}

static void put32(bool big, uint8_t *p, uint32_t value)
{
    put16(big, p + (big ? 0 : 2), value >> 16);
    put16(big, p + (big ? 2 : 0), value & 0xffff);
}

/* Finds the first directory: its place and its number of entries. */
static bool find_directory(const uint8_t *data, size_t size, tiff *file, size_t *place, size_t *count)
{
    if (size < 14 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0)) {
        return false;
    }
    file->data = data;
    file->size = size;
    file->big = data[0] == 'M';
    *place = get32(file, 4);
    if (*place < 8 || *place > size - 2) {
        return false;
    }
    *count = get16(file, *place);
    return *count <= (size - *place - 2) / ENTRY;
}

/* Where the orientation's entry is; 0 if there is none. */
static size_t find_entry(const tiff *file, size_t place, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t entry = place + 2 + i * ENTRY;
        if (get16(file, entry) == TAG_ORIENTATION) {
            return get16(file, entry + 2) == TYPE_SHORT && get32(file, entry + 4) == 1 ? entry : 0;
        }
    }
    return 0;
}

uint8_t exif_orientation(const uint8_t *data, size_t size)
{
    tiff file;
    size_t place, count;
    if (!find_directory(data, size, &file, &place, &count)) {
        return 0;
    }
    size_t entry = find_entry(&file, place, count);
    uint32_t value = entry != 0 ? get16(&file, entry + 8) : 0;
    return value >= 1 && value <= 8 ? (uint8_t)value : 0;
}

static void put_entry(bool big, uint8_t *p, uint8_t orientation)
{
    memset(p, 0, ENTRY);
    put16(big, p, TAG_ORIENTATION);
    put16(big, p + 2, TYPE_SHORT);
    put32(big, p + 4, 1);
    put16(big, p + 8, orientation);
}

static bool make_minimal(imageio_bytes *exif, uint8_t orientation)
{
    static const uint8_t start[10] = { 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1 };
    uint8_t *data = calloc(1, sizeof start + ENTRY + 4);
    if (data == NULL) {
        return false;
    }
    memcpy(data, start, sizeof start);
    put_entry(true, data + sizeof start, orientation);
    exif->data = data;
    exif->size = sizeof start + ENTRY + 4;
    return true;
}

/* A copy of the first directory with one more entry, put at the end: everything else keeps its offset. */
static bool add_entry(imageio_bytes *exif, const tiff *file, size_t place, size_t count, uint8_t orientation)
{
    size_t at = (exif->size + 1) & ~(size_t)1;
    size_t old_bytes = count * ENTRY;
    size_t total = at + 2 + old_bytes + ENTRY + 4;
    if (count >= 0xffff || total > UINT32_MAX) {
        return false;
    }
    uint8_t *data = calloc(1, total);
    if (data == NULL) {
        return false;
    }
    memcpy(data, exif->data, exif->size);
    put32(file->big, data + 4, (uint32_t)at);
    put16(file->big, data + at, (uint32_t)count + 1);
    const uint8_t *entries = exif->data + place + 2;
    size_t before = 0;
    while (before < count && get16(file, place + 2 + before * ENTRY) < TAG_ORIENTATION) {
        before++;
    }
    uint8_t *to = data + at + 2;
    memcpy(to, entries, before * ENTRY);
    put_entry(file->big, to + before * ENTRY, orientation);
    memcpy(to + (before + 1) * ENTRY, entries + before * ENTRY, (count - before) * ENTRY);
    if (exif->size - (place + 2) - old_bytes >= 4) {
        memcpy(to + old_bytes + ENTRY, entries + old_bytes, 4);   /* where the next directory is */
    }
    free(exif->data);
    exif->data = data;
    exif->size = total;
    return true;
}

bool exif_set_orientation(imageio_bytes *exif, uint8_t orientation)
{
    tiff file;
    size_t place, count;
    if (exif->size == 0) {
        return make_minimal(exif, orientation);
    }
    if (!find_directory(exif->data, exif->size, &file, &place, &count)) {
        return false;
    }
    size_t entry = find_entry(&file, place, count);
    if (entry != 0) {
        put16(file.big, exif->data + entry + 8, orientation);
        return true;
    }
    return add_entry(exif, &file, place, count, orientation);
}
