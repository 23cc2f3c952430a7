/* File names with a number in them, as in frame%04d.png. */
#ifndef AINN_TOOLS_PATTERN_H
#define AINN_TOOLS_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum pattern_kind { PATTERN_NONE, PATTERN_ONE, PATTERN_SEVERAL } pattern_kind;

/* How many %d, %4d or %04d the name holds. Any other % is an ordinary letter. */
pattern_kind pattern_look(const char *path);
/* The name with its number put in; to be freed. NULL if memory lacks. */
char *pattern_fill(const char *path, uint32_t number);

#endif
