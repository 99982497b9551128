/* scan_digits.h: digits: runs of up to 16 digits as numbers, with what x86-64-v2 has.
 *
 * The digits are moved to the end of a register, with zeros before them, and multiplied together
 * in three steps: pairs, fours, eights.
 *
 * Used by: scan_sse.c, scan_avx2.c, scan_avx512.c.    Tested by: tests/unit/edge/scan_test.c
 */
#ifndef ENGINE_EDGE_SCAN_DIGITS_H
#define ENGINE_EDGE_SCAN_DIGITS_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/* From offset n: the shuffle that moves the first n of 16 bytes to the end, zeros before them. */
static const int8_t digits_align[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                        -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,
                                        6,  7,  8,  9,  10, 11, 12, 13, 14, 15};
/* From offset n: the last n of 16 bytes. */
static const int8_t digits_last[32] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                       0,  0,  0,  0,  0,  -1, -1, -1, -1, -1, -1,
                                       -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

static inline __m128i digits_load(const void *at) {
    return _mm_loadu_si128((const __m128i *)at);
}

/* 0..9 where there is a digit, more elsewhere. */
static inline __m128i digits_of(const char *at) {
    return _mm_sub_epi8(digits_load(at), _mm_set1_epi8('0'));
}

static inline uint32_t digits_mask(const char *at) {
    __m128i d = digits_of(at);
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d));
}

/* The number that 16 digits are. */
static inline uint64_t digits_join(__m128i d) {
    const __m128i tens = _mm_set1_epi16(1 << 8 | 10);
    const __m128i hundreds = _mm_set1_epi32(1 << 16 | 100);
    const __m128i ten_thousands = _mm_set1_epi32(1 << 16 | 10000);
    __m128i pairs = _mm_maddubs_epi16(d, tens);
    __m128i fours = _mm_madd_epi16(pairs, hundreds);
    __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), ten_thousands);
    uint64_t both = (uint64_t)_mm_cvtsi128_si64(eights);
    return (both & UINT32_MAX) * 100000000 + (both >> 32);
}

static inline uint64_t digits_value(const char *at, uint32_t n) {
    return digits_join(_mm_shuffle_epi8(digits_of(at), digits_load(digits_align + n)));
}

static inline uint64_t point_value(const char *at, uint32_t n, uint32_t fraction) {
    __m128i d = digits_of(at);
    __m128i behind = _mm_shuffle_epi8(d, digits_load(digits_align + n));
    __m128i before = _mm_shuffle_epi8(d, digits_load(digits_align + n - 1));
    return digits_join(_mm_blendv_epi8(before, behind, digits_load(digits_last + fraction)));
}

static inline bool minute_equal(const char *a, const char *b) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(digits_load(a), digits_load(b))) == 0xFFFF;
}

#endif
