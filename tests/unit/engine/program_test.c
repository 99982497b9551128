/* program_test.c: the laws of compiled expressions. */
#include "engine/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/udf/fn_probe.h"

static void fill_i64(struct probe *p, uint32_t column, uint32_t rows, const int64_t *v) {
    for (uint32_t i = 0; i < rows; i++) {
        if (v[i] == INT64_MIN + 1)
            builder_null(&p->build[column]);
        else
            builder_i64(&p->build[column], v[i]);
    }
}

#define NIL (INT64_MIN + 1)

static void assert_shown(struct probe *p, const struct column *c, const char *const *want) {
    for (uint32_t i = 0; i < p->batch.rows; i++) {
        if (probe_failure(p, i))
            assert_string_equal("fail", want[i]);
        else
            assert_string_equal(probe_show(p, c, i), want[i]);
    }
}

static void sums_are_checked_row_by_row(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint), b = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 5, (int64_t[]){1, INT64_MAX, NIL, INT64_MAX, -5});
    fill_i64(&p, b, 5, (int64_t[]){2, 1, 1, -1, NIL});
    probe_seal(&p);
    const struct column *c = probe_run(
        &p, x_call(&p, "+(BIGINT, BIGINT) BIGINT", x_column(&p, a), x_column(&p, b), NULL));
    assert_shown(&p, c, (const char *[]){"3", "fail", "NULL", "9223372036854775806", "NULL"});
    assert_int_equal(p.result.failures, 1);
    assert_string_equal(p.result.failure[0].sqlstate, "22003");
    assert_int_equal(p.result.live, 4);
    assert_int_equal(p.result.sel[1], 2);
    probe_done(&p);
}

/* AND of all nine pairs of true, false and NULL; OR likewise. */
static void logic_has_three_values(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_boolean), b = probe_column(&p, &type_boolean);
    for (int i = 0; i < 9; i++) {
        if (i / 3 == 2)
            builder_null(&p.build[a]);
        else
            builder_b8(&p.build[a], i / 3 == 1);
        if (i % 3 == 2)
            builder_null(&p.build[b]);
        else
            builder_b8(&p.build[b], i % 3 == 1);
    }
    probe_seal(&p);
    const struct expr *x = x_column(&p, a), *y = x_column(&p, b);
    assert_shown(&p, probe_run(&p, x_form(&p, EXPR_AND, x, y, NULL)),
                 (const char *[]){"false", "false", "false", "false", "true", "NULL", "false",
                                  "NULL", "NULL"});
    assert_shown(
        &p, probe_run(&p, x_form(&p, EXPR_OR, x, y, NULL)),
        (const char *[]){"false", "true", "NULL", "true", "true", "true", "NULL", "true", "NULL"});
    probe_done(&p);
}

/* The same where the second operand is computed only for the rows that need it. */
static void lazy_logic_has_three_values(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    static const char *const words[] = {"false", "true"};
    uint32_t a = probe_column(&p, &type_boolean), b = probe_column(&p, &type_text);
    for (int i = 0; i < 9; i++) {
        if (i / 3 == 2)
            builder_null(&p.build[a]);
        else
            builder_b8(&p.build[a], i / 3 == 1);
        if (i % 3 == 2)
            builder_null(&p.build[b]);
        else
            builder_text(&p.build[b], text_of(words[i % 3]));
    }
    probe_seal(&p);
    const struct expr *x = x_column(&p, a);
    const struct expr *y = x_cast(&p, x_column(&p, b), &type_boolean, false);
    assert_shown(&p, probe_run(&p, x_form(&p, EXPR_AND, x, y, NULL)),
                 (const char *[]){"false", "false", "false", "false", "true", "NULL", "false",
                                  "NULL", "NULL"});
    assert_shown(
        &p, probe_run(&p, x_form(&p, EXPR_OR, x, y, NULL)),
        (const char *[]){"false", "true", "NULL", "true", "true", "true", "NULL", "true", "NULL"});
    probe_done(&p);
}

/* random() in two places draws twice, one node in two places once; a draw is for one row, so the
 * cut of batches does not show; and a saved generator goes on where it was. */
static void volatile_calls_are_never_merged(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 3, (int64_t[]){1, 2, 3});
    probe_seal(&p);
    const struct expr *one = x_call(&p, "random() BIGINT", NULL);
    const struct expr *two = x_call(&p, "random() BIGINT", NULL);
    const char *eq = "=(T, T) BOOLEAN";
    assert_shown(&p, probe_run(&p, x_call(&p, eq, one, two, NULL)),
                 (const char *[]){"false", "false", "false"});
    assert_shown(&p, probe_run(&p, x_call(&p, eq, one, one, NULL)),
                 (const char *[]){"true", "true", "true"});

    const struct column *c = probe_run(&p, one);
    int64_t drawn[3] = {c->as.i64[0], c->as.i64[1], c->as.i64[2]}, again[3];
    probe_run(&p, one);
    struct buf saved;
    buf_init(&saved);
    struct batch part = p.batch;
    part.rows = part.live = 1;
    for (int i = 0; i < 3; i++) {
        const struct program_options o = {.expr = &one,
                                          .exprs = 1,
                                          .input = &p.schema,
                                          .arena = &p.arena,
                                          .seed = i == 0 ? 1 : 99};
        struct program *program = program_create(&o, &p.e);
        assert_non_null(program);
        if (i > 0) assert_true(program_load(program, buf_text(&saved), &p.e));
        assert_true(program_run(program, &part, &p.batch_arena, &p.result, &p.e));
        again[i] = p.result.col[0].as.i64[0];
        buf_reset(&saved);
        assert_true(program_save(program, &saved));
        program_close(program);
    }
    buf_done(&saved);
    for (int i = 0; i < 3; i++) assert_true(drawn[i] == again[i]);
    probe_done(&p);
}

/* x IN a list: NULL where nothing is equal and there is a NULL. */
static void in_a_list_has_three_values(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 4, (int64_t[]){1, 2, NIL, 5});
    probe_seal(&p);
    const char *in = "in(T, T...) BOOLEAN";
    const struct expr *x = x_column(&p, a), *null = x_null(&p, &type_bigint);
    assert_shown(&p, probe_run(&p, x_call(&p, in, x, x_i64(&p, 5), x_i64(&p, 2), NULL)),
                 (const char *[]){"false", "true", "NULL", "true"});
    assert_shown(&p, probe_run(&p, x_call(&p, in, x, x_i64(&p, 5), null, NULL)),
                 (const char *[]){"NULL", "NULL", "NULL", "true"});
    assert_shown(&p, probe_run(&p, x_call(&p, in, x_i64(&p, 5), x, x_i64(&p, 7), NULL)),
                 (const char *[]){"false", "false", "NULL", "true"});
    probe_done(&p);
}

/* Values that point at children live as long as what was made of them. */
static void nested_values_outlive_their_parts(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 3, (int64_t[]){1, NIL, 3});
    probe_seal(&p);
    const char *add = "+(BIGINT, BIGINT) BIGINT";
    const struct expr *x = x_call(&p, add, x_column(&p, a), x_i64(&p, 10), NULL);
    const struct expr *y = x_call(&p, add, x, x_i64(&p, 100), NULL);
    const struct expr *row = x_call(&p, "row(ANY, ANY...) ANY", x, y, NULL);
    const struct expr *list = x_call(&p, "array(T, T...) ARRAY<T>", row, row, NULL);
    const struct expr *second = x_call(&p, "[](ARRAY<T>, BIGINT) T", list, x_i64(&p, 2), NULL);
    const struct expr *z = x_call(&p, add, y, x_i64(&p, 1000), NULL);
    const struct expr *of = x_call(&p, "row(ANY, ANY...) ANY", second, z, NULL);
    const struct column *c = probe_run(&p, of);
    assert_string_equal(probe_show(&p, c, 0), "{\"f0\":{\"f0\":11,\"f1\":111},\"f1\":1111}");
    assert_string_equal(probe_show(&p, c, 1), "{\"f0\":{\"f0\":null,\"f1\":null},\"f1\":null}");
    assert_string_equal(probe_show(&p, probe_run(&p, x_field(&p, x_field(&p, of, 0), 1)), 2),
                        "113");
    const struct expr *big = x_call(&p, "<(T, T) BOOLEAN", x_i64(&p, 12), x, NULL);
    c = probe_run(&p, x_form(&p, EXPR_CASE, big, row, second, NULL));
    assert_string_equal(probe_show(&p, c, 0), "{\"f0\":11,\"f1\":111}");
    assert_string_equal(probe_show(&p, c, 2), "{\"f0\":13,\"f1\":113}");
    probe_done(&p);
}

/* A tree as deep as SQL allows is compiled and run. */
static void deep_trees_run(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 2, (int64_t[]){1, 2});
    probe_seal(&p);
    const struct expr *x = x_column(&p, a);
    for (int i = 0; i < 1000; i++) {
        const struct expr *sum = x_call(&p, "+(BIGINT, BIGINT) BIGINT", x, x_i64(&p, i % 7), NULL);
        const struct expr *odd = x_call(&p, "=(T, T) BOOLEAN", sum, x_i64(&p, -1), NULL);
        x = x_form(&p, EXPR_CASE, odd, x, sum, NULL); /* shares x: 2^1000 paths */
    }
    const struct column *c = probe_run(&p, x);
    assert_string_equal(probe_show(&p, c, 0), "2998");
    probe_done(&p);
}

/* What a condition keeps away cannot fail. */
static void guarded_parts_run_only_where_needed(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 4, (int64_t[]){1, INT64_MAX, NIL, 5});
    probe_seal(&p);
    const struct expr *x = x_column(&p, a), *one = x_i64(&p, 1);
    const struct expr *sum = x_call(&p, "+(BIGINT, BIGINT) BIGINT", x, one, NULL);
    const struct expr *small = x_call(&p, "<(T, T) BOOLEAN", x, x_i64(&p, 100), NULL);
    const struct expr *even =
        x_call(&p, "=(T, T) BOOLEAN",
               x_call(&p, "%(BIGINT, BIGINT) BIGINT", sum, x_i64(&p, 2), NULL), x_i64(&p, 0), NULL);

    const struct column *c = probe_run(&p, x_form(&p, EXPR_AND, small, even, NULL));
    assert_shown(&p, c, (const char *[]){"true", "false", "NULL", "true"});
    c = probe_run(&p, x_form(&p, EXPR_CASE, small, sum, x_i64(&p, -1), NULL));
    assert_shown(&p, c, (const char *[]){"2", "-1", "-1", "6"});
    c = probe_run(&p, x_form(&p, EXPR_AND, even, small, NULL));
    assert_shown(&p, c, (const char *[]){"true", "fail", "NULL", "true"});
    probe_done(&p);
}

/* A constant that cannot be computed fails the rows that need it, and no others. */
static void failing_constants_wait_for_a_row(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    fill_i64(&p, a, 2, (int64_t[]){1, 2});
    probe_seal(&p);
    const struct expr *bad = x_cast(&p, x_text(&p, "x"), &type_bigint, false);
    const struct expr *is_one = x_call(&p, "=(T, T) BOOLEAN", x_column(&p, a), x_i64(&p, 1), NULL);
    const struct column *c = probe_run(&p, x_form(&p, EXPR_CASE, is_one, bad, x_i64(&p, 7), NULL));
    assert_shown(&p, c, (const char *[]){"fail", "7"});
    assert_string_equal(p.result.failure[0].sqlstate, "22P02");

    struct column folded;
    struct err e;
    assert_false(program_fold(bad, &p.arena, &folded, &e));
    assert_string_equal(e.sqlstate, "22P02");
    assert_int_equal(e.code, ERR_DATA);
    probe_done(&p);
}

static void select_keeps_true_rows(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    uint32_t a = probe_column(&p, &type_bigint);
    for (int i = 0; i < BATCH_ROWS; i++) {
        if (i % 7 == 0)
            builder_null(&p.build[a]);
        else
            builder_i64(&p.build[a], i);
    }
    probe_seal(&p);
    uint16_t live[BATCH_ROWS], sel[BATCH_ROWS];
    for (uint32_t i = 0; i < BATCH_ROWS / 2; i++) live[i] = (uint16_t)(2 * i);
    p.batch.sel = live;
    p.batch.live = BATCH_ROWS / 2;
    const struct expr *x = x_call(&p, ">=(T, T) BOOLEAN", x_column(&p, a), x_i64(&p, 1000), NULL);
    probe_run(&p, x);
    assert_true(program_select(p.program, &p.batch, &p.batch_arena, sel, &p.result, &p.e));
    uint32_t n = 0;
    for (uint32_t i = 1000; i < BATCH_ROWS; i += 2) {
        if (i % 7 != 0) assert_int_equal(sel[n++], i);
    }
    assert_int_equal(p.result.live, n);
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_checked_row_by_row),
        cmocka_unit_test(logic_has_three_values),
        cmocka_unit_test(lazy_logic_has_three_values),
        cmocka_unit_test(volatile_calls_are_never_merged),
        cmocka_unit_test(in_a_list_has_three_values),
        cmocka_unit_test(nested_values_outlive_their_parts),
        cmocka_unit_test(deep_trees_run),
        cmocka_unit_test(guarded_parts_run_only_where_needed),
        cmocka_unit_test(failing_constants_wait_for_a_row),
        cmocka_unit_test(select_keeps_true_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
