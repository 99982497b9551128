/* durable_recover.c: what a data directory holds, executed: the objects of the newest checkpoint in
 * the order of their ids, their rows, and then what no checkpoint covers, in the log's order.
 *
 * An object that is dropped later is not made at all: what it was made of may be gone.
 */
#include <assert.h>
#include <stdlib.h>

#include "clients/durable_private.h"
#include "engine/edge/stream.h"

/* Executes the statement that made object `id`, with the settings of then. */
static bool ddl_again(struct durable *d, uint32_t id, struct text body, struct err *e) {
    struct session *s = d->session;
    struct settings now = s->settings;
    struct ddl_record r;
    if (!ddl_load(body, &r, e) || !settings_load(&s->settings, r.settings, e)) return false;
    d->replayed_id = id;
    d->replayed_name = r.name;
    bool done = session_again(s, r.text, e);
    s->settings = now;
    if (id >= d->next_id) d->next_id = id + 1;
    if (done) return true;
    struct err why = *e;
    return err_set(e, ERR_IO, why.sqlstate,
                   "\"%.*s\" of the data directory cannot be made again: %s", TEXT_ARG(r.name),
                   why.message);
}

struct reading {
    struct durable *d;
    const struct watched *w;
    uint32_t *gone; /* [gones] objects that are dropped behind the checkpoint */
    uint32_t gones, capacity;
};

static bool is_gone(const struct reading *r, uint32_t id) {
    for (uint32_t i = 0; i < r->gones; i++) {
        if (r->gone[i] == id) return true;
    }
    return false;
}

static bool find_gone(void *context, const struct log_record *fact, struct err *e) {
    struct reading *r = context;
    if (fact->kind != LOG_DDL || fact->body.bytes > 0) return true;
    if (r->gones == r->capacity) {
        uint32_t more = r->capacity > 0 ? r->capacity * 2 : 16;
        uint32_t *gone = realloc(r->gone, more * sizeof *gone);
        if (!gone) return err_memory(e);
        r->gone = gone;
        r->capacity = more;
    }
    r->gone[r->gones++] = fact->object;
    return true;
}

static bool rows_item(void *context, const struct store_key *k, struct text bytes, struct err *e) {
    struct reading *r = context;
    struct watched *w = durable_watched(r->d, k->object);
    w->saved_bytes += bytes.bytes;
    return durable_rows_load(w, bytes, e);
}

static bool objects_again(struct reading *r, struct err *e) {
    struct durable *d = r->d;
    struct arena a;
    bool done = true;
    arena_init(&a, 0);
    for (uint32_t id = 0; done && store_next_object(d->store, SECTION_DDL, &id);) {
        struct store_key k = {.object = id, .section = SECTION_DDL};
        struct text body;
        arena_reset(&a);
        if (id >= d->next_id) d->next_id = id + 1;
        if (is_gone(r, id)) continue;
        done = store_item(d->store, &k, &a, &body, e) && ddl_again(d, id, body, e);
        if (!done || !durable_watched(d, id)) continue;
        done = store_items(d->store, id, SECTION_CHANGES, r, rows_item, e) &&
               durable_arrivals_load(d, durable_watched(d, id), e) &&
               durable_stream_load(d, durable_watched(d, id), e);
    }
    arena_done(&a);
    return done;
}

/* The next checkpoint takes the fact over. */
static bool note_fact(struct durable *d, const struct log_record *fact, uint16_t section,
                      struct err *e) {
    struct told t = {
        .object = fact->object, .section = section, .lsn = fact->lsn, .bytes = fact->body.bytes};
    return durable_note(d, &t, e);
}

static bool ddl_fact(struct reading *r, const struct log_record *fact, struct err *e) {
    struct durable *d = r->d;
    if (fact->body.bytes > 0) {
        if (fact->object >= d->next_id) d->next_id = fact->object + 1;
        if (is_gone(r, fact->object)) return true;
        return ddl_again(d, fact->object, fact->body, e) && note_fact(d, fact, SECTION_DDL, e);
    }
    return durable_forget(d, fact->object, e);
}

static bool rows_fact(struct reading *r, const struct log_record *fact, struct err *e) {
    struct watched *w = durable_watched(r->d, fact->object);
    if (is_gone(r, fact->object)) return true;
    if (!w) return err_set(e, ERR_CORRUPT, "XX001", "rows of an object that is not there");
    if (!durable_rows_again(w, fact->body, e)) return false;
    const struct stream *s = session_stream(w->object);
    return !s->table || note_fact(r->d, fact, SECTION_CHANGES, e);
}

static bool arrival_fact(struct reading *r, const struct log_record *fact, struct err *e) {
    struct watched *w = durable_watched(r->d, fact->object);
    if (is_gone(r, fact->object)) return true;
    if (!w) return err_set(e, ERR_CORRUPT, "XX001", "bytes came of what is not there");
    return durable_arrival_again(w, fact, e);
}

static bool fact_again(void *context, const struct log_record *fact, struct err *e) {
    struct reading *r = context;
    if (fact->kind == LOG_DDL) return ddl_fact(r, fact, e);
    if (fact->kind == LOG_ROWS) return rows_fact(r, fact, e);
    if (fact->kind == LOG_ARRIVAL) return arrival_fact(r, fact, e);
    return err_set(e, ERR_CORRUPT, "XX001", "a record of kind %u is not known", fact->kind);
}

bool durable_recover(struct durable *d, struct err *e) {
    struct reading r = {.d = d};
    d->replaying = d->session->quiet = true;
    bool done = store_facts(d->store, &r, find_gone, e) && objects_again(&r, e) &&
                durable_rows_loaded(d, e) && durable_runs_load(d, e) &&
                store_facts(d->store, &r, fact_again, e);
    d->session->quiet = false;
    free(r.gone);
    if (!done) return false;
    d->replaying = false;
    for (struct object *o = catalog_first(d->session->catalog); o; o = o->next) o->kept = true;
    return true;
}
