/* digits.h: eight decimal digits at once, between numbers and text.
 *
 * A word holds one digit a byte, the first (most significant) in the lowest byte, so that it can
 * be stored as text by adding '0' to every byte.
 *
 * Used by: number_read.c, number_print.c, time.c.    Tested by: tests/unit/base/number_test.c
 */
#ifndef ENGINE_BASE_DIGITS_H
#define ENGINE_BASE_DIGITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_ZERO UINT64_C(0x3030303030303030) /* "00000000" */

enum { DIGITS_WORD = 8, DIGITS_WORD_LIMIT = 100000000 };

/* The eight digits of v < 10^8: halves of four, then pairs, then digits, each step for all parts
 * in one multiplication by a reciprocal. */
static inline uint64_t digits_split(uint32_t v) {
    uint64_t fours = v / 10000 | (uint64_t)(v % 10000) << 32;
    uint64_t high = (fours * 10486) >> 20 & UINT64_C(0x7F0000007F);
    uint64_t pairs = high | (fours - 100 * high) << 16;
    uint64_t tens = (pairs * 103) >> 10 & UINT64_C(0x000F000F000F000F);
    return tens | (pairs - 10 * tens) << 8;
}

/* Writes eight digits. */
static inline void digits_write(char *out, uint32_t v) {
    uint64_t text = digits_split(v) + DIGITS_ZERO;
    memcpy(out, &text, sizeof text);
}

/* Whether all eight bytes are digits: the high half is 3, and still is when 6 is added. */
static inline bool digits_are(uint64_t text) {
    const uint64_t halves = UINT64_C(0xF0F0F0F0F0F0F0F0);
    uint64_t past = text + UINT64_C(0x0606060606060606);
    return ((text & halves) | (past & halves) >> 4) == UINT64_C(0x3333333333333333);
}

/* The number that eight digits say. */
static inline uint32_t digits_join(uint64_t text) {
    uint64_t v = text - DIGITS_ZERO;
    v = v * 10 + (v >> 8); /* pairs in the even bytes */
    uint64_t low = (v & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064);
    uint64_t high = (v >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001);
    return (uint32_t)((low + high) >> 32);
}

#endif
