/* junction.c: see junction.h.
 *
 * Rows that wait are copied into builders of their lane, with the times and kinds they had; a lane
 * forgets them when all have gone, or when those that have gone are most of many. The next rows to
 * go are always those at the head of the lane with the least key, and of these as many as come
 * before the heads of all others, so a lane that is far from the others moves in whole batches.
 *
 * A failed write is its lane's, and of no other: the query that made the rows looks for it.
 */
#include "engine/edge/junction.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/edge/junction_private.h"
#include "engine/edge/slice.h"

enum { ROOM_MIN = 256, GONE_MANY = 8192 };

static struct junction *junction_of(struct junctions *all, const struct lane_options *o) {
    for (struct junction *j = all->first; j; j = j->next) {
        if (j->source == o->source && j->place == o->place) return j;
    }
    struct junction *j = calloc(1, sizeof *j);
    if (!j) return NULL;
    *j = (struct junction){.next = all->first, .all = all, .source = o->source, .place = o->place};
    arena_init(&j->scratch, 0);
    all->first = j;
    return j;
}

static void junction_drop(struct junction *j) {
    struct junction **link = &j->all->first;
    while (*link != j) link = &(*link)->next;
    *link = j->next;
    arena_done(&j->scratch);
    free(j);
}

struct lane *lane_open(struct junctions *all, const struct lane_options *o, struct err *e) {
    assert(o->source && o->place && o->write);
    struct lane *l = calloc(1, sizeof *l);
    struct junction *j = l ? junction_of(all, o) : NULL;
    if (!j) {
        free(l);
        err_memory(e);
        return NULL;
    }
    l->junction = j;
    l->o = *o;
    arena_init(&l->rows.arena, 0);
    struct lane **link = &j->lanes;
    while (*link && (*link)->o.statement <= o->statement) link = &(*link)->next;
    l->next = *link;
    *link = l;
    return l;
}

/* --- rows that wait --- */

static void waiting_reset(struct waiting *w) {
    arena_reset(&w->arena);
    *w = (struct waiting){.arena = w->arena};
}

static bool waiting_begin(struct waiting *w, const struct schema *schema) {
    assert(!w->schema);
    w->col = ARENA_ARRAY(&w->arena, w->col, schema->cols + 1);
    bool ok = w->col != NULL;
    for (uint32_t c = 0; ok && c < schema->cols; c++) {
        ok = builder_init(&w->col[c], &w->arena, schema->col[c].type, ROOM_MIN);
    }
    if (ok) w->schema = schema;
    return ok;
}

static bool waiting_reserve(struct waiting *w, uint32_t rows) {
    if (rows <= w->capacity - w->rows) return true;
    uint32_t room = w->capacity ? w->capacity * 2 : ROOM_MIN;
    while (room - w->rows < rows) room *= 2;
    struct mark *time = ARENA_ARRAY(&w->arena, time, room);
    int8_t *change = ARENA_ARRAY(&w->arena, change, room);
    if (!time || !change) return false;
    if (w->rows > 0) {
        memcpy(time, w->time, w->rows * sizeof *time);
        memcpy(change, w->change, w->rows * sizeof *change);
    }
    w->time = time;
    w->change = change;
    w->capacity = room;
    return true;
}

bool waiting_append(struct waiting *w, const struct batch *b, uint64_t base, struct err *e) {
    if (!w->schema && !waiting_begin(w, b->schema)) return err_memory(e);
    assert(w->schema->cols == b->schema->cols);
    if (!waiting_reserve(w, b->live)) return err_memory(e);
    for (uint32_t c = 0; c < w->schema->cols; c++) {
        column_append(&w->col[c], b, &b->col[c], 0, b->live);
        if (w->col[c].failed) return err_memory(e);
    }
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        w->time[w->rows + i] = (struct mark){.ordinal = base + batch_ordinal(b, row),
                                             .watermark_us = batch_watermark(b, row),
                                             .proctime_us = batch_proctime(b, row)};
        w->change[w->rows + i] = (int8_t)batch_change(b, row);
    }
    w->changes = w->changes || b->change;
    w->rows += b->live;
    return true;
}

bool waiting_batch(const struct waiting *w, uint32_t rows, struct arena *a, struct batch *out) {
    struct column *col = ARENA_ARRAY(a, col, w->schema->cols + 1);
    uint64_t *ordinal = ARENA_ARRAY(a, ordinal, rows);
    int64_t *watermark_us = ARENA_ARRAY(a, watermark_us, rows);
    int64_t *proctime_us = ARENA_ARRAY(a, proctime_us, rows);
    if (!col || !ordinal || !watermark_us || !proctime_us) return false;
    for (uint32_t i = 0; i < rows; i++) {
        const struct mark *m = &w->time[w->gone + i];
        ordinal[i] = m->ordinal;
        watermark_us[i] = m->watermark_us;
        proctime_us[i] = m->proctime_us;
    }
    for (uint32_t c = 0; c < w->schema->cols; c++) {
        struct column whole;
        if (!builder_column(&w->col[c], &whole)) return false;
        if (!column_slice(a, &whole, w->gone, rows, &col[c])) return false;
    }
    *out = (struct batch){
        .schema = w->schema,
        .col = col,
        .rows = rows,
        .live = rows,
        .ordinal = ordinal,
        .watermark_us = watermark_us,
        .proctime_us = proctime_us,
        .change = w->changes ? w->change + w->gone : NULL,
        .first = w->time[w->gone],
    };
    return true;
}

/* Forgets those that have gone, where that is worth a copy of the others. */
static void waiting_forget(struct waiting *w, struct arena *scratch) {
    if (w->gone == w->rows) {
        waiting_reset(w);
        return;
    }
    if (w->gone < GONE_MANY || w->gone < w->rows / 2) return;
    struct waiting fresh = {.changes = w->changes};
    struct err ignored;
    arena_init(&fresh.arena, 0);
    bool ok = true;
    while (ok && w->gone < w->rows) {
        uint32_t rows = w->rows - w->gone < BATCH_ROWS ? w->rows - w->gone : BATCH_ROWS;
        struct batch b;
        arena_reset(scratch);
        ok = waiting_batch(w, rows, scratch, &b) && waiting_append(&fresh, &b, 0, &ignored);
        if (ok) w->gone += rows;
    }
    /* Without memory the rest stays where it is, behind what was copied: nothing is lost. */
    if (!ok) {
        w->gone -= fresh.rows;
        arena_done(&fresh.arena);
        return;
    }
    arena_done(&w->arena);
    *w = fresh;
}

/* --- the order --- */

struct place {
    uint64_t ordinal;
    bool by_row;
    uint64_t statement;
};

static struct place place_at(const struct lane *l, uint32_t row) {
    return (struct place){
        .ordinal = l->rows.time[row].ordinal,
        .by_row = !l->o.by_time,
        .statement = l->o.statement,
    };
}

static bool comes_before(struct place a, struct place b) {
    if (a.ordinal != b.ordinal) return a.ordinal < b.ordinal;
    if (a.by_row != b.by_row) return b.by_row;
    return a.statement < b.statement;
}

const struct lane_options *lane_options(const struct lane *l) {
    return &l->o;
}

bool lane_waits(const struct lane *l) {
    return l->rows.gone < l->rows.rows;
}

bool lane_check(const struct lane *l, struct err *e) {
    if (l->failed) *e = l->failure;
    return !l->failed;
}

static void write_failed(struct lane *l, const struct err *e) {
    l->failed = true;
    l->failure = *e;
    waiting_reset(&l->rows);
}

/* Up to which source row all lanes have come. */
static uint64_t all_reached(const struct junction *j) {
    uint64_t least = UINT64_MAX;
    for (const struct lane *l = j->lanes; l; l = l->next) {
        if (!l->ended && l->o.reached < least) least = l->o.reached;
    }
    return least;
}

/* The lane whose head comes first, and the head of the second; NULL: none. */
static struct lane *first_lane(const struct junction *j, struct place *second_out,
                               bool *alone_out) {
    struct lane *first = NULL;
    *alone_out = true;
    for (struct lane *l = j->lanes; l; l = l->next) {
        if (!lane_waits(l)) continue;
        struct place at = place_at(l, l->rows.gone);
        if (!first) {
            first = l;
            continue;
        }
        struct place head = place_at(first, first->rows.gone);
        bool better = comes_before(at, head);
        struct place other = better ? head : at;
        if (*alone_out || comes_before(other, *second_out)) *second_out = other;
        *alone_out = false;
        if (better) first = l;
    }
    return first;
}

/* Writes what comes before source row `limit`. true: there was something. */
static bool move_on(struct junction *j, uint64_t limit) {
    for (bool any = false;; any = true) {
        struct place second = {.ordinal = UINT64_MAX};
        bool alone;
        struct lane *l = first_lane(j, &second, &alone);
        if (!l || l->rows.time[l->rows.gone].ordinal >= limit) return any;
        uint32_t rows = 1, most = l->rows.rows - l->rows.gone;
        if (most > BATCH_ROWS) most = BATCH_ROWS;
        for (; rows < most; rows++) {
            struct place at = place_at(l, l->rows.gone + rows);
            if (at.ordinal >= limit || (!alone && !comes_before(at, second))) break;
        }
        struct batch b;
        struct err e;
        arena_reset(&j->scratch);
        bool made = waiting_batch(&l->rows, rows, &j->scratch, &b) || err_memory(&e);
        if (!made || !l->o.write(l->o.context, &b, &e)) {
            write_failed(l, &e);
            continue;
        }
        l->rows.gone += rows;
        waiting_forget(&l->rows, &j->scratch);
    }
}

void lane_reach(struct lane *l, uint64_t ordinal) {
    assert(ordinal >= l->o.reached);
    l->o.reached = ordinal;
    move_on(l->junction, all_reached(l->junction));
}

bool junctions_settle(struct junctions *all) {
    bool any = false;
    for (struct junction *j = all->first; j; j = j->next) any = move_on(j, UINT64_MAX) || any;
    return any;
}

/* No other lane can have rows that come before these. */
static bool is_alone(const struct lane *l) {
    for (const struct lane *x = l->junction->lanes; x; x = x->next) {
        if (x != l && (!x->ended || lane_waits(x))) return false;
    }
    return !lane_waits(l);
}

bool lane_write(struct lane *l, const struct batch *b, uint64_t base, struct err *e) {
    assert(!l->ended);
    if (!lane_check(l, e)) return false;
    if (b->live == 0) return true;
    if (is_alone(l)) return l->o.write(l->o.context, b, e);
    return waiting_append(&l->rows, b, base, e);
}

void lane_end(struct lane *l) {
    l->ended = true;
    move_on(l->junction, all_reached(l->junction));
}

static void lane_free(struct lane *l) {
    struct junction *j = l->junction;
    struct lane **link = &j->lanes;
    while (*link != l) link = &(*link)->next;
    *link = l->next;
    arena_done(&l->rows.arena);
    free(l);
    if (!j->lanes) junction_drop(j);
}

void lane_close(struct lane *l) {
    if (!l) return;
    lane_end(l);
    if (lane_waits(l)) move_on(l->junction, UINT64_MAX);
    lane_free(l);
}

void lane_drop(struct lane *l) {
    if (l) lane_free(l);
}

void lane_finish(struct lane *l, struct err *lost) {
    if (!l) return;
    lane_end(l);
    if (lane_waits(l)) move_on(l->junction, UINT64_MAX);
    if (l->failed) *lost = l->failure;
    lane_close(l);
}
