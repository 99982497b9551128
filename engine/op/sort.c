/* sort.c: ORDER BY of a bounded input: rows are kept until its end, then given in order.
 *
 * Rows are kept as columns and an order of row numbers is sorted (merge sort, stable: equal rows as
 * they came). Where only the first n are wanted, the kept rows are sorted and cut to n whenever
 * they have grown to a few times n.
 */
#include <string.h>

#include "engine/base/pack.h"
#include "engine/op/result.h"
#include "engine/query_private.h"
#include "storage/state.h"

enum { CUT_MIN_ROWS = 4096, CUT_FACTOR = 4, ROWS_MAX = 1 << 30 };

struct sort {
    const struct plan_sort *plan;
    struct arena arena[2];      /* of the kept rows, and for rewriting them */
    uint32_t now;               /* which of the two holds them */
    struct column_builder *row; /* [schema->cols] */
    int64_t passed_us;          /* the watermark before the last row */
    size_t counted_bytes;
    struct column *blank;
};

/* Two sides of a comparison are rows of these columns. */
struct sort_keys {
    const struct plan_sort *plan;
    const struct column *col;
};

static bool rows_open(const struct schema *schema, struct arena *a, struct column_builder **out) {
    struct column_builder *b = ARENA_ARRAY(a, b, schema->cols);
    for (uint32_t c = 0; b && c < schema->cols; c++) {
        if (!builder_init(&b[c], a, schema->col[c].type, 0)) return false;
    }
    *out = b;
    return b != NULL;
}

static bool sort_open(struct op *op, const struct plan *plan, struct err *e) {
    struct sort *s = op->state;
    s->plan = &plan->as.sort;
    s->passed_us = TIME_MIN_US;
    if (plan->input[0]->changes) {
        return err_set(e, ERR_SQL, "0A000", "ORDER BY of a result that changes is not supported");
    }
    s->blank = result_blank(plan->schema, op->arena);
    if (!s->blank || !rows_open(plan->schema, &s->arena[0], &s->row)) return err_memory(e);
    return true;
}

static int rows_compare(const struct sort_keys *k, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < k->plan->keys; i++) {
        const struct sort_key *key = &k->plan->key[i];
        const struct column *c = &k->col[key->col];
        bool has_a = column_has(c, a), has_b = column_has(c, b);
        if (has_a != has_b) return has_a == key->nulls_last ? -1 : 1;
        if (!has_a) continue;
        int order = column_compare(c, a, c, b);
        if (order != 0) return key->descending ? -order : order;
    }
    return 0;
}

/* Merges runs [from, middle) and [middle, to). */
static void runs_merge(const struct sort_keys *k, const uint32_t *in, uint32_t *out,
                       const uint32_t at[3]) {
    uint32_t a = at[0], b = at[1];
    for (uint32_t i = at[0]; i < at[2]; i++) {
        bool take_a = a < at[1] && (b == at[2] || rows_compare(k, in[a], in[b]) <= 0);
        out[i] = take_a ? in[a++] : in[b++];
    }
}

/* Row numbers 0 .. rows - 1 in order, in `a`. NULL: no memory. */
static uint32_t *rows_order(const struct sort_keys *k, uint32_t rows, struct arena *a) {
    uint32_t *in = arena_alloc(a, ((size_t)rows + 1) * sizeof *in);
    uint32_t *out = arena_alloc(a, ((size_t)rows + 1) * sizeof *out);
    if (!in || !out) return NULL;
    for (uint32_t i = 0; i < rows; i++) in[i] = i;
    for (uint64_t run = 1; run < rows; run *= 2) {
        for (uint64_t from = 0; from < rows; from += 2 * run) {
            uint64_t middle = from + run < rows ? from + run : rows;
            uint64_t to = middle + run < rows ? middle + run : rows;
            uint32_t at[3] = {(uint32_t)from, (uint32_t)middle, (uint32_t)to};
            runs_merge(k, in, out, at);
        }
        uint32_t *swap = in;
        in = out;
        out = swap;
    }
    return in;
}

static struct column *rows_columns(struct sort *s, const struct schema *schema, struct arena *a) {
    struct column *col = ARENA_ARRAY(a, col, schema->cols);
    for (uint32_t c = 0; col && c < schema->cols; c++) {
        if (!builder_column(&s->row[c], &col[c])) return NULL;
    }
    return col;
}

static void sort_count(struct op *op) {
    struct sort *s = op->state;
    size_t bytes = s->arena[0].held_bytes + s->arena[1].held_bytes;
    state_count(op->keyed, (int64_t)bytes - (int64_t)s->counted_bytes);
    s->counted_bytes = bytes;
}

/* Keeps the first plan->limit rows only. */
static bool rows_cut(struct op *op, uint32_t rows, struct err *e) {
    struct sort *s = op->state;
    const struct schema *schema = op->plan->schema;
    struct arena *old = &s->arena[s->now], *fresh = &s->arena[1 - s->now];
    struct column *col = rows_columns(s, schema, old);
    struct sort_keys keys = {.plan = s->plan, .col = col};
    uint32_t *order = col ? rows_order(&keys, rows, old) : NULL;
    struct column_builder *b;
    if (!order || !rows_open(schema, fresh, &b)) return err_memory(e);
    for (uint32_t c = 0; c < schema->cols; c++) {
        for (int64_t i = 0; i < s->plan->limit && i < rows; i++) {
            builder_copy(&b[c], &col[c], order[i]);
        }
        if (b[c].failed) return err_memory(e);
    }
    arena_reset(old);
    s->now = 1 - s->now;
    s->row = b;
    return true;
}

static bool sort_push(struct op *op, uint32_t port, const struct batch *in, struct err *e) {
    struct sort *s = op->state;
    (void)port;
    const struct schema *schema = op->plan->schema;
    uint32_t rows = schema->cols > 0 ? s->row[0].rows : 0;
    if (rows > ROWS_MAX) return err_set(e, ERR_LIMIT, "54000", "too many rows to sort");
    for (uint32_t c = 0; c < schema->cols; c++) {
        for (uint32_t i = 0; i < in->live; i++) {
            builder_copy(&s->row[c], &in->col[c], batch_row(in, i));
        }
        if (s->row[c].failed) return err_memory(e);
    }
    rows += in->live;
    bool cut = s->plan->limit >= 0 && rows >= CUT_MIN_ROWS && rows / CUT_FACTOR > s->plan->limit;
    if (cut && !rows_cut(op, rows, e)) return false;
    sort_count(op);
    if (in->rows > 0) s->passed_us = batch_watermark(in, in->rows - 1);
    return result_time(op, s->blank, in, 0, in->rows, e);
}

static bool rows_give(struct op *op, const struct mark *m, struct err *e) {
    struct sort *s = op->state;
    const struct schema *schema = op->plan->schema;
    uint32_t rows = schema->cols > 0 ? s->row[0].rows : 0, step = op->query->options.batch_rows;
    struct arena *a = &s->arena[s->now];
    struct column *col = rows_columns(s, schema, a);
    struct sort_keys keys = {.plan = s->plan, .col = col};
    uint32_t *order = col ? rows_order(&keys, rows, a) : NULL;
    if (!order) return err_memory(e);
    if (s->plan->limit >= 0 && s->plan->limit < rows) rows = (uint32_t)s->plan->limit;
    for (uint32_t from = 0; from < rows; from += step) {
        uint32_t n = rows - from < step ? rows - from : step;
        struct arena_mark mark = arena_mark(op->batch_arena);
        struct column_builder *b = result_open(op, n, e);
        if (!b) return false;
        for (uint32_t c = 0; c < schema->cols; c++) {
            result_gather(&b[c], &col[c], order + from, n);
        }
        struct batch head = {.rows = n, .first = *m};
        head.first.watermark_us = s->passed_us;
        if (!result_emit_at(op, b, &head, e)) return false;
        arena_rewind(op->batch_arena, mark);
    }
    return true;
}

static bool sort_flush(struct op *op, uint32_t port, const struct mark *m, struct err *e) {
    if (m->watermark_us == TIME_END_US && !rows_give(op, m, e)) return false;
    return op_pass_flush(op, port, m, e);
}

static void sort_close(struct op *op) {
    struct sort *s = op->state;
    state_count(op->keyed, -(int64_t)s->counted_bytes);
    arena_done(&s->arena[0]);
    arena_done(&s->arena[1]);
}

/* Saved: rows 4, then row by row its values, packed. */
static bool sort_save(struct op *op, struct buf *out, struct err *e) {
    struct sort *s = op->state;
    const struct schema *schema = op->plan->schema;
    uint32_t rows = schema->cols > 0 ? s->row[0].rows : 0;
    struct column *col = rows_columns(s, schema, &s->arena[s->now]);
    if (!col) return err_memory(e);
    buf_add(out, &rows, sizeof rows);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t c = 0; c < schema->cols; c++) {
            size_t bytes = pack_bytes(&col[c], i);
            if (!buf_reserve(out, bytes)) return err_memory(e);
            pack_value(out->at + out->bytes, &col[c], i, PACK_EXACT);
            out->bytes += bytes;
        }
    }
    return !out->failed || err_memory(e);
}

static bool sort_load(struct op *op, struct text saved, struct err *e) {
    struct sort *s = op->state;
    const struct schema *schema = op->plan->schema;
    uint32_t rows;
    if (saved.bytes < sizeof rows) goto damaged;
    memcpy(&rows, saved.at, sizeof rows);
    saved.at = arena_copy(&s->arena[s->now], saved.at + sizeof rows, saved.bytes - sizeof rows);
    saved.bytes -= (uint32_t)sizeof rows;
    if (!saved.at) return err_memory(e);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t c = 0; c < schema->cols; c++) {
            if (!unpack_value(&saved, &s->row[c])) goto damaged;
            if (s->row[c].failed) return err_memory(e);
        }
    }
    sort_count(op);
    return true;

damaged:
    return err_set(e, ERR_CORRUPT, "XX001", "the saved rows of a Sort are damaged");
}

const struct op_type op_sort = {
    .name = "Sort",
    .state_bytes = sizeof(struct sort),
    .open = sort_open,
    .push = sort_push,
    .flush = sort_flush,
    .close = sort_close,
    .save = sort_save,
    .load = sort_load,
};
