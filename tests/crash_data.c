/* crash_data.c: a data directory over a file system that fails and loses, at every call in turn.
 *
 *     crash_data [--seed N] [--seeds N] [--at N] [--trace]
 *
 * A workload is a list of statements on stored tables, drawn from a seed, with starts in between. A
 * session without a data directory says what the tables hold after each of them. Then the list is
 * run with a data directory, anew for every call to the file system, in which the machine stops or
 * the call fails. What a new session finds must be the tables as they were after the last statement
 * that was acknowledged, or the one on its way; the others follow, and at the end all is as if
 * nothing had happened. Recovery is stopped in its turn.
 */
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/session.h"
#include "storage/file_sim.h"
#include "tests/unit/base/random.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum {
    SEEDS = 4,
    SOAK_SEEDS = 200,
    STATEMENTS = 18,
    TABLES = 2,
    ROWS_MAX = 12,
    TEXT_BYTES_MAX = 400,
    VARIANTS = 3,
    STRIDE = 9, /* of the calls of a recovery that are hit */
    FAILURES_MAX = 10,
    FN_TABLES_MAX = 64,
};

/* The statements, and what the tables hold before the first and after each. */
struct work {
    char *statement[STATEMENTS]; /* "": a new start */
    char *holds[STATEMENTS + 1];
};

struct crash {
    struct fn_table fn[FN_TABLES_MAX];
    struct agg_table agg[UDF_AGGREGATE_TABLES];
    int null_fd;
    struct work work;
    uint64_t seed, at;
    bool trace;
    uint64_t points, failed;
};

/* A session, with or without a data directory. */
struct life {
    const struct crash *c;
    struct file_sim *sim;
    bool data;
    struct session *session; /* NULL: not open */
    struct buf *rows;        /* of the SELECT that runs; NULL: nobody wants them */
    struct err e;
};

/* --- sessions --- */

static int64_t still_clock(void) {
    return INT64_C(1700000000000000);
}

static bool begin_rows(void *context, const struct schema *schema, bool changes, bool live,
                       struct err *e) {
    (void)context, (void)schema, (void)changes, (void)live, (void)e;
    return true;
}

static void print_cell(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row)) {
        buf_add_str(out, "NULL ");
    } else if (type_rep(c->type) == REP_I64) {
        buf_addf(out, "%" PRId64 " ", c->as.i64[row]);
    } else {
        assert(type_rep(c->type) == REP_TEXT);
        buf_addf(out, "%.*s ", TEXT_ARG(c->as.text[row]));
    }
}

static bool take_rows(void *context, const struct batch *b, struct err *e) {
    struct life *l = context;
    (void)e;
    for (uint32_t i = 0; l->rows && i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        for (uint32_t c = 0; c < b->schema->cols; c++) print_cell(l->rows, &b->col[c], row);
        buf_add_char(l->rows, '\n');
    }
    return true;
}

static bool end_rows(void *context, uint64_t rows, struct err *e) {
    (void)context, (void)rows, (void)e;
    return true;
}

static bool life_open(struct life *l) {
    const struct session_options o = {.fs = file_sim_system(l->sim),
                                      .stdin_fd = l->c->null_fd,
                                      .stdout_fd = l->c->null_fd,
                                      .stderr_fd = l->c->null_fd,
                                      .clock_us = still_clock,
                                      .fn = l->c->fn,
                                      .fns = fn_table_count,
                                      .agg = l->c->agg,
                                      .aggs = UDF_AGGREGATE_TABLES};
    const struct session_output out = {
        .context = l, .begin = begin_rows, .rows = take_rows, .end = end_rows};
    err_clear(&l->e);
    l->session = session_create(&o, &out, &l->e);
    return l->session && (!l->data || session_open_data(l->session, "data", &l->e));
}

/* Also after life_open() failed. */
static bool life_close(struct life *l) {
    struct session *s = l->session;
    l->session = NULL;
    bool done = !s || !l->data || session_close_data(s, &l->e);
    session_destroy(s);
    return done;
}

static bool execute(struct life *l, const char *sql) {
    const struct script script = {.name = TEXT_LITERAL("crash"), .text = text_of(sql)};
    session_start(l->session, &script);
    for (bool more = true; more;) {
        if (!session_step(l->session, &more, &l->e)) return false;
    }
    return true;
}

/* One of the list; a new start keeps what there is only in a data directory. */
static bool take_statement(struct life *l, const char *sql) {
    if (sql[0]) return execute(l, sql);
    if (!l->data) return true;
    bool closed = life_close(l);
    return life_open(l) && closed;
}

/* What all tables hold; malloc'ed. */
static char *holds(struct life *l) {
    struct buf out;
    buf_init(&out);
    l->rows = &out;
    for (uint32_t i = 0; i < TABLES; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT * FROM t%u;", i);
        buf_addf(&out, "t%u\n", i);
        if (!execute(l, sql)) buf_addf(&out, "%s\n", l->e.sqlstate);
    }
    l->rows = NULL;
    assert(!out.failed);
    return out.at;
}

/* --- the statements --- */

static void draw_insert(struct random *g, uint32_t table, struct buf *out) {
    uint32_t rows = 1 + (uint32_t)random_below(g, ROWS_MAX);
    buf_addf(out, "INSERT INTO t%u VALUES ", table);
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t bytes = (uint32_t)random_below(g, TEXT_BYTES_MAX);
        buf_addf(out, "%s(%u, %u, '", i > 0 ? ", " : "", (uint32_t)random_below(g, 1000000),
                 (uint32_t)random_below(g, 100));
        for (uint32_t k = 0; k < bytes; k++) buf_add_char(out, (char)('a' + random_below(g, 26)));
        buf_add_str(out, "')");
    }
}

/* `there`: which tables there are. */
static char *draw_statement(struct random *g, bool there[TABLES]) {
    struct buf out;
    uint32_t table = (uint32_t)random_below(g, TABLES), n = (uint32_t)random_below(g, 100);
    uint64_t what = random_below(g, 100);
    buf_init(&out);
    buf_addf(&out, "%s", ""); /* which is a new start */
    if (what < 12) return out.at;
    if (!there[table]) {
        buf_addf(&out, "CREATE TABLE t%u (k BIGINT PRIMARY KEY, n BIGINT, s TEXT)", table);
        there[table] = true;
    } else if (what < 60) {
        draw_insert(g, table, &out);
    } else if (what < 78) {
        buf_addf(&out, "UPDATE t%u SET n = n + 1, s = s || '.' WHERE n < %u", table, n);
    } else if (what < 94) {
        buf_addf(&out, "DELETE FROM t%u WHERE n %% 3 = %u", table, n % 3);
    } else {
        buf_addf(&out, "DROP TABLE t%u", table);
        there[table] = false;
    }
    buf_add_char(&out, ';');
    assert(!out.failed && out.at);
    return out.at;
}

static struct life life_new(const struct crash *c, struct file_sim *sim) {
    return (struct life){.c = c, .sim = sim, .data = true};
}

static void work_draw(struct crash *c) {
    const struct file_sim_options o = {.seed = 0};
    struct file_sim *sim = file_sim_create(&o);
    struct life l = {.c = c, .sim = sim};
    struct random g = {c->seed};
    bool there[TABLES] = {false};
    bool open = life_open(&l);
    assert(open);
    c->work.holds[0] = holds(&l);
    for (uint32_t i = 0; i < STATEMENTS; i++) {
        c->work.statement[i] = draw_statement(&g, there);
        bool done = take_statement(&l, c->work.statement[i]);
        if (!done) printf("%s: %s\n", c->work.statement[i], l.e.message);
        assert(done);
        c->work.holds[i + 1] = holds(&l);
    }
    (void)life_close(&l);
    file_sim_destroy(sim);
}

static void work_done(struct work *w) {
    for (uint32_t i = 0; i < STATEMENTS; i++) free(w->statement[i]);
    for (uint32_t i = 0; i <= STATEMENTS; i++) free(w->holds[i]);
    *w = (struct work){.holds = {NULL}};
}

/* --- points --- */

struct point {
    struct crash *c;
    struct file_sim *sim;
    const char *way;
    uint64_t at, again; /* the call that was hit; of the recovery, 0: none */
    uint32_t acknowledged;
};

static bool PRINTF_LIKE(2, 3) wrong(const struct point *p, const char *format, ...) {
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->c->failed++;
    printf("--seed %" PRIu64 " --at %" PRIu64 " (%s, recovery %" PRIu64 "): %s\n", p->c->seed,
           p->at, p->way, p->again, text);
    return false;
}

static void trace(void *context, const struct file_sim_call *call) {
    (void)context;
    printf("  %4" PRIu64 " %s %s offset %" PRIu64 " bytes %" PRIu64 "\n", call->number, call->verb,
           call->path, call->offset, call->bytes);
}

static struct file_sim *new_disk(const struct crash *c, uint64_t seed) {
    const struct file_sim_options o = {.seed = seed, .look = c->trace ? trace : NULL};
    return file_sim_create(&o);
}

/* Statements from `from` on, until one fails; returns how many were acknowledged in all. */
static uint32_t run_from(struct life *l, uint32_t from) {
    const struct work *w = &l->c->work;
    while (from < STATEMENTS && take_statement(l, w->statement[from])) from++;
    return from;
}

/* Opens, runs and closes, hit by a fault or not. */
static void point_run(struct point *p) {
    struct life l = life_new(p->c, p->sim);
    p->acknowledged = 0;
    if (life_open(&l)) p->acknowledged = run_from(&l, 0);
    (void)life_close(&l);
}

/* Which statement was the last that is there; false: what is there is none of the two. */
static bool find_state(const struct point *p, struct life *l, uint32_t *done_out) {
    const struct work *w = &p->c->work;
    uint32_t next = p->acknowledged + 1;
    char *found = holds(l);
    bool is_next = next <= STATEMENTS && strcmp(found, w->holds[next]) == 0;
    bool is_last = strcmp(found, w->holds[p->acknowledged]) == 0;
    free(found);
    *done_out = is_next ? next : p->acknowledged;
    return is_next || is_last;
}

/* A new session goes on where the last one ended, to the end; and all of it lasts. */
static bool go_on(struct point *p) {
    struct life l = life_new(p->c, p->sim);
    uint32_t done = 0;
    if (!life_open(&l)) {
        (void)life_close(&l);
        return wrong(p, "it cannot be opened: %s %s", l.e.sqlstate, l.e.message);
    }
    bool found = find_state(p, &l, &done);
    uint32_t end = found ? run_from(&l, done) : 0;
    struct err e = l.e;
    bool closed = life_close(&l);
    if (!found)
        return wrong(p, "after %u statements the tables hold something else", p->acknowledged);
    if (end < STATEMENTS) return wrong(p, "statement %u: %s %s", end, e.sqlstate, e.message);
    if (!closed) return wrong(p, "it cannot be closed: %s", l.e.message);
    p->acknowledged = STATEMENTS;
    return true;
}

static void point_check(struct point *p) {
    p->c->points++;
    if (!go_on(p)) return;
    file_sim_restart(p->sim, FILE_SIM_POWER);
    (void)go_on(p);
}

static void point_end(struct point *p) {
    if (file_sim_handles(p->sim) > 0) {
        (void)wrong(p, "a file was left open");
        return; /* and is lost with the disk */
    }
    file_sim_destroy(p->sim);
}

static void hit(struct file_sim *s, enum file_sim_kind kind, uint64_t at, bool onwards) {
    file_sim_fault(s, (struct file_sim_fault){.kind = kind, .at = at, .onwards = onwards});
}

/* The recovery of a disk is stopped in its turn. */
static void stop_again(const struct point *from, uint64_t again) {
    struct point p = *from;
    p.again = again;
    p.sim = file_sim_copy(from->sim, from->at);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    hit(p.sim, FILE_SIM_STOP, again, false);
    struct life l = life_new(p.c, p.sim);
    (void)life_open(&l);
    (void)life_close(&l);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    point_check(&p);
    point_end(&p);
}

static void stop_at(struct crash *c, uint64_t at) {
    struct point p = {.c = c, .at = at, .way = "stop"};
    p.sim = new_disk(c, c->seed * 1000003 + at);
    hit(p.sim, FILE_SIM_STOP, at, false);
    point_run(&p);
    for (uint32_t i = 0; i < VARIANTS; i++) {
        struct point lost = p;
        lost.sim = file_sim_copy(p.sim, at * VARIANTS + i);
        lost.way = i == 0 ? "kill" : "power";
        file_sim_restart(lost.sim, i == 0 ? FILE_SIM_KILL : FILE_SIM_POWER);
        point_check(&lost);
        point_end(&lost);
    }
    for (uint64_t k = 1 + at % STRIDE; k <= 3 * STRIDE && c->failed < FAILURES_MAX; k += STRIDE) {
        stop_again(&p, k);
    }
    point_end(&p);
}

struct way {
    const char *name;
    enum file_sim_kind kind;
    bool onwards;
};

static void fail_at(struct crash *c, uint64_t at) {
    static const struct way ways[] = {{"fail", FILE_SIM_FAIL, false},
                                      {"fail on", FILE_SIM_FAIL, true},
                                      {"part", FILE_SIM_SHORT, false},
                                      {"full", FILE_SIM_FULL, true}};
    const struct way *way = &ways[(at + c->seed) % COUNT_OF(ways)];
    struct point p = {.c = c, .at = at, .way = way->name};
    p.sim = new_disk(c, c->seed * 1000003 + at);
    hit(p.sim, way->kind, at, way->onwards);
    point_run(&p);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    point_check(&p);
    point_end(&p);
}

static void run_seed(struct crash *c) {
    work_draw(c);
    struct point whole = {.c = c, .way = "whole", .sim = new_disk(c, c->seed)};
    point_run(&whole);
    uint64_t calls = file_sim_calls(whole.sim);
    if (whole.acknowledged < STATEMENTS) (void)wrong(&whole, "a statement failed");
    file_sim_restart(whole.sim, FILE_SIM_POWER);
    point_check(&whole);
    point_end(&whole);
    for (uint64_t at = 1; at <= calls; at++) {
        if ((c->at > 0 && at != c->at) || c->failed >= FAILURES_MAX) continue;
        stop_at(c, at);
        fail_at(c, at);
    }
    work_done(&c->work);
}

int main(int argc, char **argv) {
    struct crash c = {.seed = 1, .null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    uint64_t seeds = getenv("WEIR_SOAK") ? SOAK_SEEDS : SEEDS;
    assert(c.null_fd >= 0 && fn_table_count <= FN_TABLES_MAX);
    fn_tables_copy(c.fn);
    udf_aggregates(c.agg);
    for (int i = 1; i < argc; i++) {
        uint64_t value = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;
        bool takes = strcmp(argv[i], "--trace") != 0;
        if (!takes)
            c.trace = true;
        else if (strcmp(argv[i], "--seed") == 0)
            c.seed = value, seeds = 1;
        else if (strcmp(argv[i], "--seeds") == 0)
            seeds = value;
        else if (strcmp(argv[i], "--at") == 0)
            c.at = value;
        else
            return fprintf(stderr, "crash_data: no option %s\n", argv[i]), 2;
        i += takes;
    }
    printf("# crash_data: seeds %" PRIu64 " to %" PRIu64 "\n", c.seed, c.seed + seeds - 1);
    for (uint64_t last = c.seed + seeds; c.seed < last; c.seed++) run_seed(&c);
    close(c.null_fd);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n",
           c.points > c.failed ? c.points - c.failed : 0, c.failed);
    return c.failed > 0;
}
