#include "ainn.h"

#include <stdlib.h>

int ainn_version(void)
{
    return AINN_VERSION_NUMBER;
}

const char *ainn_version_string(void)
{
    return AINN_VERSION_STRING;
}

const char *ainn_status_string(ainn_status status)
{
    switch (status) {
    case AINN_OK: return "success";
    case AINN_ERROR_ARGUMENT: return "an argument or option is not allowed";
    case AINN_ERROR_MEMORY: return "out of memory";
    case AINN_ERROR_NOT_AINN: return "not AINN data";
    case AINN_ERROR_INVALID: return "invalid data";
    case AINN_ERROR_TRUNCATED: return "the data ends too early";
    case AINN_ERROR_UNSUPPORTED: return "a version or feature that is not supported";
    case AINN_ERROR_LIMIT: return "a limit would be exceeded";
    case AINN_ERROR_MODEL_MISSING: return "the model was not found";
    case AINN_ERROR_MODEL_INVALID: return "the model file is invalid";
    case AINN_ERROR_IO: return "reading or writing failed";
    case AINN_ERROR_CHECKSUM: return "the data is damaged: a checksum is wrong";
    case AINN_ERROR_TARGET: return "the target size or PSNR cannot be reached";
    case AINN_ERROR_INTERNAL: return "internal error in libainn";
    }
    return "unknown status";
}

void ainn_free(void *memory)
{
    free(memory);
}
