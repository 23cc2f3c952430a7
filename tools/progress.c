#include "common.h"
#include "progress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *label;
    double started, drawn_at;
    bool active, drawn;
} bar;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;     /* warnings come from threads that read as well */

static void clear(void)
{
    if (bar.drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        bar.drawn = false;
    }
}

void progress_start(const char *label)
{
    const char *terminal = getenv("TERM");
    pthread_mutex_lock(&mutex);
    clear();
    bar.active = !common_is_quiet() && isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
    bar.label = label;
    bar.started = bar.drawn_at = seconds_now();
    pthread_mutex_unlock(&mutex);
}

static void update(double share)
{
    enum { WIDTH = 40 };
    char cells[WIDTH + 1];
    if (!bar.active) {
        return;
    }
    double now = seconds_now();
    if (now - bar.started < 0.7 || now - bar.drawn_at < 0.1) {
        return;
    }
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    int filled = (int)(share * WIDTH);
    memset(cells, '.', WIDTH);
    memset(cells, '#', (size_t)filled);
    cells[WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3d %%  %.0f s ", bar.label, cells, (int)(share * 100), now - bar.started);
    fflush(stderr);
    bar.drawn_at = now;
    bar.drawn = true;
}

void progress_update(double share)
{
    pthread_mutex_lock(&mutex);
    update(share);
    pthread_mutex_unlock(&mutex);
}

void progress_clear(void)
{
    pthread_mutex_lock(&mutex);
    clear();
    pthread_mutex_unlock(&mutex);
}

void progress_end(void)
{
    pthread_mutex_lock(&mutex);
    clear();
    bar.active = false;
    pthread_mutex_unlock(&mutex);
}
