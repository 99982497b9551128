/* fn_probe.h: columns and expression trees made by hand, for tests of programs and functions.
 *
 * A probe holds an arena and the rows of one batch; trees are made of its columns, of constants,
 * and of function rows found by their signature.
 *
 * Used by: tests/unit/engine/program_test.c, tests/unit/udf.
 */
#ifndef TESTS_UNIT_UDF_FN_PROBE_H
#define TESTS_UNIT_UDF_FN_PROBE_H

#include "engine/base/builder.h"
#include "engine/program.h"

enum { PROBE_COLUMNS = 16 };

struct probe {
    struct arena arena; /* trees and columns */
    struct arena batch_arena;
    struct column_builder build[PROBE_COLUMNS];
    struct field field[PROBE_COLUMNS];
    struct column col[PROBE_COLUMNS];
    struct schema schema;
    struct batch batch;
    struct program *program;
    struct program_result result;
    struct err e;
};

void probe_init(struct probe *p);
void probe_done(struct probe *p);

/* A new column of the batch, to be filled through p->build[returned]. */
uint32_t probe_column(struct probe *p, const struct type *type);

/* The columns become the batch; every row is live. */
void probe_seal(struct probe *p);

/* Trees. Arguments end with NULL. */
const struct expr *x_column(struct probe *p, uint32_t column);
const struct expr *x_i64(struct probe *p, int64_t v);
const struct expr *x_f64(struct probe *p, double v);
const struct expr *x_text(struct probe *p, const char *v);
const struct expr *x_null(struct probe *p, const struct type *type);
const struct expr *x_constant(struct probe *p, const struct column *c, uint32_t row);
const struct expr *x_decimal(struct probe *p, int64_t v, uint32_t precision, uint32_t scale);
const struct expr *x_cast(struct probe *p, const struct expr *x, const struct type *to,
                          bool try_cast);
/* AND, OR, CASE: of type BOOLEAN, or for CASE that of its second argument. */
const struct expr *x_form(struct probe *p, enum expr_kind kind, ...);
const struct expr *x_field(struct probe *p, const struct expr *row, uint32_t field);
/* The function row whose `sig` is exactly this. */
const struct expr *x_call(struct probe *p, const char *sig, ...);
const struct expr *x_call_list(struct probe *p, const char *sig, const struct expr *const *arg,
                               uint32_t args);

/* Runs one expression over the batch; p->result is its result. Asserts that it could run. */
const struct column *probe_run(struct probe *p, const struct expr *x);

/* The value of a row as text: NULL, 12, 1.5, 'abc', [..]; in static storage of the arena. */
const char *probe_show(struct probe *p, const struct column *c, uint32_t row);

/* The failure of a row, or NULL. */
const struct row_failure *probe_failure(const struct probe *p, uint32_t row);

#endif
