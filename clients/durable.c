/* durable.c: see durable.h. Life, statements, checkpoints. */
#include "clients/durable.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clients/durable_private.h"
#include "engine/base/hash.h"

static uint64_t random_salt(const struct session *s) {
    uint64_t salt = 0;
    if (getrandom(&salt, sizeof salt, GRND_NONBLOCK) != sizeof salt) {
        salt = (uint64_t)s->options.clock_us();
    }
    return salt;
}

bool durable_open(struct session *s, const char *directory, struct err *e) {
    assert(!s->durable);
    struct durable *d = calloc(1, sizeof *d);
    if (!d) return err_memory(e);
    const struct log_options o = {
        .fs = s->options.fs,
        .directory = directory,
        .segment_bytes = (uint64_t)s->settings.log_segment_bytes,
        .durability = (enum log_durability)s->settings.durability,
        .clock_us = s->options.clock_us,
        .salt = random_salt(s),
        .writer_thread = false,
    };
    d->session = s;
    d->next_id = 1;
    d->lsn = LOG_LSN_NONE;
    s->durable = d;
    d->store = store_open(&o, e);
    if (!d->store) return false;
    durable_arrivals_open(d);
    s->edge.durable = true;
    s->edge.salt = log_salt(store_log(d->store));
    d->written_us = s->options.clock_us();
    return durable_recover(d, e);
}

static void durable_free(struct durable *d) {
    while (d->watched) durable_unwatch(d, d->watched->object->id);
    if (d->journal.type) durable_arrivals_close(d);
    free(d->told);
    free(d->dropped);
    free(d->stood);
    d->session->durable = NULL;
    free(d);
}

void durable_finished(struct session *s) {
    if (s->durable) s->durable->finished = true;
}

/* INSERTs that are over leave with the last checkpoint: it covers what they wrote. Those that
 * failed leave in any case: they are to be tried again. */
static bool inserts_leave(struct durable *d, struct err *e) {
    struct session *s = d->session;
    bool all = d->finished || s->options.interactive;
    for (struct object *o = catalog_first(s->catalog), *next; o; o = next) {
        const struct running *r = session_running(o);
        next = o->next;
        if (!r || !r->unnamed || !r->job) continue;
        enum job_state state = job_state(r->job);
        if (state != JOB_FAILED && (state != JOB_ENDED || !all)) continue;
        if (!durable_forget(d, o->id, e)) return false;
        session_forget(s, o);
        catalog_drop(s->catalog, o);
    }
    return true;
}

bool durable_close(struct session *s, struct err *e) {
    struct durable *d = s->durable;
    struct err second;
    if (!d) return true;
    bool done = !d->store || d->replaying || (inserts_leave(d, e) && durable_checkpoint(s, e));
    runner_leave(s->runner);
    bool closed = store_close(d->store, done ? e : &second);
    durable_free(d);
    return done && closed;
}

static bool makes_object(enum ast_statement_kind kind) {
    static const bool does[AST_STATEMENT_COUNT] = {
        [AST_CREATE_STREAM_STATEMENT] = true,   [AST_CREATE_VIEW_STATEMENT] = true,
        [AST_CREATE_QUERY_STATEMENT] = true,    [AST_CREATE_MODEL_STATEMENT] = true,
        [AST_CREATE_FUNCTION_STATEMENT] = true, [AST_INSERT_STATEMENT] = true,
    };
    return does[kind];
}

static const char *how_it_is(const struct object *o) {
    const struct running *r = session_running(o);
    if (!r || !r->job || job_state(r->job) < JOB_ENDED) return "goes on";
    return job_state(r->job) == JOB_ENDED ? "has ended" : "has failed; DROP it to begin anew";
}

bool durable_claim(struct session *s, const struct ast_statement *st, bool *there_out,
                   struct err *e) {
    *there_out = false;
    if (!s->durable || s->durable->replaying || s->checking || !makes_object(st->kind)) return true;
    struct buf key;
    buf_init(&key);
    sql_text_key((struct text){.at = st->source->text.at + st->start, .bytes = st->end - st->start},
                 &key);
    for (struct object *o = catalog_first(s->catalog); o && !*there_out; o = o->next) {
        if (!o->kept || !text_equal(o->ddl_key, buf_text(&key))) continue;
        *there_out = true;
        o->kept = false;
        session_notice(s, "%s \"%.*s\" is there, and %s", object_kind_word(o->kind),
                       TEXT_ARG(o->name), how_it_is(o));
    }
    bool done = !key.failed || err_memory(e);
    buf_done(&key);
    return done;
}

const struct state_journal *durable_journal(const struct session *s, const struct object *o) {
    struct watched *w = s->durable ? durable_watched(s->durable, o->id) : NULL;
    return w ? &w->journal.journal : NULL;
}

void durable_by_hand(struct session *s, bool by_hand) {
    if (s->durable) s->durable->by_hand = by_hand;
}

struct text durable_name(const struct session *s) {
    bool again = s->durable && s->durable->replaying;
    return again ? s->durable->replayed_name : (struct text){0};
}

struct watched *durable_watched(struct durable *d, uint32_t id) {
    struct watched *w = d->watched;
    while (w && w->object->id != id) w = w->next;
    return w;
}

static bool list_add(void **at, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return true;
    uint32_t more = *capacity > 0 ? *capacity * 2 : 16;
    void *to = realloc(*at, more * size);
    if (!to) return false;
    *at = to;
    *capacity = more;
    return true;
}

bool durable_note(struct durable *d, const struct told *t, struct err *e) {
    void *at = d->told;
    if (!list_add(&at, d->tolds, &d->told_capacity, sizeof *d->told)) return err_memory(e);
    d->told = at;
    d->told[d->tolds++] = *t;
    return true;
}

/* Tells the log of a statement about object `id`. */
static bool ddl_tell(struct durable *d, uint32_t id, struct text body, struct err *e) {
    struct log_entry fact = {
        .kind = LOG_DDL, .object = id, .body = body, .first_lsn = LOG_LSN_NONE};
    struct told t = {.object = id, .section = SECTION_DDL, .bytes = body.bytes};
    if (!store_tell(d->store, &fact, 1, &t.lsn, e)) return false;
    d->lsn = t.lsn;
    return body.bytes == 0 || durable_note(d, &t, e);
}

/* Tells the statement that makes `o`, and the settings that it is executed with. */
static bool statement_tell(struct session *s, const struct object *o, struct err *e) {
    struct buf body, settings;
    buf_init(&body);
    buf_init(&settings);
    settings_save(&settings, &s->settings);
    struct ddl_record r = {.name = o->name, .settings = buf_text(&settings), .text = o->ddl};
    ddl_save(&body, &r);
    bool whole = !body.failed && !settings.failed;
    bool done = whole ? ddl_tell(s->durable, o->id, buf_text(&body), e) : err_memory(e);
    buf_done(&body);
    buf_done(&settings);
    return done;
}

bool durable_create(struct session *s, struct object *o, struct err *e) {
    struct durable *d = s->durable;
    if (!d || s->checking) return true;
    o->id = d->replaying ? d->replayed_id : d->next_id;
    if (!d->replaying && !statement_tell(s, o, e)) return false;
    if (!d->replaying) d->next_id++;
    return durable_watch(d, o, e);
}

bool durable_replace(struct session *s, const struct object *o, struct err *e) {
    struct durable *d = s->durable;
    if (!d || s->checking || d->replaying) return true;
    return durable_checkpoint(s, e) && statement_tell(s, o, e);
}

/* What was told of the object since the newest checkpoint is of no more use. */
static void told_drop(struct durable *d, uint32_t id) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->tolds; i++) {
        if (d->told[i].object != id) d->told[n++] = d->told[i];
    }
    d->tolds = n;
}

bool durable_forget(struct durable *d, uint32_t id, struct err *e) {
    void *at = d->dropped;
    if (!list_add(&at, d->drops, &d->drop_capacity, sizeof *d->dropped)) return err_memory(e);
    d->dropped = at;
    d->dropped[d->drops++] = id;
    told_drop(d, id);
    durable_unwatch(d, id);
    return true;
}

bool durable_drop(struct session *s, const struct object *o, struct err *e) {
    struct durable *d = s->durable;
    if (!d || s->checking || o->id == 0) return true;
    /* What a query wrote stays when it goes: it is saved while somebody could make it again. */
    const struct running *r = session_running(o);
    if (r && r->job && o->kind == OBJECT_QUERY && !durable_checkpoint(s, e)) return false;
    return ddl_tell(d, o->id, (struct text){0}, e) && durable_forget(d, o->id, e);
}

bool durable_settle(struct session *s, struct err *e) {
    struct durable *d = s->durable;
    if (!d || d->replaying || d->lsn == LOG_LSN_NONE) return true;
    if (!store_wait(d->store, d->lsn, e)) return false;
    d->lsn = LOG_LSN_NONE;
    return true;
}

/* Facts become items as they stand. */
static bool adopt_told(struct durable *d, struct err *e) {
    for (uint32_t i = 0; i < d->tolds; i++) {
        const struct told *t = &d->told[i];
        struct store_key k = {.object = t->object, .section = t->section};
        if (t->section == SECTION_CHANGES) k.number = t->lsn;
        if (!store_adopt(d->store, &k, t->lsn, e)) return false;
    }
    return true;
}

static struct stood *stood_find(struct durable *d, const struct store_key *k) {
    for (uint32_t i = 0; i < d->stoods; i++) {
        const struct store_key *at = &d->stood[i].key;
        if (at->object == k->object && at->section == k->section) return &d->stood[i];
    }
    return NULL;
}

bool durable_put(struct durable *d, const struct store_key *k, const struct buf *bytes,
                 struct err *e) {
    if (bytes->failed) return err_memory(e);
    uint64_t hash = hash_bytes(bytes->at, bytes->bytes);
    struct stood *was = k->number == 0 ? stood_find(d, k) : NULL;
    if (was && was->hash == hash) return true;
    if (!was && k->number == 0) {
        void *at = d->stood;
        if (!list_add(&at, d->stoods, &d->stood_capacity, sizeof *was)) return err_memory(e);
        d->stood = at;
        was = &d->stood[d->stoods++];
        was->key = *k;
    }
    if (was) was->hash = hash;
    d->put = true;
    return store_put(d->store, k, buf_text(bytes), e);
}

static bool checkpoint_write(struct durable *d, struct err *e) {
    for (uint32_t i = 0; i < d->drops; i++) {
        if (!store_drop(d->store, d->dropped[i], e)) return false;
    }
    if (!adopt_told(d, e)) return false;
    for (struct watched *w = d->watched; w; w = w->next) {
        if (!durable_rows_save(d, w, e)) return false;
    }
    return durable_runs_save(d, e) && durable_arrivals_save(d, e);
}

static bool checkpoint_keep(struct durable *d, struct err *e) {
    if (!store_commit(d->store, e)) return false;
    for (struct watched *w = d->watched; w; w = w->next) buf_reset(&w->unsaved);
    d->tolds = d->drops = 0;
    durable_arrivals_commit(d);
    return durable_runs_commit(d, e);
}

bool durable_checkpoint(struct session *s, struct err *e) {
    struct durable *d = s->durable;
    if (!d) return true;
    uint64_t before = log_end(store_log(d->store));
    d->put = d->tolds > 0 || d->drops > 0;
    d->written_us = s->options.clock_us();
    store_begin(d->store);
    bool done = checkpoint_write(d, e);
    if (done && !d->put && log_end(store_log(d->store)) == before) { /* all is as it was */
        store_abort(d->store);
        return true;
    }
    if (done) done = checkpoint_keep(d, e);
    if (!done) store_abort(d->store);
    if (!done) durable_runs_abort(d);
    return done;
}

bool durable_between(void *context, struct err *e) {
    struct session *s = context;
    const struct durable *d = s->durable;
    int64_t since_us = s->options.clock_us() - d->written_us;
    bool due = since_us >= s->settings.checkpoint_interval_us ||
               store_grown_bytes(d->store) >= (uint64_t)s->settings.checkpoint_bytes;
    return !due || durable_checkpoint(s, e);
}
