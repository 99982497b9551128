/* outlet.c: see outlet.h. Outlets of one source write to the stream in turn: what one has gathered
 * goes out before the other adds to it. Rows that the declaration does not take (NOT NULL) are bad
 * rows of the stream, as they are where it is kept.
 */
#include "engine/edge/outlet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/edge/out_lines.h"

struct outlet {
    struct outlet *next; /* of the stream */
    struct outlet_options o;
    struct sink *sink;
    uint32_t users;
    bool dirty; /* rows were written since the last flush */
    bool whole; /* what one of those that have left wrote */
    bool failed;
    struct err failure; /* what was gathered is lost, so nothing is written after it */
    uint16_t sel[BATCH_ROWS];
};

static struct outlet *find(const struct outlet_options *o) {
    for (struct outlet *x = o->stream->outlets; x; x = x->next) {
        if (!o->source || x->o.source != o->source || x->o.changes != o->changes) continue;
        return x;
    }
    return NULL;
}

struct outlet *outlet_open(const struct outlet_options *o, struct err *e) {
    const struct stream *s = o->stream;
    assert(s->connector);
    struct outlet *x = find(o);
    if (x) {
        x->users++;
        return x;
    }
    if (!connector_check_sink(s->def, o->changes, e)) return NULL;
    x = calloc(1, sizeof *x);
    if (!x) {
        err_memory(e);
        return NULL;
    }
    *x = (struct outlet){.o = *o, .users = 1, .next = s->outlets};
    x->sink = s->connector->sink_open(s->def, o->changes, s->env, e);
    if (x->sink) {
        o->stream->outlets = x;
        return x;
    }
    free(x);
    return NULL;
}

static bool note(struct outlet *o, bool done, struct err *e) {
    if (done) return true;
    o->failed = true;
    o->failure = *e;
    return false;
}

bool outlet_flush(struct outlet *o, struct err *e) {
    if (o->failed) {
        *e = o->failure;
        return false;
    }
    if (!o->dirty) return true;
    o->dirty = false;
    return note(o, o->sink->type->flush(o->sink, e), e);
}

/* Another outlet's failure is its own. */
static void flush_others(const struct outlet *o) {
    struct err ignored;
    for (struct outlet *x = o->o.stream->outlets; x; x = x->next) {
        if (x != o && x->dirty && x->o.source == o->o.source) (void)!outlet_flush(x, &ignored);
    }
}

/* The first column that has NULL in the row though it is declared NOT NULL; UINT32_MAX: none. */
static uint32_t null_column(const struct stream_def *def, const struct batch *b, uint32_t row) {
    for (uint32_t p = 0; p < def->physical->cols; p++) {
        bool wants = def->physical->col[p].not_null;
        if (wants && !column_has(&b->col[sink_column(def, b, p)], row)) return p;
    }
    return UINT32_MAX;
}

static bool may_have_nulls(const struct stream_def *def, const struct batch *b) {
    for (uint32_t p = 0; p < def->physical->cols; p++) {
        bool wants = def->physical->col[p].not_null;
        if (wants && b->col[sink_column(def, b, p)].valid) return true;
    }
    return false;
}

/* *out: the rows that the declaration takes. false: one stops the queries, and *out is what stood
 * before it. */
static bool refuse_nulls(struct outlet *o, const struct batch *b, struct batch *out,
                         struct err *e) {
    const struct stream_def *def = o->o.stream->def;
    *out = *b;
    if (!may_have_nulls(def, b)) return true;
    bool good = true;
    out->sel = o->sel;
    out->live = 0;
    for (uint32_t i = 0; good && i < b->live; i++) {
        uint32_t row = batch_row(b, i), p = null_column(def, b, row);
        if (p == UINT32_MAX) {
            o->sel[out->live++] = (uint16_t)row;
            continue;
        }
        struct decode_bad bad = {.sqlstate = "23502"};
        struct err what;
        err_set(&what, ERR_DATA, "23502", "column \"%.*s\" is NULL",
                TEXT_ARG(def->physical->col[p].name));
        memcpy(bad.message, what.message, sizeof bad.message);
        good = stream_refuse(o->o.stream, b, row, &bad, e);
    }
    return good;
}

bool outlet_write(void *context, const struct batch *b, struct err *e) {
    struct outlet *o = context;
    if (o->failed) {
        *e = o->failure;
        return false;
    }
    struct batch good;
    struct err write;
    bool all = refuse_nulls(o, b, &good, e);
    if (good.live == 0) return all;
    if (!o->dirty) flush_others(o);
    o->dirty = true;
    if (note(o, o->sink->type->write(o->sink, &good, &write), &write)) return all;
    *e = write;
    return false;
}

static bool finish(struct outlet *o, struct err *e) {
    if (!o->whole) return outlet_flush(o, e);
    if (o->failed) *e = o->failure;
    return !o->failed && note(o, o->sink->type->finish(o->sink, e), e);
}

bool outlet_close(struct outlet *o, bool whole, struct err *e) {
    if (!o) return true;
    assert(o->users > 0);
    o->whole = o->whole || whole;
    if (--o->users > 0) {
        if (o->failed) *e = o->failure;
        return !o->failed;
    }
    bool done = finish(o, e);
    struct outlet **link = &o->o.stream->outlets;
    while (*link != o) link = &(*link)->next;
    *link = o->next;
    o->sink->type->close(o->sink);
    free(o);
    return done;
}
