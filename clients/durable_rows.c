/* durable_rows.c: rows of tables, and what statements append to kept streams.
 *
 * What a statement changes is a fact of its own; those of tables a checkpoint takes as items where
 * they stand. What queries change in a table is gathered, and becomes an item at the checkpoint.
 * When the items of a table hold far more than it does, all of its rows are written anew.
 */
#include <assert.h>
#include <stdlib.h>

#include "clients/durable_private.h"
#include "engine/edge/stream.h"
#include "engine/shared_model.h"

enum { ANEW_BYTES = 1 << 20, ANEW_TIMES = 3, PIECE_BYTES = 4 << 20 };

static bool rows_tell(struct watched *w, struct text body, uint64_t *lsn_out, struct err *e) {
    struct log_entry fact = {
        .kind = LOG_ROWS, .object = w->object->id, .body = body, .first_lsn = LOG_LSN_NONE};
    if (!store_tell(w->of->store, &fact, 1, lsn_out, e)) return false;
    w->of->lsn = *lsn_out;
    return true;
}

static bool table_changed(void *context, struct table *t, enum table_origin origin, struct err *e) {
    struct watched *w = context;
    struct buf body, *to = origin == TABLE_BY_HAND ? &body : &w->unsaved;
    if (w->of->replaying) return true;
    buf_init(&body);
    for (uint32_t i = 0; i < table_changes(t); i++) {
        struct table_change c;
        table_change_at(t, i, &c);
        change_save(to, &c);
    }
    bool done = !to->failed || err_memory(e);
    if (done && origin == TABLE_BY_HAND) {
        struct told fact = {
            .object = w->object->id, .section = SECTION_CHANGES, .bytes = (uint32_t)body.bytes};
        done = rows_tell(w, buf_text(&body), &fact.lsn, e) && durable_note(w->of, &fact, e);
    }
    buf_done(&body);
    return done;
}

/* What a query appends it can make again; what a statement appends nobody can. */
static bool stream_grew(void *context, struct stream *s, const struct batch *b, struct err *e) {
    struct watched *w = context;
    struct mark after;
    struct buf body;
    uint64_t lsn;
    if (!w->of->by_hand) return true;
    buf_init(&body);
    intake_mark(s->intake, &after);
    bool done = append_save(&body, b, &after, e) && rows_tell(w, buf_text(&body), &lsn, e);
    buf_done(&body);
    return done;
}

bool durable_watch(struct durable *d, const struct object *o, struct err *e) {
    struct stream *s = session_stream(o);
    struct watched *w = calloc(1, sizeof *w);
    if (!w) return err_memory(e);
    *w = (struct watched){.next = d->watched, .of = d, .object = o};
    buf_init(&w->unsaved);
    store_journal_init(&w->journal, d->store, o->id);
    d->watched = w;
    if (o->kind == OBJECT_MODEL) o->model->saved_apart = true;
    if (s && s->table) {
        table_set_holder(s->table, &(struct table_holder){.context = w, .commit = table_changed});
    } else if (s && s->kept) {
        s->holder = (struct stream_holder){.context = w, .append = stream_grew};
    }
    return true;
}

void durable_unwatch(struct durable *d, uint32_t id) {
    struct watched **link = &d->watched;
    while (*link && (*link)->object->id != id) link = &(*link)->next;
    struct watched *w = *link;
    if (!w) return;
    *link = w->next;
    struct stream *s = session_stream(w->object);
    if (s && s->table) table_set_holder(s->table, &(struct table_holder){.context = NULL});
    if (s) s->holder = (struct stream_holder){.context = NULL};
    store_journal_done(&w->journal);
    buf_done(&w->unsaved);
    free(w->came.entry);
    free(w);
}

bool durable_rows_load(const struct watched *w, struct text body, struct err *e) {
    struct stream *s = session_stream(w->object);
    while (body.bytes > 0) {
        struct table_change c;
        if (!change_load(&body, &c, e) || !table_load(s->table, &c, e)) return false;
    }
    return true;
}

bool durable_rows_loaded(struct durable *d, struct err *e) {
    for (struct watched *w = d->watched; w; w = w->next) {
        struct stream *s = session_stream(w->object);
        if (s && s->table && !table_loaded(s->table, e)) return false;
    }
    return true;
}

static bool changes_again(struct table *t, struct text body, struct err *e) {
    bool done = true;
    table_begin(t);
    while (done && body.bytes > 0) {
        struct table_change c;
        done = change_load(&body, &c, e) && table_again(t, &c, e);
    }
    if (done) return table_commit(t, TABLE_BY_HAND, e);
    table_rollback(t);
    return false;
}

bool durable_rows_again(const struct watched *w, struct text body, struct err *e) {
    struct stream *s = session_stream(w->object);
    struct batch b;
    struct mark after;
    struct arena a;
    if (s->table) return changes_again(s->table, body, e);
    arena_init(&a, 0);
    bool done = append_load(body, s->def->schema, &a, &b, &after, e) &&
                stream_append_again(s, &b, &after, e);
    arena_done(&a);
    return done;
}

/* All rows of a table, in pieces. */
struct anew {
    struct store *store;
    struct watched *w;
    struct buf piece;
    uint64_t bytes;
};

static bool anew_put(struct anew *x, struct err *e) {
    struct store_key k = {.object = x->w->object->id,
                          .section = SECTION_CHANGES,
                          .number = log_end(store_log(x->store))};
    if (x->piece.failed) return err_memory(e);
    x->bytes += x->piece.bytes;
    bool done = durable_put(x->w->of, &k, &x->piece, e);
    buf_reset(&x->piece);
    return done;
}

static bool anew_row(void *context, const struct table_change *row, struct err *e) {
    struct anew *x = context;
    change_save(&x->piece, row);
    return x->piece.bytes < PIECE_BYTES || anew_put(x, e);
}

static bool save_anew(struct durable *d, struct watched *w, struct table *t, struct err *e) {
    struct store_key before = {
        .object = w->object->id, .section = SECTION_CHANGES, .number = UINT64_MAX};
    struct anew x = {.store = d->store, .w = w};
    buf_init(&x.piece);
    bool done = store_drop_before(d->store, &before, e) && table_each(t, &x, anew_row, e);
    if (done && x.piece.bytes > 0) done = anew_put(&x, e);
    buf_done(&x.piece);
    if (done) w->saved_bytes = x.bytes;
    return done;
}

static uint64_t told_bytes(const struct durable *d, uint32_t id) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < d->tolds; i++) {
        bool rows = d->told[i].object == id && d->told[i].section == SECTION_CHANGES;
        if (rows) bytes += d->told[i].bytes;
    }
    return bytes;
}

bool durable_rows_save(struct durable *d, struct watched *w, struct err *e) {
    const struct stream *s = session_stream(w->object);
    if (!s || !s->table) return true;
    uint64_t bytes = w->saved_bytes + told_bytes(d, w->object->id) + w->unsaved.bytes;
    bool much = bytes > ANEW_BYTES + ANEW_TIMES * table_bytes(s->table);
    if (much) return save_anew(d, w, s->table, e);
    struct store_key k = {.object = w->object->id,
                          .section = SECTION_CHANGES,
                          .number = log_end(store_log(d->store))};
    w->saved_bytes = bytes;
    return w->unsaved.bytes == 0 || durable_put(d, &k, &w->unsaved, e);
}
