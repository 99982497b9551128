/* state_private.h: what state.c and state_save.c share.
 *
 * Used by: storage/state*.c
 */
#ifndef STORAGE_STATE_PRIVATE_H
#define STORAGE_STATE_PRIVATE_H

#include "storage/state.h"

/* Room for `capacity` entries, or `count` keys. false: no memory. */
bool state_table_reserve(struct state_table *t, uint32_t capacity) MUST_USE;
bool state_slots_reserve(struct state_table *t, uint32_t count) MUST_USE;

/* Makes `id` (< capacity) a live entry, all zero. */
void state_entry_open(struct state_table *t, uint32_t id);

/* A live entry's key is found from now on. */
void state_slot_put(struct state_table *t, uint32_t tag, uint32_t id);
uint32_t state_key_tag(const struct state_table *t, uint32_t id);

/* Moves all that lies in the arena, but not its garbage, to a new one. */
bool state_table_rewrite(struct state_table *t, struct err *e) MUST_USE;

#endif
