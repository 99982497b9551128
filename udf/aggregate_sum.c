/* aggregate_sum.c: COUNT, SUM, AVG, TOTAL.
 *
 * Sums of integers and decimals are kept exactly: a 128-bit sum that may wrap, and how often it
 * did (the 64 bits above it), so that the order of additions never matters and only the result is
 * judged. Because they are exact they also subtract: retractions and sliding windows undo what was
 * added. Floating sums never subtract (1e17 + 1 - 1e17 is 0): they have no remove and no unmerge.
 */
#include "udf/aggregate.h"

#include <assert.h>

#include "engine/base/builder.h"
#include "engine/base/decimal.h"

struct count {
    int64_t rows;
};

/* over * 2^128 + sum */
struct exact_sum {
    int128_t sum;
    int64_t over;
    int64_t rows; /* that had a value */
};

struct f64_sum {
    double sum;
    int64_t rows;
};

static inline uint32_t row_at(const struct agg_rows *in, uint32_t i) {
    return in->row ? in->row[i] : i;
}

static bool count_change(const struct agg_rows *in, int64_t by) {
    const struct column *arg = in->arg;
    for (uint32_t i = 0; i < in->count; i++) {
        struct count *s = in->state[i];
        if (arg && !column_has(arg, row_at(in, i))) continue;
        s->rows += by;
    }
    return true;
}

static bool count_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)e;
    assert(c->bind->args <= 1);
    struct agg_rows rows = *in;
    if (c->bind->args == 0 || !rows.arg->valid) rows.arg = NULL;
    return count_change(&rows, 1);
}

static bool count_trace(const struct agg_call *c, const struct agg_rows *in, const uint8_t *take,
                        char *after, struct err *e) {
    (void)e;
    const struct column *arg = c->bind->args > 0 && in->arg->valid ? in->arg : NULL;
    struct count *copy = (void *)after;
    for (uint32_t i = 0; i < in->count; i++) {
        struct count *s = in->state[i];
        bool adds = !take || take[i];
        if (arg) adds = adds && column_has(arg, row_at(in, i));
        copy[i].rows = s->rows + adds;
        s->rows = copy[i].rows;
    }
    return true;
}

static bool count_remove(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)e;
    struct agg_rows rows = *in;
    if (c->bind->args == 0 || !rows.arg->valid) rows.arg = NULL;
    return count_change(&rows, -1);
}

static bool count_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    ((struct count *)into)->rows += ((const struct count *)from)->rows;
    return true;
}

static bool count_unmerge(const struct agg_call *c, void *into, const void *first, struct err *e) {
    (void)c;
    (void)e;
    ((struct count *)into)->rows -= ((const struct count *)first)->rows;
    return true;
}

static bool count_finish(const struct agg_call *c, void *const *state, uint32_t count,
                         struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    if (!builder_reserve(out, count)) return err_memory(e);
    int64_t *to = out->as.i64 + out->rows;
    for (uint32_t i = 0; i < count; i++) to[i] = ((const struct count *)state[i])->rows;
    out->rows += count;
    return true;
}

static inline void exact_add(struct exact_sum *s, int128_t v) {
    if (unlikely(__builtin_add_overflow(s->sum, v, &s->sum))) s->over += v < 0 ? -1 : 1;
}

static inline void exact_subtract(struct exact_sum *s, int128_t v) {
    if (unlikely(__builtin_sub_overflow(s->sum, v, &s->sum))) s->over -= v < 0 ? -1 : 1;
}

/* exact_<add|remove>_<i64|i128>: one value into each row's state. 64-bit values cannot wrap a
 * 128-bit sum: that would take 2^64 rows. */
#define DEFINE_EXACT(name, sfx, STEP, by)                                                          \
    static bool exact_##name##_##sfx(const struct agg_call *c, const struct agg_rows *in,          \
                                     struct err *e) {                                              \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        const struct column *arg = in->arg;                                                        \
        for (uint32_t i = 0; i < in->count; i++) {                                                 \
            uint32_t row = row_at(in, i);                                                          \
            struct exact_sum *s = in->state[i];                                                    \
            if (arg->valid && !column_has(arg, row)) continue;                                     \
            STEP;                                                                                  \
            s->rows += (by);                                                                       \
        }                                                                                          \
        return true;                                                                               \
    }

/* trace_<sfx>: as add, but that each state is copied after its row. */
#define DEFINE_TRACE(sfx, type, STEP)                                                              \
    static bool trace_##sfx(const struct agg_call *c, const struct agg_rows *in,                   \
                            const uint8_t *take, char *after, struct err *e) {                     \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        const struct column *arg = in->arg;                                                        \
        struct type *copy = (void *)after;                                                         \
        for (uint32_t i = 0; i < in->count; i++) {                                                 \
            uint32_t row = row_at(in, i);                                                          \
            struct type *s = in->state[i];                                                         \
            bool adds = (!take || take[i]) && (!arg->valid || column_has(arg, row));               \
            if (adds) STEP;                                                                        \
            s->rows += adds;                                                                       \
            copy[i] = *s;                                                                          \
        }                                                                                          \
        return true;                                                                               \
    }

DEFINE_EXACT(add, i64, s->sum += arg->as.i64[row], 1)
DEFINE_EXACT(remove, i64, s->sum -= arg->as.i64[row], -1)
DEFINE_EXACT(add, i128, exact_add(s, arg->as.i128[row]), 1)
DEFINE_EXACT(remove, i128, exact_subtract(s, arg->as.i128[row]), -1)
DEFINE_TRACE(i64, exact_sum, s->sum += arg->as.i64[row])
DEFINE_TRACE(i128, exact_sum, exact_add(s, arg->as.i128[row]))
DEFINE_TRACE(f64, f64_sum, s->sum += arg->as.f64[row])

static bool exact_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    struct exact_sum *a = into;
    const struct exact_sum *b = from;
    exact_add(a, b->sum);
    a->over += b->over;
    a->rows += b->rows;
    return true;
}

static bool exact_unmerge(const struct agg_call *c, void *into, const void *first, struct err *e) {
    (void)c;
    (void)e;
    struct exact_sum *a = into;
    const struct exact_sum *b = first;
    exact_subtract(a, b->sum);
    a->over -= b->over;
    a->rows -= b->rows;
    return true;
}

static bool sum_i64_finish(const struct agg_call *c, void *const *state, uint32_t count,
                           struct column_builder *out, struct agg_failures *fail, struct err *e) {
    if (!builder_reserve(out, count)) return err_memory(e);
    for (uint32_t i = 0; i < count; i++) {
        const struct exact_sum *s = state[i];
        bool fits = s->over == 0 && s->sum >= INT64_MIN && s->sum <= INT64_MAX;
        if (!fits) {
            agg_fail(fail, i, "22003", "the sum is out of range of %s",
                     type_name(c->bind->type->id));
        }
        bool has = fits && s->rows != 0;
        out->as.i64[out->rows + i] = has ? (int64_t)s->sum : 0;
        if (has) continue;
        bit_clear(out->valid, out->rows + i);
        out->has_null = true;
    }
    out->rows += count;
    return true;
}

static bool sum_i128_finish(const struct agg_call *c, void *const *state, uint32_t count,
                            struct column_builder *out, struct agg_failures *fail, struct err *e) {
    for (uint32_t i = 0; i < count; i++) {
        const struct exact_sum *s = state[i];
        bool fits = s->over == 0 && decimal_fits(s->sum, c->bind->type->precision);
        if (!fits) agg_fail(fail, i, "22003", "the sum has more than 38 digits");
        if (s->rows == 0 || !fits) {
            builder_null(out);
        } else {
            builder_i128(out, s->sum);
        }
    }
    return !out->failed || err_memory(e);
}

static bool avg_i64_finish(const struct agg_call *c, void *const *state, uint32_t count,
                           struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct exact_sum *s = state[i];
        if (s->rows == 0) {
            builder_null(out);
        } else {
            builder_f64(out, (double)s->sum / (double)s->rows);
        }
    }
    return !out->failed || err_memory(e);
}

/* The average of INTERVALs: rounded half away from zero. */
static bool avg_interval_finish(const struct agg_call *c, void *const *state, uint32_t count,
                                struct column_builder *out, struct agg_failures *fail,
                                struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct exact_sum *s = state[i];
        if (s->rows == 0) {
            builder_null(out);
            continue;
        }
        int128_t half = s->rows / 2;
        int128_t sum = s->sum < 0 ? s->sum - half : s->sum + half;
        builder_i64(out, (int64_t)(sum / s->rows));
    }
    return !out->failed || err_memory(e);
}

enum { LIMBS = 4 }; /* of 64 bits, lowest first */

/* |over * 2^128 + sum| */
static void exact_magnitude(const struct exact_sum *s, uint64_t limb[LIMBS]) {
    uint128_t low = (uint128_t)s->sum;
    uint64_t high = (uint64_t)(s->over - (s->sum < 0)); /* sign-extended above 128 bits */
    bool negative = (int64_t)high < 0;
    if (negative) {
        low = ~low + 1;
        high = ~high + (low == 0);
    }
    limb[0] = (uint64_t)low;
    limb[1] = (uint64_t)(low >> 64);
    limb[2] = high;
    limb[3] = 0;
}

/* limb = limb * factor / divisor, rounded half up. */
static void limbs_scale(uint64_t limb[LIMBS], uint64_t factor, uint64_t divisor) {
    uint128_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint128_t)limb[i] * factor;
        limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    uint128_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 64 | limb[i];
        limb[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    bool up = rest >= divisor - rest;
    for (int i = 0; i < LIMBS && up; i++) up = ++limb[i] == 0;
}

/* The average with the scale of the result; false: more than 38 digits. */
static bool avg_decimal(const struct agg_call *c, const struct exact_sum *s, int128_t *out) {
    uint32_t more = (uint32_t)(c->bind->type->scale - c->bind->arg_type[0]->scale);
    uint64_t limb[LIMBS];
    exact_magnitude(s, limb);
    limbs_scale(limb, (uint64_t)decimal_power(more), (uint64_t)s->rows);
    if (limb[3] || limb[2] || limb[1] >> 63) return false;

    int128_t v = (int128_t)((uint128_t)limb[1] << 64 | limb[0]);
    bool negative = s->over - (s->sum < 0) < 0;
    *out = negative ? -v : v;
    return decimal_fits(v, c->bind->type->precision);
}

static bool avg_i128_finish(const struct agg_call *c, void *const *state, uint32_t count,
                            struct column_builder *out, struct agg_failures *fail, struct err *e) {
    for (uint32_t i = 0; i < count; i++) {
        const struct exact_sum *s = state[i];
        int128_t v = 0;
        bool fits = s->rows == 0 || avg_decimal(c, s, &v);
        if (!fits) agg_fail(fail, i, "22003", "the average has more than 38 digits");
        if (s->rows == 0 || !fits) {
            builder_null(out);
        } else {
            builder_i128(out, v);
        }
    }
    return !out->failed || err_memory(e);
}

static bool f64_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)c;
    (void)e;
    const struct column *arg = in->arg;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = row_at(in, i);
        struct f64_sum *s = in->state[i];
        if (arg->valid && !column_has(arg, row)) continue;
        s->sum += arg->as.f64[row];
        s->rows++;
    }
    return true;
}

static bool f64_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    struct f64_sum *a = into;
    const struct f64_sum *b = from;
    a->sum += b->sum;
    a->rows += b->rows;
    return true;
}

static bool sum_f64_finish(const struct agg_call *c, void *const *state, uint32_t count,
                           struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct f64_sum *s = state[i];
        if (s->rows == 0) {
            builder_null(out);
        } else {
            builder_f64(out, s->sum);
        }
    }
    return !out->failed || err_memory(e);
}

static bool avg_f64_finish(const struct agg_call *c, void *const *state, uint32_t count,
                           struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct f64_sum *s = state[i];
        if (s->rows == 0) {
            builder_null(out);
        } else {
            builder_f64(out, s->sum / (double)s->rows);
        }
    }
    return !out->failed || err_memory(e);
}

static bool total_finish(const struct agg_call *c, void *const *state, uint32_t count,
                         struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) builder_f64(out, ((const struct f64_sum *)state[i])->sum);
    return !out->failed || err_memory(e);
}

/* DECIMAL(38, s) for every s: a result type must live for ever. */
#define X(s)                                                                                       \
    { .id = TYPE_DECIMAL, .precision = DECIMAL_DIGITS_MAX, .scale = (s) }
static const struct type decimal_38[] = {
    X(0),  X(1),  X(2),  X(3),  X(4),  X(5),  X(6),  X(7),  X(8),  X(9),  X(10), X(11), X(12),
    X(13), X(14), X(15), X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25),
    X(26), X(27), X(28), X(29), X(30), X(31), X(32), X(33), X(34), X(35), X(36), X(37), X(38)};
#undef X

static const struct type *sum_decimal_type(const struct agg_bind *b, struct err *e) {
    (void)e;
    assert(b->arg_type[0]->scale < COUNT_OF(decimal_38));
    return &decimal_38[b->arg_type[0]->scale];
}

static const struct type *avg_decimal_type(const struct agg_bind *b, struct err *e) {
    (void)e;
    uint32_t scale = b->arg_type[0]->scale;
    return &decimal_38[scale < 6 ? 6 : scale];
}

#define EXACT_SLOTS(sfx)                                                                           \
    .state_bytes = sizeof(struct exact_sum), .add = exact_add_##sfx, .trace = trace_##sfx,         \
    .remove = exact_remove_##sfx, .merge = exact_merge, .unmerge = exact_unmerge
#define COUNT_SLOTS                                                                                \
    .state_bytes = sizeof(struct count), .add = count_add, .trace = count_trace,                   \
    .remove = count_remove, .merge = count_merge, .unmerge = count_unmerge, .finish = count_finish
#define F64_SLOTS                                                                                  \
    .flags = AGG_FLOATING, .state_bytes = sizeof(struct f64_sum), .add = f64_add,                  \
    .trace = trace_f64, .merge = f64_merge

static const struct aggregate rows[] = {
    {.name = "count",
     .sig = "count(*) BIGINT",
     .doc = "How many rows.",
     .example = "count(*) = 2 FROM (VALUES (1), (NULL)) AS t(v)",
     COUNT_SLOTS},
    {.name = "count",
     .sig = "count(ANY) BIGINT",
     .doc = "How many rows have a value that is not NULL.",
     .example = "count(v) = 1 FROM (VALUES (1), (NULL)) AS t(v)",
     COUNT_SLOTS},
    {.name = "sum",
     .sig = "sum(BIGINT) BIGINT",
     .doc = "Sum of the values, kept exactly; NULL for none; 22003 when the result is too large.",
     .example = "sum(v) = 3 FROM (VALUES (1), (NULL), (2)) AS t(v)",
     EXACT_SLOTS(i64),
     .finish = sum_i64_finish},
    {.name = "sum",
     .sig = "sum(DECIMAL) DECIMAL",
     .doc = "Sum of the values, kept exactly, as DECIMAL(38, scale); NULL for none.",
     .example = "sum(v) = 0.3 FROM (VALUES (0.1), (0.2)) AS t(v)",
     .type = sum_decimal_type,
     EXACT_SLOTS(i128),
     .finish = sum_i128_finish},
    {.name = "sum",
     .sig = "sum(DOUBLE) DOUBLE",
     .doc = "Sum of the values, added in the order of rows; NULL for none.",
     .example = "sum(v) > 0.3 FROM (VALUES (1e-1), (2e-1)) AS t(v)",
     F64_SLOTS,
     .finish = sum_f64_finish},
    {.name = "sum",
     .sig = "sum(INTERVAL) INTERVAL",
     .doc = "Sum of the durations; NULL for none; 22003 when the result is too large.",
     .example = "sum(v) = INTERVAL '1:30' MINUTE TO SECOND FROM (VALUES (INTERVAL '1' MINUTE), "
                "(INTERVAL '30' SECOND)) AS t(v)",
     EXACT_SLOTS(i64),
     .finish = sum_i64_finish},
    {.name = "avg",
     .sig = "avg(BIGINT) DOUBLE",
     .doc = "Average of the values, from their exact sum; NULL for none.",
     .example = "avg(v) = 1.5e0 FROM (VALUES (1), (NULL), (2)) AS t(v)",
     EXACT_SLOTS(i64),
     .finish = avg_i64_finish},
    {.name = "avg",
     .sig = "avg(DECIMAL) DECIMAL",
     .doc = "Average of the values with at least 6 places, from their exact sum; NULL for none.",
     .example = "avg(v) = 0.15 FROM (VALUES (0.1), (0.2)) AS t(v)",
     .type = avg_decimal_type,
     EXACT_SLOTS(i128),
     .finish = avg_i128_finish},
    {.name = "avg",
     .sig = "avg(DOUBLE) DOUBLE",
     .doc = "Average of the values; NULL for none.",
     .example = "avg(v) = 0.75e0 FROM (VALUES (5e-1), (1e0)) AS t(v)",
     F64_SLOTS,
     .finish = avg_f64_finish},
    {.name = "avg",
     .sig = "avg(INTERVAL) INTERVAL",
     .doc = "Average of the durations, rounded to the microsecond; NULL for none.",
     .example = "avg(v) = INTERVAL '45' SECOND FROM (VALUES (INTERVAL '1' MINUTE), (INTERVAL '30' "
                "SECOND)) AS t(v)",
     EXACT_SLOTS(i64),
     .finish = avg_interval_finish},
    {.name = "total",
     .sig = "total(DOUBLE) DOUBLE",
     .doc = "Sum of the values as DOUBLE; 0.0 for none.",
     .example = "total(v) = 0e0 FROM (VALUES (CAST(NULL AS DOUBLE))) AS t(v)",
     F64_SLOTS,
     .finish = total_finish},
};

const struct agg_table aggregate_sum_table = {.agg = rows, .count = COUNT_OF(rows)};
