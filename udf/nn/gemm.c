/* gemm.c: a product with a constant matrix is a convolution of one tap over one row of pixels. */
#include "udf/nn/gemm.h"

struct gemm_plan {
    const struct conv_plan *conv;
};

struct gemm_plan *gemm_create(struct arena *a, const struct gemm_shape *shape,
                              const struct conv_weights *weights, const struct conv_post *post,
                              const struct conv_options *options) {
    struct conv_shape s = {.h = 1, .w = 1, .c_in = shape->k, .c_out = shape->n, .groups = 1};
    s.patch = (struct patch){1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
    struct gemm_plan *p = ARENA_NEW(a, p);
    if (!p) return NULL;
    struct conv_weights w = *weights;
    if (!shape->b_transposed) {
        float *turned = ARENA_ARRAY(a, turned, (size_t)shape->k * shape->n);
        if (!turned) return NULL;
        for (size_t i = 0; i < (size_t)shape->k * shape->n; i++) {
            turned[i % shape->n * shape->k + i / shape->n] = weights->at[i];
        }
        w.at = turned;
    }
    p->conv = conv_create(a, &s, &w, post, options);
    return p->conv ? p : NULL;
}

size_t gemm_scratch_bytes(const struct gemm_plan *p) {
    return conv_scratch_bytes(p->conv);
}

void gemm_run(const struct gemm_plan *p, const struct gemm_io *io) {
    struct conv_io c = {
        .n = io->m,
        .in = io->a,
        .in_stride = io->a_stride,
        .residual = io->residual,
        .residual_stride = io->residual_stride,
        .out = io->c,
        .out_stride = io->c_stride,
        .scratch = io->scratch,
    };
    conv_run(p->conv, &c);
}
