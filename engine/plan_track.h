/* plan_track.h: the node of a plan that numbers the objects that boxes show.
 *
 * Lifetime: const, in the arena of the statement or query.
 *
 * Used by: engine/plan.h.    Tested by: tests/unit/engine/track_test.c, tests/cases/sql/track.case
 */
#ifndef ENGINE_PLAN_TRACK_H
#define ENGINE_PLAN_TRACK_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACK_BOX_COLS = 4 };

/* Out: the input's columns, then track_id. */
struct plan_track {
    uint32_t time_col;                /* event time (TIMESTAMP) */
    uint32_t box_col[TRACK_BOX_COLS]; /* x, y, width, height: DOUBLE */
    int32_t label_col;                /* things of different labels are different; -1: none */
    int32_t score_col;                /* DOUBLE; -1: every box may begin a track */
    double score_min;                 /* boxes below only go on with tracks */
    double overlap_min;               /* of a box and where a track is thought to be; 0..1 */
    int64_t age_max_us;               /* a track not seen for longer ends */
    uint32_t partitions;
    const uint32_t *partition_col;
    bool final; /* the whole query gives final rows only: no partition is forgotten */
};

#endif
