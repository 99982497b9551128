/* random.h: the random numbers of a test, from a seed that is printed.
 *
 * WEIR_SEED in the environment replaces the seed, WEIR_ROUNDS multiplies the rounds (make soak).
 *
 * Used by: tests/unit.
 */
#ifndef TESTS_UNIT_BASE_RANDOM_H
#define TESTS_UNIT_BASE_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct random {
    uint64_t state;
};

static inline struct random random_start(const char *test) {
    const char *given = getenv("WEIR_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20260801;
    printf("# %s: seed %llu\n", test, (unsigned long long)seed);
    return (struct random){seed};
}

static inline uint32_t random_rounds(uint32_t rounds) {
    const char *given = getenv("WEIR_ROUNDS");
    return given ? rounds * (uint32_t)strtoul(given, NULL, 0) : rounds;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_u64(struct random *r) {
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static inline uint64_t random_below(struct random *r, uint64_t n) {
    return random_u64(r) % n;
}

/* Of any number of bits alike: small numbers are as frequent as large ones. */
static inline uint64_t random_spread(struct random *r) {
    return random_u64(r) >> random_below(r, 64);
}

/* Any finite double, bit patterns alike. */
static inline double random_f64(struct random *r) {
    for (;;) {
        uint64_t bits = random_u64(r);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (v - v == 0) return v;
    }
}

#endif
