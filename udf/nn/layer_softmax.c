/* layer_softmax.c: Softmax and LogSoftmax.
 *
 * From opset 13 along one axis; before, along all dimensions from the axis on, as one. The largest
 * is subtracted first. Along an axis that is not the last, lines are gathered one at a time.
 */
#include <assert.h>
#include <math.h>

#include "udf/nn/step.h"

struct softmax {
    int64_t axis;
    bool flatten; /* all dimensions from the axis on are one */
};

static bool softmax_read(struct layer_read *r, struct err *e) {
    struct softmax *p = r->node->params;
    p->flatten = r->opset < 13;
    p->axis = p->flatten ? 1 : -1;
    return layer_read_int(r, "axis", &p->axis, e);
}

struct softmax_state {
    size_t lines_before, lines_after, length; /* [before][length][after] */
    uint32_t axis;
};

static bool softmax_plan(struct step *s, struct err *e) {
    const struct softmax *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    struct softmax_state *t = step_state(s, sizeof *t, e);
    uint32_t axis = in->rank;
    if (!t) return false;
    bool behind = p->flatten && p->axis == (int64_t)in->rank;
    if (!behind && !shape_axis(p->axis, in->rank, &axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    uint32_t end = p->flatten ? in->rank : axis + 1;
    t->axis = axis;
    t->lines_before = shape_span(in, 0, axis);
    t->length = shape_span(in, axis, end);
    t->lines_after = shape_span(in, end, in->rank);
    s->scratch_bytes = 2 * t->length * sizeof(float);
    step_like(s);
    return true;
}

/* y may be x. */
static void line(const struct step *s, size_t n, const float *x, float *y) {
    const struct loops *f = s->env->loops;
    bool logarithm = s->node->layer->variant;
    float most = f->max(n, x);
    if (!logarithm) {
        float sum = f->exp_sum(n, x, most, y);
        f->unary[LOOP_SCALE](n, y, y, 1.0F / sum, 0);
        return;
    }
    float *exps = s->scratch;
    float sum = f->exp_sum(n, x, most, exps + n);
    f->unary[LOOP_SCALE](n, x, y, 1, -most);
    f->unary[LOOP_SCALE](n, y, y, 1, -logf(sum));
}

static bool softmax_run(struct step *s, struct err *e) {
    const struct softmax_state *t = s->state;
    const float *x = s->in[0].at;
    float *y = s->out[0].at, *one = s->scratch;
    size_t n = t->length, after = t->lines_after;
    (void)e;
    for (size_t i = 0; i < t->lines_before; i++) {
        for (size_t k = 0; k < after; k++) {
            size_t from = i * n * after + k;
            if (after == 1) {
                line(s, n, x + from, y + from);
                continue;
            }
            for (size_t j = 0; j < n; j++) one[j] = x[from + j * after];
            line(s, n, one, one);
            for (size_t j = 0; j < n; j++) y[from + j * after] = one[j];
        }
    }
    return true;
}

static bool softmax_mixes(const struct step *s) {
    const struct softmax_state *t = s->state;
    return t->axis == 0;
}

/* From dimension 0 or 1 on it is the same set of elements in any order. */
static bool softmax_turn(struct layer_turn *t, bool *done_out, struct err *e) {
    struct softmax *p = t->graph->node[t->node].params;
    (void)e;
    *done_out = p->flatten ? p->axis == 0 || p->axis == 1 : layer_turn_axis(&p->axis);
    return true;
}

static const struct layer rows[] = {
    {.name = "Softmax",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .types = TYPE_F32,
     .flags = LAYER_IN_PLACE,
     .params_bytes = sizeof(struct softmax),
     .read = softmax_read,
     .plan = softmax_plan,
     .run = softmax_run,
     .mixes = softmax_mixes,
     .turn = softmax_turn},
    {.name = "LogSoftmax",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .variant = 1,
     .types = TYPE_F32,
     .flags = LAYER_IN_PLACE,
     .params_bytes = sizeof(struct softmax),
     .read = softmax_read,
     .plan = softmax_plan,
     .run = softmax_run,
     .mixes = softmax_mixes,
     .turn = softmax_turn},
};

const struct layer_family layers_softmax = {.layer = rows, .count = COUNT_OF(rows)};
