/* layer_gemm.c: see layer_gemm.h. */
#include "udf/nn/layer_gemm.h"

#include <assert.h>

bool gemm_fast_pack(struct gemm_params *p, const struct gemm_parts *parts, struct arena *a,
                    struct err *e) {
    const struct gemm_shape shape = {.k = p->k, .n = p->n, .b_transposed = true};
    const struct conv_weights weights = {.at = parts->b, .bias = parts->bias};
    const struct conv_post post = {.before = parts->act};
    p->plan = gemm_create(a, &shape, &weights, &post, NULL);
    return p->plan || err_memory(e);
}

static bool gemm_plan_step(struct step *s, struct err *e) {
    const struct gemm_params *p = s->node->params;
    const struct net_shape *in = &s->in[GEMM_X].shape;
    if (in->rank < 1 || in->dim[in->rank - 1] != p->k) {
        return step_error(s, e, "rows of %lld numbers, not %u",
                          (long long)(in->rank ? in->dim[in->rank - 1] : 0), p->k);
    }
    step_like(s);
    s->out[0].shape.dim[in->rank - 1] = p->n;
    if (!shape_fits(&s->out[0].shape)) return true;
    s->scratch_bytes = gemm_scratch_bytes(p->plan);
    s->flops = 2 * (uint64_t)shape_elements(&s->out[0].shape) * p->k;
    return true;
}

static bool gemm_run_step(struct step *s, struct err *e) {
    const struct gemm_params *p = s->node->params;
    size_t rows = shape_elements(&s->out[0].shape) / p->n;
    (void)e;
    assert(rows <= UINT32_MAX);
    gemm_run(p->plan, &(struct gemm_io){.m = (uint32_t)rows,
                                        .a = s->in[GEMM_X].at,
                                        .a_stride = p->k,
                                        .c = s->out[0].at,
                                        .c_stride = p->n,
                                        .scratch = s->scratch});
    return true;
}

const struct layer layer_gemm_fast = {.name = "Gemm",
                                      .ins_min = 1,
                                      .ins_max = 1,
                                      .types = TYPE_F32,
                                      .flags = LAYER_HEAVY,
                                      .params_bytes = sizeof(struct gemm_params),
                                      .plan = gemm_plan_step,
                                      .run = gemm_run_step};
