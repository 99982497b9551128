/* job_save.h: a job as bytes, without what its query remembers.
 *
 * Used by: runner.    Tested by: tests/cut.c
 */
#ifndef ENGINE_EDGE_JOB_SAVE_H
#define ENGINE_EDGE_JOB_SAVE_H

#include "engine/edge/job.h"

/* `all`: the runner's jobs. */
bool job_save(struct job *j, struct job *all, struct buf *out, struct err *e) MUST_USE;
/* The job that the bytes are of; NULL: it is not there. */
struct job *job_named(struct job *all, struct saved in);
/* Fills a job that has not started, if it is one that reads its inputs, or is not, as `reading`
 * says. */
bool job_load(struct job *j, struct job *all, struct saved in, bool reading,
              struct err *e) MUST_USE;
/* All jobs are loaded: the sources go on. */
void job_resume_feeds(struct job *j);

#endif
