/* oracle.c: random queries over random streams, answered by weir and by SQLite, which must agree.
 *
 *     oracle [--pairs N] [--seed S] [--keep-going N] [--without NAME]... [--plant] [--sqlite-only]
 *
 * --keep-going shows up to N different disagreements instead of the first. --without leaves out an
 * operator or aggregate. --plant runs once with each planted fault and demands that it is found.
 * Environment: WEIR_SEED, WEIR_ROUNDS (times as many pairs).
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/oracle/cover.h"
#include "tests/oracle/pair.h"
#include "tests/oracle/plant.h"

enum {
    PAIRS_DEFAULT = 20000,
    PAIRS_A_TABLE = 10,
    TABLES_A_SESSION = 50,
    PLANT_PAIRS_MAX = 20000,
    OPS_MAX = 512
};

struct options {
    uint32_t pairs, keep_going;
    bool plant, sqlite_only;
};

struct run {
    struct options options;
    struct oracle oracle;
    struct random random;
    struct arena arena; /* of the table and its pairs */
    struct draw draw;
    struct otable *table;
    struct cover cover;
    uint32_t op_seen[OPS_MAX];
    uint32_t done, differing;
};

/* Text that makes a query wrong, and what is said of it. */
struct wrong {
    const char *text, *sqlstate;
    bool lite_fails;
};

static const struct wrong wrongs[] = {
    {"nosuch AS w", "42703", true},       {"nosuch(1) AS w", "42883", true},
    {"('a' + 1) AS w", "42804", false},   {"(1 = 'a' || 'b') AS w", "42804", false},
    {"(1 + ) AS w", "42601", true},       {"CASE END AS w", "42601", true},
    {"CAST(1 TEXT) AS w", "42601", true}, {"load_extension('x') AS w", "0A000", false},
};

static void make_wrong(struct run *r, struct pair *p) {
    const struct wrong *w = &wrongs[draw_below(&r->draw, COUNT_OF(wrongs))];
    p->broken = w->text;
    p->sqlstate = w->sqlstate;
    p->lite_fails = w->lite_fails;
}

static bool next_table(struct run *r) {
    uint32_t tables = r->done / PAIRS_A_TABLE;
    if (tables % TABLES_A_SESSION == 0 && !r->options.sqlite_only) {
        side_destroy(r->oracle.side);
        r->oracle.side = side_create();
        r->oracle.loaded = NULL;
    }
    arena_reset(&r->arena);
    r->table = NULL;
    r->draw = (struct draw){.random = &r->random, .arena = &r->arena, .op_seen = r->op_seen};
    r->table = table_draw(&r->draw, "t");
    r->draw.table = r->table;
    return pair_load(&r->oracle, r->table);
}

static struct pair draw_pair(struct run *r) {
    static const uint32_t sizes[] = {1, 2, 3, 7, 64, 2048};
    struct pair p = {.table = r->table, .query = query_draw(&r->draw)};
    p.batch_rows = sizes[draw_below(&r->draw, COUNT_OF(sizes))];
    p.threads = draw_chance(&r->draw, 80) ? 1 : 2 + draw_below(&r->draw, 2);
    if (draw_chance(&r->draw, 11)) make_wrong(r, &p);
    return p;
}

/* Runs the next pair; false: the sides differ. */
static bool run_next(struct run *r, const struct plant *plant, struct pair *p) {
    if (r->done % PAIRS_A_TABLE == 0 && !next_table(r)) {
        *p = (struct pair){.table = r->table};
        snprintf(p->why, WHY_BYTES, "the stream is refused");
        r->done++;
        return false;
    }
    *p = draw_pair(r);
    if (plant) plant_into(plant, p->query);
    r->done++;
    bool good = pair_run(&r->oracle, p);
    cover_add(&r->cover, p);
    return good;
}

static void show_difference(struct run *r, struct pair *p) {
    r->differing++;
    if (!p->query) {
        printf("pair %u: %s\n", r->done, p->why);
        return;
    }
    printf("pair %u differs: %s\n", r->done, p->why);
    if (!p->broken) pair_shrink(&r->oracle, p, &r->arena);
    pair_print(&r->oracle, p);
}

static bool run_pairs(struct run *r) {
    cover_init(&r->cover);
    while (r->done < r->options.pairs) {
        struct pair p;
        if (run_next(r, NULL, &p)) continue;
        show_difference(r, &p);
        if (r->differing >= r->options.keep_going) return false;
        r->done = (r->done + PAIRS_A_TABLE - 1) / PAIRS_A_TABLE * PAIRS_A_TABLE;
    }
    return r->differing == 0;
}

/* Each fault is found, and soon. */
static uint32_t run_plants(struct run *r) {
    uint32_t missed = 0;
    for (uint32_t i = 0; i < plant_count; i++) {
        struct pair p;
        bool found = false;
        cover_init(&r->cover);
        for (r->done = 0; !found && r->done < PLANT_PAIRS_MAX;) {
            found = !run_next(r, &plants[i], &p);
        }
        printf("%s: %s after %u pairs\n", plants[i].what, found ? "found" : "NOT FOUND", r->done);
        missed += !found;
    }
    return missed;
}

static bool leave_out(struct run *r, const char *name) {
    bool known = false;
    for (uint32_t i = 0; i < op_count + time_count; i++) {
        if (strcmp(op_at(i)->name, name) != 0) continue;
        r->op_seen[i] = UINT32_MAX / 2; /* never the least seen */
        known = true;
    }
    return known;
}

static bool read_options(struct run *r, int argc, char **argv) {
    struct options *o = &r->options;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--plant") == 0) {
            o->plant = true;
        } else if (strcmp(argv[i], "--sqlite-only") == 0) {
            o->sqlite_only = true;
        } else if (strcmp(argv[i], "--pairs") == 0) {
            o->pairs = (uint32_t)strtoul(value, NULL, 0);
            i++;
        } else if (strcmp(argv[i], "--seed") == 0) {
            r->random.state = strtoull(value, NULL, 0);
            i++;
        } else if (strcmp(argv[i], "--keep-going") == 0) {
            o->keep_going = (uint32_t)strtoul(value, NULL, 0);
            i++;
        } else if (strcmp(argv[i], "--without") == 0) {
            if (!leave_out(r, value)) return false;
            i++;
        } else {
            return false;
        }
    }
    return true;
}

static void run_done(struct run *r) {
    side_destroy(r->oracle.side);
    lite_destroy(r->oracle.lite);
    arena_done(&r->arena);
    arena_done(&r->oracle.arena);
}

/* Runs everything in a child, so that a crash can be told with what caused it. */
static int run_all(struct run *r) {
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) return -1;

    int status = 0;
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) <= 1) return WEXITSTATUS(status);
    printf("weir crashed (status %d) on:\n%s0 passed, 1 failed, 0 skipped\n", status,
           r->oracle.note);
    return 1;
}

int main(int argc, char **argv) {
    struct run r = {.options = {.pairs = random_rounds(PAIRS_DEFAULT), .keep_going = 1}};
    r.random = random_start("oracle");
    assert(op_count + time_count <= OPS_MAX);
    if (!read_options(&r, argc, argv)) {
        fprintf(stderr, "usage: oracle [--pairs N] [--seed S] [--keep-going N] [--without NAME] "
                        "[--plant] [--sqlite-only]\n");
        return 2;
    }
    printf("seed %llu\n", (unsigned long long)r.random.state);
    fflush(stdout);
    r.oracle.note =
        mmap(NULL, NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(r.oracle.note != MAP_FAILED);
    int status = run_all(&r);
    if (status >= 0) return status;

    arena_init(&r.arena, 0);
    arena_init(&r.oracle.arena, 0);
    r.oracle.no_weir = r.options.sqlite_only;
    r.oracle.lite = lite_create();

    uint32_t failed;
    if (r.options.plant) {
        failed = run_plants(&r);
        printf("%u passed, %u failed, 0 skipped\n", plant_count - failed, failed);
    } else {
        failed = !run_pairs(&r);
        if (!failed) failed = !cover_check(&r.cover);
        printf("%u passed, %u failed, 0 skipped\n", r.cover.pairs - r.differing,
               r.differing + failed);
    }
    run_done(&r);
    return failed > 0;
}
