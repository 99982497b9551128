/* program_site.c: call sites, and calls of constants at open.
 *
 * A folded call runs its function for a batch of one row. If that row fails, the call stays a call
 * and fails the rows that need it, which may be none.
 */
#include <assert.h>
#include <string.h>

#include "engine/program_private.h"

bool site_open(struct site *s, const struct fn *fn, const struct fn_bind *b, struct err *e) {
    *s = (struct site){.fn = fn};
    return !fn->open || fn->open(b, &s->state, e);
}

void site_close(struct site *s) {
    if (s->fn && s->fn->close && s->state) s->fn->close(s->state);
    s->state = NULL;
}

static bool broadcast_children(struct arena *a, const struct column *one, uint32_t rows,
                               struct column *out, struct err *e) {
    struct column *child = ARENA_ARRAY(a, child, one->type->fields);
    if (!child) return err_memory(e);
    for (uint32_t i = 0; i < one->type->fields; i++) {
        if (!column_broadcast(a, &one->child[i], rows, &child[i], e)) return false;
    }
    out->child = child;
    return true;
}

bool column_broadcast(struct arena *a, const struct column *one, uint32_t rows, struct column *out,
                      struct err *e) {
    size_t size = rep_bytes(type_rep(one->type));
    char *values = arena_alloc(a, rows * size);
    if (!values) return err_memory(e);
    for (uint32_t i = 0; i < rows; i++) memcpy(values + i * size, one->as.any, size);

    struct column c = {.type = one->type, .as.any = values, .child = one->child};
    if (!column_has(one, 0)) {
        c.valid = ARENA_ARRAY(a, c.valid, bit_words(rows));
        if (!c.valid) return err_memory(e);
    }
    if (one->type->id == TYPE_ROW && one->child && !broadcast_children(a, one, rows, &c, e)) {
        return false;
    }
    *out = c;
    return true;
}

struct fold {
    struct column *arg;
    const struct type **type;
    const struct column **constant;
    uint64_t *valid;
    void *value;
    struct column *column;
};

static bool fold_prepare(struct graph *g, const struct node *n, struct fold *f) {
    f->arg = ARENA_ARRAY(g->scratch, f->arg, n->args + 1);
    f->type = ARENA_ARRAY(g->scratch, f->type, n->args + 1);
    f->constant = ARENA_ARRAY(g->scratch, f->constant, n->args + 1);
    f->valid = ARENA_NEW(g->arena, f->valid);
    f->value = arena_zalloc(g->arena, 1, rep_bytes(type_rep(n->type)));
    f->column = ARENA_NEW(g->arena, f->column);
    if (!f->arg || !f->type || !f->constant || !f->valid || !f->value || !f->column) return false;

    *f->valid = 1;
    for (uint32_t i = 0; i < n->args; i++) {
        const struct node *arg = graph_node(g, n->arg[i]);
        f->arg[i] = *arg->constant;
        f->type[i] = arg->type;
        f->constant[i] = arg->constant;
        if (n->fn && (n->fn->flags & FN_STRICT) && !column_has(arg->constant, 0)) *f->valid = 0;
    }
    return true;
}

/* The value under another type. */
static bool fold_retype(const struct node *n, struct fold *f) {
    *f->column = f->arg[0];
    f->column->type = n->type;
    return true;
}

/* *done_out: the row did not fail. */
static bool fold_call(struct graph *g, const struct node *n, struct fold *f, bool *done_out,
                      struct err *e) {
    struct batch batch = {.rows = 1, .live = 1};
    struct fn_errors errors;
    fn_errors_init(&errors, g->scratch);
    struct fn_bind bind = {.arg_type = f->type,
                           .constant = f->constant,
                           .args = n->args,
                           .type = n->type,
                           .arena = g->arena,
                           .seed = g->seed,
                           .env = g->env};
    struct site site;
    if (!site_open(&site, n->fn, &bind, e)) return false;

    struct fn_call call = {.arg = f->arg,
                           .args = n->args,
                           .type = n->type,
                           .live = *f->valid ? 1 : 0,
                           .rows = 1,
                           .arena = g->arena,
                           .state = site.state,
                           .batch = &batch,
                           .errors = &errors};
    struct fn_result out = {.as.any = f->value, .valid = f->valid};
    bool ok = call.live == 0 || n->fn->call(&call, &out, e);
    site_close(&site);
    if (!ok) return false;
    if (errors.no_memory) return err_memory(e);
    *done_out = errors.count == 0 && (n->type->fields == 0 || out.child);
    *f->column = (struct column){.type = n->type,
                                 .valid = *f->valid & 1 ? NULL : f->valid,
                                 .as.any = f->value,
                                 .child = out.child};
    return true;
}

bool graph_fold(struct graph *g, struct node *n, bool *folded_out, struct err *e) {
    struct fold f = {0};
    if (!fold_prepare(g, n, &f)) return err_memory(e);
    bool done = true;
    if (!(n->fn ? fold_call(g, n, &f, &done, e) : fold_retype(n, &f))) return false;
    if (done) n->constant = f.column;
    *folded_out = done;
    return true;
}
