/* group_state.h: what the files of the GroupAggregate operator share.
 *
 * Used by: engine/op/group_aggregate.c, group_changes.c, group_answer.c
 */
#ifndef ENGINE_OP_GROUP_STATE_H
#define ENGINE_OP_GROUP_STATE_H

#include "engine/op.h"
#include "engine/op/groups.h"

struct group_aggregate {
    struct groups_plan plan;
    struct groups groups;
    bool final;
    bool keys_as_rows; /* a row's key columns are its group's, bit for bit */
    struct column *blank;
    struct age age;
    int64_t passed_us;  /* the watermark before the last row */
    struct arena arena; /* of the list below */
    uint32_t *last;     /* [capacity] by id: the group's last row in this batch + 1; 0 between */
    uint32_t capacity;
    uint32_t *id;  /* [BATCH_ROWS] of live row i */
    uint16_t *row; /* [BATCH_ROWS] live rows */
};

/* The batch being answered; arrays in the batch arena, by live row i. A column of results has those
 * before the batch of the groups that it meets, then those after each live row. */
struct changes {
    struct op *op;
    struct group_aggregate *g;
    const struct batch *in;
    uint32_t rows;
    uint32_t groups; /* that have rows in the batch */
    uint32_t *first; /* [groups] their ids, in the order of their first rows */
    uint32_t *old;   /* [rows] where the result before row i is; that after it: groups + i */
    uint32_t *order; /* [rows] live rows by round, then row; NULL: there are no rounds */
    uint32_t *start; /* [rounds + 1] of each round in `order` */
    uint32_t rounds;
    bool *had, *has;               /* [rows] were there rows of the group before, and after? */
    char **copy;                   /* [slots] states after each row; NULL: in place */
    struct column_builder *result; /* [slots] */
    struct column_builder *late;   /* [slots] of states in place: results after rows, by round */
    struct column *col;            /* [slots] what was built */
    struct agg_failures old_fail, new_fail; /* of the two parts of `result` */
};

/* Adds the rows of a batch and emits what changed. */
bool group_changes_push(struct op *op, const struct batch *in, struct err *e) MUST_USE;

/* Emits the answers to a batch whose results are there. */
bool group_answers_emit(const struct changes *c, struct err *e) MUST_USE;

#endif
