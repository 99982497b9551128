/* Linear, logistic and softmax models: sums of weighted inputs in doubles, then nothing, the
 * logistic function, or softmax.
 *
 * Softmax without 'classes' is over the classes seen so far; the outputs behind them are 0.
 *
 * Parameters: weights [outputs][inputs], biases [outputs]; they begin at 0. A mini-batch's gradient
 * is the mean of its rows'; a row alone, without momentum, L2 or clipping, is learnt where it lies.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/learn/learner.h"
#include "udf/learn/onnx_write.h"

enum { SOFTMAX_CLASSES = 100 };

struct linear {
    const struct learn_kernels *kernels;
    uint32_t inputs, outputs;
    size_t numbers; /* of params */
    double *params, *grad;
    double *first, *second; /* of the optimizer; NULL: it has none */
    double *y, *dy;         /* [outputs] of the row that is learnt */
};

static size_t linear_params_bytes(const struct learn *m) {
    return ((struct linear *)m->own)->numbers * sizeof(double);
}

static bool linear_open(struct learn *m, uint32_t outputs, struct err *e) {
    struct linear *l = ARENA_NEW(&m->arena, l);
    if (!l) return err_memory(e);
    uint64_t numbers = (uint64_t)outputs * (m->input.numbers + 1);
    if (numbers > LAYER_PARAMETERS_MAX) {
        return err_set(e, ERR_LIMIT, "54000", "a model of %u inputs and %u outputs is too large",
                       m->input.numbers, outputs);
    }
    *l = (struct linear){.kernels = learn_kernels_best(),
                         .inputs = m->input.numbers,
                         .outputs = outputs,
                         .numbers = numbers};
    const struct learn_options *o = &m->options;
    bool second = o->optimizer != OPTIMIZER_SGD;
    bool first = o->optimizer == OPTIMIZER_ADAM || (!second && o->momentum > 0);
    l->params = ARENA_ARRAY(&m->arena, l->params, numbers);
    l->grad = ARENA_ARRAY(&m->arena, l->grad, numbers);
    if (first) l->first = ARENA_ARRAY(&m->arena, l->first, numbers);
    if (second) l->second = ARENA_ARRAY(&m->arena, l->second, numbers);
    l->y = ARENA_ARRAY(&m->arena, l->y, 2 * (size_t)outputs);
    if (!l->params || !l->grad || !l->y || (first && !l->first) || (second && !l->second)) {
        return err_memory(e);
    }
    l->dy = l->y + outputs;
    m->own = l;
    m->loss = (struct loss){
        .kind = m->options.loss, .outputs = outputs, .classes = m->options.kind != LEARN_LINEAR};
    return true;
}

static bool linear_create(struct learn *m, struct err *e) {
    return linear_open(m, m->loss.outputs > 0 ? m->loss.outputs : 1, e);
}

static bool logistic_create(struct learn *m, struct err *e) {
    return linear_open(m, 1, e);
}

/* As many outputs as 'classes' has names; without it some are there for those that come. */
static bool softmax_create(struct learn *m, struct err *e) {
    uint32_t outputs = 1;
    for (uint32_t i = 0; i < m->options.classes.bytes; i++) {
        outputs += m->options.classes.at[i] == ',';
    }
    if (!m->options.classes.at) outputs = SOFTMAX_CLASSES;
    if (outputs < 2 || outputs > CLASSES_MAX) {
        return err_set(e, ERR_SQL, "22023", "a softmax model needs 2 to %d classes", CLASSES_MAX);
    }
    return linear_open(m, outputs, e);
}

static double logistic(double z) {
    return 1 / (1 + exp(-z));
}

static void soften(uint32_t n, double *y) {
    double top = y[0], sum = 0;
    for (uint32_t i = 1; i < n; i++) top = y[i] > top ? y[i] : top;
    for (uint32_t i = 0; i < n; i++) sum += y[i] = exp(y[i] - top);
    for (uint32_t i = 0; i < n; i++) y[i] /= sum;
}

/* Outputs that stand for something, `known` classes having been seen. */
static uint32_t live_outputs(const struct learn *m, uint32_t known) {
    return m->options.kind == LEARN_SOFTMAX ? known : m->loss.outputs;
}

static void linear_forward(const struct learn *m, const double *params, const double *x,
                           uint32_t known, double *y) {
    const struct linear *l = m->own;
    const double *bias = params + (size_t)l->outputs * l->inputs;
    uint32_t live = live_outputs(m, known);
    for (uint32_t u = 0; u < live; u++) {
        y[u] = bias[u] + l->kernels->dot64(l->inputs, params + (size_t)u * l->inputs, x);
    }
    for (uint32_t u = live; u < l->outputs; u++) y[u] = 0;
    if (m->options.kind == LEARN_LOGISTIC) y[0] = logistic(y[0]);
    if (m->options.kind == LEARN_SOFTMAX && live > 0) soften(live, y);
}

static double surprise(double p) {
    return -log(p < 1e-300 ? 1e-300 : p); /* of what is no number: no number */
}

/* Squared error goes back through the logistic function or softmax; cross-entropy has. */
static double squared_back(const struct learn *m, struct linear *l, const double *target) {
    double sum = 0, share = 1.0 / l->outputs, along = 0;
    for (uint32_t i = 0; i < l->outputs; i++) {
        double want = !m->loss.classes  ? target[i]
                      : l->outputs == 1 ? target[0]
                                        : (double)(i == (uint32_t)target[0]);
        double off = l->y[i] - want;
        sum += off * off * share;
        l->dy[i] = 2 * off * share;
        along += l->dy[i] * l->y[i];
    }
    if (m->options.kind == LEARN_LOGISTIC) l->dy[0] *= l->y[0] * (1 - l->y[0]);
    for (uint32_t i = 0; i < l->outputs && m->options.kind == LEARN_SOFTMAX; i++) {
        l->dy[i] = l->y[i] * (l->dy[i] - along);
    }
    return sum;
}

/* The loss of a row, and the gradient before the last function in dy. */
static double loss_back(const struct learn *m, struct linear *l, const double *target) {
    if (m->loss.kind == LOSS_SQUARED) return squared_back(m, l, target);
    if (l->outputs == 1) {
        l->dy[0] = l->y[0] - target[0];
        return surprise(target[0] > 0 ? l->y[0] : 1 - l->y[0]);
    }
    uint32_t class = (uint32_t)target[0];
    memcpy(l->dy, l->y, l->outputs * sizeof *l->dy);
    l->dy[class] -= 1;
    return surprise(l->y[class]);
}

static uint32_t best(const struct linear *l) {
    uint32_t found = 0;
    if (l->outputs == 1) return l->y[0] >= 0.5;
    for (uint32_t i = 1; i < l->outputs; i++) found = l->y[i] > l->y[found] ? i : found;
    return found;
}

/* to += scale * (the gradient of the row): weights and biases. */
static void add_row(const struct linear *l, const double *x, double scale, double *to) {
    double *bias = to + (size_t)l->outputs * l->inputs;
    for (uint32_t u = 0; u < l->outputs; u++) {
        double by = scale * l->dy[u];
        l->kernels->add64(l->inputs, by, x, to + (size_t)u * l->inputs);
        bias[u] += by;
    }
}

static void update(struct learn *m, struct linear *l, double rate) {
    const struct learn_options *o = &m->options;
    size_t weights = (size_t)l->outputs * l->inputs;
    double squares = 0, scale = 1, steps = (double)(m->steps + 1);
    for (size_t i = 0; i < l->numbers && o->clip > 0; i++) squares += l->grad[i] * l->grad[i];
    if (o->clip > 0 && sqrt(squares) > o->clip) scale = o->clip / sqrt(squares);
    const double bias1 = 1 / (1 - pow(0.9, steps)), bias2 = 1 / (1 - pow(0.999, steps));
    for (size_t i = 0; i < l->numbers; i++) {
        double g = l->grad[i] * scale + (i < weights ? o->l2 * l->params[i] : 0), by = g;
        if (o->optimizer == OPTIMIZER_ADAM) {
            l->first[i] = 0.9 * l->first[i] + 0.1 * g;
            l->second[i] = 0.999 * l->second[i] + 0.001 * g * g;
            by = l->first[i] * bias1 / (sqrt(l->second[i] * bias2) + 1e-8);
        } else if (o->optimizer == OPTIMIZER_ADAGRAD) {
            l->second[i] += g * g;
            by = g / (sqrt(l->second[i]) + 1e-10);
        } else if (l->first) {
            by = l->first[i] = o->momentum * l->first[i] + g;
        }
        l->params[i] -= rate * by;
    }
}

static bool linear_step(struct learn *m, const struct learn_batch *b, struct loss_score *score,
                        struct err *e) {
    (void)e;
    struct linear *l = m->own;
    const struct learn_options *o = &m->options;
    bool in_place =
        b->rows == 1 && o->optimizer == OPTIMIZER_SGD && !l->first && o->l2 == 0 && o->clip == 0;
    uint32_t targets = loss_targets(&m->loss);
    if (!in_place) memset(l->grad, 0, l->numbers * sizeof *l->grad);
    for (uint32_t row = 0; row < b->rows; row++) {
        const double *x = (const double *)(const void *)(b->row + row * m->input.row_bytes);
        const double *target = b->target + (size_t)row * targets;
        linear_forward(m, l->params, x, m->classes.count, l->y);
        score->loss += loss_back(m, l, target);
        score->rows++;
        if (m->loss.classes) score->correct += best(l) == (uint32_t)target[0];
        if (in_place) {
            add_row(l, x, -b->rate, l->params);
        } else {
            add_row(l, x, 1.0 / b->rows, l->grad);
        }
    }
    if (!in_place) update(m, l, b->rate);
    return true;
}

static void linear_copy(const struct learn *m, void *params) {
    const struct linear *l = m->own;
    memcpy(params, l->params, l->numbers * sizeof *l->params);
}

static bool linear_train_open(struct learn *m, struct err *e) {
    (void)m;
    (void)e;
    return true;
}

static void *linear_session(const struct learn *m, struct arena *a, struct err *e) {
    (void)e;
    (void)a;
    return m->own; /* it needs none */
}

static bool linear_predict(const struct learn *m, void *session, const struct learn_ask *ask,
                           struct err *e) {
    (void)session;
    (void)e;
    for (uint32_t row = 0; row < ask->rows; row++) {
        const double *x = (const double *)(const void *)(ask->row + row * m->input.row_bytes);
        linear_forward(m, ask->version->params, x, ask->version->classes,
                       ask->y + (size_t)row * m->loss.outputs);
    }
    return true;
}

static void linear_describe(const struct learn *m, struct arena *a, struct model_fact *fact,
                            uint32_t *facts) {
    const struct linear *l = m->own;
    learn_fact(a, fact, facts, "parameters", "%zu", l->numbers);
    learn_fact(a, fact, facts, "FLOPs a row", "%llu", 2ULL * l->outputs * l->inputs);
}

static bool linear_export(const struct learn *m, const struct version *v, struct buf *graph,
                          struct err *e) {
    const struct linear *l = m->own;
    const double *p = v->params;
    uint32_t live = live_outputs(m, v->classes);
    struct onnx_tensor weight = {.layer = 1, .name = "weight", .dim = {live, l->inputs}, .rank = 2};
    struct onnx_tensor bias = {.layer = 1, .name = "bias", .dim = {live}, .rank = 1};
    if (live == 0) return err_set(e, ERR_SQL, "55000", "the model has not seen a class yet");
    const struct onnx_attribute transposed = onnx_int("transB", 1), axis = onnx_int("axis", 1);
    bool bare = m->options.kind == LEARN_LINEAR;
    for (size_t i = 0; i < (size_t)live * l->inputs; i++) {
        onnx_tensor_add(&weight, (float)p[i]);
    }
    for (size_t i = 0; i < live; i++) {
        onnx_tensor_add(&bias, (float)p[(size_t)l->outputs * l->inputs + i]);
    }
    onnx_tensor_end(graph, &weight);
    onnx_tensor_end(graph, &bias);
    onnx_node(graph,
              &(struct onnx_node){.op = "Gemm",
                                  .layer = 1,
                                  .in = TEXT_LITERAL("input"),
                                  .out = bare ? TEXT_LITERAL("scores") : TEXT_LITERAL("sums"),
                                  .tensors = "weight bias",
                                  .attribute = &transposed,
                                  .attributes = 1});
    if (bare) return true;
    bool soft = m->options.kind == LEARN_SOFTMAX;
    onnx_node(graph, &(struct onnx_node){.op = soft ? "Softmax" : "Sigmoid",
                                         .layer = 2,
                                         .in = TEXT_LITERAL("sums"),
                                         .out = TEXT_LITERAL("scores"),
                                         .attribute = &axis,
                                         .attributes = soft});
    return true;
}

static void linear_save(const struct learn *m, struct buf *out) {
    const struct linear *l = m->own;
    buf_add(out, l->params, l->numbers * sizeof *l->params);
    if (l->first) buf_add(out, l->first, l->numbers * sizeof *l->first);
    if (l->second) buf_add(out, l->second, l->numbers * sizeof *l->second);
}

static bool linear_load(struct learn *m, struct text *from, struct err *e) {
    (void)e;
    struct linear *l = m->own;
    return load_bytes(from, l->params, l->numbers * sizeof *l->params) &&
           (!l->first || load_bytes(from, l->first, l->numbers * sizeof *l->first)) &&
           (!l->second || load_bytes(from, l->second, l->numbers * sizeof *l->second));
}

#define X(ID, name)                                                                                \
    const struct learner learner_##name = {                                                        \
        .kind = LEARN_##ID,                                                                        \
        .params_bytes = linear_params_bytes,                                                       \
        .create = name##_create,                                                                   \
        .train_open = linear_train_open,                                                           \
        .step = linear_step,                                                                       \
        .copy = linear_copy,                                                                       \
        .session = linear_session,                                                                 \
        .predict = linear_predict,                                                                 \
        .describe = linear_describe,                                                               \
        .export_onnx = linear_export,                                                              \
        .save = linear_save,                                                                       \
        .load = linear_load,                                                                       \
    };
X(LINEAR, linear)
X(LOGISTIC, logistic)
X(SOFTMAX, softmax)
#undef X
