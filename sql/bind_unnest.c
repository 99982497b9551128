/* bind_unnest.c: UNNEST(array) in FROM: a row for each element, beside the row it stands in.
 *
 *     FROM f CROSS JOIN UNNEST(detect(MODEL m, f.img)) AS d(label, score, x, y, w, h)
 *     FROM s LEFT JOIN UNNEST(s.tags) WITH ORDINALITY AS t(tag, n) ON TRUE
 *
 * The argument may use all sources before it. Elements that are ROWs are spread to their fields, a
 * MAP gives key and value, and a NULL has no elements, as in Flink.
 */
#include <assert.h>

#include "sql/bind_model.h"

/* Is a join's condition TRUE, or none? */
static bool check_join(struct binder *b, const struct ast_source *s, struct err *e) {
    const struct ast_expr *on = s->on;
    bool plain = !on || (on->kind == AST_EXPR_LITERAL && on->as.literal.kind == AST_BOOLEAN &&
                         on->as.literal.integer == 1);
    if (s->join == AST_JOIN_RIGHT || s->join == AST_JOIN_FULL)
        return bind_unsupported(b, s->join_at, e, "UNNEST joins by CROSS JOIN or LEFT JOIN only");
    if (s->natural || s->using.count > 0)
        return bind_unsupported(b, s->start, e, "UNNEST has no columns to join by");
    if (!plain) {
        bind_unsupported(b, on->start, e, "LEFT JOIN UNNEST takes ON TRUE only");
        return err_hint(e, "Say the condition in WHERE, or CROSS JOIN.");
    }
    if (s->args.count == 1) return true;
    return bind_unsupported(b, s->start, e, "UNNEST takes one array or map");
}

/* `left` with the array as its last column. */
static struct rel *with_array(struct binder *b, struct rel *left, const struct expr *array,
                              struct err *e) {
    uint32_t cols = left->cols;
    const struct expr **x = ARENA_ARRAY(b->arena, x, cols + 1);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, cols + 1);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    memcpy(col, left->col, cols * sizeof *col);
    for (uint32_t i = 0; i < cols; i++) {
        x[i] = expr_column(b->arena, i, col[i].type, e);
        if (!x[i]) return NULL;
    }
    x[cols] = array;
    struct buf name;
    buf_init(&name);
    expr_print(&name, array, left->plan->schema);
    char *at = name.failed ? NULL : arena_copy(b->arena, name.at, name.bytes);
    col[cols] = (struct rel_col){.name = {at, (uint32_t)name.bytes}, .type = array->type};
    buf_done(&name);
    if (!at) {
        err_memory(e);
        return NULL;
    }
    return bind_project(b, left, x, col, cols + 1, e);
}

/* The columns of an element, to col; how many: 0 where `t` is taken apart no further. */
static uint32_t element_columns(const struct type *t, struct text alias, struct rel_col *col) {
    if (t->id == TYPE_MAP) {
        col[0] = (struct rel_col){.name = TEXT_LITERAL("key"), .type = t->field[0].type};
        col[1] = (struct rel_col){.name = TEXT_LITERAL("value"), .type = t->field[1].type};
        return 2;
    }
    const struct type *element = t->field[0].type;
    if (element->id != TYPE_ROW) {
        col[0] = (struct rel_col){.name = alias, .type = element};
        if (alias.bytes == 0) col[0].name = TEXT_LITERAL("element");
        return 1;
    }
    for (uint32_t i = 0; i < element->fields; i++) {
        const struct field *f = &element->field[i];
        col[i] = (struct rel_col){.name = f->name, .type = f->type};
    }
    return element->fields;
}

static uint32_t element_count(const struct type *t) {
    if (t->id == TYPE_MAP) return 2;
    return t->field[0].type->id == TYPE_ROW ? t->field[0].type->fields : 1;
}

static bool name_elements(struct binder *b, const struct ast_source *s, struct rel_col *col,
                          uint32_t cols, struct err *e) {
    if (s->columns.count > cols)
        return bind_error(b, s->columns.at[cols].at, e,
                          "42601: %u names are given, but UNNEST has %u columns", s->columns.count,
                          cols);
    for (uint32_t i = 0; i < cols; i++) {
        if (i < s->columns.count) col[i].name = s->columns.at[i].text;
        col[i].table = s->alias.text;
    }
    return true;
}

struct rel *bind_unnest(struct binder *b, struct rel *left, const struct ast_source *s,
                        struct err *e) {
    struct expr_scope scope = {.b = b, .rel = left, .clause = "UNNEST", .models = true};
    if (!check_join(b, s, e)) return NULL;
    const struct expr *array = bind_expr(&scope, s->args.at[0], e);
    if (!array) return NULL;
    const struct type *t = array->type;
    if (t->id != TYPE_ARRAY && t->id != TYPE_MAP) {
        bind_error(b, s->args.at[0]->start, e, "42804: UNNEST takes an ARRAY or a MAP, not %s",
                   type_words(t).at);
        return NULL;
    }
    uint32_t elements = element_count(t) + s->ordinality, cols = left->cols;
    struct rel_col *col = ARENA_ARRAY(b->arena, col, cols + elements);
    uint32_t *pass = ARENA_ARRAY(b->arena, pass, cols + 1);
    struct rel *with = with_array(b, left, array, e);
    struct plan *p = with ? bind_plan(b, PLAN_UNNEST, with->plan, e) : NULL;
    if (!p) return NULL;
    if (!col || !pass) {
        err_memory(e);
        return NULL;
    }
    memcpy(col, left->col, cols * sizeof *col);
    for (uint32_t i = 0; i < cols; i++) pass[i] = i;
    uint32_t n = element_columns(t, s->alias.text, &col[cols]);
    if (s->ordinality) {
        col[cols + n] = (struct rel_col){.name = TEXT_LITERAL("ordinality"), .type = &type_bigint};
    }
    if (!name_elements(b, s, &col[cols], elements, e)) return NULL;
    p->as.unnest =
        (struct plan_unnest){.col = cols,
                             .passes = cols,
                             .pass_col = pass,
                             .spread = t->id == TYPE_ARRAY && t->field[0].type->id == TYPE_ROW,
                             .outer = s->join == AST_JOIN_LEFT,
                             .ordinality = s->ordinality};
    p->schema = bind_schema(b, col, cols + elements, e);
    if (!p->schema) return NULL;
    *with = (struct rel){.plan = p, .cols = cols + elements, .col = col, .bounded = left->bounded};
    return with;
}
