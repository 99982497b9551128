/* text.c: comparing, folding and checking slices of bytes.
 *
 * UTF-8 is checked 64 bytes at a time by the method of Keiser and Lemire ("Validating UTF-8 In
 * Less Than One Instruction Per Byte", 2021): each byte, together with the one before it, is
 * classified by three 16-entry tables (high and low half of the first byte, high half of the
 * second) whose AND is non-zero exactly for the pairs that can never stand together; bytes two and
 * three behind a long lead must be continuations. It says whether, not where: the first bad place
 * is then found by a plain loop that starts at the character that the block begins in.
 *
 * SSSE3 belongs to the baseline (x86-64-v2), so nothing is chosen at run time.
 */
#include "engine/base/text.h"

#include <assert.h>
#include <immintrin.h>

#include "engine/base/attr.h"

enum { BLOCK_BYTES = 64, DISTANCE_NAME_MAX = 64 };

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Why a pair of bytes is wrong: one bit each, so that three look-ups can be ANDed. */
enum {
    TOO_SHORT = 1,   /* lead or ASCII where a continuation must be */
    TOO_LONG = 2,    /* continuation behind ASCII */
    OVERLONG_3 = 4,  /* E0 80..9F */
    TOO_LARGE = 8,   /* F4 90.., F5.. */
    SURROGATE = 16,  /* ED A0..BF */
    OVERLONG_2 = 32, /* C0, C1 */
    FOUR_8X = 64,    /* F0 80..8F (overlong) and F5.. 80..8F (too large) */
    TWO_CONTS = 128, /* two continuations: right only as bytes 2, 3 of a long sequence */
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS,
    LARGE = CARRY | TOO_LARGE | FOUR_8X,
};

int text_compare(struct text a, struct text b) {
    uint32_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = common > 0 ? memcmp(a.at, b.at, common) : 0;
    if (order != 0) return order;
    return (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

static unsigned char fold(char c) {
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

int text_compare_fold(struct text a, struct text b) {
    uint32_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
    for (uint32_t i = 0; i < common; i++) {
        int order = (int)fold(a.at[i]) - (int)fold(b.at[i]);
        if (order != 0) return order;
    }
    return (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

bool text_equal_fold(struct text a, struct text b) {
    return a.bytes == b.bytes && text_compare_fold(a, b) == 0;
}

static bool is_continuation(unsigned char c) {
    return (c & 0xC0) == 0x80;
}

/* Bytes of the valid sequence at s, of which n > 0 bytes are there; 0: it is not valid. */
static uint32_t sequence_bytes(const unsigned char *s, size_t n) {
    unsigned char c = s[0];
    if (c < 0x80) return 1;
    if (c < 0xC2 || c > 0xF4) return 0;
    uint32_t need = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (n < need) return 0;

    /* The second byte has a narrower range behind some leads. */
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) return 0;
    for (uint32_t i = 2; i < need; i++) {
        if (!is_continuation(s[i])) return 0;
    }
    return need;
}

static uint64_t load8(const unsigned char *s) {
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return word;
}

static __m128i load16(const unsigned char *s) {
    return _mm_loadu_si128((const __m128i *)(const void *)s);
}

static size_t valid_prefix_plain(const unsigned char *s, size_t from, size_t bytes) {
    size_t i = from;
    while (i < bytes) {
        if (bytes - i >= 8 && (load8(s + i) & HIGH_BITS) == 0) {
            i += 8;
            continue;
        }
        uint32_t n = sequence_bytes(s + i, bytes - i);
        if (n == 0) return i;
        i += n;
    }
    return i;
}

static __m128i table(const int8_t at[16]) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static const int8_t first_high[16] = {
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    TOO_LONG,
    (int8_t)TWO_CONTS,
    (int8_t)TWO_CONTS,
    (int8_t)TWO_CONTS,
    (int8_t)TWO_CONTS,
    TOO_SHORT | OVERLONG_2,
    TOO_SHORT,
    TOO_SHORT | OVERLONG_3 | SURROGATE,
    TOO_SHORT | TOO_LARGE | FOUR_8X,
};

static const int8_t first_low[16] = {
    (int8_t)(CARRY | OVERLONG_3 | OVERLONG_2 | FOUR_8X),
    (int8_t)(CARRY | OVERLONG_2),
    (int8_t)CARRY,
    (int8_t)CARRY,
    (int8_t)(CARRY | TOO_LARGE),
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)LARGE,
    (int8_t)(LARGE | SURROGATE),
    (int8_t)LARGE,
    (int8_t)LARGE,
};

enum { CONT = TOO_LONG | OVERLONG_2 | TWO_CONTS };

static const int8_t second_high[16] = {
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    (int8_t)(CONT | OVERLONG_3 | FOUR_8X),
    (int8_t)(CONT | OVERLONG_3 | TOO_LARGE),
    (int8_t)(CONT | SURROGATE | TOO_LARGE),
    (int8_t)(CONT | SURROGATE | TOO_LARGE),
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
    TOO_SHORT,
};

/* Non-zero bytes where `now`, which follows `before`, is wrong. */
static __m128i check(__m128i now, __m128i before) {
    const __m128i low4 = _mm_set1_epi8(0x0F);
    __m128i back1 = _mm_alignr_epi8(now, before, 15);
    __m128i back2 = _mm_alignr_epi8(now, before, 14);
    __m128i back3 = _mm_alignr_epi8(now, before, 13);

    __m128i high1 = _mm_and_si128(_mm_srli_epi16(back1, 4), low4);
    __m128i high2 = _mm_and_si128(_mm_srli_epi16(now, 4), low4);
    __m128i pair =
        _mm_and_si128(_mm_and_si128(_mm_shuffle_epi8(table(first_high), high1),
                                    _mm_shuffle_epi8(table(first_low), _mm_and_si128(back1, low4))),
                      _mm_shuffle_epi8(table(second_high), high2));

    /* Only leads of three and four bytes stay at or above 0x80 after these subtractions. */
    __m128i third = _mm_subs_epu8(back2, _mm_set1_epi8((char)(0xE0 - 0x80)));
    __m128i fourth = _mm_subs_epu8(back3, _mm_set1_epi8((char)(0xF0 - 0x80)));
    __m128i must = _mm_and_si128(_mm_or_si128(third, fourth), _mm_set1_epi8((char)0x80));
    return _mm_xor_si128(must, pair);
}

static bool any_set(__m128i v) {
    return _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())) != 0xFFFF;
}

/* The start of the character that byte `at` belongs to, if the bytes before it are valid. */
static size_t character_start(const unsigned char *s, size_t at) {
    for (size_t back = 1; back <= 3 && back <= at; back++) {
        if (s[at - back] >= 0xC0) return at - back;
        if (s[at - back] < 0x80) break;
    }
    return at;
}

/* At most 64 bytes without one past 0x7F, read as two or four pieces that may overlap. */
static bool is_short_ascii(const unsigned char *s, size_t bytes) {
    if (bytes > 32) {
        __m128i first = _mm_or_si128(load16(s), load16(s + 16));
        __m128i last = _mm_or_si128(load16(s + bytes - 32), load16(s + bytes - 16));
        return _mm_movemask_epi8(_mm_or_si128(first, last)) == 0;
    }
    if (bytes >= 16) return _mm_movemask_epi8(_mm_or_si128(load16(s), load16(s + bytes - 16))) == 0;
    if (bytes >= 8) return ((load8(s) | load8(s + bytes - 8)) & HIGH_BITS) == 0;
    unsigned char any = 0;
    for (size_t i = 0; i < bytes; i++) any |= s[i];
    return any < 0x80;
}

size_t utf8_valid_prefix(const char *at, size_t bytes) {
    assert(at || bytes == 0);
    const unsigned char *s = (const unsigned char *)at;
    if (bytes <= BLOCK_BYTES && is_short_ascii(s, bytes)) return bytes;
    __m128i before = _mm_setzero_si128();
    size_t i = 0;

    for (; bytes - i >= BLOCK_BYTES; i += BLOCK_BYTES) {
        __m128i v0 = load16(s + i), v1 = load16(s + i + 16);
        __m128i v2 = load16(s + i + 32), v3 = load16(s + i + 48);
        __m128i any = _mm_or_si128(_mm_or_si128(v0, v1), _mm_or_si128(v2, v3));
        /* `before` counts too: a sequence may be left open at its end. */
        if (likely(_mm_movemask_epi8(_mm_or_si128(any, before)) == 0)) continue;

        __m128i bad = _mm_or_si128(_mm_or_si128(check(v0, before), check(v1, v0)),
                                   _mm_or_si128(check(v2, v1), check(v3, v2)));
        if (unlikely(any_set(bad))) break;
        before = v3;
    }
    return valid_prefix_plain(s, character_start(s, i), bytes);
}

size_t utf8_length(const char *at, size_t bytes) {
    const unsigned char *s = (const unsigned char *)at;
    size_t continuations = 0, i = 0;
    for (; bytes - i >= 8; i += 8) {
        uint64_t word = load8(s + i); /* continuations: bit 7 set, bit 6 clear */
        continuations += (size_t)__builtin_popcountll(word & ~(word << 1) & HIGH_BITS);
    }
    for (; i < bytes; i++) continuations += is_continuation(s[i]);
    return bytes - continuations;
}

uint32_t utf8_encode(uint32_t code_point, char out[4]) {
    assert(code_point <= 0x10FFFF);
    uint32_t c = code_point;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment: three rows of the usual table, a swap looks two rows back. */
uint32_t text_distance(struct text a, struct text b, uint32_t cap) {
    if (a.bytes > DISTANCE_NAME_MAX || b.bytes > DISTANCE_NAME_MAX) return cap;
    uint32_t row[3][DISTANCE_NAME_MAX + 1];
    uint32_t *prev2 = row[0], *prev = row[1], *now = row[2];
    for (uint32_t j = 0; j <= b.bytes; j++) prev[j] = prev2[j] = j;

    for (uint32_t i = 1; i <= a.bytes; i++) {
        now[0] = i;
        for (uint32_t j = 1; j <= b.bytes; j++) {
            unsigned char ca = fold(a.at[i - 1]), cb = fold(b.at[j - 1]);
            now[j] = min3(prev[j] + 1, now[j - 1] + 1, prev[j - 1] + (ca != cb));
            bool swap = i > 1 && j > 1 && ca == fold(b.at[j - 2]) && cb == fold(a.at[i - 2]);
            if (swap && prev2[j - 2] + 1 < now[j]) now[j] = prev2[j - 2] + 1;
        }
        uint32_t *oldest = prev2;
        prev2 = prev;
        prev = now;
        now = oldest;
    }
    return prev[b.bytes] < cap ? prev[b.bytes] : cap;
}
