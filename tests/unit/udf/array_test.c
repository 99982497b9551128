/* array_test.c: making nested values and taking them apart are each other's undoing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/udf/fn_probe.h"

static void fill(struct probe *p) {
    uint32_t n = probe_column(p, &type_bigint), t = probe_column(p, &type_text);
    for (int i = 0; i < 70; i++) {
        if (i % 5 == 3)
            builder_null(&p->build[n]);
        else
            builder_i64(&p->build[n], i);
        if (i % 7 == 2)
            builder_null(&p->build[t]);
        else
            builder_text(&p->build[t], i % 2 ? TEXT_LITERAL("odd") : TEXT_LITERAL("even"));
    }
    probe_seal(p);
}

static void assert_same_columns(struct probe *p, const struct column *a, const struct column *b) {
    for (uint32_t row = 0; row < p->batch.rows; row++) assert_true(column_same(a, row, b, row));
}

static void elements_come_out_as_they_went_in(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    fill(&p);
    const struct expr *n = x_column(&p, 0), *t = x_column(&p, 1);
    const struct expr *row = x_call(&p, "row(ANY, ANY...) ANY", n, t, NULL);
    const struct expr *list = x_call(&p, "array(T, T...) ARRAY<T>", row, row, row, NULL);
    const struct expr *map = x_call(&p, "map(ANY...) ANY", t, n, x_text(&p, "k"), n, NULL);
    const char *at = "[](ARRAY<T>, BIGINT) T";

    const struct expr *third = x_call(&p, at, list, x_i64(&p, 3), NULL);
    assert_same_columns(&p, probe_run(&p, x_field(&p, third, 0)), &p.col[0]);
    assert_same_columns(&p, probe_run(&p, x_field(&p, third, 1)), &p.col[1]);
    const struct expr *nested = x_call(&p, "array(T, T...) ARRAY<T>", list, NULL);
    const struct expr *inner = x_call(&p, at, nested, x_i64(&p, 1), NULL);
    const struct expr *first = x_call(&p, at, inner, x_i64(&p, 1), NULL);
    assert_same_columns(&p, probe_run(&p, x_field(&p, first, 1)), &p.col[1]);

    const struct expr *value = x_call(&p, "[](MAP<K, V>, K) V", map, x_text(&p, "k"), NULL);
    assert_same_columns(&p, probe_run(&p, value), &p.col[0]);
    const struct expr *keys = x_call(&p, "map_keys(MAP<K, V>) ARRAY<K>", map, NULL);
    assert_same_columns(&p, probe_run(&p, x_call(&p, at, keys, x_i64(&p, 1), NULL)), &p.col[1]);
    probe_done(&p);
}

static void what_is_not_there_is_null(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    fill(&p);
    const struct expr *n = x_column(&p, 0);
    const struct expr *list = x_call(&p, "array(T, T...) ARRAY<T>", n, x_i64(&p, 7), NULL);
    static const int64_t outside[] = {0, -1, 3, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        const struct column *c =
            probe_run(&p, x_call(&p, "[](ARRAY<T>, BIGINT) T", list, x_i64(&p, outside[i]), NULL));
        for (uint32_t row = 0; row < p.batch.rows; row++) assert_false(column_has(c, row));
    }
    const struct column *c =
        probe_run(&p, x_call(&p, "array_contains(ARRAY<T>, T) BOOLEAN", list, n, NULL));
    for (uint32_t row = 0; row < p.batch.rows; row++) assert_int_equal(c->as.b8[row], 1);
    c = probe_run(&p, x_call(&p, "array_position(ARRAY<T>, T) BIGINT", list, x_i64(&p, 7), NULL));
    assert_int_equal(c->as.i64[7], 1);
    assert_int_equal(c->as.i64[8], 2);
    c = probe_run(&p, x_call(&p, "element(ARRAY<T>) T", list, NULL));
    assert_int_equal(p.result.failures, p.batch.rows);
    (void)c;
    probe_done(&p);
}

static void pairs_of_a_map_have_one_type(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    const struct type *const type[] = {&type_text, &type_bigint, &type_bigint, &type_bigint};
    struct fn_bind bind = {.arg_type = type, .args = 4, .arena = &p.arena};
    struct err e;
    const struct expr *made = x_call(&p, "map(ANY...) ANY", x_text(&p, "a"), x_i64(&p, 1), NULL);
    assert_null(made->fn->type(&bind, &e));
    assert_string_equal(e.sqlstate, "42804");
    bind.args = 3;
    assert_null(made->fn->type(&bind, &e));
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_out_as_they_went_in),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(pairs_of_a_map_have_one_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
