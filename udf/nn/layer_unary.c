/* layer_unary.c: operators of one input, element by element, and Cast.
 *
 * float32 goes through the loops of loops.h where they are vector code there, else through the C
 * library's functions; the few operators that take integers have a loop per type.
 */
#include "udf/nn/layer_unary.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/half.h"

/* Slow ones:  id  name  f of x */
#define SLOW_LIST(X)                                                                               \
    X(LOG, log, logf(x))                                                                           \
    X(SOFTPLUS, softplus, x > 20 ? x : log1pf(expf(x)))                                            \
    X(MISH, mish, x *tanhf(x > 20 ? x : log1pf(expf(x))))                                          \
    X(ERF, erf, erff(x))                                                                           \
    X(GELU, gelu, 0.5F * x * (1 + erff(x * 0.707106781F)))                                         \
    X(GELU_TANH, gelu_tanh, 0.5F * x * (1 + tanhf(0.797884561F * (x + 0.044715F * x * x * x))))    \
    X(ROUND, round, rintf(x))

enum slow {
#define X(ID, name, value) SLOW_##ID,
    SLOW_LIST(X)
#undef X
        SLOW_COUNT
};

#define X(ID, name, value)                                                                         \
    static void slow_##name(size_t n, const float *from, float *to, float p, float q) {            \
        (void)p;                                                                                   \
        (void)q;                                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            float x = from[i];                                                                     \
            to[i] = value;                                                                         \
        }                                                                                          \
    }
SLOW_LIST(X)
#undef X

typedef void unary_loop(size_t n, const float *x, float *y, float p, float q);

static unary_loop *const slow_loops[SLOW_COUNT] = {
#define X(ID, name, value) [SLOW_##ID] = slow_##name,
    SLOW_LIST(X)
#undef X
};

/* A layer's variant is an enum loop_unary, or SLOW and an enum slow. */
enum { SLOW = LOOP_UNARY_COUNT };

static bool unary_plan(struct step *s, struct err *e) {
    (void)e;
    step_like(s);
    return true;
}

/* Relu, Abs and Neg take integers too: DEFINE per type, y = f(x). */
#define DEFINE_INTEGER(sfx, ctype)                                                                 \
    static void integer_##sfx(uint32_t variant, size_t n, const ctype *x, ctype *y) {              \
        for (size_t i = 0; i < n; i++) {                                                           \
            bool flip = variant == LOOP_NEG || (variant == LOOP_ABS && x[i] < 0);                  \
            ctype v = flip ? (ctype)(0 - (uint64_t)x[i]) : x[i];                                   \
            y[i] = variant == LOOP_RELU && v < 0 ? 0 : v;                                          \
        }                                                                                          \
    }
DEFINE_INTEGER(i64, int64_t)
DEFINE_INTEGER(i32, int32_t)
DEFINE_INTEGER(i8, int8_t)

static bool unary_run(struct step *s, struct err *e) {
    (void)e;
    const struct unary *u = s->node->params;
    uint32_t variant = s->node->layer->variant;
    size_t n = shape_elements(&s->in[0].shape);
    if (variant == SLOW + SLOW_GELU && u->gelu_tanh) variant = SLOW + SLOW_GELU_TANH;
    switch (s->in[0].type) {
    case NET_F32: {
        unary_loop *f =
            variant >= SLOW ? slow_loops[variant - SLOW] : s->env->loops->unary[variant];
        f(n, s->in[0].at, s->out[0].at, u->p, u->q);
        break;
    }
    case NET_I64: integer_i64(variant, n, s->in[0].at, s->out[0].at); break;
    case NET_I32: integer_i32(variant, n, s->in[0].at, s->out[0].at); break;
    case NET_I8: integer_i8(variant, n, s->in[0].at, s->out[0].at); break;
    case NET_U8:
    case NET_BOOL: memmove(s->out[0].at, s->in[0].at, n); break;
    case NET_TYPE_COUNT: assert(false);
    }
    return true;
}

static bool alpha_read(struct layer_read *r, float alpha, struct err *e) {
    struct unary *u = r->node->params;
    u->p = alpha;
    return layer_read_float(r, "alpha", &u->p, e);
}

static bool leaky_read(struct layer_read *r, struct err *e) {
    return alpha_read(r, 0.01F, e);
}

static bool elu_read(struct layer_read *r, struct err *e) {
    return alpha_read(r, 1.0F, e);
}

static bool selu_read(struct layer_read *r, struct err *e) {
    struct unary *u = r->node->params;
    u->q = 1.05070098F;
    return alpha_read(r, 1.67326324F, e) && layer_read_float(r, "gamma", &u->q, e);
}

static bool hard_sigmoid_read(struct layer_read *r, struct err *e) {
    struct unary *u = r->node->params;
    u->q = 0.5F;
    return alpha_read(r, 0.2F, e) && layer_read_float(r, "beta", &u->q, e);
}

static bool hard_swish_read(struct layer_read *r, struct err *e) {
    struct unary *u = r->node->params;
    (void)e;
    u->p = 1.0F / 6;
    u->q = 0.5F;
    return true;
}

static bool gelu_read(struct layer_read *r, struct err *e) {
    struct unary *u = r->node->params;
    struct text how = TEXT_LITERAL("none");
    if (!layer_read_text(r, "approximate", &how, e)) return false;
    u->gelu_tanh = text_equal(how, TEXT_LITERAL("tanh"));
    if (u->gelu_tanh || text_equal(how, TEXT_LITERAL("none"))) return true;
    return layer_read_error(r, e, "approximate must be none or tanh");
}

/* Cast: `to` is float16 or double: rounded (or not) and kept as float32. */
struct cast {
    enum net_type to;
    bool half;
};

static bool cast_read(struct layer_read *r, struct err *e) {
    struct cast *c = r->node->params;
    int64_t to = 0, saturate = 1;
    if (!layer_read_int(r, "to", &to, e) || !layer_read_int(r, "saturate", &saturate, e)) {
        return false;
    }
    int32_t type = to >= 0 && to < 1000 ? (int32_t)to : 0;
    c->half = type == ONNX_FLOAT16;
    if (onnx_type_of(type, &c->to)) return true;
    layer_read_error(r, e, "a cast to %s is not supported", onnx_type_name(type));
    memcpy(e->sqlstate, "0A000", sizeof "0A000");
    return false;
}

static bool cast_plan(struct step *s, struct err *e) {
    const struct cast *c = s->node->params;
    (void)e;
    step_like(s);
    s->out[0].type = c->to;
    return true;
}

/* Floating to integer: towards zero, past the range to its ends, NaN to 0. */
static int64_t integer_of(float f, double least, double most) {
    double d = f;
    if (!(d == d)) return 0;
    if (d <= least) return (int64_t)least;
    if (d >= most) return most >= 0x1p63 ? INT64_MAX : (int64_t)most;
    return (int64_t)d;
}

/* Floating values and integers are read as double and int64, then narrowed. */
struct cast_value {
    float f;
    int64_t i;
    bool is_float;
};

static struct cast_value cast_get(const struct tensor *t, size_t i) {
    switch (t->type) {
    case NET_F32: return (struct cast_value){.f = ((const float *)t->at)[i], .is_float = true};
    case NET_I64: return (struct cast_value){.i = ((const int64_t *)t->at)[i]};
    case NET_I32: return (struct cast_value){.i = ((const int32_t *)t->at)[i]};
    case NET_I8: return (struct cast_value){.i = ((const int8_t *)t->at)[i]};
    case NET_U8:
    case NET_BOOL: return (struct cast_value){.i = ((const uint8_t *)t->at)[i]};
    case NET_TYPE_COUNT: break;
    }
    assert(false);
    return (struct cast_value){0};
}

static void cast_put(const struct tensor *t, size_t i, struct cast_value v) {
    switch (t->type) {
    case NET_F32: ((float *)t->at)[i] = v.is_float ? v.f : (float)v.i; return;
    case NET_I64:
        ((int64_t *)t->at)[i] = v.is_float ? integer_of(v.f, -0x1p63, 0x1p63) : v.i;
        return;
    case NET_I32:
        ((int32_t *)t->at)[i] = (int32_t)(v.is_float ? integer_of(v.f, INT32_MIN, INT32_MAX) : v.i);
        return;
    case NET_I8:
        ((int8_t *)t->at)[i] = (int8_t)(v.is_float ? integer_of(v.f, INT8_MIN, INT8_MAX) : v.i);
        return;
    case NET_U8:
        ((uint8_t *)t->at)[i] = (uint8_t)(v.is_float ? integer_of(v.f, 0, UINT8_MAX) : v.i);
        return;
    case NET_BOOL: ((uint8_t *)t->at)[i] = v.is_float ? v.f != 0 : v.i != 0; return;
    case NET_TYPE_COUNT: break;
    }
    assert(false);
}

static bool cast_run(struct step *s, struct err *e) {
    const struct cast *c = s->node->params;
    size_t n = shape_elements(&s->in[0].shape);
    (void)e;
    for (size_t i = 0; i < n; i++) {
        struct cast_value v = cast_get(&s->in[0], i);
        if (c->half) {
            float f = v.is_float ? v.f : (float)v.i;
            v = (struct cast_value){.f = half_to_float(half_of_float(f)), .is_float = true};
        }
        cast_put(&s->out[0], i, v);
    }
    return true;
}

static bool not_run(struct step *s, struct err *e) {
    const uint8_t *x = s->in[0].at;
    uint8_t *y = s->out[0].at;
    size_t n = shape_elements(&s->in[0].shape);
    (void)e;
    for (size_t i = 0; i < n; i++) y[i] = !x[i];
    return true;
}

enum { SIGNED = TYPE_F32 | TYPE_I64 | TYPE_I32 | TYPE_I8 };

/* Operators:  ONNX's name  variant  types  since  read() */
#define UNARY_LIST(X)                                                                              \
    X("Relu", LOOP_RELU, SIGNED, 6, NULL)                                                          \
    X("LeakyRelu", LOOP_LEAKY_RELU, TYPE_F32, 6, leaky_read)                                       \
    X("Elu", LOOP_ELU, TYPE_F32, 6, elu_read)                                                      \
    X("Selu", LOOP_SELU, TYPE_F32, 6, selu_read)                                                   \
    X("Sigmoid", LOOP_SIGMOID, TYPE_F32, 6, NULL)                                                  \
    X("HardSigmoid", LOOP_HARD_SIGMOID, TYPE_F32, 6, hard_sigmoid_read)                            \
    X("HardSwish", LOOP_HARD_SWISH, TYPE_F32, 14, hard_swish_read)                                 \
    X("Tanh", LOOP_TANH, TYPE_F32, 6, NULL)                                                        \
    X("Exp", LOOP_EXP, TYPE_F32, 6, NULL)                                                          \
    X("Sqrt", LOOP_SQRT, TYPE_F32, 6, NULL)                                                        \
    X("Abs", LOOP_ABS, SIGNED | TYPE_U8, 6, NULL)                                                  \
    X("Neg", LOOP_NEG, SIGNED, 6, NULL)                                                            \
    X("Floor", LOOP_FLOOR, TYPE_F32, 6, NULL)                                                      \
    X("Ceil", LOOP_CEIL, TYPE_F32, 6, NULL)                                                        \
    X("Reciprocal", LOOP_RECIPROCAL, TYPE_F32, 6, NULL)                                            \
    X("Log", SLOW + SLOW_LOG, TYPE_F32, 6, NULL)                                                   \
    X("Softplus", SLOW + SLOW_SOFTPLUS, TYPE_F32, 1, NULL)                                         \
    X("Mish", SLOW + SLOW_MISH, TYPE_F32, 18, NULL)                                                \
    X("Erf", SLOW + SLOW_ERF, TYPE_F32, 9, NULL)                                                   \
    X("Round", SLOW + SLOW_ROUND, TYPE_F32, 11, NULL)                                              \
    X("Gelu", SLOW + SLOW_GELU, TYPE_F32, 20, gelu_read)

static const struct layer rows[] = {
#define X(onnx, which, takes, from, reads)                                                         \
    {.name = onnx,                                                                                 \
     .since = from,                                                                                \
     .ins_min = 1,                                                                                 \
     .ins_max = 1,                                                                                 \
     .variant = which,                                                                             \
     .types = takes,                                                                               \
     .flags = LAYER_IN_PLACE | LAYER_EACH,                                                         \
     .params_bytes = sizeof(struct unary),                                                         \
     .read = reads,                                                                                \
     .plan = unary_plan,                                                                           \
     .run = unary_run,                                                                             \
     .turn = layer_turn_any},
    UNARY_LIST(X)
#undef X
        {.name = "Not",
         .ins_min = 1,
         .ins_max = 1,
         .types = TYPE_BOOL,
         .flags = LAYER_IN_PLACE | LAYER_EACH,
         .plan = unary_plan,
         .run = not_run,
         .turn = layer_turn_any},
    {.name = "Cast",
     .since = 6,
     .ins_min = 1,
     .ins_max = 1,
     .flags = LAYER_EACH,
     .params_bytes = sizeof(struct cast),
     .read = cast_read,
     .plan = cast_plan,
     .run = cast_run,
     .turn = layer_turn_any},
};

const struct layer layer_silu = {.name = "Silu",
                                 .ins_min = 1,
                                 .ins_max = 1,
                                 .variant = LOOP_SILU,
                                 .types = TYPE_F32,
                                 .flags = LAYER_IN_PLACE | LAYER_EACH,
                                 .params_bytes = sizeof(struct unary),
                                 .plan = unary_plan,
                                 .run = unary_run,
                                 .turn = layer_turn_any};

const struct layer_family layers_unary = {.layer = rows, .count = COUNT_OF(rows)};
