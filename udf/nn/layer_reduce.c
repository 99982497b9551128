/* layer_reduce.c: ReduceMean, Sum, Max, Min, Prod, L2 and their like.
 *
 * Dimensions are merged to alternating runs of kept and reduced ones. Where the last run is
 * reduced, each result is made of dense lines; where it is kept, lines are folded into lines of
 * results. Sums are taken in float64 over lines that the loops add in float32 strands.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/step.h"

/* One accumulator in double (for int64 sums and products: exact to 2^53, as documented below):
 * id  name  beginning  fold of `sum` and x  end of `sum` and n */
#define REDUCE_LIST(X)                                                                             \
    X(SUM, ReduceSum, 0, sum + x, sum)                                                             \
    X(MEAN, ReduceMean, 0, sum + x, sum / n)                                                       \
    X(MAX, ReduceMax, -INFINITY, x > sum || x != x ? x : sum, sum)                                 \
    X(MIN, ReduceMin, INFINITY, x < sum || x != x ? x : sum, sum)                                  \
    X(PROD, ReduceProd, 1, sum *x, sum)                                                            \
    X(L1, ReduceL1, 0, sum + fabs(x), sum)                                                         \
    X(L2, ReduceL2, 0, sum + x * x, sqrt(sum))                                                     \
    X(SUM_SQUARE, ReduceSumSquare, 0, sum + x * x, sum)                                            \
    X(LOG_SUM, ReduceLogSum, 0, sum + x, log(sum))

enum reduce_kind {
#define X(ID, name, begin, fold, end) REDUCE_##ID,
    REDUCE_LIST(X)
#undef X
        REDUCE_KINDS
};

struct reduce {
    bool keep;      /* reduced dimensions stay, as 1 */
    bool none_noop; /* no axes: nothing is reduced, instead of all */
};

struct reduce_state {
    uint32_t rank;
    size_t dim[NET_RANK_MAX]; /* merged */
    bool reduced[NET_RANK_MAX];
    size_t elements; /* that make one result */
};

static bool reduce_read(struct layer_read *r, struct err *e) {
    struct reduce *p = r->node->params;
    p->keep = true;
    return layer_read_bool(r, "keepdims", &p->keep, e) &&
           layer_read_bool(r, "noop_with_empty_axes", &p->none_noop, e) &&
           layer_read_input_ints(r, 1, "axes", e);
}

static void merge(struct reduce_state *t, size_t dim, bool reduced) {
    if (t->rank > 0 && t->reduced[t->rank - 1] == reduced) {
        t->dim[t->rank - 1] *= dim;
        return;
    }
    t->dim[t->rank] = dim;
    t->reduced[t->rank++] = reduced;
}

static bool reduce_plan(struct step *s, struct err *e) {
    const struct reduce *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    struct reduce_state *t = step_state(s, sizeof *t, e);
    uint32_t mask;
    if (!t || !step_axes(s, 1, in->rank, &mask, e)) return false;
    if (mask == 0 && !p->none_noop) mask = (1U << in->rank) - 1;
    step_like(s);
    struct net_shape out = {0};
    t->elements = 1;
    for (uint32_t d = 0; d < in->rank; d++) {
        bool reduced = mask >> d & 1;
        merge(t, (size_t)in->dim[d], reduced);
        if (reduced) t->elements *= (size_t)in->dim[d];
        if (!reduced || p->keep) out.dim[out.rank++] = reduced ? 1 : in->dim[d];
    }
    if (t->rank == 0) merge(t, 1, true);
    s->out[0].shape = out;
    if (shape_fits(&out)) s->scratch_bytes = shape_elements(&out) * sizeof(double);
    return true;
}

/* Folds a line of n elements into one accumulator (step 0) or n of them (step 1). */
#define DEFINE_FOLD(ID, name, BEGIN, FOLD, END)                                                    \
    static void fold_##name(size_t n, const double *line, double *to, size_t step) {               \
        for (size_t i = 0; i < n; i++) {                                                           \
            double sum = to[i * step], x = line[i];                                                \
            to[i * step] = FOLD;                                                                   \
        }                                                                                          \
    }                                                                                              \
    static double end_##name(double sum, double n) {                                               \
        (void)n;                                                                                   \
        return END;                                                                                \
    }
REDUCE_LIST(DEFINE_FOLD)

struct reducer {
    double begin;
    void (*fold)(size_t n, const double *line, double *to, size_t step);
    double (*end)(double sum, double n);
};

static const struct reducer reducers[] = {
#define X(ID, name, begin, fold, end) [REDUCE_##ID] = {begin, fold_##name, end_##name},
    REDUCE_LIST(X)
#undef X
};

enum { LINE = 256 }; /* elements widened at a time */

static void widen(const struct tensor *t, size_t from, size_t n, double *line) {
    for (size_t i = 0; i < n; i++) {
        size_t at = from + i;
        switch (t->type) {
        case NET_F32: line[i] = ((const float *)t->at)[at]; break;
        case NET_I64: line[i] = (double)((const int64_t *)t->at)[at]; break;
        case NET_I32: line[i] = ((const int32_t *)t->at)[at]; break;
        case NET_I8: line[i] = ((const int8_t *)t->at)[at]; break;
        case NET_U8:
        case NET_BOOL: line[i] = ((const uint8_t *)t->at)[at]; break;
        case NET_TYPE_COUNT: break;
        }
    }
}

/* Results of integers are cut to their range; the largest of none is the least there is. */
static double inside(double v, double least, double most) {
    if (v != v) return 0;
    return v < least ? least : v > most ? most : v;
}

static void put(const struct tensor *t, size_t at, double v) {
    switch (t->type) {
    case NET_F32: ((float *)t->at)[at] = (float)v; break;
    case NET_I64:
        ((int64_t *)t->at)[at] = v >= 0x1p63 ? INT64_MAX : (int64_t)inside(v, -0x1p63, 0x1p62);
        break;
    case NET_I32: ((int32_t *)t->at)[at] = (int32_t)inside(v, INT32_MIN, INT32_MAX); break;
    case NET_I8: ((int8_t *)t->at)[at] = (int8_t)inside(v, INT8_MIN, INT8_MAX); break;
    case NET_U8: ((uint8_t *)t->at)[at] = (uint8_t)inside(v, 0, UINT8_MAX); break;
    case NET_BOOL: ((uint8_t *)t->at)[at] = v > 0; break;
    case NET_TYPE_COUNT: break;
    }
}

/* The accumulator of element 0 of inner line `line`. */
static size_t accumulator_of(const struct reduce_state *t, size_t line) {
    uint32_t last = t->rank - 1;
    size_t at = 0, by = t->reduced[last] ? 1 : t->dim[last];
    for (uint32_t d = last; d-- > 0;) {
        if (!t->reduced[d]) {
            at += line % t->dim[d] * by;
            by *= t->dim[d];
        }
        line /= t->dim[d];
    }
    return at;
}

static void fold_all(struct step *s, const struct reducer *r, double *sums) {
    const struct reduce_state *t = s->state;
    uint32_t last = t->rank - 1;
    size_t inner = t->dim[last], step = t->reduced[last] ? 0 : 1;
    size_t lines = inner > 0 ? shape_elements(&s->in[0].shape) / inner : 0;
    double widened[LINE];
    for (size_t i = 0; i < lines; i++) {
        size_t to = accumulator_of(t, i);
        for (size_t from = 0; from < inner; from += LINE) {
            size_t n = inner - from < LINE ? inner - from : LINE;
            widen(&s->in[0], i * inner + from, n, widened);
            r->fold(n, widened, sums + to + from * step, step);
        }
    }
}

/* Means of dense lines, which networks have most of. */
static bool reduce_fast(struct step *s) {
    const struct reduce_state *t = s->state;
    uint32_t kind = s->node->layer->variant;
    bool dense = t->reduced[t->rank - 1] && t->rank <= 2;
    if (s->in[0].type != NET_F32 || !dense || t->elements < 8) return false;
    if (kind != REDUCE_SUM && kind != REDUCE_MEAN && kind != REDUCE_MAX) return false;
    const struct loops *f = s->env->loops;
    const float *x = s->in[0].at;
    float *y = s->out[0].at;
    size_t n = t->elements, results = shape_elements(&s->out[0].shape);
    for (size_t i = 0; i < results; i++) {
        y[i] = kind == REDUCE_MAX ? f->max(n, x + i * n) : f->sum(n, x + i * n);
        if (kind == REDUCE_MEAN) y[i] /= (float)n;
    }
    return true;
}

/* Integers of 64 bits: sums, products and extremes exactly, wrapping. */
static bool reduce_exact(struct step *s) {
    const struct reduce_state *t = s->state;
    uint32_t kind = s->node->layer->variant, last = t->rank - 1;
    if (s->in[0].type != NET_I64 || kind > REDUCE_PROD || kind == REDUCE_MEAN) return false;
    const int64_t *x = s->in[0].at;
    int64_t *y = s->out[0].at;
    size_t n = shape_elements(&s->in[0].shape), results = shape_elements(&s->out[0].shape);
    const int64_t begin[] = {[REDUCE_SUM] = 0,
                             [REDUCE_MEAN] = 0,
                             [REDUCE_MAX] = INT64_MIN,
                             [REDUCE_MIN] = INT64_MAX,
                             [REDUCE_PROD] = 1};
    for (size_t i = 0; i < results; i++) y[i] = begin[kind];
    for (size_t i = 0; i < n; i++) {
        size_t line = i / t->dim[last];
        int64_t *to = y + accumulator_of(t, line) + (t->reduced[last] ? 0 : i % t->dim[last]);
        if (kind == REDUCE_SUM) *to = (int64_t)((uint64_t)*to + (uint64_t)x[i]);
        if (kind == REDUCE_PROD) *to = (int64_t)((uint64_t)*to * (uint64_t)x[i]);
        if (kind == REDUCE_MAX && x[i] > *to) *to = x[i];
        if (kind == REDUCE_MIN && x[i] < *to) *to = x[i];
    }
    return true;
}

static bool reduce_run(struct step *s, struct err *e) {
    const struct reduce_state *t = s->state;
    const struct reducer *r = &reducers[s->node->layer->variant];
    size_t results = shape_elements(&s->out[0].shape);
    double *sums = s->scratch;
    (void)e;
    if (reduce_fast(s) || reduce_exact(s)) return true;
    for (size_t i = 0; i < results; i++) sums[i] = r->begin;
    fold_all(s, r, sums);
    for (size_t i = 0; i < results; i++) put(&s->out[0], i, r->end(sums[i], (double)t->elements));
    return true;
}

/* Without keepdims the dimensions that stay must stand in the same order: not channels before
 * pixels. */
static bool reduce_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    const struct node *n = &t->graph->node[t->node];
    const struct reduce *p = n->params;
    uint32_t stays = p->none_noop ? 15 : 0;
    *done_out = false;
    if (n->ins > 1 && n->in[1] != GRAPH_NONE) {
        if (!layer_turn_axes_input(t, 1, done_out, e)) return false;
        const struct value *v = &t->graph->value[t->graph->node[t->node].in[1]];
        const int64_t *axes = v->constant;
        for (int64_t k = 0; *done_out && k < v->shape.dim[0]; k++) {
            if (k == 0) stays = 15;
            stays &= ~(1U << axes[k]); /* in the turned order: n, h, w, c */
        }
    } else {
        *done_out = true;
    }
    bool pixels = stays & 6, channels = stays & 8;
    t->outputs_stay = !p->keep;
    if (!p->keep && pixels && channels) *done_out = false;
    return true;
}

static const struct layer rows[] = {
#define X(ID, name_, begin, fold, end)                                                             \
    {.name = #name_,                                                                               \
     .since = 1,                                                                                   \
     .ins_min = 1,                                                                                 \
     .ins_max = 2,                                                                                 \
     .variant = REDUCE_##ID,                                                                       \
     .values = 1 << 1,                                                                             \
     .params_bytes = sizeof(struct reduce),                                                        \
     .read = reduce_read,                                                                          \
     .plan = reduce_plan,                                                                          \
     .run = reduce_run,                                                                            \
     .turn = reduce_turn},
    REDUCE_LIST(X)
#undef X
};

const struct layer_family layers_reduce = {.layer = rows, .count = COUNT_OF(rows)};
