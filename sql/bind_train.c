/* bind_train.c: CREATE MODEL and INSERT INTO MODEL: what is declared, and what is learnt.
 *
 * The query of an INSERT gives the model's inputs and then its targets, by position. Its plan ends
 * in a Train, which gives a row for each version that the model publishes: the rows of m$training.
 */
#include "sql/bind_train.h"
#include "sql/bind_model.h"

/* The columns of INPUT (..) or OUTPUT (..); NULL and no error: none were written. */
static const struct schema *declared(struct binder *b, const struct ast_columns *c, struct err *e) {
    struct schema *s = ARENA_NEW(b->arena, s);
    struct field *f = ARENA_ARRAY(b->arena, f, c->count + 1);
    err_clear(e);
    if (c->count == 0) return NULL;
    if (!s || !f) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        f[i].name = c->at[i].name.text;
        f[i].not_null = c->at[i].not_null;
        if (!bind_type(b, c->at[i].type, &f[i].type, e)) return NULL;
        for (uint32_t k = 0; k < i; k++) {
            if (!text_equal_fold(f[i].name, f[k].name)) continue;
            bind_error(b, c->at[i].name.at, e, "42701: column \"%.*s\" is declared twice",
                       TEXT_ARG(f[i].name));
            return NULL;
        }
    }
    *s = (struct schema){.cols = c->count, .col = f};
    return s;
}

bool bind_model(const struct sql_env *env, const struct ast_create_model *m, struct arena *a,
                struct model_definition *out, struct err *e) {
    struct binder b;
    binder_init(&b, env, a);
    struct option *option = ARENA_ARRAY(a, option, m->options.count + 1);
    if (!option) return err_memory(e);
    for (uint32_t i = 0; i < m->options.count; i++) {
        const struct ast_option *o = &m->options.at[i];
        option[i] = (struct option){o->key, o->value, o->key_at};
        for (uint32_t k = 0; k < i; k++) {
            if (!text_equal(o->key, option[k].key)) continue;
            return bind_error(&b, o->key_at, e, "42601: option '%.*s' is given twice",
                              TEXT_ARG(o->key));
        }
    }
    struct model_definition made = {.name = m->create.name.text,
                                    .options = {.option = option, .count = m->options.count}};
    made.input = declared(&b, &m->inputs, e);
    if (!made.input && e->code != ERR_NONE) return false;
    made.output = declared(&b, &m->outputs, e);
    if (!made.output && e->code != ERR_NONE) return false;
    *out = made;
    return true;
}

/* Rows of a query, and what is to learn from them. */
struct learnt {
    const struct rel *rows;
    const struct model *model;
};

/* Column `c` of the query as what the model takes there. */
static const struct expr *taken(struct binder *b, const struct learnt *l, uint32_t c, uint32_t at,
                                struct err *e) {
    const struct rel *r = l->rows;
    const struct schema *input = &l->model->input, *output = &l->model->output;
    bool target = c >= input->cols;
    const struct field *to = target ? &output->col[c - input->cols] : &input->col[c];
    const struct type *from = r->col[c].type;
    const struct expr *x = expr_column(b->arena, c, from, e);
    if (!x) return NULL;
    bool plain = r->plan->kind == PLAN_PROJECT;
    const struct expr *source = plain ? r->plan->as.project.expr[c] : x;
    if (literal_type(source, to->type)) {
        struct expr_scope scope = {.b = b, .clause = "INSERT"};
        return bind_text_literal(&scope, source, to->type, e);
    }
    /* Classes are text, however they are stored. */
    bool names_class = target && to->type->id == TYPE_TEXT && type_casts(from, to->type);
    bool counts = type_is_number(to->type) && type_widening(from, to->type) >= 0;
    if (names_class || counts || type_assigns(from, to->type)) {
        return expr_cast(b->arena, x, to->type, e);
    }
    if (bind_tensor_fits(from, to->type)) return x;
    bind_error(b, at, e, "42804: the model takes %.*s %s, but the query gives %s",
               TEXT_ARG(to->name), type_words(to->type).at, type_words(from).at);
    bool image = to->type->id == TYPE_IMAGE && from->id == TYPE_BLOB;
    if (image) err_hint(e, "image_decode(x) makes an IMAGE of a file's bytes.");
    if (!image && type_casts(from, to->type)) {
        err_hint(e, "Write CAST(... AS %s) if that is meant.", type_words(to->type).at);
    }
    return NULL;
}

/* The rows that the model learns from. */
static struct rel *train_rows(struct binder *b, const struct ast_insert *s, struct rel *r,
                              const struct model *m, struct err *e) {
    uint32_t targets = m->targets > 0 ? m->targets : m->output.cols;
    uint32_t cols = m->input.cols + targets;
    if (r->cols != cols) {
        bind_error(b, s->select->start, e,
                   "42601: model \"%.*s\" learns from %u input%s and %u target%s, the query gives "
                   "%u column%s",
                   TEXT_ARG(s->target.text), m->input.cols, m->input.cols == 1 ? "" : "s", targets,
                   targets == 1 ? "" : "s", r->cols, r->cols == 1 ? "" : "s");
        return NULL;
    }
    const struct expr **x = ARENA_ARRAY(b->arena, x, cols);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, cols);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < cols; i++) {
        const struct learnt l = {r, m};
        bool target = i >= m->input.cols;
        const struct field *to = target ? &m->output.col[i - m->input.cols] : &m->input.col[i];
        x[i] = taken(b, &l, i, s->select->start, e);
        if (!x[i]) return NULL;
        col[i] = (struct rel_col){.name = to->name, .type = x[i]->type};
    }
    const struct schema *schema = bind_schema(b, col, cols, e);
    if (!schema) return NULL;
    err_clear(e);
    if (m->type->train_check && !m->type->train_check(m, schema, e)) {
        bind_place(b, s->select->start, e);
        return NULL;
    }
    return bind_project(b, r, x, col, cols, e);
}

static const struct field training_field[] = {
    {{"at", 2}, &type_timestamp6, true},          {{"rows", 4}, &type_bigint, true},
    {{"loss", 4}, &type_double, false},           {{"accuracy", 8}, &type_double, false},
    {{"learning_rate", 13}, &type_double, false}, {{"version", 7}, &type_bigint, true},
};

const struct schema bind_training_schema = {.cols = COUNT_OF(training_field),
                                            .col = training_field};

static struct rel *train(struct binder *b, struct rel *rows, struct shared_model *model,
                         struct err *e) {
    struct plan *p = bind_plan(b, PLAN_TRAIN, rows->plan, e);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, COUNT_OF(training_field));
    struct rel *r = ARENA_NEW(b->arena, r);
    if (!p) return NULL;
    if (!col || !r) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < COUNT_OF(training_field); i++) {
        const struct field *f = &training_field[i];
        col[i] = (struct rel_col){.name = f->name, .type = f->type, .not_null = f->not_null};
    }
    p->schema = bind_schema(b, col, COUNT_OF(training_field), e);
    p->as.train.model = model;
    *r = (struct rel){
        .plan = p, .cols = COUNT_OF(training_field), .col = col, .bounded = rows->bounded};
    return p->schema ? r : NULL;
}

bool bind_train(struct binder *b, const struct ast_insert *s, struct bound_query *out,
                struct err *e) {
    struct object *o = catalog_find(b->env->catalog, s->target.text);
    struct shared_model *model = bind_model_find(b, &s->target, e);
    if (!model || !o) return false;
    if (s->or_replace || s->columns.count > 0)
        return bind_unsupported(b, s->target.at, e, "INSERT INTO MODEL takes rows by position");
    if (!model->model->learns) {
        bind_unsupported(b, s->target.at, e, "model \"%.*s\" does not learn: its provider is '%s'",
                         TEXT_ARG(o->name), model->model->type->provider);
        return err_hint(e,
                        "CREATE MODEL ... WITH ('provider' = 'train', ...) makes one that does.");
    }
    struct rel *r = bind_query(b, s->select, true, e);
    if (r) r = train_rows(b, s, r, model->model, e);
    if (r) r = train(b, r, model, e);
    struct bound_query made = {.target = o};
    if (!r || !bind_finish(b, s->select, r, &made, e)) return false;
    const struct plan *root = made.plan.root;
    if (root->input[0]->input[0]->changes) {
        bind_unsupported(b, s->target.at, e, "a model cannot unlearn rows that are taken back");
        return err_hint(e, "Windowed aggregates and EMIT FINAL give rows that stay.");
    }
    *out = made;
    return true;
}
