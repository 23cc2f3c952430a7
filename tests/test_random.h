/* Numbers for tests: the same on every machine. */
#ifndef AINN_TEST_RANDOM_H
#define AINN_TEST_RANDOM_H

#include <stdint.h>

typedef struct test_random {
    uint64_t state;
} test_random;

/* xorshift64*; the seed must not be 0. */
static inline uint32_t random_next(test_random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (uint32_t)(r->state * 0x2545F4914F6CDD1Du >> 32);
}

/* 0 .. limit - 1 */
static inline uint32_t random_below(test_random *r, uint32_t limit)
{
    return (uint32_t)((uint64_t)random_next(r) * limit >> 32);
}

#endif
