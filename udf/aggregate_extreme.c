/* aggregate_extreme.c: MIN and MAX of every type that has an order.
 *
 * Numbers and times compare in place; text keeps a copy of the best value so far; what is nested
 * keeps it packed and unpacks it to compare. NaN is above all numbers, -0.0 equals 0.0, and of
 * equal values the first stays. Nothing subtracts: a window merges its panes, a retraction is
 * computed anew from the rows kept.
 */
#include "udf/aggregate.h"

#include <assert.h>

#include "engine/base/builder.h"
#include "engine/base/pack.h"

struct best_i64 {
    int64_t v;
    int64_t has;
};
struct best_f64 {
    double v;
    int64_t has;
};
struct best_i128 {
    int128_t v;
    int64_t has;
    int64_t unused;
};
struct best_b8 {
    int64_t v;
    int64_t has;
};
struct best_text { /* the value, or the packed value */
    struct text v;
    int64_t has;
};

static inline uint32_t row_at(const struct agg_rows *in, uint32_t i) {
    return in->row ? in->row[i] : i;
}

#define LESS(a, b) ((a) < (b))
#define MORE(a, b) ((a) > (b))
/* NaN above all: a < b, a > b in that order. */
#define F64_LESS(a, b) ((a) < (b) || ((b) != (b) && (a) == (a)))
#define F64_MORE(a, b) ((a) > (b) || ((a) != (a) && (b) == (b)))

/* <min|max>_<sfx>_{add,merge}: keeps the value for which BETTER(value, kept) holds. */
#define DEFINE_EXTREME(name, sfx, BETTER)                                                          \
    static bool name##_##sfx##_add(const struct agg_call *c, const struct agg_rows *in,            \
                                   struct err *e) {                                                \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        const struct column *arg = in->arg;                                                        \
        for (uint32_t i = 0; i < in->count; i++) {                                                 \
            uint32_t row = row_at(in, i);                                                          \
            struct best_##sfx *s = in->state[i];                                                   \
            if (arg->valid && !column_has(arg, row)) continue;                                     \
            if (s->has && !BETTER(arg->as.sfx[row], s->v)) continue;                               \
            s->v = arg->as.sfx[row];                                                               \
            s->has = 1;                                                                            \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    static bool name##_##sfx##_merge(const struct agg_call *c, void *into, const void *from,       \
                                     struct err *e) {                                              \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        struct best_##sfx *a = into;                                                               \
        const struct best_##sfx *b = from;                                                         \
        if (b->has && (!a->has || BETTER(b->v, a->v))) *a = *b;                                    \
        return true;                                                                               \
    }

/* <min|max>_<sfx>_trace: as add, but that each state is copied after its row. */
#define DEFINE_TRACE(name, sfx, BETTER)                                                            \
    static bool name##_##sfx##_trace(const struct agg_call *c, const struct agg_rows *in,          \
                                     const uint8_t *take, char *after, struct err *e) {            \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        const struct column *arg = in->arg;                                                        \
        struct best_##sfx *copy = (void *)after;                                                   \
        for (uint32_t i = 0; i < in->count; i++) {                                                 \
            uint32_t row = row_at(in, i);                                                          \
            struct best_##sfx *s = in->state[i];                                                   \
            bool comes = (!take || take[i]) && (!arg->valid || column_has(arg, row));              \
            if (comes && (!s->has || BETTER(arg->as.sfx[row], s->v))) {                            \
                s->v = arg->as.sfx[row];                                                           \
                s->has = 1;                                                                        \
            }                                                                                      \
            copy[i] = *s;                                                                          \
        }                                                                                          \
        return true;                                                                               \
    }

#define DEFINE_FINISH(sfx, ctype)                                                                  \
    static bool sfx##_finish(const struct agg_call *c, void *const *state, uint32_t count,         \
                             struct column_builder *out, struct agg_failures *fail,                \
                             struct err *e) {                                                      \
        (void)c;                                                                                   \
        (void)fail;                                                                                \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            const struct best_##sfx *s = state[i];                                                 \
            if (s->has) {                                                                          \
                builder_##sfx(out, (ctype)s->v);                                                   \
            } else {                                                                               \
                builder_null(out);                                                                 \
            }                                                                                      \
        }                                                                                          \
        return !out->failed || err_memory(e);                                                      \
    }

DEFINE_EXTREME(min, i64, LESS)
DEFINE_EXTREME(max, i64, MORE)
DEFINE_EXTREME(min, f64, F64_LESS)
DEFINE_EXTREME(max, f64, F64_MORE)
DEFINE_EXTREME(min, i128, LESS)
DEFINE_EXTREME(max, i128, MORE)
DEFINE_EXTREME(min, b8, LESS)
DEFINE_EXTREME(max, b8, MORE)
DEFINE_TRACE(min, i64, LESS)
DEFINE_TRACE(max, i64, MORE)
DEFINE_TRACE(min, f64, F64_LESS)
DEFINE_TRACE(max, f64, F64_MORE)
DEFINE_TRACE(min, i128, LESS)
DEFINE_TRACE(max, i128, MORE)
DEFINE_TRACE(min, b8, LESS)
DEFINE_TRACE(max, b8, MORE)
DEFINE_FINISH(i64, int64_t)
DEFINE_FINISH(f64, double)
DEFINE_FINISH(i128, int128_t)
DEFINE_FINISH(b8, uint8_t)

static bool text_keep(const struct agg_call *c, struct best_text *s, struct text v, struct err *e) {
    v.at = arena_copy(c->arena, v.at, v.bytes);
    if (!v.at) return err_memory(e);
    *s = (struct best_text){.v = v, .has = 1};
    return true;
}

/* sign: -1 keeps the least, 1 the greatest. */
static bool text_add(const struct agg_call *c, const struct agg_rows *in, int sign, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = row_at(in, i);
        struct best_text *s = in->state[i];
        if (!column_has(in->arg, row)) continue;
        struct text v = in->arg->as.text[row];
        if (s->has && sign * text_compare(v, s->v) <= 0) continue;
        if (!text_keep(c, s, v, e)) return false;
    }
    return true;
}

static bool text_trace(const struct agg_call *c, const struct agg_rows *in, const uint8_t *take,
                       char *after, int sign, struct err *e) {
    struct best_text *copy = (void *)after;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = row_at(in, i);
        struct best_text *s = in->state[i];
        bool comes = (!take || take[i]) && column_has(in->arg, row);
        struct text v = in->arg->as.text[row];
        bool better = comes && (!s->has || sign * text_compare(v, s->v) > 0);
        if (better && !text_keep(c, s, v, e)) return false;
        copy[i] = *s;
    }
    return true;
}

static bool text_merge(const struct agg_call *c, struct best_text *a, const struct best_text *b,
                       int sign, struct err *e) {
    if (!b->has || (a->has && sign * text_compare(b->v, a->v) <= 0)) return true;
    return text_keep(c, a, b->v, e);
}

static bool text_finish(const struct agg_call *c, void *const *state, uint32_t count,
                        struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct best_text *s = state[i];
        if (s->has) {
            builder_text(out, s->v);
        } else {
            builder_null(out);
        }
    }
    return !out->failed || err_memory(e);
}

/* A packed value as a column of one row, in `a`. */
static bool any_unpack(const struct type *type, struct text packed, struct arena *a,
                       struct column *out, struct err *e) {
    struct column_builder b;
    if (!builder_init(&b, a, type, 1)) return err_memory(e);
    if (!unpack_value(&packed, &b)) {
        return err_set(e, ERR_CORRUPT, "XX001", "a saved MIN or MAX is damaged");
    }
    return builder_column(&b, out) || err_memory(e);
}

/* Keeps row `row` of `v` where it is better than what is kept. */
static bool any_offer(const struct agg_call *c, struct best_text *s, const struct column *v,
                      uint32_t row, int sign, struct err *e) {
    if (s->has) {
        struct arena_mark mark = arena_mark(c->arena);
        struct column kept;
        if (!any_unpack(v->type, s->v, c->arena, &kept, e)) return false;
        int order = column_compare(v, row, &kept, 0);
        arena_rewind(c->arena, mark);
        if (sign * order <= 0) return true;
    }
    size_t bytes = pack_bytes(v, row);
    char *at = arena_alloc(c->arena, bytes);
    if (!at || bytes > UINT32_MAX) return err_memory(e);
    pack_value(at, v, row, PACK_EXACT);
    *s = (struct best_text){.v = {.at = at, .bytes = (uint32_t)bytes}, .has = 1};
    return true;
}

static bool any_add(const struct agg_call *c, const struct agg_rows *in, int sign, struct err *e) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = row_at(in, i);
        if (!column_has(in->arg, row)) continue;
        if (!any_offer(c, in->state[i], in->arg, row, sign, e)) return false;
    }
    return true;
}

static bool any_merge(const struct agg_call *c, struct best_text *a, const struct best_text *b,
                      int sign, struct err *e) {
    if (!b->has) return true;
    struct arena_mark mark = arena_mark(c->arena);
    struct column other;
    if (!any_unpack(c->bind->arg_type[0], b->v, c->arena, &other, e)) return false;
    bool better = !a->has;
    if (a->has) {
        struct column kept;
        if (!any_unpack(c->bind->arg_type[0], a->v, c->arena, &kept, e)) return false;
        better = sign * column_compare(&other, 0, &kept, 0) > 0;
    }
    arena_rewind(c->arena, mark);
    return !better || text_keep(c, a, b->v, e);
}

static bool any_finish(const struct agg_call *c, void *const *state, uint32_t count,
                       struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct best_text *s = state[i];
        struct text at = s->v;
        if (!s->has) {
            builder_null(out);
        } else if (!unpack_value(&at, out)) {
            return err_set(e, ERR_CORRUPT, "XX001", "a saved MIN or MAX is damaged");
        }
    }
    return !out->failed || err_memory(e);
}

#define DEFINE_SIGNED(name, kind, sign)                                                            \
    static bool name##_##kind##_add(const struct agg_call *c, const struct agg_rows *in,           \
                                    struct err *e) {                                               \
        return kind##_add(c, in, (sign), e);                                                       \
    }                                                                                              \
    static bool name##_##kind##_merge(const struct agg_call *c, void *into, const void *from,      \
                                      struct err *e) {                                             \
        return kind##_merge(c, into, from, (sign), e);                                             \
    }

static bool min_text_trace(const struct agg_call *c, const struct agg_rows *in, const uint8_t *take,
                           char *after, struct err *e) {
    return text_trace(c, in, take, after, -1, e);
}

static bool max_text_trace(const struct agg_call *c, const struct agg_rows *in, const uint8_t *take,
                           char *after, struct err *e) {
    return text_trace(c, in, take, after, 1, e);
}

DEFINE_SIGNED(min, text, -1)
DEFINE_SIGNED(max, text, 1)
DEFINE_SIGNED(min, any, -1)
DEFINE_SIGNED(max, any, 1)

static bool best_save(const struct agg_call *c, const void *state, struct buf *out) {
    (void)c;
    const struct best_text *s = state;
    buf_add_char(out, s->has ? 1 : 0);
    buf_add_text(out, s->v);
    return !out->failed;
}

static bool best_load(const struct agg_call *c, void *state, struct text saved, struct err *e) {
    if (saved.bytes == 0) return err_set(e, ERR_CORRUPT, "XX001", "a saved MIN or MAX is damaged");
    if (saved.at[0] == 0) return true;
    struct text v = {.at = saved.at + 1, .bytes = saved.bytes - 1};
    return text_keep(c, state, v, e);
}

/* Rows that the table's signatures cannot tell apart by themselves: the argument's own type. */
static const struct type *same_type(const struct agg_bind *b, struct err *e) {
    if (type_is_ordered(b->arg_type[0])) return b->arg_type[0];
    err_set(e, ERR_SQL, "42883", "%s has no order: there is no MIN or MAX of it",
            type_name(b->arg_type[0]->id));
    return NULL;
}

/* pick: the one of two values in their order that is meant. */
#define LEAST(low, high) low
#define GREATEST(low, high) high
#define EXTREME_EXAMPLE(fn, pick, low, high)                                                       \
#fn "(v) = " pick(low, high) " FROM (VALUES (" high "), (NULL), (" low ")) AS t(v)"

#define EXTREME_ROW(fn, word, pick, arg, sfx, low, high)                                           \
    {                                                                                              \
        .name = #fn, .sig = #fn "(" arg ") " arg,                                                  \
        .doc = word " value that is not NULL; NULL for none.",                                     \
        .example = EXTREME_EXAMPLE(fn, pick, low, high), .flags = AGG_NO_DISTINCT | AGG_EXTREME,   \
        .state_bytes = sizeof(struct best_##sfx), .type = same_type, .add = fn##_##sfx##_add,      \
        .trace = fn##_##sfx##_trace, .merge = fn##_##sfx##_merge, .finish = sfx##_finish           \
    }

#define EXTREME_COPY_ROW(fn, word, pick, arg, kind, TRACE, low, high)                              \
    {                                                                                              \
        .name = #fn, .sig = #fn "(" arg ") " arg,                                                  \
        .doc = word " value that is not NULL; NULL for none.",                                     \
        .example = EXTREME_EXAMPLE(fn, pick, low, high), .flags = AGG_NO_DISTINCT | AGG_EXTREME,   \
        .state_bytes = sizeof(struct best_text), .type = same_type, .add = fn##_##kind##_add,      \
        .trace = (TRACE), .merge = fn##_##kind##_merge, .finish = kind##_finish,                   \
        .save = best_save, .load = best_load                                                       \
    }

#define EXTREME_ROWS(fn, word, pick)                                                               \
    EXTREME_ROW(fn, word, pick, "BIGINT", i64, "-1", "2"),                                         \
        EXTREME_ROW(fn, word, pick, "DOUBLE", f64, "-1e0", "2.5e0"),                               \
        EXTREME_ROW(fn, word, pick, "DECIMAL", i128, "-1.25", "2.5"),                              \
        EXTREME_ROW(fn, word, pick, "BOOLEAN", b8, "FALSE", "TRUE"),                               \
        EXTREME_ROW(fn, word, pick, "TIMESTAMP", i64, "TIMESTAMP '2026-01-01 00:00:00'",           \
                    "TIMESTAMP '2026-01-01 00:00:00.5'"),                                          \
        EXTREME_ROW(fn, word, pick, "DATE", i64, "DATE '2026-01-01'", "DATE '2026-01-02'"),        \
        EXTREME_ROW(fn, word, pick, "TIME", i64, "TIME '09:00:00'", "TIME '10:00:00'"),            \
        EXTREME_ROW(fn, word, pick, "INTERVAL", i64, "INTERVAL '50' SECOND",                       \
                    "INTERVAL '1' MINUTE"),                                                        \
        EXTREME_COPY_ROW(fn, word, pick, "TEXT", text, fn##_text_trace, "'a'", "'ab'"),            \
        EXTREME_COPY_ROW(fn, word, pick, "BLOB", text, fn##_text_trace, "x'00ff'", "x'01'"),       \
        EXTREME_COPY_ROW(fn, word, pick, "T", any, NULL, "ARRAY[1, 2]", "ARRAY[1, 3]")

static const struct aggregate rows[] = {
    EXTREME_ROWS(min, "The least", LEAST),
    EXTREME_ROWS(max, "The greatest", GREATEST),
};

const struct agg_table aggregate_extreme_table = {.agg = rows, .count = COUNT_OF(rows)};
