/* layer_view.c: operators that give the same elements in another shape, and Shape itself.
 *
 * Nothing is computed: the output is the input's memory. Identity never becomes a node (build.c).
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

struct reshape {
    bool allow_zero; /* a 0 is a dimension of 0, not "as in the input" */
};

static bool reshape_read(struct layer_read *r, struct err *e) {
    struct reshape *p = r->node->params;
    return layer_read_bool(r, "allowzero", &p->allow_zero, e);
}

/* Fills in the one dimension that is -1. */
static bool reshape_infer(const struct step *s, struct net_shape *out, struct err *e) {
    size_t elements = shape_elements(&s->in[0].shape), given = 1;
    uint32_t infer = NET_RANK_MAX;
    char one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    for (uint32_t i = 0; i < out->rank; i++) {
        if (out->dim[i] != -1) {
            if (__builtin_mul_overflow(given, (size_t)out->dim[i], &given)) given = SIZE_MAX;
        } else if (infer == NET_RANK_MAX) {
            infer = i;
        } else {
            return step_error(s, e, "more than one dimension of -1");
        }
    }
    bool divides = given > 0 ? elements % given == 0 : false;
    if (infer < NET_RANK_MAX && divides) {
        out->dim[infer] = (int64_t)(elements / given);
        return true;
    }
    if (infer == NET_RANK_MAX && given == elements) return true;
    return step_error(s, e, "shape %s cannot become %s", shape_text(&s->in[0].shape, one),
                      shape_text(out, two));
}

static bool reshape_plan(struct step *s, struct err *e) {
    const struct reshape *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    int64_t dim[NET_RANK_MAX];
    uint32_t count;
    if (!step_ints(s, 1, dim, NET_RANK_MAX, &count, e)) return false;
    struct net_shape out = {.rank = count};
    for (uint32_t i = 0; i < count; i++) {
        bool same = dim[i] == 0 && !p->allow_zero;
        if (dim[i] < -1 || (same && i >= in->rank)) {
            return step_error(s, e, "dimension %lld at %u", (long long)dim[i], i);
        }
        out.dim[i] = same ? in->dim[i] : dim[i];
    }
    if (!reshape_infer(s, &out, e)) return false;
    step_like(s);
    s->out[0].shape = out;
    return true;
}

struct flatten {
    int64_t axis;
};

static bool flatten_read(struct layer_read *r, struct err *e) {
    struct flatten *p = r->node->params;
    p->axis = 1;
    return layer_read_int(r, "axis", &p->axis, e);
}

static bool flatten_plan(struct step *s, struct err *e) {
    const struct flatten *p = s->node->params;
    const struct net_shape *in = &s->in[0].shape;
    uint32_t axis = in->rank;
    if (p->axis != (int64_t)in->rank && !shape_axis(p->axis, in->rank, &axis)) {
        return step_error(s, e, "axis %lld is outside rank %u", (long long)p->axis, in->rank);
    }
    step_like(s);
    s->out[0].shape = (struct net_shape){
        .rank = 2,
        .dim = {(int64_t)shape_span(in, 0, axis), (int64_t)shape_span(in, axis, in->rank)}};
    return true;
}

static bool axes_read(struct layer_read *r, struct err *e) {
    return layer_read_input_ints(r, 1, "axes", e);
}

/* Without axes: all dimensions of 1 go. */
static bool squeeze_plan(struct step *s, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    uint32_t mask;
    if (!step_axes(s, 1, in->rank, &mask, e)) return false;
    step_like(s);
    struct net_shape out = {0};
    for (uint32_t i = 0; i < in->rank; i++) {
        bool goes = step_has(s, 1) ? mask >> i & 1 : in->dim[i] == 1;
        if (goes && in->dim[i] != 1) {
            return step_error(s, e, "dimension %u is %lld, not 1", i, (long long)in->dim[i]);
        }
        if (!goes) out.dim[out.rank++] = in->dim[i];
    }
    s->out[0].shape = out;
    return true;
}

static bool unsqueeze_plan(struct step *s, struct err *e) {
    const struct net_shape *in = &s->in[0].shape;
    if (!step_has(s, 1)) return step_error(s, e, "axes are missing");
    size_t more = shape_elements(&s->in[1].shape);
    if (in->rank + more > NET_RANK_MAX) return step_error(s, e, "more than 8 dimensions");
    uint32_t mask, from = 0;
    struct net_shape out = {.rank = in->rank + (uint32_t)more};
    if (!step_axes(s, 1, out.rank, &mask, e)) return false;
    for (uint32_t i = 0; i < out.rank; i++) out.dim[i] = mask >> i & 1 ? 1 : in->dim[from++];
    assert(from == in->rank);
    step_like(s);
    s->out[0].shape = out;
    return true;
}

struct shape_params {
    int64_t start, end;
};

static bool shape_read(struct layer_read *r, struct err *e) {
    struct shape_params *p = r->node->params;
    p->end = INT64_MAX;
    return layer_read_int(r, "start", &p->start, e) && layer_read_int(r, "end", &p->end, e);
}

static int64_t limited(int64_t at, int64_t rank) {
    if (at < 0) at += rank;
    if (at < 0) return 0;
    return at > rank ? rank : at;
}

static bool shape_plan(struct step *s, struct err *e) {
    const struct shape_params *p = s->node->params;
    int64_t rank = s->in[0].shape.rank;
    int64_t start = limited(p->start, rank), end = limited(p->end, rank);
    (void)e;
    s->out[0].type = NET_I64;
    s->out[0].shape = (struct net_shape){.rank = 1, .dim = {end > start ? end - start : 0}};
    return true;
}

static bool shape_run(struct step *s, struct err *e) {
    const struct shape_params *p = s->node->params;
    int64_t start = limited(p->start, s->in[0].shape.rank);
    (void)e;
    memcpy(s->out[0].at, s->in[0].shape.dim + start, tensor_bytes(&s->out[0]));
    return true;
}

static bool identity_plan(struct step *s, struct err *e) {
    (void)e;
    step_like(s);
    return true;
}

static const struct layer rows[] = {
    {.name = "Reshape",
     .since = 5,
     .ins_min = 2,
     .ins_max = 2,
     .flags = LAYER_VIEW,
     .values = 1 << 1,
     .params_bytes = sizeof(struct reshape),
     .read = reshape_read,
     .plan = reshape_plan},
    {.name = "Flatten",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .flags = LAYER_VIEW,
     .params_bytes = sizeof(struct flatten),
     .read = flatten_read,
     .plan = flatten_plan},
    {.name = "Squeeze",
     .since = 1,
     .ins_min = 1,
     .ins_max = 2,
     .flags = LAYER_VIEW,
     .values = 1 << 1,
     .read = axes_read,
     .plan = squeeze_plan},
    {.name = "Unsqueeze",
     .since = 1,
     .ins_min = 1,
     .ins_max = 2,
     .flags = LAYER_VIEW,
     .values = 1 << 1,
     .read = axes_read,
     .plan = unsqueeze_plan},
    {.name = "Identity",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .flags = LAYER_VIEW,
     .plan = identity_plan,
     .turn = layer_turn_any},
    {.name = "Shape",
     .since = 1,
     .ins_min = 1,
     .ins_max = 1,
     .flags = LAYER_SHAPE_ONLY,
     .params_bytes = sizeof(struct shape_params),
     .read = shape_read,
     .plan = shape_plan,
     .run = shape_run},
};

const struct layer_family layers_view = {.layer = rows, .count = COUNT_OF(rows)};
