/* aggregate_score.c: scores that are sums over rows: ACCURACY, MSE, MAE, R2, LOG_LOSS.
 *
 * Rows where either value is NULL do not count. R2 is one minus the squared errors over the squared
 * distances of the labels from their mean, which are kept as variances are (Welford 1962; joined as
 * by Chan, Golub and LeVeque 1983); where all labels are equal it is 1 for no error and else 0.
 * LOG_LOSS is the mean of -ln of the probability given to what happened, probabilities kept
 * DBL_EPSILON away from 0 and 1; both as in scikit-learn.
 */
#include <float.h>
#include <math.h>

#include "engine/base/builder.h"
#include "udf/aggregate.h"

enum { PREDICTED, LABEL };

static bool row_has(const struct agg_rows *in, uint32_t row) {
    return column_has(&in->arg[PREDICTED], row) && column_has(&in->arg[LABEL], row);
}

struct hits {
    int64_t rows, equal;
};

static void hits_count(const struct agg_rows *in, int64_t by) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct hits *s = in->state[i];
        if (!row_has(in, row)) continue;
        s->rows += by;
        s->equal += column_same(&in->arg[PREDICTED], row, &in->arg[LABEL], row) ? by : 0;
    }
}

static bool hits_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)c;
    (void)e;
    hits_count(in, 1);
    return true;
}

static bool hits_remove(const struct agg_call *c, const struct agg_rows *in, struct err *e) {
    (void)c;
    (void)e;
    hits_count(in, -1);
    return true;
}

static bool hits_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    struct hits *a = into;
    const struct hits *b = from;
    a->rows += b->rows;
    a->equal += b->equal;
    return true;
}

static bool hits_unmerge(const struct agg_call *c, void *into, const void *first, struct err *e) {
    (void)c;
    (void)e;
    struct hits *a = into;
    const struct hits *b = first;
    a->rows -= b->rows;
    a->equal -= b->equal;
    return true;
}

static bool hits_finish(const struct agg_call *c, void *const *state, uint32_t count,
                        struct column_builder *out, struct agg_failures *fail, struct err *e) {
    (void)c;
    (void)fail;
    for (uint32_t i = 0; i < count; i++) {
        const struct hits *s = state[i];
        if (s->rows == 0) {
            builder_null(out);
        } else {
            builder_f64(out, (double)s->equal / (double)s->rows);
        }
    }
    return !out->failed || err_memory(e);
}

/* Errors, and for R2 the spread of the labels. */
struct errors {
    int64_t rows;
    double sum;      /* of the errors, as the score wants them */
    double mean, m2; /* of the labels */
    int64_t outside; /* rows whose label or probability is none */
};

typedef double error_fn(double predicted, double label);

static double error_squared(double predicted, double label) {
    return (predicted - label) * (predicted - label);
}

static double error_absolute(double predicted, double label) {
    return fabs(predicted - label);
}

static double error_log(double p, double label) {
    double q = fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON);
    return -(label * log(q) + (1 - label) * log1p(-q));
}

static bool is_share(double v) {
    return v >= 0 && v <= 1;
}

static void errors_add(const struct agg_rows *in, error_fn *error, bool shares) {
    for (uint32_t i = 0; i < in->count; i++) {
        uint32_t row = in->row ? in->row[i] : i;
        struct errors *s = in->state[i];
        if (!row_has(in, row)) continue;
        double predicted = in->arg[PREDICTED].as.f64[row], label = in->arg[LABEL].as.f64[row];
        if (shares && !(is_share(predicted) && is_share(label))) s->outside++;
        double delta = label - s->mean;
        s->rows++;
        s->sum += error(predicted, label);
        s->mean += delta / (double)s->rows;
        s->m2 += delta * (label - s->mean);
    }
}

static bool errors_merge(const struct agg_call *c, void *into, const void *from, struct err *e) {
    (void)c;
    (void)e;
    struct errors *a = into;
    const struct errors *b = from;
    if (b->rows == 0) return true;
    double n = (double)(a->rows + b->rows), delta = b->mean - a->mean;
    a->m2 += b->m2 + delta * delta * ((double)a->rows * (double)b->rows / n);
    a->mean += delta * ((double)b->rows / n);
    a->rows += b->rows;
    a->sum += b->sum;
    a->outside += b->outside;
    return true;
}

static double mean_of(const struct errors *s) {
    return s->sum / (double)s->rows;
}

static double r2_of(const struct errors *s) {
    if (s->m2 == 0) return s->sum == 0 ? 1 : 0;
    return 1 - s->sum / s->m2;
}

/* How a score comes of its errors. */
struct score_end {
    int64_t least; /* rows without which there is none */
    double (*of)(const struct errors *s);
};

static bool errors_finish(void *const *state, uint32_t count, const struct score_end *end,
                          struct column_builder *out, struct agg_failures *fail, struct err *e) {
    for (uint32_t i = 0; i < count; i++) {
        const struct errors *s = state[i];
        if (s->outside > 0) {
            agg_fail(fail, i, "22023", "log_loss wants probabilities and labels from 0 to 1");
        }
        if (s->rows < end->least || s->outside > 0) {
            builder_null(out);
        } else {
            builder_f64(out, end->of(s));
        }
    }
    return !out->failed || err_memory(e);
}

#define DEFINE_ERRORS(name, error, shares, least, of)                                              \
    static bool name##_add(const struct agg_call *c, const struct agg_rows *in, struct err *e) {   \
        (void)c;                                                                                   \
        (void)e;                                                                                   \
        errors_add(in, (error), (shares));                                                         \
        return true;                                                                               \
    }                                                                                              \
    static bool name##_finish(const struct agg_call *c, void *const *state, uint32_t count,        \
                              struct column_builder *out, struct agg_failures *fail,               \
                              struct err *e) {                                                     \
        (void)c;                                                                                   \
        static const struct score_end end = {(least), (of)};                                       \
        return errors_finish(state, count, &end, out, fail, e);                                    \
    }

DEFINE_ERRORS(mse, error_squared, false, 1, mean_of)
DEFINE_ERRORS(mae, error_absolute, false, 1, mean_of)
DEFINE_ERRORS(r2, error_squared, false, 2, r2_of)
DEFINE_ERRORS(log_loss, error_log, true, 1, mean_of)

#define ERRORS_ROW(fn, text, shown)                                                                \
    {                                                                                              \
        .name = #fn, .sig = #fn "(DOUBLE, DOUBLE) DOUBLE", .doc = text, .example = shown,          \
        .flags = AGG_FLOATING, .state_bytes = sizeof(struct errors), .add = fn##_add,              \
        .merge = errors_merge, .finish = fn##_finish                                               \
    }

static const struct aggregate rows[] = {
    {.name = "accuracy",
     .sig = "accuracy(T, T) DOUBLE",
     .doc = "Of (predicted, label): the share of rows in which they are equal.",
     .example = "accuracy(p, y) = 0.75 "
                "FROM (VALUES ('a', 'a'), ('b', 'a'), ('b', 'b'), ('b', 'b')) AS t(p, y)",
     .state_bytes = sizeof(struct hits),
     .add = hits_add,
     .remove = hits_remove,
     .merge = hits_merge,
     .unmerge = hits_unmerge,
     .finish = hits_finish},
    ERRORS_ROW(mse, "Of (predicted, label): the mean squared error.",
               "mse(p, y) = 2.5 FROM (VALUES (1, 2), (5, 3)) AS t(p, y)"),
    ERRORS_ROW(mae, "Of (predicted, label): the mean absolute error.",
               "mae(p, y) = 1.5 FROM (VALUES (1, 2), (5, 3)) AS t(p, y)"),
    ERRORS_ROW(r2,
               "Of (predicted, label): the share of the labels' variance that the prediction "
               "explains; NULL for less than two rows.",
               "r2(p, y) = 0.875 FROM (VALUES (1, 1), (4, 3), (5, 5)) AS t(p, y)"),
    ERRORS_ROW(log_loss,
               "Of (probability, label 0 or 1): the mean of -ln of the probability that "
               "was given to what happened.",
               "log_loss(p, y) > 0.693147 FROM (VALUES (0.5, 1), (0.5, 0)) AS t(p, y)"),
};

const struct agg_table aggregate_score_table = {.agg = rows, .count = COUNT_OF(rows)};
