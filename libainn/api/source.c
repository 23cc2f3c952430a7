#include "api/source.h"

#include <string.h>

#include "image/image.h"

static size_t sample_size(const ainn_source *source)
{
    return source->depth > 8 ? 2 : 1;
}

ainn_status ainn_source_open(ainn_source *source, ainn_memory *memory)
{
    source->memory = memory;
    if (source->image)
        return AINN_OK;
    source->strip_memory = ainn_alloc_array(memory, source->width, AINN_STRIP_ROWS * (size_t)source->channels * sample_size(source));
    return source->strip_memory ? AINN_OK : ainn_memory_status(memory);
}

ainn_status ainn_source_keep(ainn_source *source, ainn_memory *memory, uint32_t rows, ainn_error *error)
{
    size_t row = (size_t)source->width * (size_t)source->channels * sample_size(source);
    uint32_t there = source->kept.height;
    source->memory = memory;
    unsigned char *pixels = ainn_alloc_array(memory, rows, row);
    if (!pixels)
        return ainn_memory_status(memory);
    if (there)
        memcpy(pixels, source->kept_memory, there * row);
    ainn_free_memory(memory, source->kept_memory);
    source->kept_memory = pixels;
    ainn_image_interleaved(&source->kept, pixels, source->width, rows, source->depth, source->channels, 0);
    for (uint32_t y = there; y < rows; y += AINN_STRIP_ROWS) {
        uint32_t left = rows - y, count = left < AINN_STRIP_ROWS ? left : AINN_STRIP_ROWS;
        ainn_image strip;
        ainn_image_interleaved(&strip, pixels + y * row, source->width, count, source->depth, source->channels, 0);
        if (source->read(source->opaque, y, count, &strip))
            return ainn_fail(error, AINN_ERROR_IO, "reading rows %u to %u failed", y, y + count - 1);
    }
    if (rows == source->height)
        source->image = &source->kept;
    return AINN_OK;
}

static void drop_kept(ainn_source *source)
{
    ainn_free_memory(source->memory, source->kept_memory);
    source->kept_memory = NULL;
    source->kept.height = 0;
}

void ainn_source_close(ainn_source *source)
{
    ainn_free_memory(source->memory, source->strip_memory);
    source->strip_memory = NULL;
    drop_kept(source);
}

ainn_status ainn_source_strip(ainn_source *source, uint32_t first_row, uint32_t rows, ainn_image *strip, ainn_error *error)
{
    const ainn_image *image = source->image ? source->image : first_row < source->kept.height ? &source->kept : NULL;
    if (image) {
        *strip = *image;
        strip->height = rows;
        for (int plane = 0; plane < (int)source->channels; plane++)
            strip->plane[plane] = ainn_image_row(image, plane, first_row);
        return AINN_OK;
    }
    drop_kept(source);
    ainn_image_interleaved(strip, source->strip_memory, source->width, rows, source->depth, source->channels, 0);
    if (source->read(source->opaque, first_row, rows, strip))
        return ainn_fail(error, AINN_ERROR_IO, "reading rows %u to %u failed", first_row, first_row + rows - 1);
    return AINN_OK;
}
