/* window_session.h: SESSION as a table function: rows are kept until their session is final.
 *
 * Also what all window operators say of a row without a usable time.
 *
 * Used by: engine/op/window*.c, session.c.    Tested by: tests/unit/engine/window_test.c
 */
#ifndef ENGINE_OP_WINDOW_SESSION_H
#define ENGINE_OP_WINDOW_SESSION_H

#include "engine/op.h"
#include "engine/window.h"

struct window_session;

/* In the query's arena; NULL: see *e, and close what op->state got. */
struct window_session *window_session_open(struct op *op, const struct window_spec *spec,
                                           struct err *e) MUST_USE;
bool window_session_push(struct window_session *w, const struct batch *in, struct err *e) MUST_USE;
bool window_session_flush(struct window_session *w, const struct mark *m, struct err *e) MUST_USE;
void window_session_close(struct window_session *w);
uint64_t window_session_count(const struct window_session *w); /* that are not final */
bool window_session_save(struct window_session *w, struct buf *out, struct err *e) MUST_USE;
bool window_session_load(struct window_session *w, struct text *at, struct err *e) MUST_USE;

/* Has the row a time that windows can have? */
static inline bool window_row_fits(const struct column *time, uint32_t row) {
    return column_has(time, row) && window_time_fits(time->as.i64[row]);
}
/* If not, it is reported as bad: 22004, 22003. */
bool window_row_check(struct op *op, const struct batch *in, const struct column *time,
                      uint32_t row, struct err *e) MUST_USE;

#endif
