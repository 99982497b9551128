/* act.c: activations, one value at a time. */
#include "udf/nn/act.h"

#include <math.h>

static float act_one(const struct act *a, float x, float slope) {
    switch (a->kind) {
    case ACT_NONE: return x;
    case ACT_CLIP: return x < a->a ? a->a : x > a->b ? a->b : x;
    case ACT_LEAKY: return x < 0 ? a->a * x : x;
    case ACT_PRELU: return x < 0 ? slope * x : x;
    case ACT_SIGMOID: return 1 / (1 + expf(-x));
    case ACT_SILU: return x / (1 + expf(-a->a * x));
    case ACT_HARD_SIGMOID: return fminf(1, fmaxf(0, a->a * x + a->b));
    case ACT_HARD_SWISH: return x * fminf(1, fmaxf(0, a->a * x + a->b));
    case ACT_TANH: return tanhf(x);
    case ACT_ELU: return x < 0 ? a->a * expm1f(x) : x;
    case ACT_KINDS: break;
    }
    return x;
}

void act_apply(const struct nn_kernels *k, const struct act *a, const struct act_rows *x) {
    (void)k;
    if (a->kind == ACT_NONE) return;
    for (size_t r = 0; r < x->rows; r++) {
        float *row = x->at + r * x->stride;
        for (size_t c = 0; c < x->channels; c++) {
            row[c] = act_one(a, row[c], a->kind == ACT_PRELU ? a->slope[c] : 0);
        }
    }
}
