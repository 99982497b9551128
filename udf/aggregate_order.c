/* aggregate_order.c: FIRST_VALUE and LAST_VALUE.
 *
 * A state keeps the value and the ordinal of its row, so states may be merged in any order. Values
 * of fixed size stand in the state itself, text is copied, what is nested is packed. Rows with one
 * ordinal (windows of one row) count in the order in which they come.
 */
#include <string.h>

#include "engine/base/builder.h"
#include "engine/base/pack.h"
#include "udf/aggregate.h"

enum { INLINE_BYTES = 16 };

struct edge {
    uint64_t ordinal;
    int64_t has;
    char value[INLINE_BYTES]; /* or a struct text of the copied or packed value */
};

/* Bytes of a value that stands in the state; 0: it is copied out. */
static uint32_t inline_bytes(const struct type *t) {
    enum rep r = type_rep(t);
    if (r == REP_I64 || r == REP_F64 || r == REP_I128) return rep_bytes(r);
    return r == REP_B8 && t->id != TYPE_ROW ? 1 : 0;
}

static bool edge_set(const struct agg_call *c, struct edge *s, const struct column *v, uint32_t row,
                     struct err *e) {
    uint32_t bytes = inline_bytes(v->type);
    if (bytes > 0) {
        memcpy(s->value, (const char *)v->as.any + (size_t)row * bytes, bytes);
        return true;
    }
    struct text t;
    if (type_rep(v->type) == REP_TEXT) {
        t = v->as.text[row];
        t.at = arena_copy(c->arena, t.at, t.bytes);
        if (!t.at) return err_memory(e);
    } else {
        size_t packed = pack_bytes(v, row);
        char *at = packed <= UINT32_MAX ? arena_alloc(c->arena, packed) : NULL;
        if (!at) return err_memory(e);
        pack_value(at, v, row, PACK_EXACT);
        t = (struct text){.at = at, .bytes = (uint32_t)packed};
    }
    memcpy(s->value, &t, sizeof t);
    return true;
}

/* Is a row (or state) with ordinal `other` the edge now? */
static bool edge_moves(const struct edge *s, uint64_t other, bool last) {
    if (!s->has) return true;
    return last ? other >= s->ordinal : other < s->ordinal;
}

static bool edge_add(const struct agg_call *c, const struct agg_rows *in, bool last,
                     struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct edge *s = in->state[i];
        if (!column_has(in->arg, row) || !edge_moves(s, in->ordinal[row], last)) continue;
        if (!edge_set(c, s, in->arg, row, e)) return false;
        s->ordinal = in->ordinal[row];
        s->has = 1;
    }
    return true;
}

/* Values that were copied out are copied again: the other state's memory may go before ours. */
static bool edge_copy(const struct agg_call *c, struct edge *to, const struct edge *from,
                      struct err *e) {
    *to = *from;
    if (inline_bytes(c->bind->arg_type[0]) > 0) return true;
    struct text t;
    memcpy(&t, from->value, sizeof t);
    t.at = arena_copy(c->arena, t.at, t.bytes);
    if (!t.at) return err_memory(e);
    memcpy(to->value, &t, sizeof t);
    return true;
}

static bool edge_merge(const struct agg_call *c, void *into, const void *from, bool last,
                       struct err *e) {
    const struct edge *b = from;
    if (!b->has || !edge_moves(into, b->ordinal, last)) return true;
    return edge_copy(c, into, b, e);
}

static bool first_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    return edge_add(c, in, false, e);
}

static bool last_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    return edge_add(c, in, true, e);
}

static bool first_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    return edge_merge(c, into, from, false, e);
}

static bool last_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    return edge_merge(c, into, from, true, e);
}

static bool edge_read(const struct edge *s, struct column_builder *out, struct err *e) {
    uint32_t bytes = inline_bytes(out->type);
    struct text t;
    if (bytes > 0) {
        if (!builder_reserve(out, 1)) return err_memory(e);
        memcpy((char *)out->as.any + (size_t)out->rows * bytes, s->value, bytes);
        out->rows++;
        return true;
    }
    memcpy(&t, s->value, sizeof t);
    if (type_rep(out->type) == REP_TEXT) {
        builder_text(out, t);
        return true;
    }
    return unpack_value(&t, out) || err_set(e, ERR_CORRUPT, "XX001", "a saved value is damaged");
}

static bool edge_finish(const struct agg_call *c, void *const *state, uint32_t count,
                        struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct edge *s = state[i];
        if (!s->has) {
            builder_null(out);
        } else if (!edge_read(s, out, e)) {
            return false;
        }
    }
    return !out->failed || err_memory(e);
}

/* The state, and behind it what it points to. */
static bool edge_save(const struct agg_call *c, const void *state, struct buf *out) {
    const struct edge *s = state;
    buf_add(out, s, sizeof *s);
    if (s->has && inline_bytes(c->bind->arg_type[0]) == 0) {
        struct text t;
        memcpy(&t, s->value, sizeof t);
        buf_add_text(out, t);
    }
    return !out->failed;
}

static bool edge_load(const struct agg_call *c, void *state, struct text saved, struct err *e) {
    struct edge *s = state;
    if (saved.bytes < sizeof *s) {
        return err_set(e, ERR_CORRUPT, "XX001", "a saved value is damaged");
    }
    memcpy(s, saved.at, sizeof *s);
    if (!s->has || inline_bytes(c->bind->arg_type[0]) > 0) return true;
    struct text t = {.bytes = saved.bytes - (uint32_t)sizeof *s};
    t.at = arena_copy(c->arena, saved.at + sizeof *s, t.bytes);
    if (!t.at) return err_memory(e);
    memcpy(s->value, &t, sizeof t);
    return true;
}

static const struct type *same_type(const struct agg_bind *b, struct err *e) {
    (void)e;
    return b->arg_type[0];
}

static const struct aggregate rows[] = {
    {.name = "first_value",
     .sig = "first_value(T) T",
     .doc = "The first value that is not NULL, in the order of rows.",
     .example = "first_value(v) = 2 FROM (VALUES (NULL), (2), (1)) AS t(v)",
     .flags = AGG_ORDERED,
     .state_bytes = sizeof(struct edge),
     .type = same_type,
     .add = first_add,
     .merge = first_merge,
     .finish = edge_finish,
     .save = edge_save,
     .load = edge_load},
    {.name = "last_value",
     .sig = "last_value(T) T",
     .doc = "The last value that is not NULL, in the order of rows.",
     .example = "last_value(v) = 1 FROM (VALUES (2), (1), (NULL)) AS t(v)",
     .flags = AGG_ORDERED,
     .state_bytes = sizeof(struct edge),
     .type = same_type,
     .add = last_add,
     .merge = last_merge,
     .finish = edge_finish,
     .save = edge_save,
     .load = edge_load},
};

const struct agg_table aggregate_order_table = {.agg = rows, .count = COUNT_OF(rows)};
