/* session.c: a session's life, and which function executes which kind of statement. */
#include "clients/session.h"

#include <assert.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/durable.h"
#include "clients/session_model.h"
#include "clients/session_private.h"

/* What opens from now on follows the settings as they are. */
static void edge_settings(struct session *s) {
    s->edge.batch_rows = (uint32_t)s->settings.batch_rows;
    s->edge.record_bytes_max = (size_t)s->settings.max_line_bytes;
    s->edge.image_pixels_max = (uint64_t)s->settings.max_image_pixels;
    s->edge.table_bytes_max = settings_state_limit(&s->settings);
}

static bool session_open(struct session *s, struct err *e) {
    s->edge = (struct edge_env){
        .fs = s->options.fs,
        .stdin_fd = s->options.stdin_fd,
        .out = &s->out,
        .err = &s->err,
        .clock_us = s->options.clock_us,
    };
    edge_settings(s);
    s->catalog = catalog_create();
    if (!s->catalog) return err_memory(e);
    s->runner = runner_create(&s->edge, e);
    return s->runner != NULL;
}

struct session *session_create(const struct session_options *o, const struct session_output *out,
                               struct err *e) {
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->options = *o;
    s->output = *out;
    fd_buffer_init(&s->out, o->stdout_fd, "stdout");
    fd_buffer_init(&s->err, o->stderr_fd, "stderr");
    arena_init(&s->arena, 0);
    arena_init(&s->statement, 0);
    defines_init(&s->defines, &s->arena);
    settings_init(&s->settings);
    if (session_open(s, e)) return s;

    session_destroy(s);
    return NULL;
}

bool session_set(struct session *s, struct text name, struct text value, struct err *e) {
    return settings_set(&s->settings, name, value, e);
}

bool session_define(struct session *s, struct text name, struct text value, struct err *e) {
    return defines_set(&s->defines, name, value, e);
}

void session_notice(struct session *s, const char *format, ...) {
    if (!s->output.notice || s->quiet) return;
    char sentence[400];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    s->output.notice(s->output.context, sentence);
}

void session_tag(struct session *s, const char *tag) {
    snprintf(s->tag, sizeof s->tag, "%s", tag);
}

static bool run_set(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_set *set = &st->as.set;
    if (!set->name.text.at) {
        if (set->reset) settings_init(&s->settings);
        session_tag(s, set->reset ? "RESET" : "SET");
        return true;
    }
    bool done = set->reset ? settings_reset(&s->settings, set->name.text, e)
                           : settings_set(&s->settings, set->name.text, set->value, e);
    if (!done) return source_place(st->source, set->name.at, e);
    session_tag(s, set->reset ? "RESET" : "SET");
    return true;
}

static bool run_define(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_set *set = &st->as.define;
    bool keep = set->if_not_exists && defines_find(&s->defines, set->name.text);
    if (!keep && !defines_set(&s->defines, set->name.text, set->value, e)) return false;
    session_tag(s, "DEFINE");
    return true;
}

static bool run_refused(struct session *s, const struct ast_statement *st, struct err *e) {
    (void)s;
    return source_error(st->source, st->start, e, "0A000", "%s", st->as.refused);
}

static bool run_unsupported(struct session *s, const struct ast_statement *st, struct err *e) {
    (void)s;
    static const char *const sentences[AST_STATEMENT_COUNT] = {
        [AST_REPLAY_STATEMENT] = "REPLAY is not supported yet: there is no stored state",
        [AST_LOAD_STATEMENT] = "LOAD is not supported yet",
    };
    assert(sentences[st->kind]);
    return source_error(st->source, st->start, e, "0A000", "%s", sentences[st->kind]);
}

static bool run_checkpoint(struct session *s, const struct ast_statement *st, struct err *e) {
    if (s->checking) return true;
    if (!s->durable) {
        source_error(st->source, st->start, e, "0A000", "there is no data directory to write to");
        return err_hint(e, "Start with --data DIR.");
    }
    if (!durable_checkpoint(s, e)) return false;
    session_tag(s, "CHECKPOINT");
    return true;
}

typedef bool statement_function(struct session *s, const struct ast_statement *st, struct err *e);

static statement_function *const statement_functions[AST_STATEMENT_COUNT] = {
    [AST_SELECT_STATEMENT] = session_select,
    [AST_CREATE_STREAM_STATEMENT] = session_create_stream,
    [AST_CREATE_VIEW_STATEMENT] = session_create_view,
    [AST_CREATE_QUERY_STATEMENT] = session_create_query,
    [AST_CREATE_MODEL_STATEMENT] = session_create_model,
    [AST_CREATE_FUNCTION_STATEMENT] = session_create_function,
    [AST_DROP_STATEMENT] = session_drop,
    [AST_INSERT_STATEMENT] = session_insert,
    [AST_UPDATE_STATEMENT] = session_update,
    [AST_DELETE_STATEMENT] = session_delete,
    [AST_SHOW_STATEMENT] = session_show,
    [AST_DESCRIBE_STATEMENT] = session_describe,
    [AST_EXPLAIN_STATEMENT] = session_explain,
    [AST_SET_STATEMENT] = run_set,
    [AST_DEFINE_STATEMENT] = run_define,
    [AST_EXPORT_STATEMENT] = session_export_model,
    [AST_CHECKPOINT_STATEMENT] = run_checkpoint,
    [AST_REPLAY_STATEMENT] = run_unsupported,
    [AST_LOAD_STATEMENT] = run_unsupported,
    [AST_REFUSED_STATEMENT] = run_refused,
};

void session_start(struct session *s, const struct script *script) {
    s->script = script;
    sql_script_init(&s->parse, script->text, &s->defines);
}

/* Executes a statement. It is acknowledged when what it did is as sure as it has to be. */
static bool statement_run(struct session *s, const struct ast_statement *st, struct err *e) {
    s->tag[0] = '\0';
    bool there = false;
    if (!durable_claim(s, st, &there, e)) return false;
    if (!there && !statement_functions[st->kind](s, st, e)) return false;
    if (!durable_settle(s, e)) return false;
    if (s->tag[0] && s->output.command && !s->quiet) s->output.command(s->output.context, s->tag);
    return true;
}

bool session_step(struct session *s, bool *more_out, struct err *e) {
    assert(s->script);
    arena_reset(&s->statement);
    edge_settings(s);

    struct ast_statement *st;
    if (!sql_parse_next(&s->parse, &s->statement, &st, e)) return false;
    *more_out = st != NULL;
    return !st || statement_run(s, st, e);
}

bool session_again(struct session *s, struct text statements, struct err *e) {
    const struct script *script = s->script, again = {.text = statements};
    struct sql_script parse = s->parse;
    s->script = &again;
    sql_script_init(&s->parse, statements, NULL);
    bool more = true, done = true;
    while (done && more) done = session_step(s, &more, e);
    s->script = script;
    s->parse = parse;
    return done;
}

bool session_open_data(struct session *s, const char *directory, struct err *e) {
    return durable_open(s, directory, e);
}

bool session_close_data(struct session *s, struct err *e) {
    return durable_close(s, e);
}

bool session_check(struct session *s, bool *more_out, struct err *e) {
    s->checking = true;
    bool done = session_step(s, more_out, e);
    s->checking = false;
    return done;
}

/* Where several run at once it matters which one failed. */
static void failure_of(const struct object *o, const struct err *what, struct err *e) {
    *e = *what;
    err_set(e, what->code, what->sqlstate, "%s %.*s: %s", object_kind_word(o->kind),
            TEXT_ARG(o->name), what->message);
    memcpy(e->hint, what->hint, sizeof e->hint);
}

bool session_next_failure(struct session *s, struct err *e) {
    if (s->lost.code != ERR_NONE) {
        *e = s->lost;
        err_clear(&s->lost);
        return true;
    }
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct running *r = session_running(o);
        if (!r || !r->job || r->told || job_state(r->job) != JOB_FAILED) continue;
        r->told = true;
        failure_of(o, job_error(r->job), e);
        return true;
    }
    return false;
}

bool session_finish(struct session *s, struct err *e) {
    struct runner_until until = {
        .rest = true, /* nobody is left who could insert */
        .stop = s->options.stop,
        .context = s,
        .progress = s->output.progress ? session_draw_progress : NULL,
        .between = s->durable ? durable_between : NULL,
    };
    if (!runner_run(s->runner, &until, e)) return false;
    bool stopped = until.stop && *until.stop;
    if (stopped) runner_stop(s->runner);
    session_tell_news(s);
    if (session_next_failure(s, e)) return false;
    if (!stopped) durable_finished(s);
    return true;
}

void session_background(struct session *s, int wake_fd) {
    struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
    struct runner_until until = {.stop = s->options.stop,
                                 .wake = &wake,
                                 .context = s,
                                 .between = s->durable ? durable_between : NULL};
    struct err unused; /* what fails is its job's error, which SHOW QUERIES tells */
    if (!runner_run(s->runner, &until, &unused)) return;
}

void session_progress(const struct session *s, struct session_progress *out) {
    *out = (struct session_progress){
        .rows_in = s->rows_in,
        .rows_out = s->rows_out,
        .watermark_us = TIME_END_US,
    };
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct running *r = session_running(o);
        if (r && r->job) session_add_progress(out, r->job);
    }
    if (s->selecting) session_add_progress(out, s->selecting);
}

uint64_t session_open_windows(const struct session *s) {
    uint64_t windows = s->open_windows;
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct running *r = session_running(o);
        if (r && r->job) windows += job_open_windows(r->job);
    }
    return windows;
}

void session_destroy(struct session *s) {
    struct err unsaid; /* who wants to know calls session_close_data() before */
    if (!s) return;
    if (!durable_close(s, &unsaid)) s->durable = NULL;
    if (s->runner) runner_leave(s->runner);
    if (s->catalog) {
        for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
            struct running *r = session_running(o);
            if (!r) continue;
            runner_remove(s->runner, r->job); /* while all that it reads and writes is there */
            r->job = NULL;
        }
        for (struct object *o = catalog_first(s->catalog); o; o = o->next) session_forget(s, o);
    }
    runner_destroy(s->runner);
    catalog_destroy(s->catalog);
    fd_buffer_done(&s->out);
    fd_buffer_done(&s->err);
    arena_done(&s->statement);
    arena_done(&s->arena);
    free(s);
}
