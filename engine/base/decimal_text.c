/* decimal_text.c: decimals from and to text, doubles and integers.
 *
 * Text is read as an integer of at most 38 significant digits, a power of ten and, for rounding,
 * the first digit that did not fit: since the value is rounded once, half away from zero, that
 * digit decides.
 */
#include "engine/base/decimal.h"

#include <assert.h>
#include <string.h>

#include "engine/base/number.h"

enum { HALF_DIGITS = 19 };

#define EXPONENT_CAP (INT64_C(1) << 40) /* texts are shorter than 2^32 digits */

/* digits * 10^exponent; `next` is the digit behind the last of 38. */
struct scan {
    uint128_t digits;
    uint32_t count; /* significant digits gathered */
    int64_t exponent;
    uint32_t next;
    bool negative, more; /* more: digits were left out */
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void scan_digit(struct scan *s, uint32_t digit, bool behind_point) {
    if (s->count < DECIMAL_DIGITS_MAX) {
        s->digits = s->digits * 10 + digit;
        s->count += s->digits > 0;
        s->exponent -= behind_point;
        return;
    }
    if (!s->more) s->next = digit;
    s->more = true;
    s->exponent += !behind_point;
}

/* Behind the 'e'; false: no number. */
static bool scan_exponent(struct scan *s, const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    if (at == end) return false;

    int64_t v = 0;
    for (; at < end; at++) {
        if (!is_digit(*at)) return false;
        if (v < EXPONENT_CAP) v = v * 10 + (*at - '0');
    }
    s->exponent += negative ? -v : v;
    return true;
}

static bool scan_text(struct text text, struct scan *s) {
    if (text.bytes == 0) return false;
    const char *at = text.at, *end = text.at + text.bytes;
    *s = (struct scan){.negative = at < end && *at == '-'};
    if (at < end && (*at == '-' || *at == '+')) at++;

    bool point = false, any = false;
    for (; at < end && (is_digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        any = true;
        scan_digit(s, (uint32_t)(*at - '0'), point);
    }
    if (!any) return false;
    if (at < end && (*at == 'e' || *at == 'E')) return scan_exponent(s, at + 1, end);
    return at == end;
}

/* The number with `drop` digits less, rounded by the first of them. */
static uint128_t round_off(const struct scan *s, uint32_t drop) {
    if (drop > s->count) return 0;
    if (drop == 0) return s->digits + (s->next >= 5);
    uint128_t unit = (uint128_t)decimal_power(drop);
    uint128_t rest = s->digits % unit;
    return s->digits / unit + (rest >= unit - rest);
}

static enum parse_result scan_give(const struct scan *s, struct decimal_shape shape,
                                   int128_t *out) {
    int64_t shift = s->exponent + shape.scale;
    uint128_t v = 0;
    if (s->digits != 0 && shift > 0) {
        if (shift + s->count > shape.precision) return PARSE_RANGE;
        v = s->digits * (uint128_t)decimal_power((uint32_t)shift);
    } else if (s->digits != 0 && -shift <= s->count) {
        v = round_off(s, (uint32_t)-shift);
    }
    if (v >= (uint128_t)decimal_power(shape.precision)) return PARSE_RANGE;
    *out = s->negative ? -(int128_t)v : (int128_t)v;
    return PARSE_OK;
}

enum parse_result decimal_parse(struct text s, struct decimal_shape shape, int128_t *out) {
    assert(shape.precision <= DECIMAL_DIGITS_MAX && shape.scale <= shape.precision);
    struct scan scan;
    if (!scan_text(s, &scan)) return PARSE_SYNTAX;
    return scan_give(&scan, shape, out);
}

enum parse_result decimal_parse_literal(struct text s, struct decimal_shape *shape_out,
                                        int128_t *out) {
    struct scan scan;
    if (!scan_text(s, &scan)) return PARSE_SYNTAX;
    if (scan.more || scan.exponent > DECIMAL_DIGITS_MAX) return PARSE_RANGE;
    if (scan.exponent < -DECIMAL_DIGITS_MAX) return PARSE_RANGE;

    uint32_t scale = scan.exponent < 0 ? (uint32_t)-scan.exponent : 0;
    uint32_t whole = scan.exponent > 0 ? (uint32_t)scan.exponent : 0;
    uint32_t precision = scan.count + whole;
    if (precision < scale) precision = scale;
    if (precision == 0) precision = 1;
    if (precision > DECIMAL_DIGITS_MAX) return PARSE_RANGE;

    struct decimal_shape shape = {precision, scale};
    enum parse_result got = scan_give(&scan, shape, out);
    if (got == PARSE_OK) *shape_out = shape;
    return got;
}

/* The digits of a 128-bit magnitude below 10^38, at least `least` of them. */
static uint32_t digits_print(char out[DECIMAL_TEXT_MAX], uint128_t m, uint32_t least) {
    uint32_t digits = decimal_digits((int128_t)m);
    if (digits < least) digits = least;
    uint128_t unit = (uint128_t)decimal_power(HALF_DIGITS);
    if (digits <= HALF_DIGITS) {
        u64_print_padded(out, (uint64_t)m, digits);
        return digits;
    }
    u64_print_padded(out, (uint64_t)(m / unit), digits - HALF_DIGITS);
    u64_print_padded(out + digits - HALF_DIGITS, (uint64_t)(m % unit), HALF_DIGITS);
    return digits;
}

uint32_t decimal_print(char out[DECIMAL_TEXT_MAX], struct decimal d) {
    assert(d.scale <= DECIMAL_DIGITS_MAX && decimal_fits(d.value, DECIMAL_DIGITS_MAX));
    char *at = out;
    if (d.value < 0) *at++ = '-';
    uint128_t m = d.value < 0 ? 0 - (uint128_t)d.value : (uint128_t)d.value;

    char digit[DECIMAL_TEXT_MAX]; /* one digit stands before the point at least */
    uint32_t digits = digits_print(digit, m, d.scale + 1);
    uint32_t whole = digits - d.scale;
    memcpy(at, digit, whole);
    at += whole;
    if (d.scale > 0) {
        *at++ = '.';
        memcpy(at, digit + whole, d.scale);
        at += d.scale;
    }
    return (uint32_t)(at - out);
}

void buf_add_decimal(struct buf *b, struct decimal d) {
    if (!buf_reserve(b, DECIMAL_TEXT_MAX)) return;
    b->bytes += decimal_print(b->at + b->bytes, d);
    b->at[b->bytes] = '\0';
}

double decimal_to_f64(struct decimal d) {
    if (d.value >= INT64_MIN && d.value <= INT64_MAX) {
        int64_t v = (int64_t)d.value;
        double m = f64_from_digits(v < 0 ? 0 - (uint64_t)v : (uint64_t)v, -(int32_t)d.scale);
        return v < 0 ? -m : m;
    }
    char text[DECIMAL_TEXT_MAX];
    uint32_t bytes = decimal_print(text, d);
    double v = 0;
    enum parse_result got = f64_parse((struct text){.at = text, .bytes = bytes}, &v);
    assert(got == PARSE_OK);
    return v;
}

bool decimal_from_f64(double v, struct decimal_shape shape, int128_t *out) {
    assert(shape.precision <= DECIMAL_DIGITS_MAX && shape.scale <= shape.precision);
    if (v - v != 0) return false;
    struct f64_decimal d = f64_shortest(v);
    struct scan s = {.digits = d.digits, .exponent = d.exponent, .negative = v < 0};
    s.count = d.digits ? decimal_digits((int128_t)d.digits) : 0;
    return scan_give(&s, shape, out) == PARSE_OK;
}

bool decimal_to_i64(struct decimal d, int64_t *out) {
    int128_t whole = d.value / decimal_power(d.scale);
    if (whole < INT64_MIN || whole > INT64_MAX) return false;
    *out = (int64_t)whole;
    return true;
}
