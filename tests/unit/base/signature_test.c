/* Signatures read as they are written, and nothing else is one. */
#include "engine/base/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static struct signature parsed(const char *sig) {
    struct signature s;
    if (!signature_parse(sig, &arena, &s)) fail_msg("not read: %s", sig);
    return s;
}

static void places_count_as_they_are_marked(void **unused) {
    (void)unused;
    static const struct {
        const char *sig;
        uint32_t args_min, args;
        bool repeats;
    } rows[] = {
        {"pi() DOUBLE", 0, 0, false},        {"count(*) BIGINT", 0, 0, false},
        {"abs(BIGINT) BIGINT", 1, 1, false}, {"f(TEXT, [BIGINT]) TEXT", 1, 2, false},
        {"coalesce(T, T...) T", 1, 2, true}, {"concat(ANY...) TEXT", 0, 1, true},
        {"<=(T, T) BOOLEAN", 2, 2, false},   {"[](MAP<K, V>, K) V", 2, 2, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct signature s = parsed(rows[i].sig);
        assert_int_equal(s.args_min, rows[i].args_min);
        assert_int_equal(s.args, rows[i].args);
        assert_int_equal(s.repeats, rows[i].repeats);
        size_t name = strcspn(rows[i].sig, "(");
        assert_true(text_equal(s.name, (struct text){rows[i].sig, (uint32_t)name}));
    }
}

static void the_last_place_repeats(void **unused) {
    (void)unused;
    struct signature s = parsed("in(T, TEXT...) BOOLEAN");
    assert_int_equal(signature_arg(&s, 0)->kind, SIG_VAR);
    assert_int_equal(signature_arg(&s, 1)->id, TYPE_TEXT);
    assert_int_equal(signature_arg(&s, 99)->id, TYPE_TEXT);
    s = parsed("abs(BIGINT) BIGINT");
    assert_null(signature_arg(&s, 1));
}

/* A type that says all of itself is that type; one that leaves something open is none. */
static void exact_types_are_types(void **unused) {
    (void)unused;
    static const struct {
        const char *type, *printed; /* NULL: open */
    } rows[] = {
        {"BIGINT", "BIGINT"},
        {"DECIMAL(10,2)", "DECIMAL(10,2)"},
        {"DECIMAL", NULL},
        {"TIMESTAMP", "TIMESTAMP(6)"},
        {"TIMESTAMP(3)", "TIMESTAMP(3)"},
        {"ARRAY<ROW<label TEXT, score DOUBLE>>", "ARRAY<ROW<label TEXT, score DOUBLE>>"},
        {"MAP<TEXT, BIGINT>", "MAP<TEXT, BIGINT>"},
        {"ARRAY", NULL},
        {"ARRAY<T>", NULL},
        {"ANY", NULL},
        {"TENSOR(3,*)", "TENSOR(3,*)"},
        {"TENSOR", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char sig[128];
        snprintf(sig, sizeof sig, "f() %s", rows[i].type);
        struct signature s = parsed(sig);
        const struct type *t = sig_type_exact(&arena, s.result);
        assert_int_equal(t != NULL, rows[i].printed != NULL);
        if (!t) continue;
        struct buf text;
        buf_init(&text);
        type_print(&text, t);
        assert_string_equal(text.at, rows[i].printed);
        buf_done(&text);
    }
}

static void anything_else_is_refused(void **unused) {
    (void)unused;
    static const char *const wrong[] = {
        "",
        "f",
        "f(",
        "f()",
        "(BIGINT) BIGINT",
        "f(BIGIN) BIGINT",
        "f(BIGINT) BIGINT x",
        "f(BIGINT...,BIGINT) BIGINT",
        "f([BIGINT) BIGINT",
        "f(ARRAY<BIGINT) BIGINT",
        "f(A,A,A,A,A,A,A,A,A,A,A,A,A,A,A,A,A) A",
        "f(ARRAY<ARRAY<ARRAY<ARRAY<ARRAY<ARRAY<ARRAY<ARRAY<T>>>>>>>>) T",
        "f(DECIMAL(1,2,3,4,5)) BIGINT",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct signature s;
        if (signature_parse(wrong[i], &arena, &s)) fail_msg("read: %s", wrong[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_count_as_they_are_marked),
        cmocka_unit_test(the_last_place_repeats),
        cmocka_unit_test(exact_types_are_types),
        cmocka_unit_test(anything_else_is_refused),
    };
    arena_init(&arena, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    return failed;
}
