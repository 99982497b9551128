/* program_slice.c: programs whose values are large, run for a few rows at a time.
 *
 * A batch of small files may be gigabytes of pixels. What lies between the input and the results
 * is computed slice by slice in an arena of its own, which is emptied behind each; only results are
 * copied into the batch's. A slice begins with one row and has twice as many each time while its
 * memory stays small. Nothing of this shows: a slice is to the steps what a smaller batch is.
 */
#include <assert.h>

#include "engine/base/builder.h"
#include "engine/program_private.h"

enum {
    SLICE_ROWS_MAX = 64,
    SLICE_BYTES = 16 << 20, /* more than this: fewer rows next time */
    KEPT_BYTES = 64 << 20,  /* more than this is given back at once */
};

/* Which input column expression i is as it stands; -1: none. */
static int32_t input_of(const struct program *p, uint32_t i) {
    for (uint32_t k = 0; k < p->loads; k++) {
        if (p->load[k].slot == p->expr[i]) return (int32_t)p->load[k].column;
    }
    return -1;
}

/* Appends the slice's rows to the results, NULLs for the rows between that are not live. */
static bool keep_slice(const struct program *p, const struct batch *slice,
                       struct column_builder *to) {
    for (uint32_t i = 0; i < p->exprs; i++) {
        if (input_of(p, i) >= 0) continue;
        for (uint32_t k = 0; k < slice->live; k++) {
            uint32_t row = batch_row(slice, k);
            while (to[i].rows < row && !to[i].failed) builder_null(&to[i]);
            builder_copy(&to[i], &p->slot[p->expr[i]], row);
        }
        if (to[i].failed) return false;
    }
    return true;
}

static bool finish(const struct program *p, const struct batch *in, struct column_builder *build,
                   struct column *to) {
    for (uint32_t i = 0; i < p->exprs; i++) {
        int32_t column = input_of(p, i);
        if (column >= 0) {
            to[i] = in->col[column];
            continue;
        }
        while (build[i].rows < in->rows && !build[i].failed) builder_null(&build[i]);
        if (!builder_column(&build[i], &to[i])) return false;
    }
    return true;
}

static void slice_reset(struct program *p, uint32_t rows) {
    size_t held = p->slice.held_bytes;
    if (held > KEPT_BYTES)
        arena_done(&p->slice);
    else
        arena_reset(&p->slice);
    p->slice_rows = held > SLICE_BYTES ? (rows + 1) / 2 : rows * 2;
    if (p->slice_rows > SLICE_ROWS_MAX) p->slice_rows = SLICE_ROWS_MAX;
}

bool run_slices(struct run *r, struct column *to, struct err *e) {
    struct program *p = r->program;
    const struct batch *in = r->in;
    struct arena *results = r->arena;
    struct column_builder *build = ARENA_ARRAY(results, build, p->exprs + 1);
    uint16_t *sel = arena_alloc(results, in->live * sizeof *sel);
    if (!build || !sel) return err_memory(e);
    for (uint32_t i = 0; i < in->live; i++) sel[i] = (uint16_t)batch_row(in, i);
    for (uint32_t i = 0; i < p->exprs; i++) {
        const struct type *type = p->slot[p->expr[i]].type;
        if (input_of(p, i) >= 0) continue;
        if (!builder_init(&build[i], results, type, in->rows)) return err_memory(e);
    }
    if (p->slice_rows == 0) p->slice_rows = 1;
    r->arena = &p->slice;
    for (uint32_t from = 0, rows; from < in->live; from += rows) {
        rows = in->live - from < p->slice_rows ? in->live - from : p->slice_rows;
        struct batch slice = *in;
        slice.sel = sel + from;
        slice.live = rows;
        r->in = &slice;
        if (!run_steps(r, e)) return false;
        if (!keep_slice(p, &slice, build)) return err_memory(e);
        slice_reset(p, rows);
    }
    r->in = in;
    r->arena = results;
    p->selection[0] = (struct selection){.sel = in->sel, .live = in->live};
    return finish(p, in, build, to) || err_memory(e);
}
