/* hash.h: 64-bit hashes of bytes and numbers, equal on every machine and in every run.
 *
 * Built on the folded 64 x 64 -> 128 bit product (wyhash's "mum"): two words in, one out, three
 * cycles. Good enough in every bit to cut tables by any of them; not meant against an adversary
 * who chooses keys.
 *
 * Used by: map.h, group tables, exchanges, sketches.    Tested by: tests/unit/base/hash_test.c
 */
#ifndef ENGINE_BASE_HASH_H
#define ENGINE_BASE_HASH_H

#include <stdint.h>
#include <string.h>

#include "engine/base/type.h"

#define HASH_K0 UINT64_C(0x9E3779B97F4A7C15)
#define HASH_K1 UINT64_C(0xE7037ED1A0B428DB)
#define HASH_K2 UINT64_C(0x8EBC6AF09C88C6E3)

/* The two halves of a * b, xored. */
static inline uint64_t hash_mum(uint64_t a, uint64_t b) {
    uint128_t p = (uint128_t)a * b;
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t hash_u64(uint64_t v) {
    return hash_mum(hash_mum(v ^ HASH_K0, HASH_K1), HASH_K2);
}

/* Hash of a pair: of a running hash and the next value's hash. Order matters. */
static inline uint64_t hash_mix(uint64_t h, uint64_t next) {
    return hash_mum(h ^ HASH_K1, next ^ HASH_K2);
}

/* -0.0 as 0.0 and every NaN alike: equal in SQL, equal here. */
static inline uint64_t hash_f64(double v) {
    uint64_t bits = UINT64_C(0x7FF8000000000000);
    if (v == v) {
        double positive_zero = v + 0.0; /* -0.0 + 0.0 is 0.0 */
        memcpy(&bits, &positive_zero, sizeof bits);
    }
    return hash_u64(bits);
}

uint64_t hash_bytes(const void *at, size_t bytes);

#endif
