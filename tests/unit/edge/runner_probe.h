/* runner_probe.h: queries over hand-made plans, for the tests of the runner.
 *
 * Used by: runner_test.c, runner_order_test.c.
 */
#ifndef TESTS_UNIT_EDGE_RUNNER_PROBE_H
#define TESTS_UNIT_EDGE_RUNNER_PROBE_H

#include "engine/edge/runner.h"
#include "tests/unit/edge/edge_probe.h"

/* SELECT * FROM its inputs UNION ALL, LIMIT. */
struct probe_query {
    struct plan scan[2], both, limit, sink;
    struct plan_input in[2];
    struct stream *input[2];
    struct plan_query plan;
    struct job_options o;
    struct buf out; /* the first column of what it gave, with spaces */
};

/* One more input. */
void query_input(struct probe_query *q, const struct stream_def *def, struct stream *s);
/* Ready to be added to a runner; limit < 0: none. */
void query_make(struct probe_query *q, const char *name, int64_t limit);
/* Until all jobs have ended. */
void run_all(struct runner *r);

#endif
