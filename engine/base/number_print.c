/* number_print.c: printing integers and doubles.
 *
 * The shortest digits of a double are found by Schubfach (Raffaello Giulietti, "The Schubfach way
 * to render doubles", 2020): scale the double and the two middles to its neighbours by a power of
 * ten such that the interval between the middles is 2 to 20 units wide; there, one multiple of ten
 * at most, else one of the two nearest integers, lies inside. Scaling is one 64 x 128 bit product
 * rounded to odd, which keeps every comparison with an integer multiple of a quarter exact.
 *
 * f64_print_sqlite() is another matter: it must give the very digits that SQLite 3.40 gives, whose
 * printf scales by powers of ten in 80-bit floating point and peels off digits; that arithmetic is
 * followed here step by step, its small errors included.
 */
#include "engine/base/number.h"

#include <assert.h>
#include <string.h>

#include "engine/base/digits.h"
#include "engine/base/number_table.h"
#include "engine/base/type.h"

enum {
    F64_EXPONENT_BIAS = 1075,
    POSITIONAL_MAX = 16,
    POSITIONAL_MIN = -4,
};

#define F64_HIDDEN (UINT64_C(1) << 52)

void u64_print_padded(char *out, uint64_t v, uint32_t digits) {
    assert(digits <= 3 * DIGITS_WORD);
    char all[3 * DIGITS_WORD];
    uint64_t high = v / DIGITS_WORD_LIMIT;
    digits_write(all + 2 * DIGITS_WORD, (uint32_t)(v % DIGITS_WORD_LIMIT));
    if (digits > DIGITS_WORD) {
        digits_write(all, (uint32_t)(high / DIGITS_WORD_LIMIT));
        digits_write(all + DIGITS_WORD, (uint32_t)(high % DIGITS_WORD_LIMIT));
    }
    memcpy(out, all + sizeof all - digits, digits);
}

/* Without zeros in front; writes eight bytes, of which it says how many count. */
static uint32_t word_print(char *out, uint32_t v) {
    uint64_t split = digits_split(v);
    uint32_t zeros = v == 0 ? DIGITS_WORD - 1 : (uint32_t)__builtin_ctzll(split) / 8;
    uint64_t text = (split + DIGITS_ZERO) >> (zeros * 8);
    memcpy(out, &text, sizeof text);
    return DIGITS_WORD - zeros;
}

uint32_t u64_print(char out[U64_TEXT_MAX], uint64_t v) {
    if (v < DIGITS_WORD_LIMIT) return word_print(out, (uint32_t)v);
    uint64_t high = v / DIGITS_WORD_LIMIT;
    uint32_t bytes;
    if (high < DIGITS_WORD_LIMIT) {
        bytes = word_print(out, (uint32_t)high);
    } else {
        bytes = word_print(out, (uint32_t)(high / DIGITS_WORD_LIMIT));
        digits_write(out + bytes, (uint32_t)(high % DIGITS_WORD_LIMIT));
        bytes += DIGITS_WORD;
    }
    digits_write(out + bytes, (uint32_t)(v % DIGITS_WORD_LIMIT));
    return bytes + DIGITS_WORD;
}

uint32_t i64_print(char out[I64_TEXT_MAX], int64_t v) {
    if (v >= 0) return u64_print(out, (uint64_t)v);
    out[0] = '-';
    return u64_print(out + 1, 0 - (uint64_t)v) + 1;
}

/* factor * g / 2^128, rounded to odd: the last bit is set when anything was cut. */
static uint64_t round_to_odd(const struct power *g, uint64_t factor) {
    uint128_t low = (uint128_t)factor * g->low;
    uint128_t high = (uint128_t)factor * g->high + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* 10^n as an upper bound: the table cuts, here it must not be less than the power. */
static struct power power_ceiling(int32_t n) {
    assert(n >= POWER_MIN && n <= POWER_MAX);
    struct power g = power_table[n - POWER_MIN];
    if (n < 0 || n > POWER_EXACT_MAX) g.high += ++g.low == 0;
    return g;
}

/* c * 2^q, c > 0; `narrow`: c is a power of two, whose lower neighbour is only half as far. */
static struct f64_decimal schubfach(uint64_t c, int32_t q, bool narrow) {
    bool odd = c & 1; /* the middles round to even numbers */
    int32_t k = (q * 1262611 - (narrow ? 524031 : 0)) >> 22;
    int32_t h = q + ((-k * 1741647) >> 19) + 1;
    struct power g = power_ceiling(-k);

    uint64_t low = round_to_odd(&g, (4 * c - 2 + narrow) << h) + odd;
    uint64_t value = round_to_odd(&g, (4 * c) << h);
    uint64_t high = round_to_odd(&g, (4 * c + 2) << h) - odd;

    uint64_t s = value / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool down_inside = low <= 40 * tens;
        bool up_inside = 40 * tens + 40 <= high;
        if (down_inside != up_inside) return (struct f64_decimal){tens + up_inside, k + 1};
    }
    bool down_inside = low <= 4 * s;
    bool up_inside = 4 * s + 4 <= high;
    if (down_inside != up_inside) return (struct f64_decimal){s + up_inside, k};
    uint64_t middle = 4 * s + 2;
    bool up = value > middle || (value == middle && (s & 1));
    return (struct f64_decimal){s + up, k};
}

/* v > 0 that is a small number of millionths, as measured values and prices are. At most 15
 * digits that read back are the only ones of at most 15 that do, so they are the shortest. */
static bool millionths(double v, struct f64_decimal *out) {
    if (v >= 1e9) return false;
    uint64_t n = (uint64_t)(v * 1e6 + 0.5);
    *out = (struct f64_decimal){n, -6};
    return (double)n / 1e6 == v;
}

/* As f64_shortest() of v > 0, but zeros may stand at the end. */
static struct f64_decimal shortest(double v) {
    struct f64_decimal d;
    if (millionths(v, &d)) return d;

    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t fraction = bits & (F64_HIDDEN - 1);
    int32_t field = (int32_t)(bits >> 52);
    assert(field < 0x7FF && bits != 0);
    uint64_t c = field > 0 ? fraction | F64_HIDDEN : fraction;
    int32_t q = (field > 0 ? field : 1) - F64_EXPONENT_BIAS;
    if (q <= 0 && q > -53 && (c & ((UINT64_C(1) << -q) - 1)) == 0)
        return (struct f64_decimal){c >> -q, 0}; /* an integer below 2^53 is its own digits */
    return schubfach(c, q, fraction == 0 && field > 1);
}

struct f64_decimal f64_shortest(double v) {
    assert(v - v == 0);
    if (v == 0) return (struct f64_decimal){0, 0};
    struct f64_decimal d = shortest(v < 0 ? -v : v);
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* e+07, e-07, e+300 */
static char *exponent_print(char *at, int32_t exponent) {
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    uint64_t v = (uint64_t)(exponent < 0 ? -exponent : exponent);
    uint32_t digits = v >= 100 ? 3 : 2;
    u64_print_padded(at, v, digits);
    return at + digits;
}

static char *chars(char *at, char c, int32_t count) {
    if (count <= 0) return at;
    memset(at, c, (size_t)count);
    return at + count;
}

static uint32_t name_print(char *out, const char *word) {
    size_t bytes = strlen(word);
    memcpy(out, word, bytes);
    return (uint32_t)bytes;
}

/* `point` digits stand before the point (none, and zeros behind it, when it is not positive). */
static char *digits_layout(char *at, const char *digit, int32_t digits, int32_t point) {
    int32_t before = point < digits ? point : digits;
    if (before > 0) {
        memcpy(at, digit, (size_t)before);
        at = chars(at + before, '0', point - digits);
    } else {
        *at++ = '0';
        before = 0;
    }
    *at++ = '.';
    if (digits == before) {
        *at++ = '0';
        return at;
    }
    at = chars(at, '0', -point);
    memcpy(at, digit + before, (size_t)(digits - before));
    return at + (digits - before);
}

/* Seventeen digits to be laid out, zeros behind: one, and two words of eight. */
struct digits {
    char first;
    uint64_t word[2];
    int32_t count; /* without the zeros behind */
    int32_t point; /* how many stand before the point */
};

static void digits_of(struct f64_decimal d, struct digits *out) {
    uint32_t bits = 64 - (uint32_t)__builtin_clzll(d.digits);
    uint32_t count = bits * 1233 >> 12; /* digits or one less */
    count += d.digits >= power10_table[count];
    out->point = (int32_t)count + d.exponent;

    uint64_t all = d.digits * power10_table[F64_DIGITS_MAX - count];
    uint64_t high = all / DIGITS_WORD_LIMIT;
    uint64_t first = high / DIGITS_WORD_LIMIT;
    uint64_t front = digits_split((uint32_t)(high - first * DIGITS_WORD_LIMIT));
    uint64_t back = digits_split((uint32_t)(all - high * DIGITS_WORD_LIMIT));
    out->first = (char)('0' + first);
    out->word[0] = front + DIGITS_ZERO;
    out->word[1] = back + DIGITS_ZERO;
    out->count = back    ? 2 * DIGITS_WORD + 1 - __builtin_clzll(back) / 8
                 : front ? DIGITS_WORD + 1 - __builtin_clzll(front) / 8
                         : 1;
}

static void words_write(char *at, const struct digits *d) {
    memcpy(at, d->word, sizeof d->word);
}

/* Ones in the first `count` bytes of a word, none for less than one, all for eight and more. */
static uint64_t low_bytes(int32_t count) {
    if (count <= 0) return 0;
    return count >= DIGITS_WORD ? UINT64_MAX : (UINT64_C(1) << (8 * count)) - 1;
}

/* ddd000.0, dd.dd, 0.00dd; whole words are written, what is too much is left over. */
static char *print_positional(char *at, const struct digits *d) {
    static const char zeros[] = "0.000000000000000";
    if (d->point <= 0) {
        memcpy(at, zeros, DIGITS_WORD);
        at += 2 - d->point;
        *at = d->first;
        words_write(at + 1, d);
        return at + d->count;
    }
    /* The digits behind the point stand one place further than those before it: each word is
     * those of one kind and, shifted by a byte, those of the other. */
    uint64_t front = d->word[0], back = d->word[1];
    uint64_t front_keep = low_bytes(d->point - 1),
             back_keep = low_bytes(d->point - 1 - DIGITS_WORD);
    uint64_t front_shift = front << 8 | (unsigned char)d->first,
             back_shift = back << 8 | front >> 56;
    uint64_t word[2] = {(front & front_keep) | (front_shift & ~front_keep),
                        (back & back_keep) | (back_shift & ~back_keep)};
    at[0] = d->first;
    memcpy(at + 1, word, sizeof word);
    at[1 + sizeof word] = (char)(back >> 56);
    at[d->point] = '.';
    return at + (d->count > d->point ? d->count : d->point + 1) + 1;
}

static char *print_scientific(char *at, const struct digits *d) {
    at[0] = d->first;
    at[1] = '.';
    words_write(at + 2, d);
    return exponent_print(at + (d->count > 1 ? d->count + 1 : 1), d->point - 1);
}

uint32_t f64_print(char out[F64_TEXT_MAX], double v) {
    if (v != v) return name_print(out, "NaN");
    if (v - v != 0) return name_print(out, v > 0 ? "Infinity" : "-Infinity");

    char *at = out;
    if (__builtin_signbit(v)) *at++ = '-';
    if (v == 0) return (uint32_t)(at - out) + name_print(at, "0.0");
    struct digits d;
    digits_of(shortest(v < 0 ? -v : v), &d);
    bool positional = d.point >= POSITIONAL_MIN && d.point <= POSITIONAL_MAX;
    char *end = positional ? print_positional(at, &d) : print_scientific(at, &d);
    return (uint32_t)(end - out);
}

/* Scales v > 0 to 1 <= v < 10; the exponent taken out, 351 and more for infinity. */
static int32_t sqlite_scale(long double *v) {
    int32_t exponent = 0;
    long double scale = 1.0L, r = *v;
    for (; r >= 1e100 * scale && exponent <= 350; exponent += 100) scale *= 1e100;
    for (; r >= 1e10 * scale && exponent <= 350; exponent += 10) scale *= 1e10;
    for (; r >= 10.0 * scale && exponent <= 350; exponent++) scale *= 10.0;
    r /= scale;
    for (; r < 1e-8; exponent -= 8) r *= 1e8;
    for (; r < 1.0; exponent--) r *= 10.0;
    *v = r;
    return exponent;
}

/* 15 digits without trailing zeros (but one digit stays); v is 0, or scaled and rounded up. */
static int32_t sqlite_digits(char digit[15], long double v) {
    int32_t digits = 0;
    for (int32_t i = 0; i < 15; i++) {
        int d = (int)v;
        v = (v - d) * 10.0;
        digit[i] = (char)('0' + d);
        if (d != 0) digits = i + 1;
    }
    return digits > 0 ? digits : 1;
}

uint32_t f64_print_sqlite(char out[F64_SQLITE_MAX], double v) {
    if (v != v) return name_print(out, "NaN");

    char *at = out;
    long double r = v;
    if (v < 0) {
        *at++ = '-';
        r = -r;
    }
    int32_t exponent = 0;
    if (r > 0) exponent = sqlite_scale(&r);
    if (exponent > 350) return (uint32_t)(at - out) + name_print(at, "Inf");
    static const double half_unit = 5e-05 * 1.0e-10; /* rounding up at the 15th digit */
    r += half_unit;
    if (r >= 10.0) {
        r *= 0.1;
        exponent++;
    }

    char digit[15];
    int32_t digits = sqlite_digits(digit, r);
    if (exponent < -4 || exponent > 14) {
        at = digits_layout(at, digit, digits, 1);
        at = exponent_print(at, exponent);
    } else {
        at = digits_layout(at, digit, digits, exponent + 1);
    }
    return (uint32_t)(at - out);
}

void buf_add_i64(struct buf *b, int64_t v) {
    if (!buf_reserve(b, I64_TEXT_MAX)) return;
    b->bytes += i64_print(b->at + b->bytes, v);
    b->at[b->bytes] = '\0';
}

void buf_add_f64(struct buf *b, double v) {
    if (!buf_reserve(b, F64_TEXT_MAX)) return;
    b->bytes += f64_print(b->at + b->bytes, v);
    b->at[b->bytes] = '\0';
}
