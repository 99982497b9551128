/* case_run.c: fork, a folder, three files for the three streams, exec; for "live" cases two pipes
 * instead, where input is given step by step and each step's output is waited for. */
#include "tests/case_run.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 64, PATH_BYTES_MAX = 1024, EXEC_FAILED = 127 };

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw) {
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void case_remove_folder(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void join(char out[PATH_BYTES_MAX], const char *folder, struct text name) {
    int bytes = snprintf(out, PATH_BYTES_MAX, "%s/%.*s", folder, TEXT_ARG(name));
    assert(bytes > 0 && bytes < PATH_BYTES_MAX);
}

static void write_file(const char *path, struct text bytes) {
    FILE *f = fopen(path, "wb");
    assert(f);
    size_t written = bytes.bytes > 0 ? fwrite(bytes.at, 1, bytes.bytes, f) : 0;
    assert(written == bytes.bytes);
    fclose(f);
}

static void read_file(const char *path, struct buf *out) {
    FILE *f = fopen(path, "rb");
    if (!f) return;
    char chunk[16384];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, f)) > 0;) buf_add(out, chunk, got);
    fclose(f);
}

/* Makes the folders of "a/b/file" in `folder`. */
static void make_parents(const char *folder, struct text name) {
    char path[PATH_BYTES_MAX];
    for (uint32_t i = 0; i < name.bytes; i++) {
        if (name.at[i] != '/') continue;
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)i, name.at);
        mkdir(path, 0777);
    }
}

void case_write_files(const struct case_spec *c, const char *folder) {
    char path[PATH_BYTES_MAX];
    struct buf script;
    buf_init(&script);

    for (uint32_t i = 0; i < c->sections; i++) {
        const struct case_section *s = &c->section[i];
        if (s->kind == SECTION_SQL) buf_add_text(&script, s->body);
        if (s->kind != SECTION_FILE && s->kind != SECTION_FILE_ESCAPED) continue;
        make_parents(folder, s->head);
        join(path, folder, s->head);
        write_file(path, s->body);
    }
    join(path, folder, TEXT_LITERAL("q.sql"));
    if (script.bytes > 0) write_file(path, buf_text(&script));
    assert(!script.failed);
    buf_done(&script);
}

uint32_t case_words(struct arena *a, struct text line, char **word, uint32_t max) {
    uint32_t count = 0;
    const char *at = line.at, *end = line.at + line.bytes;

    while (at < end && count < max) {
        if (*at == ' ') {
            at++;
            continue;
        }
        bool quoted = *at == '\'';
        at += quoted;
        const char *close = memchr(at, quoted ? '\'' : ' ', (size_t)(end - at));
        if (!close) close = end;
        word[count] = arena_copy(a, at, (size_t)(close - at));
        assert(word[count]);
        count++;
        at = close + (close < end);
    }
    return count;
}

uint32_t case_arguments(const struct case_env *env, const struct case_spec *c,
                        const struct case_variant *v, struct arena *a, char **arg) {
    const struct case_section *command = case_find(c, SECTION_COMMAND);
    const struct case_section *args = case_find(c, SECTION_ARGS);
    char text[PATH_BYTES_MAX];
    uint32_t n = 0;

    arg[n++] = arena_copy(a, env->program, strlen(env->program));
    if (command) {
        n += case_words(a, command->head, arg + n, ARGS_MAX - 16);
        arg[n] = NULL;
        return n;
    }
    n += case_words(a, TEXT_LITERAL("run --define dir=."), arg + n, 8);
    if (env->data) {
        arg[n++] = arena_copy(a, "--define", 8);
        snprintf(text, sizeof text, "data=%s", env->data);
        arg[n++] = arena_copy(a, text, strlen(text));
    }
    snprintf(text, sizeof text, "--set batch-rows=%u", v->batch_rows);
    if (v->batch_rows > 0) n += case_words(a, text_of(text), arg + n, 2);
    snprintf(text, sizeof text, "--threads %u", v->threads);
    if (v->threads > 0) n += case_words(a, text_of(text), arg + n, 2);
    if (args) n += case_words(a, args->head, arg + n, ARGS_MAX - 24);
    if (case_find(c, SECTION_SQL)) n += case_words(a, TEXT_LITERAL("q.sql"), arg + n, 1);
    arg[n] = NULL;
    return n;
}

/* In the child: streams, folder, alarm, exec. The zone is a strange one on purpose. */
static void start_program(const struct case_env *env, const char *folder, char **arg,
                          const int stream[3]) {
    for (int i = 0; i < 3; i++) dup2(stream[i], i);
    if (chdir(folder) != 0) _exit(EXEC_FAILED);
    setenv("HOME", folder, 1);
    setenv("TZ", "Asia/Kolkata", 1);
    setenv("LC_ALL", "C", 1);
    alarm(env->timeout_s);
    execv(arg[0], arg);
    _exit(EXEC_FAILED);
}

static int open_stream(const char *folder, const char *name, int flags) {
    char path[PATH_BYTES_MAX];
    join(path, folder, text_of(name));
    int fd = open(path, flags | O_CLOEXEC, 0666);
    assert(fd >= 0);
    return fd;
}

/* Reads from the program until *out has `bytes` bytes, or its end. */
static void read_upto(int fd, struct buf *out, size_t bytes) {
    char chunk[16384];
    while (out->bytes < bytes) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got <= 0) return;
        buf_add(out, chunk, (size_t)got);
    }
}

/* Gives each "in" section when the "out" sections before it have come. */
static void converse(const struct case_spec *c, pid_t child, const int pipes[2], struct buf *out) {
    int to = pipes[0], from = pipes[1];
    size_t expected = 0;
    bool ends = true;

    for (uint32_t i = 0; i < c->sections; i++) {
        const struct case_section *s = &c->section[i];
        if (s->kind == SECTION_OUT) {
            expected += s->body.bytes;
            read_upto(from, out, expected);
        }
        if (s->kind == SECTION_END) {
            close(to);
            to = -1;
        }
        if (s->kind == SECTION_SIGNAL) {
            kill(child, text_equal(s->head, TEXT_LITERAL("TERM")) ? SIGTERM : SIGINT);
            ends = false; /* the signal ends it, and not the end of its input */
        }
        if (s->kind != SECTION_IN && s->kind != SECTION_IN_ESCAPED) continue;
        if (write(to, s->body.at, s->body.bytes) != (ssize_t)s->body.bytes) break;
    }
    if (to >= 0 && ends) close(to);
    read_upto(from, out, SIZE_MAX);
    if (to >= 0 && !ends) close(to);
    close(from);
}

static void wait_program(pid_t child, struct case_result *out) {
    int status = 0;
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    out->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void run_live(const struct case_env *env, const struct case_spec *c, const char *folder,
                     char **arg, struct case_result *out) {
    int in[2], from[2];
    int made = pipe2(in, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0;
    assert(made);
    int err = open_stream(env->scratch, "err", O_WRONLY | O_CREAT | O_TRUNC);

    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) start_program(env, folder, arg, (int[]){in[0], from[1], err});
    close(in[0]);
    close(from[1]);
    close(err);
    converse(c, child, (int[]){in[1], from[0]}, &out->out);
    wait_program(child, out);
}

/* All "in" sections as the file `in` of the scratch folder. */
static void write_input(const struct case_env *env, const struct case_spec *c) {
    struct buf input;
    buf_init(&input);
    for (uint32_t i = 0; i < c->sections; i++) {
        const struct case_section *s = &c->section[i];
        if (s->kind == SECTION_IN || s->kind == SECTION_IN_ESCAPED) buf_add_text(&input, s->body);
    }
    char path[PATH_BYTES_MAX];
    join(path, env->scratch, TEXT_LITERAL("in"));
    write_file(path, buf_text(&input));
    buf_done(&input);
}

void case_prepare(const struct case_env *env, const struct case_spec *c) {
    char folder[PATH_BYTES_MAX];
    join(folder, env->scratch, TEXT_LITERAL("work"));
    case_remove_folder(folder);
    int made = mkdir(folder, 0777);
    assert(made == 0);
    case_write_files(c, folder);
    write_input(env, c);
}

static void run_with_files(const struct case_env *env, const char *folder, char **arg,
                           struct case_result *out) {
    int stream[3] = {open_stream(env->scratch, "in", O_RDONLY),
                     open_stream(env->scratch, "out", O_WRONLY | O_CREAT | O_TRUNC),
                     open_stream(env->scratch, "err", O_WRONLY | O_CREAT | O_TRUNC)};
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) start_program(env, folder, arg, stream);
    for (int i = 0; i < 3; i++) close(stream[i]);
    wait_program(child, out);

    char path[PATH_BYTES_MAX];
    join(path, env->scratch, TEXT_LITERAL("out"));
    read_file(path, &out->out);
}

/* What the program left behind: the files that a pattern matches, in byte order, joined. */
static void read_made(const struct case_spec *c, const char *folder, struct case_result *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->sections && n < CASE_MADE_MAX; i++) {
        const struct case_section *s = &c->section[i];
        if (s->kind != SECTION_MADE) continue;

        char pattern[PATH_BYTES_MAX];
        glob_t found = {0};
        join(pattern, folder, s->head);
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t k = 0; k < found.gl_pathc; k++) read_file(found.gl_pathv[k], &out->made[n]);
        }
        globfree(&found);
        n++;
    }
}

void case_run(const struct case_env *env, const struct case_spec *c, const struct case_variant *v,
              struct case_result *out) {
    char folder[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
    char *arg[ARGS_MAX];
    struct arena a;

    *out = (struct case_result){0};
    arena_init(&a, 0);
    join(folder, env->scratch, TEXT_LITERAL("work"));
    case_prepare(env, c);
    case_arguments(env, c, v, &a, arg);

    if (case_find(c, SECTION_LIVE)) {
        run_live(env, c, folder, arg, out);
    } else {
        run_with_files(env, folder, arg, out);
    }
    join(path, env->scratch, TEXT_LITERAL("err"));
    read_file(path, &out->err);
    read_made(c, folder, out);
    case_remove_folder(folder);
    arena_done(&a);
}

void case_result_done(struct case_result *r) {
    buf_done(&r->out);
    buf_done(&r->err);
    for (uint32_t i = 0; i < CASE_MADE_MAX; i++) buf_done(&r->made[i]);
}
