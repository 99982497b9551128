/* decimal_test.c: laws of DECIMAL, against schoolbook arithmetic on strings of digits. */
#include "engine/base/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

enum { DIGITS = 130 };

/* A natural number, one decimal digit a byte, least first. */
struct naive {
    unsigned char digit[DIGITS];
};

static struct naive naive_of(int128_t v) {
    struct naive n = {{0}};
    uint128_t m = v < 0 ? 0 - (uint128_t)v : (uint128_t)v;
    for (int i = 0; m > 0; i++, m /= 10) n.digit[i] = (unsigned char)(m % 10);
    return n;
}

static struct naive naive_shift(const struct naive *a, uint32_t zeros) {
    struct naive n = {{0}};
    for (uint32_t i = 0; i + zeros < DIGITS; i++) n.digit[i + zeros] = a->digit[i];
    for (uint32_t i = DIGITS - zeros; i < DIGITS; i++) assert_int_equal(a->digit[i], 0);
    return n;
}

static struct naive naive_add(const struct naive *a, const struct naive *b) {
    struct naive n = {{0}};
    int carry = 0;
    for (int i = 0; i < DIGITS; i++) {
        carry += a->digit[i] + b->digit[i];
        n.digit[i] = (unsigned char)(carry % 10);
        carry /= 10;
    }
    assert_int_equal(carry, 0);
    return n;
}

static int naive_compare(const struct naive *a, const struct naive *b) {
    for (int i = DIGITS; i-- > 0;) {
        if (a->digit[i] != b->digit[i]) return a->digit[i] < b->digit[i] ? -1 : 1;
    }
    return 0;
}

static struct naive naive_sub(const struct naive *a, const struct naive *b) {
    struct naive n = {{0}};
    int borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        int d = a->digit[i] - b->digit[i] - borrow;
        borrow = d < 0;
        n.digit[i] = (unsigned char)(d + 10 * borrow);
    }
    assert_int_equal(borrow, 0);
    return n;
}

static struct naive naive_mul(const struct naive *a, const struct naive *b) {
    struct naive n = {{0}};
    for (int i = 0; i < DIGITS; i++) {
        int carry = 0;
        for (int j = 0; a->digit[i] && i + j < DIGITS; j++) {
            carry += n.digit[i + j] + a->digit[i] * b->digit[j];
            n.digit[i + j] = (unsigned char)(carry % 10);
            carry /= 10;
        }
    }
    return n;
}

/* Long division; the remainder is left in *a. */
static struct naive naive_div(struct naive *a, const struct naive *b) {
    struct naive q = {{0}}, rest = {{0}};
    for (int i = DIGITS; i-- > 0;) {
        rest = naive_shift(&rest, 1);
        rest.digit[0] = a->digit[i];
        while (naive_compare(&rest, b) >= 0) {
            rest = naive_sub(&rest, b);
            q.digit[i]++;
        }
    }
    *a = rest;
    return q;
}

/* A fraction with a sign. */
struct ratio {
    struct naive over, under;
    bool negative;
};

/* The ratio * 10^scale rounded half away from zero; false: more than 38 digits. */
static bool ratio_round(const struct ratio *r, uint32_t scale, int128_t *out) {
    struct naive n = naive_shift(&r->over, scale);
    n = naive_add(&n, &n);
    n = naive_add(&n, &r->under);
    struct naive d = naive_add(&r->under, &r->under);
    struct naive q = naive_div(&n, &d);
    int128_t v = 0;
    for (int i = DIGITS; i-- > 0;) {
        if (i >= 38 && q.digit[i]) return false;
        if (i < 38) v = v * 10 + q.digit[i];
    }
    *out = r->negative ? -v : v;
    return true;
}

static struct ratio exact(enum decimal_op op, struct decimal a, struct decimal b) {
    struct naive x = naive_of(a.value), y = naive_of(b.value), one = naive_of(1);
    struct ratio r = {.under = naive_shift(&one, a.scale + b.scale)};
    struct naive left = naive_shift(&x, b.scale), right = naive_shift(&y, a.scale);
    bool na = a.value < 0, nb = (b.value < 0) != (op == DECIMAL_SUB);
    switch (op) {
    case DECIMAL_ADD:
    case DECIMAL_SUB:
        if (na == nb) {
            r.over = naive_add(&left, &right);
            r.negative = na;
        } else if (naive_compare(&left, &right) >= 0) {
            r.over = naive_sub(&left, &right);
            r.negative = na;
        } else {
            r.over = naive_sub(&right, &left);
            r.negative = nb;
        }
        break;
    case DECIMAL_MUL:
        r.over = naive_mul(&x, &y);
        r.negative = na != nb;
        break;
    case DECIMAL_DIV:
        r.over = left;
        r.under = right;
        r.negative = na != nb;
        break;
    case DECIMAL_MOD:
        naive_div(&left, &right);
        r.over = left;
        r.negative = na;
        break;
    }
    return r;
}

static bool ours(enum decimal_op op, struct decimal a, struct decimal b, uint32_t scale,
                 int128_t *out) {
    switch (op) {
    case DECIMAL_ADD: return decimal_add(a, b, scale, out);
    case DECIMAL_SUB: return decimal_sub(a, b, scale, out);
    case DECIMAL_MUL: return decimal_mul(a, b, scale, out);
    case DECIMAL_DIV: return decimal_div(a, b, scale, out);
    case DECIMAL_MOD: return decimal_mod(a, b, scale, out);
    }
    return false;
}

static int128_t random_value(struct random *r) {
    uint32_t digits = (uint32_t)random_below(r, 39);
    uint128_t v = (uint128_t)random_u64(r) << 64 | random_u64(r);
    v %= (uint128_t)decimal_power(digits);
    if (random_below(r, 8) == 0) v = (uint128_t)decimal_power(digits) - 1;
    if (random_below(r, 8) == 0 && digits > 0) v = 5 * (uint128_t)decimal_power(digits - 1);
    return random_below(r, 2) ? (int128_t)v : -(int128_t)v;
}

static void check(enum decimal_op op, struct decimal a, struct decimal b, uint32_t scale) {
    if (b.value == 0 && (op == DECIMAL_DIV || op == DECIMAL_MOD)) return;
    struct ratio r = exact(op, a, b);
    int128_t want = 0, got = 0;
    bool fits = ratio_round(&r, scale, &want);
    assert_int_equal(ours(op, a, b, scale, &got), fits);
    assert_true(got == want);
}

static void every_operation_is_exact_and_rounds_once(void **unused) {
    (void)unused;
    struct random r = random_start("decimal operations");
    for (uint32_t i = 0; i < random_rounds(1200); i++) {
        struct decimal a = {random_value(&r), (uint32_t)random_below(&r, 39)};
        struct decimal b = {random_value(&r), (uint32_t)random_below(&r, 39)};
        uint32_t scale = (uint32_t)random_below(&r, 39);
        if (i % 3 == 0) b.scale = scale = a.scale;
        if (i % 7 == 0) b.value = -a.value;
        for (enum decimal_op op = DECIMAL_ADD; op <= DECIMAL_MOD; op++) check(op, a, b, scale);
    }
}

/* Divisors of two limbs whose first quotient guess is too large (Knuth's step D6). */
static void division_survives_its_hardest_digits(void **unused) {
    (void)unused;
    struct random r = random_start("decimal division");
    for (uint32_t i = 0; i < random_rounds(500); i++) {
        int128_t top = (int128_t)1 << (64 + random_below(&r, 62));
        struct decimal b = {top + (int128_t)random_below(&r, 3) - 1, 0};
        struct decimal a = {((int128_t)random_spread(&r) << 62) - 1, 0};
        check(DECIMAL_DIV, a, b, 38);
        check(DECIMAL_MOD, (struct decimal){a.value, 0}, (struct decimal){b.value, 30}, 30);
    }
}

static void small_numbers_exhaustively(void **unused) {
    (void)unused;
    for (int a = -7; a <= 7; a++) {
        for (int b = -7; b <= 7; b++) {
            for (uint32_t s = 0; s < 27; s++) {
                struct decimal x = {a, s % 3}, y = {b, s / 3 % 3};
                for (enum decimal_op op = DECIMAL_ADD; op <= DECIMAL_MOD; op++)
                    check(op, x, y, s / 9);
            }
        }
    }
}

static void rescale_is_addition_of_nothing(void **unused) {
    (void)unused;
    struct random r = random_start("decimal rescale");
    for (uint32_t i = 0; i < random_rounds(2000); i++) {
        struct decimal a = {random_value(&r), (uint32_t)random_below(&r, 39)};
        uint32_t scale = (uint32_t)random_below(&r, 39);
        struct ratio e = exact(DECIMAL_ADD, a, (struct decimal){0, 0});
        int128_t want = 0, got = 0;
        assert_int_equal(decimal_rescale(a, scale, &got), ratio_round(&e, scale, &want));
        assert_true(got == want);
    }
}

static void order_is_the_sign_of_the_difference(void **unused) {
    (void)unused;
    struct random r = random_start("decimal order");
    for (uint32_t i = 0; i < random_rounds(2000); i++) {
        struct decimal a = {random_value(&r), (uint32_t)random_below(&r, 39)};
        struct decimal b = {random_value(&r), (uint32_t)random_below(&r, 39)};
        int128_t same;
        if (i % 3 == 0 && decimal_rescale(a, b.scale, &same)) b.value = same;
        struct ratio d = exact(DECIMAL_SUB, a, b);
        struct naive zero = {{0}};
        int want = naive_compare(&d.over, &zero) == 0 ? 0 : d.negative ? -1 : 1;
        assert_int_equal(decimal_compare(a, b), want);
        assert_int_equal(decimal_compare(b, a), -want);
    }
}

static void text_of_decimal(struct decimal d, char *out) {
    out[decimal_print(out, d)] = '\0';
}

static void printing_reads_back(void **unused) {
    (void)unused;
    struct random r = random_start("decimal text");
    char s[DECIMAL_TEXT_MAX + 1];
    for (uint32_t i = 0; i < random_rounds(50000); i++) {
        struct decimal d = {random_value(&r), (uint32_t)random_below(&r, 39)};
        text_of_decimal(d, s);
        int128_t back = 1;
        struct decimal_shape shape = {38, d.scale};
        assert_int_equal(decimal_parse(text_of(s), shape, &back), PARSE_OK);
        assert_true(back == d.value);
        assert_int_equal(decimal_parse_literal(text_of(s), &shape, &back), PARSE_OK);
        assert_true(back == d.value && shape.scale == d.scale);
        assert_true(decimal_fits(d.value, shape.precision));
        assert_true(decimal_fits(d.value, decimal_digits(d.value)));
        assert_true(d.value == 0 || !decimal_fits(d.value, decimal_digits(d.value) - 1));
    }
    static const struct {
        int value;
        uint32_t scale;
        const char *s;
    } form[] = {{0, 0, "0"},      {0, 2, "0.00"},   {5, 2, "0.05"},
                {-5, 2, "-0.05"}, {150, 2, "1.50"}, {-1, 0, "-1"}};
    for (size_t i = 0; i < COUNT_OF(form); i++) {
        text_of_decimal((struct decimal){form[i].value, form[i].scale}, s);
        assert_string_equal(s, form[i].s);
    }
}

static void check_text(const char *s, struct decimal_shape shape, enum parse_result want,
                       const char *value) {
    int128_t v = 0;
    assert_int_equal(decimal_parse(text_of(s), shape, &v), want);
    if (want != PARSE_OK) return;
    char got[DECIMAL_TEXT_MAX + 1];
    text_of_decimal((struct decimal){v, shape.scale}, got);
    assert_string_equal(got, value);
}

static void text_rounds_half_away_and_knows_its_bounds(void **unused) {
    (void)unused;
    struct decimal_shape money = {5, 2}, whole = {38, 0}, all = {38, 38};
    check_text("1.005", money, PARSE_OK, "1.01");
    check_text("-1.005", money, PARSE_OK, "-1.01");
    check_text("1.00499999999999999999999999999999999999999999999", money, PARSE_OK, "1.00");
    check_text("999.994", money, PARSE_OK, "999.99");
    check_text("999.995", money, PARSE_RANGE, NULL);
    check_text("1e2", money, PARSE_OK, "100.00");
    check_text("1e3", money, PARSE_RANGE, NULL);
    check_text("0e99999999999999999999", money, PARSE_OK, "0.00");
    check_text("1e-99999999999999999999", money, PARSE_OK, "0.00");
    check_text("1e99999999999999999999", money, PARSE_RANGE, NULL);
    check_text("5e-3", money, PARSE_OK, "0.01");
    check_text("4.9e-3", money, PARSE_OK, "0.00");
    check_text("5e-4", money, PARSE_OK, "0.00");
    check_text("+.5", money, PARSE_OK, "0.50");
    check_text("5.", money, PARSE_OK, "5.00");
    check_text("99999999999999999999999999999999999999", whole, PARSE_OK,
               "99999999999999999999999999999999999999");
    check_text("99999999999999999999999999999999999999.4999", whole, PARSE_OK,
               "99999999999999999999999999999999999999");
    check_text("99999999999999999999999999999999999999.5", whole, PARSE_RANGE, NULL);
    check_text("100000000000000000000000000000000000000", whole, PARSE_RANGE, NULL);
    check_text("0.00000000000000000000000000000000000000499", all, PARSE_OK,
               "0.00000000000000000000000000000000000000");
    check_text("0.000000000000000000000000000000000000005", all, PARSE_OK,
               "0.00000000000000000000000000000000000001");
    check_text("123456789012345678901234567890123456785e-1", whole, PARSE_OK,
               "12345678901234567890123456789012345679");
    static const char *const bad[] = {"", ".", "-", "1e", "1e+", "1 ", "1.2.3", "e1", "0x1", "nan"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) check_text(bad[i], money, PARSE_SYNTAX, NULL);
    int128_t v;
    assert_int_equal(decimal_parse((struct text){NULL, 0}, money, &v), PARSE_SYNTAX);
}

static void doubles_become_the_decimal_they_print_as(void **unused) {
    (void)unused;
    int128_t v;
    assert_true(decimal_from_f64(1.005, (struct decimal_shape){10, 2}, &v) && v == 101);
    assert_true(decimal_from_f64(-0.125, (struct decimal_shape){10, 2}, &v) && v == -13);
    assert_true(decimal_from_f64(1e20, (struct decimal_shape){38, 0}, &v));
    assert_true(v == decimal_power(20));
    assert_true(decimal_from_f64(1e-300, (struct decimal_shape){38, 38}, &v) && v == 0);
    assert_false(decimal_from_f64(1e38, (struct decimal_shape){38, 0}, &v));
    assert_false(decimal_from_f64(strtod("nan", NULL), (struct decimal_shape){38, 0}, &v));
    assert_false(decimal_from_f64(strtod("inf", NULL), (struct decimal_shape){38, 0}, &v));

    struct random r = random_start("decimal doubles");
    char s[DECIMAL_TEXT_MAX + 1];
    for (uint32_t i = 0; i < random_rounds(50000); i++) {
        struct decimal d = {random_value(&r), (uint32_t)random_below(&r, 39)};
        text_of_decimal(d, s);
        assert_true(decimal_to_f64(d) == strtod(s, NULL));
    }
}

static void integers_are_cut_toward_zero(void **unused) {
    (void)unused;
    int64_t v;
    assert_true(decimal_to_i64((struct decimal){-199, 2}, &v) && v == -1);
    assert_true(decimal_to_i64((struct decimal){199, 2}, &v) && v == 1);
    int128_t top = (int128_t)INT64_MAX * 10;
    assert_true(decimal_to_i64((struct decimal){top + 9, 1}, &v) && v == INT64_MAX);
    assert_false(decimal_to_i64((struct decimal){top + 10, 1}, &v));
    assert_true(decimal_to_i64((struct decimal){-top - 19, 1}, &v) && v == INT64_MIN);
    assert_false(decimal_to_i64((struct decimal){-top - 20, 1}, &v));
}

static void check_shape(enum decimal_op op, struct decimal_shape a, struct decimal_shape b,
                        struct decimal_shape want) {
    struct decimal_shape got = decimal_result(op, a, b);
    assert_int_equal(got.precision, want.precision);
    assert_int_equal(got.scale, want.scale);
}

static void result_types_are_flinks(void **unused) {
    (void)unused;
    struct decimal_shape a = {10, 2}, b = {5, 4}, big = {38, 10}, wide = {38, 4};
    check_shape(DECIMAL_ADD, a, b, (struct decimal_shape){13, 4});
    check_shape(DECIMAL_SUB, b, a, (struct decimal_shape){13, 4});
    check_shape(DECIMAL_MUL, a, b, (struct decimal_shape){15, 6});
    check_shape(DECIMAL_DIV, a, b, (struct decimal_shape){20, 8});
    check_shape(DECIMAL_MOD, a, b, (struct decimal_shape){5, 4});
    check_shape(DECIMAL_ADD, big, big, (struct decimal_shape){38, 9});
    check_shape(DECIMAL_MUL, big, big, (struct decimal_shape){38, 6});
    check_shape(DECIMAL_DIV, big, big, (struct decimal_shape){38, 6});
    check_shape(DECIMAL_MUL, wide, (struct decimal_shape){38, 1}, (struct decimal_shape){38, 5});
    check_shape(DECIMAL_DIV, (struct decimal_shape){1, 0}, (struct decimal_shape){1, 0},
                (struct decimal_shape){7, 6});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_is_exact_and_rounds_once),
        cmocka_unit_test(division_survives_its_hardest_digits),
        cmocka_unit_test(small_numbers_exhaustively),
        cmocka_unit_test(rescale_is_addition_of_nothing),
        cmocka_unit_test(order_is_the_sign_of_the_difference),
        cmocka_unit_test(printing_reads_back),
        cmocka_unit_test(text_rounds_half_away_and_knows_its_bounds),
        cmocka_unit_test(doubles_become_the_decimal_they_print_as),
        cmocka_unit_test(integers_are_cut_toward_zero),
        cmocka_unit_test(result_types_are_flinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
