/* slide_private.h: what the files of the sliding structure share: the parts of a total.
 *
 * Used by: engine/op/slide*.c
 */
#ifndef ENGINE_OP_SLIDE_PRIVATE_H
#define ENGINE_OP_SLIDE_PRIVATE_H

#include "engine/op/slide.h"

/* Behind the states of a total; its ordinal is that of the back's first row. */
struct slide_group {
    struct pane_ref head, tail; /* the chain */
    uint32_t panes;
    uint32_t dirty;
};

static inline struct slide_group *group_of(const struct slide *s, uint32_t total) {
    return (void *)((char *)state_value(s->total, total) + s->group_offset);
}

static inline uint64_t *back_ordinal(const struct slide *s, uint32_t total) {
    return (void *)((char *)state_value(s->total, total) + s->plan->ordinal_offset);
}

static inline void *total_state(const struct slide *s, uint32_t slot, uint32_t total) {
    return (char *)state_value(s->total, total) + s->plan->slot[slot].offset;
}

static inline void *suffix_state(const struct slide *s, uint32_t slot, struct pane_ref r) {
    assert(r.id < r.pane->folds);
    return r.pane->suffix + (size_t)r.id * s->suffix_bytes + s->slot[slot].suffix_offset;
}

static inline struct pane_fold *fold_of(struct pane_ref r) {
    assert(r.id < r.pane->folds);
    return &r.pane->fold[r.id];
}

static inline const void *pane_state(const struct slide *s, uint32_t slot, struct pane_ref r) {
    return groups_state(&r.pane->groups, &s->plan->slot[slot], r.id);
}

static inline uint64_t pane_ordinal(const struct slide *s, struct pane_ref r) {
    return *groups_ordinal(s->plan, &r.pane->groups, r.id);
}

static inline bool pane_has(const struct slide *s, struct pane_ref r) {
    if (!state_is_live(r.pane->groups.table, r.id)) return false;
    return !s->plan->counts || *groups_rows_of(s->plan, &r.pane->groups, r.id) > 0;
}

static inline bool merge_state(const struct slide *s, uint32_t slot, struct arena *a, void *into,
                               const void *from, struct err *e) {
    const struct agg_slot *as = &s->plan->slot[slot];
    struct agg_call call = {.bind = as->call.bind, .arena = a};
    return as->agg->merge(&call, into, from, e);
}

#endif
