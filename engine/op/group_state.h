/* group_state.h: what the files of the GroupAggregate operator share.
 *
 * Used by: engine/op/group_aggregate.c, group_changes.c
 */
#ifndef ENGINE_OP_GROUP_STATE_H
#define ENGINE_OP_GROUP_STATE_H

#include "engine/op.h"
#include "engine/op/groups.h"

struct group_aggregate {
    struct groups_plan plan;
    struct groups groups;
    bool final;
    struct column *blank;
    int64_t passed_us;  /* the watermark before the last row */
    struct arena arena; /* of the list below */
    uint32_t *last;     /* [capacity] by id: the group's last row in this batch + 1; 0 between */
    uint32_t capacity;
    uint32_t *id;  /* [BATCH_ROWS] of live row i */
    uint16_t *row; /* [BATCH_ROWS] live rows */
};

/* Adds the rows of a batch and emits what changed. */
bool group_changes_push(struct op *op, const struct batch *in, struct err *e) MUST_USE;

#endif
