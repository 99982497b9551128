/* tracks.c: see tracks.h. What tracks_match.c finds out is written down here.
 *
 * The tracks of a lane are an array, those seen last in front, so those that have ended are at its
 * end; they are cut off when the next frame comes. Lanes that no frame comes to are found by a heap
 * of notes, one for each lane, and go with all their tracks.
 */
#include "engine/op/tracks.h"

#include <stdlib.h>
#include <string.h>

#include "engine/op.h"
#include "engine/op/tracks_private.h"
#include "engine/query_private.h"
#include "engine/window.h"

#define NUMBER_MAX (INT64_C(1) << 62)

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "saved tracks are damaged");
}

/* Saved: a lane without its address, then its tracks. */
static bool lane_save(void *context, const void *value, struct buf *out) {
    (void)context;
    const struct lane *lane = value;
    struct lane plain = *lane;
    plain.track = NULL;
    plain.room = 0;
    buf_add(out, &plain, sizeof plain);
    if (lane->tracks > 0) buf_add(out, lane->track, lane->tracks * sizeof *lane->track);
    return !out->failed;
}

static bool lane_load(void *context, struct arena *a, void *value, struct text saved,
                      struct err *e) {
    (void)context;
    struct lane *lane = value;
    if (saved.bytes < sizeof *lane) return damaged(e);
    memcpy(lane, saved.at, sizeof *lane);
    size_t bytes = saved.bytes - sizeof *lane;
    bool good = lane->tracks <= LANE_TRACKS_MAX && bytes == lane->tracks * sizeof *lane->track;
    lane->room = lane->tracks;
    lane->track = NULL;
    if (!good) return damaged(e);
    if (bytes > 0) lane->track = (void *)arena_copy(a, saved.at + sizeof *lane, bytes);
    return bytes == 0 || lane->track || err_memory(e);
}

static bool keys_open(struct tracks *t, const struct schema *input, struct arena *a) {
    const struct plan_track *p = t->plan;
    uint32_t cols = p->partitions;
    uint32_t *col = ARENA_ARRAY(a, col, cols + 1);
    if (!col) return false;
    if (cols > 0) memcpy(col, p->partition_col, cols * sizeof *col);
    if (p->label_col >= 0) col[cols++] = (uint32_t)p->label_col;
    return key_set_open(&t->partition_key, input, p->partitions, p->partition_col, a) &&
           key_set_open(&t->lane_key, input, cols, col, a);
}

bool tracks_open(struct tracks *t, const struct plan_track *plan, const struct schema *input,
                 struct op *op, struct err *e) {
    *t = (struct tracks){.plan = plan, .codec = {.save = lane_save, .load = lane_load}};
    if (!keys_open(t, input, op->arena)) return err_memory(e);
    t->keyed = op->keyed;
    int64_t ttl_us = plan->final ? 0 : op->query->plan->state_ttl_us;
    t->forget_us = ttl_us == 0 || ttl_us > plan->age_max_us ? ttl_us : plan->age_max_us;
    struct state_options o = {.key_bytes = t->partition_key.key_bytes,
                              .value_bytes = sizeof(struct partition)};
    t->partition = state_table_create(t->keyed, &o, e);
    if (!t->partition) return false;
    o = (struct state_options){
        .key_bytes = t->lane_key.key_bytes, .value_bytes = sizeof(struct lane), .codec = &t->codec};
    t->lane = state_table_create(t->keyed, &o, e);
    return t->lane != NULL;
}

void tracks_close(struct tracks *t) {
    state_table_destroy(t->partition);
    state_table_destroy(t->lane);
    t->partition = t->lane = NULL;
    time_heap_done(&t->idle);
    time_heap_done(&t->quiet);
}

size_t tracks_bytes(const struct tracks *t) {
    return t->idle.arena.held_bytes + t->quiet.arena.held_bytes;
}

static struct lane *lane_at(const struct tracks *t, uint32_t id) {
    return state_value(t->lane, id);
}

static struct partition *partition_at(const struct tracks *t, uint32_t id) {
    return state_value(t->partition, id);
}

static bool note_idle(struct tracks *t, uint32_t id, int64_t at_us, struct err *e) {
    struct time_item x = {.at_us = at_us, .id = id};
    return time_heap_add(&t->idle, x) || err_memory(e);
}

bool tracks_expect(struct tracks *t, const struct key_rows *rows, const int64_t *at_us,
                   struct arena *scratch, uint32_t *lane_out, struct err *e) {
    struct state_keys keys;
    uint32_t *partition = ARENA_ARRAY(scratch, partition, rows->count + 1);
    if (!partition || !key_set_make(&t->partition_key, rows, scratch, &keys)) {
        return err_memory(e);
    }
    if (!state_upsert(t->partition, &keys, partition, e)) return false;
    if (!key_set_make(&t->lane_key, rows, scratch, &keys)) return err_memory(e);
    if (!state_upsert(t->lane, &keys, lane_out, e)) return false;
    for (uint32_t i = 0; i < rows->count; i++) {
        struct lane *lane = lane_at(t, lane_out[i]);
        state_touch(t->lane, lane_out[i]);
        if (!lane->noted) {
            if (!note_idle(t, lane_out[i], at_us[i], e)) return false;
            *lane = (struct lane){.noted = true, .partition = partition[i], .last_us = TIME_MIN_US};
            state_touch(t->partition, partition[i]);
            partition_at(t, partition[i])->lanes++;
        }
        lane->expected++;
    }
    return true;
}

bool tracks_expect_again(struct tracks *t, uint32_t lane) {
    if (!state_is_live(t->lane, lane)) return false;
    lane_at(t, lane)->expected++;
    return true;
}

/* The partition has no lanes: its time to be forgotten may come. */
static bool note_quiet(struct tracks *t, uint32_t id, struct err *e) {
    struct partition *p = partition_at(t, id);
    if (t->forget_us == 0 || p->noted) return true;
    p->noted = true;
    struct time_item x = {.at_us = p->last_us, .id = id};
    return time_heap_add(&t->quiet, x) || err_memory(e);
}

/* Partitions that were not seen for long go: nobody can tell when, as their numbers begin again
 * with the next frame anyway. */
static bool quiet_end(struct tracks *t, int64_t at_us, struct err *e) {
    while (t->quiet.count > 0 && at_us - t->quiet.item[0].at_us > t->forget_us) {
        uint32_t id = time_heap_take(&t->quiet).id;
        struct partition *p = partition_at(t, id);
        p->noted = false;
        if (p->lanes > 0) continue; /* noted again when the last one goes */
        if (at_us - p->last_us > t->forget_us) {
            state_remove(t->partition, id);
        } else if (!note_quiet(t, id, e)) {
            return false;
        }
    }
    return true;
}

static bool lane_end(struct tracks *t, uint32_t id, struct err *e) {
    uint32_t partition = lane_at(t, id)->partition;
    state_remove(t->lane, id);
    state_touch(t->partition, partition);
    return --partition_at(t, partition)->lanes > 0 || note_quiet(t, partition, e);
}

/* Lanes whose tracks have all ended go. */
static bool idle_end(struct tracks *t, int64_t at_us, struct err *e) {
    int64_t since_us = at_us - t->plan->age_max_us;
    while (t->idle.count > 0 && t->idle.item[0].at_us < since_us) {
        uint32_t id = time_heap_take(&t->idle).id;
        const struct lane *lane = lane_at(t, id);
        if (lane->expected > 0) {
            if (!note_idle(t, id, at_us, e)) return false;
        } else if (lane->last_us >= since_us) {
            if (!note_idle(t, id, lane->last_us, e)) return false;
        } else if (!lane_end(t, id, e)) {
            return false;
        }
    }
    return true;
}

/* Rows of a frame by lane, then as they came. */
struct laned {
    uint32_t lane, row;
};

static int laned_order(const void *a, const void *b) {
    const struct laned *x = a, *y = b;
    if (x->lane != y->lane) return x->lane < y->lane ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The frame's boxes lane by lane. */
static bool groups_make(struct sighting *s, uint32_t count, struct arena *scratch,
                        struct sighting ***box_out, uint32_t *boxes_out) {
    struct laned *x = ARENA_ARRAY(scratch, x, count + 1);
    struct sighting **box = ARENA_ARRAY(scratch, box, count + 1);
    uint32_t n = 0;
    if (!x || !box) return false;
    for (uint32_t i = 0; i < count; i++) {
        if (s[i].lane != STATE_NONE) x[n++] = (struct laned){.lane = s[i].lane, .row = i};
    }
    if (n > 1) qsort(x, n, sizeof *x, laned_order);
    for (uint32_t i = 0; i < n; i++) box[i] = &s[x[i].row];
    *box_out = box;
    *boxes_out = n;
    return true;
}

static uint32_t group_end(struct sighting *const *box, uint32_t from, uint32_t boxes) {
    uint32_t to = from + 1;
    while (to < boxes && box[to]->lane == box[from]->lane) to++;
    return to;
}

/* Boxes past the bound get no number. Returns how many are left, in front. */
static uint32_t refuse(struct sighting *const *box, uint32_t boxes) {
    for (uint32_t i = FRAME_BOXES_MAX; i < boxes; i++) box[i]->refused = true;
    return boxes < FRAME_BOXES_MAX ? boxes : FRAME_BOXES_MAX;
}

/* A frame has boxes of the partition. */
static void partition_see(struct tracks *t, uint32_t id, int64_t at_us) {
    struct partition *p = partition_at(t, id);
    bool forgotten = t->forget_us > 0 && p->seen && at_us - p->last_us > t->forget_us;
    state_touch(t->partition, id);
    if (forgotten) p->given = 0;
    p->last_us = at_us;
    p->seen = true;
}

static bool matches_find(struct tracks *t, int64_t at_us, struct sighting *const *box,
                         uint32_t boxes, struct arena *scratch, struct err *e) {
    for (uint32_t from = 0, to; from < boxes; from = to) {
        to = group_end(box, from, boxes);
        struct arena_mark mark = arena_mark(scratch);
        struct lane *lane = lane_at(t, box[from]->lane);
        struct lane_frame f = {.plan = t->plan, .lane = lane, .at_us = at_us, .box = box + from};
        assert(lane->expected >= to - from);
        state_touch(t->lane, box[from]->lane);
        lane->expected -= to - from;
        partition_see(t, lane->partition, at_us);
        f.boxes = refuse(f.box, to - from);
        if (!lane_match(&f, scratch)) return err_memory(e);
        arena_rewind(scratch, mark);
    }
    return true;
}

/* Numbers, in the order of rows. */
static void numbers_give(struct tracks *t, struct sighting *s, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (s[i].lane == STATE_NONE || s[i].refused) continue;
        const struct lane *lane = lane_at(t, s[i].lane);
        if (s[i].match != MATCH_NONE) {
            s[i].id = lane->track[s[i].match].id;
        } else if (s[i].begins) {
            state_touch(t->partition, lane->partition);
            s[i].id = ++partition_at(t, lane->partition)->given;
        }
    }
}

static bool lanes_update(struct tracks *t, int64_t at_us, struct sighting *const *box,
                         uint32_t boxes, struct arena *scratch, struct err *e) {
    for (uint32_t from = 0, to; from < boxes; from = to) {
        to = group_end(box, from, boxes);
        struct arena_mark mark = arena_mark(scratch);
        struct lane *lane = lane_at(t, box[from]->lane);
        struct lane_frame f = {.plan = t->plan, .lane = lane, .at_us = at_us, .box = box + from};
        f.boxes = to - from < FRAME_BOXES_MAX ? to - from : FRAME_BOXES_MAX;
        if (!lane_update(&f, &t->lane->arena, scratch)) return err_memory(e);
        arena_rewind(scratch, mark);
    }
    return true;
}

bool tracks_frame(struct tracks *t, int64_t at_us, struct sighting *s, uint32_t count,
                  struct arena *scratch, struct err *e) {
    struct arena_mark mark = arena_mark(scratch);
    struct sighting **box;
    uint32_t boxes;
    assert(window_time_fits(at_us));
    if (!idle_end(t, at_us, e) || !quiet_end(t, at_us, e)) return false;
    if (!groups_make(s, count, scratch, &box, &boxes)) return err_memory(e);
    if (!matches_find(t, at_us, box, boxes, scratch, e)) return false;
    numbers_give(t, s, count);
    if (!lanes_update(t, at_us, box, boxes, scratch, e)) return false;
    arena_rewind(scratch, mark);
    return true;
}

/* Saved: the two tables. */
bool tracks_save(const struct tracks *t, struct buf *out, struct err *e) {
    return state_table_save(t->partition, out, e) && state_table_save(t->lane, out, e);
}

static bool lane_is_good(const struct tracks *t, const struct lane *lane) {
    bool seen = lane->last_us != TIME_MIN_US;
    if (!state_is_live(t->partition, lane->partition)) return false;
    if (seen ? !window_time_fits(lane->last_us) : lane->tracks > 0) return false;
    for (uint32_t i = 0; i < lane->tracks; i++) {
        int64_t at_us = lane->track[i].at_us;
        if (!window_time_fits(at_us) || at_us > lane->last_us) return false;
    }
    return true;
}

bool tracks_load(struct tracks *t, struct text *at, struct err *e) {
    if (!state_table_load(t->partition, at, e) || !state_table_load(t->lane, at, e)) return false;
    for (uint32_t id = 0; id < t->partition->used; id++) {
        if (!state_is_live(t->partition, id)) continue;
        struct partition *p = partition_at(t, id);
        if (p->given < 0 || p->given > NUMBER_MAX) return damaged(e);
        if (p->seen ? !window_time_fits(p->last_us) : p->last_us != 0) return damaged(e);
        p->lanes = 0;
        p->noted = false;
    }
    for (uint32_t id = 0; id < t->lane->used; id++) {
        if (!state_is_live(t->lane, id)) continue;
        struct lane *lane = lane_at(t, id);
        if (!lane_is_good(t, lane)) return damaged(e);
        lane->noted = true;
        lane->expected = 0;
        partition_at(t, lane->partition)->lanes++;
        if (!note_idle(t, id, lane->last_us, e)) return false;
    }
    for (uint32_t id = 0; id < t->partition->used; id++) {
        bool quiet = state_is_live(t->partition, id) && partition_at(t, id)->lanes == 0;
        if (quiet && !note_quiet(t, id, e)) return false;
    }
    return true;
}
