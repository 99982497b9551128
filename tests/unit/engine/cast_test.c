/* cast_test.c: what a value becomes as another type; by tables, and by the law that TRY_CAST is
 * NULL exactly where CAST fails.
 */
#include "engine/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/time.h"
#include "tests/unit/udf/fn_probe.h"

static const char *cast(struct probe *p, const struct expr *x, const struct type *to) {
    struct column c, tried;
    struct err e;
    bool good = program_fold(x_cast(p, x, to, false), &p->arena, &c, &e);
    assert_true(program_fold(x_cast(p, x, to, true), &p->arena, &tried, &e) || e.code == 0);
    if (!good) {
        assert_false(column_has(&tried, 0));
        const char *state = arena_copy(&p->arena, e.sqlstate, 5);
        assert_non_null(state);
        return state;
    }
    assert_int_equal(column_has(&tried, 0), column_has(&c, 0));
    return probe_show(p, &c, 0);
}

static void text_becomes_what_it_says(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    const struct {
        const char *text;
        const struct type *to;
        const char *want;
    } table[] = {
        {"12", &type_bigint, "12"},
        {" -12\n", &type_bigint, "-12"},
        {"12.9", &type_bigint, "12"},
        {"-12.9", &type_bigint, "-12"},
        {"1e3", &type_bigint, "1000"},
        {"12x", &type_bigint, "22P02"},
        {"", &type_bigint, "22P02"},
        {"9223372036854775807", &type_bigint, "9223372036854775807"},
        {"9223372036854775808", &type_bigint, "22003"},
        {"1.5e0", &type_double, "1.5"},
        {"1e999", &type_double, "22003"},
        {"NaN", &type_double, "NaN"},
        {"0x10", &type_double, "22P02"},
        {"2.345", type_decimal(&p.arena, 5, 2), "2.35"},
        {"-2.345", type_decimal(&p.arena, 5, 2), "-2.35"},
        {"1234.5", type_decimal(&p.arena, 5, 2), "22003"},
        {"yes", &type_boolean, "true"},
        {"FALSE", &type_boolean, "false"},
        {"maybe", &type_boolean, "22P02"},
        {"2026-01-02 03:04:05.678901", &type_timestamp3, "2026-01-02 03:04:05.678"},
        {"1969-12-31 23:59:59.999999", &type_timestamp3, "1969-12-31 23:59:59.999"},
        {"2026-02-30 00:00:00", &type_timestamp3, "22003"},
        {"2026-01-02", &type_date, "2026-01-02"},
        {"2026-01-02 23:00:00", &type_date, "2026-01-02"},
        {"23:59:59", &type_time, "23:59:59"},
        {"24:00", &type_time, "22003"},
        {"1 day 2 hours", &type_interval, "1 02:00:00"},
        {"soon", &type_interval, "22P02"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const char *got = cast(&p, x_text(&p, table[i].text), table[i].to);
        if (strcmp(got, table[i].want) != 0) {
            fail_msg("'%s' as %s: %s, not %s", table[i].text, type_name(table[i].to->id), got,
                     table[i].want);
        }
    }
    probe_done(&p);
}

static void numbers_become_each_other(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    const struct type *d5_2 = type_decimal(&p.arena, 5, 2);
    assert_string_equal(cast(&p, x_f64(&p, -2.9), &type_bigint), "-2");
    assert_string_equal(cast(&p, x_f64(&p, 9.3e18), &type_bigint), "22003");
    assert_string_equal(cast(&p, x_f64(&p, __builtin_nan("")), &type_bigint), "22003");
    assert_string_equal(cast(&p, x_f64(&p, 2.345), d5_2), "2.35");
    assert_string_equal(cast(&p, x_f64(&p, 1e10), d5_2), "22003");
    assert_string_equal(cast(&p, x_f64(&p, 1.5), &type_text), "1.5");
    assert_string_equal(cast(&p, x_f64(&p, 1e300), &type_text), "1.0e+300");
    assert_string_equal(cast(&p, x_i64(&p, 1000), d5_2), "22003");
    assert_string_equal(cast(&p, x_i64(&p, 999), d5_2), "999.00");
    assert_string_equal(cast(&p, x_i64(&p, 7), &type_boolean), "true");
    assert_string_equal(cast(&p, x_decimal(&p, -299, 5, 2), &type_bigint), "-2");
    assert_string_equal(cast(&p, x_decimal(&p, 995, 5, 2), type_decimal(&p.arena, 2, 1)), "22003");
    assert_string_equal(cast(&p, x_decimal(&p, 994, 5, 2), type_decimal(&p.arena, 2, 1)), "9.9");
    assert_string_equal(cast(&p, x_decimal(&p, 150, 5, 2), &type_text), "1.50");
    assert_string_equal(cast(&p, x_null(&p, &type_text), &type_bigint), "NULL");
    assert_string_equal(cast(&p, x_null(&p, &type_null), d5_2), "NULL");
    probe_done(&p);
}

/* A nested value is converted part by part, and one wrong part fails its row. */
static void parts_are_converted(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    const struct type *texts = type_array(&p.arena, &type_text);
    const struct type *numbers = type_array(&p.arena, &type_bigint);
    uint32_t a = probe_column(&p, texts);
    struct column_builder *b = &p.build[a];
    builder_text(&b->child[0], TEXT_LITERAL("1"));
    builder_null(&b->child[0]);
    builder_span(b, 2);
    builder_text(&b->child[0], TEXT_LITERAL("2"));
    builder_text(&b->child[0], TEXT_LITERAL("x"));
    builder_span(b, 2);
    builder_null(b);
    builder_span(b, 0);
    builder_text(&b->child[0], TEXT_LITERAL("3"));
    builder_span(b, 1);
    probe_seal(&p);

    const struct column *c = probe_run(&p, x_cast(&p, x_column(&p, a), numbers, false));
    assert_string_equal(probe_show(&p, c, 0), "[1,null]");
    assert_string_equal(probe_failure(&p, 1)->sqlstate, "22P02");
    assert_string_equal(probe_show(&p, c, 2), "NULL");
    assert_string_equal(probe_show(&p, c, 3), "[]");
    assert_string_equal(probe_show(&p, c, 4), "[3]");
    c = probe_run(&p, x_cast(&p, x_column(&p, a), numbers, true));
    assert_int_equal(p.result.failures, 0);
    assert_string_equal(probe_show(&p, c, 1), "NULL");
    probe_done(&p);
}

static void nested_values_print_as_json(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    const struct field fields[] = {{.name = TEXT_LITERAL("n"), .type = &type_bigint},
                                   {.name = TEXT_LITERAL("q\"x"), .type = &type_text},
                                   {.name = TEXT_LITERAL("d"), .type = &type_double},
                                   {.name = TEXT_LITERAL("b"), .type = &type_blob}};
    uint32_t a = probe_column(&p, type_row(&p.arena, 4, fields));
    struct column_builder *b = &p.build[a];
    builder_i64(&b->child[0], 7);
    builder_text(&b->child[1], TEXT_LITERAL("a\n\"\x01"));
    builder_f64(&b->child[2], 1);
    builder_text(&b->child[3], TEXT_LITERAL("ab"));
    builder_row(b);
    probe_seal(&p);
    const struct column *c = probe_run(&p, x_cast(&p, x_column(&p, a), &type_text, false));
    assert_string_equal(probe_show(&p, c, 0),
                        "{\"n\":7,\"q\\\"x\":\"a\\n\\\"\\u0001\",\"d\":1.0,\"b\":\"YWI=\"}");
    probe_done(&p);
}

static void casts_that_mean_nothing_are_refused(void **unused) {
    (void)unused;
    struct cast c;
    struct err e;
    assert_false(cast_find(&type_bigint, &type_timestamp3, false, &c, &e));
    assert_string_equal(e.sqlstate, "42804");
    assert_false(cast_find(&type_blob, &type_double, false, &c, &e));
    assert_true(cast_find(&type_timestamp3, &type_timestamp6, false, &c, &e));
    assert_true(c.same);
    assert_true(cast_find(&type_timestamp6, &type_timestamp3, false, &c, &e));
    assert_false(c.same);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_what_it_says),
        cmocka_unit_test(numbers_become_each_other),
        cmocka_unit_test(parts_are_converted),
        cmocka_unit_test(nested_values_print_as_json),
        cmocka_unit_test(casts_that_mean_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
