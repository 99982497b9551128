/* state_changes.c: a table of keyed state as changes: see state_journal.h.
 *
 * A piece is a header as of a saved table (state_save.c), of the table as it was then, and entries
 * by id; one that was removed has 0xFFFFFFFE where its key's length would be. Rounds: after a piece
 * with all entries (round r) the next round goes through the ids, a few at each save; when it has
 * come round, every entry stands in a piece of it or was changed since it began, so the rounds
 * before it are needed no more.
 *
 * What is loaded is the last word that the pieces have on each id.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/state_private.h"

enum { PIECE_BYTES = 1 << 20, SPACE_SHIFT = 40 };

static uint64_t table_name(const struct state_table *t) {
    return (uint64_t)t->owner->space << SPACE_SHIFT | t->saved.number;
}

void state_save_anew(struct state *s) {
    for (struct state_table *t = s->first; t; t = t->next) t->saved.whole = true;
}

static uint32_t words_of(uint32_t ids) {
    return (ids + 63) / 64;
}

/* From now on changes are told apart. */
static bool start_marking(struct state_table *t) {
    if (t->dirty) return true;
    uint32_t words = words_of(t->capacity);
    t->dirty = calloc(words ? words : 1, sizeof *t->dirty);
    return t->dirty != NULL;
}

/* A piece on its way. */
struct writing {
    struct state_table *t;
    struct buf out;
};

static bool piece_end(struct writing *w, struct err *e) {
    if (w->out.failed) return err_memory(e);
    const struct state_journal *j = w->t->owner->journal;
    struct state_piece p = {.table = table_name(w->t),
                            .round = w->t->saved.round,
                            .needs = w->t->saved.needs,
                            .bytes = buf_text(&w->out)};
    bool done = j->write(j->context, &p, e);
    if (w->out.bytes > 0) w->t->saved.wrote = true;
    buf_reset(&w->out);
    return done;
}

static void piece_begin(struct writing *w) {
    struct state_header h = state_header_of(w->t);
    buf_add(&w->out, &h, sizeof h);
}

/* Entry `id` as it is now, or that it is none. */
static bool piece_add(struct writing *w, uint32_t id, struct err *e) {
    if (w->out.bytes >= PIECE_BYTES && !piece_end(w, e)) return false;
    if (w->out.bytes == 0) piece_begin(w);
    if (!state_is_live(w->t, id)) {
        state_entry_save_removed(id, &w->out);
        return true;
    }
    return state_entry_save(w->t, id, &w->out) || err_memory(e);
}

static bool save_whole(struct writing *w, struct err *e) {
    struct state_table *t = w->t;
    t->saved.needs = ++t->saved.round;
    piece_begin(w); /* a table without entries is said to be so */
    for (uint32_t id = 0; id < t->used; id++) {
        if (state_is_live(t, id) && !piece_add(w, id, e)) return false;
    }
    if (!piece_end(w, e)) return false;
    t->saved.round++;
    t->saved.next_id = 0;
    t->saved.wrote = false;
    return true;
}

static bool save_dirty(struct writing *w, uint32_t *changed_out, struct err *e) {
    const struct state_table *t = w->t;
    *changed_out = 0;
    for (uint32_t word = 0; word < words_of(t->used); word++) {
        for (uint64_t bits = t->dirty[word]; bits; bits &= bits - 1) {
            uint32_t id = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (!piece_add(w, id, e)) return false;
            ++*changed_out;
        }
    }
    return true;
}

/* The round goes on by `count` entries that did not change. */
static bool save_carried(struct writing *w, uint32_t count, struct err *e) {
    struct state_table *t = w->t;
    uint32_t id = t->saved.next_id;
    for (; id < t->used && count > 0; id++) {
        bool dirty = t->dirty[id / 64] >> (id % 64) & 1;
        if (dirty || !state_is_live(t, id)) continue;
        if (!piece_add(w, id, e)) return false;
        count--;
    }
    t->saved.next_id = id;
    return true;
}

static bool save_changes(struct writing *w, struct err *e) {
    struct state_table *t = w->t;
    const struct state_journal *j = t->owner->journal;
    uint32_t changed;
    if (!save_dirty(w, &changed, e)) return false;
    uint32_t carry = j->carry(j->context, table_name(t), changed);
    if (changed == 0 && carry == 0) return piece_end(w, e);
    if (!save_carried(w, carry, e)) return false;
    bool over = t->saved.next_id == t->used;
    if (over && w->out.bytes == 0 && !t->saved.wrote) piece_begin(w);
    if (!piece_end(w, e)) return false;
    if (!over) return true;
    t->saved.needs = t->saved.round++;
    t->saved.next_id = 0;
    t->saved.wrote = false;
    return true;
}

bool state_changes_save(struct state_table *t, struct buf *out, struct err *e) {
    if (t->saved.number == 0) {
        t->saved.number = ++t->owner->numbers;
        t->saved.whole = true;
    }
    buf_add(out, &t->saved.number, sizeof t->saved.number);
    if (!start_marking(t)) return err_memory(e);
    struct writing w = {.t = t};
    buf_init(&w.out);
    bool done = t->saved.whole ? save_whole(&w, e) : save_changes(&w, e);
    buf_done(&w.out);
    t->saved.whole = !done;
    memset(t->dirty, 0, words_of(t->capacity) * sizeof *t->dirty);
    return done && (!out->failed || err_memory(e));
}

/* Where the pieces say what each id holds: last[used], at NULL: nothing. */
static bool pieces_read(const struct state_piece *piece, uint32_t count, struct text *last,
                        uint32_t used, struct err *e) {
    for (uint32_t i = 0; i < count; i++) {
        struct text at = piece[i].bytes;
        struct state_header h;
        if (at.bytes == 0) continue;
        if (!state_take(&at, &h, sizeof h)) return state_corrupt(e);
        while (at.bytes > 0) {
            uint32_t id;
            bool removed;
            struct text entry = at;
            if (!state_entry_skip(&at, &id, &removed) || id >= used) return state_corrupt(e);
            last[id] = removed ? (struct text){0} : entry;
        }
    }
    return true;
}

/* The header of the newest piece that has one. */
static bool newest_header(const struct state_piece *piece, uint32_t count, struct state_header *out,
                          struct err *e) {
    for (uint32_t i = count; i-- > 0;) {
        struct text at = piece[i].bytes;
        if (at.bytes > 0) return state_take(&at, out, sizeof *out) || state_corrupt(e);
    }
    return state_corrupt(e);
}

static bool entries_load(struct state_table *t, const struct state_piece *piece, uint32_t count,
                         struct err *e) {
    struct state_header h;
    if (!newest_header(piece, count, &h, e) || !state_header_load(t, &h, e)) return false;
    struct text *last = calloc(t->used ? t->used : 1, sizeof *last);
    if (!last) return err_memory(e);
    bool done = pieces_read(piece, count, last, t->used, e);
    for (uint32_t id = 0; done && id < t->used; id++) {
        if (last[id].at) done = state_entry_load(t, &last[id], e);
    }
    free(last);
    struct state_header now = state_header_of(t);
    if (done && now.count != h.count) return state_corrupt(e);
    if (done) state_free_ids_link(t);
    return done;
}

bool state_changes_load(struct state_table *t, struct text *at, struct err *e) {
    uint64_t number;
    if (!state_take(at, &number, sizeof number) || number == 0) return state_corrupt(e);
    if (number >> SPACE_SHIFT != 0) return state_corrupt(e);
    t->saved.number = number;
    if (number > t->owner->numbers) t->owner->numbers = number;
    const struct state_journal *j = t->owner->journal;
    const struct state_piece *piece;
    uint32_t count;
    if (!j->read(j->context, table_name(t), &piece, &count, e)) return false;
    if (count == 0) return state_corrupt(e);
    if (!entries_load(t, piece, count, e)) return false;
    t->saved.round = piece[count - 1].round;
    t->saved.needs = piece[count - 1].needs;
    t->saved.whole = false;
    return start_marking(t) || err_memory(e);
}
