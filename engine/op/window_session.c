/* window_session.c: see window_session.h.
 *
 * Rows are packed and numbered; those of a session are in a list. When sessions are final, their
 * rows come out by the session's end, then start, then in row order.
 */
#include "engine/op/window_session.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/pack.h"
#include "engine/base/time.h"
#include "engine/op/result.h"
#include "engine/op/sessions.h"
#include "engine/query_private.h"

/* A kept row: the value of its number. */
struct kept {
    struct text packed;
    int64_t number; /* in the order of rows */
    uint32_t next;  /* of its session: id + 1, 0: none */
};

struct window_session {
    struct op *op;
    const struct window_spec *spec;
    struct sessions sessions;
    struct state_table *row; /* number -> struct kept */
    struct state_codec codec;
    int64_t next_number;
    int64_t next_close_us;
    int64_t passed_us;
    struct column *blank;
};

/* A row of a final session, on its way out. */
struct leaving {
    struct time_range range;
    int64_t number;
    uint32_t id;
};

bool window_row_check(struct op *op, const struct batch *in, const struct column *time,
                      uint32_t row, struct err *e) {
    if (window_row_fits(time, row)) return true;
    bool null = !column_has(time, row);
    struct row_failure f = {.row = (uint16_t)row,
                            .message = null ? "the row's time is NULL"
                                            : "the row's time is too far from 1970"};
    memcpy(f.sqlstate, null ? "22004" : "22003", sizeof f.sqlstate);
    struct program_result r = {.failure = &f, .failures = 1};
    return op_bad(op, in, &r, e);
}

static bool kept_save(void *context, const void *value, struct buf *out) {
    (void)context;
    const struct kept *k = value;
    buf_add(out, &k->number, sizeof k->number);
    buf_add(out, &k->next, sizeof k->next);
    buf_add_text(out, k->packed);
    return !out->failed;
}

static bool kept_load(void *context, struct arena *a, void *value, struct text saved,
                      struct err *e) {
    (void)context;
    struct kept *k = value;
    uint32_t head = sizeof k->number + sizeof k->next;
    if (saved.bytes < head) {
        return err_set(e, ERR_CORRUPT, "XX001", "saved sessions are damaged");
    }
    memcpy(&k->number, saved.at, sizeof k->number);
    memcpy(&k->next, saved.at + sizeof k->number, sizeof k->next);
    k->packed.bytes = saved.bytes - head;
    k->packed.at = arena_copy(a, saved.at + head, k->packed.bytes);
    return k->packed.at || err_memory(e);
}

struct window_session *window_session_open(struct op *op, const struct window_spec *spec,
                                           struct err *e) {
    const struct plan *plan = op->plan;
    struct arena *a = op->arena;
    struct window_session *w = ARENA_NEW(a, w);
    if (!w) {
        err_memory(e);
        return NULL;
    }
    if (plan->input[0]->changes) {
        err_set(e, ERR_SQL, "0A000", "SESSION of an input that changes is not supported");
        return NULL;
    }
    *w = (struct window_session){.op = op,
                                 .spec = spec,
                                 .next_close_us = INT64_MAX,
                                 .passed_us = TIME_MIN_US,
                                 .codec = {.save = kept_save, .load = kept_load},
                                 .blank = result_blank(plan->schema, a)};
    if (!w->blank) {
        err_memory(e);
        return NULL;
    }
    bool done = sessions_open(&w->sessions, spec, plan->input[0]->schema, op->keyed, a, e);
    struct state_options o = {
        .key_bytes = 8, .value_bytes = sizeof(struct kept), .codec = &w->codec};
    if (done) w->row = state_table_create(op->keyed, &o, e);
    if (w->row) return w;
    window_session_close(w);
    return NULL;
}

void window_session_close(struct window_session *w) {
    sessions_close(&w->sessions);
    state_table_destroy(w->row);
    w->row = NULL;
}

/* Keeps one row in its session. */
static bool row_keep(struct window_session *w, const struct batch *in, uint32_t row,
                     uint32_t session, struct err *e) {
    uint32_t id, cols = in->schema->cols;
    int64_t number = w->next_number++;
    struct text key = {.at = (void *)&number, .bytes = sizeof number};
    if (!state_upsert_key(w->row, key, &id, e)) return false;
    size_t bytes = 0;
    for (uint32_t c = 0; c < cols; c++)
        bytes += in->col[c].as.any ? pack_bytes(&in->col[c], row) : 1;
    char *at = bytes <= UINT32_MAX ? arena_alloc(&w->row->arena, bytes) : NULL;
    if (!at) return err_memory(e);
    char *to = at;
    for (uint32_t c = 0; c < cols; c++) {
        if (in->col[c].as.any) {
            to = pack_value(to, &in->col[c], row, PACK_EXACT);
        } else {
            *to++ = 0; /* nobody reads it: NULL */
        }
    }
    struct session *s = session_change(&w->sessions, session);
    struct kept *k = state_value(w->row, id);
    *k = (struct kept){
        .packed = {.at = at, .bytes = (uint32_t)bytes}, .number = number, .next = s->first_item};
    s->first_item = id + 1;
    return true;
}

/* The rows of the later session become rows of the earlier one. */
static void sessions_merge(struct window_session *w, uint32_t into, uint32_t from) {
    uint32_t first = session_at(&w->sessions, from)->first_item;
    uint32_t *end = &session_change(&w->sessions, into)->first_item, last = 0;
    while (*end) {
        last = *end;
        end = &((struct kept *)state_value(w->row, last - 1))->next;
    }
    if (last) state_touch(w->row, last - 1);
    *end = first;
    sessions_drop(&w->sessions, from);
}

static bool row_place(struct window_session *w, const struct batch *in, uint32_t row,
                      struct err *e) {
    int64_t clock_us = w->spec->proctime ? batch_proctime(in, row) : batch_watermark(in, row);
    int64_t at_us = in->col[w->spec->time_col].as.i64[row];
    uint16_t one = (uint16_t)row;
    struct key_rows rows = {.in = in, .row = &one, .count = 1};
    uint32_t partition;
    struct session_place place;
    struct sessions *s = &w->sessions;
    struct arena *a = w->op->batch_arena;
    if (!sessions_partition(s, &rows, a, &partition, e)) return false;
    if (!sessions_place(s, partition, at_us, clock_us, &place, e)) return false;
    if (place.id == STATE_NONE) {
        if (*(uint32_t *)state_value(s->partition, partition) == 0) {
            state_remove(s->partition, partition);
        }
        return op_late(w->op, batch_ordinal(in, row), clock_us, 1, e);
    }
    if (place.merged != STATE_NONE) sessions_merge(w, place.id, place.merged);
    return row_keep(w, in, row, place.id, e);
}

static int leaving_order(const void *a, const void *b) {
    const struct leaving *x = a, *y = b;
    if (x->range.end_us != y->range.end_us) return x->range.end_us < y->range.end_us ? -1 : 1;
    if (x->range.start_us != y->range.start_us) {
        return x->range.start_us < y->range.start_us ? -1 : 1;
    }
    return (x->number > y->number) - (x->number < y->number);
}

/* The rows of sessions that are final at `clock_us`, in order; their sessions go. */
static bool leaving_find(struct window_session *w, int64_t clock_us, struct leaving **out,
                         uint32_t *count_out, struct err *e) {
    uint32_t n = 0, room = 0;
    struct leaving *x = NULL;
    for (uint32_t id; (id = sessions_next_final(&w->sessions, clock_us)) != STATE_NONE;) {
        struct session s = *session_at(&w->sessions, id);
        for (uint32_t at = s.first_item; at;) {
            const struct kept *k = state_value(w->row, at - 1);
            if (n == room) {
                room = room ? room * 2 : 64;
                struct leaving *to = ARENA_ARRAY(w->op->batch_arena, to, room);
                if (!to) return err_memory(e);
                if (n > 0) memcpy(to, x, n * sizeof *to);
                x = to;
            }
            x[n++] = (struct leaving){.range = {.start_us = s.start_us, .end_us = s.end_us},
                                      .number = k->number,
                                      .id = at - 1};
            at = k->next;
        }
        sessions_drop(&w->sessions, id);
    }
    if (n > 1) qsort(x, n, sizeof *x, leaving_order);
    *out = x;
    *count_out = n;
    return true;
}

static bool chunk_emit(struct window_session *w, const struct leaving *x, uint32_t count,
                       const struct mark *m, struct err *e) {
    struct op *op = w->op;
    uint32_t cols = op->plan->schema->cols - 3;
    struct column_builder *b = result_open(op, count, e);
    int64_t *watermark = ARENA_ARRAY(op->batch_arena, watermark, count);
    if (!b || !watermark) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        struct text at = ((struct kept *)state_value(w->row, x[i].id))->packed;
        for (uint32_t c = 0; c < cols; c++) {
            if (!unpack_value(&at, &b[c])) {
                return err_set(e, ERR_CORRUPT, "XX001", "saved sessions are damaged");
            }
        }
        int64_t time_us = x[i].range.end_us - MILLISECOND_US, below_us = time_us - 1;
        builder_i64(&b[cols], x[i].range.start_us);
        builder_i64(&b[cols + 1], x[i].range.end_us);
        builder_i64(&b[cols + 2], time_us);
        if (below_us > m->watermark_us) below_us = m->watermark_us;
        if (below_us > w->passed_us) w->passed_us = below_us;
        watermark[i] = w->passed_us;
    }
    struct batch head = {.rows = count, .watermark_us = watermark, .first = *m};
    head.first.watermark_us = watermark[0];
    return result_emit_at(op, b, &head, e);
}

/* Gives what is final at `clock_us`. */
static bool rows_close(struct window_session *w, int64_t clock_us, const struct mark *m,
                       struct err *e) {
    struct leaving *x;
    uint32_t count = 0, step = w->op->query->options.batch_rows;
    if (!leaving_find(w, clock_us, &x, &count, e)) return false;
    for (uint32_t from = 0; from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark mark = arena_mark(w->op->batch_arena);
        if (!chunk_emit(w, x + from, n, m, e)) return false;
        arena_rewind(w->op->batch_arena, mark);
    }
    for (uint32_t i = 0; i < count; i++) state_remove(w->row, x[i].id);
    w->next_close_us = sessions_next_end(&w->sessions);
    return true;
}

bool window_session_push(struct window_session *w, const struct batch *in, struct err *e) {
    const struct column *time = &in->col[w->spec->time_col];
    uint32_t passed = 0, live = 0;
    for (uint32_t row = 0; row < in->rows; row++) {
        int64_t clock_us = w->spec->proctime ? batch_proctime(in, row) : batch_watermark(in, row);
        if (clock_us >= w->next_close_us) {
            struct mark m = {.ordinal = batch_ordinal(in, row),
                             .watermark_us = batch_watermark(in, row),
                             .proctime_us = batch_proctime(in, row)};
            if (!result_time(w->op, w->blank, in, passed, row, e)) return false;
            if (row > passed) w->passed_us = batch_watermark(in, row - 1);
            if (!rows_close(w, clock_us, &m, e)) return false;
            passed = row;
        }
        if (live == in->live || batch_row(in, live) != row) continue;
        live++;
        if (!window_row_check(w->op, in, time, row, e)) return false;
        if (!window_row_fits(time, row)) continue;
        if (!row_place(w, in, row, e)) return false;
        int64_t next_us = sessions_next_end(&w->sessions);
        if (next_us < w->next_close_us) w->next_close_us = next_us;
    }
    if (in->rows > passed) w->passed_us = batch_watermark(in, in->rows - 1);
    return result_time(w->op, w->blank, in, passed, in->rows, e);
}

bool window_session_flush(struct window_session *w, const struct mark *m, struct err *e) {
    int64_t clock_us = w->spec->proctime ? m->proctime_us : m->watermark_us;
    if (m->watermark_us == TIME_END_US) clock_us = TIME_END_US;
    if (clock_us >= w->next_close_us && !rows_close(w, clock_us, m, e)) return false;
    if (m->watermark_us > w->passed_us) w->passed_us = m->watermark_us;
    return true;
}

uint64_t window_session_count(const struct window_session *w) {
    return w->sessions.session->count;
}

/* Saved: next number 8, next close 8, passed 8, the sessions, the rows. */
bool window_session_save(struct window_session *w, struct buf *out, struct err *e) {
    int64_t head[] = {w->next_number, w->next_close_us, w->passed_us};
    buf_add(out, head, sizeof head);
    return sessions_save(&w->sessions, out, e) && state_table_save(w->row, out, e);
}

bool window_session_load(struct window_session *w, struct text *at, struct err *e) {
    int64_t head[3];
    if (at->bytes < sizeof head) {
        return err_set(e, ERR_CORRUPT, "XX001", "saved sessions are damaged");
    }
    memcpy(head, at->at, sizeof head);
    w->next_number = head[0];
    w->next_close_us = head[1];
    w->passed_us = head[2];
    *at = (struct text){.at = at->at + sizeof head, .bytes = at->bytes - (uint32_t)sizeof head};
    return sessions_load(&w->sessions, at, e) && state_table_load(w->row, at, e);
}
