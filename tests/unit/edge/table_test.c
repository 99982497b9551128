/* Tables against a list of rows: random changes, committed, refused or undone, while readers that
 * opened at some moment read on. What a reader gives is what was there when it opened; what a
 * follower is told leads from there to what is there now; what the holder was told makes the same
 * table again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/table.h"
#include "tests/unit/base/random.h"

enum { ROWS_MAX = 400, READERS_MAX = 4, KEYS = 12, ROUNDS = 300, STEPS = 150 };

struct pair {
    int64_t k, v;
};

struct list {
    struct pair at[ROWS_MAX];
    uint32_t count;
};

struct watch {
    struct reader *reader; /* NULL: free */
    bool follows;
    struct list expects; /* what was there when it opened */
    uint32_t given;
    struct list mirror; /* a follower's: what it has been told */
};

struct world {
    struct random random;
    enum table_kind kind;
    struct table *table;
    struct list model;
    struct watch watch[READERS_MAX];
    struct table_change *told; /* [tolds] copies */
    uint32_t tolds, told_capacity;
    bool refuses; /* the holder, the next commit */
    uint64_t refused;
};

static const struct field fields[] = {{{"k", 1}, &type_bigint, true},
                                      {{"v", 1}, &type_bigint, true}};
static const struct schema schema = {.cols = 2, .col = fields};
static const struct field numbered_fields[] = {{{"k", 1}, &type_bigint, true},
                                               {{"v", 1}, &type_bigint, true},
                                               {{"id", 2}, &type_bigint, true}};
static const struct schema numbered = {.cols = 3, .col = numbered_fields};
static const uint32_t key_col[] = {0};

static int64_t still_clock(void) {
    return 1000;
}

static struct text copy_text(struct text t) {
    if (!t.at) return t;
    char *copy = malloc(t.bytes + 1U);
    assert_non_null(copy);
    memcpy(copy, t.at, t.bytes);
    return (struct text){.at = copy, .bytes = t.bytes};
}

static bool hold(void *context, struct table *t, enum table_origin origin, struct err *e) {
    struct world *w = context;
    assert_int_equal(origin, TABLE_BY_QUERY);
    if (w->refuses) return err_set(e, ERR_IO, "58030", "the holder is full");
    for (uint32_t i = 0; i < table_changes(t); i++) {
        struct table_change c;
        table_change_at(t, i, &c);
        if (w->tolds == w->told_capacity) {
            w->told_capacity = w->told_capacity * 2 + 64;
            w->told = realloc(w->told, w->told_capacity * sizeof *w->told);
            assert_non_null(w->told);
        }
        c.before = copy_text(c.before);
        c.after = copy_text(c.after);
        w->told[w->tolds++] = c;
    }
    return true;
}

static struct table *make_table(enum table_kind kind) {
    struct err e;
    const struct table_options o = {
        .name = TEXT_LITERAL("t"),
        .kind = kind,
        .schema = &schema,
        .keys = kind == TABLE_BY_KEY ? 1 : 0,
        .key_col = key_col,
        .batch_rows = 5,
        .clock_us = still_clock,
    };
    struct table *t = table_create(&o, &e);
    assert_non_null(t);
    return t;
}

/* ---- the list ---- */

static uint32_t list_find(const struct list *l, int64_t k) {
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].k == k) return i;
    }
    return UINT32_MAX;
}

static uint32_t list_find_pair(const struct list *l, struct pair p) {
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].k == p.k && l->at[i].v == p.v) return i;
    }
    return UINT32_MAX;
}

static void list_add(struct list *l, struct pair p) {
    assert_true(l->count < ROWS_MAX);
    l->at[l->count++] = p;
}

static void list_drop(struct list *l, uint32_t i) {
    memmove(&l->at[i], &l->at[i + 1], (l->count - i - 1) * sizeof l->at[0]);
    l->count--;
}

static int compare_pairs(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    if (x->k != y->k) return x->k < y->k ? -1 : 1;
    return x->v < y->v ? -1 : x->v > y->v;
}

static void expect_same(const struct list *a, const struct list *b, bool ordered) {
    struct list x = *a, y = *b;
    if (!ordered) {
        qsort(x.at, x.count, sizeof x.at[0], compare_pairs);
        qsort(y.at, y.count, sizeof y.at[0], compare_pairs);
    }
    assert_int_equal(x.count, y.count);
    for (uint32_t i = 0; i < x.count; i++) {
        assert_int_equal(x.at[i].k, y.at[i].k);
        assert_int_equal(x.at[i].v, y.at[i].v);
    }
}

/* ---- one step ---- */

/* Rows to give to a table. */
struct rows {
    int64_t k[8], v[8], id[8];
    int8_t change[8];
    uint32_t count;
};

static bool refuse(void *context, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e) {
    struct world *w = context;
    (void)b;
    (void)row;
    (void)e;
    assert_string_equal(bad->sqlstate, "23505");
    w->refused++;
    return true;
}

static void apply(struct world *w, enum table_how how, const struct rows *r) {
    struct err e;
    const struct column col[] = {{.type = &type_bigint, .as.i64 = r->k},
                                 {.type = &type_bigint, .as.i64 = r->v}};
    const struct batch b = {
        .schema = &schema, .col = col, .rows = r->count, .live = r->count, .change = r->change};
    const struct table_rows rows = {
        .how = how, .batch = &b, .id = r->id, .context = w, .refuse = refuse};
    assert_true(table_apply(w->table, &rows, &e));
}

static struct pair draw_pair(struct world *w) {
    return (struct pair){(int64_t)random_below(&w->random, KEYS),
                         (int64_t)random_below(&w->random, 3)};
}

static void put(struct rows *r, struct pair p, enum change kind) {
    r->k[r->count] = p.k;
    r->v[r->count] = p.v;
    r->change[r->count++] = (int8_t)kind;
}

static void do_insert(struct world *w, struct list *model, bool replace) {
    struct rows r = {.count = 0};
    uint32_t rows = 1 + (uint32_t)random_below(&w->random, 4);
    for (uint32_t i = 0; i < rows; i++) {
        struct pair p = draw_pair(w);
        uint32_t at = w->kind == TABLE_BY_KEY ? list_find(model, p.k) : UINT32_MAX;
        put(&r, p, CHANGE_INSERT);
        if (at != UINT32_MAX && !replace) continue;
        if (at != UINT32_MAX) list_drop(model, at);
        list_add(model, p);
    }
    apply(w, replace ? TABLE_REPLACE : TABLE_INSERT, &r);
}

/* By key: set, take, or turn one row into another, which may meet a third. */
static void do_change_by_key(struct world *w, struct list *model) {
    struct rows r = {.count = 0};
    struct pair before = draw_pair(w), after = draw_pair(w);
    uint32_t dice = (uint32_t)random_below(&w->random, 3);
    uint32_t old = list_find(model, before.k);
    if (dice == 0) {
        put(&r, before, CHANGE_DELETE);
        if (old != UINT32_MAX) list_drop(model, old);
    } else {
        if (dice == 1) put(&r, before, CHANGE_BEFORE);
        put(&r, after, dice == 1 ? CHANGE_AFTER : CHANGE_INSERT);
        uint32_t other = list_find(model, after.k);
        if (dice == 1 && old != UINT32_MAX && other != UINT32_MAX && old != other) {
            list_drop(model, old);
            other = list_find(model, after.k);
            old = UINT32_MAX;
        }
        if (dice == 1 && old != UINT32_MAX) {
            model->at[old] = after;
        } else if (other != UINT32_MAX) {
            model->at[other] = after;
        } else {
            list_add(model, after);
        }
    }
    apply(w, TABLE_CHANGE, &r);
}

/* By content: of equal rows any goes, so only what is there is compared. */
static void do_change_by_content(struct world *w, struct list *model) {
    struct rows r = {.count = 0};
    struct pair before = draw_pair(w), after = draw_pair(w);
    uint32_t dice = (uint32_t)random_below(&w->random, 4);
    uint32_t old = list_find_pair(model, before);
    if (dice > 0) put(&r, before, dice == 3 ? CHANGE_BEFORE : CHANGE_DELETE);
    if (dice > 0 && old != UINT32_MAX) list_drop(model, old);
    if (dice == 0 || dice == 3) {
        put(&r, after, dice == 3 ? CHANGE_AFTER : CHANGE_INSERT);
        list_add(model, after);
    }
    apply(w, TABLE_CHANGE, &r);
}

/* The ids of all rows, in their order. */
static uint32_t read_ids(struct world *w, int64_t id[ROWS_MAX]) {
    struct err e;
    const struct table_reader_options o = {.numbered = &numbered};
    struct reader *r = table_reader_open(w->table, &o, &e);
    const struct batch *b;
    uint32_t count = 0;
    assert_non_null(r);
    while (r->type->read(r, &b, &e) == READ_ROWS) {
        for (uint32_t i = 0; i < b->live; i++) id[count++] = b->col[2].as.i64[batch_row(b, i)];
    }
    r->type->close(r);
    return count;
}

static void do_by_id(struct world *w, struct list *model, bool erase, const int64_t *id) {
    struct rows r = {.count = 0};
    struct pair p = draw_pair(w);
    if (model->count == 0) return;
    uint32_t at = (uint32_t)random_below(&w->random, model->count);
    r.id[0] = id[at];
    put(&r, p, CHANGE_INSERT);
    if (erase) {
        list_drop(model, at);
    } else {
        uint32_t other = w->kind == TABLE_BY_KEY ? list_find(model, p.k) : UINT32_MAX;
        if (other == UINT32_MAX || other == at) model->at[at] = p;
    }
    apply(w, erase ? TABLE_DELETE : TABLE_UPDATE, &r);
}

static void do_some(struct world *w, struct list *model) {
    if (w->kind == TABLE_BY_CONTENT) {
        do_change_by_content(w, model);
        return;
    }
    uint32_t dice = (uint32_t)random_below(&w->random, w->kind == TABLE_BY_KEY ? 3 : 1);
    if (dice == 2) do_change_by_key(w, model);
    if (dice < 2) do_insert(w, model, dice == 1);
}

/* Some changes, which hold, or are refused by the holder, or undone. */
static void change(struct world *w) {
    struct list next = w->model;
    struct err e;
    int64_t id[ROWS_MAX];
    uint32_t ids = read_ids(w, id), rounds = 1 + (uint32_t)random_below(&w->random, 4);
    assert_int_equal(ids, w->model.count);
    table_begin(w->table);
    bool by_id = w->kind != TABLE_BY_CONTENT && random_below(&w->random, 2);
    if (by_id) do_by_id(w, &next, random_below(&w->random, 2), id);
    for (uint32_t i = 0; i < rounds; i++) do_some(w, &next);
    uint32_t dice = (uint32_t)random_below(&w->random, 6);
    w->refuses = dice == 0;
    if (dice == 1) {
        table_rollback(w->table);
        return;
    }
    bool any = table_changes(w->table) > 0;
    bool done = table_commit(w->table, TABLE_BY_QUERY, &e);
    assert_int_equal(done, !w->refuses || !any);
    if (done) w->model = next;
}

static void open_one(struct world *w) {
    struct err e;
    for (uint32_t i = 0; i < READERS_MAX; i++) {
        struct watch *x = &w->watch[i];
        if (x->reader) continue;
        *x = (struct watch){.follows = random_below(&w->random, 2), .expects = w->model};
        const struct table_reader_options o = {.follows = x->follows};
        x->reader = table_reader_open(w->table, &o, &e);
        assert_non_null(x->reader);
        return;
    }
}

static void take_change(struct world *w, struct watch *x, struct pair p, int8_t kind) {
    if (x->given < x->expects.count) { /* of what was there */
        assert_int_equal(kind, CHANGE_INSERT);
        bool ordered = w->kind != TABLE_BY_CONTENT;
        if (ordered) assert_int_equal(p.k, x->expects.at[x->given].k);
        if (ordered) assert_int_equal(p.v, x->expects.at[x->given].v);
        x->given++;
        list_add(&x->mirror, p);
        if (x->given == x->expects.count) expect_same(&x->mirror, &x->expects, ordered);
        return;
    }
    assert_true(x->follows);
    if (!change_is_retraction(kind)) {
        list_add(&x->mirror, p);
        return;
    }
    uint32_t at = list_find_pair(&x->mirror, p);
    assert_int_not_equal(at, UINT32_MAX);
    list_drop(&x->mirror, at);
}

static void read_some(struct world *w, struct watch *x) {
    const struct batch *b;
    struct err e;
    if (!x->reader) return;
    enum read_status s = x->reader->type->read(x->reader, &b, &e);
    assert_int_not_equal(s, READ_FAIL);
    for (uint32_t i = 0; s == READ_ROWS && i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        struct pair p = {b->col[0].as.i64[row], b->col[1].as.i64[row]};
        take_change(w, x, p, batch_change(b, row));
    }
    if (s == READ_ROWS) return;
    assert_int_equal(x->given, x->expects.count);
    assert_true(table_reader_is_level(x->reader));
    assert_int_equal(s, x->follows ? READ_WAIT : READ_END);
    if (x->follows) expect_same(&x->mirror, &w->model, false);
    if (x->follows && random_below(&w->random, 8)) return;
    x->reader->type->close(x->reader);
    x->reader = NULL;
}

/* ---- the same table again ---- */

static void expect_table(struct table *t, const struct list *model, bool ordered) {
    struct err e;
    const struct table_reader_options o = {.follows = false};
    struct reader *r = table_reader_open(t, &o, &e);
    struct list got = {.count = 0};
    const struct batch *b;
    assert_non_null(r);
    while (r->type->read(r, &b, &e) == READ_ROWS) {
        for (uint32_t i = 0; i < b->live; i++) {
            uint32_t row = batch_row(b, i);
            list_add(&got, (struct pair){b->col[0].as.i64[row], b->col[1].as.i64[row]});
        }
    }
    r->type->close(r);
    expect_same(&got, model, ordered);
    assert_int_equal(table_rows(t), model->count);
}

/* All that the holder was told, in order. */
static void load_changes(struct world *w) {
    struct table *t = make_table(w->kind);
    struct err e;
    for (uint32_t i = 0; i < w->tolds; i++) {
        assert_true(table_load(t, &w->told[i], &e));
    }
    assert_true(table_loaded(t, &e));
    expect_table(t, &w->model, w->kind != TABLE_BY_CONTENT);
    table_destroy(t);
}

/* What is left in the end, in any order. */
static void load_rows(struct world *w) {
    struct table *t = make_table(w->kind);
    struct err e;
    uint32_t from = (uint32_t)random_below(&w->random, w->tolds + 1);
    for (uint32_t n = 0; n < w->tolds; n++) {
        uint32_t i = (from + n) % w->tolds;
        bool last = w->told[i].after.at != NULL;
        for (uint32_t k = i + 1; k < w->tolds; k++) last &= w->told[k].number != w->told[i].number;
        const struct table_change c = {.number = w->told[i].number, .after = w->told[i].after};
        if (last) assert_true(table_load(t, &c, &e));
    }
    assert_true(table_loaded(t, &e));
    expect_table(t, &w->model, w->kind != TABLE_BY_CONTENT);
    table_destroy(t);
}

static void round_of(struct world *w) {
    const struct table_holder holder = {.context = w, .commit = hold};
    w->table = make_table(w->kind);
    table_set_holder(w->table, &holder);
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t dice = (uint32_t)random_below(&w->random, 10);
        if (dice < 4) change(w);
        if (dice == 4 || dice == 5) open_one(w);
        if (dice > 5) read_some(w, &w->watch[dice % READERS_MAX]);
    }
    expect_table(w->table, &w->model, w->kind != TABLE_BY_CONTENT);
    for (uint32_t i = 0; i < READERS_MAX; i++) {
        for (uint32_t n = 0; w->watch[i].reader && n < 1000; n++) read_some(w, &w->watch[i]);
        assert_null(w->watch[i].reader);
    }
    load_changes(w);
    load_rows(w);
    table_destroy(w->table);
    for (uint32_t i = 0; i < w->tolds; i++) {
        free((void *)(uintptr_t)w->told[i].before.at);
        free((void *)(uintptr_t)w->told[i].after.at);
    }
    free(w->told);
}

static void tables_are_lists_of_rows(enum table_kind kind, const char *name) {
    struct random random = random_start(name);
    uint64_t refused = 0;
    for (uint32_t i = 0; i < random_rounds(ROUNDS); i++) {
        struct world *w = calloc(1, sizeof *w);
        assert_non_null(w);
        w->random = random;
        w->kind = kind;
        round_of(w);
        random = w->random;
        refused += w->refused;
        free(w);
    }
    assert_true(refused > 0 || kind != TABLE_BY_KEY);
}

static void every_kind(void **unused) {
    (void)unused;
    tables_are_lists_of_rows(TABLE_BY_KEY, "by key");
    tables_are_lists_of_rows(TABLE_BY_NUMBER, "by number");
    tables_are_lists_of_rows(TABLE_BY_CONTENT, "by content");
}

static void wrong_changes(enum table_kind kind) {
    struct table *t = make_table(kind);
    struct err e;
    static const char row[] = "\1\5\0\0\0\0\0\0\0\1\7\0\0\0\0\0\0\0";
    struct text whole = {.at = row, .bytes = sizeof row - 1};
    const struct table_change first = {.number = 4, .after = whole};
    assert_true(table_load(t, &first, &e));
    assert_false(table_load(t, &first, &e));
    assert_string_equal(e.sqlstate, "XX001");
    for (uint32_t bytes = 0; bytes < whole.bytes; bytes++) {
        const struct table_change cut = {.number = 5, .after = {.at = row, .bytes = bytes}};
        assert_false(table_load(t, &cut, &e));
        assert_string_equal(e.sqlstate, "XX001");
    }
    const struct table_change gone = {.number = 4, .before = whole};
    assert_true(table_load(t, &gone, &e));
    assert_false(table_load(t, &gone, &e));
    assert_string_equal(e.sqlstate, "XX001");
    assert_true(table_loaded(t, &e));
    assert_int_equal(table_rows(t), 0);
    table_destroy(t);
}

/* What is stored may be damaged: it is refused, and nothing else happens. */
static void wrong_changes_are_refused(void **unused) {
    (void)unused;
    wrong_changes(TABLE_BY_KEY);
    wrong_changes(TABLE_BY_NUMBER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(wrong_changes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
