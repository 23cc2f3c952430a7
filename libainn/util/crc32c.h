/* CRC-32C (Castagnoli), as in iSCSI. */
#ifndef AINN_UTIL_CRC32C_H
#define AINN_UTIL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 at the start) over more bytes. */
uint32_t ainn_crc32c(uint32_t crc, const void *data, size_t size);

#endif
