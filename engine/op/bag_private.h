/* bag_private.h: what the files of bags share: keys of pairs, their lists, values fed to states.
 *
 * Used by: engine/op/bag*.c
 */
#ifndef ENGINE_OP_BAG_PRIVATE_H
#define ENGINE_OP_BAG_PRIVATE_H

#include "engine/op/bag.h"

/* What a pair's key begins with, little-endian. Keys of one 64-bit argument are 16 bytes long: this
 * and the value; the others are as long as their packed values. */
struct pair_head {
    uint32_t group;
    uint32_t number; /* bit 31, in keys of 16 bytes: the value is NULL */
};

#define NUMBER_NULL (UINT32_C(1) << 31)

/* One bag of some groups. */
struct bag_place {
    const struct groups_plan *plan;
    const struct bag_plan *bag;
    struct groups *g;
    struct state_table *t;
    struct arena *scratch;
    int64_t at_us; /* of the row at hand, by the plan's age: older values are forgotten */
};

/* A pair as it is fed to a state. */
struct bag_feed {
    struct text key;
    uint64_t ordinal;
    int64_t times; /* -1: it is removed */
};

/* A pair to be sorted by its first row. */
struct pair_ref {
    uint64_t ordinal;
    uint32_t id;
};

static inline struct bag_place bag_place(const struct groups_plan *p, struct groups *g,
                                         uint32_t bag, struct arena *scratch) {
    return (struct bag_place){
        .plan = p, .bag = &p->bag[bag], .g = g, .t = g->bag[bag], .scratch = scratch};
}

static inline struct bag_pair *pair_at(const struct bag_place *w, uint32_t id) {
    return state_value(w->t, id);
}

static inline uint32_t *list_head(const struct bag_place *w, uint32_t group) {
    return (void *)((char *)state_value(w->g->table, group) + w->bag->head_offset);
}

void pair_list_add(const struct bag_place *w, uint32_t group, uint32_t id);
void pair_list_drop(const struct bag_place *w, uint32_t group, uint32_t id);

/* The pair of that key when the row at hand comes; STATE_NONE: there is none. */
uint32_t pair_find(const struct bag_place *w, struct text key);

/* Has no aggregate a row with the value any more? */
bool pair_is_empty(const struct bag_place *w, const struct bag_pair *x);

/* The group's pairs that have rows of aggregate `share` (UINT32_MAX: of any), by first row. */
struct pair_ref *pairs_sorted(const struct bag_place *w, uint32_t group, uint32_t share,
                              uint32_t *count_out);

/* The same as they stand. */
struct pair_ref *pairs_listed(const struct bag_place *w, uint32_t group, uint32_t share,
                              uint32_t *count_out);

/* Feeds one value to a state. memory: the state's, and scratch. */
bool pair_feed(const struct bag_plan *bag, const struct agg_slot *s, const struct bag_feed *f,
               void *state, struct arena *const memory[2], struct err *e) MUST_USE;

/* The state of one aggregate of a group, from its values. */
bool group_recompute(const struct bag_place *w, const struct agg_slot *s, uint32_t group,
                     struct err *e) MUST_USE;

#endif
