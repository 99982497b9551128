/* track_test.c: Track: frames, numbers, lateness, bounds, and what is saved of it.
 *
 * Every plan runs with the input cut several ways, with its state saved between batches, and with
 * 1, 2 and 3 workers (harness.h). Rows are camera, row number, label, score, box, time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/op/tracks.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

#define S RIG_SECOND

static const char columns[] = "cam TEXT, n BIGINT, label TEXT, score DOUBLE, x DOUBLE, y DOUBLE, "
                              "w DOUBLE, h DOUBLE, at TIMESTAMP(3)";

static const struct plan_track plain = {
    .label_col = -1, .score_col = -1, .overlap_min = 0.3, .age_max_us = S};

/* Only camera, row number, time and track_id of what `p` gives. */
static struct plan *shown(struct rig *r, struct plan *p) {
    static const uint32_t cols[] = {0, 1, 8, 9};
    const struct expr **x = ARENA_ARRAY(&r->probe.arena, x, COUNT_OF(cols));
    for (uint32_t i = 0; i < p->schema->cols; i++) r->probe.field[i] = p->schema->col[i];
    r->probe.schema = (struct schema){.cols = p->schema->cols, .col = r->probe.field};
    for (size_t i = 0; i < COUNT_OF(cols); i++) x[i] = x_column(&r->probe, cols[i]);
    return rig_project(r, p, "cam TEXT, n BIGINT, at TIMESTAMP(3), track_id BIGINT", x);
}

static void track_same(const struct plan_track *o, const char *partitions, const char *in,
                       const char *out) {
    struct rig r;
    rig_init(&r);
    r.workers_max = 3;
    struct plan *scan = rig_scan(&r, columns, "at", S / 2);
    rig_rows(&r, 0, in);
    rig_same(rig_run(&r, shown(&r, rig_track(&r, scan, partitions, o))), out);
    rig_done(&r);
}

static void things_keep_their_numbers(void **unused) {
    (void)unused;
    track_same(&plain, "cam",
               "a 1 car 1 0 0 20 10 0ms\n"
               "a 2 car 1 100 0 20 10 0ms\n"
               "a 3 car 1 104 0 20 10 100ms\n"
               "a 4 car 1 4 0 20 10 100ms\n"
               "a 5 car 1 300 0 20 10 200ms\n" /* a third one; the others are not seen */
               "a 6 car 1 16 0 20 10 400ms\n"
               "a 7 car 1 116 0 20 10 400ms\n"
               "a 8 car 1 300 0 20 10 900ms\n",
               "a 1 0s 1\na 2 0s 2\na 3 100000us 2\na 4 100000us 1\na 5 200000us 3\n"
               "a 6 400000us 1\na 7 400000us 2\na 8 900000us 3\n");
}

/* Cameras count for themselves; without PARTITION BY there is one count. */
static void cameras_count_for_themselves(void **unused) {
    (void)unused;
    static const char rows[] = "a 1 car 1 0 0 20 10 0s\n"
                               "b 2 car 1 0 0 20 10 0s\n"
                               "a 3 car 1 50 0 20 10 0s\n"
                               "NULL 4 car 1 90 0 20 10 0s\n"
                               "b 5 car 1 1 0 20 10 1s\n"
                               "a 6 car 1 51 0 20 10 1s\n"
                               "NULL 7 car 1 90 0 20 10 1s\n"
                               "c 8 car 1 1 0 20 10 1s\n";
    track_same(&plain, "cam", rows,
               "a 1 0s 1\nb 2 0s 1\na 3 0s 2\nNULL 4 0s 1\n"
               "b 5 1s 1\na 6 1s 2\nNULL 7 1s 1\nc 8 1s 1\n");
    track_same(&plain, "", rows,
               "a 1 0s 1\nb 2 0s 2\na 3 0s 3\nNULL 4 0s 4\n"
               "b 5 1s 1\na 6 1s 3\nNULL 7 1s 4\nc 8 1s 2\n");
}

/* Frames go by their times, rows within a frame as they came. */
static void frames_wait_for_the_watermark(void **unused) {
    (void)unused;
    track_same(&plain, "cam",
               "a 1 car 1 0 0 20 10 300ms\n"
               "a 2 car 1 80 0 20 10 100ms\n"
               "b 3 car 1 0 0 20 10 200ms\n"
               "a 4 car 1 4 0 20 10 100ms\n"
               "a 5 car 1 0 0 20 10 700ms\n"
               "a 6 car 1 0 0 20 10 200ms\n" /* the watermark is there, not past it */
               "a 7 car 1 0 0 20 10 199ms\n" /* late */
               "a 8 car 1 0 0 20 10 9s\n"
               "a 9 car 1 0 0 20 10 8s\n" /* late */
               "a 10 car 1 0 0 20 10 9s\n",
               "a 2 100000us 1\na 4 100000us 2\nb 3 200000us 1\na 6 200000us 2\na 1 300000us 2\n"
               "a 5 700000us 2\na 8 9s 3\na 10 9s 4\nlate 200000us 1\nlate 8500000us 1\n");
}

static void a_track_ends_when_it_was_not_seen_for_long(void **unused) {
    (void)unused;
    struct plan_track o = plain;
    for (int i = 0; i < 2; i++) {
        o.age_max_us = i == 0 ? S : S - 1;
        track_same(&o, "cam",
                   "a 1 car 1 0 0 20 10 0s\na 2 car 1 0 0 20 10 1s\na 3 car 1 0 0 20 10 2001ms\n"
                   "a 4 car 1 0 0 20 10 5s\nb 5 car 1 0 0 20 10 5s\n",
                   i == 0 ? "a 1 0s 1\na 2 1s 1\na 3 2001000us 2\na 4 5s 3\nb 5 5s 1\n"
                          : "a 1 0s 1\na 2 1s 2\na 3 2001000us 3\na 4 5s 4\nb 5 5s 1\n");
    }
}

static void labels_part_things_where_they_count(void **unused) {
    (void)unused;
    static const char rows[] = "a 1 car 1 0 0 20 10 0s\na 2 NULL 1 40 0 20 10 0s\n"
                               "a 3 bus 1 0 0 20 10 1s\na 4 NULL 1 40 0 20 10 1s\n"
                               "a 5 car 1 0 0 20 10 1s\n";
    struct plan_track o = plain;
    track_same(&o, "cam", rows, "a 1 0s 1\na 2 0s 2\na 3 1s 1\na 4 1s 2\na 5 1s 3\n");
    o.label_col = 0;
    track_same(&o, "cam", rows, "a 1 0s 1\na 2 0s 2\na 3 1s 3\na 4 1s 2\na 5 1s 1\n");
}

/* A weak box goes on with a track that no strong one wants; it begins none. */
static void weak_boxes_choose_second(void **unused) {
    (void)unused;
    struct plan_track o = plain;
    o.score_col = 0;
    o.score_min = 0.5;
    track_same(&o, "cam",
               "a 1 car 0.5 0 0 20 10 0s\n"
               "a 2 car 0.4 50 0 20 10 0s\n"
               "a 3 car NULL 0 0 20 10 100ms\n" /* fits better, but comes second */
               "a 4 car 0.9 3 0 20 10 100ms\n"
               "a 5 car 0.1 3 0 20 10 200ms\n"
               "a 6 car nan 90 0 20 10 200ms\n",
               "a 1 0s 1\na 2 0s NULL\na 3 100000us NULL\na 4 100000us 1\n"
               "a 5 200000us 1\na 6 200000us 2\n");
}

/* Both boxes want the track that the first would get more of; the greatest sum parts them. */
static void the_sum_of_overlaps_decides(void **unused) {
    (void)unused;
    track_same(&plain, "cam",
               "a 1 car 1 0 0 20 10 0s\n"
               "a 2 car 1 12 0 20 10 0s\n"
               "a 3 car 1 8 0 20 10 100ms\n"
               "a 4 car 1 18 0 20 10 100ms\n",
               "a 1 0s 1\na 2 0s 2\na 3 100000us 1\na 4 100000us 2\n");
}

static void rows_without_a_box_have_no_number(void **unused) {
    (void)unused;
    track_same(&plain, "cam",
               "a 1 car 1 NULL 0 20 10 0s\na 2 car 1 0 NULL 20 10 0s\na 3 car 1 0 0 NULL 10 0s\n"
               "a 4 car 1 0 0 20 NULL 0s\na 5 car 1 0 0 20 10 0s\nb 6 NULL NULL NULL NULL NULL "
               "NULL 0s\n",
               "a 1 0s NULL\na 2 0s NULL\na 3 0s NULL\na 4 0s NULL\na 5 0s 1\nb 6 0s NULL\n");
}

static void rows_that_cannot_be_are_bad(void **unused) {
    (void)unused;
    track_same(&plain, "cam",
               "a 1 car 1 0 0 20 10 0s\na 2 car 1 0 0 0 10 0s\na 3 car 1 0 0 20 -1 0s\n"
               "a 4 car 1 nan 0 20 10 0s\na 5 car 1 0 inf 20 10 0s\na 6 car 1 0 0 20 10 NULL\n"
               "a 7 car 1 1 0 20 10 0s\na 8 car 1 0 2e12 20 10 0s\n",
               "a 1 0s 1\na 7 0s 2\nbad 22023\nbad 22023\nbad 22023\nbad 22023\nbad 22004\n"
               "bad 22023\n");
}

/* Windows over what comes out close in time, and nothing is late there. */
static void windows_stand_on_it(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    r.workers_max = 3;
    struct plan *scan = rig_scan(&r, columns, "at", 2 * S);
    rig_rows(&r, 0,
             "a 1 car 1 0 0 20 10 1s\na 2 car 1 0 0 20 10 0s\nb 3 car 1 0 0 20 10 4s\n"
             "a 4 car 1 0 0 20 10 3s\na 5 car 1 0 0 20 10 5s\na 6 car 1 0 0 20 10 4s\n"
             "b 7 car 1 0 0 20 10 9s\na 8 car 1 0 0 20 10 6s\n");
    struct plan *p = rig_track(&r, scan, "cam", &plain);
    struct window_spec w = rig_tumble(p, "at", 2 * S);
    rig_same(rig_run(&r, rig_window_group(&r, p, "cam,track_id", "count(*), max(n)", &w)),
             "a 1 2 2 0s 2s 1999000us\na 2 1 4 2s 4s 3999000us\nb 1 1 3 4s 6s 5999000us\n"
             "a 2 2 6 4s 6s 5999000us\nb 2 1 7 8s 10s 9999000us\nlate 7s 1\n");
    rig_done(&r);
}

/* Rows of one ordinal, as UNNEST gives them, stay in their order whoever has them. */
static void predicates_below_leave_the_order(void **unused) {
    (void)unused;
    struct rig r;
    struct buf in, want;
    rig_init(&r);
    r.workers_max = 3;
    buf_init(&in);
    buf_init(&want);
    for (int i = 0; i < 200; i++) {
        int cam = i * 7 % 5, at = i / 20;
        buf_addf(&in, "c%d %d car 1 %d 0 20 10 %ds\n", cam, i, i % 20 * 50, at);
        if (i <= 10) continue;
        buf_addf(&want, "c%d %d %ds\n", cam, i, at);
    }
    struct plan *scan = rig_scan(&r, columns, "at", S);
    rig_rows(&r, 0, in.at);
    struct probe *x = &r.probe;
    const struct expr *more = x_call(x, ">(T, T) BOOLEAN", x_column(x, 1), x_i64(x, 10), NULL);
    struct plan *p = rig_track(&r, rig_filter(&r, scan, more), "cam", &plain);
    const struct expr *cols[] = {x_column(x, 0), x_column(x, 1), x_column(x, 8)};
    rig_same(rig_run(&r, rig_project(&r, p, "cam TEXT, n BIGINT, at TIMESTAMP(3)", cols)), want.at);
    buf_done(&in);
    buf_done(&want);
    rig_done(&r);
}

/* A frame of more boxes than there may be: the others are bad rows. */
static void full_frames_refuse_rows(void **unused) {
    (void)unused;
    struct rig r;
    struct buf in, want;
    struct err e;
    rig_init(&r);
    buf_init(&in);
    buf_init(&want);
    for (int i = 0; i < FRAME_BOXES_MAX + 3; i++) {
        buf_addf(&in, "a %d car 1 %d 0 20 10 0s\n", i, i * 30);
    }
    buf_addf(&in, "b 7 car 1 0 0 20 10 0s\na 8 car 1 0 0 20 10 1s\n");
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, in.at);
    rig_seal(&r, shown(&r, rig_track(&r, scan, "cam", &plain)));
    static const uint32_t batches[] = {BATCH_ROWS, 100};
    for (size_t i = 0; i < COUNT_OF(batches); i++) {
        struct buf full;
        buf_init(&full);
        buf_reset(&want);
        struct rig_cut cut = {
            .input_rows = batches[i], .output_rows = batches[i], .workers = 1, .saves = i == 1};
        assert_true(rig_run_once(&r, &cut, &want, &full, &e));
        assert_non_null(strstr(want.at, "a 999 0s 1000\nb 7 0s 1\na 8 1s 1\n"));
        assert_non_null(strstr(want.at, "bad 54000"));
        assert_int_equal(r.stats.bad, 3);
        assert_int_equal(r.stats.rows_out, FRAME_BOXES_MAX + 2);
        buf_done(&full);
    }
    buf_done(&in);
    buf_done(&want);
    rig_done(&r);
}

/* Many things, each seen once: no more are kept than may be. */
static void tracks_are_bounded(void **unused) {
    (void)unused;
    struct rig r;
    struct buf in, want, full;
    struct err e;
    struct plan_track o = plain;
    o.age_max_us = 1000 * S;
    rig_init(&r);
    buf_init(&in);
    buf_init(&want);
    buf_init(&full);
    for (int i = 0; i < LANE_TRACKS_MAX + 500; i++) {
        buf_addf(&in, "a %d car 1 %d 0 20 10 %ds\n", i, i * 30, i / 500);
    }
    buf_addf(&in, "a -1 car 1 %d 0 20 10 10s\na -2 car 1 0 0 20 10 10s\n", 500 * 30);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, in.at);
    rig_seal(&r, shown(&r, rig_track(&r, scan, "cam", &o)));
    struct rig_cut cut = {.input_rows = BATCH_ROWS, .output_rows = BATCH_ROWS, .workers = 1};
    assert_true(rig_run_once(&r, &cut, &want, &full, &e));
    /* the first 500 had to go; row 500's is there yet */
    assert_non_null(strstr(want.at, "a -1 10s 501\na -2 10s 2501\n"));
    buf_done(&in);
    buf_done(&want);
    buf_done(&full);
    rig_done(&r);
}

static void state_is_limited(void **unused) {
    (void)unused;
    struct rig r;
    struct buf in;
    rig_init(&r);
    buf_init(&in);
    for (int i = 0; i < 5000; i++) buf_addf(&in, "a %d car 1 %d 0 20 10 0s\n", i, i);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    rig_rows(&r, 0, in.at);
    r.state_limit_bytes = 1 << 16;
    assert_string_equal(rig_error(&r, rig_track(&r, scan, "cam", &plain)), "54000");
    buf_done(&in);
    rig_done(&r);
}

/* Of cameras that ended, only how far they had counted stays, and that is counted on; with
 * 'state-ttl' nothing stays, and counting begins again. */
static void cameras_that_end_leave_little(void **unused) {
    (void)unused;
    enum { CAMERAS = 20000 };
    struct rig r;
    struct err e;
    size_t bytes[3];
    for (int idle = 0; idle < 3; idle++) {
        struct buf in, out, full;
        struct plan_track o = plain;
        o.age_max_us = idle ? S : CAMERAS * 10 * S;
        rig_init(&r);
        if (idle == 2) r.query.state_ttl_us = 30 * S;
        buf_init(&in);
        buf_init(&out);
        buf_init(&full);
        for (int i = 0; i < CAMERAS + 2; i++) {
            buf_addf(&in, "c%d %d car 1 0 0 20 10 %ds\n", i % CAMERAS, i, i * 3);
        }
        struct plan *scan = rig_scan(&r, columns, "at", 0);
        rig_rows(&r, 0, in.at);
        rig_seal(&r, shown(&r, rig_track(&r, scan, "cam", &o)));
        struct rig_cut cut = {.input_rows = 100, .output_rows = 100, .workers = 1};
        assert_true(rig_run_once(&r, &cut, &out, &full, &e));
        assert_non_null(strstr(out.at, idle == 1 ? "c0 20000 60000s 2\nc1 20001 60003s 2\n"
                                                 : "c0 20000 60000s 1\nc1 20001 60003s 1\n"));
        bytes[idle] = r.stats.state_bytes;
        buf_done(&in);
        buf_done(&out);
        buf_done(&full);
        rig_done(&r);
    }
    assert_true(bytes[1] < bytes[0] / 2 && bytes[2] < bytes[1] / 2);
}

static void changes_are_refused(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", 0);
    scan->changes = true;
    rig_rows(&r, 0, "+I a 1 car 1 0 0 20 10 0s\n");
    assert_string_equal(rig_error(&r, rig_track(&r, scan, "cam", &plain)), "0A000");
    rig_done(&r);
}

/* A query over the rig's rows, of which the first `rows` were pushed. */
static bool ignore_rows(void *context, const struct batch *b, struct err *e) {
    (void)context;
    (void)b;
    (void)e;
    return true;
}

static bool ignore_reject(void *context, const struct query_reject *x, struct err *e) {
    (void)context;
    (void)x;
    (void)e;
    return true;
}

static struct query *open_query(struct rig *r) {
    struct err e;
    const struct query_options o = {.batch_rows = 3, .workers = 1};
    const struct query_output out = {
        .rows = ignore_rows, .late = ignore_reject, .bad = ignore_reject};
    struct query *q = query_create(&r->query, &o, &out, &e);
    assert_non_null(q);
    return q;
}

static bool push_rows(struct rig *r, struct query *q, struct err *e) {
    const struct rig_input *in = &r->input[0];
    struct batch b = {.schema = in->schema,
                      .col = in->col,
                      .rows = in->rows,
                      .live = in->rows,
                      .watermark_us = in->watermark_us,
                      .proctime_us = in->proctime_us};
    uint32_t taken;
    return query_push(q, 0, &b, 0, &taken, e);
}

/* Damage is refused, or does no more than change numbers. */
static void damaged_state_does_no_harm(void **unused) {
    (void)unused;
    struct random g = random_start("damage");
    struct rig r;
    struct buf saved;
    struct err e;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, columns, "at", S);
    rig_rows(&r, 0,
             "a 1 car 1 0 0 20 10 0s\nb 2 car 1 9 0 20 10 0s\na 3 bus 1 9 0 20 10 500ms\n"
             "a 4 car 1 0 0 20 10 1s\nb 5 car 1 NULL 0 20 10 2s\na 6 car 1 0 0 20 10 2s\n");
    struct plan_track o = plain;
    o.label_col = 0;
    rig_seal(&r, rig_track(&r, scan, "cam", &o));
    struct query *q = open_query(&r);
    buf_init(&saved);
    assert_true(push_rows(&r, q, &e) && query_save(q, &saved, &e));
    query_destroy(q);
    for (uint32_t i = 0; i < random_rounds(3000); i++) {
        char *copy = malloc(saved.bytes);
        assert_non_null(copy);
        memcpy(copy, saved.at, saved.bytes);
        struct text at = {.at = copy, .bytes = (uint32_t)saved.bytes};
        if (i % 8 == 7) at.bytes = (uint32_t)random_below(&g, saved.bytes);
        uint64_t place = 1 + random_below(&g, saved.bytes - 1);
        /* Upper bytes of counts stay: a table may have had any number of entries. */
        bool small = copy[place] != 0 || copy[place - 1] != 0;
        if (i > 0 && small) copy[place] ^= (char)(1u << random_below(&g, 8));
        q = open_query(&r);
        bool done = query_load(q, at, &e);
        assert_true(i > 0 || done);
        assert_true(done || e.code == ERR_CORRUPT);
        struct mark end = {.watermark_us = TIME_END_US};
        if (done) done = push_rows(&r, q, &e) && query_flush(q, 0, &end, &e);
        query_destroy(q);
        free(copy);
    }
    buf_done(&saved);
    rig_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_keep_their_numbers),
        cmocka_unit_test(cameras_count_for_themselves),
        cmocka_unit_test(frames_wait_for_the_watermark),
        cmocka_unit_test(a_track_ends_when_it_was_not_seen_for_long),
        cmocka_unit_test(labels_part_things_where_they_count),
        cmocka_unit_test(weak_boxes_choose_second),
        cmocka_unit_test(the_sum_of_overlaps_decides),
        cmocka_unit_test(rows_without_a_box_have_no_number),
        cmocka_unit_test(rows_that_cannot_be_are_bad),
        cmocka_unit_test(windows_stand_on_it),
        cmocka_unit_test(predicates_below_leave_the_order),
        cmocka_unit_test(full_frames_refuse_rows),
        cmocka_unit_test(tracks_are_bounded),
        cmocka_unit_test(state_is_limited),
        cmocka_unit_test(cameras_that_end_leave_little),
        cmocka_unit_test(changes_are_refused),
        cmocka_unit_test(damaged_state_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
