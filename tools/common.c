#include "common.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "progress.h"

static const char *program_name = "ainn";
static bool quiet_mode;

void common_start(const char *program)
{
    program_name = program;
    output_catch_signals();
}

void common_set_quiet(bool quiet)
{
    quiet_mode = quiet;
}

bool common_is_quiet(void)
{
    return quiet_mode;
}

/* One line in one write, so that lines of several programs do not mix. Names and texts may come from a file: control
 * characters must neither break the line nor reach the terminal. */
static void put_line(const char *about, const char *kind, const char *format, va_list values)
{
    char text[2048], line[4096];
    vsnprintf(text, sizeof text, format, values);
    int length = snprintf(line, sizeof line - 1, "%s: %s%s%s%s", program_name, about != NULL ? about : "", about != NULL ? ": " : "", kind, text);
    if (length < 0) {
        return;
    }
    for (char *p = line; *p != '\0'; p++) {
        if ((unsigned char)*p < 32 || *p == 127) {
            *p = '?';
        }
    }
    strcat(line, "\n");
    progress_clear();
    fflush(stdout);
    fputs(line, stderr);
}

void complain(const char *about, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    put_line(about, "", format, values);
    va_end(values);
}

void warn(const char *about, const char *format, ...)
{
    if (quiet_mode) {
        return;
    }
    va_list values;
    va_start(values, format);
    put_line(about, "warning: ", format, values);
    va_end(values);
}

int usage_error(const char *format, ...)
{
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    complain(NULL, "%s (%s -h shows the options)", text, program_name);
    return EXIT_USAGE;
}

int option_error(int result, char *const argv[])
{
    const char *word = argv[optind - 1];
    /* getopt's optopt is a letter for a short option, and a number above 255 or 0 for a long one. */
    if (optopt > 0 && optopt < 256 && strncmp(word, "--", 2) != 0) {
        return usage_error(result == ':' ? "option -%c needs a value" : "unknown option -%c", optopt);
    }
    if (result == ':') {
        return usage_error("option %s needs a value", word);
    }
    return usage_error(optopt != 0 ? "option %s takes no value" : "unknown or ambiguous option %s", word);
}

int library_error(const char *about, ainn_status status, const char *detail)
{
    if (detail != NULL && detail[0] != '\0') {
        complain(about, "%s", detail);
    } else {
        complain(about, "%s", ainn_status_string(status));
    }
    return EXIT_TROUBLE;
}

int show_help_or_version(const char *tool, const char *help)
{
    if (help) {
        fputs(help, stdout);
    } else {
        printf("%s %s (libainn %s)\n", tool, AINN_VERSION_STRING, ainn_version_string());
    }
    return stdout_arrived() ? EXIT_DONE : EXIT_TROUBLE;
}

bool stdout_arrived(void)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        complain("standard output", "%s", errno != 0 ? strerror(errno) : "write error");
        return false;
    }
    return true;
}

bool parse_integer(const char *text, uint64_t lowest, uint64_t highest, uint64_t *value)
{
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < lowest || number > highest) {
        return false;
    }
    *value = number;
    return true;
}

bool parse_real(const char *text, double lowest, double highest, double *value)
{
    char *end;
    if (strspn(text, "+-.0123456789eE") != strlen(text) || *text == '\0') {
        return false;   /* keeps out "nan", "inf", hexadecimal and spaces */
    }
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number) || number < lowest || number > highest) {
        return false;
    }
    *value = number;
    return true;
}

bool parse_amount(const char *text, uint64_t *value)
{
    static const char *const letters = "kMGT";
    char *end;
    if (*text < '0' || *text > '9') {
        return false;
    }
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || number == 0) {
        return false;
    }
    const char *letter = *end == 'K' ? letters : *end != '\0' ? strchr(letters, *end) : NULL;
    if (letter != NULL) {
        end++;
        unsigned base = 1000;
        if (*end == 'i') {
            base = 1024;
            end++;
        }
        for (ptrdiff_t step = 0; step <= letter - letters; step++) {
            if (number > UINT64_MAX / base) {
                return false;
            }
            number *= base;
        }
    }
    if (*end == 'B') {
        end++;
    }
    if (*end != '\0') {
        return false;
    }
    *value = number;
    return true;
}

bool parse_ratio(const char *text, uint32_t *numerator, uint32_t *denominator)
{
    char first[32];
    uint64_t above, below = 1;
    double real;
    size_t length = strcspn(text, "/");
    if (length >= sizeof first) {
        return false;
    }
    memcpy(first, text, length);
    first[length] = '\0';
    if (text[length] == '\0' && strchr(text, '.') != NULL) {
        if (!parse_real(text, 0.001, 4000000.0, &real)) {
            return false;
        }
        above = (uint64_t)(real * 1000.0 + 0.5);
        below = 1000;
        while (above % 2 == 0 && below % 2 == 0) {
            above /= 2;
            below /= 2;
        }
        while (above % 5 == 0 && below % 5 == 0) {
            above /= 5;
            below /= 5;
        }
    } else if (!parse_integer(first, 1, UINT32_MAX, &above) ||
               (text[length] == '/' && !parse_integer(text + length + 1, 1, UINT32_MAX, &below))) {
        return false;
    }
    *numerator = (uint32_t)above;
    *denominator = (uint32_t)below;
    return true;
}

bool parse_list(const char *text, uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char one[16];
        uint64_t value;
        size_t length = strcspn(text, ",");
        if (length >= sizeof one) {
            return false;
        }
        memcpy(one, text, length);
        one[length] = '\0';
        if (!parse_integer(one, 0, UINT32_MAX, &value)) {
            return false;
        }
        values[i] = (uint32_t)value;
        text += length;
        if (i + 1 < count) {
            if (*text != ',') {
                return false;
            }
            text++;
        }
    }
    return *text == '\0';
}

uint32_t core_count(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return (uint32_t)CPU_COUNT(&set);
    }
#endif
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 && cores < 4096 ? (uint32_t)cores : 1;
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

uint64_t process_peak_memory(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0) {
        return 0;
    }
#ifdef __APPLE__
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

void print_model(FILE *to, const char *name, uint32_t id)
{
    if (name != NULL && name[0] != '\0') {
        fprintf(to, "%s (%08x)", name, (unsigned)id);
    } else {
        fprintf(to, "%08x", (unsigned)id);
    }
}

const char *channels_name(ainn_channels channels)
{
    switch (channels) {
    case AINN_GRAY: return "grey";
    case AINN_GRAY_ALPHA: return "grey with alpha";
    case AINN_RGB: return "RGB";
    case AINN_RGB_ALPHA: return "RGB with alpha";
    }
    return "unknown";
}
