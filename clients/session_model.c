/* session_model.c: see session_model.h.
 *
 * A model is made by its provider, whose option rows say what WITH may hold. CREATE OR REPLACE
 * exchanges the model inside the object, so that what uses it goes on: the new one must then take
 * and give the same types, and nobody may be training the old one.
 */
#include "clients/session_model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/durable.h"
#include "clients/listing.h"
#include "engine/base/nearest.h"
#include "engine/base/option.h"
#include "engine/edge/path.h"
#include "sql/bind_train.h"

static const struct option_row provider_row[] = {
    {"provider", "a name that the hint lists", "Who makes and runs the model."},
    {NULL, NULL, NULL},
};

static bool list_providers(const struct session *s, struct err *e) {
    char names[120] = "";
    size_t used = 0;
    for (const struct model_type *const *m = s->options.models; m && *m; m++) {
        int n = snprintf(names + used, sizeof names - used, "%s'%s'", used > 0 ? ", " : "",
                         (*m)->provider);
        if (n < 0 || used + (size_t)n >= sizeof names) break;
        used += (size_t)n;
    }
    return err_hint(e, used > 0 ? "There is %s." : "This program was built without any%s.", names);
}

static const struct model_type *find_provider(const struct session *s, const struct options *o,
                                              uint32_t at, struct err *e) {
    const struct option *given = option_find(o, "provider");
    if (!given) {
        err_set(e, ERR_SQL, "22023", "CREATE MODEL needs the option 'provider'");
        e->offset = at;
        list_providers(s, e);
        return NULL;
    }
    struct nearest near = nearest_to(given->value);
    for (const struct model_type *const *m = s->options.models; m && *m; m++) {
        struct text name = text_of((*m)->provider);
        if (text_equal_fold(name, given->value)) return *m;
        nearest_offer(&near, name);
    }
    err_set(e, ERR_SQL, "42704", "there is no provider '%.*s' of models", TEXT_ARG(given->value));
    e->offset = given->at;
    if (!nearest_hint(&near, '\'', e)) list_providers(s, e);
    return NULL;
}

static bool unknown_option(const struct model_type *type, const struct option *o, struct err *e) {
    struct nearest near = nearest_to(o->key);
    for (const struct option_row *row = type->option; row && row->key; row++)
        nearest_offer(&near, text_of(row->key));
    err_set(e, ERR_SQL, "22023", "provider '%s' has no option '%.*s'", type->provider,
            TEXT_ARG(o->key));
    e->offset = o->at;
    nearest_hint(&near, '\'', e);
    return false;
}

static bool check_options(const struct model_type *type, const struct options *o, struct err *e) {
    for (uint32_t i = 0; i < o->count; i++) {
        const struct option *given = &o->option[i];
        if (option_row(provider_row, given->key, NULL)) continue;
        const struct option_row *row = option_row(type->option, given->key, NULL);
        if (!row) return unknown_option(type, given, e);
        if (!option_check(row, given, e)) return false;
    }
    return true;
}

/* An error about an option points at it, any other at the model's name. */
static bool place_error(const struct ast_statement *st, struct err *e) {
    if (e->line > 0 || (e->code != ERR_SQL && (e->code != ERR_IO || e->offset == 0))) return false;
    uint32_t at = e->offset > 0 ? (uint32_t)e->offset : st->as.create_model.create.name.at;
    return source_place(st->source, at, e);
}

static struct model *make_model(struct session *s, const struct ast_statement *st,
                                const struct model_definition *d, struct err *e) {
    const struct model_env env = {.fs = s->options.fs,
                                  .image_pixels_max = (uint64_t)s->settings.max_image_pixels};
    const struct model_type *type =
        find_provider(s, &d->options, st->as.create_model.create.name.at, e);
    struct model *m = NULL;
    if (type && check_options(type, &d->options, e)) {
        err_clear(e);
        m = type->create(d, &env, e);
    }
    if (!m) place_error(st, e);
    return m;
}

/* What m$training declares. */
static const struct stream_def *training_def(struct object *o, struct err *e) {
    struct stream_def *def = ARENA_NEW(o->arena, def);
    uint32_t cols = bind_training_schema.cols;
    uint32_t *col = ARENA_ARRAY(o->arena, col, cols);
    const struct expr **computed = ARENA_ARRAY(o->arena, computed, cols);
    struct buf name;
    buf_init(&name);
    buf_addf(&name, "%.*s$training", TEXT_ARG(o->name));
    char *at = name.failed ? NULL : arena_copy(o->arena, name.at, name.bytes);
    bool good = def && col && computed && at;
    if (good) {
        for (uint32_t i = 0; i < cols; i++) col[i] = i;
        *def = (struct stream_def){.name = {.at = at, .bytes = (uint32_t)name.bytes},
                                   .schema = &bind_training_schema,
                                   .physical = &bind_training_schema,
                                   .physical_col = col,
                                   .computed = computed,
                                   .time_col = -1};
    }
    buf_done(&name);
    if (good) return def;
    err_memory(e);
    return NULL;
}

static bool open_training(struct session *s, struct object *o, struct err *e) {
    struct session_model *m = o->extra;
    if (!m->shared.model->learns || m->training) return true;
    o->def = training_def(o, e);
    if (!o->def) return false;
    m->training = stream_create(o->def, &s->edge, e);
    return m->training != NULL;
}

void session_forget_model(struct object *o) {
    struct session_model *m = o->extra;
    if (!m) return;
    shared_model_done(&m->shared);
    stream_destroy(m->training);
}

/* Takes `m`. */
static bool add_model(struct session *s, const struct ast_statement *st,
                      const struct model_definition *d, struct model *m, struct err *e) {
    struct object *o = object_create(OBJECT_MODEL, d->name, e);
    struct session_model *made = o ? ARENA_NEW(o->arena, made) : NULL;
    if (!made) {
        if (o) err_memory(e);
        object_destroy(o);
        m->type->destroy(m);
        return false;
    }
    made->definition = *d;
    shared_model_init(&made->shared, o->name, m);
    o->extra = made;
    o->model = &made->shared;
    if (open_training(s, o, e)) return session_add_object(s, o, st, e);
    session_forget(s, o);
    object_destroy(o);
    return false;
}

static bool same_schema(const struct schema *a, const struct schema *b) {
    if (a->cols != b->cols) return false;
    for (uint32_t i = 0; i < a->cols; i++) {
        if (!type_equal(a->col[i].type, b->col[i].type)) return false;
    }
    return true;
}

/* Would all uses of `o` in a running plan get the types that they have? Plans are of bounded
 * depth. */
static bool plan_fits(const struct plan *p, const struct object *o, const struct model *m,
                      struct arena *a) {
    const struct plan_infer *f = &p->as.infer;
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (!plan_fits(p->input[i], o, m, a)) return false;
    }
    if (p->kind != PLAN_INFER || f->model != o->model) return true;
    if (p->changes && m->learns) return false;
    for (uint32_t i = 0; i < f->values; i++) {
        struct err ignored;
        const struct model_use *use = &f->value[i].use;
        if (f->value[i].version) continue;
        if (!(m->forms & UINT32_C(1) << use->form)) return false;
        const struct type *t = m->type->use_type(m, use, a, &ignored);
        if (!t || !type_equal(t, p->schema->col[f->passes + i].type)) return false;
    }
    return true;
}

static bool is_training(const struct object *q, const struct object *o) {
    const struct running *r = q->kind == OBJECT_QUERY ? q->extra : NULL;
    return r && r->bound.target == o && (!r->job || job_state(r->job) < JOB_ENDED);
}

static const struct object *user_that_differs(struct session *s, const struct object *o,
                                              const struct model *m) {
    const struct model *old = o->model->model;
    bool same = same_schema(&old->input, &m->input) && same_schema(&old->output, &m->output);
    for (const struct object *q = catalog_first(s->catalog); q; q = q->next) {
        bool uses = false;
        for (uint32_t i = 0; i < q->uses; i++) uses = uses || q->use[i] == o;
        if (!uses) continue;
        const struct running *r = q->kind == OBJECT_QUERY ? q->extra : NULL;
        if (!same || (r && !plan_fits(r->bound.plan.root, o, m, &s->statement))) return q;
    }
    return NULL;
}

static bool may_replace(struct session *s, const struct object *o, const struct model *m,
                        struct err *e) {
    for (const struct object *q = catalog_first(s->catalog); q; q = q->next) {
        if (!is_training(q, o)) continue;
        err_set(e, ERR_SQL, "2BP01", "query \"%.*s\" trains model \"%.*s\"", TEXT_ARG(q->name),
                TEXT_ARG(o->name));
        return err_hint(e, "DROP QUERY %.*s first.", TEXT_ARG(q->name));
    }
    const struct object *user = user_that_differs(s, o, m);
    if (!user) return true;
    err_set(e, ERR_SQL, "2BP01", "%s \"%.*s\" uses model \"%.*s\", and the new one has other types",
            object_kind_word(user->kind), TEXT_ARG(user->name), TEXT_ARG(o->name));
    return err_hint(e, "Give it the same INPUT and OUTPUT, or drop %.*s first.",
                    TEXT_ARG(user->name));
}

/* CREATE OR REPLACE of one that is there. Takes `m`. */
static bool replace_model(struct session *s, struct object *o, const struct ast_statement *st,
                          const struct model_definition *d, struct model *m, struct err *e) {
    struct session_model *own = o->extra;
    session_drop_ended(s, o);
    if (!may_replace(s, o, m, e) || !session_take_texts(o, st, e)) {
        m->type->destroy(m);
        return source_place(st->source, st->as.create_model.create.name.at, e);
    }
    if (!durable_replace(s, o, e) || !shared_model_replace(&own->shared, m, e)) {
        m->type->destroy(m);
        return false;
    }
    own->definition = *d;
    arena_take(o->arena, &s->statement);
    return open_training(s, o, e);
}

bool session_create_model(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_create_model *c = &st->as.create_model;
    struct object *old = catalog_find(s->catalog, c->create.name.text);
    bool exists = false;
    bool replaces = c->create.or_replace && old && old->kind == OBJECT_MODEL;
    if (!replaces && !session_name_free(s, &c->create, OBJECT_MODEL, &exists, e)) {
        return source_place(st->source, c->create.name.at, e);
    }
    if (exists) return true;
    struct sql_env env = session_env(s, st);
    struct model_definition d;
    if (!bind_model(&env, c, &s->statement, &d, e)) return false;
    struct model *m = make_model(s, st, &d, e);
    if (!m) return false;
    if (!(replaces ? replace_model(s, old, st, &d, m, e) : add_model(s, st, &d, m, e))) {
        return false;
    }
    session_tag(s, "CREATE MODEL");
    return true;
}

struct stream *session_training(const struct object *o) {
    const struct session_model *m = o->kind == OBJECT_MODEL ? o->extra : NULL;
    return m ? m->training : NULL;
}

/* The whole file under another name first, which is then its own. */
static bool write_whole(struct session *s, const char *path, const struct buf *bytes,
                        struct err *e) {
    struct file_system *fs = s->options.fs;
    struct err ignored;
    struct buf name;
    buf_init(&name);
    buf_addf(&name, "%s.new", path);
    if (name.failed) {
        buf_done(&name);
        return err_memory(e);
    }
    struct file *f = file_open(fs, name.at, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, e);
    bool done = f && file_write(f, bytes->at, bytes->bytes, e) && file_sync(f, e);
    if (f) file_close(f);
    done = done && file_rename(fs, name.at, path, e);
    if (f && !done) (void)!file_remove(fs, name.at, &ignored);
    buf_done(&name);
    return done;
}

static struct object *find_model(struct session *s, const struct ast_statement *st,
                                 const struct ast_name *name, struct err *e) {
    struct object *o = catalog_find(s->catalog, name->text);
    if (o && o->kind == OBJECT_MODEL) return o;
    source_error(st->source, name->at, e, "42P01", "model \"%.*s\" does not exist",
                 TEXT_ARG(name->text));
    catalog_hint(s->catalog, name->text, OBJECT_MODEL, e);
    return NULL;
}

bool session_export_model(struct session *s, const struct ast_statement *st, struct err *e) {
    const struct ast_export *x = &st->as.export_model;
    struct object *o = find_model(s, st, &x->model, e);
    if (!o) return false;
    const struct model *m = o->model->model;
    if (!m->type->export_onnx) {
        return source_error(st->source, x->model.at, e, "0A000",
                            "a model of provider '%s' cannot be exported", m->type->provider);
    }
    if (s->checking) return true;
    if (!session_wait_for(s, o, e)) return false;
    char *path = path_plain(&s->statement, x->path);
    struct buf bytes;
    buf_init(&bytes);
    if (!path) return err_memory(e);
    bool done = o->model->model->type->export_onnx(o->model->model, &bytes, e);
    if (done) done = bytes.failed ? err_memory(e) : write_whole(s, path, &bytes, e);
    buf_done(&bytes);
    if (!done) return e->code == ERR_SQL ? source_place(st->source, x->path_at, e) : false;
    session_tag(s, "EXPORT MODEL");
    return true;
}

/* "img IMAGE, size BIGINT" */
static void print_schema(struct buf *out, const struct schema *s) {
    for (uint32_t i = 0; i < s->cols; i++) {
        if (i > 0) buf_add_str(out, ", ");
        buf_add_text(out, s->col[i].name);
        buf_add_char(out, ' ');
        type_print(out, s->col[i].type);
    }
}

static void add_buf(struct column_builder *b, struct buf *text) {
    builder_text_copy(b, buf_text(text));
    if (text->failed) b->failed = true;
    buf_reset(text);
}

/* The newest. */
static bool version_of(const struct object *o, uint64_t *out, struct err *e) {
    struct model_reader r = {.source = NULL};
    if (!shared_model_join(o->model, &r, e)) return false;
    *out = shared_model_version(o->model, &r, UINT64_MAX);
    shared_model_leave(o->model, &r);
    return true;
}

bool session_show_models(struct session *s, const struct ast_show *show, struct err *e) {
    static const struct listing_column cols[] = {{"name", &type_text},
                                                 {"provider", &type_text},
                                                 {"input", &type_text},
                                                 {"output", &type_text},
                                                 {"version", &type_bigint}};
    struct listing l;
    struct buf text;
    if (!listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    buf_init(&text);
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        if (o->kind != OBJECT_MODEL || !session_like(show->like, o->name)) continue;
        const struct model *m = o->model->model;
        uint64_t version = 0;
        if (!version_of(o, &version, e)) {
            buf_done(&text);
            listing_drop(&l);
            return false;
        }
        builder_text_copy(&l.col[0], o->name);
        builder_text_copy(&l.col[1], text_of(m->type->provider));
        print_schema(&text, &m->input);
        add_buf(&l.col[2], &text);
        print_schema(&text, &m->output);
        add_buf(&l.col[3], &text);
        builder_i64(&l.col[4], (int64_t)version);
    }
    buf_done(&text);
    return listing_end_sorted(&l, s, e);
}

static void add_fact(struct listing *l, const char *name, struct buf *value) {
    builder_text_copy(&l->col[0], text_of(name));
    add_buf(&l->col[1], value);
}

/* "classify, classify_top" */
static void print_forms(struct buf *out, const struct model *m) {
    uint32_t named = 0;
    for (uint32_t f = 0; f < MODEL_FORM_COUNT; f++) {
        struct infer_use use = {.use = {.form = (enum model_form)f}};
        if (!(m->forms & UINT32_C(1) << f) || f == MODEL_OUTPUTS) continue;
        if (named++ > 0) buf_add_str(out, ", ");
        buf_add_str(out, infer_use_word(&use));
    }
}

bool session_describe_model(struct session *s, const struct object *o, struct err *e) {
    static const struct listing_column cols[] = {{"property", &type_text}, {"value", &type_text}};
    const struct model *m = o->model->model;
    struct model_fact *fact = NULL;
    uint32_t facts = 0;
    struct listing l;
    struct buf text;
    uint64_t version = 0;
    bool good = !m->type->describe || m->type->describe(m, &s->statement, &fact, &facts, e);
    good = good && version_of(o, &version, e);
    if (!good || !listing_begin(&l, cols, COUNT_OF(cols), e)) return false;
    buf_init(&text);
    buf_add_str(&text, m->type->provider);
    add_fact(&l, "provider", &text);
    print_schema(&text, &m->input);
    add_fact(&l, "input", &text);
    print_schema(&text, &m->output);
    add_fact(&l, "output", &text);
    print_forms(&text, m);
    add_fact(&l, "answers", &text);
    buf_addf(&text, "%u", m->batch_rows > 0 ? m->batch_rows : 1);
    add_fact(&l, "rows a run", &text);
    buf_addf(&text, "%llu", (unsigned long long)version);
    add_fact(&l, "version", &text);
    for (uint32_t i = 0; i < facts; i++) {
        if (strcmp(fact[i].name, "version") == 0) continue; /* told above */
        buf_add_str(&text, fact[i].value);
        add_fact(&l, fact[i].name, &text);
    }
    buf_done(&text);
    return listing_end(&l, s, e);
}

bool session_check_epochs(const struct bound_query *bound, struct err *e) {
    const struct session_model *m =
        bound->target && bound->target->kind == OBJECT_MODEL ? bound->target->extra : NULL;
    const struct option *o = m ? option_find(&m->definition.options, "epochs") : NULL;
    int64_t epochs = 1;
    if (!o || !option_i64(&m->definition.options, "epochs", &epochs, e) || epochs <= 1) return true;
    for (uint32_t i = 0; i < bound->plan.inputs; i++) {
        const struct plan_input *in = &bound->plan.input[i];
        struct err unused;
        const struct connector *c = connector_of(in->def, &unused);
        if (in->bounded && (in->snapshot || !c || c->rereadable)) continue;
        err_set(e, ERR_SQL, "0A000", "%lld epochs read %.*s again, which %s", (long long)epochs,
                TEXT_ARG(in->def->name), in->bounded ? "can be read once only" : "has no end");
        return err_hint(e, "Leave 'epochs' out, or read a file or TABLE(s).");
    }
    return true;
}
