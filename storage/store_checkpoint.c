/* store_checkpoint.c: checkpoints: what changed, what is carried forward, and the record that makes
 * them count.
 *
 * The log may be as long as a few segments and three times what its entries hold. When it is
 * longer, entries that stand before the place that would make it shorter are written again; each
 * keeps its first LSN, by which pieces are in order. So a byte is carried once for about two that
 * come.
 */
#include <assert.h>

#include "storage/store_private.h"

enum { LENGTH_SEGMENTS = 4, LENGTH_TIMES = 3 };

void store_begin(struct store *s) {
    assert(!s->open);
    s->open = true;
    s->begun_at = log_end(s->log);
}

void store_abort(struct store *s) {
    s->changes.count = s->changes.cuts = s->changes.states = s->changes.turns = 0;
    s->open = false;
}

bool store_change_add(struct store *s, const struct store_change *c, struct err *e) {
    void *at = s->changes.at;
    assert(s->open);
    if (!store_grow(&at, s->changes.count, &s->changes.capacity, sizeof *c)) return err_memory(e);
    s->changes.at = at;
    s->changes.at[s->changes.count] = *c;
    s->changes.at[s->changes.count++].turn = ++s->changes.turns;
    return true;
}

bool store_put(struct store *s, const struct store_key *k, struct text bytes, struct err *e) {
    assert(k->section != STORE_PIECES);
    struct store_change c = {.entry = {.key = *k, .bytes = bytes.bytes}};
    struct log_entry entry = {
        .kind = LOG_ITEM, .object = k->object, .body = bytes, .first_lsn = LOG_LSN_NONE};
    if (!log_append(s->log, &entry, 1, &c.entry.place, e)) return false;
    c.entry.lsn = c.entry.place;
    return store_change_add(s, &c, e);
}

bool store_adopt(struct store *s, const struct store_key *k, uint64_t lsn, struct err *e) {
    struct arena a;
    struct log_record r;
    arena_init(&a, 0);
    bool done = log_read(s->log, lsn, &a, &r, e);
    struct store_change c = {.entry = {.key = *k, .lsn = lsn, .place = lsn}};
    if (done) c.entry.bytes = r.body.bytes;
    arena_done(&a);
    return done && store_change_add(s, &c, e);
}

static bool cut_add(struct store *s, const struct store_key *k, bool all, struct err *e) {
    struct store_changes *c = &s->changes;
    void *at = c->cut;
    assert(s->open);
    if (!store_grow(&at, c->cuts, &c->cut_capacity, sizeof *c->cut)) return err_memory(e);
    c->cut = at;
    c->cut[c->cuts++] = (struct store_cut){.before = *k, .all = all, .turn = ++c->turns};
    return true;
}

bool store_drop_before(struct store *s, const struct store_key *k, struct err *e) {
    return cut_add(s, k, false, e);
}

bool store_drop(struct store *s, uint32_t object, struct err *e) {
    struct store_key k = {.object = object};
    return cut_add(s, &k, true, e);
}

bool store_begin_state(struct store *s, uint32_t object, struct err *e) {
    struct store_changes *c = &s->changes;
    void *at = c->stated;
    assert(s->open);
    if (!store_grow(&at, c->states, &c->state_capacity, sizeof *c->stated)) return err_memory(e);
    c->stated = at;
    c->stated[c->states++] = object;
    return true;
}

/* Entries that stand before it are carried forward; 0: none. */
static uint64_t carry_before(const struct store *s, const struct store_index *next) {
    uint64_t oldest = log_oldest(s->log), length = log_end(s->log) - oldest;
    uint64_t allowed = s->options.segment_bytes * LENGTH_SEGMENTS + next->bytes * LENGTH_TIMES;
    return length > allowed ? oldest + (length - allowed) + s->options.segment_bytes : 0;
}

static bool entry_carry(struct store *s, struct store_entry *x, struct err *e) {
    struct arena a;
    struct log_record r;
    arena_init(&a, 0);
    bool done = store_read(s, x, &a, &r, e);
    if (done) {
        struct log_entry entry = {.kind = r.kind,
                                  .object = r.object,
                                  .body = r.body,
                                  .first_lsn = r.lsn,
                                  .time_us = r.time_us};
        done = log_append(s->log, &entry, 1, &x->place, e);
    }
    arena_done(&a);
    return done;
}

static bool carry(struct store *s, struct store_index *next, struct err *e) {
    uint64_t before = carry_before(s, next);
    for (uint32_t i = 0; i < next->count; i++) {
        if (next->at[i].place < before && !entry_carry(s, &next->at[i], e)) return false;
    }
    return true;
}

static bool close_checkpoint(struct store *s, const struct store_index *next, struct err *e) {
    uint64_t place, needed = s->begun_at;
    struct buf body;
    buf_init(&body);
    store_index_save(next, s->begun_at, &body);
    for (uint32_t i = 0; i < next->count; i++) {
        if (next->at[i].place < needed) needed = next->at[i].place;
    }
    struct log_entry entry = {
        .kind = LOG_CHECKPOINT, .body = buf_text(&body), .first_lsn = LOG_LSN_NONE};
    bool done =
        body.failed ? err_memory(e) : log_append_checkpoint(s->log, &entry, needed, &place, e);
    buf_done(&body);
    return done && log_wait(s->log, place, e);
}

bool store_commit(struct store *s, struct err *e) {
    struct store_index next;
    assert(s->open);
    bool done = store_index_next(&s->index, &s->changes, &next) || err_memory(e);
    done = done && carry(s, &next, e) && close_checkpoint(s, &next, e);
    if (done) {
        store_index_done(&s->index);
        s->index = next;
        s->facts_from = s->begun_at;
        s->grown_from = log_end(s->log);
    } else {
        store_index_done(&next);
    }
    store_abort(s);
    return done;
}
