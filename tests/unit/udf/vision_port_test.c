/* What a file says of its outputs may be wrong. Where the inputs' shapes are known the network
 * itself is asked; else a row whose outputs come otherwise than said is a bad row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/file_posix.h"
#include "tests/unit/udf/vision_port_file.h"
#include "udf/vision/vision.h"

enum { SAYS = 1 << 20, IN = 4 };

struct probe {
    struct arena arena;
    struct model *model;
    struct model_session *session;
    struct err err;
    char path[64];
};

static bool open_model(struct probe *p, struct port_file f, const char *task) {
    arena_init(&p->arena, 0);
    p->model = NULL;
    p->session = NULL;
    snprintf(p->path, sizeof p->path, "/tmp/weir-port-XXXXXX");
    int fd = mkstemp(p->path);
    assert_true(fd >= 0);
    close(fd);
    f.path = p->path;
    assert_true(port_file_write(&f));
    struct option option[2] = {{text_of("path"), text_of(p->path), 0},
                               {text_of("task"), text_of(task), 0}};
    struct model_definition d = {.name = TEXT_LITERAL("m"), .options = {option, 2}};
    const struct model_env env = {.fs = file_system_posix(), .image_pixels_max = 1 << 20};
    p->model = model_onnx.create(&d, &env, &p->err);
    if (p->model) p->session = model_onnx.session_open(p->model, &p->err);
    return p->session != NULL;
}

static void close_model(struct probe *p) {
    model_onnx.session_close(p->session);
    model_onnx.destroy(p->model);
    arena_done(&p->arena);
    unlink(p->path);
}

/* One row of IN numbers, 0 to IN - 1. */
static struct model_answer answer_of(struct probe *p) {
    static const uint16_t row = 0;
    static const float numbers[IN] = {0, 1, 2, 3};
    static const uint32_t dim = IN;
    struct tensor x = {.at = numbers, .dim = &dim};
    struct column arg = {.type = type_tensor(&p->arena, 1, &dim), .as.tensor = &x};
    struct model_answer answer = {0};
    struct model_run r = {
        .arg = &arg, .row = &row, .rows = 1, .answer = &answer, .arena = &p->arena};
    assert_non_null(arg.type);
    assert_true(model_onnx.run(p->session, &r, &p->err));
    return answer;
}

static void the_network_is_believed_not_the_file(void **unused) {
    (void)unused;
    static const char *const tasks[] = {"classification", "embedding", "regression"};
    for (size_t i = 0; i < COUNT_OF(tasks); i++) {
        struct probe p;
        const struct port_file f = {
            .op = "Relu", .in = {1, IN}, .out = {1, SAYS}, .out_known = true};
        assert_true(open_model(&p, f, tasks[i]));
        struct model_answer a = answer_of(&p);
        assert_null(a.sqlstate);
        const struct vision *v = (const struct vision *)p.model;
        if (i == 0) assert_int_equal(v->classes, IN);
        if (i == 1) assert_int_equal(v->numbers_out, IN);
        if (i < 2) assert_int_equal(a.bytes.bytes, IN * sizeof(float));
        close_model(&p);
    }
}

static void an_output_of_other_size_is_a_bad_row(void **unused) {
    (void)unused;
    static const char *const tasks[] = {"classification", "embedding", "regression"};
    static const char *const ops[] = {"Relu", "Transpose"};
    for (size_t i = 0; i < COUNT_OF(tasks) * COUNT_OF(ops); i++) {
        struct probe p;
        const struct port_file f = {
            .op = ops[i % 2], .in = {-1, -1}, .out = {1, SAYS}, .out_known = true};
        assert_true(open_model(&p, f, tasks[i / 2]));
        struct model_answer a = answer_of(&p);
        assert_string_equal(a.sqlstate, "22023");
        close_model(&p);
    }
}

static void outputs_without_a_rank_are_refused(void **unused) {
    (void)unused;
    struct probe p;
    assert_false(open_model(&p, (struct port_file){.op = "Relu"}, "regression"));
    assert_string_equal(p.err.sqlstate, "42804");
    assert_non_null(strstr(p.err.message, "how many dimensions its input \"x\" has"));
    close_model(&p);
}

/* An output without a dimension for rows is all of a row's. */
static void an_output_may_have_no_row(void **unused) {
    (void)unused;
    struct probe p;
    const struct port_file f = {
        .op = "Transpose", .in = {1, IN}, .out = {IN, 1}, .out_known = true};
    assert_true(open_model(&p, f, "embedding"));
    assert_int_equal(answer_of(&p).bytes.bytes, IN * sizeof(float));
    close_model(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_network_is_believed_not_the_file),
        cmocka_unit_test(an_output_of_other_size_is_a_bad_row),
        cmocka_unit_test(outputs_without_a_rank_are_refused),
        cmocka_unit_test(an_output_may_have_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
