/* store.c: see store.h. Opening, facts, items and keyed state; checkpoints: store_checkpoint.c. */
#include "storage/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "storage/store_private.h"

/* A piece's record: table 8, round 4, needs 4, then the piece. */
enum { PIECE_HEAD_BYTES = 16 };

bool store_read(struct store *s, const struct store_entry *x, struct arena *a,
                struct log_record *out, struct err *e) {
    if (!log_read(s->log, x->place, a, out, e)) return false;
    if (out->lsn == x->lsn && out->object == x->key.object) return true;
    return err_set(e, ERR_CORRUPT, "XX001", "another record stands where the checkpoint says");
}

static bool checkpoint_load(struct store *s, struct err *e) {
    uint64_t place = log_checkpoint(s->log);
    if (place == LOG_LSN_NONE) return true;
    struct arena a;
    struct log_record r;
    arena_init(&a, 0);
    bool done = log_read(s->log, place, &a, &r, e);
    if (done && r.kind != LOG_CHECKPOINT) {
        done = err_set(e, ERR_CORRUPT, "XX001", "the newest checkpoint is no checkpoint");
    }
    done = done && store_index_load(&s->index, &s->facts_from, r.body, e);
    arena_done(&a);
    return done;
}

struct store *store_open(const struct log_options *o, struct err *e) {
    struct store *s = calloc(1, sizeof *s);
    char *directory = strdup(o->directory);
    if (!s || !directory) {
        free(s);
        free(directory);
        err_memory(e);
        return NULL;
    }
    s->options = *o;
    s->directory = directory;
    s->options.directory = directory;
    s->log = log_open(&s->options, e);
    if (s->log && checkpoint_load(s, e)) {
        s->grown_from = log_end(s->log);
        return s;
    }
    struct err second; /* of what failed first *e tells */
    if (!store_close(s, &second)) return NULL;
    return NULL;
}

bool store_close(struct store *s, struct err *e) {
    if (!s) return true;
    store_abort(s);
    free(s->changes.at);
    free(s->changes.cut);
    free(s->changes.stated);
    store_index_done(&s->index);
    bool done = log_close(s->log, e);
    free(s->directory);
    free(s);
    return done;
}

struct log *store_log(struct store *s) {
    return s->log;
}

uint64_t store_grown_bytes(const struct store *s) {
    return log_end(s->log) - s->grown_from;
}

bool store_tell(struct store *s, const struct log_entry *fact, uint32_t count, uint64_t *lsn_out,
                struct err *e) {
    assert(count > 0);
    uint64_t *place = calloc(count, sizeof *place);
    if (!place) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) assert(log_kind_is_fact(fact[i].kind));
    bool done = log_append(s->log, fact, count, place, e);
    *lsn_out = place[count - 1];
    free(place);
    return done;
}

bool store_wait(struct store *s, uint64_t lsn, struct err *e) {
    return log_wait(s->log, lsn, e);
}

bool store_facts(struct store *s, void *context,
                 bool (*each)(void *context, const struct log_record *fact, struct err *e),
                 struct err *e) {
    uint64_t from = s->facts_from;
    if (from >= log_end(s->log)) return true;
    struct log_reader *r = log_reader_open(s->options.fs, s->directory, from, e);
    struct log_record fact;
    bool got = true, done = r != NULL;
    while (done && got) {
        done = log_reader_next(r, &fact, &got, e);
        bool wanted = done && got && log_kind_is_fact(fact.kind) && fact.lsn >= from;
        if (wanted) done = each(context, &fact, e);
    }
    log_reader_close(r);
    return done;
}

bool store_item(struct store *s, const struct store_key *k, struct arena *a, struct text *out,
                struct err *e) {
    assert(k->section != STORE_PIECES);
    uint32_t count;
    struct log_record r;
    const struct store_entry *x = store_index_find(&s->index, k, &count);
    *out = (struct text){0};
    if (!x) return true;
    if (!store_read(s, x, a, &r, e)) return false;
    *out = r.body;
    if (!out->at) out->at = "";
    return true;
}

bool store_items(struct store *s, uint32_t object, uint16_t section, void *context,
                 bool (*each)(void *context, const struct store_key *k, struct text bytes,
                              struct err *e),
                 struct err *e) {
    struct store_key from = {.object = object, .section = section};
    struct arena a;
    bool done = true;
    arena_init(&a, 0);
    for (uint32_t i = store_index_from(&s->index, &from); done && i < s->index.count; i++) {
        const struct store_entry *x = &s->index.at[i];
        struct log_record r;
        if (x->key.object != object || x->key.section != section) break;
        arena_reset(&a);
        done = store_read(s, x, &a, &r, e) && each(context, &x->key, r.body, e);
    }
    arena_done(&a);
    return done;
}

bool store_number_before(const struct store *s, const struct store_key *k, uint64_t *number_out) {
    uint32_t i = store_index_from(&s->index, k);
    bool same = i < s->index.count && store_key_order(&s->index.at[i].key, k) == 0;
    if (!same && i-- == 0) return false;
    const struct store_key *at = &s->index.at[i].key;
    if (at->object != k->object || at->section != k->section) return false;
    *number_out = at->number;
    return true;
}

bool store_next_object(const struct store *s, uint16_t section, uint32_t *object) {
    struct store_key from = {.object = *object, .section = UINT16_MAX, .number = UINT64_MAX};
    for (uint32_t i = store_index_from(&s->index, &from); i < s->index.count; i++) {
        const struct store_key *k = &s->index.at[i].key;
        if (k->object == *object || k->section != section) continue;
        *object = k->object;
        return true;
    }
    return false;
}

static bool piece_write(void *context, const struct state_piece *p, struct err *e) {
    struct store_journal *j = context;
    struct store *s = j->store;
    struct store_change c = {.needs = p->needs, .mention = p->bytes.bytes == 0};
    c.entry = (struct store_entry){
        .key = {.object = j->object, .section = STORE_PIECES, .number = p->table},
        .round = p->round,
        .bytes = p->bytes.bytes};
    assert(s->open);
    if (!c.mention) {
        struct buf body;
        buf_init(&body);
        buf_add(&body, &p->table, sizeof p->table);
        buf_add(&body, &p->round, sizeof p->round);
        buf_add(&body, &p->needs, sizeof p->needs);
        buf_add_text(&body, p->bytes);
        struct log_entry entry = {.kind = LOG_PIECE,
                                  .object = j->object,
                                  .body = buf_text(&body),
                                  .first_lsn = LOG_LSN_NONE};
        bool done = body.failed ? err_memory(e) : log_append(s->log, &entry, 1, &c.entry.place, e);
        buf_done(&body);
        if (!done) return false;
        c.entry.lsn = c.entry.place;
    }
    return store_change_add(s, &c, e);
}

/* A round goes as fast as things change. */
static uint32_t piece_carry(void *context, uint64_t table, uint32_t changed) {
    (void)context;
    (void)table;
    return changed;
}

static bool piece_load(const struct log_record *r, struct state_piece *out, struct err *e) {
    if (r->kind != LOG_PIECE || r->body.bytes < PIECE_HEAD_BYTES) {
        return err_set(e, ERR_CORRUPT, "XX001", "a piece of keyed state is damaged");
    }
    const char *at = r->body.at;
    memcpy(&out->table, at, sizeof out->table);
    memcpy(&out->round, at + 8, sizeof out->round);
    memcpy(&out->needs, at + 12, sizeof out->needs);
    out->bytes =
        (struct text){.at = at + PIECE_HEAD_BYTES, .bytes = r->body.bytes - PIECE_HEAD_BYTES};
    return true;
}

static bool pieces_read(void *context, uint64_t table, const struct state_piece **piece_out,
                        uint32_t *count_out, struct err *e) {
    struct store_journal *j = context;
    struct store_key k = {.object = j->object, .section = STORE_PIECES, .number = table};
    const struct store_entry *x = store_index_find(&j->store->index, &k, count_out);
    arena_reset(&j->arena);
    struct state_piece *piece = ARENA_ARRAY(&j->arena, piece, *count_out);
    if (!piece) return err_memory(e);
    for (uint32_t i = 0; i < *count_out; i++) {
        struct log_record r;
        if (!store_read(j->store, &x[i], &j->arena, &r, e)) return false;
        if (!piece_load(&r, &piece[i], e)) return false;
    }
    *piece_out = piece;
    return true;
}

void store_journal_init(struct store_journal *j, struct store *s, uint32_t object) {
    *j = (struct store_journal){.store = s, .object = object};
    j->journal = (struct state_journal){
        .context = j, .write = piece_write, .carry = piece_carry, .read = pieces_read};
    arena_init(&j->arena, 0);
}

void store_journal_done(struct store_journal *j) {
    arena_done(&j->arena);
}
