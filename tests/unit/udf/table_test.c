/* table_test.c: what every row of the function tables must be. */
#include "udf/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/signature.h"

typedef void row_check(const struct fn *fn);

static void each_row(row_check *check) {
    for (uint32_t t = 0; t < fn_table_count; t++) {
        assert_true(fn_tables[t]->count > 0);
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) check(&fn_tables[t]->fn[i]);
    }
}

static void check_words(const struct fn *fn) {
    assert_non_null(fn->name);
    for (const char *c = fn->name; *c; c++) assert_false(*c >= 'A' && *c <= 'Z');
    assert_non_null(fn->doc);
    assert_true(fn->doc[0] != '\0');
    if (!(fn->flags & FN_HIDDEN)) assert_non_null(fn->example);
    assert_non_null(fn->call);
    assert_true(!fn->save == !fn->load);
}

static void rows_have_name_doc_example_and_call(void **unused) {
    (void)unused;
    each_row(check_words);
}

/* The signature parses, and is that of the row's own name. */
static void check_signature(const struct fn *fn) {
    struct arena a;
    struct signature s;
    arena_init(&a, 0);
    if (!signature_parse(fn->sig, &a, &s)) fail_msg("signature: %s", fn->sig);
    if (!text_equal(s.name, text_of(fn->name))) fail_msg("%s is not called %s", fn->sig, fn->name);
    arena_done(&a);
}

static void signatures_can_be_read(void **unused) {
    (void)unused;
    each_row(check_signature);
}

/* What cannot fail says so by being silent; what runs on any row cannot fail. */
static void check_flags(const struct fn *fn) {
    if (fn->flags & FN_ANY_ROW) {
        assert_int_equal(fn->flags & (FN_CAN_FAIL | FN_VOLATILE), 0);
        assert_null(fn->close);
    }
    if (fn->flags & FN_VOLATILE) assert_int_equal(fn->flags & FN_STABLE, 0);
}

static void flags_go_together(void **unused) {
    (void)unused;
    each_row(check_flags);
}

static void no_signature_occurs_twice(void **unused) {
    (void)unused;
    const char *seen[1024];
    uint32_t n = 0;
    for (uint32_t t = 0; t < fn_table_count; t++) {
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) {
            const char *sig = fn_tables[t]->fn[i].sig;
            for (uint32_t k = 0; k < n; k++) {
                if (strcmp(seen[k], sig) == 0) fail_msg("twice: %s", sig);
            }
            assert_true(n < COUNT_OF(seen));
            seen[n++] = sig;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_name_doc_example_and_call),
        cmocka_unit_test(signatures_can_be_read),
        cmocka_unit_test(flags_go_together),
        cmocka_unit_test(no_signature_occurs_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
