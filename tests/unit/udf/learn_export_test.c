/* An exported model, read by the network runtime, gives what the model itself predicts: every
 * layer, every type of model.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/udf/learn_table.h"
#include "udf/nn/net.h"

enum { EXPORTED = 60, INPUTS = 48 };

static const struct {
    const char *output, *options;
    bool image; /* the input is 3x4x4 */
} models[] = {
    {"v3",
     "type=network|input=3x4x4|layers=conv 5 3x3 pad 1, batchnorm, relu, avgpool 2, flatten, "
     "batchnorm, dense 7, tanh, dropout 0.2, dense 3, softmax|shuffle=0|batch=20|epochs=3",
     true},
    {"v3",
     "type=network|input=3x4x4|layers=conv 6 2x2 stride 2 pad same, sigmoid, maxpool 2 stride 1, "
     "flatten, dense 3, softmax|shuffle=0",
     true},
    {"v3",
     "type=network|input=3x4x4|layers=conv 4 2x2, relu, maxpool 2, flatten, relu, dense 3, softmax",
     true},
    {"v3", "type=network|layers=dense 40, relu, dense 3, softmax|classes=red,green,blue", false},
    {"v3", "type=softmax|classes=red,green,blue|learning-rate=0.01", false},
    {"d", "type=logistic|learning-rate=0.01|classes=red,green", false},
    {"d", "type=linear|learning-rate=0.001", false},
};

struct data {
    float x[EXPORTED][INPUTS];
    struct tensor vector[EXPORTED];
    struct text label[EXPORTED];
    double number[EXPORTED];
};

static const uint32_t dim = INPUTS;

static void data_fill(struct data *d, bool binary) {
    static const char *const names[] = {"red", "green", "blue"};
    uint64_t seed = 5;
    for (uint32_t i = 0; i < EXPORTED; i++) {
        uint32_t class = (uint32_t)noise_below(&seed, binary ? 2 : 3);
        for (uint32_t k = 0; k < INPUTS; k++) {
            d->x[i][k] = (float)noise_normal(&seed) + (k % 3 == class ? 1.0F : 0);
        }
        d->vector[i] = (struct tensor){d->x[i], &dim};
        d->label[i] = text_of(names[class]);
        d->number[i] = (double)(d->x[i][0] - d->x[i][1]);
    }
}

static double predicted(const struct column *c, uint32_t row, uint32_t i) {
    return c->type->id == TYPE_TENSOR ? (double)c->as.tensor[row].at[i] : c->as.f64[row];
}

static void check(const struct data *d, const struct column *wanted, struct text onnx, bool image) {
    struct err e;
    struct net *n = net_load(onnx, &e);
    if (!n) print_error("%s\n", e.message);
    assert_non_null(n);
    assert_int_equal(net_inputs(n), 1);
    struct net_run *run = net_run_create(n, &e);
    struct net_tensor in = {.type = NET_F32, .at = d->x}, out;
    in.shape = image ? (struct net_shape){4, {EXPORTED, 3, 4, 4}}
                     : (struct net_shape){2, {EXPORTED, INPUTS}};
    assert_non_null(run);
    assert_true(net_run(run, &in, &out, &e));
    uint32_t outputs = (uint32_t)out.shape.dim[1];
    for (uint32_t i = 0; i < EXPORTED * outputs; i++) {
        double got = (double)((const float *)out.at)[i];
        assert_true(fabs(got - predicted(wanted, i / outputs, i % outputs)) < 1e-5);
    }
    net_run_destroy(run);
    net_destroy(n);
}

static void exported_models_give_what_the_model_does(void **unused) {
    (void)unused;
    struct data *d = calloc(1, sizeof *d);
    for (uint32_t k = 0; k < COUNT_OF(models); k++) {
        struct learn_probe p;
        struct buf onnx;
        bool numbers = strstr(models[k].options, "linear") != NULL;
        data_fill(d, strstr(models[k].options, "logistic") != NULL);
        probe_create(&p, "v48", models[k].output, models[k].options);
        assert_non_null(p.model);
        struct column target = {.type = &type_text, .as.text = d->label};
        if (numbers) target = (struct column){.type = &type_double, .as.f64 = d->number};
        const struct column col[] = {
            {.type = type_tensor(&p.arena, 1, &dim), .as.tensor = d->vector},
            target,
            {.type = NULL}};
        assert_true(probe_train(&p, &(struct probe_rows){.col = col, .rows = EXPORTED}));
        struct column got = probe_values(&p, MODEL_PREDICT, col, EXPORTED);
        buf_init(&onnx);
        assert_true(model_train.export_onnx(p.model, &onnx, &p.e));
        check(d, &got, buf_text(&onnx), models[k].image);
        buf_done(&onnx);
        probe_done(&p);
    }
    free(d);
}

/* What cannot be written says so. */
static void what_cannot_be_exported_says_so(void **unused) {
    (void)unused;
    static const char *const options[] = {"type=knn", "type=softmax"};
    static const char *const sqlstates[] = {"0A000", "55000"};
    for (uint32_t i = 0; i < COUNT_OF(options); i++) {
        struct learn_probe p;
        struct buf onnx;
        probe_create(&p, "v48", NULL, options[i]);
        buf_init(&onnx);
        assert_false(model_train.export_onnx(p.model, &onnx, &p.e));
        assert_string_equal(p.e.sqlstate, sqlstates[i]);
        buf_done(&onnx);
        probe_done(&p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exported_models_give_what_the_model_does),
        cmocka_unit_test(what_cannot_be_exported_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
