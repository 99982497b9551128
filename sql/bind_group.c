/* bind_group.c: the aggregation of a SELECT, and its other expressions in terms of the result.
 *
 * Keys, arguments, filters and the time column are computed by one Project below, unless all of
 * them are columns already. Grouping by both window_start and window_end of one window gives a
 * WindowAggregate over windows that the rows carry (WINDOW_ATTACHED); lower_window.c fuses it with
 * the window function below where nothing stands between. An expression over the FROM relation is
 * then rewritten: what equals a key becomes that key's column, aggregates become theirs, and a
 * column that is left over is an error.
 */
#include "sql/bind_group.h"

#include <assert.h>

enum { WINDOW_COLUMNS = 3 };

/* The columns that aggregation reads, each once. */
struct needs {
    struct binder *b;
    const struct expr **at;
    uint32_t count, capacity;
    bool computed; /* one is more than a column */
};

static bool need(struct needs *n, const struct expr *x, uint32_t *place_out, struct err *e) {
    for (uint32_t i = 0; i < n->count; i++) {
        *place_out = i;
        if (expr_same(n->at[i], x)) return true;
    }
    if (!bind_grow(n->b, &n->at, &n->capacity, n->count, sizeof *n->at, e)) return false;
    *place_out = n->count;
    n->at[n->count++] = x;
    n->computed |= x->kind != EXPR_COLUMN;
    return true;
}

static struct text print_label(struct binder *b, const struct buf *text) {
    struct text label = {.bytes = (uint32_t)text->bytes};
    if (text->failed) b->arena->failed = true; /* bind_finish() looks */
    label.at = text->failed ? NULL : arena_copy(b->arena, text->at, text->bytes);
    return label.at ? label : TEXT_LITERAL("?");
}

/* "sum(DISTINCT price) FILTER (WHERE price > 0)" */
static struct text aggregate_label(struct binder *b, const struct rel *from,
                                   const struct bound_aggregate *g) {
    struct buf text;
    buf_init(&text);
    buf_addf(&text, "%s(%s", g->agg->name, g->distinct ? "DISTINCT " : "");
    if (g->args == 0) buf_add_char(&text, '*');
    for (uint32_t i = 0; i < g->args; i++) {
        if (i > 0) buf_add_str(&text, ", ");
        expr_print(&text, g->arg[i], from->plan->schema);
    }
    buf_add_char(&text, ')');
    if (g->filter) {
        buf_add_str(&text, " FILTER (WHERE ");
        expr_print(&text, g->filter, from->plan->schema);
        buf_add_char(&text, ')');
    }
    struct text label = print_label(b, &text);
    buf_done(&text);
    return label;
}

static struct text expr_label(struct binder *b, const struct rel *from, const struct expr *x) {
    if (x->kind == EXPR_COLUMN && x->column < from->plan->schema->cols)
        return from->plan->schema->col[x->column].name;
    struct buf text;
    buf_init(&text);
    expr_print(&text, x, from->plan->schema);
    struct text label = print_label(b, &text);
    buf_done(&text);
    return label;
}

static bool plan_agg_of(struct needs *n, const struct rel *from, const struct bound_aggregate *g,
                        struct plan_agg *out, struct err *e) {
    struct arena *a = n->b->arena;
    uint32_t *arg_col = ARENA_ARRAY(a, arg_col, g->args);
    const struct type **type = ARENA_ARRAY(a, type, g->args);
    const struct column **constant = ARENA_ARRAY(a, constant, g->args);
    if (!arg_col || !type || !constant) return err_memory(e);
    for (uint32_t i = 0; i < g->args; i++) {
        if (!need(n, g->arg[i], &arg_col[i], e)) return false;
        type[i] = g->arg[i]->type;
        constant[i] = g->arg[i]->kind == EXPR_CONSTANT ? g->arg[i]->constant : NULL;
    }
    uint32_t filter = 0;
    if (g->filter && !need(n, g->filter, &filter, e)) return false;
    *out = (struct plan_agg){
        .agg = g->agg,
        .bind = {.arg_type = type, .constant = constant, .args = g->args, .type = g->type},
        .arg_col = arg_col,
        .filter_col = g->filter ? (int32_t)filter : -1,
        .distinct = g->distinct,
        .label = aggregate_label(n->b, from, g)};
    return true;
}

/* The window whose window_start and window_end are both among the keys; NULL: none. */
static const struct rel_window *attached_window(const struct rel *from, const struct grouping *by) {
    for (uint32_t i = 0; i < by->keys; i++) {
        if (by->key[i]->kind != EXPR_COLUMN) continue;
        const struct rel_col *start = &from->col[by->key[i]->column];
        if (start->part != WINDOW_PART_START) continue;
        for (uint32_t k = 0; k < by->keys; k++) {
            if (by->key[k]->kind != EXPR_COLUMN) continue;
            const struct rel_col *end = &from->col[by->key[k]->column];
            if (end->part == WINDOW_PART_END && end->window == start->window) return end->window;
        }
    }
    return NULL;
}

/* Half of a window among the keys groups by a time like any other: nothing ever closes. */
static void notice_half_window(struct binder *b, const struct rel *from,
                               const struct grouping *by) {
    static const char *const sentences[] = {
        [WINDOW_PART_START] = "GROUP BY window_start without window_end makes no windows: its "
                              "groups never close; group by both",
        [WINDOW_PART_END] = "GROUP BY window_end without window_start makes no windows: its "
                            "groups never close; group by both",
        [WINDOW_PART_TIME] = "GROUP BY window_time makes no windows: its groups never close; "
                             "group by window_start and window_end",
    };
    for (uint32_t i = 0; i < by->keys && !b->notice; i++) {
        if (by->key[i]->kind != EXPR_COLUMN) continue;
        const struct rel_col *c = &from->col[by->key[i]->column];
        if (c->part != WINDOW_PART_NONE) b->notice = sentences[c->part];
    }
}

/* Which column of window `w` x is; WINDOW_PART_NONE: none. */
static enum window_part part_of(const struct rel *from, const struct rel_window *w,
                                const struct expr *x) {
    if (!w || x->kind != EXPR_COLUMN || x->column >= from->cols) return WINDOW_PART_NONE;
    const struct rel_col *c = &from->col[x->column];
    return c->window == w ? c->part : WINDOW_PART_NONE;
}

static uint32_t part_place(const struct grouped *g, enum window_part part) {
    assert(part != WINDOW_PART_NONE && g->windowed);
    return g->window_place + (uint32_t)part - WINDOW_PART_START;
}

/* Keys to columns; those that are the attached window's own are not keys of the operator. */
static bool place_keys(struct needs *n, struct grouped *g, struct plan_aggregate *p,
                       struct err *e) {
    struct arena *a = n->b->arena;
    uint32_t *key_col = ARENA_ARRAY(a, key_col, g->by->keys);
    uint32_t *place = ARENA_ARRAY(a, place, g->by->keys);
    if (!key_col || !place) return err_memory(e);
    for (uint32_t i = 0; i < g->by->keys; i++) {
        if (part_of(g->from, g->attached, g->by->key[i]) != WINDOW_PART_NONE) {
            place[i] = UINT32_MAX; /* known when the aggregates are counted */
            continue;
        }
        uint32_t col;
        if (!need(n, g->by->key[i], &col, e)) return false;
        uint32_t k = 0;
        while (k < p->keys && key_col[k] != col) k++;
        key_col[k] = col;
        place[i] = k;
        if (k == p->keys) p->keys++;
    }
    p->key_col = key_col;
    g->key_place = place;
    g->keys = p->keys;
    g->window_place = p->keys + g->by->aggregates.count;
    for (uint32_t i = 0; i < g->by->keys; i++) {
        if (place[i] == UINT32_MAX)
            place[i] = part_place(g, part_of(g->from, g->attached, g->by->key[i]));
    }
    return true;
}

static bool place_window(struct needs *n, const struct grouped *g, struct plan_aggregate *p,
                         struct err *e) {
    if (g->by->window) {
        p->window = g->by->window->spec;
        p->window.partitions = p->window.kind == WINDOW_SESSION ? p->keys : 0;
        p->window.partition_col = p->key_col;
        return need(n, g->by->window->time, &p->window.time_col, e);
    }
    p->window = (struct window_spec){.kind = WINDOW_ATTACHED,
                                     .proctime = g->attached->proctime,
                                     .precision = g->attached->precision};
    for (uint32_t c = 0; c < g->from->cols; c++) {
        const struct rel_col *col = &g->from->col[c];
        if (col->window != g->attached || col->part == WINDOW_PART_TIME) continue;
        const struct expr *x = expr_column(n->b->arena, c, col->type, e);
        uint32_t *to = col->part == WINDOW_PART_START ? &p->window.start_col : &p->window.time_col;
        if (!x || !need(n, x, to, e)) return false;
    }
    return true;
}

/* The plan below the aggregation: `from` itself, or a Project of what is needed. */
static const struct plan *needs_plan(struct needs *n, const struct rel *from, struct err *e) {
    if (!n->computed) return from->plan;
    struct rel_col *col = ARENA_ARRAY(n->b->arena, col, n->count);
    if (!col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        col[i].name = expr_label(n->b, from, n->at[i]);
        col[i].type = n->at[i]->type;
    }
    const struct rel *r = bind_project(n->b, from, n->at, col, n->count, e);
    return r ? r->plan : NULL;
}

/* Without a Project, column numbers are those of `from`. */
static void renumber(const struct needs *n, struct plan_aggregate *p, uint32_t *key_col,
                     struct plan_agg *agg) {
    if (n->computed) return;
    for (uint32_t i = 0; i < p->keys; i++) key_col[i] = n->at[key_col[i]]->column;
    for (uint32_t i = 0; i < p->aggs; i++) {
        uint32_t *arg_col = (uint32_t *)(uintptr_t)agg[i].arg_col;
        for (uint32_t k = 0; k < agg[i].bind.args; k++) arg_col[k] = n->at[arg_col[k]]->column;
        if (agg[i].filter_col >= 0) agg[i].filter_col = (int32_t)n->at[agg[i].filter_col]->column;
    }
    if (n->count == 0) return;
    p->window.time_col = n->at[p->window.time_col]->column;
    p->window.start_col = n->at[p->window.start_col]->column;
}

static struct rel_col *result_cols(struct needs *n, const struct grouped *g,
                                   const struct plan_aggregate *p, uint32_t cols, struct err *e) {
    struct rel_col *col = ARENA_ARRAY(n->b->arena, col, cols);
    struct rel_window *w = ARENA_NEW(n->b->arena, w);
    if (!col || !w) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < p->keys; i++) {
        const struct expr *x = n->at[p->key_col[i]];
        col[i] = (struct rel_col){.name = expr_label(n->b, g->from, x), .type = x->type};
    }
    for (uint32_t i = 0; i < p->aggs; i++)
        col[p->keys + i] = (struct rel_col){.name = p->agg[i].label, .type = p->agg[i].bind.type};
    if (cols == p->keys + p->aggs) return col;

    *w = (struct rel_window){.proctime = p->window.proctime, .precision = p->window.precision};
    bind_window_columns(&col[p->keys + p->aggs], w);
    return col;
}

bool bind_grouped(struct binder *b, const struct rel *from, const struct grouping *by,
                  struct grouped *out, struct err *e) {
    struct needs n = {.b = b};
    struct grouped g = {.from = from, .by = by};
    struct plan_aggregate p = {.aggs = by->aggregates.count};
    if (!by->window) g.attached = attached_window(from, by);
    bool windowed = by->window || g.attached;
    g.windowed = windowed;
    if (!windowed) notice_half_window(b, from, by);

    struct plan_agg *agg = ARENA_ARRAY(b->arena, agg, p.aggs);
    g.rel = ARENA_NEW(b->arena, g.rel);
    if (!agg || !g.rel) return err_memory(e);
    if (!place_keys(&n, &g, &p, e)) return false;
    for (uint32_t i = 0; i < p.aggs; i++) {
        if (!plan_agg_of(&n, from, &by->aggregates.at[i], &agg[i], e)) return false;
    }
    p.agg = agg;
    if (windowed && !place_window(&n, &g, &p, e)) return false;

    uint32_t cols = p.keys + p.aggs + (windowed ? WINDOW_COLUMNS : 0);
    struct rel_col *col = result_cols(&n, &g, &p, cols, e);
    const struct plan *below = col ? needs_plan(&n, from, e) : NULL;
    const struct schema *schema = below ? bind_schema(b, col, cols, e) : NULL;
    struct plan *plan =
        schema ? bind_plan(b, windowed ? PLAN_WINDOW_AGGREGATE : PLAN_GROUP_AGGREGATE, below, e)
               : NULL;
    if (!plan) return false;
    renumber(&n, &p, (uint32_t *)(uintptr_t)p.key_col, agg);
    plan->schema = schema;
    plan->as.aggregate = p;
    *g.rel = (struct rel){.plan = plan, .cols = cols, .col = col, .bounded = from->bounded};
    *out = g;
    return true;
}

struct regrouping {
    struct binder *b;
    const struct grouped *g;
};

static const struct expr *result_column(const struct regrouping *r, const struct expr *x,
                                        uint32_t place, struct err *e) {
    return expr_make(
        r->b->arena,
        &(struct expr_parts){
            .kind = EXPR_COLUMN, .type = r->g->rel->col[place].type, .at = x->at, .column = place},
        e);
}

static const struct expr *regroup(void *context, const struct expr *x, struct err *e) {
    const struct regrouping *r = context;
    const struct grouped *g = r->g;
    for (uint32_t i = 0; i < g->by->keys; i++) {
        if (expr_same(x, g->by->key[i])) return result_column(r, x, g->key_place[i], e);
    }
    if (x->kind != EXPR_COLUMN) return NULL;
    if (x->column >= EXPR_WINDOW_0)
        return result_column(r, x, part_place(g, (enum window_part)(x->column - EXPR_WINDOW_0)), e);
    if (x->column >= EXPR_AGGREGATE_0)
        return result_column(r, x, g->keys + (x->column - EXPR_AGGREGATE_0), e);
    enum window_part part = part_of(g->from, g->attached, x);
    if (part != WINDOW_PART_NONE) return result_column(r, x, part_place(g, part), e);

    struct text name = g->from->col[x->column].name;
    bind_error(r->b, x->at, e,
               "42803: column \"%.*s\" must stand in GROUP BY or inside an aggregate",
               TEXT_ARG(name));
    err_hint(e, "Perhaps MAX(%.*s) or FIRST_VALUE(%.*s).", TEXT_ARG(name), TEXT_ARG(name));
    return NULL;
}

const struct expr *grouped_expr(struct binder *b, const struct grouped *g, const struct expr *x,
                                struct err *e) {
    struct regrouping r = {.b = b, .g = g};
    struct expr_rewrite how = {.arena = b->arena, .replace = regroup, .context = &r};
    return expr_rewrite(&how, x, e);
}
