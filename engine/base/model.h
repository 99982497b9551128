/* model.h: models: what predicts and what learns, as operators call them and udf/ fills them in.
 *
 * A model is made by CREATE MODEL through its provider's struct model_type. What it is (inputs,
 * outputs, task) is fixed; what a learning one knows is numbered by version, 0 before any row.
 *
 * Predicting is three steps, so that work is shared. run() takes a batch of inputs and gives each
 * row's answer: bytes that only the model understands, of a size that does not depend on who asks
 * (scores of all classes, boxes above `score_floor`, an embedding). The caller may keep answers and
 * give them again for equal inputs. value() makes of an answer what one use in the query wants:
 * the best label, the boxes above its own limit, the vector.
 *
 * Threads: a model is shared; run(), value() and train() may be called on several threads at once,
 * each with a session (or trainer, or watch) of its own.
 *
 * Lifetime: create .. destroy; sessions and trainers end before their model.
 *
 * Used by: engine/op (infer, train), sql (binds), clients, udf (fills in).
 * Tested by: tests/unit/engine/infer_test.c
 */
#ifndef ENGINE_BASE_MODEL_H
#define ENGINE_BASE_MODEL_H

#include "engine/base/arena.h"
#include "engine/base/batch.h"
#include "engine/base/builder.h"
#include "engine/base/err.h"
#include "engine/base/file.h"
#include "engine/base/option.h"

/* What a query asks of a model: form  function of the language */
#define MODEL_FORM_LIST(X)                                                                         \
    X(CLASSIFY, "classify")         /* TEXT: the best label */                                     \
    X(CLASSIFY_TOP, "classify_top") /* ARRAY<ROW<label, score>>: the best `top` */                 \
    X(DETECT, "detect")             /* ARRAY<ROW<label, score, x, y, w, h>> */                     \
    X(EMBED, "embed")               /* VECTOR(n) */                                                \
    X(PREDICT, "predict")           /* the first output; a ROW of them where there are several */  \
    X(OUTPUTS, "ml_predict")        /* always a ROW of all outputs */

#define X(ID, name) MODEL_##ID,
enum model_form { MODEL_FORM_LIST(X) MODEL_FORM_COUNT };
#undef X

struct model_use {
    enum model_form form;
    uint32_t top;                  /* CLASSIFY_TOP */
    bool limits_given;             /* DETECT: else the model's own options hold */
    double score_min, overlap_max; /* DETECT: 0..1; the overlap is intersection over union, less
                                      than 0: the model's own */
};

/* What CREATE MODEL says. */
struct model_definition {
    struct text name;
    const struct schema *input;  /* NULL: not declared, the model's own */
    const struct schema *output; /* likewise */
    struct options options;
};

struct model_env {
    struct file_system *fs;
    uint64_t image_pixels_max; /* a larger image is a bad row */
};

/* Embedded first in every implementation. */
struct model {
    const struct model_type *type;
    struct schema input;  /* what run() takes, by position; an IMAGE, TENSORs, numbers, ... */
    struct schema output; /* what OUTPUTS gives */
    uint32_t forms;       /* bit 1 << enum model_form: those it can answer */
    uint32_t batch_rows;  /* rows a run() that pay; 1: rows are computed one by one anyway */
    bool learns;          /* has the slots of training; its version changes */
    uint32_t targets;     /* of rows to learn from: the first so many outputs; 0: all of them */
};

struct model_session; /* scratch memory of one thread; an implementation's own */
struct model_trainer; /* one INSERT INTO MODEL that runs */
struct model_watch;   /* one reader of versions */

/* What run() gives for a row. */
struct model_answer {
    struct text bytes;    /* in the run's arena */
    const char *sqlstate; /* NULL: fine; else the row is bad (an image that is none) */
    const char *message;  /* in the run's arena */
};

struct model_run {
    const struct column *arg; /* [model->input.cols] */
    const uint16_t *row;      /* [rows] which of the columns' rows, none NULL in any argument */
    uint32_t rows;
    uint64_t version;            /* of the parameters, as version_at() gave it; models that do not
                                    learn: 0 */
    double score_floor;          /* no use that gives limits wants boxes below it */
    bool limits_own;             /* a use gives none: boxes by the model's own options, too */
    struct model_answer *answer; /* [rows] out */
    struct arena *arena;
};

/* Rows to learn from, in order. */
struct model_rows {
    const struct column *arg; /* inputs, then targets */
    const uint16_t *row;      /* [rows], none NULL in any column */
    const uint64_t *ordinal;  /* [rows] of the row in its source, rising; from the second epoch on
                                 UINT64_MAX - 1: no row that is asked for comes behind it */
    uint32_t rows;
    int64_t proctime_us;
};

/* A published version: a row of m$training. Loss and accuracy are prequential: of each row before
 * it was learnt from, over the rows since the version before. */
struct model_progress {
    uint64_t version;
    uint64_t rows; /* learnt from so far */
    double loss;
    double accuracy; /* NaN: not a classifier */
    double learning_rate;
};

/* Who hears of a trainer's rows. Called inside train() and train_end(). */
struct model_listener {
    void *context;
    bool (*progress)(void *context, const struct model_progress *p, struct err *e);
    /* Row `i` of the call's rows cannot be learnt from (a class too many): a bad row. */
    bool (*bad)(void *context, uint32_t i, const char *sqlstate, const char *message,
                struct err *e);
};

/* A fact for DESCRIBE MODEL: "layers", "12". */
struct model_fact {
    const char *name;
    const char *value;
};

/* A provider: a row of the table that main.c hands to the binder. */
struct model_type {
    const char *provider;
    const char *doc;
    const struct option_row *option; /* ends with a NULL key */

    /* Reads its files, checks all: names the node, layer, option or shape that is wrong.
     * NULL: see *e. */
    struct model *(*create)(const struct model_definition *d, const struct model_env *env,
                            struct err *e);
    void (*destroy)(struct model *m); /* accepts NULL */
    bool (*describe)(const struct model *m, struct arena *a, struct model_fact **fact_out,
                     uint32_t *facts_out, struct err *e);

    /* The type of a use's value, in `a`; NULL: this model cannot (see *e). */
    const struct type *(*use_type)(const struct model *m, const struct model_use *use,
                                   struct arena *a, struct err *e);

    struct model_session *(*session_open)(struct model *m, struct err *e);
    void (*session_close)(struct model_session *s); /* accepts NULL */
    bool (*run)(struct model_session *s, struct model_run *r, struct err *e);
    /* Appends the value of one answer to `out`, whose type is use_type()'s. */
    bool (*value)(const struct model *m, const struct model_use *use, struct text answer,
                  struct column_builder *out, struct err *e);

    /* The slots below are NULL for models that do not learn. */

    /* A query that predicts over rows of `source` (NULL: of several) and wants the version of each
     * watches the model from before its first row on. Versions are kept for those who watch only.
     * Calls about one watch come from one thread at a time. */
    struct model_watch *(*watch_open)(struct model *m, const void *source, struct err *e);
    void (*watch_close)(struct model_watch *w); /* accepts NULL; before the model's end */
    /* The version that predicts for the row with this ordinal, asked in rising order: where a
     * trainer reads the same source, or has read it last, what the rows before it made (the
     * trainer has been given the rows before it), and nothing that train_end() made; else the
     * newest. It may be given to run() until it is forgotten. */
    uint64_t (*version_at)(struct model_watch *w, uint64_t ordinal);
    /* Versions of rows below `ordinal` are no longer asked for by this watch. */
    void (*version_forget)(struct model_watch *w, uint64_t ordinal);

    /* Can it learn from rows of these columns: inputs, then targets? 42804 naming the one that does
     * not fit. Asked when INSERT INTO MODEL is bound. */
    bool (*train_check)(const struct model *m, const struct schema *rows, struct err *e);
    /* `source` is what its rows come from (NULL: several). One trainer a model: 55006. */
    struct model_trainer *(*train_open)(struct model *m, const void *source,
                                        const struct model_listener *l, struct err *e);
    bool (*train)(struct model_trainer *t, const struct model_rows *rows, struct err *e);
    /* An epoch has ended: what is buffered is learnt. *again_out: the rows are wanted once more. */
    bool (*train_end)(struct model_trainer *t, bool *again_out, struct err *e);
    void (*train_close)(struct model_trainer *t); /* accepts NULL */

    bool (*export_onnx)(const struct model *m, struct buf *out, struct err *e);

    /* All that the rows so far have made, and, where somebody predicts over what trains, the
     * versions that may still be asked for; sources are known again by their value as a pointer.
     * Loaded when trainers and watches are open, and nothing has been asked yet. */
    bool (*save)(struct model *m, struct buf *out, struct err *e);
    bool (*load)(struct model *m, struct text saved, struct err *e);
};

#endif
