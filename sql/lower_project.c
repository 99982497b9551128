/* lower_project.c: a Project above a Project computes the same as one that says all of it; above
 * constants it is other constants; below a Limit it is better above it.
 *
 * What the lower one computes is put in place of the columns; a node put in several places is
 * shared, and so computed once. Merging stops where expressions would grow large.
 */
#include <assert.h>

#include "sql/expr_tree.h"
#include "sql/lower_ask.h"

enum { MERGED_SIZE_MAX = 1000, VALUES_MAX = 100000 };

/* Nodes of `x` with its columns replaced, at least when it is past MERGED_SIZE_MAX. */
static uint32_t merged_size(const struct expr *x, const struct expr *const *to) {
    if (x->kind == EXPR_COLUMN) return to[x->column]->size;
    uint32_t size = 1;
    for (uint32_t i = 0; i < x->args && size <= MERGED_SIZE_MAX; i++)
        size += merged_size(x->arg[i], to);
    return size;
}

static bool merges(const struct plan *p, const struct plan *input) {
    uint32_t size = 0;
    for (uint32_t i = 0; i < p->schema->cols && size <= MERGED_SIZE_MAX; i++) {
        const struct expr *x = p->as.project.expr[i];
        if (x->kind != EXPR_COLUMN) size += merged_size(x, input->as.project.expr);
    }
    return size <= MERGED_SIZE_MAX;
}

static const struct plan *merge_projects(struct binder *b, const struct plan *p,
                                         const struct plan *input, struct err *e) {
    uint32_t cols = p->schema->cols;
    const struct expr **x = ARENA_ARRAY(b->arena, x, cols);
    struct plan *copy = lower_copy(b, p, input->input[0], NULL, e);
    if (!copy) return NULL;
    if (!x) {
        err_memory(e);
        return NULL;
    }
    memcpy(x, p->as.project.expr, cols * sizeof *x);
    if (!lower_substitute_all(b, (struct exprs){x, cols}, input->as.project.expr, e)) return NULL;
    copy->as.project.expr = x;
    return copy;
}

static const struct plan *project_values(struct binder *b, const struct plan *p,
                                         const struct plan *input, struct err *e) {
    uint32_t rows = input->as.values.rows, cols = p->schema->cols;
    uint32_t from = input->schema->cols;
    const struct expr **x = ARENA_ARRAY(b->arena, x, (size_t)rows * cols);
    struct plan *copy = lower_copy(b, p, NULL, NULL, e);
    if (!copy) return NULL;
    if (!x) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < rows; i++) {
        const struct expr *const *row = &input->as.values.expr[(size_t)i * from];
        struct exprs to = {&x[(size_t)i * cols], cols};
        memcpy(to.at, p->as.project.expr, cols * sizeof *x);
        if (!lower_substitute_all(b, to, row, e)) return NULL;
    }
    copy->kind = PLAN_VALUES;
    copy->inputs = 0;
    copy->as.values = (struct plan_values){.rows = rows, .expr = x};
    return copy;
}

static bool is_identity(const struct plan *p, const struct plan *input) {
    if (p->schema->cols != input->schema->cols) return false;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        const struct expr *x = p->as.project.expr[i];
        if (x->kind != EXPR_COLUMN || x->column != i) return false;
    }
    return true;
}

/* Then it is no constant, whatever it stands on. */
static bool projects_answers(const struct plan *p) {
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (asks_model(p->as.project.expr[i])) return true;
    }
    return false;
}

/* LIMIT counts rows before the SELECT list is computed, as SQLite does: what is skipped, or comes
 * behind the last row, cannot fail. */
static const struct plan *limit_below(struct binder *b, const struct plan *limit,
                                      const struct plan *project, struct err *e) {
    const struct plan *below = lower_copy(b, limit, project->input[0], NULL, e);
    return below ? lower_copy(b, project, below, NULL, e) : NULL;
}

const struct plan *lower_projects(struct binder *b, const struct plan *p, struct err *e) {
    const struct plan *input[2] = {NULL, NULL};
    for (uint32_t i = 0; i < p->inputs; i++) {
        input[i] = lower_projects(b, p->input[i], e);
        if (!input[i]) return NULL;
    }
    if (p->kind == PLAN_PROJECT) {
        if (is_identity(p, input[0])) return input[0];
        if (input[0]->kind == PLAN_PROJECT && merges(p, input[0]))
            return merge_projects(b, p, input[0], e);
        bool few = input[0]->kind == PLAN_VALUES && !projects_answers(p) &&
                   (uint64_t)input[0]->as.values.rows * p->schema->cols <= VALUES_MAX;
        if (few) return project_values(b, p, input[0], e);
    }
    if (p->kind == PLAN_LIMIT && input[0]->kind == PLAN_PROJECT)
        return limit_below(b, p, input[0], e);
    return lower_copy(b, p, input[0], input[1], e);
}
