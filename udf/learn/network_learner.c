/* A network as a learner: its parameters, the optimizer's moments, and the mean of the parameters
 * over the last mini-batches, which is what predictions use where 'average' asks for it.
 *
 * That mean is moved by 1 / min(mini-batches, 'average') of its difference to the parameters
 * (Polyak, Juditsky 1992, forgetting the past).
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/learn/learner.h"
#include "udf/learn/network.h"
#include "udf/learn/onnx_write.h"

struct network_own {
    struct network *net;
    struct crew crew;
    bool crew_runs;
    struct network_trainer *trainer;
    real *params, *first, *second;
    real *mean; /* params itself where no mean is asked for */
};

/* Also the packed weights of the version that it predicted with last. */
struct network_session {
    struct network_values values;
    real *packed, *y;
    uint64_t version;
    bool any;
};

static size_t network_params_bytes(const struct learn *m) {
    return ((struct network_own *)m->own)->net->parameters * sizeof(real);
}

/* The loss follows from the last layer unless given; cross-entropy wants probabilities. */
static bool choose_loss(struct learn *m, const struct network *n, struct err *e) {
    const struct layer *last = &n->layer[n->layers - 1];
    bool soft = strcmp(last->type->word, "softmax") == 0;
    bool sure = strcmp(last->type->word, "sigmoid") == 0 && n->out_size == 1;
    bool classes = (soft && n->out_size > 1) || sure;
    enum loss_kind kind = classes ? LOSS_CROSS_ENTROPY : LOSS_SQUARED;
    if (m->options.loss_given) kind = m->options.loss;
    if (kind == LOSS_CROSS_ENTROPY && !classes) {
        return err_set(e, ERR_SQL, "22023",
                       "cross-entropy is of probabilities: the last layer must "
                       "be softmax or, of one number, sigmoid, not '%.*s'",
                       (int)(last->written.bytes < 60 ? last->written.bytes : 60),
                       last->written.at);
    }
    if (!classes && m->options.classes.at) {
        return err_set(e, ERR_SQL, "22023",
                       "'classes' has no effect: the last layer is neither "
                       "softmax nor, of one number, sigmoid");
    }
    if (!last->out.flat) {
        return err_set(e, ERR_SQL, "22023",
                       "the network gives an image; its last layers should be "
                       "flatten and dense");
    }
    m->options.loss = kind;
    m->loss = (struct loss){.kind = kind, .outputs = n->out_size, .classes = classes};
    return true;
}

static bool network_open(struct learn *m, struct err *e) {
    const struct network_words words = {.layers = m->options.layers, .in = m->input.shape};
    struct network_own *own = ARENA_NEW(&m->arena, own);
    if (!own) return err_memory(e);
    struct network *n = own->net = network_create(&words, &m->arena, e);
    if (!n || !choose_loss(m, n, e)) return false;
    own->params = ARENA_ARRAY(&m->arena, own->params, n->parameters);
    own->mean = own->params;
    if (m->options.average > 1) own->mean = ARENA_ARRAY(&m->arena, own->mean, n->parameters);
    if (!own->params || !own->mean) return err_memory(e);
    network_init(n, m->options.seed, own->params);
    if (own->mean != own->params) {
        memcpy(own->mean, own->params, n->parameters * sizeof *own->mean);
    }
    uint32_t features = shape_size(n->layer[n->features].in);
    m->features = m->loss.classes && features <= 4096 ? features : 0;
    m->own = own;
    return true;
}

/* What training remembers; it stays while the model does. */
static bool training_memory(struct learn *m, struct err *e) {
    struct network_own *own = m->own;
    const struct network *n = own->net;
    struct arena *a = &m->training_arena;
    bool second = m->options.optimizer != OPTIMIZER_SGD;
    if (own->trainer) return true;
    own->first = ARENA_ARRAY(a, own->first, n->parameters);
    own->second = second ? ARENA_ARRAY(a, own->second, n->parameters) : NULL;
    if (!own->first || (second && !own->second)) return err_memory(e);
    own->trainer = network_trainer_create(n, &m->loss, m->options.batch, &own->crew, a, e);
    return own->trainer != NULL;
}

static bool network_train_open(struct learn *m, struct err *e) {
    struct network_own *own = m->own;
    assert(!own->crew_runs);
    if (!training_memory(m, e)) return false;
    own->crew_runs = crew_open(&own->crew, m->options.threads, e);
    return own->crew_runs;
}

static void network_train_close(struct learn *m) {
    struct network_own *own = m->own;
    if (own && own->crew_runs) crew_close(&own->crew);
    if (own) own->crew_runs = false;
}

/* Of one layer: weights, which L2 decays, or biases. */
static void update_part(const struct learn *m, struct update u, size_t from, size_t count) {
    const struct network_own *own = m->own;
    const struct learn_kernels *k = own->net->kernels;
    u.param += from;
    u.grad += from;
    u.first += from;
    if (u.second) u.second += from;
    u.count = count;
    switch (m->options.optimizer) {
    case OPTIMIZER_SGD: k->sgd(&u); return;
    case OPTIMIZER_ADAM: k->adam(&u); return;
    case OPTIMIZER_ADAGRAD: k->adagrad(&u); return;
    }
}

static void update(struct learn *m, const real *grad, double rate) {
    struct network_own *own = m->own;
    const struct network *n = own->net;
    double steps = (double)(m->steps + 1), squares = 0;
    struct update u = {.param = own->params,
                       .grad = grad,
                       .first = own->first,
                       .second = own->second,
                       .rate = (real)rate,
                       .momentum = (real)m->options.momentum,
                       .scale = 1,
                       .beta1 = (real)0.9,
                       .beta2 = (real)0.999,
                       .bias1 = (real)(1 / (1 - pow(0.9, steps))),
                       .bias2 = (real)(1 / (1 - pow(0.999, steps)))};
    if (m->options.clip > 0) squares = n->kernels->squares(n->parameters, grad);
    if (sqrt(squares) > m->options.clip) u.scale = (real)(m->options.clip / sqrt(squares));
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        u.decay = (real)m->options.l2;
        update_part(m, u, l->param_at, l->weights);
        u.decay = 0;
        update_part(m, u, l->param_at + l->weights, l->biases);
    }
    real part = (real)(1 / fmin(steps, m->options.average));
    for (size_t i = 0; i < n->parameters && own->mean != own->params; i++) {
        own->mean[i] += part * (own->params[i] - own->mean[i]);
    }
}

static bool network_step(struct learn *m, const struct learn_batch *b, struct loss_score *score,
                         struct err *e) {
    (void)e;
    struct network_own *own = m->own;
    const struct network_batch batch = {.rows = {.at = b->row,
                                                 .row_bytes = m->input.row_bytes,
                                                 .pixels = m->input.kind == INPUT_PIXELS,
                                                 .rows = b->rows},
                                        .target = b->target,
                                        .noise = b->noise};
    update(m, network_gradient(own->trainer, &batch, own->params, score), b->rate);
    return true;
}

static void network_copy(const struct learn *m, void *params) {
    const struct network_own *own = m->own;
    memcpy(params, own->mean, own->net->parameters * sizeof *own->mean);
}

static void *network_session(const struct learn *m, struct arena *a, struct err *e) {
    const struct network *n = ((struct network_own *)m->own)->net;
    struct network_session *s = ARENA_NEW(a, s);
    if (!s || !network_values(n, n->tile_rows, false, a, &s->values, e)) {
        err_memory(e);
        return NULL;
    }
    s->packed = ARENA_ARRAY(a, s->packed, n->packed_size);
    s->y = ARENA_ARRAY(a, s->y, (size_t)n->tile_rows * n->out_size);
    if (s->packed && s->y) return s;
    err_memory(e);
    return NULL;
}

static bool network_answer(const struct learn *m, void *session, const struct learn_ask *ask,
                           struct err *e) {
    (void)e;
    const struct network *n = ((struct network_own *)m->own)->net;
    struct network_session *s = session;
    if (!s->any || s->version != ask->version->number) {
        network_pack(n, ask->version->params, s->packed);
    }
    s->any = true;
    s->version = ask->version->number;
    const struct network_use use = {
        .param = ask->version->params, .packed = s->packed, .values = &s->values, .y = s->y};
    for (uint32_t first = 0, rows; first < ask->rows; first += rows) {
        rows = ask->rows - first < n->tile_rows ? ask->rows - first : n->tile_rows;
        const struct network_rows given = {.at = ask->row + first * m->input.row_bytes,
                                           .row_bytes = m->input.row_bytes,
                                           .pixels = m->input.kind == INPUT_PIXELS,
                                           .rows = rows};
        struct network_use here = use;
        if (m->features > 0) here.features = ask->features + (size_t)first * m->features;
        network_predict(n, &here, &given);
        double *y = ask->y + (size_t)first * n->out_size;
        for (uint32_t i = 0; i < rows * n->out_size; i++) y[i] = (double)s->y[i];
    }
    return true;
}

static void network_describe(const struct learn *m, struct arena *a, struct model_fact *fact,
                             uint32_t *facts) {
    const struct network *n = ((struct network_own *)m->own)->net;
    struct buf out;
    buf_init(&out);
    learn_fact(a, fact, facts, "parameters", "%zu", n->parameters);
    learn_fact(a, fact, facts, "FLOPs a row", "%llu", (unsigned long long)network_flops(n));
    for (uint32_t place = 1; place <= n->layers; place++) {
        const struct layer *l = n->layer;
        while (l->place != place) l++;
        buf_reset(&out);
        buf_addf(&out, "%.*s: ", TEXT_ARG(l->written));
        shape_print(&out, l->out);
        size_t numbers = l->weights + l->biases + l->state;
        if (numbers > 0) buf_addf(&out, ", %zu parameters", numbers);
        if (!out.failed) learn_fact(a, fact, facts, "layer", "%s", out.at);
    }
    buf_done(&out);
}

/* Layers in the order written; what lies flat between flatten and dense is an image turned. */
static bool network_export(const struct learn *m, const struct version *v, struct buf *graph,
                           struct err *e) {
    (void)e;
    const struct network *n = ((struct network_own *)m->own)->net;
    struct shape unrolled = {.flat = true, .h = 1, .w = 1, .c = n->in_size};
    char in[24] = "input", out[24];
    for (uint32_t place = 1; place <= n->layers; place++) {
        const struct layer *l = n->layer;
        while (l->place != place) l++;
        struct buf name;
        buf_init(&name);
        buf_addf(&name, "values%u", place);
        bool last = place == n->layers;
        memcpy(out, last ? "scores" : name.failed ? "" : name.at, last ? 7 : name.bytes + 1);
        graph->failed = graph->failed || name.failed;
        buf_done(&name);
        const struct layer_export x = {.graph = graph,
                                       .param = (const real *)v->params + l->param_at,
                                       .in = text_of(in),
                                       .out = text_of(out),
                                       .unrolled = unrolled};
        l->type->export_onnx(l, &x);
        if (!l->in.flat && l->out.flat) unrolled = l->in;
        if (l->weights > 0) unrolled = (struct shape){.flat = true, .h = 1, .w = 1, .c = l->out.c};
        memcpy(in, out, sizeof in);
    }
    return true;
}

static void network_save(const struct learn *m, struct buf *out) {
    const struct network_own *own = m->own;
    size_t bytes = own->net->parameters * sizeof(real);
    uint8_t moments = own->trainer != NULL;
    buf_add(out, own->params, bytes);
    if (own->mean != own->params) buf_add(out, own->mean, bytes);
    buf_add(out, &moments, 1);
    if (moments) buf_add(out, own->first, bytes);
    if (moments && own->second) buf_add(out, own->second, bytes);
}

static bool network_restore(struct learn *m, struct text *from, struct err *e) {
    struct network_own *own = m->own;
    size_t bytes = own->net->parameters * sizeof(real);
    uint8_t moments;
    if (!load_bytes(from, own->params, bytes)) return false;
    if (own->mean != own->params && !load_bytes(from, own->mean, bytes)) return false;
    if (!load_bytes(from, &moments, 1) || moments > 1) return false;
    if (!moments) return true;
    if (!training_memory(m, e)) return false; /* the training may be open, or not */
    return load_bytes(from, own->first, bytes) &&
           (!own->second || load_bytes(from, own->second, bytes));
}

const struct learner learner_network = {
    .kind = LEARN_NETWORK,
    .params_bytes = network_params_bytes,
    .create = network_open,
    .destroy = network_train_close,
    .train_open = network_train_open,
    .train_close = network_train_close,
    .step = network_step,
    .copy = network_copy,
    .session = network_session,
    .predict = network_answer,
    .describe = network_describe,
    .export_onnx = network_export,
    .save = network_save,
    .load = network_restore,
};
