/* session_ddl.c: CREATE STREAM, VIEW and FUNCTION, and DROP. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#include "clients/durable.h"
#include "clients/session_model.h"
#include "clients/session_private.h"
#include "engine/base/option.h"

bool session_name_free(struct session *s, const struct ast_create *c, enum object_kind kind,
                       bool *exists_out, struct err *e) {
    const struct object *o = catalog_find(s->catalog, c->name.text);
    *exists_out = o != NULL;
    if (!o) return true;
    if (c->if_not_exists && o->kind == kind) {
        session_notice(s, "%s \"%.*s\" already exists, skipping", object_kind_word(kind),
                       TEXT_ARG(o->name));
        return true;
    }
    return err_set(e, ERR_SQL, "42P07", "%s \"%.*s\" already exists", object_kind_word(o->kind),
                   TEXT_ARG(o->name));
}

bool session_take_texts(struct object *o, const struct ast_statement *st, struct err *e) {
    struct text statement = {.at = st->source->text.at + st->start, .bytes = st->end - st->start};
    struct buf key;
    buf_init(&key);
    sql_text_key(statement, &key);
    char *ddl = arena_copy(o->arena, statement.at, statement.bytes);
    char *ddl_key = key.failed ? NULL : arena_copy(o->arena, key.at, key.bytes);
    o->ddl = (struct text){.at = ddl, .bytes = statement.bytes};
    o->ddl_key = (struct text){.at = ddl_key, .bytes = (uint32_t)key.bytes};
    buf_done(&key);
    return (ddl && ddl_key) || err_memory(e);
}

bool session_leave(struct session *s, struct object *o, struct err *e) {
    if (!durable_drop(s, o, e)) return false;
    session_forget(s, o);
    catalog_drop(s->catalog, o);
    return true;
}

bool session_add_object(struct session *s, struct object *o, const struct ast_statement *st,
                        struct err *e) {
    bool told = session_take_texts(o, st, e) && durable_create(s, o, e);
    if (told && catalog_add(s->catalog, o, e)) {
        arena_take(o->arena, &s->statement);
        return true;
    }
    struct err second; /* of what failed first *e tells */
    if (told && !durable_drop(s, o, &second)) o->id = 0;
    session_forget(s, o);
    object_destroy(o);
    return false;
}

/* Options are known and right, and are enough for reading or for writing. */
static bool check_options(const struct stream_def *def, struct err *e) {
    bool bounded;
    struct options none = {.count = 0};
    const struct connector *c = connector_of(def, e);
    if (!connector_check(def, e)) return false;
    if (!c || c->source_check) return connector_check_source(def, &none, &bounded, e);
    return connector_check_sink(def, false, e);
}

/* An error about an option points at it; about none, at the stream's name. */
static bool place_option_error(const struct ast_statement *st, struct err *e) {
    if (e->line > 0) return false;
    uint32_t at = e->offset > 0 ? (uint32_t)e->offset : st->as.create_stream.create.name.at;
    return source_place(st->source, at, e);
}

static void notice_idle(void *context, struct text key, const char *why) {
    session_notice(context, "option '%.*s' has no effect: %s", TEXT_ARG(key), why);
}

bool session_check_stored(const struct session *s, const struct stream_def *def, struct err *e) {
    if (!connector_check(def, e)) return false;
    const struct option *o = option_find(&def->options, "history");
    if (!o) return true; /* past versions are in the log of a data directory */
    err_set(e, ERR_SQL, "0A000",
            s->durable ? "past versions of rows are not kept yet: 'history' is not supported"
                       : "no history is kept without --data");
    e->offset = o->at;
    return false;
}

/* IF NOT EXISTS finds what the same statement made: with a connector, a stream. */
static enum object_kind named_kind(const struct session *s, const struct ast_create_stream *t) {
    const struct object *o = catalog_find(s->catalog, t->create.name.text);
    if (t->object == AST_OBJECT_STREAM) return OBJECT_STREAM;
    return o && o->kind == OBJECT_STREAM ? OBJECT_STREAM : OBJECT_TABLE;
}

bool session_create_stream(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_stream *t = &st->as.create_stream;
    enum object_kind kind = named_kind(s, t);
    bool exists;
    if (!session_name_free(s, &t->create, kind, &exists, e)) {
        return source_place(st->source, t->create.name.at, e);
    }
    if (exists) return true;

    struct sql_env env = session_env(s, st);
    struct stream_def *def;
    if (!bind_stream(&env, t, &s->statement, &def, e)) return false;
    bool right = def->stored ? session_check_stored(s, def, e) : check_options(def, e);
    if (!right) return place_option_error(st, e);

    kind = def->stored ? OBJECT_TABLE : OBJECT_STREAM;
    struct object *o = object_create(kind, t->create.name.text, e);
    if (!o) return false;
    o->def = def;
    o->schema = def->schema;
    o->extra = stream_create(def, &s->edge, e); /* opens nothing: a query's reader does */
    if (!o->extra) {
        object_destroy(o);
        return false;
    }
    o->numbered = stream_numbered_def(o->extra);
    if (!session_add_object(s, o, st, e)) return false;
    connector_tell_idle(def, s, notice_idle);
    session_tag(s, def->stored ? "CREATE TABLE" : "CREATE STREAM");
    return true;
}

/* CREATE OR REPLACE VIEW: the old one goes, if nothing uses it. */
static bool replace_view(struct session *s, const struct ast_create *c, struct err *e) {
    struct object *o = catalog_find(s->catalog, c->name.text);
    if (!o || !c->or_replace || o->kind != OBJECT_VIEW) return true;
    return catalog_may_drop(s->catalog, o, e) && session_leave(s, o, e);
}

static bool object_used(const struct bound_object *bound, const struct object *o) {
    for (uint32_t i = 0; i < bound->uses; i++) {
        if (bound->use[i] == o) return true;
    }
    return false;
}

/* CREATE VIEW v(a, b): the names given. */
static bool take_view_columns(struct object *o, const struct ast_create_view *v) {
    struct text *name = ARENA_ARRAY(o->arena, name, v->columns.count + 1);
    if (!name) return false;
    for (uint32_t i = 0; i < v->columns.count; i++) name[i] = v->columns.at[i].text;
    o->view_cols = v->columns.count;
    o->view_col = name;
    return true;
}

bool session_create_view(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_view *v = &st->as.create_view;
    if (v->materialized) return session_create_materialized(s, st, e);
    if (v->options.count > 0) {
        source_error(st->source, v->options.at[0].key_at, e, "0A000", "a view has no options");
        return err_hint(e, "It is text: those of the streams that it reads are theirs.");
    }
    bool exists = false;
    struct sql_env env = session_env(s, st);
    struct bound_object bound;
    if (!v->create.or_replace && !session_name_free(s, &v->create, OBJECT_VIEW, &exists, e)) {
        return source_place(st->source, v->create.name.at, e);
    }
    if (exists) return true;
    if (!bind_view(&env, v, &s->statement, &bound, e)) return false;
    if (object_used(&bound, catalog_find(s->catalog, v->create.name.text)))
        return source_error(st->source, v->create.name.at, e, "42P01",
                            "view \"%.*s\" would refer to itself", TEXT_ARG(v->create.name.text));
    if (!replace_view(s, &v->create, e)) return source_place(st->source, v->create.name.at, e);

    struct object *o = object_create(OBJECT_VIEW, v->create.name.text, e);
    if (!o) return false;
    o->schema = bound.schema;
    o->select = v->select;
    o->uses = bound.uses;
    o->use = bound.use;
    if (!take_view_columns(o, v)) {
        object_destroy(o);
        return err_memory(e);
    }
    if (!session_add_object(s, o, st, e)) return source_place(st->source, v->create.name.at, e);
    session_tag(s, "CREATE VIEW");
    return true;
}

static bool function_known(const struct session *s, struct text name) {
    for (uint32_t t = 0; t < s->options.fns; t++) {
        for (uint32_t i = 0; i < s->options.fn[t].count; i++) {
            const struct fn *fn = &s->options.fn[t].fn[i];
            if (!(fn->flags & FN_HIDDEN) && text_equal_fold(text_of(fn->name), name)) return true;
        }
    }
    return false;
}

/* Flink's CREATE FUNCTION f AS 'java.class': f is ours, or cannot be. */
static bool take_java_function(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_function *f = &st->as.create_function;
    struct text name = f->create.name.text;
    if (function_known(s, name)) {
        session_notice(s, "function %.*s is built in; '%.*s' is not loaded", TEXT_ARG(name),
                       TEXT_ARG(f->library));
        session_tag(s, "CREATE FUNCTION");
        return true;
    }
    source_error(st->source, f->create.name.at, e, "0A000",
                 "a Java class cannot be loaded, and there is no built-in function %.*s",
                 TEXT_ARG(name));
    return err_hint(e, "SHOW FUNCTIONS lists the functions there are.");
}

/* May a function be called so? *exists_out: it is there already and stays (IF NOT EXISTS). */
static bool function_name_free(struct session *s, const struct ast_create *c, bool *exists_out,
                               struct err *e) {
    struct object *o = catalog_find_function(s->catalog, c->name.text);
    *exists_out = false;
    if (function_known(s, c->name.text)) {
        return err_set(e, ERR_SQL, "42P07", "function %.*s is built in", TEXT_ARG(c->name.text));
    }
    if (!o) return true;
    if (c->or_replace) {
        return catalog_may_drop(s->catalog, o, e) && session_leave(s, o, e);
    }
    if (!c->if_not_exists) {
        return err_set(e, ERR_SQL, "42P07", "function \"%.*s\" already exists", TEXT_ARG(o->name));
    }
    session_notice(s, "function \"%.*s\" already exists, skipping", TEXT_ARG(o->name));
    *exists_out = true;
    return true;
}

bool session_create_function(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_function *f = &st->as.create_function;
    const struct ast_name *name = &f->create.name;
    if (f->language == AST_LANGUAGE_JAVA) return take_java_function(s, st, e);
    if (f->language != AST_LANGUAGE_SQL) {
        source_error(st->source, name->at, e, "0A000",
                     "functions in C or of a client are not supported yet");
        return err_hint(e, "A function in SQL: CREATE FUNCTION f(x DOUBLE) RETURNS DOUBLE AS …");
    }
    struct sql_env env = session_env(s, st);
    struct bound_object bound;
    bool exists;
    if (!bind_function(&env, f, &s->statement, &bound, e)) return false;
    if (!function_name_free(s, &f->create, &exists, e)) {
        return source_place(st->source, name->at, e);
    }
    if (exists) return true;

    struct object *o = object_create(OBJECT_FUNCTION, name->text, e);
    if (!o) return false;
    o->function = f;
    o->uses = bound.uses;
    o->use = bound.use;
    if (!session_add_object(s, o, st, e)) return false;
    session_tag(s, "CREATE FUNCTION");
    return true;
}

void session_drop_ended(struct session *s, const struct object *o) {
    for (struct object *q = catalog_first(s->catalog), *next; q; q = next) {
        next = q->next;
        struct running *r = q->kind == OBJECT_QUERY ? q->extra : NULL;
        if (!r || !r->job || job_state(r->job) < JOB_ENDED) continue;
        bool uses = false;
        for (uint32_t i = 0; i < q->uses; i++) uses = uses || q->use[i] == o;
        if (!uses) continue;
        bool failed = !r->told && job_state(r->job) == JOB_FAILED;
        if (failed && s->lost.code == ERR_NONE) s->lost = *job_error(r->job);
        struct err unsaid; /* that it ended is told with the next checkpoint, too */
        if (!session_leave(s, q, &unsaid)) return;
    }
}

struct running *session_running(const struct object *o) {
    return o->kind == OBJECT_QUERY || o->kind == OBJECT_MATERIALIZED_VIEW ? o->extra : NULL;
}

void session_forget(struct session *s, struct object *o) {
    if (o->kind == OBJECT_QUERY || o->kind == OBJECT_MATERIALIZED_VIEW) {
        session_stop_query(s, o);
    } else if (o->kind == OBJECT_STREAM || o->kind == OBJECT_TABLE) {
        stream_destroy(o->extra);
    } else if (o->kind == OBJECT_MODEL) {
        session_forget_model(o);
    }
    o->extra = NULL;
}

struct stream *session_stream(const struct object *o) {
    const struct running *r = session_running(o);
    if (o->kind == OBJECT_MATERIALIZED_VIEW) return r ? r->errors : NULL;
    return o->kind == OBJECT_STREAM || o->kind == OBJECT_TABLE ? o->extra : NULL;
}

struct stream *session_side(const struct object *o) {
    const struct running *r = session_running(o);
    if (o->kind == OBJECT_MODEL) return session_training(o);
    return r ? r->errors : session_stream(o);
}

/* DROP TABLE takes what CREATE TABLE with a connector made, as in Flink. */
bool session_kinds_agree(enum ast_object wanted, enum object_kind kind) {
    switch (wanted) {
    case AST_OBJECT_STREAM:
    case AST_OBJECT_TABLE: return kind == OBJECT_STREAM || kind == OBJECT_TABLE;
    case AST_OBJECT_VIEW: return kind == OBJECT_VIEW || kind == OBJECT_MATERIALIZED_VIEW;
    case AST_OBJECT_MATERIALIZED_VIEW: return kind == OBJECT_MATERIALIZED_VIEW;
    case AST_OBJECT_QUERY: return kind == OBJECT_QUERY;
    case AST_OBJECT_MODEL: return kind == OBJECT_MODEL;
    case AST_OBJECT_FUNCTION: return kind == OBJECT_FUNCTION;
    case AST_OBJECT_ANY: return true;
    }
    return false;
}

const char *session_kind_word(enum ast_object kind) {
    static const char *const words[] = {
        [AST_OBJECT_STREAM] = "stream",     [AST_OBJECT_TABLE] = "table",
        [AST_OBJECT_VIEW] = "view",         [AST_OBJECT_MATERIALIZED_VIEW] = "materialized view",
        [AST_OBJECT_QUERY] = "query",       [AST_OBJECT_MODEL] = "model",
        [AST_OBJECT_FUNCTION] = "function", [AST_OBJECT_ANY] = "relation",
    };
    return words[kind];
}

static bool drop_missing(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_drop *d = &st->as.drop;
    const char *word = session_kind_word(d->object);
    if (d->if_exists) {
        session_notice(s, "%s \"%.*s\" does not exist, skipping", word, TEXT_ARG(d->name.text));
        return true;
    }
    if (d->object == AST_OBJECT_FUNCTION && function_known(s, d->name.text)) {
        return source_error(st->source, d->name.at, e, "0A000",
                            "function %.*s is built in and cannot be dropped",
                            TEXT_ARG(d->name.text));
    }
    source_error(st->source, d->name.at, e, d->object == AST_OBJECT_FUNCTION ? "42883" : "42P01",
                 "%s \"%.*s\" does not exist", word, TEXT_ARG(d->name.text));
    catalog_hint(s->catalog, d->name.text, OBJECT_COUNT, e);
    return false;
}

/* Does the object stay when queries that have ended go? */
static bool is_held(const struct session *s, const struct object *o) {
    for (const struct object *user = catalog_first(s->catalog); user; user = user->next) {
        const struct running *r = user->kind == OBJECT_QUERY ? user->extra : NULL;
        bool ended = r && r->job && job_state(r->job) >= JOB_ENDED;
        for (uint32_t i = 0; !ended && user != o && i < user->uses; i++) {
            if (user->use[i] == o) return true;
        }
    }
    return false;
}

bool session_drop(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_drop *d = &st->as.drop;
    struct object *o = d->object == AST_OBJECT_FUNCTION
                           ? catalog_find_function(s->catalog, d->name.text)
                           : catalog_find(s->catalog, d->name.text);
    if (!o) return drop_missing(s, st, e);
    if (!session_kinds_agree(d->object, o->kind)) {
        source_error(st->source, d->name.at, e, "42809", "\"%.*s\" is a %s, not a %s",
                     TEXT_ARG(o->name), object_kind_word(o->kind), session_kind_word(d->object));
        return err_hint(e, "Write DROP %s %.*s.", object_kind_sql(o->kind), TEXT_ARG(o->name));
    }
    if (!is_held(s, o)) session_drop_ended(s, o);
    if (!catalog_may_drop(s->catalog, o, e)) return source_place(st->source, d->name.at, e);
    if (!session_leave(s, o, e)) return false;

    char tag[40];
    int n = snprintf(tag, sizeof tag, "DROP %s", session_kind_word(d->object));
    for (int i = 0; i < n; i++) tag[i] = (char)toupper((unsigned char)tag[i]);
    session_tag(s, tag);
    return true;
}
