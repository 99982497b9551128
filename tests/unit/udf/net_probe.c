/* net_probe.c: see net_probe.h. */
#include "tests/unit/udf/net_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "udf/nn/blas.h"
#include "udf/nn/net_private.h"
#include "udf/nn/run.h"

int probe_setup(void **state) {
    struct err e = {0};
    struct blas *b = calloc(1, sizeof *b);
    assert_non_null(b);
    *state = b;
    return blas_open(b, &e) ? 0 : -1;
}

int probe_teardown(void **state) {
    blas_close(*state);
    free(*state);
    return 0;
}

void probe_init(struct probe *p, struct random *r, uint32_t opset) {
    *p = (struct probe){.random = *r, .relative = 1e-5, .absolute = 1e-5};
    random_u64(r);
    arena_init(&p->arena, 0);
    onnx_writer_init(&p->w, opset);
}

void probe_done(struct probe *p) {
    onnx_writer_done(&p->w);
    arena_done(&p->arena);
}

struct net_shape probe_shape(uint32_t rank, ...) {
    struct net_shape s = {.rank = rank};
    va_list args;
    va_start(args, rank);
    for (uint32_t d = 0; d < rank; d++) s.dim[d] = va_arg(args, int);
    va_end(args);
    return s;
}

struct net_shape probe_shape_random(struct random *r, uint32_t rank, uint32_t most) {
    struct net_shape s = {.rank = rank};
    for (uint32_t d = 0; d < rank; d++) s.dim[d] = 1 + (int64_t)random_below(r, most);
    return s;
}

struct tensor *probe_value(struct probe *p, const char *name, enum net_type type,
                           const struct net_shape *shape) {
    assert_true(p->values < PROBE_VALUES_MAX);
    struct probe_value *v = &p->value[p->values++];
    assert_true(strlen(name) < sizeof v->name);
    *v = (struct probe_value){.t = {.type = type, .shape = *shape}, .declared = true};
    memcpy(v->name, name, strlen(name) + 1);
    v->t.at = arena_zalloc(&p->arena, shape_elements(shape) + 1, net_type_bytes(type));
    assert_non_null(v->t.at);
    return &v->t;
}

struct tensor *probe_random(struct probe *p, const char *name, const struct net_shape *shape,
                            double least, double most) {
    struct tensor *t = probe_value(p, name, NET_F32, shape);
    float *at = t->at;
    for (size_t i = 0; i < shape_elements(shape); i++) {
        double u = (double)(random_u64(&p->random) >> 11) * 0x1p-53;
        at[i] = (float)(least + u * (most - least));
    }
    return t;
}

struct tensor *probe_ints(struct probe *p, const char *name, const int64_t *at, uint32_t count) {
    struct net_shape s = {.rank = 1, .dim = {count}};
    struct tensor *t = probe_value(p, name, NET_I64, &s);
    if (count > 0) memcpy(t->at, at, count * sizeof *at);
    p->value[p->values - 1].constant = true;
    return t;
}

struct probe_wanted probe_wanted(struct probe *p, const char *name, enum net_type type,
                                 const struct net_shape *shape) {
    struct probe_wanted w = {.name = name, .type = type, .shape = *shape};
    w.at = arena_zalloc(&p->arena, shape_elements(shape) + 1, sizeof *w.at);
    assert_non_null(w.at);
    return w;
}

double probe_at(const struct tensor *t, size_t i) {
    switch (t->type) {
    case NET_F32: return (double)((const float *)t->at)[i];
    case NET_I64: return (double)((const int64_t *)t->at)[i];
    case NET_I32: return ((const int32_t *)t->at)[i];
    case NET_I8: return ((const int8_t *)t->at)[i];
    case NET_U8:
    case NET_BOOL: return ((const uint8_t *)t->at)[i];
    case NET_TYPE_COUNT: break;
    }
    fail();
    return 0;
}

size_t probe_index(const struct net_shape *s, size_t i, uint32_t k) {
    return i / shape_span(s, k + 1, s->rank) % (size_t)s->dim[k];
}

/* In which way a network is loaded and run. */
struct way {
    bool constants, plain, undeclared, apart;
};

static struct net *load(struct probe *p, const struct way *way, const char *const *out,
                        uint32_t outs, struct err *e) {
    struct onnx_writer w;
    onnx_writer_init(&w, p->w.opset);
    struct text unused = onnx_write_file(&p->w); /* ends the last node */
    (void)unused;
    buf_add_text(&w.nodes, buf_text(&p->w.nodes));
    for (uint32_t i = 0; i < p->values; i++) {
        const struct probe_value *v = &p->value[i];
        struct net_shape declared = v->t.shape;
        if (way->undeclared) declared.rank = SHAPE_UNKNOWN;
        bool constant = v->constant || (way->constants && i > 0);
        if (constant)
            onnx_write_constant(&w, v->name, &v->t);
        else
            onnx_write_input(&w, v->name, v->t.type, &declared);
    }
    for (uint32_t i = 0; i < outs; i++) onnx_write_output(&w, out[i]);
    struct net *n =
        net_load_with(onnx_write_file(&w), &(struct net_options){.plain = way->plain}, e);
    onnx_writer_done(&w);
    return n;
}

static void inputs(struct probe *p, const struct net *n, struct net_tensor *in) {
    for (uint32_t i = 0; i < net_inputs(n); i++) {
        for (uint32_t k = 0; k < p->values; k++) {
            if (!text_equal(net_input(n, i)->name, text_of(p->value[k].name))) continue;
            const struct tensor *t = &p->value[k].t;
            in[i] = (struct net_tensor){.type = t->type, .shape = t->shape, .at = t->at};
        }
    }
}

static void poison(struct net_run *r) {
    for (struct segment *s = r->first; s; s = s->next) {
        if (s->at) memset(s->at, 0xFF, s->at_bytes); /* NaNs, and numbers far outside */
    }
}

static void compare(const struct probe *p, const struct probe_wanted *w,
                    const struct net_tensor *out, const struct way *way) {
    char is[SHAPE_TEXT_BYTES], wanted[SHAPE_TEXT_BYTES];
    if (out->type != w->type || !shape_equal(&out->shape, &w->shape)) {
        print_message("%s: %s %s, not %s %s\n", w->name, net_type_name(out->type),
                      shape_text(&out->shape, is), net_type_name(w->type),
                      shape_text(&w->shape, wanted));
        fail();
    }
    for (size_t i = 0; i < shape_elements(&w->shape); i++) {
        const struct tensor t = {
            .type = out->type, .shape = out->shape, .at = (void *)(uintptr_t)out->at};
        double a = probe_at(&t, i), b = w->at[i];
        if (a == b || (isnan(a) && isnan(b))) continue;
        if (fabs(a - b) <= p->absolute + p->relative * fabs(b)) continue;
        print_message(
            "%s of %s: element %zu is %.9g, not %.9g (constants %d plain %d undeclared %d "
            "apart %d)\n",
            w->name, shape_text(&w->shape, is), i, a, b, way->constants, way->plain,
            way->undeclared, way->apart);
        fail();
    }
}

static void check_way(struct probe *p, const struct probe_wanted *wanted, uint32_t count,
                      const struct way *way) {
    const char *names[PROBE_VALUES_MAX];
    struct net_tensor in[PROBE_VALUES_MAX], out[PROBE_VALUES_MAX];
    struct err e = {0};
    for (uint32_t i = 0; i < count; i++) names[i] = wanted[i].name;
    struct net *n = load(p, way, names, count, &e);
    if (!n) print_message("%s %s\n", e.sqlstate, e.message);
    assert_non_null(n);
    struct net_run *r = net_run_create(n, &e);
    assert_non_null(r);
    r->keep_apart = way->apart;
    inputs(p, n, in);
    for (int times = 0; times < 3; times++) {
        poison(r);
        bool good = net_run(r, in, out, &e);
        if (!good) print_message("%s %s\n", e.sqlstate, e.message);
        assert_true(good);
        for (uint32_t i = 0; i < count; i++) compare(p, &wanted[i], &out[i], way);
    }
    net_run_destroy(r);
    net_destroy(n);
}

void probe_check(struct probe *p, const struct probe_wanted *wanted, uint32_t count) {
    for (uint32_t bits = 0; bits < 16; bits++) {
        const struct way way = {
            .constants = bits & 1, .plain = bits & 2, .undeclared = bits & 4, .apart = bits & 8};
        check_way(p, wanted, count, &way);
    }
}

void probe_fails(struct probe *p, const char *out, const char *words) {
    struct net_tensor in[PROBE_VALUES_MAX], got[PROBE_VALUES_MAX];
    struct err e = {0};
    const struct way way = {0};
    struct net *n = load(p, &way, &out, 1, &e);
    if (n) {
        struct net_run *r = net_run_create(n, &e);
        assert_non_null(r);
        inputs(p, n, in);
        assert_false(net_run(r, in, got, &e));
        net_run_destroy(r);
        net_destroy(n);
    }
    const char *found = strstr(e.message, words);
    if (!found) print_message("the message is \"%s\"\n", e.message);
    assert_non_null(found);
    assert_int_equal(strlen(e.sqlstate), 5);
}
