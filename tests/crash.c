/* crash.c: the whole engine over a file system that fails: scripts that read and write files, with
 * every call made to fail, and the process ended in every call.
 *
 *     crash [--workload NAME] [--at N] [--trace]
 *
 * A workload is a script and an input. Run to its end it gives the files that it must give. Then it
 * is run anew for every call to the file system: the process ends in the call, or the call fails,
 * once or for ever, or does a part, or finds no room. What is there afterwards:
 *
 *     - a file with its final name is whole, byte for byte what it must be: no row is torn, lost
 *       inside it or doubled; nothing that was there before is changed;
 *     - a file in progress, and a file that lines are added to, is a beginning of what it must be;
 *     - a folder that is marked complete has all its files;
 *     - a run that tells of no error has given everything;
 *     - the next run adds all its rows, once, whatever the last one left.
 *
 * Each workload also starts where an earlier run had ended in order. This is what is
 * promised without a data directory.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/hash.h"
#include "tests/crash_workload.h"

enum { FAILURES_MAX = 10, PATH_BYTES_MAX = 256 };

/* What a run must give, from one state of the disk on. */
struct origin {
    const struct workload *workload;
    uint32_t earlier;         /* runs before */
    struct life_files before; /* the files that those left */
    struct life_files wanted; /* when nothing fails */
    uint64_t calls;
};

struct crash {
    const struct life_tables *tables;
    const char *only;
    uint64_t at;
    bool trace;
    uint64_t points, failed;
};

struct way {
    const char *name;
    enum file_sim_kind kind;
    bool onwards;
};

static const struct way ways[] = {
    {"end", FILE_SIM_STOP, false},    {"fail", FILE_SIM_FAIL, false},
    {"fail on", FILE_SIM_FAIL, true}, {"part", FILE_SIM_SHORT, false},
    {"full", FILE_SIM_FULL, true},
};

/* A run that was hit. */
struct point {
    struct crash *c;
    const struct origin *origin;
    const struct way *way;
    uint64_t at;
    struct life life;
    bool done; /* it told of no error */
};

static void PRINTF_LIKE(2, 3) wrong(const struct point *p, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->c->failed++;
    printf("--workload %s --at %" PRIu64 " (%s, after %u runs): %s\n", p->origin->workload->name,
           p->at, p->way ? p->way->name : "whole", p->origin->earlier, text);
}

/* --- what a run leaves --- */

static bool begins(struct text whole, struct text part) {
    return part.bytes <= whole.bytes && memcmp(whole.at, part.at, part.bytes) == 0;
}

static const char *name_of(const char *path) {
    return strrchr(path, '/') + 1;
}

static bool is_marker(const struct life_file *f) {
    return strcmp(name_of(f->path), "_SUCCESS") == 0;
}

static bool in_progress(const struct life_file *f) {
    return name_of(f->path)[0] == '.';
}

/* What the file shall become: of one in progress, that which gets its name. */
static const struct life_file *becomes(const struct life_files *wanted, const struct life_file *f) {
    const struct life_file *found = life_files_find(wanted, f->path);
    if (found || !in_progress(f)) return found;
    char path[PATH_BYTES_MAX];
    const char *name = name_of(f->path), *end = strstr(name, ".inprogress");
    snprintf(path, sizeof path, "%.*s%.*s", (int)(name - f->path), f->path,
             end ? (int)(end - name - 1) : 0, name + 1);
    return life_files_find(wanted, path);
}

/* A folder that is marked has all that it is to have. */
static void check_marker(const struct point *p, const struct life_files *now,
                         const struct life_file *marker) {
    const struct life_files *wanted = &p->origin->wanted;
    size_t folder = (size_t)(name_of(marker->path) - marker->path);
    for (uint32_t i = 0; i < wanted->count; i++) {
        const char *path = wanted->at[i].path;
        if (strncmp(path, marker->path, folder) != 0 || in_progress(&wanted->at[i])) continue;
        if (!life_files_find(now, path)) wrong(p, "%s is there, %s is not", marker->path, path);
    }
}

static void check_file(const struct point *p, const struct life_files *now,
                       const struct life_file *f) {
    const struct life_file *will = becomes(&p->origin->wanted, f);
    const struct life_file *was = life_files_find(&p->origin->before, f->path);
    if (!will) {
        wrong(p, "%s is there, though nothing is to be called so", f->path);
    } else if (!begins(will->bytes, f->bytes)) {
        wrong(p, "%s has bytes that it must not have", f->path);
    } else if (was && !begins(f->bytes, was->bytes)) {
        wrong(p, "%s was there before, and was changed", f->path);
    } else if (f->bytes.bytes < will->bytes.bytes && !in_progress(f) &&
               !p->origin->workload->grows) {
        wrong(p, "%s has its name, and %u of %u bytes", f->path, f->bytes.bytes, will->bytes.bytes);
    } else if (is_marker(f) && !was) {
        check_marker(p, now, f);
    }
}

/* --- rows, where their order is not known --- */

struct row_set {
    uint64_t *hash; /* [count] in order */
    bool *met;
    size_t count;
};

static int by_hash(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Takes the first line of *t, its end with it; false: there is none, or it has no end. */
static bool next_row(struct text *t, uint64_t *hash_out) {
    const char *end = t->bytes > 0 ? memchr(t->at, '\n', t->bytes) : NULL;
    if (!end) return false;
    uint32_t bytes = (uint32_t)(end - t->at) + 1;
    *hash_out = hash_bytes(t->at, bytes);
    t->at += bytes;
    t->bytes -= bytes;
    return true;
}

/* The rows that the run itself must give. */
static struct row_set row_set_of(const struct origin *o) {
    struct row_set set = {.count = 0};
    size_t capacity = 0;
    for (uint32_t i = 0; i < o->wanted.count; i++) capacity += o->wanted.at[i].bytes.bytes;
    set.hash = calloc(capacity + 1, sizeof *set.hash);
    set.met = calloc(capacity + 1, sizeof *set.met);
    assert(set.hash && set.met);
    for (uint32_t i = 0; i < o->wanted.count; i++) {
        struct text t = o->wanted.at[i].bytes;
        bool old = life_files_find(&o->before, o->wanted.at[i].path);
        while (!old && next_row(&t, &set.hash[set.count])) set.count++;
    }
    qsort(set.hash, set.count, sizeof *set.hash, by_hash);
    return set;
}

static void check_mixed_file(const struct point *p, struct row_set *set,
                             const struct life_file *f) {
    struct text t = f->bytes;
    for (uint64_t hash; next_row(&t, &hash);) {
        const uint64_t *at = bsearch(&hash, set->hash, set->count, sizeof hash, by_hash);
        if (!at) {
            wrong(p, "%s has a row that it must not have", f->path);
        } else if (set->met[at - set->hash]) {
            wrong(p, "%s has a row that was there already", f->path);
        } else {
            set->met[at - set->hash] = true;
        }
    }
    if (t.bytes > 0 && !in_progress(f)) wrong(p, "%s ends inside a row", f->path);
}

static void check_mixed(const struct point *p, const struct life_files *now) {
    struct row_set set = row_set_of(p->origin);
    for (uint32_t i = 0; i < now->count; i++) {
        const struct life_file *was = life_files_find(&p->origin->before, now->at[i].path);
        if (!was) check_mixed_file(p, &set, &now->at[i]);
        if (was && !text_equal(was->bytes, now->at[i].bytes)) {
            wrong(p, "%s was there before, and was changed", was->path);
        }
    }
    free(set.hash);
    free(set.met);
}

/* Nothing that was there is gone. */
static void check_before(const struct point *p, const struct life_files *now) {
    const struct life_files *before = &p->origin->before;
    for (uint32_t i = 0; i < before->count; i++) {
        const char *path = before->at[i].path;
        if (!life_files_find(now, path)) wrong(p, "%s was there before", path);
    }
}

/* All is there. */
static void check_all(const struct point *p, const struct life_files *now) {
    const struct life_files *wanted = &p->origin->wanted;
    for (uint32_t i = 0; i < wanted->count; i++) {
        const struct life_file *f = life_files_find(now, wanted->at[i].path);
        if (f && text_equal(f->bytes, wanted->at[i].bytes)) continue;
        wrong(p, "no error was told, and %s is %s", wanted->at[i].path, f ? "short" : "not there");
    }
}

static void check_files(const struct point *p, const struct life_files *now) {
    check_before(p, now);
    bool mixed = p->origin->workload->mixed;
    if (mixed) check_mixed(p, now);
    for (uint32_t i = 0; !mixed && i < now->count; i++) check_file(p, now, &now->at[i]);
    if (p->done) check_all(p, now);
}

/* --- the next run --- */

/* Rows as a sum that does not know their order. */
struct rows {
    uint64_t count, sum;
};

static void count_rows(struct rows *r, struct text t) {
    for (uint64_t hash; next_row(&t, &hash);) {
        r->count++;
        r->sum += hash;
    }
    if (t.bytes > 0) r->sum++; /* a row without its end is none */
}

/* What is in the files beyond what was there before. */
static struct rows new_rows(const struct life_files *before, const struct life_files *now) {
    struct rows r = {0};
    for (uint32_t i = 0; i < now->count; i++) {
        struct text t = now->at[i].bytes;
        const struct life_file *was = life_files_find(before, now->at[i].path);
        uint32_t skip = was ? was->bytes.bytes : 0;
        if (skip > t.bytes) skip = t.bytes;
        bool broken_off = skip > 0 && skip < t.bytes && t.at[skip - 1] != '\n';
        if (broken_off && t.at[skip] == '\n') skip++; /* it has its end now */
        count_rows(&r, (struct text){.at = t.at + skip, .bytes = t.bytes - skip});
    }
    return r;
}

/* A line that was broken off is left alone: what the next run adds begins on a line of its own. */
static void check_line(const struct point *p, struct text left, struct text now) {
    bool broken_off = left.bytes > 0 && left.at[left.bytes - 1] != '\n';
    if (broken_off && now.bytes > left.bytes && now.at[left.bytes] != '\n') {
        wrong(p, "the next run goes on with a line that was broken off");
    }
}

/* Whatever was left: the next run tells of no error, changes nothing, and adds each row once. */
static void check_next(struct point *p, const struct life_files *left) {
    struct life_files now;
    struct rows wanted = new_rows(&p->origin->before, &p->origin->wanted);
    if (!life_run(&p->life)) {
        wrong(p, "the next run fails: %s %s", p->life.e.sqlstate, p->life.e.message);
        return;
    }
    life_files_read(&now, p->life.sim, "out");
    for (uint32_t i = 0; i < left->count; i++) {
        const struct life_file *f = life_files_find(&now, left->at[i].path);
        bool same = f && begins(f->bytes, left->at[i].bytes);
        if (same) check_line(p, left->at[i].bytes, f->bytes);
        if (!same) wrong(p, "the next run changed %s", left->at[i].path);
    }
    struct rows got = new_rows(left, &now);
    if (got.count != wanted.count || got.sum != wanted.sum) {
        wrong(p, "the next run adds %" PRIu64 " rows, not the %" PRIu64 " that it must", got.count,
              wanted.count);
    }
    life_files_done(&now);
}

/* --- points --- */

static struct life new_life(const struct crash *c, const struct workload *w) {
    return (struct life){.tables = c->tables, .script = w->script, .input = w->input};
}

/* A disk on which so many runs have ended in order, faults counted from here. */
static void prepare(struct life *l, const struct origin *o, uint64_t seed) {
    life_begin(l, seed);
    file_sim_put(l->sim, "out/.keep", "", 0);
    life_feed(l);
    for (uint32_t i = 0; i < o->earlier; i++) {
        bool done = life_run(l);
        assert(done);
    }
    file_sim_restart(l->sim, FILE_SIM_KILL);
}

static void run_point(struct crash *c, const struct origin *o, const struct way *way, uint64_t at) {
    struct point p = {.c = c, .origin = o, .way = way, .at = at};
    p.life = new_life(c, o->workload);
    prepare(&p.life, o, at);
    p.life.trace = c->trace;
    const struct file_sim_fault fault = {.kind = way->kind, .at = at, .onwards = way->onwards};
    file_sim_fault(p.life.sim, fault);
    p.done = life_run(&p.life);
    p.life.trace = false;
    c->points++;
    if (!p.done && p.life.e.sqlstate[0] == '\0') wrong(&p, "it failed without an error");
    if (file_sim_handles(p.life.sim) > 0) {
        wrong(&p, "a file was left open");
        return; /* and is lost with the disk */
    }
    file_sim_restart(p.life.sim, FILE_SIM_KILL);
    struct life_files left;
    life_files_read(&left, p.life.sim, "out");
    check_files(&p, &left);
    check_next(&p, &left);
    life_files_done(&left);
    life_end(&p.life);
}

/* What a run gives when nothing fails, which is what it must. */
static void origin_find(struct crash *c, struct origin *o) {
    struct life l = new_life(c, o->workload);
    prepare(&l, o, 0);
    life_files_read(&o->before, l.sim, "out");
    file_sim_restart(l.sim, FILE_SIM_KILL);
    l.trace = c->trace && c->at == 0;
    if (!life_run(&l)) {
        printf("--workload %s: %s %s\n", o->workload->name, l.e.sqlstate, l.e.message);
        c->failed++;
    }
    o->calls = file_sim_calls(l.sim);
    life_files_read(&o->wanted, l.sim, "out");
    if (new_rows(&o->before, &o->wanted).count == 0) {
        printf("--workload %s: it gives nothing\n", o->workload->name);
        c->failed++;
    }
    life_end(&l);
}

static void run_origin(struct crash *c, struct origin *o) {
    origin_find(c, o);
    for (uint64_t at = 1; at <= o->calls; at++) {
        if (c->at > 0 && at != c->at) continue;
        for (size_t i = 0; i < COUNT_OF(ways) && c->failed < FAILURES_MAX; i++) {
            run_point(c, o, &ways[i], at);
        }
    }
    life_files_done(&o->before);
    life_files_done(&o->wanted);
}

static void run_workload(struct crash *c, const struct workload *w) {
    if (c->only && strcmp(c->only, w->name) != 0) return;
    uint64_t before = c->points;
    for (uint32_t earlier = 0; earlier < 2 && c->failed < FAILURES_MAX; earlier++) {
        struct origin o = {.workload = w, .earlier = earlier};
        run_origin(c, &o);
    }
    printf("# %s: %" PRIu64 " points\n", w->name, c->points - before);
}

int main(int argc, char **argv) {
    struct life_tables *tables = life_tables_create();
    struct crash c = {.tables = tables};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--trace") == 0) {
            c.trace = true;
        } else if (more && strcmp(argv[i], "--workload") == 0) {
            c.only = argv[++i];
        } else if (more && strcmp(argv[i], "--at") == 0) {
            c.at = strtoull(argv[++i], NULL, 0);
        } else {
            fprintf(stderr, "crash: no option %s\n", argv[i]);
            return 2;
        }
    }
    for (uint32_t i = 0; i < workload_count; i++) run_workload(&c, &workloads[i]);
    life_tables_destroy(tables);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n",
           c.points > c.failed ? c.points - c.failed : 0, c.failed);
    return c.failed > 0;
}
