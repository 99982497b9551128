/* expr_tree.c: see expr_tree.h.
 *
 * Walks recur: the depth of a bound tree is a small multiple of the statement's (AST_HEIGHT_MAX),
 * and its size as a tree is at most EXPR_SIZE_MAX.
 */
#include "sql/expr_tree.h"

#include <assert.h>

#include "engine/base/map.h"
#include "engine/cast.h"
#include "engine/plan_model.h"
#include "sql/bind_type.h"

static const struct expr *failed(struct err *e) {
    err_memory(e);
    return NULL;
}

static uint32_t size_of(uint32_t args, const struct expr *const *arg) {
    uint64_t size = 1;
    for (uint32_t i = 0; i < args; i++) size += arg[i]->size > 0 ? arg[i]->size : 1;
    return size > EXPR_SIZE_MAX ? EXPR_SIZE_MAX + 1 : (uint32_t)size;
}

const struct expr *expr_make(struct arena *a, const struct expr_parts *p, struct err *e) {
    assert(p->type && p->kind < EXPR_COUNT && p->kind != EXPR_CONSTANT);
    struct expr *x = ARENA_NEW(a, x);
    const struct expr **arg = ARENA_ARRAY(a, arg, p->args);
    if (!x || !arg) return failed(e);
    for (uint32_t i = 0; i < p->args; i++) arg[i] = p->arg[i];
    *x = (struct expr){.kind = p->kind,
                       .try_cast = p->try_cast,
                       .type = p->type,
                       .at = p->at,
                       .size = size_of(p->args, p->arg),
                       .column = p->column,
                       .fn = p->fn,
                       .infer = p->infer,
                       .args = p->args,
                       .arg = arg};
    if (x->size <= EXPR_SIZE_MAX) return x;
    err_set(e, ERR_SQL, "54000", "an expression has more than %d parts once it is written out",
            EXPR_SIZE_MAX);
    return NULL;
}

const struct expr *expr_column(struct arena *a, uint32_t column, const struct type *type,
                               struct err *e) {
    return expr_make(a, &(struct expr_parts){.kind = EXPR_COLUMN, .type = type, .column = column},
                     e);
}

const struct expr *expr_cast(struct arena *a, const struct expr *x, const struct type *to,
                             struct err *e) {
    if (type_equal(x->type, to)) return x;
    if (expr_is_null(x)) return expr_null(a, to, e);
    return expr_make(
        a, &(struct expr_parts){.kind = EXPR_CAST, .type = to, .at = x->at, .args = 1, .arg = &x},
        e);
}

const struct expr *expr_and(struct arena *a, const struct expr *x, const struct expr *y,
                            struct err *e) {
    uint32_t left = x->kind == EXPR_AND ? x->args : 1;
    uint32_t right = y->kind == EXPR_AND ? y->args : 1;
    const struct expr **arg = ARENA_ARRAY(a, arg, left + right);
    if (!arg) return failed(e);
    for (uint32_t i = 0; i < left; i++) arg[i] = x->kind == EXPR_AND ? x->arg[i] : x;
    for (uint32_t i = 0; i < right; i++) arg[left + i] = y->kind == EXPR_AND ? y->arg[i] : y;
    return expr_make(
        a,
        &(struct expr_parts){
            .kind = EXPR_AND, .type = &type_boolean, .at = x->at, .args = left + right, .arg = arg},
        e);
}

/* A one-row constant whose value is the `bytes` at `value`; NULL value: NULL. */
static struct expr *constant(struct arena *a, const struct type *type, const void *value,
                             struct err *e) {
    struct expr *x = ARENA_NEW(a, x);
    struct column *c = ARENA_NEW(a, c);
    uint32_t bytes = rep_bytes(type_rep(type));
    void *at = arena_zalloc(a, 1, bytes);
    uint64_t *valid = ARENA_NEW(a, valid);
    if (!x || !c || !at || !valid) {
        err_memory(e);
        return NULL;
    }
    *c = (struct column){.type = type, .valid = value ? NULL : valid, .as.any = at};
    if (value) memcpy(at, value, bytes);
    if (type->fields > 0) {
        /* Only NULLs are made of nested types: their children hold one NULL each, or nothing. */
        struct column *child = ARENA_ARRAY(a, child, type->fields);
        if (!child) {
            err_memory(e);
            return NULL;
        }
        for (uint32_t i = 0; i < type->fields; i++) {
            const struct expr *null = constant(a, type->field[i].type, NULL, e);
            if (!null) return NULL;
            child[i] = *null->constant;
        }
        c->child = child;
    }
    *x = (struct expr){.kind = EXPR_CONSTANT, .type = type, .size = 1, .constant = c};
    return x;
}

struct expr *expr_null(struct arena *a, const struct type *type, struct err *e) {
    return constant(a, type, NULL, e);
}

struct expr *expr_i64(struct arena *a, const struct type *type, int64_t v, struct err *e) {
    assert(type_rep(type) == REP_I64);
    return constant(a, type, &v, e);
}

struct expr *expr_boolean(struct arena *a, bool v, struct err *e) {
    uint8_t byte = v;
    return constant(a, &type_boolean, &byte, e);
}

struct expr *expr_f64(struct arena *a, double v, struct err *e) {
    return constant(a, &type_double, &v, e);
}

struct expr *expr_decimal(struct arena *a, const struct type *type, int128_t v, struct err *e) {
    assert(type->id == TYPE_DECIMAL);
    return constant(a, type, &v, e);
}

struct expr *expr_text(struct arena *a, const struct type *type, struct text v, struct err *e) {
    assert(type_rep(type) == REP_TEXT);
    return constant(a, type, &v, e);
}

bool expr_is_null(const struct expr *x) {
    return x->kind == EXPR_CONSTANT && !column_has(x->constant, 0);
}

static bool same_shape(const struct expr *x, const struct expr *y) {
    return x->kind == y->kind && x->args == y->args && x->column == y->column && x->fn == y->fn &&
           x->try_cast == y->try_cast && x->size == y->size && type_equal(x->type, y->type);
}

bool expr_same(const struct expr *x, const struct expr *y) {
    if (x == y) return true;
    if (!same_shape(x, y)) return false;
    if (x->kind == EXPR_CONSTANT) return column_same(x->constant, 0, y->constant, 0);
    if (x->kind == EXPR_CALL && (x->fn->flags & FN_VOLATILE)) return false;
    if (x->kind == EXPR_INFER && !infer_use_same(x->infer, y->infer)) return false;
    for (uint32_t i = 0; i < x->args; i++) {
        if (!expr_same(x->arg[i], y->arg[i])) return false;
    }
    return true;
}

/* Can this conversion meet a value that has no place in the target? */
static bool cast_can_fail(const struct expr *x) {
    const struct type *from = x->arg[0]->type;
    struct cast c;
    struct err e;
    bool scalar = from->fields == 0 && from->dims == 0 && from->id != TYPE_BLOB;
    if (x->try_cast || from->id == TYPE_NULL || (scalar && x->type->id == TYPE_TEXT)) return false;
    if (scalar && x->type->id != TYPE_DECIMAL && type_widening(from, x->type) >= 0) return false;
    if (!cast_find(from, x->type, false, &c, &e)) return true;
    return c.fn && (c.fn->flags & FN_CAN_FAIL);
}

uint32_t expr_flags(const struct expr *x) {
    uint32_t flags = 0;
    if (x->kind == EXPR_CALL) flags = x->fn->flags & (FN_CAN_FAIL | FN_VOLATILE | FN_STABLE);
    if (x->kind == EXPR_CAST && cast_can_fail(x)) flags = FN_CAN_FAIL;
    if (x->kind == EXPR_INFER) flags = FN_CAN_FAIL;
    for (uint32_t i = 0; i < x->args; i++) flags |= expr_flags(x->arg[i]);
    return flags;
}

void expr_columns(const struct expr *x, bool *used) {
    if (x->kind == EXPR_COLUMN) used[x->column] = true;
    for (uint32_t i = 0; i < x->args; i++) expr_columns(x->arg[i], used);
}

bool expr_is_constant(const struct expr *x) {
    if (x->kind == EXPR_COLUMN || x->kind == EXPR_INFER) return false;
    if (x->kind == EXPR_CALL && (x->fn->flags & (FN_VOLATILE | FN_STABLE))) return false;
    for (uint32_t i = 0; i < x->args; i++) {
        if (!expr_is_constant(x->arg[i])) return false;
    }
    return true;
}

struct rewriting {
    const struct expr_rewrite *how;
    struct map done; /* node -> what it became */
};

static const struct expr *rewrite(struct rewriting *w, const struct expr *x, struct err *e);

static const struct expr *rewrite_args(struct rewriting *w, const struct expr *x, struct err *e) {
    const struct expr **arg = ARENA_ARRAY(w->how->arena, arg, x->args);
    if (!arg) return failed(e);
    bool changed = false;
    for (uint32_t i = 0; i < x->args; i++) {
        arg[i] = rewrite(w, x->arg[i], e);
        if (!arg[i]) return NULL;
        changed |= arg[i] != x->arg[i];
    }
    if (!changed) return x;
    return expr_make(w->how->arena,
                     &(struct expr_parts){.kind = x->kind,
                                          .type = x->type,
                                          .at = x->at,
                                          .column = x->column,
                                          .fn = x->fn,
                                          .infer = x->infer,
                                          .try_cast = x->try_cast,
                                          .args = x->args,
                                          .arg = arg},
                     e);
}

static const struct expr *rewrite(struct rewriting *w, const struct expr *x, struct err *e) {
    bool is_new;
    uint32_t id = map_put_u64(&w->done, (uint64_t)(uintptr_t)x, &is_new);
    if (id == MAP_NONE) return failed(e);
    const struct expr **became = map_value(&w->done, id);
    if (!is_new) return *became;

    err_clear(e);
    const struct expr *to = w->how->replace(w->how->context, x, e);
    if (e->code != ERR_NONE) return NULL;
    if (!to || to == x) to = x->args > 0 ? rewrite_args(w, x, e) : x;
    *became = to;
    return to;
}

bool expr_rewrite_all(const struct expr_rewrite *r, const struct expr *const *from,
                      const struct expr **to, uint32_t count, struct err *e) {
    struct rewriting w = {.how = r};
    bool good = true;
    map_init(&w.done, &(struct map_options){.key_bytes = 8, .value_bytes = sizeof *from});
    for (uint32_t i = 0; good && i < count; i++) {
        to[i] = rewrite(&w, from[i], e);
        good = to[i] != NULL;
    }
    map_done(&w.done);
    return good;
}

const struct expr *expr_rewrite(const struct expr_rewrite *r, const struct expr *x, struct err *e) {
    const struct expr *to;
    return expr_rewrite_all(r, &x, &to, 1, e) ? to : NULL;
}
