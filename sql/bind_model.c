/* bind_model.c: see bind_model.h.
 *
 *     classify(MODEL m, img)               the model's inputs, as many as it takes
 *     classify_top(MODEL m, img, 5)        then a constant count
 *     detect(MODEL m, img, 0.5, 0.4)       then constant limits, each may be left out
 *     model_version(MODEL m)               nothing
 *
 * Inputs are converted as arguments of functions are; an IMAGE is made of bytes by image_decode()
 * alone, and a tensor's dimensions must be those that the model says.
 */
#include "sql/bind_model.h"

#include <assert.h>
#include <string.h>

#include "engine/program.h"

struct form {
    const char *name;
    bool version;
    enum model_form form;
    uint32_t constants; /* that may follow the inputs */
    uint32_t needed;    /* of them */
    const char *sig, *doc;
};

static const struct form forms[] = {
    {"classify", false, MODEL_CLASSIFY, 0, 0, "classify(MODEL m, ANY...) TEXT",
     "The best label that the model gives to its inputs."},
    {"classify_top", false, MODEL_CLASSIFY_TOP, 1, 1,
     "classify_top(MODEL m, ANY..., BIGINT) ARRAY<ROW<label TEXT, score DOUBLE>>",
     "The best labels and their scores, as many as the constant says, best first."},
    {"detect", false, MODEL_DETECT, 2, 0,
     "detect(MODEL m, IMAGE, [DOUBLE, [DOUBLE]]) ARRAY<ROW<label TEXT, score DOUBLE, x DOUBLE, "
     "y DOUBLE, w DOUBLE, h DOUBLE>>",
     "The boxes that a detector finds, in pixels of the image, best first; the constants are the "
     "least score, and the overlap beyond which the best box of a label stays."},
    {"embed", false, MODEL_EMBED, 0, 0, "embed(MODEL m, ANY...) VECTOR",
     "The vector that the model makes of its inputs."},
    {"predict", false, MODEL_PREDICT, 0, 0, "predict(MODEL m, ANY...) ANY",
     "The model's output; a ROW where it has several."},
    {"model_version", true, MODEL_PREDICT, 0, 0, "model_version(MODEL m) BIGINT",
     "Which version of the model answers: what it published, or how often it was replaced."},
};

bool bind_model_form(uint32_t i, struct model_form_text *out) {
    if (i >= COUNT_OF(forms)) return false;
    *out = (struct model_form_text){forms[i].name, forms[i].sig, forms[i].doc};
    return true;
}

struct shared_model *bind_model_find(struct binder *b, const struct ast_name *name, struct err *e) {
    struct object *o = catalog_find(b->env->catalog, name->text);
    if (o && o->model) return bind_use(b, o, e) ? o->model : NULL;
    if (o) {
        bind_error(b, name->at, e, "42809: \"%.*s\" is a %s, not a model", TEXT_ARG(o->name),
                   object_kind_word(o->kind));
        return NULL;
    }
    bind_error(b, name->at, e, "42P01: there is no model \"%.*s\"", TEXT_ARG(name->text));
    catalog_hint(b->env->catalog, name->text, OBJECT_MODEL, e);
    return NULL;
}

/* "(amount DOUBLE, hour DOUBLE)" */
static void print_schema(struct buf *out, const struct schema *s) {
    buf_add_char(out, '(');
    for (uint32_t i = 0; i < s->cols; i++) {
        if (i > 0) buf_add_str(out, ", ");
        buf_add_text(out, s->col[i].name);
        buf_add_char(out, ' ');
        type_print(out, s->col[i].type);
    }
    buf_add_char(out, ')');
}

static const struct expr *wrong_inputs(struct expr_scope *s, const struct model_question *q,
                                       struct call_args args, struct err *e) {
    const struct model *m = q->model->model;
    struct buf takes, given;
    bool blob = false, tensor = false;
    buf_init(&takes);
    buf_init(&given);
    print_schema(&takes, &m->input);
    for (uint32_t i = 0; i < args.count; i++) {
        if (i > 0) buf_add_str(&given, ", ");
        type_print(&given, args.at[i]->type);
        if (i >= m->input.cols) continue;
        enum type_id from = args.at[i]->type->id, to = m->input.col[i].type->id;
        blob |= to == TYPE_IMAGE && (from == TYPE_BLOB || from == TYPE_TEXT);
        tensor |= to == TYPE_TENSOR && (from == TYPE_TENSOR || from == TYPE_ARRAY);
    }
    bind_error(s->b, q->at, e, "42804: model \"%.*s\" takes %.*s, not (%.*s)",
               TEXT_ARG(q->model->name), TEXT_ARG(buf_text(&takes)), TEXT_ARG(buf_text(&given)));
    if (blob) err_hint(e, "image_decode(x) makes an IMAGE of a file's bytes.");
    if (tensor) err_hint(e, "CAST(x AS TENSOR(...)) gives it the dimensions.");
    buf_done(&takes);
    buf_done(&given);
    return NULL;
}

/* Is a tensor of type `from` always one of type `to`? */
bool bind_tensor_fits(const struct type *from, const struct type *to) {
    if (from->id != TYPE_TENSOR || to->id != TYPE_TENSOR || from->dims != to->dims) return false;
    for (uint32_t i = 0; i < to->dims; i++) {
        if (to->dim[i] != DIM_ANY && to->dim[i] != from->dim[i]) return false;
    }
    return true;
}

static bool input_fits(const struct expr *x, const struct type *to) {
    return expr_is_null(x) || literal_type(x, to) || type_widening(x->type, to) >= 0 ||
           bind_tensor_fits(x->type, to) || (to->id == TYPE_BOOLEAN && type_is_number(x->type));
}

static const struct expr *make_infer(struct expr_scope *s, const struct infer_use *use,
                                     const struct type *type, struct call_args args, uint32_t at,
                                     struct err *e) {
    struct infer_use *kept = ARENA_NEW(s->b->arena, kept);
    if (!kept) {
        err_memory(e);
        return NULL;
    }
    *kept = *use;
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_INFER,
                                          .type = type,
                                          .at = bind_at(s->b, at),
                                          .infer = kept,
                                          .args = args.count,
                                          .arg = args.at},
                     e);
}

/* "it answers classify, classify_top" */
static const struct type *wrong_form(struct binder *b, const struct model_question *q,
                                     struct err *e) {
    const struct model *m = q->model->model;
    struct buf words;
    buf_init(&words);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (!forms[i].version && !(m->forms & UINT32_C(1) << forms[i].form)) continue;
        if (words.bytes > 0) buf_add_str(&words, ", ");
        buf_add_str(&words, forms[i].name);
    }
    struct infer_use use = {.use = q->use};
    bind_error(b, q->at, e, "0A000: model \"%.*s\" does not answer %s", TEXT_ARG(q->model->name),
               infer_use_word(&use));
    err_hint(e, "It answers %.*s.", TEXT_ARG(buf_text(&words)));
    buf_done(&words);
    return NULL;
}

/* A copy: what lies in the model goes when another takes its place under running queries. */
static const struct type *question_type(struct binder *b, const struct model_question *q,
                                        struct err *e) {
    const struct model *m = q->model->model;
    if (!(m->forms & UINT32_C(1) << q->use.form)) return wrong_form(b, q, e);
    err_clear(e);
    const struct type *t = m->type->use_type(m, &q->use, b->arena, e);
    if (t) t = type_copy(b->arena, t);
    if (!t && e->code == ERR_NONE) err_memory(e);
    if (!t) bind_place(b, q->at, e);
    return t;
}

const struct expr *bind_question(struct expr_scope *s, const struct model_question *q,
                                 struct call_args args, struct err *e) {
    const struct schema *input = &q->model->model->input;
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, args.count + 1);
    const struct type *type = question_type(s->b, q, e);
    if (!type) return NULL;
    if (!arg) {
        err_memory(e);
        return NULL;
    }
    bool fits = args.count == input->cols;
    for (uint32_t i = 0; i < args.count && fits; i++) {
        fits = input_fits(args.at[i], input->col[i].type);
    }
    if (!fits) return wrong_inputs(s, q, args, e);
    for (uint32_t i = 0; i < args.count; i++) {
        arg[i] = args.at[i];
        if (bind_tensor_fits(arg[i]->type, input->col[i].type)) continue;
        const struct type *to = type_copy(s->b->arena, input->col[i].type);
        arg[i] = to ? bind_convert(s, args.at[i], to, q->at, e) : NULL;
        if (!to) err_memory(e);
        if (!arg[i]) return NULL;
    }
    struct infer_use use = {.model = q->model, .use = q->use};
    return make_infer(s, &use, type, (struct call_args){arg, args.count}, q->at, e);
}

/* A constant from 0 to 1. */
static bool limit_value(struct expr_scope *s, const struct ast_expr *x, double *out,
                        struct err *e) {
    struct expr_scope none = {.b = s->b, .clause = "detect"};
    struct column value;
    const struct expr *bound = bind_expr(&none, x, e);
    if (bound) bound = bind_convert(&none, bound, &type_double, x->start, e);
    if (!bound) return false;
    if (!program_fold(bound, s->b->arena, &value, e)) {
        if (e->code == ERR_DATA) e->code = ERR_SQL;
        return bind_place(s->b, x->start, e);
    }
    bool good = column_has(&value, 0) && value.as.f64[0] >= 0 && value.as.f64[0] <= 1;
    if (!good) return bind_error(s->b, x->start, e, "22023: a limit of detect is from 0 to 1");
    *out = value.as.f64[0];
    return true;
}

/* Of a column where a constant is wanted. */
static bool constant_hint(const struct form *f, struct err *e) {
    if (strcmp(e->sqlstate, "42703") != 0 || e->hint[0]) return false;
    return err_hint(e, "What stands behind the inputs of %s is a constant.", f->name);
}

/* The constants behind the inputs. */
static bool bind_constants(struct expr_scope *s, const struct form *f, const struct ast_arg *arg,
                           uint32_t count, struct model_use *use, struct err *e) {
    struct expr_scope none = {.b = s->b, .clause = f->name};
    if (f->form == MODEL_CLASSIFY_TOP) {
        int64_t top;
        bool null;
        const struct ast_expr *x = arg[0].expr;
        if (!bind_constant_i64(&none, x, &type_bigint, &top, &null, e)) return constant_hint(f, e);
        if (null || top < 1 || top > TYPE_FIELDS_MAX) {
            return bind_error(s->b, x->start, e, "22023: classify_top gives 1 to %d labels",
                              TYPE_FIELDS_MAX);
        }
        use->top = (uint32_t)top;
        return true;
    }
    if (count == 0) return true;
    *use = (struct model_use){.form = f->form, .limits_given = true, .overlap_max = -1};
    if (!limit_value(s, arg[0].expr, &use->score_min, e)) return constant_hint(f, e);
    if (count < 2 || limit_value(s, arg[1].expr, &use->overlap_max, e)) return true;
    return constant_hint(f, e);
}

static const struct expr *wrong_count(struct expr_scope *s, const struct form *f,
                                      const struct shared_model *m, uint32_t at, struct err *e) {
    static const char *const more[] = {[MODEL_CLASSIFY_TOP] = ", count",
                                       [MODEL_DETECT] = " [, min_score [, max_overlap]]",
                                       [MODEL_OUTPUTS] = NULL};
    if (f->version) {
        bind_error(s->b, at, e, "42883: model_version takes the model alone");
        return NULL;
    }
    struct buf takes;
    buf_init(&takes);
    print_schema(&takes, &m->model->input);
    const char *then = more[f->form] ? more[f->form] : "";
    bind_error(s->b, at, e, "42883: %s(MODEL %.*s, ..) takes %.*s%s", f->name, TEXT_ARG(m->name),
               TEXT_ARG(buf_text(&takes)), then);
    buf_done(&takes);
    return NULL;
}

static const struct form *find_form(const struct expr_scope *s, const struct ast_call *c) {
    const struct form *f = NULL;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (text_equal_fold(c->name.text, text_of(forms[i].name))) f = &forms[i];
    }
    bool asks = c->args.count > 0 && c->args.at[0].kind == AST_ARG_MODEL;
    if (f && !asks && catalog_find_function(s->b->env->catalog, c->name.text)) return NULL;
    return f;
}

/* Does it have the shape f(MODEL m, x, ..), in a place where models may be asked? */
static bool check_call(struct expr_scope *s, const struct form *f, const struct ast_call *c,
                       struct err *e) {
    if (c->star || c->distinct || c->filter || c->order_by.count > 0)
        return bind_error(s->b, c->name.at, e, "42883: %s is no aggregate", f->name);
    if (c->args.count == 0 || c->args.at[0].kind != AST_ARG_MODEL) {
        bind_error(s->b, c->name.at, e, "42883: %s takes a model first", f->name);
        return err_hint(e, "Write %s(MODEL m%s).", f->name, f->version ? "" : ", x");
    }
    for (uint32_t i = 1; i < c->args.count; i++) {
        if (c->args.at[i].kind == AST_ARG_EXPR && c->args.at[i].name.text.bytes == 0) continue;
        return bind_error(s->b, c->args.at[i].start, e, "42883: %s takes values behind the model",
                          f->name);
    }
    if (s->models) return true;
    bind_unsupported(s->b, c->name.at, e, "a model cannot be asked in %s", s->clause);
    return err_hint(e, "It can in SELECT, WHERE, GROUP BY, HAVING and UNNEST.");
}

const struct expr *bind_model_call(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                   struct err *e) {
    const struct ast_call *c = x->as.call;
    const struct form *f = find_form(s, c);
    *is_form = f != NULL;
    if (!f || !check_call(s, f, c, e)) return NULL;
    struct model_question q = {.use = {.form = f->form}, .at = c->name.at};
    q.model = bind_model_find(s->b, &c->args.at[0].object, e);
    if (!q.model) return NULL;
    uint32_t values = c->args.count - 1, inputs = f->version ? 0 : q.model->model->input.cols;
    if (values < inputs + f->needed || values > inputs + f->constants) {
        return wrong_count(s, f, q.model, c->name.at, e);
    }
    const struct expr **arg = ARENA_ARRAY(s->b->arena, arg, inputs + 1);
    if (!arg) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < inputs; i++) {
        arg[i] = bind_expr(s, c->args.at[1 + i].expr, e);
        if (!arg[i]) return NULL;
    }
    if (!bind_constants(s, f, &c->args.at[1 + inputs], values - inputs, &q.use, e)) return NULL;
    struct call_args args = {arg, inputs};
    if (!f->version) return bind_question(s, &q, args, e);
    struct infer_use use = {.model = q.model, .version = true};
    return make_infer(s, &use, &type_bigint, args, q.at, e);
}
