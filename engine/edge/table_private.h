/* table_private.h: what the files of the table share.
 *
 * table.c        life, commit, rollback, loading
 * table_entry.c  rows in the state table: found, added, changed, taken away, each with its undo
 * table_apply.c  batches to rows
 * table_read.c   readers
 */
#ifndef ENGINE_EDGE_TABLE_PRIVATE_H
#define ENGINE_EDGE_TABLE_PRIVATE_H

#include "engine/edge/kept.h"
#include "engine/edge/table.h"
#include "storage/state.h"

/* A packed row. */
struct row {
    uint32_t bytes;
    char at[];
};

/* The value of an entry of the state table: a row and its place in the list of all. */
struct entry {
    uint64_t number;
    uint64_t changed;    /* table.changed of its last change */
    struct row *row;     /* owned; BY_CONTENT: NULL, the key is the row */
    uint32_t next, prev; /* STATE_NONE: none */
    uint32_t copies;     /* BY_CONTENT, of the first of equal rows: how many are alive */
    uint32_t last;       /* its newest copy; of a copy: the one before it */
    bool dead;           /* taken away by what is not committed yet: out of the list */
    bool copy;           /* BY_CONTENT: its key is a row and 4 bytes more */
};

enum undo_kind {
    UNDO_ADDED,   /* the entry was made */
    UNDO_REVIVED, /* a dead one lives again */
    UNDO_KILLED,
    UNDO_CHANGED, /* its row or its copies; it stays in its place */
};

struct undo {
    struct entry was; /* REVIVED, CHANGED */
    enum undo_kind kind;
    uint32_t id;
};

/* One change, by entries; row pointers NULL BY_CONTENT. */
struct step {
    uint64_t number;
    uint32_t before, after; /* ids; STATE_NONE: none */
    struct row *was, *is;
};

struct table_reader;

/* A moment at which followers opened: they read the same rows. */
struct table_start {
    struct table_start *next;
    uint64_t changed;
};

struct table {
    struct table_options o;
    struct table_holder holder;
    struct state *state;
    struct state_table *index;
    bool by_word; /* the key is one 64-bit column, or the number */
    uint32_t first, last;
    uint64_t rows;
    uint64_t next_number;
    uint64_t changed; /* counts every change of a row */

    bool open; /* between begin and commit */
    uint64_t begin_number;
    struct undo *undo; /* [undos] */
    uint32_t undos, undo_capacity;
    struct step *step; /* [steps] */
    uint32_t steps, step_capacity;

    struct arena scratch; /* of the batch being applied or published */
    struct kept *log;     /* changes, while somebody follows */
    uint32_t followers;
    struct table_reader *readers;
    struct table_start *starts;
    struct arena start_arena;
};

/* ---- table_entry.c ---- */

static inline struct entry *entry_at(const struct table *t, uint32_t id) {
    return state_value(t->index, id);
}

/* The row of an entry, packed; valid until the next entry is added. */
struct text entry_row(const struct table *t, uint32_t id);

/* A copy of `packed` as a row of its own; NULL: no memory. */
struct row *row_create(struct text packed);

/* How a row is looked up: what a kind needs of it. */
struct row_key {
    struct text packed; /* BY_KEY, BY_CONTENT */
    int64_t word;       /* by_word */
};

/* The living row of this key, or STATE_NONE; BY_CONTENT: the newest of equal ones. */
uint32_t entry_find(const struct table *t, const struct row_key *k);

/* A row that comes or that a row becomes; `row` is taken, also on failure (NULL BY_CONTENT). */
struct new_row {
    struct row_key key;
    struct row *row;
};

/* Adds a row behind all others. Its key is not there. */
bool entry_add(struct table *t, const struct new_row *n, struct err *e) MUST_USE;
/* Row `id` becomes *n in its place. The key is the same, or not there. */
bool entry_change(struct table *t, uint32_t id, const struct new_row *n, struct err *e) MUST_USE;
bool entry_kill(struct table *t, uint32_t id, struct err *e) MUST_USE;

/* Undoes the last `undos` of the log. */
void entries_undo(struct table *t);
/* The dead go for good. */
void entries_bury(struct table *t);

/* Adds one with this number, without undo; for loading. */
bool entry_load(struct table *t, const struct new_row *n, uint64_t number, struct err *e) MUST_USE;
bool entry_unload(struct table *t, uint32_t id, struct err *e) MUST_USE;

/* ---- table_apply.c ---- */

/* The key of packed bytes, in t->scratch. XX001: they are no row of this table. */
bool key_of_packed(struct table *t, struct text packed, uint64_t number, struct row_key *out,
                   struct err *e) MUST_USE;

/* ---- table_read.c ---- */

/* Row `id` is about to change: readers that have not come to it keep it as it is. false: no
 * memory. */
bool readers_keep(struct table *t, uint32_t id) MUST_USE;
/* Entry `id` leaves the list: nobody stands on it any more. */
void readers_pass(struct table *t, uint32_t id);
/* The list has another order: readers look for their place from its beginning on. */
void readers_begin(struct table *t);
/* Gives followers what the commit changed. */
void readers_publish(struct table *t);

/* Appends the values of a packed row to to[schema->cols]; text is borrowed. */
bool row_unpack(const struct schema *s, struct text packed, struct column_builder *to) MUST_USE;

#endif
