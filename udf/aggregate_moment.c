/* aggregate_moment.c: variance and standard deviation.
 *
 * A state is the count, the mean and the sum of squared distances from it, updated a value at a
 * time (Welford 1962) and joined in pairs (Chan, Golub, LeVeque 1983): no sum of squares is kept,
 * so values far from zero lose nothing to cancellation.
 */
#include <math.h>

#include "engine/base/builder.h"
#include "udf/aggregate.h"

struct moment {
    int64_t rows;
    double mean, m2;
};

static bool moment_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)c;
    (void)e;
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct moment *s = in->state[i];
        if (!column_has(in->arg, row)) continue;
        double v = in->arg->as.f64[row], delta = v - s->mean;
        s->rows++;
        s->mean += delta / (double)s->rows;
        s->m2 += delta * (v - s->mean);
    }
    return true;
}

static bool moment_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    struct moment *a = into;
    const struct moment *b = from;
    if (b->rows == 0) return true;
    if (a->rows == 0) {
        *a = *b;
        return true;
    }
    double n = (double)(a->rows + b->rows), delta = b->mean - a->mean;
    a->m2 += b->m2 + delta * delta * ((double)a->rows * (double)b->rows / n);
    a->mean += delta * ((double)b->rows / n);
    a->rows += b->rows;
    return true;
}

/* less: what is taken from the count: 0 of a population, 1 of a sample. */
static bool moment_finish(void *const *state, uint32_t count, int64_t less, bool root,
                          struct column_builder *out, struct err *e) {
    for (uint32_t i = 0; i < count; i++) {
        const struct moment *s = state[i];
        if (s->rows <= less) {
            builder_null(out);
            continue;
        }
        double v = s->m2 / (double)(s->rows - less);
        builder_f64(out, root ? sqrt(v) : v);
    }
    return !out->failed || err_memory(e);
}

#define DEFINE_MOMENT(name, less, root)                                                            \
    static bool name##_finish(const struct agg_call *c, void *const *state, uint32_t count,        \
                              struct column_builder *out, struct agg_failures *fail,               \
                              struct err *e) {                                                     \
        (void)c;                                                                                   \
        (void)fail;                                                                                \
        return moment_finish(state, count, (less), (root), out, e);                                \
    }

DEFINE_MOMENT(var_pop, 0, false)
DEFINE_MOMENT(var_samp, 1, false)
DEFINE_MOMENT(stddev_pop, 0, true)
DEFINE_MOMENT(stddev_samp, 1, true)

#define MOMENT_ROW(fn, text, end, is)                                                              \
    {                                                                                              \
        .name = fn, .sig = fn "(DOUBLE) DOUBLE", .doc = text,                                      \
        .example = fn "(v) = " is " FROM (VALUES (1), (2), (NULL), (3)) AS t(v)",                  \
        .flags = AGG_FLOATING, .state_bytes = sizeof(struct moment), .add = moment_add,            \
        .merge = moment_merge, .finish = end##_finish                                              \
    }

static const struct aggregate rows[] = {
    MOMENT_ROW("var_pop", "Variance of the values as a whole population; NULL for none.", var_pop,
               "2e0 / 3"),
    MOMENT_ROW("var_samp", "Variance of the values as a sample; NULL for less than two.", var_samp,
               "1e0"),
    MOMENT_ROW("variance", "The same as var_samp.", var_samp, "1e0"),
    MOMENT_ROW("stddev_pop", "Square root of var_pop; NULL for none.", stddev_pop, "sqrt(2e0 / 3)"),
    MOMENT_ROW("stddev_samp", "Square root of var_samp; NULL for less than two.", stddev_samp,
               "1e0"),
    MOMENT_ROW("stddev", "The same as stddev_samp.", stddev_samp, "1e0"),
};

const struct agg_table aggregate_moment_table = {.agg = rows, .count = COUNT_OF(rows)};
