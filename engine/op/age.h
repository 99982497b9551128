/* age.h: how old what an operator keeps has become: the clock by which it forgets ('state-ttl').
 *
 * A row comes at the watermark before it where every input below has one, else at its PROCTIME. The
 * clock starts at the first of these times that is known and never goes back; where a row has none
 * (before the first watermark, or after the end of an input) it stands still. So it is a function
 * of the rows alone, and the same for all workers, who see the times of all rows.
 *
 * Only what gives changes forgets: an operator that gives its rows at the end of its input
 * (`final`) must have them all.
 *
 * Lifetime: in the operator's state and arena.
 *
 * Uses: batch_slice.h.    Used by: GroupAggregate, Distinct, SetOperation.
 * Tested by: tests/unit/engine/age_test.c
 */
#ifndef ENGINE_OP_AGE_H
#define ENGINE_OP_AGE_H

#include "engine/op.h"
#include "storage/state.h"

struct age {
    int64_t ttl_us;   /* 0: nothing is forgotten */
    bool by_proctime; /* else by the watermark */
    int64_t first_us; /* the first time that was known; TIME_MIN_US: none yet */
    int64_t now_us;   /* since then */
    int64_t *at_us;   /* [BATCH_ROWS] of the rows of the batch being pushed; NULL: ttl_us is 0 */
};

bool age_open(struct age *a, struct op *op, bool final, struct err *e) MUST_USE;

/* A push of some rows, whose times are in at_us: all within ttl_us of the first. */
typedef bool age_push(struct op *op, uint32_t port, const struct batch *in, struct err *e);

/* Pushes the batch, in as many parts as that takes. */
bool age_push_parts(struct age *a, struct op *op, uint32_t port, const struct batch *in,
                    age_push *push, struct err *e) MUST_USE;

/* Says of keys that belong to row[k->count] when they come, where something is forgotten. false: no
 * memory. */
bool age_keys(const struct age *a, const uint16_t *row, struct arena *scratch,
              struct state_keys *k) MUST_USE;

enum { AGE_SAVED_BYTES = 16 };
void age_save(const struct age *a, struct buf *out);
/* *at is moved behind what was read. */
bool age_load(struct age *a, struct text *at, struct err *e) MUST_USE;

#endif
