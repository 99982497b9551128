/* The options are a table: the row that documents a key, beside it which types of model it is for
 * and how it is read. An option that would have no effect is an error.
 */
#include "udf/learn/options.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "engine/base/number.h"
#include "udf/learn/crew.h"

const struct option_row learn_option_rows[] = {
    {"type", "'linear' | 'logistic' | 'softmax' | 'knn' | 'network'",
     "what learns: sums of weighted inputs (linear: numbers, logistic: yes or no, softmax: one of "
     "several classes), the nearest examples, or a network of layers"},
    {"loss", "'cross-entropy' | 'squared'",
     "what is made small; cross-entropy for classes unless given, squared for numbers"},
    {"optimizer", "'sgd' | 'adam' | 'adagrad'", "how weights follow their gradients (sgd)"},
    {"learning-rate", "number", "the size of a step: 0.01 for sgd and adagrad, 0.001 for adam"},
    {"decay", "number",
     "the learning rate is divided by 1 + decay * the mini-batches learnt so far (0)"},
    {"momentum", "number", "of sgd: the part of the last step that is taken again (0), below 1"},
    {"l2", "number", "adds l2 / 2 * the sum of the squared weights to the loss (0); not biases"},
    {"clip", "number", "gradients longer than this are cut to it; without: none is"},
    {"batch", "integer", "rows of a mini-batch: 1, for a network 32"},
    {"epochs", "integer",
     "how often a bounded input is read (1): INSERT INTO MODEL runs its SELECT so many times"},
    {"shuffle", "integer",
     "rows held back to be learnt in random order: 10000 for a network, else 0; less where they "
     "would take more than 'shuffle-memory'"},
    {"shuffle-memory", "bytes", "the most that held back rows take (256 mb)"},
    {"publish-rows", "integer",
     "predictions see what was learnt after so many rows: each mini-batch unless given"},
    {"seed", "integer", "of the initial weights, the shuffling and dropout (1)"},
    {"threads", "integer",
     "of a network's training: as many as the machine has, at most 4; the result does not "
     "depend on it"},
    {"average", "integer",
     "of a network: predictions use the mean of the parameters over about so many mini-batches, "
     "which is steadier than the last (1: the last)"},
    {"classes", "a list: 'cat,dog'",
     "the classes; without: the targets in the order first seen, as many as there are outputs"},
    {"input", "CxHxW, or N",
     "of a network: channels x height x width, or that many numbers; without: what INPUT gives"},
    {"layers", "a list: 'conv 8 3x3, relu, maxpool 2, flatten, dense 10, softmax'",
     "of a network: conv N KxK [stride S] [pad P|same], maxpool K [stride S], avgpool K [stride "
     "S], dense N, dropout P, batchnorm, flatten, relu, tanh, sigmoid, softmax"},
    {"k", "integer", "of knn: how many nearest examples vote (1); of equal votes the nearest wins"},
    {"metric", "'cosine' | 'l2'", "of knn: the distance, 1 - cosine (cosine) or Euclid's"},
    {"capacity", "integer", "of knn: examples kept; beyond it the oldest is forgotten (100000)"},
    {NULL, NULL, NULL},
};

enum {
    FOR_LINEAR = 1 << LEARN_LINEAR | 1 << LEARN_LOGISTIC | 1 << LEARN_SOFTMAX,
    FOR_NETWORK = 1 << LEARN_NETWORK,
    FOR_KNN = 1 << LEARN_KNN,
    FOR_DESCENT = FOR_LINEAR | FOR_NETWORK,
    FOR_CLASSES = 1 << LEARN_LOGISTIC | 1 << LEARN_SOFTMAX | FOR_NETWORK | FOR_KNN,
    FOR_ALL = FOR_DESCENT | FOR_KNN,
};

enum reads { READS_U32, READS_U64, READS_F64, READS_BYTES, READS_WORD, READS_TEXT, READS_SHAPE };

struct option_use {
    const char *key;
    uint32_t kinds; /* bits of enum learn_kind */
    enum reads reads;
    size_t at;       /* in struct learn_options */
    double min, max; /* of numbers; max is left out for F64 */
};

#define AT(field) offsetof(struct learn_options, field)

static const struct option_use uses[] = {
    {"type", FOR_ALL, READS_WORD, AT(kind), 0, 0},
    {"loss", FOR_DESCENT, READS_WORD, AT(loss), 0, 0},
    {"optimizer", FOR_DESCENT, READS_WORD, AT(optimizer), 0, 0},
    {"learning-rate", FOR_DESCENT, READS_F64, AT(rate), 0, 1e6},
    {"decay", FOR_DESCENT, READS_F64, AT(rate_decay), 0, 1e6},
    {"momentum", FOR_DESCENT, READS_F64, AT(momentum), 0, 1},
    {"l2", FOR_DESCENT, READS_F64, AT(l2), 0, 1e6},
    {"clip", FOR_DESCENT, READS_F64, AT(clip), 0, 1e30},
    {"batch", FOR_DESCENT, READS_U32, AT(batch), 1, LEARN_BATCH_MAX},
    {"epochs", FOR_DESCENT, READS_U32, AT(epochs), 1, 1000000},
    {"shuffle", FOR_DESCENT, READS_U32, AT(shuffle), 0, LEARN_SHUFFLE_MAX},
    {"shuffle-memory", FOR_DESCENT, READS_BYTES, AT(shuffle_bytes), 0, 0},
    {"publish-rows", FOR_ALL, READS_U64, AT(publish_rows), 1, 0},
    {"seed", FOR_DESCENT, READS_U64, AT(seed), 0, 0},
    {"threads", FOR_NETWORK, READS_U32, AT(threads), 1, CREW_THREADS_MAX},
    {"average", FOR_NETWORK, READS_U32, AT(average), 1, 1 << 30},
    {"classes", FOR_CLASSES, READS_TEXT, AT(classes), 0, 0},
    {"input", FOR_NETWORK, READS_SHAPE, AT(shape), 0, 0},
    {"layers", FOR_NETWORK, READS_TEXT, AT(layers), 0, 0},
    {"k", FOR_KNN, READS_U32, AT(k), 1, LEARN_K_MAX},
    {"metric", FOR_KNN, READS_WORD, AT(l2_metric), 0, 0},
    {"capacity", FOR_KNN, READS_U32, AT(capacity), 1, 1 << 30},
};

#define X(ID, word) [LEARN_##ID] = word,
static const char *const kind_words[] = {LEARN_LIST(X) NULL};
#undef X
#define X(ID, word) [LOSS_##ID] = word,
static const char *const loss_words[] = {LOSS_LIST(X) NULL};
#undef X
static const char *const optimizer_words[] = {"sgd", "adam", "adagrad", NULL};
static const char *const metric_words[] = {"cosine", "l2", NULL};

const char *learn_kind_word(enum learn_kind k) {
    return kind_words[k];
}

const char *optimizer_word(enum optimizer o) {
    return optimizer_words[o];
}

const char *loss_word(enum loss_kind k) {
    return loss_words[k];
}

static const char *allowed(const char *key) {
    for (const struct option_row *r = learn_option_rows; r->key; r++) {
        if (strcmp(r->key, key) == 0) return r->value;
    }
    assert(false); /* every use has its row */
    return NULL;
}

static bool wrong(const struct option *o, const char *key, struct err *e) {
    err_set(e, ERR_SQL, "22023", "'%s' = '%.*s' is not possible", key,
            (int)(o->value.bytes < 80 ? o->value.bytes : 80), o->value.at);
    return err_hint(e, "It takes: %.120s", allowed(key));
}

/* Which of the words; UINT32_MAX: none. */
static uint32_t word_index(const char *const *words, struct text t) {
    for (uint32_t i = 0; words[i]; i++) {
        if (text_equal_fold(t, text_of(words[i]))) return i;
    }
    return UINT32_MAX;
}

/* "256 mb", "64k", "1000": units of 1024. */
static bool read_bytes(struct text t, uint64_t *out) {
    static const char units[] = "kmg";
    uint32_t digits = 0, shift = 0;
    int64_t v;
    while (digits < t.bytes && t.at[digits] >= '0' && t.at[digits] <= '9') digits++;
    struct text unit = {t.at + digits, t.bytes - digits}, word = words_next(&unit);
    if (word.bytes > 0) {
        const char *u = memchr(units, word.at[0] | 0x20, 3);
        bool plain = (word.at[0] | 0x20) == 'b' && word.bytes == 1;
        bool with_b = word.bytes == 2 && (word.at[1] | 0x20) == 'b';
        if (!plain && (!u || (word.bytes > 1 && !with_b))) return false;
        if (u) shift = 10 * (uint32_t)(u - units + 1);
    }
    if (words_next(&unit).bytes > 0) return false;
    if (digits == 0 || i64_parse((struct text){t.at, digits}, &v) != PARSE_OK) return false;
    if (v > INT64_MAX >> shift) return false;
    *out = (uint64_t)v << shift;
    return true;
}

/* "3x32x32" or "784". */
static bool read_shape(struct text t, struct shape *out) {
    uint32_t side[3], sides = 0;
    uint64_t size = 1;
    for (uint32_t from = 0, to; from <= t.bytes; from = to + 1) {
        for (to = from; to < t.bytes && t.at[to] != 'x'; to++) {}
        if (sides == 3) return false;
        uint32_t most = LAYER_NUMBERS_MAX;
        if (!words_count((struct text){t.at + from, to - from}, most, &side[sides])) return false;
        size *= side[sides++];
        if (size > most) return false;
    }
    if (sides == 2) return false;
    *out = sides == 1 ? (struct shape){.h = 1, .w = 1, .c = side[0], .flat = true}
                      : (struct shape){.c = side[0], .h = side[1], .w = side[2]};
    return true;
}

static bool read_word(const struct option_use *u, struct text t, struct learn_options *o) {
    bool is_kind = u->at == AT(kind), is_loss = u->at == AT(loss);
    const char *const *words = is_kind                  ? kind_words
                               : is_loss                ? loss_words
                               : u->at == AT(l2_metric) ? metric_words
                                                        : optimizer_words;
    uint32_t i = word_index(words, t);
    if (i == UINT32_MAX) return false;
    if (is_kind) {
        o->kind = (enum learn_kind)i;
    } else if (is_loss) {
        o->loss = (enum loss_kind)i;
        o->loss_given = true;
    } else if (words == metric_words) {
        o->l2_metric = i == 1;
    } else {
        o->optimizer = (enum optimizer)i;
    }
    return true;
}

static bool read_number(const struct option_use *u, struct text t, struct learn_options *o) {
    char *to = (char *)o + u->at;
    int64_t v = 0;
    double d;
    if (u->reads == READS_F64) {
        if (f64_parse(t, &d) != PARSE_OK || !(d >= u->min) || !(d <= u->max)) return false;
        memcpy(to, &d, sizeof d);
        return true;
    }
    if (i64_parse(t, &v) != PARSE_OK || v < (int64_t)u->min) return false;
    if (u->max > 0 && v > (int64_t)u->max) return false;
    uint32_t narrow = (uint32_t)v;
    if (u->reads == READS_U32) memcpy(to, &narrow, sizeof narrow);
    if (u->reads == READS_U64) memcpy(to, &v, sizeof v);
    return true;
}

static bool read_one(const struct option_use *u, const struct option *given,
                     struct learn_options *o, struct err *e) {
    bool fits = true;
    switch (u->reads) {
    case READS_U32:
    case READS_U64:
    case READS_F64: fits = read_number(u, given->value, o); break;
    case READS_BYTES: fits = read_bytes(given->value, &o->shuffle_bytes); break;
    case READS_WORD: fits = read_word(u, given->value, o); break;
    case READS_SHAPE: fits = o->shape_given = read_shape(given->value, &o->shape); break;
    case READS_TEXT:
        if (u->at == AT(classes)) o->classes = given->value;
        if (u->at == AT(layers)) o->layers = given->value;
        fits = given->value.bytes > 0;
        break;
    }
    return fits || wrong(given, u->key, e);
}

static const struct option *given_as(const struct options *o, const char *key) {
    for (uint32_t i = 0; i < o->count; i++) {
        if (text_equal_fold(o->option[i].key, text_of(key))) return &o->option[i];
    }
    return NULL;
}

static bool known(const struct options *given, struct err *e) {
    for (uint32_t i = 0; i < given->count; i++) {
        struct text key = given->option[i].key;
        bool found = text_equal_fold(key, TEXT_LITERAL("provider"));
        for (uint32_t u = 0; u < COUNT_OF(uses); u++) {
            found = found || text_equal_fold(key, text_of(uses[u].key));
        }
        if (found) continue;
        err_set(e, ERR_SQL, "22023", "a model of provider 'train' has no option '%.*s'",
                (int)(key.bytes < 80 ? key.bytes : 80), key.at);
        return err_hint(e, "docs/reference/models.md lists its options.");
    }
    return true;
}

static bool needs(const struct learn_options *o, const struct options *given, struct err *e) {
    bool adam = o->optimizer == OPTIMIZER_ADAM;
    if (o->kind == LEARN_NETWORK && !o->layers.at) {
        return err_set(e, ERR_SQL, "22023", "a network needs 'layers'");
    }
    if (o->kind == LEARN_LINEAR && o->loss == LOSS_CROSS_ENTROPY && o->loss_given) {
        return err_set(e, ERR_SQL, "22023",
                       "cross-entropy is a loss of classes, and a linear "
                       "model gives numbers");
    }
    if (o->optimizer != OPTIMIZER_SGD && given_as(given, "momentum")) {
        return err_set(e, ERR_SQL, "22023", "'momentum' is for the optimizer sgd; %s has its own",
                       adam ? "adam" : "adagrad");
    }
    if (o->momentum >= 1) return err_set(e, ERR_SQL, "22023", "'momentum' must be below 1");
    if (!(o->rate > 0)) return err_set(e, ERR_SQL, "22023", "'learning-rate' must be above 0");
    return true;
}

static void set_defaults(struct learn_options *o) {
    bool network = o->kind == LEARN_NETWORK;
    uint32_t here = crew_threads_here();
    o->loss = o->kind == LEARN_LINEAR ? LOSS_SQUARED : LOSS_CROSS_ENTROPY;
    o->rate = -1;
    o->batch = network ? 32 : 1;
    o->epochs = 1;
    o->average = 1;
    o->threads = here < 4 ? here : 4;
    o->shuffle = network ? 10000 : 0;
    o->shuffle_bytes = 256 << 20;
    o->seed = 1;
    o->k = 1;
    o->capacity = 100000;
}

bool learn_options_read(const struct options *given, struct learn_options *out, struct err *e) {
    struct learn_options o = {.kind = LEARN_COUNT};
    const struct option *type = given_as(given, "type");
    if (!type) {
        err_set(e, ERR_SQL, "22023", "a model of provider 'train' needs 'type'");
        return err_hint(e, "It takes: %.120s", allowed("type"));
    }
    if (!known(given, e) || !read_one(&uses[0], type, &o, e)) return false;
    set_defaults(&o);
    for (uint32_t i = 1; i < COUNT_OF(uses); i++) {
        const struct option *g = given_as(given, uses[i].key);
        if (!g) continue;
        if (!(uses[i].kinds >> o.kind & 1)) {
            return err_set(e, ERR_SQL, "22023", "'%s' has no effect on a model of type '%s'",
                           uses[i].key, kind_words[o.kind]);
        }
        if (!read_one(&uses[i], g, &o, e)) return false;
    }
    if (o.rate < 0) o.rate = o.optimizer == OPTIMIZER_ADAM ? 0.001 : 0.01;
    if (o.publish_rows == 0) o.publish_rows = o.batch;
    if (!needs(&o, given, e)) return false;
    *out = o;
    return true;
}
