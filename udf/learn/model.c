/* The provider 'train': its slots, and what becomes of a definition. */
#include "udf/learn/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "udf/learn/learner.h"

enum { FACT_BYTES = 256 };

static const struct learner *const learners[LEARN_COUNT] = {
    [LEARN_LINEAR] = &learner_linear,   [LEARN_LOGISTIC] = &learner_logistic,
    [LEARN_SOFTMAX] = &learner_softmax, [LEARN_KNN] = &learner_knn,
    [LEARN_NETWORK] = &learner_network,
};

static void model_destroy(struct model *model) {
    struct learn *m = (struct learn *)model;
    if (!m) return;
    assert(!m->trains);
    if (m->learner && m->learner->destroy) m->learner->destroy(m);
    if (m->versions) versions_close(m->versions);
    arena_done(&m->training_arena);
    struct arena own = m->arena; /* it holds m itself */
    arena_done(&own);
}

/* Texts of the definition live on. */
static bool keep_options(struct learn *m, const struct options *given, struct err *e) {
    struct learn_options *o = &m->options;
    if (!learn_options_read(given, o, e)) return false;
    struct text *const text[] = {&o->classes, &o->layers};
    for (uint32_t i = 0; i < COUNT_OF(text); i++) {
        if (!text[i]->at) continue;
        text[i]->at = arena_copy(&m->arena, text[i]->at, text[i]->bytes);
        if (!text[i]->at) return err_memory(e);
    }
    return true;
}

static bool open_input(struct learn *m, const struct model_definition *d,
                       const struct model_env *env, struct err *e) {
    bool network = m->options.kind == LEARN_NETWORK, knn = m->options.kind == LEARN_KNN;
    if (!d->input || d->input->cols == 0) {
        err_set(e, ERR_SQL, "22023", "a model of provider 'train' needs INPUT (...)");
        return err_hint(e, "Say what it learns from: INPUT (amount DOUBLE, hour DOUBLE).");
    }
    struct schema *input = schema_copy(&m->arena, d->input);
    if (!input) return err_memory(e);
    m->model.input = *input;
    const struct input_words words = {.schema = &m->model.input,
                                      .kind = network || knn ? INPUT_F32 : INPUT_F64,
                                      .images = network,
                                      .shape_given = m->options.shape_given,
                                      .shape = m->options.shape,
                                      .pixels_max = env->image_pixels_max};
    return learn_input_open(&words, &m->input, e);
}

static bool open_classes(struct learn *m, struct err *e) {
    uint32_t limit = 0;
    if (m->loss.classes) limit = learn_is_binary(m) ? 2 : m->loss.outputs;
    if (m->options.kind == LEARN_KNN || limit > CLASSES_MAX) limit = CLASSES_MAX;
    if (!classes_open(&m->classes, m->options.classes, limit, &m->arena, e)) return false;
    if (!m->classes.given || m->options.kind == LEARN_KNN || m->classes.count == limit) return true;
    return err_set(e, ERR_SQL, "22023", "'classes' has %u names, the model has outputs for %u",
                   m->classes.count, limit);
}

static bool open_versions(struct learn *m, struct err *e) {
    struct versions *v = ARENA_NEW(&m->arena, v);
    if (!v) return err_memory(e);
    if (!versions_open(v, m->learner->params_bytes(m), e)) return false;
    m->versions = v;
    struct version *first = versions_new(v, e);
    if (!first) return false;
    m->learner->copy(m, first->params);
    first->number = first->after = first->rows = 0;
    first->classes = m->classes.count;
    return versions_publish(v, &first, 1, e);
}

static bool open_model(struct learn *m, const struct model_definition *d,
                       const struct model_env *env, struct err *e) {
    if (!keep_options(m, &d->options, e)) return false;
    if (!open_input(m, d, env, e)) return false;
    m->loss.outputs = learn_output_numbers(d);
    const struct learner *learner = learners[m->options.kind];
    if (!learner->create(m, e)) return false;
    m->learner = learner;
    m->model.batch_rows = m->options.kind == LEARN_NETWORK ? 32 : 1;
    return open_classes(m, e) && learn_output_open(m, d, e) && open_versions(m, e);
}

static struct model *model_create(const struct model_definition *d, const struct model_env *env,
                                  struct err *e) {
    struct arena a;
    arena_init(&a, 0);
    struct learn *m = ARENA_NEW(&a, m);
    if (!m) {
        arena_done(&a);
        err_memory(e);
        return NULL;
    }
    m->arena = a;
    arena_init(&m->training_arena, 0);
    m->model.type = &model_train;
    m->model.learns = true;
    if (open_model(m, d, env, e)) return &m->model;
    model_destroy(&m->model);
    return NULL;
}

void learn_fact(struct arena *a, struct model_fact *fact, uint32_t *facts, const char *name,
                const char *format, ...) {
    char text[FACT_BYTES];
    va_list args;
    assert(*facts < LEARN_FACTS_MAX);
    va_start(args, format);
    int bytes = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (bytes < 0) return;
    size_t kept = (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1;
    char *own = arena_copy(a, text, kept);
    if (own) fact[(*facts)++] = (struct model_fact){name, own};
}

static void describe_training(const struct learn *m, struct arena *a, struct model_fact *fact,
                              uint32_t *facts) {
    const struct learn_options *o = &m->options;
    if (o->kind == LEARN_KNN) {
        learn_fact(a, fact, facts, "k", "%u", o->k);
        learn_fact(a, fact, facts, "metric", "%s", o->l2_metric ? "l2" : "cosine");
        learn_fact(a, fact, facts, "capacity", "%u", o->capacity);
        return;
    }
    learn_fact(a, fact, facts, "loss", "%s", loss_word(m->loss.kind));
    learn_fact(a, fact, facts, "optimizer", "%s", optimizer_word(o->optimizer));
    learn_fact(a, fact, facts, "learning rate", "%g", o->rate);
    learn_fact(a, fact, facts, "batch", "%u", o->batch);
    learn_fact(a, fact, facts, "epochs", "%u", o->epochs);
    learn_fact(a, fact, facts, "seed", "%llu", (unsigned long long)o->seed);
}

static bool model_describe(const struct model *model, struct arena *a, struct model_fact **fact_out,
                           uint32_t *facts_out, struct err *e) {
    const struct learn *m = (const struct learn *)model;
    struct watch here; /* it must not go while we look at it */
    struct model_fact *fact = ARENA_ARRAY(a, fact, LEARN_FACTS_MAX);
    struct buf names;
    uint32_t facts = 0;
    if (!fact) return err_memory(e);
    versions_watch(m->versions, &here, NULL);
    const struct version *v = versions_newest(m->versions);
    learn_fact(a, fact, &facts, "type", "%s", learn_kind_word(m->options.kind));
    learn_fact(a, fact, &facts, "version", "%llu", (unsigned long long)v->number);
    learn_fact(a, fact, &facts, "rows learnt", "%llu", (unsigned long long)v->rows);
    buf_init(&names);
    for (uint32_t i = 0; i < v->classes && names.bytes < FACT_BYTES; i++) {
        buf_addf(&names, "%s%.*s", i > 0 ? ", " : "", TEXT_ARG(m->classes.label[i]));
    }
    if (m->loss.classes) {
        learn_fact(a, fact, &facts, "classes", "%s", names.bytes > 0 ? names.at : "none yet");
    }
    buf_done(&names);
    describe_training(m, a, fact, &facts);
    m->learner->describe(m, a, fact, &facts);
    versions_unwatch(m->versions, &here);
    *fact_out = fact;
    *facts_out = facts;
    return true;
}

struct model_watch {
    struct watch watch;
    struct learn *model;
    struct arena arena; /* holds this */
};

static struct model_watch *watch_open(struct model *model, const void *source, struct err *e) {
    struct learn *m = (struct learn *)model;
    struct arena a;
    arena_init(&a, 0);
    struct model_watch *w = ARENA_NEW(&a, w);
    if (!w) {
        arena_done(&a);
        err_memory(e);
        return NULL;
    }
    w->model = m;
    w->arena = a;
    versions_watch(m->versions, &w->watch, source);
    return w;
}

static void watch_close(struct model_watch *w) {
    if (!w) return;
    versions_unwatch(w->model->versions, &w->watch);
    struct arena own = w->arena;
    arena_done(&own);
}

static uint64_t watch_version(struct model_watch *w, uint64_t ordinal) {
    return versions_at(w->model->versions, &w->watch, ordinal);
}

static void watch_forget(struct model_watch *w, uint64_t ordinal) {
    versions_forget(w->model->versions, &w->watch, ordinal);
}

const struct model_type model_train = {
    .provider = "train",
    .doc = "A model that learns from the rows that INSERT INTO MODEL brings.",
    .option = learn_option_rows,
    .create = model_create,
    .destroy = model_destroy,
    .describe = model_describe,
    .use_type = learn_use_type,
    .session_open = learn_session_open,
    .session_close = learn_session_close,
    .run = learn_run,
    .value = learn_value,
    .watch_open = watch_open,
    .watch_close = watch_close,
    .version_at = watch_version,
    .version_forget = watch_forget,
    .train_check = learn_train_check,
    .train_open = learn_train_open,
    .train = learn_train,
    .train_end = learn_train_end,
    .train_close = learn_train_close,
    .export_onnx = learn_export,
    .save = learn_save,
    .load = learn_load,
};
