/* A .ainn file's frames, whether it is a still picture or a sequence. */
#ifndef AINN_TOOLS_CONTAINER_H
#define AINN_TOOLS_CONTAINER_H

#include "common.h"

typedef struct ainn_file {
    const char *name;              /* for messages */
    file_data data;
    ainn_info info;                /* of the file's first bytes: a frame's or a sequence's header */
    ainn_reader *reader;           /* of a sequence */
    uint32_t frames;
} ainn_file;

/* Loads the file and validates its first header. false after a message; close it in either case. */
bool ainn_file_open(ainn_file *file, const char *path, const ainn_limits *limits);
/* false after a message. */
bool ainn_file_frame(const ainn_file *file, uint32_t index, ainn_sequence_frame *frame);
void ainn_file_close(ainn_file *file);

#endif
