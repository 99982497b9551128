/* plan_random_test.c: random plans: operators one above the other, over one input or two.
 *
 * There is no model of what they give; but however the input is cut, however many workers there
 * are, and if the state is saved and loaded after every batch, it must be the same, and time must
 * not go back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROWS_MAX = 60, ROUNDS = 250, OPERATORS_MAX = 4 };

static const char columns[] = "k BIGINT, v BIGINT, at TIMESTAMP(3)";

static const struct expr *column(struct rig *r, const struct plan *in, const char *name) {
    int32_t c = schema_find(in->schema, text_of(name));
    assert_true(c >= 0);
    for (uint32_t i = 0; i < in->schema->cols; i++) r->probe.field[i] = in->schema->col[i];
    return x_column(&r->probe, (uint32_t)c);
}

/* Columns of `in` as k, v, at again, so that any operator can follow. */
static struct plan *same_columns(struct rig *r, struct plan *in, const char *k, const char *v,
                                 const char *at) {
    const struct expr **expr = ARENA_ARRAY(&r->probe.arena, expr, 3);
    expr[0] = column(r, in, k);
    expr[1] = column(r, in, v);
    expr[2] = column(r, in, at);
    return rig_project(r, in, columns, expr);
}

static void input_draw(struct random *g, struct rig *r, uint32_t input) {
    struct buf b;
    buf_init(&b);
    int64_t now = (int64_t)random_below(g, 20);
    uint32_t rows = (uint32_t)random_below(g, ROWS_MAX);
    for (uint32_t i = 0; i < rows; i++) {
        now += (int64_t)random_below(g, 3);
        int64_t at = now - (int64_t)random_below(g, 6);
        if (random_below(g, 8) == 0) buf_add_str(&b, "NULL ");
        if (b.bytes == 0 || b.at[b.bytes - 1] != ' ') {
            buf_addf(&b, "%u ", (unsigned)random_below(g, 4));
        }
        buf_addf(&b, "%u %llds\n", (unsigned)random_below(g, 6), (long long)at);
    }
    rig_rows(r, input, rows ? arena_copy(&r->probe.arena, b.at, b.bytes) : "");
    buf_done(&b);
}

static struct window_spec spec_draw(struct random *g, struct rig *r, const struct plan *in) {
    int64_t size_us = (1 + (int64_t)random_below(g, 8)) * RIG_SECOND;
    int64_t slide_us = (1 + (int64_t)random_below(g, 5)) * RIG_SECOND;
    switch (random_below(g, 4)) {
    case 0: return rig_tumble(in, "at", size_us);
    case 1: return rig_hop(in, "at", slide_us, size_us);
    case 2: return rig_session(r, in, "at", random_below(g, 2) ? "k" : "", slide_us);
    default: return rig_cumulate(in, "at", slide_us < size_us ? slide_us : size_us, size_us);
    }
}

static struct plan *window_group_draw(struct random *g, struct rig *r, struct plan *in) {
    struct window_spec w = spec_draw(g, r, in);
    struct plan *p = rig_window_group(r, in, "k", "sum(v), count(distinct v)", &w);
    if (random_below(g, 3) == 0) { /* a second aggregation over the same windows */
        struct window_spec attached = {.kind = WINDOW_ATTACHED, .start_col = 3, .time_col = 4};
        p = rig_window_group(r, p, "k", "max(agg), count(*)", &attached);
    }
    return same_columns(r, p, "k", "agg", "window_time");
}

static struct plan *operator_draw(struct random *g, struct rig *r, struct plan *in) {
    struct probe *x = &r->probe;
    struct window_spec w;
    const struct expr *less;
    bool final = random_below(g, 2);
    switch (random_below(g, 8)) {
    case 0:
    case 1: return window_group_draw(g, r, in);
    case 2:
        if (in->changes) return in;
        w = spec_draw(g, r, in);
        return same_columns(r, rig_window(r, in, &w), "k", "v", "window_time");
    case 3:
        less = x_call(x, "<(T, T) BOOLEAN", column(r, in, "v"), x_i64(x, 4), NULL);
        return rig_filter(r, in, less);
    case 4:
        in = rig_group(r, in, "k", "sum(v), max(at)", final);
        return same_columns(r, in, "k", "agg", "agg2");
    case 5:
        in = rig_node(r, PLAN_DISTINCT, in, NULL);
        in->as.distinct.final = final;
        in->changes = in->changes && !final;
        return in;
    case 6:
        if (in->changes) return in;
        in = rig_node(r, PLAN_LIMIT, in, NULL);
        in->as.limit.limit = (int64_t)random_below(g, 30);
        in->as.limit.offset = (int64_t)random_below(g, 3);
        return in;
    default:
        in = rig_group(r, in, "v", "min(k), max(at), count(*)", final);
        return same_columns(r, in, "agg", "v", "agg2");
    }
}

static struct plan *input_plan(struct random *g, struct rig *r) {
    struct plan *p = rig_scan(r, columns, "at", (int64_t)random_below(g, 8) * RIG_SECOND);
    input_draw(g, r, r->query.inputs - 1);
    return p;
}

static struct plan *plan_draw(struct random *g, struct rig *r) {
    struct plan *p = input_plan(g, r);
    for (uint32_t n = (uint32_t)random_below(g, 3); n > 0; n--) p = operator_draw(g, r, p);
    if (random_below(g, 2)) {
        struct plan *other = input_plan(g, r);
        if (random_below(g, 2)) other = operator_draw(g, r, other);
        bool set = random_below(g, 3) == 0;
        p = rig_node(r, set ? PLAN_SET_OPERATION : PLAN_UNION, p, other);
        if (set) {
            p->as.set_operation.except = random_below(g, 2);
            p->as.set_operation.final = random_below(g, 2);
            p->changes = !p->as.set_operation.final;
        }
    }
    for (uint32_t n = (uint32_t)random_below(g, OPERATORS_MAX); n > 0; n--) {
        p = operator_draw(g, r, p);
    }
    return p;
}

static void plans_give_the_same_however_they_are_fed(void **unused) {
    (void)unused;
    struct random g = random_start("plans");
    size_t bytes = 0;
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct rig r;
        rig_init(&r);
        r.workers_max = round % 6 == 0 ? 3 : 1;
        if (random_below(&g, 2)) {
            r.query.state_ttl_us = (1 + (int64_t)random_below(&g, 15)) * RIG_SECOND;
        }
        bytes += strlen(rig_run(&r, plan_draw(&g, &r)));
        rig_done(&r);
    }
    assert_true(bytes > 50 * ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_give_the_same_however_they_are_fed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
