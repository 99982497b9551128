/* learn_table.h: made-up rows from which every type of model can learn.
 *
 * Used by: tests/unit/udf/learn_*_test.c
 */
#ifndef TESTS_UNIT_UDF_LEARN_TABLE_H
#define TESTS_UNIT_UDF_LEARN_TABLE_H

#include <stdlib.h>

#include "tests/unit/udf/learn_probe.h"
#include "udf/learn/noise.h"

enum { ROWS = 600, NUMBERS = 4, CLASSES = 3, VECTOR = 6 };

/* Rows in which everything can be learnt: numbers x, y = 2 x0 - x1 + 0.5, its sign, a class by
 * nearest of three centres, and a vector that goes with it. */
struct table {
    double x[NUMBERS][ROWS], y[ROWS];
    int64_t sign[ROWS];
    struct text class[ROWS];
    float v[ROWS][VECTOR];
    struct tensor vector[ROWS];
    struct column col[PROBE_COLUMNS];
};

static const uint32_t vector_dim = VECTOR;

static inline struct table *table_make(uint64_t seed) {
    static const char *const names[CLASSES] = {"red", "green", "blue"};
    struct table *t = calloc(1, sizeof *t);
    for (uint32_t i = 0; i < ROWS; i++) {
        for (uint32_t k = 0; k < NUMBERS; k++) t->x[k][i] = 2 * noise_unit(&seed) - 1;
        t->y[i] = 2 * t->x[0][i] - t->x[1][i] + 0.5;
        t->sign[i] = t->y[i] > 0.5;
        uint32_t class = (uint32_t)noise_below(&seed, CLASSES);
        t->class[i] = text_of(names[class]);
        for (uint32_t k = 0; k < VECTOR; k++) {
            t->v[i][k] = (float)(0.2 * noise_normal(&seed)) + (k % CLASSES == class ? 1.0F : 0);
        }
        t->vector[i] = (struct tensor){t->v[i], &vector_dim};
    }
    return t;
}

static inline struct column numbers(const double *at) {
    return (struct column){.type = &type_double, .as.f64 = at};
}

/* x0 .. x3, then a target. */
static inline struct probe_rows rows_of(struct table *t, struct column target) {
    for (uint32_t k = 0; k < NUMBERS; k++) t->col[k] = numbers(t->x[k]);
    t->col[NUMBERS] = target;
    t->col[NUMBERS + 1].type = NULL;
    return (struct probe_rows){.col = t->col, .rows = ROWS};
}

static inline struct probe_rows vectors_of(struct learn_probe *p, struct table *t) {
    t->col[0] =
        (struct column){.type = type_tensor(&p->arena, 1, &vector_dim), .as.tensor = t->vector};
    t->col[1] = (struct column){.type = &type_text, .as.text = t->class};
    t->col[2].type = NULL;
    return (struct probe_rows){.col = t->col, .rows = ROWS};
}

#endif
