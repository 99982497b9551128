/* unnest.c: Unnest: a row for each element of an array or map, with what stands beside it.
 *
 * Every row that comes out has the ordinal and the time of the row it was made from; a row without
 * elements leaves its time behind (LEFT JOIN: itself, with NULLs). What comes out goes on in pieces
 * of as many rows as the query says. The halves of an update become as many rows each as they have
 * elements, so they are deletions and insertions from here on.
 */
#include <assert.h>
#include <string.h>

#include "engine/op/result.h"
#include "engine/query_private.h"

#define ELEMENT_NONE UINT32_MAX

/* A row that comes out. */
struct nested {
    uint32_t row;     /* of the input */
    uint32_t element; /* of the array's child; ELEMENT_NONE: none */
    uint32_t place;   /* of the element, from 0 */
    bool live;        /* else it only carries time */
};

static bool time_arrays(struct op *op, const struct batch *in, const struct nested *x,
                        uint32_t count, struct batch *head) {
    struct arena *a = op->batch_arena;
    uint64_t *ordinal = ARENA_ARRAY(a, ordinal, count);
    int64_t *watermark = ARENA_ARRAY(a, watermark, count);
    int64_t *proctime = ARENA_ARRAY(a, proctime, count);
    int8_t *change = ARENA_ARRAY(a, change, count);
    uint16_t *sel = ARENA_ARRAY(a, sel, count);
    if (!ordinal || !watermark || !proctime || !change || !sel) return false;
    *head = (struct batch){.rows = count,
                           .sel = sel,
                           .ordinal = ordinal,
                           .watermark_us = watermark,
                           .proctime_us = proctime,
                           .change = in->change ? change : NULL};
    for (uint32_t i = 0; i < count; i++) {
        ordinal[i] = batch_ordinal(in, x[i].row);
        watermark[i] = batch_watermark(in, x[i].row);
        proctime[i] = batch_proctime(in, x[i].row);
        bool retracts = change_is_retraction(batch_change(in, x[i].row));
        change[i] = retracts ? CHANGE_DELETE : CHANGE_INSERT;
        if (x[i].live) sel[head->live++] = (uint16_t)i;
    }
    head->first = (struct mark){
        .ordinal = ordinal[0], .watermark_us = watermark[0], .proctime_us = proctime[0]};
    return true;
}

/* What becomes a column: the elements, keys or values, or one field of elements that are ROWs. */
struct part {
    uint32_t child;
    int32_t field; /* -1: the whole */
};

/* Appends that part of the elements. Rows that only carry time may come
 * with arrays that have no children at all. */
static void add_elements(struct column_builder *b, const struct column *array, const struct part *p,
                         const struct nested *x, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct column *from = x[i].element == ELEMENT_NONE ? NULL : &array->child[p->child];
        if (!from || !column_has(from, x[i].element)) {
            builder_null(b);
        } else {
            builder_copy(b, p->field < 0 ? from : &from->child[p->field], x[i].element);
        }
    }
}

static void add_places(struct column_builder *b, const struct nested *x, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (x[i].element == ELEMENT_NONE) {
            builder_null(b);
        } else {
            builder_i64(b, (int64_t)x[i].place + 1);
        }
    }
}

static void add_passed(struct op *op, struct column_builder *b, const struct batch *in,
                       const uint32_t *row, uint32_t count) {
    const struct plan_unnest *u = &op->plan->as.unnest;
    for (uint32_t i = 0; i < u->passes; i++) {
        const struct column *from = &in->col[u->pass_col[i]];
        if (from->as.any) {
            result_gather(&b[i], from, row, count);
            continue;
        }
        for (uint32_t k = 0; k < count; k++) builder_null(&b[i]); /* nobody reads it */
    }
}

/* Emits x[count]. */
static bool piece_emit(struct op *op, const struct batch *in, const struct nested *x,
                       uint32_t count, struct err *e) {
    const struct plan_unnest *u = &op->plan->as.unnest;
    const struct column *array = &in->col[u->col];
    struct arena_mark mark = arena_mark(op->batch_arena);
    struct batch head;
    struct column_builder *b = result_open(op, count, e);
    uint32_t *row = ARENA_ARRAY(op->batch_arena, row, count);
    if (!b || !row || !time_arrays(op, in, x, count, &head)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) row[i] = x[i].row;
    add_passed(op, b, in, row, count);
    uint32_t c = u->passes, parts = array->type->fields;
    if (u->spread) parts = array->type->field[0].type->fields;
    for (uint32_t f = 0; f < parts; f++) {
        struct part part = {u->spread ? 0 : f, u->spread ? (int32_t)f : -1};
        add_elements(&b[c++], array, &part, x, count);
    }
    if (u->ordinality) add_places(&b[c++], x, count);
    assert(c == op->plan->schema->cols);
    bool done = result_emit(op, b, &head, e);
    arena_rewind(op->batch_arena, mark);
    return done;
}

/* The rows that come out, gathered to pieces. */
struct pieces {
    struct op *op;
    const struct batch *in;
    struct nested *x; /* [room] */
    uint32_t count, room;
};

static bool piece_add(struct pieces *p, struct nested x, struct err *e) {
    p->x[p->count++] = x;
    if (p->count < p->room) return true;
    p->count = 0;
    return piece_emit(p->op, p->in, p->x, p->room, e);
}

static bool add_row(struct pieces *p, uint32_t row, bool live, struct err *e) {
    const struct plan_unnest *u = &p->op->plan->as.unnest;
    const struct column *array = &p->in->col[u->col];
    struct span span = {0};
    if (live && column_has(array, row)) span = array->as.span[row];
    for (uint32_t i = 0; i < span.count; i++) {
        struct nested x = {.row = row, .element = span.first + i, .place = i, .live = true};
        if (!piece_add(p, x, e)) return false;
    }
    struct nested none = {.row = row, .element = ELEMENT_NONE, .live = live && u->outer};
    return span.count > 0 || piece_add(p, none, e);
}

static bool unnest_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct pieces p = {.op = op, .in = in, .room = op->query->options.batch_rows};
    uint32_t live = 0;
    (void)port;
    p.x = ARENA_ARRAY(op->batch_arena, p.x, p.room);
    if (!p.x) return err_memory(e);
    for (uint32_t row = 0; row < in->rows; row++) {
        bool is_live = live < in->live && batch_row(in, live) == row;
        live += is_live;
        if (!add_row(&p, row, is_live, e)) return false;
    }
    return p.count == 0 || piece_emit(op, in, p.x, p.count, e);
}

const struct op_type op_unnest = {
    .name = "Unnest",
    .push = unnest_push,
    .flush = op_pass_flush,
    .close = op_close_nothing,
};
