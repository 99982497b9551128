/* bind_stream.c: CREATE STREAM and CREATE TABLE: columns, computed columns, watermark, keys.
 *
 * A computed column may use the columns that the bytes hold, not other computed ones (as in Flink);
 * the watermark may use all. Whether options make sense is judged by who opens the stream.
 */
#include <assert.h>
#include <string.h>

#include "sql/bind_group.h"

struct declaring {
    struct binder *b;
    const struct ast_create_stream *ast;
    struct stream_def *def;
    struct field *col;
    struct rel rel; /* what expressions may name */
};

/* Says in which column an error is, where the text may not be at hand. */
static bool in_column(const struct declaring *d, const struct ast_name *name, struct err *e) {
    struct err was = *e;
    if (was.code != ERR_SQL) return false;
    err_set(e, was.code, was.sqlstate, "column \"%.*s\" of \"%.*s\": %s", TEXT_ARG(name->text),
            TEXT_ARG(d->ast->create.name.text), was.message);
    memcpy(was.message, e->message, sizeof was.message);
    *e = was;
    return false;
}

static int32_t find_column(const struct declaring *d, const struct ast_name *name, struct err *e) {
    const struct schema *s = d->def->schema;
    int32_t c = schema_find(s, name->text);
    if (c >= 0) return c;
    bind_error(d->b, name->at, e, "42703: column \"%.*s\" of \"%.*s\" does not exist",
               TEXT_ARG(name->text), TEXT_ARG(d->ast->create.name.text));
    bind_hint_field(s->col, s->cols, name->text, e);
    return -1;
}

static bool declare_name(struct declaring *d, uint32_t i, struct err *e) {
    const struct ast_name *name = &d->ast->columns.at[i].name;
    for (uint32_t k = 0; k < i; k++) {
        if (text_equal_fold(name->text, d->ast->columns.at[k].name.text))
            return bind_error(d->b, name->at, e,
                              "42701: column \"%.*s\" of \"%.*s\" is declared twice",
                              TEXT_ARG(name->text), TEXT_ARG(d->ast->create.name.text));
    }
    d->col[i].name = name->text;
    return true;
}

static bool declare_physical(struct declaring *d, struct err *e) {
    uint32_t n = d->ast->columns.count, physical = 0;
    struct arena *a = d->b->arena;
    uint32_t *place = ARENA_ARRAY(a, place, n);
    struct field *f = ARENA_ARRAY(a, f, n);
    struct schema *s = ARENA_NEW(a, s);
    if (!place || !f || !s) return err_memory(e);
    for (uint32_t i = 0; i < n; i++) {
        const struct ast_column *c = &d->ast->columns.at[i];
        if (!declare_name(d, i, e)) return false;
        if (!c->type) continue;
        if (!bind_type(d->b, c->type, &d->col[i].type, e)) return in_column(d, &c->name, e);
        d->col[i].not_null = c->not_null || c->primary_key || c->type->not_null;
        place[physical] = i;
        f[physical++] = d->col[i];
    }
    if (physical == 0)
        return bind_error(d->b, d->ast->create.name.at, e,
                          "42601: \"%.*s\" has no column that is not computed",
                          TEXT_ARG(d->ast->create.name.text));
    *s = (struct schema){.cols = physical, .col = f};
    d->def->physical = s;
    d->def->physical_col = place;
    return true;
}

static bool make_scope(struct declaring *d, struct err *e) {
    uint32_t n = d->ast->columns.count;
    struct rel_col *col = ARENA_ARRAY(d->b->arena, col, n);
    struct schema *s = ARENA_NEW(d->b->arena, s);
    struct plan *p = ARENA_NEW(d->b->arena, p);
    if (!col || !s || !p) return err_memory(e);
    for (uint32_t i = 0; i < n; i++) {
        col[i] = (struct rel_col){
            .table = d->ast->create.name.text, .name = d->col[i].name, .type = d->col[i].type};
    }
    *s = (struct schema){.cols = n, .col = d->col};
    p->schema = s;
    d->rel = (struct rel){.plan = p, .cols = n, .col = col};
    d->def->schema = s;
    return true;
}

/* A name of a column that is itself computed has no type yet. */
static bool uses_only_physical(struct declaring *d, const struct expr *x, uint32_t at,
                               struct err *e) {
    bool *used = ARENA_ARRAY(d->b->arena, used, d->rel.cols);
    if (!used) return err_memory(e);
    expr_columns(x, used);
    for (uint32_t i = 0; i < d->rel.cols; i++) {
        if (!used[i] || d->ast->columns.at[i].type) continue;
        bind_error(d->b, at, e, "42703: \"%.*s\" is computed itself", TEXT_ARG(d->col[i].name));
        return err_hint(e, "A computed column uses columns that are not computed.");
    }
    return true;
}

static bool declare_computed(struct declaring *d, struct err *e) {
    uint32_t n = d->ast->columns.count;
    const struct expr **computed = ARENA_ARRAY(d->b->arena, computed, n);
    if (!computed) return err_memory(e);
    struct expr_scope s = {.b = d->b, .rel = &d->rel, .clause = "a computed column"};
    for (uint32_t i = 0; i < n; i++) {
        if (!d->ast->columns.at[i].type) d->rel.col[i].type = &type_null;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct ast_column *c = &d->ast->columns.at[i];
        if (c->type) continue;
        computed[i] = bind_expr(&s, c->computed, e);
        if (!computed[i] || !uses_only_physical(d, computed[i], c->computed->start, e))
            return in_column(d, &c->name, e);
        d->col[i].type = computed[i]->type;
    }
    for (uint32_t i = 0; i < n; i++) {
        d->rel.col[i].type = d->col[i].type;
        if (computed[i]) d->rel.col[i].time = bind_time_role(NULL, computed[i]);
    }
    d->def->computed = computed;
    return true;
}

static bool declare_watermark(struct declaring *d, struct err *e) {
    const struct ast_create_stream *t = d->ast;
    d->def->time_col = -1;
    if (!t->watermark_expr) return true;
    const struct ast_name *name = &t->watermark.at[0];
    if (t->watermark.count > 1) {
        bind_unsupported(d->b, name->at, e, "WATERMARK FOR a field of a ROW is not supported");
        return err_hint(e, "Declare a computed column, ts AS %.*s.%.*s, and use that.",
                        TEXT_ARG(name->text), TEXT_ARG(t->watermark.at[1].text));
    }
    int32_t c = find_column(d, name, e);
    if (c < 0) return false;
    if (d->col[c].type->id != TYPE_TIMESTAMP) {
        bind_error(d->b, name->at, e,
                   "42804: WATERMARK FOR wants a TIMESTAMP; column \"%.*s\" of \"%.*s\" is %s",
                   TEXT_ARG(name->text), TEXT_ARG(t->create.name.text),
                   type_words(d->col[c].type).at);
        return err_hint(e, "A computed column can make one.");
    }
    if (d->rel.col[c].time == TIME_ROLE_CLOCK)
        return bind_error(d->b, name->at, e,
                          "42804: PROCTIME() is the clock's time: it has no watermark");
    struct expr_scope s = {.b = d->b, .rel = &d->rel, .clause = "WATERMARK"};
    const struct expr *x = bind_expr(&s, t->watermark_expr, e);
    if (!x) return false;
    if (x->type->id != TYPE_TIMESTAMP)
        return bind_error(d->b, t->watermark_expr->start, e,
                          "42804: a watermark is a TIMESTAMP, not %s", type_words(x->type).at);
    d->def->watermark = x;
    d->def->time_col = c;
    return true;
}

static bool find_columns(struct declaring *d, const struct ast_names *names, uint32_t *count,
                         const uint32_t **out, struct err *e) {
    uint32_t *col = ARENA_ARRAY(d->b->arena, col, names->count);
    if (!col) return err_memory(e);
    for (uint32_t i = 0; i < names->count; i++) {
        int32_t c = find_column(d, &names->at[i], e);
        if (c < 0) return false;
        col[i] = (uint32_t)c;
    }
    *out = col;
    *count = names->count;
    return true;
}

/* Only the rows of a stored table are ours to check: elsewhere a key is the user's promise. */
static bool check_enforced(struct declaring *d, uint32_t at, enum ast_enforced enforced,
                           struct err *e) {
    if (d->def->stored && enforced == AST_NOT_ENFORCED) {
        bind_unsupported(d->b, at, e, "the PRIMARY KEY of the stored table \"%.*s\" is enforced",
                         TEXT_ARG(d->ast->create.name.text));
        return err_hint(e, "Leave NOT ENFORCED out.");
    }
    if (d->def->stored || enforced == AST_NOT_ENFORCED) return true;
    bind_unsupported(d->b, at, e, "the PRIMARY KEY of \"%.*s\" cannot be enforced",
                     TEXT_ARG(d->ast->create.name.text));
    return err_hint(e, "Write PRIMARY KEY ... NOT ENFORCED: a promise, which nothing checks.");
}

static bool declare_keys(struct declaring *d, struct err *e) {
    const struct ast_create_stream *t = d->ast;
    struct stream_def *def = d->def;
    if (!find_columns(d, &t->primary_key, &def->keys, &def->key_col, e)) return false;
    if (def->keys > 0 && !check_enforced(d, t->primary_key.at[0].at, t->enforced, e)) return false;
    if (!find_columns(d, &t->partitioned_by, &def->partitions, &def->partition_col, e))
        return false;
    for (uint32_t i = 0; i < t->columns.count; i++) {
        const struct ast_column *c = &t->columns.at[i];
        if (!c->primary_key) continue;
        if (def->keys > 0)
            return bind_error(d->b, c->name.at, e, "42601: there are two primary keys");
        if (!check_enforced(d, c->name.at, c->enforced, e)) return false;
        uint32_t *col = ARENA_NEW(d->b->arena, col);
        if (!col) return err_memory(e);
        *col = i;
        def->keys = 1;
        def->key_col = col;
    }
    for (uint32_t i = 0; i < def->keys; i++) {
        uint32_t c = def->key_col[i];
        const struct field *f = &d->col[c];
        if (!def->stored && !t->columns.at[c].type)
            return bind_unsupported(d->b, t->columns.at[c].name.at, e,
                                    "column \"%.*s\" is computed: it cannot be in a PRIMARY KEY",
                                    TEXT_ARG(f->name));
        if (def->stored && !type_is_ordered(f->type))
            return bind_error(d->b, t->create.name.at, e,
                              "42804: column \"%.*s\" of \"%.*s\" is %s, which is no key",
                              TEXT_ARG(f->name), TEXT_ARG(def->name), type_words(f->type).at);
        d->col[c].not_null = true;
    }
    struct field *physical = (struct field *)(uintptr_t)def->physical->col;
    for (uint32_t i = 0; i < def->physical->cols; i++) physical[i] = d->col[def->physical_col[i]];
    return true;
}

static bool declare_options(struct declaring *d, struct err *e) {
    const struct ast_options *o = &d->ast->options;
    struct option *option = ARENA_ARRAY(d->b->arena, option, o->count);
    if (!option) return err_memory(e);
    for (uint32_t i = 0; i < o->count; i++) {
        option[i] = (struct option){o->at[i].key, o->at[i].value, o->at[i].key_at};
        for (uint32_t k = 0; k < i; k++) {
            if (text_equal(option[i].key, option[k].key))
                return bind_error(d->b, option[i].at, e, "42601: option '%.*s' is given twice",
                                  TEXT_ARG(option[i].key));
        }
    }
    d->def->options = (struct options){.option = option, .count = o->count};
    return true;
}

/* CREATE TABLE x LIKE y WITH (..): all that y declares, with options of its own on top. */
static bool declare_like(struct declaring *d, struct err *e) {
    const struct ast_name *like = &d->ast->like;
    const struct object *o = catalog_find(d->b->env->catalog, like->text);
    if (!o || !o->def)
        return bind_error(d->b, like->at, e, "42P01: there is no stream or table \"%.*s\"",
                          TEXT_ARG(like->text));
    if (d->ast->columns.count > 0)
        return bind_unsupported(d->b, like->at, e, "LIKE together with columns");
    struct options own = d->def->options;
    *d->def = *o->def;
    d->def->name = d->ast->create.name.text;
    struct option *option = ARENA_ARRAY(d->b->arena, option, own.count + o->def->options.count);
    if (!option) return err_memory(e);
    uint32_t n = 0;
    while (n < own.count) {
        option[n] = own.option[n];
        n++;
    }
    for (uint32_t i = 0; i < o->def->options.count; i++) {
        const struct option *theirs = &o->def->options.option[i];
        bool given = false;
        for (uint32_t k = 0; k < own.count; k++)
            given |= text_equal(own.option[k].key, theirs->key);
        if (!given) option[n++] = *theirs;
    }
    d->def->options = (struct options){.option = option, .count = n};
    return true;
}

/* A TABLE without a connector is stored here; time is for streams. */
static bool declare_stored(struct declaring *d, struct err *e) {
    const struct ast_create_stream *t = d->ast;
    bool stored = t->object == AST_OBJECT_TABLE && bind_is_kept(d->def);
    d->def->stored = stored ? STORED_TABLE : STORED_NOT;
    if (!stored || (!t->watermark_expr && !d->def->watermark)) return true;
    uint32_t at = t->watermark_expr ? t->watermark.at[0].at : t->like.at;
    bind_unsupported(d->b, at, e, "a stored table has no WATERMARK: its rows change");
    return err_hint(e, "CREATE STREAM keeps rows in the order of time.");
}

bool bind_stream(const struct sql_env *env, const struct ast_create_stream *s, struct arena *a,
                 struct stream_def **out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    struct declaring d = {.b = &b, .ast = s, .def = ARENA_NEW(a, d.def)};
    uint32_t n = s->columns.count;
    d.col = ARENA_ARRAY(a, d.col, n);
    if (!d.def || !d.col) return err_memory(e);
    d.def->name = s->create.name.text;
    if (!declare_options(&d, e)) return false;
    if (s->like.text.bytes > 0) {
        if (!declare_like(&d, e) || !declare_stored(&d, e)) return false;
        *out = d.def;
        return true;
    }
    if (n > TYPE_FIELDS_MAX)
        return bind_error(&b, s->create.name.at, e, "54000: a stream has at most %d columns",
                          TYPE_FIELDS_MAX);
    bool good = declare_stored(&d, e) && declare_physical(&d, e) && make_scope(&d, e) &&
                declare_computed(&d, e) && declare_watermark(&d, e) && declare_keys(&d, e);
    if (good) *out = d.def;
    return good;
}
