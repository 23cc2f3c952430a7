#include "common.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct output {
    output *next;
    FILE *stream;
    char *shown;               /* for messages */
    char *final;               /* name that it gets; NULL where written as it is */
    char *temporary;
    bool finished;
    atomic_int pending;        /* the temporary file exists and must go if the program ends now */
};

/* Only ever grows, so that a signal handler may walk it at any moment. */
static _Atomic(output *) all_outputs;

static void unlink_pending(void)
{
    for (output *out = atomic_load(&all_outputs); out != NULL; out = out->next) {
        if (atomic_exchange(&out->pending, 0)) {
            unlink(out->temporary);
        }
    }
}

static void on_signal(int number)
{
    unlink_pending();
    if (number == SIGBUS) {
        static const char text[] = "\na file was cut or could not be read while it was in use\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        _exit(EXIT_TROUBLE);
    }
    signal(number, SIG_DFL);
    raise(number);
}

void output_catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGBUS, SIGXCPU };
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_signal;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);   /* nohup's ignored SIGHUP stays ignored */
        }
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);   /* a limit on file sizes is an error of write like a full disk */
}

static int status_of(const char *path, int standard, struct stat *status)
{
    return strcmp(path, "-") == 0 ? fstat(standard, status) : stat(path, status);
}

bool output_is_input(const char *path, const char *input)
{
    struct stat to, from;
    if (status_of(path, STDOUT_FILENO, &to) != 0 || status_of(input, STDIN_FILENO, &from) != 0) {
        return false;
    }
    if (!S_ISREG(to.st_mode) || to.st_dev != from.st_dev || to.st_ino != from.st_ino) {
        return false;
    }
    complain(strcmp(path, "-") == 0 ? "standard output" : path, "is also an input (%s) and would be overwritten", input_name(input));
    return true;
}

static void block_signals(bool block, sigset_t *before)
{
    if (block) {
        sigset_t set;
        sigfillset(&set);
        sigdelset(&set, SIGBUS);
        sigprocmask(SIG_BLOCK, &set, before);
    } else {
        sigprocmask(SIG_SETMASK, before, NULL);
    }
}

/* The temporary file beside out->final, or -1 with errno. */
static int create_temporary(output *out, mode_t mode)
{
    static const char ending[] = ".XXXXXX";
    const char *slash = strrchr(out->final, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - out->final) + 1;
    size_t length = strlen(out->final);
    out->temporary = malloc(length + sizeof ending + 1);
    if (out->temporary == NULL) {
        return -1;
    }
    /* A long name must leave room for what the temporary one adds. */
    size_t base = length - folder < 200 ? length - folder : 200;
    memcpy(out->temporary, out->final, folder);
    out->temporary[folder] = '.';
    memcpy(out->temporary + folder + 1, out->final + folder, base);
    memcpy(out->temporary + folder + 1 + base, ending, sizeof ending);

    sigset_t before;
    block_signals(true, &before);
    int descriptor = mkstemp(out->temporary);
    if (descriptor >= 0) {
        atomic_store(&out->pending, 1);
    }
    block_signals(false, &before);
    if (descriptor >= 0 && fchmod(descriptor, mode) != 0) {
        /* File systems without modes refuse; the file is none the worse for it. */
        errno = 0;
    }
    return descriptor;
}

/* A descriptor to write to, or -1 with errno. */
static int begin(output *out, const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            errno = EISDIR;
            return -1;
        }
        if (access(path, W_OK) != 0) {
            return -1;
        }
        if (!S_ISREG(status.st_mode)) {
            return open(path, O_WRONLY | O_CLOEXEC);
        }
        out->final = realpath(path, NULL);   /* a symbolic link stays one */
        return out->final == NULL ? -1 : create_temporary(out, status.st_mode & 0777);
    }
    if (errno != ENOENT) {
        return -1;
    }
    size_t length = strlen(path);
    if (length == 0 || path[length - 1] == '/') {
        errno = length == 0 ? ENOENT : EISDIR;
        return -1;
    }
    mode_t mask = umask(0);
    umask(mask);
    out->final = strdup(path);
    return out->final == NULL ? -1 : create_temporary(out, 0666 & ~mask);
}

output *output_open(const char *path)
{
    output *out = calloc(1, sizeof *out);
    bool standard = strcmp(path, "-") == 0;
    if (out == NULL || (out->shown = strdup(standard ? "standard output" : path)) == NULL) {
        complain(path, "%s", strerror(ENOMEM));
        free(out);
        return NULL;
    }
    out->next = atomic_load(&all_outputs);
    atomic_store(&all_outputs, out);
    if (standard) {
        if (isatty(STDOUT_FILENO)) {
            complain(out->shown, "is a terminal; not writing a picture to it");
            return NULL;
        }
        out->stream = stdout;
        return out;
    }
    int descriptor = begin(out, path);
    if (descriptor >= 0) {
        out->stream = fdopen(descriptor, "wb");
    }
    if (out->stream == NULL) {
        complain(out->shown, "%s", strerror(errno));
        if (descriptor >= 0) {
            close(descriptor);
        }
        return NULL;
    }
    return out;
}

FILE *output_stream(output *out)
{
    return out->stream;
}

const char *output_name(const output *out)
{
    return out->shown;
}

bool output_finish(output *out)
{
    errno = 0;
    bool good = fflush(out->stream) == 0 && !ferror(out->stream);
    int reason = errno;
    if (out->stream != stdout) {
        if (fclose(out->stream) != 0 && good) {
            reason = errno;
            good = false;
        }
    }
    out->stream = NULL;
    out->finished = good;
    if (!good) {
        complain(out->shown, "%s", reason != 0 ? strerror(reason) : "write error");
    }
    return good;
}

bool output_commit_all(void)
{
    for (output *out = atomic_load(&all_outputs); out != NULL; out = out->next) {
        if (out->finished && atomic_load(&out->pending)) {
            if (rename(out->temporary, out->final) != 0) {
                complain(out->shown, "%s", strerror(errno));
                return false;
            }
            atomic_store(&out->pending, 0);
        }
    }
    return true;
}

void output_discard_all(void)
{
    unlink_pending();
    output *out = atomic_exchange(&all_outputs, NULL);
    while (out != NULL) {
        output *next = out->next;
        if (out->stream != NULL && out->stream != stdout) {
            fclose(out->stream);
        }
        free(out->shown);
        free(out->final);
        free(out->temporary);
        free(out);
        out = next;
    }
}
