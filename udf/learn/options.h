/* options.h: learn_options: what WITH (...) of a model that learns says, checked.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_OPTIONS_H
#define UDF_LEARN_OPTIONS_H

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/option.h"
#include "udf/learn/layer.h"
#include "udf/learn/loss.h"

/* Types of models:  id   in 'type' */
#define LEARN_LIST(X)                                                                              \
    X(LINEAR, "linear")                                                                            \
    X(LOGISTIC, "logistic")                                                                        \
    X(SOFTMAX, "softmax")                                                                          \
    X(KNN, "knn")                                                                                  \
    X(NETWORK, "network")

#define X(ID, word) LEARN_##ID,
enum learn_kind { LEARN_LIST(X) LEARN_COUNT };
#undef X

enum optimizer { OPTIMIZER_SGD, OPTIMIZER_ADAM, OPTIMIZER_ADAGRAD };

enum {
    LEARN_BATCH_MAX = 65536,
    LEARN_SHUFFLE_MAX = 100000000,
    LEARN_K_MAX = 1000,
};

struct learn_options {
    enum learn_kind kind;
    bool loss_given;
    enum loss_kind loss;
    enum optimizer optimizer;
    double rate, rate_decay, momentum, l2, clip; /* clip 0: none */
    uint32_t batch, epochs, threads;
    uint32_t average; /* mini-batches */
    uint32_t shuffle; /* rows */
    uint64_t shuffle_bytes;
    uint64_t publish_rows;
    uint64_t seed;
    struct text classes; /* at NULL: not given */
    bool shape_given;
    struct shape shape;
    struct text layers;
    uint32_t k, capacity;
    bool l2_metric; /* else cosine */
};

extern const struct option_row learn_option_rows[];

/* 22023 naming the option. Texts are borrowed. */
bool learn_options_read(const struct options *given, struct learn_options *out,
                        struct err *e) MUST_USE;

const char *learn_kind_word(enum learn_kind k);
const char *optimizer_word(enum optimizer o);
const char *loss_word(enum loss_kind k);

#endif
