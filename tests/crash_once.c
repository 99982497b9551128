/* crash_once.c: exactly once: scripts that read and write files, with a data directory, over a file
 * system that fails and loses, at every call in turn.
 *
 *     crash_once [--workload NAME] [--seed N] [--at N] [--trace]
 *
 * The workloads are those of crash.c; without a data directory they say which rows there are to
 * be. With one, each is run anew for every call to the file system, in which the machine stops, or
 * the call fails. What readers can see afterwards are whole rows, none twice; but a file that lines
 * are added to may end inside one, or in zeros, until the next start. Then the script is run again,
 * which goes on, and at its end every row is there once; one run more adds nothing. A query that
 * failed with its file has failed for good, and says so again.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/buf.h"
#include "engine/base/hash.h"
#include "tests/crash_workload.h"

enum { FAILURES_MAX = 10, EVERY = 5, SOAK_SEEDS = 30 };

struct crash {
    const struct life_tables *tables;
    const char *only;
    uint64_t seed, at;
    bool trace;
    uint64_t points, failed;
};

/* Rows as numbers made of their bytes, in order. */
struct row_set {
    uint64_t *hash; /* [count] malloc'ed */
    size_t count, capacity;
};

struct point {
    struct crash *c;
    const struct workload *workload;
    const struct row_set *wanted;
    const char *way;
    uint64_t at;
    struct buf script;
    struct life life;
};

static void PRINTF_LIKE(2, 3) wrong(const struct point *p, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->c->failed++;
    printf("--workload %s --seed %" PRIu64 " --at %" PRIu64 " (%s): %s\n", p->workload->name,
           p->c->seed, p->at, p->way, text);
}

/* --- rows --- */

static int by_hash(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void add_row(struct row_set *set, const char *at, size_t bytes) {
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? set->capacity * 2 : 256;
        set->hash = realloc(set->hash, set->capacity * sizeof *set->hash);
        assert(set->hash);
    }
    set->hash[set->count++] = hash_bytes(at, bytes);
}

/* The rows of a file, but those with bytes that a sync has not reached; false: it ends inside a
 * row. */
static bool add_rows(struct row_set *set, struct text t) {
    while (t.bytes > 0) {
        const char *end = memchr(t.at, '\n', t.bytes);
        if (!end) return false;
        uint32_t bytes = (uint32_t)(end - t.at) + 1;
        if (!memchr(t.at, '\0', bytes)) add_row(set, t.at, bytes);
        t.at += bytes;
        t.bytes -= bytes;
    }
    return true;
}

static bool is_hidden(const char *path) {
    return strrchr(path, '/')[1] == '.';
}

/* What can be seen; `all`: with what is in progress. */
static struct row_set rows_of(const struct point *p, bool all) {
    struct life_files files;
    struct row_set set = {.count = 0};
    life_files_read(&files, p->life.sim, "out");
    for (uint32_t i = 0; i < files.count; i++) {
        const struct life_file *f = &files.at[i];
        if (is_hidden(f->path) && !all) continue;
        bool whole = add_rows(&set, f->bytes);
        if (!whole && !p->workload->grows) wrong(p, "%s ends inside a row", f->path);
    }
    life_files_done(&files);
    if (set.count > 0) qsort(set.hash, set.count, sizeof *set.hash, by_hash);
    return set;
}

static bool same_rows(const struct row_set *a, const struct row_set *b) {
    size_t bytes = a->count * sizeof *a->hash;
    return a->count == b->count && (bytes == 0 || memcmp(a->hash, b->hash, bytes) == 0);
}

/* Rows that are to be, none twice. */
static void check_seen(const struct point *p) {
    struct row_set seen = rows_of(p, false);
    for (size_t i = 0; i < seen.count; i++) {
        const struct row_set *w = p->wanted;
        if (i > 0 && seen.hash[i] == seen.hash[i - 1]) {
            wrong(p, "a row is seen twice");
        } else if (!bsearch(&seen.hash[i], w->hash, w->count, sizeof *w->hash, by_hash)) {
            wrong(p, "a row is seen that must not be");
        }
    }
    free(seen.hash);
}

/* Of an input that is followed some files are still in progress when the run is stopped. */
static void check_all(const struct point *p, const char *when) {
    struct row_set seen = rows_of(p, p->workload->input.follow);
    if (!same_rows(&seen, p->wanted)) {
        wrong(p, "%s there are %zu rows, not the %zu that there must be", when, seen.count,
              p->wanted->count);
    }
    free(seen.hash);
}

/* --- points --- */

/* The script with a name for each query: one that has ended stays, and so does nothing twice, while
 * a nameless INSERT is met anew by every run. */
static void script_name(struct point *p) {
    static const char insert[] = "INSERT INTO ";
    uint32_t queries = 0;
    buf_init(&p->script);
    for (const char *at = p->workload->script, *next; *at; at = next) {
        next = strstr(at, insert);
        size_t bytes = next ? (size_t)(next - at) : strlen(at);
        buf_add(&p->script, at, bytes);
        if (!next) break;
        buf_addf(&p->script, "CREATE QUERY q%u AS %s", ++queries, insert);
        next += sizeof insert - 1;
    }
    assert(!p->script.failed);
}

static void point_start(struct point *p, bool data) {
    script_name(p);
    p->life = (struct life){
        .tables = p->c->tables, .script = p->script.at, .input = p->workload->input, .data = data};
    life_begin(&p->life, p->c->seed * 1000003 + p->at);
    file_sim_put(p->life.sim, "out/.keep", "", 0);
    life_feed(&p->life);
}

static void point_end(struct point *p) {
    buf_done(&p->script);
    if (file_sim_handles(p->life.sim) > 0) {
        wrong(p, "a file was left open");
        return; /* and is lost with the disk */
    }
    life_end(&p->life);
}

/* What is left is gone on with to the end, and then nothing more is to be done. `failed`: how the
 * run before did; NULL: it did not. */
static void go_on(struct point *p, const struct err *failed) {
    static const char *const when[] = {"at the end", "after one run more"};
    check_seen(p);
    for (uint32_t i = 0; i < COUNT_OF(when); i++) {
        if (!life_run(&p->life)) {
            if (failed && strcmp(failed->sqlstate, p->life.e.sqlstate) == 0) return;
            wrong(p, "going on fails: %s %s", p->life.e.sqlstate, p->life.e.message);
            return;
        }
        check_all(p, when[i]);
        file_sim_restart(p->life.sim, FILE_SIM_POWER);
    }
}

static void run_point(struct point *p, const struct file_sim_fault *fault) {
    point_start(p, true);
    p->life.trace = p->c->trace;
    file_sim_fault(p->life.sim, *fault);
    bool done = life_run(&p->life);
    p->life.trace = false;
    p->c->points++;
    if (done) check_all(p, "without an error");
    bool kill = fault->kind == FILE_SIM_STOP && p->at % 3 == 0;
    file_sim_restart(p->life.sim, kill ? FILE_SIM_KILL : FILE_SIM_POWER);
    const struct err failed = p->life.e;
    go_on(p, fault->kind == FILE_SIM_STOP || done ? NULL : &failed);
    point_end(p);
}

/* How many calls a run makes; the rows without a data directory are those that there must be. */
static uint64_t find_wanted(struct point *p, struct row_set *wanted) {
    point_start(p, false);
    if (!life_run(&p->life)) wrong(p, "%s %s", p->life.e.sqlstate, p->life.e.message);
    *wanted = rows_of(p, true);
    point_end(p);
    point_start(p, true);
    if (!life_run(&p->life)) wrong(p, "%s %s", p->life.e.sqlstate, p->life.e.message);
    uint64_t calls = file_sim_calls(p->life.sim);
    check_all(p, "at the end");
    file_sim_restart(p->life.sim, FILE_SIM_POWER);
    go_on(p, NULL);
    point_end(p);
    return calls;
}

static void run_workload(struct crash *c, const struct workload *w, uint64_t every) {
    static const struct file_sim_fault ways[] = {
        {.kind = FILE_SIM_STOP}, {.kind = FILE_SIM_FAIL},
        {.kind = FILE_SIM_STOP}, {.kind = FILE_SIM_FULL, .onwards = true},
        {.kind = FILE_SIM_STOP}, {.kind = FILE_SIM_SHORT}};
    struct row_set wanted;
    struct point p = {.c = c, .workload = w, .wanted = &wanted, .way = "whole"};
    uint64_t calls = find_wanted(&p, &wanted);
    uint64_t before = c->points;
    for (uint64_t at = 1 + c->seed % every; at <= calls; at += c->at > 0 ? 1 : every) {
        if ((c->at > 0 && at != c->at) || c->failed >= FAILURES_MAX) continue;
        struct file_sim_fault fault = ways[at % COUNT_OF(ways)];
        fault.at = p.at = at;
        p.way = fault.kind == FILE_SIM_STOP ? "stop" : "fail";
        run_point(&p, &fault);
    }
    printf("# %s: %" PRIu64 " of %" PRIu64 " calls\n", w->name, c->points - before, calls);
    free(wanted.hash);
}

int main(int argc, char **argv) {
    struct life_tables *tables = life_tables_create();
    struct crash c = {.tables = tables, .seed = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool takes = strcmp(argv[i], "--trace") != 0;
        if (!takes)
            c.trace = true;
        else if (strcmp(argv[i], "--workload") == 0)
            c.only = value;
        else if (strcmp(argv[i], "--seed") == 0)
            c.seed = strtoull(value, NULL, 0);
        else if (strcmp(argv[i], "--at") == 0)
            c.at = strtoull(value, NULL, 0);
        else
            return fprintf(stderr, "crash_once: no option %s\n", argv[i]), 2;
        i += takes;
    }
    bool soak = getenv("WEIR_SOAK");
    uint64_t every = soak || c.at > 0 ? 1 : EVERY, last = c.seed + (soak ? SOAK_SEEDS : 1);
    for (; c.seed < last; c.seed++) {
        for (uint32_t i = 0; i < workload_count; i++) {
            if (c.only && strcmp(c.only, workloads[i].name) != 0) continue;
            run_workload(&c, &workloads[i], every);
        }
    }
    life_tables_destroy(tables);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n",
           c.points > c.failed ? c.points - c.failed : 0, c.failed);
    return c.failed > 0;
}
