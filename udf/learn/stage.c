/* See stage.h. Rows are copied whole: a row is small beside what learning it costs. */
#include "udf/learn/stage.h"

#include <assert.h>
#include <string.h>

#include "udf/learn/noise.h"

bool stage_open(struct stage *s, struct arena *a, struct err *e) {
    s->row = s->room > 0 ? arena_alloc(a, (size_t)s->room * s->row_bytes) : NULL;
    s->target = s->room > 0 ? ARENA_ARRAY(a, s->target, (size_t)s->room * s->targets) : NULL;
    s->batch_row = arena_alloc(a, (size_t)s->batch * s->row_bytes);
    s->batch_target = ARENA_ARRAY(a, s->batch_target, (size_t)s->batch * s->targets);
    if (s->room > 0 && (!s->row || !s->target)) return err_memory(e);
    return (s->batch_row && s->batch_target) || err_memory(e);
}

static void pass_on(struct stage *s, const char *row, const double *target) {
    assert(s->filled < s->batch);
    memcpy(s->batch_row + s->filled * s->row_bytes, row, s->row_bytes);
    memcpy(s->batch_target + (size_t)s->filled * s->targets, target, s->targets * sizeof *target);
    s->filled++;
}

static void hold(struct stage *s, uint32_t at, const char *row, const double *target) {
    memcpy(s->row + at * s->row_bytes, row, s->row_bytes);
    memcpy(s->target + (size_t)at * s->targets, target, s->targets * sizeof *target);
}

static void pass_on_held(struct stage *s, uint32_t at) {
    pass_on(s, s->row + at * s->row_bytes, s->target + (size_t)at * s->targets);
}

void stage_add(struct stage *s, const char *row, const double *target) {
    if (s->room == 0) {
        pass_on(s, row, target);
    } else if (s->held < s->room) {
        hold(s, s->held++, row, target);
    } else {
        uint32_t at = (uint32_t)noise_below(&s->random, s->room);
        pass_on_held(s, at);
        hold(s, at, row, target);
    }
}

bool stage_drain(struct stage *s) {
    if (s->held == 0) return false;
    uint32_t at = (uint32_t)noise_below(&s->random, s->held--);
    pass_on_held(s, at);
    if (at < s->held) {
        hold(s, at, s->row + s->held * s->row_bytes, s->target + (size_t)s->held * s->targets);
    }
    return true;
}
