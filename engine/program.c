/* program.c: see program.h.
 *
 *     trees -> program_node.c: one graph, folded -> program_emit.c: steps over slots
 *           -> program_buffer.c: memory for slots -> program_step.c: runs
 *
 * A run walks the steps once. Nothing is allocated but from the batch arena; a batch without live
 * rows computes nothing. Rows that failed are taken out of the result at the end, in the order of
 * rows, so that neither the order of steps nor the cut of batches shows.
 */
#include "engine/program.h"

#include <assert.h>
#include <string.h>

#include "engine/program_private.h"

/* Does a step make values that are large? */
static bool makes_large(const struct program *p) {
    for (uint32_t i = 0; i < p->steps; i++) {
        const struct fn *fn = p->step[i].site.fn;
        if (fn && fn->flags & (FN_PIXELS | FN_LARGE)) return true;
    }
    return false;
}

static struct program *program_create_for(const struct program_options *o, uint32_t rows_max,
                                          struct err *e) {
    struct program *p = ARENA_NEW(o->arena, p);
    if (!p) {
        err_memory(e);
        return NULL;
    }
    p->kernels = kernels_best();
    p->arena = o->arena;
    p->rows_max = rows_max;
    p->input = o->input;
    arena_init(&p->slice, 0);

    struct arena scratch;
    arena_init(&scratch, 0);
    bool ok = program_emit(p, o, &scratch, e);
    if (ok && !program_assign_buffers(p, &scratch)) ok = err_memory(e);
    p->sliced = ok && rows_max > 1 && makes_large(p);
    arena_done(&scratch);
    if (ok) return p;
    program_close(p);
    return NULL;
}

struct program *program_create(const struct program_options *o, struct err *e) {
    assert(o->arena && (o->exprs == 0 || o->expr));
    assert(o->rows_max <= BATCH_ROWS);
    return program_create_for(o, o->rows_max ? o->rows_max : BATCH_ROWS, e);
}

void program_close(struct program *p) {
    if (!p) return;
    arena_done(&p->slice);
    for (uint32_t i = 0; i < p->steps; i++) site_close(&p->step[i].site);
    p->steps = 0;
}

/* Every slot that a step would fill in is NULL. */
static void slots_clear(struct program *p) {
    for (uint32_t i = 0; i < p->steps; i++) {
        const struct step *s = &p->step[i];
        if (s->run == step_narrow) continue;
        p->slot[s->out] = (struct column){.type = s->type, .valid = p->zeros, .as.any = p->zeros};
    }
}

static void run_load(struct program *p, const struct batch *in) {
    for (uint32_t i = 0; i < p->loads; i++) {
        assert(!in->schema || p->load[i].column < in->schema->cols);
        p->slot[p->load[i].slot] = in->col[p->load[i].column];
    }
    for (uint32_t i = 0; i < p->buffers; i++) p->buffer[i] = NULL;
    p->selection[0] = (struct selection){.sel = in->sel, .live = in->live};
}

bool run_steps(struct run *r, struct err *e) {
    struct program *p = r->program;
    assert(r->rows <= p->rows_max && r->in->live <= r->rows);
    run_load(p, r->in);
    if (r->in->live == 0) {
        slots_clear(p);
        return true;
    }
    for (uint32_t i = 0; i < p->steps; i++) {
        if (!p->step[i].run(r, &p->step[i], e)) return false;
    }
    return true;
}

static void run_init(struct run *r, struct program *p, const struct batch *in, struct arena *a) {
    r->program = p;
    r->in = in;
    r->arena = a;
    r->rows = in->rows;
    r->words = bit_words(in->rows);
    fn_errors_init(&r->errors, a);
}

/* The failures in the order of rows; each row has one at most. */
static bool failures_sort(struct run *r, struct program_result *out) {
    const struct fn_errors *x = &r->errors;
    uint32_t before[BATCH_ROWS / 64], sum = 0;
    struct row_failure *list = ARENA_ARRAY(r->arena, list, x->count);
    if (!list) return false;
    for (uint32_t w = 0; w < r->words; w++) {
        before[w] = sum;
        sum += (uint32_t)__builtin_popcountll(x->row[w]);
    }
    assert(sum == x->count);
    for (uint32_t i = 0; i < x->count; i++) {
        const struct fn_failure *f = &x->failure[i];
        uint64_t lower = x->row[f->row / 64] & ((UINT64_C(1) << f->row % 64) - 1);
        struct row_failure *to = &list[before[f->row / 64] + (uint32_t)__builtin_popcountll(lower)];
        to->row = f->row;
        to->message = f->message;
        memcpy(to->sqlstate, f->sqlstate, sizeof to->sqlstate);
    }
    out->failure = list;
    out->failures = x->count;
    return true;
}

/* The live rows without those that failed. */
static bool result_rows(struct run *r, struct program_result *out, struct err *e) {
    out->sel = r->in->sel;
    out->live = r->in->live;
    if (r->errors.count == 0) return true;

    uint64_t good[BATCH_ROWS / 64];
    for (uint32_t w = 0; w < r->words; w++) good[w] = ~r->errors.row[w];
    uint16_t *sel = arena_alloc(r->arena, r->rows * sizeof *sel);
    if (!sel || !failures_sort(r, out)) return err_memory(e);
    out->live = selection_cut(r->program, &r->program->selection[0], good, r->rows, sel);
    out->sel = sel;
    return true;
}

bool program_run(struct program *p, const struct batch *in, struct arena *batch_arena,
                 struct program_result *out, struct err *e) {
    struct run r;
    run_init(&r, p, in, batch_arena);
    struct program_result result = {.col = ARENA_ARRAY(batch_arena, result.col, p->exprs + 1)};
    if (!result.col) return err_memory(e);
    if (p->sliced && in->live > 0) {
        if (!run_slices(&r, result.col, e)) return false;
    } else {
        if (!run_steps(&r, e)) return false;
        for (uint32_t i = 0; i < p->exprs; i++) result.col[i] = p->slot[p->expr[i]];
    }
    if (!result_rows(&r, &result, e)) return false;
    *out = result;
    return true;
}

bool program_select(struct program *p, const struct batch *in, struct arena *batch_arena,
                    uint16_t *sel_out, struct program_result *out, struct err *e) {
    assert(p->exprs == 1);
    struct program_result result;
    if (!program_run(p, in, batch_arena, &result, e)) return false;
    const struct column *truth = &result.col[0];
    assert(type_rep(truth->type) == REP_B8);

    uint64_t mask[BATCH_ROWS / 64];
    p->kernels->mask.from_b8(in->rows, truth->as.b8, mask);
    if (truth->valid) {
        for (uint32_t w = 0; w < bit_words(in->rows); w++) mask[w] &= truth->valid[w];
    }
    struct selection good = {.sel = result.sel, .live = result.live};
    result.live = result.live ? selection_cut(p, &good, mask, in->rows, sel_out) : 0;
    result.sel = sel_out;
    *out = result;
    return true;
}

/* Saved state: for each step that saves, uint32 length and bytes, in the order of steps. */
bool program_save(const struct program *p, struct buf *out) {
    for (uint32_t i = 0; i < p->steps; i++) {
        const struct site *s = &p->step[i].site;
        if (!s->fn || !s->fn->save) continue;
        size_t at = out->bytes;
        uint32_t bytes = 0;
        buf_add(out, &bytes, sizeof bytes);
        if (!s->fn->save(s->state, out) || out->failed) return false;
        bytes = (uint32_t)(out->bytes - at - sizeof bytes);
        memcpy(out->at + at, &bytes, sizeof bytes);
    }
    return !out->failed;
}

bool program_load(struct program *p, struct text saved, struct err *e) {
    for (uint32_t i = 0; i < p->steps; i++) {
        const struct site *s = &p->step[i].site;
        if (!s->fn || !s->fn->save) continue;
        uint32_t bytes = 0;
        bool whole = saved.bytes >= sizeof bytes;
        if (whole) memcpy(&bytes, saved.at, sizeof bytes);
        if (!whole || saved.bytes - sizeof bytes < bytes) {
            return err_set(e, ERR_CORRUPT, "XX001", "saved state of %s is cut short", s->fn->name);
        }
        struct text own = {.at = saved.at + sizeof bytes, .bytes = bytes};
        if (!s->fn->load(s->state, own, e)) return false;
        saved.at += sizeof bytes + bytes;
        saved.bytes -= (uint32_t)sizeof bytes + bytes;
    }
    return saved.bytes == 0 ||
           err_set(e, ERR_CORRUPT, "XX001", "saved state of expressions is too long");
}

bool program_fold(const struct expr *x, struct arena *a, struct column *out, struct err *e) {
    static const struct schema no_columns = {.cols = 0};
    const struct program_options o = {.expr = &x, .exprs = 1, .input = &no_columns, .arena = a};
    struct program *p = program_create_for(&o, 1, e);
    if (!p) return false;

    struct batch one = {.schema = &no_columns, .rows = 1, .live = 1};
    struct program_result result;
    bool ok = program_run(p, &one, a, &result, e);
    program_close(p);
    if (!ok) return false;
    if (result.failures > 0) {
        const struct row_failure *f = &result.failure[0];
        return err_set(e, ERR_DATA, f->sqlstate, "%s", f->message);
    }
    *out = result.col[0];
    return true;
}
