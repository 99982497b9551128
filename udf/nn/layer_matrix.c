/* layer_matrix.c: MatMul and Gemm.
 *
 * MatMul is NumPy's: a one-dimensional operand is a row (left) or column (right) that is dropped
 * from the result; dimensions before the last two broadcast. Where the right operand has only two,
 * the left one's rows are all multiplied at once.
 */
#include <assert.h>
#include <string.h>

#include "udf/nn/each.h"
#include "udf/nn/layer_gemm.h"

struct matmul_state {
    size_t m, n, k;
    struct each each; /* of matrices: over the broadcast dimensions */
};

/* As matrices: rows and columns, and the dimensions before them. */
static void split(const struct net_shape *s, bool left, size_t rc[2], struct net_shape *batch) {
    *batch = (struct net_shape){0};
    if (s->rank == 1) {
        rc[0] = left ? 1 : (size_t)s->dim[0];
        rc[1] = left ? (size_t)s->dim[0] : 1;
        return;
    }
    *batch = shape_of(s->rank - 2, s->dim);
    rc[0] = (size_t)s->dim[s->rank - 2];
    rc[1] = (size_t)s->dim[s->rank - 1];
}

static bool matmul_shape(struct step *s, struct matmul_state *t, struct tensor batch[2],
                         struct err *e) {
    size_t a[2], b[2];
    char one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    split(&s->in[0].shape, true, a, &batch[0].shape);
    split(&s->in[1].shape, false, b, &batch[1].shape);
    struct net_shape out = batch[0].shape;
    if (a[1] != b[0] || !shape_broadcast(&out, &batch[1].shape)) {
        return step_error(s, e, "shapes %s and %s cannot be multiplied",
                          shape_text(&s->in[0].shape, one), shape_text(&s->in[1].shape, two));
    }
    *t = (struct matmul_state){.m = a[0], .n = b[1], .k = a[1]};
    if (shape_fits(&out) && shape_elements(&out) > 0) each_plan(&t->each, &out, batch, 2);
    if (s->in[0].shape.rank > 1) out.dim[out.rank++] = (int64_t)t->m;
    if (s->in[1].shape.rank > 1) out.dim[out.rank++] = (int64_t)t->n;
    s->out[0].type = NET_F32;
    s->out[0].shape = out;
    return true;
}

static bool matmul_plan(struct step *s, struct err *e) {
    struct tensor batch[2] = {0};
    struct matmul_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect_alike(s, e)) return false;
    if (s->in[0].shape.rank == 0 || s->in[1].shape.rank == 0) {
        return step_error(s, e, "a scalar cannot be multiplied as a matrix");
    }
    if (!matmul_shape(s, t, batch, e)) return false;
    if (!shape_fits(&s->out[0].shape)) return true;
    s->flops = 2 * (uint64_t)shape_elements(&s->out[0].shape) * t->k;
    if (batch[1].shape.rank > 0 || batch[0].shape.rank == 0) return true;
    t->m *= shape_elements(&batch[0].shape);
    t->each = (struct each){.inputs = 2, .inner = 1};
    return true;
}

static void multiply(const struct step *s, const float *a, const float *b, float *c) {
    const struct matmul_state *t = s->state;
    const struct blas_product p = {.m = (uint32_t)t->m,
                                   .n = (uint32_t)t->n,
                                   .k = (uint32_t)t->k,
                                   .alpha = 1,
                                   .a = a,
                                   .a_stride = (uint32_t)t->k,
                                   .b = b,
                                   .b_stride = (uint32_t)t->n,
                                   .c = c,
                                   .c_stride = (uint32_t)t->n};
    if (t->k > 0) {
        blas_multiply(&s->env->blas, &p);
    } else {
        memset(c, 0, t->m * t->n * sizeof *c);
    }
}

static bool matmul_run(struct step *s, struct err *e) {
    const struct matmul_state *t = s->state;
    const struct each *p = &t->each;
    struct each_at at;
    (void)e;
    for (each_first(p, &at); at.more; each_next(p, &at)) {
        for (size_t i = 0; i < p->inner; i++) {
            multiply(s, (const float *)s->in[0].at + (at.in[0] + i * p->step[0]) * t->m * t->k,
                     (const float *)s->in[1].at + (at.in[1] + i * p->step[1]) * t->k * t->n,
                     (float *)s->out[0].at + (at.out + i) * t->m * t->n);
        }
    }
    return true;
}

struct product_state {
    struct blas_product product;
    struct each c; /* the third input, broadcast to the output */
};

static bool product_read(struct layer_read *r, struct err *e) {
    struct gemm_attributes *g = r->node->params;
    g->alpha = g->beta = 1;
    return layer_read_float(r, "alpha", &g->alpha, e) && layer_read_float(r, "beta", &g->beta, e) &&
           layer_read_bool(r, "transA", &g->a_transposed, e) &&
           layer_read_bool(r, "transB", &g->b_transposed, e);
}

static bool product_shape(struct step *s, struct blas_product *p, struct err *e) {
    const struct gemm_attributes *g = s->node->params;
    const struct net_shape *a = &s->in[0].shape, *b = &s->in[1].shape;
    char one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    if (a->rank != 2 || b->rank != 2 || a->dim[!g->a_transposed] != b->dim[g->b_transposed]) {
        return step_error(s, e, "shapes %s and %s cannot be multiplied", shape_text(a, one),
                          shape_text(b, two));
    }
    *p = (struct blas_product){.a_transposed = g->a_transposed,
                               .b_transposed = g->b_transposed,
                               .m = (uint32_t)a->dim[g->a_transposed],
                               .n = (uint32_t)b->dim[!g->b_transposed],
                               .k = (uint32_t)a->dim[!g->a_transposed],
                               .alpha = g->alpha,
                               .a_stride = (uint32_t)a->dim[1],
                               .b_stride = (uint32_t)b->dim[1],
                               .c_stride = (uint32_t)b->dim[!g->b_transposed]};
    s->out[0].type = NET_F32;
    s->out[0].shape = (struct net_shape){.rank = 2, .dim = {p->m, p->n}};
    return true;
}

static bool product_plan(struct step *s, struct err *e) {
    struct product_state *t = step_state(s, sizeof *t, e);
    if (!t || !step_expect_alike(s, e) || !product_shape(s, &t->product, e)) return false;
    if (!step_has(s, 2)) return true;
    struct net_shape both = s->out[0].shape;
    if (!shape_broadcast(&both, &s->in[2].shape) || !shape_equal(&both, &s->out[0].shape)) {
        return step_error(s, e, "the third input does not broadcast to the product");
    }
    if (!shape_fits(&both)) return true;
    s->flops = 2 * (uint64_t)shape_elements(&both) * t->product.k;
    each_plan(&t->c, &both, &s->in[2], 1);
    return true;
}

/* The output becomes beta times the third input. */
static void product_begin(const struct step *s) {
    const struct gemm_attributes *g = s->node->params;
    const struct product_state *t = s->state;
    const struct each *p = &t->c;
    float *y = s->out[0].at;
    struct each_at at;
    for (each_first(p, &at); at.more; each_next(p, &at)) {
        const float *from = (const float *)s->in[2].at + at.in[0];
        for (size_t i = 0; i < p->inner; i++) y[at.out + i] = g->beta * from[i * p->step[0]];
    }
}

static bool product_run(struct step *s, struct err *e) {
    const struct product_state *t = s->state;
    struct blas_product p = t->product;
    (void)e;
    p.a = s->in[0].at;
    p.b = s->in[1].at;
    p.c = s->out[0].at;
    if (step_has(s, 2)) {
        product_begin(s);
        p.beta = 1;
    } else if (p.k == 0) {
        memset(p.c, 0, tensor_bytes(&s->out[0]));
    }
    if (p.k > 0) blas_multiply(&s->env->blas, &p);
    return true;
}

static const struct layer rows[] = {
    {.name = "MatMul",
     .since = 1,
     .ins_min = 2,
     .ins_max = 2,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .plan = matmul_plan,
     .run = matmul_run},
    {.name = "Gemm",
     .ins_min = 2,
     .ins_max = 3,
     .types = TYPE_F32,
     .flags = LAYER_HEAVY,
     .params_bytes = sizeof(struct gemm_attributes),
     .read = product_read,
     .plan = product_plan,
     .run = product_run},
};

const struct layer_family layers_matrix = {.layer = rows, .count = COUNT_OF(rows)};
