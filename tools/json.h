/* JSON on standard output, one value after the other; commas and indentation follow from the calls. */
#ifndef AINN_TOOLS_JSON_H
#define AINN_TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct json {
    int depth;
    bool first;          /* nothing yet in the open object or array */
} json;

void json_begin(json *out);
/* `key` is NULL inside arrays. `bracket` is '{' or '['. */
void json_open(json *out, const char *key, char bracket);
void json_close(json *out, char bracket);
void json_text(json *out, const char *key, const char *text);   /* NULL: null. Bytes that are not UTF-8 become U+FFFD. */
void json_integer(json *out, const char *key, uint64_t value);
void json_real(json *out, const char *key, double value);
void json_bool(json *out, const char *key, bool value);
void json_end(json *out);

#endif
