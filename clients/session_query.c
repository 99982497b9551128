/* session_query.c: statements that run queries: SELECT, INSERT, CREATE QUERY.
 *
 * A background query is an object of the catalog (kind QUERY): its plan lives in the object's
 * arena, what runs is a job of the runner. A SELECT is a job without a name that is run to its end
 * here.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "clients/durable.h"
#include "clients/session_model.h"
#include "clients/session_private.h"

static bool reads_stdin(const struct stream_def *def) {
    struct err unused;
    const struct connector *c = connector_of(def, &unused);
    return c && strcmp(c->name, "stdin") == 0;
}

static bool env_bounded(void *context, const struct stream_def *def, const struct options *hint,
                        bool *bounded_out, struct err *e) {
    const struct session *s = context;
    if (s->options.stdin_fd < 0 && reads_stdin(def)) {
        err_set(e, ERR_SQL, "0A000", "stream \"%.*s\" reads standard input, which the prompt reads",
                TEXT_ARG(def->name));
        return err_hint(e, "Run it in a script, weir run FILE.sql, or read a file or a socket.");
    }
    return connector_check_source(def, hint, bounded_out, e);
}

static bool env_takes_changes(void *context, const struct stream_def *def, struct err *e) {
    (void)context;
    return connector_check_sink(def, true, e);
}

/* x$errors and x$late: the owner is what stands before the '$'. */
static const struct stream_def *env_side_stream(void *context, struct text name, struct err *e) {
    struct session *s = context;
    const char *dollar = memrchr(name.at, '$', name.bytes);
    assert(dollar);
    struct text owner = {.at = name.at, .bytes = (uint32_t)(dollar - name.at)};
    struct text side = {.at = dollar, .bytes = name.bytes - owner.bytes};
    struct object *o = catalog_find(s->catalog, owner);
    struct stream *stream = o ? session_side(o) : NULL;
    if (o && o->kind == OBJECT_MODEL) {
        if (stream && text_equal_fold(side, TEXT_LITERAL("$training"))) return o->def;
        err_set(e, ERR_SQL, "42P01", "relation \"%.*s\" does not exist", TEXT_ARG(name));
        if (stream) err_hint(e, "There is %.*s$training.", TEXT_ARG(o->name));
        return NULL;
    }
    bool late = text_equal_fold(side, TEXT_LITERAL("$late"));
    if (stream && late && o->kind == OBJECT_QUERY) {
        err_set(e, ERR_SQL, "42P01", "query \"%.*s\" has no $late", TEXT_ARG(o->name));
        err_hint(e, "Late rows are in the $late of the stream that they come from.");
        return NULL;
    }
    if (!stream || (!late && !text_equal_fold(side, TEXT_LITERAL("$errors")))) {
        err_set(e, ERR_SQL, "42P01", "relation \"%.*s\" does not exist", TEXT_ARG(name));
        if (stream && o->kind == OBJECT_QUERY)
            err_hint(e, "There is %.*s$errors.", TEXT_ARG(o->name));
        else if (stream)
            err_hint(e, "There are %.*s$errors and %.*s$late.", TEXT_ARG(o->name),
                     TEXT_ARG(o->name));
        return NULL;
    }
    return late ? stream_late_def(stream) : stream_errors_def(stream);
}

static bool env_past(void *context, const struct object *o, const struct plan_as_of *as_of,
                     struct err *e) {
    const struct session *s = context;
    (void)as_of;
    return err_set(e, ERR_SQL, "55000", "\"%.*s\" has no history: none is kept%s",
                   TEXT_ARG(o->name), s->durable ? " yet" : " without --data");
}

struct sql_env session_env(struct session *s, const struct ast_statement *st) {
    return (struct sql_env){
        .catalog = s->catalog,
        .fn = s->options.fn,
        .fns = s->options.fns,
        .agg = s->options.agg,
        .aggs = s->options.aggs,
        .source = st->source,
        .context = s,
        .bounded = env_bounded,
        .takes_changes = env_takes_changes,
        .side_stream = env_side_stream,
        .state_ttl_us = s->settings.state_ttl_us,
        .past = env_past,
        .infer = {.batch_rows = (uint32_t)s->settings.inference_batch,
                  .wait_us = s->settings.inference_wait_us,
                  .cache_bytes = (size_t)s->settings.inference_cache},
    };
}

void session_draw_progress(void *context) {
    struct session *s = context;
    s->output.progress(s->output.context, s);
}

void session_add_progress(struct session_progress *sum, const struct job *j) {
    struct query_stats stats;
    job_stats(j, &stats);
    sum->rows_in += stats.rows_in;
    sum->rows_out += stats.rows_out;
    if (stats.watermark_us < sum->watermark_us) sum->watermark_us = stats.watermark_us;
}

struct stream **session_inputs(struct session *s, const struct bound_query *bound,
                               struct arena *a) {
    struct stream **input = ARENA_ARRAY(a, input, bound->plan.inputs + 1);
    if (!input) return NULL;
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        const struct stream_def *def = bound->plan.input[i].def;
        for (struct object *o = catalog_first(s->catalog); o && !input[i]; o = o->next) {
            struct stream *stream = session_side(o);
            if (!stream) continue;
            if (def == o->def || (o->numbered && def == o->numbered) ||
                def == stream_errors_def(stream) || def == stream_late_def(stream)) {
                input[i] = stream;
            }
        }
        assert(input[i]);
    }
    return input;
}

struct query_options session_query_settings(const struct session *s) {
    return (struct query_options){
        .batch_rows = (uint32_t)s->settings.batch_rows,
        .workers = (uint32_t)s->settings.threads,
        .state_limit_bytes = settings_state_limit(&s->settings),
        .seed = (uint64_t)s->settings.seed,
        .env = edge_fn_env(&s->edge),
    };
}

/* A SELECT that is being shown. */
struct showing {
    struct session *session;
    uint64_t rows;
};

static bool show_rows(void *context, const struct batch *b, struct err *e) {
    struct showing *show = context;
    show->rows += b->live;
    return show->session->output.rows(show->session->output.context, b, e);
}

/* Rows of a nameless query that failed can be read nowhere later: they are told now. */
static void say_bad_rows(struct session *s, const struct job *j) {
    struct query_stats stats;
    job_stats(j, &stats);
    s->rows_in += stats.rows_in;
    s->rows_out += stats.rows_out;
    if (stats.bad == 0) return;
    const struct err *first = job_first_bad(j);
    session_notice(s, "%" PRIu64 " row%s could not be computed; the first: %s: %s", stats.bad,
                   stats.bad == 1 ? "" : "s", first->sqlstate, first->message);
}

/* Do rows come as the world sends them, so that nobody may be kept waiting for their end? */
static bool is_live(const struct bound_query *bound) {
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        struct err unused;
        const struct connector *c = connector_of(bound->plan.input[i].def, &unused);
        if (!bound->plan.input[i].bounded || (c && !c->rereadable)) return true;
    }
    return false;
}

/* In a script, a SELECT that follows tables ends when nobody changes them any more. */
static bool ends_at_rest(const struct session *s, const struct plan_query *plan) {
    for (uint32_t i = 0; i < plan->inputs; i++) {
        if (!plan->input[i].bounded && !plan->input[i].def->stored) return false;
    }
    return !s->options.interactive;
}

bool session_run_job(struct session *s, const struct job_options *o, struct err *e) {
    struct job *j = runner_add(s->runner, o, e);
    if (!j) return false;
    s->selecting = j;
    bool done =
        session_run_until(s, &(struct runner_until){.job = j, .rest = ends_at_rest(s, o->plan)}, e);
    s->selecting = NULL;
    s->open_windows += job_open_windows(j);
    if (done && job_state(j) == JOB_FAILED) {
        *e = *job_error(j);
        done = false;
    }
    if (done) say_bad_rows(s, j);
    runner_remove(s->runner, j);
    return done;
}

static bool select_run(struct session *s, const struct bound_query *bound, struct err *e) {
    const struct plan *root = bound->plan.root;
    struct showing show = {.session = s};
    struct job_options o = {
        .name = TEXT_LITERAL("select"),
        .plan = &bound->plan,
        .input = session_inputs(s, bound, &s->statement),
        .output = show_rows,
        .prints = &s->out,
        .context = &show,
        .query = session_query_settings(s),
        .fail_on_error = s->settings.on_error == ON_ERROR_FAIL,
    };
    if (!o.input) return err_memory(e);
    if (!s->output.begin(s->output.context, root->schema, root->changes, is_live(bound), e)) {
        return false;
    }
    return session_run_job(s, &o, e) && s->output.end(s->output.context, show.rows, e);
}

/* In a script, a SELECT that follows a kept stream for ever is hardly meant. */
static void notice_no_end(struct session *s, const struct bound_query *bound) {
    if (s->options.interactive || bound->plan.bounded || s->said_no_end) return;
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        const struct stream_def *def = bound->plan.input[i].def;
        if (bound->plan.input[i].bounded || def->options.count > 0 || def->stored) continue;
        session_notice(s,
                       "stream %.*s has no end; SELECT … FROM TABLE(%.*s) reads what it holds now",
                       TEXT_ARG(def->name), TEXT_ARG(def->name));
        s->said_no_end = true;
        return;
    }
}

void session_notice_bound(struct session *s, const struct bound_query *bound) {
    if (bound->notice) session_notice(s, "%s", bound->notice);
}

bool session_select(struct session *s, const struct ast_statement *st, struct err *e) {
    struct sql_env env = session_env(s, st);
    struct bound_query bound;
    if (!bind_select(&env, st->as.select, &s->statement, &bound, e)) return false;
    session_notice_bound(s, &bound);
    if (s->checking) return true;
    notice_no_end(s, &bound);
    return session_settle(s, &bound, false, e) && select_run(s, &bound, e);
}

/* Adds the job of a query object that was bound. */
static bool background_start(struct session *s, struct object *o, struct err *e) {
    struct running *r = o->extra;
    r->errors = stream_create_query(o->name, &s->edge, e);
    if (!r->errors) return false;
    if (s->checking) return true;
    struct stream **input = session_inputs(s, &r->bound, o->arena);
    if (!input) return err_memory(e);
    struct job_options options = {
        .name = o->name,
        .plan = &r->bound.plan,
        .input = input,
        .target = r->bound.target->kind == OBJECT_MODEL ? session_training(r->bound.target)
                                                        : session_stream(r->bound.target),
        .errors = r->errors,
        .replaces = r->replaces,
        .query = session_query_settings(s),
        .fail_on_error = s->settings.on_error == ON_ERROR_FAIL,
    };
    options.query.journal = durable_journal(s, o);
    r->job = runner_add(s->runner, &options, e);
    return r->job != NULL;
}

/* x_1, x_2 …: the first that is free. */
static bool make_name(struct session *s, struct text target, struct arena *a, struct text *out,
                      struct err *e) {
    *out = durable_name(s);
    for (uint32_t n = 1; !out->at; n++) {
        char name[300];
        int bytes = snprintf(name, sizeof name, "%.*s_%u", TEXT_ARG(target), n);
        if (bytes < 0 || (size_t)bytes >= sizeof name) {
            return err_set(e, ERR_SQL, "42622", "the name of the target is too long");
        }
        *out = (struct text){.at = name, .bytes = (uint32_t)bytes};
        bool taken = catalog_find(s->catalog, *out) != NULL;
        out->at = taken ? NULL : arena_copy(a, name, (size_t)bytes);
        if (!taken && !out->at) return err_memory(e);
    }
    return true;
}

/* TABLE(x) is what x holds when all that was to be written to it before has been. */
static bool reads_snapshot(const struct bound_query *bound) {
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        if (bound->plan.input[i].snapshot) return true;
    }
    return false;
}

/* A query that reads tables as they are now does so at its place in the script: what comes behind
 * it may change them. */
static bool run_snapshots(struct session *s, const struct running *r, struct err *e) {
    bool all = true, any = false;
    for (uint32_t i = 0; i < r->bound.plan.inputs; i++) {
        all = all && r->bound.plan.input[i].snapshot;
        any = any || r->bound.plan.input[i].def->stored;
    }
    if (s->checking || !all || !any) return true;
    return session_run_until(s, &(struct runner_until){.job = r->job, .alone = true}, e);
}

/* Makes a bound INSERT a query object of that name, which then runs. */
static bool background_add(struct session *s, struct text name, const struct ast_statement *st,
                           const struct ast_insert *insert, const struct bound_query *bound,
                           struct err *e) {
    struct running *r = ARENA_NEW(&s->statement, r);
    if (!r) return err_memory(e);
    r->bound = *bound;
    r->replaces = insert->or_replace;
    r->unnamed = st->kind == AST_INSERT_STATEMENT;
    const struct object *object = r->bound.target;
    const struct stream_def *target = object->kind == OBJECT_MODEL ? NULL : object->def;
    if (target && !connector_check_sink(target, r->bound.plan.root->changes, e)) {
        return e->line > 0 ? false : source_place(st->source, insert->target.at, e);
    }
    if (!session_check_epochs(&r->bound, e)) return source_place(st->source, insert->target.at, e);

    if (!s->checking && reads_snapshot(&r->bound) && !session_settle(s, &r->bound, false, e)) {
        return false;
    }
    struct object *o = object_create(OBJECT_QUERY, name, e);
    if (!o) return false;
    r->object = o;
    o->extra = r;
    o->uses = r->bound.uses;
    o->use = r->bound.use;
    if (!session_add_object(s, o, st, e)) return false;
    session_notice_bound(s, &r->bound);
    if (background_start(s, o, e)) return run_snapshots(s, r, e);
    struct err second; /* of what failed first *e tells */
    return session_leave(s, o, &second) && false;
}

bool session_insert(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_insert *insert = &st->as.insert;
    struct text name;
    struct bound_query bound;
    struct sql_env env = session_env(s, st);
    if (!bind_insert(&env, insert, &s->statement, &bound, e)) return false;
    if (session_inserts_now(s, &bound)) return session_insert_now(s, insert, &bound, e);
    if (!make_name(s, insert->target.text, &s->statement, &name, e)) return false;
    if (!background_add(s, name, st, insert, &bound, e)) return false;
    session_tag(s, "INSERT");
    return true;
}

bool session_create_query(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create *c = &st->as.create_query.create;
    const struct ast_insert *insert = &st->as.create_query.insert;
    struct bound_query bound;
    bool exists;
    if (!session_name_free(s, c, OBJECT_QUERY, &exists, e))
        return source_place(st->source, c->name.at, e);
    if (!exists) {
        struct sql_env env = session_env(s, st);
        if (!bind_insert(&env, insert, &s->statement, &bound, e)) return false;
        if (!background_add(s, c->name.text, st, insert, &bound, e)) return false;
    }
    session_tag(s, "CREATE QUERY");
    return true;
}

void session_stop_query(struct session *s, struct object *o) {
    struct running *r = o->extra;
    if (!r) return;
    runner_remove(s->runner, r->job);
    stream_destroy(r->errors);
}
