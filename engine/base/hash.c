/* hash.c: the hash of byte strings.
 *
 * Up to 16 bytes are two overlapping words; longer ones are taken 16 bytes a step, from 64 bytes
 * on in three lanes that do not wait for each other; the last step reads the last 16 bytes, which
 * may overlap what was read. The length goes in at the end, so prefixes differ. The mixing is
 * wyhash's (Wang Yi, public domain), the arrangement our own.
 */
#include "engine/base/hash.h"

static uint64_t read8(const unsigned char *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t read4(const unsigned char *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t finish(uint64_t seed, uint64_t a, uint64_t b, uint64_t bytes) {
    return hash_mum(hash_mum(a ^ HASH_K1, b ^ seed) ^ bytes, HASH_K2);
}

static uint64_t hash_short(const unsigned char *p, size_t bytes) {
    uint64_t a = 0, b = 0;
    if (bytes >= 8) {
        a = read8(p);
        b = read8(p + bytes - 8);
    } else if (bytes >= 4) {
        a = read4(p);
        b = read4(p + bytes - 4);
    } else if (bytes > 0) {
        a = (uint64_t)p[0] << 16 | (uint64_t)p[bytes / 2] << 8 | p[bytes - 1];
    }
    return finish(HASH_K0, a, b, bytes);
}

uint64_t hash_bytes(const void *at, size_t bytes) {
    const unsigned char *p = at;
    if (bytes <= 16) return hash_short(p, bytes);

    uint64_t seed = HASH_K0;
    size_t left = bytes;
    if (left > 64) {
        uint64_t lane1 = HASH_K1, lane2 = HASH_K2;
        for (; left > 48; left -= 48, p += 48) {
            seed = hash_mum(read8(p) ^ HASH_K1, read8(p + 8) ^ seed);
            lane1 = hash_mum(read8(p + 16) ^ HASH_K2, read8(p + 24) ^ lane1);
            lane2 = hash_mum(read8(p + 32) ^ HASH_K0, read8(p + 40) ^ lane2);
        }
        seed ^= lane1 ^ lane2;
    }
    for (; left > 16; left -= 16, p += 16) seed = hash_mum(read8(p) ^ HASH_K1, read8(p + 8) ^ seed);
    /* 1..16 bytes are left; at least 16 stand before the end. */
    return finish(seed, read8(p + left - 16), read8(p + left - 8), bytes);
}
