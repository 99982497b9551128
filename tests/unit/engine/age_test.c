/* age_test.c: 'state-ttl': what no row has met for longer is forgotten, in silence.
 *
 * Random rows go through GroupAggregate and Distinct and are compared, change by change, with a
 * model that keeps everything and asks of each row how long ago its key was met. rig_run() cuts the
 * input every way, saves and loads, and takes several workers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"
#include "tests/unit/engine/harness.h"

enum { ROUNDS = 120, ROWS_MAX = 120, KEYS = 4, VALUES = 5, NEVER = -1 };

static const char columns[] = "k BIGINT, v BIGINT, at TIMESTAMP(3)";

/* A value of a group, in the model. */
struct value {
    int64_t rows, met;
};

struct result {
    int64_t count, sum, distinct, max; /* max NEVER: NULL */
};

struct group {
    int64_t met; /* when; NEVER */
    struct result now;
    struct value value[VALUES];
};

struct naive {
    int64_t ttl, first, at; /* first NEVER: no time is known yet */
    bool retracts;
    struct group group[KEYS];
    struct buf out;
};

static void clock_move(struct naive *m, int64_t time_us) {
    if (time_us == TIME_MIN_US) return;
    if (m->first == NEVER) m->first = time_us;
    m->at = time_us - m->first;
}

static bool is_gone(const struct naive *m, int64_t met) {
    return met == NEVER || m->at - met > m->ttl;
}

static void result_print(struct naive *m, const char *kind, uint32_t k, const struct result *x) {
    buf_addf(&m->out, "%s %u %lld %lld %lld ", kind, k, (long long)x->count, (long long)x->sum,
             (long long)x->distinct);
    if (x->max == NEVER) {
        buf_add_str(&m->out, "NULL\n");
    } else {
        buf_addf(&m->out, "%lld\n", (long long)x->max);
    }
}

static void group_add(struct naive *m, struct group *g, uint32_t v) {
    struct value *x = &g->value[v];
    if (is_gone(m, g->met)) g->now = (struct result){.max = v};
    if (is_gone(m, x->met)) x->rows = 0;
    g->now.count++;
    g->now.sum += v;
    g->now.distinct += x->rows == 0;
    if (v > g->now.max) g->now.max = v;
    x->rows++;
    x->met = g->met = m->at;
}

/* The greatest value that is there and not forgotten. */
static void max_again(const struct naive *m, struct group *g) {
    g->now.max = NEVER;
    for (uint32_t v = 0; v < VALUES; v++) {
        if (g->value[v].rows > 0 && !is_gone(m, g->value[v].met)) g->now.max = v;
    }
}

static void group_take(struct naive *m, struct group *g, uint32_t v) {
    struct value *x = &g->value[v];
    g->now.count--;
    g->now.sum -= v;
    g->met = m->at;
    if (x->rows == 0 || is_gone(m, x->met)) return;
    x->met = m->at;
    if (--x->rows > 0) return;
    g->now.distinct--;
    if (g->now.max == v) max_again(m, g);
}

static void model_row(struct naive *m, uint32_t k, uint32_t v, bool retracts) {
    struct group *g = &m->group[k];
    bool gone = is_gone(m, g->met) || g->now.count == 0;
    struct result before = g->now;
    if (retracts && gone) return; /* of what is forgotten: nothing */
    if (gone) g->met = NEVER;
    if (retracts) {
        group_take(m, g, v);
    } else {
        group_add(m, g, v);
    }
    if (gone) {
        result_print(m, "+I", k, &g->now);
    } else if (g->now.count == 0) {
        result_print(m, "-D", k, &before);
        *g = (struct group){.met = NEVER};
    } else if (memcmp(&before, &g->now, sizeof before) != 0) {
        result_print(m, "-U", k, &before);
        result_print(m, "+U", k, &g->now);
    }
}

static void model_init(struct naive *m, int64_t ttl) {
    *m = (struct naive){.ttl = ttl, .first = NEVER};
    buf_init(&m->out);
    for (uint32_t k = 0; k < KEYS; k++) {
        m->group[k].met = NEVER;
        for (uint32_t v = 0; v < VALUES; v++) m->group[k].value[v].met = NEVER;
    }
}

/* Rows as drawn. */
struct drawn {
    uint32_t rows;
    uint32_t k[ROWS_MAX], v[ROWS_MAX];
    int64_t at[ROWS_MAX];
    bool retracts[ROWS_MAX];
};

/* `changes`: some rows take back one that came before, which may be forgotten by then. */
static void rows_draw(struct random *g, bool changes, struct drawn *d) {
    int64_t now = 1000;
    d->rows = (uint32_t)random_below(g, ROWS_MAX);
    int64_t open[KEYS][VALUES] = {{0}};
    for (uint32_t i = 0; i < d->rows; i++) {
        now += (int64_t)random_below(g, random_below(g, 10) == 0 ? 40 : 4);
        uint32_t k = (uint32_t)random_below(g, KEYS), v = (uint32_t)random_below(g, VALUES);
        d->k[i] = k;
        d->v[i] = v;
        d->at[i] = now - (int64_t)random_below(g, 3);
        d->retracts[i] = changes && open[k][v] > 0 && random_below(g, 2);
        open[k][v] += d->retracts[i] ? -1 : 1;
    }
}

static const char *rows_write(struct rig *r, const struct drawn *d, bool changes) {
    struct buf b;
    buf_init(&b);
    for (uint32_t i = 0; i < d->rows; i++) {
        if (changes) buf_add_str(&b, d->retracts[i] ? "-D " : "+I ");
        buf_addf(&b, "%u %u %llds\n", d->k[i], d->v[i], (long long)d->at[i]);
    }
    const char *lines = arena_copy(&r->probe.arena, b.at ? b.at : "", b.bytes);
    buf_done(&b);
    return lines;
}

/* Are these rows' times their watermarks, or (no watermark) one unit of PROCTIME a row? */
static int64_t unit_us(bool by_watermark) {
    return by_watermark ? RIG_SECOND : 1;
}

static void groups_round(struct random *g, uint32_t round) {
    bool changes = random_below(g, 2), by_watermark = random_below(g, 3) > 0;
    struct drawn d;
    struct rig r;
    struct naive m;
    rows_draw(g, changes, &d);
    model_init(&m, (1 + (int64_t)random_below(g, 30)) * unit_us(by_watermark));
    rig_init(&r);
    r.workers_max = round % 4 == 0 ? 3 : 1;
    r.query.state_ttl_us = m.ttl;
    struct plan *scan = rig_scan(&r, columns, by_watermark ? "at" : NULL, 2 * RIG_SECOND);
    scan->changes = changes;
    rig_rows(&r, 0, rows_write(&r, &d, changes));
    struct plan *top =
        rig_group(&r, scan, "k", "count(*), sum(v), count(distinct v), max(v)", false);
    for (uint32_t i = 0; i < d.rows; i++) {
        clock_move(&m, by_watermark ? r.input[0].watermark_us[i] : r.input[0].proctime_us[i]);
        model_row(&m, d.k[i], d.v[i], d.retracts[i]);
    }
    buf_add_char(&m.out, '\0');
    rig_same(rig_run(&r, top), m.out.at);
    buf_done(&m.out);
    rig_done(&r);
}

/* Aggregates that go by the order of rows keep equal values apart: no model, but all cuts agree. */
static void ordered_round(struct random *g) {
    struct drawn d;
    struct rig r;
    rows_draw(g, true, &d);
    rig_init(&r);
    r.query.state_ttl_us = (1 + (int64_t)random_below(g, 30)) * RIG_SECOND;
    struct plan *scan = rig_scan(&r, columns, "at", 2 * RIG_SECOND);
    scan->changes = true;
    rig_rows(&r, 0, rows_write(&r, &d, true));
    rig_run(&r, rig_group(&r, scan, "k", "first_value(v), last_value(v), min(at)", false));
    rig_done(&r);
}

static void ordered_values_are_forgotten_the_same_in_all_cuts(void **unused) {
    (void)unused;
    struct random g = random_start("ordered");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) ordered_round(&g);
}

static void groups_are_forgotten_as_the_model_says(void **unused) {
    (void)unused;
    struct random g = random_start("groups");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) groups_round(&g, round);
}

/* DISTINCT is a group of all columns that answers when its first row comes and its last one goes.
 * */
static void distinct_row(struct naive *m, uint32_t k, bool retracts) {
    struct group *g = &m->group[k];
    if (is_gone(m, g->met)) g->now.count = 0;
    if (retracts && g->now.count == 0) return;
    g->met = m->at;
    g->now.count += retracts ? -1 : 1;
    if (!retracts && g->now.count == 1) buf_addf(&m->out, "+I %u\n", k);
    if (retracts && g->now.count == 0) buf_addf(&m->out, "-D %u\n", k);
}

static void distinct_round(struct random *g) {
    struct drawn d;
    struct rig r;
    struct naive m;
    rows_draw(g, true, &d);
    model_init(&m, (1 + (int64_t)random_below(g, 30)) * RIG_SECOND);
    rig_init(&r);
    r.query.state_ttl_us = m.ttl;
    struct plan *scan = rig_scan(&r, columns, "at", RIG_SECOND);
    scan->changes = true;
    rig_rows(&r, 0, rows_write(&r, &d, true));
    const struct expr *k = x_column(&r.probe, 0);
    struct plan *top = rig_node(&r, PLAN_DISTINCT, rig_project(&r, scan, "k BIGINT", &k), NULL);
    for (uint32_t i = 0; i < d.rows; i++) {
        clock_move(&m, r.input[0].watermark_us[i]);
        distinct_row(&m, d.k[i], d.retracts[i]);
    }
    buf_add_char(&m.out, '\0');
    rig_same(rig_run(&r, top), m.out.at);
    buf_done(&m.out);
    rig_done(&r);
}

static void different_rows_are_forgotten_as_the_model_says(void **unused) {
    (void)unused;
    struct random g = random_start("distinct");
    for (uint32_t round = 0; round < random_rounds(ROUNDS); round++) distinct_round(&g);
}

/* What is given at the end needs all rows: there, nothing is forgotten. */
static void final_results_forget_nothing(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    r.query.state_ttl_us = RIG_SECOND;
    struct plan *scan = rig_scan(&r, "k TEXT, at TIMESTAMP(3)", "at", 0);
    rig_rows(&r, 0, "a 1s\nb 100s\na 200s\nb 300s\nb 400s\n");
    rig_same(rig_run(&r, rig_group(&r, scan, "k", "count(*)", true)), "a 2\nb 3\n");
    rig_done(&r);
}

/* One group of no keys is bounded: it stays, and its values are forgotten one by one. */
static void a_group_without_keys_stays(void **unused) {
    (void)unused;
    struct rig r;
    rig_init(&r);
    r.query.state_ttl_us = 10 * RIG_SECOND;
    struct plan *scan = rig_scan(&r, "v BIGINT, at TIMESTAMP(3)", "at", 0);
    rig_rows(&r, 0, "1 1s\n2 100s\n2 101s\n1 102s\n1 200s\n1 200s\n");
    rig_same(rig_run(&r, rig_group(&r, scan, "", "count(*), count(distinct v)", false)),
             "+I 1 1\n"
             "-U 1 1\n+U 2 2\n"
             "-U 2 2\n+U 3 3\n" /* the second 2 comes at 100 s; the first one came at 1 s */
             "-U 3 3\n+U 4 4\n"
             "-U 4 4\n+U 5 4\n"   /* at 102 s: the 1 before it came at 101 s */
             "-U 5 4\n+U 6 5\n"); /* at 200 s */
    rig_done(&r);
}

/* Ever new keys: what must be remembered at one time bounds the memory, not how many come. */
static const char *many_keys(struct rig *r, int64_t ttl_us, enum plan_kind kind) {
    enum { MANY = 60000 };
    rig_init(r);
    r->query.state_ttl_us = ttl_us;
    r->state_limit_bytes = 200000;
    struct plan *top = rig_scan(r, "k BIGINT, at TIMESTAMP(3)", "at", 0);
    struct column_builder b[2];
    struct column *col = ARENA_ARRAY(&r->probe.arena, col, 2);
    for (uint32_t c = 0; c < 2; c++) {
        assert_true(builder_init(&b[c], &r->probe.arena, top->schema->col[c].type, MANY));
        for (int64_t i = 0; i < MANY; i++) builder_i64(&b[c], c == 0 ? i : i * 1000);
        assert_true(builder_column(&b[c], &col[c]));
    }
    rig_columns(r, 0, col, MANY);
    if (kind == PLAN_GROUP_AGGREGATE)
        return rig_error(r, rig_group(r, top, "k", "count(*)", false));
    if (kind == PLAN_DISTINCT) return rig_error(r, rig_node(r, kind, top, NULL));
    return rig_error(r, rig_group(r, top, "", "count(distinct k)", false));
}

static void forgotten_keys_leave_their_memory(void **unused) {
    (void)unused;
    static const enum plan_kind kinds[] = {PLAN_GROUP_AGGREGATE, PLAN_DISTINCT, PLAN_COUNT};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct rig r;
        assert_string_equal(many_keys(&r, 0, kinds[i]), "54000");
        rig_done(&r);
        assert_string_equal(many_keys(&r, RIG_SECOND, kinds[i]), ""); /* 1,000 keys at a time */
        assert_true(r.stats.state_bytes < 200000);
        rig_done(&r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_forgotten_as_the_model_says),
        cmocka_unit_test(ordered_values_are_forgotten_the_same_in_all_cuts),
        cmocka_unit_test(different_rows_are_forgotten_as_the_model_says),
        cmocka_unit_test(final_results_forget_nothing),
        cmocka_unit_test(a_group_without_keys_stays),
        cmocka_unit_test(forgotten_keys_leave_their_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
