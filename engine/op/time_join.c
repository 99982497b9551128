/* time_join.c: see time_join.h. */
#include "engine/op/time_join.h"

#include "engine/query_private.h"

void time_join_init(struct time_join *t) {
    t->port_us[0] = t->port_us[1] = t->passed_us = TIME_MIN_US;
}

/* Are all inputs below that node idle, and is there one? */
static bool plan_is_idle(const struct query *q, const struct plan *p) {
    while (p->inputs == 1) p = p->input[0];
    if (p->inputs == 2) return plan_is_idle(q, p->input[0]) && plan_is_idle(q, p->input[1]);
    return p->kind == PLAN_SCAN && q->input[p->as.scan.input].idle;
}

static int64_t other_us(const struct time_join *t, const struct op *op, uint32_t port) {
    if (plan_is_idle(op->query, op->plan->input[1 - port])) return TIME_END_US;
    return t->port_us[1 - port];
}

bool time_join_batch(struct time_join *t, const struct op *op, uint32_t port, struct batch *b,
                     struct err *e) {
    if (b->rows == 0) return true;
    int64_t limit_us = other_us(t, op, port), last_us = batch_watermark(b, b->rows - 1);
    if (last_us > t->port_us[port]) t->port_us[port] = last_us;
    if (last_us > limit_us || batch_watermark(b, 0) < t->passed_us) {
        int64_t *at = ARENA_ARRAY(op->batch_arena, at, b->rows);
        if (!at) return err_memory(e);
        for (uint32_t i = 0; i < b->rows; i++) {
            int64_t own_us = batch_watermark(b, i);
            at[i] = own_us < limit_us ? own_us : limit_us;
            if (at[i] < t->passed_us) at[i] = t->passed_us;
        }
        b->watermark_us = at;
        b->first.watermark_us = at[0];
    }
    t->passed_us = batch_watermark(b, b->rows - 1);
    return true;
}

struct mark time_join_mark(struct time_join *t, const struct op *op, uint32_t port,
                           const struct mark *m) {
    struct mark out = *m;
    if (m->watermark_us > t->port_us[port]) t->port_us[port] = m->watermark_us;
    int64_t limit_us = other_us(t, op, port);
    out.watermark_us = t->port_us[port] < limit_us ? t->port_us[port] : limit_us;
    if (out.watermark_us < t->passed_us) out.watermark_us = t->passed_us;
    t->passed_us = out.watermark_us;
    return out;
}
