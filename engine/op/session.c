/* session.c: see session.h.
 *
 * Groups of all sessions are in one table, whose keys end with the id of the session: rows get a
 * column more that says it. The groups of a session are in a list. When a session is final, its
 * groups move to a pane of its [start, end): sessions of several partitions may be the same
 * window, and windows come out by end and start. When a row joins two sessions, the groups of the
 * later one are merged into those of the earlier one, in order of time.
 */
#include "engine/op/session.h"

#include <string.h>

#include "engine/op/sessions.h"
#include "engine/op/window_session.h"
#include "engine/query_private.h"

struct session_store {
    struct sessions sessions;
    struct groups_plan plan; /* keys, and the session */
    struct groups groups;
    struct arena arena; /* of the list below */
    uint32_t *next;     /* [capacity] by id of the group: id + 1 of the session's next, 0: none;
                           STATE_NONE: no such group */
    uint32_t capacity;
    uint32_t key_cols;    /* of the operator's keys */
    struct schema schema; /* the input's columns and the session */
    struct column *col;   /* [schema.cols] */
    int64_t *session;     /* [BATCH_ROWS] */
    uint32_t *partition;  /* [BATCH_ROWS] */
};

static bool schema_extend(struct session_store *s, const struct schema *input, struct arena *a) {
    struct field *col = ARENA_ARRAY(a, col, input->cols + 1);
    s->col = ARENA_ARRAY(a, s->col, input->cols + 1);
    s->session = ARENA_ARRAY(a, s->session, BATCH_ROWS);
    s->partition = ARENA_ARRAY(a, s->partition, BATCH_ROWS);
    if (!col || !s->col || !s->session || !s->partition) return false;
    memcpy(col, input->col, input->cols * sizeof *col);
    col[input->cols] = (struct field){.name = TEXT_LITERAL("session"), .type = &type_bigint};
    s->schema = (struct schema){.cols = input->cols + 1, .col = col};
    return true;
}

bool session_open(struct op *op, struct err *e) {
    struct window_aggregate *w = op->state;
    const struct plan *plan = op->plan;
    const struct schema *input = plan->input[0]->schema;
    struct arena *a = op->arena;
    struct session_store *s = ARENA_NEW(a, s);
    if (!s || !schema_extend(s, input, a)) return err_memory(e);
    w->sessions = s;
    s->key_cols = plan->as.aggregate.keys;
    uint32_t *key_col = ARENA_ARRAY(a, key_col, s->key_cols + 1);
    if (!key_col) return err_memory(e);
    if (s->key_cols > 0) {
        memcpy(key_col, plan->as.aggregate.key_col, s->key_cols * sizeof *key_col);
    }
    key_col[s->key_cols] = input->cols;

    struct groups_options o = groups_options_of(plan);
    o.merges = true;
    o.counts = true; /* ids are given out again: a group without rows is a new one */
    if (!groups_plan_open(&w->groups, &o, a, e)) return false;
    panes_init(&w->panes, &w->groups, op->keyed, a);
    o.input = &s->schema;
    o.keys = s->key_cols + 1;
    o.key_col = key_col;
    if (!groups_plan_open(&s->plan, &o, a, e)) return false;
    if (!groups_create(&s->plan, op->keyed, a, &s->groups, e)) return false;
    return sessions_open(&s->sessions, w->spec, input, op->keyed, a, e);
}

struct groups_plan *session_groups(struct window_aggregate *w) {
    return &w->sessions->plan;
}

void session_close(struct window_aggregate *w) {
    struct session_store *s = w->sessions;
    sessions_close(&s->sessions);
    groups_destroy(&s->plan, &s->groups);
    arena_done(&s->arena);
}

static bool next_reserve(struct session_store *s, uint32_t ids) {
    if (ids <= s->capacity) return true;
    uint32_t room = ids > s->capacity * 2 ? ids : s->capacity * 2;
    uint32_t *next = ARENA_ARRAY(&s->arena, next, room);
    if (!next) return false;
    if (s->capacity > 0) memcpy(next, s->next, s->capacity * sizeof *next);
    for (uint32_t i = s->capacity; i < room; i++) next[i] = STATE_NONE;
    s->next = next;
    s->capacity = room;
    return true;
}

static void list_push(struct session_store *s, uint32_t session, uint32_t group) {
    struct session *x = session_at(&s->sessions, session);
    s->next[group] = x->first_item;
    x->first_item = group + 1;
}

/* Adds rows of one kind to the groups of their sessions. */
static bool run_add(struct op *op, const struct batch *in, const uint16_t *row, uint32_t count,
                    struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    struct groups_rows rows = {.in = in,
                               .row = row,
                               .count = count,
                               .remove = change_is_retraction(batch_change(in, row[0])),
                               .scratch = op->batch_arena};
    uint32_t *id = w->segment.id, had = s->groups.table->count;
    if (!groups_find(&s->plan, &s->groups, &rows, id, e)) return false;
    if (!next_reserve(s, s->groups.table->used)) return err_memory(e);
    for (uint32_t i = 0; i < count && s->groups.table->count > had; i++) {
        if (s->next[id[i]] != STATE_NONE) continue;
        list_push(s, (uint32_t)s->session[row[i]], id[i]);
        had++;
    }
    return groups_apply(&s->plan, &s->groups, &rows, id, e);
}

/* Adds the rows of the segment. */
static bool segment_flush(struct op *op, const struct batch *in, struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    struct segment *seg = &w->segment;
    if (seg->count == 0) return true;
    struct batch wide = *in;
    wide.schema = &s->schema;
    wide.col = s->col;
    memcpy(s->col, in->col, in->schema->cols * sizeof *s->col);
    s->col[in->schema->cols] = (struct column){.type = &type_bigint, .as.i64 = s->session};

    for (uint32_t from = 0, to; from < seg->count; from = to) {
        bool remove = change_is_retraction(batch_change(in, seg->row[from]));
        to = in->change ? from + 1 : seg->count;
        while (to < seg->count && change_is_retraction(batch_change(in, seg->row[to])) == remove) {
            to++;
        }
        if (!run_add(op, &wide, seg->row + from, to - from, e)) return false;
    }
    seg->count = 0;
    return true;
}

static void group_drop(struct session_store *s, uint32_t group) {
    groups_remove(&s->plan, &s->groups, group);
    s->next[group] = STATE_NONE;
}

/* The key of a group as it is in session `session`: in `a`; at NULL: no memory. */
static struct text key_rename(const struct session_store *s, uint32_t group, uint32_t session,
                              struct arena *a) {
    struct text key = state_key(s->groups.table, group);
    int64_t number = session;
    char *at = arena_alloc(a, key.bytes);
    if (!at) return (struct text){0};
    memcpy(at, key.at, key.bytes);
    memcpy(at + key.bytes - sizeof number, &number, sizeof number); /* the last column */
    return (struct text){.at = at, .bytes = key.bytes};
}

/* The groups of session `from` become part of session `into`, which is earlier. */
static bool session_merge(struct op *op, uint32_t into, uint32_t from, struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    uint32_t at = session_at(&s->sessions, from)->first_item;
    while (at) {
        uint32_t group = at - 1, id;
        at = s->next[group];
        struct text key = key_rename(s, group, into, op->batch_arena);
        if (!key.at) return err_memory(e);
        uint32_t had = s->groups.table->count;
        if (!state_upsert_key(s->groups.table, key, &id, e)) return false;
        if (!next_reserve(s, s->groups.table->used)) return err_memory(e);
        if (s->groups.table->count > had) {
            *groups_ordinal(&s->plan, &s->groups, id) = UINT64_MAX;
            list_push(s, into, id);
        }
        struct group_ref into_ref = {.g = &s->groups, .id = id};
        struct group_ref from_ref = {.g = &s->groups, .id = group};
        if (!groups_merge(&s->plan, into_ref, from_ref, op->batch_arena, e)) {
            return false;
        }
        group_drop(s, group);
    }
    sessions_drop(&s->sessions, from);
    return true;
}

/* Puts one row into the segment; two sessions that it joins are merged first. */
static bool row_place(struct op *op, const struct batch *in, uint32_t row, uint32_t partition,
                      struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    int64_t clock_us = window_clock(w, in, row);
    int64_t at_us = in->col[w->spec->time_col].as.i64[row];
    struct session_place place;
    if (!sessions_place(&s->sessions, partition, at_us, clock_us, &place, e)) return false;
    if (place.id == STATE_NONE) return op_late(op, batch_ordinal(in, row), clock_us, 1, e);
    if (place.merged != STATE_NONE) {
        if (!segment_flush(op, in, e)) return false;
        if (!session_merge(op, place.id, place.merged, e)) return false;
    }
    s->session[row] = place.id;
    w->segment.row[w->segment.count++] = (uint16_t)row;
    return true;
}

/* A partition that an upsert made for a row that turned out late has no session: it goes. */
static void partition_settle(struct session_store *s, uint32_t partition) {
    if (!state_is_live(s->sessions.partition, partition)) return;
    uint32_t *last = state_value(s->sessions.partition, partition);
    if (*last == 0) state_remove(s->sessions.partition, partition);
}

bool session_rows_take(struct op *op, const struct batch *in, uint32_t *live_at, uint32_t *cut_out,
                       struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    const struct column *time = &in->col[w->spec->time_col];
    uint32_t i = *live_at, cut = *cut_out;
    for (; i < in->live; i++) {
        uint32_t row = batch_row(in, i);
        uint16_t one = (uint16_t)row;
        struct key_rows rows = {.in = in, .row = &one, .count = 1};
        uint32_t partition;
        if (row >= cut) break;
        if (!window_row_check(op, in, time, row, e)) return false;
        if (!window_row_fits(time, row)) continue;
        struct arena_mark mark = arena_mark(op->batch_arena);
        if (!sessions_partition(&s->sessions, &rows, op->batch_arena, &partition, e)) {
            return false;
        }
        if (!row_place(op, in, row, partition, e)) return false;
        arena_rewind(op->batch_arena, mark);
        partition_settle(s, partition);
        int64_t next_us = sessions_next_end(&s->sessions);
        if (next_us < w->next_close_us) {
            w->next_close_us = next_us;
            cut = window_clock_row(w, in, row + 1, next_us);
        }
    }
    *live_at = i;
    *cut_out = cut;
    return segment_flush(op, in, e);
}

/* The columns of a group's key, the session last. */
static bool key_read(struct session_store *s, uint32_t group, struct arena *a,
                     struct column_builder *to, struct err *e) {
    for (uint32_t c = 0; c <= s->key_cols; c++) {
        if (!builder_init(&to[c], a, s->plan.key.type[c], 1)) return err_memory(e);
    }
    return key_set_read(&s->plan.key, s->groups.table, &group, 1, to) || err_memory(e);
}

/* The entry of a group in a pane. */
static bool pane_entry(struct op *op, struct pane *pane, uint32_t group, uint32_t *id_out,
                       struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    struct arena *a = op->batch_arena;
    struct column_builder *b = ARENA_ARRAY(a, b, s->key_cols + 1);
    struct column *col = ARENA_ARRAY(a, col, s->schema.cols);
    if (!b || !col) return err_memory(e);
    if (!key_read(s, group, a, b, e)) return false;
    for (uint32_t c = 0; c < s->key_cols; c++) {
        if (!builder_column(&b[c], &col[w->groups.key.col[c]])) return err_memory(e);
    }
    struct batch one = {.schema = &s->schema, .col = col, .rows = 1, .live = 1};
    struct key_rows rows = {.in = &one, .count = 1};
    struct state_keys keys;
    if (!key_set_make(&w->groups.key, &rows, a, &keys)) return err_memory(e);
    uint32_t had = pane->groups.table->count;
    if (!state_upsert(pane->groups.table, &keys, id_out, e)) return false;
    if (pane->groups.table->count > had) {
        *groups_ordinal(&w->groups, &pane->groups, *id_out) = UINT64_MAX;
    }
    return true;
}

/* Moves the groups of a final session to the pane of its window. */
static bool session_finish(struct op *op, uint32_t session, struct err *e) {
    struct window_aggregate *w = op->state;
    struct session_store *s = w->sessions;
    struct session x = *session_at(&s->sessions, session);
    struct pane *pane = panes_find(&w->panes, x.end_us, x.start_us);
    if (!pane) pane = panes_add(&w->panes, x.end_us, x.start_us, e);
    if (!pane) return false;
    for (uint32_t at = x.first_item; at;) {
        uint32_t group = at - 1, id;
        at = s->next[group];
        struct arena_mark mark = arena_mark(op->batch_arena);
        if (!pane_entry(op, pane, group, &id, e)) return false;
        struct group_ref into = {.g = &pane->groups, .id = id};
        struct group_ref from = {.g = &s->groups, .id = group};
        if (!groups_merge(&w->groups, into, from, op->batch_arena, e)) {
            return false;
        }
        arena_rewind(op->batch_arena, mark);
        group_drop(s, group);
    }
    sessions_drop(&s->sessions, session);
    return true;
}

bool session_close_all(struct window_aggregate *w, const struct window_close *c, struct err *e) {
    struct sessions *s = &w->sessions->sessions;
    for (uint32_t id; (id = sessions_next_final(s, c->clock_us)) != STATE_NONE;) {
        if (!session_finish(c->op, id, e)) return false;
    }
    for (struct pane *p; (p = panes_first(&w->panes));) {
        struct time_range range = {.start_us = p->minor, .end_us = p->order};
        if (!window_emit(w, c, range, p, e)) return false;
        panes_drop_first(&w->panes);
    }
    w->next_close_us = sessions_next_end(s);
    return true;
}

uint64_t session_count(const struct window_aggregate *w) {
    return w->sessions->sessions.session->count;
}

/* Sessions keep no list of their groups in what is saved: the groups name their session. */
bool session_save(struct window_aggregate *w, struct buf *out, struct err *e) {
    struct session_store *s = w->sessions;
    return sessions_save(&s->sessions, out, e) && groups_save(&s->plan, &s->groups, out, e);
}

bool session_load(struct window_aggregate *w, struct text *at, struct err *e) {
    struct session_store *s = w->sessions;
    if (!sessions_load(&s->sessions, at, e)) return false;
    if (!groups_load(&s->plan, &s->groups, at, e)) return false;
    for (uint32_t id = 0; id < s->sessions.session->used; id++) {
        if (state_is_live(s->sessions.session, id)) session_at(&s->sessions, id)->first_item = 0;
    }
    const struct state_table *t = s->groups.table;
    if (!next_reserve(s, t->used)) return err_memory(e);
    for (uint32_t id = 0; id < t->used; id++) {
        int64_t session;
        if (!state_is_live(t, id)) continue;
        struct text key = state_key(t, id);
        memcpy(&session, key.at + key.bytes - sizeof session, sizeof session);
        if (session < 0 || !state_is_live(s->sessions.session, (uint32_t)session)) {
            return err_set(e, ERR_CORRUPT, "XX001", "saved sessions are damaged");
        }
        list_push(s, (uint32_t)session, id);
    }
    return true;
}
