/* Files that are no networks are refused with a reason; damaged ones never do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/udf/net_probe.h"
#include "udf/nn/half.h"

static void refused(struct text file, const char *sqlstate, const char *words) {
    struct err e = {0};
    struct net *n = net_load(file, &e);
    assert_null(n);
    if (!strstr(e.message, words) || strcmp(e.sqlstate, sqlstate) != 0) {
        print_message("%s \"%s\": wanted %s \"%s\"\n", e.sqlstate, e.message, sqlstate, words);
        fail();
    }
}

/* One node between x and y. */
static void node_refused(uint32_t opset, const char *op, const char *in, const char *sqlstate,
                         const char *words) {
    struct onnx_writer w;
    const struct net_shape x = {2, {2, 3}};
    onnx_writer_init(&w, opset);
    onnx_write_input(&w, "x", NET_F32, &x);
    onnx_write_node(&w, op, in, "y");
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), sqlstate, words);
    onnx_writer_done(&w);
}

static void wrong_networks_are_refused(void **unused) {
    (void)unused;
    node_refused(13, "Loop", "x", "0A000", "node \"y\": operator Loop is not supported");
    node_refused(26, "Relu", "x", "0A000", "opset 26 is not supported");
    node_refused(5, "Relu", "x", "0A000", "Relu is not supported in opset 5: from opset 6 it is");
    node_refused(6, "Add", "x x", "0A000", "Add is not supported in opset 6: from opset 7 it is");
    node_refused(13, "HardSwish", "x", "0A000", "in opset 13: from opset 14 it is");
    node_refused(10, "Upsample", "x", "0A000", "in opset 10: up to opset 9 it is");
    node_refused(13, "Relu", "z", "22023", "no value \"z\"");
    node_refused(13, "Relu", "x x", "22023", "(Relu): 2 inputs");
    node_refused(13, "Add", "x", "22023", "(Add): 1 inputs");
    node_refused(13, "Concat", "x x", "22023", "(Concat): attribute \"axis\" is missing");
    node_refused(13, "Add", "x -", "22023", "(Add): input 1 is missing");
    node_refused(13, "Relu", "y", "22023", "node \"y\" (Relu): it is in a cycle of nodes");
    node_refused(13, "MatMul", "x x", "22023", "shapes [2,3] and [2,3] cannot be multiplied");
    refused((struct text){0}, "22023", "it has no graph");
    refused(text_of("not an ONNX file at all"), "22023", "not an ONNX");
}

/* Found when a network is made, not when it runs. */
static void wrong_constants_are_refused(void **unused) {
    (void)unused;
    static int64_t index[] = {0, 3}, none[] = {0};
    static float weights[2 * 3];
    const struct tensor i = {NET_I64, {1, {2}}, index}, k = {NET_F32, {3, {2, 3, 1}}, weights};
    struct onnx_writer w;
    onnx_writer_init(&w, 13);
    onnx_write_input(&w, "x", NET_F32, &(struct net_shape){2, {NET_DIM_FREE, 3}});
    onnx_write_constant(&w, "i", &i);
    onnx_write_node(&w, "Gather", "x i", "y");
    onnx_write_int(&w, "axis", 1);
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), "22023", "node \"y\" (Gather): index 3 is outside 3");
    onnx_writer_done(&w);

    onnx_writer_init(&w, 13);
    onnx_write_input(&w, "x", NET_F32, &(struct net_shape){3, {1, 2, 5}});
    onnx_write_constant(&w, "k", &k);
    onnx_write_node(&w, "ConvTranspose", "x k", "y");
    onnx_write_ints(&w, "output_shape", none, 1);
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), "22023", "(ConvTranspose): an output_shape of 0");
    onnx_writer_done(&w);
}

/* What an operator of opset 7 was before, and what only gained types after opset 22. */
static void other_opsets_are_taken_where_nothing_changed(void **unused) {
    (void)unused;
    static const struct {
        uint32_t opset;
        const char *op;
    } cases[] = {{1, "Softplus"}, {6, "Relu"}, {6, "Selu"}, {25, "Relu"}, {25, "Flatten"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct onnx_writer w;
        struct err e = {0};
        onnx_writer_init(&w, cases[i].opset);
        onnx_write_input(&w, "x", NET_F32, &(struct net_shape){2, {2, 3}});
        onnx_write_node(&w, cases[i].op, "x", "y");
        onnx_write_output(&w, "y");
        struct net *n = net_load(onnx_write_file(&w), &e);
        if (!n) print_message("%s\n", e.message);
        assert_non_null(n);
        net_destroy(n);
        onnx_writer_done(&w);
    }
}

/* A file that imports no operators of ONNX itself is refused for the one it has. */
static void other_domains_are_refused_by_name(void **unused) {
    (void)unused;
    struct buf node, graph, opset, file;
    buf_init(&node);
    buf_init(&graph);
    buf_init(&opset);
    buf_init(&file);
    wire_text(&node, 2, "y");
    wire_text(&node, 4, "Adam");
    wire_text(&node, 7, "ai.onnx.preview.training");
    wire_bytes(&graph, 1, buf_text(&node));
    wire_text(&opset, 1, "ai.onnx.preview.training");
    wire_int(&opset, 2, 1);
    wire_bytes(&file, 7, buf_text(&graph));
    refused(buf_text(&file), "22023", "names no opset");
    wire_bytes(&file, 8, buf_text(&opset));
    refused(buf_text(&file), "0A000", "operator Adam is of another domain");
    buf_done(&node);
    buf_done(&graph);
    buf_done(&opset);
    buf_done(&file);
}

static void attributes_are_checked(void **unused) {
    (void)unused;
    struct onnx_writer w;
    const struct net_shape x = {2, {2, 3}};
    for (int i = 0; i < 3; i++) {
        onnx_writer_init(&w, 13);
        onnx_write_input(&w, "x", NET_F32, &x);
        onnx_write_node(&w, "Softmax", "x", "y");
        onnx_write_output(&w, "y");
        if (i == 0) onnx_write_float(&w, "axis", 1);
        if (i == 1) onnx_write_int(&w, "axes", 1);
        if (i == 2) onnx_write_int(&w, "axis", 2);
        static const char *const words[] = {"attribute \"axis\" is of the wrong kind",
                                            "attribute \"axes\" is unknown",
                                            "axis 2 is outside rank 2"};
        refused(onnx_write_file(&w), "22023", words[i]);
        onnx_writer_done(&w);
    }
}

/* A graph within an attribute within a node, and so on: protobuf-c would recurse. */
static void nesting_is_bounded(void **unused) {
    (void)unused;
    struct buf inner, outer;
    buf_init(&inner);
    buf_init(&outer);
    for (int depth = 0; depth < 2000; depth++) {
        static const uint32_t fields[] = {
            6, 5, 1}; /* attribute's graph, node's attribute, graph's node */
        buf_reset(&outer);
        wire_bytes(&outer, fields[depth % 3], buf_text(&inner));
        struct buf t = inner;
        inner = outer;
        outer = t;
    }
    buf_reset(&outer);
    wire_bytes(&outer, 7, buf_text(&inner));
    refused(buf_text(&outer), "22023", "");
    buf_done(&inner);
    buf_done(&outer);
}

/* What a few bytes can ask for is not given. */
static void sizes_are_bounded(void **unused) {
    (void)unused;
    struct onnx_writer w;
    const struct net_shape x = {1, {2}};
    static int64_t huge[] = {1 << 29, 1 << 29};
    const struct tensor shape = {NET_I64, {1, {2}}, huge},
                        lies = {NET_F32, {2, {1 << 20, 0}}, huge};
    onnx_writer_init(&w, 13);
    onnx_write_input(&w, "x", NET_F32, &x);
    onnx_write_constant(&w, "s", &shape);
    onnx_write_node(&w, "ConstantOfShape", "s", "y");
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), "22023", "negative or too large");
    onnx_writer_done(&w);

    onnx_writer_init(&w, 13);
    struct tensor t = lies;
    t.shape.dim[1] = 1; /* no data follow */
    buf_init(&w.values);
    struct buf b;
    buf_init(&b);
    wire_int(&b, 1, t.shape.dim[0]);
    wire_int(&b, 2, 1);
    wire_text(&b, 8, "c");
    wire_bytes(&w.values, 5, buf_text(&b));
    onnx_write_node(&w, "Relu", "c", "y");
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), "22023", "tensor \"c\": its data are shorter than its shape says");
    buf_done(&b);
    onnx_writer_done(&w);
}

static void external_data_is_refused(void **unused) {
    (void)unused;
    struct onnx_writer w;
    struct buf b;
    onnx_writer_init(&w, 13);
    buf_init(&b);
    wire_int(&b, 2, 1);
    wire_text(&b, 8, "c");
    wire_int(&b, 14, 1);
    wire_bytes(&w.values, 5, buf_text(&b));
    onnx_write_node(&w, "Relu", "c", "y");
    onnx_write_output(&w, "y");
    refused(onnx_write_file(&w), "0A000", "tensor \"c\": its data lie in another file");
    buf_done(&b);
    onnx_writer_done(&w);
}

static struct text sample(struct onnx_writer *w) {
    static float weights[2 * 1 * 3 * 3];
    static const int64_t pads[] = {1, 1, 1, 1};
    const struct net_shape x = {4, {1, 1, 4, 4}};
    const struct tensor k = {NET_F32, {4, {2, 1, 3, 3}}, weights};
    static int64_t to[] = {1, 32};
    const struct tensor s = {NET_I64, {1, {2}}, to};
    onnx_writer_init(w, 13);
    onnx_write_input(w, "x", NET_F32, &x);
    onnx_write_constant(w, "k", &k);
    onnx_write_constant(w, "s", &s);
    onnx_write_node(w, "Conv", "x k", "a");
    onnx_write_ints(w, "pads", pads, 4);
    onnx_write_text(w, "auto_pad", "NOTSET");
    onnx_write_node(w, "Relu", "a", "b");
    onnx_write_node(w, "Reshape", "b s", "c");
    onnx_write_node(w, "Softmax", "c", "y");
    onnx_write_int(w, "axis", -1);
    onnx_write_output(w, "y");
    return onnx_write_file(w);
}

/* Loads, and runs if it loads and is small. */
static void try_file(struct text file) {
    struct err e = {0};
    char *copy = malloc(file.bytes + 1); /* of its own, so that a read past it is seen */
    assert_non_null(copy);
    memcpy(copy, file.at, file.bytes);
    struct net *n = net_load((struct text){.at = copy, .bytes = file.bytes}, &e);
    free(copy);
    if (!n) {
        assert_true(strlen(e.sqlstate) == 5 && strlen(e.message) > 5);
        return;
    }
    static float zeros[4096];
    struct net_tensor in[4], out[4];
    bool small = net_inputs(n) <= 4 && net_outputs(n) <= 4;
    for (uint32_t i = 0; small && i < net_inputs(n); i++) {
        const struct net_port *p = net_input(n, i);
        in[i] = (struct net_tensor){.type = p->type, .shape = p->shape, .at = zeros};
        small = p->shape.rank <= NET_RANK_MAX && shape_fits(&p->shape) &&
                shape_elements(&p->shape) <= 2048;
    }
    struct net_run *r = net_run_create(n, &e);
    assert_non_null(r);
    if (small) (void)!net_run(r, in, out, &e);
    net_run_destroy(r);
    net_destroy(n);
}

static void damaged_files_do_no_harm(void **unused) {
    (void)unused;
    struct onnx_writer w;
    struct text good = sample(&w);
    struct buf b;
    buf_init(&b);
    for (uint32_t at = 0; at < good.bytes; at++) {
        static const unsigned char with[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x08, 0x12};
        for (size_t k = 0; k < COUNT_OF(with) + 3; k++) {
            buf_reset(&b);
            buf_add(&b, good.at, at);
            if (k < COUNT_OF(with)) buf_add_char(&b, (char)with[k]);
            if (k == COUNT_OF(with)) buf_add_char(&b, (char)(good.at[at] ^ 1));
            bool cut = k == COUNT_OF(with) + 2; /* else k one less: left out */
            if (!cut) buf_add(&b, good.at + at + 1, good.bytes - at - 1);
            assert_false(b.failed);
            if (b.bytes > 0) try_file(buf_text(&b));
        }
    }
    buf_done(&b);
    onnx_writer_done(&w);
}

/* Every pattern of 16 bits survives the way to float32 and back; between two, the nearer. */
static void halves_round_to_the_nearest(void **unused) {
    (void)unused;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float f = half_to_float((uint16_t)h);
        bool nan = (h & 0x7FFF) > 0x7C00;
        assert_true(nan ? f != f : half_of_float(f) == h);
        if (nan || (h & 0x7FFF) >= 0x7BFF) continue;
        float next = half_to_float((uint16_t)(h + 1)), middle = f + (next - f) / 2;
        assert_true(half_of_float(f + (next - f) / 4) == h);
        assert_true(half_of_float(f + (next - f) * 3 / 4) == h + 1);
        assert_true(half_of_float(middle) == (h & 1 ? h + 1 : h));
    }
    assert_int_equal(half_of_float(65519), 0x7BFF);
    assert_int_equal(half_of_float(65520), 0x7C00);
    assert_int_equal(half_of_float(1e30F), 0x7C00);
    assert_int_equal(half_of_float(-1e30F), 0xFC00);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_networks_are_refused),
        cmocka_unit_test(wrong_constants_are_refused),
        cmocka_unit_test(other_opsets_are_taken_where_nothing_changed),
        cmocka_unit_test(other_domains_are_refused_by_name),
        cmocka_unit_test(attributes_are_checked),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(external_data_is_refused),
        cmocka_unit_test(damaged_files_do_no_harm),
        cmocka_unit_test(halves_round_to_the_nearest),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
