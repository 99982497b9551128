/* slide.c: see slide.h.
 *
 * Invariants, between calls: every pane below next_pane is folded; a live group of a folded pane
 * is in its total's chain, at the place of its pane; a total's `panes` is the length of its chain,
 * and totals without panes are removed. For groups that are not marked: total = merge of the chain
 * (subtract), back = merge of the chain from block_end on, suffix = merge of the chain from there
 * to block_end (stack).
 */
#include "engine/op/slide.h"

#include <string.h>

#include "engine/op/bag.h"
#include "engine/op/slide_private.h"

enum { DIRTY_MIN = 64 };

/* Totals as bytes, only to write their arena anew: as groups, then the chain. */
static bool total_save(void *context, const void *value, struct buf *out) {
    const struct slide *s = context;
    buf_add(out, (const char *)value + s->group_offset, sizeof(struct slide_group));
    if (s->plan->saves) return s->plan->codec.save(s->plan->codec.context, value, out);
    buf_add(out, value, s->plan->value_bytes);
    return !out->failed;
}

static bool total_load(void *context, struct arena *a, void *value, struct text saved,
                       struct err *e) {
    const struct slide *s = context;
    uint32_t tail = sizeof(struct slide_group);
    assert(saved.bytes >= tail);
    memcpy((char *)value + s->group_offset, saved.at, tail);
    struct text rest = {.at = saved.at + tail, .bytes = saved.bytes - tail};
    if (s->plan->saves) return s->plan->codec.load(s->plan->codec.context, a, value, rest, e);
    memcpy(value, rest.at, rest.bytes);
    return true;
}

static enum slide_way slot_way(const struct agg_slot *as) {
    if (as->distinct) return as->agg->remove ? SLIDE_BAG : SLIDE_ANEW;
    if (as->agg->flags & AGG_LISTS) return SLIDE_ANEW;
    return as->agg->unmerge ? SLIDE_SUBTRACT : SLIDE_STACK;
}

/* The table of totals, and bags for the slots that slide by them. */
static bool totals_create(struct slide *s, struct arena *a, struct err *e) {
    const struct groups_plan *plan = s->plan;
    struct state_options o = {.key_bytes = plan->key.key_bytes,
                              .value_bytes = s->group_offset + (uint32_t)sizeof(struct slide_group),
                              .codec = &s->codec};
    s->total = s->totals.table = state_table_create(s->panes->keyed, &o, e);
    s->totals.bag = ARENA_ARRAY(a, s->totals.bag, plan->bags);
    if (!s->total) return false;
    if (!s->totals.bag) return err_memory(e);
    for (uint32_t i = 0; i < plan->bags; i++) {
        if (s->slot[plan->bag[i].slot[0]->index].way != SLIDE_BAG) continue;
        o = (struct state_options){.key_bytes = plan->bag[i].key_bytes,
                                   .value_bytes = plan->bag[i].value_bytes};
        s->totals.bag[i] = state_table_create(s->panes->keyed, &o, e);
        if (!s->totals.bag[i]) return false;
    }
    return true;
}

bool slide_open(struct slide *s, struct panes *panes, const struct window_grid *grid,
                struct arena *scratch, struct err *e) {
    const struct groups_plan *plan = panes->plan;
    *s = (struct slide){.plan = plan,
                        .grid = grid,
                        .panes = panes,
                        .scratch = scratch,
                        .group_offset = (plan->value_bytes + 7) / 8 * 8,
                        .block_end = INT64_MIN,
                        .next_pane = INT64_MIN};
    s->slot = ARENA_ARRAY(panes->arena, s->slot, plan->slots);
    if (!s->slot) return err_memory(e);
    for (uint32_t i = 0; i < plan->slots; i++) {
        s->slot[i].way = slot_way(&plan->slot[i]);
        if (s->slot[i].way != SLIDE_STACK) continue;
        s->slot[i].suffix_offset = s->suffix_bytes;
        s->suffix_bytes += (plan->slot[i].agg->state_bytes + 15) / 16 * 16;
    }
    s->codec = (struct state_codec){.context = s, .save = total_save, .load = total_load};
    return totals_create(s, panes->arena, e);
}

void slide_close(struct slide *s) {
    if (!s->plan) return;
    groups_destroy(s->plan, &s->totals);
    arena_done(&s->arena);
    s->total = NULL;
}

void slide_pane_added(const struct slide *s, struct pane *pane) {
    pane->folded = pane->order < s->next_pane;
}

/* Room in a pane's arrays for all its groups; new ones are in no total yet. */
static bool folds_reserve(struct slide *s, struct pane *pane) {
    uint32_t need = pane->groups.table->used;
    if (need <= pane->folds) return true;
    uint32_t room = pane->folds > 0 && need < pane->folds * 2 ? pane->folds * 2 : need;
    struct pane_fold *fold = arena_alloc(&pane->arena, room * sizeof *fold);
    char *suffix = arena_zalloc(&pane->arena, room, s->suffix_bytes ? s->suffix_bytes : 1);
    if (!fold || !suffix) return false;
    if (pane->folds > 0) {
        memcpy(fold, pane->fold, pane->folds * sizeof *fold);
        memcpy(suffix, pane->suffix, (size_t)pane->folds * s->suffix_bytes);
    }
    for (uint32_t i = pane->folds; i < room; i++) fold[i] = (struct pane_fold){.total = STATE_NONE};
    pane->fold = fold;
    pane->suffix = suffix;
    pane->folds = room;
    panes_count(s->panes, pane);
    return true;
}

/* One pane of a group more in the back. */
static bool back_add(struct slide *s, uint32_t total, struct pane_ref r, struct err *e) {
    uint64_t ordinal = pane_ordinal(s, r);
    if (ordinal < *back_ordinal(s, total)) *back_ordinal(s, total) = ordinal;
    for (uint32_t i = 0; i < s->plan->slots; i++) {
        if (s->slot[i].way != SLIDE_STACK) continue;
        if (!merge_state(s, i, &s->total->arena, total_state(s, i, total), pane_state(s, i, r), e))
            return false;
    }
    return true;
}

/* The values of one pane of a group more. */
static bool bags_add(struct slide *s, uint32_t total, struct pane_ref r, struct err *e) {
    struct group_ref into = {.g = &s->totals, .id = total};
    struct group_ref from = {.g = &r.pane->groups, .id = r.id};
    struct arena_mark mark = arena_mark(s->scratch);
    for (uint32_t i = 0; i < s->plan->bags; i++) {
        if (!s->totals.bag[i]) continue;
        if (!bag_merge(s->plan, i, into, from, s->scratch, e)) return false;
    }
    arena_rewind(s->scratch, mark);
    return true;
}

static bool bags_remove(struct slide *s, uint32_t total, struct pane_ref r, struct err *e) {
    struct group_ref into = {.g = &s->totals, .id = total};
    struct group_ref from = {.g = &r.pane->groups, .id = r.id};
    struct arena_mark mark = arena_mark(s->scratch);
    for (uint32_t i = 0; i < s->plan->bags; i++) {
        if (!s->totals.bag[i]) continue;
        if (!bag_unmerge(s->plan, i, into, from, s->scratch, e)) return false;
    }
    arena_rewind(s->scratch, mark);
    return true;
}

static void bags_drop(struct slide *s, uint32_t total) {
    for (uint32_t i = 0; i < s->plan->bags; i++) {
        if (s->totals.bag[i]) bag_drop(s->plan, &s->totals, i, total);
    }
}

static bool total_add(struct slide *s, uint32_t total, struct pane_ref r, struct err *e) {
    for (uint32_t i = 0; i < s->plan->slots; i++) {
        if (s->slot[i].way != SLIDE_SUBTRACT) continue;
        if (!merge_state(s, i, &s->total->arena, total_state(s, i, total), pane_state(s, i, r), e))
            return false;
    }
    if (!bags_add(s, total, r, e)) return false;
    return r.pane->order < s->block_end || back_add(s, total, r, e);
}

static void chain_append(struct slide *s, uint32_t total, struct pane_ref r) {
    struct slide_group *g = group_of(s, total);
    fold_of(r)->total = total;
    fold_of(r)->next = (struct pane_ref){0};
    if (g->panes++ > 0) {
        fold_of(g->tail)->next = r;
    } else {
        g->head = r;
        *back_ordinal(s, total) = UINT64_MAX;
    }
    g->tail = r;
}

static bool pane_fold_in(struct slide *s, struct pane *pane, struct err *e) {
    pane->folded = true;
    if (!folds_reserve(s, pane)) return err_memory(e);
    for (uint32_t id = 0; id < pane->groups.table->used; id++) {
        struct pane_ref r = {.pane = pane, .id = id};
        uint32_t total;
        if (!pane_has(s, r)) continue;
        if (!state_upsert_from(s->total, pane->groups.table, id, &total, e)) return false;
        chain_append(s, total, r);
        if (!total_add(s, total, r, e)) return false;
    }
    return true;
}

/* The suffix of one group from pane `r` on; that of its next pane is there. */
static bool suffix_make(struct slide *s, struct pane_ref r, struct err *e) {
    struct pane_fold *f = fold_of(r);
    f->suffix_ordinal = pane_ordinal(s, r);
    bool more = f->next.pane && f->next.pane->order < s->block_end;
    if (more && fold_of(f->next)->suffix_ordinal < f->suffix_ordinal) {
        f->suffix_ordinal = fold_of(f->next)->suffix_ordinal;
    }
    for (uint32_t i = 0; i < s->plan->slots; i++) {
        if (s->slot[i].way != SLIDE_STACK) continue;
        void *to = suffix_state(s, i, r);
        memset(to, 0, s->plan->slot[i].agg->state_bytes);
        struct arena *a = &r.pane->arena;
        if (!merge_state(s, i, a, to, pane_state(s, i, r), e)) return false;
        if (more && !merge_state(s, i, a, to, suffix_state(s, i, f->next), e)) return false;
    }
    return true;
}

static bool suffixes_make(struct slide *s, struct pane *pane, struct err *e) {
    for (uint32_t id = 0; id < pane->folds; id++) {
        if (pane->fold[id].total == STATE_NONE) continue;
        if (!suffix_make(s, (struct pane_ref){.pane = pane, .id = id}, e)) return false;
    }
    panes_count(s->panes, pane);
    return true;
}

/* Forgets the back of every group. */
static void back_reset(struct slide *s) {
    for (uint32_t id = 0; id < s->total->used; id++) {
        if (!state_is_live(s->total, id)) continue;
        *back_ordinal(s, id) = UINT64_MAX;
        for (uint32_t i = 0; i < s->plan->slots; i++) {
            if (s->slot[i].way != SLIDE_STACK) continue;
            memset(total_state(s, i, id), 0, s->plan->slot[i].agg->state_bytes);
        }
    }
}

/* Adds what an already folded pane has to the new back. */
static bool back_refill(struct slide *s, struct pane *pane, struct err *e) {
    for (uint32_t id = 0; id < pane->folds; id++) {
        struct pane_ref r = {.pane = pane, .id = id};
        if (pane->fold[id].total == STATE_NONE) continue;
        if (!back_add(s, pane->fold[id].total, r, e)) return false;
    }
    return true;
}

/* The first pane of the block behind the one that `pane` lies in. CUMULATE only ever grows: all
 * is back. */
static int64_t block_end_of(const struct slide *s, int64_t pane) {
    if (s->grid->kind == WINDOW_CUMULATE) return INT64_MIN + 1;
    return (floor_div(pane, s->grid->panes) + 1) * s->grid->panes;
}

/* Folds panes up to `last` in order; on a new block, makes its front and back. */
static bool panes_fold(struct slide *s, int64_t first, int64_t last, struct err *e) {
    int64_t block_end = block_end_of(s, first);
    bool new_block = block_end != s->block_end;
    int64_t folded = s->next_pane;
    s->block_end = block_end;
    if (new_block) back_reset(s);
    for (int64_t p = block_end > first ? block_end : first; new_block && p < folded; p++) {
        struct pane *pane = panes_find(s->panes, p, 0);
        if (pane && !back_refill(s, pane, e)) return false;
    }
    for (int64_t p = folded > first ? folded : first; p <= last; p++) {
        struct pane *pane = panes_find(s->panes, p, 0);
        if (pane && !pane_fold_in(s, pane, e)) return false;
    }
    if (s->next_pane <= last) s->next_pane = last + 1;
    for (int64_t p = block_end - 1; new_block && p >= first; p--) {
        struct pane *pane = panes_find(s->panes, p, 0);
        if (pane && !suffixes_make(s, pane, e)) return false;
    }
    return true;
}

/* A group's chain as an array, without panes that have lost all its rows. */
static bool chain_read(struct slide *s, uint32_t total, struct pane_ref **out, struct err *e) {
    struct slide_group *g = group_of(s, total);
    struct pane_ref *ref = ARENA_ARRAY(s->scratch, ref, g->panes);
    if (!ref) return err_memory(e);
    uint32_t n = 0;
    for (struct pane_ref r = g->head; r.pane; r = fold_of(r)->next) {
        if (pane_has(s, r)) {
            ref[n++] = r;
        } else {
            fold_of(r)->total = STATE_NONE;
        }
    }
    g->panes = n;
    *out = ref;
    return true;
}

/* Computes all of one group from its chain. */
static bool group_rebuild(struct slide *s, uint32_t total, struct err *e) {
    struct pane_ref *ref = NULL;
    if (!chain_read(s, total, &ref, e)) return false;
    uint32_t panes = group_of(s, total)->panes;
    *group_of(s, total) = (struct slide_group){0};
    bags_drop(s, total);
    if (panes == 0) {
        state_remove(s->total, total);
        return true;
    }
    for (uint32_t i = 0; i < s->plan->slots; i++) {
        memset(total_state(s, i, total), 0, s->plan->slot[i].agg->state_bytes);
    }
    for (uint32_t n = 0; n < panes; n++) {
        chain_append(s, total, ref[n]);
        if (!total_add(s, total, ref[n], e)) return false;
    }
    for (uint32_t n = panes; n-- > 0;) {
        if (ref[n].pane->order < s->block_end && !suffix_make(s, ref[n], e)) return false;
    }
    return true;
}

static bool dirty_settle(struct slide *s, struct err *e) {
    for (uint32_t i = 0; i < s->dirty_count; i++) {
        struct arena_mark mark = arena_mark(s->scratch);
        if (!group_rebuild(s, s->dirty[i], e)) return false;
        arena_rewind(s->scratch, mark);
    }
    s->dirty_count = s->dirty_capacity = 0;
    s->dirty = NULL;
    arena_reset(&s->arena);
    return true;
}

static bool dirty_add(struct slide *s, uint32_t total) {
    struct slide_group *g = group_of(s, total);
    if (g->dirty) return true;
    if (s->dirty_count == s->dirty_capacity) {
        uint32_t room = s->dirty_capacity ? s->dirty_capacity * 2 : DIRTY_MIN;
        uint32_t *to = ARENA_ARRAY(&s->arena, to, room);
        if (!to) return false;
        if (s->dirty_count > 0) memcpy(to, s->dirty, s->dirty_count * sizeof *to);
        s->dirty = to;
        s->dirty_capacity = room;
    }
    g->dirty = 1;
    s->dirty[s->dirty_count++] = total;
    return true;
}

/* Puts a pane that the group had no part of into its chain. */
static void chain_insert(struct slide *s, uint32_t total, struct pane_ref r) {
    struct slide_group *g = group_of(s, total);
    if (g->panes == 0 || g->tail.pane->order < r.pane->order) {
        chain_append(s, total, r);
        return;
    }
    g->panes++;
    fold_of(r)->total = total;
    if (r.pane->order < g->head.pane->order) {
        fold_of(r)->next = g->head;
        g->head = r;
        return;
    }
    struct pane_ref at = g->head;
    while (fold_of(at)->next.pane->order < r.pane->order) at = fold_of(at)->next;
    fold_of(r)->next = fold_of(at)->next;
    fold_of(at)->next = r;
}

bool slide_changed(struct slide *s, struct pane *pane, const uint32_t *id, uint32_t count,
                   struct err *e) {
    assert(pane->folded);
    if (!folds_reserve(s, pane)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        struct pane_ref r = {.pane = pane, .id = id[i]};
        uint32_t total = fold_of(r)->total;
        if (total == STATE_NONE) {
            if (!state_upsert_from(s->total, pane->groups.table, id[i], &total, e)) return false;
            chain_insert(s, total, r);
        }
        if (!dirty_add(s, total)) return err_memory(e);
    }
    return true;
}

bool slide_to(struct slide *s, int64_t window, struct err *e) {
    if (!dirty_settle(s, e)) return false;
    int64_t first = window_pane_first(s->grid, window), last = window_pane_last(s->grid, window);
    return panes_fold(s, first, last, e);
}

bool slide_restore(struct slide *s, int64_t next_pane, int64_t block_end, struct err *e) {
    struct pane *first = panes_first(s->panes);
    s->block_end = block_end;
    s->next_pane = next_pane;
    if (!first || first->order >= next_pane) return true;
    if (next_pane - first->order > 2 * (int64_t)WINDOW_PANES_MAX) {
        return err_set(e, ERR_CORRUPT, "XX001", "saved windows are damaged");
    }
    for (int64_t p = first->order; p < next_pane; p++) {
        struct pane *pane = panes_find(s->panes, p, 0);
        if (pane && !pane_fold_in(s, pane, e)) return false;
    }
    for (int64_t p = next_pane - 1; p >= first->order; p--) {
        struct pane *pane = p < block_end ? panes_find(s->panes, p, 0) : NULL;
        if (pane && !suffixes_make(s, pane, e)) return false;
    }
    return true;
}

static bool group_leave(struct slide *s, struct pane_ref r, struct err *e) {
    uint32_t total = fold_of(r)->total;
    struct slide_group *g = group_of(s, total);
    assert(g->head.pane == r.pane && g->head.id == r.id);
    g->head = fold_of(r)->next;
    if (--g->panes == 0) {
        bags_drop(s, total);
        state_remove(s->total, total);
        return true;
    }
    state_touch(s->total, total);
    if (!bags_remove(s, total, r, e)) return false;
    for (uint32_t i = 0; i < s->plan->slots; i++) {
        if (s->slot[i].way != SLIDE_SUBTRACT) continue;
        const struct agg_slot *as = &s->plan->slot[i];
        struct agg_call call = {.bind = as->call.bind, .arena = &s->total->arena};
        if (!as->agg->unmerge(&call, total_state(s, i, total), pane_state(s, i, r), e)) {
            return false;
        }
    }
    return true;
}

bool slide_pane_dropped(struct slide *s, struct pane *pane, struct err *e) {
    if (!pane->folded) return true;
    if (!dirty_settle(s, e)) return false;
    for (uint32_t id = 0; id < pane->folds; id++) {
        if (pane->fold[id].total == STATE_NONE) continue;
        if (!group_leave(s, (struct pane_ref){.pane = pane, .id = id}, e)) return false;
    }
    return true;
}
