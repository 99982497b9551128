/* bind.c: see bind.h. The work is in bind_*.c; here a statement gets its binder, and its plan the
 * last touches.
 */
#include "sql/bind.h"

#include <assert.h>

#include "sql/bind_expr.h"
#include "sql/lower.h"

void binder_init(struct binder *b, const struct sql_env *env, struct arena *a) {
    assert(env->catalog && env->bounded);
    *b = (struct binder){.env = env, .arena = a, .source = env->source, .placed = true};
}

bool bind_finish(struct binder *b, const struct ast_select *s, const struct rel *r,
                 struct bound_query *out, struct err *e) {
    bool bounded = r->bounded;
    if (s->emit == AST_EMIT_FINAL && !bounded) {
        bind_unsupported(b, s->emit_at, e, "EMIT FINAL needs inputs that end");
        return err_hint(e, "Windowed aggregates are final without it.");
    }
    struct plan_query plan;
    if (!lower_query(b, r, bounded && s->emit != AST_EMIT_CHANGES, &plan, e)) return false;
    if (b->arena->failed) return err_memory(e); /* a choice may have been made for want of memory */
    *out = (struct bound_query){
        .plan = plan, .uses = b->uses, .use = b->use, .target = out->target, .notice = b->notice};
    return true;
}

struct rel *bind_top(struct binder *b, const struct ast_select *s, struct err *e) {
    b->emit = s->emit;
    b->follows = b->follows || s->emit == AST_EMIT_CHANGES;
    struct binder fresh = *b;
    struct rel *r = bind_query(b, s, true, e);
    if (r && !r->bounded && !b->follows && b->reads_table) {
        *b = fresh;
        b->follows = true;
        r = bind_query(b, s, true, e);
    }
    if (!r || b->follows || b->hint_at == 0) return r;
    bind_unsupported(b, b->hint_at, e, "a stored table is read as it is now: a hint sets nothing");
    err_hint(e, "With EMIT CHANGES it is followed.");
    return NULL;
}

bool bind_select(const struct sql_env *env, const struct ast_select *s, struct arena *a,
                 struct bound_query *out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    const struct rel *r = bind_top(&b, s, e);
    if (r) r = bind_images_out(&b, r, e);
    struct bound_query made = {.target = NULL};
    if (!r || !bind_finish(&b, s, r, &made, e)) return false;
    *out = made;
    return true;
}

/* Where the view's column `c` is named. */
static uint32_t name_place(const struct ast_create_view *s, uint32_t c) {
    if (c < s->columns.count) return s->columns.at[c].at;
    const struct ast_items *items = &s->select->cores.at[0].items;
    for (uint32_t i = 0; i < items->count && items->at[i].kind == AST_ITEM_EXPR; i++) {
        const struct ast_item *item = &items->at[i];
        if (i == c) return item->alias.text.at ? item->alias.at : item->expr->start;
    }
    return s->select->start;
}

static bool names_differ(struct binder *b, const struct rel *r, const struct ast_create_view *s,
                         struct err *e) {
    for (uint32_t i = 0; i < r->cols; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (!text_equal_fold(r->col[i].name, r->col[k].name)) continue;
            bind_error(b, name_place(s, i), e, "42701: column \"%.*s\" of \"%.*s\" occurs twice",
                       TEXT_ARG(r->col[i].name), TEXT_ARG(s->create.name.text));
            return err_hint(e, "Give one of them another name with AS.");
        }
    }
    return true;
}

/* The names that CREATE VIEW v(a, b) gives. */
static bool name_columns(struct binder *b, struct rel *r, const struct ast_create_view *s,
                         struct err *e) {
    if (s->columns.count > 0 && s->columns.count != r->cols) {
        return bind_error(b, s->columns.at[0].at, e,
                          "42601: \"%.*s\" is given %u names, but its query has %u columns",
                          TEXT_ARG(s->create.name.text), s->columns.count, r->cols);
    }
    for (uint32_t i = 0; i < s->columns.count; i++) r->col[i].name = s->columns.at[i].text;
    return names_differ(b, r, s, e);
}

bool bind_view(const struct sql_env *env, const struct ast_create_view *s, struct arena *a,
               struct bound_object *out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    struct rel *r = bind_query(&b, s->select, false, e);
    if (!r) return false;
    if (!name_columns(&b, r, s, e)) return false;
    const struct schema *schema = bind_schema(&b, r->col, r->cols, e);
    if (!schema) return false;
    *out = (struct bound_object){.schema = schema, .uses = b.uses, .use = b.use};
    return true;
}

/* What a view keeps: its columns, none of them computed; any may be NULL. */
static struct stream_def *view_def(struct arena *a, const struct ast_create_view *s,
                                   const struct plan *root) {
    uint32_t cols = root->schema->cols;
    struct stream_def *def = ARENA_NEW(a, def);
    struct schema *schema = ARENA_NEW(a, schema);
    struct field *field = ARENA_ARRAY(a, field, cols);
    uint32_t *place = ARENA_ARRAY(a, place, cols);
    const struct expr **computed = ARENA_ARRAY(a, computed, cols);
    if (!def || !schema || !field || !place || !computed) return NULL;
    for (uint32_t i = 0; i < cols; i++) {
        field[i] =
            (struct field){.name = root->schema->col[i].name, .type = root->schema->col[i].type};
        place[i] = i;
    }
    *schema = (struct schema){.cols = cols, .col = field};
    *def = (struct stream_def){
        .name = s->create.name.text,
        .schema = schema,
        .physical = schema,
        .physical_col = place,
        .computed = computed,
        .time_col = -1,
        .stored = root->changes ? STORED_VIEW : STORED_APPENDED_VIEW,
    };
    return def;
}

bool bind_materialized_view(const struct sql_env *env, const struct ast_create_view *s,
                            struct arena *a, struct bound_query *out, struct stream_def **def,
                            struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    b.follows = true;
    struct rel *r = bind_top(&b, s->select, e);
    if (!r || !name_columns(&b, r, s, e)) return false;
    struct bound_query made = {.target = NULL};
    if (!bind_finish(&b, s->select, r, &made, e)) return false;
    struct stream_def *kept = view_def(a, s, made.plan.root);
    if (!kept) return err_memory(e);
    *def = kept;
    *out = made;
    return true;
}

bool bind_function(const struct sql_env *env, const struct ast_create_function *s, struct arena *a,
                   struct bound_object *out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    if (!bind_function_body(&b, s, e)) return false;
    *out = (struct bound_object){.uses = b.uses, .use = b.use};
    return true;
}
