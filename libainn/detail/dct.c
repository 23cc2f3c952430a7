#include "detail/dct.h"

const uint8_t ainn_zigzag[AINN_DCT_SIZE] = {
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63
};

const uint32_t ainn_octave[9] = { 65536, 71468, 77936, 84990, 92682, 101070, 110218, 120194, 131072 };

/* [frequency][sample]: the orthonormal basis times 2^11. The largest column has the sum 5410, so that 5410 * AINN_DCT_BOUND fits int32. */
static const int32_t basis[AINN_DCT_SIDE][AINN_DCT_SIDE] = {
    { 724, 724, 724, 724, 724, 724, 724, 724 },
    { 1004, 851, 569, 200, -200, -569, -851, -1004 },
    { 946, 392, -392, -946, -946, -392, 392, 946 },
    { 851, -200, -1004, -569, 569, 1004, 200, -851 },
    { 724, -724, -724, 724, 724, -724, -724, 724 },
    { 569, -1004, 200, 851, -851, -200, 1004, -569 },
    { 392, -946, 946, -392, -392, 946, -946, 392 },
    { 200, -569, 851, -1004, 1004, -851, 569, -200 },
};

static int32_t clamp(int32_t value, int32_t bound)
{
    return value > bound ? bound : value < -bound ? -bound : value;
}

void ainn_dct_inverse(const int32_t coefficients[AINN_DCT_SIZE], int32_t samples[AINN_DCT_SIZE])
{
    int32_t half[AINN_DCT_SIZE];
    for (int y = 0; y < 8; y++) {
        int32_t sum[8] = { 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024 };
        for (int v = 0; v < 8; v++)
            for (int u = 0; u < 8; u++)
                sum[u] += basis[v][y] * coefficients[8 * v + u];
        for (int u = 0; u < 8; u++)
            half[8 * y + u] = clamp(sum[u] >> 11, AINN_DCT_BOUND);
    }
    for (int y = 0; y < 8; y++) {
        int32_t sum[8] = { 1024, 1024, 1024, 1024, 1024, 1024, 1024, 1024 };
        for (int u = 0; u < 8; u++)
            for (int x = 0; x < 8; x++)
                sum[x] += basis[u][x] * half[8 * y + u];
        for (int x = 0; x < 8; x++)
            samples[8 * y + x] = clamp(sum[x] >> 11, AINN_DCT_SAMPLE);
    }
}

/* Two fractional bits stay between the passes: 28378 * sqrt(8) * 4 times a row's 5793 still fits int32. */
void ainn_dct_forward(const int32_t samples[AINN_DCT_SIZE], int32_t coefficients[AINN_DCT_SIZE])
{
    int32_t half[AINN_DCT_SIZE];
    for (int v = 0; v < 8; v++) {
        int32_t sum[8] = { 256, 256, 256, 256, 256, 256, 256, 256 };
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                sum[x] += basis[v][y] * samples[8 * y + x];
        for (int x = 0; x < 8; x++)
            half[8 * v + x] = sum[x] >> 9;
    }
    for (int v = 0; v < 8; v++)
        for (int u = 0; u < 8; u++) {
            int32_t sum = 4096;
            for (int x = 0; x < 8; x++)
                sum += basis[u][x] * half[8 * v + x];
            coefficients[8 * v + u] = clamp(sum >> 13, AINN_DCT_BOUND);
        }
}
