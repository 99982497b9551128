/* check.c: weir check: parses, binds and plans a script, runs nothing. */
#include <string.h>

#include "clients/command.h"
#include "clients/out.h"
#include "clients/session.h"

enum { SCRIPT_BYTES_MAX = 64 << 20 };

struct check {
    const struct process *process;
    struct out err;
    struct session *session;
    struct arena arena;
};

static void check_notice(void *context, const char *sentence) {
    struct check *c = context;
    buf_addf(&c->err.buf, "NOTICE:  %s\n", sentence);
}

/* Every wrong statement of one file is told, not only the first. */
static enum exit_status check_file(struct check *c, const char *path) {
    struct err e;
    struct script script = {.name = text_of(path)};
    if (!file_read_all(c->process->fs, path, SCRIPT_BYTES_MAX, &c->arena, &script.text, &e)) {
        error_print(&c->err.buf, NULL, &e);
        return EXIT_RUN;
    }

    enum exit_status status = EXIT_OK;
    session_start(c->session, &script);
    for (bool more = true; more;) {
        if (session_check(c->session, &more, &e)) continue;
        error_print(&c->err.buf, &script, &e);
        status = EXIT_SQL;
    }
    return status;
}

static enum exit_status check_files(struct check *c, int argc, char **argv) {
    const struct process *p = c->process;
    struct session_output output = {.context = c, .notice = check_notice};
    struct session_options options = {
        .fs = p->fs,
        .stdin_fd = p->stdin_fd,
        .stdout_fd = p->stdout_fd,
        .stderr_fd = p->stderr_fd,
        .clock_us = p->clock_us,
        .fn = p->fn,
        .fns = p->fns,
        .agg = p->agg,
        .aggs = p->aggs,
    };
    struct err e;
    c->session = session_create(&options, &output, &e);
    if (!c->session) {
        error_print(&c->err.buf, NULL, &e);
        return EXIT_RUN;
    }
    enum exit_status worst = EXIT_OK;
    for (int i = 1; i < argc; i++) {
        enum exit_status status = check_file(c, argv[i]);
        if (status > worst) worst = status;
    }
    session_destroy(c->session);
    return worst;
}

static enum exit_status command_check_main(const struct process *p, int argc, char **argv) {
    if (argc < 2) return command_usage(p, &command_check, "nothing to check: give FILE.sql");
    if (strcmp(argv[1], "--help") == 0) return command_help(p, &command_check);
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-') continue;
        return command_usage(p, &command_check, "no option '%s'", argv[i]);
    }

    struct check c = {.process = p};
    out_init(&c.err, p->stderr_fd);
    arena_init(&c.arena, 0);
    enum exit_status status = check_files(&c, argc, argv);
    out_say(&c.err);
    out_done(&c.err);
    arena_done(&c.arena);
    return status;
}

const struct command command_check = {
    .name = "check",
    .usage = "FILE.sql...",
    .doc = "parse, bind and plan scripts, run nothing",
    .help = "\nexit status: 0 all well, 1 a statement was wrong, 2 wrong usage, 3 I/O\n",
    .run = command_check_main,
};
