/* state_forget.c: entries leave a table: taken away by their holder, or forgotten.
 *
 * In a table that forgets, an entry carries a stamp: when it was met last. The keys of an upsert,
 * and whatever its holder does with their ids, lie within one ttl, so an entry that one of them
 * finds forgotten none of them has met before: it is removed, and its key gets it again, as a new
 * one, so that the id that the upsert has said stays true.
 *
 * What is not met again a sweep removes: a hand goes round all entries, KEY_STEPS of them for each
 * key that comes. While it goes round n entries no more than n / KEY_STEPS are added, so the table
 * grows to at most KEY_STEPS / (KEY_STEPS - 1) of the most entries that it must remember at one
 * time. A round tells the oldest stamp; until that one's time the hand rests.
 */
#include "storage/state.h"

#include <string.h>

#include "storage/state_private.h"

enum {
    KEY_STEPS = 4,     /* of the sweep, for each key */
    UPSERT_STEPS = 16, /* and for each upsert */
};

/* Frees slot `hole` and moves back what would no longer be found behind it. */
static void slot_clear(struct state_table *t, uint32_t hole) {
    uint32_t mask = t->slots - 1;
    for (uint32_t at = (hole + 1) & mask; t->slot[at] != 0; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)(t->slot[at] >> 32) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        t->slot[hole] = t->slot[at];
        hole = at;
    }
    t->slot[hole] = 0;
}

void state_remove(struct state_table *t, uint32_t id) {
    assert(state_is_live(t, id));
    if (id == t->null_id) {
        t->null_id = STATE_NONE;
    } else {
        uint32_t mask = t->slots - 1, at = state_key_tag(t, id) & mask;
        while ((uint32_t)t->slot[at] != id + 1) at = (at + 1) & mask;
        slot_clear(t, at);
    }
    state_entry_free(t, id);
}

static int64_t stamp_of(const struct state_table *t, uint32_t id) {
    int64_t stamp;
    memcpy(&stamp, t->entry + (size_t)id * t->entry_bytes + t->ages.stamp_offset, sizeof stamp);
    return stamp;
}

static void stamp_set(struct state_table *t, uint32_t id, int64_t at_us) {
    int64_t stamp = at_us + 1;
    memcpy(t->entry + (size_t)id * t->entry_bytes + t->ages.stamp_offset, &stamp, sizeof stamp);
}

bool state_is_forgotten(const struct state_table *t, uint32_t id, int64_t at_us) {
    assert(id < t->used);
    if (t->ages.ttl_us == 0) return false;
    int64_t stamp = stamp_of(t, id);
    return stamp > 0 && at_us - (stamp - 1) > t->ages.ttl_us;
}

void state_touch_at(struct state_table *t, uint32_t id, int64_t at_us) {
    state_touch(t, id);
    if (t->ages.ttl_us > 0) stamp_set(t, id, at_us);
}

static void entry_forget(struct state_table *t, uint32_t id) {
    if (t->ages.watch) t->ages.watch->forget(t->ages.watch->context, id);
    state_remove(t, id);
}

/* The entry was removed just now: its key gets it again, its value zero. */
static void entry_again(struct state_table *t, uint32_t id, uint32_t tag, bool null) {
    char *entry = t->entry + (size_t)id * t->entry_bytes;
    assert(t->free_id == id && !state_is_live(t, id));
    memcpy(&t->free_id, entry, sizeof t->free_id);
    memset(entry, 0, t->value_bytes); /* the key stands behind it */
    t->live[id / 64] |= UINT64_C(1) << (id % 64);
    t->count++;
    t->reused = true;
    if (null) t->null_id = id;
    if (!null) state_slot_put(t, tag, id);
}

static void entry_renew(struct state_table *t, uint32_t id) {
    bool null = state_key_is_null(t, id);
    uint32_t tag = null ? 0 : state_key_tag(t, id);
    entry_forget(t, id);
    entry_again(t, id, tag, null);
}

/* Entries id[count] were found for the keys: those that are forgotten become new ones. */
static void entries_meet(struct state_table *t, const struct state_keys *k, const uint32_t *id) {
    for (uint32_t i = 0; i < k->count; i++) {
        int64_t at_us = k->at_us[i];
        assert(at_us >= k->since_us && at_us - k->since_us <= t->ages.ttl_us);
        if (unlikely(state_is_forgotten(t, id[i], at_us))) entry_renew(t, id[i]);
        stamp_set(t, id[i], at_us);
    }
}

/* The hand has gone round: until when may it rest? */
static void round_end(struct state_table *t) {
    struct state_ages *w = &t->ages;
    int64_t oldest_us = w->oldest > 0 ? w->oldest - 1 : 0;
    w->next_id = 0;
    if (__builtin_add_overflow(oldest_us, t->ages.ttl_us, &w->rests_until_us))
        w->rests_until_us = INT64_MAX;
}

/* Removes some of what is forgotten when these keys come. */
static void sweep(struct state_table *t, const struct state_keys *k) {
    struct state_ages *w = &t->ages;
    int64_t now_us = k->since_us;
    if (k->count == 0 || t->count == 0 || now_us <= w->rests_until_us) return;
    for (uint32_t left = k->count * KEY_STEPS + UPSERT_STEPS; left > 0; left--) {
        if (w->next_id == 0) w->oldest = now_us + 1; /* what comes behind the hand is not older */
        if (state_is_live(t, w->next_id)) {
            int64_t stamp = stamp_of(t, w->next_id);
            if (state_is_forgotten(t, w->next_id, now_us)) {
                entry_forget(t, w->next_id);
            } else if (stamp < w->oldest) {
                w->oldest = stamp;
            }
        }
        if (++w->next_id < t->used) continue;
        round_end(t);
        if (now_us <= w->rests_until_us) return;
    }
}

bool state_upsert(struct state_table *t, const struct state_keys *k, uint32_t *id_out,
                  struct err *e) {
    if (t->ages.ttl_us == 0) return state_upsert_keys(t, k, id_out, e);
    sweep(t, k);
    if (!state_upsert_keys(t, k, id_out, e)) return false;
    entries_meet(t, k, id_out);
    return true;
}
