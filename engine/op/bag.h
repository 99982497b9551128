/* bag.h: bags: the values that the rows of each group have, and how often.
 *
 * An aggregate keeps its values where it is DISTINCT, and where rows may be taken back that it
 * cannot remove: then a group is computed anew from them, in the order of rows. A bag is a table of
 * (group, value) pairs. DISTINCT aggregates of the same arguments that differ in their FILTER only
 * share one, with a count each, if they can remove (so that no order matters). The pairs of a group
 * are in a list, whose head is in the group's value.
 *
 * An aggregate that depends on the order of rows (and is not DISTINCT) keeps equal values apart:
 * pair number 0 counts them, the numbers above it hold one row each, and the newest is taken back
 * first.
 *
 * Lifetime: tables belong to struct groups.
 *
 * Uses: pack.h, state.h.    Used by: groups.c, slide_read.c.
 * Tested by: tests/unit/engine/group_aggregate_test.c, window_random_test.c
 */
#ifndef ENGINE_OP_BAG_H
#define ENGINE_OP_BAG_H

#include "engine/op/groups.h"

/* The value of a pair, where the bag is not of masks. A pair without rows is new, or gone. */
struct bag_pair {
    uint64_t ordinal;    /* of the first row */
    uint32_t next, prev; /* in the group's list: id + 1, 0: none */
    int64_t rows[];      /* [shares] */
};

/* Values in lists that are forgotten leave their lists. */
struct bag_watch {
    struct state_watch watch;
    const struct groups_plan *plan;
    struct groups *groups;
    uint32_t bag;
};

/* Returns what the bag's table shall tell; `g` stays where it is. */
const struct state_watch *bag_watch_open(struct bag_watch *w, const struct groups_plan *p,
                                         struct groups *g, uint32_t bag);

/* Which aggregates keep values, and which share a bag. */
bool bags_open(struct groups_plan *p, struct arena *a) MUST_USE;

/* Rows that come: which aggregates want them. */
struct bag_rows {
    const struct groups_rows *rows;
    const uint32_t *id; /* [count] groups */
    uint8_t **take; /* [slots][count] do they pass the FILTER? Of DISTINCT aggregates cleared where
                           the value was there already */
};

bool bag_add(const struct groups_plan *p, struct groups *g, uint32_t bag, const struct bag_rows *r,
             struct err *e) MUST_USE;

/* Rows are taken back, from the bag and from its aggregates. */
bool bag_remove(const struct groups_plan *p, struct groups *g, uint32_t bag,
                const struct groups_rows *rows, const uint32_t *id, struct err *e) MUST_USE;

/* The values of `from`, and its aggregates, join those of `into`. */
bool bag_merge(const struct groups_plan *p, uint32_t bag, struct group_ref into,
               struct group_ref from, struct arena *scratch, struct err *e) MUST_USE;

/* What bag_merge() of the same two did is undone; for bags whose aggregates can remove. */
bool bag_unmerge(const struct groups_plan *p, uint32_t bag, struct group_ref into,
                 struct group_ref from, struct arena *scratch, struct err *e) MUST_USE;

/* All pairs of a group go. */
void bag_drop(const struct groups_plan *p, struct groups *g, uint32_t bag, uint32_t group);

/* The distinct values that one group has in several panes, in the order of their first rows. */
struct bag_union {
    const struct groups_plan *plan;
    const struct agg_slot *slot;
    struct arena *arena;
    struct bag_feed *feed; /* [count] */
    uint32_t count, capacity;
};

/* Adds the values of group `group` of `g`; false: no memory. */
bool bag_union_add(struct bag_union *u, const struct groups *g, uint32_t group) MUST_USE;
/* Adds each value once to a zero state. */
bool bag_union_feed(struct bag_union *u, void *state, struct err *e) MUST_USE;

#endif
