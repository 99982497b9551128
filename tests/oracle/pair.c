/* pair.c: runs a pair: the query is spelt twice, the answers are compared. */
#include "tests/oracle/pair.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool pair_load(struct oracle *o, const struct otable *t) {
    struct buf b;
    buf_init(&b);
    table_sqlite(t, &b);
    bool good = lite_run(o->lite, b.at);

    if (!o->no_weir) {
        buf_reset(&b);
        table_ndjson(t, &b);
        side_file(o->side, "t.ndjson", buf_text(&b));
        buf_reset(&b);
        if (o->loaded) buf_addf(&b, "DROP STREAM %s;\n", t->name);
        table_declare(t, "t.ndjson", &b);
        good = side_run(o->side, b.at) && good;
        o->loaded = good ? t->name : NULL;
    }
    assert(!b.failed);
    buf_done(&b);
    return good;
}

/* Puts the pair's wrong item behind the first SELECT. */
static void break_text(const struct pair *p, struct buf *sql) {
    if (!p->broken) return;
    struct buf out;
    buf_init(&out);
    const char *at = strstr(sql->at, "SELECT ");
    assert(at);
    at += strlen("SELECT ");
    if (strncmp(at, "DISTINCT ", 9) == 0) at += 9;
    buf_add(&out, sql->at, (size_t)(at - sql->at));
    buf_addf(&out, "%s, %s", p->broken, at);
    buf_done(sql);
    *sql = out;
}

struct texts {
    struct buf weir, before, after, lite;
};

static void texts_make(const struct pair *p, struct texts *t) {
    buf_init(&t->weir);
    buf_init(&t->before);
    buf_init(&t->after);
    buf_init(&t->lite);
    query_weir(p->query, &t->weir, &t->before, &t->after);
    query_sqlite(p->query, &t->lite);
    break_text(p, &t->weir);
    break_text(p, &t->lite);
    assert(!t->weir.failed && !t->before.failed && !t->lite.failed);
}

static void texts_done(struct texts *t) {
    buf_done(&t->weir);
    buf_done(&t->before);
    buf_done(&t->after);
    buf_done(&t->lite);
}

struct answers {
    struct rows lite, weir;
    struct otype types[ITEMS_MAX * 2];
    uint32_t failed_rows;
};

static void ask_weir(struct oracle *o, const struct pair *p, const struct texts *t,
                     struct answers *a) {
    char number[16];
    snprintf(number, sizeof number, "%u", p->batch_rows);
    bool good = side_set(o->side, "batch-rows", number);
    snprintf(number, sizeof number, "%u", p->threads);
    good = side_set(o->side, "threads", number) && good;
    good = side_set(o->side, "on-error", p->query->stop_on_error ? "fail" : "skip") && good;
    assert(good);

    struct rows nothing = {.arena = &o->arena};
    if (t->before.bytes > 0) side_query(o->side, t->before.at, &nothing, NULL);
    if (nothing.failed) {
        a->weir = nothing;
        return;
    }
    side_query(o->side, t->weir.at, &a->weir, a->types);
    if (t->after.bytes > 0) side_query(o->side, t->after.at, &nothing, NULL);
}

static void ask_lite(struct oracle *o, const struct pair *p, const struct texts *t,
                     struct answers *a) {
    if (p->query->row_by_row) {
        lite_query_rows(o->lite, t->lite.at, p->table->rows, &a->lite, &a->failed_rows);
    } else {
        lite_query(o->lite, t->lite.at, &a->lite);
    }
}

static void answers_init(struct oracle *o, struct answers *a) {
    *a = (struct answers){.lite.arena = &o->arena, .weir.arena = &o->arena};
}

/* The type that an item must have; letter 0: it depends. */
static struct otype item_type(const struct oquery *q, uint32_t i) {
    const struct oitem *item = &q->item[i];
    switch (item->kind) {
    case ITEM_EXPR: return item->expr->type;
    case ITEM_KEY: return q->key[item->key]->type;
    case ITEM_START:
    case ITEM_END:
    case ITEM_ROWTIME: return (struct otype){.letter = T_TIMESTAMP};
    case ITEM_AGG: break;
    }
    char letter = item->agg.row->result;
    if (letter == T_ANY) return item->agg.arg->type;
    if (letter == T_DECIMAL) return (struct otype){0};
    return (struct otype){.letter = letter};
}

static bool types_agree(struct pair *p, const struct answers *a) {
    if (a->weir.cols != p->query->items) {
        snprintf(p->why, WHY_BYTES, "weir gives %u columns, not %u", a->weir.cols, p->query->items);
        return false;
    }
    for (uint32_t i = 0; i < a->weir.cols; i++) {
        struct otype wanted = item_type(p->query, i), got = a->types[i];
        if (wanted.letter == '\0' || otype_same(wanted, got)) continue;
        snprintf(p->why, WHY_BYTES, "column %u has type %c scale %u, not %c scale %u", i + 1,
                 got.letter, got.scale, wanted.letter, wanted.scale);
        return false;
    }
    return true;
}

static bool judge_broken(struct pair *p, const struct answers *a) {
    p->errors = true;
    if (p->lite_fails && !a->lite.failed) {
        snprintf(p->why, WHY_BYTES, "SQLite took a query that is wrong");
        return false;
    }
    if (strcmp(a->weir.sqlstate, p->sqlstate) == 0) return true;
    snprintf(p->why, WHY_BYTES, "expected error %s, weir: %s %.200s", p->sqlstate,
             a->weir.failed ? a->weir.sqlstate : "no error", a->weir.message);
    return false;
}

static bool judge(struct pair *p, const struct answers *a) {
    enum close close[ITEMS_MAX];
    struct compare how = query_compare(p->query, close);

    p->why[0] = '\0';
    p->rows = a->lite.count;
    if (p->broken) return judge_broken(p, a);
    p->errors = a->lite.failed || a->failed_rows > 0;
    if (rows_compare(&a->lite, &a->weir, &how, p->why)) return false;
    return a->weir.failed || types_agree(p, a);
}

/* Leaves a script that can be run, with its data, behind in shared memory. */
static void write_note(struct oracle *o, const struct pair *p, const struct texts *t) {
    struct buf b;
    buf_init(&b);
    buf_addf(&b, "q.sql (--set batch-rows=%u --threads %u):\n", p->batch_rows, p->threads);
    table_declare(p->table, "t.ndjson", &b);
    buf_addf(&b, "%s\n%s\nt.ndjson:\n", t->before.bytes > 0 ? t->before.at : "", t->weir.at);
    table_ndjson(p->table, &b);
    snprintf(o->note, NOTE_BYTES, "%s", b.at);
    buf_done(&b);
}

bool pair_run(struct oracle *o, struct pair *p) {
    struct arena_mark mark = arena_mark(&o->arena);
    struct texts t;
    struct answers a;

    texts_make(p, &t);
    answers_init(o, &a);
    ask_lite(o, p, &t, &a);
    if (o->no_weir) {
        a.weir = a.lite;
        if (a.lite.failed && a.lite.sqlstate[0] == '\0' && !p->broken) {
            printf("SQLite: %s in: %s\n", a.lite.message, t.lite.at);
        }
    } else {
        write_note(o, p, &t);
        ask_weir(o, p, &t, &a);
    }
    bool good = judge(p, &a) || o->no_weir;
    texts_done(&t);
    arena_rewind(&o->arena, mark);
    return good;
}

void pair_print(struct oracle *o, struct pair *p) {
    struct arena_mark mark = arena_mark(&o->arena);
    struct texts t;
    struct answers a;
    struct buf out;

    texts_make(p, &t);
    answers_init(o, &a);
    ask_lite(o, p, &t, &a);
    ask_weir(o, p, &t, &a);
    buf_init(&out);
    buf_addf(&out, "---- %s\nt.ndjson:\n", p->why);
    table_ndjson(p->table, &out);
    buf_addf(&out, "q.sql (--set batch-rows=%u --threads %u):\n", p->batch_rows, p->threads);
    table_declare(p->table, "t.ndjson", &out);
    if (p->query->stop_on_error) buf_add_str(&out, "SET 'on-error' = 'fail';\n");
    if (t.before.bytes > 0) buf_addf(&out, "%s\n", t.before.at);
    buf_addf(&out, "%s\n", t.weir.at);
    rows_print(&out, &a.weir);
    buf_add_str(&out, "SQLite:\n");
    table_sqlite(p->table, &out);
    buf_addf(&out, "%s;\n", t.lite.at);
    rows_print(&out, &a.lite);
    buf_add_str(&out, "----\n");
    fwrite(out.at, 1, out.bytes, stdout);
    fflush(stdout);
    buf_done(&out);
    texts_done(&t);
    arena_rewind(&o->arena, mark);
}
