/* table_read.c: readers of a table.
 *
 * A reader gives the rows that were there when it opened, by number, while others change them: it
 * walks the list, and leaves out what was changed since. Before a row changes that a reader has
 * not come to, the reader is given a copy of it, which waits in a heap for its number's turn. So a
 * reader costs nothing but what is changed before it has read it.
 *
 * A follower opens its place in the log of changes at the same moment, and goes on there. The log
 * holds changes only as long as a follower has not read them; who writes is held back when that
 * becomes much (table_behind_bytes).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/pack.h"
#include "engine/edge/table_private.h"

/* A row as it was when the reader opened. */
struct old_row {
    uint64_t number;
    uint32_t id;
    struct row *row;
};

struct table_reader {
    struct reader base;
    struct table *table;
    struct table_reader *next; /* of the table's readers */
    struct table_reader_options o;
    uint32_t at;         /* entry that comes next; STATE_NONE: none */
    uint64_t number;     /* rows before this one were given */
    uint64_t end;        /* and those from here on were not there */
    uint64_t changed;    /* table.changed when it opened */
    struct old_row *old; /* [olds] a heap, the least number first */
    uint32_t olds, old_capacity;
    bool present;       /* it still gives what was there */
    struct reader *log; /* follows: the changes */
    uint64_t log_from;  /* number of the first of them in the log */
    const void *start;  /* what table_reader_source() gives */
    uint64_t given;     /* rows that were there */
    bool broken;        /* changes could not be kept for it */
    struct mark now;
    struct arena arena; /* of the batch */
    struct batch batch;
};

bool row_unpack(const struct schema *s, struct text packed, struct column_builder *to) {
    for (uint32_t c = 0; c < s->cols; c++) {
        if (!unpack_value(&packed, &to[c])) return false;
    }
    return packed.bytes == 0;
}

/* ---- rows as they were ---- */

static bool old_push(struct table_reader *r, struct old_row x) {
    if (r->olds == r->old_capacity) {
        uint32_t room = r->old_capacity ? r->old_capacity * 2 : 64;
        struct old_row *more = realloc(r->old, room * sizeof *more);
        if (!more) return false;
        r->old = more;
        r->old_capacity = room;
    }
    uint32_t at = r->olds++;
    for (uint32_t up; at > 0 && r->old[up = (at - 1) / 2].number > x.number; at = up) {
        r->old[at] = r->old[up];
    }
    r->old[at] = x;
    return true;
}

static struct old_row old_pop(struct table_reader *r) {
    assert(r->olds > 0);
    struct old_row least = r->old[0], x = r->old[--r->olds];
    uint32_t at = 0;
    for (uint32_t down = 1; down < r->olds; down = at * 2 + 1) {
        if (down + 1 < r->olds && r->old[down + 1].number < r->old[down].number) down++;
        if (r->old[down].number >= x.number) break;
        r->old[at] = r->old[down];
        at = down;
    }
    if (r->olds > 0) r->old[at] = x;
    return least;
}

bool readers_keep(struct table *t, uint32_t id) {
    for (struct table_reader *r = t->readers; r; r = r->next) {
        const struct entry *x = entry_at(t, id);
        bool wants = r->present && x->number >= r->number && x->number < r->end;
        if (!wants || x->changed > r->changed) continue;
        struct old_row old = {.number = x->number, .id = id, .row = row_create(entry_row(t, id))};
        if (old.row && old_push(r, old)) continue;
        free(old.row);
        return false;
    }
    return true;
}

void readers_pass(struct table *t, uint32_t id) {
    for (struct table_reader *r = t->readers; r; r = r->next) {
        if (r->at == id) r->at = entry_at(t, id)->next;
    }
}

void readers_begin(struct table *t) {
    for (struct table_reader *r = t->readers; r; r = r->next) r->at = t->first;
}

/* ---- what is there ---- */

/* The list's next row that is as it was; STATE_NONE: none. */
static uint32_t list_next(struct table_reader *r) {
    const struct table *t = r->table;
    while (r->at != STATE_NONE) {
        const struct entry *x = entry_at(t, r->at);
        if (x->number >= r->end)
            r->at = STATE_NONE;
        else if (x->changed > r->changed)
            r->at = x->next;
        else
            return r->at;
    }
    return STATE_NONE;
}

struct filling {
    const struct schema *schema; /* of the table */
    struct column_builder *to;   /* [cols], and one for the id */
    bool numbered;
};

/* Appends a row; its bytes are copied, so that the table may change while the batch is used. */
static bool fill_row(struct table_reader *r, const struct filling *f, struct text packed,
                     uint32_t id) {
    struct text copy = {.at = arena_copy(&r->arena, packed.at, packed.bytes),
                        .bytes = packed.bytes};
    if (!copy.at) return false;
    bool good = row_unpack(f->schema, copy, f->to);
    assert(good);
    if (f->numbered) builder_i64(&f->to[f->schema->cols], id);
    return good;
}

/* Appends the next row; *got false: there is none. */
static bool fill_next(struct table_reader *r, const struct filling *f, bool *got) {
    uint32_t id = list_next(r);
    const struct entry *x = id == STATE_NONE ? NULL : entry_at(r->table, id);
    *got = x || r->olds > 0;
    if (!*got) return true;
    if (x && (r->olds == 0 || x->number < r->old[0].number)) {
        r->number = x->number + 1;
        r->at = x->next;
        return fill_row(r, f, entry_row(r->table, id), id);
    }
    struct old_row old = old_pop(r);
    struct text packed = {.at = old.row->at, .bytes = old.row->bytes};
    bool done = fill_row(r, f, packed, old.id);
    r->number = old.number + 1;
    free(old.row);
    return done;
}

static bool filling_open(struct table_reader *r, struct filling *f, uint32_t room) {
    const struct schema *all = r->batch.schema;
    f->schema = r->table->o.schema;
    f->numbered = all != f->schema;
    f->to = ARENA_ARRAY(&r->arena, f->to, all->cols + 1);
    for (uint32_t c = 0; f->to && c < all->cols; c++) {
        if (!builder_init(&f->to[c], &r->arena, all->col[c].type, room)) return false;
    }
    return f->to != NULL;
}

/* What was built is the batch. */
static bool filling_close(struct table_reader *r, const struct filling *f, uint32_t rows) {
    const struct schema *all = r->batch.schema;
    struct column *col = ARENA_ARRAY(&r->arena, col, all->cols + 1);
    for (uint32_t c = 0; col && c < all->cols; c++) {
        if (!builder_column(&f->to[c], &col[c])) return false;
    }
    r->batch = (struct batch){
        .schema = all,
        .col = col,
        .rows = rows,
        .live = rows,
        .first = {.ordinal = r->given,
                  .watermark_us = TIME_MIN_US,
                  .proctime_us = r->table->o.clock_us()},
    };
    return col != NULL;
}

static enum read_status no_memory(struct err *e) {
    err_memory(e);
    return READ_FAIL;
}

static enum read_status read_present(struct table_reader *r, struct err *e) {
    uint32_t room = r->table->o.batch_rows, rows = 0;
    struct filling f;
    arena_reset(&r->arena);
    if (!filling_open(r, &f, room < r->table->rows ? room : (uint32_t)r->table->rows + 1)) {
        return no_memory(e);
    }
    for (bool got = true; got && rows < room; rows += got) {
        if (!fill_next(r, &f, &got)) return no_memory(e);
    }
    r->present = rows == room;
    if (rows == 0) return READ_WAIT;
    if (!filling_close(r, &f, rows)) return no_memory(e);
    r->given += rows;
    r->now = r->batch.first;
    r->now.ordinal = r->given;
    return READ_ROWS;
}

static enum read_status table_read(struct reader *base, const struct batch **out, struct err *e) {
    struct table_reader *r = (struct table_reader *)base;
    if (r->broken) return no_memory(e);
    if (r->present) {
        enum read_status s = read_present(r, e);
        *out = &r->batch;
        if (s != READ_WAIT) return s;
    }
    if (!r->o.follows) return READ_END;
    return r->log->type->read(r->log, out, e);
}

static void table_mark(const struct reader *base, struct mark *out) {
    const struct table_reader *r = (const struct table_reader *)base;
    *out = r->now;
}

static void table_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

/* The last follower takes the log with it. */
static void stop_following(struct table *t, struct reader *log) {
    if (!log) return;
    log->type->close(log);
    if (--t->followers > 0) return;
    kept_destroy(t->log);
    t->log = NULL;
}

static void table_close(struct reader *base) {
    if (!base) return;
    struct table_reader *r = (struct table_reader *)base;
    struct table_reader **link = &r->table->readers;
    while (*link && *link != r) link = &(*link)->next;
    if (*link) *link = r->next;
    stop_following(r->table, r->log);
    for (uint32_t i = 0; i < r->olds; i++) free(r->old[i].row);
    free(r->old);
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type table_reader_type = {
    .read = table_read,
    .mark = table_mark,
    .poll = table_poll,
    .close = table_close,
};

static bool log_create(struct table *t, struct err *e) {
    const struct kept_options o = {
        .schema = t->o.schema,
        .batch_rows = t->o.batch_rows,
        .bytes_max = 1,
        .changes = !t->o.appended,
    };
    if (!t->log) t->log = kept_create(&o, e);
    return t->log != NULL;
}

/* Followers that open between the same two changes share what numbers their rows. */
static const void *start_of(struct table *t) {
    struct table_start *s = t->starts;
    if (s && s->changed == t->changed) return s;
    s = ARENA_NEW(&t->start_arena, s);
    if (!s) return NULL;
    *s = (struct table_start){.next = t->starts, .changed = t->changed};
    t->starts = s;
    return s;
}

static bool follow(struct table_reader *r, struct err *e) {
    struct table *t = r->table;
    if (!r->o.follows) return true;
    if (!log_create(t, e)) return false;
    r->log = kept_reader_open(t->log, KEPT_LATEST, false, e);
    if (!r->log) return false;
    t->followers++;
    r->log_from = kept_rows(t->log);
    return true;
}

struct reader *table_reader_open(struct table *t, const struct table_reader_options *o,
                                 struct err *e) {
    assert(!t->open);
    struct table_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &table_reader_type;
    r->table = t;
    r->o = *o;
    r->present = !o->latest;
    r->at = t->first;
    r->end = t->next_number;
    r->changed = t->changed;
    r->now = (struct mark){.watermark_us = TIME_MIN_US};
    r->batch.schema = o->numbered ? o->numbered : t->o.schema;
    arena_init(&r->arena, 0);
    r->next = t->readers;
    t->readers = r;
    r->start = start_of(t);
    if (!r->start) err_memory(e);
    if (r->start && follow(r, e)) return &r->base;
    if (t->followers == 0 && !r->log) {
        kept_destroy(t->log);
        t->log = NULL;
    }
    table_close(&r->base);
    return NULL;
}

bool table_reader_follows(const struct reader *base) {
    const struct table_reader *r = (const struct table_reader *)base;
    return r->o.follows && !r->table->o.appended;
}

bool table_reader_is_level(const struct reader *base) {
    const struct table_reader *r = (const struct table_reader *)base;
    uint64_t at;
    if (r->present) return false;
    if (!r->log) return true;
    (void)kept_reader_source(r->log, &at);
    return at == kept_rows(r->table->log);
}

const void *table_reader_source(const struct reader *base, uint64_t *at_out) {
    const struct table_reader *r = (const struct table_reader *)base;
    uint64_t at = 0;
    if (r->log) {
        (void)kept_reader_source(r->log, &at);
        at -= r->log_from;
    }
    *at_out = r->given + at;
    return r->o.latest ? NULL : r->start;
}

/* ---- what is told to followers ---- */

struct publishing {
    struct table *table;
    struct column_builder *to;
    int8_t *change;
    uint32_t rows;
};

static bool publishing_open(struct publishing *p) {
    const struct schema *s = p->table->o.schema;
    struct arena *a = &p->table->scratch;
    arena_reset(a);
    p->rows = 0;
    p->to = ARENA_ARRAY(a, p->to, s->cols + 1);
    p->change = arena_alloc(a, BATCH_ROWS);
    for (uint32_t c = 0; p->to && c < s->cols; c++) {
        if (!builder_init(&p->to[c], a, s->col[c].type, 1)) return false;
    }
    return p->to && p->change;
}

static bool publishing_send(struct publishing *p) {
    const struct table *t = p->table;
    const struct schema *s = t->o.schema;
    struct err ignored;
    if (p->rows == 0) return true;
    struct column *col = ARENA_ARRAY(&p->table->scratch, col, s->cols + 1);
    for (uint32_t c = 0; col && c < s->cols; c++) {
        if (!builder_column(&p->to[c], &col[c])) return false;
    }
    const struct batch b = {
        .schema = s,
        .col = col,
        .rows = p->rows,
        .live = p->rows,
        .change = p->change,
        .first = {.watermark_us = TIME_MIN_US, .proctime_us = t->o.clock_us()},
    };
    return col && kept_append(t->log, &b, 0, &ignored) && publishing_open(p);
}

static bool publish_row(struct publishing *p, struct text packed, enum change kind) {
    if (!packed.at) return true;
    if (p->rows == BATCH_ROWS && !publishing_send(p)) return false;
    if (!row_unpack(p->table->o.schema, packed, p->to)) return false;
    p->change[p->rows++] = (int8_t)kind;
    return true;
}

static bool publish_step(struct publishing *p, uint32_t i) {
    struct table_change c;
    table_change_at(p->table, i, &c);
    bool both = c.before.at && c.after.at;
    return publish_row(p, c.before, both ? CHANGE_BEFORE : CHANGE_DELETE) &&
           publish_row(p, c.after, both ? CHANGE_AFTER : CHANGE_INSERT);
}

void readers_publish(struct table *t) {
    if (t->followers == 0) return;
    struct publishing p = {.table = t};
    bool good = publishing_open(&p);
    for (uint32_t i = 0; good && i < t->steps; i++) good = publish_step(&p, i);
    if (good && publishing_send(&p)) return;
    for (struct table_reader *r = t->readers; r; r = r->next) r->broken = r->broken || r->log;
}
