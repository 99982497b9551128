/* group_aggregate_test.c: GROUP BY without a window: a changelog that answers each row, or final
 * rows; retractions in. Random changelogs against brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/number.h"
#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROWS_MAX = 120, ROUNDS = 150 };

static void expect(const char *keys, const char *aggs, bool final, const char *in,
                   const char *out) {
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, x DOUBLE", NULL, 0);
    rig_rows(&r, 0, in);
    scan->changes = r.input[0].change != NULL;
    rig_same(rig_run(&r, rig_group(&r, scan, keys, aggs, final)), out);
    rig_done(&r);
}

static void each_row_that_changes_a_result_is_answered(void **unused) {
    (void)unused;
    expect("k", "sum(v), max(x)", false, "a 1 1\nb 2 1\na 0 1\na 3 0\na 0 7\n",
           "+I a 1 1.0\n"
           "+I b 2 1.0\n"
           "-U a 1 1.0\n"
           "+U a 4 1.0\n"
           "-U a 4 1.0\n"
           "+U a 4 7.0\n");
}

/* Aggregates that leave copies of their states, that do not, and that change memory in place. */
static void answers_of_all_kinds_of_states_stand_side_by_side(void **unused) {
    (void)unused;
    expect("k", "count(*), first_value(v), approx_count_distinct(v), group_concat(k)", false,
           "a 1 1\nb 7 1\na 2 1\na 1 0\nb 7 1\nb 8 1\n",
           "+I a 1 1 1 a\n"
           "+I b 1 7 1 b\n"
           "-U a 1 1 1 a\n"
           "+U a 2 1 2 a,a\n"
           "-U a 2 1 2 a,a\n"
           "+U a 3 1 2 a,a,a\n"
           "-U b 1 7 1 b\n"
           "+U b 2 7 1 b,b\n"
           "-U b 2 7 1 b,b\n"
           "+U b 3 7 2 b,b,b\n");
}

static void a_group_goes_with_its_last_row(void **unused) {
    (void)unused;
    expect("k", "count(*), max(v)", false,
           "+I a 1 0\n+I a 5 0\n-D a 5 0\n-D a 1 0\n+I a 2 0\n-U a 2 0\n+U b 2 0\n",
           "+I a 1 1\n"
           "-U a 1 1\n"
           "+U a 2 5\n"
           "-U a 2 5\n"
           "+U a 1 1\n"
           "-D a 1 1\n"
           "+I a 1 2\n"
           "-D a 1 2\n"
           "+I b 1 2\n");
}

static void final_rows_come_at_the_end_in_the_order_of_first_rows(void **unused) {
    (void)unused;
    expect("k", "sum(v)", true, "b 1 1\na 2 1\nb 0 1\nNULL 3 0\na 0 7\n", "b 1\na 2\nNULL 3\n");
    expect("k", "sum(v)", true, "", "");
    expect("", "sum(v), count(*), total(x)", true, "", "NULL 0 0.0\n");
    expect("", "sum(v), count(*), total(x)", true, "a 1 2\nb NULL 3\n", "1 2 5.0\n");
}

static void a_result_that_does_not_fit_leaves_the_changelog(void **unused) {
    (void)unused;
    expect("k", "sum(v)", false, "a 9223372036854775807 1\na 1 1\na 1 1\na -5 1\nb 1 1\n",
           "+I a 9223372036854775807\n"
           "-D a 9223372036854775807\n"
           "+I a 9223372036854775804\n"
           "+I b 1\n"
           "bad 22003 result\n"
           "bad 22003 result\n");
}

struct row {
    int64_t k, v, x;
    bool has_v, f, retracts;
    uint32_t of; /* retracts: the row it takes back */
};

/* A changelog: rows, and later some of them taken back. */
static uint32_t rows_draw(struct random *g, struct row *row, bool retracts) {
    uint32_t rows = (uint32_t)random_below(g, ROWS_MAX + 1),
             keys = 1 + (uint32_t)random_below(g, 5);
    bool gone[ROWS_MAX] = {false};
    for (uint32_t i = 0; i < rows; i++) {
        row[i] = (struct row){.k = (int64_t)random_below(g, keys),
                              .v = (int64_t)random_below(g, 6) - 2,
                              .has_v = random_below(g, 6) > 0,
                              .x = (int64_t)random_below(g, 5) - 2,
                              .f = random_below(g, 2)};
        uint32_t of = i > 0 ? (uint32_t)random_below(g, i) : 0;
        bool can = retracts && i > 0 && !gone[of] && !row[of].retracts;
        if (!can || random_below(g, 2)) continue;
        gone[of] = gone[i] = true;
        row[i] = row[of];
        row[i].retracts = true;
        row[i].of = of;
    }
    return rows;
}

static void print_i64(struct buf *out, bool has, int64_t v) {
    if (has) {
        buf_addf(out, " %lld", (long long)v);
    } else {
        buf_add_str(out, " NULL");
    }
}

static const char aggs[] = "count(*), sum(v), max(v), min(x), sum(x), count(distinct v), "
                           "avg(v), sum(distinct x), count(v) filter f, max(distinct v), "
                           "count(distinct v) filter f, sum(distinct v)";

/* The result of group k of the first `rows` rows; false: it has none. */
static bool naive_group(const struct row *row, uint32_t rows, int64_t k, struct buf *out) {
    int64_t count = 0, sum = 0, values = 0, max = 0, min_x = 0, sum_x = 0, filtered = 0;
    int64_t distinct = 0, distinct_x = 0;
    int64_t distinct_f = 0, sum_distinct = 0;
    bool gone[ROWS_MAX] = {false}, seen[16] = {false}, seen_x[16] = {false}, seen_f[16] = {false};
    for (uint32_t i = 0; i < rows; i++) {
        if (row[i].retracts) gone[i] = gone[row[i].of] = true;
    }
    for (uint32_t i = 0; i < rows; i++) {
        if (gone[i] || row[i].k != k) continue;
        if (count++ == 0 || row[i].x < min_x) min_x = row[i].x;
        sum_x += row[i].x;
        if (!seen_x[row[i].x + 8]) distinct_x += row[i].x;
        seen_x[row[i].x + 8] = true;
        if (!row[i].has_v) continue;
        if (values++ == 0 || row[i].v > max) max = row[i].v;
        sum += row[i].v;
        filtered += row[i].f;
        distinct += !seen[row[i].v + 8];
        if (!seen[row[i].v + 8]) sum_distinct += row[i].v;
        distinct_f += row[i].f && !seen_f[row[i].v + 8];
        seen_f[row[i].v + 8] = seen_f[row[i].v + 8] || row[i].f;
        seen[row[i].v + 8] = true;
    }
    if (count == 0) return false;
    buf_addf(out, "%lld %lld", (long long)k, (long long)count);
    print_i64(out, values > 0, sum);
    print_i64(out, values > 0, max);
    buf_addf(out, " %lld.0 %lld.0 %lld ", (long long)min_x, (long long)sum_x, (long long)distinct);
    if (values > 0) {
        buf_add_f64(out, (double)sum / (double)values);
    } else {
        buf_add_str(out, "NULL");
    }
    buf_addf(out, " %lld.0 %lld", (long long)distinct_x, (long long)filtered);
    print_i64(out, values > 0, max);
    print_i64(out, true, distinct_f);
    print_i64(out, values > 0, sum_distinct);
    buf_add_char(out, '\n');
    return true;
}

/* What each row is answered with. */
static void naive_changes(const struct row *row, uint32_t rows, struct buf *out) {
    for (uint32_t i = 0; i < rows; i++) {
        struct buf old, new;
        buf_init(&old);
        buf_init(&new);
        bool had = naive_group(row, i, row[i].k, &old);
        bool has = naive_group(row, i + 1, row[i].k, &new);
        bool same = had && has && text_equal(buf_text(&old), buf_text(&new));
        if (had && !same) buf_addf(out, "%s %s", has ? "-U" : "-D", old.at);
        if (has && !same) buf_addf(out, "%s %s", had ? "+U" : "+I", new.at);
        buf_done(&old);
        buf_done(&new);
    }
}

/* Groups by their first row since they last had none. */
static void naive_final(const struct row *row, uint32_t rows, struct buf *out) {
    struct buf ignored;
    buf_init(&ignored);
    for (uint32_t i = 0; i < rows; i++) {
        bool first = !naive_group(row, i, row[i].k, &ignored);
        bool stays = true;
        for (uint32_t j = i; j < rows && stays; j++) {
            stays = naive_group(row, j + 1, row[i].k, &ignored);
        }
        if (first && stays) naive_group(row, rows, row[i].k, out);
    }
    buf_done(&ignored);
}

static void rows_give(struct rig *r, const struct row *row, uint32_t rows, bool retracts) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < rows; i++) {
        if (retracts) buf_add_str(&b, row[i].retracts ? "-D " : "+I ");
        buf_addf(&b, "%lld", (long long)row[i].k);
        print_i64(&b, row[i].has_v, row[i].v);
        buf_addf(&b, " %lld %c\n", (long long)row[i].x, row[i].f ? 't' : 'f');
    }
    rig_rows(r, 0, rows ? arena_copy(&r->probe.arena, b.at, b.bytes) : "");
    buf_done(&b);
}

static void changes_are_what_brute_force_says(void **unused) {
    (void)unused;
    struct random g = random_start("changes");
    struct row row[ROWS_MAX];
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) {
        struct rig r;
        struct buf want;
        bool retracts = random_below(&g, 3) > 0, final = random_below(&g, 2);
        buf_init(&want);
        rig_init(&r);
        r.workers_max = round % 4 == 0 ? 3 : 1;
        struct plan *scan = rig_scan(&r, "k BIGINT, v BIGINT, x DOUBLE, f BOOLEAN", NULL, 0);
        scan->changes = retracts;
        uint32_t rows = rows_draw(&g, row, retracts);
        rows_give(&r, row, rows, retracts);
        if (final) {
            naive_final(row, rows, &want);
        } else {
            naive_changes(row, rows, &want);
        }
        const char *got = rig_run(&r, rig_group(&r, scan, "k", aggs, final));
        rig_same(got, want.bytes ? want.at : "");
        buf_done(&want);
        rig_done(&r);
    }
}

/* What two GROUP BYs over each other give, whatever the changelog between them. */
static void groups_of_groups_follow_retractions(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    struct plan *scan = rig_scan(&r, "k TEXT, v BIGINT, x DOUBLE", NULL, 0);
    rig_rows(&r, 0, "a 1 1\nb 1 1\na 1 1\na 1 1\nb 5 1\n");
    struct plan *inner = rig_group(&r, scan, "k", "count(*)", false);
    struct plan *outer = rig_group(&r, inner, "", "max(agg), count(*), sum(agg)", false);
    rig_same(rig_run(&r, outer), "+I 1 1 1\n"
                                 "-U 1 1 1\n+U 1 2 2\n"
                                 "-U 1 2 2\n+U 1 1 1\n"
                                 "-U 1 1 1\n+U 2 2 3\n"
                                 "-U 2 2 3\n+U 1 1 1\n"
                                 "-U 1 1 1\n+U 3 2 4\n"
                                 "-U 3 2 4\n+U 3 1 3\n"
                                 "-U 3 1 3\n+U 3 2 5\n");
    rig_done(&r);
}

static void aggregates_that_depend_on_order_go_by_row_order(void **unused) {
    (void)unused;
    expect("", "group_concat(k), first_value(v), last_value(v), array_agg(v)", false,
           "+I a 1 1\n+I b 2 1\n+I a 3 1\n-D b 2 1\n-D a 1 1\n",
           "+I a 1 1 [1]\n"
           "-U a 1 1 [1]\n+U a,b 1 2 [1,2]\n"
           "-U a,b 1 2 [1,2]\n+U a,b,a 1 3 [1,2,3]\n"
           "-U a,b,a 1 3 [1,2,3]\n+U a,a 1 3 [1,3]\n"
           "-U a,a 1 3 [1,3]\n+U a 3 3 [3]\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_that_changes_a_result_is_answered),
        cmocka_unit_test(answers_of_all_kinds_of_states_stand_side_by_side),
        cmocka_unit_test(a_group_goes_with_its_last_row),
        cmocka_unit_test(final_rows_come_at_the_end_in_the_order_of_first_rows),
        cmocka_unit_test(a_result_that_does_not_fit_leaves_the_changelog),
        cmocka_unit_test(changes_are_what_brute_force_says),
        cmocka_unit_test(groups_of_groups_follow_retractions),
        cmocka_unit_test(aggregates_that_depend_on_order_go_by_row_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
