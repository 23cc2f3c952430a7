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
    extern const uint8_t ainn_embedded_##SYMBOL##_end[] __attribute__((visibility("hidden")));

#define ENTRY(SYMBOL, NAME) {NAME, ainn_embedded_##SYMBOL, ainn_embedded_##SYMBOL##_end},
#define NAME_OF(SYMBOL, NAME) NAME,

#ifdef AINN_EMBED_FAST
#define FAST(DO) DO(fast, "fast")
#else
#define FAST(DO)
#endif
#ifdef AINN_EMBED_STANDARD
#define STANDARD(DO) DO(standard, "standard")
#else
#define STANDARD(DO)
#endif
#ifdef AINN_EMBED_FAST_MSSSIM
#define FAST_MSSSIM(DO) DO(fast_msssim, "fast-msssim")
#else
#define FAST_MSSSIM(DO)
#endif
#ifdef AINN_EMBED_STANDARD_MSSSIM
#define STANDARD_MSSSIM(DO) DO(standard_msssim, "standard-msssim")
#else
#define STANDARD_MSSSIM(DO)
#endif

/* The order here is the order of preference: the first model is the default. */
#define MODELS(DO) FAST(DO) STANDARD(DO) FAST_MSSSIM(DO) STANDARD_MSSSIM(DO)

MODELS(EMBED)

const ainn_embedded_model ainn_embedded_models[] = {MODELS(ENTRY) {NULL, NULL, NULL}};

static const char *const names[] = {MODELS(NAME_OF) NULL};

const char *const *ainn_model_names(void)
{
    return names;
}
