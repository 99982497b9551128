/* job_give.h: what a job's query gives, on its way: rows to the target or the client, late rows to
 * x$late, rows it could not compute to x$errors.
 *
 * A query over one input goes by lanes (junction.h), so that its rows and those of other queries
 * over the same source are in one order. Of queries over several inputs each is in its own.
 *
 * Used by: job.c.    Tested by: tests/unit/edge/runner_order_test.c, tests/cases/review
 */
#ifndef ENGINE_EDGE_JOB_GIVE_H
#define ENGINE_EDGE_JOB_GIVE_H

#include "engine/edge/job.h"

/* Fills in the functions; the context is the job. */
void job_give_output(struct query_output *out);

/* Opens the ways; the feeds are open. job_give_close() also after failure. */
bool job_give_open(struct job *j, struct err *e) MUST_USE;
/* The query has given all that the rows it took make. false: what it gave could not be written. */
bool job_give_reach(struct job *j, struct err *e) MUST_USE;
/* Rows from .. from + taken - 1 of `b` were pushed: copies those that the query has not settled. */
bool job_keep_held(struct job *j, uint32_t i, const struct batch *b, uint32_t from, uint32_t taken,
                   struct err *e) MUST_USE;
/* It gives nothing more. */
void job_give_end(struct job *j);
/* Do rows still wait for those of others? */
bool job_give_waits(const struct job *j);
/* What is written can be seen after it. */
bool job_give_flush(struct job *j, struct err *e) MUST_USE;
/* Nothing is on its way any more: publishes what it wrote, if that is `whole`. */
bool job_give_finish(struct job *j, bool whole, struct err *e) MUST_USE;
void job_give_close(struct job *j);
/* Instead of finishing: what is on its way is dropped, what is in progress stays. */
void job_give_leave(struct job *j);

/* The ways as bytes, and ways that go on; `source` is what numbers the rows, NULL: nothing does. */
bool job_give_save(const struct job *j, struct buf *out, struct err *e) MUST_USE;
bool job_give_load(struct job *j, const void *source, struct saved *in, struct err *e) MUST_USE;
/* What numbers the rows of a job that has ways; NULL: nothing. */
const void *job_give_source(const struct job *j);

#endif
