/* durable_runs.c: streams and running queries in checkpoints.
 *
 * Where everything stands is written when nothing is on its way, and what is as it was is not
 * written again. Rows that are kept are written from where the last checkpoint ended; keyed state
 * goes to the object's journal, as changes.
 */
#include <assert.h>

#include "clients/durable_private.h"
#include "engine/edge/stream.h"
#include "engine/shared_model.h"

static bool item_add(struct durable *d, const struct store_key *k, struct buf *bytes, bool saved,
                     struct err *e) {
    bool done = saved && durable_put(d, k, bytes, e);
    buf_done(bytes);
    return done;
}

/* Rows of one kind that came since; those that the stream let go of go. */
static bool kept_save(struct durable *d, struct watched *w, const struct stream *s,
                      enum stream_rows which, struct err *e) {
    struct store_key k = {.object = w->object->id,
                          .section = (uint16_t)(SECTION_KEPT + which),
                          .number = stream_rows_oldest(s, which)};
    uint64_t end = stream_rows_end(s, which);
    bool dropped = store_number_before(d->store, &k, &k.number);
    if (dropped && !store_drop_before(d->store, &k, e)) return false;
    if (end == w->kept_end[which]) return true;
    struct buf rows;
    buf_init(&rows);
    k.number = w->kept_end[which];
    bool saved = stream_save_rows(s, which, k.number, &rows, e);
    return item_add(d, &k, &rows, saved, e);
}

static bool stream_part_save(struct durable *d, struct watched *w, struct err *e) {
    struct stream *s = session_side(w->object);
    struct store_key k = {.object = w->object->id, .section = SECTION_STREAM};
    struct buf bytes;
    if (!s) return true;
    for (enum stream_rows which = STREAM_ROWS; which <= STREAM_LATE; which++) {
        if (!kept_save(d, w, s, which, e)) return false;
    }
    buf_init(&bytes);
    bool saved = stream_save(s, &bytes, e);
    return item_add(d, &k, &bytes, saved, e);
}

/* What a model has learnt is its own, not that of the query which teaches it. */
static struct model *learner(const struct watched *w) {
    const struct object *o = w->object;
    struct model *m = o->kind == OBJECT_MODEL ? o->model->model : NULL;
    return m && m->learns && m->type->save ? m : NULL;
}

static bool model_part_save(struct durable *d, const struct watched *w, struct err *e) {
    struct model *m = learner(w);
    struct store_key k = {.object = w->object->id, .section = SECTION_MODEL};
    struct buf bytes;
    if (!m) return true;
    buf_init(&bytes);
    bool saved = m->type->save(m, &bytes, e);
    return item_add(d, &k, &bytes, saved, e);
}

static bool query_part_save(struct durable *d, struct watched *w, struct err *e) {
    const struct running *r = session_running(w->object);
    struct store_key k = {.object = w->object->id, .section = SECTION_QUERY};
    struct buf bytes;
    if (!r || !r->job) return true;
    if (!store_begin_state(d->store, w->object->id, e)) return false;
    buf_init(&bytes);
    bool saved = job_save_query(r->job, &bytes, e);
    return item_add(d, &k, &bytes, saved, e);
}

bool durable_runs_save(struct durable *d, struct err *e) {
    struct store_key k = {.section = SECTION_RUN};
    struct buf bytes;
    buf_init(&bytes);
    bool saved = runner_save(d->session->runner, &bytes, e);
    if (!item_add(d, &k, &bytes, saved, e)) return false;
    for (struct watched *w = d->watched; w; w = w->next) {
        if (!stream_part_save(d, w, e) || !model_part_save(d, w, e)) return false;
        if (!query_part_save(d, w, e)) return false;
    }
    return true;
}

bool durable_runs_commit(struct durable *d, struct err *e) {
    for (struct watched *w = d->watched; w; w = w->next) {
        struct stream *s = session_side(w->object);
        for (enum stream_rows which = STREAM_ROWS; s && which <= STREAM_LATE; which++) {
            w->kept_end[which] = stream_rows_end(s, which);
        }
        if (s && !stream_commit(s, e)) return false;
    }
    return true;
}

void durable_runs_abort(struct durable *d) {
    for (struct watched *w = d->watched; w; w = w->next) {
        const struct running *r = session_running(w->object);
        if (r && r->job) job_save_anew(r->job);
    }
    d->stoods = 0;
}

static bool kept_item(void *context, const struct store_key *k, struct text bytes, struct err *e) {
    struct watched *w = context;
    enum stream_rows which = (enum stream_rows)(k->section - SECTION_KEPT);
    return stream_load_rows(session_side(w->object), which, bytes, e);
}

bool durable_stream_load(struct durable *d, struct watched *w, struct err *e) {
    struct stream *s = session_side(w->object);
    struct store_key k = {.object = w->object->id, .section = SECTION_STREAM};
    struct arena a;
    struct text saved;
    if (!s) return true;
    for (enum stream_rows which = STREAM_ROWS; which <= STREAM_LATE; which++) {
        uint16_t section = (uint16_t)(SECTION_KEPT + which);
        if (!store_items(d->store, w->object->id, section, w, kept_item, e)) return false;
        w->kept_end[which] = stream_rows_end(s, which);
    }
    arena_init(&a, 0);
    bool done = store_item(d->store, &k, &a, &saved, e);
    if (done && saved.at) done = stream_load(s, saved, e);
    arena_done(&a);
    return done;
}

static bool query_part_load(struct durable *d, struct watched *w, struct err *e) {
    const struct running *r = session_running(w->object);
    struct store_key k = {.object = w->object->id, .section = SECTION_QUERY};
    struct arena a;
    struct text saved;
    if (!r || !r->job) return true;
    arena_init(&a, 0);
    bool done = store_item(d->store, &k, &a, &saved, e);
    if (done && saved.at) done = job_load_query(r->job, saved, e);
    arena_done(&a);
    return done;
}

static bool model_part_load(struct durable *d, const struct watched *w, struct err *e) {
    struct model *m = learner(w);
    struct store_key k = {.object = w->object->id, .section = SECTION_MODEL};
    struct arena a;
    struct text saved;
    if (!m) return true;
    arena_init(&a, 0);
    bool done = store_item(d->store, &k, &a, &saved, e);
    if (done && saved.at) done = m->type->load(m, saved, e);
    arena_done(&a);
    return done;
}

/* Models behind the runs that teach and ask them, before what those remember. */
bool durable_runs_load(struct durable *d, struct err *e) {
    struct store_key k = {.section = SECTION_RUN};
    struct arena a;
    struct text saved;
    arena_init(&a, 0);
    bool done = store_item(d->store, &k, &a, &saved, e);
    if (done && saved.at) done = runner_load(d->session->runner, saved, e);
    arena_done(&a);
    for (struct watched *w = d->watched; done && w; w = w->next) done = model_part_load(d, w, e);
    for (struct watched *w = d->watched; done && w; w = w->next) done = query_part_load(d, w, e);
    return done;
}
