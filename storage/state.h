/* state.h: keyed state: what an operator remembers, as tables from key to value.
 *
 * A table maps keys to values of a fixed size. A key is one 64-bit integer or NULL (`key_bytes` 8),
 * or packed bytes, all of one length or of any. An entry has an id, which stays the same until it
 * is removed; new ids count up from 0, so without removals the order of ids is the order of first
 * rows; ids of removed entries are given out again, and `reused` says so. Values are zero at
 * first, 16-byte aligned (8-byte where they are no longer than that), and move when entries are
 * added: keep ids, not addresses. What a value needs beyond its bytes lies in the table's arena,
 * which goes with the table; when garbage has gathered there (values that were replaced), the next
 * upsert rewrites it through the codec.
 *
 * Everything that can change a value passes by state_upsert() or state_touch(), and every entry
 * that goes by state_remove(): with a journal (state_journal.h) tables mark what changes there, and
 * are saved as changes, without the operators knowing.
 *
 * A table may forget (ttl_us): its holder says of each key when it comes, by a clock of its own;
 * who comes when the entry was not met for longer finds a new one. What is forgotten is removed
 * when it is met again, or by a sweep, some steps with each key. Results cannot tell when.
 *
 * Lifetime: a state from state_create() to state_destroy(), which drops its tables too; a table
 * until state_table_destroy() (a window's pane is dropped so, at once). One thread.
 *
 * Uses: hash.h.    Used by: engine/op.    Tested by: tests/unit/storage/state_test.c
 */
#ifndef STORAGE_STATE_H
#define STORAGE_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

#define STATE_NONE UINT32_MAX /* no entry */

struct state;
struct state_journal;

/* How values are written and moved: needed where they point into the table's arena. */
struct state_codec {
    void *context;
    /* Appends the bytes from which load() makes an equal value. */
    bool (*save)(void *context, const void *value, struct buf *out);
    /* `value` is zero; what lies beyond it goes to `a`. */
    bool (*load)(void *context, struct arena *a, void *value, struct text saved, struct err *e);
};

/* What hangs on an entry that is forgotten: told just before it is removed. */
struct state_watch {
    void *context;
    void (*forget)(void *context, uint32_t id);
};

struct state_options {
    uint32_t key_bytes;   /* 8: int64 or NULL; another multiple of 8: so many; 0: any length */
    uint32_t value_bytes; /* of every value */
    const struct state_codec *codec; /* kept; NULL: a value is its bytes */
    int64_t ttl_us;                  /* entries are forgotten after it; 0: none is */
    const struct state_watch *watch; /* kept; NULL: nobody need know */
};

/* Of a table that forgets; its sweep goes round all entries, again and again. */
struct state_ages {
    int64_t ttl_us;        /* 0: nothing is forgotten, and entries have no stamp */
    uint32_t stamp_offset; /* in an entry: int64_t, when it was met last, plus 1; 0: it is new */
    const struct state_watch *watch;
    uint32_t next_id;       /* that the sweep looks at */
    int64_t oldest;         /* the least stamp in this round */
    int64_t rests_until_us; /* nothing is forgotten before */
};

/* How far a table has been written as changes: state_journal.h. */
struct state_saved {
    uint64_t number;  /* of the table, in its state; 0: none yet */
    uint32_t round;   /* being written */
    uint32_t needs;   /* the oldest round whose pieces are needed */
    uint32_t next_id; /* the first one that the round has not come to */
    bool whole;       /* the next piece has all entries */
    bool wrote;       /* the round has a piece */
};

struct state_table {
    struct state *owner;
    uint32_t key_bytes, key_offset; /* the key stands behind the value */
    uint32_t value_bytes, entry_bytes;
    const struct state_codec *codec;
    struct state_ages ages;

    char *entry;     /* [capacity * entry_bytes] */
    uint64_t *live;  /* [capacity] bits */
    uint64_t *dirty; /* [capacity] bits: changed since the last save; NULL: not told apart */
    uint32_t capacity, used; /* ids ever given out */
    uint32_t count;          /* live ones */
    uint32_t free_id;        /* a removed entry; its first bytes hold the next one's id */
    uint32_t null_id;        /* the entry of the key NULL */
    bool reused;             /* the order of ids is no longer that of insertion */

    uint64_t *slot; /* [slots] hash in the upper half, id + 1 below; 0: free */
    uint32_t slots; /* a power of two, or 0 */

    struct arena arena;
    size_t arena_limit_bytes; /* rewritten past this */
    size_t counted_bytes;     /* as the owner counts it */
    struct state_saved saved;
    struct state_table *next, **link;
};

/* Keys of rows, in row order: key i belongs to row[i]; row NULL: to i. */
struct state_keys {
    uint32_t count;
    const uint16_t *row;
    const int64_t *i64;      /* key_bytes 8, with valid (NULL: no NULLs) */
    const uint64_t *valid;   /* bit row[i] */
    const char *packed;      /* another key_bytes: key i at packed + i * key_bytes (not row[i]) */
    const struct text *text; /* key_bytes 0: [count] (not row[i]) */
    /* Of a table that forgets: [count] (not row[i]) when key i comes, from since_us on and not
     * longer than ttl_us after it; those of one entry never go back. */
    const int64_t *at_us;
    int64_t since_us; /* >= 0; no key that is still to come, here or later, comes before it */
};

/* limit_bytes 0: none. NULL: no memory. */
struct state *state_create(size_t limit_bytes, struct err *e) MUST_USE;
void state_destroy(struct state *s); /* accepts NULL */

/* Before it has tables: they are saved to, and loaded from, `j`, which outlives it. `space` tells
 * states of one journal apart. NULL: as they are. */
void state_set_journal(struct state *s, const struct state_journal *j, uint32_t space);

/* Bytes held by all tables. */
size_t state_bytes(const struct state *s);
/* Memory that a holder keeps beside its tables, to be counted with them. */
void state_count(struct state *s, int64_t bytes);
/* 54000 past the limit: asked between batches. */
bool state_check(struct state *s, struct err *e) MUST_USE;

struct state_table *state_table_create(struct state *s, const struct state_options *o,
                                       struct err *e) MUST_USE;
void state_table_destroy(struct state_table *t); /* accepts NULL */
void state_table_reset(struct state_table *t);   /* empty again, memory kept */

/* Finds or adds the entry of every key, in order: id_out[count]. false: no memory; entries added
 * before stay. */
bool state_upsert(struct state_table *t, const struct state_keys *k, uint32_t *id_out,
                  struct err *e) MUST_USE;
/* Finds: STATE_NONE where there is none. */
void state_find(const struct state_table *t, const struct state_keys *k, uint32_t *id_out);

/* One key: of any kind but int64, its bytes. Not of a table that forgets. */
bool state_upsert_key(struct state_table *t, struct text key, uint32_t *id_out,
                      struct err *e) MUST_USE;
uint32_t state_find_key(const struct state_table *t, struct text key);
/* The key of entry `id` of `from`, a table of the same shape. */
bool state_upsert_from(struct state_table *t, const struct state_table *from, uint32_t id,
                       uint32_t *id_out, struct err *e) MUST_USE;
uint32_t state_find_from(const struct state_table *t, const struct state_table *from, uint32_t id);

/* Is the entry forgotten at that time, though it may still stand there? */
bool state_is_forgotten(const struct state_table *t, uint32_t id, int64_t at_us);

/* Says that the value of a live entry is about to change. */
static inline void state_touch(struct state_table *t, uint32_t id) {
    assert(id < t->used);
    if (t->dirty) t->dirty[id / 64] |= UINT64_C(1) << (id % 64);
}

/* The same, and that the entry is met at that time, where the table forgets. */
void state_touch_at(struct state_table *t, uint32_t id, int64_t at_us);

void state_remove(struct state_table *t, uint32_t id);

static inline void *state_value(const struct state_table *t, uint32_t id) {
    assert(id < t->used);
    return t->entry + (size_t)id * t->entry_bytes;
}

static inline bool state_is_live(const struct state_table *t, uint32_t id) {
    return id < t->used && (t->live[id / 64] >> (id % 64) & 1);
}

static inline bool state_key_is_null(const struct state_table *t, uint32_t id) {
    return id == t->null_id;
}

/* The key's bytes, valid until the next upsert; of an int64, 8 bytes. */
struct text state_key(const struct state_table *t, uint32_t id);

/* Everything a table holds, ids too, to be loaded into an empty table of the same shape. With a
 * journal, the journal gets what changed, and `out` only which table it was. */
bool state_table_save(struct state_table *t, struct buf *out, struct err *e) MUST_USE;
/* *at is moved behind what was read. XX001: not what save() wrote. */
bool state_table_load(struct state_table *t, struct text *at, struct err *e) MUST_USE;

#endif
