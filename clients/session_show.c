/* session_show.c: SHOW and DESCRIBE: what there is, as results. */
#include <assert.h>

#include "clients/listing.h"
#include "clients/session_model.h"
#include "clients/session_private.h"
#include "engine/base/option.h"
#include "sql/unparse.h"

static void add_str(struct column_builder *b, const char *s) {
    builder_text_copy(b, text_of(s));
}

/* SHOW … LIKE 'pattern' as SQL's LIKE: % and _, letters folded. */
bool session_like(struct text pattern, struct text name) {
    if (!pattern.at) return true;
    uint32_t p = 0, n = 0, star = UINT32_MAX, star_n = 0;
    while (n < name.bytes) {
        struct text a = {.at = pattern.at + p, .bytes = p < pattern.bytes};
        struct text b = {.at = name.at + n, .bytes = 1};
        if (a.bytes && a.at[0] == '%') {
            star = p++;
            star_n = n;
        } else if (a.bytes && (a.at[0] == '_' || text_equal_fold(a, b))) {
            p++;
            n++;
        } else if (star != UINT32_MAX) {
            p = star + 1;
            n = ++star_n;
        } else {
            return false;
        }
    }
    while (p < pattern.bytes && pattern.at[p] == '%') p++;
    return p == pattern.bytes;
}

static bool show_streams(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text},
                                                 {"connector", &type_text},
                                                 {"rows", &type_bigint},
                                                 {"bad", &type_bigint},
                                                 {"watermark", &type_timestamp3}};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct stream *stream = session_stream(o);
        bool listed = o->kind == OBJECT_STREAM || o->kind == OBJECT_TABLE;
        if (!stream || !listed || !session_like(show->like, o->name)) continue;
        struct stream_stats stats;
        stream_stats(stream, &stats);
        builder_text_copy(&l.col[0], o->name);
        add_str(&l.col[1], session_place(s, o->def));
        builder_i64(&l.col[2], (int64_t)stats.rows);
        builder_i64(&l.col[3], (int64_t)stats.bad);
        bool time = stats.watermark_us != TIME_MIN_US && stats.watermark_us != TIME_END_US;
        if (time)
            builder_i64(&l.col[4], stats.watermark_us);
        else
            builder_null(&l.col[4]);
    }
    return listing_end_sorted(&l, s, e);
}

static bool show_views(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text}, {"definition", &type_text}};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        bool view = o->kind == OBJECT_VIEW || o->kind == OBJECT_MATERIALIZED_VIEW;
        if (!view || !session_like(show->like, o->name)) continue;
        builder_text_copy(&l.col[0], o->name);
        builder_text_copy(&l.col[1], o->ddl);
    }
    return listing_end_sorted(&l, s, e);
}

static bool show_queries(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {
        {"name", &type_text},      {"target", &type_text},       {"state", &type_text},
        {"rows_in", &type_bigint}, {"rows_out", &type_bigint},   {"late", &type_bigint},
        {"bad", &type_bigint},     {"state_bytes", &type_bigint}};
    static const char *const states[] = {"waiting", "running", "ended", "failed"};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        const struct running *r = session_running(o);
        if (!r || !r->job || !session_like(show->like, o->name)) continue;
        struct query_stats stats;
        job_stats(r->job, &stats);
        builder_text_copy(&l.col[0], o->name);
        builder_text_copy(&l.col[1], r->bound.target->name);
        add_str(&l.col[2], states[job_state(r->job)]);
        builder_i64(&l.col[3], (int64_t)stats.rows_in);
        builder_i64(&l.col[4], (int64_t)stats.rows_out);
        builder_i64(&l.col[5], (int64_t)stats.late);
        builder_i64(&l.col[6], (int64_t)stats.bad);
        builder_i64(&l.col[7], (int64_t)stats.state_bytes);
    }
    return listing_end_sorted(&l, s, e);
}

static void add_function(struct listing *l, const char *sig, const char *doc, const char *kind) {
    const char *paren = strchr(sig, '(');
    struct text name = {.at = sig, .bytes = paren ? (uint32_t)(paren - sig) : 0};
    builder_text_copy(&l->col[0], name);
    add_str(&l->col[1], sig);
    add_str(&l->col[2], kind);
    add_str(&l->col[3], doc);
}

/* "celsius(f DOUBLE) DOUBLE": one that CREATE FUNCTION made. */
static void add_made_function(struct listing *l, const struct object *o) {
    const struct ast_create_function *f = o->function;
    struct buf sig;
    buf_init(&sig);
    buf_addf(&sig, "%.*s(", TEXT_ARG(o->name));
    for (uint32_t i = 0; i < f->args.count; i++) {
        const struct ast_column *arg = &f->args.at[i];
        buf_addf(&sig, "%s%.*s%s", i > 0 ? ", " : "", TEXT_ARG(arg->name.text),
                 arg->name.text.bytes > 0 ? " " : "");
        unparse_type(arg->type, &sig);
    }
    buf_add_char(&sig, ')');
    if (f->returns) {
        buf_add_char(&sig, ' ');
        unparse_type(f->returns, &sig);
    }
    builder_text_copy(&l->col[0], o->name);
    builder_text_copy(&l->col[1], buf_text(&sig));
    add_str(&l->col[2], "scalar");
    builder_text_copy(&l->col[3], o->ddl);
    if (sig.failed) l->col[1].failed = true;
    buf_done(&sig);
}

static bool show_functions(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text},
                                                 {"signature", &type_text},
                                                 {"kind", &type_text},
                                                 {"description", &type_text}};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (uint32_t t = 0; t < s->options.fns; t++) {
        for (uint32_t i = 0; i < s->options.fn[t].count; i++) {
            const struct fn *fn = &s->options.fn[t].fn[i];
            if (fn->flags & FN_HIDDEN || !session_like(show->like, text_of(fn->name))) continue;
            add_function(&l, fn->sig, fn->doc, "scalar");
        }
    }
    for (uint32_t t = 0; t < s->options.aggs; t++) {
        for (uint32_t i = 0; i < s->options.agg[t].count; i++) {
            const struct aggregate *agg = &s->options.agg[t].agg[i];
            if (!session_like(show->like, text_of(agg->name))) continue;
            add_function(&l, agg->sig, agg->doc, "aggregate");
        }
    }
    struct model_form_text form;
    for (uint32_t i = 0; bind_model_form(i, &form); i++) {
        if (session_like(show->like, text_of(form.name))) {
            add_function(&l, form.sig, form.doc, "model");
        }
    }
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        bool made = o->kind == OBJECT_FUNCTION && o->function;
        if (made && session_like(show->like, o->name)) add_made_function(&l, o);
    }
    return listing_end_sorted(&l, s, e);
}

static bool show_connectors(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text},
                                                 {"reads", &type_boolean},
                                                 {"writes", &type_boolean},
                                                 {"description", &type_text}};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (const struct connector *const *c = connectors; *c; c++) {
        if (!session_like(show->like, text_of((*c)->name))) continue;
        add_str(&l.col[0], (*c)->name);
        builder_b8(&l.col[1], (*c)->source_check != NULL);
        builder_b8(&l.col[2], (*c)->sink_check != NULL);
        add_str(&l.col[3], (*c)->doc);
    }
    return listing_end_sorted(&l, s, e);
}

static void add_setting(struct listing *l, const struct session *s, const struct setting *row) {
    struct buf value;
    buf_init(&value);
    setting_print(&value, &s->settings, row);
    add_str(&l->col[0], row->name);
    builder_text_copy(&l->col[1], buf_text(&value));
    add_str(&l->col[2], row->doc);
    if (value.failed) l->col[1].failed = true;
    buf_done(&value);
}

/* SHOW ALL, or one setting. */
static bool show_settings(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {
        {"name", &type_text}, {"value", &type_text}, {"description", &type_text}};
    const struct setting *only = NULL;
    if (show->kind == AST_SHOW_SETTING) {
        only = setting_find(show->name.text, e);
        if (!only) return false;
    }
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (uint32_t i = 0; i < setting_count; i++) {
        if (!only || only == &setting_table[i]) add_setting(&l, s, &setting_table[i]);
    }
    return listing_end_sorted(&l, s, e);
}

/* The object of that name; where a kind was written, of that kind. */
static struct object *find_object(struct session *s, enum ast_object kind, struct text name,
                                  struct err *e) {
    struct object *o = kind == AST_OBJECT_FUNCTION ? catalog_find_function(s->catalog, name)
                                                   : catalog_find(s->catalog, name);
    const char *word = session_kind_word(kind);
    if (o && session_kinds_agree(kind, o->kind)) return o;
    if (o) {
        err_set(e, ERR_SQL, "42809", "\"%.*s\" is a %s, not a %s", TEXT_ARG(o->name),
                object_kind_word(o->kind), word);
        return NULL;
    }
    err_set(e, ERR_SQL, kind == AST_OBJECT_FUNCTION ? "42883" : "42P01",
            "%s \"%.*s\" does not exist", word, TEXT_ARG(name));
    catalog_hint(s->catalog, name, OBJECT_COUNT, e);
    return NULL;
}

static bool show_create(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text}, {"statement", &type_text}};
    struct object *o = find_object(s, show->object, show->name.text, e);
    struct listing l;
    if (!o || !listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    builder_text_copy(&l.col[0], o->name);
    builder_text_copy(&l.col[1], o->ddl);
    return listing_end(&l, s, e);
}

/* SHOW of a kind of which there are none yet. */
static bool show_nothing(struct session *s, const struct ast_show *show, struct err *e) {
    (void)show;
    static const struct listing_column cols[] = {{"name", &type_text}};
    struct listing l;
    return listing_begin(&l, cols, COUNT_OF(cols), e) && listing_end(&l, s, e);
}

typedef bool show_function(struct session *s, const struct ast_show *show, struct err *e);

static void add_described(struct listing *l, const char *sig, const char *kind, const char *doc) {
    add_str(&l->col[0], sig);
    add_str(&l->col[1], kind);
    add_str(&l->col[2], doc);
}

bool session_show(struct session *s, const struct ast_statement *st, struct err *e) {
    static show_function *const functions[] = {
        [AST_SHOW_STREAMS] = show_streams,       [AST_SHOW_TABLES] = show_streams,
        [AST_SHOW_VIEWS] = show_views,           [AST_SHOW_QUERIES] = show_queries,
        [AST_SHOW_FUNCTIONS] = show_functions,   [AST_SHOW_MODELS] = session_show_models,
        [AST_SHOW_CONNECTORS] = show_connectors, [AST_SHOW_USERS] = show_nothing,
        [AST_SHOW_ALL] = show_settings,          [AST_SHOW_SETTING] = show_settings,
        [AST_SHOW_CREATE] = show_create,
    };
    const struct ast_show *show = &st->as.show;
    assert(show->kind < COUNT_OF(functions) && functions[show->kind]);
    if (functions[show->kind](s, show, e)) return true;
    if (e->line == 0 && show->name.text.at) source_place(st->source, show->name.at, e);
    return false;
}

/* "WATERMARK", "AS …" and the like: what makes a column more than a value. */
static const char *column_role(const struct stream_def *def, uint32_t col) {
    for (uint32_t i = 0; i < def->keys; i++) {
        if (def->key_col[i] == col)
            return def->stored ? "primary key" : "primary key, not enforced";
    }
    if ((int32_t)col == def->time_col) return "event time";
    return def->computed && def->computed[col] ? "computed" : "";
}

static void describe_column(struct listing *l, const struct field *f, const char *role) {
    struct buf type;
    buf_init(&type);
    type_print(&type, f->type);
    builder_text_copy(&l->col[0], f->name);
    builder_text_copy(&l->col[1], buf_text(&type));
    builder_b8(&l->col[2], !f->not_null);
    add_str(&l->col[3], role);
    if (type.failed) l->col[1].failed = true;
    buf_done(&type);
}

/* All that a function of the language takes; *found false: there is none of that name. */
static bool describe_function(struct session *s, struct text name, bool *found, struct err *e) {
    static const struct listing_column cols[] = {
        {"signature", &type_text}, {"kind", &type_text}, {"description", &type_text}};
    struct listing l;
    *found = false;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (uint32_t t = 0; t < s->options.fns; t++) {
        for (uint32_t i = 0; i < s->options.fn[t].count; i++) {
            const struct fn *fn = &s->options.fn[t].fn[i];
            if (fn->flags & FN_HIDDEN || !text_equal_fold(name, text_of(fn->name))) continue;
            add_described(&l, fn->sig, "scalar", fn->doc);
            *found = true;
        }
    }
    for (uint32_t t = 0; t < s->options.aggs; t++) {
        for (uint32_t i = 0; i < s->options.agg[t].count; i++) {
            const struct aggregate *agg = &s->options.agg[t].agg[i];
            if (!text_equal_fold(name, text_of(agg->name))) continue;
            add_described(&l, agg->sig, "aggregate", agg->doc);
            *found = true;
        }
    }
    struct model_form_text form;
    for (uint32_t i = 0; bind_model_form(i, &form); i++) {
        if (!text_equal_fold(name, text_of(form.name))) continue;
        add_described(&l, form.sig, "model", form.doc);
        *found = true;
    }
    if (*found) return listing_end(&l, s, e);
    listing_drop(&l);
    return true;
}

static bool describe_schema(struct session *s, const struct schema *schema,
                            const struct stream_def *def, struct err *e) {
    static const struct listing_column cols[] = {{"column", &type_text},
                                                 {"type", &type_text},
                                                 {"null", &type_boolean},
                                                 {"role", &type_text}};
    struct listing l;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    for (uint32_t i = 0; i < schema->cols; i++)
        describe_column(&l, &schema->col[i], def ? column_role(def, i) : "");
    return listing_end(&l, s, e);
}

/* A stream without a connector holds its newest rows only. */
static void notice_kept(struct session *s, const struct object *o) {
    struct err unused;
    if (!o->def || connector_of(o->def, &unused)) return;
    if (o->def->stored) {
        if (s->durable) return;
        session_notice(s, "%s %.*s is held in memory: it is gone when weir ends",
                       object_kind_word(o->kind), TEXT_ARG(o->name));
        return;
    }
    struct text kept = option_text(&o->def->options, "retention");
    if (!kept.at) kept = TEXT_LITERAL("64 MiB");
    session_notice(s, "stream %.*s is kept in memory: its newest %.*s ('retention')",
                   TEXT_ARG(o->name), TEXT_ARG(kept));
}

/* x$errors, x$late. */
static bool describe_side(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_name *name = &st->as.describe.name;
    struct sql_env env = session_env(s, st);
    const struct stream_def *def = env.side_stream(env.context, name->text, e);
    if (!def) return source_place(st->source, name->at, e);
    return describe_schema(s, def->schema, def, e);
}

bool session_describe(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_describe *d = &st->as.describe;
    struct object *o = find_object(s, d->object, d->name.text, e);
    bool side = memchr(d->name.text.at, '$', d->name.text.bytes) != NULL;
    if (!o && d->object == AST_OBJECT_ANY && side) return describe_side(s, st, e);
    if (!o && (d->object == AST_OBJECT_ANY || d->object == AST_OBJECT_FUNCTION)) {
        struct err none = *e;
        bool found;
        if (!describe_function(s, d->name.text, &found, e)) return false;
        if (found) return true;
        *e = none;
    }
    if (!o) return source_place(st->source, d->name.at, e);
    if (o->kind == OBJECT_MODEL) return session_describe_model(s, o, e);
    if (!o->schema) {
        source_error(st->source, d->name.at, e, "42809", "\"%.*s\" is a %s: it has no columns",
                     TEXT_ARG(o->name), object_kind_word(o->kind));
        return err_hint(e, "SHOW CREATE %.*s shows what it is.", TEXT_ARG(o->name));
    }
    notice_kept(s, o);
    return describe_schema(s, o->schema, o->def, e);
}
