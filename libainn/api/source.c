#include "api/source.h"

#include "image/image.h"

static size_t sample_size(const ainn_source *source)
{
    return source->depth > 8 ? 2 : 1;
}

ainn_status ainn_source_open(ainn_source *source, ainn_memory *memory)
{
    source->memory = memory;
    source->strip_memory = NULL;
    if (source->image)
        return AINN_OK;
    source->strip_memory = ainn_alloc_array(memory, source->width, AINN_STRIP_ROWS * (size_t)source->channels * sample_size(source));
    return source->strip_memory ? AINN_OK : ainn_memory_status(memory);
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
