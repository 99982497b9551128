/* store_private.h: what the files of the store share: its index and what a checkpoint changes.
 *
 * Used by: storage/store*.c
 */
#ifndef STORAGE_STORE_PRIVATE_H
#define STORAGE_STORE_PRIVATE_H

#include "engine/base/buf.h"
#include "storage/store.h"

enum { STORE_PIECES = UINT16_MAX }; /* the section of keyed state; its numbers are tables */

/* An item, or a piece of a table. */
struct store_entry {
    struct store_key key;
    uint32_t round; /* of a piece */
    uint32_t bytes;
    uint64_t lsn;   /* order among pieces */
    uint64_t place; /* where it is read */
};

/* Sorted by key, then LSN. */
struct store_index {
    struct store_entry *at; /* [count] */
    uint32_t count, capacity;
    uint64_t bytes; /* of all entries */
};

/* What a checkpoint that is being written changes. */
struct store_change {
    struct store_entry entry;
    uint32_t turn;  /* counts what the checkpoint was told */
    uint32_t needs; /* of a piece, or a table that is mentioned */
    bool mention;   /* of a table, without a piece */
};

/* What was there before this turn goes: items of a section before a number, or all of an object. */
struct store_cut {
    struct store_key before;
    bool all;
    uint32_t turn;
};

struct store_changes {
    struct store_change *at; /* [count] */
    uint32_t count, capacity;
    struct store_cut *cut; /* [cuts] */
    uint32_t cuts, cut_capacity;
    uint32_t *stated; /* [states] objects whose keyed state is written anew */
    uint32_t states, state_capacity;
    uint32_t turns;
};

struct store {
    struct log *log;
    struct log_options options;
    char *directory;
    struct store_index index;
    struct store_changes changes;
    bool open;           /* between begin and commit */
    uint64_t facts_from; /* facts before it are covered */
    uint64_t begun_at;   /* of the checkpoint being written */
    uint64_t grown_from;
};

/* Notes a change of the checkpoint that is being written. */
bool store_change_add(struct store *s, const struct store_change *c, struct err *e) MUST_USE;

/* Room for one more of `size` bytes behind *count. */
bool store_grow(void **at, uint32_t count, uint32_t *capacity, size_t size) MUST_USE;

int store_key_order(const struct store_key *a, const struct store_key *b);
/* The first entry with that key, and how many there are. */
const struct store_entry *store_index_find(const struct store_index *x, const struct store_key *k,
                                           uint32_t *count_out);
/* The first entry whose key is not smaller. */
uint32_t store_index_from(const struct store_index *x, const struct store_key *k);
/* What `old` becomes; sorts `c`. false: no memory. */
bool store_index_next(const struct store_index *old, struct store_changes *c,
                      struct store_index *out) MUST_USE;
void store_index_done(struct store_index *x);

/* The body of the record that closes a checkpoint. */
void store_index_save(const struct store_index *x, uint64_t facts_from, struct buf *out);
bool store_index_load(struct store_index *x, uint64_t *facts_from_out, struct text body,
                      struct err *e) MUST_USE;

/* The record of an entry, whole, in `a`. */
bool store_read(struct store *s, const struct store_entry *x, struct arena *a,
                struct log_record *out, struct err *e) MUST_USE;

#endif
