/* check.c: weir check: parses, binds and plans a script, runs nothing. */
#include <getopt.h>
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

static enum exit_status check_files(struct check *c, char *const *path, int paths) {
    enum exit_status worst = EXIT_OK;
    for (int i = 0; i < paths; i++) {
        enum exit_status status = check_file(c, path[i]);
        if (status > worst) worst = status;
    }
    return worst;
}

/* --define and --set; false: *e. */
static bool check_option(struct check *c, int letter, struct err *e) {
    const char *equal = strchr(optarg, '=');
    if (!equal || equal == optarg) {
        return err_set(e, ERR_SQL, "22023", "'%s' is not name=value", optarg);
    }
    struct text name = {.at = optarg, .bytes = (uint32_t)(equal - optarg)};
    struct text value = text_of(equal + 1);
    return letter == 'd' ? session_define(c->session, name, value, e)
                         : session_set(c->session, name, value, e);
}

static const struct option long_options[] = {
    {"define", required_argument, NULL, 'd'},
    {"set", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static enum exit_status check_arguments(struct check *c, int argc, char **argv) {
    const struct process *p = c->process;
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        struct err e;
        if (letter == 'h') return command_help(p, &command_check);
        if (letter == '?') {
            return command_usage(p, &command_check, "unknown option or missing value: '%s'",
                                 argv[optind - 1]);
        }
        if (check_option(c, letter, &e)) continue;
        error_print(&c->err.buf, NULL, &e);
        return e.code == ERR_SQL ? EXIT_USAGE : EXIT_RUN;
    }
    if (optind == argc) {
        return command_usage(p, &command_check, "nothing to check: give FILE.sql");
    }
    return check_files(c, argv + optind, argc - optind);
}

static struct session *check_session(struct check *c, struct err *e) {
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
        .models = p->models,
    };
    return session_create(&options, &output, e);
}

static enum exit_status command_check_main(const struct process *p, int argc, char **argv) {
    struct check c = {.process = p};
    struct err e;
    enum exit_status status = EXIT_RUN;
    out_init(&c.err, p->stderr_fd);
    arena_init(&c.arena, 0);
    c.session = check_session(&c, &e);
    if (c.session) {
        status = check_arguments(&c, argc, argv);
    } else {
        error_print(&c.err.buf, NULL, &e);
    }
    session_destroy(c.session);
    out_say(&c.err);
    out_done(&c.err);
    arena_done(&c.arena);
    return status;
}

const struct command command_check = {
    .name = "check",
    .usage = "[OPTIONS] FILE.sql...",
    .doc = "parse, bind and plan scripts, run nothing",
    .help = "\n"
            "  --define NAME=VALUE   replaces ${NAME} in the scripts\n"
            "  --set NAME=VALUE      a setting, as SET in a script\n"
            "\n"
            "exit status: 0 all well, 1 a statement was wrong, 2 wrong usage, 3 I/O\n",
    .run = command_check_main,
};
