/* window_aggregate_test.c: windows by example: final once, late judged window by window, what the
 * result rows say of time, and what is not in any window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/base/time.h"
#include "engine/window.h"
#include "tests/unit/engine/harness.h"

#define S RIG_SECOND

/* What a window aggregate over (k, v, at) gives, 2 seconds behind the newest row. */
static void expect(const char *aggs, const struct window_spec *like, const char *in,
                   const char *out) {
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 2 * S);
    rig_rows(&r, 0, in);
    struct window_spec w = *like;
    w.time_col = 2;
    rig_same(rig_run(&r, rig_window_group(&r, scan, "k", aggs, &w)), out);
    rig_done(&r);
}

static void tumble_gives_each_window_once_and_counts_late_rows(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_TUMBLE, .size_us = 10 * S};
    expect("sum(v)", &w, "a 1 1s\na 2 9s\nb 5 12s\na 9 8s\nc 1 13s\n",
           "a 3 0s 10s 9999000us\n"
           "b 5 10s 20s 19999000us\n"
           "c 1 10s 20s 19999000us\n"
           "late 10s 1\n");
}

/* A row is judged by the watermark before it: the one that raises it is still in time. */
static void a_row_is_judged_by_the_watermark_before_it(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_TUMBLE, .size_us = 10 * S};
    expect("count(*)", &w, "a 1 11s\na 1 9s\na 1 12s\na 1 9s\n",
           "a 1 0s 10s 9999000us\n"
           "a 2 10s 20s 19999000us\n"
           "late 10s 1\n");
}

static void hop_counts_a_row_late_once_with_the_windows_it_missed(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_HOP, .size_us = 10 * S, .slide_us = 5 * S};
    expect("sum(v)", &w, "a 1 14s\na 2 9s\n",
           "a 3 5s 15s 14999000us\n"
           "a 1 10s 20s 19999000us\n"
           "late 12s 1\n");
}

static void a_hop_with_gaps_has_rows_that_are_in_no_window(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_HOP, .size_us = 2 * S, .slide_us = 5 * S};
    expect("sum(v)", &w, "a 1 1s\na 2 3s\na 4 6s\na 8 20s\na 16 3s\n",
           "a 1 0s 2s 1999000us\n"
           "a 4 5s 7s 6999000us\n"
           "a 8 20s 22s 21999000us\n");
}

static void windows_are_aligned_downwards_before_1970_too(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_TUMBLE, .size_us = 10 * S, .offset_us = -3 * S};
    expect("sum(v)", &w, "a 1 -14s\na 2 -13s\na 4 -4s\na 8 -3s\n",
           "a 1 -23s -13s -13001000us\n"
           "a 6 -13s -3s -3001000us\n"
           "a 8 -3s 7s 6999000us\n");
}

static void sessions_touch_at_exactly_one_gap(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 20 * S);
    rig_rows(&r, 0, "a 1 0s\na 2 10s\nb 4 5s\na 8 21s\na 16 30s\nb 1 15001ms\na 32 20s\n");
    struct window_spec w = rig_session(&r, scan, "at", "k", 10 * S);
    rig_same(rig_run(&r, rig_window_group(&r, scan, "k", "sum(v)", &w)),
             "b 4 5s 15s 14999000us\n"
             "b 1 15001000us 25001000us 25s\n"
             "a 59 0s 40s 39999000us\n");
    rig_done(&r);
}

static void groups_come_in_the_order_of_their_first_rows_in_the_window(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_HOP, .size_us = 10 * S, .slide_us = 5 * S};
    expect("count(*)", &w, "a 1 6s\nb 1 7s\nb 1 1s\na 1 2s\nc 1 12s\nb 1 11s\na 1 13s\n",
           "a 2 0s 10s 9999000us\n"
           "b 2 0s 10s 9999000us\n"
           "a 2 5s 15s 14999000us\n"
           "b 2 5s 15s 14999000us\n"
           "c 1 5s 15s 14999000us\n"
           "c 1 10s 20s 19999000us\n"
           "b 1 10s 20s 19999000us\n"
           "a 1 10s 20s 19999000us\n"
           "late 5s 1\n"
           "late 5s 1\n");
}

static void rows_without_a_usable_time_are_bad(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_TUMBLE, .size_us = 10 * S};
    expect("count(*)", &w, "a 1 NULL\na 1 1s\nb 1 9223372036854775807\n",
           "a 1 0s 10s 9999000us\n"
           "bad 22004\n"
           "bad 22003\n");
    w = (struct window_spec){.kind = WINDOW_SESSION, .slide_us = S};
    expect("count(*)", &w, "a 1 NULL\na 1 1s\nb 1 -9223372036854775808\n",
           "a 1 1s 2s 1999000us\n"
           "bad 22004\n"
           "bad 22003\n");
}

/* The largest and smallest times that rows may have, in every kind of window. */
static void the_edges_of_time_do_not_overflow(void **unused) {
    (void)unused;
    static const int64_t sizes[] = {1, 7, S, DAY_US, WINDOW_SIZE_MAX_US};
    static const enum window_kind kinds[] = {WINDOW_TUMBLE, WINDOW_HOP, WINDOW_CUMULATE};
    static const int64_t times[] = {-WINDOW_TIME_MAX_US,    -WINDOW_TIME_MAX_US + 1, -1, 0, 1,
                                    WINDOW_TIME_MAX_US - 1, WINDOW_TIME_MAX_US};
    for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(kinds) * COUNT_OF(times); i++) {
        struct window_spec s = {.kind = kinds[i / COUNT_OF(sizes) % COUNT_OF(kinds)],
                                .size_us = sizes[i % COUNT_OF(sizes)],
                                .slide_us = sizes[i % COUNT_OF(sizes)] / 3 + 1,
                                .offset_us = i % 2 ? 5 : -5};
        int64_t t = times[i / COUNT_OF(sizes) / COUNT_OF(kinds)];
        struct window_grid g;
        struct err e;
        assert_true(window_grid_init(&g, &s, &e));
        int64_t pane = window_pane(&g, t);
        struct time_range p = window_pane_range(&g, pane);
        assert_true(p.start_us <= t && t < p.end_us);
        for (int64_t w = window_first(&g, pane); w <= window_last(&g, pane); w++) {
            struct time_range x = window_range(&g, w);
            assert_true(x.start_us <= t && t < x.end_us);
            assert_int_equal(window_final(&g, x.end_us) >= w, 1);
            assert_int_equal(window_final(&g, x.end_us - 1) < w, 1);
        }
        assert_int_equal(window_final(&g, INT64_MIN), WINDOW_NONE);
        assert_int_equal(window_final(&g, INT64_MAX), WINDOW_ALL);
    }
}

/* What windows give says of time what keeps windows over it from being late. */
static void a_window_over_a_window_is_not_late(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 2 2s\na 1 6s\na 4 11s\nb 1 16s\na 1 47s\n");
    struct window_spec inner = rig_tumble(scan, "at", 5 * S);
    struct plan *p = rig_window_group(&r, scan, "k", "sum(v)", &inner);
    struct window_spec outer = rig_tumble(p, "window_time", 10 * S);
    rig_same(rig_run(&r, rig_window_group(&r, p, "k", "max(agg), count(*)", &outer)),
             "a 1 2 0s 10s 9999000us\n"
             "b 2 1 0s 10s 9999000us\n"
             "a 4 1 10s 20s 19999000us\n"
             "b 1 1 10s 20s 19999000us\n"
             "a 1 1 40s 50s 49999000us\n");
    rig_done(&r);
}

/* Windows that rows bring along: the second aggregation of a query like Nexmark's q5. */
static void rows_may_bring_their_windows(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 0);
    rig_rows(&r, 0, "a 1 1s\na 1 2s\nb 2 2s\na 1 6s\na 4 11s\nb 1 16s\nb 1 17s\n");
    struct window_spec inner = rig_hop(scan, "at", 5 * S, 10 * S);
    struct plan *p = rig_window_group(&r, scan, "k", "count(*)", &inner);
    struct window_spec outer = {.kind = WINDOW_ATTACHED, .start_col = 2, .time_col = 3};
    rig_same(rig_run(&r, rig_window_group(&r, p, "", "max(agg), count(*)", &outer)),
             "2 2 -5s 5s 4999000us\n"
             "3 2 0s 10s 9999000us\n"
             "2 1 5s 15s 14999000us\n"
             "2 2 10s 20s 19999000us\n"
             "2 1 15s 25s 24999000us\n");
    rig_done(&r);
}

/* A changelog in: what was taken back is not in the window; the result comes once. */
static void a_retracted_row_is_not_in_its_window(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 0);
    scan->changes = true;
    rig_rows(&r, 0,
             "+I a 1 1s\n+I a 5 2s\n+I b 2 2s\n-U a 5 2s\n+U a 3 2s\n-D b 2 2s\n+I c 1 3s\n"
             "+I a 1 4s\n-D a 1 1s\n+I d 7 12s\n");
    struct window_spec w = rig_tumble(scan, "at", 10 * S);
    const char *aggs = "count(*), sum(v), max(v), count(distinct v), group_concat(k)";
    rig_same(rig_run(&r, rig_window_group(&r, scan, "k", aggs, &w)),
             "a 2 4 3 2 a,a 0s 10s 9999000us\n"
             "c 1 1 1 1 c 0s 10s 9999000us\n"
             "d 1 7 7 1 d 10s 20s 19999000us\n");
    rig_done(&r);
}

/* Windows of processing time close by the clock that rows bring (here a microsecond a row), however
 * far the watermark has come; a mark between rows closes them too. */
static void the_clock_closes_windows_of_processing_time(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", NULL, 0);
    rig_rows(&r, 0, "a 1 0\na 2 1\nb 4 2\na 8 3\na 16 4\n");
    struct window_spec w = rig_tumble(scan, "at", 2);
    w.proctime = true;
    rig_same(rig_run(&r, rig_window_group(&r, scan, "k", "sum(v)", &w)), "a 3 0s 2us -998us\n"
                                                                         "b 4 2us 4us -996us\n"
                                                                         "a 8 2us 4us -996us\n"
                                                                         "a 16 4us 6us -994us\n");
    w = rig_session(&r, scan, "at", "k", 2);
    w.proctime = true;
    rig_same(rig_run(&r, rig_window_group(&r, scan, "k", "sum(v)", &w)), "a 3 0s 3us -997us\n"
                                                                         "b 4 2us 4us -996us\n"
                                                                         "a 24 3us 6us -994us\n");
    rig_done(&r);
}

static void a_sum_that_does_not_fit_is_a_bad_row(void **unused) {
    (void)unused;
    struct window_spec w = {.kind = WINDOW_TUMBLE, .size_us = 10 * S};
    expect("sum(v)", &w,
           "a 9223372036854775807 1s\nb 1 1s\na 1 2s\nc 9223372036854775807 3s\n"
           "c 9223372036854775807 3s\nc -9223372036854775807 3s\n",
           "b 1 0s 10s 9999000us\n"
           "c 9223372036854775807 0s 10s 9999000us\n"
           "bad 22003 result\n");
}

static void state_past_its_limit_stops_the_query(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, at TIMESTAMP(3)", "at", 0);
    rig_rows(&r, 0, "a 1 1s\nb 1 1s\n");
    struct window_spec w = rig_tumble(scan, "at", 10 * S);
    struct plan *p = rig_window_group(&r, scan, "k", "sum(v)", &w);
    r.state_limit_bytes = 100;
    assert_string_equal(rig_error(&r, p), "54000");
    rig_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tumble_gives_each_window_once_and_counts_late_rows),
        cmocka_unit_test(a_row_is_judged_by_the_watermark_before_it),
        cmocka_unit_test(hop_counts_a_row_late_once_with_the_windows_it_missed),
        cmocka_unit_test(a_hop_with_gaps_has_rows_that_are_in_no_window),
        cmocka_unit_test(windows_are_aligned_downwards_before_1970_too),
        cmocka_unit_test(sessions_touch_at_exactly_one_gap),
        cmocka_unit_test(groups_come_in_the_order_of_their_first_rows_in_the_window),
        cmocka_unit_test(rows_without_a_usable_time_are_bad),
        cmocka_unit_test(the_edges_of_time_do_not_overflow),
        cmocka_unit_test(a_window_over_a_window_is_not_late),
        cmocka_unit_test(rows_may_bring_their_windows),
        cmocka_unit_test(a_retracted_row_is_not_in_its_window),
        cmocka_unit_test(the_clock_closes_windows_of_processing_time),
        cmocka_unit_test(a_sum_that_does_not_fit_is_a_bad_row),
        cmocka_unit_test(state_past_its_limit_stops_the_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
