/* plan.c: EXPLAIN's text: one line a node, two spaces a level.
 *
 *     Sink
 *       Project auction, count(*) AS n
 *         WindowAggregate TUMBLE(ts, 10 s) keys auction; count(*); state: bounded by open windows
 *           Scan bid (auction, ts)
 *
 * Nothing in it depends on memory, time or order of hashing: it is what golden tests compare. Of
 * each operator that keeps state it says what bounds it, or that nothing does.
 */
#include "engine/plan.h"

#include <assert.h>

#include "engine/base/time.h"
#include "engine/shared_model.h"

#define X(KIND, name, text) [PLAN_##KIND] = text,
static const char *const plan_names[PLAN_COUNT] = {PLAN_LIST(X)};
#undef X

struct printing {
    struct buf *out;
    const struct plan_query *query;
};

static void add_column(struct buf *out, const struct schema *s, uint32_t col) {
    assert(col < s->cols);
    buf_add_text(out, s->col[col].name);
}

static void add_duration(struct buf *out, int64_t us) {
    char text[DURATION_TEXT_MAX];
    buf_add(out, text, duration_print(text, us));
}

/* Does every input below end? */
static bool ends(const struct printing *p, const struct plan *plan) {
    if (plan->kind == PLAN_SCAN) return p->query->input[plan->as.scan.input].bounded;
    for (uint32_t i = 0; i < plan->inputs; i++) {
        if (!ends(p, plan->input[i])) return false;
    }
    return true;
}

bool plan_has_watermark(const struct plan_query *q, const struct plan *p) {
    if (p->kind == PLAN_SCAN) return q->input[p->as.scan.input].def->watermark != NULL;
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (!plan_has_watermark(q, p->input[i])) return false;
    }
    return true;
}

/* What bounds state that grows with the keys, or the values, that come. */
static void add_bound(const struct printing *p, const struct plan *plan, bool final) {
    int64_t ttl_us = p->query->state_ttl_us;
    if (final || ttl_us == 0) {
        buf_add_str(p->out, ends(p, plan) ? ", until the input ends" : "; nothing bounds it");
        return;
    }
    buf_add_str(p->out, "; bounded by state-ttl ");
    add_duration(p->out, ttl_us);
    buf_add_str(p->out,
                plan_has_watermark(p->query, plan) ? " of the watermark" : " of PROCTIME()");
}

static void print_scan(const struct printing *p, const struct plan *plan) {
    const struct plan_input *in = &p->query->input[plan->as.scan.input];
    const struct text name = in->def->name;
    if (in->snapshot)
        buf_addf(p->out, " TABLE(%.*s) (", TEXT_ARG(name));
    else
        buf_addf(p->out, " %.*s (", TEXT_ARG(name));
    const char *between = "";
    for (uint32_t i = 0; i < in->def->schema->cols; i++) {
        if (!in->used[i]) continue;
        buf_add_str(p->out, between);
        add_column(p->out, in->def->schema, i);
        between = ", ";
    }
    buf_add_char(p->out, ')');
    for (uint32_t i = 0; i < in->hint.count; i++) {
        const struct option *o = &in->hint.option[i];
        buf_addf(p->out, "; '%.*s' = '%.*s'", TEXT_ARG(o->key), TEXT_ARG(o->value));
    }
}

static void print_values(const struct printing *p, const struct plan *plan) {
    uint32_t rows = plan->as.values.rows;
    buf_addf(p->out, " %u row%s", rows, rows == 1 ? "" : "s");
    if (rows != 1) return;
    buf_add_str(p->out, ": ");
    for (uint32_t i = 0; i < plan->schema->cols; i++) {
        if (i > 0) buf_add_str(p->out, ", ");
        expr_print(p->out, plan->as.values.expr[i], NULL);
    }
}

static void print_filter(const struct printing *p, const struct plan *plan) {
    buf_add_char(p->out, ' ');
    expr_print(p->out, plan->as.filter.predicate, plan->input[0]->schema);
}

/* An expression, and the name that it gets where that is another one. */
static void print_projected(struct buf *out, const struct plan *plan, uint32_t i) {
    size_t from = out->bytes;
    expr_print(out, plan->as.project.expr[i], plan->input[0]->schema);
    struct text name = plan->schema->col[i].name;
    if (out->failed || name.bytes == 0) return;
    struct text said = {.at = out->at + from, .bytes = (uint32_t)(out->bytes - from)};
    if (text_equal_fold(said, name)) return;
    /* A computed column that was given no name is called as it was written. */
    const char *odd = "()'+-*/|<>=. ";
    for (uint32_t k = 0; k < name.bytes; k++) {
        if (strchr(odd, name.at[k])) return;
    }
    buf_addf(out, " AS %.*s", TEXT_ARG(name));
}

static void print_project(const struct printing *p, const struct plan *plan) {
    for (uint32_t i = 0; i < plan->schema->cols; i++) {
        buf_add_str(p->out, i > 0 ? ", " : " ");
        print_projected(p->out, plan, i);
    }
}

static void add_named_duration(struct buf *out, const char *name, int64_t us) {
    buf_addf(out, ", %s", name);
    add_duration(out, us);
}

/* "HOP(ts, slide 2 s, size 10 s)" */
static void add_window(struct buf *out, const struct window_spec *w, const struct schema *s) {
    static const char *const names[] = {[WINDOW_TUMBLE] = "TUMBLE(",
                                        [WINDOW_HOP] = "HOP(",
                                        [WINDOW_CUMULATE] = "CUMULATE(",
                                        [WINDOW_SESSION] = "SESSION(",
                                        [WINDOW_ATTACHED] = "by "};
    buf_add_str(out, names[w->kind]);
    if (w->kind == WINDOW_ATTACHED) {
        add_column(out, s, w->start_col);
        buf_add_str(out, ", ");
        add_column(out, s, w->time_col);
        return;
    }
    add_column(out, s, w->time_col);
    if (w->kind == WINDOW_TUMBLE) add_named_duration(out, "", w->size_us);
    if (w->kind == WINDOW_HOP) add_named_duration(out, "slide ", w->slide_us);
    if (w->kind == WINDOW_CUMULATE) add_named_duration(out, "step ", w->slide_us);
    if (w->kind == WINDOW_SESSION) add_named_duration(out, "gap ", w->slide_us);
    if (w->kind == WINDOW_HOP || w->kind == WINDOW_CUMULATE)
        add_named_duration(out, "size ", w->size_us);
    if (w->offset_us != 0) add_named_duration(out, "offset ", w->offset_us);
    for (uint32_t i = 0; i < w->partitions; i++) {
        buf_add_str(out, i > 0 ? ", " : ", partition by ");
        add_column(out, s, w->partition_col[i]);
    }
    buf_add_char(out, ')');
    if (w->proctime) buf_add_str(out, " of the clock");
}

static void print_window(const struct printing *p, const struct plan *plan) {
    const struct window_spec *w = &plan->as.window.spec;
    buf_add_char(p->out, ' ');
    add_window(p->out, w, plan->input[0]->schema);
    if (w->kind == WINDOW_SESSION) buf_add_str(p->out, "; state: bounded by open sessions");
}

static void add_keys_and_aggregates(struct buf *out, const struct plan_aggregate *g,
                                    const struct schema *s, const char *before) {
    for (uint32_t i = 0; i < g->keys; i++) {
        buf_add_str(out, i > 0 ? ", " : before);
        if (i == 0) buf_add_str(out, "keys ");
        add_column(out, s, g->key_col[i]);
        before = "; ";
    }
    for (uint32_t i = 0; i < g->aggs; i++) {
        buf_add_str(out, i > 0 ? ", " : before);
        buf_add_text(out, g->agg[i].label);
    }
}

static void print_window_aggregate(const struct printing *p, const struct plan *plan) {
    const struct plan_aggregate *g = &plan->as.aggregate;
    buf_add_char(p->out, ' ');
    add_window(p->out, &g->window, plan->input[0]->schema);
    if (g->keys == 0 && g->aggs > 0) buf_add_char(p->out, ';');
    add_keys_and_aggregates(p->out, g, plan->input[0]->schema, " ");
    buf_add_str(p->out, "; state: bounded by open windows");
}

/* Must rows be kept, because an aggregate cannot take one back? */
static bool keeps_rows(const struct plan *plan) {
    const struct plan_aggregate *g = &plan->as.aggregate;
    for (uint32_t i = 0; i < g->aggs && plan->input[0]->changes; i++) {
        if (!g->agg[i].agg->remove) return true;
    }
    return false;
}

static void print_group_aggregate(const struct printing *p, const struct plan *plan) {
    const struct plan_aggregate *g = &plan->as.aggregate;
    add_keys_and_aggregates(p->out, g, plan->input[0]->schema, " ");
    buf_add_str(p->out, g->final ? "; final" : "; changes");
    buf_add_str(p->out, "; state: ");
    buf_add_str(p->out, g->keys == 0 ? "one group" : "grows with the number of groups");
    if (keeps_rows(plan)) buf_add_str(p->out, g->keys == 0 ? " and its rows" : " and their rows");
    bool distinct = false;
    for (uint32_t i = 0; i < g->aggs; i++) distinct |= g->agg[i].distinct;
    if (distinct) buf_add_str(p->out, ", with the different values of each");
    if (g->keys == 0 && !distinct && !keeps_rows(plan)) return;
    add_bound(p, plan, g->final);
}

static void print_rows_kept(const struct printing *p, const struct plan *plan) {
    bool final = plan->as.distinct.final;
    if (plan->kind == PLAN_SET_OPERATION) {
        buf_add_str(p->out, plan->as.set_operation.except ? " EXCEPT" : " INTERSECT");
        final = plan->as.set_operation.final;
    }
    buf_add_str(p->out, "; state: grows with the number of different rows");
    add_bound(p, plan, final);
}

static void print_sort(const struct printing *p, const struct plan *plan) {
    const struct plan_sort *s = &plan->as.sort;
    for (uint32_t i = 0; i < s->keys; i++) {
        buf_add_str(p->out, i > 0 ? ", " : " ");
        add_column(p->out, plan->input[0]->schema, s->key[i].col);
        if (s->key[i].descending) buf_add_str(p->out, " DESC");
        if (s->key[i].nulls_last != s->key[i].descending)
            buf_add_str(p->out, s->key[i].nulls_last ? " NULLS LAST" : " NULLS FIRST");
    }
    if (s->limit >= 0)
        buf_addf(p->out, "; state: the first %lld rows", (long long)s->limit);
    else
        buf_add_str(p->out, "; state: all rows, until the input ends");
}

static void print_limit(const struct printing *p, const struct plan *plan) {
    if (plan->as.limit.limit >= 0) buf_addf(p->out, " %lld", (long long)plan->as.limit.limit);
    if (plan->as.limit.offset > 0)
        buf_addf(p->out, " offset %lld", (long long)plan->as.limit.offset);
}

static void print_union(const struct printing *p, const struct plan *plan) {
    (void)p;
    (void)plan;
}

static void print_sink(const struct printing *p, const struct plan *plan) {
    if (p->query->sink.bytes > 0) buf_addf(p->out, " %.*s", TEXT_ARG(p->query->sink));
    if (plan->changes) buf_add_str(p->out, "; changes");
}

/* "; after v > 3": what was put before it. */
static void print_infer_cost(const struct printing *p, const struct plan_infer *f) {
    uint32_t rows = f->batch_rows > 0 ? f->batch_rows : f->model->model->batch_rows;
    buf_addf(p->out, "; batch %u", rows);
    if (f->gathers && rows > 1) add_named_duration(p->out, "wait ", f->wait_us);
    if (f->uses > 1) buf_addf(p->out, "; one run for %u uses", f->uses);
    if (!f->before) return;
    buf_add_str(p->out, "; after ");
    expr_print(p->out, f->before, f->before_schema);
}

static void print_infer(const struct printing *p, const struct plan *plan) {
    const struct plan_infer *f = &plan->as.infer;
    buf_addf(p->out, " %.*s(", TEXT_ARG(f->model->name));
    for (uint32_t i = 0; i < f->args; i++) {
        if (i > 0) buf_add_str(p->out, ", ");
        add_column(p->out, plan->input[0]->schema, f->arg_col[i]);
    }
    buf_add_str(p->out, "):");
    for (uint32_t i = 0; i < f->values; i++) {
        const struct infer_use *u = &f->value[i];
        buf_addf(p->out, "%s %s", i > 0 ? "," : "", infer_use_word(u));
        if (!u->version && u->use.form == MODEL_CLASSIFY_TOP) buf_addf(p->out, " %u", u->use.top);
        if (u->version || !u->use.limits_given) continue;
        buf_addf(p->out, " (score %g", u->use.score_min);
        if (u->use.overlap_max >= 0) buf_addf(p->out, ", overlap %g", u->use.overlap_max);
        buf_add_char(p->out, ')');
    }
    if (f->args > 0) print_infer_cost(p, f);
}

static void print_train(const struct printing *p, const struct plan *plan) {
    const struct plan *input = plan->input[0];
    buf_addf(p->out, " %.*s (", TEXT_ARG(plan->as.train.model->name));
    for (uint32_t i = 0; i < input->schema->cols; i++) {
        if (i > 0) buf_add_str(p->out, ", ");
        add_column(p->out, input->schema, i);
    }
    buf_add_char(p->out, ')');
}

static void print_unnest(const struct printing *p, const struct plan *plan) {
    const struct plan_unnest *u = &plan->as.unnest;
    buf_add_char(p->out, ' ');
    add_column(p->out, plan->input[0]->schema, u->col);
    buf_add_str(p->out, " to ");
    for (uint32_t i = u->passes; i < plan->schema->cols; i++) {
        if (i > u->passes) buf_add_str(p->out, ", ");
        add_column(p->out, plan->schema, i);
    }
    if (u->outer) buf_add_str(p->out, "; rows without elements stay");
}

/* "Track ts, box (x, y, w, h), by label, partition by camera; overlap 0.3, age 1 s" */
static void print_track(const struct printing *p, const struct plan *plan) {
    const struct plan_track *t = &plan->as.track;
    const struct schema *s = plan->input[0]->schema;
    buf_add_char(p->out, ' ');
    add_column(p->out, s, t->time_col);
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) {
        buf_add_str(p->out, i > 0 ? ", " : ", box (");
        add_column(p->out, s, t->box_col[i]);
    }
    buf_add_char(p->out, ')');
    if (t->label_col >= 0) {
        buf_add_str(p->out, ", by ");
        add_column(p->out, s, (uint32_t)t->label_col);
    }
    for (uint32_t i = 0; i < t->partitions; i++) {
        buf_add_str(p->out, i > 0 ? ", " : ", partition by ");
        add_column(p->out, s, t->partition_col[i]);
    }
    buf_addf(p->out, "; overlap %g", t->overlap_min);
    if (t->score_col >= 0) {
        buf_add_str(p->out, ", ");
        add_column(p->out, s, (uint32_t)t->score_col);
        buf_addf(p->out, " %g", t->score_min);
    }
    add_named_duration(p->out, "age ", t->age_max_us);
    buf_add_str(p->out, "; state: bounded by open frames and what was seen in that age");
    if (t->partitions == 0) return;
    buf_add_str(p->out, ", and a number for each partition");
    if (t->final || p->query->state_ttl_us == 0) return;
    buf_add_str(p->out, " seen within state-ttl ");
    add_duration(p->out, p->query->state_ttl_us);
}

static void (*const printers[PLAN_COUNT])(const struct printing *p, const struct plan *plan) = {
    [PLAN_SCAN] = print_scan,
    [PLAN_VALUES] = print_values,
    [PLAN_FILTER] = print_filter,
    [PLAN_PROJECT] = print_project,
    [PLAN_WINDOW] = print_window,
    [PLAN_WINDOW_AGGREGATE] = print_window_aggregate,
    [PLAN_GROUP_AGGREGATE] = print_group_aggregate,
    [PLAN_DISTINCT] = print_rows_kept,
    [PLAN_UNION] = print_union,
    [PLAN_SET_OPERATION] = print_rows_kept,
    [PLAN_SORT] = print_sort,
    [PLAN_LIMIT] = print_limit,
    [PLAN_INFER] = print_infer,
    [PLAN_TRAIN] = print_train,
    [PLAN_UNNEST] = print_unnest,
    [PLAN_TRACK] = print_track,
    [PLAN_SINK] = print_sink,
};

static void print_node(const struct printing *p, const struct plan *plan, uint32_t depth) {
    for (uint32_t i = 0; i < depth; i++) buf_add_str(p->out, "  ");
    buf_add_str(p->out, plan_names[plan->kind]);
    printers[plan->kind](p, plan);
    buf_add_char(p->out, '\n');
    for (uint32_t i = 0; i < plan->inputs; i++) print_node(p, plan->input[i], depth + 1);
}

void plan_print(struct buf *out, const struct plan_query *q) {
    struct printing p = {.out = out, .query = q};
    print_node(&p, q->root, 0);
}
