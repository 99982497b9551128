/* Rows kept in memory: what was appended is read, in order, from anywhere; the oldest goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/kept.h"
#include "engine/edge/slice.h"
#include "tests/unit/edge/edge_probe.h"

static struct kept *make(struct probe *p, size_t bytes_max, uint64_t rows_max) {
    const struct kept_options o = {
        .schema = &p->schema,
        .batch_rows = 7,
        .bytes_max = bytes_max,
        .bytes_hard = bytes_max * 2,
        .rows_max = rows_max,
    };
    struct kept *k = kept_create(&o, &p->err);
    assert_non_null(k);
    return k;
}

static void append(struct probe *p, struct kept *k, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    const char *const cells[] = {text, value % 3 == 0 ? NULL : text};
    struct batch b = *probe_batch(p, 1, cells);
    b.first.watermark_us = value * 10;
    assert_true(kept_append(k, &b, 0, &p->err));
}

static void begin(struct probe *p) {
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    probe_column(p, "b", &type_text);
}

/* Reads what is there and checks that it is from .. to - 1. */
static void expect(struct probe *p, struct reader *r, int64_t from, int64_t to) {
    const struct batch *b;
    enum read_status s;
    while ((s = r->type->read(r, &b, &p->err)) == READ_ROWS) {
        for (uint32_t i = 0; i < b->live; i++, from++) {
            uint32_t row = batch_row(b, i);
            char text[32];
            snprintf(text, sizeof text, "%lld", (long long)from);
            assert_int_equal(b->col[0].as.i64[row], from);
            assert_int_equal(column_has(&b->col[1], row), from % 3 != 0);
            if (from % 3 != 0) assert_true(text_equal(b->col[1].as.text[row], text_of(text)));
            assert_int_equal(batch_watermark(b, row), from * 10);
        }
    }
    assert_true(s == READ_WAIT || s == READ_END);
    assert_int_equal(from, to);
}

static void readers_follow_from_where_they_start(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p);
    struct kept *k = make(&p, 1 << 30, 0);
    for (int64_t i = 0; i < 20; i++) append(&p, k, i);
    struct reader *all = kept_reader_open(k, KEPT_OLDEST, false, &p.err);
    struct reader *late = kept_reader_open(k, KEPT_LATEST, false, &p.err);
    struct reader *now = kept_reader_open(k, KEPT_OLDEST, true, &p.err);
    expect(&p, all, 0, 20);
    for (int64_t i = 20; i < 25; i++) {
        append(&p, k, i);
        expect(&p, all, i, i + 1);
    }
    expect(&p, late, 20, 25);
    expect(&p, now, 0, 20);
    all->type->close(all);
    late->type->close(late);
    now->type->close(now);
    kept_destroy(k);
    probe_end(&p);
}

/* The last rows_max rows, exactly. */
static void only_the_newest_rows_are_read(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p);
    struct kept *k = make(&p, 1 << 30, 10);
    for (int64_t i = 0; i < 100; i++) append(&p, k, i);
    struct reader *r = kept_reader_open(k, KEPT_OLDEST, true, &p.err);
    expect(&p, r, 90, 100);
    r->type->close(r);
    kept_destroy(k);
    probe_end(&p);
}

/* Memory stays bounded when nobody reads. */
static void old_rows_give_room(void **unused) {
    (void)unused;
    struct probe p;
    begin(&p);
    struct kept *k = make(&p, 1 << 20, 0);
    for (int64_t i = 0; i < 3000; i++) append(&p, k, i);
    struct reader *r = kept_reader_open(k, KEPT_OLDEST, false, &p.err);
    assert_true(kept_behind_bytes(k) <= (2 << 20));
    const struct batch *b;
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_true(b->col[0].as.i64[0] > 0);
    r->type->close(r);
    kept_destroy(k);
    probe_end(&p);
}

/* A reader that is behind keeps its rows up to the hard limit, then it is told. */
static void who_is_far_behind_is_told(void **unused) {
    (void)unused;
    struct probe p;
    const struct batch *b;
    begin(&p);
    struct kept *k = make(&p, 1 << 20, 0);
    append(&p, k, 0);
    struct reader *r = kept_reader_open(k, KEPT_OLDEST, false, &p.err);
    for (int64_t i = 1; i < 20000 && kept_behind_bytes(k) < (2 << 20) - (1 << 17); i++) {
        append(&p, k, i);
    }
    assert_int_equal(r->type->read(r, &b, &p.err), READ_ROWS);
    assert_int_equal(b->col[0].as.i64[0], 0);
    for (int64_t i = 0; i < 3000; i++) append(&p, k, i);
    assert_int_equal(r->type->read(r, &b, &p.err), READ_FAIL);
    assert_string_equal(p.err.sqlstate, "55000");
    r->type->close(r);
    kept_destroy(k);
    probe_end(&p);
}

/* A slice reads as the rows it was cut from, wherever it is cut. */
static void slices_equal_their_rows(void **unused) {
    (void)unused;
    enum { ROWS = 200 };
    const char *cells[ROWS * 2];
    struct probe p;
    begin(&p);
    for (uint32_t i = 0; i < ROWS; i++) {
        cells[2 * i] = i % 7 ? "5" : NULL;
        cells[2 * i + 1] = i % 5 ? "x" : NULL;
    }
    const struct batch *b = probe_batch(&p, ROWS, cells);
    for (uint32_t from = 0; from < ROWS; from++) {
        uint32_t rows = (ROWS - from) * 2 / 3;
        struct column cut;
        for (uint32_t c = 0; c < 2; c++) {
            assert_true(column_slice(&p.arena, &b->col[c], from, rows, &cut));
            for (uint32_t i = 0; i < rows; i++) {
                assert_true(column_same(&cut, i, &b->col[c], from + i));
            }
        }
    }
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_follow_from_where_they_start),
        cmocka_unit_test(only_the_newest_rows_are_read),
        cmocka_unit_test(old_rows_give_room),
        cmocka_unit_test(who_is_far_behind_is_told),
        cmocka_unit_test(slices_equal_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
