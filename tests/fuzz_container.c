/* Headers: parsing of frames, probing, metadata, and alpha. */
#include <stdlib.h>
#include <string.h>

#include "container/alpha.h"
#include "container/frame.h"
#include "fuzz.h"

const unsigned fuzz_runs = 200000;

size_t fuzz_seed(unsigned number, uint8_t *out, size_t capacity)
{
    return fuzz_frame(number, out, capacity);
}

static void read_alpha(const ainn_frame *frame, const uint8_t *data, size_t size)
{
    ainn_memory memory;
    ainn_alpha_decoder *decoder;
    if (!frame->alpha.size || frame->width > 4096 || frame->height > 64 || frame->alpha.offset + frame->alpha.size > size)
        return;
    ainn_memory_init(&memory, NULL, 1 << 24);
    uint16_t *row = malloc(frame->width * sizeof(uint16_t));
    if (ainn_alpha_decoder_create(&memory, frame->width, frame->depth, data + frame->alpha.offset, (size_t)frame->alpha.size, &decoder) == AINN_OK) {
        for (uint32_t y = 0; y < frame->height; y++)
            ainn_alpha_decode_row(decoder, row);
        ainn_alpha_decode_finish(decoder);
        ainn_alpha_decoder_destroy(decoder);
    }
    free(row);
    if (memory.used)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ainn_info info;
    ainn_frame frame;
    ainn_error error;
    for (int repaired = 0; repaired < 2; repaired++) {
        uint8_t *copy = fuzz_copy(data, size), orientation;
        if (repaired)
            fuzz_repair(copy, size);
        ainn_status status = ainn_frame_parse(copy, size, &frame, &error);
        fuzz_check(status);
        if (status == AINN_OK) {
            for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
                fuzz_check(ainn_part_check(copy, size, &frame.metadata[kind]));
            ainn_frame_orientation(&frame, copy, size, &orientation);
            if (orientation < 1 || orientation > 8)
                abort();
            uint64_t groups = (uint64_t)frame.group_columns * frame.group_rows;
            ainn_group_part *parts = malloc((size_t)groups * sizeof(*parts));
            ainn_frame_groups(&frame, copy, parts);
            for (uint64_t i = 0; i < groups; i++)
                if (parts[i].hyper_offset + parts[i].hyper_size > frame.frame_size || parts[i].latent_offset + parts[i].latent_size > frame.frame_size)
                    abort();
            free(parts);
            read_alpha(&frame, copy, size);
        }
        fuzz_check(ainn_probe(copy, size, &info));
        if (ainn_frame_length(copy, size) < AINN_ERROR_INTERNAL)
            abort();
        free(copy);
    }
    return 0;
}
