/* lower_prune.c: from the sink down, what is read; from the inputs up, only that.
 *
 * Each node is told which of its columns are wanted and answers with a plan and the new places of
 * those columns. A Scan keeps its columns, as its stream declares them, and notes which are read:
 * the decoder stores no others. A Project keeps what is wanted, and goes where it only reorders.
 * Where places matter (both sides of a UNION, DISTINCT, the result) a Project restores them, and
 * below what copies whole rows (SORT, windows) it leaves out what a Scan has not read.
 */
#include <assert.h>

#include "sql/expr_tree.h"
#include "sql/lower.h"

struct pruning {
    struct binder *b;
    bool **used;
};

/* Columns of a node: wanted by the one above, and where they have come to be. */
struct columns {
    bool *wanted;    /* [cols] */
    uint32_t *place; /* [cols] filled for those wanted */
};

static const struct plan *prune(struct pruning *r, const struct plan *p, struct columns c,
                                struct err *e);

static bool columns_init(struct pruning *r, const struct plan *p, struct columns *c,
                         struct err *e) {
    c->wanted = ARENA_ARRAY(r->b->arena, c->wanted, p->schema->cols + 1);
    c->place = ARENA_ARRAY(r->b->arena, c->place, p->schema->cols + 1);
    return c->wanted && c->place ? true : err_memory(e);
}

static void stay(const struct plan *p, struct columns c) {
    for (uint32_t i = 0; i < p->schema->cols; i++) c.place[i] = i;
}

static const struct plan *prune_scan(struct pruning *r, const struct plan *p, struct columns c,
                                     struct err *e) {
    bool *used = r->used[p->as.scan.input];
    for (uint32_t i = 0; i < p->schema->cols; i++) used[i] |= c.wanted[i];
    stay(p, c);
    return lower_copy(r->b, p, NULL, NULL, e);
}

static const struct plan *prune_values(struct pruning *r, const struct plan *p, struct columns c,
                                       struct err *e) {
    stay(p, c);
    return lower_copy(r->b, p, NULL, NULL, e);
}

/* FILTER, LIMIT: the columns are those of the input. */
static const struct plan *prune_filter(struct pruning *r, const struct plan *p, struct columns c,
                                       struct err *e) {
    expr_columns(p->as.filter.predicate, c.wanted);
    const struct plan *x = prune(r, p->input[0], c, e);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy) return NULL;
    copy->as.filter.predicate = lower_renumber(r->b, p->as.filter.predicate, c.place, e);
    return copy->as.filter.predicate ? copy : NULL;
}

static const struct plan *prune_limit(struct pruning *r, const struct plan *p, struct columns c,
                                      struct err *e) {
    const struct plan *x = prune(r, p->input[0], c, e);
    return x ? lower_copy(r->b, p, x, NULL, e) : NULL;
}

/* Exactly the wanted columns of `p`, in order. */
static const struct plan *compact(struct pruning *r, const struct plan *p, const bool *wanted,
                                  struct err *e) {
    struct columns c;
    uint32_t count = 0;
    if (!columns_init(r, p, &c, e)) return NULL;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        c.wanted[i] = wanted[i];
        count += wanted[i];
    }
    const struct plan *x = prune(r, p, c, e);
    if (!x) return NULL;

    const struct expr **expr = ARENA_ARRAY(r->b->arena, expr, count);
    struct rel_col *col = ARENA_ARRAY(r->b->arena, col, count);
    if (!expr || !col) {
        err_memory(e);
        return NULL;
    }
    bool same = x->schema->cols == count;
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (!wanted[i]) continue;
        const struct field *f = &p->schema->col[i];
        same &= c.place[i] == n;
        expr[n] = expr_column(r->b->arena, c.place[i], f->type, e);
        if (!expr[n]) return NULL;
        col[n++] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
    }
    if (same) return x;
    struct plan *project = bind_plan(r->b, PLAN_PROJECT, x, e);
    if (!project) return NULL;
    project->schema = bind_schema(r->b, col, count, e);
    project->as.project.expr = expr;
    return project->schema ? project : NULL;
}

static void number_wanted(const struct plan *p, struct columns c) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (c.wanted[i]) c.place[i] = n++;
    }
}

/* SORT keeps rows: only what is wanted of them. */
static const struct plan *prune_sort(struct pruning *r, const struct plan *p, struct columns c,
                                     struct err *e) {
    const struct plan_sort *s = &p->as.sort;
    struct sort_key *key = ARENA_ARRAY(r->b->arena, key, s->keys);
    if (!key) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < s->keys; i++) c.wanted[s->key[i].col] = true;
    const struct plan *x = compact(r, p->input[0], c.wanted, e);
    number_wanted(p, c);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy) return NULL;
    for (uint32_t i = 0; i < s->keys; i++) {
        key[i] = s->key[i];
        key[i].col = c.place[s->key[i].col];
    }
    copy->as.sort.key = key;
    return copy;
}

/* UNION: both sides keep the same columns. */
static const struct plan *prune_union(struct pruning *r, const struct plan *p, struct columns c,
                                      struct err *e) {
    bool any = false;
    for (uint32_t i = 0; i < p->schema->cols; i++) any |= c.wanted[i];
    if (!any) c.wanted[0] = true;
    const struct plan *x = compact(r, p->input[0], c.wanted, e);
    const struct plan *y = x ? compact(r, p->input[1], c.wanted, e) : NULL;
    struct plan *copy = y ? lower_copy(r->b, p, x, y, e) : NULL;
    if (copy) copy->schema = x->schema;
    number_wanted(p, c);
    return copy;
}

/* DISTINCT, INTERSECT, EXCEPT, the sink: all columns of their inputs, as they stand. */
static const struct plan *prune_whole(struct pruning *r, const struct plan *p, struct columns c,
                                      struct err *e) {
    const struct plan *input[2] = {NULL, NULL};
    for (uint32_t i = 0; i < p->inputs; i++) {
        bool *all = ARENA_ARRAY(r->b->arena, all, p->input[i]->schema->cols);
        if (!all) {
            err_memory(e);
            return NULL;
        }
        for (uint32_t k = 0; k < p->input[i]->schema->cols; k++) all[k] = true;
        input[i] = compact(r, p->input[i], all, e);
        if (!input[i]) return NULL;
    }
    stay(p, c);
    return lower_copy(r->b, p, input[0], input[1], e);
}

/* Columns alone, no computation: the input can be read directly. */
static bool only_moves(const struct plan *p, const bool *wanted) {
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (wanted[i] && p->as.project.expr[i]->kind != EXPR_COLUMN) return false;
    }
    return true;
}

static const struct plan *prune_project(struct pruning *r, const struct plan *p, struct columns c,
                                        struct err *e) {
    struct columns below;
    const struct expr *const *from = p->as.project.expr;
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (c.wanted[i]) expr_columns(from[i], below.wanted);
    }
    const struct plan *x = prune(r, p->input[0], below, e);
    if (!x) return NULL;
    if (only_moves(p, c.wanted)) {
        for (uint32_t i = 0; i < p->schema->cols; i++) {
            if (c.wanted[i]) c.place[i] = below.place[from[i]->column];
        }
        return x;
    }
    const struct expr **expr = ARENA_ARRAY(r->b->arena, expr, p->schema->cols);
    struct rel_col *col = ARENA_ARRAY(r->b->arena, col, p->schema->cols);
    struct plan *copy = lower_copy(r->b, p, x, NULL, e);
    if (!copy) return NULL;
    if (!expr || !col) {
        err_memory(e);
        return NULL;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        if (!c.wanted[i]) continue;
        const struct field *f = &p->schema->col[i];
        expr[n] = from[i];
        col[n] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
        c.place[i] = n++;
    }
    if (!lower_renumber_all(r->b, (struct exprs){expr, n}, below.place, e)) return NULL;
    copy->as.project.expr = expr;
    copy->schema = bind_schema(r->b, col, n, e);
    return copy->schema ? copy : NULL;
}

static const uint32_t *renumbered(struct pruning *r, const uint32_t *col, uint32_t count,
                                  const uint32_t *place, struct err *e) {
    uint32_t *to = ARENA_ARRAY(r->b->arena, to, count);
    if (!to) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) to[i] = place[col[i]];
    return to;
}

static bool spec_renumber(struct pruning *r, struct window_spec *w, const uint32_t *place,
                          struct err *e) {
    w->time_col = place[w->time_col];
    if (w->kind == WINDOW_ATTACHED) w->start_col = place[w->start_col];
    w->partition_col = renumbered(r, w->partition_col, w->partitions, place, e);
    return w->partition_col != NULL;
}

static void spec_wants(const struct window_spec *w, bool *wanted) {
    wanted[w->time_col] = true;
    if (w->kind == WINDOW_ATTACHED) wanted[w->start_col] = true;
    for (uint32_t i = 0; i < w->partitions; i++) wanted[w->partition_col[i]] = true;
}

static const struct plan *prune_window(struct pruning *r, const struct plan *p, struct columns c,
                                       struct err *e) {
    struct columns below;
    uint32_t cols = p->input[0]->schema->cols, added = p->schema->cols - cols;
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    memcpy(below.wanted, c.wanted, cols * sizeof *c.wanted);
    spec_wants(&p->as.window.spec, below.wanted);
    const struct plan *x = compact(r, p->input[0], below.wanted, e);
    number_wanted(p->input[0], below);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy || !spec_renumber(r, &copy->as.window.spec, below.place, e)) return NULL;

    struct rel_col *col = ARENA_ARRAY(r->b->arena, col, x->schema->cols + added);
    if (!col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < x->schema->cols + added; i++) {
        const struct field *f =
            i < x->schema->cols ? &x->schema->col[i] : &p->schema->col[cols + i - x->schema->cols];
        col[i] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
    }
    for (uint32_t i = 0; i < cols; i++) c.place[i] = below.place[i];
    for (uint32_t i = 0; i < added; i++) c.place[cols + i] = x->schema->cols + i;
    copy->schema = bind_schema(r->b, col, x->schema->cols + added, e);
    return copy->schema ? copy : NULL;
}

/* Aggregates that are wanted, all keys, and the window's columns. Where each change of a result is
 * answered, all are wanted: a change that nobody reads is a change too. */
static uint32_t keep_aggregates(const struct plan *p, struct columns c, struct plan_agg *agg,
                                struct rel_col *col) {
    const struct plan_aggregate *g = &p->as.aggregate;
    bool last_resort = g->keys == 0 && p->kind == PLAN_GROUP_AGGREGATE;
    bool changes = p->kind == PLAN_GROUP_AGGREGATE && !g->final;
    uint32_t aggs = 0, cols = 0;
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        bool is_agg = i >= g->keys && i < g->keys + g->aggs;
        bool needed = c.wanted[i] || changes || (last_resort && aggs == 0 && i + 1 == g->aggs);
        if (is_agg && !needed) continue;
        if (is_agg) agg[aggs++] = g->agg[i - g->keys];
        const struct field *f = &p->schema->col[i];
        col[cols] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
        c.place[i] = cols++;
    }
    return aggs;
}

static const struct plan *prune_aggregate(struct pruning *r, const struct plan *p, struct columns c,
                                          struct err *e) {
    const struct plan_aggregate *g = &p->as.aggregate;
    bool windowed = p->kind == PLAN_WINDOW_AGGREGATE;
    struct columns below;
    struct plan_agg *agg = ARENA_ARRAY(r->b->arena, agg, g->aggs);
    struct rel_col *col = ARENA_ARRAY(r->b->arena, col, p->schema->cols);
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    if (!agg || !col) {
        err_memory(e);
        return NULL;
    }
    uint32_t aggs = keep_aggregates(p, c, agg, col);
    for (uint32_t i = 0; i < g->keys; i++) below.wanted[g->key_col[i]] = true;
    for (uint32_t i = 0; i < aggs; i++) {
        if (agg[i].filter_col >= 0) below.wanted[agg[i].filter_col] = true;
        for (uint32_t k = 0; k < agg[i].bind.args; k++) below.wanted[agg[i].arg_col[k]] = true;
    }
    if (windowed) spec_wants(&g->window, below.wanted);
    const struct plan *x = prune(r, p->input[0], below, e);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy) return NULL;
    for (uint32_t i = 0; i < aggs; i++) {
        agg[i].arg_col = renumbered(r, agg[i].arg_col, agg[i].bind.args, below.place, e);
        if (!agg[i].arg_col) return NULL;
        if (agg[i].filter_col >= 0) agg[i].filter_col = (int32_t)below.place[agg[i].filter_col];
    }
    struct plan_aggregate *to = &copy->as.aggregate;
    to->key_col = renumbered(r, g->key_col, g->keys, below.place, e);
    to->agg = agg;
    to->aggs = aggs;
    if (!to->key_col || (windowed && !spec_renumber(r, &to->window, below.place, e))) return NULL;
    copy->schema = bind_schema(r->b, col, p->schema->cols - (g->aggs - aggs), e);
    return copy->schema ? copy : NULL;
}

/* Hands on the wanted ones of pass_col[passes]; their places are the first ones. */
static const uint32_t *prune_passes(struct pruning *r, const uint32_t *pass_col, uint32_t *passes,
                                    struct columns c, struct columns below, struct err *e) {
    uint32_t *to = ARENA_ARRAY(r->b->arena, to, *passes + 1), n = 0;
    if (!to) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < *passes; i++) {
        if (!c.wanted[i]) continue;
        to[n] = below.place[pass_col[i]];
        c.place[i] = n++;
    }
    *passes = n;
    return to;
}

/* The schema of the columns of `p` that have found a place. */
static const struct schema *placed_schema(struct pruning *r, const struct plan *p, struct columns c,
                                          uint32_t count, struct err *e) {
    struct rel_col *col = ARENA_ARRAY(r->b->arena, col, count + 1);
    if (!col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < p->schema->cols; i++) {
        const struct field *f = &p->schema->col[i];
        if (!c.wanted[i]) continue;
        col[c.place[i]] =
            (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
    }
    return bind_schema(r->b, col, count, e);
}

/* INFER: values that nobody wants go; without any it goes itself. */
static const struct plan *prune_infer(struct pruning *r, const struct plan *p, struct columns c,
                                      struct err *e) {
    const struct plan_infer *f = &p->as.infer;
    struct columns below;
    uint32_t values = 0;
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    struct infer_use *value = ARENA_ARRAY(r->b->arena, value, f->values + 1);
    if (!value) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < f->passes; i++) below.wanted[f->pass_col[i]] |= c.wanted[i];
    for (uint32_t i = 0; i < f->values; i++) values += c.wanted[f->passes + i];
    for (uint32_t i = 0; i < f->args && values > 0; i++) below.wanted[f->arg_col[i]] = true;
    const struct plan *x = prune(r, p->input[0], below, e);
    if (!x) return NULL;
    if (values == 0) {
        for (uint32_t i = 0; i < f->passes; i++) c.place[i] = below.place[f->pass_col[i]];
        return x;
    }
    struct plan *copy = lower_copy(r->b, p, x, NULL, e);
    if (!copy) return NULL;
    struct plan_infer *to = &copy->as.infer;
    to->pass_col = prune_passes(r, f->pass_col, &to->passes, c, below, e);
    to->arg_col = renumbered(r, f->arg_col, f->args, below.place, e);
    to->value = value;
    to->values = 0;
    if (!to->pass_col || !to->arg_col) return NULL;
    for (uint32_t i = 0; i < f->values; i++) {
        if (!c.wanted[f->passes + i]) continue;
        c.place[f->passes + i] = to->passes + to->values;
        value[to->values++] = f->value[i];
    }
    copy->schema = placed_schema(r, p, c, to->passes + to->values, e);
    return copy->schema ? copy : NULL;
}

/* UNNEST gives all parts of its elements. */
static const struct plan *prune_unnest(struct pruning *r, const struct plan *p, struct columns c,
                                       struct err *e) {
    const struct plan_unnest *u = &p->as.unnest;
    struct columns below;
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    for (uint32_t i = 0; i < u->passes; i++) below.wanted[u->pass_col[i]] |= c.wanted[i];
    for (uint32_t i = u->passes; i < p->schema->cols; i++) c.wanted[i] = true;
    below.wanted[u->col] = true;
    const struct plan *x = prune(r, p->input[0], below, e);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy) return NULL;
    struct plan_unnest *to = &copy->as.unnest;
    to->col = below.place[u->col];
    to->pass_col = prune_passes(r, u->pass_col, &to->passes, c, below, e);
    if (!to->pass_col) return NULL;
    uint32_t cols = to->passes;
    for (uint32_t i = u->passes; i < p->schema->cols; i++) c.place[i] = cols++;
    copy->schema = placed_schema(r, p, c, cols, e);
    return copy->schema ? copy : NULL;
}

/* TRACK keeps rows: only what is wanted of them, and what it reads. */
static const struct plan *prune_track(struct pruning *r, const struct plan *p, struct columns c,
                                      struct err *e) {
    const struct plan_track *t = &p->as.track;
    struct columns below;
    uint32_t cols = p->input[0]->schema->cols;
    if (!columns_init(r, p->input[0], &below, e)) return NULL;
    memcpy(below.wanted, c.wanted, cols * sizeof *c.wanted);
    below.wanted[t->time_col] = true;
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) below.wanted[t->box_col[i]] = true;
    if (t->label_col >= 0) below.wanted[t->label_col] = true;
    if (t->score_col >= 0) below.wanted[t->score_col] = true;
    for (uint32_t i = 0; i < t->partitions; i++) below.wanted[t->partition_col[i]] = true;
    const struct plan *x = compact(r, p->input[0], below.wanted, e);
    number_wanted(p->input[0], below);
    struct plan *copy = x ? lower_copy(r->b, p, x, NULL, e) : NULL;
    if (!copy) return NULL;
    struct plan_track *to = &copy->as.track;
    to->time_col = below.place[t->time_col];
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) to->box_col[i] = below.place[t->box_col[i]];
    if (t->label_col >= 0) to->label_col = (int32_t)below.place[t->label_col];
    if (t->score_col >= 0) to->score_col = (int32_t)below.place[t->score_col];
    to->partition_col = renumbered(r, t->partition_col, t->partitions, below.place, e);
    if (!to->partition_col) return NULL;
    for (uint32_t i = 0; i < cols; i++) {
        c.wanted[i] = below.wanted[i];
        c.place[i] = below.place[i];
    }
    c.wanted[cols] = true;
    c.place[cols] = x->schema->cols;
    copy->schema = placed_schema(r, p, c, x->schema->cols + 1, e);
    return copy->schema ? copy : NULL;
}

static const struct plan *prune(struct pruning *r, const struct plan *p, struct columns c,
                                struct err *e) {
    switch (p->kind) {
    case PLAN_SCAN: return prune_scan(r, p, c, e);
    case PLAN_VALUES: return prune_values(r, p, c, e);
    case PLAN_FILTER: return prune_filter(r, p, c, e);
    case PLAN_PROJECT: return prune_project(r, p, c, e);
    case PLAN_WINDOW: return prune_window(r, p, c, e);
    case PLAN_WINDOW_AGGREGATE:
    case PLAN_GROUP_AGGREGATE: return prune_aggregate(r, p, c, e);
    case PLAN_UNION: return prune_union(r, p, c, e);
    case PLAN_SORT: return prune_sort(r, p, c, e);
    case PLAN_LIMIT: return prune_limit(r, p, c, e);
    case PLAN_INFER: return prune_infer(r, p, c, e);
    case PLAN_UNNEST: return prune_unnest(r, p, c, e);
    case PLAN_TRACK: return prune_track(r, p, c, e);
    case PLAN_DISTINCT:
    case PLAN_SET_OPERATION:
    case PLAN_TRAIN:
    case PLAN_SINK:
    case PLAN_COUNT: break;
    }
    return prune_whole(r, p, c, e);
}

const struct plan *lower_prune(struct binder *b, const struct plan *p, bool **used, struct err *e) {
    struct pruning r = {.b = b, .used = used};
    struct columns c;
    assert(p->kind == PLAN_SINK);
    if (!columns_init(&r, p, &c, e)) return NULL;
    return prune(&r, p, c, e);
}
