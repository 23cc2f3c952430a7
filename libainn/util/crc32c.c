#include "util/crc32c.h"

#include <string.h>


/* Of the reflected polynomial 0x82F63B78. Sixteen entries: half a byte at a time keeps the table small enough to be written here. */
static const uint32_t half_byte[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

static uint32_t update_plain(uint32_t crc, const unsigned char *p, size_t size)
{
    while (size--) {
        crc ^= *p++;
        crc = (crc >> 4) ^ half_byte[crc & 15];
        crc = (crc >> 4) ^ half_byte[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t update_sse42(uint32_t crc, const unsigned char *p, size_t size)
{
    uint64_t wide = crc;
    for (; size >= 8; p += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    while (size--)
        crc = _mm_crc32_u8(crc, *p++);
    return crc;
}

static uint32_t update(uint32_t crc, const unsigned char *p, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? update_sse42(crc, p, size) : update_plain(crc, p, size);
}
#else
#define update update_plain
#endif

uint32_t ainn_crc32c(uint32_t crc, const void *data, size_t size)
{
    return ~update(~crc, data, size);
}
