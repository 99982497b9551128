/* layer_binary.c: operators of two and more inputs, element by element, with broadcasting.
 *
 * each.h walks the elements; its inner loop is a function for the operator and the element type:
 * float32 from loops.h, the other types generated here. Integers wrap around. Max, Min, Sum and
 * Mean of any number of inputs go from left to right through the output.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "udf/nn/each.h"
#include "udf/nn/step.h"

/* n elements; a step is 0 (the same element) or 1. False: these values have no result. */
typedef bool binary_loop(size_t n, const void *a, size_t a_step, const void *b, size_t b_step,
                         void *y);

/* Arithmetic on integers:  id  name  value of x and y, unsigned and wrapping. */
#define INTEGER_LIST(X)                                                                            \
    X(ADD, add, (uint64_t)x + (uint64_t)y)                                                         \
    X(SUB, sub, (uint64_t)x - (uint64_t)y)                                                         \
    X(MUL, mul, (uint64_t)x *(uint64_t)y)                                                          \
    X(MIN, min, x < y ? x : y)                                                                     \
    X(MAX, max, x > y ? x : y)

#define DEFINE_INTEGER(ID, name, sfx, ctype, VALUE)                                                \
    static bool name##_##sfx(size_t n, const void *a, size_t a_step, const void *b, size_t b_step, \
                             void *to) {                                                           \
        const ctype *p = a, *q = b;                                                                \
        ctype *out = to;                                                                           \
        for (size_t i = 0; i < n; i++) {                                                           \
            ctype x = p[i * a_step], y = q[i * b_step];                                            \
            out[i] = (ctype)(VALUE);                                                               \
        }                                                                                          \
        return true;                                                                               \
    }

/* Towards zero; the least by -1 wraps to itself; by 0 is refused. */
#define DEFINE_DIVIDE(sfx, ctype, MINUS_1)                                                         \
    static bool div_##sfx(size_t n, const void *a, size_t a_step, const void *b, size_t b_step,    \
                          void *to) {                                                              \
        const ctype *p = a, *q = b;                                                                \
        ctype *out = to;                                                                           \
        bool zero = false;                                                                         \
        for (size_t i = 0; i < n; i++) {                                                           \
            ctype x = p[i * a_step], y = q[i * b_step];                                            \
            bool minus = (MINUS_1);                                                                \
            zero |= y == 0;                                                                        \
            out[i] = (ctype)(minus ? 0 - (uint64_t)x : (uint64_t)(x / (y == 0 ? 1 : y)));          \
        }                                                                                          \
        return !zero;                                                                              \
    }

/* Comparisons give 0 or 1:  id  name  value */
#define COMPARE_LIST(X)                                                                            \
    X(EQUAL, equal, x == y)                                                                        \
    X(LESS, less, x < y)                                                                           \
    X(LESS_OR_EQUAL, less_or_equal, x <= y)                                                        \
    X(GREATER, greater, x > y)                                                                     \
    X(GREATER_OR_EQUAL, greater_or_equal, x >= y)

/* Of bools, which are 0 or 1. */
#define LOGIC_LIST(X)                                                                              \
    X(AND, and, x &y)                                                                              \
    X(OR, or, x | y)                                                                               \
    X(XOR, xor, x ^ y)

#define DEFINE_COMPARE(ID, name, sfx, ctype, VALUE)                                                \
    static bool name##_##sfx(size_t n, const void *a, size_t a_step, const void *b, size_t b_step, \
                             void *to) {                                                           \
        const ctype *p = a, *q = b;                                                                \
        uint8_t *out = to;                                                                         \
        for (size_t i = 0; i < n; i++) {                                                           \
            ctype x = p[i * a_step], y = q[i * b_step];                                            \
            out[i] = (uint8_t)(VALUE);                                                             \
        }                                                                                          \
        return true;                                                                               \
    }

#define INTEGERS(ID, name, value)                                                                  \
    DEFINE_INTEGER(ID, name, i64, int64_t, value)                                                  \
    DEFINE_INTEGER(ID, name, i32, int32_t, value)                                                  \
    DEFINE_INTEGER(ID, name, i8, int8_t, value)                                                    \
    DEFINE_INTEGER(ID, name, u8, uint8_t, value)
#define LOGICS(ID, name, value) DEFINE_COMPARE(ID, name, u8, uint8_t, value)
#define COMPARES(ID, name, value)                                                                  \
    DEFINE_COMPARE(ID, name, f32, float, value)                                                    \
    DEFINE_COMPARE(ID, name, i64, int64_t, value)                                                  \
    DEFINE_COMPARE(ID, name, i32, int32_t, value)                                                  \
    DEFINE_COMPARE(ID, name, i8, int8_t, value)                                                    \
    DEFINE_COMPARE(ID, name, u8, uint8_t, value)

INTEGER_LIST(INTEGERS)
COMPARE_LIST(COMPARES)
LOGIC_LIST(LOGICS)
DEFINE_DIVIDE(i64, int64_t, y == -1)
DEFINE_DIVIDE(i32, int32_t, y == -1)
DEFINE_DIVIDE(i8, int8_t, y == -1)
DEFINE_DIVIDE(u8, uint8_t, false)
DEFINE_INTEGER(PRELU, prelu, i64, int64_t, x < 0 ? (uint64_t)x * (uint64_t)y : (uint64_t)x)
DEFINE_INTEGER(PRELU, prelu, i32, int32_t, x < 0 ? (uint64_t)x * (uint64_t)y : (uint64_t)x)
DEFINE_INTEGER(PRELU, prelu, i8, int8_t, x < 0 ? (uint64_t)x * (uint64_t)y : (uint64_t)x)

/* Variants: enum loop_binary, then these. */
enum variant {
    VARIANT_COMPARE = LOOP_BINARY_COUNT - 1,
#define X(ID, name, value) VARIANT_##ID,
    COMPARE_LIST(X) LOGIC_LIST(X)
#undef X
        VARIANT_COUNT
};

static binary_loop *const integer_loops[VARIANT_COUNT][NET_TYPE_COUNT] = {
#define X(ID, name, value)                                                                         \
    [LOOP_##ID] = {[NET_I64] = name##_i64,                                                         \
                   [NET_I32] = name##_i32,                                                         \
                   [NET_I8] = name##_i8,                                                           \
                   [NET_U8] = name##_u8},
    INTEGER_LIST(X)
#undef X
        [LOOP_PRELU] = {[NET_I64] = prelu_i64, [NET_I32] = prelu_i32, [NET_I8] = prelu_i8},
    [LOOP_DIV] = {[NET_I64] = div_i64, [NET_I32] = div_i32, [NET_I8] = div_i8, [NET_U8] = div_u8},
#define X(ID, name, value)                                                                         \
    [VARIANT_##ID] = {[NET_F32] = name##_f32, [NET_I64] = name##_i64, [NET_I32] = name##_i32,      \
                      [NET_I8] = name##_i8,   [NET_U8] = name##_u8,   [NET_BOOL] = name##_u8},
    COMPARE_LIST(X)
#undef X
#define X(ID, name, value) [VARIANT_##ID] = {[NET_BOOL] = name##_u8},
        LOGIC_LIST(X)
#undef X
};

static bool broadcast_all(struct step *s, struct err *e) {
    char one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    struct net_shape shape = s->in[0].shape;
    for (uint32_t i = 1; i < s->node->ins; i++) {
        if (shape_broadcast(&shape, &s->in[i].shape)) continue;
        return step_error(s, e, "shapes %s and %s do not broadcast", shape_text(&shape, one),
                          shape_text(&s->in[i].shape, two));
    }
    s->out[0].shape = shape;
    return true;
}

static bool binary_plan(struct step *s, struct err *e) {
    if (!step_expect_alike(s, e) || !broadcast_all(s, e)) return false;
    s->out[0].type = s->node->layer->variant > VARIANT_COMPARE ? NET_BOOL : s->in[0].type;
    if (!shape_fits(&s->out[0].shape)) return true;
    struct each *p = step_state(s, sizeof *p, e);
    if (!p) return false;
    each_plan(p, &s->out[0].shape, s->in, 2);
    return true;
}

/* The slope goes along with x's shape. */
static bool prelu_plan(struct step *s, struct err *e) {
    if (!binary_plan(s, e)) return false;
    if (shape_equal(&s->out[0].shape, &s->in[0].shape)) return true;
    return step_error(s, e, "the slope's shape does not broadcast to the input's");
}

struct binary_job {
    const struct each *each;
    const struct layer_env *env;
    uint32_t variant;
    enum net_type type;
    const char *a, *b;
    char *to;
};

static bool binary_each(const struct binary_job *j) {
    const struct each *p = j->each;
    struct each_at at;
    size_t in = net_type_bytes(j->type), out = j->variant > VARIANT_COMPARE ? 1 : in;
    binary_loop *f = integer_loops[j->variant][j->type];
    bool good = true;
    for (each_first(p, &at); at.more; each_next(p, &at)) {
        const void *a = j->a + at.in[0] * in, *b = j->b + at.in[1] * in;
        void *to = j->to + at.out * out;
        if (f) {
            good &= f(p->inner, a, p->step[0], b, p->step[1], to);
        } else {
            j->env->loops->binary[j->variant](p->inner, a, p->step[0], b, p->step[1], to);
        }
    }
    return good;
}

static bool binary_run(struct step *s, struct err *e) {
    const struct binary_job j = {.each = s->state,
                                 .env = s->env,
                                 .variant = s->node->layer->variant,
                                 .type = s->in[0].type,
                                 .a = s->in[0].at,
                                 .b = s->in[1].at,
                                 .to = s->out[0].at};
    return binary_each(&j) || step_bad_data(s, e, "division by zero");
}

/* Any number of inputs: a struct each for each, of the output so far and that input; the first of
 * the first input twice. */
static bool variadic_plan(struct step *s, struct err *e) {
    if (!step_expect_alike(s, e) || !broadcast_all(s, e)) return false;
    s->out[0].type = s->in[0].type;
    if (!shape_fits(&s->out[0].shape)) return true;
    struct each *p = step_state(s, s->node->ins * sizeof *p, e);
    if (!p) return false;
    for (uint32_t i = 0; i < s->node->ins; i++) {
        struct tensor pair[2] = {{.shape = s->out[0].shape}, s->in[i]};
        if (i == 0) pair[0] = pair[1];
        each_plan(&p[i], &s->out[0].shape, pair, 2);
    }
    return true;
}

/* The first input, broadcast: as the largest of it and itself. */
static bool variadic_run(struct step *s, struct err *e) {
    struct binary_job j = {
        .each = s->state, .env = s->env, .type = s->in[0].type, .to = s->out[0].at};
    bool mean = s->node->layer->variant == LOOP_DIV;
    (void)e;
    j.variant = LOOP_MAX;
    j.a = j.b = s->in[0].at;
    bool good = binary_each(&j);
    j.variant = mean ? LOOP_ADD : s->node->layer->variant;
    j.a = j.to;
    for (uint32_t i = 1; i < s->node->ins; i++) {
        j.each = (const struct each *)s->state + i;
        j.b = s->in[i].at;
        good &= binary_each(&j);
    }
    assert(good);
    size_t n = shape_elements(&s->out[0].shape);
    float *y = s->out[0].at;
    if (mean) s->env->loops->unary[LOOP_SCALE](n, y, y, 1.0F / (float)s->node->ins, 0);
    return good;
}

/* Pow: the result has the base's type; the exponent may have another. */
static bool pow_plan(struct step *s, struct err *e) {
    if (!broadcast_all(s, e)) return false;
    if (s->in[1].type == NET_BOOL) return step_error(s, e, "the exponent is bool");
    s->out[0].type = s->in[0].type;
    if (!shape_fits(&s->out[0].shape)) return true;
    struct each *p = step_state(s, sizeof *p, e);
    if (!p) return false;
    each_plan(p, &s->out[0].shape, s->in, 2);
    return true;
}

static double number_at(const struct tensor *t, size_t i) {
    switch (t->type) {
    case NET_F32: return ((const float *)t->at)[i];
    case NET_I64: return (double)((const int64_t *)t->at)[i];
    case NET_I32: return ((const int32_t *)t->at)[i];
    case NET_I8: return ((const int8_t *)t->at)[i];
    case NET_U8:
    case NET_BOOL: return ((const uint8_t *)t->at)[i];
    case NET_TYPE_COUNT: break;
    }
    assert(false);
    return 0;
}

static void number_put(const struct tensor *t, size_t i, double v) {
    double whole = v != v ? 0 : v;
    switch (t->type) {
    case NET_F32: ((float *)t->at)[i] = (float)v; return;
    case NET_I64:
        ((int64_t *)t->at)[i] = whole >= 0x1p63   ? INT64_MAX
                                : whole < -0x1p63 ? INT64_MIN
                                                  : (int64_t)whole;
        return;
    case NET_I32: ((int32_t *)t->at)[i] = (int32_t)fmin(fmax(whole, INT32_MIN), INT32_MAX); return;
    case NET_I8: ((int8_t *)t->at)[i] = (int8_t)fmin(fmax(whole, INT8_MIN), INT8_MAX); return;
    case NET_U8:
    case NET_BOOL: ((uint8_t *)t->at)[i] = (uint8_t)fmin(fmax(whole, 0), UINT8_MAX); return;
    case NET_TYPE_COUNT: break;
    }
    assert(false);
}

static bool pow_run(struct step *s, struct err *e) {
    const struct each *p = s->state;
    struct each_at at;
    (void)e;
    bool square = shape_elements(&s->in[1].shape) == 1 && number_at(&s->in[1], 0) == 2;
    for (each_first(p, &at); at.more; each_next(p, &at)) {
        if (square && s->in[0].type == NET_F32) {
            const float *x = (const float *)s->in[0].at + at.in[0];
            s->env->loops->binary[LOOP_MUL](p->inner, x, p->step[0], x, p->step[0],
                                            (float *)s->out[0].at + at.out);
            continue;
        }
        for (size_t i = 0; i < p->inner; i++) {
            double base = number_at(&s->in[0], at.in[0] + i * p->step[0]);
            double power = number_at(&s->in[1], at.in[1] + i * p->step[1]);
            number_put(&s->out[0], at.out + i, pow(base, power));
        }
    }
    return true;
}

/* Where: by bytes, since nothing is computed. */
static bool where_plan(struct step *s, struct err *e) {
    if (!step_expect(s, 0, NET_BOOL, e) || !step_expect(s, 2, s->in[1].type, e)) return false;
    if (!broadcast_all(s, e)) return false;
    s->out[0].type = s->in[1].type;
    if (!shape_fits(&s->out[0].shape)) return true;
    struct each *p = step_state(s, sizeof *p, e);
    if (!p) return false;
    each_plan(p, &s->out[0].shape, s->in, 3);
    return true;
}

#define DEFINE_WHERE(bits)                                                                         \
    static void where_##bits(const struct each *p, const struct each_at *at,                       \
                             const struct step *s) {                                               \
        const uint8_t *test = (const uint8_t *)s->in[0].at + at->in[0];                            \
        const uint##bits##_t *x = (const uint##bits##_t *)s->in[1].at + at->in[1];                 \
        const uint##bits##_t *y = (const uint##bits##_t *)s->in[2].at + at->in[2];                 \
        uint##bits##_t *out = (uint##bits##_t *)s->out[0].at + at->out;                            \
        for (size_t i = 0; i < p->inner; i++) {                                                    \
            out[i] = test[i * p->step[0]] ? x[i * p->step[1]] : y[i * p->step[2]];                 \
        }                                                                                          \
    }
DEFINE_WHERE(8)
DEFINE_WHERE(32)
DEFINE_WHERE(64)

static bool where_run(struct step *s, struct err *e) {
    const struct each *p = s->state;
    struct each_at at;
    size_t bytes = net_type_bytes(s->out[0].type);
    (void)e;
    for (each_first(p, &at); at.more; each_next(p, &at)) {
        if (bytes == 1) where_8(p, &at, s);
        if (bytes == 4) where_32(p, &at, s);
        if (bytes == 8) where_64(p, &at, s);
    }
    return true;
}

/* Clip: least and most are inputs that may be absent. */
static bool clip_read(struct layer_read *r, struct err *e) {
    static const char *const names[] = {"min", "max"};
    for (uint32_t i = 0; i < 2; i++) {
        const struct onnx_attr *a = layer_read_attr(r, names[i]);
        if (!a) continue;
        struct tensor t = {.type = NET_F32};
        t.at = arena_copy(r->graph->load, &a->f, sizeof a->f);
        if (!t.at) return err_memory(e);
        if (!layer_read_input(r, i + 1, &t, e)) return false;
    }
    return true;
}

static bool clip_plan(struct step *s, struct err *e) {
    step_like(s);
    for (uint32_t i = 1; i < s->node->ins; i++) {
        if (!step_has(s, i)) continue;
        if (!step_expect(s, i, s->in[0].type, e)) return false;
        if (shape_elements(&s->in[i].shape) != 1) {
            return step_error(s, e, "input %u must be one number", i);
        }
    }
    return true;
}

static bool clip_run(struct step *s, struct err *e) {
    size_t n = shape_elements(&s->in[0].shape);
    const void *x = s->in[0].at;
    (void)e;
    if (s->in[0].type == NET_F32) {
        float least = step_has(s, 1) ? *(const float *)s->in[1].at : -INFINITY;
        float most = step_has(s, 2) ? *(const float *)s->in[2].at : INFINITY;
        s->env->loops->unary[LOOP_CLIP](n, x, s->out[0].at, least, most);
        return true;
    }
    memmove(s->out[0].at, x, n * net_type_bytes(s->in[0].type));
    for (uint32_t i = 1; i <= 2; i++) {
        binary_loop *f = integer_loops[i == 1 ? LOOP_MAX : LOOP_MIN][s->in[0].type];
        if (step_has(s, i)) (void)f(n, s->out[0].at, 1, s->in[i].at, 0, s->out[0].at);
    }
    return true;
}

enum {
    SIGNED = TYPE_F32 | TYPE_I64 | TYPE_I32 | TYPE_I8,
    IN_PLACE = LAYER_EACH | LAYER_IN_PLACE | LAYER_IN_PLACE_1,
};

/* Operators:  ONNX's name  variant  types  since  flags  most inputs  family */
#define BINARY_LIST(X)                                                                             \
    X("Add", LOOP_ADD, TYPE_NUMBERS, 0, IN_PLACE, 2, binary)                                       \
    X("Sub", LOOP_SUB, TYPE_NUMBERS, 0, IN_PLACE, 2, binary)                                       \
    X("Mul", LOOP_MUL, TYPE_NUMBERS, 0, IN_PLACE, 2, binary)                                       \
    X("Div", LOOP_DIV, TYPE_NUMBERS, 0, IN_PLACE, 2, binary)                                       \
    X("Equal", VARIANT_EQUAL, 0, 0, LAYER_EACH, 2, binary)                                         \
    X("Less", VARIANT_LESS, TYPE_NUMBERS, 0, LAYER_EACH, 2, binary)                                \
    X("LessOrEqual", VARIANT_LESS_OR_EQUAL, TYPE_NUMBERS, 12, LAYER_EACH, 2, binary)               \
    X("Greater", VARIANT_GREATER, TYPE_NUMBERS, 0, LAYER_EACH, 2, binary)                          \
    X("GreaterOrEqual", VARIANT_GREATER_OR_EQUAL, TYPE_NUMBERS, 12, LAYER_EACH, 2, binary)         \
    X("And", VARIANT_AND, TYPE_BOOL, 0, LAYER_EACH, 2, binary)                                     \
    X("Or", VARIANT_OR, TYPE_BOOL, 0, LAYER_EACH, 2, binary)                                       \
    X("Xor", VARIANT_XOR, TYPE_BOOL, 0, LAYER_EACH, 2, binary)                                     \
    X("Max", LOOP_MAX, TYPE_NUMBERS, 6, LAYER_EACH, LAYER_ANY, variadic)                           \
    X("Min", LOOP_MIN, TYPE_NUMBERS, 6, LAYER_EACH, LAYER_ANY, variadic)                           \
    X("Sum", LOOP_ADD, TYPE_F32, 6, LAYER_EACH, LAYER_ANY, variadic)                               \
    X("Mean", LOOP_DIV, TYPE_F32, 6, LAYER_EACH, LAYER_ANY, variadic)                              \
    X("Pow", LOOP_MUL, TYPE_NUMBERS, 0, LAYER_EACH, 2, pow)                                        \
    X("Where", LOOP_MUL, TYPE_BOOL, 9, LAYER_EACH, 3, where)

static const struct layer rows[] = {
#define X(onnx, which, takes, from, how, most, family)                                             \
    {.name = onnx,                                                                                 \
     .since = from,                                                                                \
     .ins_min = (most) == LAYER_ANY ? 1 : (most),                                                  \
     .ins_max = most,                                                                              \
     .variant = which,                                                                             \
     .types = takes,                                                                               \
     .flags = how,                                                                                 \
     .plan = family##_plan,                                                                        \
     .run = family##_run,                                                                          \
     .turn = layer_turn_any},
    BINARY_LIST(X)
#undef X
        {.name = "PRelu",
         .ins_min = 2,
         .ins_max = 2,
         .variant = LOOP_PRELU,
         .types = SIGNED,
         .flags = LAYER_EACH | LAYER_IN_PLACE,
         .plan = prelu_plan,
         .run = binary_run,
         .turn = layer_turn_any},
    {.name = "Clip",
     .since = 6,
     .ins_min = 1,
     .ins_max = 3,
     .types = TYPE_NUMBERS,
     .flags = LAYER_EACH | LAYER_IN_PLACE,
     .read = clip_read,
     .plan = clip_plan,
     .run = clip_run,
     .turn = layer_turn_any},
};

const struct layer_family layers_binary = {.layer = rows, .count = COUNT_OF(rows)};
