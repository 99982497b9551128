/* shrink.c: makes a differing pair small: each change is tried and kept when the sides still
 * differ, until none helps. */
#include <assert.h>
#include <string.h>

#include "tests/oracle/pair.h"

struct shrinker {
    struct oracle *oracle;
    struct pair *pair;
    struct arena *arena;
    uint32_t runs_left;
};

static bool differs(struct shrinker *s) {
    if (s->runs_left == 0) return false;
    s->runs_left--;
    char why[WHY_BYTES];
    memcpy(why, s->pair->why, sizeof why);
    if (!pair_run(s->oracle, s->pair)) return true;
    memcpy(s->pair->why, why, sizeof why);
    return false;
}

/* Puts `to` into *slot; keeps it if the sides still differ. */
static bool try_node(struct shrinker *s, struct node **slot, struct node *to) {
    struct node *before = *slot;
    *slot = to;
    if (differs(s)) return true;
    *slot = before;
    return false;
}

static bool try_bool(struct shrinker *s, bool *slot) {
    if (!*slot) return false;
    *slot = false;
    if (differs(s)) return true;
    *slot = true;
    return false;
}

static struct node *simplest(struct shrinker *s, struct otype type) {
    struct node *n = ARENA_NEW(s->arena, n);
    assert(n);
    n->kind = NODE_LITERAL;
    n->type = type;
    n->spelt = type.letter;
    n->literal.kind = type.letter == T_TEXT || type.letter == T_BLOB ? VALUE_TEXT
                      : type.letter == T_DOUBLE                      ? VALUE_REAL
                                                                     : VALUE_INT;
    return n;
}

static bool shrink_node(struct shrinker *s, struct node **slot) {
    struct node *n = *slot;
    if (!n || n->kind != NODE_OP) return false;

    for (uint32_t i = 0; i < n->args; i++) {
        if (otype_same(n->arg[i]->type, n->type) && try_node(s, slot, n->arg[i])) return true;
    }
    bool literal = !strchr("rapwg", n->type.letter);
    if (literal && try_node(s, slot, simplest(s, n->type))) return true;
    for (uint32_t i = 0; i < n->args; i++) {
        if (shrink_node(s, &n->arg[i])) return true;
    }
    return false;
}

static bool drop_item(struct shrinker *s, uint32_t at) {
    struct oquery *q = s->pair->query, before = *q;
    struct oquery second = q->second ? *q->second : before;

    if (q->items < 2) return false;
    memmove(&q->item[at], &q->item[at + 1], (q->items - at - 1) * sizeof q->item[0]);
    q->items--;
    if (q->second) {
        memmove(&q->second->item[at], &q->second->item[at + 1],
                (q->items - at) * sizeof q->item[0]);
        q->second->items--;
    }
    if (differs(s)) return true;
    *q = before;
    if (q->second) *q->second = second;
    return false;
}

static bool shrink_clauses(struct shrinker *s) {
    struct oquery *q = s->pair->query, before = *q;
    if (q->where && try_node(s, &q->where, NULL)) return true;
    if (q->inner && try_node(s, &q->inner, NULL)) return true;
    if (try_bool(s, &q->sorted)) return true;

    q->having.row = NULL;
    if (before.having.row && differs(s)) return true;
    *q = before;
    q->limit = -1;
    if (before.limit >= 0 && differs(s)) return true;
    *q = before;
    q->source = SOURCE_TABLE;
    q->inner = NULL;
    if (before.source != SOURCE_TABLE && differs(s)) return true;
    *q = before;
    q->emit = EMIT_NOTHING;
    if (before.emit != EMIT_NOTHING && differs(s)) return true;
    *q = before;
    q->second = NULL;
    q->kind = QUERY_ROWS;
    if (before.second && differs(s)) return true;
    *q = before;
    q->window.offset_us = 0;
    if (before.window.offset_us != 0 && differs(s)) return true;
    *q = before;
    return false;
}

/* A key stays an expression over columns: a literal would be a column's number. */
static bool shrink_key(struct shrinker *s, struct node **slot) {
    struct node *n = *slot;
    for (uint32_t i = 0; n->kind == NODE_OP && i < n->args; i++) {
        if (!n->arg[i]->has_column || !otype_same(n->arg[i]->type, n->type)) continue;
        if (try_node(s, slot, n->arg[i])) return true;
    }
    return false;
}

static bool shrink_trees(struct shrinker *s) {
    struct oquery *q = s->pair->query;
    for (uint32_t i = q->items; i-- > 0;) {
        struct oitem *item = &q->item[i];
        if (drop_item(s, i)) return true;
        if (shrink_node(s, &item->expr) || shrink_node(s, &item->agg.arg)) return true;
        if (item->agg.filter && try_node(s, &item->agg.filter, NULL)) return true;
        if (shrink_node(s, &item->agg.filter) || try_bool(s, &item->agg.distinct)) return true;
    }
    if (shrink_node(s, &q->where) || shrink_node(s, &q->inner)) return true;
    for (uint32_t i = 0; i < q->keys; i++) {
        if (shrink_key(s, &q->key[i])) return true;
    }
    return false;
}

static void copy_row(struct otable *t, uint32_t to, uint32_t from) {
    memmove(&t->cell[to * t->cols], &t->cell[from * t->cols], t->cols * sizeof t->cell[0]);
    t->bad[to] = t->bad[from];
}

/* Rows of `from` but [at, at + count). */
static struct otable *without_rows(struct shrinker *s, const struct otable *from, uint32_t at,
                                   uint32_t count) {
    struct otable *t = ARENA_NEW(s->arena, t);
    assert(t);
    *t = *from;
    size_t cells = (size_t)from->rows * from->cols;
    t->cell = arena_zalloc(s->arena, cells + 1, sizeof *t->cell);
    t->bad = arena_zalloc(s->arena, from->rows + 1u, sizeof *t->bad);
    t->watermark_us = arena_zalloc(s->arena, from->rows + 1u, sizeof *t->watermark_us);
    assert(t->cell && t->bad && t->watermark_us);
    memcpy(t->cell, from->cell, cells * sizeof *t->cell);
    memcpy(t->bad, from->bad, from->rows * sizeof *t->bad);
    for (uint32_t r = at + count; r < t->rows; r++) copy_row(t, r - count, r);
    t->rows -= count;
    table_watermarks(t);
    return t;
}

static void use_table(struct shrinker *s, struct otable *t) {
    s->pair->table = t;
    s->pair->query->table = t;
    if (s->pair->query->second) s->pair->query->second->table = t;
}

static bool shrink_rows(struct shrinker *s) {
    struct otable *before = s->pair->table;
    for (uint32_t count = (before->rows + 1) / 2; count > 0; count /= 2) {
        for (uint32_t at = 0; at + count <= before->rows && s->runs_left > 0; at += count) {
            struct otable *t = without_rows(s, before, at, count);
            use_table(s, t);
            if (pair_load(s->oracle, t) && differs(s)) return true;
        }
    }
    use_table(s, before);
    if (!pair_load(s->oracle, before)) s->runs_left = 0;
    return false;
}

void pair_shrink(struct oracle *o, struct pair *p, struct arena *a) {
    struct shrinker s = {.oracle = o, .pair = p, .arena = a, .runs_left = 3000};
    while (shrink_trees(&s) || shrink_clauses(&s) || shrink_rows(&s)) {}

    uint32_t rows = p->batch_rows, threads = p->threads;
    p->batch_rows = 2048;
    p->threads = 1;
    s.runs_left++;
    if (differs(&s)) return;
    p->batch_rows = rows;
    p->threads = threads;
}
