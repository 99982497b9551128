/* block_test.c: rows of random types come back as they were, times and kinds too; damaged bytes are
 * refused or are rows; numbers take the bytes that they need.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/block.h"
#include "engine/base/block_private.h"
#include "tests/unit/base/column_random.h"

enum { ROUNDS = 300, COLS = 4, ROWS = 150, DAMAGES = 60 };

struct rows {
    struct field field[COLS];
    struct column col[COLS];
    struct schema schema;
    struct batch b;
};

/* A batch of random rows, some of them not live. */
static void rows_make(struct rows *x, struct random *r, struct arena *a) {
    uint32_t rows = (uint32_t)random_below(r, ROWS), live = 0;
    uint16_t *sel = ARENA_ARRAY(a, sel, rows + (size_t)1);
    uint64_t *ordinal = ARENA_ARRAY(a, ordinal, rows + (size_t)1);
    int64_t *watermark = ARENA_ARRAY(a, watermark, rows + (size_t)1);
    int8_t *change = ARENA_ARRAY(a, change, rows + (size_t)1);
    assert_true(sel && ordinal && watermark && change);
    for (uint32_t i = 0; i < rows; i++) {
        if (random_below(r, 4) > 0) sel[live++] = (uint16_t)i;
        ordinal[i] = 1000 + i * 3;
        watermark[i] = i < 5 ? TIME_MIN_US : (int64_t)i * 1000 + (int64_t)random_below(r, 10);
        change[i] = (int8_t)random_below(r, 4);
    }
    for (uint32_t c = 0; c < COLS; c++) {
        struct column_builder b;
        struct buf ignored;
        buf_init(&ignored);
        x->field[c] = (struct field){.type = random_type(a, r, 3)};
        assert_true(builder_init(&b, a, x->field[c].type, 0));
        for (uint32_t i = 0; i < rows; i++) random_append(&b, r, &ignored);
        assert_true(builder_column(&b, &x->col[c]));
        buf_done(&ignored);
    }
    x->schema = (struct schema){.cols = COLS, .col = x->field};
    x->b = (struct batch){.schema = &x->schema,
                          .col = x->col,
                          .rows = rows,
                          .live = live,
                          .sel = sel,
                          .ordinal = random_below(r, 2) ? ordinal : NULL,
                          .watermark_us = random_below(r, 2) ? watermark : NULL,
                          .first = {.ordinal = 7, .watermark_us = -3, .proctime_us = 11},
                          .change = random_below(r, 2) ? change : NULL};
}

static void rows_compare(const struct batch *want, const struct batch *got) {
    assert_int_equal(got->rows, want->live);
    assert_int_equal(got->live, want->live);
    for (uint32_t i = 0; i < want->live; i++) {
        uint32_t row = batch_row(want, i);
        assert_int_equal(batch_ordinal(got, i), batch_ordinal(want, row));
        assert_int_equal(batch_watermark(got, i), batch_watermark(want, row));
        assert_int_equal(batch_proctime(got, i), batch_proctime(want, row));
        assert_int_equal(batch_change(got, i), batch_change(want, row));
        for (uint32_t c = 0; c < COLS; c++) {
            assert_true(column_same(&want->col[c], row, &got->col[c], i));
        }
    }
}

static void damage(const struct rows *x, struct text saved, struct random *r) {
    char *copy = malloc(saved.bytes);
    assert_non_null(copy);
    for (uint32_t i = 0; i < DAMAGES; i++) {
        struct arena a;
        struct batch got;
        struct err e;
        arena_init(&a, 64 << 20);
        memcpy(copy, saved.at, saved.bytes);
        copy[random_below(r, saved.bytes)] ^= (char)(1 << random_below(r, 8));
        struct text at = {.at = copy, .bytes = saved.bytes};
        if (i % 3 == 0) at.bytes = (uint32_t)random_below(r, saved.bytes);
        bool done = block_load(&x->schema, at, &a, &got, &e);
        assert_true(done || e.code == ERR_CORRUPT || e.code == ERR_LIMIT);
        arena_done(&a);
    }
    free(copy);
}

static void rows_come_back(void **unused) {
    (void)unused;
    struct random r = random_start("block");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct arena a, loaded;
        struct rows x;
        struct batch got;
        struct buf saved;
        struct err e;
        arena_init(&a, 0);
        arena_init(&loaded, 0);
        buf_init(&saved);
        rows_make(&x, &r, &a);
        assert_true(block_save(&x.b, &saved, &e));
        assert_true(block_load(&x.schema, buf_text(&saved), &loaded, &got, &e));
        rows_compare(&x.b, &got);
        damage(&x, buf_text(&saved), &r);
        buf_done(&saved);
        arena_done(&loaded);
        arena_done(&a);
    }
}

/* How many bytes n numbers take, the form and base apart; they are read back. */
static size_t numbers_bytes(const int64_t *v, uint32_t n) {
    struct buf out;
    int64_t got[100];
    buf_init(&out);
    numbers_save(&out, v, n);
    struct text at = buf_text(&out);
    assert_true(numbers_load(&at, got, n));
    assert_int_equal(at.bytes, 0);
    assert_memory_equal(v, got, n * sizeof *v);
    size_t bytes = out.bytes;
    buf_done(&out);
    return bytes;
}

static void numbers_take_what_they_need(void **unused) {
    (void)unused;
    int64_t even[100], small[100], wild[100], constant[100];
    for (int32_t i = 0; i < 100; i++) {
        even[i] = INT64_MAX - 1000 * i;
        small[i] = -100 + (i * 37) % 200;
        wild[i] = i % 2 ? INT64_MIN + i : INT64_MAX - i;
        constant[i] = 1700000000000000;
    }
    assert_int_equal(numbers_bytes(constant, 100), 9);
    assert_int_equal(numbers_bytes(even, 100), 17);
    assert_int_equal(numbers_bytes(small, 100), 9 + 100);
    assert_int_equal(numbers_bytes(wild, 100), 17 + 2 * 99); /* steps wrap around: small */
    assert_int_equal(numbers_bytes(wild, 1), 9);
    assert_int_equal(numbers_bytes(wild, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(numbers_take_what_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
