/* tracks_match.c: one frame of one lane: boxes to tracks, and what tracks learn from it.
 *
 * Where a track is thought to be is computed from when it was last seen, in one step, so frames in
 * which it was not seen leave nothing behind.
 */
#include <assert.h>
#include <string.h>

#include "engine/base/time.h"
#include "engine/op/assign.h"
#include "engine/op/tracks_private.h"

enum { PAIRS_MIN = 64, ROOM_MIN = 4 };

/* The track's motion at the frame's time. */
static struct motion ahead(const struct lane_frame *f, const struct track *k) {
    struct motion m = k->motion;
    int64_t gone_us = f->at_us > k->at_us ? f->at_us - k->at_us : 0;
    motion_ahead(&m, (double)gone_us / SECOND_US);
    return m;
}

/* A round of choosing: the boxes that choose now, and pairs that overlap enough. */
struct round {
    const struct lane_frame *f;
    struct arena *scratch;
    const struct rect *thought; /* [lane's tracks] where they are thought to be */
    bool *taken;                /* [lane's tracks] */
    uint32_t *left;             /* [lefts] boxes */
    uint32_t *first;            /* [lefts + 1] */
    uint32_t lefts;
    struct assign_pair *pair;
    uint32_t pairs, room;
};

static bool pairs_reserve(struct round *r, uint32_t more) {
    if (r->room - r->pairs >= more) return true;
    uint32_t room = r->room * 2 > r->pairs + more ? r->room * 2 : r->pairs + more;
    if (room < PAIRS_MIN) room = PAIRS_MIN;
    struct assign_pair *pair = ARENA_ARRAY(r->scratch, pair, room);
    if (!pair) return false;
    if (r->pairs > 0) memcpy(pair, r->pair, r->pairs * sizeof *pair);
    r->pair = pair;
    r->room = room;
    return true;
}

static bool pairs_find(struct round *r, const struct rect *box) {
    uint32_t tracks = r->f->lane->tracks;
    if (!pairs_reserve(r, tracks)) return false;
    for (uint32_t k = 0; k < tracks; k++) {
        if (r->taken[k]) continue;
        double overlap = rect_overlap(box, &r->thought[k]);
        if (overlap <= 0 || overlap < r->f->plan->overlap_min) continue;
        uint32_t weight = (uint32_t)(overlap * ASSIGN_WEIGHT_MAX);
        r->pair[r->pairs++] = (struct assign_pair){.right = k, .weight = weight > 0 ? weight : 1};
    }
    return true;
}

static bool round_run(struct round *r, bool begins) {
    const struct lane_frame *f = r->f;
    r->lefts = r->pairs = 0;
    for (uint32_t i = 0; i < f->boxes; i++) {
        if (f->box[i]->begins != begins) continue;
        r->first[r->lefts] = r->pairs;
        if (!pairs_find(r, &f->box[i]->rect)) return false;
        r->left[r->lefts++] = i;
    }
    r->first[r->lefts] = r->pairs;
    if (r->pairs == 0) return true;
    uint32_t *right = ARENA_ARRAY(r->scratch, right, r->lefts + 1);
    const struct assign_graph g = {
        .lefts = r->lefts, .rights = f->lane->tracks, .first = r->first, .pair = r->pair};
    if (!right || !assign(&g, right, r->scratch)) return false;
    for (uint32_t i = 0; i < r->lefts; i++) {
        if (right[i] == ASSIGN_NONE) continue;
        assert(!r->taken[right[i]]);
        f->box[r->left[i]]->match = right[i];
        r->taken[right[i]] = true;
    }
    return true;
}

bool lane_match(const struct lane_frame *f, struct arena *scratch) {
    struct lane *lane = f->lane;
    const struct track *k = lane->track;
    while (lane->tracks > 0 && f->at_us - k[lane->tracks - 1].at_us > f->plan->age_max_us) {
        lane->tracks--;
    }
    for (uint32_t i = 0; i < f->boxes; i++) f->box[i]->match = MATCH_NONE;
    if (lane->tracks == 0) return true;

    struct rect *thought = ARENA_ARRAY(scratch, thought, lane->tracks);
    struct round r = {.f = f, .scratch = scratch, .thought = thought};
    r.taken = ARENA_ARRAY(scratch, r.taken, lane->tracks);
    r.left = ARENA_ARRAY(scratch, r.left, f->boxes + 1);
    r.first = ARENA_ARRAY(scratch, r.first, f->boxes + 1);
    if (!thought || !r.taken || !r.left || !r.first) return false;
    for (uint32_t i = 0; i < lane->tracks; i++) {
        struct motion m = ahead(f, &k[i]);
        thought[i] = motion_rect(&m);
    }
    return round_run(&r, true) && round_run(&r, false);
}

/* Room in the lane's array; what is in it may go. */
static bool room_make(struct lane *lane, uint32_t tracks, struct arena *keep) {
    if (lane->room >= tracks) return true;
    uint32_t room = lane->room * 2 > tracks ? lane->room * 2 : tracks;
    if (room < ROOM_MIN) room = ROOM_MIN;
    struct track *track = ARENA_ARRAY(keep, track, room);
    if (!track) return false;
    lane->track = track;
    lane->room = room;
    return true;
}

bool lane_update(const struct lane_frame *f, struct arena *keep, struct arena *scratch) {
    struct lane *lane = f->lane;
    struct track *now = ARENA_ARRAY(scratch, now, lane->tracks + f->boxes + 1);
    bool *seen = ARENA_ARRAY(scratch, seen, lane->tracks + 1);
    uint32_t n = 0;
    if (!now || !seen) return false;
    for (uint32_t i = 0; i < f->boxes; i++) {
        const struct sighting *s = f->box[i];
        if (s->id == 0) continue;
        struct track *k = &now[n++];
        *k = (struct track){.id = s->id, .at_us = f->at_us};
        if (s->match == MATCH_NONE) {
            motion_begin(&k->motion, &s->rect);
            continue;
        }
        k->motion = ahead(f, &lane->track[s->match]);
        motion_see(&k->motion, &s->rect);
        seen[s->match] = true;
    }
    for (uint32_t i = 0; i < lane->tracks; i++) {
        if (!seen[i]) now[n++] = lane->track[i];
    }
    if (n > LANE_TRACKS_MAX) n = LANE_TRACKS_MAX;
    if (!room_make(lane, n, keep)) return false;
    if (n > 0) memcpy(lane->track, now, n * sizeof *now);
    lane->tracks = n;
    lane->last_us = f->at_us;
    return true;
}
