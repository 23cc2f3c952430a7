#include "container.h"

#include <string.h>

static bool load(ainn_file *file, const ainn_limits *limits)
{
    if (file->data.size == 0) {
        complain(file->name, "the file is empty");
        return false;
    }
    ainn_status status = ainn_probe(file->data.data, file->data.size, &file->info);
    if (status != AINN_OK) {
        library_error(file->name, status, NULL);
        return false;
    }
    file->frames = 1;
    if (file->info.is_sequence) {
        status = ainn_reader_create(file->data.data, file->data.size, limits, NULL, &file->reader);
        if (status != AINN_OK) {
            library_error(file->name, status, NULL);
            return false;
        }
        file->frames = ainn_reader_count(file->reader);
        if (file->info.frame_count != 0 && file->frames < file->info.frame_count) {
            warn(file->name, "the sequence has %u frames, but only %u are there", (unsigned)file->info.frame_count, (unsigned)file->frames);
        }
    } else if (file->data.size > file->info.frame_size) {
        warn(file->name, "%llu bytes after the picture are not part of it", (unsigned long long)(file->data.size - file->info.frame_size));
    }
    return true;
}

bool ainn_file_open(ainn_file *file, const char *path, const ainn_limits *limits)
{
    memset(file, 0, sizeof *file);
    file->name = input_name(path);
    return file_data_open(path, &file->data) && load(file, limits);
}

bool ainn_file_frame(const ainn_file *file, uint32_t index, ainn_sequence_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    if (file->reader == NULL) {
        /* What is behind the frame is not decoded; what lacks at its end is the decoder's business. */
        uint64_t size = file->data.size < file->info.frame_size ? file->data.size : file->info.frame_size;
        frame->frame = (ainn_bytes){ file->data.data, (size_t)size };
        return true;
    }
    ainn_status status = ainn_reader_get(file->reader, index, frame);
    if (status != AINN_OK) {
        library_error(file->name, status, NULL);
        return false;
    }
    return true;
}

void ainn_file_close(ainn_file *file)
{
    ainn_reader_destroy(file->reader);
    file->reader = NULL;
    file_data_close(&file->data);
}
