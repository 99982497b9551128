/* outlet.c: see outlet.h. Outlets of one source write to the stream in turn: what one has gathered
 * goes out before the other adds to it. Rows that the declaration does not take (NOT NULL) are bad
 * rows of the stream, as they are where it is kept.
 */
#include "engine/edge/outlet.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/edge/out_lines.h"

struct outlet {
    struct outlet *next; /* of the stream, in the order in which they were opened */
    struct outlet_options o;
    struct sink *sink;
    char *owner; /* malloc'ed; NULL: rows appear as they come */
    uint32_t users;
    bool waits;   /* it was loaded, and nobody writes to it yet */
    bool over;    /* nobody writes to it any more; it waits for a checkpoint */
    bool covered; /* by the record that was written last */
    bool dirty;   /* rows were written since the last flush */
    bool whole;   /* what one of those that have left wrote */
    bool failed;
    struct err failure; /* what was gathered is lost, so nothing is written after it */
    uint16_t sel[BATCH_ROWS];
};

/* Where rows wait for checkpoints all queries share one. */
static struct outlet *find(const struct outlet_options *o) {
    for (struct outlet *x = o->stream->outlets; x; x = x->next) {
        if (x->o.changes != o->changes) continue;
        if (x->owner && !x->failed) return x;
        if (!x->owner && !x->waits && o->source && x->o.source == o->source) return x;
    }
    return NULL;
}

/* A plain name that no other sink has: of the data directory and the stream. */
static char *make_owner(const struct outlet_options *o, struct err *e) {
    const struct stream *s = o->stream;
    char name[24];
    uint64_t hash = hash_bytes(s->def->name.at, s->def->name.bytes);
    snprintf(name, sizeof name, "%012" PRIx64,
             hash_u64(hash ^ s->env->salt ^ o->changes) & UINT64_C(0xFFFFFFFFFFFF));
    char *owner = strdup(name);
    if (!owner) err_memory(e);
    return owner;
}

static bool can_wait(const struct stream *s) {
    return s->env->durable && s->connector->sink_publish;
}

static struct outlet *outlet_new(const struct outlet_options *o, struct err *e) {
    struct outlet *x = calloc(1, sizeof *x);
    if (!x) {
        err_memory(e);
        return NULL;
    }
    x->o = *o;
    if (can_wait(o->stream)) x->owner = make_owner(o, e);
    if (x->owner || !can_wait(o->stream)) return x;
    free(x);
    return NULL;
}

/* Takes it out of the stream's list and frees it. */
static void outlet_drop(struct outlet *o) {
    struct outlet **link = &o->o.stream->outlets;
    while (*link && *link != o) link = &(*link)->next;
    if (*link) *link = o->next;
    if (o->sink) o->sink->type->close(o->sink);
    free(o->owner);
    free(o);
}

/* `resumed`: where the sink goes on; NULL: it begins. */
static bool sink_begin(struct outlet *x, const struct text *resumed, struct err *e) {
    struct stream *s = x->o.stream;
    struct sink_options o = {.def = s->def, .env = s->env, .changes = x->o.changes};
    if (x->owner) o.owner = text_of(x->owner);
    o.resumed = resumed != NULL;
    if (resumed) o.record = *resumed;
    x->sink = s->connector->sink_open(&o, e);
    if (!x->sink) return false;
    struct outlet **link = &s->outlets;
    while (*link) link = &(*link)->next;
    *link = x;
    return true;
}

/* Those that wait for a checkpoint are of one kind: each counts on what the file holds. */
static bool check_alone(const struct outlet_options *o, struct err *e) {
    bool alone = true;
    for (const struct outlet *x = o->stream->outlets; x && can_wait(o->stream); x = x->next) {
        alone = alone && x->o.changes == o->changes;
    }
    return alone ||
           err_set(e, ERR_SQL, "0A000", "\"%.*s\" takes rows and changes, but not both at a time",
                   TEXT_ARG(o->stream->def->name));
}

struct outlet *outlet_open(const struct outlet_options *o, struct err *e) {
    const struct stream *s = o->stream;
    assert(s->connector);
    struct outlet *x = find(o);
    if (x) {
        x->users++;
        x->over = x->waits = false;
        return x;
    }
    if (!connector_check_sink(s->def, o->changes, e) || !check_alone(o, e)) return NULL;
    x = outlet_new(o, e);
    if (!x) return NULL;
    x->users = 1;
    if (sink_begin(x, NULL, e)) return x;
    outlet_drop(x);
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
    o->over = o->owner && !o->failed;
    if (!o->over) outlet_drop(o);
    return done;
}

void outlet_leave(struct outlet *o) {
    struct err ignored;
    if (!o || --o->users > 0) return;
    if (!o->owner) (void)!outlet_flush(o, &ignored);
    outlet_drop(o);
}

uint32_t outlet_index(const struct outlet *o) {
    uint32_t i = 0;
    for (const struct outlet *x = o->o.stream->outlets; x != o; x = x->next) i++;
    return i;
}

struct outlet *outlet_resume(const struct outlet_options *o, uint32_t index, struct err *e) {
    struct outlet *x = o->stream->outlets;
    for (; x && index > 0; index--) x = x->next;
    if (!x || x->over || x->o.changes != o->changes) {
        saved_damaged("a sink", e);
        return NULL;
    }
    x->o.source = o->source;
    x->waits = false;
    x->users++;
    return x;
}

/* 1 byte each: it takes changes; it is over; then what failed, and the sink's record, a part. */
static bool outlet_save(struct outlet *o, struct buf *out, struct err *e) {
    if (!o->failed && !o->owner && !outlet_flush(o, e)) return false;
    saved_put_u8(out, o->o.changes);
    saved_put_u8(out, o->over);
    saved_put_err(out, &o->failure);
    size_t part = saved_begin(out);
    bool done = !o->owner || o->failed || note(o, o->sink->type->prepare(o->sink, out, e), e);
    saved_end(out, part);
    o->covered = done;
    return done;
}

bool outlets_save(struct stream *s, struct buf *out, struct err *e) {
    uint32_t count = 0;
    for (const struct outlet *x = s->outlets; x; x = x->next) count++;
    saved_put_u32(out, count);
    for (struct outlet *x = s->outlets; x; x = x->next) {
        if (!outlet_save(x, out, e)) return false;
    }
    return !out->failed || err_memory(e);
}

/* What could not be committed is not lost: the record says so until a later commit, or one after a
 * restart, has done it. */
bool outlets_commit(struct stream *s, struct err *e) {
    bool good = true;
    for (struct outlet *x = s->outlets; x;) {
        struct outlet *next = x->next;
        bool has = x->owner && x->covered && !x->failed;
        bool done = !has || x->sink->type->commit(x->sink, e);
        if (done && x->over && x->covered) outlet_drop(x);
        good = good && done;
        x = next;
    }
    return good;
}

static bool outlet_load(struct stream *s, struct saved *in, struct err *e) {
    struct outlet_options o = {.stream = s, .changes = saved_bool(in)};
    struct err failure;
    bool over = saved_bool(in);
    saved_err(in, &failure);
    struct text record = saved_part_text(in);
    if (in->damaged || !s->connector) return saved_damaged("a sink", e);
    struct outlet *x = outlet_new(&o, e);
    if (!x) return false;
    x->over = over;
    x->waits = !over;
    x->failure = failure;
    x->failed = failure.code != ERR_NONE;
    if (sink_begin(x, &record, e)) return true;
    outlet_drop(x);
    return false;
}

bool outlets_load(struct stream *s, struct saved *in, struct err *e) {
    uint32_t count = saved_count(in, 3);
    for (uint32_t i = 0; i < count; i++) {
        if (!outlet_load(s, in, e)) return false;
    }
    return true;
}

void outlets_close(struct stream *s) {
    while (s->outlets) outlet_drop(s->outlets);
}
