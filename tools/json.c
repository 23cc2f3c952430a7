#include "common.h"
#include "json.h"

#include <inttypes.h>

void json_begin(json *out)
{
    out->depth = 0;
    out->first = true;
}

/* Length of the UTF-8 sequence at `s`, 0 if it is none (overlong, a surrogate, beyond U+10FFFF, cut). */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80) {
        return 1;
    }
    int length = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool wrong =
        (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f);
    return wrong ? 0 : length;
}

static void put_string(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    putchar('"');
    while (*s != '\0') {
        int length = utf8_length(s);
        if (*s == '"' || *s == '\\') {
            printf("\\%c", *s);
        } else if (*s < 32 || *s == 127) {
            printf("\\u%04x", *s);
        } else if (length == 0) {
            fputs("\\ufffd", stdout);
        } else {
            fwrite(s, 1, (size_t)length, stdout);
        }
        s += length > 0 ? length : 1;
    }
    putchar('"');
}

static void put_indent(const json *out)
{
    printf("\n%*s", 2 * out->depth, "");
}

static void put_key(json *out, const char *key)
{
    if (!out->first) {
        putchar(',');
    }
    if (out->depth > 0) {
        put_indent(out);
    }
    out->first = false;
    if (key != NULL) {
        put_string(key);
        fputs(": ", stdout);
    }
}

void json_open(json *out, const char *key, char bracket)
{
    put_key(out, key);
    putchar(bracket);
    out->depth++;
    out->first = true;
}

void json_close(json *out, char bracket)
{
    out->depth--;
    if (!out->first) {
        put_indent(out);
    }
    putchar(bracket == '{' ? '}' : ']');
    out->first = false;
}

void json_text(json *out, const char *key, const char *text)
{
    put_key(out, key);
    if (text != NULL) {
        put_string(text);
    } else {
        fputs("null", stdout);
    }
}

void json_integer(json *out, const char *key, uint64_t value)
{
    put_key(out, key);
    printf("%" PRIu64, value);
}

void json_real(json *out, const char *key, double value)
{
    put_key(out, key);
    printf("%.6g", value);
}

void json_bool(json *out, const char *key, bool value)
{
    put_key(out, key);
    fputs(value ? "true" : "false", stdout);
}

void json_end(json *out)
{
    (void)out;
    putchar('\n');
}
