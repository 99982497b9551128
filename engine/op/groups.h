/* groups.h: groups: keys with the aggregates of their rows; a pane's, or a whole operator's.
 *
 * What the groups of one operator have in common (columns, aggregates, layout) is a groups_plan,
 * read-only after open. A value of the table is the states of the aggregates, heads of lists of
 * values, the ordinal of the group's first row, and, where rows may be retracted, how many rows
 * there are.
 *
 * An aggregate that is DISTINCT, or that cannot remove what rows may retract, keeps its values in a
 * bag (bag.h), a second table.
 *
 * Where there is an age, groups are forgotten, and values too, each by itself: a row meets its
 * group and its values, so when a group is forgotten so are all its values. The one group of no
 * keys stays.
 *
 * Lifetime: a plan in the query's arena; groups from groups_create() to groups_destroy().
 *
 * Uses: age.h, key.h, bag.h, state.h.    Used by: WindowAggregate, GroupAggregate.
 * Tested by: tests/unit/engine/query_test.c
 */
#ifndef ENGINE_OP_GROUPS_H
#define ENGINE_OP_GROUPS_H

#include "engine/base/agg_failures.h"
#include "engine/op/age.h"
#include "engine/op/key.h"
#include "engine/plan.h"

#define GROUPS_NO_BAG UINT32_MAX

struct agg_slot {
    const struct aggregate *agg;
    const struct plan_agg *plan;
    struct agg_call call; /* arena is set at each use */
    uint32_t offset;      /* of the state in a group's value */
    uint32_t index;       /* in the operator's aggregates */
    bool distinct;
    bool ordered;    /* wants ordinals */
    bool recomputes; /* cannot remove: a retraction computes the group anew */
    uint32_t bag;    /* which of the plan's bags keeps its values, or GROUPS_NO_BAG */
    uint32_t share;  /* its count in the bag's pairs */
};

/* What the values of one aggregate, or of several with the same arguments, are kept in. */
struct bag_plan {
    const struct plan_agg *like; /* whose arguments they are */
    struct agg_slot **slot;      /* [shares] */
    uint32_t shares;
    uint32_t key_bytes, value_bytes; /* of its table */
    uint32_t head_offset;            /* in a group's value: uint32_t, its first pair */
    bool numbered;                   /* equal values are kept apart */
    bool masks; /* a pair is one word, bit s set: aggregate s has the value; nothing leaves */
};

struct groups_plan {
    struct key_set key;
    uint32_t slots, bags;
    struct agg_slot *slot;
    struct bag_plan *bag;
    bool counts; /* rows are counted: rows may be taken back, or it matters when there are some */
    bool saves;  /* a state points beyond its bytes */
    bool lists;  /* the pairs of a group are in a list: rows may be taken back, groups merged */
    const struct age *age; /* when rows come, by which groups and values are forgotten */
    uint32_t ordinal_offset;
    uint32_t rows_offset; /* 0: rows are not counted */
    uint32_t value_bytes;
    struct state_codec codec;
    uint64_t next_place; /* how many rows have come */
    uint64_t *place;     /* [BATCH_ROWS] of the batch's rows among all that have come */
    void **state;        /* [BATCH_ROWS] scratch */
    uint32_t *id;        /* [BATCH_ROWS] scratch */
    uint16_t *row;       /* [BATCH_ROWS] scratch */
};

struct groups {
    struct state_table *table;
    struct state_table **bag; /* [bags] */
    struct bag_watch *watch;  /* [bags] where values in lists are forgotten; else NULL */
};

/* Rows of one batch, all to be added or all to be taken back. */
struct groups_rows {
    const struct batch *in;
    const uint16_t *row; /* [count] ascending */
    uint32_t count;      /* <= BATCH_ROWS */
    bool remove;
    struct arena *scratch; /* the batch arena */
};

struct groups_options {
    const struct schema *input;
    uint32_t keys;
    const uint32_t *key_col; /* kept */
    uint32_t aggs;
    const struct plan_agg *agg; /* kept */
    bool retracts;              /* rows may be taken back */
    bool counts;                /* rows are counted (as where they may be taken back) */
    bool merges;                /* groups are merged, or go one by one */
    const struct age *age;      /* kept; NULL: nothing is forgotten */
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

/* A batch begins: its rows get their places in the order of rows, by which groups and values are
 * ordered. They are their ordinals where several workers share the rows; else they are counted,
 * because results of one operator may have one ordinal. */
void groups_begin(struct groups_plan *p, const struct batch *in, bool shared);

/* Finds or makes the groups of the rows: id_out[count]. */
bool groups_find(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                 uint32_t *id_out, struct err *e) MUST_USE;
/* Adds (or removes) the rows to the aggregates of groups id[count]. */
bool groups_apply(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                  const uint32_t *id, struct err *e) MUST_USE;

/* Which of the rows (insertions) change which aggregate, FILTER and DISTINCT done; the bags are
 * changed. take_out[slots]: [count] 0 or 1, or NULL: all rows. */
bool groups_take(const struct groups_plan *p, struct groups *g, const struct groups_rows *rows,
                 const uint32_t *id, const uint8_t **take_out, struct err *e) MUST_USE;

/* Adds (or removes) the rows to one aggregate as they are; used by apply. */
bool groups_apply_slot(const struct groups_plan *p, struct groups *g, const struct agg_slot *s,
                       const struct groups_rows *rows, const uint32_t *id, struct err *e) MUST_USE;

/* Does the slot's FILTER let the row pass? */
static inline bool groups_passes(const struct agg_slot *s, const struct batch *in, uint32_t row) {
    if (s->plan->filter_col < 0) return true;
    const struct column *c = &in->col[s->plan->filter_col];
    return column_has(c, row) && c->as.b8[row];
}

struct group_ref {
    struct groups *g;
    uint32_t id;
};

/* `into` becomes itself followed by `from`, which stays as it is. */
bool groups_merge(const struct groups_plan *p, struct group_ref into, struct group_ref from,
                  struct arena *scratch, struct err *e) MUST_USE;
/* The group is no more: its entry and its values go. */
void groups_remove(const struct groups_plan *p, struct groups *g, uint32_t id);

/* The group has no rows: it becomes as new, whatever they left (rows taken back may be others than
 * those that came, where some were forgotten). */
void groups_clear(const struct groups_plan *p, struct groups *g, uint32_t id);

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
