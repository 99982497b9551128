/* crash_log.c: the log over a file system that fails and loses, at every call in turn.
 *
 *     crash_log [--pass NAME] [--seed N] [--seeds N] [--at N] [--trace]
 *
 * A random workload (crash_work.h) is run once to count its calls to the file system; then it is
 * run anew for every call, which stops the machine or fails. What is there after the restart must
 * be what the log promises, and the work must be able to go on. The passes:
 *
 *     stop    the machine stops in the call; one state is lost in several ways, and recovery is
 *             stopped again, at calls of its own
 *     fail    the call fails once, does a part, finds no room, or all from it on fail
 *     full    the disk is too small, gets room again, and may stop meanwhile
 *     os      durability 'os': the end of the process loses nothing, of the machine the end
 *     thread  with the writer thread
 *     flip    a read of the recovery gives a wrong bit: that is told, or does not matter
 *     lie     syncs and direct writes lie: the test must see that acknowledged records are lost
 *
 * A failure prints the seed, pass, call and variant that show it again. WEIR_SOAK in the
 * environment makes it millions of points.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash_work.h"

enum {
    SEEDS = 20,
    SOAK_SEEDS = 400,
    STEPS = 45,
    STEPS_AFTER = 6,
    VARIANTS = 3,
    STRIDE = 13, /* of the calls of a recovery that are hit */
    FAILURES_MAX = 10,
    DISK_BYTES_MIN = 100 << 10,
    DISK_BYTES_MAX = 900 << 10,
};

struct crash {
    const char *pass; /* the only one to run; NULL: all */
    uint64_t at;      /* the only call; 0: all */
    bool trace;
    uint64_t seed;
    const char *running;
    uint64_t points, failed, lies, noticed;
};

/* One state of disk and work, and what it is called when something is wrong. */
struct point {
    struct crash *c;
    struct file_sim *sim;
    struct crash_work *w;
    uint64_t at;
    uint32_t variant;
};

static void say(const struct point *p, const char *what) {
    struct crash *c = p->c;
    c->failed++;
    printf("--pass %s --seed %" PRIu64 " --at %" PRIu64 " (variant %u): %s\n", c->running, c->seed,
           p->at, p->variant, what);
}

static void trace(void *context, const struct file_sim_call *call) {
    (void)context;
    printf("  %4" PRIu64 " %s %s offset %" PRIu64 " bytes %" PRIu64 "\n", call->number, call->verb,
           call->path, call->offset, call->bytes);
}

static struct point point_start(struct crash *c, uint64_t at) {
    const struct file_sim_options o = {.seed = c->seed * 1000003 + at,
                                       .look = c->trace ? trace : NULL};
    struct point p = {.c = c, .at = at};
    p.sim = file_sim_create(&o);
    p.w = crash_work_create(p.sim, c->seed);
    return p;
}

/* The same state, to be lost in another way. */
static struct point point_copy(const struct point *from, uint32_t variant) {
    struct point p = *from;
    uint64_t seed = from->c->seed * 7919 + from->at * 104729 + variant;
    p.variant = variant;
    p.sim = file_sim_copy(from->sim, seed);
    p.w = crash_work_copy(from->w, p.sim, seed);
    return p;
}

static void point_end(struct point *p) {
    crash_work_close(p->w);
    crash_work_destroy(p->w);
    if (file_sim_handles(p->sim) > 0) {
        say(p, "a file was left open");
        return; /* and is lost with the file system */
    }
    file_sim_destroy(p->sim);
}

static void fault(const struct point *p, enum file_sim_kind kind, uint64_t at, bool onwards) {
    file_sim_fault(p->sim, (struct file_sim_fault){.kind = kind, .at = at, .onwards = onwards});
}

/* Opens, works, closes. */
static void point_run(struct point *p) {
    if (!crash_work_open(p->w)) return;
    crash_work_run(p->w, STEPS);
    crash_work_close(p->w);
}

/* Nothing may be wrong with it. */
static bool point_sound(const struct point *p, bool opened) {
    char text[400];
    if (p->w->broken[0]) {
        say(p, p->w->broken);
    } else if (!opened) {
        snprintf(text, sizeof text, "it cannot be opened: %s %s", p->w->e.sqlstate,
                 p->w->e.message);
        say(p, text);
    }
    return opened && !p->w->broken[0];
}

/* After a restart all is there, the work goes on, and is there after another one. */
static void point_recover(struct point *p) {
    p->c->points++;
    if (!point_sound(p, p->w->broken[0] || crash_work_recover(p->w))) return;
    p->w->faultless = true;
    crash_work_run(p->w, STEPS_AFTER);
    crash_work_close(p->w);
    if (!point_sound(p, true)) return;
    file_sim_restart(p->sim, FILE_SIM_POWER);
    (void)point_sound(p, crash_work_recover(p->w));
}

/* How many calls the work makes when nothing fails. */
static uint64_t count_calls(struct crash *c, void (*set)(struct crash_work *w)) {
    struct crash silent = *c;
    silent.trace = false;
    struct point p = point_start(&silent, 0);
    if (set) set(p.w);
    p.w->faultless = true;
    point_run(&p);
    if (!p.w->broken[0] && p.w->acknowledged != p.w->count) {
        snprintf(p.w->broken, sizeof p.w->broken, "closed, and not acknowledged: %s",
                 p.w->e.message);
    }
    uint64_t calls = file_sim_calls(p.sim);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    point_recover(&p);
    point_end(&p);
    c->points = silent.points;
    c->failed = silent.failed;
    return calls;
}

static bool wanted(const struct crash *c, uint64_t at) {
    return (c->at == 0 || c->at == at) && c->failed < FAILURES_MAX;
}

/* --- stop --- */

/* The recovery of a state is itself stopped, in its call `at`. */
static void stop_again(const struct point *from, uint64_t at) {
    struct point p = point_copy(from, from->variant);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    p.variant = (uint32_t)(1000 + at);
    fault(&p, FILE_SIM_STOP, at, false);
    if (crash_work_recover(p.w)) crash_work_run(p.w, STEPS_AFTER);
    crash_work_close(p.w);
    file_sim_restart(p.sim, at % 4 == 0 ? FILE_SIM_KILL : FILE_SIM_POWER);
    point_recover(&p);
    point_end(&p);
}

/* How many calls the recovery of a state makes. */
static uint64_t recovery_calls(const struct point *from) {
    struct point p = point_copy(from, from->variant);
    file_sim_restart(p.sim, FILE_SIM_POWER);
    (void)point_sound(&p, crash_work_recover(p.w));
    uint64_t calls = file_sim_calls(p.sim);
    point_end(&p);
    return calls;
}

static void lose(const struct point *from) {
    for (uint32_t i = 0; i < VARIANTS; i++) {
        struct point p = point_copy(from, i);
        file_sim_restart(p.sim, i == 0 ? FILE_SIM_KILL : FILE_SIM_POWER);
        point_recover(&p);
        point_end(&p);
    }
}

static void pass_stop(struct crash *c) {
    uint64_t calls = count_calls(c, NULL);
    for (uint64_t at = 1; at <= calls; at++) {
        if (!wanted(c, at)) continue;
        struct point p = point_start(c, at);
        fault(&p, FILE_SIM_STOP, at, false);
        point_run(&p);
        lose(&p);
        p.variant = (uint32_t)(at % VARIANTS);
        uint64_t more = c->failed < FAILURES_MAX ? recovery_calls(&p) : 0;
        for (uint64_t k = 1 + at % STRIDE; k <= more; k += STRIDE) stop_again(&p, k);
        point_end(&p);
    }
}

/* --- fail --- */

struct failure {
    enum file_sim_kind kind;
    bool onwards;
};

static void pass_fail(struct crash *c) {
    static const struct failure failures[] = {{FILE_SIM_FAIL, false},
                                              {FILE_SIM_FAIL, true},
                                              {FILE_SIM_SHORT, false},
                                              {FILE_SIM_FULL, false}};
    uint64_t calls = count_calls(c, NULL);
    for (uint64_t at = 1; at <= calls; at++) {
        for (uint32_t i = 0; i < COUNT_OF(failures) && wanted(c, at); i++) {
            struct point p = point_start(c, at);
            p.variant = i;
            fault(&p, failures[i].kind, at, failures[i].onwards);
            point_run(&p);
            file_sim_restart(p.sim, FILE_SIM_POWER);
            point_recover(&p);
            point_end(&p);
        }
    }
}

/* --- full --- */

/* There is room again: what waited for it goes on. */
static void room_again(struct point *p) {
    file_sim_disk(p->sim, 0);
    if (!p->w->log) {
        bool opened = crash_work_recover(p->w);
        if (file_sim_stopped(p->sim) || !point_sound(p, opened)) return;
    }
    p->w->full = false;
    p->w->faultless = true;
    crash_work_run(p->w, STEPS);
}

static void pass_full(struct crash *c) {
    uint64_t calls = count_calls(c, NULL);
    for (uint64_t at = 1; at <= calls; at++) {
        if (!wanted(c, at)) continue;
        struct point p = point_start(c, at);
        uint64_t bytes = DISK_BYTES_MIN;
        bytes += random_below(&p.w->g, DISK_BYTES_MAX - DISK_BYTES_MIN);
        p.w->g.state = c->seed + at; /* another workload each time */
        file_sim_disk(p.sim, bytes);
        if (at % 2) fault(&p, FILE_SIM_STOP, at, false);
        if (crash_work_open(p.w)) crash_work_run(p.w, STEPS);
        if (!file_sim_stopped(p.sim) && !p.w->broken[0]) room_again(&p);
        crash_work_close(p.w);
        file_sim_disk(p.sim, 0);
        file_sim_restart(p.sim, FILE_SIM_POWER);
        point_recover(&p);
        point_end(&p);
    }
}

/* --- os --- */

static void set_os(struct crash_work *w) {
    w->durability = LOG_OS;
}

/* What was found after the crash is synced by then, and outlives another one, whatever was written
 * since, over what came to nothing or not. */
static void os_again(struct point *p) {
    uint32_t found = p->w->count, checkpoints = p->w->checkpoints;
    crash_work_run(p->w, 2 * STEPS_AFTER);
    if (p->at % 4 < 2) fault(p, FILE_SIM_STOP, file_sim_calls(p->sim) + 1, false);
    crash_work_close(p->w);
    if (p->at % 4 < 2) {
        p->w->acknowledged = found;
        p->w->confirmed = checkpoints;
    }
    file_sim_restart(p->sim, FILE_SIM_POWER);
    (void)point_sound(p, crash_work_recover(p->w));
}

static void pass_os(struct crash *c) {
    uint64_t calls = count_calls(c, set_os);
    for (uint64_t at = 1; at <= calls; at++) {
        if (!wanted(c, at)) continue;
        struct point p = point_start(c, at);
        set_os(p.w);
        fault(&p, FILE_SIM_STOP, at, false);
        point_run(&p);
        bool power = at % 2;
        /* The end of the machine may take the newest records, never others. */
        if (power) p.w->acknowledged = p.w->confirmed = 0;
        file_sim_restart(p.sim, power ? FILE_SIM_POWER : FILE_SIM_KILL);
        p.c->points++;
        if (point_sound(&p, p.w->broken[0] || crash_work_recover(p.w))) os_again(&p);
        point_end(&p);
    }
}

/* --- thread --- */

static void set_thread(struct crash_work *w) {
    w->writer_thread = true;
}

static void pass_thread(struct crash *c) {
    uint64_t calls = count_calls(c, set_thread);
    for (uint64_t at = 1 + c->seed % 5; at <= calls; at += 5) {
        if (!wanted(c, at)) continue;
        struct point p = point_start(c, at);
        set_thread(p.w);
        fault(&p, at % 3 ? FILE_SIM_STOP : FILE_SIM_FAIL, at, false);
        point_run(&p);
        file_sim_restart(p.sim, FILE_SIM_POWER);
        point_recover(&p);
        point_end(&p);
    }
}

/* --- flip --- */

/* What is read through a wrong bit is refused, or right: short of the last group at most. */
static void pass_flip(struct crash *c) {
    struct point whole = point_start(c, 0);
    point_run(&whole);
    file_sim_restart(whole.sim, FILE_SIM_POWER);
    uint64_t calls = recovery_calls(&whole);
    for (uint64_t at = 1; at <= calls; at++) {
        for (uint32_t i = 0; i < VARIANTS && wanted(c, at); i++) {
            whole.at = at;
            struct point p = point_copy(&whole, i);
            fault(&p, FILE_SIM_FLIP, at, false);
            bool opened = crash_work_recover(p.w);
            c->points++;
            (void)point_sound(&p, opened || !p.w->broken[0]); /* a refusal is well */
            point_end(&p);
        }
    }
    point_end(&whole);
}

/* --- lie --- */

/* Nothing that is said to be durable is: the checks above must notice. */
static void pass_lie(struct crash *c) {
    uint64_t calls = count_calls(c, NULL), noticed = 0;
    for (uint64_t at = 1; at <= calls; at++) {
        if (!wanted(c, at)) continue;
        struct point p = point_start(c, at);
        fault(&p, FILE_SIM_STOP, at, false);
        fault(&p, FILE_SIM_LIE, 1, true);
        point_run(&p);
        bool something = p.w->acknowledged > 0;
        file_sim_restart(p.sim, FILE_SIM_POWER);
        bool opened = crash_work_recover(p.w);
        c->lies += something;
        noticed += something && (!opened || p.w->broken[0]);
        c->points++;
        point_end(&p);
    }
    c->noticed += noticed;
    if (noticed > 0 || c->at > 0) return;
    c->failed++;
    printf("--pass lie --seed %" PRIu64 ": no loss was noticed\n", c->seed);
}

/* --- all --- */

struct pass {
    const char *name;
    void (*run)(struct crash *c);
};

static const struct pass passes[] = {
    {"stop", pass_stop},     {"fail", pass_fail}, {"full", pass_full}, {"os", pass_os},
    {"thread", pass_thread}, {"flip", pass_flip}, {"lie", pass_lie},
};

static void run_seed(struct crash *c) {
    for (uint32_t i = 0; i < COUNT_OF(passes); i++) {
        if (c->pass && strcmp(c->pass, passes[i].name) != 0) continue;
        c->running = passes[i].name;
        if (c->failed < FAILURES_MAX) passes[i].run(c);
    }
}

int main(int argc, char **argv) {
    struct crash c = {.seed = 1};
    uint64_t seeds = getenv("WEIR_SOAK") ? SOAK_SEEDS : SEEDS;
    const char *given = getenv("WEIR_SEED");
    if (given) c.seed = strtoull(given, NULL, 0);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0)
            c.trace = true;
        else if (strcmp(argv[i], "--pass") == 0)
            c.pass = argv[++i];
        else if (strcmp(argv[i], "--at") == 0)
            c.at = strtoull(value, NULL, 0), i++;
        else if (strcmp(argv[i], "--seed") == 0)
            c.seed = strtoull(value, NULL, 0), seeds = 1, i++;
        else if (strcmp(argv[i], "--seeds") == 0)
            seeds = strtoull(value, NULL, 0), i++;
        else
            return fprintf(stderr, "crash_log: no option %s\n", argv[i]), 2;
    }
    printf("# crash_log: seeds %" PRIu64 " to %" PRIu64 "\n", c.seed, c.seed + seeds - 1);
    for (uint64_t last = c.seed + seeds; c.seed < last; c.seed++) run_seed(&c);
    printf("# %" PRIu64 " of %" PRIu64 " lies were noticed\n", c.noticed, c.lies);
    printf("%" PRIu64 " passed, %" PRIu64 " failed, 0 skipped\n",
           c.points > c.failed ? c.points - c.failed : 0, c.failed);
    return c.failed > 0;
}
