/* bind_from.c: what stands in FROM becomes a relation.
 *
 * A name is a CTE, else an object of the catalog, else a side stream (x$errors). Views and CTEs are
 * bound anew at each use, as if they were written there; positions inside a view are of its own
 * text and are not shown. Each use of a stream is an input of its own, in the order of FROM.
 */
#include <assert.h>

#include "engine/base/nearest.h"
#include "sql/bind_group.h"
#include "sql/bind_model.h"

static struct rel *no_memory(struct err *e) {
    err_memory(e);
    return NULL;
}

static bool add_input(struct binder *b, const struct stream_def *def, struct plan_input input,
                      uint32_t *out, struct err *e) {
    if (b->inputs == BIND_INPUTS_MAX)
        return err_set(e, ERR_SQL, "54000", "a query reads at most %d streams", BIND_INPUTS_MAX);
    if (!bind_grow(b, &b->input, &b->inputs_capacity, b->inputs, sizeof *b->input, e)) return false;
    input.def = def;
    if (input.snapshot)
        input.bounded = true;
    else if (!b->env->bounded(b->env->context, def, &input.hint, &input.bounded, e))
        return false;
    b->input[b->inputs] = input;
    *out = b->inputs++;
    return true;
}

static bool is_proctime(const struct expr *x) {
    return x && x->kind == EXPR_CALL && strcmp(x->fn->name, "proctime") == 0;
}

/* Where the option of a hint stands that an error is about; else `at`. */
static uint32_t option_place(const struct options *hint, const struct err *e, uint32_t at) {
    for (uint32_t i = 0; i < hint->count; i++) {
        if (hint->option[i].at > 0 && hint->option[i].at == e->offset) return hint->option[i].at;
    }
    return at;
}

struct rel *bind_scan(struct binder *b, const struct stream_def *def, struct plan_input input,
                      uint32_t at, struct err *e) {
    uint32_t number = 0;
    if (!add_input(b, def, input, &number, e)) {
        bind_place(b, option_place(&input.hint, e, at), e);
        return NULL;
    }
    struct plan *p = bind_plan(b, PLAN_SCAN, NULL, e);
    struct rel *r = p ? ARENA_NEW(b->arena, r) : NULL;
    struct rel_col *col = r ? ARENA_ARRAY(b->arena, col, def->schema->cols) : NULL;
    if (!p) return NULL;
    if (!col) return no_memory(e);
    p->schema = def->schema;
    p->as.scan.input = number;
    p->changes = !b->input[number].snapshot && stored_changes(def->stored);
    for (uint32_t i = 0; i < def->schema->cols; i++) {
        const struct field *f = &def->schema->col[i];
        col[i] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
        if (def->stored) continue; /* values like others */
        if ((int32_t)i == def->time_col)
            col[i].time = TIME_ROLE_EVENT;
        else if (def->computed && is_proctime(def->computed[i]))
            col[i].time = TIME_ROLE_CLOCK;
    }
    *r = (struct rel){
        .plan = p, .cols = def->schema->cols, .col = col, .bounded = b->input[number].bounded};
    return r;
}

static struct options hint_options(struct binder *b, const struct ast_options *o) {
    struct option *option = ARENA_ARRAY(b->arena, option, o->count);
    if (!option) return (struct options){0};
    for (uint32_t i = 0; i < o->count; i++)
        option[i] = (struct option){o->at[i].key, o->at[i].value, o->at[i].key_at};
    return (struct options){.option = option, .count = o->count};
}

/* Other names for the columns: t(a, b). */
static bool rename_columns(struct binder *b, struct rel *r, const struct ast_name *name,
                           uint32_t count, struct err *e) {
    if (count > r->cols)
        return bind_error(b, name[r->cols].at, e,
                          "42601: %u names are given, but there are %u columns", count, r->cols);
    for (uint32_t i = 0; i < count; i++) r->col[i].name = name[i].text;
    return true;
}

static bool is_open(const struct binder *b, const void *what) {
    for (const struct expansion *x = b->expansion; x; x = x->outer) {
        if (x->what == what) return true;
    }
    return false;
}

/* A hint behind a view or a CTE would set nothing. */
static bool no_hint(struct binder *b, const struct ast_source *s, const char *what, struct err *e) {
    if (s->options.count == 0) return true;
    bind_unsupported(b, s->options.at[0].key_at, e, "\"%.*s\" is a %s: it has no options",
                     TEXT_ARG(s->name.text), what);
    return err_hint(e, "Write the hint behind the stream that it reads.");
}

static struct rel *expand_cte(struct binder *b, const struct cte_scope *scope,
                              const struct ast_cte *cte, const struct ast_source *s,
                              struct err *e) {
    if (is_open(b, cte)) {
        bind_unsupported(b, s->at, e,
                         "\"%.*s\" refers to itself: recursive queries are not supported",
                         TEXT_ARG(cte->name.text));
        return NULL;
    }
    if (!no_hint(b, s, "query", e)) return NULL;
    struct expansion open = {.what = cte, .outer = b->expansion};
    const struct cte_scope *ctes = b->ctes;
    b->expansion = &open;
    b->ctes = scope;
    struct rel *r = bind_query(b, cte->select, false, e);
    b->expansion = open.outer;
    b->ctes = ctes;
    if (r && !rename_columns(b, r, cte->columns.at, cte->columns.count, e)) return NULL;
    return r;
}

static struct rel *expand_view(struct binder *b, struct object *o, const struct ast_source *s,
                               struct err *e) {
    if (is_open(b, o)) {
        bind_error(b, s->at, e, "42P01: view \"%.*s\" refers to itself", TEXT_ARG(o->name));
        return NULL;
    }
    struct binder outer = *b;
    struct expansion open = {.what = o, .outer = b->expansion};
    b->expansion = &open;
    b->ctes = NULL;
    b->source = o->select->source;
    b->placed = false;
    struct rel *r = bind_query(b, o->select, false, e);
    b->expansion = outer.expansion;
    b->ctes = outer.ctes;
    b->source = outer.source;
    b->placed = outer.placed;
    if (!r) {
        bind_place(b, s->at, e);
        return NULL;
    }
    for (uint32_t i = 0; i < o->view_cols && i < r->cols; i++) r->col[i].name = o->view_col[i];
    return r;
}

static struct rel *no_relation(struct binder *b, const struct ast_source *s, struct err *e) {
    struct text name = s->name.text;
    bind_error(b, s->at, e, "42P01: there is no stream, table or view \"%.*s\"", TEXT_ARG(name));
    catalog_hint(b->env->catalog, name, OBJECT_COUNT, e);
    return NULL;
}

/* A view's rows are made by the queries that use it, so what fails or is late is theirs and its
 * streams'. */
static struct rel *side_of_view(struct binder *b, struct object *view, const struct ast_source *s,
                                struct err *e) {
    uint32_t had = b->inputs;
    struct text side = s->name.text;
    side.at += view->name.bytes;
    side.bytes -= view->name.bytes;
    if (!expand_view(b, view, s, e)) return NULL;
    struct buf reads;
    buf_init(&reads);
    for (uint32_t i = had; i < b->inputs; i++) {
        bool again = false;
        for (uint32_t k = had; k < i; k++) again |= b->input[k].def == b->input[i].def;
        if (again) continue;
        if (reads.bytes > 0) buf_add_str(&reads, ", ");
        buf_add_text(&reads, b->input[i].def->name);
        buf_add_text(&reads, side);
    }
    bind_error(b, s->at, e, "42P01: view \"%.*s\" has no %.*s: the queries that use it run it",
               TEXT_ARG(view->name), TEXT_ARG(side));
    if (reads.bytes > 0)
        err_hint(e, "Read that of a query by its name, or of what the view reads: %.*s.",
                 TEXT_ARG(buf_text(&reads)));
    buf_done(&reads);
    return NULL;
}

/* x$errors, x$late: what they hold now, or with EMIT CHANGES what follows too. They are used as x
 * is. */
static struct rel *side_stream(struct binder *b, const struct ast_source *s, struct err *e) {
    if (!b->env->side_stream) return no_relation(b, s, e);
    struct text name = s->name.text;
    const char *mark = memrchr(name.at, '$', name.bytes);
    struct object *of =
        catalog_find(b->env->catalog, (struct text){name.at, (uint32_t)(mark - name.at)});
    if (of && of->kind == OBJECT_VIEW) return side_of_view(b, of, s, e);
    const struct stream_def *def = b->env->side_stream(b->env->context, name, e);
    if (!def) {
        bind_place(b, s->at, e);
        return NULL;
    }
    if (of && !bind_use(b, of, e)) return NULL;
    if (s->options.count > 0 && b->emit != AST_EMIT_CHANGES) {
        bind_unsupported(b, s->options.at[0].key_at, e,
                         "%.*s is read as it is now: a hint sets nothing there", TEXT_ARG(name));
        err_hint(e, "With EMIT CHANGES it is followed.");
        return NULL;
    }
    struct plan_input input = {.hint = hint_options(b, &s->options),
                               .snapshot = b->emit != AST_EMIT_CHANGES};
    return bind_scan(b, def, input, s->at, e);
}

bool bind_is_kept(const struct stream_def *def) {
    for (uint32_t i = 0; i < def->options.count; i++) {
        struct text key = def->options.option[i].key;
        if (text_equal(key, TEXT_LITERAL("connector"))) return false;
        if (text_equal(key, TEXT_LITERAL("connector.type"))) return false;
    }
    return true;
}

static struct rel *snapshot(struct binder *b, const struct object *o, const struct ast_source *s,
                            struct err *e) {
    if (!o->def || !bind_is_kept(o->def)) {
        bind_unsupported(b, s->at, e,
                         "TABLE(%.*s) reads what a kept stream holds; this %s is not kept",
                         TEXT_ARG(o->name), object_kind_word(o->kind));
        err_hint(e, "Read it with FROM %.*s, or CREATE STREAM without a connector keeps rows.",
                 TEXT_ARG(o->name));
        return NULL;
    }
    if (s->options.count > 0) {
        bind_unsupported(b, s->options.at[0].key_at, e,
                         "TABLE(%.*s) reads what the stream holds: a hint sets nothing there",
                         TEXT_ARG(o->name));
        err_hint(e, "A hint goes behind a stream that is followed: FROM %.*s /*+ OPTIONS(…) */.",
                 TEXT_ARG(o->name));
        return NULL;
    }
    struct plan_input input = {.snapshot = true};
    return bind_scan(b, o->def, input, s->at, e);
}

static struct rel *catalog_relation(struct binder *b, struct object *o, const struct ast_source *s,
                                    struct err *e) {
    if (!bind_use(b, o, e)) return NULL;
    if (s->kind == AST_SOURCE_SNAPSHOT) return snapshot(b, o, s, e);
    if (o->kind == OBJECT_VIEW && !no_hint(b, s, "view", e)) return NULL;
    if (o->kind == OBJECT_VIEW) return expand_view(b, o, s, e);
    if (!o->def || o->kind == OBJECT_MODEL) {
        bind_error(b, s->at, e, "42P01: \"%.*s\" is a %s: it has no rows", TEXT_ARG(o->name),
                   object_kind_word(o->kind));
        return NULL;
    }
    struct plan_input input = {.hint = hint_options(b, &s->options)};
    if (s->options.count > 0 && !input.hint.option) return no_memory(e);
    if (o->def->stored) {
        input.snapshot = !b->follows;
        b->reads_table = true;
        if (s->options.count > 0) b->hint_at = s->options.at[0].key_at;
    }
    return bind_scan(b, o->def, input, s->at, e);
}

/* The CTE called so, and the scope that it is of (scope_out may be NULL); NULL: none. */
static const struct ast_cte *find_cte(const struct binder *b, struct text name,
                                      const struct cte_scope **scope_out) {
    for (const struct cte_scope *c = b->ctes; c; c = c->outer) {
        for (uint32_t i = 0; i < c->ctes->count; i++) {
            if (!text_equal_fold(c->ctes->at[i].name.text, name)) continue;
            if (scope_out) *scope_out = c;
            return &c->ctes->at[i];
        }
    }
    return NULL;
}

struct rel *bind_relation(struct binder *b, const struct ast_source *s, struct err *e) {
    struct text name = s->name.text;
    const struct cte_scope *scope = NULL;
    const struct ast_cte *cte = find_cte(b, name, &scope);
    if (cte) return expand_cte(b, scope, cte, s, e);
    struct object *o = catalog_find(b->env->catalog, name);
    if (o) return catalog_relation(b, o, s, e);
    return memchr(name.at, '$', name.bytes) ? side_stream(b, s, e) : no_relation(b, s, e);
}

static struct rel *table_function(struct binder *b, const struct ast_source *s, struct err *e) {
    enum window_kind kind;
    struct text name = s->call->name.text;
    if (window_kind_find(name, &kind)) return bind_window_function(b, s, e);
    if (text_equal_fold(name, TEXT_LITERAL("ml_predict"))) return bind_ml_predict(b, s, e);
    if (text_equal_fold(name, TEXT_LITERAL("ml_evaluate"))) return bind_ml_evaluate(b, s, e);
    if (text_equal_fold(name, TEXT_LITERAL("track"))) return bind_track(b, s, e);
    bind_error(b, s->at, e, "42883: there is no table function %.*s", TEXT_ARG(name));
    struct nearest near = nearest_to(name);
    for (uint32_t k = 0; k <= WINDOW_SESSION; k++)
        nearest_offer(&near, text_of(window_kind_name((enum window_kind)k)));
    nearest_offer(&near, TEXT_LITERAL("ML_PREDICT"));
    nearest_offer(&near, TEXT_LITERAL("ML_EVALUATE"));
    nearest_offer(&near, TEXT_LITERAL("TRACK"));
    if (!nearest_hint(&near, '"', e))
        err_hint(e, "There are TUMBLE, HOP, CUMULATE, SESSION, ML_PREDICT, ML_EVALUATE and TRACK.");
    return NULL;
}

static struct rel *unsupported_source(struct binder *b, const struct ast_source *s, struct err *e) {
    if (s->kind == AST_SOURCE_GROUP)
        bind_unsupported(b, s->start, e, "joins are not supported yet");
    else
        bind_unsupported(b, s->start, e, "UNNEST stands in a FROM of its own, or behind a source");
    return NULL;
}

/* The point in time, or of the log, that AS OF names. */
static bool bind_as_of(struct binder *b, const struct ast_source *s, struct plan_as_of *out,
                       struct err *e) {
    struct expr_scope scope = {.b = b, .clause = "FOR SYSTEM_TIME AS OF"};
    const struct type *type = s->as_of_lsn ? &type_bigint : &type_timestamp6;
    bool null;
    out->kind = s->as_of_lsn ? AS_OF_LSN : AS_OF_TIME;
    if (!bind_constant_i64(&scope, s->as_of, type, &out->at, &null, e)) return false;
    return !null || bind_error(b, s->as_of->start, e, "22004: FOR SYSTEM_TIME AS OF NULL");
}

/* t FOR SYSTEM_TIME AS OF ..: what it held then. */
static struct rel *bind_past(struct binder *b, const struct ast_source *s, struct err *e) {
    struct plan_input input = {.snapshot = true};
    struct object *o =
        find_cte(b, s->name.text, NULL) ? NULL : catalog_find(b->env->catalog, s->name.text);
    if (!o) { /* nothing, a CTE, or x$errors */
        if (!bind_relation(b, s, e)) return NULL;
        bind_unsupported(b, s->at, e,
                         "\"%.*s\" has no past: tables, materialized views and kept streams have",
                         TEXT_ARG(s->name.text));
        return NULL;
    }
    if (!bind_use(b, o, e) || !bind_as_of(b, s, &input.as_of, e)) return NULL;
    if (!o->def || o->kind == OBJECT_MODEL || !bind_is_kept(o->def)) {
        bind_unsupported(b, s->at, e, "\"%.*s\" is a %s that is not kept here: it has no past",
                         TEXT_ARG(o->name), object_kind_word(o->kind));
        return NULL;
    }
    if (!b->env->past) {
        bind_unsupported(b, s->as_of->start, e, "FOR SYSTEM_TIME AS OF is not supported here");
        return NULL;
    }
    if (!b->env->past(b->env->context, o, &input.as_of, e)) {
        bind_place(b, s->as_of->start, e);
        return NULL;
    }
    return bind_scan(b, o->def, input, s->at, e);
}

struct rel *bind_source(struct binder *b, const struct ast_source *s, struct err *e) {
    struct rel *r = NULL;
    if (s->match) {
        bind_unsupported(b, s->start, e, "MATCH_RECOGNIZE is not supported yet");
        return NULL;
    }
    switch (s->kind) {
    case AST_SOURCE_NAME:
    case AST_SOURCE_SNAPSHOT: r = s->as_of ? bind_past(b, s, e) : bind_relation(b, s, e); break;
    case AST_SOURCE_SELECT: r = bind_query(b, s->select, false, e); break;
    case AST_SOURCE_CALL: r = table_function(b, s, e); break;
    case AST_SOURCE_UNNEST:
    case AST_SOURCE_GROUP:
    case AST_SOURCE_COUNT: return unsupported_source(b, s, e);
    }
    if (!r || !rename_columns(b, r, s->columns.at, s->columns.count, e)) return NULL;
    bool named = s->kind == AST_SOURCE_NAME || s->kind == AST_SOURCE_SNAPSHOT;
    struct text table = s->alias.text;
    if (table.bytes == 0 && named) table = s->name.text;
    for (uint32_t i = 0; i < r->cols; i++) {
        if (table.bytes > 0 || s->kind != AST_SOURCE_CALL) r->col[i].table = table;
    }
    return r;
}
