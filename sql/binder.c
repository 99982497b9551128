/* binder.c: what all files of the binder use: errors with places, plan nodes, projections. */
#include "sql/binder.h"

#include <assert.h>
#include <stdio.h>

bool bind_place(const struct binder *b, uint32_t at, struct err *e) {
    if (b->placed && b->source && e->code == ERR_SQL) source_place(b->source, at, e);
    return false;
}

bool bind_error(const struct binder *b, uint32_t at, struct err *e, const char *format, ...) {
    char sentence[sizeof e->message + 7], sqlstate[6];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    assert(strlen(sentence) > 7 && sentence[5] == ':');
    memcpy(sqlstate, sentence, 5);
    sqlstate[5] = '\0';
    err_set(e, ERR_SQL, sqlstate, "%s", sentence + 7);
    return bind_place(b, at, e);
}

bool bind_unsupported(const struct binder *b, uint32_t at, struct err *e, const char *format, ...) {
    char sentence[sizeof e->message];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    err_set(e, ERR_SQL, "0A000", "%s", sentence);
    return bind_place(b, at, e);
}

struct text bind_slice(const struct binder *b, uint32_t start, uint32_t end) {
    struct text t = b->source ? b->source->text : (struct text){0};
    if (start > end || end > t.bytes) return (struct text){0};
    return (struct text){.at = t.at + start, .bytes = end - start};
}

uint32_t bind_at(const struct binder *b, uint32_t at) {
    return b->placed ? at : 0;
}

bool bind_grow(struct binder *b, void *array, uint32_t *capacity, uint32_t count, size_t size,
               struct err *e) {
    if (count < *capacity) return true;
    uint32_t more = *capacity ? *capacity * 2 : 8;
    void *from;
    memcpy(&from, array, sizeof from);
    void *to = arena_zalloc(b->arena, more, size);
    if (!to) return err_memory(e);
    if (count > 0) memcpy(to, from, count * size);
    memcpy(array, &to, sizeof to);
    *capacity = more;
    return true;
}

bool bind_use(struct binder *b, struct object *o, struct err *e) {
    for (uint32_t i = 0; i < b->uses; i++) {
        if (b->use[i] == o) return true;
    }
    if (!bind_grow(b, &b->use, &b->uses_capacity, b->uses, sizeof *b->use, e)) return false;
    b->use[b->uses++] = o;
    return true;
}

struct plan *bind_plan(struct binder *b, enum plan_kind kind, const struct plan *input,
                       struct err *e) {
    if (b->nodes >= BIND_NODES_MAX) {
        err_set(e, ERR_SQL, "54000", "the query has more than %d plan nodes", BIND_NODES_MAX);
        return NULL;
    }
    b->nodes++;
    struct plan *p = ARENA_NEW(b->arena, p);
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->kind = kind;
    if (input) {
        p->input[0] = input;
        p->inputs = 1;
        p->schema = input->schema;
    }
    return p;
}

const struct schema *bind_schema(struct binder *b, const struct rel_col *col, uint32_t cols,
                                 struct err *e) {
    struct schema *s = ARENA_NEW(b->arena, s);
    struct field *f = ARENA_ARRAY(b->arena, f, cols);
    if (!s || !f) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < cols; i++) {
        f[i] =
            (struct field){.name = col[i].name, .type = col[i].type, .not_null = col[i].not_null};
    }
    *s = (struct schema){.cols = cols, .col = f};
    return s;
}

struct rel *bind_project(struct binder *b, const struct rel *from, const struct expr *const *expr,
                         struct rel_col *col, uint32_t cols, struct err *e) {
    assert(cols > 0);
    if (cols > TYPE_FIELDS_MAX) {
        err_set(e, ERR_SQL, "54000", "a result has at most %d columns", TYPE_FIELDS_MAX);
        return NULL;
    }
    struct plan *p = bind_plan(b, PLAN_PROJECT, from->plan, e);
    const struct schema *schema = p ? bind_schema(b, col, cols, e) : NULL;
    if (!schema) return NULL;
    p->schema = schema;
    p->as.project.expr = expr;

    struct rel *r = ARENA_NEW(b->arena, r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    *r = (struct rel){.plan = p, .cols = cols, .col = col, .bounded = from->bounded};
    return r;
}
