/*
 * Model files become read-only data of the library as they are: nothing is unpacked, pages that are not used are never
 * read. The build says which ones (AINN_EMBED_*) and where they lie (AINN_MODELS_DIR).
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/embedded.h"

#include <stddef.h>

#include "ainn.h"

#define EMBED(SYMBOL, NAME)                                                \
    __asm__(".section .rodata.ainn_model_" #SYMBOL ",\"a\",%progbits\n"   \
            ".balign 64\n"                                                 \
            ".hidden ainn_embedded_" #SYMBOL "\n"                          \
            ".globl ainn_embedded_" #SYMBOL "\n"                           \
            "ainn_embedded_" #SYMBOL ":\n"                                 \
            ".incbin \"" AINN_MODELS_DIR "/" NAME ".ainnmodel\"\n"         \
            ".hidden ainn_embedded_" #SYMBOL "_end\n"                      \
            ".globl ainn_embedded_" #SYMBOL "_end\n"                       \
            "ainn_embedded_" #SYMBOL "_end:\n"                             \
            ".byte 0\n"                                                    \
            ".balign 64\n"                                                 \
            ".previous\n");                                                \
    extern const uint8_t ainn_embedded_##SYMBOL[] __attribute__((visibility("hidden"))); \
    extern const uint8_t ainn_embedded_##SYMBOL##_end[] __attribute__((visibility("hidden")))

#define ENTRY(SYMBOL, NAME) {NAME, ainn_embedded_##SYMBOL, ainn_embedded_##SYMBOL##_end}

#ifdef AINN_EMBED_STANDARD_MSSSIM
EMBED(standard_msssim, "standard-msssim");
#endif
#ifdef AINN_EMBED_FAST_MSSSIM
EMBED(fast_msssim, "fast-msssim");
#endif
#ifdef AINN_EMBED_STANDARD
EMBED(standard, "standard");
#endif
#ifdef AINN_EMBED_FAST
EMBED(fast, "fast");
#endif

/* The order here is the order of preference: the first model is the default. */
const ainn_embedded_model ainn_embedded_models[] = {
#ifdef AINN_EMBED_FAST
    ENTRY(fast, "fast"),
#endif
#ifdef AINN_EMBED_STANDARD
    ENTRY(standard, "standard"),
#endif
#ifdef AINN_EMBED_FAST_MSSSIM
    ENTRY(fast_msssim, "fast-msssim"),
#endif
#ifdef AINN_EMBED_STANDARD_MSSSIM
    ENTRY(standard_msssim, "standard-msssim"),
#endif
    {NULL, NULL, NULL},
};

static const char *const names[] = {
#ifdef AINN_EMBED_FAST
    "fast",
#endif
#ifdef AINN_EMBED_STANDARD
    "standard",
#endif
#ifdef AINN_EMBED_FAST_MSSSIM
    "fast-msssim",
#endif
#ifdef AINN_EMBED_STANDARD_MSSSIM
    "standard-msssim",
#endif
    NULL,
};

const char *const *ainn_model_names(void)
{
    return names;
}
