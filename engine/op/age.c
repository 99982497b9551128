/* age.c: see age.h.
 *
 * While a batch is pushed, an entry must not be met, forgotten and met again: so a batch that spans
 * more than the ttl is cut, which no result can tell. Nothing in a batch is older than its first
 * row, in whatever order an operator goes through it: until then the sweep of a table may look. */
#include "engine/op/age.h"

#include <string.h>

#include "engine/batch_slice.h"
#include "engine/query_private.h"

bool age_open(struct age *a, struct op *op, bool final, struct err *e) {
    const struct plan_query *q = op->query->plan;
    *a = (struct age){.first_us = TIME_MIN_US};
    if (final || q->state_ttl_us == 0) return true;
    assert(q->state_ttl_us > 0);
    a->ttl_us = q->state_ttl_us;
    a->by_proctime = !plan_has_watermark(q, op->plan);
    a->at_us = ARENA_ARRAY(op->arena, a->at_us, BATCH_ROWS);
    return a->at_us || err_memory(e);
}

/* The clock moves to the time of a row. */
static int64_t clock_move(struct age *a, int64_t time_us) {
    if (time_us == TIME_MIN_US || time_us == TIME_END_US) return a->now_us;
    if (a->first_us == TIME_MIN_US) a->first_us = time_us;
    int64_t since_us;
    if (__builtin_sub_overflow(time_us, a->first_us, &since_us) || since_us == INT64_MAX) {
        since_us = time_us < a->first_us ? 0 : INT64_MAX - 1;
    }
    if (since_us > a->now_us) a->now_us = since_us;
    return a->now_us;
}

/* The times of rows from `from` on that may go together; returns where they end. */
static uint32_t rows_together(struct age *a, const struct batch *in, uint32_t from) {
    uint32_t row = from;
    for (; row < in->rows; row++) {
        int64_t before_us = a->now_us;
        int64_t time_us = a->by_proctime ? batch_proctime(in, row) : batch_watermark(in, row);
        int64_t at_us = clock_move(a, time_us);
        if (row > from && at_us - a->at_us[0] > a->ttl_us) {
            a->now_us = before_us;
            break;
        }
        a->at_us[row - from] = at_us;
    }
    return row;
}

bool age_push_parts(struct age *a, struct op *op, uint32_t port, const struct batch *in,
                    age_push *push, struct err *e) {
    if (a->ttl_us == 0 || in->rows == 0) return push(op, port, in, e);
    for (uint32_t from = 0, to; from < in->rows; from = to) {
        struct batch part;
        struct arena_mark mark = arena_mark(op->batch_arena);
        to = rows_together(a, in, from);
        if (!batch_slice(in, from, to, op->batch_arena, &part)) return err_memory(e);
        if (!push(op, port, &part, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    return true;
}

bool age_keys(const struct age *a, const uint16_t *row, struct arena *scratch,
              struct state_keys *k) {
    if (a->ttl_us == 0) return true;
    int64_t *at_us = arena_alloc(scratch, (k->count + (size_t)1) * sizeof *at_us);
    if (!at_us) return false;
    for (uint32_t i = 0; i < k->count; i++) at_us[i] = a->at_us[row[i]];
    k->at_us = at_us;
    k->since_us = a->at_us[0];
    return true;
}

void age_save(const struct age *a, struct buf *out) {
    buf_add(out, &a->first_us, sizeof a->first_us);
    buf_add(out, &a->now_us, sizeof a->now_us);
}

bool age_load(struct age *a, struct text *at, struct err *e) {
    static_assert(AGE_SAVED_BYTES == sizeof a->first_us + sizeof a->now_us, "what is saved");
    bool whole = at->bytes >= AGE_SAVED_BYTES;
    if (whole) {
        memcpy(&a->first_us, at->at, sizeof a->first_us);
        memcpy(&a->now_us, at->at + sizeof a->first_us, sizeof a->now_us);
        *at = (struct text){.at = at->at + AGE_SAVED_BYTES, .bytes = at->bytes - AGE_SAVED_BYTES};
    }
    if (whole && a->now_us >= 0 && a->now_us < INT64_MAX && a->first_us != TIME_END_US) return true;
    return err_set(e, ERR_CORRUPT, "XX001", "the saved time of an operator is damaged");
}
