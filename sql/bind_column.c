/* bind_column.c: what a dotted name means.
 *
 * a.b.c is column b of table a and its field c, where there is a table a with such a column; else
 * column a and its fields b.c. A single name that is no column may be an argument of the function
 * whose body this is, or the alias of a SELECT item, as SQLite allows it in WHERE, GROUP BY and
 * HAVING; columns come first.
 */
#include <assert.h>

#include "engine/base/nearest.h"
#include "sql/bind_expr.h"

/* Columns called so; *at the last of them. */
static uint32_t count_columns(const struct rel *r, const struct ast_name *table,
                              const struct ast_name *name, uint32_t *at) {
    uint32_t found = 0;
    for (uint32_t i = 0; r && i < r->cols; i++) {
        const struct rel_col *c = &r->col[i];
        if (table && !text_equal_fold(c->table, table->text)) continue;
        if (!text_equal_fold(c->name, name->text)) continue;
        *at = i;
        found++;
    }
    return found;
}

static bool has_table(const struct rel *r, const struct ast_name *table) {
    for (uint32_t i = 0; r && i < r->cols; i++) {
        if (text_equal_fold(r->col[i].table, table->text)) return true;
    }
    return false;
}

static void hint_column(const struct rel *r, const struct ast_name *table,
                        const struct ast_name *name, struct err *e) {
    struct nearest near = nearest_to(name->text);
    for (uint32_t i = 0; r && i < r->cols; i++) {
        if (table && !text_equal_fold(r->col[i].table, table->text)) continue;
        nearest_offer(&near, r->col[i].name);
    }
    if (nearest_hint(&near, '"', e) || !name->quoted || table) return;
    err_hint(e, "Text is written in single quotes: '%.*s'.", TEXT_ARG(name->text));
}

bool bind_hint_field(const struct field *f, uint32_t fields, struct text name, struct err *e) {
    struct nearest near = nearest_to(name);
    for (uint32_t i = 0; i < fields; i++) nearest_offer(&near, f[i].name);
    nearest_hint(&near, '"', e);
    return false;
}

static int32_t no_column(const struct binder *b, const struct rel *r, const struct ast_name *table,
                         const struct ast_name *name, struct err *e) {
    if (table && !has_table(r, table)) {
        bind_error(b, table->at, e, "42P01: there is no \"%.*s\" in FROM", TEXT_ARG(table->text));
        if (r && r->cols > 0 && r->col[0].table.bytes > 0)
            err_hint(e, "Perhaps you meant \"%.*s\".", TEXT_ARG(r->col[0].table));
        return -1;
    }
    bind_error(b, name->at, e, "42703: column \"%.*s\" does not exist", TEXT_ARG(name->text));
    hint_column(r, table, name, e);
    return -1;
}

int32_t bind_find_column(const struct binder *b, const struct rel *r, const struct ast_name *table,
                         const struct ast_name *name, struct err *e) {
    uint32_t at = 0;
    uint32_t found = count_columns(r, table, name, &at);
    if (found == 1) return (int32_t)at;
    if (found == 0) return no_column(b, r, table, name, e);
    bind_error(b, name->at, e, "42702: column \"%.*s\" is ambiguous: there are %u of that name",
               TEXT_ARG(name->text), found);
    err_hint(e, "Give the columns names of their own with AS.");
    return -1;
}

const struct expr *bind_field(struct expr_scope *s, const struct expr *x,
                              const struct ast_name *name, struct err *e) {
    const struct type *t = x->type;
    if (t->id != TYPE_ROW) {
        bind_error(s->b, name->at, e, "42804: %s has no field \"%.*s\": it is no ROW",
                   type_words(t).at, TEXT_ARG(name->text));
        return NULL;
    }
    for (uint32_t i = 0; i < t->fields; i++) {
        if (text_equal_fold(t->field[i].name, name->text)) {
            return expr_make(s->b->arena,
                             &(struct expr_parts){.kind = EXPR_FIELD,
                                                  .type = t->field[i].type,
                                                  .at = bind_at(s->b, name->at),
                                                  .column = i,
                                                  .args = 1,
                                                  .arg = &x},
                             e);
        }
    }
    bind_error(s->b, name->at, e, "42703: the ROW has no field \"%.*s\"", TEXT_ARG(name->text));
    bind_hint_field(t->field, t->fields, name->text, e);
    return NULL;
}

/* An argument of the function whose body is being bound. */
static const struct expr *find_param(const struct expr_scope *s, const struct ast_name *name) {
    if (!s->params) return NULL;
    for (uint32_t i = 0; i < s->params->names->count; i++) {
        if (text_equal_fold(s->params->names->at[i].name.text, name->text))
            return s->params->value[i];
    }
    return NULL;
}

static const struct ast_expr *find_alias(const struct expr_scope *s, const struct ast_name *name) {
    for (uint32_t i = 0; s->aliases && i < s->aliases->count; i++) {
        const struct ast_item *item = &s->aliases->at[i];
        if (item->kind == AST_ITEM_EXPR && text_equal_fold(item->alias.text, name->text))
            return item->expr;
    }
    return NULL;
}

/* The expression that a name is an alias of: its own aliases mean nothing in it. */
static const struct expr *bind_alias(struct expr_scope *s, const struct ast_expr *x,
                                     struct err *e) {
    struct expr_scope inner = *s;
    inner.aliases = NULL;
    return bind_expr(&inner, x, e);
}

static const struct expr *column_at(struct expr_scope *s, uint32_t at, uint32_t place,
                                    struct err *e) {
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_COLUMN,
                                          .type = s->rel->col[at].type,
                                          .at = bind_at(s->b, place),
                                          .column = at},
                     e);
}

/* What the first part, or the first two, of a dotted name are; *used: how many. */
static const struct expr *bind_head(struct expr_scope *s, const struct ast_names *names,
                                    uint32_t *used, struct err *e) {
    const struct ast_name *first = &names->at[0];
    uint32_t at = 0;
    *used = 1;
    if (names->count > 1 && count_columns(s->rel, first, &names->at[1], &at) > 0) {
        *used = 2;
        int32_t c = bind_find_column(s->b, s->rel, first, &names->at[1], e);
        return c < 0 ? NULL : column_at(s, (uint32_t)c, names->at[1].at, e);
    }
    const struct expr *param = find_param(s, first);
    if (param) return param;
    if (count_columns(s->rel, NULL, first, &at) == 0) {
        const struct ast_expr *alias = find_alias(s, first);
        if (alias) return bind_alias(s, alias, e);
        if (names->count > 1) {
            *used = 2;
            no_column(s->b, s->rel, first, &names->at[1], e);
            return NULL;
        }
    }
    int32_t c = bind_find_column(s->b, s->rel, NULL, first, e);
    return c < 0 ? NULL : column_at(s, (uint32_t)c, first->at, e);
}

const struct expr *bind_column(struct expr_scope *s, const struct ast_expr *x, struct err *e) {
    const struct ast_names *names = &x->as.column;
    assert(names->count > 0);
    if (!s->rel && !s->params) {
        bind_error(s->b, names->at[0].at, e, "42703: there is no column \"%.*s\" in %s",
                   TEXT_ARG(names->at[0].text), s->clause);
        return NULL;
    }
    uint32_t used;
    const struct expr *bound = bind_head(s, names, &used, e);
    for (uint32_t i = used; bound && i < names->count; i++)
        bound = bind_field(s, bound, &names->at[i], e);
    return bound;
}
