#include "api/source.h"

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

ainn_status ainn_source_keep(ainn_source *source, ainn_memory *memory, ainn_error *error)
{
    size_t row = (size_t)source->width * (size_t)source->channels * sample_size(source);
    ainn_image strip;
    source->memory = memory;
    source->strip_memory = ainn_alloc_array(memory, source->height, row);
    if (!source->strip_memory)
        return ainn_memory_status(memory);
    ainn_image_interleaved(&source->kept, source->strip_memory, source->width, source->height, source->depth, source->channels, 0);
    for (uint32_t y = 0; y < source->height; y += AINN_STRIP_ROWS) {
        uint32_t left = source->height - y, rows = left < AINN_STRIP_ROWS ? left : AINN_STRIP_ROWS;
        ainn_image_interleaved(&strip, (unsigned char *)source->strip_memory + y * row, source->width, rows, source->depth, source->channels, 0);
        if (source->read(source->opaque, y, rows, &strip))
            return ainn_fail(error, AINN_ERROR_IO, "reading rows %u to %u failed", y, y + rows - 1);
    }
    source->image = &source->kept;
    return AINN_OK;
}

void ainn_source_close(ainn_source *source)
{
    ainn_free_memory(source->memory, source->strip_memory);
    source->strip_memory = NULL;
}

ainn_status ainn_source_strip(ainn_source *source, uint32_t first_row, uint32_t rows, ainn_image *strip, ainn_error *error)
{
    if (source->image) {
        *strip = *source->image;
        strip->height = rows;
        for (int plane = 0; plane < (int)source->channels; plane++)
            strip->plane[plane] = ainn_image_row(source->image, plane, first_row);
        return AINN_OK;
    }
    ainn_image_interleaved(strip, source->strip_memory, source->width, rows, source->depth, source->channels, 0);
    if (source->read(source->opaque, first_row, rows, strip))
        return ainn_fail(error, AINN_ERROR_IO, "reading rows %u to %u failed", first_row, first_row + rows - 1);
    return AINN_OK;
}
