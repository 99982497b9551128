/* program_memory_test.c: a program that cannot get memory says so, whichever allocation it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/udf/fn_probe.h"

enum { ROWS = 40 };

/* A tree with every kind of step in it. */
static const struct expr *tree(struct probe *p) {
    const struct expr *a = x_column(p, 0), *s = x_column(p, 1);
    const struct expr *sum = x_call(p, "+(BIGINT, BIGINT) BIGINT", a, x_i64(p, 1), NULL);
    const struct expr *text =
        x_call(p, "||(TEXT, TEXT) TEXT", s, x_cast(p, sum, &type_text, false), NULL);
    const struct expr *like = x_call(p, "like(TEXT, TEXT) BOOLEAN", text, x_text(p, "%1_"), NULL);
    const struct expr *less = x_call(p, "<(T, T) BOOLEAN", a, x_i64(p, 30), NULL);
    const struct expr *digits =
        x_call(p, "regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", text, x_text(p, "[0-9]+"), NULL);
    const struct expr *both = x_form(p, EXPR_AND, less, like, NULL);
    const struct expr *row = x_call(p, "row(ANY, ANY...) ANY", sum, text, NULL);
    const struct expr *array =
        x_call(p, "array(T, T...) ARRAY<T>", x_field(p, row, 1), digits, NULL);
    const struct expr *picked = x_call(p, "[](ARRAY<T>, BIGINT) T", array, a, NULL);
    return x_form(p, EXPR_CASE, both, picked, text, NULL);
}

static void fill(struct probe *p) {
    probe_column(p, &type_bigint);
    probe_column(p, &type_text);
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i % 9 == 4)
            builder_null(&p->build[0]);
        else
            builder_i64(&p->build[0], i);
        builder_text(&p->build[1], i % 2 ? TEXT_LITERAL("x1") : TEXT_LITERAL("é"));
    }
    probe_seal(p);
}

static struct program *create(struct probe *p, const struct expr *x, struct arena *a) {
    const struct program_options o = {.expr = &x, .exprs = 1, .input = &p->schema, .arena = a};
    return program_create(&o, &p->e);
}

static void creating_fails_cleanly_without_memory(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    fill(&p);
    const struct expr *x = tree(&p);
    uint32_t failed = 0;
    for (size_t limit = 1; failed < 1000; limit += 911) {
        struct arena a;
        arena_init(&a, limit);
        struct program *program = create(&p, x, &a);
        bool done = program != NULL;
        if (!done) assert_string_equal(p.e.sqlstate, "53200");
        program_close(program);
        arena_done(&a);
        if (done) break;
        failed++;
    }
    assert_in_range(failed, 10, 999);
    probe_done(&p);
}

static void running_fails_cleanly_without_memory(void **unused) {
    (void)unused;
    struct probe p;
    probe_init(&p);
    fill(&p);
    struct program *program = create(&p, tree(&p), &p.arena);
    assert_non_null(program);
    uint32_t failed = 0;
    for (size_t limit = 1; failed < 1000; limit += 97) {
        struct arena a;
        arena_init(&a, limit);
        bool done = program_run(program, &p.batch, &a, &p.result, &p.e);
        if (!done) assert_string_equal(p.e.sqlstate, "53200");
        if (done) assert_string_equal(probe_show(&p, &p.result.col[0], 1), "x12");
        arena_done(&a);
        if (done) break;
        failed++;
    }
    assert_in_range(failed, 10, 999);
    program_close(program);
    probe_done(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating_fails_cleanly_without_memory),
        cmocka_unit_test(running_fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
