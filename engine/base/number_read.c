/* number_read.c: reading integers and doubles, exactly.
 *
 * A number is gathered as digits * 10^q with at most 19 digits in a uint64; further digits are
 * only remembered as "some more". Then, in turn:
 *   1. digits <= 2^53 and |q| <= 22: both are exact doubles, one multiplication or division rounds
 *      correctly (Clinger 1990).
 *   2. digits times the first 128 bits of 10^q gives a lower bound of the value, and adding what
 *      was cut off an upper one. When both round to the same double, that is the answer; this is
 *      the plain reading of Lemire's "Number Parsing at a Gigabyte per Second" (2021).
 *   3. Else the value lies next to the middle of two doubles: compare it with that middle in big
 *      integers. More than 800 digits are cut, the cut marked by a last digit 1; no middle of two
 *      doubles has more than 767.
 */
#include "engine/base/number.h"

#include <assert.h>
#include <float.h>
#include <string.h>

#include "engine/base/digits.h"
#include "engine/base/number_table.h"
#include "engine/base/type.h"

enum {
    DIGITS_GATHERED = 19,
    BIG_WORDS = 72, /* 800 digits or 10^1124, times 2^1075: below 4,000 bits */
    BIG_DIGITS = 800,
    F64_MANTISSA_BITS = 53,
    F64_EXPONENT_MIN = -1074, /* 2^-1074 is the least double */
    F64_EXPONENT_BIAS = 1075,
    POWER_MAX_FINITE = 308, /* of ten, as a double */
};

/* A larger written exponent is as good as this: texts are shorter than 2^32 digits. */
#define EXPONENT_CAP (INT64_C(1) << 40)
#define GATHERED_FULL UINT64_C(1000000000000000000) /* 19 digits */
#define F64_INFINITY_BITS UINT64_C(0x7FF0000000000000)

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static double f64_of_bits(uint64_t bits) {
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Eight digits at `at`, if eight bytes are left and all are digits. */
static bool next_eight(const char *at, const char *end, uint32_t *out) {
    uint64_t text;
    if (end - at < DIGITS_WORD) return false;
    memcpy(&text, at, sizeof text);
    if (!digits_are(text)) return false;
    *out = digits_join(text);
    return true;
}

enum parse_result i64_parse(struct text s, int64_t *out) {
    if (s.bytes == 0) return PARSE_SYNTAX;
    const char *at = s.at, *end = s.at + s.bytes;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    if (at == end) return PARSE_SYNTAX;

    uint64_t v = 0;
    uint32_t eight;
    if (next_eight(at, end, &eight)) {
        v = eight;
        at += DIGITS_WORD;
        if (next_eight(at, end, &eight)) {
            v = v * DIGITS_WORD_LIMIT + eight;
            at += DIGITS_WORD;
        }
    }
    bool over = false;
    for (; at < end; at++) {
        if (!is_digit(*at)) return PARSE_SYNTAX;
        over |= v > UINT64_MAX / 10 - 1; /* far past 2^63, short of wrapping */
        if (!over) v = v * 10 + (uint64_t)(*at - '0');
    }
    if (over || v > (uint64_t)INT64_MAX + negative) return PARSE_RANGE;
    *out = (int64_t)(negative ? 0 - v : v);
    return PARSE_OK;
}

/* The bits of `m` * 2^e rounded to nearest even; `more`: it is a little more than that. */
static uint64_t round_bits(uint128_t m, int32_t e, bool more) {
    assert(m >> 64);
    int32_t bits = 128 - __builtin_clzll((uint64_t)(m >> 64));
    int32_t cut = bits - F64_MANTISSA_BITS;
    if (cut < F64_EXPONENT_MIN - e) cut = F64_EXPONENT_MIN - e; /* subnormal: fewer bits */
    if (cut > 128) return 0;

    uint128_t kept = cut < 128 ? m >> cut : 0;
    uint128_t rest = m - (cut < 128 ? kept << cut : 0);
    uint128_t half = (uint128_t)1 << (cut - 1);
    bool up = rest > half || (rest == half && (more || (kept & 1)));
    int32_t biased = e + cut + F64_EXPONENT_BIAS;
    assert(biased >= 1);
    if (biased >= 2047) return F64_INFINITY_BITS;
    /* The hidden bit of `kept` raises the exponent by one, and so does a carry. */
    return ((uint64_t)(biased - 1) << 52) + (uint64_t)kept + up;
}

/* Bounds of digits * 10^q, or with `cut` of (digits .. digits + 1) * 10^q, as bits of doubles. */
struct bounds {
    uint64_t low, high;
};

static struct bounds bounds_of(uint64_t digits, int32_t q, bool cut) {
    assert(digits > 0 && q >= POWER_MIN && q <= POWER_MAX);
    const struct power *g = &power_table[q - POWER_MIN];
    bool exact = q >= 0 && q <= POWER_EXACT_MAX;
    int shift = __builtin_clzll(digits);
    uint64_t w = digits << shift;

    /* w * g is top * 2^64 + low; shift <= 4 when digits were cut. */
    uint128_t p0 = (uint128_t)w * g->low;
    uint128_t top = (uint128_t)w * g->high + (uint64_t)(p0 >> 64);
    uint64_t low = (uint64_t)p0;
    int32_t e = power_exponent(q) + 64 - shift;

    struct bounds b;
    b.low = round_bits(top, e, low != 0 || !exact || cut);
    /* One more in the last place rounds differently only where it carries up to the middle. */
    if (!cut && (exact || (uint64_t)top != UINT64_MAX)) {
        b.high = b.low;
        return b;
    }
    bool carry = __builtin_add_overflow(low, w, &low);
    uint128_t high = top + carry;
    if (cut) high += ((uint128_t)(g->high) << shift) + 64;
    if (high < top) return (struct bounds){b.low, b.low + 1}; /* past 2^128: let 3. decide */
    b.high = round_bits(high, e, true);
    return b;
}

struct big {
    uint32_t words;
    uint64_t word[BIG_WORDS]; /* least first */
};

static void big_mul_add(struct big *b, uint64_t factor, uint64_t add) {
    uint128_t carry = add;
    for (uint32_t i = 0; i < b->words; i++) {
        carry += (uint128_t)b->word[i] * factor;
        b->word[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry) {
        assert(b->words < BIG_WORDS);
        b->word[b->words++] = (uint64_t)carry;
    }
}

static void big_mul_power10(struct big *b, int64_t n) {
    for (; n >= 19; n -= 19) big_mul_add(b, UINT64_C(10000000000000000000), 0);
    for (; n > 0; n--) big_mul_add(b, 10, 0);
}

static void big_mul_power2(struct big *b, int64_t n) {
    for (; n >= 63; n -= 63) big_mul_add(b, UINT64_C(1) << 63, 0);
    big_mul_add(b, UINT64_C(1) << n, 0);
}

static int big_compare(const struct big *a, const struct big *b) {
    if (a->words != b->words) return a->words < b->words ? -1 : 1;
    for (uint32_t i = a->words; i-- > 0;) {
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

/* A number's text taken apart. */
struct scan {
    const char *digit, *digit_end; /* from the first digit on, with at most one point among them */
    uint64_t gathered;             /* the first 19 significant digits */
    int64_t exponent;              /* value = gathered * 10^exponent, and more when `cut` */
    bool negative;
    bool cut; /* digits that are not all zero were not gathered */
};

/* All digits of the text, up to 800, as gathered * 10^exponent but in full. */
static void big_digits(const struct scan *s, struct big *b, int64_t *exponent_out) {
    uint32_t digits = 0;
    int64_t exponent = s->exponent;
    bool more = false;
    *b = (struct big){0};
    for (const char *at = s->digit; at < s->digit_end; at++) {
        if (*at == '.' || (digits == 0 && *at == '0')) continue;
        if (digits < BIG_DIGITS) {
            big_mul_add(b, 10, (uint64_t)(*at - '0'));
            exponent -= ++digits > DIGITS_GATHERED;
        } else {
            more |= *at != '0';
        }
    }
    if (more) {
        big_mul_add(b, 10, 1);
        exponent--;
    }
    *exponent_out = exponent;
}

/* The double of bits `low` or the next one, whichever is nearer to the text. */
static uint64_t nearer(const struct scan *s, uint64_t low) {
    struct big value, middle = {.words = 1};
    int64_t exponent;
    big_digits(s, &value, &exponent);

    uint64_t mantissa = low & ((UINT64_C(1) << 52) - 1);
    int64_t field = (int64_t)(low >> 52);
    if (field > 0) mantissa |= UINT64_C(1) << 52;
    int64_t e = (field > 0 ? field : 1) - F64_EXPONENT_BIAS - 1;
    middle.word[0] = 2 * mantissa + 1; /* * 2^e */

    if (exponent > 0) big_mul_power10(&value, exponent);
    if (exponent < 0) big_mul_power10(&middle, -exponent);
    if (e > 0) big_mul_power2(&middle, e);
    if (e < 0) big_mul_power2(&value, -e);
    int order = big_compare(&value, &middle);
    bool up = order > 0 || (order == 0 && (mantissa & 1));
    return low + up;
}

static bool small_double(uint64_t digits, int64_t q, double *out) {
    static const double power[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits > UINT64_C(1) << F64_MANTISSA_BITS || q < -22 || q > 22) return false;
    *out = q < 0 ? (double)digits / power[-q] : (double)digits * power[q];
    return true;
}

static double scan_value(const struct scan *s) {
    double v;
    if (!s->cut && small_double(s->gathered, s->exponent, &v)) return v;
    if (s->gathered == 0 || s->exponent < POWER_MIN) return 0;
    if (s->exponent > POWER_MAX_FINITE) return f64_of_bits(F64_INFINITY_BITS);

    struct bounds b = bounds_of(s->gathered, (int32_t)s->exponent, s->cut);
    return f64_of_bits(likely(b.low == b.high) ? b.low : nearer(s, b.low));
}

/* As text, whose first 19 digits count as gathered, for the comparison in big integers. */
static double nearer_digits(uint64_t digits, int32_t exponent, uint64_t low) {
    char text[U64_TEXT_MAX];
    uint32_t bytes = u64_print(text, digits);
    struct scan s = {.digit = text, .digit_end = text + bytes};
    s.exponent = exponent + (bytes > DIGITS_GATHERED);
    return f64_of_bits(nearer(&s, low));
}

double f64_from_digits(uint64_t digits, int32_t exponent) {
    double v;
    if (likely(small_double(digits, exponent, &v))) return v;
    if (digits == 0 || exponent < POWER_MIN) return 0;
    if (exponent > POWER_MAX_FINITE) return f64_of_bits(F64_INFINITY_BITS);
    struct bounds b = bounds_of(digits, exponent, false);
    if (likely(b.low == b.high)) return f64_of_bits(b.low);
    return nearer_digits(digits, exponent, b.low);
}

/* A run of digits, gathered while there is room; returns its end. */
static const char *scan_run(struct scan *s, const char *at, const char *end, bool point) {
    const char *start = at;
    uint32_t eight;
    while (s->gathered < UINT64_C(100000000000) && next_eight(at, end, &eight)) {
        s->gathered = s->gathered * DIGITS_WORD_LIMIT + eight;
        at += DIGITS_WORD;
    }
    for (; at < end && is_digit(*at) && s->gathered < GATHERED_FULL; at++)
        s->gathered = s->gathered * 10 + (uint64_t)(*at - '0');
    if (point) s->exponent -= at - start;
    for (; at < end && is_digit(*at); at++) {
        s->cut |= *at != '0';
        s->exponent += !point;
    }
    return at;
}

/* Digits, a point among them perhaps; NULL: there is no digit. */
static const char *scan_digits(struct scan *s, const char *at, const char *end) {
    s->digit = at;
    const char *mark = scan_run(s, at, end, false);
    bool any = mark > at;
    at = mark;
    if (at < end && *at == '.') {
        at = scan_run(s, at + 1, end, true);
        any |= at > mark + 1;
    }
    s->digit_end = at;
    return any ? at : NULL;
}

/* The part behind 'e'; NULL: no digits, or something behind them. */
static const char *scan_exponent(struct scan *s, const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (at == end) return NULL;

    int64_t v = 0;
    for (; at < end && is_digit(*at); at++) {
        if (v < EXPONENT_CAP) v = v * 10 + (*at - '0');
    }
    s->exponent += negative ? -v : v;
    return at;
}

enum parse_result f64_parse(struct text text, double *out) {
    if (text.bytes == 0) return PARSE_SYNTAX;
    const char *at = text.at, *end = text.at + text.bytes;
    struct scan s = {.negative = at < end && *at == '-'};
    if (at < end && (*at == '-' || *at == '+')) at++;

    at = scan_digits(&s, at, end);
    if (!at) return PARSE_SYNTAX;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = scan_exponent(&s, at + 1, end);
        if (!at || !is_digit(at[-1])) return PARSE_SYNTAX;
    }
    if (at != end) return PARSE_SYNTAX;

    double v = scan_value(&s);
    if (v > DBL_MAX) return PARSE_RANGE;
    *out = s.negative ? -v : v;
    return PARSE_OK;
}
