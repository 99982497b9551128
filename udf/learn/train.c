/* Training: rows are read a block at a time, checked, held back (stage.h), learnt a mini-batch at a
 * time and published. Everything is done row by row in their order, so where the rows were cut into
 * batches shows nowhere.
 *
 * A row is tested before it is learnt from: the score of its mini-batch is that of the parameters
 * before that mini-batch (for a network in training, with dropout). A version holds for the rows
 * behind the one whose arrival completed its mini-batch; what the end of an epoch makes holds for
 * no row of the source, for all have come.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/base/decimal.h"
#include "udf/learn/learner.h"
#include "udf/learn/noise.h"

enum { BLOCK = 64, NOISE_OF_SHUFFLE = 1000001, NOISE_OF_BATCHES = 1000002 };

struct model_trainer {
    struct learn *model;
    struct model_listener listener;
    struct arena arena; /* holds this, row and target */
    struct arena block_arena;
    char *row;       /* [BLOCK][row_bytes] */
    double *target;  /* [targets] */
    bool wanted;     /* somebody predicts over the same source: every version counts */
    bool dirty;      /* something was published that has no version yet */
    uint64_t after;  /* the ordinal behind the row that came last */
    struct buf made; /* of struct version *, of this call */
};

/* 42804 about a column of what is inserted. */
static bool misfit(const struct schema *rows, uint32_t i, const char *why, struct err *e) {
    struct buf type;
    buf_init(&type);
    type_print(&type, rows->col[i].type);
    struct text name = rows->col[i].name;
    err_set(e, ERR_SQL, "42804", "column %u, '%.*s' of type %.60s, %s", i + 1,
            (int)(name.bytes < 60 ? name.bytes : 60), name.at, type.failed ? "?" : type.at, why);
    buf_done(&type);
    return false;
}

static bool input_fits(const struct type *given, const struct type *wanted) {
    if (wanted->id == TYPE_IMAGE) return given->id == TYPE_IMAGE;
    if (wanted->id == TYPE_TENSOR) return given->id == TYPE_TENSOR && given->dims == wanted->dims;
    return type_is_number(given);
}

static bool target_fits(const struct learn *m, const struct type *t) {
    if (!m->loss.classes) {
        bool vector = t->id == TYPE_TENSOR && t->dims == 1;
        return m->out[0].kind == OUTPUT_VECTOR ? vector : type_is_number(t);
    }
    if (!classes_type(t)) return false;
    for (uint32_t i = 0; i < m->model.output.cols; i++) {
        enum type_id label = m->model.output.col[i].type->id;
        if (m->out[i].kind != OUTPUT_LABEL || label == TYPE_TEXT) continue;
        if (label == TYPE_BIGINT && t->id != TYPE_BIGINT && t->id != TYPE_DOUBLE) return false;
        if (label == TYPE_BOOLEAN && t->id != TYPE_BOOLEAN && !learn_is_binary(m)) return false;
    }
    return true;
}

/* Columns behind the inputs. */
static uint32_t target_columns(const struct learn *m) {
    return m->loss.classes || m->out[0].kind == OUTPUT_VECTOR ? 1 : m->loss.outputs;
}

bool learn_train_check(const struct model *model, const struct schema *rows, struct err *e) {
    const struct learn *m = (const struct learn *)model;
    uint32_t inputs = model->input.cols, targets = target_columns(m);
    if (rows->cols != inputs + targets) {
        return err_set(e, ERR_SQL, "42804",
                       "the model learns from %u columns: %u input%s, then %u "
                       "target%s; there are %u",
                       inputs + targets, inputs, inputs == 1 ? "" : "s", targets,
                       targets == 1 ? "" : "s", rows->cols);
    }
    for (uint32_t i = 0; i < inputs; i++) {
        if (!input_fits(rows->col[i].type, model->input.col[i].type)) {
            return misfit(rows, i, "is not what the model's input takes", e);
        }
    }
    for (uint32_t i = inputs; i < rows->cols; i++) {
        if (!target_fits(m, rows->col[i].type)) {
            return misfit(rows, i, "is not what the model can learn as a target", e);
        }
    }
    return true;
}

bool learn_training_ready(struct learn *m, struct err *e) {
    const struct learn_options *o = &m->options;
    uint32_t targets = m->options.kind == LEARN_KNN ? 1 : loss_targets(&m->loss);
    uint64_t held = o->shuffle_bytes / (m->input.row_bytes + targets * sizeof(double));
    if (m->ready) return true;
    m->stage = (struct stage){.row_bytes = m->input.row_bytes,
                              .targets = targets,
                              .room = held < o->shuffle ? (uint32_t)held : o->shuffle,
                              .batch = o->batch,
                              .random = noise_key(o->seed, NOISE_OF_SHUFFLE)};
    return m->ready = stage_open(&m->stage, &m->training_arena, e);
}

static bool trainer_open(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    t->row = arena_alloc(&t->arena, BLOCK * m->input.row_bytes);
    t->target = ARENA_ARRAY(&t->arena, t->target, m->loss.outputs);
    if (!t->row || !t->target) return err_memory(e);
    return learn_training_ready(m, e) && m->learner->train_open(m, e);
}

struct model_trainer *learn_train_open(struct model *model, const void *source,
                                       const struct model_listener *l, struct err *e) {
    struct learn *m = (struct learn *)model;
    struct arena a;
    if (m->trains) {
        err_set(e, ERR_SQL, "55006", "the model is being trained already");
        err_hint(e, "One INSERT INTO MODEL at a time; UNION ALL joins its inputs.");
        return NULL;
    }
    arena_init(&a, 0);
    struct model_trainer *t = ARENA_NEW(&a, t);
    if (!t) {
        arena_done(&a);
        err_memory(e);
        return NULL;
    }
    *t = (struct model_trainer){.model = m, .listener = *l, .arena = a};
    arena_init(&t->block_arena, 0);
    buf_init(&t->made);
    m->trains = true;
    if (trainer_open(t, e)) {
        versions_train(m->versions, source);
        return t;
    }
    learn_train_close(t);
    return NULL;
}

void learn_train_close(struct model_trainer *t) {
    if (!t) return;
    struct learn *m = t->model;
    if (m->learner->train_close) m->learner->train_close(m);
    m->trains = false; /* readers of the source that hold rows still ask by them */
    arena_done(&t->block_arena);
    buf_done(&t->made);
    struct arena own = t->arena;
    arena_done(&own);
}

static bool make_version(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    if (!buf_reserve(&t->made, sizeof(struct version *))) return err_memory(e);
    struct version *v = versions_new(m->versions, e);
    if (!v) return false;
    m->learner->copy(m, v->params);
    v->number = m->version;
    v->after = t->after;
    v->rows = m->rows;
    v->classes = m->classes.count;
    buf_add(&t->made, &v, sizeof v);
    t->dirty = false;
    return true;
}

static double learning_rate(const struct learn *m) {
    const struct learn_options *o = &m->options;
    if (o->kind == LEARN_KNN) return 0;
    return o->rate / (1 + o->rate_decay * (double)m->steps);
}

/* The next version, and its row for whoever listens. */
static bool publish(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    const struct loss_score *s = &m->since;
    double rows = (double)s->rows;
    const struct model_progress p = {.version = ++m->version,
                                     .rows = m->rows,
                                     .loss = s->loss / rows,
                                     .accuracy = m->loss.classes ? (double)s->correct / rows : NAN,
                                     .learning_rate = learning_rate(m)};
    m->since = (struct loss_score){0};
    m->since_rows = 0;
    t->dirty = true;
    if (t->wanted && !make_version(t, e)) return false;
    return t->listener.progress(t->listener.context, &p, e);
}

/* The mini-batch, whole or the last of an epoch. */
static bool learn_batch(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    struct stage *s = &m->stage;
    struct loss_score score = {0};
    const struct learn_batch b = {
        .row = s->batch_row,
        .target = s->batch_target,
        .rows = s->filled,
        .noise = noise_key(noise_key(m->options.seed, NOISE_OF_BATCHES), m->steps),
        .rate = learning_rate(m)};
    if (!m->learner->step(m, &b, &score, e)) return false;
    if (!isfinite(score.loss)) {
        err_set(e, ERR_LIMIT, "22003",
                "training has diverged: the loss is no finite number after "
                "%llu rows",
                (unsigned long long)m->rows);
        return err_hint(e, "A smaller 'learning-rate', 'clip', or inputs of about -1 to 1 help.");
    }
    m->steps++;
    m->rows += s->filled;
    m->since_rows += s->filled;
    m->since.loss += score.loss;
    m->since.rows += score.rows;
    m->since.correct += score.correct;
    s->filled = 0;
    return m->since_rows < m->options.publish_rows || publish(t, e);
}

/* What is made in one call is seen by others at its end, also when it fails half-way. */
static bool settle(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    if (t->dirty && !make_version(t, e)) return false;
    uint32_t made = (uint32_t)(t->made.bytes / sizeof(struct version *));
    if (made == 0) return true;
    bool seen = versions_publish(m->versions, (struct version **)(void *)t->made.at, made, e);
    buf_reset(&t->made);
    return seen;
}

/* One of two, by number or truth: 1 and true are the second class; 0, -1 and false the first. */
static const char *binary_target(struct learn *m, const struct column *c, uint32_t row,
                                 double *out) {
    bool truth = c->type->id == TYPE_BOOLEAN;
    double v = truth                        ? c->as.b8[row]
               : c->type->id == TYPE_BIGINT ? (double)c->as.i64[row]
                                            : c->as.f64[row];
    uint32_t class;
    if (v != 0 && v != 1 && v != -1) {
        return "a target of two classes must be 0 or 1, -1 or 1, true or false, or a TEXT";
    }
    if (m->classes.count < 2) {
        const struct text names[2] = {text_of(truth ? "false" : "0"),
                                      text_of(truth ? "true" : "1")};
        for (uint32_t i = 0; i < 2; i++) {
            if (classes_add(&m->classes, names[i], &class) != CLASS_IS) {
                return "a target is of another type than those before it";
            }
        }
    }
    *out = v > 0;
    return NULL;
}

static const char *class_target(struct learn *m, const struct column *c, uint32_t row,
                                double *out) {
    uint32_t class = 0;
    if (learn_is_binary(m) && !m->classes.given && c->type->id != TYPE_TEXT) {
        return binary_target(m, c, row, out);
    }
    switch (classes_of(&m->classes, c, row, &class)) {
    case CLASS_IS: *out = class; return NULL;
    case CLASS_TOO_LONG: return "a target is longer than 4096 bytes";
    case CLASS_NO_MEMORY: return "out of memory for the name of a class";
    case CLASS_TOO_MANY: break;
    }
    return m->classes.given ? "a target is not among the model's 'classes'"
                            : "a target is a class more than the model has outputs for";
}

static double as_number(const struct column *c, uint32_t row) {
    enum rep rep = type_rep(c->type);
    if (rep == REP_F64) return c->as.f64[row];
    if (rep == REP_I64) return (double)c->as.i64[row];
    if (rep == REP_B8) return c->as.b8[row];
    return decimal_to_f64((struct decimal){c->as.i128[row], c->type->scale});
}

static const char *number_targets(const struct learn *m, const struct column *c, uint32_t row,
                                  double *out) {
    const uint32_t n = m->loss.outputs;
    bool vector = c[0].type->id == TYPE_TENSOR;
    if (vector && c[0].as.tensor[row].dim[0] != n) {
        return "a target is a VECTOR of another size than the model gives";
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i] = vector ? (double)c[0].as.tensor[row].at[i] : as_number(&c[i], row);
        if (!isfinite(out[i])) return "a target is not a finite number";
    }
    return NULL;
}

/* NULL: the row was taken; else why it is bad. */
static const char *take_row(struct model_trainer *t, const struct model_rows *rows, uint32_t row,
                            const char *numbers) {
    struct learn *m = t->model;
    const struct column *target = rows->arg + m->model.input.cols;
    const char *why = m->loss.classes ? class_target(m, target, row, t->target)
                                      : number_targets(m, target, row, t->target);
    if (!why) stage_add(&m->stage, numbers, t->target);
    return why;
}

static bool train_block(struct model_trainer *t, const struct model_rows *rows, uint32_t first,
                        uint32_t count, struct err *e) {
    struct learn *m = t->model;
    const char *reason[BLOCK], *sqlstate[BLOCK];
    const struct input_rows in = {.arg = rows->arg,
                                  .row = rows->row + first,
                                  .rows = count,
                                  .to = t->row,
                                  .reason = reason,
                                  .sqlstate = sqlstate};
    arena_reset(&t->block_arena);
    if (!learn_input_read(&m->input, &in, &t->block_arena, e)) return false;
    for (uint32_t i = 0; i < count; i++) {
        t->after = rows->ordinal[first + i] + 1;
        if (!reason[i]) {
            reason[i] = take_row(t, rows, in.row[i], t->row + i * m->input.row_bytes);
            sqlstate[i] = "22023";
        }
        if (reason[i] &&
            !t->listener.bad(t->listener.context, first + i, sqlstate[i], reason[i], e)) {
            return false;
        }
        if (stage_full(&m->stage) && !learn_batch(t, e)) return false;
    }
    return true;
}

bool learn_train(struct model_trainer *t, const struct model_rows *rows, struct err *e) {
    struct err lost;
    t->wanted = versions_wanted(t->model->versions);
    for (uint32_t first = 0, count; first < rows->rows; first += count) {
        count = rows->rows - first < BLOCK ? rows->rows - first : BLOCK;
        if (train_block(t, rows, first, count, e)) continue;
        bool settled = settle(t, &lost);
        (void)settled; /* the first error is the one to tell */
        return false;
    }
    return settle(t, e);
}

static bool drain(struct model_trainer *t, struct err *e) {
    struct learn *m = t->model;
    while (stage_drain(&m->stage)) {
        if (stage_full(&m->stage) && !learn_batch(t, e)) return false;
    }
    if (m->stage.filled > 0 && !learn_batch(t, e)) return false;
    return m->since_rows == 0 || publish(t, e);
}

bool learn_train_end(struct model_trainer *t, bool *again_out, struct err *e) {
    struct learn *m = t->model;
    t->wanted = versions_wanted(m->versions);
    t->after = UINT64_MAX; /* behind all rows of the source */
    if (!drain(t, e) || !settle(t, e)) return false;
    m->epoch++;
    *again_out = m->epoch < m->options.epochs;
    if (!*again_out) m->epoch = 0;
    return true;
}
