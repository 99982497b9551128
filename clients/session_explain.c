/* session_explain.c: EXPLAIN, and EXPLAIN ANALYZE, which runs the query and measures it. */
#include <assert.h>
#include <inttypes.h>

#include "clients/listing.h"
#include "clients/session_private.h"
#include "engine/shared_model.h"

/* Are all inputs there again for who runs the query again? */
static bool is_repeatable(const struct session *s, const struct bound_query *bound) {
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        struct err unused;
        const struct connector *c = connector_of(bound->plan.input[i].def, &unused);
        bool there = c ? c->rereadable || s->edge.journal : s->durable != NULL;
        if (!there) return false;
    }
    return true;
}

/* How often a row may come to the target when a program that died is run again. What is stored in
 * memory is there or gone with what made it: nothing is said. */
static const char *guarantee(const struct session *s, const struct bound_query *bound,
                             const struct connector *c) {
    bool lasts = c || s->durable;
    if (!lasts && bound->target->def->stored != STORED_NOT) return "";
    if (!lasts || !is_repeatable(s, bound)) return ", at most once";
    return s->durable && (!c || c->transactional) ? ", exactly once" : ", at least once";
}

const char *session_place(const struct session *s, const struct stream_def *def) {
    struct err unused;
    const struct connector *c = connector_of(def, &unused);
    if (c) return c->name;
    if (s->durable) return def->stored ? "stored" : "kept";
    return def->stored ? "stored in memory" : "kept in memory";
}

/* "out (filesystem, csv), at least once"; nothing for a SELECT and for a model. */
static void describe_sink(const struct session *s, const struct bound_query *bound,
                          struct buf *out) {
    struct err unused;
    const struct object *target = bound->target;
    if (!target || !target->def || target->kind == OBJECT_MODEL) return;
    const struct connector *c = connector_of(target->def, &unused);
    struct text format = option_text(&target->def->options, "format");
    buf_addf(out, "%.*s (%s", TEXT_ARG(target->name), session_place(s, target->def));
    if (format.at) buf_addf(out, ", %.*s", TEXT_ARG(format));
    buf_addf(out, ")%s", guarantee(s, bound, c));
}

/* Of a node that ran a model: runs, how large they were, what they took, what was spared. */
static void add_runs(struct buf *text, const struct op_runs *r) {
    if (r->runs + r->hits == 0) return;
    buf_addf(text, ", %" PRIu64 " runs of %.1f rows, at most %" PRIu64 ", %" PRIu64 " hits",
             r->runs, r->runs > 0 ? (double)r->rows / (double)r->runs : 0.0, r->rows_max, r->hits);
}

/* How long models took, for each node that ran one. */
static void say_runs(struct session *s, const struct plan *p, const struct query_op *ops) {
    const struct op_runs *r = &ops[p->id].runs;
    if (p->kind == PLAN_INFER && r->rows > 0) {
        session_notice(s, "model %.*s took %.4f ms a row", TEXT_ARG(p->as.infer.model->name),
                       (double)r->us / 1000 / (double)r->rows);
    }
    for (uint32_t i = 0; i < p->inputs; i++) say_runs(s, p->input[i], ops);
}

static bool drop_rows(void *context, const struct batch *b, struct err *e) {
    (void)context;
    (void)b;
    (void)e;
    return true;
}

/* EXPLAIN ANALYZE: runs it, and tells how many rows each node gave. */
static bool analyze(struct session *s, const struct bound_query *bound, struct buf *text,
                    struct err *e) {
    struct query_op *ops = ARENA_ARRAY(&s->statement, ops, bound->plan.plans);
    struct job_options o = {
        .name = TEXT_LITERAL("explain"),
        .plan = &bound->plan,
        .input = session_inputs(s, bound, &s->statement),
        .output = drop_rows,
        .query = session_query_settings(s),
        .ops = ops,
    };
    if (!ops || !o.input) return err_memory(e);
    o.query.workers = 1;
    o.query.clock_us = s->options.clock_us;
    int64_t start_us = s->options.clock_us();
    if (!session_settle(s, bound, false, e) || !session_run_job(s, &o, e)) return false;

    /* plan_print() gives a line a node, in the order of their ids. */
    struct buf plan;
    buf_init(&plan);
    plan_print(&plan, &bound->plan);
    uint32_t id = 0;
    for (size_t i = 0; i < plan.bytes; i++) {
        if (plan.at[i] == '\n') {
            assert(id < bound->plan.plans);
            buf_addf(text, " -> %" PRIu64 " rows", ops[id].rows);
            add_runs(text, &ops[id++].runs);
        }
        buf_add_char(text, plan.at[i]);
    }
    say_runs(s, bound->plan.root, ops);
    session_notice(s, "it took %.3f ms", (double)(s->options.clock_us() - start_us) / 1000);
    text->failed = text->failed || plan.failed;
    buf_done(&plan);
    return true;
}

/* Binds what EXPLAIN explains. */
static bool explain_bind(struct session *s, const struct ast_statement *st,
                         struct bound_query *bound, struct err *e) {
    const struct ast_statement *x = st->as.explain.statement;
    struct sql_env env = session_env(s, st);
    struct stream_def *def;
    if (x->kind == AST_SELECT_STATEMENT) {
        return bind_select(&env, x->as.select, &s->statement, bound, e);
    }
    if (st->as.explain.analyze) {
        source_error(st->source, x->start, e, "0A000", "EXPLAIN ANALYZE takes a SELECT");
        return err_hint(e, "EXPLAIN without ANALYZE runs nothing and takes an INSERT, too.");
    }
    if (x->kind == AST_INSERT_STATEMENT) {
        return bind_insert(&env, &x->as.insert, &s->statement, bound, e);
    }
    if (x->kind == AST_CREATE_QUERY_STATEMENT) {
        return bind_insert(&env, &x->as.create_query.insert, &s->statement, bound, e);
    }
    if (x->kind == AST_UPDATE_STATEMENT)
        return bind_update(&env, &x->as.update, &s->statement, bound, e);
    if (x->kind == AST_DELETE_STATEMENT)
        return bind_delete(&env, &x->as.delete_from, &s->statement, bound, e);
    if (x->kind == AST_CREATE_VIEW_STATEMENT && x->as.create_view.materialized)
        return bind_materialized_view(&env, &x->as.create_view, &s->statement, bound, &def, e);
    return source_error(
        st->source, x->start, e, "0A000",
        "EXPLAIN takes a SELECT, INSERT, UPDATE, DELETE or CREATE MATERIALIZED VIEW");
}

bool session_explain(struct session *s, const struct ast_statement *st, struct err *e) {
    struct bound_query bound;
    if (!explain_bind(s, st, &bound, e)) return false;
    session_notice_bound(s, &bound);
    if (s->checking) return true;

    struct buf text, sink;
    bool done = true;
    buf_init(&text);
    buf_init(&sink);
    describe_sink(s, &bound, &sink);
    bound.plan.sink = buf_text(&sink);
    if (st->as.explain.analyze) {
        done = analyze(s, &bound, &text, e);
    } else {
        plan_print(&text, &bound.plan);
    }
    if (done)
        done = text.failed || sink.failed ? err_memory(e)
                                          : listing_lines(s, "plan", buf_text(&text), e);
    buf_done(&text);
    buf_done(&sink);
    return done;
}
