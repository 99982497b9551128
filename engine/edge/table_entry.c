/* table_entry.c: rows as entries of the state table.
 *
 * Entries form a list by number. What a statement takes away stays in the state table, dead and
 * out of the list, until the commit, so that undoing it needs no memory: its own links still say
 * where it was, and undoing goes backwards, so its neighbours are there again before it (Knuth's
 * dancing links). A key that comes back before the commit revives its dead entry.
 *
 * BY_CONTENT: the first of equal rows has the row as its key and counts the living; the next ones
 * have the row and their place among them, 4 bytes, as their keys. No row begins with another one
 * (packed values say where they end), so such a key is no row. The last of them goes first.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/edge/table_private.h"

enum { ROW_OVERHEAD = 16, COPY_BYTES = 4, LOG_MIN = 64 };

struct row *row_create(struct text packed) {
    struct row *r = malloc(sizeof *r + packed.bytes);
    if (!r) return NULL;
    r->bytes = packed.bytes;
    memcpy(r->at, packed.at, packed.bytes);
    return r;
}

static void count_row(struct table *t, const struct row *r, int sign) {
    if (r) state_count(t->state, sign * (int64_t)(sizeof *r + r->bytes + ROW_OVERHEAD));
}

static void row_free(struct table *t, struct row *r) {
    count_row(t, r, -1);
    free(r);
}

struct text entry_row(const struct table *t, uint32_t id) {
    const struct entry *x = entry_at(t, id);
    if (x->row) return (struct text){.at = x->row->at, .bytes = x->row->bytes};
    struct text key = state_key(t->index, id);
    if (x->copy) key.bytes -= COPY_BYTES;
    return key;
}

/* ---- the logs of what was done ---- */

static bool grow(void *array, uint32_t *capacity, uint32_t count, size_t size) {
    if (count < *capacity) return true;
    uint32_t room = *capacity ? *capacity * 2 : LOG_MIN;
    void *have;
    memcpy(&have, array, sizeof have);
    void *more = room > *capacity ? realloc(have, room * size) : NULL;
    if (!more) return false;
    memcpy(array, &more, sizeof more);
    *capacity = room;
    return true;
}

/* Room for what one operation notes. */
static bool reserve(struct table *t, struct err *e) {
    enum { NOTES = 4 }; /* of one operation */
    bool good = grow(&t->undo, &t->undo_capacity, t->undos + NOTES, sizeof *t->undo) &&
                grow(&t->step, &t->step_capacity, t->steps, sizeof *t->step);
    return good || err_memory(e);
}

static void note(struct table *t, enum undo_kind kind, uint32_t id) {
    assert(t->undos < t->undo_capacity);
    t->undo[t->undos++] = (struct undo){.was = *entry_at(t, id), .kind = kind, .id = id};
}

static void note_step(struct table *t, const struct step *s) {
    assert(t->steps < t->step_capacity);
    t->step[t->steps++] = *s;
}

/* ---- the list ---- */

/* Puts entry `id` behind `prev` (STATE_NONE: first). */
static void list_put(struct table *t, uint32_t id, uint32_t prev) {
    struct entry *x = entry_at(t, id);
    x->prev = prev;
    x->next = prev == STATE_NONE ? t->first : entry_at(t, prev)->next;
    *(prev == STATE_NONE ? &t->first : &entry_at(t, prev)->next) = id;
    *(x->next == STATE_NONE ? &t->last : &entry_at(t, x->next)->prev) = id;
    t->rows++;
}

/* Takes it out; its own links stay. */
static void list_take(struct table *t, uint32_t id) {
    const struct entry *x = entry_at(t, id);
    *(x->prev == STATE_NONE ? &t->first : &entry_at(t, x->prev)->next) = x->next;
    *(x->next == STATE_NONE ? &t->last : &entry_at(t, x->next)->prev) = x->prev;
    t->rows--;
}

/* ---- keys ---- */

static uint32_t find_any(const struct table *t, const struct row_key *k) {
    if (!t->by_word) return state_find_key(t->index, k->packed);
    uint32_t id;
    const struct state_keys keys = {.count = 1, .i64 = &k->word};
    state_find(t->index, &keys, &id);
    return id;
}

static bool upsert_any(struct table *t, const struct row_key *k, uint32_t *id_out, struct err *e) {
    if (!t->by_word) return state_upsert_key(t->index, k->packed, id_out, e);
    const struct state_keys keys = {.count = 1, .i64 = &k->word};
    return state_upsert(t->index, &keys, id_out, e);
}

/* The key of copy `n` > 0 of a row, in t->scratch. */
static bool copy_key(struct table *t, const struct row_key *of, uint32_t n, struct row_key *out) {
    uint32_t bytes = of->packed.bytes;
    char *at = arena_alloc(&t->scratch, (size_t)bytes + COPY_BYTES);
    if (!at) return false;
    memcpy(at, of->packed.at, bytes);
    memcpy(at + bytes, &n, COPY_BYTES);
    *out = (struct row_key){.packed = {.at = at, .bytes = bytes + COPY_BYTES}};
    return true;
}

uint32_t entry_find(const struct table *t, const struct row_key *k) {
    uint32_t id = find_any(t, k);
    if (id == STATE_NONE || entry_at(t, id)->dead) return STATE_NONE;
    return entry_at(t, id)->copies > 1 ? entry_at(t, id)->last : id;
}

/* ---- one row ---- */

/* An entry for the key: a new one, or a dead one revived; not in the list yet. */
static bool entry_open(struct table *t, const struct new_row *n, uint32_t *id_out, struct err *e) {
    uint32_t had = find_any(t, &n->key), id;
    if (!upsert_any(t, &n->key, &id, e)) return false;
    struct entry *x = entry_at(t, id);
    bool revives = had != STATE_NONE;
    assert(t->undos < t->undo_capacity);
    assert(!revives || x->dead);
    note(t, revives ? UNDO_REVIVED : UNDO_ADDED, id);
    x->row = n->row;
    x->dead = false;
    x->changed = ++t->changed;
    *id_out = id;
    return true;
}

/* BY_CONTENT: the key under which one more of equal rows is kept, and the first one counts it. */
static bool content_open(struct table *t, const struct new_row *n, uint32_t *id_out,
                         struct err *e) {
    uint32_t first = find_any(t, &n->key);
    uint32_t copies = first == STATE_NONE ? 0 : entry_at(t, first)->copies;
    struct new_row mine = *n;
    if (copies > 0 && !copy_key(t, &n->key, copies, &mine.key)) return err_memory(e);
    if (!entry_open(t, &mine, id_out, e)) return false;
    struct entry *x = entry_at(t, *id_out);
    if (copies == 0) {
        x->copies = 1;
        x->last = *id_out;
        return true;
    }
    note(t, UNDO_CHANGED, first);
    x->copy = true;
    x->last = entry_at(t, first)->last;
    entry_at(t, first)->last = *id_out;
    entry_at(t, first)->copies++;
    return true;
}

static bool open_any(struct table *t, const struct new_row *n, uint32_t *id_out, struct err *e) {
    bool content = t->o.kind == TABLE_BY_CONTENT;
    bool good = content ? content_open(t, n, id_out, e) : entry_open(t, n, id_out, e);
    if (good) count_row(t, n->row, 1);
    if (!good) free(n->row);
    return good;
}

/* Adds it behind all others, under this number. */
static bool add_numbered(struct table *t, const struct new_row *n, uint64_t number,
                         uint32_t *id_out, struct err *e) {
    struct new_row mine = *n;
    if (t->o.kind == TABLE_BY_NUMBER) mine.key.word = (int64_t)number;
    if (!reserve(t, e)) {
        free(n->row);
        return false;
    }
    if (!open_any(t, &mine, id_out, e)) return false;
    entry_at(t, *id_out)->number = number;
    list_put(t, *id_out, t->last);
    return true;
}

bool entry_add(struct table *t, const struct new_row *n, struct err *e) {
    uint32_t id;
    if (!add_numbered(t, n, t->next_number, &id, e)) return false;
    t->next_number++;
    note_step(
        t, &(struct step){
               .number = entry_at(t, id)->number, .before = STATE_NONE, .after = id, .is = n->row});
    return true;
}

/* The first of equal rows counts one less. */
static void content_close(struct table *t, uint32_t id) {
    uint32_t first = id;
    if (t->o.kind != TABLE_BY_CONTENT) return;
    if (entry_at(t, id)->copy) {
        first = state_find_key(t->index, entry_row(t, id));
        note(t, UNDO_CHANGED, first);
        assert(entry_at(t, first)->last == id);
        entry_at(t, first)->last = entry_at(t, id)->last;
    }
    assert(entry_at(t, first)->copies > 0);
    entry_at(t, first)->copies--;
}

/* Out of the list and dead. Readers have kept what they need of it. */
static void entry_close(struct table *t, uint32_t id) {
    readers_pass(t, id);
    note(t, UNDO_KILLED, id);
    content_close(t, id);
    list_take(t, id);
    struct entry *x = entry_at(t, id);
    x->dead = true;
    x->changed = ++t->changed;
}

bool entry_kill(struct table *t, uint32_t id, struct err *e) {
    if (!reserve(t, e)) return false;
    if (!readers_keep(t, id)) return err_memory(e);
    note_step(t, &(struct step){.number = entry_at(t, id)->number,
                                .before = id,
                                .after = STATE_NONE,
                                .was = entry_at(t, id)->row});
    entry_close(t, id);
    return true;
}

/* Another row under the same key. */
static void change_in_place(struct table *t, uint32_t id, struct row *row) {
    struct entry *x = entry_at(t, id);
    note(t, UNDO_CHANGED, id);
    note_step(t, &(struct step){
                     .number = x->number, .before = id, .after = id, .was = x->row, .is = row});
    count_row(t, row, 1);
    x->row = row;
    x->changed = ++t->changed;
}

static bool has_same_key(const struct table *t, uint32_t id, const struct new_row *n) {
    if (t->o.kind == TABLE_BY_NUMBER) return true;
    return t->o.kind == TABLE_BY_KEY && find_any(t, &n->key) == id;
}

bool entry_change(struct table *t, uint32_t id, const struct new_row *n, struct err *e) {
    if (!reserve(t, e) || !readers_keep(t, id)) {
        free(n->row);
        return err_memory(e);
    }
    if (has_same_key(t, id, n)) {
        change_in_place(t, id, n->row);
        return true;
    }
    uint32_t to;
    if (!open_any(t, n, &to, e)) return false;
    uint64_t number = entry_at(t, id)->number;
    note_step(t, &(struct step){.number = number,
                                .before = id,
                                .after = to,
                                .was = entry_at(t, id)->row,
                                .is = n->row});
    entry_at(t, to)->number = number;
    list_put(t, to, id); /* before it goes: it has to come back first */
    entry_close(t, id);
    return true;
}

/* ---- undo and commit ---- */

static void undo_one(struct table *t, const struct undo *u) {
    struct entry *x = entry_at(t, u->id);
    switch (u->kind) {
    case UNDO_ADDED:
    case UNDO_REVIVED:
        readers_pass(t, u->id);
        list_take(t, u->id);
        if (u->kind == UNDO_ADDED) state_remove(t->index, u->id);
        if (u->kind == UNDO_REVIVED) *x = u->was;
        break;
    case UNDO_KILLED:
        x->dead = false;
        t->rows++;
        x->copies = u->was.copies;
        *(x->prev == STATE_NONE ? &t->first : &entry_at(t, x->prev)->next) = u->id;
        *(x->next == STATE_NONE ? &t->last : &entry_at(t, x->next)->prev) = u->id;
        break;
    case UNDO_CHANGED:
        x->row = u->was.row;
        x->copies = u->was.copies;
        x->last = u->was.last;
        break;
    }
}

void entries_undo(struct table *t) {
    while (t->undos > 0) undo_one(t, &t->undo[--t->undos]);
    for (uint32_t i = 0; i < t->steps; i++) row_free(t, t->step[i].is);
    t->steps = 0;
}

void entries_bury(struct table *t) {
    for (uint32_t i = 0; i < t->steps; i++) row_free(t, t->step[i].was);
    for (uint32_t i = 0; i < t->undos; i++) {
        const struct undo *u = &t->undo[i];
        bool killed = u->kind == UNDO_KILLED && state_is_live(t->index, u->id);
        if (killed && entry_at(t, u->id)->dead) state_remove(t->index, u->id);
    }
    t->undos = t->steps = 0;
}

/* ---- loading ---- */

bool entry_load(struct table *t, const struct new_row *n, uint64_t number, struct err *e) {
    uint32_t id;
    if (!add_numbered(t, n, number, &id, e)) return false;
    t->undos = 0;
    return true;
}

bool entry_unload(struct table *t, uint32_t id, struct err *e) {
    if (!reserve(t, e)) return false;
    struct row *row = entry_at(t, id)->row;
    entry_close(t, id);
    t->undos = 0;
    row_free(t, row);
    state_remove(t->index, id);
    return true;
}
