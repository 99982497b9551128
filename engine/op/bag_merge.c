/* bag_merge.c: bags of two groups become one (sessions that are joined, sessions that are final),
 * and the values of a group in several panes become one list (DISTINCT in sliding windows).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/op/bag_private.h"

/* The other group's pair under this group's name, in the scratch arena. */
static struct text pair_rename(const struct bag_place *w, struct text key, uint32_t group) {
    char *at = arena_alloc(w->scratch, key.bytes);
    if (!at) return (struct text){0};
    memcpy(at, key.at, key.bytes);
    memcpy(at, &group, sizeof group);
    return (struct text){.at = at, .bytes = key.bytes};
}

static void number_set(struct text key, uint32_t number) {
    struct pair_head head;
    memcpy(&head, key.at, sizeof head);
    head.number = number;
    memcpy((char *)(uintptr_t)key.at, &head, sizeof head); /* our own copy */
}

/* One row of another group, whose equal values are kept apart, under the next number. */
static bool numbered_join(const struct bag_place *w, struct text key, uint64_t ordinal,
                          uint32_t group, struct err *e) {
    struct pair_head head;
    uint32_t id;
    memcpy(&head, key.at, sizeof head);
    uint32_t flag = w->bag->key_bytes ? head.number & NUMBER_NULL : 0;
    number_set(key, flag);
    if (!state_upsert_key(w->t, key, &id, e)) return false;
    int64_t had = pair_at(w, id)->rows[0]++;
    if (had > 0) {
        number_set(key, flag | (uint32_t)had);
        if (!state_upsert_key(w->t, key, &id, e)) return false;
        pair_at(w, id)->rows[0] = 1;
    }
    pair_at(w, id)->ordinal = ordinal;
    pair_list_add(w, group, id);
    return true;
}

/* One pair of another group joins; values that are new to a DISTINCT aggregate are fed to it. */
static bool pair_join(const struct bag_place *w, struct text key, const struct bag_pair *other,
                      uint32_t group, struct err *e) {
    uint32_t id;
    if (!state_upsert_key(w->t, key, &id, e)) return false;
    struct bag_pair *mine = pair_at(w, id);
    bool is_new = pair_is_empty(w, mine);
    if (is_new || other->ordinal < mine->ordinal) mine->ordinal = other->ordinal;
    if (is_new) pair_list_add(w, group, id);
    struct arena *memory[2] = {&w->g->table->arena, w->scratch};
    struct bag_feed f = {.key = key, .ordinal = other->ordinal, .times = 1};
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        const struct agg_slot *slot = w->bag->slot[s];
        bool first = mine->rows[s] == 0 && other->rows[s] > 0;
        mine->rows[s] += other->rows[s];
        if (!first || !slot->distinct) continue;
        if (!pair_feed(w->bag, slot, &f, groups_state(w->g, slot, group), memory, e)) return false;
    }
    return true;
}

/* Order matters to aggregates that cannot remove; the others take the pairs as they stand. */
static struct pair_ref *pairs_of(const struct bag_place *w, uint32_t group, uint32_t *count_out) {
    const struct agg_slot *s = w->bag->slot[0];
    if (!s->distinct || !s->agg->remove) return pairs_sorted(w, group, UINT32_MAX, count_out);
    return pairs_listed(w, group, UINT32_MAX, count_out);
}

bool bag_merge(const struct groups_plan *p, uint32_t bag, struct group_ref into,
               struct group_ref from, struct arena *scratch, struct err *e) {
    struct bag_place w = bag_place(p, into.g, bag, scratch);
    struct bag_place there = bag_place(p, from.g, bag, scratch);
    struct bag_pair *copy = arena_alloc(scratch, w.bag->value_bytes);
    uint32_t count = 0;
    struct pair_ref *ref = pairs_of(&there, from.id, &count);
    if (!ref || !copy) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) { /* the table may be the same one, and grow */
        struct arena_mark mark = arena_mark(scratch);
        memcpy(copy, pair_at(&there, ref[i].id), w.bag->value_bytes);
        struct text key = pair_rename(&w, state_key(there.t, ref[i].id), into.id);
        if (!key.at) return err_memory(e);
        bool done = w.bag->numbered ? numbered_join(&w, key, copy->ordinal, into.id, e)
                                    : pair_join(&w, key, copy, into.id, e);
        if (!done) return false;
        arena_rewind(scratch, mark);
    }
    for (uint32_t s = 0; s < w.bag->shares; s++) {
        const struct agg_slot *slot = w.bag->slot[s];
        if (!slot->distinct && !group_recompute(&w, slot, into.id, e)) return false;
    }
    return true;
}

/* One pair of another group leaves; values that go with it are taken from the aggregates. */
static bool pair_leave(const struct bag_place *w, struct text key, const struct bag_pair *other,
                       uint32_t group, struct err *e) {
    uint32_t id = state_find_key(w->t, key);
    assert(id != STATE_NONE);
    state_touch(w->t, id);
    struct bag_pair *mine = pair_at(w, id);
    struct arena *memory[2] = {&w->g->table->arena, w->scratch};
    struct bag_feed f = {.key = key, .ordinal = other->ordinal, .times = -1};
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        const struct agg_slot *slot = w->bag->slot[s];
        if (other->rows[s] == 0) continue;
        mine->rows[s] -= other->rows[s];
        if (mine->rows[s] > 0) continue;
        if (!pair_feed(w->bag, slot, &f, groups_state(w->g, slot, group), memory, e)) return false;
    }
    if (pair_is_empty(w, mine)) pair_list_drop(w, group, id);
    return true;
}

bool bag_unmerge(const struct groups_plan *p, uint32_t bag, struct group_ref into,
                 struct group_ref from, struct arena *scratch, struct err *e) {
    struct bag_place w = bag_place(p, into.g, bag, scratch);
    struct bag_place there = bag_place(p, from.g, bag, scratch);
    for (uint32_t at = *list_head(&there, from.id); at;) {
        const struct bag_pair *x = pair_at(&there, at - 1);
        struct arena_mark mark = arena_mark(scratch);
        struct text key = pair_rename(&w, state_key(there.t, at - 1), into.id);
        if (!key.at) return err_memory(e);
        if (!pair_leave(&w, key, x, into.id, e)) return false;
        arena_rewind(scratch, mark);
        at = x->next;
    }
    return true;
}

/* What tells values of a union apart: a pair's key without the group. */
static struct text union_value(const struct bag_feed *f) {
    uint32_t skip = sizeof(uint32_t);
    return (struct text){.at = f->key.at + skip, .bytes = f->key.bytes - skip};
}

static int union_value_order(const void *a, const void *b) {
    const struct bag_feed *x = a, *y = b;
    int order = text_compare(union_value(x), union_value(y));
    if (order != 0) return order;
    return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

static int union_row_order(const void *a, const void *b) {
    const struct bag_feed *x = a, *y = b;
    if (x->ordinal != y->ordinal) return x->ordinal < y->ordinal ? -1 : 1;
    return text_compare(union_value(x), union_value(y));
}

static bool union_reserve(struct bag_union *u) {
    if (u->count < u->capacity) return true;
    uint32_t room = u->capacity ? u->capacity * 2 : 64;
    struct bag_feed *to = ARENA_ARRAY(u->arena, to, room);
    if (!to) return false;
    if (u->count > 0) memcpy(to, u->feed, u->count * sizeof *to);
    u->feed = to;
    u->capacity = room;
    return true;
}

bool bag_union_add(struct bag_union *u, const struct groups *g, uint32_t group) {
    struct groups there = *g;
    struct bag_place w = bag_place(u->plan, &there, u->slot->bag, u->arena);
    for (uint32_t at = *list_head(&w, group); at; at = pair_at(&w, at - 1)->next) {
        const struct bag_pair *x = pair_at(&w, at - 1);
        if (x->rows[u->slot->share] == 0) continue;
        if (!union_reserve(u)) return false;
        u->feed[u->count++] =
            (struct bag_feed){.key = state_key(w.t, at - 1), .ordinal = x->ordinal, .times = 1};
    }
    return true;
}

bool bag_union_feed(struct bag_union *u, void *state, struct err *e) {
    const struct bag_plan *bag = &u->plan->bag[u->slot->bag];
    struct arena *memory[2] = {u->arena, u->arena};
    if (u->count > 1) qsort(u->feed, u->count, sizeof *u->feed, union_value_order);
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->count; i++) {
        bool again = n > 0 && text_equal(union_value(&u->feed[n - 1]), union_value(&u->feed[i]));
        if (!again) u->feed[n++] = u->feed[i];
    }
    if (n > 1) qsort(u->feed, n, sizeof *u->feed, union_row_order);
    for (uint32_t i = 0; i < n; i++) {
        if (!pair_feed(bag, u->slot, &u->feed[i], state, memory, e)) return false;
    }
    return true;
}
