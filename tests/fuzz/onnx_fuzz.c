/* onnx_fuzz.c: libFuzzer target: any bytes are an ONNX file. It loads or is refused with a reason;
 * what loads and is small runs, or says why not.
 *
 * The first byte chooses: a network drawn here, in which the other bytes are edits, or
 * the bytes themselves as a file.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/udf/onnx_write.h"
#include "udf/nn/blas.h"
#include "udf/nn/net_private.h"
#include "udf/nn/trial.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 4096, PORTS = 8, FLOPS_MAX = 1 << 22, VALUES_MAX = 1 << 20 };

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

static void ints(struct onnx_writer *w, const char *name, const int64_t *at, uint32_t count) {
    int64_t copy[8];
    memcpy(copy, at, count * sizeof *at);
    const struct tensor t = {NET_I64, {.rank = 1, .dim = {count}}, copy};
    onnx_write_constant(w, name, &t);
}

static void floats(struct onnx_writer *w, const char *name, const struct net_shape *s) {
    static const float values[64] = {1, 0.5F, -1, 2, 0, 3, -0.25F, 1};
    float copy[512];
    for (size_t i = 0; i < 512; i++) copy[i] = values[i % 8];
    const struct tensor t = {NET_F32, *s, copy};
    onnx_write_constant(w, name, &t);
}

/* Convolution, normalisation, activation, pool, product. */
static void draw_images(struct onnx_writer *w) {
    static const int64_t pads[] = {1, 1, 1, 1}, two[] = {2, 2}, to[] = {1, 36};
    onnx_write_input(w, "x", NET_F32, &(struct net_shape){4, {1, 2, 6, 6}});
    floats(w, "k", &(struct net_shape){4, {4, 2, 3, 3}});
    floats(w, "b", &(struct net_shape){1, {4}});
    floats(w, "m", &(struct net_shape){2, {36, 3}});
    onnx_write_node(w, "Conv", "x k b", "c");
    onnx_write_ints(w, "pads", pads, 4);
    onnx_write_node(w, "BatchNormalization", "c b b b b", "n");
    onnx_write_node(w, "Relu", "n", "r");
    onnx_write_node(w, "Add", "r c", "a");
    onnx_write_node(w, "MaxPool", "a", "p");
    onnx_write_ints(w, "kernel_shape", two, 2);
    onnx_write_ints(w, "strides", two, 2);
    ints(w, "to", to, 2);
    onnx_write_node(w, "Reshape", "p to", "f");
    onnx_write_node(w, "MatMul", "f m", "y");
    onnx_write_node(w, "Softmax", "y", "z");
    onnx_write_output(w, "z");
}

/* What moves and cuts. */
static void draw_moves(struct onnx_writer *w) {
    static const int64_t start[] = {1, -1}, end[] = {9, -9}, axes[] = {1, 2}, steps[] = {1, -2};
    static const int64_t pads[] = {0, 1, 0, 0, 1, 1}, perm[] = {2, 0, 1}, parts[] = {1, 3};
    onnx_write_input(w, "x", NET_F32, &(struct net_shape){3, {2, 3, 5}});
    ints(w, "s", start, 2);
    ints(w, "e", end, 2);
    ints(w, "a", axes, 2);
    ints(w, "t", steps, 2);
    ints(w, "p", pads, 6);
    ints(w, "q", parts, 2);
    onnx_write_node(w, "Slice", "x s e a t", "b");
    onnx_write_node(w, "Pad", "b p", "c");
    onnx_write_text(w, "mode", "edge");
    onnx_write_node(w, "Transpose", "c", "d");
    onnx_write_ints(w, "perm", perm, 3);
    onnx_write_node(w, "Split", "d q", "f g");
    onnx_write_node(w, "Concat", "g f", "h");
    onnx_write_int(w, "axis", 0);
    onnx_write_node(w, "Shape", "h", "i");
    onnx_write_node(w, "Expand", "h i", "j");
    onnx_write_node(w, "TopK", "j one", "k l");
    ints(w, "one", steps, 1);
    onnx_write_node(w, "Gather", "h l", "y");
    onnx_write_output(w, "y");
}

/* What resizes, suppresses and sums by letters. */
static void draw_others(struct onnx_writer *w) {
    static const int64_t size[] = {1, 1, 7, 3}, most[] = {2};
    onnx_write_input(w, "x", NET_F32, &(struct net_shape){4, {1, 1, 4, 4}});
    ints(w, "n", size, 4);
    ints(w, "m", most, 1);
    onnx_write_node(w, "Resize", "x - - n", "r");
    onnx_write_text(w, "mode", "cubic");
    onnx_write_node(w, "Squeeze", "x", "b");
    onnx_write_node(w, "Unsqueeze", "b zero", "c");
    ints(w, "zero", (const int64_t[]){0}, 1);
    onnx_write_node(w, "NonMaxSuppression", "c c m", "s");
    onnx_write_node(w, "Shape", "s", "t");
    onnx_write_node(w, "Einsum", "b b", "e");
    onnx_write_text(w, "equation", "ij,jk->ik");
    onnx_write_node(w, "ReduceMean", "r", "u");
    onnx_write_output(w, "t");
    onnx_write_output(w, "e");
    onnx_write_output(w, "u");
}

static bool is_small(const struct net *n, struct net_tensor *in) {
    static const float zeros[SMALL];
    struct net_facts f;
    net_facts(n, &f);
    if (net_inputs(n) > PORTS || net_outputs(n) > PORTS || f.flops > FLOPS_MAX) return false;
    for (uint32_t i = 0; i < net_inputs(n); i++) {
        const struct net_port *p = net_input(n, i);
        if (p->shape.rank > NET_RANK_MAX) return false;
        in[i] = (struct net_tensor){.type = p->type, .shape = p->shape, .at = zeros};
        for (uint32_t d = 0; d < p->shape.rank; d++) {
            if (p->shape.dim[d] < 0) in[i].shape.dim[d] = 1;
        }
        if (!shape_fits(&in[i].shape) || shape_elements(&in[i].shape) > SMALL / 8) return false;
    }
    return true;
}

/* All values of a run together; a few bytes can ask for a lot, which is only slow. */
static bool values_are_small(const struct net *n, const struct net_tensor *in) {
    struct arena a;
    struct trial t;
    struct err e;
    struct net_shape shape[PORTS];
    const struct graph *g = net_graph(n);
    size_t sum = 0;
    for (uint32_t i = 0; i < net_inputs(n); i++) shape[i] = in[i].shape;
    arena_init(&a, 0);
    bool good = trial_run(g, shape, &a, &t, &e);
    for (uint32_t v = 0; good && v < g->values; v++) {
        const struct net_shape *s = &t.value[v].t.shape;
        if (s->rank != SHAPE_UNKNOWN) sum += shape_elements(s);
    }
    arena_done(&a);
    return good && t.whole && sum <= VALUES_MAX;
}

static void try_file(struct text file) {
    struct err e = {0};
    struct net *n = net_load(file, &e);
    if (!n) {
        must(strlen(e.sqlstate) == 5 && e.message[0] != '\0');
        return;
    }
    struct net_tensor in[PORTS], out[PORTS];
    struct net_run *r = net_run_create(n, &e);
    must(r != NULL);
    for (int times = 0; times < 2 && is_small(n, in) && values_are_small(n, in); times++) {
        if (!net_run(r, in, out, &e)) must(e.message[0] != '\0');
    }
    net_run_destroy(r);
    net_destroy(n);
}

/* OpenBLAS stays loaded. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static struct blas b;
    struct err e;
    (void)argc;
    (void)argv;
    must(blas_open(&b, &e));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const draws[])(struct onnx_writer *) = {draw_images, draw_moves, draw_others};
    if (size < 1) return 0;
    if (data[0] >= COUNT_OF(draws)) {
        try_file((struct text){.at = (const char *)data + 1, .bytes = (uint32_t)(size - 1)});
        return 0;
    }
    struct onnx_writer w;
    onnx_writer_init(&w, 13);
    draws[data[0]](&w);
    struct text file = onnx_write_file(&w);
    for (size_t i = 1; i + 3 <= size; i += 3) {
        size_t at = ((size_t)data[i] << 8 | data[i + 1]) % file.bytes;
        w.file.at[at] = (char)data[i + 2];
    }
    try_file(file);
    onnx_writer_done(&w);
    return 0;
}
