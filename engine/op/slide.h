/* slide.h: the totals of the window that is next, from the panes it is made of.
 *
 * A window is a run of panes; when it is final, panes that came since the last window are folded in
 * and, after it was emitted, panes that no later window needs are taken out, so that a window
 * costs as much as the groups of those panes, not as all its panes. Each aggregate slides its own
 * way:
 *   subtract  it has unmerge: a total per group, panes are merged in and unmerged
 *   stack     it has not: panes are in blocks as long as a window. A window is the end of one
 *             block (the front: for each pane the merge from it to the block's end) and the
 *             beginning of the next (the back: one merge so far), each in order of time. This is
 *             van Herk's and Gil and Werman's running minimum; blocks are fixed in time, so the
 *             order of floating additions is too, whatever windows were empty.
 *   bag       DISTINCT of one that can remove: the totals have a bag (bag.h) of the values of all
 *             panes; one that comes first is added, one whose last row goes is removed
 *   anew      other DISTINCT aggregates, and those that keep lists: the panes of a group are merged
 *             for each window
 * The panes of a group are chained in order of time. A row that comes for a folded pane marks its
 * group; the group's part of all this is computed anew before the next window.
 *
 * Lifetime: an operator's; open .. close. What it holds is made again from the panes.
 *
 * Uses: panes.h, window.h.    Used by: WindowAggregate.
 * Tested by: tests/unit/engine/window_aggregate_test.c
 */
#ifndef ENGINE_OP_SLIDE_H
#define ENGINE_OP_SLIDE_H

#include "engine/op/order.h"
#include "engine/op/panes.h"
#include "engine/window.h"

enum slide_way { SLIDE_SUBTRACT, SLIDE_STACK, SLIDE_BAG, SLIDE_ANEW };

struct slide_slot {
    enum slide_way way;
    uint32_t suffix_offset; /* SLIDE_STACK: in a pane's suffixes */
};

struct slide {
    const struct groups_plan *plan;
    const struct window_grid *grid;
    struct panes *panes;
    struct slide_slot *slot; /* [plan->slots] */
    uint32_t suffix_bytes;
    uint32_t group_offset;     /* of struct slide_group in a total's value */
    struct groups totals;      /* groups of the window, with bags where a slot has such a way */
    struct state_table *total; /* the table of those */
    struct arena *scratch;     /* the batch arena */
    struct state_codec codec;
    int64_t block_end;  /* the front's panes are below it */
    int64_t next_pane;  /* panes below it are folded */
    struct arena arena; /* of the list of marked groups */
    uint32_t *dirty;    /* [dirty_count] ids of totals */
    uint32_t dirty_count, dirty_capacity;
};

/* `scratch` is the operator's batch arena. */
bool slide_open(struct slide *s, struct panes *panes, const struct window_grid *grid,
                struct arena *scratch, struct err *e) MUST_USE;
void slide_close(struct slide *s);

/* A pane is new: if its place is among folded ones, it is folded from now on. */
void slide_pane_added(const struct slide *s, struct pane *pane);

/* Rows came to groups id[count] of a folded pane. */
bool slide_changed(struct slide *s, struct pane *pane, const uint32_t *id, uint32_t count,
                   struct err *e) MUST_USE;

/* Makes the totals those of `window`; no earlier window will be asked for. */
bool slide_to(struct slide *s, int64_t window, struct err *e) MUST_USE;

/* The groups of the window in the order of their first rows. */
bool slide_groups(struct slide *s, struct order_item **out, uint32_t *count_out,
                  struct err *e) MUST_USE;

struct slide_pick {
    const uint32_t *id; /* [count] of totals */
    uint32_t count;
    void **state; /* [count] out */
};

/* The states of aggregate `slot`, in the batch arena where they are made for this. */
bool slide_states(struct slide *s, uint32_t slot, const struct slide_pick *p,
                  struct err *e) MUST_USE;

/* The earliest pane is about to be dropped: no later window has it. */
bool slide_pane_dropped(struct slide *s, struct pane *pane, struct err *e) MUST_USE;

/* After a restart: folds again the panes that were folded when these were saved. */
bool slide_restore(struct slide *s, int64_t next_pane, int64_t block_end, struct err *e) MUST_USE;

#endif
