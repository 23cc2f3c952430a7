/*
 * Output files that appear whole or not at all: each is written under a temporary name in its own folder, and all are
 * renamed together at the end. Devices, pipes and standard output are written as they are.
 */
#ifndef AINN_TOOLS_OUTPUT_H
#define AINN_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct output output;

/* Removes temporary files at SIGINT, SIGTERM and SIGHUP; ignores SIGPIPE, so that a closed pipe is an error of write. */
void output_catch_signals(void);

/* True, after a message, if writing `path` would destroy `input`: they are the same file. "-" names the standard streams. */
bool output_is_input(const char *path, const char *input);

/* Begins an output ("-": standard output). NULL after a message. The object lives until the end of the program. */
output *output_open(const char *path);
FILE *output_stream(output *out);
/* Name for messages. */
const char *output_name(const output *out);
/* Everything was written: flushes, syncs, closes. false after a message if something did not arrive. */
bool output_finish(output *out);

/* Gives all finished outputs their names. false after a message. */
bool output_commit_all(void);
/* Removes what was not committed. */
void output_discard_all(void);

#endif
