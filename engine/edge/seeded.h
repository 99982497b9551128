/* seeded.h: seeded: a small fast generator of random numbers, the same on every machine.
 *
 * A counter stepped by an odd constant and mixed by one 64 x 64 -> 128 bit product (wyrand). Good
 * enough for test data, not for secrets.
 *
 * Used by: nexmark, in_datagen.
 */
#ifndef ENGINE_EDGE_SEEDED_H
#define ENGINE_EDGE_SEEDED_H

#include "engine/base/hash.h"

struct seeded {
    uint64_t state;
};

static inline uint64_t seeded_next(struct seeded *s) {
    s->state += HASH_K0;
    return hash_mum(s->state, s->state ^ HASH_K1);
}

/* The low 32 bits of `bits` as a number of 0 .. n - 1, without a division. */
static inline uint32_t seeded_scale(uint64_t bits, uint32_t n) {
    return (uint32_t)((bits & UINT32_MAX) * n >> 32);
}

/* 0 .. n - 1; n > 0. */
static inline uint64_t seeded_below(struct seeded *s, uint64_t n) {
    return (uint64_t)((uint128_t)seeded_next(s) * n >> 64);
}

/* 0 <= x < 1. */
static inline double seeded_unit(struct seeded *s) {
    return (double)(seeded_next(s) >> 11) * 0x1p-53;
}

#endif
