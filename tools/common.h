/*
 * What the tools share: messages, numbers on the command line, cores, clock.
 * Included first by every file of the tools: it asks the system headers for POSIX and GNU names.
 */
#ifndef AINN_TOOLS_COMMON_H
#define AINN_TOOLS_COMMON_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ainn.h>

#if defined(__GNUC__)
#define TOOLS_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define TOOLS_PRINTF(text, first)
#endif

enum { EXIT_DONE = 0, EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* Remembers the tool's name for messages, makes signals remove unfinished outputs and closed pipes an ordinary write error. */
void common_start(const char *program);
/* No progress, no warnings from here on. */
void common_set_quiet(bool quiet);
bool common_is_quiet(void);

/* One line on standard error, "program: about: text"; `about` may be NULL. */
void complain(const char *about, const char *format, ...) TOOLS_PRINTF(2, 3);
/* The same, unless --quiet was given. */
void warn(const char *about, const char *format, ...) TOOLS_PRINTF(2, 3);
/* A wrong command line: the line, a pointer to -h, and the exit code to return. */
int usage_error(const char *format, ...) TOOLS_PRINTF(1, 2);
/* usage_error() for what getopt_long() refused: `result` is '?' or ':'. Needs opterr = 0 and an option string that begins with ':'. */
int option_error(int result, char *const argv[]);
/* Complains about a status of the library, with the detail that the object gives. Returns EXIT_TROUBLE. */
int library_error(const char *about, ainn_status status, const char *detail);

/* Flushes standard output; false after a message if anything that was printed there got lost. */
bool stdout_arrived(void);

/* Answers -h (help not NULL) or -V on standard output; the exit code. */
int show_help_or_version(const char *tool, const char *help);

/* Numbers as a whole argument, nothing before or after them; false where out of range. */
bool parse_integer(const char *text, uint64_t lowest, uint64_t highest, uint64_t *value);
bool parse_real(const char *text, double lowest, double highest, double *value);
/* Bytes or pixels: an integer above 0 and k, M, G (1000s) or Ki, Mi, Gi (1024s), optionally followed by B. */
bool parse_amount(const char *text, uint64_t *value);
/* "N" or "N/D", both above 0. A decimal fraction such as 29.97 counts in thousandths. */
bool parse_ratio(const char *text, uint32_t *numerator, uint32_t *denominator);
/* `count` integers of 32 bits with commas between them. */
bool parse_list(const char *text, uint32_t *values, size_t count);

/* Processor cores that this process may use. */
uint32_t core_count(void);
/* Seconds on a clock that only goes forward. */
double seconds_now(void);
/* The most memory this process has held, in bytes. */
uint64_t process_peak_memory(void);

/* "-" in words, for messages. */
const char *input_name(const char *path);

/* A whole file in memory: mapped where that is possible. */
typedef struct file_data {
    uint8_t *data;
    size_t size;
    bool mapped;
} file_data;

/* Reads or maps a file ("-": standard input) whole. false after a message. */
bool file_data_open(const char *path, file_data *file);
void file_data_close(file_data *file);

/* "fast (0123abcd)", or the id alone where no name is known. */
void print_model(FILE *to, const char *name, uint32_t id);
const char *channels_name(ainn_channels channels);

#endif
