/* kept.c: see kept.h.
 *
 * Rows lie in blocks of at most batch_rows rows, each with its own arena, in a list from the
 * oldest to the newest; only the newest grows. Builders never move values that are there, they
 * only leave old arrays behind in the arena, so a batch that a reader was given stays good until
 * its block goes. A block goes when the rules of retention let it and no reader needs it, the one
 * that a reader reads now never under its hands: the reader drops its claim at its next read().
 */
#include "engine/edge/kept.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/edge/kept_private.h"
#include "engine/edge/slice.h"

void kept_block_destroy(struct block *b) {
    arena_done(&b->arena);
    free(b);
}

static struct block *block_create(const struct kept *k) {
    struct block *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    uint32_t cols = k->o.schema->cols;
    arena_init(&b->arena, 0);
    b->first = k->rows;
    b->builder = ARENA_ARRAY(&b->arena, b->builder, cols + 1);
    b->watermark_us = ARENA_ARRAY(&b->arena, b->watermark_us, k->o.batch_rows);
    b->proctime_us = ARENA_ARRAY(&b->arena, b->proctime_us, k->o.batch_rows);
    bool ok = b->builder && b->watermark_us && b->proctime_us;
    if (k->o.changes) b->change = ARENA_ARRAY(&b->arena, b->change, k->o.batch_rows);
    ok = ok && (b->change || !k->o.changes);
    for (uint32_t c = 0; ok && c < cols; c++) {
        ok = builder_init(&b->builder[c], &b->arena, k->o.schema->col[c].type, 1);
    }
    if (ok) return b;
    kept_block_destroy(b);
    return NULL;
}

struct kept *kept_create(const struct kept_options *o, struct err *e) {
    assert(o->batch_rows > 0 && o->batch_rows <= BATCH_ROWS);
    struct kept *k = calloc(1, sizeof *k);
    if (!k) {
        err_memory(e);
        return NULL;
    }
    k->o = *o;
    k->now.watermark_us = TIME_MIN_US;
    return k;
}

void kept_destroy(struct kept *k) {
    if (!k) return;
    assert(!k->readers);
    while (k->oldest) {
        struct block *next = k->oldest->next;
        kept_block_destroy(k->oldest);
        k->oldest = next;
    }
    free(k);
}

/* The number up to which readers have no claim. */
static uint64_t unclaimed(const struct kept *k) {
    uint64_t n = UINT64_MAX;
    for (const struct kept_reader *r = k->readers; r; r = r->next) {
        if (r->given < n) n = r->given;
    }
    return n;
}

static bool over(const struct kept *k, size_t bytes_max) {
    uint64_t rows = k->rows - k->oldest->first - k->oldest->rows; /* without the oldest block */
    if (k->o.rows_max > 0 && rows >= k->o.rows_max) return true;
    return bytes_max > 0 && k->bytes > bytes_max;
}

/* Readers that still need a row before `number` have lost it. */
static void lose(struct kept *k, uint64_t number) {
    for (struct kept_reader *r = k->readers; r; r = r->next) {
        if (r->given >= number) continue;
        r->lost = r->lost || r->at < number;
        r->given = number;
    }
}

/* Lets old blocks go. */
static void retain(struct kept *k) {
    while (k->oldest != k->newest && over(k, k->o.bytes_max)) {
        struct block *b = k->oldest;
        uint64_t end = b->first + b->rows;
        bool pressed = k->o.bytes_hard > 0 && k->bytes > k->o.bytes_hard;
        if (unclaimed(k) < end && !pressed) return;
        lose(k, end);
        k->oldest = b->next;
        k->bytes -= b->arena.held_bytes;
        kept_block_destroy(b);
    }
}

/* Appends at most what the newest block has room for. *took_out: how many rows. */
bool kept_append_some(struct kept *k, const struct batch *in, uint32_t from, uint32_t *took_out,
                      struct err *e) {
    struct block *b = k->newest;
    if (!b || b->sealed || b->rows == k->o.batch_rows) {
        b = block_create(k);
        if (!b) return err_memory(e);
        if (k->newest) k->newest->next = b;
        if (!k->oldest) k->oldest = b;
        k->newest = b;
        k->bytes += b->arena.held_bytes;
    }
    size_t held = b->arena.held_bytes;
    uint32_t room = k->o.batch_rows - b->rows;
    uint32_t count = in->live - from < room ? in->live - from : room;
    bool ok = true;
    for (uint32_t c = 0; c < k->o.schema->cols; c++) {
        column_append(&b->builder[c], in, &in->col[c], from, count);
        ok = ok && !b->builder[c].failed;
    }
    k->bytes += b->arena.held_bytes - held;
    b->sealed = !ok;
    if (!ok) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = batch_row(in, from + i);
        b->watermark_us[b->rows + i] = batch_watermark(in, row);
        b->proctime_us[b->rows + i] = batch_proctime(in, row);
        if (b->change) b->change[b->rows + i] = batch_change(in, row);
    }
    b->rows += count;
    k->rows += count;
    *took_out = count;
    return true;
}

bool kept_append(struct kept *k, const struct batch *b, uint32_t from, struct err *e) {
    assert(b->live == 0 || b->schema->cols == k->o.schema->cols);
    while (from < b->live) {
        uint32_t took = 0;
        if (!kept_append_some(k, b, from, &took, e)) return false;
        from += took;
        retain(k);
    }
    return true;
}

void kept_set_mark(struct kept *k, const struct mark *m) {
    k->now = *m;
}

uint64_t kept_rows(const struct kept *k) {
    return k->rows;
}

size_t kept_behind_bytes(const struct kept *k) {
    uint64_t slowest = k->rows;
    for (const struct kept_reader *r = k->readers; r; r = r->next) {
        if (!r->bounded && r->at < slowest) slowest = r->at;
    }
    size_t bytes = 0;
    for (const struct block *b = k->oldest; b; b = b->next) {
        if (b->first + b->rows > slowest) bytes += b->arena.held_bytes;
    }
    return bytes;
}

bool kept_block_rows(const struct kept *k, struct block *b, struct kept_range range,
                     struct arena *a, struct batch *out) {
    const struct schema *schema = k->o.schema;
    uint32_t from = range.from, to = range.to;
    struct column *col = ARENA_ARRAY(a, col, schema->cols + 1);
    if (!col) return false;
    for (uint32_t c = 0; c < schema->cols; c++) {
        struct column whole;
        if (!builder_column(&b->builder[c], &whole)) return false;
        if (!column_slice(a, &whole, from, to - from, &col[c])) return false;
    }
    *out = (struct batch){
        .schema = schema,
        .col = col,
        .rows = to - from,
        .live = to - from,
        .watermark_us = b->watermark_us + from,
        .proctime_us = b->proctime_us + from,
        .change = b->change ? b->change + from : NULL,
        .first = {.ordinal = b->first + from,
                  .watermark_us = b->watermark_us[from],
                  .proctime_us = b->proctime_us[from]},
    };
    return true;
}

static enum read_status fell_behind(struct err *e) {
    err_set(e, ERR_LIMIT, "55000", "the query fell behind: rows it had not read are not kept");
    err_hint(e, "A larger 'retention' keeps more.");
    return READ_FAIL;
}

static enum read_status kept_read(struct reader *base, const struct batch **out, struct err *e) {
    struct kept_reader *r = (struct kept_reader *)base;
    const struct kept *k = r->kept;
    if (r->lost) return fell_behind(e);
    r->given = r->at;
    uint64_t end = k->rows < r->end ? k->rows : r->end;
    if (r->at >= end) return r->bounded ? READ_END : READ_WAIT;
    struct block *b = k->oldest;
    while (b && b->first + b->rows <= r->at) b = b->next;
    assert(b && r->at >= b->first);
    uint32_t from = (uint32_t)(r->at - b->first);
    uint32_t to = end - b->first < b->rows ? (uint32_t)(end - b->first) : b->rows;
    arena_reset(&r->arena);
    if (!kept_block_rows(k, b, (struct kept_range){from, to}, &r->arena, &r->batch)) {
        err_memory(e);
        return READ_FAIL;
    }
    r->at += to - from;
    r->now = r->batch.first;
    r->now.ordinal = r->at;
    r->now.watermark_us = b->watermark_us[to - 1];
    r->now.proctime_us = b->proctime_us[to - 1];
    if (r->at == k->rows && k->now.watermark_us > r->now.watermark_us) {
        r->now.watermark_us = k->now.watermark_us;
    }
    *out = &r->batch;
    return READ_ROWS;
}

static void kept_mark(const struct reader *base, struct mark *out) {
    *out = ((const struct kept_reader *)base)->now;
}

static void kept_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

static void kept_close(struct reader *base) {
    if (!base) return;
    struct kept_reader *r = (struct kept_reader *)base;
    struct kept_reader **link = &r->kept->readers;
    while (*link && *link != r) link = &(*link)->next;
    if (*link) *link = r->next;
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type kept_reader_type = {
    .read = kept_read,
    .mark = kept_mark,
    .poll = kept_poll,
    .close = kept_close,
};

/* The oldest row that the rules keep: blocks go whole, rows_max is exact. */
uint64_t kept_oldest(const struct kept *k) {
    uint64_t first = k->oldest ? k->oldest->first : k->rows;
    if (k->o.rows_max > 0 && k->rows - first > k->o.rows_max) first = k->rows - k->o.rows_max;
    return first;
}

struct reader *kept_reader_open(struct kept *k, enum kept_start start, bool bounded,
                                struct err *e) {
    struct kept_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &kept_reader_type;
    r->kept = k;
    r->at = start == KEPT_LATEST ? k->rows : kept_oldest(k);
    r->given = r->at;
    r->bounded = bounded;
    r->end = bounded ? k->rows : UINT64_MAX;
    r->now = (struct mark){.ordinal = r->at, .watermark_us = TIME_MIN_US};
    arena_init(&r->arena, 0);
    r->next = k->readers;
    k->readers = r;
    return &r->base;
}

const void *kept_reader_source(const struct reader *base, uint64_t *at_out) {
    const struct kept_reader *r = (const struct kept_reader *)base;
    assert(base->type == &kept_reader_type);
    *at_out = r->at;
    return r->kept;
}

bool kept_reader_is_level(const struct reader *base) {
    const struct kept_reader *r = (const struct kept_reader *)base;
    return r->at >= r->end || r->at >= r->kept->rows;
}
