/* outlet.c: see outlet.h. Outlets of one source write to the stream in turn: what one has gathered
 * goes out before the other adds to it.
 */
#include "engine/edge/outlet.h"

#include <assert.h>
#include <stdlib.h>

struct outlet {
    struct outlet *next; /* of the stream */
    struct outlet_options o;
    struct sink *sink;
    uint32_t users;
    bool dirty; /* rows were written since the last flush */
    bool whole; /* what one of those that have left wrote */
    bool failed;
    struct err failure; /* what was gathered is lost, so nothing is written after it */
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

bool outlet_write(void *context, const struct batch *b, struct err *e) {
    struct outlet *o = context;
    if (o->failed) {
        *e = o->failure;
        return false;
    }
    if (!o->dirty) flush_others(o);
    o->dirty = true;
    return note(o, o->sink->type->write(o->sink, b, e), e);
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
