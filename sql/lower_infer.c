/* lower_infer.c: uses of models leave the expressions and become Infer nodes below them.
 *
 *     Project classify(MODEL m, img), v             Project $3, v
 *       Filter v > 1 AND predict(MODEL m, img) = 2    Filter $4 = 2
 *         Scan                                          Infer m(img): classify, predict
 *                                                         Filter v > 1
 *                                                           Scan
 *
 * Uses of a Filter and of the Project above it share their runs. Of a predicate, what asks no model
 * comes first, by the rules of lower_filter.c: what can fail or is volatile does not pass what
 * stands before it. Terms that ask follow in their order, each a Filter of its own, so that a
 * later model sees only the rows that are left.
 */
#include "engine/shared_model.h"
#include "sql/expr_tree.h"
#include "sql/lower_ask.h"

/* The wants, and those of `exprs`. */
static bool wants_with(struct binder *b, const struct values *wants, struct exprs exprs,
                       struct values *out, struct err *e) {
    *out = (struct values){0};
    for (uint32_t i = 0; i < wants->count; i++) {
        if (!values_add(b, out, wants->at[i].x, 0, e)) return false;
    }
    return ask_wants(b, exprs, out, e);
}

static const struct plan *take_out(struct binder *b, const struct plan *p,
                                   const struct values *wants, struct values *made, struct err *e);

static const struct plan *project(struct binder *b, const struct plan *p, struct err *e) {
    uint32_t cols = p->schema->cols;
    struct exprs x = {.count = cols};
    struct values wants = {0}, had = {0};
    x.at = ARENA_ARRAY(b->arena, x.at, cols + 1);
    if (!x.at) {
        err_memory(e);
        return NULL;
    }
    memcpy(x.at, p->as.project.expr, cols * sizeof *x.at);
    if (!ask_wants(b, x, &wants, e)) return NULL;
    const struct plan *input = take_out(b, p->input[0], &wants, &had, e);
    if (!input || !ask_had(b, x, &had, e)) return NULL;
    input = ask(b, input, x, &(struct values){0}, &had, e);
    struct plan *copy = input ? lower_copy(b, p, input, NULL, e) : NULL;
    if (copy) copy->as.project.expr = x.at;
    return copy;
}

static const struct plan *filter(struct binder *b, const struct plan *x, const struct expr *term,
                                 struct err *e) {
    bool joins = x->kind == PLAN_FILTER;
    struct plan *p = bind_plan(b, PLAN_FILTER, joins ? x->input[0] : x, e);
    if (!p) return NULL;
    if (joins) term = expr_and(b->arena, x->as.filter.predicate, term, e);
    p->as.filter.predicate = term;
    return term ? p : NULL;
}

/* The terms that ask nothing and may go before those that do; they are struck out. */
static const struct plan *filter_first(struct binder *b, const struct plan *x, struct exprs term,
                                       struct err *e) {
    const struct expr *all = NULL;
    bool stays = false, is_volatile = false;
    for (uint32_t i = 0; i < term.count; i++) {
        uint32_t flags = expr_flags(term.at[i]);
        bool asks = asks_model(term.at[i]);
        is_volatile = is_volatile || (stays && (flags & FN_VOLATILE));
        if (asks || is_volatile || (stays && (flags & FN_CAN_FAIL))) {
            stays = true;
            continue;
        }
        all = all ? expr_and(b->arena, all, term.at[i], e) : term.at[i];
        if (!all) return NULL;
        term.at[i] = NULL;
    }
    if (!all) return x;
    struct plan *p = bind_plan(b, PLAN_FILTER, x, e);
    if (p) p->as.filter.predicate = all;
    return p;
}

/* A Filter gives, besides its columns, the values that it had to ask for. */
static const struct plan *filter_rows(struct binder *b, const struct plan *p,
                                      const struct values *wants, struct values *made,
                                      struct err *e) {
    const struct expr *all = p->as.filter.predicate;
    struct exprs term = {.count = all->kind == EXPR_AND ? all->args : 1};
    struct values more;
    term.at = ARENA_ARRAY(b->arena, term.at, term.count);
    if (!term.at) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < term.count; i++)
        term.at[i] = all->kind == EXPR_AND ? all->arg[i] : all;
    if (!wants_with(b, wants, term, &more, e)) return NULL;
    const struct plan *x = take_out(b, p->input[0], &more, made, e);
    if (!x || !ask_had(b, term, made, e)) return NULL;
    x = filter_first(b, x, term, e);
    for (uint32_t i = 0; x && i < term.count; i++) {
        if (!term.at[i]) continue;
        struct exprs one = {&term.at[i], 1}, later = {&term.at[i + 1], term.count - i - 1};
        if (!ask_had(b, one, made, e) || !wants_with(b, wants, later, &more, e)) return NULL;
        x = ask(b, x, one, &more, made, e);
        if (x) x = filter(b, x, term.at[i], e);
    }
    return x;
}

/* `x` with the first `cols` columns alone. */
static const struct plan *cut(struct binder *b, const struct plan *x, const struct schema *s,
                              struct err *e) {
    if (x->schema->cols == s->cols) return x;
    const struct expr **expr = ARENA_ARRAY(b->arena, expr, s->cols + 1);
    struct plan *p = bind_plan(b, PLAN_PROJECT, x, e);
    if (!p) return NULL;
    if (!expr) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < s->cols; i++) {
        expr[i] = expr_column(b->arena, i, s->col[i].type, e);
        if (!expr[i]) return NULL;
    }
    p->schema = s;
    p->as.project.expr = expr;
    return p;
}

/* `wants`: what the node above asks for over p's columns; `made`: which of it, and more, are
 * columns of what is given, behind those of p. */
static const struct plan *take_out(struct binder *b, const struct plan *p,
                                   const struct values *wants, struct values *made, struct err *e) {
    if (p->kind == PLAN_PROJECT) return project(b, p, e);
    if (p->kind == PLAN_FILTER) return filter_rows(b, p, wants, made, e);
    const struct plan *input[2] = {NULL, NULL};
    for (uint32_t i = 0; i < p->inputs; i++) {
        struct values none = {0}, unused = {0};
        input[i] = take_out(b, p->input[i], &none, &unused, e);
        if (input[i]) input[i] = cut(b, input[i], p->input[i]->schema, e);
        if (!input[i]) return NULL;
    }
    return lower_copy(b, p, input[0], input[1], e);
}

const struct plan *lower_infer(struct binder *b, const struct plan *p, struct err *e) {
    return take_out(b, p, &(struct values){0}, &(struct values){0}, e);
}

/* Below a LIMIT nothing is gathered, for rows that nobody wants would be taken; below a Train
 * neither, for what is learnt of a row must be known before the next one. */
static bool settle(struct binder *b, struct plan *p, bool gathers, struct err *e) {
    gathers = gathers && p->kind != PLAN_LIMIT && p->kind != PLAN_TRAIN;
    if (p->kind == PLAN_INFER) {
        p->as.infer.gathers = gathers;
        if (p->changes && p->as.infer.model->model->learns) {
            bind_unsupported(b, p->as.infer.at, e,
                             "model \"%.*s\" learns: it cannot answer rows that are taken back",
                             TEXT_ARG(p->as.infer.model->name));
            return err_hint(e, "Ask it before the aggregation that makes changes.");
        }
    }
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (!settle(b, (struct plan *)(uintptr_t)p->input[i], gathers, e)) return false;
    }
    return true;
}

bool lower_infer_settle(struct binder *b, struct plan *root, struct err *e) {
    return settle(b, root, true, e);
}
