/* bind_core.c: see bind_core.h.
 *
 * The clauses are bound in the order in which they act: FROM, WHERE, GROUP BY, the SELECT list
 * (which gathers aggregates), HAVING, ORDER BY, and then planned: filter, aggregation, filter,
 * projection. An integer in GROUP BY or ORDER BY is the position of a SELECT item.
 */
#include "sql/bind_core.h"

#include <assert.h>
#include <stdio.h>

#include "sql/bind_model.h"

/* What is known of a core while it is bound. */
struct core {
    struct binder *b;
    const struct ast_core *ast;
    struct rel *from; /* with WHERE */
    struct grouping by;
    struct group_window window;
    bool is_grouped;
    uint32_t items, capacity, item_cols; /* SELECT list, stars written out */
    const struct expr **item;
    struct text *name;
    uint32_t names_capacity;
    const struct expr *having;
    uint32_t visible;
    struct order_terms *terms;
};

static struct expr_scope scope_of(struct core *c, const char *clause) {
    return (struct expr_scope){
        .b = c->b, .rel = c->from, .clause = clause, .aliases = &c->ast->items, .models = true};
}

static bool add_item(struct core *c, const struct expr *x, struct text name, struct err *e) {
    if (c->items == TYPE_FIELDS_MAX)
        return err_set(e, ERR_SQL, "54000", "a result has at most %d columns", TYPE_FIELDS_MAX);
    if (!bind_grow(c->b, &c->item, &c->capacity, c->items, sizeof *c->item, e)) return false;
    if (!bind_grow(c->b, &c->name, &c->names_capacity, c->items, sizeof *c->name, e)) return false;
    c->item[c->items] = x;
    c->name[c->items++] = name;
    return true;
}

/* A SELECT without FROM: one row, with a column that no name reaches. */
static struct rel *one_row(struct binder *b, struct err *e) {
    struct plan *p = bind_plan(b, PLAN_VALUES, NULL, e);
    struct rel_col *col = p ? ARENA_NEW(b->arena, col) : NULL;
    struct rel *r = col ? ARENA_NEW(b->arena, r) : NULL;
    const struct expr **value = r ? ARENA_NEW(b->arena, value) : NULL;
    if (!p) return NULL;
    if (!value) {
        err_memory(e);
        return NULL;
    }
    col->type = &type_bigint;
    p->schema = bind_schema(b, col, 1, e);
    value[0] = expr_i64(b->arena, &type_bigint, 0, e);
    if (!p->schema || !value[0]) return NULL;
    p->as.values = (struct plan_values){.rows = 1, .expr = value};
    *r = (struct rel){.plan = p, .cols = 0, .col = col, .bounded = true};
    return r;
}

static bool bind_from(struct core *c, struct err *e) {
    const struct ast_from *from = &c->ast->from;
    bool named = from->count > 0 && from->at[0].kind != AST_SOURCE_UNNEST;
    for (uint32_t i = 1; i < from->count; i++) {
        if (from->at[i].kind == AST_SOURCE_UNNEST) continue;
        bind_unsupported(c->b, from->at[i].join_at, e, "joins are not supported yet");
        return err_hint(e, "One stream, table, view or subquery can stand in FROM, and UNNEST "
                           "behind it.");
    }
    c->from = named ? bind_source(c->b, &from->at[0], e) : one_row(c->b, e);
    for (uint32_t i = named; c->from && i < from->count; i++) {
        c->from = bind_unnest(c->b, c->from, &from->at[i], e);
    }
    return c->from != NULL;
}

static bool add_filter(struct core *c, struct rel *r, const struct expr *predicate, struct err *e) {
    struct plan *p = bind_plan(c->b, PLAN_FILTER, r->plan, e);
    if (!p) return false;
    p->as.filter.predicate = predicate;
    r->plan = p;
    return true;
}

static bool bind_where(struct core *c, struct err *e) {
    if (!c->ast->where) return true;
    struct expr_scope s = scope_of(c, "WHERE");
    const struct expr *x = bind_truth(&s, c->ast->where, e);
    return x && add_filter(c, c->from, x, e);
}

/* The SELECT item that an integer literal points at; NULL with e->code ERR_NONE: x is none. */
static const struct ast_expr *item_at(struct core *c, const struct ast_expr *x, const char *clause,
                                      struct err *e) {
    err_clear(e);
    if (x->kind != AST_EXPR_LITERAL || x->as.literal.kind != AST_INTEGER) return NULL;
    struct text digits = x->as.literal.text;
    uint32_t n = 0;
    for (uint32_t i = 0; i < digits.bytes && n <= TYPE_FIELDS_MAX; i++)
        n = n * 10 + (uint32_t)(digits.at[i] - '0');
    const struct ast_items *items = &c->ast->items;
    if (n < 1 || n > items->count || items->at[n - 1].kind != AST_ITEM_EXPR) {
        bind_error(c->b, x->start, e, "42803: %s position %.*s is not in the SELECT list", clause,
                   TEXT_ARG(digits));
        return NULL;
    }
    return items->at[n - 1].expr;
}

static bool bind_key(struct core *c, struct expr_scope *s, const struct ast_expr *x,
                     struct err *e) {
    const struct ast_expr *item = item_at(c, x, "GROUP BY", e);
    if (!item && e->code != ERR_NONE) return false;
    if (item) x = item;
    bool is_window;
    struct group_window w;
    if (!bind_group_window(s, x, &is_window, &w, e)) return false;
    if (is_window && c->by.window)
        return bind_unsupported(c->b, x->start, e, "GROUP BY takes one window, not two");
    if (is_window) {
        c->window = w;
        c->by.window = &c->window;
        return true;
    }
    const struct expr *key = bind_expr(s, x, e);
    if (!key) return false;
    c->by.key[c->by.keys++] = key;
    return true;
}

static bool bind_group_by(struct core *c, struct err *e) {
    const struct ast_exprs *by = &c->ast->group_by;
    c->by.key = ARENA_ARRAY(c->b->arena, c->by.key, by->count);
    if (!c->by.key) return err_memory(e);
    struct expr_scope s = scope_of(c, "GROUP BY");
    for (uint32_t i = 0; i < by->count; i++) {
        if (!bind_key(c, &s, by->at[i], e)) return false;
    }
    c->is_grouped = by->count > 0;
    return true;
}

static bool add_star(struct core *c, const struct ast_item *item, struct err *e) {
    bool all = item->kind == AST_ITEM_STAR;
    uint32_t before = c->items;
    for (uint32_t i = 0; i < c->from->cols; i++) {
        const struct rel_col *col = &c->from->col[i];
        if (!all && !text_equal_fold(col->table, item->table.text)) continue;
        const struct expr *x = expr_make(
            c->b->arena,
            &(struct expr_parts){
                .kind = EXPR_COLUMN, .type = col->type, .at = bind_at(c->b, item->at), .column = i},
            e);
        if (!x || !add_item(c, x, col->name, e)) return false;
    }
    if (c->items > before) return true;
    if (all) return bind_error(c->b, item->at, e, "42601: SELECT * needs a FROM");
    return bind_error(c->b, item->table.at, e, "42P01: there is no \"%.*s\" in FROM",
                      TEXT_ARG(item->table.text));
}

/* A column keeps its name, as does a field; what is computed is called as it was written. */
static struct text item_name(struct core *c, const struct ast_item *item, const struct expr *x) {
    if (item->alias.text.bytes > 0) return item->alias.text;
    const struct ast_expr *ast = item->expr;
    if (ast->kind == AST_EXPR_FIELD) return ast->as.field.name.text;
    if (ast->kind == AST_EXPR_COLUMN) {
        const struct ast_names *n = &ast->as.column;
        if (x->kind == EXPR_COLUMN && x->column < c->from->cols)
            return c->from->col[x->column].name;
        return n->at[n->count - 1].text;
    }
    return bind_slice(c->b, ast->start, ast->end);
}

static bool bind_items(struct core *c, struct err *e) {
    struct expr_scope s = scope_of(c, "SELECT");
    s.aliases = NULL;
    s.aggregates = &c->by.aggregates;
    s.window = c->by.window;
    for (uint32_t i = 0; i < c->ast->items.count; i++) {
        const struct ast_item *item = &c->ast->items.at[i];
        if (item->kind != AST_ITEM_EXPR) {
            if (!add_star(c, item, e)) return false;
            continue;
        }
        const struct expr *x = bind_expr(&s, item->expr, e);
        if (!x || !add_item(c, x, item_name(c, item, x), e)) return false;
    }
    c->visible = c->items;
    return true;
}

static bool bind_having(struct core *c, struct err *e) {
    if (!c->ast->having) return true;
    struct expr_scope s = scope_of(c, "HAVING");
    s.aggregates = &c->by.aggregates;
    s.window = c->by.window;
    c->having = bind_truth(&s, c->ast->having, e);
    c->is_grouped = true;
    return c->having != NULL;
}

int32_t bind_order_name(struct binder *b, const struct rel *r, uint32_t cols,
                        const struct ast_expr *x, struct err *e) {
    err_clear(e);
    if (x->kind == AST_EXPR_LITERAL && x->as.literal.kind == AST_INTEGER) {
        struct text digits = x->as.literal.text;
        uint32_t n = 0;
        for (uint32_t i = 0; i < digits.bytes && n <= cols; i++)
            n = n * 10 + (uint32_t)(digits.at[i] - '0');
        if (n >= 1 && n <= cols) return (int32_t)n - 1;
        bind_error(b, x->start, e, "42803: ORDER BY position %.*s is not in the SELECT list",
                   TEXT_ARG(digits));
        return -1;
    }
    if (x->kind != AST_EXPR_COLUMN || x->as.column.count != 1) return -1;
    for (uint32_t i = 0; i < cols; i++) {
        if (text_equal_fold(r->col[i].name, x->as.column.at[0].text)) return (int32_t)i;
    }
    return -1;
}

/* The item that an ORDER BY term means: by position, by name, by being the same expression; else a
 * new one behind the visible ones. */
static bool bind_term(struct core *c, struct expr_scope *s, const struct ast_expr *ast,
                      uint32_t *col, struct err *e) {
    struct rel_col *names = ARENA_ARRAY(c->b->arena, names, c->visible);
    if (!names) return err_memory(e);
    for (uint32_t i = 0; i < c->visible; i++) names[i].name = c->name[i];
    struct rel list = {.cols = c->visible, .col = names};
    int32_t found = bind_order_name(c->b, &list, c->visible, ast, e);
    if (found >= 0) *col = (uint32_t)found;
    if (found >= 0 || e->code != ERR_NONE) return found >= 0;

    const struct expr *x = bind_expr(s, ast, e);
    if (!x) return false;
    for (*col = 0; *col < c->items; (*col)++) {
        if (expr_same(c->item[*col], x)) return true;
    }
    if (c->ast->distinct) {
        bind_error(c->b, ast->start, e,
                   "42803: with SELECT DISTINCT, ORDER BY can use only what is selected");
        return err_hint(e, "Select it too.");
    }
    *col = c->items;
    return add_item(c, x, bind_slice(c->b, ast->start, ast->end), e);
}

static bool bind_terms(struct core *c, struct err *e) {
    if (!c->terms) return true;
    struct expr_scope s = scope_of(c, "ORDER BY");
    s.aggregates = &c->by.aggregates;
    s.window = c->by.window;
    for (uint32_t i = 0; i < c->terms->by->count; i++) {
        const struct ast_expr *x = c->terms->by->at[i].expr;
        if (!bind_term(c, &s, x, &c->terms->col[i], e)) return false;
    }
    return true;
}

/* Puts the aggregation above FROM and turns all expressions over. */
static bool group(struct core *c, struct err *e) {
    struct grouped g;
    if (!bind_grouped(c->b, c->from, &c->by, &g, e)) return false;
    for (uint32_t i = 0; i < c->items; i++) {
        c->item[i] = grouped_expr(c->b, &g, c->item[i], e);
        if (!c->item[i]) return false;
    }
    if (c->having) {
        const struct expr *having = grouped_expr(c->b, &g, c->having, e);
        if (!having || !add_filter(c, g.rel, having, e)) return false;
    }
    c->from = g.rel;
    return true;
}

static struct rel *project(struct core *c, struct err *e) {
    struct rel_col *col = ARENA_ARRAY(c->b->arena, col, c->items);
    if (!col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < c->items; i++) {
        const struct expr *x = c->item[i];
        if (x->kind == EXPR_COLUMN && x->column < c->from->cols) col[i] = c->from->col[x->column];
        col[i].table = (struct text){0};
        col[i].name = c->name[i];
        col[i].type = x->type;
        if (x->kind != EXPR_COLUMN) col[i].time = bind_time_role(c->from, x);
    }
    return bind_project(c->b, c->from, c->item, col, c->items, e);
}

/* VALUES (1, 'a'), (2, 'b'): each column of the type that its values have in common. */
static struct rel *bind_values(struct binder *b, const struct ast_core *ast, struct err *e) {
    uint32_t rows = ast->row_count, cols = rows > 0 ? ast->rows[0].count : 0;
    if (cols == 0 || cols > TYPE_FIELDS_MAX || rows > UINT32_MAX / TYPE_FIELDS_MAX) {
        bind_error(b, ast->start, e, "54000: VALUES has too many columns or rows");
        return NULL;
    }
    struct plan *p = bind_plan(b, PLAN_VALUES, NULL, e);
    const struct expr **x = p ? ARENA_ARRAY(b->arena, x, (size_t)rows * cols) : NULL;
    const struct expr **down = x ? ARENA_ARRAY(b->arena, down, rows) : NULL;
    struct rel_col *col = down ? ARENA_ARRAY(b->arena, col, cols) : NULL;
    struct rel *r = col ? ARENA_NEW(b->arena, r) : NULL;
    if (!p) return NULL;
    if (!r) {
        err_memory(e);
        return NULL;
    }
    struct expr_scope s = {.b = b, .clause = "VALUES"};
    for (uint32_t i = 0; i < rows * cols; i++) {
        x[i] = bind_expr(&s, ast->rows[i / cols].at[i % cols], e);
        if (!x[i]) return NULL;
    }
    for (uint32_t k = 0; k < cols; k++) {
        for (uint32_t i = 0; i < rows; i++) down[i] = x[i * cols + k];
        col[k].type = bind_common(&s, down, rows, ast->rows[0].at[k]->start, e);
        if (!col[k].type) return NULL;
        for (uint32_t i = 0; i < rows; i++) {
            uint32_t at = ast->rows[i].at[k]->start;
            x[i * cols + k] = bind_convert(&s, down[i], col[k].type, at, e);
            if (!x[i * cols + k]) return NULL;
        }
        char name[24];
        int n = snprintf(name, sizeof name, "column%u", k + 1);
        col[k].name.at = arena_copy(b->arena, name, (size_t)n);
        col[k].name.bytes = col[k].name.at ? (uint32_t)n : 0;
    }
    p->schema = bind_schema(b, col, cols, e);
    if (!p->schema) return NULL;
    p->as.values = (struct plan_values){.rows = rows, .expr = x};
    *r = (struct rel){.plan = p, .cols = cols, .col = col, .bounded = true};
    return r;
}

struct rel *bind_core(struct binder *b, const struct ast_core *ast, struct order_terms *terms,
                      uint32_t *visible, struct err *e) {
    struct core c = {.b = b, .ast = ast, .terms = terms};
    assert(ast->items.count > 0 || !terms);
    if (ast->items.count == 0) {
        struct rel *values = bind_values(b, ast, e);
        if (values) *visible = values->cols;
        return values;
    }
    if (ast->windows.count > 0) {
        bind_unsupported(b, ast->start, e, "WINDOW ... AS and OVER are not supported yet");
        return NULL;
    }
    bool good = bind_from(&c, e) && bind_where(&c, e) && bind_group_by(&c, e) &&
                bind_items(&c, e) && bind_having(&c, e) && bind_terms(&c, e);
    if (!good) return NULL;
    if ((c.is_grouped || c.by.aggregates.count > 0) && !group(&c, e)) return NULL;
    *visible = c.visible;
    return project(&c, e);
}
