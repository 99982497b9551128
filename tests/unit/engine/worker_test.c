/* worker_test.c: 1, 2 and 3 workers give the same bytes, whatever stands around the aggregation;
 * and which plans can be shared out at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/worker.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROWS = 6000 };

static const char columns[] = "k BIGINT, s TEXT, v BIGINT, at TIMESTAMP(3)";

/* Many rows, so that batches are full and every worker has some. */
static void rows_make(struct rig *r) {
    struct random g = random_start("worker");
    struct arena *a = &r->probe.arena;
    struct column *col = ARENA_ARRAY(a, col, 4);
    struct column_builder b[4];
    for (uint32_t c = 0; c < 4; c++) {
        assert_true(builder_init(&b[c], a, r->input[0].schema->col[c].type, ROWS));
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        char word[8];
        int n = snprintf(word, sizeof word, "w%u", (unsigned)random_below(&g, 50));
        if (random_below(&g, 20)) {
            builder_i64(&b[0], (int64_t)random_below(&g, 100));
        } else {
            builder_null(&b[0]);
        }
        builder_text_copy(&b[1], (struct text){.at = word, .bytes = (uint32_t)n});
        builder_i64(&b[2], random_below(&g, 900) ? (int64_t)random_below(&g, 100) : INT64_MAX);
        builder_i64(&b[3], ((int64_t)i - (int64_t)random_below(&g, 300)) * 10000);
    }
    for (uint32_t c = 0; c < 4; c++) assert_true(builder_column(&b[c], &col[c]));
    rig_columns(r, 0, col, ROWS);
}

static const char *run_once(struct rig *r, struct plan *top, struct rig_cut cut) {
    struct buf plain, full;
    struct err e;
    buf_init(&plain);
    buf_init(&full);
    rig_seal(r, top);
    if (!rig_run_once(r, &cut, &plain, &full, &e)) fail_msg("%s %s", e.sqlstate, e.message);
    const char *text = arena_copy(&r->probe.arena, full.at ? full.at : "", full.bytes);
    buf_done(&plain);
    buf_done(&full);
    return text;
}

/* Runs with 1 worker, and with 2, 3 and 5 in batches of another size. */
static void same_for_any_number(struct rig *r, struct plan *top) {
    struct rig_cut cut = {.input_rows = BATCH_ROWS, .output_rows = BATCH_ROWS, .workers = 1};
    const char *want = run_once(r, top, cut);
    assert_true(strlen(want) > 100);
    static const uint32_t workers[] = {2, 3, 5};
    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        cut.workers = workers[i];
        cut.input_rows = i == 1 ? 700 : BATCH_ROWS;
        cut.output_rows = i == 2 ? 100 : BATCH_ROWS;
        cut.saves = i == 1;
        rig_same(run_once(r, top, cut), want);
    }
}

static struct plan *scan_open(struct rig *r) {
    rig_init(r);
    struct plan *scan = rig_scan(r, columns, "at", RIG_SECOND);
    rows_make(r);
    return scan;
}

static const struct expr *small(struct rig *r, uint32_t col) {
    return x_call(&r->probe, "<(T, T) BOOLEAN", x_column(&r->probe, col), x_i64(&r->probe, 90),
                  NULL);
}

static const char aggs[] = "count(*), sum(v), max(s), group_concat(s), count(distinct v)";

static void windows_of_workers(void **unused) {
    (void)unused;
    struct rig r;
    struct plan *scan = scan_open(&r);
    struct plan *filter = rig_filter(&r, scan, small(&r, 2));
    struct window_spec specs[] = {rig_tumble(filter, "at", 5 * RIG_SECOND),
                                  rig_hop(filter, "at", 2 * RIG_SECOND, 7 * RIG_SECOND),
                                  rig_cumulate(filter, "at", 2 * RIG_SECOND, 6 * RIG_SECOND),
                                  rig_session(&r, filter, "at", "s", RIG_SECOND / 2)};
    for (size_t i = 0; i < COUNT_OF(specs); i++) {
        same_for_any_number(&r, rig_window_group(&r, filter, "s", aggs, &specs[i]));
        struct plan *two = rig_window_group(&r, filter, "k, s", "sum(v)", &specs[i]);
        assert_ptr_equal(worker_plan(two), two);
        struct window_spec outer = rig_tumble(two, "window_time", 20 * RIG_SECOND);
        same_for_any_number(&r, rig_window_group(&r, two, "s", "count(*), max(agg)", &outer));
    }
    rig_done(&r);
}

static void groups_of_workers(void **unused) {
    (void)unused;
    struct rig r;
    struct plan *scan = scan_open(&r);
    same_for_any_number(&r, rig_group(&r, scan, "k", "sum(v), count(*)", true));
    struct plan *inner = rig_group(&r, scan, "k", "count(*), sum(v)", false);
    same_for_any_number(&r, inner);
    struct plan *outer = rig_group(&r, inner, "agg", "count(*)", false);
    assert_ptr_equal(worker_plan(outer), inner);
    same_for_any_number(&r, outer);
    rig_done(&r);
}

/* Failures of results, late rows and bad rows are told in one order too. */
static void what_is_not_taken_is_told_in_row_order(void **unused) {
    (void)unused;
    struct rig r;
    struct plan *scan = scan_open(&r);
    struct window_spec w = rig_tumble(scan, "at", 15 * RIG_SECOND);
    struct plan *p = rig_window_group(&r, scan, "k", "sum(v)", &w);
    same_for_any_number(&r, p);
    struct rig_cut cut = {.input_rows = 100, .output_rows = 100, .workers = 3};
    const char *text = run_once(&r, p, cut);
    assert_non_null(strstr(text, "late "));
    assert_non_null(strstr(text, "bad 22003 result"));
    rig_done(&r);
}

static void only_keyed_aggregations_over_one_scan_are_shared(void **unused) {
    (void)unused;
    struct rig r;
    struct plan *scan = scan_open(&r);
    struct window_spec hop = rig_hop(scan, "at", RIG_SECOND, 2 * RIG_SECOND);
    struct window_spec all = rig_session(&r, scan, "at", "", RIG_SECOND);
    assert_null(worker_plan(rig_group(&r, scan, "", "count(*)", true)));
    assert_null(worker_plan(rig_window_group(&r, scan, "k", "count(*)", &all)));
    assert_null(worker_plan(rig_group(&r, rig_window(&r, scan, &hop), "k", "count(*)", false)));
    assert_null(worker_plan(rig_node(&r, PLAN_DISTINCT, scan, NULL)));
    rig_done(&r);
}

static void the_limit_counts_all_workers(void **unused) {
    (void)unused;
    struct rig r;
    struct plan *scan = scan_open(&r);
    struct plan *p = rig_group(&r, scan, "k", "sum(v)", true);
    struct buf ignored;
    struct err e;
    buf_init(&ignored);
    rig_seal(&r, p);
    r.state_limit_bytes = 2000;
    struct rig_cut cut = {.input_rows = 100, .output_rows = 100, .workers = 3};
    assert_false(rig_run_once(&r, &cut, &ignored, &ignored, &e));
    assert_string_equal(e.sqlstate, "54000");
    buf_done(&ignored);
    rig_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_of_workers),
        cmocka_unit_test(groups_of_workers),
        cmocka_unit_test(what_is_not_taken_is_told_in_row_order),
        cmocka_unit_test(only_keyed_aggregations_over_one_scan_are_shared),
        cmocka_unit_test(the_limit_counts_all_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
