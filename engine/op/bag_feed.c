/* bag_feed.c: the values of a bag: in a list for each group, and back into states. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/pack.h"
#include "engine/op/bag_private.h"

/* A pair whose links change. */
static struct bag_pair *pair_change(const struct bag_place *w, uint32_t id) {
    state_touch(w->t, id);
    return pair_at(w, id);
}

static void head_set(const struct bag_place *w, uint32_t group, uint32_t link) {
    state_touch(w->g->table, group);
    *list_head(w, group) = link;
}

void pair_list_add(const struct bag_place *w, uint32_t group, uint32_t id) {
    uint32_t head = *list_head(w, group);
    struct bag_pair *x = pair_change(w, id);
    x->next = head;
    x->prev = 0;
    if (head) pair_change(w, head - 1)->prev = id + 1;
    head_set(w, group, id + 1);
}

/* The list of a group that is forgotten has no head any more; another group may have its id. */
static void pair_unlink(const struct bag_place *w, uint32_t group, uint32_t id) {
    const struct bag_pair *x = pair_at(w, id);
    if (x->next) pair_change(w, x->next - 1)->prev = x->prev;
    if (x->prev) pair_change(w, x->prev - 1)->next = x->next;
    bool first = state_is_live(w->g->table, group) && *list_head(w, group) == id + 1;
    if (first) head_set(w, group, x->next);
}

void pair_list_drop(const struct bag_place *w, uint32_t group, uint32_t id) {
    pair_unlink(w, group, id);
    state_remove(w->t, id);
}

static void pair_forget(void *context, uint32_t id) {
    const struct bag_watch *x = context;
    struct bag_place w = bag_place(x->plan, x->groups, x->bag, NULL);
    struct pair_head head;
    memcpy(&head, state_key(w.t, id).at, sizeof head);
    pair_unlink(&w, head.group, id);
}

const struct state_watch *bag_watch_open(struct bag_watch *w, const struct groups_plan *p,
                                         struct groups *g, uint32_t bag) {
    *w = (struct bag_watch){.plan = p, .groups = g, .bag = bag};
    w->watch = (struct state_watch){.context = w, .forget = pair_forget};
    return &w->watch;
}

uint32_t pair_find(const struct bag_place *w, struct text key) {
    uint32_t id = state_find_key(w->t, key);
    bool gone = id != STATE_NONE && state_is_forgotten(w->t, id, w->at_us);
    return gone ? STATE_NONE : id;
}

bool pair_is_empty(const struct bag_place *w, const struct bag_pair *x) {
    for (uint32_t s = 0; s < w->bag->shares; s++) {
        if (x->rows[s] != 0) return false;
    }
    return true;
}

static int pair_ref_order(const void *a, const void *b) {
    const struct pair_ref *x = a, *y = b;
    if (x->ordinal != y->ordinal) return x->ordinal < y->ordinal ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

struct pair_ref *pairs_listed(const struct bag_place *w, uint32_t group, uint32_t share,
                              uint32_t *count_out) {
    uint32_t count = 0, n = 0;
    for (uint32_t at = *list_head(w, group); at; at = pair_at(w, at - 1)->next) count++;
    struct pair_ref *ref = arena_alloc(w->scratch, (count + (size_t)1) * sizeof *ref);
    if (!ref) return NULL;
    for (uint32_t at = *list_head(w, group); at; at = pair_at(w, at - 1)->next) {
        const struct bag_pair *x = pair_at(w, at - 1);
        if (share != UINT32_MAX && x->rows[share] == 0) continue;
        if (state_is_forgotten(w->t, at - 1, w->at_us)) continue;
        ref[n++] = (struct pair_ref){.ordinal = x->ordinal, .id = at - 1};
    }
    *count_out = n;
    return ref;
}

struct pair_ref *pairs_sorted(const struct bag_place *w, uint32_t group, uint32_t share,
                              uint32_t *count_out) {
    struct pair_ref *ref = pairs_listed(w, group, share, count_out);
    if (ref && *count_out > 1) qsort(ref, *count_out, sizeof *ref, pair_ref_order);
    return ref;
}

/* The value of a pair of any size, by its key, into its argument columns. */
static bool pair_read(const struct bag_plan *b, struct text key, struct column *arg,
                      struct arena *scratch, struct err *e) {
    const struct agg_bind *bind = &b->like->bind;
    struct column_builder *to = ARENA_ARRAY(scratch, to, bind->args);
    if (!to) return err_memory(e);
    uint32_t skip = sizeof(struct pair_head);
    key = (struct text){.at = key.at + skip, .bytes = key.bytes - skip};
    for (uint32_t i = 0; i < bind->args; i++) {
        if (!builder_init(&to[i], scratch, bind->arg_type[i], 1)) return err_memory(e);
        if (!unpack_value(&key, &to[i]) || !builder_column(&to[i], &arg[i])) return err_memory(e);
    }
    return true;
}

/* A value of 64 bits is read in place. */
struct fixed_value {
    int64_t v;
    uint64_t valid;
};

static void fixed_read(const struct bag_plan *b, struct text key, struct fixed_value *x,
                       struct column *arg) {
    struct pair_head head;
    memcpy(&head, key.at, sizeof head);
    memcpy(&x->v, key.at + sizeof head, sizeof x->v);
    x->valid = !(head.number & NUMBER_NULL);
    *arg = (struct column){.type = b->like->bind.arg_type[0], .valid = &x->valid, .as.i64 = &x->v};
}

bool pair_feed(const struct bag_plan *bag, const struct agg_slot *s, const struct bag_feed *f,
               void *state, struct arena *const memory[2], struct err *e) {
    struct fixed_value fixed;
    struct column one, *arg = &one;
    if (bag->key_bytes) {
        fixed_read(bag, f->key, &fixed, arg);
    } else {
        arg = ARENA_ARRAY(memory[1], arg, bag->like->bind.args);
        if (!arg) return err_memory(e);
        if (!pair_read(bag, f->key, arg, memory[1], e)) return false;
    }
    struct agg_call call = {.bind = s->call.bind, .arena = memory[0]};
    struct agg_rows in = {.arg = arg, .state = &state, .ordinal = &f->ordinal, .count = 1};
    if (f->times < 0) return s->agg->remove(&call, &in, e);
    for (int64_t i = 0; i < f->times; i++) {
        if (!s->agg->add(&call, &in, e)) return false;
    }
    return true;
}

static int64_t value_times(const struct bag_place *w, const struct agg_slot *s, uint32_t id) {
    bool once = s->distinct || w->bag->numbered || s->agg->flags & AGG_NO_DISTINCT;
    return once ? 1 : pair_at(w, id)->rows[s->share];
}

bool group_recompute(const struct bag_place *w, const struct agg_slot *s, uint32_t group,
                     struct err *e) {
    uint32_t count = 0;
    struct pair_ref *ref = pairs_sorted(w, group, s->share, &count);
    if (!ref) return err_memory(e);
    void *state = groups_state(w->g, s, group);
    struct arena *memory[2] = {&w->g->table->arena, w->scratch};
    state_touch(w->g->table, group);
    memset(state, 0, s->agg->state_bytes);
    for (uint32_t i = 0; i < count; i++) {
        struct arena_mark mark = arena_mark(w->scratch);
        struct bag_feed f = {.key = state_key(w->t, ref[i].id),
                             .ordinal = ref[i].ordinal,
                             .times = value_times(w, s, ref[i].id)};
        if (!pair_feed(w->bag, s, &f, state, memory, e)) return false;
        arena_rewind(w->scratch, mark);
    }
    return true;
}

void bag_drop(const struct groups_plan *p, struct groups *g, uint32_t bag, uint32_t group) {
    struct bag_place w = bag_place(p, g, bag, NULL);
    for (uint32_t at; (at = *list_head(&w, group)) != 0;) pair_list_drop(&w, group, at - 1);
}
