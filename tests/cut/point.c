/* point.c: see point.h. */
#include "tests/cut/point.h"

#include <assert.h>
#include <stdio.h>

#include "engine/edge/saved.h"
#include "engine/edge/stream.h"

void cut_point_init(struct cut_point *p) {
    *p = (struct cut_point){.taken = false};
}

void cut_point_done(struct cut_point *p) {
    for (uint32_t i = 0; i < p->streams; i++) {
        buf_done(&p->stream[i].state);
        for (uint32_t k = 0; k < 3; k++) buf_done(&p->stream[i].rows[k]);
        buf_done(&p->stream[i].changes);
    }
    for (uint32_t i = 0; i < p->queries; i++) buf_done(&p->query[i].state);
    buf_done(&p->runner);
    *p = (struct cut_point){.taken = false};
}

static struct point_stream *stream_named(struct cut_point *p, struct text name) {
    for (uint32_t i = 0; i < p->streams; i++) {
        if (text_equal(text_of(p->stream[i].name), name)) return &p->stream[i];
    }
    assert(p->streams < POINT_OBJECTS && name.bytes < sizeof p->stream[0].name);
    struct point_stream *x = &p->stream[p->streams++];
    snprintf(x->name, sizeof x->name, "%.*s", TEXT_ARG(name));
    return x;
}

/* 8 bytes, the number; the rows before and after, 1 byte each, 1: it is there, and a text. */
static bool note_changes(void *context, struct table *t, enum table_origin origin, struct err *e) {
    struct point_stream *x = context;
    (void)origin;
    (void)e;
    for (uint32_t i = 0; i < table_changes(t); i++) {
        struct table_change c;
        table_change_at(t, i, &c);
        saved_put_u64(&x->changes, c.number);
        saved_put_u8(&x->changes, c.before.at != NULL);
        saved_put_text(&x->changes, c.before);
        saved_put_u8(&x->changes, c.after.at != NULL);
        saved_put_text(&x->changes, c.after);
    }
    return true;
}

void cut_point_listen(struct cut_point *p, struct session *s) {
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        const struct stream *stream = session_side(o);
        if (!stream || !stream->table) continue;
        const struct table_holder h = {.context = stream_named(p, o->name), .commit = note_changes};
        table_set_holder(stream->table, &h);
    }
}

static struct text change_side(struct saved *in) {
    bool there = saved_bool(in);
    struct text t = saved_text(in);
    return there ? t : (struct text){NULL, 0};
}

static bool table_fill(struct point_stream *x, struct table *t, struct err *e) {
    x->changes.bytes = x->covered;
    struct saved in = saved_of(buf_text(&x->changes));
    while (in.at < in.end) {
        struct table_change c = {.number = saved_u64(&in)};
        c.before = change_side(&in);
        c.after = change_side(&in);
        if (!table_load(t, &c, e)) return false;
    }
    return table_loaded(t, e);
}

static bool stream_keep(struct point_stream *x, struct stream *s, struct err *e) {
    for (uint32_t k = 0; k < 3; k++) {
        size_t part = saved_begin(&x->rows[k]);
        if (!stream_save_rows(s, (enum stream_rows)k, x->since[k], &x->rows[k], e)) return false;
        saved_end(&x->rows[k], part);
        x->since[k] = stream_rows_end(s, (enum stream_rows)k);
    }
    buf_reset(&x->state);
    x->covered = x->changes.bytes;
    return stream_save(s, &x->state, e);
}

static bool query_keep(struct cut_point *p, struct job *j, struct err *e) {
    assert(p->queries < POINT_JOBS && job_name(j).bytes < sizeof p->query[0].name);
    struct point_query *q = &p->query[p->queries++];
    snprintf(q->name, sizeof q->name, "%.*s", TEXT_ARG(job_name(j)));
    buf_init(&q->state);
    return job_save_query(j, &q->state, e);
}

bool cut_point_save(struct cut_point *p, struct session *s, struct err *e) {
    buf_reset(&p->runner);
    for (uint32_t i = 0; i < p->queries; i++) buf_done(&p->query[i].state);
    p->queries = 0;
    p->taken = true;
    if (!runner_save(s->runner, &p->runner, e)) return false;
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct stream *stream = session_side(o);
        if (stream && !stream_keep(stream_named(p, o->name), stream, e)) return false;
    }
    for (struct job *j = runner_first(s->runner); j; j = job_next(j)) {
        if (!query_keep(p, j, e)) return false;
    }
    return true;
}

bool cut_point_commit(struct session *s, struct err *e) {
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct stream *stream = session_side(o);
        if (stream && !stream_commit(stream, e)) return false;
    }
    return true;
}

static bool stream_fill(struct point_stream *x, struct stream *s, struct err *e) {
    if (s->table && !table_fill(x, s->table, e)) return false;
    for (uint32_t k = 0; k < 3; k++) {
        struct saved rows = saved_of(buf_text(&x->rows[k]));
        while (rows.at < rows.end) {
            struct text part = saved_part_text(&rows);
            if (!stream_load_rows(s, (enum stream_rows)k, part, e)) return false;
        }
    }
    return stream_load(s, buf_text(&x->state), e);
}

bool cut_point_load(struct cut_point *p, struct session *s, struct err *e) {
    cut_point_listen(p, s);
    for (struct object *o = catalog_first(s->catalog); o; o = o->next) {
        struct stream *stream = session_side(o);
        if (stream && !stream_fill(stream_named(p, o->name), stream, e)) return false;
    }
    if (!runner_load(s->runner, buf_text(&p->runner), e)) return false;
    for (struct job *j = runner_first(s->runner); j; j = job_next(j)) {
        for (uint32_t i = 0; i < p->queries; i++) {
            if (!text_equal(text_of(p->query[i].name), job_name(j))) continue;
            if (!job_load_query(j, buf_text(&p->query[i].state), e)) return false;
        }
    }
    return true;
}

char *cut_point_damage(struct cut_point *p, uint64_t random) {
    if (p->runner.bytes == 0) return NULL;
    char *at = &p->runner.at[random / 8 % p->runner.bytes];
    p->was = *at;
    *at = (char)(*at ^ (1 << random % 8));
    return at;
}
