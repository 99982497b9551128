/* tap_aside.c: rows that a feed sets aside: copied whole into a kept queue of its own, from which
 * it takes them before it takes the batch of the tap. */
#include <assert.h>

#include "engine/batch_slice.h"
#include "engine/edge/kept.h"
#include "engine/edge/tap_private.h"

enum { ASIDE_BYTES_MAX = 256 << 20 };

void feed_aside_close(struct feed *f) {
    if (f->aside_reader) f->aside_reader->type->close(f->aside_reader);
    kept_destroy(f->aside);
    f->aside_reader = NULL;
    f->aside = NULL;
}

enum feed_status feed_aside_rows(struct feed *f, struct err *e) {
    if (f->aside_batch) return FEED_ROWS;
    if (!f->aside_reader) return FEED_WAIT;
    enum read_status s = f->aside_reader->type->read(f->aside_reader, &f->aside_batch, e);
    f->aside_from = 0;
    if (s == READ_FAIL) return FEED_FAIL;
    if (s == READ_ROWS) return FEED_ROWS;
    feed_aside_close(f);
    return FEED_WAIT;
}

struct kept *tap_aside_rows_of(struct tap *t, struct err *e) {
    const struct kept_options o = {
        .schema = t->def->schema,
        .batch_rows = t->stream->env->batch_rows,
        .bytes_max = 1, /* what was read goes */
        .changes = tap_from(t) == FROM_TABLE && t->reader && table_reader_follows(t->reader),
    };
    return kept_create(&o, e);
}

static bool aside_open(struct feed *f, struct err *e) {
    if (f->aside) return true;
    f->aside = tap_aside_rows_of(f->tap, e);
    if (!f->aside) return false;
    f->aside_reader = kept_reader_open(f->aside, KEPT_OLDEST, false, e);
    return f->aside_reader != NULL;
}

/* Copies live row `row` of the tap's batch, whole, with its own time. */
static bool aside_row(struct feed *f, uint32_t row, struct err *e) {
    const struct batch *b = f->tap->batch;
    struct late_row whole = {.row = NULL};
    f->taking_aside = false;
    if (!feed_whole_row(f, row, &whole, e)) return false;
    struct batch one = *whole.row;
    uint16_t sel = (uint16_t)whole.index;
    int64_t watermark_us[1] = {batch_watermark(b, row)};
    one.sel = &sel;
    one.live = 1;
    if (whole.row != b) {
        one.watermark_us = watermark_us;
        one.proctime_us = NULL;
        one.first.proctime_us = batch_proctime(b, row);
    }
    return kept_append(f->aside, &one, 0, e);
}

bool feed_set_aside(struct feed *f, bool *did_out, struct err *e) {
    struct tap *t = f->tap;
    *did_out = false;
    if (!f->holds || t->alone) return true; /* a tap of its own blocks nobody */
    if (!aside_open(f, e)) return false;
    if (kept_behind_bytes(f->aside) > ASIDE_BYTES_MAX) {
        err_set(e, ERR_LIMIT, "54000",
                "an input that cannot be read twice waits for another for too long");
        return err_hint(e, "Give the inputs watermarks, or read them in queries of their own.");
    }
    bool taking = f->taking_aside;
    for (uint32_t i = 0; i < t->batch->live; i++) {
        uint32_t row = batch_row(t->batch, i);
        if (row >= f->from && !aside_row(f, row, e)) return false;
    }
    f->taking_aside = taking;
    f->holds = false;
    t->holders--;
    if (t->holders == 0) t->batch = NULL;
    *did_out = true;
    return true;
}

/* The rows of the batch that were not taken, as they are. */
static bool aside_batch(struct feed *f, struct err *e) {
    struct tap *t = f->tap;
    struct batch some;
    struct arena a;
    if (!f->holds) return true;
    arena_init(&a, 0);
    bool done = batch_slice(t->batch, f->from, t->batch->rows, &a, &some)
                    ? kept_append(f->aside, &some, 0, e)
                    : err_memory(e);
    arena_done(&a);
    if (!done) return false;
    f->holds = false;
    t->holders--;
    t->batch = NULL;
    return true;
}

bool feed_drain(struct feed *f, struct err *e) {
    struct tap *t = f->tap;
    const struct batch *b;
    assert(tap_from(t) == FROM_TABLE && t->feeds == f && !f->next);
    if (t->ended || t->failure.code != ERR_NONE || table_reader_is_level(t->reader)) {
        if (!f->holds) return true;
    }
    if (!aside_open(f, e) || !aside_batch(f, e)) return false;
    enum read_status s = READ_ROWS;
    while (s == READ_ROWS && !t->ended && t->failure.code == ERR_NONE) {
        s = t->reader->type->read(t->reader, &b, e);
        if (s == READ_ROWS && !kept_append(f->aside, b, 0, e)) return false;
        t->ended = s == READ_END;
    }
    return s != READ_FAIL;
}

size_t taps_aside_bytes(const struct stream *s) {
    size_t most = 0;
    for (const struct tap *t = s->taps; t; t = t->next) {
        for (const struct feed *f = t->feeds; f; f = f->next) {
            size_t bytes = f->aside ? kept_behind_bytes(f->aside) : 0;
            if (bytes > most) most = bytes;
        }
    }
    return most;
}
