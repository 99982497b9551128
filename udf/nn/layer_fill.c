/* layer_fill.c: ConstantOfShape. (Constant becomes a constant of the graph in build.c.) */
#include <assert.h>
#include <string.h>

#include "udf/nn/step.h"

struct fill {
    enum net_type type;
    int64_t bits; /* of the value */
};

static bool fill_read(struct layer_read *r, struct err *e) {
    struct fill *f = r->node->params;
    const struct onnx_attr *a = layer_read_attr(r, "value");
    f->type = NET_F32;
    if (!a) return true;
    if (a->kind != ONNX_ATTR_TENSOR || shape_elements(&a->t.tensor.shape) != 1) {
        return layer_read_error(r, e, "value must be a tensor of one element");
    }
    f->type = a->t.tensor.type;
    memcpy(&f->bits, a->t.tensor.at, net_type_bytes(f->type));
    return true;
}

static bool fill_plan(struct step *s, struct err *e) {
    const struct fill *f = s->node->params;
    int64_t dim[NET_RANK_MAX];
    uint32_t count;
    if (!step_ints(s, 0, dim, NET_RANK_MAX, &count, e)) return false;
    s->out[0].type = f->type;
    s->out[0].shape = shape_of(count, dim);
    return true;
}

static bool fill_run(struct step *s, struct err *e) {
    const struct fill *f = s->node->params;
    size_t bytes = net_type_bytes(f->type), n = shape_elements(&s->out[0].shape);
    char *to = s->out[0].at;
    (void)e;
    for (size_t i = 0; i < n; i++) memcpy(to + i * bytes, &f->bits, bytes);
    return true;
}

static const struct layer rows[] = {
    {.name = "ConstantOfShape",
     .since = 9,
     .ins_min = 1,
     .ins_max = 1,
     .types = TYPE_I64,
     .values = 1,
     .params_bytes = sizeof(struct fill),
     .read = fill_read,
     .plan = fill_plan,
     .run = fill_run},
};

const struct layer_family layers_fill = {.layer = rows, .count = COUNT_OF(rows)};
