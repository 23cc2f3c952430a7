/* ainn.h compiles alone, as strict C99; and the version macros agree with the library. */
#include <ainn.h>

#include <string.h>

int main(void)
{
    ainn_info info;
    memset(&info, 0, sizeof(info));
    return ainn_version() != AINN_VERSION_NUMBER || strcmp(ainn_version_string(), AINN_VERSION_STRING) != 0 ||
           ainn_probe((const uint8_t *)"", 0, &info) == AINN_OK;
}
