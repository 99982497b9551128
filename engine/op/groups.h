/* groups.h: groups: keys with the aggregates of their rows; a pane's, or a whole operator's.
 *
 * What the groups of one operator have in common (columns, aggregates, layout) is a groups_plan,
 * read-only after open. A value of the table is the states of the aggregates, heads of lists of
 * values, the ordinal of the group's first row, and, where rows may be retracted, how many rows
 * there are.
 *
 * An aggregate has a second table, of (group, value) pairs, where it is DISTINCT, or where it
 * cannot remove what rows may retract: then a group is computed anew from its values, in the order
 * of rows.
 *
 * Lifetime: a plan in the query's arena; groups from groups_create() to groups_destroy().
 *
 * Uses: key.h, state.h.    Used by: WindowAggregate, GroupAggregate.
 * Tested by: tests/unit/engine/query_test.c
 */
#ifndef ENGINE_OP_GROUPS_H
#define ENGINE_OP_GROUPS_H

#include "engine/base/agg_failures.h"
#include "engine/op/key.h"
#include "engine/plan.h"

struct agg_slot {
    const struct aggregate *agg;
    const struct plan_agg *plan;
    struct agg_call call; /* arena is set at each use */
    uint32_t offset;      /* of the state in a group's value */
    bool distinct;
    bool has_values;      /* keeps (group, value) pairs */
    bool ordered;         /* wants ordinals; equal values are kept apart */
    bool recomputes;      /* cannot remove: a retraction computes the group anew */
    uint32_t head_offset; /* has_values: uint32_t, first of the group's values; id + 1, 0: none */
    uint32_t key_bytes;   /* has_values: of that table's keys */
    uint32_t index;       /* in the operator's aggregates */
};

struct groups_plan {
    struct key_set key;
    uint32_t slots;
    struct agg_slot *slot;
    bool counts; /* rows are counted: rows may be taken back, or it matters when there are some */
    bool saves;  /* a state points beyond its bytes */
    uint32_t ordinal_offset;
    uint32_t rows_offset; /* 0: rows are not counted */
    uint32_t value_bytes;
    struct state_codec codec;
    void **state;      /* [BATCH_ROWS] scratch */
    uint64_t *ordinal; /* [BATCH_ROWS] scratch */
    uint32_t *id;      /* [BATCH_ROWS] scratch */
    uint16_t *row;     /* [BATCH_ROWS] scratch */
};

struct groups {
    struct state_table *table;
    struct state_table **values; /* [slots]; NULL where the slot has none */
};

/* Rows of one batch, all to be added or all to be taken back. */
struct groups_rows {
    const struct batch *in;
    const uint16_t *row; /* [count] ascending */
    uint32_t count;      /* <= BATCH_ROWS */
    bool remove;
    struct arena *scratch; /* the batch arena */
};

/* One value kept for DISTINCT or for recomputing. */
struct group_value {
    int64_t count;       /* rows with it */
    uint64_t ordinal;    /* of the first of them */
    uint32_t next, prev; /* in the group's list: id + 1, 0: none */
};

struct groups_options {
    const struct schema *input;
    uint32_t keys;
    const uint32_t *key_col; /* kept */
    uint32_t aggs;
    const struct plan_agg *agg; /* kept */
    bool retracts;              /* rows may be taken back */
    bool counts;                /* rows are counted (as where they may be taken back) */
};

bool groups_plan_open(struct groups_plan *p, const struct groups_options *o, struct arena *a,
                      struct err *e) MUST_USE;
/* As the plan of an operator says. */
struct groups_options groups_options_of(const struct plan *plan);

/* `g` is all zero, or was destroyed (its list of tables, in `a`, is kept). On failure what was made
 * waits for groups_destroy(). */
bool groups_create(const struct groups_plan *p, struct state *s, struct arena *a, struct groups *g,
                   struct err *e) MUST_USE;
void groups_destroy(const struct groups_plan *p, struct groups *g);
void groups_reset(const struct groups_plan *p, struct groups *g);

/* Finds or makes the groups of the rows: id_out[count]. */
bool groups_find(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                 uint32_t *id_out, struct err *e) MUST_USE;
/* Adds (or removes) the rows to the aggregates of groups id[count]. */
bool groups_apply(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                  const uint32_t *id, struct err *e) MUST_USE;

/* For one slot: rows that pass its FILTER and, for DISTINCT, change the set; used by apply. */
bool groups_apply_values(const struct groups_plan *p, struct groups *g, struct agg_slot *s,
                         const struct groups_rows *rows, const uint32_t *id,
                         struct err *e) MUST_USE;
bool groups_apply_slot(const struct groups_plan *p, struct groups *g, struct agg_slot *s,
                       const struct groups_rows *rows, const uint32_t *id, struct err *e) MUST_USE;

struct group_ref {
    struct groups *g;
    uint32_t id;
};

/* `into` becomes itself followed by `from`, which stays as it is. */
bool groups_merge(const struct groups_plan *p, struct group_ref into, struct group_ref from,
                  struct arena *scratch, struct err *e) MUST_USE;
/* For one slot that keeps values; used by merge. */
bool groups_merge_values(const struct groups_plan *p, struct agg_slot *s, struct group_ref into,
                         struct group_ref from, struct arena *scratch, struct err *e) MUST_USE;

/* The distinct values that one group has in several panes, in the order of their first rows. */
struct groups_union {
    const struct agg_slot *slot;
    struct arena *arena;
    struct feed *feed; /* [count] */
    uint32_t count, capacity;
};

/* Adds the values of group `group` of `g`; false: no memory. */
bool groups_union_add(struct groups_union *u, const struct groups *g, uint32_t group) MUST_USE;
/* Adds each value once to a zero state. */
bool groups_union_feed(struct groups_union *u, void *state, struct err *e) MUST_USE;

/* The group is no more: its entry and its values go. */
void groups_remove(const struct groups_plan *p, struct groups *g, uint32_t id);

/* Results of groups id[count], appended to to[slots]. */
struct groups_results {
    const uint32_t *id;
    uint32_t count; /* <= BATCH_ROWS */
    struct column_builder *to;
    struct agg_failures *fail;
};

bool groups_finish(const struct groups_plan *p, struct groups *g, const struct groups_results *r,
                   struct err *e) MUST_USE;

/* Everything, with its values tables. */
bool groups_save(const struct groups_plan *p, const struct groups *g, struct buf *out,
                 struct err *e) MUST_USE;
bool groups_load(const struct groups_plan *p, struct groups *g, struct text *at,
                 struct err *e) MUST_USE;

static inline void *groups_state(const struct groups *g, const struct agg_slot *s, uint32_t id) {
    return (char *)state_value(g->table, id) + s->offset;
}

static inline uint64_t *groups_ordinal(const struct groups_plan *p, const struct groups *g,
                                       uint32_t id) {
    return (void *)((char *)state_value(g->table, id) + p->ordinal_offset);
}

/* Wants counts. */
static inline int64_t *groups_rows_of(const struct groups_plan *p, const struct groups *g,
                                      uint32_t id) {
    assert(p->rows_offset > 0);
    return (void *)((char *)state_value(g->table, id) + p->rows_offset);
}

#endif
