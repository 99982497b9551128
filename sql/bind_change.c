/* bind_change.c: UPDATE and DELETE: which rows of a stored table, and what they become.
 *
 * Both are queries over the table with the id of each row as a last column that no name reaches:
 * WHERE is a Filter, SET a Projection. Values are converted as INSERT converts them.
 */
#include <assert.h>

#include "sql/bind_expr.h"
#include "sql/lower.h"

/* What UPDATE and DELETE have in common. */
struct changing {
    struct binder b;
    const struct ast_name *target;
    const char *word;
    struct object *object;
    struct rel *rel; /* the rows that are meant */
};

static bool no_table(struct changing *c, const struct object *o, struct err *e) {
    const struct ast_name *name = c->target;
    if (!o) {
        bind_error(&c->b, name->at, e, "42P01: there is no table \"%.*s\"", TEXT_ARG(name->text));
        catalog_hint(c->b.env->catalog, name->text, OBJECT_COUNT, e);
        return false;
    }
    bind_unsupported(&c->b, name->at, e, "%s changes stored tables; \"%.*s\" is a %s", c->word,
                     TEXT_ARG(o->name), object_kind_word(o->kind));
    if (o->kind == OBJECT_MATERIALIZED_VIEW || o->kind == OBJECT_VIEW)
        return err_hint(e, "Change the rows that its query reads.");
    return err_hint(e, "CREATE TABLE without a connector makes one.");
}

/* FROM and WHERE. */
static bool change_rows(struct changing *c, const struct ast_expr *where, struct err *e) {
    struct binder *b = &c->b;
    c->object = catalog_find(b->env->catalog, c->target->text);
    if (!c->object || c->object->kind != OBJECT_TABLE) return no_table(c, c->object, e);
    if (!bind_use(b, c->object, e)) return false;
    const struct plan_input input = {.snapshot = true};
    c->rel = bind_scan(b, c->object->numbered, input, c->target->at, e);
    if (!c->rel) return false;
    c->rel->cols--; /* the id */
    for (uint32_t i = 0; i < c->rel->cols; i++) c->rel->col[i].table = c->target->text;
    if (!where) return true;
    struct expr_scope s = {.b = b, .rel = c->rel, .clause = "WHERE", .models = true};
    const struct expr *x = bind_truth(&s, where, e);
    struct plan *p = x ? bind_plan(b, PLAN_FILTER, c->rel->plan, e) : NULL;
    if (!p) return false;
    p->as.filter.predicate = x;
    c->rel->plan = p;
    return true;
}

/* Gives the id and then values[count], the columns of to[]. */
static bool change_finish(struct changing *c, const struct expr **x, struct rel_col *col,
                          uint32_t count, struct bound_query *out, struct err *e) {
    struct binder *b = &c->b;
    x[0] = expr_column(b->arena, c->rel->cols, &type_bigint, e);
    if (!x[0]) return false;
    col[0] =
        (struct rel_col){.name = TEXT_LITERAL("row id"), .type = &type_bigint, .not_null = true};
    const struct rel *rows = bind_project(b, c->rel, x, col, count + 1, e);
    struct plan_query plan;
    if (!rows || !lower_query(b, rows, true, &plan, e)) return false;
    if (b->arena->failed) return err_memory(e);
    *out = (struct bound_query){.plan = plan, .uses = b->uses, .use = b->use, .target = c->object};
    return true;
}

static bool no_assignment(struct changing *c, const struct ast_assignment *set,
                          const struct field *to, const struct expr *x, struct err *e) {
    bind_error(&c->b, set->value->start, e,
               "42804: column \"%.*s\" of \"%.*s\" is %s, but what it is set to is %s",
               TEXT_ARG(to->name), TEXT_ARG(c->target->text), type_words(to->type).at,
               type_words(x->type).at);
    if (!type_casts(x->type, to->type)) return false;
    return err_hint(e, "Write CAST(... AS %s) if that is meant.", type_words(to->type).at);
}

/* What column `to` is set to. */
static const struct expr *assigned(struct changing *c, const struct ast_assignment *set,
                                   const struct field *to, struct err *e) {
    struct expr_scope s = {.b = &c->b, .rel = c->rel, .clause = "SET", .models = true};
    const struct expr *x = bind_expr(&s, set->value, e);
    if (!x) return NULL;
    if (literal_type(x, to->type)) return bind_text_literal(&s, x, to->type, e);
    if (type_assigns(x->type, to->type)) return expr_cast(c->b.arena, x, to->type, e);
    no_assignment(c, set, to, x, e);
    return NULL;
}

/* The physical column that is set; -1: see *e. */
static int32_t set_column(struct changing *c, const struct ast_name *name, struct err *e) {
    const struct stream_def *def = c->object->def;
    int32_t p = schema_find(def->physical, name->text);
    if (p >= 0) return p;
    if (schema_find(def->schema, name->text) >= 0) {
        bind_error(&c->b, name->at, e, "42703: column \"%.*s\" of \"%.*s\" is computed",
                   TEXT_ARG(name->text), TEXT_ARG(def->name));
        return -1;
    }
    bind_error(&c->b, name->at, e, "42703: column \"%.*s\" of \"%.*s\" does not exist",
               TEXT_ARG(name->text), TEXT_ARG(def->name));
    bind_hint_field(def->physical->col, def->physical->cols, name->text, e);
    return -1;
}

static bool set_values(struct changing *c, const struct ast_update *s, const struct expr **x,
                       struct err *e) {
    for (uint32_t i = 0; i < s->sets; i++) {
        const struct ast_name *name = &s->set[i].column;
        int32_t p = set_column(c, name, e);
        if (p < 0) return false;
        if (x[p])
            return bind_error(&c->b, name->at, e, "42701: column \"%.*s\" is set twice",
                              TEXT_ARG(name->text));
        x[p] = assigned(c, &s->set[i], &c->object->def->physical->col[p], e);
        if (!x[p]) return false;
    }
    return true;
}

bool bind_update(const struct sql_env *env, const struct ast_update *s, struct arena *a,
                 struct bound_query *out, struct err *e) {
    struct changing c = {.target = &s->target, .word = "UPDATE"};
    binder_init(&c.b, env, a);
    if (!change_rows(&c, s->where, e)) return false;
    const struct stream_def *def = c.object->def;
    uint32_t cols = def->physical->cols;
    const struct expr **x = ARENA_ARRAY(a, x, cols + 1);
    struct rel_col *col = ARENA_ARRAY(a, col, cols + 1);
    if (!x || !col) return err_memory(e);
    if (!set_values(&c, s, x + 1, e)) return false;
    for (uint32_t p = 0; p < cols; p++) {
        const struct field *f = &def->physical->col[p];
        if (!x[p + 1]) x[p + 1] = expr_column(a, def->physical_col[p], f->type, e);
        if (!x[p + 1]) return false;
        col[p + 1] = (struct rel_col){.name = f->name, .type = f->type};
    }
    return change_finish(&c, x, col, cols, out, e);
}

bool bind_delete(const struct sql_env *env, const struct ast_delete *s, struct arena *a,
                 struct bound_query *out, struct err *e) {
    struct changing c = {.target = &s->target, .word = "DELETE"};
    const struct expr *x;
    struct rel_col col;
    binder_init(&c.b, env, a);
    return change_rows(&c, s->where, e) && change_finish(&c, &x, &col, 0, out, e);
}
