/* tracks.h: tracks: what has been seen to move, frame by frame, by partition and label.
 *
 * A frame is what a partition shows at one time. Boxes of a frame go with the tracks of their lane
 * (the partition, and the label where labels count) for the greatest sum of overlaps of each box
 * with where its track is thought to be; a pair must overlap by overlap_min. Boxes of a score from
 * score_min on choose first, and where they find no track they begin one; the others may only go on
 * with what is left over. A track that was not seen for longer than age_max_us has ended. Numbers
 * count up from 1 in each partition, in the order of rows within a frame; with 'state-ttl', again
 * from 1 where the partition had no frame for longer than that (and than age_max_us: its tracks
 * have all ended by then).
 *
 * Frames are given in the order of their times. What is kept is bounded by what was seen in the
 * last age_max_us and by the bounds below, and by one number for each partition that is not
 * forgotten.
 *
 * Source: Bewley et al. 2016 (SORT); Zhang et al. 2022 (ByteTrack) for the two rounds.
 *
 * Uses: assign.h, key.h, motion.h.    Used by: engine/op/track.c.
 * Tested by: tests/unit/engine/track_test.c
 */
#ifndef ENGINE_OP_TRACKS_H
#define ENGINE_OP_TRACKS_H

#include "engine/op/key.h"
#include "engine/op/motion.h"
#include "engine/op/time_heap.h"
#include "engine/plan.h"

enum {
    FRAME_BOXES_MAX = 1000, /* of one lane at one time */
    LANE_TRACKS_MAX = 2000, /* past them the longest unseen end */
};

struct op;

struct tracks {
    const struct plan_track *plan;
    struct state *keyed;
    struct key_set partition_key, lane_key;
    struct state_table *partition; /* -> struct partition */
    struct state_table *lane;      /* -> struct lane */
    struct state_codec codec;
    struct time_heap idle;  /* lanes, by a time not above that of their last frame */
    struct time_heap quiet; /* partitions without lanes, likewise */
    int64_t forget_us;      /* a partition without a frame for longer is forgotten; 0: none is */
};

/* A box of a frame. */
struct sighting {
    struct rect rect;
    uint32_t lane;  /* STATE_NONE: there is no box */
    bool begins;    /* it may begin a track */
    bool refused;   /* out: the frame has too many boxes; it got no number */
    uint32_t match; /* its track in the lane, while the frame is looked at */
    int64_t id;     /* out: its track's number; 0: none */
};

bool tracks_open(struct tracks *t, const struct plan_track *plan, const struct schema *input,
                 struct op *op, struct err *e) MUST_USE;
void tracks_close(struct tracks *t);

/* The lanes of rows whose boxes will come, at at_us[count]: lane_out[count]. A lane stays until all
 * that was told so has come. */
bool tracks_expect(struct tracks *t, const struct key_rows *rows, const int64_t *at_us,
                   struct arena *scratch, uint32_t *lane_out, struct err *e) MUST_USE;

/* All boxes of all partitions at one time, in the order of rows. */
bool tracks_frame(struct tracks *t, int64_t at_us, struct sighting *s, uint32_t count,
                  struct arena *scratch, struct err *e) MUST_USE;

bool tracks_save(const struct tracks *t, struct buf *out, struct err *e) MUST_USE;
/* Nothing is expected then: tracks_expect_again() tells each box that is still to come; false:
 * there is no such lane. */
bool tracks_load(struct tracks *t, struct text *at, struct err *e) MUST_USE;
bool tracks_expect_again(struct tracks *t, uint32_t lane) MUST_USE;

/* Memory beside the tables. */
size_t tracks_bytes(const struct tracks *t);

#endif
