#include "api/options.h"

#include <string.h>

#define AINN_MAX_THREADS 256

void ainn_give(void *given, size_t given_size, const void *result, size_t size)
{
    if (given_size > size) {
        memset((unsigned char *)given + size, 0, given_size - size);
        given_size = size;
    }
    memcpy(given, result, given_size);
}

/* Every struct begins with its size, which the copy in the caller's memory must keep. */
static void give_sized(void *given, size_t given_size, void *result, size_t size)
{
    if (!given || given_size < sizeof(size_t))
        return;
    memcpy(result, &given_size, sizeof(size_t));
    ainn_give(given, given_size, result, size);
}

/* 0 if the size in the caller's struct makes no sense. */
static int take_sized(const void *given, void *options, size_t size)
{
    size_t given_size;
    if (!given)
        return 1;
    memcpy(&given_size, given, sizeof(given_size));
    if (given_size < sizeof(size_t) || given_size > 65536)
        return 0;
    memcpy(options, given, given_size < size ? given_size : size);
    return 1;
}

/* ---- Limits ---- */

static ainn_limits default_limits(void)
{
    ainn_limits limits;
    memset(&limits, 0, sizeof(limits));
    limits.struct_size = sizeof(limits);
    limits.max_width = limits.max_height = 65535 * 16;
    limits.max_pixels = (uint64_t)1 << 30;
    limits.max_memory = (uint64_t)4 << 30;
    limits.max_metadata = (uint64_t)64 << 20;
    return limits;
}

void ainn_limits_init_sized(ainn_limits *limits, size_t struct_size)
{
    ainn_limits defaults = default_limits();
    give_sized(limits, struct_size, &defaults, sizeof(defaults));
}

ainn_status ainn_limits_take(const ainn_limits *given, ainn_limits *limits)
{
    *limits = default_limits();
    return take_sized(given, limits, sizeof(*limits)) ? AINN_OK : AINN_ERROR_ARGUMENT;
}

/* ---- Encoding ---- */

static ainn_encode_options default_encode_options(void)
{
    ainn_encode_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.quality = 50;
    options.effort = 5;
    options.alpha_quality = 100;
    options.threads = 1;
    options.color = (ainn_color){ 1, 13, 0, 1 };
    options.orientation = 1;
    return options;
}

void ainn_encode_options_init_sized(ainn_encode_options *options, size_t struct_size)
{
    ainn_encode_options defaults = default_encode_options();
    give_sized(options, struct_size, &defaults, sizeof(defaults));
}

static ainn_status check_threads(uint32_t threads, ainn_error *message)
{
    if (threads >= 1 && threads <= AINN_MAX_THREADS)
        return AINN_OK;
    return ainn_fail(message, AINN_ERROR_ARGUMENT, "%u threads are out of the range 1 to %d", threads, AINN_MAX_THREADS);
}

/* Comparisons are written so that NaN fails them. */
ainn_status ainn_encode_options_take(const ainn_encode_options *given, ainn_encode_options *options, ainn_error *message)
{
    static const char *const kinds[AINN_METADATA_KINDS] = { "ICC", "EXIF", "XMP" };
    *options = default_encode_options();
    if (!take_sized(given, options, sizeof(*options)))
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "the encode options were not initialised");
    if (!(options->quality >= 0 && options->quality <= 100))
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "quality %g is out of the range 0 to 100", options->quality);
    if (!(options->target_psnr >= 0 && options->target_psnr <= 200))
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "a target of %g dB is out of the range 0 to 200", options->target_psnr);
    if (options->target_size && options->target_psnr > 0)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "a target size (%llu bytes) and a target PSNR (%g dB) contradict each other",
                         (unsigned long long)options->target_size, options->target_psnr);
    if (options->effort < 0 || options->effort > 9)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "effort %d is out of the range 0 to 9", options->effort);
    if (!(options->alpha_quality >= 0 && options->alpha_quality <= 100))
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "alpha quality %g is out of the range 0 to 100", options->alpha_quality);
    if (options->orientation < 1 || options->orientation > 8)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "orientation %u is out of the range 1 to 8", options->orientation);
    if (options->color.full_range > 1)
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "the full range flag is %u, not 0 or 1", options->color.full_range);
    for (int kind = 0; kind < AINN_METADATA_KINDS; kind++)
        if (options->metadata[kind].size && !options->metadata[kind].data)
            return ainn_fail(message, AINN_ERROR_ARGUMENT, "%s metadata of %zu bytes has no data", kinds[kind], options->metadata[kind].size);
    return check_threads(options->threads, message);
}

/* ---- Decoding ---- */

static ainn_decode_options default_decode_options(void)
{
    ainn_decode_options options;
    memset(&options, 0, sizeof(options));
    options.struct_size = sizeof(options);
    options.threads = 1;
    return options;
}

void ainn_decode_options_init_sized(ainn_decode_options *options, size_t struct_size)
{
    ainn_decode_options defaults = default_decode_options();
    give_sized(options, struct_size, &defaults, sizeof(defaults));
}

ainn_status ainn_decode_options_take(const ainn_decode_options *given, ainn_decode_options *options, ainn_error *message)
{
    *options = default_decode_options();
    if (!take_sized(given, options, sizeof(*options)))
        return ainn_fail(message, AINN_ERROR_ARGUMENT, "the decode options were not initialised");
    return check_threads(options->threads, message);
}
