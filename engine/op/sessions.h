/* sessions.h: sessions: per partition, runs of rows that are less than a gap apart.
 *
 * A session is [start, end): end is the last row's time plus the gap. A row's own [t, t + gap) is
 * merged with every session of its partition that it overlaps or touches; sessions of one partition
 * never touch each other. What a session is made of (groups, or rows) is its holder's: it is told
 * when two become one.
 *
 * Lifetime: a store is an operator's: open .. close.
 *
 * Uses: key.h, state.h.    Used by: WindowAggregate, Window.
 * Tested by: tests/unit/engine/window_aggregate_test.c
 */
#ifndef ENGINE_OP_SESSIONS_H
#define ENGINE_OP_SESSIONS_H

#include "engine/op/key.h"
#include "engine/plan.h"
#include "engine/window.h"

struct session {
    int64_t start_us, end_us;
    uint32_t partition;  /* id in the table of partitions */
    uint32_t next, prev; /* of the partition, by start: id + 1, 0: none */
    uint32_t first_item; /* the holder's: what it is made of; 0: nothing yet */
};

struct session_end {
    int64_t end_us; /* as it was when this was noted: not above the session's own */
    uint32_t id;
    uint64_t number; /* of the session, in case the id was given out again */
};

struct sessions {
    struct key_set key;
    struct state *keyed;
    struct state_table *partition; /* partition -> id + 1 of its last session */
    struct state_table *session;   /* number -> struct session */
    int64_t gap_us;
    int64_t next_number;
    struct session_end *heap; /* [count] the earliest end first */
    uint32_t count, capacity;
    struct arena arena; /* of the heap */
};

/* What became of a row. */
struct session_place {
    uint32_t id;     /* its session; STATE_NONE: the row is late */
    uint32_t merged; /* a later session that must be merged into `id`, then given to
                        sessions_drop(); STATE_NONE: none */
};

bool sessions_open(struct sessions *s, const struct window_spec *spec, const struct schema *input,
                   struct state *keyed, struct arena *a, struct err *e) MUST_USE;
void sessions_close(struct sessions *s);

/* The partitions of rows: id_out[count]. */
bool sessions_partition(struct sessions *s, const struct key_rows *rows, struct arena *scratch,
                        uint32_t *id_out, struct err *e) MUST_USE;

/* Puts a row of a partition into its session, when the clock is at `clock_us`. */
bool sessions_place(struct sessions *s, uint32_t partition, int64_t at_us, int64_t clock_us,
                    struct session_place *out, struct err *e) MUST_USE;

/* The session is no more; nor is its partition, if that was its last. */
void sessions_drop(struct sessions *s, uint32_t id);

/* The next session that is final at `clock_us`, in no order but of ends; STATE_NONE: none. It is
 * no longer waited for: take what it holds, then drop it. */
uint32_t sessions_next_final(struct sessions *s, int64_t clock_us);

/* No session is final before the clock comes to this. */
int64_t sessions_next_end(const struct sessions *s);

static inline struct session *session_at(const struct sessions *s, uint32_t id) {
    return state_value(s->session, id);
}

/* Likewise, to be changed. */
static inline struct session *session_change(struct sessions *s, uint32_t id) {
    state_touch(s->session, id);
    return state_value(s->session, id);
}

bool sessions_save(const struct sessions *s, struct buf *out, struct err *e) MUST_USE;
bool sessions_load(struct sessions *s, struct text *at, struct err *e) MUST_USE;

#endif
