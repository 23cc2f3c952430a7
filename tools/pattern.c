#include "common.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

/* The next place where a number goes: its length, and how wide and with what it is filled. */
static const char *find(const char *path, size_t *length, unsigned *width, bool *zeros)
{
    for (const char *p = strchr(path, '%'); p != NULL; p = strchr(p + 1, '%')) {
        const char *q = p + 1;
        *zeros = *q == '0';
        *width = 0;
        while (*q >= '0' && *q <= '9' && *width < 100) {
            *width = *width * 10 + (unsigned)(*q++ - '0');
        }
        if (*q == 'd' && *width < 100) {
            *length = (size_t)(q - p) + 1;
            return p;
        }
    }
    return NULL;
}

pattern_kind pattern_look(const char *path)
{
    size_t length;
    unsigned width;
    bool zeros;
    const char *place = find(path, &length, &width, &zeros);
    if (place == NULL) {
        return PATTERN_NONE;
    }
    return find(place + length, &length, &width, &zeros) != NULL ? PATTERN_SEVERAL : PATTERN_ONE;
}

char *pattern_fill(const char *path, uint32_t number)
{
    size_t length = 0;
    unsigned width = 0;
    bool zeros = false;
    const char *place = find(path, &length, &width, &zeros);
    size_t room = strlen(path) + 112;
    char *name = malloc(room);
    if (name == NULL) {
        return NULL;
    }
    if (place == NULL) {
        snprintf(name, room, "%s", path);
    } else {
        snprintf(name, room, zeros ? "%.*s%0*u%s" : "%.*s%*u%s", (int)(place - path), path, (int)width, (unsigned)number, place + length);
    }
    return name;
}
