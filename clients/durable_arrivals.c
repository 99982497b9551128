/* durable_arrivals.c: what came of sources that cannot be read twice, in the log: the journal
 * (engine/edge/journal.h) of a data directory.
 *
 * Each entry is a fact, as sure as what is acknowledged before a reader sees it. Entries are known
 * here by place and LSN only; their bytes are read from the log where a reader goes on behind a
 * restart. A checkpoint takes over as items, where they stand, the entries that readers still need
 * behind the places that are saved with it, and lets go of those before. How much came in all is
 * an item of its own, for it outlives the entries.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "clients/durable_private.h"
#include "engine/edge/stream.h"

struct came_entry {
    uint64_t at, end; /* places: [at, end) */
    uint64_t lsn;
    bool item; /* of the newest checkpoint; else a fact */
};

static struct durable *of(struct journal *j) {
    return (struct durable *)((char *)j - offsetof(struct durable, journal));
}

static struct came *came_of(struct journal *j, struct text source) {
    struct durable *d = of(j);
    const struct object *o = catalog_find(d->session->catalog, source);
    struct watched *w = o ? durable_watched(d, o->id) : NULL;
    assert(w); /* who reads has a stream of the catalog */
    return &w->came;
}

static uint32_t object_of(const struct came *c) {
    const struct watched *w =
        (const struct watched *)((const char *)c - offsetof(struct watched, came));
    return w->object->id;
}

static bool entry_add(struct came *c, const struct came_entry *x, struct err *e) {
    if (c->entries == c->capacity) {
        uint32_t more = c->capacity > 0 ? c->capacity * 2 : 16;
        struct came_entry *entry = realloc(c->entry, more * sizeof *entry);
        if (!entry) return err_memory(e);
        c->entry = entry;
        c->capacity = more;
    }
    c->entry[c->entries++] = *x;
    c->end = x->end;
    return true;
}

static bool tell(struct durable *d, struct came *c, const struct arrival_record *r, uint64_t *lsn,
                 struct err *e) {
    struct buf body;
    buf_init(&body);
    arrival_save(&body, r);
    struct log_entry fact = {.kind = LOG_ARRIVAL,
                             .object = object_of(c),
                             .body = buf_text(&body),
                             .first_lsn = LOG_LSN_NONE};
    bool done = body.failed ? err_memory(e) : store_tell(d->store, &fact, 1, lsn, e);
    buf_done(&body);
    return done;
}

/* --- the journal --- */

static bool journal_end_of(struct journal *j, struct text source, uint64_t *at_out, struct err *e) {
    (void)e;
    *at_out = came_of(j, source)->end;
    return true;
}

/* Nobody has seen anything of it yet, so it need not last before what comes next does. */
static bool journal_begins(struct journal *j, struct text source, uint64_t *at_out, struct err *e) {
    struct came *c = came_of(j, source);
    uint64_t lsn;
    struct arrival_record r = {.kind = ARRIVAL_BEGIN, .at = c->end};
    if (!tell(of(j), c, &r, &lsn, e)) return false;
    *at_out = c->end;
    return true;
}

static void journal_needed(struct journal *j, struct text source, uint64_t at) {
    struct came *c = came_of(j, source);
    assert(at <= c->end);
    c->needed = at;
}

static enum arrival_kind kind_of(enum journal_kind kind) {
    switch (kind) {
    case JOURNAL_BYTES: return ARRIVAL_BYTES;
    case JOURNAL_RECORDS: return ARRIVAL_RECORDS;
    case JOURNAL_END: return ARRIVAL_END;
    }
    return ARRIVAL_END;
}

/* The end of what comes takes one place. */
static uint64_t end_of(const struct arrival_record *r) {
    return r->at + (r->kind == ARRIVAL_END ? 1 : r->bytes.bytes);
}

static bool journal_takes(struct journal *j, struct text source, const struct journal_entry *x,
                          struct err *e) {
    struct durable *d = of(j);
    struct came *c = came_of(j, source);
    struct arrival_record r = {
        .kind = kind_of(x->kind), .at = x->at, .came_us = x->came_us, .bytes = x->bytes};
    struct came_entry entry = {.at = x->at, .end = end_of(&r)};
    assert(x->at == c->end && entry.end > entry.at);
    return tell(d, c, &r, &entry.lsn, e) && store_wait(d->store, entry.lsn, e) &&
           entry_add(c, &entry, e);
}

/* The first entry that ends behind `at`. */
static uint32_t entry_at(const struct came *c, uint64_t at) {
    uint32_t low = 0, high = c->entries;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->entry[middle].end <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* An item is read where it stands now, a fact where it was told. */
static bool entry_body(struct durable *d, const struct came *c, const struct came_entry *x,
                       struct text *out, struct err *e) {
    struct store_key k = {.object = object_of(c), .section = SECTION_ARRIVALS, .number = x->at};
    struct log_record r;
    arena_reset(&d->came_arena);
    if (x->item) return store_item(d->store, &k, &d->came_arena, out, e);
    if (!log_read(store_log(d->store), x->lsn, &d->came_arena, &r, e)) return false;
    *out = r.body;
    return true;
}

static bool journal_gives(struct journal *j, struct text source, uint64_t at,
                          struct journal_entry *out, bool *got_out, struct err *e) {
    static const enum journal_kind kinds[] = {[ARRIVAL_BYTES] = JOURNAL_BYTES,
                                              [ARRIVAL_RECORDS] = JOURNAL_RECORDS,
                                              [ARRIVAL_END] = JOURNAL_END};
    const struct came *c = came_of(j, source);
    uint32_t i = entry_at(c, at);
    struct text body;
    struct arrival_record r;
    *got_out = at < c->end;
    if (!*got_out) return true;
    if (i == c->entries || c->entry[i].at > at) {
        return err_set(e, ERR_IO, "55000", "what came of %.*s at byte %llu is not kept any more",
                       TEXT_ARG(source), (unsigned long long)at);
    }
    if (!entry_body(of(j), c, &c->entry[i], &body, e) || !arrival_load(body, &r, e)) return false;
    if (r.at != c->entry[i].at || end_of(&r) != c->entry[i].end || r.kind == ARRIVAL_BEGIN) {
        return err_set(e, ERR_CORRUPT, "XX001", "what came of %.*s is damaged", TEXT_ARG(source));
    }
    *out = (struct journal_entry){.kind = kinds[r.kind], .at = at, .came_us = r.came_us};
    if (r.kind == ARRIVAL_END) return true;
    uint32_t before = (uint32_t)(at - r.at);
    out->bytes = (struct text){.at = r.bytes.at + before, .bytes = r.bytes.bytes - before};
    return true;
}

static const struct journal_type journal_type = {
    .end = journal_end_of,
    .begin = journal_begins,
    .needs = journal_needed,
    .append = journal_takes,
    .read = journal_gives,
};

void durable_arrivals_open(struct durable *d) {
    d->journal.type = &journal_type;
    arena_init(&d->came_arena, 0);
    d->session->edge.journal = &d->journal;
}

void durable_arrivals_close(struct durable *d) {
    d->session->edge.journal = NULL;
    arena_done(&d->came_arena);
}

/* --- checkpoints --- */

static bool came_save(struct durable *d, struct came *c, struct err *e) {
    struct store_key k = {.object = object_of(c), .section = SECTION_ARRIVALS};
    uint32_t from = entry_at(c, c->needed);
    if (c->end == 0) return true;
    k.number = from < c->entries ? c->entry[from].at : UINT64_MAX;
    if (from > 0 && c->entry[0].item && !store_drop_before(d->store, &k, e)) return false;
    for (uint32_t i = from; i < c->entries; i++) {
        const struct came_entry *x = &c->entry[i];
        k.number = x->at;
        if (x->item) continue;
        d->put = true;
        if (!store_adopt(d->store, &k, x->lsn, e)) return false;
    }
    struct buf end;
    buf_init(&end);
    buf_add(&end, &c->end, sizeof c->end);
    k = (struct store_key){.object = object_of(c), .section = SECTION_ARRIVED};
    bool done = durable_put(d, &k, &end, e);
    buf_done(&end);
    return done;
}

bool durable_arrivals_save(struct durable *d, struct err *e) {
    for (struct watched *w = d->watched; w; w = w->next) {
        if (!came_save(d, &w->came, e)) return false;
    }
    return true;
}

void durable_arrivals_commit(struct durable *d) {
    for (struct watched *w = d->watched; w; w = w->next) {
        struct came *c = &w->came;
        uint32_t from = entry_at(c, c->needed);
        if (from > 0) memmove(c->entry, c->entry + from, (c->entries - from) * sizeof *c->entry);
        c->entries -= from;
        for (uint32_t i = 0; i < c->entries; i++) c->entry[i].item = true;
    }
}

/* --- recovery --- */

/* Entries follow each other without a gap. */
static bool missing(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "of what came of a source something is missing");
}

static bool came_item(void *context, const struct store_key *k, struct text bytes, struct err *e) {
    struct came *c = context;
    struct arrival_record r;
    if (!arrival_load(bytes, &r, e)) return false;
    struct came_entry x = {.at = r.at, .end = end_of(&r), .item = true};
    if (c->entries > 0 && r.at != c->end) return missing(e);
    if (r.at == k->number && r.kind != ARRIVAL_BEGIN) return entry_add(c, &x, e);
    return err_set(e, ERR_CORRUPT, "XX001", "what came of a source is damaged");
}

bool durable_arrivals_load(struct durable *d, struct watched *w, struct err *e) {
    struct store_key k = {.object = w->object->id, .section = SECTION_ARRIVED};
    struct arena a;
    struct text saved;
    if (!store_items(d->store, k.object, SECTION_ARRIVALS, &w->came, came_item, e)) return false;
    arena_init(&a, 0);
    bool done = store_item(d->store, &k, &a, &saved, e);
    uint64_t end = w->came.end;
    if (done && saved.at) {
        bool fits = saved.bytes == sizeof end;
        if (fits) memcpy(&end, saved.at, sizeof end);
        fits = fits && (w->came.entries == 0 || end == w->came.end);
        done = fits || err_set(e, ERR_CORRUPT, "XX001", "how much came of a source is damaged");
    }
    arena_done(&a);
    w->came.end = end;
    w->came.needed = w->came.entries > 0 ? w->came.entry[0].at : end;
    return done;
}

bool durable_arrival_again(struct watched *w, const struct log_record *fact, struct err *e) {
    struct stream *s = session_stream(w->object);
    struct arrival_record r;
    if (!arrival_load(fact->body, &r, e)) return false;
    if (!s) return err_set(e, ERR_CORRUPT, "XX001", "bytes came of what is no stream");
    if (r.at != w->came.end) return missing(e);
    struct came_entry x = {.at = r.at, .end = end_of(&r), .lsn = fact->lsn};
    if (r.kind != ARRIVAL_BEGIN) return entry_add(&w->came, &x, e);
    s->seen.arrived_known = true;
    s->seen.arrived = r.at;
    return true;
}
