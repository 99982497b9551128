/* onnx_case.c: see onnx_case.h. */
#include "tests/onnx_case.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

enum { TENSORS_MAX = 64, READ_BYTES = 1 << 16 };

void onnx_case_path(char out[ONNX_CASE_PATH_BYTES], const char *format, ...) {
    va_list args;
    va_start(args, format);
    int bytes = vsnprintf(out, ONNX_CASE_PATH_BYTES, format, args);
    va_end(args);
    assert(bytes >= 0 && bytes < ONNX_CASE_PATH_BYTES);
}

/* gzread gives plain files as they are. */
bool onnx_case_read(const char *path, struct arena *a, struct text *out) {
    gzFile f = gzopen(path, "rb");
    if (!f) return false;
    size_t room = READ_BYTES, bytes = 0;
    char *at = malloc(room);
    for (int got = 1; got > 0; bytes += (size_t)got) {
        if (room - bytes < READ_BYTES) at = realloc(at, room *= 2);
        assert(at);
        got = gzread(f, at + bytes, READ_BYTES);
        assert(got >= 0);
    }
    gzclose(f);
    *out = (struct text){.at = arena_copy(a, at, bytes), .bytes = (uint32_t)bytes};
    assert(out->at);
    free(at);
    return true;
}

/* folder/kind_k.pb or .pb.gz. */
static bool tensor_read(const char *folder, const char *kind, uint32_t k, struct arena *a,
                        struct text *out) {
    char path[ONNX_CASE_PATH_BYTES];
    onnx_case_path(path, "%s/%s_%u.pb", folder, kind, k);
    if (onnx_case_read(path, a, out)) return true;
    onnx_case_path(path, "%s/%s_%u.pb.gz", folder, kind, k);
    return onnx_case_read(path, a, out);
}

struct set {
    const struct net *net;
    const char *folder;
    struct arena *arena;
    const struct onnx_case_tolerance *tolerance;
    char *reason;
};

static bool fail(const struct set *s, const char *what, const char *why) {
    snprintf(s->reason, ONNX_CASE_REASON_BYTES, "%s: %s", what, why);
    return false;
}

/* The input of the net that the k-th file is for: by name, else by place. */
static uint32_t input_of(const struct net *n, struct text name, uint32_t k) {
    for (uint32_t i = 0; i < net_inputs(n); i++) {
        if (name.bytes > 0 && text_equal(net_input(n, i)->name, name)) return i;
    }
    return k;
}

static bool inputs_read(const struct set *s, struct net_tensor *in) {
    bool given[TENSORS_MAX] = {false};
    struct text file;
    for (uint32_t k = 0; tensor_read(s->folder, "input", k, s->arena, &file); k++) {
        struct onnx_tensor t;
        struct err e = {0};
        if (!onnx_read_tensor(file, s->arena, &t, &e)) return fail(s, "input", e.message);
        uint32_t i = input_of(s->net, t.name, k);
        if (i >= net_inputs(s->net) || i >= TENSORS_MAX) continue; /* an initializer's */
        in[i] =
            (struct net_tensor){.type = t.tensor.type, .shape = t.tensor.shape, .at = t.tensor.at};
        given[i] = true;
    }
    for (uint32_t i = 0; i < net_inputs(s->net); i++) {
        if (!given[i]) return fail(s, "input", "there is no file for it");
    }
    return true;
}

static double number_at(enum net_type type, const void *at, size_t i) {
    switch (type) {
    case NET_F32: return (double)((const float *)at)[i];
    case NET_I64: return (double)((const int64_t *)at)[i];
    case NET_I32: return ((const int32_t *)at)[i];
    case NET_I8: return ((const int8_t *)at)[i];
    case NET_U8:
    case NET_BOOL: return ((const uint8_t *)at)[i];
    case NET_TYPE_COUNT: break;
    }
    assert(false);
    return 0;
}

static bool number_close(double is, double wanted, double largest,
                         const struct onnx_case_tolerance *t) {
    if (isnan(is) || isnan(wanted)) return isnan(is) && isnan(wanted);
    if (isinf(is) || isinf(wanted)) return is == wanted;
    double scale = t->of_largest ? largest : fabs(wanted);
    return fabs(is - wanted) <= t->absolute + t->relative * scale;
}

static bool tensor_close(const struct set *s, const char *name, const struct net_tensor *is,
                         const struct tensor *wanted) {
    char why[ONNX_CASE_REASON_BYTES / 2], one[SHAPE_TEXT_BYTES], two[SHAPE_TEXT_BYTES];
    if (is->type != wanted->type || !shape_equal(&is->shape, &wanted->shape)) {
        snprintf(why, sizeof why, "%s%s, not %s%s", net_type_name(is->type),
                 shape_text(&is->shape, one), net_type_name(wanted->type),
                 shape_text(&wanted->shape, two));
        return fail(s, name, why);
    }
    size_t n = shape_elements(&is->shape);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double v = fabs(number_at(wanted->type, wanted->at, i));
        if (isfinite(v) && v > largest) largest = v;
    }
    for (size_t i = 0; i < n; i++) {
        double a = number_at(is->type, is->at, i), b = number_at(wanted->type, wanted->at, i);
        if (number_close(a, b, largest, s->tolerance)) continue;
        snprintf(why, sizeof why, "element %zu is %.9g, not %.9g", i, a, b);
        return fail(s, name, why);
    }
    return true;
}

static bool outputs_close(const struct set *s, const struct net_tensor *out) {
    uint32_t k = 0;
    struct text file;
    for (; tensor_read(s->folder, "output", k, s->arena, &file); k++) {
        struct onnx_tensor t;
        struct err e = {0};
        char name[40];
        snprintf(name, sizeof name, "output %u", k);
        if (!onnx_read_tensor(file, s->arena, &t, &e)) return fail(s, name, e.message);
        if (k >= net_outputs(s->net)) return fail(s, name, "the net has fewer");
        if (!tensor_close(s, name, &out[k], &t.tensor)) return false;
    }
    return k == net_outputs(s->net) || fail(s, "outputs", "not one file for each");
}

static bool set_run(const struct set *s) {
    struct net_tensor in[TENSORS_MAX], out[TENSORS_MAX];
    struct err e = {0};
    if (net_outputs(s->net) > TENSORS_MAX || !inputs_read(s, in)) return false;
    struct net_run *r = net_run_create(s->net, &e);
    if (!r) return fail(s, "run", e.message);
    bool good = true;
    for (uint32_t times = 0; times < 2 && good; times++) {
        good = net_run(r, in, out, &e) ? outputs_close(s, out) : fail(s, "run", e.message);
    }
    net_run_destroy(r);
    return good;
}

bool onnx_case_run(const struct net *n, const char *folder, const struct onnx_case_tolerance *t,
                   uint32_t *sets_out, char reason[ONNX_CASE_REASON_BYTES]) {
    bool good = true;
    *sets_out = 0;
    for (uint32_t i = 0; good; i++) {
        char path[ONNX_CASE_PATH_BYTES];
        struct arena a;
        struct text unused;
        arena_init(&a, 0);
        onnx_case_path(path, "%s/test_data_set_%u", folder, i);
        struct set s = {.net = n, .folder = path, .arena = &a, .tolerance = t, .reason = reason};
        bool there = tensor_read(path, "output", 0, &a, &unused);
        if (there) good = set_run(&s);
        *sets_out += there;
        arena_done(&a);
        if (!there) break;
    }
    return good;
}
