/* learn_probe.h: a model of provider 'train' as tests drive it: rows from arrays, cut as wanted.
 *
 * Used by: tests/unit/udf/learn_*_test.c, tests/learn_accuracy.c
 */
#ifndef TESTS_UNIT_UDF_LEARN_PROBE_H
#define TESTS_UNIT_UDF_LEARN_PROBE_H

#include "engine/base/model.h"
#include "udf/learn/model.h"

enum { PROBE_OPTIONS = 24, PROBE_COLUMNS = 16 };

struct learn_probe {
    struct arena arena;
    struct model *model; /* NULL: CREATE failed, see e */
    struct err e;
    struct field field[2 * PROBE_COLUMNS];
    struct option option[PROBE_OPTIONS];
    struct schema input, output;
    struct model_definition definition;
    /* What the listener heard. */
    uint64_t progresses, bads;
    struct model_progress last;
    double loss;     /* the sum over all rows */
    double accurate; /* rows */
    uint64_t learnt;
    char bad_reason[200];
};

/* `types`: a letter a column: d DOUBLE, i BIGINT, b BOOLEAN, t TEXT, g IMAGE, v<n> VECTOR(n);
 * `output` NULL: not declared. options: "type=linear|batch=4". */
void probe_create(struct learn_probe *p, const char *input, const char *output,
                  const char *options);
/* Its two halves. */
void probe_define(struct learn_probe *p, const char *input, const char *output,
                  const char *options);
void probe_make(struct learn_probe *p);
void probe_done(struct learn_probe *p);

/* Rows to be learnt from: inputs, then targets. */
struct probe_rows {
    const struct column *col;
    uint32_t rows;
    uint32_t cut; /* rows given at a time; 0: as many as fit */
    uint64_t first_ordinal;
    const void *source;
};

/* From open to close, all epochs; the same rows are given in each. false: see e. */
bool probe_train(struct learn_probe *p, const struct probe_rows *r);
/* Gives rows [from, to) to an open trainer. */
bool probe_give(struct learn_probe *p, struct model_trainer *t, const struct probe_rows *r,
                uint32_t from, uint32_t to);
struct model_listener probe_listener(struct learn_probe *p);

/* Predicts rows with the newest version; the values of a use, in the probe's arena. */
struct column probe_values(struct learn_probe *p, enum model_form form, const struct column *arg,
                           uint32_t rows);
/* With a version, one row; asserts success. */
struct column probe_value_at(struct learn_probe *p, uint64_t version, const struct column *arg,
                             uint32_t row);

/* The model's saved state, in the arena. */
struct text probe_saved(struct learn_probe *p);

/* A file of the test data, unpacked, in the arena; at NULL: there is none. */
struct text probe_data(struct learn_probe *p, const char *path);

#endif
