/* learner.h: learn: a model of provider 'train', and what its type of learner must do.
 *
 * A learner is a row of a table (learners in model.c): how it is made, learns a mini-batch, gives a
 * copy of what it knows (a version's parameters) and predicts with one. Rows are gathered into
 * numbers or pixels (input.h) and held back for shuffling (stage.h) by what all learners share.
 *
 * What is learnt belongs to the model, not to the INSERT that feeds it: the next one goes on.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_model_test.c
 */
#ifndef UDF_LEARN_LEARNER_H
#define UDF_LEARN_LEARNER_H

#include "engine/base/model.h"
#include "udf/learn/classes.h"
#include "udf/learn/input.h"
#include "udf/learn/loss.h"
#include "udf/learn/options.h"
#include "udf/learn/stage.h"
#include "udf/learn/version.h"

/* What a column of the model's output is. */
enum output_kind {
    OUTPUT_LABEL,    /* the best class, as TEXT, BIGINT or BOOLEAN */
    OUTPUT_SCORE,    /* its score; of a logistic model without a label: of the second class */
    OUTPUT_NUMBER,   /* a number that was learnt */
    OUTPUT_VECTOR,   /* all numbers or scores */
    OUTPUT_DISTANCE, /* knn: of the nearest example of the label */
};

struct learn_output {
    enum output_kind kind;
    uint32_t number; /* which, of OUTPUT_NUMBER */
};

struct learner;

struct learn {
    struct model model; /* first */
    struct arena arena; /* what is made by CREATE MODEL */
    struct learn_options options;
    struct learn_input input;
    struct loss loss;         /* outputs: scores of classes, or numbers */
    struct learn_output *out; /* [model.output.cols] */
    struct classes classes;   /* limit 0: it learns numbers */
    uint32_t features;        /* numbers of an embedding; 0: gives none */
    const struct learner *learner;
    void *own; /* of the learner */
    struct versions *versions;

    /* Training; of the trainer's thread. */
    struct arena training_arena; /* made when the first trainer opens */
    bool ready;                  /* it has been */
    bool trains;                 /* a trainer is open */
    struct stage stage;
    uint64_t rows, steps; /* learnt: rows, mini-batches */
    uint64_t version;     /* published last */
    uint32_t epoch;
    struct loss_score since; /* the last version */
    uint64_t since_rows;
};

/* Some rows with their targets, to be learnt together. */
struct learn_batch {
    const char *row; /* [rows][input.row_bytes] */
    const double *target;
    uint32_t rows;
    uint64_t noise;
    double rate; /* the learning rate */
};

/* Rows to predict with a version. */
struct learn_ask {
    const struct version *version;
    const char *row; /* [rows][input.row_bytes] */
    uint32_t rows;
    double *y;       /* [rows][loss.outputs]; knn: label and distance */
    float *features; /* [rows][learn.features] */
};

struct learner {
    enum learn_kind kind;
    size_t (*params_bytes)(const struct learn *m);
    /* From options and input: m->loss, own, the initial parameters. 22023. */
    bool (*create)(struct learn *m, struct err *e);
    void (*destroy)(struct learn *m); /* NULL: nothing but arenas */

    /* Memory and threads for training, in m->training_arena. */
    bool (*train_open)(struct learn *m, struct err *e);
    void (*train_close)(struct learn *m); /* NULL: nothing */
    /* Adds the score of the rows before they are learnt. */
    bool (*step)(struct learn *m, const struct learn_batch *b, struct loss_score *score,
                 struct err *e);
    void (*copy)(const struct learn *m, void *params);

    /* A session's memory; in `a`. NULL: *e. */
    void *(*session)(const struct learn *m, struct arena *a, struct err *e);
    bool (*predict)(const struct learn *m, void *session, const struct learn_ask *ask,
                    struct err *e);

    void (*describe)(const struct learn *m, struct arena *a, struct model_fact *fact,
                     uint32_t *facts); /* room for LEARN_FACTS_MAX */
    /* NULL: cannot. Writes the graph from "input" to "scores". */
    bool (*export_onnx)(const struct learn *m, const struct version *v, struct buf *graph,
                        struct err *e);
    void (*save)(const struct learn *m, struct buf *out);
    bool (*load)(struct learn *m, struct text *from, struct err *e);
    /* May a version of what was loaded have these? NULL: any bytes do. */
    bool (*params_fit)(const struct learn *m, const void *params);
};

enum { LEARN_FACTS_MAX = 300 };

extern const struct learner learner_linear, learner_logistic, learner_softmax, learner_knn,
    learner_network;

/* Numbers that a definition's OUTPUT holds: DOUBLEs, or those of a VECTOR; 0: none said. */
uint32_t learn_output_numbers(const struct model_definition *d);
/* Fills model.output, m->out and model.forms, once the learner knows what it gives. 22023. */
bool learn_output_open(struct learn *m, const struct model_definition *d, struct err *e) MUST_USE;

/* One of two classes, by one output. */
static inline bool learn_is_binary(const struct learn *m) {
    return m->loss.classes && m->loss.outputs == 1;
}

/* Makes the memory that training needs, once. 53200 */
bool learn_training_ready(struct learn *m, struct err *e) MUST_USE;

/* A fact, printed; without memory it is left out. */
void learn_fact(struct arena *a, struct model_fact *fact, uint32_t *facts, const char *name,
                const char *format, ...) PRINTF_LIKE(5, 6);

/* The slots of struct model_type, by file. */
/* predict.c */
struct model_session *learn_session_open(struct model *model, struct err *e);
void learn_session_close(struct model_session *s);
bool learn_run(struct model_session *s, struct model_run *r, struct err *e);
/* value.c */
const struct type *learn_use_type(const struct model *model, const struct model_use *use,
                                  struct arena *a, struct err *e);
bool learn_value(const struct model *model, const struct model_use *use, struct text answer,
                 struct column_builder *out, struct err *e);
/* train.c */
bool learn_train_check(const struct model *model, const struct schema *rows, struct err *e);
struct model_trainer *learn_train_open(struct model *model, const void *source,
                                       const struct model_listener *l, struct err *e);
bool learn_train(struct model_trainer *t, const struct model_rows *rows, struct err *e);
bool learn_train_end(struct model_trainer *t, bool *again_out, struct err *e);
void learn_train_close(struct model_trainer *t);
/* export.c, save.c */
bool learn_export(const struct model *model, struct buf *out, struct err *e);
bool learn_save(struct model *model, struct buf *out, struct err *e);
bool learn_load(struct model *model, struct text saved, struct err *e);

/* Takes `bytes` from the front; false: they are not there. */
static inline bool load_bytes(struct text *from, void *to, size_t bytes) {
    if (from->bytes < bytes) return false;
    if (bytes > 0) memcpy(to, from->at, bytes);
    *from = (struct text){from->at + bytes, (uint32_t)(from->bytes - bytes)};
    return true;
}

/* An answer, as run() gives it: this, then y[numbers] doubles, then features[features] floats. */
struct answer_head {
    uint32_t classes; /* known to the version */
    uint32_t numbers;
    uint32_t features;
    uint32_t zero;
};

#endif
