/* lower_window.c: aggregation by the windows of a window function, as one operator.
 *
 *     WindowAggregate (windows that the rows carry)      WindowAggregate TUMBLE(ts, 10 s)
 *       [Project]                                   =>     [Project]
 *         Window TUMBLE(ts, 10 s)                            input
 *
 * Then no row is copied for each of its windows. It can be done when nothing but the grouping
 * reads window_start, window_end or window_time. Predicates between have gone below the window
 * already (lower_filter.c); one that reads the window alone goes above the aggregation; one that
 * reads both keeps the two apart.
 */
#include <assert.h>

#include "sql/expr_tree.h"
#include "sql/lower.h"

enum { WINDOW_COLUMNS = 3 };

static bool in_use(const struct plan_aggregate *g, uint32_t col) {
    for (uint32_t i = 0; i < g->keys; i++) {
        if (g->key_col[i] == col) return true;
    }
    for (uint32_t i = 0; i < g->aggs; i++) {
        const struct plan_agg *a = &g->agg[i];
        if (a->filter_col == (int32_t)col) return true;
        for (uint32_t k = 0; k < a->bind.args; k++) {
            if (a->arg_col[k] == col) return true;
        }
    }
    return false;
}

static bool is_column(const struct expr *x, uint32_t col) {
    return x->kind == EXPR_COLUMN && x->column == col;
}

/* Sessions of different partitions that begin and end together are different windows to the
 * operator, and one to GROUP BY: each partition must be a group of its own. */
static bool partitions_are_keys(const struct plan *g, const struct expr *const *projected,
                                const struct window_spec *w) {
    for (uint32_t i = 0; i < w->partitions; i++) {
        bool found = false;
        for (uint32_t k = 0; k < g->as.aggregate.keys; k++) {
            uint32_t col = g->as.aggregate.key_col[k];
            found |= projected ? is_column(projected[col], w->partition_col[i])
                               : col == w->partition_col[i];
        }
        if (!found) return false;
    }
    return true;
}

/* Right above the window: its columns are the last three. */
static bool fuses_directly(const struct plan *g, const struct plan *window) {
    uint32_t cols = window->input[0]->schema->cols;
    const struct window_spec *w = &g->as.aggregate.window;
    if (w->start_col != cols || w->time_col != cols + 1) return false;
    if (!partitions_are_keys(g, NULL, &window->as.window.spec)) return false;
    for (uint32_t c = cols; c < window->schema->cols; c++) {
        if (in_use(&g->as.aggregate, c)) return false;
    }
    return true;
}

static const struct plan *fuse_directly(struct binder *b, const struct plan *g,
                                        const struct plan *window, struct err *e) {
    struct plan *fused = lower_copy(b, g, window->input[0], NULL, e);
    if (fused) fused->as.aggregate.window = window->as.window.spec;
    return fused;
}

static bool reads_window(const struct expr *x, uint32_t cols) {
    if (x->kind == EXPR_COLUMN) return x->column >= cols;
    for (uint32_t i = 0; i < x->args; i++) {
        if (reads_window(x->arg[i], cols)) return true;
    }
    return false;
}

/* A Project between: only the columns that the grouping has for the window may read it. */
static bool fuses_through(const struct plan *g, const struct plan *project,
                          const struct plan *window) {
    uint32_t cols = window->input[0]->schema->cols;
    const struct window_spec *w = &g->as.aggregate.window;
    const struct expr *const *x = project->as.project.expr;
    if (!is_column(x[w->start_col], cols) || !is_column(x[w->time_col], cols + 1)) return false;
    if (!partitions_are_keys(g, x, &window->as.window.spec)) return false;
    for (uint32_t c = 0; c < project->schema->cols; c++) {
        if (reads_window(x[c], cols) && in_use(&g->as.aggregate, c)) return false;
    }
    return true;
}

/* The Project without the window's columns, and with those that the window itself needs. */
static const struct plan *fuse_through(struct binder *b, const struct plan *g,
                                       const struct plan *project, const struct plan *window,
                                       struct err *e) {
    const struct plan *input = window->input[0];
    struct window_spec spec = window->as.window.spec;
    uint32_t cols = project->schema->cols, all = cols + 1 + spec.partitions;
    const struct expr **x = ARENA_ARRAY(b->arena, x, all);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, all);
    uint32_t *partition = ARENA_ARRAY(b->arena, partition, spec.partitions);
    if (!x || !col || !partition) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t c = 0; c < all; c++) {
        uint32_t from = c <= cols ? spec.time_col : spec.partition_col[c - cols - 1];
        bool kept = c < cols && !reads_window(project->as.project.expr[c], input->schema->cols);
        const struct field *f = kept ? &project->schema->col[c] : &input->schema->col[from];
        x[c] = kept ? project->as.project.expr[c] : expr_column(b->arena, from, f->type, e);
        if (!x[c]) return NULL;
        col[c] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
        if (c > cols) partition[c - cols - 1] = c;
    }
    spec.time_col = cols;
    spec.partition_col = partition;
    struct plan *below = lower_copy(b, project, input, NULL, e);
    struct plan *fused = below ? lower_copy(b, g, below, NULL, e) : NULL;
    if (!fused) return NULL;
    below->as.project.expr = x;
    below->schema = bind_schema(b, col, all, e);
    fused->as.aggregate.window = spec;
    return below->schema ? fused : NULL;
}

static bool reads_window_only(const struct expr *x, uint32_t cols) {
    if (x->kind == EXPR_COLUMN) return x->column >= cols;
    for (uint32_t i = 0; i < x->args; i++) {
        if (!reads_window_only(x->arg[i], cols)) return false;
    }
    return true;
}

/* A predicate that reads the window alone is the same for a whole group. */
static bool lifts(const struct plan *f) {
    if (f->kind != PLAN_FILTER || f->input[0]->kind != PLAN_WINDOW) return false;
    const struct expr *x = f->as.filter.predicate;
    uint32_t flags = expr_flags(x) & (FN_CAN_FAIL | FN_VOLATILE | FN_STABLE);
    return flags == 0 && reads_window_only(x, f->input[0]->input[0]->schema->cols);
}

static const struct plan *fuse(struct binder *b, const struct plan *g, struct err *e) {
    const struct plan *x = g->input[0];
    if (x->kind == PLAN_WINDOW && fuses_directly(g, x)) return fuse_directly(b, g, x, e);
    if (x->kind == PLAN_PROJECT && x->input[0]->kind == PLAN_WINDOW &&
        fuses_through(g, x, x->input[0]))
        return fuse_through(b, g, x, x->input[0], e);
    return g;
}

/* The aggregation without the predicate `f` below it, and the predicate above. */
static const struct plan *lift(struct binder *b, const struct plan *g, const struct plan *f,
                               struct err *e) {
    const struct plan *window = f->input[0], *project = g->input[0];
    const struct plan *below = window;
    if (project != f && !(below = lower_copy(b, project, window, NULL, e))) return NULL;
    const struct plan *copy = lower_copy(b, g, below, NULL, e);
    if (!copy || !(copy = fuse(b, copy, e))) return NULL;

    uint32_t cols = window->schema->cols, first = g->schema->cols - WINDOW_COLUMNS;
    uint32_t *place = ARENA_ARRAY(b->arena, place, cols);
    if (!place) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < WINDOW_COLUMNS; i++) place[cols - WINDOW_COLUMNS + i] = first + i;
    struct plan *above = lower_copy(b, f, copy, NULL, e);
    if (!above) return NULL;
    above->as.filter.predicate = lower_renumber(b, f->as.filter.predicate, place, e);
    return above->as.filter.predicate ? above : NULL;
}

const struct plan *lower_windows(struct binder *b, const struct plan *p, struct err *e) {
    const struct plan *input[2] = {NULL, NULL};
    for (uint32_t i = 0; i < p->inputs; i++) {
        input[i] = lower_windows(b, p->input[i], e);
        if (!input[i]) return NULL;
    }
    const struct plan *copy = lower_copy(b, p, input[0], input[1], e);
    bool attached =
        p->kind == PLAN_WINDOW_AGGREGATE && p->as.aggregate.window.kind == WINDOW_ATTACHED;
    if (!copy || !attached) return copy;
    const struct plan *f = input[0]->kind == PLAN_PROJECT ? input[0]->input[0] : input[0];
    return lifts(f) ? lift(b, copy, f, e) : fuse(b, copy, e);
}
