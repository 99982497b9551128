/* Runs: shapes may change from one to the next, and may be made by the run itself; memory that
 * cannot be had is an error, whichever allocation it is; runs of one shape allocate nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/unit/udf/net_probe.h"
#include "udf/nn/memory.h"

/* The linker puts this in place of malloc (--wrap): call `fails_at` gives NULL, others do not. */
struct faults {
    uint64_t calls, fails_at; /* 0: none does */
};
static _Thread_local struct faults faults;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);

void *__wrap_malloc(size_t bytes) {
    faults.calls++;
    return faults.calls == faults.fails_at ? NULL : __real_malloc(bytes);
}

/* Two convolutions, an addition, a pool, a product whose rows a run decides by "to". */
static void write_network(struct onnx_writer *w, int64_t batch) {
    static float weights[8 * 8 * 9];
    for (size_t i = 0; i < COUNT_OF(weights); i++) weights[i] = (float)(i % 7) / 7 - 0.4F;
    static const int64_t pads[] = {1, 1, 1, 1}, two[] = {2, 2};
    const struct tensor k = {NET_F32, {4, {8, 8, 3, 3}}, weights};
    const struct tensor m = {NET_F32, {2, {8, 5}}, weights};
    const struct net_shape x = {4, {batch, 8, 6, 6}}, to = {1, {2}};
    onnx_write_input(w, "x", NET_F32, &x);
    onnx_write_input(w, "to", NET_I64, &to);
    onnx_write_constant(w, "k", &k);
    onnx_write_constant(w, "m", &m);
    onnx_write_node(w, "Conv", "x k", "a");
    onnx_write_ints(w, "pads", pads, 4);
    onnx_write_node(w, "Relu", "a", "b");
    onnx_write_node(w, "Conv", "b k", "c");
    onnx_write_ints(w, "pads", pads, 4);
    onnx_write_node(w, "Add", "c b", "d");
    onnx_write_node(w, "MaxPool", "d", "e");
    onnx_write_ints(w, "kernel_shape", two, 2);
    onnx_write_node(w, "Reshape", "e to", "f");
    onnx_write_node(w, "MatMul", "f m", "y");
    onnx_write_output(w, "y");
}

static struct net *network(int64_t batch, struct err *e) {
    struct onnx_writer w;
    onnx_writer_init(&w, 13);
    write_network(&w, batch);
    struct net *n = net_load(onnx_write_file(&w), e);
    onnx_writer_done(&w);
    return n;
}

static bool go(struct net_run *r, int64_t rows, struct net_tensor *out, struct err *e) {
    static float x[3 * 8 * 6 * 6];
    static const int64_t to[] = {-1, 8};
    for (size_t i = 0; i < COUNT_OF(x); i++) x[i] = (float)(i % 11) / 11;
    const struct net_tensor in[] = {{NET_F32, {4, {rows, 8, 6, 6}}, x}, {NET_I64, {1, {2}}, to}};
    return net_run(r, in, out, e);
}

static void every_allocation_may_fail(void **unused) {
    (void)unused;
    struct err e = {0};
    struct net_tensor out;
    bool done = false;
    for (uint64_t at = 1; !done; at++) {
        assert_true(at < 2000);
        faults = (struct faults){.fails_at = at};
        struct net *n = network(1, &e);
        struct net_run *r = n ? net_run_create(n, &e) : NULL;
        bool good = r && go(r, 1, &out, &e);
        uint64_t calls = faults.calls;
        faults = (struct faults){0};
        done = calls < at;
        if (done) assert_true(good);
        if (!good)
            assert_true(strcmp(e.sqlstate, "53200") == 0 || strcmp(e.sqlstate, "58030") == 0);
        /* What failed can be tried again. */
        if (r && !good) assert_true(go(r, 1, &out, &e));
        net_run_destroy(r);
        net_destroy(n);
    }
}

static void runs_of_one_shape_allocate_nothing(void **unused) {
    (void)unused;
    struct err e = {0};
    struct net_tensor out;
    struct net *n = network(-1, &e);
    assert_non_null(n);
    struct net_run *r = net_run_create(n, &e);
    assert_non_null(r);
    for (int64_t rows = 1; rows <= 3; rows++) {
        assert_true(go(r, rows, &out, &e));
        faults = (struct faults){0};
        for (int i = 0; i < 5; i++) assert_true(go(r, rows, &out, &e));
        assert_int_equal(faults.calls, 0);
    }
    net_run_destroy(r);
    net_destroy(n);
}

/* A run that has seen other shapes gives what a fresh one gives. */
static void shapes_may_change(void **unused) {
    (void)unused;
    struct err e = {0};
    struct net *n = network(-1, &e);
    assert_non_null(n);
    struct net_run *used = net_run_create(n, &e);
    static const int64_t rows[] = {1, 3, 2, 2, 1, 3};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct net_tensor is, wanted;
        struct net_run *fresh = net_run_create(n, &e);
        assert_true(go(used, rows[i], &is, &e) && go(fresh, rows[i], &wanted, &e));
        assert_true(shape_equal(&is.shape, &wanted.shape));
        assert_memory_equal(is.at, wanted.at, shape_elements(&is.shape) * sizeof(float));
        net_run_destroy(fresh);
    }
    net_run_destroy(used);
    net_destroy(n);
}

/* Values of inputs say shapes: a plan is made anew when they differ, and only then goes wrong when
 * they are wrong. */
static void values_may_say_shapes(void **unused) {
    (void)unused;
    struct err e = {0};
    struct onnx_writer w;
    onnx_writer_init(&w, 13);
    const struct net_shape any = {SHAPE_UNKNOWN, {0}};
    onnx_write_input(&w, "x", NET_F32, &any);
    onnx_write_input(&w, "s", NET_I64, &any);
    onnx_write_node(&w, "Reshape", "x s", "a");
    onnx_write_node(&w, "Shape", "a", "b");
    onnx_write_node(&w, "Expand", "b b", "c");
    onnx_write_output(&w, "a");
    onnx_write_output(&w, "b");
    struct net *n = net_load(onnx_write_file(&w), &e);
    assert_non_null(n);
    struct net_run *r = net_run_create(n, &e);
    static const float x[6] = {1, 2, 3, 4, 5, 6};
    static const int64_t shapes[][2] = {{2, 3}, {3, 2}, {3, 2}, {4, 2}, {-1, 1}, {6, -1}, {2, 3}};
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        const struct net_tensor in[] = {{NET_F32, {1, {6}}, x}, {NET_I64, {1, {2}}, shapes[i]}};
        struct net_tensor out[2];
        bool good = net_run(r, in, out, &e);
        assert_true(good == (shapes[i][0] != 4));
        if (!good) continue;
        int64_t rows = shapes[i][0] < 0 ? 6 : shapes[i][0];
        assert_int_equal(out[0].shape.dim[0], rows);
        assert_int_equal(((const int64_t *)out[1].at)[0], rows);
        assert_memory_equal(out[0].at, x, sizeof x);
    }
    net_run_destroy(r);
    net_destroy(n);
    onnx_writer_done(&w);
}

/* A free first dimension need not be a number of rows: what does not fit one row may fit more, and
 * constants that the file says mean what they say. */
static void a_free_dimension_may_be_anything(void **unused) {
    (void)unused;
    static float weights[20];
    static int64_t flat[] = {1, -1}, five[] = {5};
    const struct tensor by = {NET_F32, {2, {7, 2}}, weights}, to = {NET_I64, {1, {2}}, flat},
                        k = {NET_I64, {1, {1}}, five};
    static const struct {
        const char *op, *in;
        struct net_shape out; /* for 7 rows of 2 */
    } cases[] = {
        {"Reshape", "x to", {2, {1, 14}}},
        {"Gemm", "x by", {2, {2, 2}}}, /* x is transposed */
        {"TopK", "x k", {2, {5, 2}}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        struct onnx_writer w;
        onnx_writer_init(&w, 13);
        onnx_write_input(&w, "x", NET_F32, &(struct net_shape){2, {NET_DIM_FREE, 2}});
        onnx_write_constant(&w, "by", &by);
        onnx_write_constant(&w, "to", &to);
        onnx_write_constant(&w, "k", &k);
        onnx_write_node(&w, cases[i].op, cases[i].in, i == 2 ? "y z" : "y");
        if (i == 1) onnx_write_int(&w, "transA", 1);
        if (i == 2) onnx_write_int(&w, "axis", 0);
        onnx_write_output(&w, "y");
        struct net *n = net_load(onnx_write_file(&w), &e);
        if (!n) print_message("%s: %s\n", cases[i].op, e.message);
        assert_non_null(n);
        assert_false(net_batches(n));
        struct net_run *r = net_run_create(n, &e);
        struct net_tensor in = {NET_F32, {2, {7, 2}}, weights}, out;
        assert_true(net_run(r, &in, &out, &e));
        assert_true(shape_equal(&out.shape, &cases[i].out));
        net_run_destroy(r);
        net_destroy(n);
        onnx_writer_done(&w);
    }
}

/* Does a network of one node take any number of rows? x is [1,1,4,4], or with any first
 * dimension. */
static bool batches(int64_t first, const char *op, const char *in, const char *out) {
    static int64_t zero[] = {0}, last_three[] = {-3}, end[] = {INT64_MAX}, five[] = {5};
    static const int64_t two[] = {2, 2};
    const struct net_shape one = {1, {1}}, x = {4, {first, 1, 4, 4}};
    struct err e = {0};
    struct onnx_writer w;
    onnx_writer_init(&w, 13);
    onnx_write_input(&w, "x", NET_F32, &x);
    onnx_write_constant(&w, "zero", &(struct tensor){NET_I64, one, zero});
    onnx_write_constant(&w, "three", &(struct tensor){NET_I64, one, last_three});
    onnx_write_constant(&w, "end", &(struct tensor){NET_I64, one, end});
    onnx_write_constant(&w, "five", &(struct tensor){NET_I64, one, five});
    onnx_write_node(&w, op, in, out);
    if (op[0] == 'M') onnx_write_ints(&w, "kernel_shape", two, 2);
    onnx_write_output(&w, "y");
    if (strchr(out, ' ')) onnx_write_output(&w, "z");
    struct net *n = net_load(onnx_write_file(&w), &e);
    if (!n) print_message("%s: %s\n", op, e.message);
    assert_non_null(n);
    bool can = net_batches(n);
    net_destroy(n);
    onnx_writer_done(&w);
    return can;
}

/* What looks as if it carried rows along, with some numbers of them, but does not. */
static void rows_that_meet_are_no_batch(void **unused) {
    (void)unused;
    for (int64_t first = -1; first <= 1; first += 2) {
        assert_true(batches(first, "MaxPool", "x", "y"));
        assert_false(batches(first, "MaxPool", "x", "y z")); /* places count all images */
        assert_true(batches(first, "Slice", "x zero end zero", "y"));
        assert_false(batches(first, "Slice", "x three end zero", "y"));
        assert_false(batches(first, "Slice", "x zero five zero", "y"));
    }
}

static void inputs_are_checked(void **unused) {
    (void)unused;
    struct err e = {0};
    struct net *n = network(-1, &e);
    struct net_run *r = net_run_create(n, &e);
    static const int64_t to[] = {-1, 8};
    static const float x[1] = {0};
    const struct net_tensor wrong[][2] = {
        {{NET_I64, {4, {1, 8, 6, 6}}, to}, {NET_I64, {1, {2}}, to}},
        {{NET_F32, {4, {1, 8, 6, 7}}, x}, {NET_I64, {1, {2}}, to}},
        {{NET_F32, {3, {8, 6, 6}}, x}, {NET_I64, {1, {2}}, to}},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct net_tensor out;
        assert_false(net_run(r, wrong[i], &out, &e));
        assert_non_null(strstr(e.message, "input \"x\" takes"));
    }
    net_run_destroy(r);
    net_destroy(n);
}

/* Places never overlap, and what is given back is used again. */
static void places_do_not_overlap(void **unused) {
    (void)unused;
    enum { PLACES = 24 };
    struct random rng = random_start("places");
    struct arena a;
    arena_init(&a, 0);
    struct memory_pool p = {.arena = &a};
    size_t at[PLACES], bytes[PLACES] = {0}, sum = 0, most = 0;
    for (uint32_t i = 0; i < random_rounds(4000); i++) {
        size_t k = random_below(&rng, PLACES);
        if (bytes[k] > 0) {
            assert_true(memory_give(&p, at[k], bytes[k]));
            sum -= (bytes[k] + 63) / 64 * 64;
            bytes[k] = 0;
            continue;
        }
        bytes[k] = 1 + random_below(&rng, 1000);
        assert_true(memory_take(&p, bytes[k], &at[k]));
        assert_true(at[k] % MEMORY_ALIGN == 0 && at[k] + bytes[k] <= p.end);
        for (size_t o = 0; o < PLACES; o++) {
            if (o == k || bytes[o] == 0) continue;
            assert_true(at[o] + bytes[o] <= at[k] || at[k] + bytes[k] <= at[o]);
        }
        sum += (bytes[k] + 63) / 64 * 64;
        most = sum > most ? sum : most;
    }
    assert_true(p.end >= most && p.end <= 2 * most);
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(runs_of_one_shape_allocate_nothing),
        cmocka_unit_test(shapes_may_change),
        cmocka_unit_test(values_may_say_shapes),
        cmocka_unit_test(a_free_dimension_may_be_anything),
        cmocka_unit_test(rows_that_meet_are_no_batch),
        cmocka_unit_test(inputs_are_checked),
        cmocka_unit_test(places_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
