/* program_step.c: what each step of a program does with a batch.
 *
 * Dense steps compute every row of the arrays, wanted or not: they cannot fail, and the loop
 * without a selection is vector code. Other steps compute the rows of their context; where that is
 * not every row, the values of the others are zero, so that what reads them densely later reads
 * the same in every run.
 *
 * NULLs: `valid` of a result is the AND of the arguments' masks for strict functions. A row that
 * fails becomes NULL for the steps behind it: they skip it, and the first failure stands.
 */
#include <assert.h>
#include <string.h>

#include "engine/base/builder.h"
#include "engine/program_private.h"

static uint32_t tail_bits(uint32_t rows) {
    return rows % 64;
}

/* No row of the mask is NULL. */
static bool mask_is_full(const uint64_t *mask, uint32_t rows) {
    uint64_t all = UINT64_MAX;
    for (uint32_t i = 0; i < rows / 64; i++) all &= mask[i];
    if (tail_bits(rows)) all &= mask[rows / 64] | UINT64_MAX << tail_bits(rows);
    return all == UINT64_MAX;
}

static uint64_t *mask_new(struct run *r, struct err *e) {
    uint64_t *mask = arena_alloc(r->arena, r->words * sizeof *mask);
    if (!mask) err_memory(e);
    return mask;
}

/* Memory for the values of the step's slot, zeroed where not every row will be written. */
static void *values_new(struct run *r, const struct step *s, bool zero, struct err *e) {
    size_t size = rep_bytes(type_rep(s->type));
    void **buffer = &r->program->buffer[s->buffer];
    if (!*buffer) *buffer = arena_alloc(r->arena, r->words * 64 * size);
    if (!*buffer) {
        err_memory(e);
        return NULL;
    }
    if (zero) memset(*buffer, 0, r->rows * size);
    return *buffer;
}

static const struct column *slot_of(const struct run *r, const struct step *s, uint32_t i) {
    assert(i < s->args);
    return &r->program->slot[s->arg[i]];
}

/* Nobody needs the slot in this run: it is NULL in every row. */
static void slot_clear(struct run *r, const struct step *s) {
    struct program *p = r->program;
    p->slot[s->out] =
        (struct column){.type = s->type, .valid = p->zeros, .as.any = p->zeros, .child = NULL};
}

uint32_t selection_cut(const struct program *p, const struct selection *from, const uint64_t *mask,
                       uint32_t rows, uint16_t *to) {
    if (!from->sel) return p->kernels->mask.to_sel(rows, mask, to);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < from->live; i++) {
        uint16_t row = from->sel[i];
        to[kept] = row;
        kept += bit_get(mask, row);
    }
    return kept;
}

/* valid = AND of the arguments' masks; returns whether any argument has one. */
static bool valid_and(const struct run *r, const struct step *s, uint64_t *valid) {
    bool any = false;
    memset(valid, 0xFF, r->words * sizeof *valid);
    for (uint32_t i = 0; i < s->args; i++) {
        const uint64_t *mask = slot_of(r, s, i)->valid;
        if (!mask) continue;
        any = true;
        for (uint32_t w = 0; w < r->words; w++) valid[w] &= mask[w];
    }
    return any;
}

/* Rows that have failed by now are NULL in what the step gives. */
static void failures_to_null(const struct run *r, uint32_t before, uint64_t *valid) {
    for (uint32_t i = before; i < r->errors.count; i++) {
        bit_clear(valid, r->errors.failure[i].row);
    }
}

static void call_prepare(struct run *r, const struct step *s, struct fn_call *c) {
    struct program *p = r->program;
    for (uint32_t i = 0; i < s->args; i++) p->args[i] = *slot_of(r, s, i);
    *c = (struct fn_call){.arg = p->args,
                          .args = s->args,
                          .type = s->type,
                          .live = r->rows,
                          .rows = r->rows,
                          .arena = r->arena,
                          .state = s->site.state,
                          .batch = r->in,
                          .errors = &r->errors};
}

bool step_call(struct run *r, const struct step *s, struct err *e) {
    struct program *p = r->program;
    const struct selection *from = &p->selection[s->sel];
    if (!s->dense && from->live == 0) {
        slot_clear(r, s);
        return true;
    }
    struct fn_call c;
    call_prepare(r, s, &c);
    uint64_t *valid = mask_new(r, e);
    if (!valid) return false;
    bool strict = s->site.fn->flags & FN_STRICT;
    if (strict ? !valid_and(r, s, valid) : true) strict = false;
    if (!(s->site.fn->flags & FN_STRICT)) memset(valid, 0xFF, r->words * sizeof *valid);

    if (!s->dense) {
        c.sel = from->sel;
        c.live = from->live;
        if (strict) {
            c.live = selection_cut(p, from, valid, r->rows, p->rows_cut);
            c.sel = p->rows_cut;
        }
    }
    void *values = values_new(r, s, c.live < r->rows, e);
    if (!values) return false;
    struct fn_result out = {.as.any = values, .valid = valid};
    uint32_t failures = r->errors.count;
    if (c.live > 0 && !s->site.fn->call(&c, &out, e)) return false;
    if (r->errors.no_memory) return err_memory(e);
    failures_to_null(r, failures, valid);

    p->slot[s->out] = (struct column){.type = s->type,
                                      .valid = mask_is_full(valid, r->rows) ? NULL : valid,
                                      .as.any = values,
                                      .child = out.child};
    return true;
}

bool step_retype(struct run *r, const struct step *s, struct err *e) {
    (void)e;
    struct column *out = &r->program->slot[s->out];
    *out = *slot_of(r, s, 0);
    out->type = s->type;
    return true;
}

bool step_field(struct run *r, const struct step *s, struct err *e) {
    const struct column *row = slot_of(r, s, 0);
    if (!row->child) {
        slot_clear(r, s);
        return true;
    }
    struct column field = row->child[s->column];
    field.type = s->type;
    if (row->valid) {
        uint64_t *valid = mask_new(r, e);
        if (!valid) return false;
        for (uint32_t w = 0; w < r->words; w++) {
            valid[w] = row->valid[w] & (field.valid ? field.valid[w] : UINT64_MAX);
        }
        field.valid = valid;
    }
    r->program->slot[s->out] = field;
    return true;
}

/* Where a BOOLEAN column is true (truth 1) or false (truth 0), not NULL. */
static void mask_of_truth(const struct run *r, const struct column *c, bool truth, uint64_t *mask) {
    r->program->kernels->mask.from_b8(r->rows, c->as.b8, mask);
    for (uint32_t w = 0; w < r->words; w++) {
        if (!truth) mask[w] = ~mask[w];
        if (c->valid) mask[w] &= c->valid[w];
    }
}

/* AND of two columns where there are NULLs; OR is AND with true and false exchanged: it is
 * `decided` (false for AND) where either is, the other value where both are that, else NULL. */
static bool logic_nulls(struct run *r, const struct step *s, bool decided, struct err *e) {
    const struct column *a = slot_of(r, s, 0), *b = slot_of(r, s, 1);
    uint64_t *valid = mask_new(r, e), *truth = mask_new(r, e);
    uint8_t *out = values_new(r, s, false, e);
    if (!valid || !truth || !out) return false;

    uint64_t of_b[BATCH_ROWS / 64], other_a[BATCH_ROWS / 64], other_b[BATCH_ROWS / 64];
    mask_of_truth(r, a, decided, valid);
    mask_of_truth(r, b, decided, of_b);
    mask_of_truth(r, a, !decided, other_a);
    mask_of_truth(r, b, !decided, other_b);
    for (uint32_t w = 0; w < r->words; w++) {
        uint64_t is_decided = valid[w] | of_b[w], is_other = other_a[w] & other_b[w];
        truth[w] = decided ? is_decided : is_other;
        valid[w] = is_decided | is_other;
    }
    r->program->kernels->mask.to_b8(r->rows, truth, out);
    r->program->slot[s->out] = (struct column){.type = s->type, .valid = valid, .as.b8 = out};
    return true;
}

bool step_and(struct run *r, const struct step *s, struct err *e) {
    const struct column *a = slot_of(r, s, 0), *b = slot_of(r, s, 1);
    if (a->valid || b->valid) return logic_nulls(r, s, false, e);
    uint8_t *out = values_new(r, s, false, e);
    if (!out) return false;
    for (uint32_t i = 0; i < r->rows; i++) out[i] = a->as.b8[i] & b->as.b8[i];
    r->program->slot[s->out] = (struct column){.type = s->type, .as.b8 = out};
    return true;
}

bool step_or(struct run *r, const struct step *s, struct err *e) {
    const struct column *a = slot_of(r, s, 0), *b = slot_of(r, s, 1);
    if (a->valid || b->valid) return logic_nulls(r, s, true, e);
    uint8_t *out = values_new(r, s, false, e);
    if (!out) return false;
    for (uint32_t i = 0; i < r->rows; i++) out[i] = a->as.b8[i] | b->as.b8[i];
    r->program->slot[s->out] = (struct column){.type = s->type, .as.b8 = out};
    return true;
}

bool step_narrow(struct run *r, const struct step *s, struct err *e) {
    struct program *p = r->program;
    const struct selection *from = &p->selection[s->sel];
    struct selection *to = &p->selection[s->out];
    *to = (struct selection){.sel = NULL, .live = 0};
    if (from->live == 0) return true;

    uint64_t mask[BATCH_ROWS / 64];
    uint16_t *sel = arena_alloc(r->arena, from->live * sizeof *sel);
    if (!sel) return err_memory(e);
    mask_of_truth(r, slot_of(r, s, 0), s->keep != KEEP_NOT_FALSE, mask);
    if (s->keep != KEEP_TRUE) {
        for (uint32_t w = 0; w < r->words; w++) mask[w] = ~mask[w];
    }
    to->live = selection_cut(p, from, mask, r->rows, sel);
    to->sel = sel;
    return true;
}

#define DEFINE_MERGE(sfx, ctype)                                                                   \
    static void merge_##sfx(const struct selection *from, const void *values, void *out) {         \
        const ctype *a = values;                                                                   \
        ctype *to = out;                                                                           \
        for (uint32_t i = 0; i < from->live; i++) {                                                \
            uint32_t row = from->sel ? from->sel[i] : i;                                           \
            to[row] = a[row];                                                                      \
        }                                                                                          \
    }

DEFINE_MERGE(b8, uint8_t)
DEFINE_MERGE(i64, int64_t)
DEFINE_MERGE(i128, int128_t)

/* Copies the values of the rows `from` into out and valid. */
static void merge_flat(const struct selection *from, const struct column *c, void *out,
                       uint64_t *valid) {
    switch (rep_bytes(type_rep(c->type))) {
    case sizeof(uint8_t): merge_b8(from, c->as.any, out); break;
    case sizeof(int64_t): merge_i64(from, c->as.any, out); break;
    case sizeof(int128_t): merge_i128(from, c->as.any, out); break;
    default: assert(false);
    }
    for (uint32_t i = 0; c->valid && i < from->live; i++) {
        uint32_t row = from->sel ? from->sel[i] : i;
        if (!bit_get(c->valid, row)) bit_clear(valid, row);
    }
}

/* Values that point at children are copied deep, row by row. */
static bool merge_nested(struct run *r, const struct step *s, struct err *e) {
    struct column_builder b;
    const struct column **source = ARENA_ARRAY(r->arena, source, r->rows);
    if (!source || !builder_init(&b, r->arena, s->type, r->rows)) return err_memory(e);
    for (uint32_t i = 0; i < s->args; i++) {
        const struct selection *from = &r->program->selection[s->arg_sel[i]];
        for (uint32_t k = 0; k < from->live; k++) {
            source[from->sel ? from->sel[k] : k] = slot_of(r, s, i);
        }
    }
    for (uint32_t row = 0; row < r->rows; row++) {
        if (source[row])
            builder_copy(&b, source[row], row);
        else
            builder_null(&b);
    }
    return builder_column(&b, &r->program->slot[s->out]) || err_memory(e);
}

bool step_merge(struct run *r, const struct step *s, struct err *e) {
    if (r->program->selection[s->sel].live == 0) {
        slot_clear(r, s);
        return true;
    }
    if (s->type->fields > 0) return merge_nested(r, s, e);
    uint64_t *valid = mask_new(r, e);
    void *out = values_new(r, s, true, e);
    if (!valid || !out) return false;
    memset(valid, 0xFF, r->words * sizeof *valid);
    for (uint32_t i = 0; i < s->args; i++) {
        merge_flat(&r->program->selection[s->arg_sel[i]], slot_of(r, s, i), out, valid);
    }
    r->program->slot[s->out] = (struct column){
        .type = s->type, .valid = mask_is_full(valid, r->rows) ? NULL : valid, .as.any = out};
    return true;
}

static void blend(const struct run *r, const uint8_t *cond, const struct column *then,
                  const struct column *otherwise, void *out) {
    const struct mask_kernels *k = &r->program->kernels->mask;
    const void *a = then->as.any, *b = otherwise->as.any;
    switch (rep_bytes(type_rep(then->type))) {
    case 1: k->blend_8(r->rows, cond, a, b, out); return;
    case 8: k->blend_64(r->rows, cond, a, b, out); return;
    case 16: k->blend_128(r->rows, cond, a, b, out); return;
    default: assert(false);
    }
}

/* valid = where cond, that of `then`, else that of `otherwise`. */
static bool blend_valid(struct run *r, const uint64_t *cond, const struct column *then,
                        struct column *io, struct err *e) {
    if (!then->valid && !io->valid) return true;
    uint64_t *valid = mask_new(r, e);
    if (!valid) return false;
    for (uint32_t w = 0; w < r->words; w++) {
        uint64_t a = then->valid ? then->valid[w] : UINT64_MAX;
        uint64_t b = io->valid ? io->valid[w] : UINT64_MAX;
        valid[w] = (a & cond[w]) | (b & ~cond[w]);
    }
    io->valid = valid;
    return true;
}

/* From the last branch to the first, each over what stands behind it. */
bool step_blend(struct run *r, const struct step *s, struct err *e) {
    struct column io = *slot_of(r, s, s->args - 1);
    void *out = values_new(r, s, false, e);
    if (!out) return false;
    uint64_t mask[BATCH_ROWS / 64];
    uint8_t cond[BATCH_ROWS];
    for (uint32_t i = s->args - 1; i > 0; i -= 2) {
        const struct column *when = slot_of(r, s, i - 2), *then = slot_of(r, s, i - 1);
        const uint8_t *truth = when->as.b8;
        if (when->valid || then->valid || io.valid) {
            mask_of_truth(r, when, true, mask);
            if (!blend_valid(r, mask, then, &io, e)) return false;
        }
        if (when->valid) {
            r->program->kernels->mask.to_b8(r->rows, mask, cond);
            truth = cond;
        }
        blend(r, truth, then, &io, out);
        io.as.any = out;
    }
    io.type = s->type;
    r->program->slot[s->out] = io;
    return true;
}
