/* table.c: see table.h. The life of a table, commits, and loading.
 *
 * Changes are made at once, in the entries themselves; what they were is noted, so that nothing
 * has to be looked up in two places while a statement runs, and a commit does no more than forget
 * the notes.
 */
#include "engine/edge/table.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/edge/table_private.h"

static bool index_create(struct table *t, struct err *e) {
    const struct table_options *o = &t->o;
    if (o->kind == TABLE_BY_KEY) {
        const struct field *f = &o->schema->col[o->key_col[0]];
        t->by_word = o->keys == 1 && type_rep(f->type) == REP_I64;
    }
    t->by_word = t->by_word || o->kind == TABLE_BY_NUMBER;
    const struct state_options index = {
        .key_bytes = t->by_word ? 8 : 0,
        .value_bytes = sizeof(struct entry),
    };
    t->state = state_create(0, e);
    if (t->state) t->index = state_table_create(t->state, &index, e);
    return t->index != NULL;
}

struct table *table_create(const struct table_options *o, struct err *e) {
    assert(o->batch_rows > 0 && o->batch_rows <= BATCH_ROWS);
    assert((o->kind == TABLE_BY_KEY) == (o->keys > 0));
    struct table *t = calloc(1, sizeof *t);
    if (!t) {
        err_memory(e);
        return NULL;
    }
    t->o = *o;
    t->first = t->last = STATE_NONE;
    t->next_number = 1;
    arena_init(&t->scratch, 0);
    arena_init(&t->start_arena, 0);
    if (index_create(t, e)) return t;
    table_destroy(t);
    return NULL;
}

void table_destroy(struct table *t) {
    if (!t) return;
    assert(!t->readers && !t->open);
    for (uint32_t id = t->first; t->index && id != STATE_NONE; id = entry_at(t, id)->next) {
        free(entry_at(t, id)->row);
    }
    kept_destroy(t->log);
    state_destroy(t->state);
    arena_done(&t->scratch);
    arena_done(&t->start_arena);
    free(t->undo);
    free(t->step);
    free(t);
}

void table_set_holder(struct table *t, const struct table_holder *h) {
    t->holder = *h;
}

uint64_t table_rows(const struct table *t) {
    return t->rows;
}

size_t table_bytes(const struct table *t) {
    return state_bytes(t->state);
}

size_t table_behind_bytes(const struct table *t) {
    return t->log ? kept_behind_bytes(t->log) : 0;
}

void table_begin(struct table *t) {
    assert(!t->open && t->undos == 0 && t->steps == 0);
    t->open = true;
    t->begin_number = t->next_number;
}

void table_rollback(struct table *t) {
    assert(t->open);
    entries_undo(t);
    t->next_number = t->begin_number;
    t->open = false;
}

bool table_commit(struct table *t, enum table_origin origin, struct err *e) {
    assert(t->open);
    bool any = t->steps > 0;
    if (any && t->holder.commit && !t->holder.commit(t->holder.context, t, origin, e)) {
        table_rollback(t);
        return false;
    }
    if (any) readers_publish(t);
    entries_bury(t);
    arena_reset(&t->scratch);
    t->open = false;
    return true;
}

uint32_t table_changes(const struct table *t) {
    return t->steps;
}

static struct text step_text(const struct table *t, uint32_t id, const struct row *row) {
    if (id == STATE_NONE) return (struct text){.at = NULL};
    return row ? (struct text){.at = row->at, .bytes = row->bytes} : entry_row(t, id);
}

void table_change_at(const struct table *t, uint32_t i, struct table_change *out) {
    assert(i < t->steps);
    const struct step *s = &t->step[i];
    *out = (struct table_change){.number = s->number,
                                 .before = step_text(t, s->before, s->was),
                                 .after = step_text(t, s->after, s->is)};
}

bool table_each(const struct table *t, void *context,
                bool (*each)(void *context, const struct table_change *row, struct err *e),
                struct err *e) {
    assert(!t->open);
    for (uint32_t id = t->first; id != STATE_NONE; id = entry_at(t, id)->next) {
        struct table_change row = {.number = entry_at(t, id)->number, .after = entry_row(t, id)};
        if (!each(context, &row, e)) return false;
    }
    return true;
}

/* ---- loading ---- */

static bool does_not_fit(const struct table *t, uint64_t number, struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001",
                   "what is stored of row %llu of table %.*s does not fit the rows before it",
                   (unsigned long long)number, TEXT_ARG(t->o.name));
}

bool table_load(struct table *t, const struct table_change *c, struct err *e) {
    struct row_key key;
    assert(!t->open && !t->readers);
    arena_reset(&t->scratch);
    if (c->before.at) {
        if (!key_of_packed(t, c->before, c->number, &key, e)) return false;
        uint32_t id = entry_find(t, &key);
        if (id == STATE_NONE) return does_not_fit(t, c->number, e);
        if (!entry_unload(t, id, e)) return false;
    }
    if (!c->after.at) return true;
    struct new_row n = {.row = NULL};
    if (!key_of_packed(t, c->after, c->number, &n.key, e)) return false;
    bool taken = t->o.kind != TABLE_BY_CONTENT && entry_find(t, &n.key) != STATE_NONE;
    if (taken) return does_not_fit(t, c->number, e);
    if (t->o.kind != TABLE_BY_CONTENT) n.row = row_create(c->after);
    if (t->o.kind != TABLE_BY_CONTENT && !n.row) return err_memory(e);
    if (c->number >= t->next_number) t->next_number = c->number + 1;
    return entry_load(t, &n, c->number, e);
}

bool table_again(struct table *t, const struct table_change *c, struct err *e) {
    struct row_key key;
    struct new_row n = {.row = NULL};
    uint32_t id = STATE_NONE;
    assert(t->open);
    arena_reset(&t->scratch);
    if (c->before.at) {
        if (!key_of_packed(t, c->before, c->number, &key, e)) return false;
        id = entry_find(t, &key);
        if (id == STATE_NONE) return does_not_fit(t, c->number, e);
        if (!c->after.at) return entry_kill(t, id, e);
    }
    if (!c->after.at) return true;
    if (!key_of_packed(t, c->after, c->number, &n.key, e)) return false;
    if (t->o.kind != TABLE_BY_CONTENT) n.row = row_create(c->after);
    if (t->o.kind != TABLE_BY_CONTENT && !n.row) return err_memory(e);
    if (id != STATE_NONE) return entry_change(t, id, &n, e);
    if (c->number >= t->next_number) t->next_number = c->number;
    return entry_add(t, &n, e);
}

struct place {
    uint64_t number;
    uint32_t id;
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

bool table_loaded(struct table *t, struct err *e) {
    assert(!t->open);
    struct place *place = malloc((t->rows + 1) * sizeof *place);
    if (!place) return err_memory(e);
    uint64_t n = 0;
    for (uint32_t id = t->first; id != STATE_NONE; id = entry_at(t, id)->next) {
        place[n++] = (struct place){entry_at(t, id)->number, id};
    }
    assert(n == t->rows);
    qsort(place, n, sizeof *place, compare_places);
    for (uint64_t i = 0; i < n; i++) {
        entry_at(t, place[i].id)->prev = i > 0 ? place[i - 1].id : STATE_NONE;
        entry_at(t, place[i].id)->next = i + 1 < n ? place[i + 1].id : STATE_NONE;
    }
    t->first = n > 0 ? place[0].id : STATE_NONE;
    t->last = n > 0 ? place[n - 1].id : STATE_NONE;
    free(place);
    readers_begin(t);
    return true;
}
