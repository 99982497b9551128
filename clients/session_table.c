/* session_table.c: stored tables and materialized views: the statements that change rows, each as
 * one, and the view's query.
 *
 * A statement that changes rows runs at its place in the script, by itself: its inputs are in
 * memory, so nothing is waited for, and the queries of the background stand still meanwhile. What
 * was to be written to the table before it has been written (session_settle).
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "clients/durable.h"
#include "clients/session_private.h"
#include "engine/base/option.h"
#include "engine/edge/stream.h"
#include "engine/edge/table_write.h"

/* Followers that are further behind read on before more is changed. */
enum { BEHIND_BYTES = 16 << 20 };

/* Runs a job to its end while all others stand still. */
static bool run_alone(struct session *s, const struct job_options *o, struct query_stats *stats,
                      struct err *e) {
    struct job *j = runner_add(s->runner, o, e);
    if (!j) return false;
    bool done = session_run_until(s, &(struct runner_until){.job = j, .alone = true}, e);
    if (done && job_state(j) == JOB_FAILED) {
        *e = *job_error(j);
        done = false;
    } else if (done && job_state(j) != JOB_ENDED) {
        done = err_set(e, ERR_CANCEL, "57014", "the statement was cancelled: nothing was changed");
    }
    job_stats(j, stats);
    s->rows_in += stats->rows_in;
    runner_remove(s->runner, j);
    return done;
}

/* Those that read the table take what they have not read, so that changes do not pile up. */
static bool let_follow(struct session *s, const struct object *table, struct err *e) {
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct running *r = session_running(o);
        bool reads = false;
        for (uint32_t i = 0; r && i < r->bound.uses; i++) reads |= r->bound.use[i] == table;
        if (!reads || !r->job || stream_behind_bytes(session_stream(table)) < BEHIND_BYTES) {
            continue;
        }
        const struct runner_until until = {.job = r->job, .level = true};
        if (!session_run_until(s, &until, e)) return false;
    }
    return true;
}

/* Gives the rows of a bound statement to its table, all or none. */
static bool change_now(struct session *s, const struct bound_query *bound, enum table_how how,
                       uint64_t *rows_out, struct err *e) {
    struct table_writer_options to = {
        .stream = session_stream(bound->target), .how = how, .origin = TABLE_BY_HAND};
    if (!session_settle(s, bound, true, e) || !let_follow(s, bound->target, e)) return false;
    struct table_writer *w = table_writer_open(&to, e);
    struct job_options o = {
        .name = bound->target->name,
        .plan = &bound->plan,
        .input = session_inputs(s, bound, &s->statement),
        .output = table_writer_write,
        .context = w,
        .query = session_query_settings(s),
        .fail_on_error = true,
    };
    if (w && !o.input) err_memory(e);
    struct query_stats unused;
    bool done = w && o.input && run_alone(s, &o, &unused, e) && table_writer_finish(w, e);
    if (done) *rows_out = table_writer_rows(w);
    table_writer_close(w);
    if (!done && e->code == ERR_DATA) e->code = ERR_SQL; /* the statement is wrong */
    return done;
}

/* An error about the rows of a statement is shown at the table's name. */
static bool at_table(const struct source *source, const struct ast_name *target, struct err *e) {
    if (e->code == ERR_CANCEL || e->line > 0) return false;
    return source_place(source, target->at, e);
}

static void tag_rows(struct session *s, const char *word, uint64_t rows) {
    char tag[60];
    snprintf(tag, sizeof tag, "%s %" PRIu64, word, rows);
    session_tag(s, tag);
}

/* Rows of a kept stream: with a data directory they are sure when the statement ends. */
static bool append_now(struct session *s, const struct bound_query *bound, uint64_t *rows_out,
                       struct err *e) {
    struct query_stats stats;
    struct job_options o = {
        .name = bound->target->name,
        .plan = &bound->plan,
        .input = session_inputs(s, bound, &s->statement),
        .target = session_stream(bound->target),
        .errors = session_stream(bound->target),
        .query = session_query_settings(s),
        .fail_on_error = s->settings.on_error == ON_ERROR_FAIL,
    };
    if (!o.input) return err_memory(e);
    if (!session_settle(s, bound, true, e) || !let_follow(s, bound->target, e)) return false;
    durable_by_hand(s, true);
    bool done = run_alone(s, &o, &stats, e);
    durable_by_hand(s, false);
    if (done) *rows_out = stats.rows_out;
    return done;
}

bool session_inserts_now(const struct session *s, const struct bound_query *bound) {
    const struct stream *stream = session_stream(bound->target);
    bool kept = s->durable && stream && stream->kept;
    if (bound->target->kind != OBJECT_TABLE && !kept) return false;
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        if (!bound->plan.input[i].snapshot) return false;
    }
    return true;
}

bool session_insert_now(struct session *s, const struct ast_insert *i,
                        const struct bound_query *bound, struct err *e) {
    uint64_t rows;
    enum table_how how = i->or_replace ? TABLE_REPLACE : TABLE_INSERT;
    if (bound->plan.root->changes) how = TABLE_CHANGE;
    if (s->checking) return true;
    bool table = bound->target->kind == OBJECT_TABLE;
    if (!(table ? change_now(s, bound, how, &rows, e) : append_now(s, bound, &rows, e))) {
        return at_table(i->source, &i->target, e);
    }
    tag_rows(s, "INSERT 0", rows);
    return true;
}

bool session_update(struct session *s, const struct ast_statement *st, struct err *e) {
    struct sql_env env = session_env(s, st);
    struct bound_query bound;
    uint64_t rows;
    if (!bind_update(&env, &st->as.update, &s->statement, &bound, e)) return false;
    if (s->checking) return true;
    if (!change_now(s, &bound, TABLE_UPDATE, &rows, e))
        return at_table(st->as.update.source, &st->as.update.target, e);
    tag_rows(s, "UPDATE", rows);
    return true;
}

bool session_delete(struct session *s, const struct ast_statement *st, struct err *e) {
    struct sql_env env = session_env(s, st);
    struct bound_query bound;
    uint64_t rows;
    if (!bind_delete(&env, &st->as.delete_from, &s->statement, &bound, e)) return false;
    if (s->checking) return true;
    if (!change_now(s, &bound, TABLE_DELETE, &rows, e))
        return at_table(st->as.delete_from.source, &st->as.delete_from.target, e);
    tag_rows(s, "DELETE", rows);
    return true;
}

/* ---- materialized views ---- */

/* WITH (..) of the view, as those of a table are judged. */
static bool view_options(struct session *s, const struct ast_statement *st, struct stream_def *def,
                         struct err *e) {
    const struct ast_options *o = &st->as.create_view.options;
    struct option *option = ARENA_ARRAY(&s->statement, option, o->count + 1);
    if (!option) return err_memory(e);
    for (uint32_t i = 0; i < o->count; i++)
        option[i] = (struct option){o->at[i].key, o->at[i].value, o->at[i].key_at};
    def->options = (struct options){.option = option, .count = o->count};
    if (session_check_stored(s, def, e)) return true;
    if (e->line > 0) return false;
    uint32_t name = st->as.create_view.create.name.at;
    return source_place(st->source, e->offset > 0 ? (uint32_t)e->offset : name, e);
}

/* CREATE OR REPLACE: the old one goes, where nothing uses it. */
static bool drop_old(struct session *s, const struct ast_statement *st,
                     const struct bound_query *bound, struct err *e) {
    const struct ast_create *c = &st->as.create_view.create;
    struct object *o = catalog_find(s->catalog, c->name.text);
    bool replaces = o && c->or_replace && o->kind == OBJECT_MATERIALIZED_VIEW;
    if (!replaces) return true;
    for (uint32_t i = 0; i < bound->uses; i++) {
        if (bound->use[i] != o) continue;
        return source_error(st->source, c->name.at, e, "42P01",
                            "view \"%.*s\" would refer to itself", TEXT_ARG(o->name));
    }
    if (!catalog_may_drop(s->catalog, o, e)) return source_place(st->source, c->name.at, e);
    return session_leave(s, o, e);
}

static bool view_start(struct session *s, struct object *o, struct err *e) {
    struct running *r = o->extra;
    if (s->checking) return true;
    bool stops = option_is(&o->def->options, "on-error", "fail");
    struct job_options options = {
        .name = o->name,
        .plan = &r->bound.plan,
        .input = session_inputs(s, &r->bound, o->arena),
        .target = r->errors,
        .errors = r->errors,
        .query = session_query_settings(s),
        .fail_on_error = stops || s->settings.on_error == ON_ERROR_FAIL,
    };
    if (!options.input) return err_memory(e);
    options.query.journal = durable_journal(s, o);
    r->job = runner_add(s->runner, &options, e);
    return r->job != NULL;
}

/* The object of a bound view, with its table and without its job. */
static bool view_add(struct session *s, const struct ast_statement *st, struct running *r,
                     const struct stream_def *def, struct object **out, struct err *e) {
    const struct ast_name *name = &st->as.create_view.create.name;
    struct object *o = object_create(OBJECT_MATERIALIZED_VIEW, name->text, e);
    if (!o) return false;
    o->def = def;
    o->schema = def->schema;
    o->uses = r->bound.uses;
    o->use = r->bound.use;
    o->extra = r;
    r->object = o;
    r->bound.target = o;
    r->errors = stream_create(def, &s->edge, e);
    if (!r->errors) {
        object_destroy(o);
        return false;
    }
    o->numbered = stream_numbered_def(r->errors);
    *out = o;
    return session_add_object(s, o, st, e) || source_place(st->source, name->at, e);
}

bool session_create_materialized(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_view *v = &st->as.create_view;
    struct running *r = ARENA_NEW(&s->statement, r);
    struct sql_env env = session_env(s, st);
    struct stream_def *def;
    struct object *o;
    bool exists = false;
    if (!r) return err_memory(e);
    if (!v->create.or_replace &&
        !session_name_free(s, &v->create, OBJECT_MATERIALIZED_VIEW, &exists, e)) {
        return source_place(st->source, v->create.name.at, e);
    }
    if (exists) return true;
    if (!bind_materialized_view(&env, v, &s->statement, &r->bound, &def, e)) return false;
    if (!view_options(s, st, def, e)) return false;
    if (!drop_old(s, st, &r->bound, e) || !view_add(s, st, r, def, &o, e)) return false;
    struct err second; /* of what failed first *e tells */
    if (!view_start(s, o, e)) return session_leave(s, o, &second) && false;
    session_tag(s, "CREATE MATERIALIZED VIEW");
    return true;
}
