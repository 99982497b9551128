/* infer_test.c: Infer, Train and Unnest: what they give does not show where batches or runs end.
 *
 * Every plan runs with the input cut several ways and with its state saved between batches
 * (harness.h), for several sizes of runs, waits and caches; the model counts what it computed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/shared_model.h"
#include "tests/fake_model.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

#define S RIG_SECOND

static const char columns[] = "k TEXT, v BIGINT, at TIMESTAMP(3)";

struct asked {
    struct rig rig;
    struct shared_model shared;
};

static void asked_init(struct asked *a, const struct option *option, uint32_t options,
                       const struct schema *input) {
    struct err e = {0};
    struct model_definition d = {
        .name = TEXT_LITERAL("m"), .input = input, .options = {.option = option, .count = options}};
    const struct model_env env = {.image_pixels_max = 1};
    struct model *m = fake_model.create(&d, &env, &e);
    assert_non_null(m);
    shared_model_init(&a->shared, d.name, m);
}

static void asked_open(struct asked *a, const char *batch) {
    const struct option option = {.key = TEXT_LITERAL("batch"), .value = text_of(batch)};
    rig_init(&a->rig);
    asked_init(a, &option, 1, NULL);
}

static void asked_close(struct asked *a) {
    rig_done(&a->rig);
    shared_model_done(&a->shared);
}

/* How a run is bounded. */
struct bounds {
    uint32_t batch_rows;
    int64_t wait_us;
    size_t cache_bytes;
};

/* classify(MODEL m, v) behind the columns of `in`. */
static struct plan *classify(struct asked *a, struct plan *in, const struct bounds *b) {
    static const uint32_t pass[] = {0, 1, 2}, arg[] = {1};
    struct infer_use *use = ARENA_NEW(&a->rig.probe.arena, use);
    struct plan *p = rig_node(&a->rig, PLAN_INFER, in, NULL);
    *use = (struct infer_use){.model = &a->shared, .use = {.form = MODEL_CLASSIFY}};
    p->schema = rig_schema(&a->rig, "k TEXT, v BIGINT, at TIMESTAMP(3), c TEXT");
    p->as.infer = (struct plan_infer){.model = &a->shared,
                                      .args = 1,
                                      .arg_col = arg,
                                      .values = 1,
                                      .value = use,
                                      .passes = 3,
                                      .pass_col = pass,
                                      .uses = 1,
                                      .batch_rows = b->batch_rows,
                                      .wait_us = b->wait_us,
                                      .cache_bytes = b->cache_bytes,
                                      .gathers = true};
    return p;
}

static const struct bounds all_bounds[] = {
    {0, 0, 0},           {1, 0, 1 << 20},     {2, S, 1 << 20},  {3, 0, 0},
    {4, 3600 * S, 4096}, {7, S, 1 << 20},     {64, S / 100, 0}, {2048, 3600 * S, 1 << 20},
    {5, S, 1 << 20},     {2048, 3600 * S, 0},
};

static void rows_keep_their_order_and_time(void **unused) {
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(all_bounds); i++) {
        struct asked a;
        asked_open(&a, "3");
        struct plan *scan = rig_scan(&a.rig, columns, "at", S);
        rig_rows(&a.rig, 0,
                 "a 1 1s\nb 2 2s\nc NULL 3s\nd 7 4s\ne 2 4s\nf 9 9s\ng 3 5s\nh 4 30s\ni 1 12s\n");
        rig_same(rig_run(&a.rig, classify(&a, scan, &all_bounds[i])),
                 "a 1 1s one\nb 2 2s two\nc NULL 3s NULL\nd 7 4s one\ne 2 4s two\nf 9 9s zero\n"
                 "g 3 5s zero\nh 4 30s one\ni 1 12s one\n");
        asked_close(&a);
    }
}

/* Windows above close, and judge lateness, as if every row had been answered at once. */
static void windows_close_at_their_rows(void **unused) {
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(all_bounds); i++) {
        struct asked a;
        asked_open(&a, "3");
        struct plan *scan = rig_scan(&a.rig, columns, "at", S);
        rig_rows(&a.rig, 0,
                 "a 1 1s\na 2 2s\na 9 7s\na 4 3s\na 5 8s\na 1 12s\na 6 9s\na 2 31s\na 7 13s\n");
        struct plan *in = classify(&a, scan, &all_bounds[i]);
        struct window_spec w = rig_tumble(in, "at", 5 * S);
        rig_same(
            rig_run(&a.rig, rig_window_group(&a.rig, in, "c", "count(*), min(v)", &w)),
            "one 1 1 0s 5s 4999000us\ntwo 1 2 0s 5s 4999000us\nzero 1 9 5s 10s 9999000us\n"
            "two 1 5 5s 10s 9999000us\none 1 1 10s 15s 14999000us\ntwo 1 2 30s 35s 34999000us\n"
            "late 6s 1\nlate 11s 1\nlate 30s 1\n");
        asked_close(&a);
    }
}

/* With room for the answers each content is computed once, however often all of it is run. */
static void contents_are_computed_once(void **unused) {
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(all_bounds); i++) {
        struct asked a;
        struct fake_counts counts;
        asked_open(&a, "3");
        struct plan *scan = rig_scan(&a.rig, columns, "at", S);
        rig_rows(&a.rig, 0, "a 1 1s\nb 2 1s\nc 1 3s\nd 1 3s\ne 2 4s\nf 3 9s\ng 2 9s\nh 1 9s\n");
        (void)rig_run(&a.rig, classify(&a, scan, &all_bounds[i]));
        fake_model_counts(a.shared.model, &counts);
        if (all_bounds[i].cache_bytes == 1 << 20) assert_int_equal(counts.rows, 3);
        uint64_t most = all_bounds[i].batch_rows > 0 ? all_bounds[i].batch_rows : 3;
        assert_true(counts.rows >= 3 && counts.rows_max <= most);
        asked_close(&a);
    }
}

/* Without time to tell and with a long wait, runs are full. */
static void runs_are_gathered_across_batches(void **unused) {
    (void)unused;
    struct asked a;
    struct fake_counts counts;
    struct err e = {0};
    struct buf plain, full;
    asked_open(&a, "3");
    struct plan *scan = rig_scan(&a.rig, columns, NULL, 0);
    struct buf lines;
    buf_init(&lines);
    for (uint32_t i = 0; i < 100; i++) buf_addf(&lines, "a %u 1s\n", i);
    rig_rows(&a.rig, 0, lines.at);
    const struct bounds b = {.batch_rows = 10, .wait_us = 3600 * S, .cache_bytes = 0};
    rig_seal(&a.rig, classify(&a, scan, &b));
    buf_init(&plain);
    buf_init(&full);
    struct rig_cut cut = {.input_rows = 3, .output_rows = BATCH_ROWS, .workers = 1};
    assert_true(rig_run_once(&a.rig, &cut, &plain, &full, &e));
    fake_model_counts(a.shared.model, &counts);
    assert_int_equal(counts.runs, 10);
    assert_int_equal(counts.rows, 100);
    buf_done(&lines);
    buf_done(&plain);
    buf_done(&full);
    asked_close(&a);
}

static void halves_of_updates_stay_together(void **unused) {
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(all_bounds); i++) {
        struct asked a;
        asked_open(&a, "3");
        a.rig.keeps_bytes = false; /* a batch may end between halves: no place to stop */
        struct plan *scan = rig_scan(&a.rig, columns, "at", 0);
        scan->changes = true;
        rig_rows(
            &a.rig, 0,
            "+I a 1 1s\n-U a 1 1s\n+U a 2 1s\n-U a 2 1s\n+U a NULL 1s\n+I b 7 2s\n-D b 7 2s\n");
        struct plan *p = classify(&a, scan, &all_bounds[i]);
        p->changes = true;
        rig_same(rig_run(&a.rig, p), "+I a 1 1s one\n-U a 1 1s one\n+U a 2 1s two\n-U a 2 1s two\n"
                                     "+U a NULL 1s NULL\n+I b 7 2s one\n-D b 7 2s one\n");
        asked_close(&a);
    }
}

/* A text that begins with "bad" is one that the model cannot take. */
static void a_row_that_the_model_cannot_take_is_bad(void **unused) {
    (void)unused;
    static const struct field text = {.name = {"x", 1}, .type = &type_text};
    static const struct schema input = {.cols = 1, .col = &text};
    static const uint32_t arg[] = {0};
    for (size_t i = 0; i < COUNT_OF(all_bounds); i++) {
        struct asked a;
        rig_init(&a.rig);
        asked_init(&a, NULL, 0, &input);
        struct plan *scan = rig_scan(&a.rig, columns, "at", S);
        rig_rows(&a.rig, 0, "a 1 1s\nbad 2 2s\nb 3 3s\nbadly 4 9s\nbad 5 9s\nc 6 9s\n");
        struct plan *p = classify(&a, scan, &all_bounds[i]);
        p->as.infer.arg_col = arg;
        rig_same(rig_run(&a.rig, p), "a 1 1s one\nb 3 3s two\nc 6 9s zero\n"
                                     "bad 22P02\nbad 22P02\nbad 22P02\n");
        asked_close(&a);
    }
}

/* Rows of random values, thinned out before and grouped after, against arithmetic. */
static void random_rows_get_their_answers(void **unused) {
    (void)unused;
    static const char *const labels[] = {"zero", "one", "two"};
    struct random seed = random_start("infer");
    for (uint32_t round = 0; round < random_rounds(30); round++) {
        struct asked a;
        struct buf in, want;
        asked_open(&a, "5");
        buf_init(&in);
        buf_init(&want);
        uint32_t rows = 1 + (uint32_t)(random_u64(&seed) % 300);
        for (uint32_t i = 0; i < rows; i++) {
            uint64_t v = random_u64(&seed) % 40, at = i + random_u64(&seed) % 4;
            buf_addf(&in, "a %u %us\n", (unsigned)v, (unsigned)at);
            if (v <= 10) continue;
            buf_addf(&want, "a %u %us %s\n", (unsigned)v, (unsigned)at, labels[v % 3]);
        }
        struct plan *scan = rig_scan(&a.rig, columns, "at", S);
        rig_rows(&a.rig, 0, in.at);
        struct probe *x = &a.rig.probe;
        for (uint32_t i = 0; i < scan->schema->cols; i++) x->field[i] = scan->schema->col[i];
        const struct expr *more = x_call(x, ">(T, T) BOOLEAN", x_column(x, 1), x_i64(x, 10), NULL);
        const struct bounds *b = &all_bounds[random_u64(&seed) % COUNT_OF(all_bounds)];
        struct plan *p = classify(&a, rig_filter(&a.rig, scan, more), b);
        rig_same(rig_run(&a.rig, p), want.bytes > 0 ? want.at : "");
        buf_done(&in);
        buf_done(&want);
        asked_close(&a);
    }
}

/* A model that is exchanged between two batches answers what comes then. */
static void a_new_model_answers_what_comes_then(void **unused) {
    (void)unused;
    struct asked a;
    struct err e = {0};
    asked_open(&a, "3");
    const struct option names = {.key = TEXT_LITERAL("labels"), .value = TEXT_LITERAL("x,y")};
    struct model_definition d = {.name = TEXT_LITERAL("m"), .options = {&names, 1}};
    const struct model_env env = {.image_pixels_max = 1};
    struct plan *scan = rig_scan(&a.rig, columns, "at", S);
    rig_rows(&a.rig, 0, "a 1 1s\nb 2 2s\n");
    struct plan *p = classify(&a, scan, &all_bounds[2]);
    rig_same(rig_run(&a.rig, p), "a 1 1s one\nb 2 2s two\n");
    struct model *other = fake_model.create(&d, &env, &e);
    assert_non_null(other);
    assert_true(shared_model_replace(&a.shared, other, &e));
    rig_same(rig_run(&a.rig, p), "a 1 1s y\nb 2 2s x\n");
    assert_int_equal(a.shared.replaced, 1);
    asked_close(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_their_order_and_time),
        cmocka_unit_test(windows_close_at_their_rows),
        cmocka_unit_test(contents_are_computed_once),
        cmocka_unit_test(runs_are_gathered_across_batches),
        cmocka_unit_test(halves_of_updates_stay_together),
        cmocka_unit_test(a_row_that_the_model_cannot_take_is_bad),
        cmocka_unit_test(random_rows_get_their_answers),
        cmocka_unit_test(a_new_model_answers_what_comes_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
