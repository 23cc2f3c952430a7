#include "container/alpha_filter.h"

enum { NONE, SUB, UP, AVERAGE, PAETH };

static int distance(int a, int b)
{
    return a > b ? a - b : b - a;
}

static uint8_t paeth(int left, int up, int corner)
{
    int guess = left + up - corner;
    int to_left = distance(guess, left), to_up = distance(guess, up), to_corner = distance(guess, corner);
    return (uint8_t)(to_left <= to_up && to_left <= to_corner ? left : to_up <= to_corner ? up : corner);
}

static uint8_t predict(int type, uint8_t left, uint8_t up, uint8_t corner)
{
    switch (type) {
    case SUB: return left;
    case UP: return up;
    case AVERAGE: return (uint8_t)((left + up) / 2);
    case PAETH: return paeth(left, up, corner);
    default: return 0;
    }
}

uint64_t ainn_filter_row(int type, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t size, size_t pixel)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t left = i < pixel ? 0 : row[i - pixel], corner = i < pixel ? 0 : above[i - pixel];
        out[i] = (uint8_t)(row[i] - predict(type, left, above[i], corner));
        sum += out[i] < 128 ? out[i] : 256u - out[i];
    }
    return sum;
}

void ainn_unfilter_row(int type, uint8_t *row, const uint8_t *above, size_t size, size_t pixel)
{
    for (size_t i = 0; type != NONE && i < size; i++) {
        uint8_t left = i < pixel ? 0 : row[i - pixel], corner = i < pixel ? 0 : above[i - pixel];
        row[i] = (uint8_t)(row[i] + predict(type, left, above[i], corner));
    }
}
