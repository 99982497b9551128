/* tracks_private.h: what the files of tracks share: the lane, and one frame of it.
 *
 * Used by: engine/op/tracks*.c
 */
#ifndef ENGINE_OP_TRACKS_PRIVATE_H
#define ENGINE_OP_TRACKS_PRIVATE_H

#include "engine/op/tracks.h"

#define MATCH_NONE UINT32_MAX

struct track {
    int64_t id;
    int64_t at_us; /* when it was seen last */
    struct motion motion;
};

/* Where boxes may be the same thing: a partition, and a label where labels count. */
struct lane {
    struct track *track; /* [tracks] those seen last in front; in the table's arena */
    uint32_t tracks, room;
    uint32_t partition; /* id */
    uint32_t expected;  /* boxes that are still to come */
    int64_t last_us;    /* of its last frame; TIME_MIN_US: none yet */
    bool noted;         /* it has its note among the idle ones: every lane that is not new */
};

struct partition {
    int64_t given;   /* numbers */
    int64_t last_us; /* of its last frame, where it was seen */
    uint32_t lanes;  /* that it has */
    bool seen;
    bool noted; /* it has its note among the quiet ones */
};

struct lane_frame {
    const struct plan_track *plan;
    struct lane *lane;
    int64_t at_us;
    struct sighting *const *box; /* [boxes] in the order of rows */
    uint32_t boxes;
};

/* Cuts off the tracks that have ended and says of each box which track it goes with (match).
 * false: no memory. */
bool lane_match(const struct lane_frame *f, struct arena *scratch) MUST_USE;

/* Tracks learn where they were seen, new ones begin with the numbers that their boxes have. */
bool lane_update(const struct lane_frame *f, struct arena *keep, struct arena *scratch) MUST_USE;

#endif
