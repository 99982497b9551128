/* result.c: see result.h. Rows that only carry time are not live, but a program may compute on
 * them, so their columns must be readable: all point at one page of zeros.
 */
#include "engine/op/result.h"

#include <stdalign.h>

enum { VALUE_BYTES_MAX = 16 };

static const alignas(64) char zeros[BATCH_ROWS * VALUE_BYTES_MAX];

struct column_builder *result_open(struct op *op, uint32_t rows, struct err *e) {
    const struct schema *s = op->plan->schema;
    struct column_builder *b = ARENA_ARRAY(op->batch_arena, b, s->cols);
    for (uint32_t c = 0; b && c < s->cols; c++) {
        if (!builder_init(&b[c], op->batch_arena, s->col[c].type, rows)) b = NULL;
    }
    if (!b) err_memory(e);
    return b;
}

bool result_emit(struct op *op, struct column_builder *b, const struct batch *head, struct err *e) {
    const struct schema *s = op->plan->schema;
    struct column *col = ARENA_ARRAY(op->batch_arena, col, s->cols);
    if (!col) return err_memory(e);
    for (uint32_t c = 0; c < s->cols; c++) {
        if (!builder_column(&b[c], &col[c])) return err_memory(e);
        assert(b[c].rows == b[0].rows);
    }
    struct batch out = *head;
    out.schema = s;
    out.col = col;
    out.rows = s->cols > 0 ? b[0].rows : head->rows;
    if (!out.sel) out.live = out.rows;
    return out.rows == 0 || op_emit(op, &out, e);
}

bool result_emit_at(struct op *op, struct column_builder *b, const struct batch *head,
                    struct err *e) {
    uint64_t *ordinal = arena_alloc(op->batch_arena, head->rows * sizeof *ordinal);
    if (!ordinal) return err_memory(e);
    for (uint32_t i = 0; i < head->rows; i++) ordinal[i] = head->first.ordinal;
    struct batch out = *head;
    out.ordinal = ordinal;
    return result_emit(op, b, &out, e);
}

#define DEFINE_GATHER(sfx, ctype)                                                                  \
    static void gather_##sfx(struct column_builder *to, const struct column *from,                 \
                             const uint32_t *index, uint32_t count) {                              \
        ctype *at = to->as.sfx + to->rows;                                                         \
        for (uint32_t i = 0; i < count; i++) at[i] = from->as.sfx[index[i]];                       \
    }

DEFINE_GATHER(b8, uint8_t)
DEFINE_GATHER(i64, int64_t)
DEFINE_GATHER(f64, double)
DEFINE_GATHER(i128, int128_t)
DEFINE_GATHER(text, struct text)

static void gather_nulls(struct column_builder *to, const struct column *from,
                         const uint32_t *index, uint32_t count) {
    if (!from->valid) return;
    for (uint32_t i = 0; i < count; i++) {
        if (bit_get(from->valid, index[i])) continue;
        bit_clear(to->valid, to->rows + i);
        to->has_null = true;
    }
}

void result_gather(struct column_builder *to, const struct column *from, const uint32_t *index,
                   uint32_t count) {
    bool nested = from->type->fields > 0 || type_rep(from->type) == REP_TENSOR;
    if (nested || !builder_reserve(to, count)) {
        for (uint32_t i = 0; i < count; i++) builder_copy(to, from, index[i]);
        return;
    }
    switch (type_rep(from->type)) {
    case REP_B8: gather_b8(to, from, index, count); break;
    case REP_I64: gather_i64(to, from, index, count); break;
    case REP_F64: gather_f64(to, from, index, count); break;
    case REP_I128: gather_i128(to, from, index, count); break;
    case REP_TEXT: gather_text(to, from, index, count); break;
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT: assert(false);
    }
    gather_nulls(to, from, index, count);
    to->rows += count;
}

static bool blank_column(const struct type *t, struct arena *a, struct column *out) {
    struct column *child = NULL;
    if (t->fields > 0) child = ARENA_ARRAY(a, child, t->fields);
    if (t->fields > 0 && !child) return false;
    for (uint32_t i = 0; i < t->fields; i++) {
        if (!blank_column(t->field[i].type, a, &child[i])) return false;
    }
    assert(rep_bytes(type_rep(t)) <= VALUE_BYTES_MAX);
    *out =
        (struct column){.type = t, .valid = (const void *)zeros, .as.any = zeros, .child = child};
    return true;
}

struct column *result_blank(const struct schema *s, struct arena *a) {
    struct column *col = ARENA_ARRAY(a, col, s->cols);
    for (uint32_t c = 0; col && c < s->cols; c++) {
        if (!blank_column(s->col[c].type, a, &col[c])) return NULL;
    }
    return col;
}

bool result_time(struct op *op, const struct column *blank, const struct batch *in, uint32_t from,
                 uint32_t to, struct err *e) {
    assert(from <= to && to <= in->rows);
    if (from == to) return true;
    struct batch out = {
        .schema = op->plan->schema,
        .col = blank,
        .sel = (const void *)zeros,
        .rows = to - from,
        .ordinal = in->ordinal ? in->ordinal + from : NULL,
        .watermark_us = in->watermark_us ? in->watermark_us + from : NULL,
        .proctime_us = in->proctime_us ? in->proctime_us + from : NULL,
        .first = {.ordinal = batch_ordinal(in, from),
                  .watermark_us = batch_watermark(in, from),
                  .proctime_us = batch_proctime(in, from)},
    };
    return op_emit(op, &out, e);
}
