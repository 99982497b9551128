/* query_test.c: which row comes next, what holds whom, when a query is done; damaged state; rows of
 * slices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/batch_slice.h"
#include "tests/unit/base/column_random.h"
#include "tests/unit/engine/harness.h"

static const char columns[] = "k TEXT, at TIMESTAMP(3)";

/* A query over the union of two inputs, fed by hand. */
struct pair {
    struct rig r;
    struct query *q;
    struct buf out;
};

static bool rows_hear(void *context, const struct batch *b, struct err *e) {
    struct pair *p = context;
    (void)e;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        buf_add_text(&p->out, b->col[0].as.text[row]);
        buf_addf(&p->out, "%llu ", (unsigned long long)batch_ordinal(b, row));
    }
    return true;
}

static void pair_open(struct pair *p) {
    struct err e;
    *p = (struct pair){.q = NULL};
    rig_init(&p->r);
    buf_init(&p->out);
    struct plan *a = rig_scan(&p->r, columns, "at", 0), *b = rig_scan(&p->r, columns, "at", 0);
    rig_seal(&p->r, rig_node(&p->r, PLAN_UNION, a, b));
    struct query_options o = {.batch_rows = BATCH_ROWS, .workers = 1};
    struct query_output out = {.context = p, .rows = rows_hear};
    p->q = query_create(&p->r.query, &o, &out, &e);
    assert_non_null(p->q);
}

static void pair_close(struct pair *p) {
    query_destroy(p->q);
    buf_done(&p->out);
    rig_done(&p->r);
}

/* Rows named `name`, with the watermark before each. Returns how many were taken. */
static uint32_t push(struct pair *p, uint32_t input, const char *name, const int64_t *watermark_us,
                     uint32_t rows) {
    struct text k[8];
    for (uint32_t i = 0; i < rows; i++) k[i] = text_of(name);
    struct column col[] = {{.type = &type_text, .as.text = k},
                           {.type = &type_timestamp3, .as.i64 = watermark_us}};
    struct batch b = {.schema = p->r.input[input].schema,
                      .col = col,
                      .rows = rows,
                      .live = rows,
                      .watermark_us = watermark_us};
    uint32_t taken = UINT32_MAX;
    struct err e;
    assert_true(query_push(p->q, input, &b, 0, &taken, &e));
    return taken;
}

static void end(struct pair *p, uint32_t input) {
    struct err e;
    assert_true(query_flush(p->q, input, &(struct mark){.watermark_us = TIME_END_US}, &e));
}

static void a_batch_is_taken_as_far_as_it_is_its_turn(void **unused) {
    (void)unused;
    struct pair p;
    pair_open(&p);
    assert_int_equal(query_wants(p.q), 0);
    assert_int_equal(push(&p, 0, "a", (int64_t[]){TIME_MIN_US, 5, 7}, 3), 1);
    assert_int_equal(query_wants(p.q), 1); /* b's watermark is not known yet */
    assert_int_equal(push(&p, 1, "b", (int64_t[]){TIME_MIN_US, 5, 6, 9}, 4), 1);
    assert_int_equal(query_wants(p.q), 0); /* a tie goes by FROM order */
    assert_int_equal(push(&p, 0, "a", (int64_t[]){5, 7}, 2), 1);
    assert_int_equal(query_wants(p.q), 1);
    assert_int_equal(push(&p, 1, "b", (int64_t[]){5, 6, 9}, 3), 2);
    assert_int_equal(query_wants(p.q), 0);
    assert_int_equal(push(&p, 0, "a", (int64_t[]){7}, 1), 1);
    end(&p, 0);
    assert_int_equal(query_wants(p.q), 1);
    assert_int_equal(push(&p, 1, "b", (int64_t[]){9}, 1), 1);
    assert_false(query_done(p.q));
    end(&p, 1);
    assert_true(query_done(p.q));
    assert_int_equal(query_wants(p.q), UINT32_MAX);
    assert_string_equal(p.out.at, "a0 b1 a2 b3 b4 a5 b6 ");
    pair_close(&p);
}

static void a_silent_input_does_not_hold_the_others(void **unused) {
    (void)unused;
    struct pair p;
    pair_open(&p);
    assert_int_equal(push(&p, 0, "a", (int64_t[]){1, 2}, 2), 0);
    assert_int_equal(query_wants(p.q), 1);
    query_set_idle(p.q, 1, true);
    assert_int_equal(query_wants(p.q), 0);
    assert_int_equal(push(&p, 0, "a", (int64_t[]){1, 2}, 2), 2);
    assert_int_equal(push(&p, 1, "b", (int64_t[]){1, 4}, 2), 1); /* it speaks again */
    struct query_stats stats;
    query_stats(p.q, &stats);
    assert_int_equal(stats.rows_in, 3);
    assert_int_equal(stats.watermark_us, 2);
    assert_string_equal(p.out.at, "a0 a1 b2 ");
    pair_close(&p);
}

static void damaged_state_is_refused(void **unused) {
    (void)unused;
    struct random g = random_start("saved");
    struct pair p;
    struct buf saved;
    struct err e;
    pair_open(&p);
    buf_init(&saved);
    assert_int_equal(push(&p, 0, "a", (int64_t[]){TIME_MIN_US}, 1), 1);
    assert_true(query_save(p.q, &saved, &e));
    pair_close(&p);
    for (uint32_t i = 0; i < 300; i++) {
        char *copy = malloc(saved.bytes);
        assert_non_null(copy);
        memcpy(copy, saved.at, saved.bytes);
        struct text at = {.at = copy, .bytes = (uint32_t)saved.bytes};
        if (i > 0 && i % 2) at.bytes = (uint32_t)random_below(&g, saved.bytes);
        if (i > 0 && i % 2 == 0) copy[random_below(&g, saved.bytes)] ^= 1;
        pair_open(&p);
        bool done = query_load(p.q, at, &e);
        assert_true(i > 0 ? done || e.code == ERR_CORRUPT : done);
        pair_close(&p);
        free(copy);
    }
    buf_done(&saved);
}

/* Rows of a slice are those of the batch, whatever their types. */
static void a_slice_has_the_rows_of_its_batch(void **unused) {
    (void)unused;
    enum { ROWS = 200, ROUNDS = 100 };
    struct random g = random_start("slice");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct arena a;
        struct column_builder builder;
        struct column col;
        struct buf ignored;
        arena_init(&a, 0);
        buf_init(&ignored);
        assert_true(builder_init(&builder, &a, random_type(&a, &g, 3), 0));
        for (uint32_t i = 0; i < ROWS; i++) random_append(&builder, &g, &ignored);
        assert_true(builder_column(&builder, &col));
        struct field field = {.type = col.type};
        struct schema schema = {.cols = 1, .col = &field};
        uint16_t sel[ROWS];
        uint32_t live = 0;
        for (uint16_t i = 0; i < ROWS; i++) {
            sel[live] = i;
            live += random_below(&g, 2) > 0;
        }
        struct batch b = {.schema = &schema, .col = &col, .rows = ROWS, .live = live, .sel = sel};
        uint32_t from = (uint32_t)random_below(&g, ROWS), to = from;
        to += (uint32_t)random_below(&g, ROWS - from + 1);
        struct batch s;
        assert_true(batch_slice(&b, from, to, &a, &s));
        assert_int_equal(s.rows, to - from);
        for (uint32_t i = 0; i < s.rows; i++) {
            assert_true(column_same(&s.col[0], i, &col, from + i));
            assert_int_equal(batch_ordinal(&s, i), batch_ordinal(&b, from + i));
        }
        uint32_t at = 0;
        for (uint32_t i = 0; i < live; i++) {
            if (sel[i] < from || sel[i] >= to) continue;
            assert_int_equal(batch_row(&s, at++), sel[i] - from);
        }
        assert_int_equal(at, s.live);
        buf_done(&ignored);
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_taken_as_far_as_it_is_its_turn),
        cmocka_unit_test(a_silent_input_does_not_hold_the_others),
        cmocka_unit_test(damaged_state_is_refused),
        cmocka_unit_test(a_slice_has_the_rows_of_its_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
