/* bind_select.c: whole queries: WITH, compounds, DISTINCT, ORDER BY, LIMIT.
 *
 * UNION, INTERSECT and EXCEPT group to the left, as in SQLite. A run of UNION ALL becomes a
 * balanced tree of Unions, so that no plan is as deep as a query is long; a run of UNION is the
 * same tree below one Distinct.
 */
#include <assert.h>

#include "sql/bind_core.h"

static struct rel *no_memory(struct err *e) {
    err_memory(e);
    return NULL;
}

static bool add_distinct(struct binder *b, struct rel *r, struct err *e) {
    struct plan *p = bind_plan(b, PLAN_DISTINCT, r->plan, e);
    if (p) r->plan = p;
    return p != NULL;
}

/* The cores of a compound, one after another. */
struct compound {
    struct binder *b;
    const struct ast_cores *cores;
    struct rel **rel;         /* [cores->count] of equal types */
    const struct type **type; /* [rel[0]->cols] what the columns have in common */
};

static const char *compound_word(enum ast_compound op) {
    static const char *const words[] = {[AST_COMPOUND_FIRST] = "",
                                        [AST_UNION] = "UNION",
                                        [AST_UNION_ALL] = "UNION ALL",
                                        [AST_INTERSECT] = "INTERSECT",
                                        [AST_EXCEPT] = "EXCEPT"};
    return words[op];
}

static bool bind_cores(struct compound *c, struct err *e) {
    for (uint32_t i = 0; i < c->cores->count; i++) {
        const struct ast_core *core = &c->cores->at[i];
        uint32_t visible;
        c->rel[i] = bind_core(c->b, core, NULL, &visible, e);
        if (!c->rel[i] || (core->distinct && !add_distinct(c->b, c->rel[i], e))) return false;
        if (c->rel[i]->cols == c->rel[0]->cols) continue;
        return bind_error(c->b, core->compound_at, e,
                          "42601: the sides of %s have %u and %u columns",
                          compound_word(core->compound), c->rel[0]->cols, c->rel[i]->cols);
    }
    return true;
}

static bool common_types(struct compound *c, struct err *e) {
    uint32_t cols = c->rel[0]->cols;
    c->type = ARENA_ARRAY(c->b->arena, c->type, cols);
    if (!c->type) return err_memory(e);
    for (uint32_t k = 0; k < cols; k++) {
        c->type[k] = c->rel[0]->col[k].type;
        for (uint32_t i = 1; i < c->cores->count; i++) {
            const struct type *t = c->rel[i]->col[k].type;
            const struct type *both = type_common(c->b->arena, c->type[k], t);
            if (!both) {
                bind_error(c->b, c->cores->at[i].compound_at, e,
                           "42804: column %u is %s on one side of %s and %s on the other", k + 1,
                           type_words(c->type[k]).at, compound_word(c->cores->at[i].compound),
                           type_words(t).at);
                return err_hint(e, "CAST one of them to the type of the other.");
            }
            c->type[k] = both;
        }
    }
    return true;
}

/* `r` with its columns as the common types. */
static struct rel *converted(struct compound *c, struct rel *r, struct err *e) {
    bool same = true;
    for (uint32_t k = 0; k < r->cols; k++) same &= type_equal(r->col[k].type, c->type[k]);
    if (same) return r;
    const struct expr **x = ARENA_ARRAY(c->b->arena, x, r->cols);
    if (!x) return no_memory(e);
    for (uint32_t k = 0; k < r->cols; k++) {
        x[k] = expr_column(c->b->arena, k, r->col[k].type, e);
        if (x[k]) x[k] = expr_cast(c->b->arena, x[k], c->type[k], e);
        if (!x[k]) return NULL;
        if (x[k]->kind == EXPR_COLUMN) continue;
        r->col[k].type = c->type[k];
        r->col[k].time = TIME_ROLE_NONE;
        r->col[k].part = WINDOW_PART_NONE;
        r->col[k].window = NULL;
    }
    return bind_project(c->b, r, x, r->col, r->cols, e);
}

/* What a column is when it may come from either side. */
static void meet(struct rel_col *x, const struct rel_col *y, bool keep_time) {
    x->not_null = x->not_null && y->not_null;
    if (!keep_time || x->time != y->time) x->time = TIME_ROLE_NONE;
    bool same = x->window && y->window && x->part == y->part &&
                x->window->proctime == y->window->proctime &&
                x->window->precision == y->window->precision;
    if (keep_time && same) return;
    x->part = WINDOW_PART_NONE;
    x->window = NULL;
}

static struct rel *two_inputs(struct binder *b, enum plan_kind kind, struct rel *x, struct rel *y,
                              struct err *e) {
    struct plan *p = bind_plan(b, kind, x->plan, e);
    if (!p) return NULL;
    p->input[1] = y->plan;
    p->inputs = 2;
    for (uint32_t k = 0; k < x->cols; k++) meet(&x->col[k], &y->col[k], kind == PLAN_UNION);
    p->schema = bind_schema(b, x->col, x->cols, e);
    if (!p->schema) return NULL;
    x->plan = p;
    x->bounded = x->bounded && y->bounded;
    return x;
}

/* All of rel[0..count) by UNION ALL, as a tree of least height. */
static struct rel *union_all(struct binder *b, struct rel **rel, uint32_t count, struct err *e) {
    assert(count > 0);
    if (count == 1) return rel[0];
    struct rel *x = union_all(b, rel, count / 2, e);
    struct rel *y = x ? union_all(b, rel + count / 2, count - count / 2, e) : NULL;
    return y ? two_inputs(b, PLAN_UNION, x, y, e) : NULL;
}

/* A run of UNION ALL or UNION: cores from .. to, perhaps without duplicates. */
struct run {
    uint32_t from, to;
    bool distinct;
};

static bool close_run(struct compound *c, struct run *r, struct err *e) {
    struct rel *all = union_all(c->b, &c->rel[r->from], r->to - r->from, e);
    if (!all || (r->distinct && !add_distinct(c->b, all, e))) return false;
    r->from = r->to - 1;
    r->distinct = false;
    c->rel[r->from] = all;
    return true;
}

static bool set_operation(struct compound *c, struct run *r, uint32_t i, struct err *e) {
    if (!close_run(c, r, e)) return false;
    struct rel *both = two_inputs(c->b, PLAN_SET_OPERATION, c->rel[r->from], c->rel[i], e);
    if (!both) return false;
    /* Ours to write: two_inputs() made it. */
    ((struct plan *)both->plan)->as.set_operation.except = c->cores->at[i].compound == AST_EXCEPT;
    *r = (struct run){.from = i, .to = i + 1};
    c->rel[i] = both;
    return true;
}

static struct rel *bind_compound(struct binder *b, const struct ast_select *s, struct err *e) {
    struct compound c = {.b = b, .cores = &s->cores};
    uint32_t deep = 0;
    c.rel = ARENA_ARRAY(b->arena, c.rel, s->cores.count);
    if (!c.rel) return no_memory(e);
    if (!bind_cores(&c, e) || !common_types(&c, e)) return NULL;
    for (uint32_t i = 0; i < s->cores.count; i++) {
        c.rel[i] = converted(&c, c.rel[i], e);
        if (!c.rel[i]) return NULL;
    }
    struct run r = {.from = 0, .to = 1};
    for (uint32_t i = 1; i < s->cores.count; i++) {
        enum ast_compound op = s->cores.at[i].compound;
        bool set = op == AST_INTERSECT || op == AST_EXCEPT;
        bool ends = set || (op == AST_UNION_ALL && r.distinct);
        if (ends && deep++ == BIND_DEPTH_MAX) {
            bind_error(b, s->cores.at[i].compound_at, e,
                       "54000: more than %d set operations in a row", BIND_DEPTH_MAX);
            return NULL;
        }
        if (set) {
            if (!set_operation(&c, &r, i, e)) return NULL;
            continue;
        }
        if (ends && !close_run(&c, &r, e)) return NULL;
        r.distinct |= op == AST_UNION;
        r.to = i + 1;
    }
    return close_run(&c, &r, e) ? c.rel[r.from] : NULL;
}

static bool compound_terms(struct binder *b, const struct rel *r, struct order_terms *terms,
                           struct err *e) {
    for (uint32_t i = 0; i < terms->by->count; i++) {
        const struct ast_expr *x = terms->by->at[i].expr;
        int32_t col = bind_order_name(b, r, r->cols, x, e);
        if (col < 0 && e->code != ERR_NONE) return false;
        if (col < 0) {
            bind_error(b, x->start, e,
                       "42703: ORDER BY of a compound takes columns of the result only");
            return err_hint(e, "Name it with AS in the first SELECT, or use its position.");
        }
        terms->col[i] = (uint32_t)col;
    }
    return true;
}

/* LIMIT or OFFSET: a constant; `none` where it is not there, NULL or negative. */
static bool row_count(struct binder *b, const struct ast_expr *x, const char *clause, int64_t none,
                      int64_t *out, struct err *e) {
    *out = none;
    if (!x) return true;
    struct expr_scope s = {.b = b, .clause = clause};
    int64_t n;
    bool null;
    if (!bind_constant_i64(&s, x, &type_bigint, &n, &null, e)) return false;
    if (!null && n >= 0) *out = n;
    return true;
}

/* ORDER BY of rows that never end: the sorted result would never be there. */
static bool no_end(struct binder *b, uint32_t at, struct err *e) {
    const struct plan_input *endless = NULL;
    for (uint32_t i = 0; i < b->inputs && !endless; i++) {
        if (!b->input[i].bounded) endless = &b->input[i];
    }
    assert(endless);
    struct text name = endless->def->name;
    bind_unsupported(b, at, e, "ORDER BY needs rows that end, and those of \"%.*s\" do not%s",
                     TEXT_ARG(name),
                     b->emit == AST_EMIT_CHANGES ? ": EMIT CHANGES gives them as they come" : "");
    if (memchr(name.at, '$', name.bytes))
        return err_hint(e, "Without EMIT CHANGES what it holds now is read.");
    if (bind_is_kept(endless->def))
        return err_hint(e, "TABLE(%.*s) reads what it holds now, and ends.", TEXT_ARG(name));
    return err_hint(e, "Leave ORDER BY out: rows come in the order in which they happen.");
}

static bool add_sort(struct binder *b, struct rel *r, const struct order_terms *terms,
                     const struct plan_limit *limit, struct err *e) {
    uint32_t at = terms->by->at[0].expr->start;
    if (!r->bounded) return no_end(b, at, e);
    struct plan *p = bind_plan(b, PLAN_SORT, r->plan, e);
    struct sort_key *key = p ? ARENA_ARRAY(b->arena, key, terms->by->count) : NULL;
    if (!p) return false;
    if (!key) return err_memory(e);
    for (uint32_t i = 0; i < terms->by->count; i++) {
        const struct ast_order *o = &terms->by->at[i];
        const struct type *t = r->col[terms->col[i]].type;
        if (!type_is_ordered(t))
            return bind_error(b, o->expr->start, e, "42804: %s has no order", type_words(t).at);
        key[i] = (struct sort_key){
            .col = terms->col[i], .descending = o->descending, .nulls_last = !o->nulls_first};
    }
    int64_t rows = -1;
    if (limit->limit >= 0 && limit->limit < INT64_MAX - limit->offset)
        rows = limit->limit + limit->offset;
    p->as.sort = (struct plan_sort){.keys = terms->by->count, .key = key, .limit = rows};
    r->plan = p;
    for (uint32_t i = 0; i < r->cols; i++) r->col[i].time = TIME_ROLE_NONE;
    return true;
}

static bool add_limit(struct binder *b, struct rel *r, const struct plan_limit *limit,
                      struct err *e) {
    if (limit->limit < 0 && limit->offset == 0) return true;
    struct plan *p = bind_plan(b, PLAN_LIMIT, r->plan, e);
    if (!p) return false;
    p->as.limit = *limit;
    r->plan = p;
    return true;
}

/* Without the columns that only ORDER BY wanted. */
static struct rel *drop_hidden(struct binder *b, struct rel *r, uint32_t visible, struct err *e) {
    if (visible == r->cols) return r;
    const struct expr **x = ARENA_ARRAY(b->arena, x, visible);
    if (!x) return no_memory(e);
    for (uint32_t i = 0; i < visible; i++) {
        x[i] = expr_column(b->arena, i, r->col[i].type, e);
        if (!x[i]) return NULL;
    }
    return bind_project(b, r, x, r->col, visible, e);
}

static struct rel *bind_body(struct binder *b, const struct ast_select *s, struct err *e) {
    const struct ast_core *core = &s->cores.at[0];
    bool plain = s->cores.count == 1 && core->items.count > 0;
    struct order_terms terms = {.by = &s->order_by};
    struct order_terms *asked = s->order_by.count > 0 ? &terms : NULL;
    terms.col = ARENA_ARRAY(b->arena, terms.col, s->order_by.count);
    struct plan_limit limit;
    uint32_t visible = 0;
    if (!terms.col) return no_memory(e);
    if (!row_count(b, s->limit, "LIMIT", -1, &limit.limit, e)) return NULL;
    if (!row_count(b, s->offset, "OFFSET", 0, &limit.offset, e)) return NULL;

    struct rel *r = plain ? bind_core(b, core, asked, &visible, e) : bind_compound(b, s, e);
    if (!r) return NULL;
    if (plain && core->distinct && !add_distinct(b, r, e)) return NULL;
    if (!plain) visible = r->cols;
    if (!plain && asked && !compound_terms(b, r, asked, e)) return NULL;
    if (asked && !add_sort(b, r, asked, &limit, e)) return NULL;
    if (!add_limit(b, r, &limit, e)) return NULL;
    return drop_hidden(b, r, visible, e);
}

struct rel *bind_query(struct binder *b, const struct ast_select *s, bool top, struct err *e) {
    if (!top && s->emit != AST_EMIT_DEFAULT) {
        bind_unsupported(b, s->emit_at, e, "EMIT stands at the end of a statement only");
        return NULL;
    }
    if (b->depth == BIND_DEPTH_MAX) {
        bind_error(b, s->start, e, "54000: queries nest more than %d deep", BIND_DEPTH_MAX);
        return NULL;
    }
    struct cte_scope scope = {.ctes = &s->ctes, .outer = b->ctes};
    const struct cte_scope *outer = b->ctes;
    b->depth++;
    if (s->ctes.count > 0) b->ctes = &scope;
    struct rel *r = bind_body(b, s, e);
    b->ctes = outer;
    b->depth--;
    return r;
}
