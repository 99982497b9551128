/* noise.h: noise: numbers that look random and are a function of a key, so that what is drawn does
 * not depend on the order in which it is drawn, nor on threads.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_NOISE_H
#define UDF_LEARN_NOISE_H

#include <math.h>
#include <stdint.h>

/* splitmix64's finalizer (Steele, Lea, Flood 2014). */
static inline uint64_t noise_mix(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* The key of thing `i` among those of `key`. */
static inline uint64_t noise_key(uint64_t key, uint64_t i) {
    return noise_mix(key + (i + 1) * UINT64_C(0x9E3779B97F4A7C15));
}

/* A row's own key, from that of the first row of a pass. */
static inline uint64_t noise_row(uint64_t first, uint32_t row) {
    return first + (uint64_t)row * UINT64_C(0xD1B54A32D192ED03);
}

/* The next number of a generator whose state is *state. */
static inline uint64_t noise_next(uint64_t *state) {
    return noise_mix(*state += UINT64_C(0x9E3779B97F4A7C15));
}

/* 0 <= u < 1, multiples of 2^-53. */
static inline double noise_unit(uint64_t *state) {
    return (double)(noise_next(state) >> 11) * 0x1p-53;
}

/* 0 .. n - 1, n > 0: multiplied instead of divided, off by less than n / 2^64. */
static inline uint64_t noise_below(uint64_t *state, uint64_t n) {
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)noise_next(state) * n >> 64);
}

/* Normal, mean 0, deviation 1 (Box, Muller 1958). */
static inline double noise_normal(uint64_t *state) {
    double u = 1 - noise_unit(state), v = noise_unit(state);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

#endif
