/* block.c: a batch as bytes, little-endian:
 *
 *   offset  bytes  what
 *   0       4      rows
 *   4       4      bytes of the body
 *   8       1      1: the body is LZ4 (block format); 0: as it is
 *   9       3      0
 *   12      ...    the body: ordinals, watermarks, proctimes and change kinds as numbers
 *                  (block_numbers.c), then the columns (block_column.c)
 *
 * LZ4 and not zstd: of bids, LZ4 leaves 78 bytes a row and zstd 42, but it writes twice and reads
 * six times as many rows a second (bench/block_bench.c), and it is time that a commit costs.
 */
#include "engine/base/block.h"

#include <assert.h>
#include <lz4.h>
#include <string.h>

#include "engine/base/block_private.h"

enum { HEAD_BYTES = 12, BODY_BYTES_MAX = 1 << 30, TIMES = 4 };

static int64_t time_of(const struct batch *b, uint32_t row, uint32_t which) {
    if (which == 0) return (int64_t)batch_ordinal(b, row);
    if (which == 1) return batch_watermark(b, row);
    return which == 2 ? batch_proctime(b, row) : batch_change(b, row);
}

static bool body_save(const struct batch *b, struct buf *out, struct arena *scratch) {
    uint32_t *at = ARENA_ARRAY(scratch, at, b->live);
    int64_t *v = ARENA_ARRAY(scratch, v, b->live);
    if (!at || !v) return false;
    for (uint32_t i = 0; i < b->live; i++) at[i] = batch_row(b, i);
    for (uint32_t t = 0; t < TIMES; t++) {
        for (uint32_t i = 0; i < b->live; i++) v[i] = time_of(b, at[i], t);
        numbers_save(out, v, b->live);
    }
    struct block_rows rows = {.at = at, .count = b->live};
    for (uint32_t c = 0; c < b->schema->cols; c++) {
        assert(b->col[c].as.any || b->live == 0);
        if (!block_column_save(out, &b->col[c], rows, scratch)) return false;
    }
    return !out->failed;
}

/* Puts the body behind its head, smaller if it can be. */
static bool body_add(const struct buf *body, uint32_t rows, struct buf *out) {
    uint32_t head[] = {rows, (uint32_t)body->bytes, 1};
    int bound = LZ4_compressBound((int)body->bytes);
    if (!buf_reserve(out, HEAD_BYTES + (size_t)bound)) return false;
    char *to = out->at + out->bytes + HEAD_BYTES;
    int bytes = LZ4_compress_default(body->at, to, (int)body->bytes, bound);
    if (bytes <= 0 || (size_t)bytes >= body->bytes) {
        head[2] = 0;
        bytes = (int)body->bytes;
        if (bytes > 0) memcpy(to, body->at, body->bytes);
    }
    memcpy(to - HEAD_BYTES, head, HEAD_BYTES);
    out->bytes += HEAD_BYTES + (size_t)bytes;
    return true;
}

bool block_save(const struct batch *b, struct buf *out, struct err *e) {
    struct arena scratch;
    struct buf body;
    arena_init(&scratch, 0);
    buf_init(&body);
    bool saved = b->live == 0 || body_save(b, &body, &scratch);
    bool large = body.bytes > BODY_BYTES_MAX;
    if (saved && !large) saved = body_add(&body, b->live, out);
    buf_done(&body);
    arena_done(&scratch);
    if (large) return err_set(e, ERR_LIMIT, "54000", "rows of more than 1 GiB cannot be stored");
    return saved || err_memory(e);
}

static bool damaged(struct err *e) {
    return err_set(e, ERR_CORRUPT, "XX001", "stored rows are damaged");
}

static bool body_open(struct text saved, struct arena *a, uint32_t *rows_out, struct text *body_out,
                      struct err *e) {
    uint32_t head[3];
    if (saved.bytes < HEAD_BYTES) return damaged(e);
    memcpy(head, saved.at, HEAD_BYTES);
    struct text at = {.at = saved.at + HEAD_BYTES, .bytes = saved.bytes - HEAD_BYTES};
    if (head[0] > BATCH_ROWS || head[1] > BODY_BYTES_MAX || head[2] > 1) return damaged(e);
    if (head[2] == 0 && head[1] != at.bytes) return damaged(e);
    char *body = arena_alloc(a, head[1] + (size_t)1);
    if (!body) return err_memory(e);
    if (head[2] == 0 && at.bytes > 0) memcpy(body, at.at, at.bytes);
    if (head[2] == 1) {
        int got = LZ4_decompress_safe(at.at, body, (int)at.bytes, (int)head[1]);
        if (got != (int)head[1]) return damaged(e);
    }
    *rows_out = head[0];
    *body_out = (struct text){.at = body, .bytes = head[1]};
    return true;
}

static bool times_load(struct text *at, struct arena *a, struct batch *out, struct err *e) {
    int64_t *v[TIMES];
    int8_t *change = arena_alloc(a, out->rows + (size_t)1);
    for (uint32_t t = 0; t < TIMES; t++) {
        v[t] = ARENA_ARRAY(a, v[t], out->rows + (size_t)1);
        if (!v[t]) return err_memory(e);
        if (!numbers_load(at, v[t], out->rows)) return damaged(e);
    }
    if (!change) return err_memory(e);
    bool changes = false;
    for (uint32_t i = 0; i < out->rows; i++) {
        if (v[3][i] < CHANGE_INSERT || v[3][i] > CHANGE_DELETE) return damaged(e);
        change[i] = (int8_t)v[3][i];
        changes |= change[i] != CHANGE_INSERT;
    }
    out->ordinal = (const uint64_t *)v[0];
    out->watermark_us = v[1];
    out->proctime_us = v[2];
    out->change = changes ? change : NULL;
    out->first =
        (struct mark){.ordinal = out->ordinal[0], .watermark_us = v[1][0], .proctime_us = v[2][0]};
    return true;
}

bool block_load(const struct schema *s, struct text saved, struct arena *a, struct batch *out,
                struct err *e) {
    struct text at;
    uint32_t rows = 0;
    if (!body_open(saved, a, &rows, &at, e)) return false;
    struct column *col = ARENA_ARRAY(a, col, s->cols);
    if (!col) return err_memory(e);
    *out = (struct batch){.schema = s, .col = col, .rows = rows, .live = rows};
    if (!times_load(&at, a, out, e)) return false;
    for (uint32_t c = 0; c < s->cols && rows > 0; c++) {
        enum block_status got = block_column_load(&at, s->col[c].type, rows, a, &col[c]);
        if (got == BLOCK_NO_MEMORY) return err_memory(e);
        if (got == BLOCK_DAMAGED) return damaged(e);
    }
    return at.bytes == 0 || damaged(e);
}
