/* Whole files in memory: mapped where possible, so that a long sequence costs no memory of its own. */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool read_all(int descriptor, file_data *file)
{
    size_t room = 0;
    for (;;) {
        if (file->size == room) {
            if (room > SIZE_MAX / 2) {
                errno = ENOMEM;
                return false;
            }
            size_t larger = room == 0 ? 65536 : room * 2;
            uint8_t *data = realloc(file->data, larger);
            if (data == NULL) {
                return false;
            }
            file->data = data;
            room = larger;
        }
        ssize_t got = read(descriptor, file->data + file->size, room - file->size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0;
        }
        file->size += (size_t)got;
    }
}

static bool load(int descriptor, file_data *file)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return false;
    }
    if (S_ISREG(status.st_mode) && status.st_size > 0 && (uintmax_t)status.st_size <= SIZE_MAX && lseek(descriptor, 0, SEEK_CUR) == 0) {
        void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (map != MAP_FAILED) {
            file->data = map;
            file->size = (size_t)status.st_size;
            file->mapped = true;
            return true;
        }
    }
    return read_all(descriptor, file);
}

bool file_data_open(const char *path, file_data *file)
{
    bool standard = strcmp(path, "-") == 0;
    memset(file, 0, sizeof *file);
    int descriptor = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || !load(descriptor, file)) {
        complain(input_name(path), "%s", strerror(errno));
        file_data_close(file);
        if (descriptor >= 0 && !standard) {
            close(descriptor);
        }
        return false;
    }
    if (!standard) {
        close(descriptor);
    }
    return true;
}

void file_data_close(file_data *file)
{
    if (file->mapped) {
        munmap(file->data, file->size);
    } else {
        free(file->data);
    }
    memset(file, 0, sizeof *file);
}
