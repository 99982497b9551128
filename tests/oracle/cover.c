/* cover.c: one list of names; a pair marks those that occur in it, each once. */
#include "tests/oracle/cover.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DEMAND = 100, DEMAND_PAIRS = 20000 };

static const char *const kinds[] = {"SELECT", "DISTINCT", "GROUP BY", "aggregate without GROUP BY",
                                    "compound"};
static const char *const sources[] = {"stream", "subquery", "WITH", "view"};
static const char *const forms[] = {"no window", "TUMBLE", "HOP", "CUMULATE", "SESSION"};
static const char *const spellings[] = {"FROM TABLE(TUMBLE(", "named arguments", "FROM TUMBLE(",
                                        "as RisingWave", "GROUP BY TUMBLE("};
static const char *const emits[] = {"no EMIT", "EMIT CHANGES", "EMIT FINAL"};
static const char *const clauses[] = {"WHERE",    "HAVING", "ORDER BY",           "LIMIT",
                                      "OFFSET",   "FILTER", "DISTINCT aggregate", "bad rows",
                                      "late rows"};
static const char *const sets[] = {"UNION ALL", "UNION", "INTERSECT", "EXCEPT"};
static const char type_letters[] = "bifntxsdmrapwg";
static const char *const types[] = {"BOOLEAN", "BIGINT",    "DOUBLE", "DECIMAL", "TEXT",
                                    "BLOB",    "TIMESTAMP", "DATE",   "TIME",    "ROW",
                                    "ARRAY",   "MAP",       "TENSOR", "IMAGE"};

/* Where the parts of the list begin. */
struct parts {
    uint32_t aggs, types, kinds, sources, forms, spellings, emits, clauses, sets, end;
};

static struct parts parts_of(void) {
    struct parts p = {.aggs = op_count + time_count};
    p.types = p.aggs + agg_count;
    p.kinds = p.types + COUNT_OF(types);
    p.sources = p.kinds + COUNT_OF(kinds);
    p.forms = p.sources + COUNT_OF(sources);
    p.spellings = p.forms + COUNT_OF(forms);
    p.emits = p.spellings + COUNT_OF(spellings);
    p.clauses = p.emits + COUNT_OF(emits);
    p.sets = p.clauses + COUNT_OF(clauses);
    p.end = p.sets + COUNT_OF(sets);
    return p;
}

static void add_names(struct cover *c, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) c->name[c->names++] = names[i];
}

void cover_init(struct cover *c) {
    *c = (struct cover){0};
    assert(parts_of().end <= COVER_MAX);
    for (uint32_t i = 0; i < op_count + time_count; i++) c->name[c->names++] = op_at(i)->name;
    for (uint32_t i = 0; i < agg_count; i++) c->name[c->names++] = agg_rows[i].name;
    add_names(c, types, COUNT_OF(types));
    add_names(c, kinds, COUNT_OF(kinds));
    add_names(c, sources, COUNT_OF(sources));
    add_names(c, forms, COUNT_OF(forms));
    add_names(c, spellings, COUNT_OF(spellings));
    add_names(c, emits, COUNT_OF(emits));
    add_names(c, clauses, COUNT_OF(clauses));
    add_names(c, sets, COUNT_OF(sets));
    assert(c->names == parts_of().end);
}

static void mark_types(const struct node *n, uint8_t *mark) {
    if (!n) return;
    const char *at = strchr(type_letters, n->type.letter);
    if (at && n->type.letter) mark[parts_of().types + (uint32_t)(at - type_letters)] = 1;
    for (uint32_t i = 0; i < n->args; i++) mark_types(n->arg[i], mark);
}

static void mark_node(const struct node *n, uint8_t *mark) {
    draw_count(n, mark);
    mark_types(n, mark);
}

static void mark_agg(const struct oagg *a, uint8_t *mark) {
    struct parts p = parts_of();
    if (!a->row) return;
    mark[p.aggs + (uint32_t)(a->row - agg_rows)] = 1;
    mark[p.clauses + 5] |= a->filter != NULL;
    mark[p.clauses + 6] |= a->distinct;
    mark_node(a->arg, mark);
    mark_node(a->filter, mark);
}

static void mark_rows(const struct otable *t, uint8_t *mark) {
    struct parts p = parts_of();
    for (uint32_t r = 0; r < t->rows; r++) {
        const struct value *ts = &t->cell[r * t->cols];
        mark[p.clauses + 7] |= t->bad[r];
        bool timed = t->timed && ts->kind != VALUE_NULL;
        mark[p.clauses + 8] |= timed && ts->integer < t->watermark_us[r];
    }
}

static void mark_query(const struct oquery *q, uint8_t *mark) {
    struct parts p = parts_of();
    mark[p.kinds + q->kind] = 1;
    mark[p.sources + q->source] = 1;
    mark[p.forms + q->window.form] = 1;
    if (q->window.form != FORM_NONE) mark[p.spellings + q->window.spelling] = 1;
    mark[p.emits + q->emit] = 1;
    mark[p.clauses + 0] |= q->where != NULL;
    mark[p.clauses + 1] |= q->having.row != NULL;
    mark[p.clauses + 2] |= q->sorted;
    mark[p.clauses + 3] |= q->limit >= 0;
    mark[p.clauses + 4] |= q->limit >= 0 && q->offset >= 0;
    for (uint32_t i = 0; i < COUNT_OF(sets) && q->second; i++) {
        mark[p.sets + i] |= strcmp(q->set_operator, sets[i]) == 0;
    }
    for (uint32_t i = 0; i < q->items; i++) {
        mark_node(q->item[i].expr, mark);
        mark_agg(&q->item[i].agg, mark);
    }
    for (uint32_t i = 0; i < q->keys; i++) mark_node(q->key[i], mark);
    mark_node(q->where, mark);
    mark_node(q->inner, mark);
    mark_agg(&q->having, mark);
    if (q->second) mark_query(q->second, mark);
}

void cover_add(struct cover *c, const struct pair *p) {
    uint8_t mark[COVER_MAX] = {0};
    mark_query(p->query, mark);
    mark_rows(p->table, mark);
    for (uint32_t i = 0; i < c->names; i++) c->count[i] += mark[i];
    c->pairs++;
    c->with_rows += p->rows > 0;
    c->with_errors += p->errors;
}

bool cover_check(const struct cover *c) {
    uint64_t demand = (uint64_t)DEMAND * c->pairs / DEMAND_PAIRS;
    if (demand > DEMAND) demand = DEMAND;
    bool good = true;
    for (uint32_t i = 0; i < c->names; i++) {
        if (c->count[i] >= demand) continue;
        printf("only %u pairs have %s\n", c->count[i], c->name[i]);
        good = false;
    }
    printf("%u pairs: %u return rows, %u have an error, %u names occur at least %u times each\n",
           c->pairs, c->with_rows, c->with_errors, c->names, (unsigned)demand);
    return good && c->with_rows * 2 >= c->pairs && c->with_errors * 10 >= c->pairs;
}
