/* nexmark_run.c: a folder, a script in it, fork, exec, and what the kernel says of the child.
 *
 * The generator's options ride in on the definition of ${events}: the text that it stands for is
 * "4000', 'seed' = '7", so that the scripts run as they lie in examples/.
 */
#include "tests/nexmark_run.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/case_run.h"

enum { RUN_SECONDS = 300, SOAK_SECONDS = 7200, ARGS_MAX = 40, EXEC_FAILED = 127 };

void nexmark_env_init(struct nexmark_env *env, const char *program, const char *root) {
    *env = (struct nexmark_env){.program = realpath(program, NULL), .root = realpath(root, NULL)};
    if (!env->program || !env->root) printf("there is no %s or no %s\n", program, root);
    assert(env->program && env->root);
    const char *under = getenv("TMPDIR");
    int bytes = snprintf(env->scratch, sizeof env->scratch, "%s/weir-nexmark-XXXXXX",
                         under ? under : "/tmp");
    assert(bytes > 0 && bytes < (int)sizeof env->scratch);
    char *made = mkdtemp(env->scratch);
    assert(made);
}

void nexmark_env_done(struct nexmark_env *env) {
    case_remove_folder(env->scratch);
    free(env->program);
    free(env->root);
}

void nexmark_path(const struct nexmark_env *env, const char *name, char out[NEXMARK_PATH_BYTES]) {
    int bytes = snprintf(out, NEXMARK_PATH_BYTES, "%s/work/%s", env->scratch, name);
    assert(bytes > 0 && bytes < NEXMARK_PATH_BYTES);
}

static bool read_path(const char *path, struct buf *out) {
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    char chunk[16384];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, f)) > 0;) buf_add(out, chunk, got);
    fclose(f);
    return true;
}

bool nexmark_read(const struct nexmark_env *env, const char *name, struct buf *out) {
    char path[NEXMARK_PATH_BYTES];
    nexmark_path(env, name, path);
    return read_path(path, out);
}

void nexmark_add_example(const struct nexmark_env *env, const char *name, struct buf *script) {
    char path[NEXMARK_PATH_BYTES];
    snprintf(path, sizeof path, "%s/examples/nexmark/%s.sql", env->root, name);
    bool good = read_path(path, script);
    if (!good) printf("cannot read %s\n", path);
    assert(good);
}

bool nexmark_replace(struct buf *script, const char *find, const char *put) {
    struct buf made;
    buf_init(&made);
    const char *at = script->at, *end = script->at + script->bytes;
    bool found = false;
    for (const char *hit; (hit = memmem(at, (size_t)(end - at), find, strlen(find))) != NULL;) {
        buf_add(&made, at, (size_t)(hit - at));
        buf_add_str(&made, put);
        at = hit + strlen(find);
        found = true;
    }
    buf_add(&made, at, (size_t)(end - at));
    assert(!made.failed);
    buf_done(script);
    *script = made;
    return found;
}

void nexmark_begin(const struct nexmark_env *env) {
    char path[NEXMARK_PATH_BYTES];
    nexmark_path(env, "", path);
    case_remove_folder(path);
    int made = mkdir(path, 0777);
    assert(made == 0);
}

void nexmark_write(const struct nexmark_env *env, const char *name, const struct buf *from) {
    char path[NEXMARK_PATH_BYTES];
    nexmark_path(env, name, path);
    FILE *f = fopen(path, "wb");
    assert(f && !from->failed);
    size_t written = fwrite(from->at, 1, from->bytes, f);
    assert(written == from->bytes);
    fclose(f);
}

/* In the child; the zone is a strange one on purpose. */
static void start_program(const struct nexmark_env *env, char *const *arg) {
    static const char *const name[] = {"/dev/null", "out", "err"};
    char path[NEXMARK_PATH_BYTES];
    nexmark_path(env, "", path);
    if (chdir(path) != 0) _exit(EXEC_FAILED);
    for (int i = 0; i < 3; i++) {
        int fd = open(name[i], i == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (fd < 0 || dup2(fd, i) < 0) _exit(EXEC_FAILED);
    }
    setenv("TZ", "Asia/Kolkata", 1);
    alarm(getenv("WEIR_SOAK") ? SOAK_SECONDS : RUN_SECONDS);
    execv(arg[0], arg);
    _exit(EXEC_FAILED);
}

void nexmark_command(const struct nexmark_env *env, char *const *arg, struct nexmark_result *out) {
    *out = (struct nexmark_result){.status = -1};
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) start_program(env, arg);
    struct rusage used;
    int status = 0;
    pid_t ended = wait4(child, &status, 0, &used);
    assert(ended == child);
    if (WIFEXITED(status)) out->status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) out->signal = WTERMSIG(status);
    out->peak_kb = (uint64_t)used.ru_maxrss;
    (void)!nexmark_read(env, "out", &out->out);
    (void)!nexmark_read(env, "err", &out->err);
}

static void add_number(char **arg, uint32_t *n, char text[32], const char *form, uint32_t value) {
    if (value == 0) return;
    snprintf(text, 32, form, value);
    arg[(*n)++] = text;
}

void nexmark_run(const struct nexmark_env *env, const struct nexmark_setting *s,
                 const struct buf *script, struct nexmark_result *out) {
    char events[512], batch[32], threads[32];
    char *arg[ARGS_MAX] = {env->program, "run",         "--format", "ndjson",
                           "--define",   "folder=bids", "--define", events};
    uint32_t n = 8;
    assert(!script->failed);

    snprintf(events, sizeof events, "events=%u", s->events);
    if (s->options) {
        int rest = (int)strlen(s->options) - 1; /* the last quote is the script's */
        snprintf(events, sizeof events, "events=%u', %.*s", s->events, rest, s->options);
    }
    for (uint32_t i = 0; s->define && s->define[i]; i++) {
        arg[n++] = (char *)"--define";
        arg[n++] = (char *)s->define[i];
        assert(n < ARGS_MAX - 4);
    }
    add_number(arg, &n, batch, "--set=batch-rows=%u", s->batch_rows);
    add_number(arg, &n, threads, "--threads=%u", s->threads);
    arg[n++] = "q.sql";
    assert(n < ARGS_MAX);

    nexmark_begin(env);
    nexmark_write(env, "q.sql", script);
    nexmark_command(env, arg, out);
}

void nexmark_result_done(struct nexmark_result *r) {
    buf_done(&r->out);
    buf_done(&r->err);
}
