/* junction.h: junction: where rows that several queries make of one source meet on their way to one
 * place (a kept stream, a sink, standard output, x$late), and are put into one order.
 *
 * A lane is one query's way there. Rows wait in their lane until every other lane of the junction
 * has come past them; then they go on in the order of the source rows that made them, those that
 * the time before a row made ahead of those that the row itself made, of one row in the order of
 * statements. So where batches end never shows. A lane that is alone lets rows through at once.
 *
 * Ordinals are places in the source: rows before it from its first one on.
 *
 * Lifetime: junctions live while a lane is open or holds rows; lane_open .. lane_close. One thread.
 *
 * Used by: job_give, tap, runner.    Tested by: tests/unit/edge/junction_test.c
 */
#ifndef ENGINE_EDGE_JUNCTION_H
#define ENGINE_EDGE_JUNCTION_H

#include "engine/base/batch.h"
#include "engine/base/err.h"
#include "engine/edge/saved.h"

struct junction;
struct lane;

struct junctions {
    struct junction *first;
};

struct lane_options {
    const void *source, *place; /* which junction: only compared */
    uint64_t statement;         /* rank among the queries; the declaration itself: 0 */
    bool by_time;               /* its rows are made by the time before a source row */
    uint64_t reached;           /* of the source: what came before is none of its business */
    void *context;
    bool (*write)(void *context, const struct batch *b, struct err *e);
};

struct lane *lane_open(struct junctions *all, const struct lane_options *o, struct err *e) MUST_USE;

/* Rows in the order in which the query gives them; the ordinal of each in the query, plus `base`,
 * is that of the source row that made it. Copied where they have to wait. */
bool lane_write(struct lane *l, const struct batch *b, uint64_t base, struct err *e) MUST_USE;

/* The query has given all that source rows before `ordinal` make. */
void lane_reach(struct lane *l, uint64_t ordinal);
/* All lanes have said all that can be said now: what waits goes on. true: something did. */
bool junctions_settle(struct junctions *all);

/* Where it stands, and the rows that wait, as bytes; and into a lane that was opened just now. */
bool lane_save(const struct lane *l, struct buf *out, struct err *e) MUST_USE;
bool lane_load(struct lane *l, const struct schema *schema, struct saved *s,
               struct err *e) MUST_USE;
/* What it was opened with. */
const struct lane_options *lane_options(const struct lane *l);

/* Do rows of it still wait? */
bool lane_waits(const struct lane *l);
/* What failed when its rows were written: they are lost, and *e says why. */
bool lane_check(const struct lane *l, struct err *e) MUST_USE;

/* The query gives nothing more; what waits for nobody goes on. The lane stays while rows wait. */
void lane_end(struct lane *l);
/* Ends it, writes what is left of it, and drops it. Accepts NULL. */
void lane_close(struct lane *l);
/* Drops it and the rows that wait in it, and nothing moves: all lanes are dropped so, or none.
 * Accepts NULL. */
void lane_drop(struct lane *l);
/* As lane_close(); *lost becomes an error where rows of it could not be written. */
void lane_finish(struct lane *l, struct err *lost);

#endif
