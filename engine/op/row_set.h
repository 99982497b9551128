/* row_set.h: the different rows that one or two inputs have, counted: what DISTINCT, INTERSECT and
 * EXCEPT keep, and what is in their result.
 *
 * A row is of the set by its columns alone. It is in the result as long as its counts say so, and
 * what changes that is told as it happens (+I, -D), or at the end, in the order in which the rows
 * came first on the left. Where there is an age, rows that no side has met for long are forgotten;
 * taking back what is not there, or not any more, is nothing.
 *
 * Lifetime: in the operator's state and arena, from row_set_open() to row_set_close().
 *
 * Uses: age.h, key.h, state.h.    Used by: Distinct, SetOperation.
 * Tested by: tests/unit/engine/op_test.c, age_test.c
 */
#ifndef ENGINE_OP_ROW_SET_H
#define ENGINE_OP_ROW_SET_H

#include "engine/op/age.h"
#include "engine/op/key.h"

enum row_set_kind { ROW_SET_UNION, ROW_SET_INTERSECT, ROW_SET_EXCEPT };

struct row_set {
    enum row_set_kind kind; /* UNION: of the left only */
    struct key_set key;
    struct state_table *table; /* -> struct row_count */
    struct age age;
    uint64_t next_place;
    uint32_t id[BATCH_ROWS];
    uint16_t row[BATCH_ROWS];
    uint16_t sel[BATCH_ROWS];
    int8_t change[BATCH_ROWS];
};

/* final: what is in the result comes at the end, and nothing is forgotten. */
bool row_set_open(struct row_set *s, struct op *op, enum row_set_kind kind, bool final,
                  struct err *e) MUST_USE;
void row_set_close(struct row_set *s);

/* Counts the rows of a batch, which are within the age's ttl, on side `port`. *out becomes the
 * batch with those that change the result live, and their kinds, NULL: all +I; until the next one.
 * */
bool row_set_count(struct row_set *s, struct op *op, uint32_t port, const struct batch *in,
                   struct batch *out, struct err *e) MUST_USE;

/* Emits what is in the result, at *m. */
bool row_set_give(struct row_set *s, struct op *op, const struct mark *m, struct err *e) MUST_USE;

bool row_set_save(const struct row_set *s, struct buf *out, struct err *e) MUST_USE;
bool row_set_load(struct row_set *s, struct text at, struct err *e) MUST_USE;

#endif
