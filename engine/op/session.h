/* session.h: the session windows of WindowAggregate: groups by session.
 *
 * Used by: engine/op/window_aggregate.c.    Tested by: tests/unit/engine/window_aggregate_test.c
 */
#ifndef ENGINE_OP_SESSION_H
#define ENGINE_OP_SESSION_H

#include "engine/op/window_state.h"

/* Opens w->sessions, w->groups and w->panes for the operator's plan. */
bool session_open(struct op *op, struct err *e) MUST_USE;
void session_close(struct window_aggregate *w);

/* What rows are added by. */
struct groups_plan *session_groups(struct window_aggregate *w);

/* Takes and adds rows as window_rows_take() and window_rows_add() do. */
bool session_rows_take(struct op *op, const struct batch *in, uint32_t *live_at, uint32_t *cut_out,
                       struct err *e) MUST_USE;
bool session_close_all(struct window_aggregate *w, const struct window_close *c,
                       struct err *e) MUST_USE;

/* Sessions that are not final. */
uint64_t session_count(const struct window_aggregate *w);

bool session_save(struct window_aggregate *w, struct buf *out, struct err *e) MUST_USE;
bool session_load(struct window_aggregate *w, struct text *at, struct err *e) MUST_USE;

#endif
