/* point.h: a checkpoint of a session, in memory: streams, jobs and what queries remember, saved and
 * loaded as the engine's log will do it. Rows that streams keep are saved as those appended since
 * the point before.
 *
 * Lifetime: cut_point_init .. cut_point_done.
 *
 * Used by: tests/cut.
 */
#ifndef TESTS_CUT_POINT_H
#define TESTS_CUT_POINT_H

#include "clients/session_private.h"

enum { POINT_OBJECTS = 64, POINT_JOBS = 64 };

struct cut_point {
    struct point_stream {
        char name[64];
        struct buf state;
        struct buf rows[3]; /* parts, one a point */
        uint64_t since[3];
        struct buf changes; /* of a stored table: all that were committed */
        size_t covered;     /* of those, by the point */
    } stream[POINT_OBJECTS];
    struct point_query {
        char name[64];
        struct buf state;
    } query[POINT_JOBS];
    struct buf runner;
    uint32_t streams, queries;
    bool taken;
    char was; /* the byte that cut_point_damage() changed */
};

void cut_point_init(struct cut_point *p);
void cut_point_done(struct cut_point *p);

/* From now on changes of stored tables are noted; to be called when there may be new ones. */
void cut_point_listen(struct cut_point *p, struct session *s);
/* Replaces what the point held. */
bool cut_point_save(struct cut_point *p, struct session *s, struct err *e) MUST_USE;
/* What the sinks had covered appears. */
bool cut_point_commit(struct session *s, struct err *e) MUST_USE;
bool cut_point_load(struct cut_point *p, struct session *s, struct err *e) MUST_USE;
/* Turns a bit of what is saved of the jobs, chosen by `random`; where. NULL: nothing is saved. */
char *cut_point_damage(struct cut_point *p, uint64_t random);

#endif
