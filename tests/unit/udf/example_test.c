/* example_test.c: the example of every function row is true, said in SQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/program.h"
#include "sql/bind.h"
#include "sql/parse.h"
#include "udf/table.h"

enum { TABLES_MAX = 64, SQL_BYTES = 1024 };

/* A constant query reads and writes nothing. */
static bool no_stream(void *context, const struct stream_def *def, const struct options *hint,
                      bool *bounded_out, struct err *e) {
    (void)context;
    (void)def;
    (void)hint;
    *bounded_out = true;
    return err_set(e, ERR_SQL, "0A000", "there are no streams");
}

/* The expression of `SELECT expression`. */
static const struct expr *projected(const struct plan *plan) {
    while (plan->kind != PLAN_PROJECT && plan->kind != PLAN_VALUES) plan = plan->input[0];
    return plan->kind == PLAN_PROJECT ? plan->as.project.expr[0] : plan->as.values.expr[0];
}

static bool example_is_true(const struct sql_env *env, const char *example, struct arena *a,
                            struct err *e) {
    char sql[SQL_BYTES];
    struct ast_statement *statement;
    struct bound_query bound;
    struct column value;
    struct sql_env own = *env;
    snprintf(sql, sizeof sql, "SELECT %s", example);
    if (!sql_parse_one(text_of(sql), a, &statement, e)) return false;
    own.source = statement->source;
    if (!bind_select(&own, statement->as.select, a, &bound, e)) return false;
    if (!program_fold(projected(bound.plan.root), a, &value, e)) return false;
    snprintf(e->message, sizeof e->message, "is not true");
    return value.type->id == TYPE_BOOLEAN && column_has(&value, 0) && value.as.b8[0] == 1;
}

static void examples_are_true(void **unused) {
    (void)unused;
    struct fn_table tables[TABLES_MAX];
    assert_true(fn_table_count <= TABLES_MAX);
    fn_tables_copy(tables);
    struct sql_env env = {
        .catalog = catalog_create(), .fn = tables, .fns = fn_table_count, .bounded = no_stream};
    assert_non_null(env.catalog);
    uint32_t wrong = 0;
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t t = 0; t < fn_table_count; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++) {
            const struct fn *fn = &tables[t].fn[i];
            struct err e = {.code = ERR_NONE};
            if (!fn->example || example_is_true(&env, fn->example, &a, &e)) continue;
            fprintf(stderr, "%s: %s\n", fn->example, e.message);
            wrong++;
        }
    }
    arena_done(&a);
    catalog_destroy(env.catalog);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples_are_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
