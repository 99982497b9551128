/* outlet.h: outlet: the open sink of a stream, shared by the queries that write what they make of
 * one source to it, so that their rows are in one order there, too.
 *
 * Queries whose rows are changes have an outlet apart from the others: sinks write those otherwise.
 *
 * Lifetime: outlet_open .. outlet_close by each user.
 *
 * Used by: job_give.    Tested by: tests/unit/edge/runner_order_test.c, tests/cases/review
 */
#ifndef ENGINE_EDGE_OUTLET_H
#define ENGINE_EDGE_OUTLET_H

#include "engine/edge/stream.h"

struct outlet_options {
    struct stream *stream;
    const void *source; /* shared by those of one source; NULL: not shared */
    bool changes;
};

struct outlet *outlet_open(const struct outlet_options *o, struct err *e) MUST_USE;
/* The context is the outlet: for lanes. */
bool outlet_write(void *context, const struct batch *b, struct err *e);
/* What was written can be seen after it. */
bool outlet_flush(struct outlet *o, struct err *e) MUST_USE;
/* The user writes no more, and what it wrote is `whole` or not. With the last user the sink is
 * closed: published, if what one of them wrote is whole. Accepts NULL. */
bool outlet_close(struct outlet *o, bool whole, struct err *e) MUST_USE;
/* The user goes away and leaves what is in progress to be gone on with. Accepts NULL. */
void outlet_leave(struct outlet *o);

/* Where rows wait for checkpoints: all outlets of a stream as bytes, what was written being durable
 * then; when those bytes are, commit() makes the rows appear. Loaded ones wait to be resumed, by
 * their place in the list; what was covered has appeared, what was not is gone. */
bool outlets_save(struct stream *s, struct buf *out, struct err *e) MUST_USE;
bool outlets_commit(struct stream *s, struct err *e) MUST_USE;
bool outlets_load(struct stream *s, struct saved *in, struct err *e) MUST_USE;
uint32_t outlet_index(const struct outlet *o);
struct outlet *outlet_resume(const struct outlet_options *o, uint32_t index,
                             struct err *e) MUST_USE;
/* The stream is being dropped: no user is left. */
void outlets_close(struct stream *s);

#endif
