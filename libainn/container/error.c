#include "container/error.h"

#include <stdarg.h>
#include <stdio.h>

ainn_status ainn_fail(ainn_error *message, ainn_status status, const char *format, ...)
{
    if (message) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(message->text, sizeof(message->text), format, arguments);
        va_end(arguments);
    }
    return status;
}
