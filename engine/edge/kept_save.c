/* kept_save.c: kept rows as bytes.
 *
 *   offset  bytes  what
 *   0       8      number of the first row that follows
 *   8       8      rows ever appended: the number behind the last row
 *   16      8      number of the oldest row that is kept
 *   24      24     the mark after the last row
 *   48      4      blocks
 *   52      ...    each block: a part of rows (rows_saved.h)
 *
 * The place of a reader is the number of its next row, where it ends, and the mark after the last
 * row that it gave.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/edge/kept_private.h"
#include "engine/edge/rows_saved.h"

/* The first row of `b` to save. */
static uint32_t skip_rows(const struct block *b, uint64_t since) {
    if (since <= b->first) return 0;
    return since - b->first < b->rows ? (uint32_t)(since - b->first) : b->rows;
}

static bool block_save(const struct kept *k, struct block *b, uint32_t from, struct buf *out) {
    struct batch rows;
    struct arena a;
    arena_init(&a, 0);
    bool ok = kept_block_rows(k, b, (struct kept_range){from, b->rows}, &a, &rows);
    size_t part = saved_begin(out);
    if (ok) rows_save(out, &rows, (struct rows_range){0, rows.rows});
    saved_end(out, part);
    arena_done(&a);
    return ok;
}

bool kept_save_since(const struct kept *k, uint64_t since, struct buf *out, struct err *e) {
    uint64_t first = k->rows;
    uint32_t blocks = 0;
    for (struct block *b = k->oldest; b; b = b->next) {
        uint32_t from = skip_rows(b, since);
        if (from == b->rows) continue;
        if (blocks++ == 0) first = b->first + from;
    }
    saved_put_u64(out, first);
    saved_put_u64(out, k->rows);
    saved_put_u64(out, k->oldest ? k->oldest->first : k->rows);
    saved_put_mark(out, &k->now);
    saved_put_u32(out, blocks);
    bool ok = true;
    for (struct block *b = k->oldest; ok && b; b = b->next) {
        uint32_t from = skip_rows(b, since);
        if (from < b->rows) ok = block_save(k, b, from, out);
    }
    return (ok && !out->failed) || err_memory(e);
}

/* Blocks that lie wholly before row `oldest`. */
static void let_go(struct kept *k, uint64_t oldest) {
    while (k->oldest && k->oldest->first + k->oldest->rows <= oldest) {
        struct block *b = k->oldest;
        k->oldest = b->next;
        if (!k->oldest) k->newest = NULL;
        k->bytes -= b->arena.held_bytes;
        kept_block_destroy(b);
    }
}

static bool rows_append(struct kept *k, struct saved *s, struct arena *a, struct err *e) {
    struct saved part = saved_part(s);
    struct batch b;
    arena_reset(a);
    if (!rows_load(&part, k->o.schema, a, &b, e)) return false;
    for (uint32_t from = 0; from < b.live;) {
        uint32_t took = 0;
        if (!kept_append_some(k, &b, from, &took, e)) return false;
        from += took;
    }
    return true;
}

bool kept_load(struct kept *k, struct saved *s, struct err *e) {
    assert(!k->readers);
    uint64_t first = saved_u64(s), rows = saved_u64(s), oldest = saved_u64(s);
    struct mark now = saved_mark(s);
    uint32_t blocks = saved_count(s, sizeof(uint64_t));
    bool fits = k->rows == 0 || first >= k->rows;
    if (s->damaged || first > rows || oldest > rows || !fits) return saved_damaged("rows", e);
    if (first > k->rows) {
        let_go(k, first);
        k->rows = first;
    }
    struct arena a;
    arena_init(&a, 0);
    bool ok = true;
    for (uint32_t i = 0; ok && i < blocks; i++) ok = rows_append(k, s, &a, e);
    arena_done(&a);
    if (!ok) return false;
    if (k->rows != rows) return saved_damaged("rows", e);
    let_go(k, oldest);
    k->now = now;
    return true;
}

void kept_reader_save(const struct reader *base, struct buf *out) {
    const struct kept_reader *r = (const struct kept_reader *)base;
    saved_put_u64(out, r->at);
    saved_put_u64(out, r->end);
    saved_put_u8(out, r->bounded);
    saved_put_u8(out, r->lost);
    saved_put_mark(out, &r->now);
}

struct reader *kept_reader_resume(struct kept *k, struct saved *s, struct err *e) {
    uint64_t at = saved_u64(s), end = saved_u64(s), oldest = k->oldest ? k->oldest->first : k->rows;
    bool bounded = saved_bool(s), lost = saved_bool(s);
    struct mark now = saved_mark(s);
    if (s->damaged || at > k->rows) {
        saved_damaged("a place among rows", e);
        return NULL;
    }
    struct reader *base = kept_reader_open(k, KEPT_OLDEST, false, e);
    if (!base) return NULL;
    struct kept_reader *r = (struct kept_reader *)base;
    r->at = r->given = at;
    r->end = end;
    r->bounded = bounded;
    r->lost = lost || at < oldest;
    r->now = now;
    return base;
}
