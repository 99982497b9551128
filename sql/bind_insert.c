/* bind_insert.c: INSERT INTO: the query's columns go to the target's by position, or to those that
 * are named.
 *
 * Each is converted as CAST does it, numbers among themselves and all else only to itself; a text
 * literal becomes the time that its column is.
 */
#include <assert.h>

#include "sql/bind_expr.h"
#include "sql/bind_train.h"

static bool no_such_column(struct binder *b, const struct ast_name *name,
                           const struct stream_def *def, struct err *e) {
    bind_error(b, name->at, e, "42703: column \"%.*s\" of \"%.*s\" does not exist",
               TEXT_ARG(name->text), TEXT_ARG(def->name));
    return bind_hint_field(def->physical->col, def->physical->cols, name->text, e);
}

/* The columns of the target that the query's go to, in order. */
static bool target_columns(struct binder *b, const struct ast_insert *s,
                           const struct stream_def *def, uint32_t *place, uint32_t *count,
                           struct err *e) {
    const struct schema *to = def->physical;
    *count = s->columns.count > 0 ? s->columns.count : to->cols;
    for (uint32_t i = 0; i < *count; i++) {
        place[i] = i;
        if (s->columns.count == 0) continue;
        const struct ast_name *name = &s->columns.at[i];
        int32_t c = schema_find(to, name->text);
        if (c < 0 && schema_find(def->schema, name->text) >= 0)
            return bind_error(b, name->at, e, "42703: column \"%.*s\" of \"%.*s\" is computed",
                              TEXT_ARG(name->text), TEXT_ARG(def->name));
        if (c < 0) return no_such_column(b, name, def, e);
        place[i] = (uint32_t)c;
        for (uint32_t k = 0; k < i; k++) {
            if (place[k] == place[i])
                return bind_error(b, name->at, e,
                                  "42701: column \"%.*s\" of \"%.*s\" is named twice",
                                  TEXT_ARG(name->text), TEXT_ARG(def->name));
        }
    }
    return true;
}

/* Where column `c` of what is inserted is written: in the SELECT list, or VALUES. */
static uint32_t value_place(const struct ast_insert *s, uint32_t c) {
    const struct ast_core *core = &s->select->cores.at[0];
    if (core->row_count > 0 && c < core->rows[0].count) return core->rows[0].at[c]->start;
    for (uint32_t i = 0; i < core->items.count && core->items.at[i].kind == AST_ITEM_EXPR; i++) {
        if (i == c) return core->items.at[i].expr->start;
    }
    return s->select->start;
}

static bool no_assignment(struct binder *b, const struct ast_insert *s, const struct rel *r,
                          uint32_t c, const struct field *to, struct err *e) {
    const struct rel_col *from = &r->col[c];
    bind_error(b, value_place(s, c), e,
               "42804: column \"%.*s\" of \"%.*s\" is %s, but what is inserted is %s",
               TEXT_ARG(to->name), TEXT_ARG(s->target.text), type_words(to->type).at,
               type_words(from->type).at);
    if (!type_casts(from->type, to->type)) return false;
    struct text what = r->plan->kind == PLAN_VALUES ? TEXT_LITERAL("...") : from->name;
    return err_hint(e, "Write CAST(%.*s AS %s) if that is meant.", TEXT_ARG(what),
                    type_words(to->type).at);
}

static bool no_value(struct binder *b, const struct ast_insert *s, const struct field *to,
                     struct err *e) {
    return bind_error(b, s->target.at, e,
                      "23502: column \"%.*s\" of \"%.*s\" is NOT NULL and gets no value",
                      TEXT_ARG(to->name), TEXT_ARG(s->target.text));
}

/* Column `to` of the target from column `c` of the query; c < 0: NULL. */
static const struct expr *assigned(struct binder *b, const struct ast_insert *s,
                                   const struct rel *r, int32_t c, const struct field *to,
                                   struct err *e) {
    if (c < 0) {
        if (!to->not_null) return expr_null(b->arena, to->type, e);
        no_value(b, s, to, e);
        return NULL;
    }
    const struct rel_col *from = &r->col[c];
    const struct expr *x = expr_column(b->arena, (uint32_t)c, from->type, e);
    if (!x) return NULL;
    bool plain = r->plan->kind == PLAN_PROJECT;
    const struct expr *source = plain ? r->plan->as.project.expr[c] : x;
    if (literal_type(source, to->type)) {
        struct expr_scope scope = {.b = b, .clause = "INSERT"};
        return bind_text_literal(&scope, source, to->type, e);
    }
    if (type_assigns(from->type, to->type)) return expr_cast(b->arena, x, to->type, e);
    no_assignment(b, s, r, (uint32_t)c, to, e);
    return NULL;
}

/* VALUES ('2026-01-01'): literals of a VALUES become times where the target wants them. */
static bool convert_values(struct binder *b, struct rel *r, const struct schema *to,
                           const uint32_t *place, struct err *e) {
    struct expr_scope s = {.b = b, .clause = "VALUES"};
    const struct plan_values *v = &r->plan->as.values;
    const struct expr **x = ARENA_ARRAY(b->arena, x, (size_t)v->rows * r->cols);
    if (!x) return err_memory(e);
    for (uint32_t i = 0; i < v->rows * r->cols; i++) {
        const struct type *t = to->col[place[i % r->cols]].type;
        x[i] = v->expr[i];
        if (literal_type(x[i], t)) x[i] = bind_text_literal(&s, x[i], t, e);
        if (!x[i]) return false;
    }
    for (uint32_t k = 0; k < r->cols; k++) {
        bool all = v->rows > 0;
        for (uint32_t i = 0; i < v->rows; i++)
            all &= type_equal(x[i * r->cols + k]->type, x[k]->type);
        if (all) r->col[k].type = x[k]->type;
        for (uint32_t i = 0; !all && i < v->rows; i++)
            x[i * r->cols + k] = v->expr[i * r->cols + k];
    }
    struct plan *p = bind_plan(b, PLAN_VALUES, NULL, e);
    if (!p) return false;
    p->schema = bind_schema(b, r->col, r->cols, e);
    p->as.values = (struct plan_values){.rows = v->rows, .expr = x};
    r->plan = p;
    return p->schema != NULL;
}

static const struct rel *insert_rows(struct binder *b, const struct ast_insert *s, struct rel *r,
                                     const struct stream_def *def, struct err *e) {
    const struct schema *to = def->physical;
    uint32_t count;
    uint32_t *place = ARENA_ARRAY(b->arena, place, to->cols + s->columns.count);
    const struct expr **x = ARENA_ARRAY(b->arena, x, to->cols);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, to->cols);
    if (!place || !x || !col) {
        err_memory(e);
        return NULL;
    }
    if (!target_columns(b, s, def, place, &count, e)) return NULL;
    if (r->cols != count) {
        bind_error(b, s->target.at, e, "42601: \"%.*s\" takes %u columns, the query gives %u",
                   TEXT_ARG(def->name), count, r->cols);
        return NULL;
    }
    if (r->plan->kind == PLAN_VALUES && !convert_values(b, r, to, place, e)) return NULL;
    for (uint32_t i = 0; i < to->cols; i++) {
        int32_t from = -1;
        for (uint32_t k = 0; k < count; k++) {
            if (place[k] == i) from = (int32_t)k;
        }
        x[i] = assigned(b, s, r, from, &to->col[i], e);
        if (!x[i]) return NULL;
        col[i] = (struct rel_col){
            .name = to->col[i].name, .type = to->col[i].type, .not_null = to->col[i].not_null};
    }
    return bind_project(b, r, x, col, to->cols, e);
}

static struct object *insert_target(struct binder *b, const struct ast_insert *s, struct err *e) {
    struct text name = s->target.text;
    struct object *o = catalog_find(b->env->catalog, name);
    if (!o) {
        bind_error(b, s->target.at, e, "42P01: there is no stream or table \"%.*s\"",
                   TEXT_ARG(name));
        catalog_hint(b->env->catalog, name, OBJECT_COUNT, e);
        return NULL;
    }
    if (o->def && (o->kind == OBJECT_STREAM || o->kind == OBJECT_TABLE)) return o;
    bind_error(b, s->target.at, e, "42P01: \"%.*s\" is a %s: nothing can be inserted into it",
               TEXT_ARG(o->name), object_kind_word(o->kind));
    return NULL;
}

bool bind_insert(const struct sql_env *env, const struct ast_insert *s, struct arena *a,
                 struct bound_query *out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    b.emit = s->select->emit;
    if (s->model) return bind_train(&b, s, out, e);
    struct object *target = insert_target(&b, s, e);
    if (!target || !bind_use(&b, target, e)) return false;
    if (s->or_replace && !target->def->stored)
        return bind_unsupported(&b, s->target.at, e,
                                "\"%.*s\" is a stream: there is no row to REPLACE in it",
                                TEXT_ARG(target->name));
    struct rel *r = bind_top(&b, s->select, e);
    const struct rel *rows = r ? insert_rows(&b, s, r, target->def, e) : NULL;
    if (rows && bind_writes_text(target->def)) rows = bind_images_out(&b, rows, e);
    struct bound_query made = {.target = target};
    if (!rows || !bind_finish(&b, s->select, rows, &made, e)) return false;
    if (made.plan.root->changes && !env->takes_changes(env->context, target->def, e))
        return bind_place(&b, s->target.at, e);
    *out = made;
    return true;
}
