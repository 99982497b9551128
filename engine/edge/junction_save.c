/* junction_save.c: a lane as bytes: 8 bytes, the source row that it has come to; 1, whether it has
 * ended; what failed; 4, how many blocks of rows wait; each a part of rows, their ordinals those of
 * the source.
 */
#include <assert.h>

#include "engine/edge/junction_private.h"
#include "engine/edge/rows_saved.h"

/* The rows from `at` on, at most a batch of them; how many, 0: no memory. */
static uint32_t block_save(const struct lane *l, uint32_t at, struct buf *out) {
    struct waiting w = l->rows; /* seen from row `at` on */
    struct batch b;
    struct arena a;
    uint32_t rows = w.rows - at < BATCH_ROWS ? w.rows - at : BATCH_ROWS;
    w.gone = at;
    arena_init(&a, 0);
    size_t part = saved_begin(out);
    bool made = waiting_batch(&w, rows, &a, &b);
    if (made) rows_save(out, &b, (struct rows_range){0, rows});
    saved_end(out, part);
    arena_done(&a);
    return made ? rows : 0;
}

bool lane_save(const struct lane *l, struct buf *out, struct err *e) {
    uint32_t waits = l->rows.rows - l->rows.gone;
    saved_put_u64(out, l->o.reached);
    saved_put_u8(out, l->ended);
    saved_put_err(out, &l->failure);
    saved_put_u32(out, (waits + BATCH_ROWS - 1) / BATCH_ROWS);
    for (uint32_t at = l->rows.gone; at < l->rows.rows;) {
        uint32_t rows = block_save(l, at, out);
        if (rows == 0) return err_memory(e);
        at += rows;
    }
    return !out->failed || err_memory(e);
}

bool lane_load(struct lane *l, const struct schema *schema, struct saved *s, struct err *e) {
    assert(l->rows.rows == 0);
    l->o.reached = saved_u64(s);
    l->ended = saved_bool(s);
    saved_err(s, &l->failure);
    l->failed = l->failure.code != ERR_NONE;
    uint32_t blocks = saved_count(s, sizeof(uint64_t));
    struct arena a;
    arena_init(&a, 0);
    bool ok = true;
    for (uint32_t i = 0; ok && i < blocks; i++) {
        struct saved part = saved_part(s);
        struct batch b;
        arena_reset(&a);
        ok = rows_load(&part, schema, &a, &b, e) && waiting_append(&l->rows, &b, 0, e);
    }
    arena_done(&a);
    return ok && (!s->damaged || saved_damaged("rows on their way", e));
}
