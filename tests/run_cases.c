/* run_cases.c: runs the case files of a folder against the real program.
 *
 *     run_cases PROGRAM FOLDER [--filter TEXT] [--all | --quick] [--update] [--jobs N]
 *               [--data FOLDER] [--timeout SECONDS]
 *
 * Each case runs with its input cut into batches of several sizes and shared out to several numbers
 * of threads, and must give the same bytes each time, unless it says "once" and why. --all takes
 * every pairing of them, as WEIR_SOAK in the environment does, --quick three. --update writes what
 * the program printed into the files, for a person to read and judge.
 *
 * Cases are shared out to worker processes over a counter in shared memory.
 */
#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/case_diff.h"
#include "tests/case_run.h"
#include "tests/data.h"
#include "tests/tree.h"

enum { PATH_BYTES_MAX = 1024, JOBS_MAX = 16 };

static const struct case_variant variants[] = {
    {2048, 1}, {1, 1}, {3, 2},                            /* --quick ends here */
    {2, 1},    {3, 1}, {7, 1}, {1, 3}, {2048, 2}, {7, 3}, /* the default ends here */
    {1, 2},    {2, 2}, {2, 3}, {3, 3}, {7, 2},    {2048, 3},
};
enum { VARIANTS_QUICK = 3, VARIANTS_DEFAULT = 9 };

struct counters {
    _Atomic uint32_t next, passed, failed, skipped;
};

struct run {
    struct case_env env;
    const char *folder, *filter;
    uint32_t variants, jobs;
    bool update;
    struct tree tree;
    struct case_file *file; /* [tree.count] */
    struct counters *counters;
};

static struct text expected_text(const struct case_spec *c, enum case_section_kind kind,
                                 struct buf *b) {
    buf_reset(b);
    for (uint32_t i = 0; i < c->sections; i++) {
        if (c->section[i].kind == kind) buf_add_text(b, c->section[i].body);
    }
    assert(!b->failed);
    return buf_text(b);
}

static void judge_text(struct buf *out, const char *what, struct text expected, struct text got) {
    if (text_equal(expected, got)) return;
    buf_addf(out, "    %s differs (- expected, + got):\n", what);
    case_diff(out, expected, got);
}

/* The body of each "err-has" section occurs as it stands, one after the other. */
static void judge_contains(struct buf *out, const struct case_spec *c, struct text got) {
    const char *from = got.at, *end = got.at + got.bytes;

    for (uint32_t i = 0; i < c->sections; i++) {
        if (c->section[i].kind != SECTION_ERR_HAS) continue;
        struct text wanted = c->section[i].body;
        if (wanted.bytes > 0) wanted.bytes--; /* the last line end */
        const char *found =
            got.bytes > 0 ? memmem(from, (size_t)(end - from), wanted.at, wanted.bytes) : NULL;
        if (!found) {
            buf_addf(out, "    stderr lacks: %.*s\n    stderr was:\n", TEXT_ARG(wanted));
            case_diff(out, (struct text){0}, got);
            return;
        }
        from = found + wanted.bytes;
    }
}

static long expected_exit(const struct case_spec *c) {
    const struct case_section *s = case_find(c, SECTION_EXIT);
    return s && s->head.bytes > 0 ? strtol(s->head.at, NULL, 10) : 0;
}

/* What is wrong with a result, as lines; nothing when all is as expected. */
static void judge(const struct case_spec *c, const struct case_result *r, struct buf *out) {
    struct buf b;
    buf_init(&b);

    if (r->signal == SIGALRM) buf_add_str(out, "    did not end in time\n");
    if (r->signal != 0) buf_addf(out, "    ended by signal %d\n", r->signal);
    if (r->signal == 0 && r->status != expected_exit(c)) {
        buf_addf(out, "    exit %d, expected %ld\n", r->status, expected_exit(c));
    }
    judge_text(out, "stdout", expected_text(c, SECTION_OUT, &b), buf_text(&r->out));
    if (case_find(c, SECTION_ERR_HAS)) {
        judge_contains(out, c, buf_text(&r->err));
    } else {
        judge_text(out, "stderr", expected_text(c, SECTION_ERR, &b), buf_text(&r->err));
    }
    uint32_t made = 0;
    for (uint32_t i = 0; i < c->sections && made < CASE_MADE_MAX; i++) {
        const struct case_section *s = &c->section[i];
        if (s->kind == SECTION_MADE) {
            judge_text(out, "what was made", s->body, buf_text(&r->made[made++]));
        }
    }
    buf_done(&b);
}

/* Is the case to be left out, for want of data? A folder of data that lacks it is a failure. */
static bool lacks_data(const struct run *run, const struct case_spec *c) {
    return case_find(c, SECTION_DATA) && !run->env.data;
}

static bool run_variants(const struct run *run, const struct case_file *f,
                         const struct case_spec *c) {
    bool once = case_find(c, SECTION_ONCE) || case_find(c, SECTION_COMMAND);
    uint32_t count = once ? 1 : run->variants, failed = 0;
    struct buf said;
    buf_init(&said);

    for (uint32_t i = 0; i < count; i++) {
        const struct case_variant v = once ? (struct case_variant){0} : variants[i];
        struct case_result r;
        struct buf wrong;
        buf_init(&wrong);
        case_run(&run->env, c, &v, &r);
        judge(c, &r, &wrong);
        if (wrong.bytes > 0 && failed++ == 0) {
            buf_addf(&said, "FAILED %s/%s:%u: %.*s (batch-rows %u, threads %u)\n%s", run->folder,
                     f->path, c->line, TEXT_ARG(c->name), v.batch_rows, v.threads, wrong.at);
        }
        buf_done(&wrong);
        case_result_done(&r);
    }
    if (failed > 1) buf_addf(&said, "    (%u of %u variants fail)\n", failed, count);
    if (said.bytes > 0) fwrite(said.at, 1, said.bytes, stdout);
    fflush(stdout);
    buf_done(&said);
    return failed == 0;
}

static bool filtered_out(const struct run *run, const struct case_file *f,
                         const struct case_spec *c) {
    if (!run->filter || strstr(f->path, run->filter)) return false;
    return !memmem(c->name.at, c->name.bytes, run->filter, strlen(run->filter));
}

static void run_case(const struct run *run, const struct case_file *f, const struct case_spec *c) {
    if (filtered_out(run, f, c)) return;
    if (lacks_data(run, c)) {
        atomic_fetch_add(&run->counters->skipped, 1);
    } else if (run_variants(run, f, c)) {
        atomic_fetch_add(&run->counters->passed, 1);
    } else {
        atomic_fetch_add(&run->counters->failed, 1);
    }
}

/* Takes the next case that nobody has, until there is none. */
static void work(struct run *run) {
    uint32_t first = 0, file = 0;

    for (;;) {
        uint32_t mine = atomic_fetch_add(&run->counters->next, 1);
        while (file < run->tree.count && mine >= first + run->file[file].count) {
            first += run->file[file++].count;
        }
        if (file == run->tree.count) return;
        run_case(run, &run->file[file], &run->file[file].at[mine - first]);
    }
}

static void make_scratch(char path[PATH_BYTES_MAX]) {
    const char *base = getenv("TMPDIR");
    snprintf(path, PATH_BYTES_MAX, "%s/weir-case-XXXXXX", base ? base : "/tmp");
    const char *made = mkdtemp(path);
    assert(made);
}

static void run_workers(struct run *run) {
    pid_t child[JOBS_MAX];

    fflush(stdout);
    for (uint32_t i = 0; i < run->jobs; i++) {
        child[i] = fork();
        assert(child[i] >= 0);
        if (child[i] > 0) continue;

        char scratch[PATH_BYTES_MAX];
        make_scratch(scratch);
        run->env.scratch = scratch;
        work(run);
        case_remove_folder(scratch);
        _exit(0);
    }
    for (uint32_t i = 0; i < run->jobs; i++) {
        int status = 0;
        if (waitpid(child[i], &status, 0) != child[i] || status != 0) {
            printf("FAILED: a worker died\n");
            atomic_fetch_add(&run->counters->failed, 1);
        }
    }
}

static void add_indented(struct buf *out, const char *head, struct text body) {
    buf_addf(out, "%s\n", head);
    for (const char *at = body.at, *end = body.at + body.bytes; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end) line_end = end;
        buf_addf(out, "    %.*s\n", (int)(line_end - at), at);
        at = line_end + 1;
    }
}

static bool is_expectation(enum case_section_kind kind) {
    return kind == SECTION_OUT || kind == SECTION_ERR || kind == SECTION_EXIT ||
           kind == SECTION_ERR_HAS;
}

/* Writes the case anew: what it gives stays, what it expects becomes what was printed. */
static void update_case(const struct run *run, const struct case_file *f, const struct case_spec *c,
                        struct buf *out) {
    struct case_result r;
    case_run(&run->env, c, &(struct case_variant){0}, &r);

    for (uint32_t i = 0; i < c->sections; i++) {
        const struct case_section *s = &c->section[i];
        if (is_expectation(s->kind)) continue;
        buf_add(out, f->source.at + s->from, s->to - s->from);
    }
    if (r.out.bytes > 0) add_indented(out, "out", buf_text(&r.out));
    if (r.err.bytes > 0) add_indented(out, "err", buf_text(&r.err));
    if (r.status != 0) buf_addf(out, "exit %d\n", r.status);
    case_result_done(&r);
}

static void update_file(const struct run *run, const struct case_file *f) {
    struct buf out;
    size_t done = 0;
    buf_init(&out);

    for (uint32_t i = 0; i < f->count; i++) {
        const struct case_spec *c = &f->at[i];
        struct buf wrong;
        struct case_result r;
        if (filtered_out(run, f, c) || lacks_data(run, c)) continue;
        buf_init(&wrong);
        case_run(&run->env, c, &(struct case_variant){0}, &r);
        judge(c, &r, &wrong);
        bool live = case_find(c, SECTION_LIVE) != NULL; /* the places of its outs say when */
        if (wrong.bytes > 0 && live)
            printf("%s:%u: is updated by hand: it is live\n", f->path, c->line);
        if (wrong.bytes > 0 && !live) {
            buf_add(&out, f->source.at + done, c->section[0].from - done);
            update_case(run, f, c, &out);
            done = c->to;
        }
        case_result_done(&r);
        buf_done(&wrong);
    }
    buf_add(&out, f->source.at + done, f->source.bytes - done);
    assert(!out.failed);

    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", run->folder, f->path);
    FILE *file = done > 0 ? fopen(path, "wb") : NULL;
    if (file) {
        fwrite(out.at, 1, out.bytes, file);
        fclose(file);
        printf("updated %s\n", path);
    }
    buf_done(&out);
}

static void update_all(struct run *run) {
    char scratch[PATH_BYTES_MAX];
    make_scratch(scratch);
    run->env.scratch = scratch;
    for (size_t i = 0; i < run->tree.count; i++) update_file(run, &run->file[i]);
    case_remove_folder(scratch);
}

static bool read_cases(struct run *run) {
    bool good = true;

    tree_init(&run->tree);
    tree_add(&run->tree, run->folder, ".", ".case");
    tree_sort(&run->tree);
    run->file = calloc(run->tree.count + 1, sizeof *run->file);
    assert(run->file);
    for (size_t i = 0; i < run->tree.count; i++) {
        char complaint[200];
        struct case_file *f = &run->file[i];
        f->path = run->tree.path[i] + 2;
        f->source = tree_read(&run->tree, run->folder, run->tree.path[i]);
        if (case_file_read(f, &run->tree.arena, complaint)) continue;
        printf("FAILED %s/%s: %s\n", run->folder, f->path, complaint);
        good = false;
    }
    return good;
}

/* Options with a value; returns how many words were used, 0: not known. */
static int read_option(struct run *run, const char *name, const char *value) {
    if (strcmp(name, "--update") == 0) run->update = true;
    if (strcmp(name, "--all") == 0) run->variants = COUNT_OF(variants);
    if (strcmp(name, "--quick") == 0) run->variants = VARIANTS_QUICK;
    if (strcmp(name, "--update") == 0 || strcmp(name, "--all") == 0 ||
        strcmp(name, "--quick") == 0) {
        return 1;
    }
    if (!value) return 0;
    if (strcmp(name, "--filter") == 0) {
        run->filter = value;
    } else if (strcmp(name, "--jobs") == 0) {
        run->jobs = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--timeout") == 0) {
        run->env.timeout_s = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(name, "--data") == 0) {
        run->env.data = value;
    } else {
        return 0;
    }
    return 2;
}

int main(int argc, char **argv) {
    struct run run = {.variants = VARIANTS_DEFAULT, .jobs = 2, .env.timeout_s = 20};
    char program[PATH_BYTES_MAX], data[PATH_BYTES_MAX];
    run.env.data = test_data_there() ? realpath(test_data(), data) : NULL;
    if (getenv("WEIR_SOAK")) run.variants = COUNT_OF(variants);

    int used = 1;
    for (int i = 3; i < argc && used > 0; i += used) {
        used = read_option(&run, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
    }
    if (argc < 3 || used == 0 || run.jobs < 1 || run.jobs > JOBS_MAX ||
        !realpath(argv[1], program)) {
        fprintf(stderr, "usage: run_cases PROGRAM FOLDER [--filter TEXT] [--all | --quick] "
                        "[--update] [--jobs N] [--data FOLDER] [--timeout SECONDS]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    run.env.program = program;
    run.folder = argv[2];
    run.counters =
        mmap(NULL, sizeof *run.counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(run.counters != MAP_FAILED);

    bool good = read_cases(&run);
    if (good && run.update) update_all(&run);
    if (good && !run.update) run_workers(&run);
    printf("%u passed, %u failed, %u skipped\n", run.counters->passed, run.counters->failed + !good,
           run.counters->skipped);
    good = good && run.counters->failed == 0;
    free(run.file);
    tree_done(&run.tree);
    return good ? 0 : 1;
}
