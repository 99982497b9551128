/* slide_read.c: the groups of a window and their states, out of the sliding structure.
 *
 * A state that slides by two stacks is the merge of two, its front and its back; one that is
 * computed anew is the merge of its panes. Both are made where they are asked for.
 */
#include "engine/op/bag.h"
#include "engine/op/slide_private.h"

bool slide_groups(struct slide *s, struct order_item **out, uint32_t *count_out, struct err *e) {
    struct order_item *item = arena_alloc(s->scratch, s->total->count * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t n = 0;
    for (uint32_t id = 0; id < s->total->used; id++) {
        if (!state_is_live(s->total, id)) continue;
        struct pane_ref head = group_of(s, id)->head;
        uint64_t ordinal = *back_ordinal(s, id);
        if (head.pane->order < s->block_end && fold_of(head)->suffix_ordinal < ordinal) {
            ordinal = fold_of(head)->suffix_ordinal;
        }
        item[n++] = (struct order_item){.ordinal = ordinal, .id = id};
    }
    assert(n == s->total->count);
    *out = item;
    *count_out = n;
    return order_sort(item, n, s->scratch) || err_memory(e);
}

/* Front and back of one group as one state. */
static bool stack_state(struct slide *s, uint32_t slot, uint32_t total, void **out, struct err *e) {
    struct pane_ref head = group_of(s, total)->head;
    if (head.pane->order >= s->block_end) {
        *out = total_state(s, slot, total);
        return true;
    }
    bool has_back = *back_ordinal(s, total) != UINT64_MAX;
    if (!has_back) {
        *out = suffix_state(s, slot, head);
        return true;
    }
    void *to = arena_zalloc(s->scratch, 1, s->plan->slot[slot].agg->state_bytes);
    if (!to) return err_memory(e);
    *out = to;
    return merge_state(s, slot, s->scratch, to, suffix_state(s, slot, head), e) &&
           merge_state(s, slot, s->scratch, to, total_state(s, slot, total), e);
}

/* All panes of one group merged. */
static bool anew_state(struct slide *s, uint32_t slot, uint32_t total, void **out, struct err *e) {
    const struct agg_slot *as = &s->plan->slot[slot];
    void *to = arena_zalloc(s->scratch, 1, as->agg->state_bytes);
    if (!to) return err_memory(e);
    *out = to;
    if (as->distinct) {
        struct bag_union u = {.plan = s->plan, .slot = as, .arena = s->scratch};
        for (struct pane_ref r = group_of(s, total)->head; r.pane; r = fold_of(r)->next) {
            if (!bag_union_add(&u, &r.pane->groups, r.id)) return err_memory(e);
        }
        return bag_union_feed(&u, to, e);
    }
    for (struct pane_ref r = group_of(s, total)->head; r.pane; r = fold_of(r)->next) {
        if (!merge_state(s, slot, s->scratch, to, pane_state(s, slot, r), e)) return false;
    }
    return true;
}

bool slide_states(struct slide *s, uint32_t slot, const struct slide_pick *p, struct err *e) {
    for (uint32_t i = 0; i < p->count; i++) {
        bool done = true;
        uint32_t id = p->id[i];
        switch (s->slot[slot].way) {
        case SLIDE_SUBTRACT:
        case SLIDE_BAG: p->state[i] = total_state(s, slot, id); break;
        case SLIDE_STACK: done = stack_state(s, slot, id, &p->state[i], e); break;
        case SLIDE_ANEW: done = anew_state(s, slot, id, &p->state[i], e); break;
        }
        if (!done) return false;
    }
    return true;
}
