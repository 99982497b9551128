/* Without memory a statement changes nothing: each allocation of one fails in turn, and what a
 * reader that had opened before reads, and the table holds afterwards, is what was there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/table.h"

enum { ROWS = 200, FAILURES_MAX = 5000 };

/* Allocations until one fails; negative: none does. */
static long left = -1;
static bool failed;

static bool fails(void) {
    if (left < 0 || left-- > 0) return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *at, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *at, size_t bytes);

void *__wrap_malloc(size_t bytes) {
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *at, size_t bytes) {
    return fails() ? NULL : __real_realloc(at, bytes);
}

static const struct field fields[] = {{{"k", 1}, &type_text, true}, {{"v", 1}, &type_bigint, true}};
static const struct schema schema = {.cols = 2, .col = fields};
static const uint32_t key_col[] = {0};

struct rows {
    char text[ROWS][8];
    struct text k[ROWS];
    int64_t v[ROWS];
    int8_t change[ROWS];
    struct column col[2];
    struct batch batch;
};

/* Rows from `from` on, changes of kind `kind`; for CHANGE_BEFORE -U and +U in turn. */
static void fill(struct rows *r, uint32_t from, uint32_t count, enum change kind) {
    for (uint32_t i = 0; i < count; i++) {
        bool half = kind == CHANGE_BEFORE && i % 2 == 1;
        snprintf(r->text[i], sizeof r->text[i], "k%u", from + i + (half ? 1000 : 0));
        r->k[i] = text_of(r->text[i]);
        r->v[i] = from + i;
        r->change[i] = (int8_t)(half ? CHANGE_AFTER : kind);
    }
    r->col[0] = (struct column){.type = &type_text, .as.text = r->k};
    r->col[1] = (struct column){.type = &type_bigint, .as.i64 = r->v};
    r->batch = (struct batch){
        .schema = &schema, .col = r->col, .rows = count, .live = count, .change = r->change};
}

static int64_t still_clock(void) {
    return 0;
}

static struct table *make_table(enum table_kind kind) {
    struct err e;
    const struct table_options o = {
        .name = TEXT_LITERAL("t"),
        .kind = kind,
        .schema = &schema,
        .keys = kind == TABLE_BY_KEY ? 1 : 0,
        .key_col = key_col,
        .batch_rows = 64,
        .clock_us = still_clock,
    };
    struct table *t = table_create(&o, &e);
    assert_non_null(t);
    return t;
}

static bool refuse(void *context, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e) {
    (void)context;
    (void)b;
    (void)row;
    (void)bad;
    (void)e;
    return true;
}

static bool apply(struct table *t, enum table_how how, uint32_t from, enum change kind,
                  struct err *e) {
    struct rows r;
    fill(&r, from, kind == CHANGE_BEFORE ? 40 : 70, kind);
    const struct table_rows rows = {.how = how, .batch = &r.batch, .refuse = refuse};
    return table_apply(t, &rows, e);
}

/* Adds, replaces, takes away and turns rows; by number rows only come. */
static bool change_all(struct table *t, enum table_kind kind, struct err *e) {
    bool good =
        apply(t, kind == TABLE_BY_CONTENT ? TABLE_CHANGE : TABLE_INSERT, 150, CHANGE_INSERT, e);
    if (kind == TABLE_BY_NUMBER) return good;
    if (kind == TABLE_BY_KEY) good = good && apply(t, TABLE_REPLACE, 20, CHANGE_INSERT, e);
    good = good && apply(t, TABLE_CHANGE, 60, CHANGE_DELETE, e);
    good = good && apply(t, TABLE_CHANGE, 0, CHANGE_BEFORE, e);
    return good && apply(t, TABLE_CHANGE, 65, CHANGE_INSERT, e);
}

/* Sums up what a reader gives, so that another row or order shows. */
static uint64_t digest(struct reader *r) {
    const struct batch *b;
    struct err e;
    uint64_t sum = 0;
    enum read_status s;
    while ((s = r->type->read(r, &b, &e)) == READ_ROWS) {
        for (uint32_t i = 0; i < b->live; i++) {
            uint32_t row = batch_row(b, i);
            struct text k = b->col[0].as.text[row];
            for (uint32_t c = 0; c < k.bytes; c++) sum = sum * 31 + (unsigned char)k.at[c];
            sum = sum * 31 + (uint64_t)b->col[1].as.i64[row];
        }
    }
    assert_int_equal(s, READ_END);
    r->type->close(r);
    return sum;
}

static struct reader *open_reader(struct table *t) {
    struct err e;
    const struct table_reader_options o = {.follows = false};
    struct reader *r = table_reader_open(t, &o, &e);
    assert_non_null(r);
    return r;
}

/* true: the n-th allocation was asked for, and failed. */
static bool fail_at(enum table_kind kind, long n) {
    struct table *t = make_table(kind);
    struct err e;
    table_begin(t);
    assert_true(
        apply(t, kind == TABLE_BY_CONTENT ? TABLE_CHANGE : TABLE_INSERT, 0, CHANGE_INSERT, &e));
    assert_true(table_commit(t, TABLE_BY_HAND, &e));
    uint64_t before = digest(open_reader(t)), rows = table_rows(t);
    struct reader *opened = open_reader(t);

    failed = false;
    left = n;
    table_begin(t);
    bool good = change_all(t, kind, &e);
    left = -1;
    if (!good) {
        assert_string_equal(e.sqlstate, "53200");
        table_rollback(t);
        assert_int_equal(table_rows(t), rows);
        assert_true(digest(open_reader(t)) == before);
        table_begin(t);
        assert_true(change_all(t, kind, &e));
    }
    assert_true(table_commit(t, TABLE_BY_HAND, &e));
    assert_true(digest(opened) == before);
    bool again = failed;
    assert_int_equal(good, !again);
    table_destroy(t);
    return again;
}

static void every_allocation(enum table_kind kind) {
    long n = 0;
    while (n < FAILURES_MAX && fail_at(kind, n)) n++;
    assert_true(n > 20 && n < FAILURES_MAX);
}

static void by_key(void **unused) {
    (void)unused;
    every_allocation(TABLE_BY_KEY);
}

static void by_number(void **unused) {
    (void)unused;
    every_allocation(TABLE_BY_NUMBER);
}

static void by_content(void **unused) {
    (void)unused;
    every_allocation(TABLE_BY_CONTENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_key),
        cmocka_unit_test(by_number),
        cmocka_unit_test(by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
