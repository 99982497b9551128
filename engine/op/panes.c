/* panes.c: see panes.h. A map from number to pane, and a binary heap for the earliest.
 *
 * Saved: 4 bytes of count, then each pane: order 8, minor 8, its groups.
 */
#include "engine/op/panes.h"

#include <string.h>

enum { HEAP_MIN = 16, SPARE_FILL = 8 };

struct pane_key {
    int64_t order, minor;
};

void panes_init(struct panes *p, const struct groups_plan *plan, struct state *keyed,
                struct arena *arena) {
    *p = (struct panes){.plan = plan, .keyed = keyed, .arena = arena};
    map_init(&p->by_number, &(struct map_options){.key_bytes = sizeof(struct pane_key),
                                                  .value_bytes = sizeof(struct pane *)});
}

static void pane_clear(struct panes *p, struct pane *pane) {
    state_count(p->keyed, -(int64_t)pane->counted_bytes);
    arena_done(&pane->arena);
    pane->counted_bytes = 0;
    pane->fold = NULL;
    pane->suffix = NULL;
    pane->folds = 0;
    pane->folded = false;
}

void panes_done(struct panes *p) {
    if (!p->plan) return;
    for (uint32_t i = 0; i < p->count; i++) {
        pane_clear(p, p->heap[i]);
        groups_destroy(p->plan, &p->heap[i]->groups);
    }
    if (p->spare) groups_destroy(p->plan, &p->spare->groups);
    map_done(&p->by_number);
    p->count = 0;
    p->spare = NULL;
}

struct pane *panes_find(const struct panes *p, int64_t order, int64_t minor) {
    struct pane_key key = {.order = order, .minor = minor};
    uint32_t id = map_find(&p->by_number, (struct text){.at = (void *)&key, .bytes = sizeof key});
    if (id == MAP_NONE) return NULL;
    struct pane *pane;
    memcpy(&pane, map_value(&p->by_number, id), sizeof pane);
    return pane;
}

static bool pane_before(const struct pane *a, const struct pane *b) {
    return a->order != b->order ? a->order < b->order : a->minor < b->minor;
}

static bool heap_grow(struct panes *p) {
    if (p->count < p->capacity) return true;
    uint32_t capacity = p->capacity ? p->capacity * 2 : HEAP_MIN;
    struct pane **heap = ARENA_ARRAY(p->arena, heap, capacity);
    if (!heap) return false;
    if (p->count > 0) memcpy(heap, p->heap, p->count * sizeof(*heap));
    p->heap = heap;
    p->capacity = capacity;
    return true;
}

static void heap_rise(struct panes *p, uint32_t at) {
    struct pane *pane = p->heap[at];
    while (at > 0 && pane_before(pane, p->heap[(at - 1) / 2])) {
        p->heap[at] = p->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    p->heap[at] = pane;
}

static void heap_sink(struct panes *p, uint32_t at) {
    struct pane *pane = p->heap[at];
    for (uint32_t child; (child = 2 * at + 1) < p->count; at = child) {
        if (child + 1 < p->count && pane_before(p->heap[child + 1], p->heap[child])) child++;
        if (!pane_before(p->heap[child], pane)) break;
        p->heap[at] = p->heap[child];
    }
    p->heap[at] = pane;
}

/* A pane with empty groups: the spare one, or one made anew. */
static struct pane *pane_take(struct panes *p, struct err *e) {
    struct pane *pane = p->spare;
    if (pane) {
        p->spare = NULL;
        return pane;
    }
    pane = p->free;
    if (pane) {
        p->free = pane->next_free;
    } else {
        pane = ARENA_NEW(p->arena, pane);
        if (!pane) {
            err_memory(e);
            return NULL;
        }
    }
    if (groups_create(p->plan, p->keyed, p->arena, &pane->groups, e)) return pane;
    groups_destroy(p->plan, &pane->groups);
    pane->next_free = p->free;
    p->free = pane;
    return NULL;
}

static void pane_give_back(struct panes *p, struct pane *pane) {
    const struct state_table *t = pane->groups.table;
    bool ordinary = t->used >= t->capacity / SPARE_FILL;
    pane_clear(p, pane);
    if (!p->spare && ordinary) {
        groups_reset(p->plan, &pane->groups);
        p->spare = pane;
        return;
    }
    groups_destroy(p->plan, &pane->groups);
    pane->next_free = p->free;
    p->free = pane;
}

struct pane *panes_add(struct panes *p, int64_t order, int64_t minor, struct err *e) {
    struct pane_key key = {.order = order, .minor = minor};
    struct pane *pane = pane_take(p, e);
    if (!pane) return NULL;
    pane->order = order;
    pane->minor = minor;
    arena_init(&pane->arena, 0);

    bool is_new;
    uint32_t id = MAP_NONE;
    struct text text = {.at = (void *)&key, .bytes = sizeof key};
    if (heap_grow(p)) id = map_put(&p->by_number, text, &is_new);
    if (id == MAP_NONE) {
        pane_give_back(p, pane);
        err_memory(e);
        return NULL;
    }
    assert(is_new);
    memcpy(map_value(&p->by_number, id), &pane, sizeof(struct pane *));
    p->heap[p->count++] = pane;
    heap_rise(p, p->count - 1);
    return pane;
}

struct pane *panes_first(const struct panes *p) {
    return p->count > 0 ? p->heap[0] : NULL;
}

void panes_drop_first(struct panes *p) {
    assert(p->count > 0);
    struct pane *pane = p->heap[0];
    struct pane_key key = {.order = pane->order, .minor = pane->minor};
    bool had = map_remove(&p->by_number, (struct text){.at = (void *)&key, .bytes = sizeof key});
    assert(had);
    (void)had;
    p->heap[0] = p->heap[--p->count];
    if (p->count > 0) heap_sink(p, 0);
    pane_give_back(p, pane);
}

void panes_count(struct panes *p, struct pane *pane) {
    state_count(p->keyed, (int64_t)pane->arena.held_bytes - (int64_t)pane->counted_bytes);
    pane->counted_bytes = pane->arena.held_bytes;
}

bool panes_save(const struct panes *p, struct buf *out, struct err *e) {
    buf_add(out, &p->count, sizeof p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct pane *pane = p->heap[i];
        buf_add(out, &pane->order, sizeof pane->order);
        buf_add(out, &pane->minor, sizeof pane->minor);
        if (!groups_save(p->plan, &pane->groups, out, e)) return false;
    }
    return !out->failed || err_memory(e);
}

static bool take(struct text *at, void *to, uint32_t bytes, struct err *e) {
    if (at->bytes < bytes) return err_set(e, ERR_CORRUPT, "XX001", "saved windows are damaged");
    memcpy(to, at->at, bytes);
    *at = (struct text){.at = at->at + bytes, .bytes = at->bytes - bytes};
    return true;
}

bool panes_load(struct panes *p, struct text *at, struct err *e) {
    uint32_t count = 0;
    if (!take(at, &count, sizeof count, e)) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct pane_key key = {0};
        if (!take(at, &key, sizeof key, e)) return false;
        if (panes_find(p, key.order, key.minor)) {
            return err_set(e, ERR_CORRUPT, "XX001", "saved windows are damaged");
        }
        struct pane *pane = panes_add(p, key.order, key.minor, e);
        if (!pane || !groups_load(p->plan, &pane->groups, at, e)) return false;
    }
    return true;
}
