/* store.h: the present state of things, kept in the log: facts, items, keyed state, checkpoints.
 *
 * A fact is a record that is written before anybody is told of it; after a crash it is read
 * again. An item is what the newest checkpoint knows of an object: bytes by section and number.
 * Keyed state is written as pieces (state_journal.h). A checkpoint writes what changed and then one
 * record that says where every item and piece stands; only that record makes it count, and facts
 * from before it began are covered by it.
 *
 * What is still needed and stands too far back is carried forward, so that the log stays within a
 * few segments and three times what it has to hold.
 *
 * Order: store_open; items, journals and facts are read; then checkpoints and facts by turns.
 * Lifetime: store_open .. store_close. One thread.
 *
 * Uses: log.h, state_journal.h.    Used by: clients.    Tested by: tests/unit/storage/store_test.c
 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include "storage/log.h"
#include "storage/log_kind.h"
#include "storage/state_journal.h"

struct store;

/* Which item. Sections are the holder's; numbers count parts (0 where there is one). */
struct store_key {
    uint32_t object;
    uint16_t section;
    uint64_t number;
};

struct store *store_open(const struct log_options *o, struct err *e) MUST_USE;
/* false: the closing record could not be written. Accepts NULL. */
bool store_close(struct store *s, struct err *e) MUST_USE;

/* ---- facts ---- */

/* Appends them as one group; *lsn_out: of the last. 53100: there is no room now. */
bool store_tell(struct store *s, const struct log_entry *fact, uint32_t count, uint64_t *lsn_out,
                struct err *e) MUST_USE;
/* It may be acknowledged after this. */
bool store_wait(struct store *s, uint64_t lsn, struct err *e) MUST_USE;
/* Facts that no checkpoint covers, in order. */
bool store_facts(struct store *s, void *context,
                 bool (*each)(void *context, const struct log_record *fact, struct err *e),
                 struct err *e) MUST_USE;

/* ---- what the newest checkpoint knows ---- */

/* *out at NULL: there is no such item. Its bytes are in `a`. */
bool store_item(struct store *s, const struct store_key *k, struct arena *a, struct text *out,
                struct err *e) MUST_USE;
/* The items of a section, by number: calls `each` with key and bytes. */
bool store_items(struct store *s, uint32_t object, uint16_t section, void *context,
                 bool (*each)(void *context, const struct store_key *k, struct text bytes,
                              struct err *e),
                 struct err *e) MUST_USE;

/* The largest number of an item of k's section that is not above k->number; false: none. */
bool store_number_before(const struct store *s, const struct store_key *k, uint64_t *number_out);
/* The next object after *object that has items in the section; false: there is none. */
bool store_next_object(const struct store *s, uint16_t section, uint32_t *object);

/* Where an object's keyed state is saved to, behind store_begin_state(), and loaded from. */
struct store_journal {
    struct state_journal journal;
    struct store *store;
    uint32_t object;
    struct arena arena; /* of what was read last */
};
void store_journal_init(struct store_journal *j, struct store *s, uint32_t object);
void store_journal_done(struct store_journal *j);

/* ---- a checkpoint ---- */

/* Facts told from now on are not covered. */
void store_begin(struct store *s);
/* The item is from now on these bytes. */
bool store_put(struct store *s, const struct store_key *k, struct text bytes,
               struct err *e) MUST_USE;
/* It is the fact at this LSN, which is not written again. */
bool store_adopt(struct store *s, const struct store_key *k, uint64_t lsn, struct err *e) MUST_USE;
/* Items of a section with smaller numbers go; those that are put behind it stay. */
bool store_drop_before(struct store *s, const struct store_key *k, struct err *e) MUST_USE;
/* All of an object goes. */
bool store_drop(struct store *s, uint32_t object, struct err *e) MUST_USE;
/* What follows by its journal is all of the object's keyed state: tables not mentioned go. */
bool store_begin_state(struct store *s, uint32_t object, struct err *e) MUST_USE;
/* It counts, and lasts. false: nothing of it does, as after store_abort(): state has to be saved
 * anew (state_save_anew). */
bool store_commit(struct store *s, struct err *e) MUST_USE;
void store_abort(struct store *s);

/* Bytes told and written since the newest checkpoint: when the next one is due. */
uint64_t store_grown_bytes(const struct store *s);
struct log *store_log(struct store *s);

#endif
