/* state_private.h: what the files of keyed state share.
 *
 * Used by: storage/state*.c
 */
#ifndef STORAGE_STATE_PRIVATE_H
#define STORAGE_STATE_PRIVATE_H

#include "storage/state_journal.h"

struct state {
    size_t limit_bytes, held_bytes;
    struct state_table *first;
    const struct state_journal *journal; /* NULL: none */
    uint32_t space;
    uint64_t numbers; /* given to tables so far */
};

/* The entries of a saved table stand behind one of these, little-endian. */
struct state_header {
    uint32_t key_bytes, value_bytes; /* the shape, compared when loading */
    uint32_t used;                   /* ids ever given out */
    uint32_t count;                  /* live ones; bit 31: ids are not in order of insertion */
};
_Static_assert(sizeof(struct state_header) == 16, "as it stands in files");

/* Room for `capacity` entries, or `count` keys. false: no memory. */
bool state_table_reserve(struct state_table *t, uint32_t capacity) MUST_USE;
bool state_slots_reserve(struct state_table *t, uint32_t count) MUST_USE;

/* Makes `id` (< capacity) a live entry, all zero. */
void state_entry_open(struct state_table *t, uint32_t id);

/* Takes a live entry away, whose key is not found any more. */
void state_entry_free(struct state_table *t, uint32_t id);

/* A live entry's key is found from now on. */
void state_slot_put(struct state_table *t, uint32_t tag, uint32_t id);
uint32_t state_key_tag(const struct state_table *t, uint32_t id);

/* state_upsert() without what a table that forgets does besides. (A file of its own: gcc keeps the
 * loop in registers so.) */
bool state_upsert_keys(struct state_table *t, const struct state_keys *k, uint32_t *id_out,
                       struct err *e) MUST_USE;

struct state_header state_header_of(const struct state_table *t);
/* The header is of a table of the same shape: makes room for its entries. */
bool state_header_load(struct state_table *t, const struct state_header *h, struct err *e) MUST_USE;
/* Appends a live entry. false: no memory. */
bool state_entry_save(const struct state_table *t, uint32_t id, struct buf *out) MUST_USE;
/* What stands at *at: which id, and whether it says that the entry was removed; *at moves on. */
bool state_entry_skip(struct text *at, uint32_t *id_out, bool *removed_out);
/* Appends that `id` was removed. */
void state_entry_save_removed(uint32_t id, struct buf *out);
/* Loads one live entry; *at moves on. */
bool state_entry_load(struct state_table *t, struct text *at, struct err *e) MUST_USE;
/* All entries are there: the other ids are free. */
void state_free_ids_link(struct state_table *t);
bool state_corrupt(struct err *e);
/* The first `bytes` bytes of *at, which moves on. */
bool state_take(struct text *at, void *to, uint32_t bytes);

/* state_changes.c: to and from the journal of the table's state. */
bool state_changes_save(struct state_table *t, struct buf *out, struct err *e) MUST_USE;
bool state_changes_load(struct state_table *t, struct text *at, struct err *e) MUST_USE;

/* Moves all that lies in the arena, but not its garbage, to a new one. */
bool state_table_rewrite(struct state_table *t, struct err *e) MUST_USE;

#endif
