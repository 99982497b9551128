/* hash_test.c: hashes depend on every bit of what they are of, and on nothing else. */
#include "engine/base/hash.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

static int bits(uint64_t v) {
    return __builtin_popcountll(v);
}

/* One bit of the input turns about half of the output's: on average within 1 of 32. */
static void every_bit_counts(void **unused) {
    (void)unused;
    struct random r = random_start("hash");
    for (size_t bytes = 1; bytes <= 200; bytes += bytes < 80 ? 1 : 13) {
        unsigned char s[200];
        for (size_t i = 0; i < bytes; i++) s[i] = (unsigned char)random_u64(&r);
        uint64_t h = hash_bytes(s, bytes);
        double turned = 0;
        for (size_t i = 0; i < bytes * 8; i++) {
            s[i / 8] ^= (unsigned char)(1 << (i % 8));
            uint64_t other = hash_bytes(s, bytes);
            assert_true(other != h);
            turned += bits(h ^ other);
            s[i / 8] ^= (unsigned char)(1 << (i % 8));
        }
        double mean = turned / (double)(bytes * 8);
        assert_true(fabs(mean - 32) < (bytes < 8 ? 6 : 2));
    }
}

static void length_counts_and_place_in_memory_does_not(void **unused) {
    (void)unused;
    char zeros[300] = {0}, copy[300 + 8];
    for (size_t bytes = 0; bytes < sizeof zeros; bytes++) {
        assert_true(hash_bytes(zeros, bytes) != hash_bytes(zeros, bytes + (bytes < 299)) ||
                    bytes == 299);
        for (size_t shift = 0; shift < 8; shift++) {
            memset(copy, 0xAA, sizeof copy);
            memset(copy + shift, 0, bytes);
            assert_true(hash_bytes(copy + shift, bytes) == hash_bytes(zeros, bytes));
        }
    }
    assert_true(hash_bytes(NULL, 0) == hash_bytes(zeros, 0));
}

/* Counting keys fill the slots of a table about as evenly as random ones would. */
static void counting_numbers_spread(void **unused) {
    (void)unused;
    enum { SLOTS = 1024, KEYS = SLOTS * 64 };
    for (int shift = 0; shift < 40; shift += 8) {
        static uint32_t high[SLOTS], low[SLOTS];
        memset(high, 0, sizeof high);
        memset(low, 0, sizeof low);
        for (uint64_t i = 0; i < KEYS; i++) {
            uint64_t h = hash_u64(i << shift);
            high[h >> 54]++;
            low[h % SLOTS]++;
        }
        for (int i = 0; i < SLOTS; i++) { /* 64 expected, deviation 8 */
            assert_in_range(high[i], 64 - 48, 64 + 48);
            assert_in_range(low[i], 64 - 48, 64 + 48);
        }
    }
}

static void equal_numbers_hash_alike(void **unused) {
    (void)unused;
    assert_true(hash_f64(0.0) == hash_f64(-0.0));
    assert_true(hash_f64(strtod("nan", NULL)) == hash_f64(-strtod("nan", NULL)));
    assert_true(hash_f64(1.0) != hash_f64(-1.0));
    assert_true(hash_mix(hash_u64(1), hash_u64(2)) != hash_mix(hash_u64(2), hash_u64(1)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(length_counts_and_place_in_memory_does_not),
        cmocka_unit_test(counting_numbers_spread),
        cmocka_unit_test(equal_numbers_hash_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
