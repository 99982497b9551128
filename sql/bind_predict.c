/* bind_predict.c: ML_PREDICT and ML_EVALUATE in FROM, as Flink writes them.
 *
 *     ML_PREDICT(TABLE t, MODEL m, DESCRIPTOR(a, b))      t's columns, and the model's outputs
 *     ML_PREDICT(INPUT => TABLE t, MODEL => MODEL m, ARGS => DESCRIPTOR(a, b))
 *     ML_EVALUATE(TABLE t, MODEL m, DESCRIPTOR(label), DESCRIPTOR(a, b), 'classification')
 *
 * ML_EVALUATE is the score aggregates over what the model answers first, found by their names, as
 * rows of metric and value. A number as the answer to a classification is the probability of true.
 */
#include <assert.h>

#include "sql/bind_group.h"
#include "sql/bind_model.h"

enum { ARGS_MAX = 5, METRICS_MAX = 6 };

enum { ARG_INPUT, ARG_MODEL, ARG_LABEL, ARG_ARGS, ARG_TASK };

/* What the arguments are called, and which of the two functions have them, in order. */
static const struct arg_word {
    const char *word;
    bool predict;
    enum ast_arg_kind kind;
    const char *wanted;
} words[ARGS_MAX] = {
    [ARG_INPUT] = {"INPUT", true, AST_ARG_TABLE, "TABLE t"},
    [ARG_MODEL] = {"MODEL", true, AST_ARG_MODEL, "MODEL m"},
    [ARG_LABEL] = {"LABEL", false, AST_ARG_DESCRIPTOR, "DESCRIPTOR(label)"},
    [ARG_ARGS] = {"ARGS", true, AST_ARG_DESCRIPTOR, "DESCRIPTOR(column, ...)"},
    [ARG_TASK] = {"TASK", false, AST_ARG_EXPR, "'classification' or 'regression'"},
};

struct ml_call {
    struct binder *b;
    const struct ast_call *call;
    bool evaluate;
    const struct ast_arg *arg[ARGS_MAX];
    struct shared_model *model;
    struct rel *rel;
};

/* The argument that is called so, or stands at that position; ARGS_MAX: none. */
static uint32_t arg_place(const struct ml_call *c, const struct ast_arg *a, uint32_t position) {
    for (uint32_t i = 0, n = 0; i < ARGS_MAX; i++) {
        if (!c->evaluate && !words[i].predict) continue;
        bool named = a->name.text.bytes > 0;
        if (named ? text_equal_fold(a->name.text, text_of(words[i].word)) : n == position) return i;
        n++;
    }
    return ARGS_MAX;
}

static bool take_args(struct ml_call *c, struct err *e) {
    const struct ast_args *args = &c->call->args;
    for (uint32_t i = 0; i < args->count; i++) {
        const struct ast_arg *a = &args->at[i];
        uint32_t place = arg_place(c, a, i);
        if (place == ARGS_MAX) {
            bind_error(c->b, a->start, e, "42883: %.*s has no such argument",
                       TEXT_ARG(c->call->name.text));
            return err_hint(e, "It takes %s.",
                            c->evaluate ? "INPUT, MODEL, LABEL, ARGS and TASK"
                                        : "INPUT, MODEL and ARGS");
        }
        if (a->kind != words[place].kind) {
            return bind_error(c->b, a->start, e, "42804: %s is wanted here", words[place].wanted);
        }
        if (c->arg[place]) {
            return bind_error(c->b, a->start, e, "42601: argument %s is given twice",
                              words[place].word);
        }
        c->arg[place] = a;
    }
    for (uint32_t i = 0; i < ARGS_MAX; i++) {
        if (c->arg[i] || (!c->evaluate && !words[i].predict)) continue;
        return bind_error(c->b, c->call->name.at, e, "42883: %.*s lacks %s",
                          TEXT_ARG(c->call->name.text), words[i].wanted);
    }
    return true;
}

static bool open_call(struct ml_call *c, struct err *e) {
    if (!take_args(c, e)) return false;
    if (c->arg[ARG_INPUT]->partition_by.count > 0)
        return bind_error(c->b, c->arg[ARG_INPUT]->start, e, "42601: %.*s has no PARTITION BY",
                          TEXT_ARG(c->call->name.text));
    c->model = bind_model_find(c->b, &c->arg[ARG_MODEL]->object, e);
    c->rel = c->model ? bind_table_arg(c->b, c->arg[ARG_INPUT], e) : NULL;
    return c->rel != NULL;
}

static const struct expr *column_of(struct ml_call *c, const struct ast_name *name, struct err *e) {
    int32_t i = bind_find_column(c->b, c->rel, NULL, name, e);
    if (i < 0) return NULL;
    return expr_column(c->b->arena, (uint32_t)i, c->rel->col[i].type, e);
}

/* What the model says to the columns of ARGS. */
static const struct expr *answer(struct ml_call *c, enum model_form form, struct err *e) {
    const struct ast_names *names = &c->arg[ARG_ARGS]->columns;
    struct expr_scope s = {.b = c->b, .rel = c->rel, .clause = "FROM", .models = true};
    const struct expr **x = ARENA_ARRAY(c->b->arena, x, names->count + 1);
    if (!x) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        x[i] = column_of(c, &names->at[i], e);
        if (!x[i]) return NULL;
    }
    struct model_question q = {
        .model = c->model, .use = {.form = form}, .at = c->arg[ARG_ARGS]->start};
    return bind_question(&s, &q, (struct call_args){x, names->count}, e);
}

struct rel *bind_ml_predict(struct binder *b, const struct ast_source *s, struct err *e) {
    struct ml_call c = {.b = b, .call = s->call};
    if (!open_call(&c, e)) return NULL;
    const struct expr *row = answer(&c, MODEL_OUTPUTS, e);
    if (!row) return NULL;
    assert(row->type->id == TYPE_ROW);
    uint32_t cols = c.rel->cols, all = cols + row->type->fields;
    const struct expr **x = ARENA_ARRAY(b->arena, x, all);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, all);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    memcpy(col, c.rel->col, cols * sizeof *col);
    for (uint32_t i = 0; i < cols; i++) {
        x[i] = expr_column(b->arena, i, col[i].type, e);
        if (!x[i]) return NULL;
    }
    for (uint32_t i = cols; i < all; i++) {
        const struct field *f = &row->type->field[i - cols];
        col[i] = (struct rel_col){.name = f->name, .type = f->type, .table = col[0].table};
        x[i] = expr_make(
            b->arena,
            &(struct expr_parts){
                .kind = EXPR_FIELD, .type = f->type, .column = i - cols, .args = 1, .arg = &row},
            e);
        if (!x[i]) return NULL;
    }
    return bind_project(b, c.rel, x, col, all, e);
}

/* A score: an aggregate of what was answered, or of its probability, beside the label. */
struct metric {
    const char *name; /* of the aggregate */
    bool probability;
};

static const struct metric classes[] = {{"accuracy", false},
                                        {"precision_score", false},
                                        {"recall_score", false},
                                        {"f1_score", false},
                                        {NULL, false}};
static const struct metric probabilities[] = {
    {"accuracy", false}, {"precision_score", false}, {"recall_score", false},
    {"f1_score", false}, {"log_loss", true},         {"roc_auc", true},
    {NULL, false}};
static const struct metric numbers[] = {
    {"mse", false}, {"mae", false}, {"r2", false}, {NULL, false}};

/* The columns that scores are made of. */
enum { COL_PREDICTED, COL_LABEL, COL_PROBABILITY, SCORE_COLS };
static const char *const score_cols[SCORE_COLS] = {"predicted", "label", "probability"};

static const struct metric *find_metrics(struct ml_call *c, const struct type *answered,
                                         struct err *e) {
    const struct ast_expr *task = c->arg[ARG_TASK]->expr;
    bool text = task->kind == AST_EXPR_LITERAL && task->as.literal.kind == AST_TEXT;
    struct text word = text ? task->as.literal.text : (struct text){.at = ""};
    if (text_equal_fold(word, TEXT_LITERAL("regression"))) return numbers;
    if (text_equal_fold(word, TEXT_LITERAL("classification"))) {
        return answered->id == TYPE_DOUBLE ? probabilities : classes;
    }
    bind_error(c->b, task->start, e, "22023: the task is 'classification' or 'regression'");
    return NULL;
}

/* A label becomes what is compared with it: a truth value, or text beside text. */
static const struct expr *label_of(struct ml_call *c, struct expr_scope *s,
                                   const struct expr *predicted, struct err *e) {
    const struct ast_names *names = &c->arg[ARG_LABEL]->columns;
    if (names->count != 1) {
        bind_error(c->b, c->arg[ARG_LABEL]->start, e, "42804: one column is the label");
        return NULL;
    }
    const struct expr *x = column_of(c, &names->at[0], e);
    if (!x) return NULL;
    if (predicted->type->id == TYPE_BOOLEAN) return bind_as_truth(s, x, names->at[0].at, e);
    bool text = predicted->type->id == TYPE_TEXT && type_casts(x->type, &type_text);
    if (text) return expr_cast(c->b->arena, x, &type_text, e);
    return bind_convert(s, x, predicted->type, names->at[0].at, e);
}

/* A Project of the columns that scores are made of. */
static struct rel *score_rows(struct ml_call *c, const struct metric **metrics, struct err *e) {
    struct arena *a = c->b->arena;
    struct expr_scope s = {.b = c->b, .rel = c->rel, .clause = "FROM", .models = true};
    const struct expr **x = ARENA_ARRAY(a, x, SCORE_COLS);
    struct rel_col *col = ARENA_ARRAY(a, col, SCORE_COLS);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    const struct expr *given = answer(c, MODEL_PREDICT, e);
    const struct expr *half = given ? expr_f64(a, 0.5, e) : NULL;
    if (!half) return NULL;
    bool several = given->type->id == TYPE_ROW;
    if (several) {
        given = expr_make(
            a,
            &(struct expr_parts){
                .kind = EXPR_FIELD, .type = given->type->field[0].type, .args = 1, .arg = &given},
            e);
    }
    *metrics = given ? find_metrics(c, given->type, e) : NULL;
    if (!*metrics) return NULL;
    const struct expr *both[] = {given, half};
    x[COL_PREDICTED] = given;
    if (*metrics == probabilities) {
        x[COL_PREDICTED] = bind_named(&s, ">=", (struct call_args){both, 2}, 0, e);
    }
    if (!x[COL_PREDICTED]) return NULL;
    x[COL_LABEL] = label_of(c, &s, x[COL_PREDICTED], e);
    if (!x[COL_LABEL]) return NULL;
    x[COL_PROBABILITY] = given;
    for (uint32_t i = 0; i < SCORE_COLS; i++) {
        col[i] = (struct rel_col){.name = text_of(score_cols[i]), .type = x[i]->type};
    }
    return bind_project(c->b, c->rel, x, col, SCORE_COLS, e);
}

/* The call of an aggregate, as if it had been written. */
static const struct expr *score(struct expr_scope *s, const struct metric *m, uint32_t at,
                                struct err *e) {
    struct arena *a = s->b->arena;
    struct ast_arg *arg = ARENA_ARRAY(a, arg, 2);
    struct ast_expr *operand = ARENA_ARRAY(a, operand, 2);
    struct ast_name *name = ARENA_ARRAY(a, name, 2);
    struct ast_call *call = ARENA_NEW(a, call);
    struct ast_expr *x = ARENA_NEW(a, x);
    if (!arg || !operand || !name || !call || !x) {
        err_memory(e);
        return NULL;
    }
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t col = i == 1 ? COL_LABEL : m->probability ? COL_PROBABILITY : COL_PREDICTED;
        name[i] = (struct ast_name){.text = text_of(score_cols[col]), .at = at};
        operand[i] = (struct ast_expr){.kind = AST_EXPR_COLUMN, .start = at, .at = at};
        operand[i].as.column = (struct ast_names){.at = &name[i], .count = 1};
        arg[i] = (struct ast_arg){.kind = AST_ARG_EXPR, .start = at, .expr = &operand[i]};
    }
    *call = (struct ast_call){.name = {.text = text_of(m->name), .at = at},
                              .args = {.at = arg, .count = 2}};
    *x = (struct ast_expr){.kind = AST_EXPR_CALL, .start = at, .at = at};
    x->as.call = call;
    if (bind_is_aggregate(s->b, call)) return bind_aggregate(s, x, e);
    bind_error(s->b, at, e, "42883: there is no aggregate %s", m->name);
    return NULL;
}

/* ROW(name, value) */
static const struct expr *metric_row(struct expr_scope *s, const char *name,
                                     const struct expr *value, struct err *e) {
    const struct expr *pair[2] = {expr_text(s->b->arena, &type_text, text_of(name), e), NULL};
    pair[1] = pair[0] ? expr_cast(s->b->arena, value, &type_double, e) : NULL;
    return pair[1] ? bind_named(s, "row", (struct call_args){pair, 2}, 0, e) : NULL;
}

/* The scores of one row as rows of metric and value. */
static struct rel *metric_rows(struct binder *b, const struct rel *from, const struct expr *array,
                               struct err *e) {
    static const struct rel_col metric_cols[] = {{.name = {"metric", 6}, .type = &type_text},
                                                 {.name = {"value", 5}, .type = &type_double}};
    struct rel_col *list = ARENA_NEW(b->arena, list);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, 2);
    const struct expr **x = ARENA_NEW(b->arena, x);
    if (!list || !col || !x) {
        err_memory(e);
        return NULL;
    }
    x[0] = array;
    *list = (struct rel_col){.name = TEXT_LITERAL("metrics"), .type = array->type};
    memcpy(col, metric_cols, sizeof metric_cols);
    struct rel *r = bind_project(b, from, x, list, 1, e);
    struct plan *p = r ? bind_plan(b, PLAN_UNNEST, r->plan, e) : NULL;
    if (!p) return NULL;
    p->as.unnest = (struct plan_unnest){.spread = true};
    p->schema = bind_schema(b, col, 2, e);
    if (!p->schema) return NULL;
    *r = (struct rel){.plan = p, .cols = 2, .col = col, .bounded = from->bounded};
    return r;
}

struct rel *bind_ml_evaluate(struct binder *b, const struct ast_source *s, struct err *e) {
    struct ml_call c = {.b = b, .call = s->call, .evaluate = true};
    const struct metric *metrics;
    struct grouping by = {.keys = 0};
    const struct expr *row[METRICS_MAX] = {NULL}, *value[METRICS_MAX] = {NULL};
    uint32_t count = 0;
    if (!open_call(&c, e)) return NULL;
    struct rel *rows = score_rows(&c, &metrics, e);
    if (!rows) return NULL;
    struct expr_scope scope = {.b = b, .rel = rows, .clause = "FROM", .aggregates = &by.aggregates};
    for (; metrics[count].name; count++) {
        value[count] = score(&scope, &metrics[count], s->call->name.at, e);
        if (!value[count]) return NULL;
    }
    struct grouped g;
    if (!bind_grouped(b, rows, &by, &g, e)) return NULL;
    struct expr_scope above = {.b = b, .rel = g.rel, .clause = "FROM"};
    for (uint32_t i = 0; i < count; i++) {
        const struct expr *x = grouped_expr(b, &g, value[i], e);
        row[i] = x ? metric_row(&above, metrics[i].name, x, e) : NULL;
        if (!row[i]) return NULL;
    }
    const struct expr *array = bind_named(&above, "array", (struct call_args){row, count}, 0, e);
    return array ? metric_rows(b, g.rel, array, e) : NULL;
}
