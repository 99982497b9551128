/* number_table.h: power: the first 128 bits of the powers of ten that doubles need.
 *
 * Used by: number_read.c, number_print.c, decimal.c.    Tested by: tests/unit/base/number_test.c
 */
#ifndef ENGINE_BASE_NUMBER_TABLE_H
#define ENGINE_BASE_NUMBER_TABLE_H

#include <stdint.h>

enum {
    POWER_MIN = -342, /* 10^19 * 10^-343 is less than half of the least double */
    POWER_MAX = 324,  /* printing the least doubles */
    POWER_EXACT_MAX = 55,
};

struct power {
    uint64_t high, low;
};

extern const struct power power_table[POWER_MAX - POWER_MIN + 1];

/* 10^0 .. 10^19: all that fit in a uint64_t. */
extern const uint64_t power10_table[20];

/* The e of 2^e * 2^127 <= 10^q < 2^e * 2^128, for |q| <= 1650. */
static inline int32_t power_exponent(int32_t q) {
    return ((q * 1741647) >> 19) - 127;
}

#endif
