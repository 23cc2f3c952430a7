/* LEB128 numbers (format-spec/container.md): seven bits a byte, lowest first. */
#ifndef AINN_CONTAINER_VARINT_H
#define AINN_CONTAINER_VARINT_H

#include <stddef.h>
#include <stdint.h>

#include "ainn.h"

#define AINN_VARINT_MAX 10       /* bytes of the longest one */

/* Reads one at data[*position] and moves *position behind it. AINN_ERROR_TRUNCATED: it does not end within `size`;
 * AINN_ERROR_INVALID: more than 64 bits, or needless zeros at its end. */
ainn_status ainn_varint_read(const uint8_t *data, size_t size, size_t *position, uint64_t *value);

/* Bytes that `value` takes. */
size_t ainn_varint_size(uint64_t value);

/* Writes it; returns its size. */
size_t ainn_varint_write(uint8_t *out, uint64_t value);

#endif
