/* group_answer.c: what the rows of a batch are answered with, when the results before and after
 * each of them are known: nothing, one row, or a pair.
 *
 * Rows that change nothing leave a row that only carries their time, so that what comes behind can
 * act on it at the right place.
 */
#include <string.h>

#include "engine/op/group_state.h"
#include "engine/op/result.h"
#include "engine/query_private.h"
#include "engine/worker.h"

enum { KIND_TIME = -1 };

/* One row of the answer. */
struct answer {
    uint32_t row;  /* of the input */
    uint32_t live; /* which live row it answers */
    uint32_t from; /* in the results */
    int8_t kind;   /* enum change, or KIND_TIME */
};

static bool failed(const struct changes *c, uint32_t at) {
    return at < c->groups ? bit_get(c->old_fail.rows.row, at)
                          : bit_get(c->new_fail.rows.row, at - c->groups);
}

/* Clears same[i] where one aggregate's results before and after live row i differ. */
static void column_differences(const struct changes *c, const struct column *col, bool *same) {
    bool plain = type_rep(col->type) == REP_I64 && !col->valid;
    for (uint32_t i = 0; i < c->rows; i++) {
        uint32_t old = c->old[i], new = c->groups + i;
        bool equal = plain ? col->as.i64[old] == col->as.i64[new]
                           : same[i] && column_same(col, old, col, new);
        same[i] = same[i] && equal;
    }
}

/* What live row i is answered with: 0 to 2 rows. */
static uint32_t row_answer(const struct changes *c, uint32_t i, bool same, struct answer *out) {
    uint32_t old = c->old[i], new = c->groups + i;
    bool had = c->had[i] && !failed(c, old), has = c->has[i] && !failed(c, new);
    if (had == has && (!had || same)) return 0;
    struct answer x = {.row = c->g->row[i], .live = i};
    out[0] = out[1] = x;
    if (had) {
        out[0].kind = has ? CHANGE_BEFORE : CHANGE_DELETE;
        out[0].from = old;
    }
    if (has) {
        out[had].kind = had ? CHANGE_AFTER : CHANGE_INSERT;
        out[had].from = new;
    }
    return had && has ? 2 : 1;
}

/* All answers in row order. */
static struct answer *answers_make(const struct changes *c, uint32_t *count_out) {
    const struct batch *in = c->in;
    struct arena *a = c->op->batch_arena;
    struct answer *out = arena_alloc(a, (in->rows + (size_t)c->rows + 1) * sizeof *out);
    bool *same = arena_alloc(a, c->rows * sizeof *same);
    if (!out || !same) return NULL;
    memset(same, true, c->rows);
    for (uint32_t s = 0; s < c->g->plan.slots; s++) column_differences(c, &c->col[s], same);
    uint32_t n = 0, i = 0;
    for (uint32_t row = 0; row < in->rows; row++) {
        uint32_t got = 0;
        if (i < c->rows && c->g->row[i] == row) {
            got = row_answer(c, i, same[i], out + n);
            i++;
        }
        if (got == 0) out[n++] = (struct answer){.row = row, .kind = KIND_TIME};
        n += got;
    }
    *count_out = n;
    return out;
}

/* Ordinals, watermarks, kinds and the selection of a chunk. */
static bool head_fill(const struct changes *c, const struct answer *x, uint32_t count,
                      struct batch *head) {
    struct arena *a = c->op->batch_arena;
    const struct batch *in = c->in;
    uint64_t *ordinal = arena_alloc(a, count * sizeof *ordinal);
    int64_t *watermark = arena_alloc(a, count * sizeof *watermark);
    int64_t *proctime = arena_alloc(a, count * sizeof *proctime);
    int8_t *change = arena_alloc(a, count);
    uint16_t *sel = arena_alloc(a, count * sizeof *sel);
    if (!ordinal || !watermark || !proctime || !change || !sel) return false;
    *head = (struct batch){.rows = count,
                           .sel = sel,
                           .ordinal = ordinal,
                           .watermark_us = watermark,
                           .proctime_us = proctime,
                           .change = change};
    for (uint32_t i = 0; i < count; i++) {
        ordinal[i] = batch_ordinal(in, x[i].row);
        watermark[i] = batch_watermark(in, x[i].row);
        proctime[i] = batch_proctime(in, x[i].row);
        change[i] = x[i].kind == KIND_TIME ? CHANGE_INSERT : x[i].kind;
        sel[head->live] = (uint16_t)i;
        head->live += x[i].kind != KIND_TIME;
    }
    head->first = (struct mark){
        .ordinal = ordinal[0], .watermark_us = watermark[0], .proctime_us = proctime[0]};
    return true;
}

/* For the merge of several workers' results. */
static bool chunk_note(const struct changes *c, const struct batch *head) {
    if (!c->op->worker) return true;
    struct merge_key *key = ARENA_ARRAY(c->op->batch_arena, key, head->rows);
    if (!key) return false;
    for (uint32_t i = 0; i < head->rows; i++) key[i].ordinal = head->ordinal[i];
    worker_note(c->op->worker, key);
    return true;
}

/* The key columns: those of the rows themselves, or out of the table. */
static bool keys_read(const struct changes *c, const struct answer *x, uint32_t count,
                      struct column_builder *to) {
    const struct group_aggregate *g = c->g;
    const struct key_set *k = &g->plan.key;
    uint32_t *index = arena_alloc(c->op->batch_arena, count * sizeof *index);
    if (!index) return false;
    if (!g->keys_as_rows) {
        for (uint32_t i = 0; i < count; i++) index[i] = g->id[x[i].live];
        return key_set_read(k, g->groups.table, index, count, to);
    }
    for (uint32_t i = 0; i < count; i++) index[i] = g->row[x[i].live];
    for (uint32_t i = 0; i < k->cols; i++) {
        result_gather(&to[i], &c->in->col[k->col[i]], index, count);
    }
    return true;
}

static bool chunk_emit(const struct changes *c, const struct answer *x, uint32_t count,
                       struct err *e) {
    const struct groups_plan *p = &c->g->plan;
    struct batch head;
    struct column_builder *b = result_open(c->op, count, e);
    uint32_t *index = arena_alloc(c->op->batch_arena, count * sizeof *index);
    if (!b || !index || !head_fill(c, x, count, &head)) return err_memory(e);
    if (!chunk_note(c, &head) || !keys_read(c, x, count, b)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) index[i] = x[i].from;
    for (uint32_t s = 0; s < p->slots; s++) {
        result_gather(&b[p->key.cols + s], &c->col[s], index, count);
    }
    return result_emit(c->op, b, &head, e);
}

bool group_answers_emit(const struct changes *c, struct err *e) {
    uint32_t count = 0, step = c->op->query->options.batch_rows;
    struct answer *x = answers_make(c, &count);
    if (!x) return err_memory(e);
    if (step < 2) step = 2;
    for (uint32_t from = 0, to; from < count; from = to) {
        to = count - from < step ? count : from + step;
        if (to < count && x[to].kind == CHANGE_AFTER) to--; /* a pair stays together */
        struct arena_mark mark = arena_mark(c->op->batch_arena);
        if (!chunk_emit(c, x + from, to - from, e)) return false;
        arena_rewind(c->op->batch_arena, mark);
    }
    return true;
}
