/* run.c: weir run: executes scripts in order, prints results, ends when all work has ended. */
#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients/command.h"
#include "clients/present.h"
#include "clients/progress.h"
#include "clients/session.h"

enum { SCRIPT_BYTES_MAX = 64 << 20, WORDS_MAX = 1000 };

/* One thing that the command line asks for, in its order. */
struct word {
    enum word_kind { WORD_FILE, WORD_SQL, WORD_SET, WORD_DEFINE, WORD_THREADS } kind;
    const char *text;
};

/* What the command line said. */
struct run_options {
    enum present_format format;
    bool keep_going;
    const char *data; /* the directory; NULL: in memory */
    struct word word[WORDS_MAX];
    uint32_t words;
};

/* A run: what its callbacks need. */
struct run {
    const struct process *process;
    const struct run_options *options;
    struct out out, err;
    struct presenter presenter;
    struct progress progress;
    struct session *session;
    struct arena arena; /* the scripts' texts */
};

static bool run_begin(void *context, const struct schema *schema, bool changes, bool live,
                      struct err *e) {
    struct run *run = context;
    return presenter_begin(&run->presenter, schema, changes, live, e);
}

static bool run_rows(void *context, const struct batch *b, struct err *e) {
    struct run *run = context;
    progress_clear(&run->progress);
    return presenter_rows(&run->presenter, b, e);
}

static bool run_end(void *context, uint64_t rows, struct err *e) {
    struct run *run = context;
    return presenter_end(&run->presenter, rows, e);
}

static void run_notice(void *context, const char *sentence) {
    struct run *run = context;
    progress_clear(&run->progress);
    buf_addf(&run->err.buf, "NOTICE:  %s\n", sentence);
    out_flush(&run->err);
}

static void run_progress(void *context, const struct session *s) {
    struct run *run = context;
    progress_show(&run->progress, s, run->process->clock_us());
}

/* Errors go to stderr behind what stdout already has. */
static void run_error(struct run *run, const struct script *script, const struct err *e) {
    if (e->code == ERR_CANCEL) return;
    out_flush(&run->out);
    progress_clear(&run->progress);
    error_print(&run->err.buf, script, e);
    out_say(&run->err);
}

/* Who is told to stop may leave what it waits for: that is no failure. */
static enum exit_status status_of(const struct run *run, const struct err *e) {
    if (e->code == ERR_CANCEL && *run->process->stop) return EXIT_OK;
    return e->code == ERR_SQL || (e->line > 0 && e->code != ERR_IO) ? EXIT_SQL : EXIT_RUN;
}

/* Executes one script to its end, or to its first wrong statement. */
static enum exit_status run_script(struct run *run, const struct script *script) {
    enum exit_status worst = EXIT_OK;
    session_start(run->session, script);
    for (bool more = true; more && !*run->process->stop;) {
        struct err e = {.code = ERR_NONE};
        if (session_step(run->session, &more, &e)) continue;
        run_error(run, script, &e);
        if (status_of(run, &e) > worst) worst = status_of(run, &e);
        if (!run->options->keep_going || (e.code == ERR_IO && e.line == 0)) break;
    }
    return worst;
}

static bool load_script(struct run *run, const struct word *w, struct script *out, struct err *e) {
    if (w->kind == WORD_SQL) {
        *out = (struct script){.text = text_of(w->text)};
        return true;
    }
    const char *path = strcmp(w->text, "-") == 0 ? "/dev/stdin" : w->text;
    out->name = text_of(w->text);
    return file_read_all(run->process->fs, path, SCRIPT_BYTES_MAX, &run->arena, &out->text, e);
}

static bool is_script(const struct word *w) {
    return w->kind == WORD_FILE || w->kind == WORD_SQL;
}

static bool apply_setting(struct run *run, const struct word *w, struct err *e) {
    struct text value = text_of(w->text);
    if (w->kind == WORD_THREADS) {
        return session_set(run->session, TEXT_LITERAL("threads"), value, e);
    }
    const char *equal = strchr(w->text, '=');
    if (!equal || equal == w->text) {
        return err_set(e, ERR_SQL, "22023", "'%s' is not name=value", w->text);
    }
    struct text name = {.at = w->text, .bytes = (uint32_t)(equal - w->text)};
    value = text_of(equal + 1);
    return w->kind == WORD_SET ? session_set(run->session, name, value, e)
                               : session_define(run->session, name, value, e);
}

/* --set and --define hold for the scripts behind them, and for those before them too as far as
 * nothing else was said there: first all are applied, the first of a name last, and then each
 * again at its place. */
static bool apply_settings(struct run *run, struct err *e) {
    for (uint32_t i = run->options->words; i-- > 0;) {
        const struct word *w = &run->options->word[i];
        if (!is_script(w) && !apply_setting(run, w, e)) return false;
    }
    return true;
}

static enum exit_status run_word(struct run *run, const struct word *w) {
    struct err e;
    struct script script = {.name = {.bytes = 0}};
    if (!is_script(w)) return apply_setting(run, w, &e) ? EXIT_OK : EXIT_USAGE; /* not twice */
    if (load_script(run, w, &script, &e)) return run_script(run, &script);
    run_error(run, NULL, &e);
    return status_of(run, &e) == EXIT_OK ? EXIT_OK : EXIT_RUN;
}

static enum exit_status worse(enum exit_status a, enum exit_status b) {
    return a > b ? a : b;
}

static enum exit_status run_all(struct run *run) {
    enum exit_status worst = EXIT_OK;
    for (uint32_t i = 0; i < run->options->words; i++) {
        const struct word *w = &run->options->word[i];
        worst = worse(worst, run_word(run, w));
        if (worst != EXIT_OK && !run->options->keep_going) return worst;
    }

    struct err e;
    if (session_finish(run->session, &e)) return worst;
    do {
        run_error(run, NULL, &e);
        worst = worse(worst, status_of(run, &e));
    } while (session_next_failure(run->session, &e));
    return worst;
}

/* After a signal: windows that were open are dropped, and said. */
static void say_stopped(struct run *run) {
    uint64_t windows = session_open_windows(run->session);
    buf_add_str(&run->err.buf, "weir: stopped");
    if (windows > 0)
        buf_addf(&run->err.buf, "; %" PRIu64 " open window%s dropped", windows,
                 windows == 1 ? " was" : "s were");
    if (run->out.closed) buf_add_str(&run->err.buf, "; rows that nobody read were dropped");
    buf_add_char(&run->err.buf, '\n');
    out_flush(&run->err);
}

static enum exit_status run_session(struct run *run) {
    const struct process *p = run->process;
    struct session_output output = {
        .context = run,
        .begin = run_begin,
        .rows = run_rows,
        .end = run_end,
        .notice = run_notice,
        .progress = run->progress.shown_on_terminal ? run_progress : NULL,
    };
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
        .stop = p->stop,
    };
    struct err e;
    run->session = session_create(&options, &output, &e);
    if (!run->session) {
        run_error(run, NULL, &e);
        return EXIT_RUN;
    }
    if (!apply_settings(run, &e)) {
        run_error(run, NULL, &e);
        return e.code == ERR_SQL ? EXIT_USAGE : EXIT_RUN;
    }
    const char *data = run->options->data;
    if (data && !session_open_data(run->session, data, &e)) {
        run_error(run, NULL, &e);
        return EXIT_RUN;
    }
    enum exit_status status = run_all(run);
    if (*p->stop && !data) say_stopped(run);
    if (session_close_data(run->session, &e)) return status;
    run_error(run, NULL, &e);
    return EXIT_RUN;
}

static enum exit_status run_with(const struct process *p, const struct run_options *options) {
    struct run run = {.process = p, .options = options};
    out_init(&run.out, p->stdout_fd);
    out_init(&run.err, p->stderr_fd);
    arena_init(&run.arena, 0);
    presenter_init(&run.presenter, &run.out, options->format);
    progress_init(&run.progress, &run.err, isatty(p->stderr_fd) == 1, p->clock_us());

    enum exit_status status = run_session(&run);
    session_destroy(run.session);
    presenter_done(&run.presenter);
    progress_clear(&run.progress);
    out_done(&run.out);
    if (run.out.failed && !*p->stop) status = worse(status, EXIT_RUN);
    out_done(&run.err);
    arena_done(&run.arena);
    return status;
}

static const struct option long_options[] = {
    {"format", required_argument, NULL, 'f'},
    {"threads", required_argument, NULL, 't'},
    {"set", required_argument, NULL, 's'},
    {"define", required_argument, NULL, 'd'},
    {"keep-going", no_argument, NULL, 'k'},
    {"command", required_argument, NULL, 'c'},
    {"data", required_argument, NULL, 'D'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool take_option(struct run_options *o, int letter) {
    struct word w = {.text = optarg};
    switch (letter) {
    case 'f': return present_format_find(optarg, &o->format);
    case 'k': o->keep_going = true; return true;
    case 'D': o->data = optarg; return true;
    case 't': w.kind = WORD_THREADS; break;
    case 's': w.kind = WORD_SET; break;
    case 'd': w.kind = WORD_DEFINE; break;
    case 'c': w.kind = WORD_SQL; break;
    case 1: w.kind = WORD_FILE; break; /* no option: where it stands */
    default: return false;
    }
    o->word[o->words++] = w;
    return true;
}

static enum exit_status command_run_main(const struct process *p, int argc, char **argv) {
    struct run_options o = {.format = isatty(p->stdout_fd) ? PRESENT_TABLE : PRESENT_NDJSON};
    bool work = false;
    if (argc >= WORDS_MAX) return command_usage(p, &command_run, "too many arguments");

    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "-c:h", long_options, NULL)) != -1;) {
        if (letter == 'h') return command_help(p, &command_run);
        if (letter == '?') {
            return command_usage(p, &command_run, "unknown option or missing value: '%s'",
                                 argv[optind - 1]);
        }
        if (!take_option(&o, letter)) {
            return command_usage(p, &command_run, "'%s' is no format: table, csv or ndjson",
                                 optarg);
        }
        work = work || letter == 'c' || letter == 1;
    }
    for (; optind < argc; optind++, work = true) {
        o.word[o.words++] = (struct word){.kind = WORD_FILE, .text = argv[optind]};
    }
    assert(o.words <= WORDS_MAX);
    if (!work) return command_usage(p, &command_run, "nothing to run: give FILE.sql or -c 'SQL'");
    return run_with(p, &o);
}

const struct command command_run = {
    .name = "run",
    .usage = "[OPTIONS] FILE.sql... | -c 'SQL'",
    .doc = "execute statements in order, end when all work has ended",
    .help = "\n"
            "  -c, --command SQL     execute SQL; FILE '-' is standard input\n"
            "  --data DIR            state lives in DIR, and is gone on with; else in memory\n"
            "  --format FORMAT       table, csv or ndjson; table on a terminal, else ndjson\n"
            "  --threads N           workers of a query (SET threads = N)\n"
            "  --set NAME=VALUE      a setting, as SET in a script; SHOW ALL lists them\n"
            "  --define NAME=VALUE   replaces ${NAME} in the scripts\n"
            "  --keep-going          go on after a wrong statement\n"
            "\n"
            "exit status: 0 all well, 1 a statement was wrong, 2 wrong usage, 3 run-time or I/O\n",
    .run = command_run_main,
};
