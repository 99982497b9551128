/* post_tmpl.c: activations over vectors.
 *
 * exp(x) = 2^n * exp(r) with n = round(x / ln 2) and |r| <= ln 2 / 2, where exp(r) is a polynomial
 * of degree 6 (minimax for the relative error, 2e-9, found by Remez's algorithm). x is limited to
 * 88: past that, exp stays where it is. tanh and sigmoid are written in exp.
 */
#include "udf/nn/act.h"
#include "udf/nn/kernels.h"
#include "udf/nn/vec.h"

/* exp(sign * x), where sign is 1 or -1 and sign * x <= 88. */
NN_INLINE vec exp_signed(const float sign, vec x) {
    vec n = vec_round(vec_mul(x, vec_of(sign * 1.44269504f)));
    vec r = vec_fnma(n, vec_of(sign * 0.693359375f), x); /* ln 2 in two parts, the first exact */
    r = vec_fma(n, vec_of(sign * 2.12194440e-4f), r);
    vec p = vec_of(0.0013836846f);
    p = vec_fma(p, r, vec_of(sign * 0.0083748158f));
    p = vec_fma(p, r, vec_of(0.0416682256f));
    p = vec_fma(p, r, vec_of(sign * 0.166664202f));
    p = vec_fma(p, r, vec_of(0.499999921f));
    p = vec_fma(p, r, vec_of(sign * 1.00000004f));
    p = vec_fma(p, r, vec_of(1));
    return vec_scale(p, n);
}

NN_INLINE vec vec_exp(vec x) {
    return exp_signed(1, vec_min(vec_of(88), x));
}

NN_INLINE vec sigmoid(vec x) {
    return vec_reciprocal(vec_add(vec_of(1), exp_signed(-1, vec_max(vec_of(-88), x))));
}

/* 1 - 2 / (exp(2x) + 1), but x - x^3/3 + ... where that would cancel. */
NN_INLINE vec tanh_of(vec x) {
    vec half = vec_reciprocal(vec_add(vec_exp(vec_add(x, x)), vec_of(1)));
    vec far = vec_sub(vec_of(1), vec_add(half, half));
    vec s = vec_mul(x, x), p = vec_of(0.00359212803657f);
    p = vec_fma(p, s, vec_of(-0.00886323552990f));
    p = vec_fma(p, s, vec_of(0.0218694885361f));
    p = vec_fma(p, s, vec_of(-0.0539682539683f));
    p = vec_fma(p, s, vec_of(0.133333333333f));
    p = vec_fma(p, s, vec_of(-0.333333333333f));
    vec near = vec_fma(vec_mul(p, s), x, x);
    return vec_where_negative(vec_sub(s, vec_of(0.25f)), near, far);
}

/* exp(x) - 1 for x < 0; the polynomial where 1 would swallow it. */
NN_INLINE vec expm1_of(vec x) {
    vec p = vec_of(1.0f / 720);
    p = vec_fma(p, x, vec_of(1.0f / 120));
    p = vec_fma(p, x, vec_of(1.0f / 24));
    p = vec_fma(p, x, vec_of(1.0f / 6));
    p = vec_fma(p, x, vec_of(0.5f));
    p = vec_fma(p, x, vec_of(1));
    vec far = vec_sub(vec_exp(x), vec_of(1));
    return vec_where_negative(vec_add(x, vec_of(0.3f)), far, vec_mul(p, x));
}

NN_INLINE vec hard_sigmoid(const struct act *a, vec x) {
    vec line = vec_fma(vec_of(a->a), x, vec_of(a->b));
    return vec_min(vec_of(1), vec_max(vec_zero(), line));
}

NN_INLINE vec act_vec(const struct act *a, const enum act_kind kind, vec x, vec slope) {
    switch (kind) {
    case ACT_NONE: return x;
    case ACT_CLIP: return vec_min(vec_of(a->b), vec_max(vec_of(a->a), x));
    case ACT_LEAKY: return vec_where_negative(x, vec_mul(vec_of(a->a), x), x);
    case ACT_PRELU: return vec_where_negative(x, vec_mul(slope, x), x);
    case ACT_SIGMOID: return sigmoid(x);
    case ACT_SILU: return vec_mul(x, sigmoid(vec_mul(vec_of(a->a), x)));
    case ACT_HARD_SIGMOID: return hard_sigmoid(a, x);
    case ACT_HARD_SWISH: return vec_mul(x, hard_sigmoid(a, x));
    case ACT_TANH: return tanh_of(x);
    case ACT_ELU: return vec_where_negative(x, vec_mul(vec_of(a->a), expm1_of(x)), x);
    case ACT_KINDS: break;
    }
    return x;
}

/* A row of the matrix. */
struct pass_row {
    const float *at, *residual; /* residual NULL: none */
    const float *slope;
    float *out;
};

NN_INLINE void pass_piece(const struct pass_row *r, const struct act *a, const enum act_kind kind,
                          size_t c, size_t n) {
    vec slope = vec_zero();
    if (kind == ACT_PRELU) slope = vec_load_some(r->slope + c, n);
    vec x = act_vec(a, kind, vec_load_some(r->at + c, n), slope);
    if (r->residual) x = vec_add(x, vec_load_some(r->residual + c, n));
    vec_store_some(r->out + c, x, n);
}

/* One pass over the matrix: out = act(at), and then + residual. */
NN_INLINE void pass(const struct post_job *job, const struct act *act, const enum act_kind kind) {
    const struct act a = {.kind = kind, .a = act->a, .b = act->b}; /* which no store can change */
    const struct nn_sink *s = &job->sink;
    struct pass_row r = {.at = job->at, .residual = s->residual, .out = s->out};
    if (kind == ACT_PRELU) r.slope = act->slope + job->channel;
    size_t rows = job->rows, channels = job->channels, whole = channels / VEC_LANES * VEC_LANES;
    size_t step = job->stride, out_step = s->out_stride, residual_step = s->residual_stride;
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < whole; c += VEC_LANES) pass_piece(&r, &a, kind, c, VEC_LANES);
        if (whole < channels) pass_piece(&r, &a, kind, whole, channels - whole);
        r.at += step;
        r.out += out_step;
        if (r.residual) r.residual += residual_step;
    }
}

#define DEFINE_PASS(ID)                                                                            \
    static void pass_##ID(const struct post_job *j, const struct act *a) {                         \
        pass(j, a, ACT_##ID);                                                                      \
    }
ACT_LIST(DEFINE_PASS)

#define PASS_OF(ID) [ACT_##ID] = pass_##ID,

static void post_run(const struct post_job *job) {
    static void (*const passes[ACT_KINDS])(const struct post_job *,
                                           const struct act *) = {ACT_LIST(PASS_OF)};
    passes[job->before->kind](job, job->before);
    if (job->after->kind == ACT_NONE) return;
    struct post_job again = *job;
    again.at = job->sink.out;
    again.stride = job->sink.out_stride;
    again.sink.residual = NULL;
    passes[job->after->kind](&again, job->after);
}

const struct post_kernels NN_NAME(post) = {.run = post_run};
