/* Structs of the API whose size the caller tells: older callers with smaller ones, newer ones with larger ones. */
#ifndef AINN_API_OPTIONS_H
#define AINN_API_OPTIONS_H

#include "ainn.h"
#include "container/error.h"

/* Complete structs with defaults where the caller gave none or a smaller one (NULL: all defaults), validated. */
ainn_status ainn_limits_take(const ainn_limits *given, ainn_limits *limits);
ainn_status ainn_encode_options_take(const ainn_encode_options *given, ainn_encode_options *options, ainn_error *message);
ainn_status ainn_decode_options_take(const ainn_decode_options *given, ainn_decode_options *options, ainn_error *message);

/* Copies as much of a result as the caller's struct holds. */
void ainn_give(void *given, size_t given_size, const void *result, size_t size);

#endif
