/* program_random_test.c: random expressions over random rows. A row's value does not depend on the
 * rows beside it, on the selection, on the cut of batches, nor on whether columns or constants hold
 * its arguments: so the whole batch, each row as a batch of its own, a thinned batch, and the
 * expression with the row's values written into it, folded, give the same values and failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/udf/fn_probe.h"

enum { ROWS = 96, TREES = 400, DEPTH = 5, COLUMNS = 6 };

struct dice {
    uint64_t s;
};

static uint32_t below(struct dice *d, uint32_t n) {
    d->s ^= d->s << 13;
    d->s ^= d->s >> 7;
    d->s ^= d->s << 17;
    return (uint32_t)(d->s >> 33) % n;
}

/* a, b BIGINT; x DOUBLE; p, q BOOLEAN; s TEXT. */
static void fill(struct probe *p, struct dice *d) {
    static const struct type *const types[COLUMNS] = {&type_bigint,  &type_bigint,  &type_double,
                                                      &type_boolean, &type_boolean, &type_text};
    static const int64_t numbers[] = {0, 1, 2, -1, 7, 100, INT64_MAX, INT64_MIN, 4000000000};
    static const char *const texts[] = {"", "a", "12", "-7", "abc", "1.5", "é"};
    for (uint32_t c = 0; c < COLUMNS; c++) {
        probe_column(p, types[c]);
        for (uint32_t row = 0; row < ROWS; row++) {
            struct column_builder *b = &p->build[c];
            if (below(d, 6) == 0)
                builder_null(b);
            else if (c < 2)
                builder_i64(b, numbers[below(d, COUNT_OF(numbers))]);
            else if (c == 2)
                builder_f64(b, ((double)below(d, 9) - 4) / 2);
            else if (c < 5)
                builder_b8(b, (uint8_t)below(d, 2));
            else
                builder_text(b, text_of(texts[below(d, COUNT_OF(texts))]));
        }
    }
    probe_seal(p);
}

/* Where the columns of a tree come from: the batch, or the values of one row. */
struct grower {
    struct probe *p;
    struct dice d;
    const struct batch *row_of; /* NULL: columns */
    uint32_t row;
};

static const struct expr *leaf(struct grower *g, uint32_t column) {
    if (!g->row_of) return x_column(g->p, column);
    return x_constant(g->p, &g->row_of->col[column], g->row);
}

static const struct expr *grow_number(struct grower *g, uint32_t depth);
static const struct expr *grow_truth(struct grower *g, uint32_t depth);
static const struct expr *grow_text(struct grower *g, uint32_t depth);

static const struct expr *grow_real(struct grower *g, uint32_t depth) {
    if (depth == 0 || below(&g->d, 3) == 0) return leaf(g, 2);
    switch (below(&g->d, 4)) {
    case 0: return x_cast(g->p, grow_number(g, depth - 1), &type_double, false);
    case 1:
        return x_call(g->p, "*(DOUBLE, DOUBLE) DOUBLE", grow_real(g, depth - 1),
                      grow_real(g, depth - 1), NULL);
    case 2:
        return x_call(g->p, "/(DOUBLE, DOUBLE) DOUBLE", grow_real(g, depth - 1),
                      grow_real(g, depth - 1), NULL);
    default: {
        const struct expr *when = grow_truth(g, depth - 1), *then = grow_real(g, depth - 1);
        return x_form(g->p, EXPR_CASE, when, then, grow_real(g, depth - 1), NULL);
    }
    }
}

static const struct expr *grow_number(struct grower *g, uint32_t depth) {
    static const char *const binary[] = {"+(BIGINT, BIGINT) BIGINT", "-(BIGINT, BIGINT) BIGINT",
                                         "*(BIGINT, BIGINT) BIGINT", "/(BIGINT, BIGINT) BIGINT",
                                         "%(BIGINT, BIGINT) BIGINT", "&(BIGINT, BIGINT) BIGINT"};
    if (depth == 0) {
        return below(&g->d, 4) == 0 ? x_i64(g->p, below(&g->d, 5)) : leaf(g, below(&g->d, 2));
    }
    switch (below(&g->d, 7)) {
    case 0: return x_call(g->p, "abs(BIGINT) BIGINT", grow_number(g, depth - 1), NULL);
    case 1: return x_call(g->p, "length(TEXT) BIGINT", grow_text(g, depth - 1), NULL);
    case 2: return x_cast(g->p, grow_text(g, depth - 1), &type_bigint, below(&g->d, 2) == 0);
    case 3: {
        const struct expr *when = grow_truth(g, depth - 1), *then = grow_number(g, depth - 1);
        const struct expr *when2 = grow_truth(g, depth - 1), *then2 = grow_number(g, depth - 1);
        return x_form(g->p, EXPR_CASE, when, then, when2, then2, grow_number(g, depth - 1), NULL);
    }
    case 4: return x_cast(g->p, grow_truth(g, depth - 1), &type_bigint, false);
    default: {
        const char *sig = binary[below(&g->d, COUNT_OF(binary))];
        const struct expr *x = grow_number(g, depth - 1);
        /* One tree twice: x + x, shared by pointer. */
        return x_call(g->p, sig, x, below(&g->d, 4) == 0 ? x : grow_number(g, depth - 1), NULL);
    }
    }
}

static const struct expr *grow_text(struct grower *g, uint32_t depth) {
    if (depth == 0) return leaf(g, 5);
    switch (below(&g->d, 4)) {
    case 0: return x_call(g->p, "upper(TEXT) TEXT", grow_text(g, depth - 1), NULL);
    case 1: return x_cast(g->p, grow_number(g, depth - 1), &type_text, false);
    case 2:
        return x_call(g->p, "||(TEXT, TEXT) TEXT", grow_text(g, depth - 1), grow_text(g, depth - 1),
                      NULL);
    default: {
        const struct expr *when = grow_truth(g, depth - 1), *then = grow_text(g, depth - 1);
        return x_form(g->p, EXPR_CASE, when, then, grow_text(g, depth - 1), NULL);
    }
    }
}

static const struct expr *grow_comparison(struct grower *g, uint32_t depth) {
    static const char *const sigs[] = {"=(T, T) BOOLEAN", "<(T, T) BOOLEAN", ">=(T, T) BOOLEAN",
                                       "is(T, T) BOOLEAN", "in(T, T...) BOOLEAN"};
    const char *sig = sigs[below(&g->d, COUNT_OF(sigs))];
    const struct expr *x, *y;
    switch (below(&g->d, 3)) {
    case 0: x = grow_number(g, depth - 1), y = grow_number(g, depth - 1); break;
    case 1: x = grow_real(g, depth - 1), y = grow_real(g, depth - 1); break;
    default: x = grow_text(g, depth - 1), y = grow_text(g, depth - 1); break;
    }
    return x_call(g->p, sig, x, y, NULL);
}

static const struct expr *grow_truth(struct grower *g, uint32_t depth) {
    if (depth == 0) return leaf(g, 3 + below(&g->d, 2));
    switch (below(&g->d, 6)) {
    case 0: return x_call(g->p, "not(BOOLEAN) BOOLEAN", grow_truth(g, depth - 1), NULL);
    case 1: return x_call(g->p, "is_null(ANY) BOOLEAN", grow_text(g, depth - 1), NULL);
    case 2:
    case 3: {
        enum expr_kind kind = below(&g->d, 2) ? EXPR_AND : EXPR_OR;
        const struct expr *x = grow_truth(g, depth - 1), *y = grow_truth(g, depth - 1);
        return x_form(g->p, kind, x, y, grow_truth(g, depth - 1), NULL);
    }
    default: return grow_comparison(g, depth);
    }
}

static const struct expr *grow(struct grower *g) {
    switch (below(&g->d, 4)) {
    case 0: return grow_number(g, DEPTH);
    case 1: return grow_truth(g, DEPTH);
    case 2: return grow_text(g, DEPTH);
    default: return grow_real(g, DEPTH);
    }
}

/* What came of a row: its value as text, or its failure. */
static const char *outcome(struct probe *p, const struct column *c, uint32_t row) {
    const struct row_failure *f = probe_failure(p, row);
    return f ? f->message : probe_show(p, c, row);
}

static const char *folded(struct probe *p, const struct expr *x) {
    struct column c;
    struct err e;
    if (program_fold(x, &p->arena, &c, &e)) return probe_show(p, &c, 0);
    const char *message = arena_copy(&p->arena, e.message, strlen(e.message));
    assert_non_null(message);
    return message;
}

/* Row `row` of the batch as a batch of its own. */
static void one_row(const struct probe *p, uint32_t row, struct column_builder *b,
                    struct column *col, struct arena *a) {
    for (uint32_t c = 0; c < COLUMNS; c++) {
        assert_true(builder_init(&b[c], a, p->field[c].type, 1));
        builder_copy(&b[c], &p->col[c], row);
        assert_true(builder_column(&b[c], &col[c]));
    }
}

static void check_alone(struct probe *p, struct program *program, const char *const *want) {
    struct batch whole = p->batch;
    for (uint32_t row = 0; row < ROWS; row++) {
        struct column_builder b[COLUMNS];
        struct column col[COLUMNS];
        one_row(p, row, b, col, &p->batch_arena);
        struct batch one = {.schema = whole.schema, .col = col, .rows = 1, .live = 1};
        assert_true(program_run(program, &one, &p->batch_arena, &p->result, &p->e));
        assert_string_equal(outcome(p, &p->result.col[0], 0), want[row]);
    }
}

static void check_thinned(struct probe *p, struct program *program, const char *const *want,
                          struct dice *d) {
    uint16_t sel[ROWS];
    struct batch thin = p->batch;
    thin.sel = sel;
    thin.live = 0;
    uint32_t part = 2 + below(d, 6);
    for (uint32_t row = 0; row < ROWS; row++) {
        if (below(d, part) == 0) sel[thin.live++] = (uint16_t)row;
    }
    assert_true(program_run(program, &thin, &p->batch_arena, &p->result, &p->e));
    assert_int_equal(p->result.live + p->result.failures, thin.live);
    for (uint32_t i = 0; i < thin.live; i++) {
        assert_string_equal(outcome(p, &p->result.col[0], sel[i]), want[sel[i]]);
    }
}

static void check_tree(uint64_t seed) {
    struct probe p;
    struct dice d = {seed | 1};
    const char *want[ROWS];
    probe_init(&p);
    fill(&p, &d);
    struct grower g = {.p = &p, .d = {seed * 77 + 1}};
    const struct column *c = probe_run(&p, grow(&g));
    for (uint32_t row = 0; row < ROWS; row++) want[row] = outcome(&p, c, row);

    check_alone(&p, p.program, want);
    check_thinned(&p, p.program, want, &d);
    for (uint32_t row = 0; row < ROWS; row += 5) {
        struct grower constant = {.p = &p, .d = {seed * 77 + 1}, .row_of = &p.batch, .row = row};
        assert_string_equal(folded(&p, grow(&constant)), want[row]);
    }
    probe_done(&p);
}

static void rows_stand_alone(void **unused) {
    (void)unused;
    const char *given = getenv("WEIR_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    uint64_t trees = getenv("WEIR_SOAK") ? TREES * 100 : TREES;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (uint64_t i = 0; i < trees; i++) check_tree(seed * 1000003 + i);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_stand_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
