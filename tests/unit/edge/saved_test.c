/* What is saved is loaded as it was, and damage is told, whatever the bytes. */
#include "engine/edge/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/kept.h"
#include "engine/edge/rows_saved.h"
#include "tests/unit/base/random.h"

static const struct field fields[] = {{{"n", 1}, &type_bigint, false},
                                      {{"t", 1}, &type_text, false}};
static const struct schema two = {2, fields};

struct rows {
    struct arena arena;
    int64_t n[BATCH_ROWS];
    struct text t[BATCH_ROWS];
    uint64_t valid[BATCH_ROWS / 64];
    uint16_t sel[BATCH_ROWS];
    int64_t watermark_us[BATCH_ROWS];
    int8_t change[BATCH_ROWS];
    struct column col[2];
    struct batch batch;
};

/* Rows by chance: some NULL, some not live, with times and kinds or without. */
static void rows_draw(struct rows *r, struct random *x) {
    static const char letters[] = "abcdefgh";
    uint32_t rows = 1 + (uint32_t)random_below(x, 40);
    r->batch = (struct batch){.schema = &two, .col = r->col, .rows = rows, .live = rows};
    r->batch.first = (struct mark){random_below(x, 99), 5, 7};
    for (uint32_t i = 0; i < rows; i++) {
        r->n[i] = (int64_t)random_u64(x);
        r->t[i] = (struct text){letters, (uint32_t)random_below(x, 8)};
        r->watermark_us[i] = i;
        r->change[i] = (int8_t)random_below(x, 4);
        bit_set(r->valid, i);
        if (random_below(x, 3) == 0) bit_clear(r->valid, i);
    }
    r->col[0] = (struct column){.type = &type_bigint, .valid = r->valid, .as.i64 = r->n};
    r->col[1] = (struct column){.type = &type_text, .as.text = r->t};
    if (random_below(x, 2)) r->batch.watermark_us = r->watermark_us;
    if (random_below(x, 2)) r->batch.change = r->change;
    if (random_below(x, 2) == 0) return;
    r->batch.sel = r->sel;
    r->batch.live = 0;
    for (uint32_t i = 0; i < rows; i++) {
        if (random_below(x, 2)) r->sel[r->batch.live++] = (uint16_t)i;
    }
}

static void assert_same_rows(const struct batch *a, uint32_t from, const struct batch *b) {
    assert_int_equal(a->rows - from, b->rows);
    for (uint32_t i = 0, k = 0; i < a->live; i++) {
        uint32_t row = batch_row(a, i);
        if (row < from) continue;
        assert_int_equal(batch_row(b, k++), row - from);
        assert_int_equal(batch_ordinal(a, row), batch_ordinal(b, row - from));
        assert_int_equal(batch_watermark(a, row), batch_watermark(b, row - from));
        assert_int_equal(batch_proctime(a, row), batch_proctime(b, row - from));
        assert_int_equal(batch_change(a, row), batch_change(b, row - from));
        for (uint32_t c = 0; c < 2; c++) {
            assert_true(column_same(&a->col[c], row, &b->col[c], row - from));
        }
    }
}

static void rows_come_back_as_they_were(void **unused) {
    (void)unused;
    struct random x = random_start("rows_come_back_as_they_were");
    struct rows *r = calloc(1, sizeof *r);
    struct arena a;
    struct buf out;
    arena_init(&a, 0);
    buf_init(&out);
    for (uint32_t i = 0; i < random_rounds(500); i++) {
        struct err e;
        struct batch back;
        rows_draw(r, &x);
        uint32_t from = (uint32_t)random_below(&x, r->batch.rows + 1);
        buf_reset(&out);
        arena_reset(&a);
        rows_save(&out, &r->batch, (struct rows_range){from, r->batch.rows});
        struct saved in = saved_of(buf_text(&out));
        assert_true(rows_load(&in, &two, &a, &back, &e));
        assert_same_rows(&r->batch, from, &back);
    }
    buf_done(&out);
    arena_done(&a);
    free(r);
}

/* Cut at each byte, and each byte changed: an error, or rows, and never more than that. */
static void damaged_rows_are_told(void **unused) {
    (void)unused;
    struct random x = random_start("damaged_rows_are_told");
    struct rows *r = calloc(1, sizeof *r);
    struct arena a;
    struct buf out;
    arena_init(&a, 0);
    buf_init(&out);
    rows_draw(r, &x);
    rows_save(&out, &r->batch, (struct rows_range){0, r->batch.rows});
    for (uint32_t cut = 0; cut < out.bytes; cut++) {
        struct err e;
        struct batch back;
        struct saved in = saved_of((struct text){out.at, cut});
        arena_reset(&a);
        assert_false(rows_load(&in, &two, &a, &back, &e));
        assert_string_equal(e.sqlstate, "XX001");
        out.at[cut] ^= (char)(1 + random_below(&x, 255));
        in = saved_of(buf_text(&out));
        if (!rows_load(&in, &two, &a, &back, &e)) assert_true(e.code == ERR_CORRUPT);
    }
    buf_done(&out);
    arena_done(&a);
    free(r);
}

/* Rows saved piece by piece, each since the last one, are the rows; what was let go is gone. */
static void kept_rows_are_saved_since(void **unused) {
    (void)unused;
    struct random x = random_start("kept_rows_are_saved_since");
    const struct kept_options o = {
        .schema = &two, .batch_rows = 7, .rows_max = 50, .changes = true};
    struct rows *r = calloc(1, sizeof *r);
    struct buf pieces;
    struct err e;
    struct kept *k = kept_create(&o, &e), *back = kept_create(&o, &e);
    uint64_t since = 0;
    buf_init(&pieces);
    for (uint32_t i = 0; i < 60; i++) {
        rows_draw(r, &x);
        assert_true(kept_append(k, &r->batch, 0, &e));
        if (random_below(&x, 3) > 0 && i < 59) continue;
        size_t part = saved_begin(&pieces);
        assert_true(kept_save_since(k, since, &pieces, &e));
        saved_end(&pieces, part);
        since = kept_rows(k);
    }
    struct saved in = saved_of(buf_text(&pieces));
    while (in.at < in.end) {
        struct saved part = saved_part(&in);
        assert_true(kept_load(back, &part, &e));
    }
    assert_int_equal(kept_rows(k), kept_rows(back));
    assert_int_equal(kept_oldest(k), kept_oldest(back));
    struct buf one, other;
    buf_init(&one);
    buf_init(&other);
    assert_true(kept_save_since(k, 0, &one, &e) && kept_save_since(back, 0, &other, &e));
    assert_int_equal(one.bytes, other.bytes);
    assert_memory_equal(one.at, other.at, one.bytes);
    buf_done(&one);
    buf_done(&other);
    buf_done(&pieces);
    kept_destroy(k);
    kept_destroy(back);
    free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(damaged_rows_are_told),
        cmocka_unit_test(kept_rows_are_saved_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
