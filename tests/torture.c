/* torture.c: runs case files with every call that may fail made to fail, once each.
 *
 *     weir_torture FOLDER [--filter TEXT] [--points N] [--every N]
 *                  [--kind memory|file|short|output]
 *
 * The program's own main is linked in under another name, with malloc, write and the file system
 * wrapped. A case is run once to count its calls; then, in a child each time, the n-th call fails
 * (and, in a second round, every one from the n-th on). What may come of it: the same output as
 * without a fault, or an exit status of 1 or 3 with an error on stderr, or rows that are bad for
 * the fault, with a notice of it. A signal, a report of a sanitizer, a leak, a hang, or other
 * output with status 0 is a failure. --points limits how many n of each case are tried, spread
 * evenly; 0 takes them all, as WEIR_SOAK in the environment does. --every N takes every N-th case
 * of each file.
 */
#include "tests/torture.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/case_run.h"
#include "tests/tree.h"

enum { PATH_BYTES_MAX = 1024, ARGS_MAX = 64, SANITIZER_STATUS = 99, ALARM_S = 30 };

int weir_main(int argc, char **argv);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_options(void);

/* A sanitizer's verdict must not look like the program's own exit status. */
const char *__asan_default_options(void) {
    return "exitcode=99";
}

const char *__ubsan_default_options(void) {
    return "halt_on_error=1:exitcode=99";
}

const char *__lsan_default_options(void) {
    return "exitcode=99";
}

static const char *const kind_names[TORTURE_KINDS] = {"memory", "file", "short", "output"};

struct torture {
    const char *folder, *filter;
    uint64_t points;
    uint32_t every;
    int kind; /* of enum torture_kind; -1: all */
    struct case_env env;
    struct torture_fault *fault; /* shared with the children */
    uint32_t runs, cases, failed;
    bool child; /* we are one: leave through main, so that leaks are looked for */
    int status;
};

struct outcome {
    struct buf out, err;
    int status, signal;
};

static void read_all(const char *folder, const char *name, struct buf *b) {
    char path[PATH_BYTES_MAX], chunk[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    buf_reset(b);
    FILE *f = fopen(path, "rb");
    if (!f) return;
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, f)) > 0;) buf_add(b, chunk, got);
    fclose(f);
}

static void redirect(const char *folder, const char *name, int flags, int to) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, flags, 0666);
    assert(fd >= 0);
    dup2(fd, to);
    close(fd);
}

/* In the child: the program's main with the case's arguments. */
static int run_program(struct torture *t, const struct case_spec *c) {
    char work[PATH_BYTES_MAX];
    char *arg[ARGS_MAX];
    struct arena a;

    arena_init(&a, 0);
    uint32_t args = case_arguments(&t->env, c, &(struct case_variant){3, 1}, &a, arg);
    snprintf(work, sizeof work, "%s/work", t->env.scratch);
    redirect(t->env.scratch, "in", O_RDONLY, STDIN_FILENO);
    redirect(t->env.scratch, "out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(t->env.scratch, "err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    if (chdir(work) != 0) return SANITIZER_STATUS;
    alarm(ALARM_S);
    torture_fault = t->fault;
    int status = weir_main((int)args, arg);
    torture_fault = NULL;
    arena_done(&a);
    return status;
}

/* Runs the case once under the fault; in the child returns false, to leave through main. */
static bool run_once(struct torture *t, const struct case_spec *c, struct outcome *o) {
    char work[PATH_BYTES_MAX];
    snprintf(work, sizeof work, "%s/work", t->env.scratch);
    case_prepare(&t->env, c);
    atomic_store(&t->fault->calls, 0);
    fflush(stdout);

    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        t->child = true;
        t->status = run_program(t, c);
        return false;
    }
    int status = 0;
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    o->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    read_all(t->env.scratch, "out", &o->out);
    read_all(t->env.scratch, "err", &o->err);
    t->runs++;
    return true;
}

/* Rows are bad for the very fault, and a notice says so: image_read() of a file that fails. */
static bool told(const struct outcome *o) {
    static const char notice[] = "could not be computed", fault[] = "made to fail";
    const char *said = memmem(o->err.at, o->err.bytes, notice, sizeof notice - 1);
    if (!said) return false;
    size_t left = o->err.bytes - (size_t)(said - o->err.at);
    return memmem(said, left, fault, sizeof fault - 1) != NULL;
}

/* NULL: the outcome is one that may be. */
static const char *judge(const struct outcome *without, const struct outcome *with,
                         enum torture_kind kind) {
    if (with->signal == SIGALRM) return "hangs";
    if (with->signal != 0) return "is ended by a signal";
    if (with->status == SANITIZER_STATUS) return "has a sanitizer's report";
    bool same = text_equal(buf_text(&with->out), buf_text(&without->out));
    if (with->status == without->status && same) return NULL;
    if (kind == TORTURE_SHORT) return "prints something else when reads are short";
    if (with->status == 0 && kind == TORTURE_FILE && told(with)) return NULL;
    if (with->status != 1 && with->status != 3) {
        return with->status == 0 ? "prints something else, without an error"
                                 : "ends with a strange exit status";
    }
    return with->err.bytes == 0 ? "fails without a word" : NULL;
}

static void complain(struct torture *t, const char *where, const struct outcome *o,
                     const char *why) {
    const struct torture_fault *f = t->fault;
    printf("FAILED %s: %s (exit %d, signal %d) when %s call %llu%s fails\n", where, why, o->status,
           o->signal, kind_names[f->kind], (unsigned long long)f->at,
           f->onwards ? " and all after it" : "");
    size_t bytes = o->err.bytes < 3000 ? o->err.bytes : 3000;
    if (bytes > 0) printf("%.*s\n", (int)bytes, o->err.at);
    fflush(stdout);
}

/* Points n = 1, 1 + step .. of one kind, one way; false in a child. */
static bool torture_points(struct torture *t, const struct case_spec *c, const char *where,
                           const struct outcome *without, uint64_t calls) {
    uint64_t step = t->points == 0 || calls <= t->points ? 1 : calls / t->points;
    struct outcome with = {0};
    bool parent = true, good = true;

    for (uint64_t n = 1; parent && good && n <= calls; n += step) {
        t->fault->at = n;
        parent = run_once(t, c, &with);
        if (!parent) break;
        const char *why = judge(without, &with, t->fault->kind);
        if (why) {
            complain(t, where, &with, why);
            good = false;
        }
    }
    t->failed += !good;
    buf_done(&with.out);
    buf_done(&with.err);
    return parent;
}

static bool torture_kind(struct torture *t, const struct case_spec *c, const char *where,
                         enum torture_kind kind) {
    struct outcome without = {0};
    *t->fault = (struct torture_fault){.kind = kind};
    bool parent = run_once(t, c, &without);

    uint64_t calls = kind == TORTURE_SHORT ? 1 : atomic_load(&t->fault->calls);
    if (parent) parent = torture_points(t, c, where, &without, calls);
    if (parent && kind != TORTURE_SHORT) {
        t->fault->onwards = true; /* shared: not for a child to set */
        parent = torture_points(t, c, where, &without, calls);
    }
    buf_done(&without.out);
    buf_done(&without.err);
    return parent;
}

static bool torture_file(struct torture *t, struct tree *tree, const char *path) {
    char complaint[200], where[PATH_BYTES_MAX];
    struct case_file f = {.path = path, .source = tree_read(tree, t->folder, path)};
    if (!case_file_read(&f, &tree->arena, complaint)) {
        printf("FAILED %s: %s\n", path, complaint);
        t->failed++;
        return true;
    }
    for (uint32_t i = 0; i < f.count; i += t->every) {
        const struct case_spec *c = &f.at[i];
        snprintf(where, sizeof where, "%s:%u: %.*s", path, c->line, TEXT_ARG(c->name));
        bool wanted = !t->filter || strstr(where, t->filter);
        /* SQLite's json_valid() takes its own lack of memory for bad JSON. */
        if (strstr(where, "json_valid")) continue;
        if (!wanted || case_find(c, SECTION_LIVE) || case_find(c, SECTION_DATA)) continue;
        t->cases++;
        for (int kind = 0; kind < TORTURE_KINDS; kind++) {
            if (t->kind >= 0 && t->kind != kind) continue;
            if (!torture_kind(t, c, where, (enum torture_kind)kind)) return false;
        }
    }
    return true;
}

static bool read_option(struct torture *t, const char *name, const char *value) {
    if (strcmp(name, "--filter") == 0) {
        t->filter = value;
    } else if (strcmp(name, "--points") == 0) {
        t->points = strtoull(value, NULL, 10);
    } else if (strcmp(name, "--every") == 0) {
        t->every = (uint32_t)strtoul(value, NULL, 10);
        return t->every > 0;
    } else if (strcmp(name, "--kind") == 0) {
        for (t->kind = TORTURE_KINDS - 1; t->kind >= 0; t->kind--) {
            if (strcmp(value, kind_names[t->kind]) == 0) return true;
        }
        return false;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct torture t = {.points = 25, .every = 1, .kind = -1};
    bool good = argc >= 2 && argc % 2 == 0;
    for (int i = 2; good && i < argc; i += 2) good = read_option(&t, argv[i], argv[i + 1]);
    if (getenv("WEIR_SOAK")) {
        t.points = 0;
        t.every = 1;
    }
    if (!good) {
        fprintf(stderr, "usage: weir_torture FOLDER [--filter TEXT] [--points N] [--every N] "
                        "[--kind KIND]\n");
        return 2;
    }
    char scratch[] = "/tmp/weir-torture-XXXXXX";
    struct tree tree;
    t.folder = argv[1];
    t.env = (struct case_env){.program = "weir", .scratch = mkdtemp(scratch)};
    t.fault =
        mmap(NULL, sizeof *t.fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(t.env.scratch && t.fault != MAP_FAILED);
    torture_memory_init();

    tree_init(&tree);
    tree_add(&tree, t.folder, ".", ".case");
    tree_sort(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        if (!torture_file(&t, &tree, tree.path[i])) break;
    }
    tree_done(&tree);
    if (t.child) return t.status;

    case_remove_folder(scratch);
    printf("%u cases, %u runs\n%u passed, %u failed, 0 skipped\n", t.cases, t.runs,
           t.cases > t.failed ? t.cases - t.failed : 0, t.failed);
    return t.failed > 0;
}
