/* A thread that reads rows ahead of those who ask for them. It alone uses the decoder and its stream until it is stopped. */
#include "internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 64, LEAST_ROWS = 16, MOST_BYTES = 4 << 20 };

struct imageio_ahead {
    imageio_reader *reader;
    pthread_t thread;
    pthread_mutex_t mutex;           /* guards all that follows but the rows themselves */
    pthread_cond_t changed;
    uint32_t made, taken;            /* rows so far; those between are in the ring */
    bool failed, quit;
    uint32_t capacity;
    size_t row_bytes;
    uint8_t *rows;                   /* [capacity] */
};

static uint8_t *slot(const imageio_ahead *ahead, uint32_t row)
{
    return ahead->rows + (size_t)(row % ahead->capacity) * ahead->row_bytes;
}

static bool wait_for_room(imageio_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->quit && ahead->made - ahead->taken == ahead->capacity) {
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    bool go_on = !ahead->quit;
    pthread_mutex_unlock(&ahead->mutex);
    return go_on;
}

static void *read_all(void *opaque)
{
    imageio_ahead *ahead = opaque;
    imageio_reader *reader = ahead->reader;
    bool good = true;
    for (uint32_t row = 0; good && row < reader->header.height && wait_for_room(ahead); row++) {
        good = reader->decoder->row(reader, slot(ahead, row)) && (row + 1 < reader->header.height || reader->decoder->finish(reader));
        pthread_mutex_lock(&ahead->mutex);
        ahead->made += good ? 1 : 0;
        ahead->failed = !good;
        pthread_cond_signal(&ahead->changed);
        pthread_mutex_unlock(&ahead->mutex);
    }
    return NULL;
}

static void destroy(imageio_ahead *ahead)
{
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->mutex);
    free(ahead->rows);
    free(ahead);
}

imageio_ahead *imageio_ahead_start(imageio_reader *reader)
{
    imageio_ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL) {
        return NULL;
    }
    ahead->reader = reader;
    ahead->row_bytes = imageio_row_bytes(&reader->header);
    size_t fit = MOST_BYTES / ahead->row_bytes;
    ahead->capacity = fit > MOST_ROWS ? MOST_ROWS : fit < LEAST_ROWS ? LEAST_ROWS : (uint32_t)fit;
    ahead->rows = malloc(ahead->row_bytes * ahead->capacity);
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    if (ahead->rows == NULL || pthread_create(&ahead->thread, NULL, read_all, ahead) != 0) {
        destroy(ahead);
        return NULL;
    }
    return ahead;
}

bool imageio_ahead_take(imageio_ahead *ahead, uint8_t *row)
{
    pthread_mutex_lock(&ahead->mutex);
    while (ahead->made == ahead->taken && !ahead->failed) {
        pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    bool good = ahead->made != ahead->taken;     /* what comes before the failure is good */
    pthread_mutex_unlock(&ahead->mutex);
    if (!good) {
        return false;
    }
    memcpy(row, slot(ahead, ahead->taken), ahead->row_bytes);
    pthread_mutex_lock(&ahead->mutex);
    ahead->taken++;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    return true;
}

void imageio_ahead_stop(imageio_ahead *ahead)
{
    if (ahead == NULL) {
        return;
    }
    pthread_mutex_lock(&ahead->mutex);
    ahead->quit = true;
    pthread_cond_signal(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    pthread_join(ahead->thread, NULL);
    destroy(ahead);
}
