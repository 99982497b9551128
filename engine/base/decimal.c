/* decimal.c: arithmetic of scaled 128-bit integers.
 *
 * Whatever fits in 128 bits is done there; the rest in 256 bits made of two halves, of which
 * nothing needs more: a quotient or sum that fits in 38 digits comes from numbers below 10^76.
 * Division of 256 by 256 bits is Knuth's algorithm D (TAOCP 2, 4.3.1) on 64-bit digits; the common
 * divisors of one digit take a short loop. Rounding happens once, on the exact remainder.
 */
#include "engine/base/decimal.h"

#include <assert.h>

#include "engine/base/number_table.h"

enum { LIMBS = 4, SCALE_KEPT = 6, POWER_LOW = 19 };

/* An unsigned 256-bit integer, least limb first. */
struct wide {
    uint64_t limb[LIMBS];
};

int128_t decimal_power(uint32_t digits) {
    assert(digits <= DECIMAL_DIGITS_MAX);
    if (digits <= POWER_LOW) return (int128_t)power10_table[digits];
    return (int128_t)((uint128_t)power10_table[POWER_LOW] * power10_table[digits - POWER_LOW]);
}

static uint128_t magnitude(int128_t v) {
    return v < 0 ? 0 - (uint128_t)v : (uint128_t)v;
}

bool decimal_fits(int128_t v, uint32_t precision) {
    return magnitude(v) < (uint128_t)decimal_power(precision);
}

uint32_t decimal_digits(int128_t v) {
    uint128_t m = magnitude(v);
    uint64_t high = (uint64_t)(m >> 64), low = (uint64_t)m;
    uint32_t bits =
        high ? 128 - (uint32_t)__builtin_clzll(high) : 64 - (uint32_t)__builtin_clzll(low | 1);
    uint32_t guess = bits * 1233 >> 12; /* digits or one less */
    return guess == 0 ? 1 : guess + (m >= (uint128_t)decimal_power(guess));
}

static struct wide wide_of(uint128_t v) {
    return (struct wide){{(uint64_t)v, (uint64_t)(v >> 64), 0, 0}};
}

static bool wide_is_small(const struct wide *w) {
    return (w->limb[2] | w->limb[3]) == 0;
}

static uint128_t wide_low(const struct wide *w) {
    return (uint128_t)w->limb[1] << 64 | w->limb[0];
}

static int wide_compare(const struct wide *a, const struct wide *b) {
    for (uint32_t i = LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

/* *a += b; false: past 256 bits. */
static bool wide_add(struct wide *a, const struct wide *b) {
    uint128_t carry = 0;
    for (uint32_t i = 0; i < LIMBS; i++) {
        carry += (uint128_t)a->limb[i] + b->limb[i];
        a->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* *a -= b, a >= b. */
static void wide_sub(struct wide *a, const struct wide *b) {
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < LIMBS; i++) {
        uint128_t d = (uint128_t)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    assert(borrow == 0);
}

/* *a *= v; false: past 256 bits. */
static bool wide_mul(struct wide *a, uint64_t v) {
    uint128_t carry = 0;
    for (uint32_t i = 0; i < LIMBS; i++) {
        carry += (uint128_t)a->limb[i] * v;
        a->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return carry == 0;
}

/* *a *= 10^digits; false: past 256 bits. */
static bool wide_scale(struct wide *a, uint32_t digits) {
    for (; digits > POWER_LOW; digits -= POWER_LOW) {
        if (!wide_mul(a, (uint64_t)decimal_power(POWER_LOW))) return false;
    }
    return wide_mul(a, (uint64_t)decimal_power(digits));
}

static struct wide wide_product(uint128_t a, uint128_t b) {
    struct wide low = wide_of(a), high = wide_of(a);
    bool fits = wide_mul(&low, (uint64_t)b) && wide_mul(&high, (uint64_t)(b >> 64));
    struct wide shifted = {{0, high.limb[0], high.limb[1], high.limb[2]}};
    fits = fits && wide_add(&low, &shifted);
    assert(fits);
    return low;
}

/* Divides *n by one limb, the quotient staying in *n; returns the remainder. */
static uint64_t wide_div_limb(struct wide *n, uint64_t d) {
    uint128_t rest = 0;
    for (uint32_t i = LIMBS; i-- > 0;) {
        rest = rest << 64 | n->limb[i];
        n->limb[i] = (uint64_t)(rest / d);
        rest %= d;
    }
    return (uint64_t)rest;
}

/* One quotient digit of algorithm D: u[0..n] -= q * v[0..n-1], q the largest that fits. */
static uint64_t div_step(uint64_t *u, const uint64_t *v, uint32_t n) {
    uint128_t top = (uint128_t)u[n] << 64 | u[n - 1];
    uint128_t q = top / v[n - 1], rest = top % v[n - 1];
    while (q >> 64 || (uint128_t)(uint64_t)q * v[n - 2] > (rest << 64 | u[n - 2])) {
        q--;
        rest += v[n - 1];
        if (rest >> 64) break;
    }

    uint128_t carry = 0;
    uint64_t borrow = 0;
    for (uint32_t i = 0; i <= n; i++) {
        if (i < n) carry += (uint128_t)(uint64_t)q * v[i];
        uint128_t d = (uint128_t)u[i] - (uint64_t)carry - borrow;
        u[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
        carry >>= 64;
    }
    if (!borrow) return (uint64_t)q;

    carry = 0;
    for (uint32_t i = 0; i <= n; i++) {
        carry += (uint128_t)u[i] + (i < n ? v[i] : 0);
        u[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return (uint64_t)q - 1;
}

static uint32_t wide_limbs(const struct wide *w) {
    uint32_t n = LIMBS;
    while (n > 1 && w->limb[n - 1] == 0) n--;
    return n;
}

/* out[0..LIMBS] = w << bits, bits < 64. */
static void wide_shift_left(const struct wide *w, uint32_t bits, uint64_t out[LIMBS + 1]) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < LIMBS; i++) {
        out[i] = w->limb[i] << bits | carry;
        carry = bits ? w->limb[i] >> (64 - bits) : 0;
    }
    out[LIMBS] = carry;
}

/* *n becomes the quotient n / d, the remainder is returned; d > 0. */
static struct wide wide_div(struct wide *n, const struct wide *d) {
    if (wide_is_small(n) && wide_is_small(d)) {
        uint128_t a = wide_low(n), b = wide_low(d);
        *n = wide_of(a / b);
        return wide_of(a % b);
    }
    uint32_t limbs = wide_limbs(d);
    if (limbs == 1) return wide_of(wide_div_limb(n, d->limb[0]));

    uint32_t shift = (uint32_t)__builtin_clzll(d->limb[limbs - 1]);
    uint64_t u[LIMBS + 1], v[LIMBS + 1];
    wide_shift_left(n, shift, u);
    wide_shift_left(d, shift, v);

    struct wide q = {{0}};
    for (uint32_t j = LIMBS - limbs + 1; j-- > 0;) q.limb[j] = div_step(u + j, v, limbs);

    struct wide rest = {{0}};
    for (uint32_t i = 0; i < limbs; i++) {
        rest.limb[i] = u[i] >> shift | (shift ? u[i + 1] << (64 - shift) : 0);
    }
    *n = q;
    return rest;
}

/* The value with its sign, if it has at most 38 digits. */
static bool wide_give(const struct wide *w, bool negative, int128_t *out) {
    if (!wide_is_small(w) || wide_low(w) >= (uint128_t)decimal_power(DECIMAL_DIGITS_MAX))
        return false;
    int128_t v = (int128_t)wide_low(w);
    *out = negative ? -v : v;
    return true;
}

/* n / d rounded half away from zero, with the sign asked for. */
static bool wide_round_div(struct wide *n, const struct wide *d, bool negative, int128_t *out) {
    struct wide rest = wide_div(n, d);
    struct wide twice = rest;
    static const struct wide one = {{1}};
    bool up = !wide_add(&twice, &rest) || wide_compare(&twice, d) >= 0;
    if (up && !wide_add(n, &one)) return false;
    return wide_give(n, negative, out);
}

/* w / 10^digits rounded half away from zero; digits <= 76. */
static bool wide_round_scale(struct wide *w, uint32_t digits, bool negative, int128_t *out) {
    struct wide d = wide_of(1);
    bool fits = wide_scale(&d, digits);
    assert(fits);
    return wide_round_div(w, &d, negative, out);
}

bool decimal_rescale(struct decimal d, uint32_t scale, int128_t *out) {
    assert(d.scale <= DECIMAL_DIGITS_MAX && scale <= DECIMAL_DIGITS_MAX);
    uint128_t m = magnitude(d.value);
    if (scale >= d.scale) {
        int128_t v;
        if (__builtin_mul_overflow(d.value, decimal_power(scale - d.scale), &v)) return false;
        if (!decimal_fits(v, DECIMAL_DIGITS_MAX)) return false;
        *out = v;
        return true;
    }
    uint128_t unit = (uint128_t)decimal_power(d.scale - scale);
    uint128_t q = m / unit, rest = m % unit;
    q += rest >= unit - rest;
    if (q >= (uint128_t)decimal_power(DECIMAL_DIGITS_MAX)) return false;
    *out = d.value < 0 ? -(int128_t)q : (int128_t)q;
    return true;
}

/* |a| at the larger of the two scales. */
static struct wide common_scale(struct decimal a, uint32_t scale) {
    struct wide w = wide_of(magnitude(a.value));
    bool fits = wide_scale(&w, scale - a.scale); /* 2^127 * 10^38 < 2^256 */
    assert(fits);
    return w;
}

/* |w| / 10^from at another scale. */
static bool wide_rescale(struct wide *w, uint32_t from, uint32_t to, bool negative, int128_t *out) {
    if (to < from) return wide_round_scale(w, from - to, negative, out);
    return wide_scale(w, to - from) && wide_give(w, negative, out);
}

static bool add_wide(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    uint32_t larger = a.scale > b.scale ? a.scale : b.scale;
    struct wide x = common_scale(a, larger), y = common_scale(b, larger);
    bool negative = a.value < 0;
    if ((a.value < 0) == (b.value < 0)) {
        if (!wide_add(&x, &y)) return false;
    } else if (wide_compare(&x, &y) >= 0) {
        wide_sub(&x, &y);
    } else {
        wide_sub(&y, &x);
        x = y;
        negative = !negative;
    }
    return wide_rescale(&x, larger, scale, negative, out);
}

bool decimal_add(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    assert(a.scale <= DECIMAL_DIGITS_MAX && b.scale <= DECIMAL_DIGITS_MAX);
    int128_t v;
    if (a.scale == scale && b.scale == scale && !__builtin_add_overflow(a.value, b.value, &v)) {
        if (!decimal_fits(v, DECIMAL_DIGITS_MAX)) return false;
        *out = v;
        return true;
    }
    return add_wide(a, b, scale, out);
}

bool decimal_sub(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    assert(decimal_fits(b.value, DECIMAL_DIGITS_MAX));
    b.value = -b.value;
    return decimal_add(a, b, scale, out);
}

bool decimal_mul(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    assert(scale <= DECIMAL_DIGITS_MAX);
    int128_t v;
    if (a.scale + b.scale == scale && !__builtin_mul_overflow(a.value, b.value, &v)) {
        if (!decimal_fits(v, DECIMAL_DIGITS_MAX)) return false;
        *out = v;
        return true;
    }
    struct wide w = wide_product(magnitude(a.value), magnitude(b.value));
    return wide_rescale(&w, a.scale + b.scale, scale, (a.value < 0) != (b.value < 0), out);
}

bool decimal_div(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    assert(b.value != 0 && scale <= DECIMAL_DIGITS_MAX);
    struct wide n = wide_of(magnitude(a.value)), d = wide_of(magnitude(b.value));
    int32_t shift = (int32_t)(scale + b.scale) - (int32_t)a.scale;
    /* A dividend past 2^256 over less than 10^38 has more than 38 digits. */
    if (shift > 0 && !wide_scale(&n, (uint32_t)shift)) return false;
    if (shift < 0) {
        bool fits = wide_scale(&d, (uint32_t)-shift);
        assert(fits);
    }
    return wide_round_div(&n, &d, (a.value < 0) != (b.value < 0), out);
}

bool decimal_mod(struct decimal a, struct decimal b, uint32_t scale, int128_t *out) {
    assert(b.value != 0);
    uint32_t larger = a.scale > b.scale ? a.scale : b.scale;
    struct wide n = common_scale(a, larger), d = common_scale(b, larger);
    struct wide rest = wide_div(&n, &d);
    return wide_rescale(&rest, larger, scale, a.value < 0, out);
}

int decimal_compare(struct decimal a, struct decimal b) {
    if (a.scale == b.scale || (a.value < 0) != (b.value < 0))
        return (a.value > b.value) - (a.value < b.value);
    uint32_t larger = a.scale > b.scale ? a.scale : b.scale;
    struct wide x = common_scale(a, larger), y = common_scale(b, larger);
    return a.value < 0 ? wide_compare(&y, &x) : wide_compare(&x, &y);
}

static uint32_t max(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* Past 38 digits the scale gives way, down to 6 (or what it has, if less). */
static struct decimal_shape shape_of(uint32_t whole_digits, uint32_t scale) {
    if (whole_digits + scale <= DECIMAL_DIGITS_MAX)
        return (struct decimal_shape){whole_digits + scale, scale};
    uint32_t least = scale < SCALE_KEPT ? scale : SCALE_KEPT;
    uint32_t room = whole_digits < DECIMAL_DIGITS_MAX ? DECIMAL_DIGITS_MAX - whole_digits : 0;
    return (struct decimal_shape){DECIMAL_DIGITS_MAX, max(room, least)};
}

struct decimal_shape decimal_result(enum decimal_op op, struct decimal_shape a,
                                    struct decimal_shape b) {
    assert(a.precision <= DECIMAL_DIGITS_MAX && a.scale <= a.precision);
    assert(b.precision <= DECIMAL_DIGITS_MAX && b.scale <= b.precision);
    uint32_t whole_a = a.precision - a.scale, whole_b = b.precision - b.scale;
    uint32_t scale = max(a.scale, b.scale);
    switch (op) {
    case DECIMAL_ADD:
    case DECIMAL_SUB: return shape_of(max(whole_a, whole_b) + 1, scale);
    case DECIMAL_MUL: return shape_of(whole_a + whole_b, a.scale + b.scale);
    case DECIMAL_DIV:
        scale = max(SCALE_KEPT, a.scale + b.precision + 1);
        return shape_of(whole_a + b.scale, scale);
    case DECIMAL_MOD: return shape_of(whole_a < whole_b ? whole_a : whole_b, scale);
    }
    assert(false);
    return a;
}
