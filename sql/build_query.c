/* build_query.c: the nodes of selects; see build.h.
 *
 * A select is begun by its first core or its WITH and grows until build_select() closes it. Heights
 * go up on the way, so that what holds a select knows how high it is.
 */
#include "sql/build_query.h"

#include "sql/build.h"
#include "sql/grammar.h"

/* Raises *height over a part; false where it becomes too high, or after a failure. */
static bool over(struct build *b, uint32_t *height, uint32_t part, uint32_t at) {
    if (b->failed) return false;
    if (part < *height) return true;
    if (part >= AST_HEIGHT_MAX) return build_too_deep(b, &at), false;
    *height = part + 1;
    return true;
}

static bool over_expr(struct build *b, uint32_t *height, const struct ast_expr *e) {
    return !e || over(b, height, e->height, e->at);
}

static bool over_orders(struct build *b, uint32_t *height, struct ast_orders orders) {
    for (uint32_t i = 0; i < orders.count; i++) {
        if (!over_expr(b, height, orders.at[i].expr)) return false;
    }
    return !b->failed;
}

static bool over_exprs(struct build *b, uint32_t *height, struct ast_exprs list) {
    for (uint32_t i = 0; i < list.count; i++) {
        if (!over_expr(b, height, list.at[i])) return false;
    }
    return !b->failed;
}

static struct ast_select *select_new(struct build *b, uint32_t start) {
    struct ast_select *s = build_new(b, sizeof *s);
    if (!s) return NULL;
    s->source = b->source;
    s->start = start;
    s->height = 1;
    return s;
}

static enum ast_compound compound_kind(struct token t) {
    if (t.kind == TK_UNION) return t.negated ? AST_UNION_ALL : AST_UNION;
    if (t.kind == TK_INTERSECT) return AST_INTERSECT;
    return t.kind == TK_EXCEPT ? AST_EXCEPT : AST_COMPOUND_FIRST;
}

struct ast_select *build_cores(struct build *b, struct ast_select *s, struct token compound,
                               const struct ast_core *core) {
    if (b->failed) return NULL;
    if (!s) s = select_new(b, core->start);
    if (!s || !over(b, &s->height, core->height, core->start)) return NULL;

    if (s->cores.count >= AST_CORES_MAX)
        return build_fail(b, compound.start, "54000", "more than %d selects in one compound",
                          AST_CORES_MAX);
    struct ast_core *at = build_grow(b, s->cores.at, s->cores.count, sizeof *at);
    if (!at) return NULL;
    s->cores.at = at;
    struct ast_core *to = &at[s->cores.count++];
    *to = *core;
    to->compound = compound_kind(compound);
    to->compound_at = compound.start;
    return s;
}

static enum ast_emit emit_kind(struct build *b, struct token word) {
    if (word.end == 0) return AST_EMIT_DEFAULT;
    if (build_is(b, word, "changes")) return AST_EMIT_CHANGES;
    if (!build_is(b, word, "final")) {
        build_syntax_error(b, &word);
        err_hint(b->e, "There are EMIT CHANGES and EMIT FINAL.");
    }
    return AST_EMIT_FINAL;
}

struct ast_select *build_select(struct build *b, struct ast_select *s, struct ast_orders order_by,
                                struct build_limit limit, struct token emit) {
    if (b->failed) return NULL;
    s->emit = emit_kind(b, emit);
    s->emit_at = emit.start;
    s->order_by = order_by;
    s->limit = limit.limit;
    s->offset = limit.offset;
    s->end = b->end;
    if (!over_orders(b, &s->height, order_by) || !over_expr(b, &s->height, s->limit)) return NULL;
    return over_expr(b, &s->height, s->offset) ? s : NULL;
}

struct ast_select *build_with(struct build *b, struct token at, bool recursive) {
    struct ast_select *s = select_new(b, at.start);
    if (s) s->recursive = recursive;
    return s;
}

struct ast_select *build_cte(struct build *b, struct ast_select *s, struct token name,
                             struct ast_names columns, struct ast_select *query) {
    if (b->failed || !over(b, &s->height, query->height, name.start)) return NULL;
    struct ast_cte *at = build_grow(b, s->ctes.at, s->ctes.count, sizeof *at);
    if (!at) return NULL;
    at[s->ctes.count++] =
        (struct ast_cte){.name = build_name(b, name), .columns = columns, .select = query};
    s->ctes.at = at;
    return s;
}

static bool over_windows(struct build *b, uint32_t *height, struct ast_windows list) {
    for (uint32_t i = 0; i < list.count; i++) {
        const struct ast_window *w = &list.at[i];
        if (!over_exprs(b, height, w->partition_by)) return false;
        if (!over_orders(b, height, w->order_by)) return false;
        if (!over_expr(b, height, w->from.expr)) return false;
        if (!over_expr(b, height, w->to.expr)) return false;
    }
    return true;
}

static bool core_height(struct build *b, struct ast_core *c) {
    c->height = 1;
    for (uint32_t i = 0; i < c->items.count; i++) {
        if (!over_expr(b, &c->height, c->items.at[i].expr)) return false;
    }
    for (uint32_t i = 0; i < c->from.count; i++) {
        const struct ast_source *s = &c->from.at[i];
        if (!over(b, &c->height, s->height, s->at)) return false;
    }
    return over_expr(b, &c->height, c->where) && over_exprs(b, &c->height, c->group_by) &&
           over_expr(b, &c->height, c->having) && over_windows(b, &c->height, c->windows);
}

struct ast_core *build_core(struct build *b, const struct build_core *parts) {
    struct ast_core *c = build_new(b, sizeof *c);
    if (!c) return NULL;
    *c = (struct ast_core){
        .start = parts->at.start,
        .end = b->end,
        .distinct = parts->distinct,
        .items = parts->items,
        .from = parts->from,
        .where = parts->where,
        .group_by = parts->group.by,
        .group_at = parts->group.at.start,
        .having = parts->group.having,
        .windows = parts->windows,
    };
    return core_height(b, c) ? c : NULL;
}

struct ast_core *build_values(struct build *b, struct token at, struct ast_core *rows) {
    if (b->failed) return NULL;
    rows->start = at.start;
    rows->end = b->end;
    return rows;
}

struct ast_core *build_row_of(struct build *b, struct ast_core *rows, struct token open,
                              struct ast_exprs row) {
    struct ast_core *c = rows ? rows : build_new(b, sizeof *c);
    if (b->failed || !over_exprs(b, &c->height, row)) return NULL;
    if (c->row_count > 0 && c->rows[0].count != row.count)
        return build_fail(
            b, open.start, "42601",
            "the rows of VALUES are not equally long: %u values here, %u in the first", row.count,
            c->rows[0].count);

    struct ast_exprs *at = build_grow(b, c->rows, c->row_count, sizeof *at);
    if (!at) return NULL;
    c->rows = at;
    c->rows[c->row_count++] = row;
    return c;
}

struct ast_items build_items(struct build *b, struct ast_items list, const struct ast_item *item) {
    struct ast_item *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_items){0};
    at[list.count] = *item;
    return (struct ast_items){.at = at, .count = list.count + 1};
}

struct ast_item *build_item_star(struct build *b, struct token star, struct ast_expr *table) {
    struct ast_item *item = build_new(b, sizeof *item);
    if (!item) return NULL;
    item->kind = AST_ITEM_STAR;
    item->at = star.start;
    if (!table) return item;

    if (table->kind != AST_EXPR_COLUMN || table->as.column.count != 1)
        return build_fail(b, star.start, "0A000", "only t.* of a table is supported");
    item->kind = AST_ITEM_TABLE_STAR;
    item->at = table->start;
    item->table = table->as.column.at[0];
    return item;
}

struct ast_item *build_item(struct build *b, struct ast_expr *e, const struct token *alias) {
    struct ast_item *item = build_new(b, sizeof *item);
    if (!item) return NULL;
    item->kind = AST_ITEM_EXPR;
    item->at = e->start;
    item->expr = e;
    if (alias) item->alias = build_name(b, *alias);
    return item;
}

struct ast_windows build_windows(struct build *b, struct ast_windows list, struct token name,
                                 const struct ast_window *w) {
    struct ast_window *at = build_grow(b, list.at, list.count, sizeof *at);
    if (!at) return (struct ast_windows){0};
    at[list.count] = *w;
    at[list.count].name = build_name(b, name);
    return (struct ast_windows){.at = at, .count = list.count + 1};
}
