/* op_test.c: the operators that keep no windows: what they give, however their input is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/engine/harness.h"

#define S RIG_SECOND

static const char columns[] = "k TEXT, v BIGINT, at TIMESTAMP(3)";

/* column `name` > v */
static const struct expr *more_than(struct rig *r, const struct plan *in, const char *name,
                                    int64_t v) {
    struct probe *p = &r->probe;
    int32_t c = schema_find(in->schema, text_of(name));
    for (uint32_t i = 0; i < in->schema->cols; i++) p->field[i] = in->schema->col[i];
    return x_call(p, ">(T, T) BOOLEAN", x_column(p, (uint32_t)c), x_i64(p, v), NULL);
}

static void filter_keeps_what_is_true(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 5 2s\nc NULL 3s\nd 7 4s\n");
    struct plan *p = rig_filter(&r, scan, more_than(&r, scan, "v", 4));
    rig_same(rig_run(&r, p), "b 5 2s\nd 7 4s\n");
    rig_done(&r);
}

/* A half of an update that passes alone is an insertion or a deletion, wherever batches end. */
static void filter_parts_updates(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    scan->changes = true;
    r.keeps_bytes = false; /* a batch may end between halves: no place to stop */
    rig_rows(&r, 0,
             "+I a 1 1s\n-U a 1 1s\n+U a 5 1s\n-U a 5 1s\n+U a 6 1s\n-U a 6 1s\n+U a 2 1s\n"
             "-U a 2 1s\n+U a 3 1s\n+I b 9 1s\n-D b 9 1s\n-U a 3 1s\n+U a 8 1s\n");
    struct plan *p = rig_filter(&r, scan, more_than(&r, scan, "v", 4));
    p->changes = true;
    rig_same(rig_run(&r, p), "+I a 5 1s\n"
                             "-U a 5 1s\n+U a 6 1s\n"
                             "-D a 6 1s\n"
                             "+I b 9 1s\n-D b 9 1s\n"
                             "+I a 8 1s\n");
    rig_done(&r);
}

static void a_row_that_cannot_be_computed_is_bad(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 9223372036854775807 2s\nc 3 3s\n");
    struct probe *x = &r.probe;
    const struct expr *expr[] = {
        x_column(x, 0), x_call(x, "+(BIGINT, BIGINT) BIGINT", x_column(x, 1), x_i64(x, 1), NULL)};
    rig_same(rig_run(&r, rig_project(&r, scan, "k TEXT, w BIGINT", expr)), "a 2\nc 4\nbad 22003\n");
    rig_done(&r);
}

static void limit_ends_the_query(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 5 2s\nc 1 3s\nd 7 4s\n");
    struct plan *p = rig_node(&r, PLAN_LIMIT, scan, NULL);
    p->as.limit = (struct plan_limit){.limit = 2, .offset = 1};
    rig_same(rig_run(&r, p), "b 5 2s\nc 1 3s\n");
    assert_true(r.stats.rows_out == 2);
    p->as.limit = (struct plan_limit){.limit = 0};
    rig_same(rig_run(&r, p), "");
    p->as.limit = (struct plan_limit){.limit = -1, .offset = 3};
    rig_same(rig_run(&r, p), "d 7 4s\n");
    rig_done(&r);
}

static void values_come_once(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct probe *x = &r.probe;
    struct plan *p = rig_node(&r, PLAN_VALUES, NULL, NULL);
    p->schema = rig_schema(&r, "a BIGINT, b TEXT");
    const struct expr *big = x_i64(x, INT64_MAX);
    const struct expr *expr[] = {
        x_i64(x, 1),    x_text(x, "x"), x_call(x, "+(BIGINT, BIGINT) BIGINT", big, big, NULL),
        x_text(x, "y"), x_i64(x, 2),    x_null(x, &type_text)};
    p->as.values = (struct plan_values){.rows = 3, .expr = expr};
    rig_same(rig_run(&r, p), "1 x\n2 NULL\nbad 22003 result\n");
    rig_done(&r);
}

static struct plan *two_scans(struct rig *r, const char *a, const char *b) {
    struct plan *x = rig_scan(r, columns, "at", 0), *y = rig_scan(r, columns, "at", 0);
    rig_rows(r, 0, a);
    rig_rows(r, 1, b);
    return rig_node(r, PLAN_UNION, x, y);
}

/* Next comes the row of the input whose watermark is lowest, ties in FROM order. */
static void union_takes_rows_by_watermark(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *p = two_scans(&r, "a 1 3s\na 2 4s\na 3 9s\na 4 9s\n", "b 1 1s\nb 2 4s\nb 3 5s\n");
    rig_same(rig_run(&r, p), "a 1 3s\nb 1 1s\nb 2 4s\na 2 4s\na 3 9s\nb 3 5s\na 4 9s\n");
    rig_done(&r);
}

/* A window over a union is final when both inputs have come that far. */
static void union_holds_time_to_the_lower_input(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *p =
        two_scans(&r, "a 1 3s\na 2 14s\na 3 29s\na 4 39s\n", "b 1 1s\nb 2 4s\nb 3 15s\nb 4 22s\n");
    struct window_spec w = rig_tumble(p, "at", 10 * S);
    rig_same(rig_run(&r, rig_window_group(&r, p, "k", "count(*), sum(v)", &w)),
             "a 1 1 0s 10s 9999000us\n"
             "b 2 3 0s 10s 9999000us\n"
             "a 1 2 10s 20s 19999000us\n"
             "b 1 3 10s 20s 19999000us\n"
             "a 1 3 20s 30s 29999000us\n"
             "b 1 4 20s 30s 29999000us\n"
             "a 1 4 30s 40s 39999000us\n");
    rig_done(&r);
}

static void distinct_gives_each_row_at_its_first_appearance(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, x DOUBLE", NULL, 0);
    rig_rows(&r, 0, "a 1\nb 1\na 1\nNULL NULL\na 0.0\nNULL NULL\na -0.0\nb nan\nb nan\n");
    struct plan *p = rig_node(&r, PLAN_DISTINCT, scan, NULL);
    rig_same(rig_run(&r, p), "a 1.0\nb 1.0\nNULL NULL\na 0.0\nb NaN\n");
    rig_done(&r);
}

static void distinct_counts_what_is_taken_back(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT", NULL, 0);
    scan->changes = true;
    rig_rows(&r, 0, "+I a\n+I b\n+I a\n-D a\n-D b\n+I c\n-D a\n+I b\n");
    struct plan *p = rig_node(&r, PLAN_DISTINCT, scan, NULL);
    rig_same(rig_run(&r, p), "+I a\n+I b\n-D b\n+I c\n-D a\n+I b\n");
    p->as.distinct.final = true;
    p->changes = false;
    rig_same(rig_run(&r, p), "c\nb\n");
    rig_done(&r);
}

static void set_operations_are_those_of_sets(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *x = rig_scan(&r, "k TEXT", NULL, 0), *y = rig_scan(&r, "k TEXT", NULL, 0);
    rig_rows(&r, 0, "c\na\nb\na\nNULL\nd\n");
    rig_rows(&r, 1, "b\nx\nNULL\nc\nb\n");
    struct plan *p = rig_node(&r, PLAN_SET_OPERATION, x, y);
    p->as.set_operation = (struct plan_set_operation){.final = true};
    rig_same(rig_run(&r, p), "c\nb\nNULL\n");
    p->as.set_operation.except = true;
    rig_same(rig_run(&r, p), "a\nd\n");
    p->changes = true;
    p->as.set_operation.final =
        false; /* the left comes first: each row goes when the right has it */
    rig_same(rig_run(&r, p), "+I c\n+I a\n+I b\n+I NULL\n+I d\n-D b\n-D NULL\n-D c\n");
    rig_done(&r);
}

static void sort_orders_by_all_keys_and_keeps_ties(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT", NULL, 0);
    rig_rows(&r, 0, "b 1\nNULL 2\na 3\nb 0\na NULL\nb 1\n");
    struct plan *p = rig_node(&r, PLAN_SORT, scan, NULL);
    struct sort_key keys[] = {{.col = 0}, {.col = 1, .descending = true, .nulls_last = true}};
    p->as.sort = (struct plan_sort){.keys = 2, .key = keys, .limit = -1};
    rig_same(rig_run(&r, p), "NULL 2\na 3\na NULL\nb 1\nb 1\nb 0\n");
    p->as.sort.limit = 2;
    rig_same(rig_run(&r, p), "NULL 2\na 3\n");
    rig_done(&r);
}

/* Many rows, of which few are wanted: the same as sorting all. */
static void sort_of_the_first_few_is_the_start_of_all(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    r.keeps_bytes = false;
    enum { ROWS = 20000 };
    struct plan *scan = rig_scan(&r, "v BIGINT, n BIGINT", NULL, 0);
    int64_t *v = ARENA_ARRAY(&r.probe.arena, v, ROWS), *n = ARENA_ARRAY(&r.probe.arena, n, ROWS);
    for (int64_t i = 0; i < ROWS; i++) {
        v[i] = i * 7919 % 1009;
        n[i] = i;
    }
    struct column col[] = {{.type = &type_bigint, .as.i64 = v},
                           {.type = &type_bigint, .as.i64 = n}};
    rig_columns(&r, 0, col, ROWS);
    struct plan *p = rig_node(&r, PLAN_SORT, scan, NULL);
    struct sort_key key = {.col = 0, .descending = true};
    p->as.sort = (struct plan_sort){.keys = 1, .key = &key, .limit = -1};
    struct buf all, few, full;
    struct err e;
    buf_init(&all);
    buf_init(&few);
    buf_init(&full);
    rig_seal(&r, p);
    struct rig_cut cut = {.input_rows = 1000, .output_rows = 100, .workers = 1};
    assert_true(rig_run_once(&r, &cut, &all, &full, &e));
    p->as.sort.limit = 50;
    assert_true(rig_run_once(&r, &cut, &few, &full, &e));
    assert_true(few.bytes > 0 && strncmp(all.at, few.at, few.bytes) == 0);
    uint32_t lines = 0;
    for (size_t i = 0; i < few.bytes; i++) lines += few.at[i] == '\n';
    assert_int_equal(lines, 50);
    buf_done(&all);
    buf_done(&few);
    buf_done(&full);
    rig_done(&r);
}

/* A window table function gives each row once for each of its windows that is not final. */
static void table_functions_give_a_row_for_each_window(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 2 12s\nc 3 NULL\nd 4 9s\n");
    struct window_spec w = rig_tumble(scan, "at", 10 * S);
    rig_same(rig_run(&r, rig_window(&r, scan, &w)), "a 1 1s 0s 10s 9999000us\n"
                                                    "b 2 12s 10s 20s 19999000us\n"
                                                    "bad 22004\n"
                                                    "late 12s 1\n");
    w = rig_hop(scan, "at", 5 * S, 10 * S);
    rig_same(rig_run(&r, rig_window(&r, scan, &w)), "a 1 1s -5s 5s 4999000us\n"
                                                    "a 1 1s 0s 10s 9999000us\n"
                                                    "b 2 12s 5s 15s 14999000us\n"
                                                    "b 2 12s 10s 20s 19999000us\n"
                                                    "d 4 9s 5s 15s 14999000us\n"
                                                    "bad 22004\n"
                                                    "late 12s 1\n");
    w = rig_cumulate(scan, "at", 4 * S, 10 * S);
    rig_same(rig_run(&r, rig_window(&r, scan, &w)), "a 1 1s 0s 4s 3999000us\n"
                                                    "a 1 1s 0s 8s 7999000us\n"
                                                    "a 1 1s 0s 10s 9999000us\n"
                                                    "b 2 12s 10s 14s 13999000us\n"
                                                    "b 2 12s 10s 18s 17999000us\n"
                                                    "b 2 12s 10s 20s 19999000us\n"
                                                    "bad 22004\n"
                                                    "late 12s 1\n");
    rig_done(&r);
}

static void a_session_table_function_keeps_rows_until_they_are_final(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 12 * S);
    rig_rows(&r, 0, "a 1 1s\nb 2 2s\na 3 12s\na 4 6s\na 5 20s\na 6 7s\nb 7 1s\nb 8 40s\n");
    struct window_spec w = rig_session(&r, scan, "at", "k", 5 * S);
    rig_same(rig_run(&r, rig_window(&r, scan, &w)), "b 2 2s 2s 7s 6999000us\n"
                                                    "a 1 1s 1s 17s 16999000us\n"
                                                    "a 3 12s 1s 17s 16999000us\n"
                                                    "a 4 6s 1s 17s 16999000us\n"
                                                    "a 6 7s 1s 17s 16999000us\n"
                                                    "a 5 20s 20s 25s 24999000us\n"
                                                    "b 8 40s 40s 45s 44999000us\n"
                                                    "late 8s 1\n");
    rig_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_keeps_what_is_true),
        cmocka_unit_test(filter_parts_updates),
        cmocka_unit_test(a_row_that_cannot_be_computed_is_bad),
        cmocka_unit_test(limit_ends_the_query),
        cmocka_unit_test(values_come_once),
        cmocka_unit_test(union_takes_rows_by_watermark),
        cmocka_unit_test(union_holds_time_to_the_lower_input),
        cmocka_unit_test(distinct_gives_each_row_at_its_first_appearance),
        cmocka_unit_test(distinct_counts_what_is_taken_back),
        cmocka_unit_test(set_operations_are_those_of_sets),
        cmocka_unit_test(sort_orders_by_all_keys_and_keeps_ties),
        cmocka_unit_test(sort_of_the_first_few_is_the_start_of_all),
        cmocka_unit_test(table_functions_give_a_row_for_each_window),
        cmocka_unit_test(a_session_table_function_keeps_rows_until_they_are_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
