/* row_set.c: see row_set.h. A batch goes through in one upsert, then its rows are counted in order;
 * nothing is copied: the selection narrows to the rows that change something.
 *
 * Saved: the next place 8, the age, the table.
 */
#include "engine/op/row_set.h"

#include <string.h>

#include "engine/op/order.h"
#include "engine/op/result.h"
#include "engine/query_private.h"

struct row_count {
    uint64_t place; /* of the first row on the left, in the order of rows */
    int64_t rows[]; /* [sides] */
};

static uint32_t sides_of(const struct row_set *s) {
    return s->kind == ROW_SET_UNION ? 1 : 2;
}

static struct row_count *count_at(const struct row_set *s, uint32_t id) {
    return state_value(s->table, id);
}

bool row_set_open(struct row_set *s, struct op *op, enum row_set_kind kind, bool final,
                  struct err *e) {
    const struct schema *schema = op->plan->schema;
    uint32_t *col = ARENA_ARRAY(op->arena, col, schema->cols);
    if (!col) return err_memory(e);
    for (uint32_t c = 0; c < schema->cols; c++) col[c] = c;
    s->kind = kind;
    if (!key_set_open(&s->key, schema, schema->cols, col, op->arena)) return err_memory(e);
    if (!age_open(&s->age, op, final, e)) return false;
    struct state_options o = {
        .key_bytes = s->key.key_bytes,
        .value_bytes = (uint32_t)(sizeof(struct row_count) + sides_of(s) * sizeof(int64_t)),
        .ttl_us = s->age.ttl_us};
    s->table = state_table_create(op->keyed, &o, e);
    return s->table != NULL;
}

void row_set_close(struct row_set *s) {
    state_table_destroy(s->table);
    s->table = NULL;
}

static bool is_in(const struct row_set *s, const struct row_count *x) {
    if (s->kind == ROW_SET_UNION) return x->rows[0] > 0;
    return x->rows[0] > 0 && (x->rows[1] > 0) == (s->kind == ROW_SET_INTERSECT);
}

/* Counts one row of a side; what it changes: +I, -D, or nothing (CHANGE_BEFORE). */
static int8_t row_count(struct row_set *s, uint32_t port, bool retracts, uint32_t id) {
    struct row_count *x = count_at(s, id);
    bool before = is_in(s, x);
    if (retracts && x->rows[port] == 0) return CHANGE_BEFORE; /* it was forgotten */
    if (port == 0 && !retracts && x->rows[0] == 0) x->place = s->next_place++;
    x->rows[port] += retracts ? -1 : 1;
    bool now = is_in(s, x);
    if (before == now) return CHANGE_BEFORE;
    return now ? CHANGE_INSERT : CHANGE_DELETE;
}

/* What no side has any more goes. */
static void ids_sweep(struct row_set *s, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!state_is_live(s->table, s->id[i])) continue;
        const struct row_count *x = count_at(s, s->id[i]);
        bool gone = x->rows[0] == 0 && (sides_of(s) == 1 || x->rows[1] == 0);
        if (gone) state_remove(s->table, s->id[i]);
    }
}

/* The entries of the live rows. */
static bool ids_find(struct row_set *s, struct op *op, const struct batch *in, struct err *e) {
    struct arena *a = op->batch_arena;
    struct state_keys keys;
    struct key_rows rows = {.in = in, .row = s->row, .count = in->live};
    for (uint32_t i = 0; i < in->live; i++) s->row[i] = (uint16_t)batch_row(in, i);
    if (!key_set_make(&s->key, &rows, a, &keys)) return err_memory(e);
    if (!age_keys(&s->age, s->row, a, &keys)) return err_memory(e);
    return state_upsert(s->table, &keys, s->id, e);
}

bool row_set_count(struct row_set *s, struct op *op, uint32_t port, const struct batch *in,
                   struct batch *out, struct err *e) {
    assert(port < sides_of(s));
    if (!ids_find(s, op, in, e)) return false;
    *out = *in;
    out->schema = op->plan->schema;
    out->sel = s->sel;
    out->live = 0;
    bool deletes = false;
    for (uint32_t i = 0; i < in->live; i++) {
        bool retracts = change_is_retraction(batch_change(in, s->row[i]));
        int8_t kind = row_count(s, port, retracts, s->id[i]);
        if (kind == CHANGE_BEFORE) continue;
        s->change[s->row[i]] = kind;
        s->sel[out->live++] = s->row[i];
        deletes = deletes || kind == CHANGE_DELETE;
    }
    if (in->change) ids_sweep(s, in->live);
    out->change = deletes ? s->change : NULL;
    return true;
}

static bool rows_emit(struct row_set *s, struct op *op, const struct order_item *item,
                      uint32_t count, const struct mark *m, struct err *e) {
    struct column_builder *b = result_open(op, count, e);
    if (!b) return false;
    for (uint32_t i = 0; i < count; i++) s->id[i] = item[i].id;
    if (!key_set_read(&s->key, s->table, s->id, count, b)) return err_memory(e);
    struct batch head = {.rows = count, .first = *m};
    return result_emit_at(op, b, &head, e);
}

bool row_set_give(struct row_set *s, struct op *op, const struct mark *m, struct err *e) {
    struct arena *a = op->batch_arena;
    struct order_item *item = arena_alloc(a, (s->table->count + (size_t)1) * sizeof *item);
    if (!item) return err_memory(e);
    uint32_t count = 0, step = op->query->options.batch_rows;
    for (uint32_t id = 0; id < s->table->used; id++) {
        if (!state_is_live(s->table, id) || !is_in(s, count_at(s, id))) continue;
        item[count++] = (struct order_item){.ordinal = count_at(s, id)->place, .id = id};
    }
    if (!order_sort(item, count, a)) return err_memory(e);
    for (uint32_t from = 0; from < count; from += step) {
        uint32_t n = count - from < step ? count - from : step;
        struct arena_mark mark = arena_mark(a);
        if (!rows_emit(s, op, item + from, n, m, e)) return false;
        arena_rewind(a, mark);
    }
    return true;
}

bool row_set_save(const struct row_set *s, struct buf *out, struct err *e) {
    buf_add(out, &s->next_place, sizeof s->next_place);
    age_save(&s->age, out);
    return state_table_save(s->table, out, e);
}

bool row_set_load(struct row_set *s, struct text at, struct err *e) {
    if (at.bytes < sizeof s->next_place) {
        return err_set(e, ERR_CORRUPT, "XX001", "the saved state of a set of rows is damaged");
    }
    memcpy(&s->next_place, at.at, sizeof s->next_place);
    at.at += sizeof s->next_place;
    at.bytes -= (uint32_t)sizeof s->next_place;
    return age_load(&s->age, &at, e) && state_table_load(s->table, &at, e);
}
