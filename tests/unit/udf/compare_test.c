/* compare_test.c: the laws of comparisons: a NULL's place is never read, and decimals of any two
 * scales are in the order of the numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/decimal.h"
#include "tests/unit/udf/fn_probe.h"

enum { ROWS = 600, PAIRS = 40, POISON = 8 };

static uint64_t next(uint64_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* Texts whose NULLs point nowhere: the side `a` is NULL where bit 0 of the row is set, `b` where
 * bit 1 is. */
static void null_texts_are_not_read(void **unused) {
    (void)unused;
    const struct text words[] = {TEXT_LITERAL("stream"), TEXT_LITERAL("string")};
    struct text a[64], b[64], nowhere = {.at = (const char *)(uintptr_t)POISON, .bytes = 6};
    uint64_t valid_a = 0, valid_b = 0;
    for (uint32_t row = 0; row < 64; row++) {
        a[row] = row & 1 ? nowhere : words[0];
        b[row] = row & 2 ? nowhere : words[row >> 2 & 1];
        if (!(row & 1)) bit_set(&valid_a, row);
        if (!(row & 2)) bit_set(&valid_b, row);
    }
    struct probe p;
    probe_init(&p);
    probe_column(&p, &type_text);
    probe_column(&p, &type_text);
    probe_seal(&p);
    p.col[0] = (struct column){.type = &type_text, .valid = &valid_a, .as.text = a};
    p.col[1] = (struct column){.type = &type_text, .valid = &valid_b, .as.text = b};
    p.batch.rows = p.batch.live = 64;
    const struct expr *x = x_column(&p, 0), *y = x_column(&p, 1);
    for (int same = 0; same < 2; same++) {
        const char *sig = same ? "is(T, T) BOOLEAN" : "is_not(T, T) BOOLEAN";
        const struct column *c = probe_run(&p, x_call(&p, sig, x, y, NULL));
        for (uint32_t row = 0; row < 64; row++) {
            bool equal = (row & 3) == 3 || ((row & 3) == 0 && !(row >> 2 & 1));
            assert_true(column_has(c, row));
            assert_int_equal(c->as.b8[row], equal == same);
        }
    }
    probe_done(&p);
}

/* The order by whole part, then by fraction: C cuts toward zero, so both have the sign. */
static int order_by_parts(struct decimal a, struct decimal b) {
    int128_t unit_a = decimal_power(a.scale), unit_b = decimal_power(b.scale);
    int128_t whole_a = a.value / unit_a, whole_b = b.value / unit_b;
    if (whole_a != whole_b) return whole_a < whole_b ? -1 : 1;
    int128_t rest_a = a.value % unit_a * decimal_power(DECIMAL_DIGITS_MAX - a.scale);
    int128_t rest_b = b.value % unit_b * decimal_power(DECIMAL_DIGITS_MAX - b.scale);
    return (rest_a > rest_b) - (rest_a < rest_b);
}

/* The largest and smallest of the shape, zero, one unit, powers of ten, and anything. */
static int128_t any_value(uint64_t *s, const struct type *t) {
    int128_t limit = decimal_power(t->precision), v;
    switch (next(s) % 5) {
    case 0: v = limit - 1; break;
    case 1: v = (int128_t)(*s >> 8 & 1); break;
    case 2: v = decimal_power((uint32_t)(*s >> 8) % t->precision); break;
    case 3: v = decimal_power((uint32_t)(*s >> 8) % t->precision) - 1; break;
    default: v = (int128_t)((uint128_t)next(s) << 62 | next(s)) % limit; break;
    }
    if (v < 0) v = -v;
    return next(s) >> 20 & 1 ? -v : v;
}

static const struct type *any_decimal(struct probe *p, uint64_t *s) {
    uint32_t precision = 1 + (uint32_t)(next(s) >> 8) % DECIMAL_DIGITS_MAX;
    return type_decimal(&p->arena, precision, (uint32_t)(next(s) >> 8) % (precision + 1));
}

struct law {
    const char *sig;
    bool less, equal, greater; /* what it says of each order */
};

static const struct law laws[] = {
    {"=(DECIMAL, DECIMAL) BOOLEAN", false, true, false},
    {"<>(DECIMAL, DECIMAL) BOOLEAN", true, false, true},
    {"<(DECIMAL, DECIMAL) BOOLEAN", true, false, false},
    {"<=(DECIMAL, DECIMAL) BOOLEAN", true, true, false},
    {">(DECIMAL, DECIMAL) BOOLEAN", false, false, true},
    {">=(DECIMAL, DECIMAL) BOOLEAN", false, true, true},
    {"is(DECIMAL, DECIMAL) BOOLEAN", false, true, false},
    {"is_not(DECIMAL, DECIMAL) BOOLEAN", true, false, true},
    {"in(DECIMAL, DECIMAL...) BOOLEAN", false, true, false},
};

static struct decimal decimal_at(const struct column *c, uint32_t row) {
    return (struct decimal){.value = c->as.i128[row], .scale = c->type->scale};
}

static void check_law(struct probe *p, const struct law *law) {
    const struct expr *x = x_column(p, 0), *y = x_column(p, 1);
    const struct column *c = probe_run(p, x_call(p, law->sig, x, y, NULL));
    for (uint32_t row = 0; row < ROWS; row++) {
        int order = order_by_parts(decimal_at(&p->col[0], row), decimal_at(&p->col[1], row));
        bool want = order < 0 ? law->less : order == 0 ? law->equal : law->greater;
        if (c->as.b8[row] != want) fail_msg("%s, row %u", law->sig, row);
    }
}

/* Two columns of random shapes; some rows of `b` are those of `a` where the shape lets them. */
static void decimals_are_in_the_order_of_numbers(void **unused) {
    (void)unused;
    uint64_t s = 20261120;
    for (uint32_t pair = 0; pair < PAIRS; pair++) {
        struct probe p;
        probe_init(&p);
        const struct type *a = any_decimal(&p, &s), *b = any_decimal(&p, &s);
        probe_column(&p, a);
        probe_column(&p, b);
        for (uint32_t i = 0; i < ROWS; i++) {
            int128_t v = any_value(&s, a), same;
            struct decimal d = {.value = v, .scale = a->scale};
            bool fits = decimal_rescale(d, b->scale, &same) && decimal_fits(same, b->precision);
            builder_i128(&p.build[0], v);
            builder_i128(&p.build[1], i % 3 == 0 && fits ? same : any_value(&s, b));
        }
        probe_seal(&p);
        for (size_t i = 0; i < COUNT_OF(laws); i++) check_law(&p, &laws[i]);
        probe_done(&p);
    }
}

/* A list of constants of several scales, in any order. */
static void decimals_are_found_in_lists(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    probe_column(&p, type_decimal(&p.arena, 19, 0));
    static const int64_t values[] = {INT64_MAX, INT64_MIN, 0, 5, 15, -2};
    static const bool listed[] = {true, false, false, false, true, true};
    for (size_t i = 0; i < COUNT_OF(values); i++) builder_i128(&p.build[0], values[i]);
    probe_seal(&p);
    int128_t fraction = 1;
    const struct column tiny = {.type = type_decimal(&p.arena, 38, 38), .as.i128 = &fraction};
    const struct expr *arg[] = {x_column(&p, 0),           x_decimal(&p, 150, 3, 1),
                                x_constant(&p, &tiny, 0),  x_decimal(&p, INT64_MAX, 19, 0),
                                x_decimal(&p, -200, 5, 2), x_decimal(&p, 49999, 7, 4)};
    const struct column *c =
        probe_run(&p, x_call_list(&p, "in(DECIMAL, DECIMAL...) BOOLEAN", arg, COUNT_OF(arg)));
    for (uint32_t row = 0; row < p.batch.rows; row++) assert_int_equal(c->as.b8[row], listed[row]);
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_texts_are_not_read),
        cmocka_unit_test(decimals_are_in_the_order_of_numbers),
        cmocka_unit_test(decimals_are_found_in_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
