/* codec_json_number.c: jread's numbers, after the grammar of RFC 8259, and their exact floor. */
#include <assert.h>

#include "engine/edge/codec_json_read.h"

enum { DIGITS_KEPT = 19, EXPONENT_CAP = 1000000 };

static bool is_digit(const struct jread *r) {
    return r->at < r->end && (unsigned char)(*r->at - '0') < 10;
}

/* Takes a run of digits; `scale` is what each of them lowers the exponent by. */
static void digits_take(struct jread *r, struct jnumber *n, uint32_t *kept, int32_t scale) {
    for (; is_digit(r); r->at++) {
        uint32_t digit = (uint32_t)(*r->at - '0');
        if (*kept >= DIGITS_KEPT) {
            n->cut = true;
            continue;
        }
        n->digits = n->digits * 10 + digit;
        *kept += n->digits > 0;
        n->exponent -= scale;
    }
}

static bool exponent_take(struct jread *r, struct jnumber *n) {
    r->at++;
    bool negative = r->at < r->end && *r->at == '-';
    if (r->at < r->end && (*r->at == '-' || *r->at == '+')) r->at++;
    if (!is_digit(r)) return jread_fail(r, "22P02", "no digit in the exponent", r->at);
    int32_t e = 0;
    for (; is_digit(r); r->at++) {
        if (e < EXPONENT_CAP) e = e * 10 + (*r->at - '0');
    }
    if (e > EXPONENT_CAP) e = EXPONENT_CAP;
    n->exponent += negative ? -e : e;
    return true;
}

bool jread_number(struct jread *r, struct jnumber *out) {
    const char *start = r->at;
    struct jnumber n = {.integral = true};
    uint32_t kept = 0;
    if (r->at < r->end && *r->at == '-') {
        n.negative = true;
        r->at++;
    }
    if (!is_digit(r)) return jread_fail(r, "22P02", "not a number", start);
    if (*r->at == '0') {
        r->at++;
        if (is_digit(r)) return jread_fail(r, "22P02", "number with a leading zero", start);
    }
    digits_take(r, &n, &kept, 0);

    if (r->at < r->end && *r->at == '.') {
        r->at++;
        n.integral = false;
        if (!is_digit(r)) return jread_fail(r, "22P02", "no digit behind the point", r->at);
        digits_take(r, &n, &kept, 1);
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        n.integral = false;
        if (!exponent_take(r, &n)) return false;
    }
    n.text = (struct text){.at = start, .bytes = (uint32_t)(r->at - start)};
    *out = n;
    return true;
}

/* The exponent as written behind `e`, capped. */
static int64_t exponent_of(struct text t) {
    uint32_t i = 0;
    while (i < t.bytes && t.at[i] != 'e' && t.at[i] != 'E') i++;
    if (i == t.bytes) return 0;
    bool negative = t.at[i + 1] == '-';
    int64_t e = 0;
    for (i++; i < t.bytes; i++) {
        if (t.at[i] >= '0' && t.at[i] <= '9' && e < EXPONENT_CAP) e = e * 10 + (t.at[i] - '0');
    }
    return negative ? -e : e;
}

/* Reads the digits of a number again, the point moved: `whole` of them (which may be negative)
 * stand before the cut, the rest only says whether the cut lost something. */
static enum parse_result whole_digits(struct text t, int64_t whole, uint64_t *out, bool *exact) {
    uint64_t v = 0;
    for (uint32_t i = 0; i < t.bytes && t.at[i] != 'e' && t.at[i] != 'E'; i++) {
        uint32_t digit = (uint32_t)(t.at[i] - '0');
        if (digit > 9) continue;
        if (whole-- <= 0) {
            if (digit != 0) *exact = false;
            continue;
        }
        if (__builtin_mul_overflow(v, UINT64_C(10), &v)) return PARSE_RANGE;
        if (__builtin_add_overflow(v, (uint64_t)digit, &v)) return PARSE_RANGE;
    }
    for (; whole > 0 && v > 0; whole--) {
        if (__builtin_mul_overflow(v, UINT64_C(10), &v)) return PARSE_RANGE;
    }
    *out = v;
    return PARSE_OK;
}

/* Digits before the point, as written. */
static int64_t digits_before_point(struct text t) {
    int64_t n = 0;
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (t.at[i] == '.' || t.at[i] == 'e' || t.at[i] == 'E') break;
        n += t.at[i] != '-';
    }
    return n;
}

static enum parse_result with_sign(uint64_t magnitude, bool negative, int64_t *out) {
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (magnitude > limit) return PARSE_RANGE;
    *out = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return PARSE_OK;
}

enum parse_result jnumber_floor(const struct jnumber *n, int32_t scale, int64_t *out, bool *exact) {
    assert(scale >= 0);
    uint64_t magnitude = n->digits;
    *exact = true;
    if (!n->integral || n->cut || scale != 0) {
        int64_t whole = digits_before_point(n->text) + exponent_of(n->text) + scale;
        enum parse_result result = whole_digits(n->text, whole, &magnitude, exact);
        if (result != PARSE_OK) return result;
    }
    if (n->negative && !*exact && magnitude < UINT64_MAX) magnitude++;
    return with_sign(magnitude, n->negative, out);
}
