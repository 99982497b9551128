/* panes.h: the panes of a window operator: groups by the piece of time they lie in.
 *
 * A directory finds a pane by its number and gives the earliest one. Panes of a grid are ordered by
 * number (`minor` 0); windows that rows bring with them by end (`order`), then start (`minor`).
 * Dropping a pane drops its memory; one of ordinary size is kept for the next pane.
 *
 * Lifetime: a directory is an operator's: init .. done.
 *
 * Used by: WindowAggregate.    Tested by: tests/unit/engine/window_aggregate_test.c
 */
#ifndef ENGINE_OP_PANES_H
#define ENGINE_OP_PANES_H

#include "engine/base/map.h"
#include "engine/op/groups.h"

struct pane;

/* Where a group is to be found in a pane. */
struct pane_ref {
    struct pane *pane;
    uint32_t id;
};

/* One group of a folded pane, in the sliding structure (slide.h). */
struct pane_fold {
    struct pane_ref next;    /* the group in the next pane that has it */
    uint64_t suffix_ordinal; /* the first row from this pane to the end of the front */
    uint32_t total;          /* the group in the window's totals; STATE_NONE: not there */
};

struct pane {
    int64_t order, minor;
    struct groups groups;
    bool folded;            /* part of the window's totals */
    struct arena arena;     /* of the two below and what suffixes point to */
    struct pane_fold *fold; /* [folds] by id of the group */
    char *suffix;           /* [folds * suffix_bytes] */
    uint32_t folds;
    size_t counted_bytes; /* of the arena, as the state counts them */
    struct pane *next_free;
    uint32_t first_row, last_row, rows; /* of the segment being added; rows 0: none */
};

struct panes {
    const struct groups_plan *plan;
    struct state *keyed;
    struct arena *arena; /* of the query: panes themselves */
    struct map by_number;
    struct pane **heap; /* [count] the earliest first */
    uint32_t count, capacity;
    struct pane *free;  /* without groups */
    struct pane *spare; /* one with its groups' memory */
};

void panes_init(struct panes *p, const struct groups_plan *plan, struct state *keyed,
                struct arena *arena);
void panes_done(struct panes *p);

struct pane *panes_find(const struct panes *p, int64_t order, int64_t minor);
/* A new pane that is not there yet; NULL: see *e. */
struct pane *panes_add(struct panes *p, int64_t order, int64_t minor, struct err *e) MUST_USE;
/* NULL: there is none. */
struct pane *panes_first(const struct panes *p);
void panes_drop_first(struct panes *p);

/* The bytes of the pane's arena, after it changed, as part of the state. */
void panes_count(struct panes *p, struct pane *pane);

bool panes_save(const struct panes *p, struct buf *out, struct err *e) MUST_USE;
bool panes_load(struct panes *p, struct text *at, struct err *e) MUST_USE;

#endif
