/* fn_probe.c: see fn_probe.h. */
#include "tests/unit/udf/fn_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "udf/table.h"

enum { ARGS_MAX = 32 };

void probe_init(struct probe *p) {
    *p = (struct probe){.schema = {.col = NULL}};
    arena_init(&p->arena, 0);
    arena_init(&p->batch_arena, 0);
}

void probe_done(struct probe *p) {
    program_close(p->program);
    arena_done(&p->arena);
    arena_done(&p->batch_arena);
}

uint32_t probe_column(struct probe *p, const struct type *type) {
    uint32_t i = p->schema.cols++;
    assert_true(i < PROBE_COLUMNS);
    p->field[i] = (struct field){.name = TEXT_LITERAL("c"), .type = type};
    assert_true(builder_init(&p->build[i], &p->arena, type, 0));
    return i;
}

void probe_seal(struct probe *p) {
    p->schema.col = p->field;
    p->batch = (struct batch){.schema = &p->schema, .col = p->col};
    for (uint32_t i = 0; i < p->schema.cols; i++) {
        assert_true(builder_column(&p->build[i], &p->col[i]));
        p->batch.rows = p->batch.live = p->build[i].rows;
    }
}

static struct expr *x_new(struct probe *p, enum expr_kind kind, const struct type *type) {
    struct expr *x = ARENA_NEW(&p->arena, x);
    assert_non_null(x);
    x->kind = kind;
    x->type = type;
    return x;
}

const struct expr *x_column(struct probe *p, uint32_t column) {
    struct expr *x = x_new(p, EXPR_COLUMN, p->field[column].type);
    x->column = column;
    return x;
}

const struct expr *x_constant(struct probe *p, const struct column *c, uint32_t row) {
    struct column_builder b;
    struct column *one = ARENA_NEW(&p->arena, one);
    assert_non_null(one);
    assert_true(builder_init(&b, &p->arena, c->type, 1));
    builder_copy(&b, c, row);
    assert_true(builder_column(&b, one));
    struct expr *x = x_new(p, EXPR_CONSTANT, c->type);
    x->constant = one;
    return x;
}

const struct expr *x_i64(struct probe *p, int64_t v) {
    struct column c = {.type = &type_bigint, .as.i64 = &v};
    return x_constant(p, &c, 0);
}

const struct expr *x_f64(struct probe *p, double v) {
    struct column c = {.type = &type_double, .as.f64 = &v};
    return x_constant(p, &c, 0);
}

const struct expr *x_text(struct probe *p, const char *v) {
    struct text t = text_of(v);
    struct column c = {.type = &type_text, .as.text = &t};
    return x_constant(p, &c, 0);
}

const struct expr *x_decimal(struct probe *p, int64_t v, uint32_t precision, uint32_t scale) {
    int128_t value = v;
    struct column c = {.type = type_decimal(&p->arena, precision, scale), .as.i128 = &value};
    return x_constant(p, &c, 0);
}

const struct expr *x_null(struct probe *p, const struct type *type) {
    struct column_builder b;
    struct column c;
    assert_true(builder_init(&b, &p->arena, type, 1));
    builder_null(&b);
    assert_true(builder_column(&b, &c));
    return x_constant(p, &c, 0);
}

static const struct expr *const *args_keep(struct probe *p, struct expr *x,
                                           const struct expr *const *arg, uint32_t args) {
    const struct expr **kept = ARENA_ARRAY(&p->arena, kept, args + 1);
    assert_non_null(kept);
    for (uint32_t i = 0; i < args; i++) kept[i] = arg[i];
    x->args = args;
    x->arg = kept;
    return kept;
}

const struct expr *x_cast(struct probe *p, const struct expr *of, const struct type *to,
                          bool try_cast) {
    struct expr *x = x_new(p, EXPR_CAST, to);
    x->try_cast = try_cast;
    args_keep(p, x, &of, 1);
    return x;
}

const struct expr *x_field(struct probe *p, const struct expr *row, uint32_t field) {
    struct expr *x = x_new(p, EXPR_FIELD, row->type->field[field].type);
    x->column = field;
    args_keep(p, x, &row, 1);
    return x;
}

static uint32_t args_read(va_list list, const struct expr **arg) {
    uint32_t n = 0;
    for (const struct expr *x; (x = va_arg(list, const struct expr *));) {
        assert_true(n < ARGS_MAX);
        arg[n++] = x;
    }
    return n;
}

const struct expr *x_form(struct probe *p, enum expr_kind kind, ...) {
    const struct expr *arg[ARGS_MAX];
    va_list list;
    va_start(list, kind);
    uint32_t args = args_read(list, arg);
    va_end(list);
    struct expr *x = x_new(p, kind, kind == EXPR_CASE ? arg[1]->type : &type_boolean);
    args_keep(p, x, arg, args);
    return x;
}

static const struct fn *fn_by_sig(const char *sig) {
    for (uint32_t t = 0; t < fn_table_count; t++) {
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) {
            if (strcmp(fn_tables[t]->fn[i].sig, sig) == 0) return &fn_tables[t]->fn[i];
        }
    }
    fail_msg("no function %s", sig);
    return NULL;
}

/* The result's type as `sig` says it at its end, where the row has no type(). */
static const struct type *sig_result(const struct fn *fn, const struct expr *const *arg) {
    static const struct type *const known[] = {&type_boolean,    &type_bigint, &type_double,
                                               &type_text,       &type_blob,   &type_date,
                                               &type_timestamp6, &type_time,   &type_interval};
    const char *word = strstr(fn->sig, ") ") + 2;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(word, type_name(known[i]->id)) == 0) return known[i];
    }
    if (strcmp(word, "TIMESTAMP(3)") == 0) return &type_timestamp3;
    return arg[0]->type;
}

const struct expr *x_call_list(struct probe *p, const char *sig, const struct expr *const *arg,
                               uint32_t args) {
    const struct fn *fn = fn_by_sig(sig);
    const struct type *type[ARGS_MAX];
    const struct column *constant[ARGS_MAX];
    for (uint32_t i = 0; i < args; i++) {
        type[i] = arg[i]->type;
        constant[i] = arg[i]->constant;
    }
    struct fn_bind bind = {
        .arg_type = type, .constant = constant, .args = args, .arena = &p->arena};
    const struct type *result = fn->type ? fn->type(&bind, &p->e) : sig_result(fn, arg);
    if (!result) fail_msg("%s", p->e.message);
    struct expr *x = x_new(p, EXPR_CALL, result);
    x->fn = fn;
    args_keep(p, x, arg, args);
    return x;
}

const struct expr *x_call(struct probe *p, const char *sig, ...) {
    const struct expr *arg[ARGS_MAX];
    va_list list;
    va_start(list, sig);
    uint32_t args = args_read(list, arg);
    va_end(list);
    return x_call_list(p, sig, arg, args);
}

const struct column *probe_run(struct probe *p, const struct expr *x) {
    const struct program_options o = {
        .expr = &x, .exprs = 1, .input = &p->schema, .arena = &p->arena, .seed = 1};
    program_close(p->program);
    arena_reset(&p->batch_arena);
    p->program = program_create(&o, &p->e);
    if (!p->program) fail_msg("%s", p->e.message);
    if (!program_run(p->program, &p->batch, &p->batch_arena, &p->result, &p->e)) {
        fail_msg("%s", p->e.message);
    }
    return &p->result.col[0];
}

const struct row_failure *probe_failure(const struct probe *p, uint32_t row) {
    for (uint32_t i = 0; i < p->result.failures; i++) {
        if (p->result.failure[i].row == row) return &p->result.failure[i];
    }
    return NULL;
}

const char *probe_show(struct probe *p, const struct column *c, uint32_t row) {
    struct column one = *c;
    struct expr *x = (struct expr *)(uintptr_t)x_constant(p, &one, row);
    if (!column_has(x->constant, 0) || c->type->id == TYPE_NULL) return "NULL";
    struct column text;
    struct err e;
    const struct expr *cast = c->type->id == TYPE_TEXT ? x : x_cast(p, x, &type_text, false);
    assert_true(program_fold(cast, &p->arena, &text, &e));
    const char *shown = arena_copy(&p->arena, text.as.text[0].at, text.as.text[0].bytes);
    assert_non_null(shown);
    return shown;
}
