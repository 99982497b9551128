/* repl.c: weir repl: an interactive shell on an engine inside the process. */
#include "clients/repl.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sql/parse.h"

enum { SCRIPT_BYTES_MAX = 64 << 20, HISTORY_PATH_MAX = 4096 };

/* The terminal shows ^C where the cursor was. */
static void leave_line(struct repl *r) {
    buf_add_char(&r->out.buf, '\n');
    out_flush(&r->out);
}

static bool repl_begin(void *context, const struct schema *schema, bool changes, bool live,
                       struct err *e) {
    struct repl *r = context;
    return presenter_begin(&r->presenter, schema, changes, live, e);
}

static bool repl_rows(void *context, const struct batch *b, struct err *e) {
    struct repl *r = context;
    return presenter_rows(&r->presenter, b, e);
}

static bool repl_end(void *context, uint64_t rows, struct err *e) {
    struct repl *r = context;
    if (*r->process->stop != 0) leave_line(r);
    return presenter_end(&r->presenter, rows, e);
}

static void repl_notice(void *context, const char *sentence) {
    repl_say(context, "NOTICE:  %s", sentence);
}

static void repl_command(void *context, const char *tag) {
    struct repl *r = context;
    buf_addf(&r->out.buf, "%s\n", tag);
    out_flush(&r->out);
}

void repl_say(struct repl *r, const char *format, ...) {
    char sentence[500];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    out_flush(&r->out);
    buf_addf(&r->err.buf, "%s\n", sentence);
    out_flush(&r->err);
}

/* After Ctrl-C: the session stays, what ran is over. SIGTERM ends the session, too. */
static bool take_interrupt(struct repl *r) {
    int stop = *r->process->stop;
    if (stop == 0) return false;
    if (stop == SIGTERM) r->quit = true;
    *r->process->stop = 0;
    repl_say(r, "Cancelled.");
    return true;
}

static void say_timing(struct repl *r, int64_t start_us) {
    if (!r->timing) return;
    double ms = (double)(r->process->clock_us() - start_us) / 1000;
    buf_addf(&r->out.buf, "Time: %.3f ms\n", ms);
    out_flush(&r->out);
}

/* What went wrong in the background since the last statement. */
static void tell_background(struct repl *r) {
    struct err e;
    session_tell_news(r->session);
    while (session_next_failure(r->session, &e)) {
        error_print(&r->err.buf, NULL, &e);
        out_say(&r->err);
    }
}

/* Executes `script`; errors show its lines where it is `typed`. */
static bool execute(struct repl *r, const struct script *script, bool typed) {
    bool all_well = true;
    session_start(r->session, script);
    for (bool more = true; more;) {
        struct err e;
        int64_t start_us = r->process->clock_us();
        bool done = session_step(r->session, &more, &e);
        if (take_interrupt(r)) return false;
        if (!done) {
            out_flush(r->results);
            error_print(&r->err.buf, typed ? script : NULL, &e);
            out_say(&r->err);
            all_well = false;
        }
        tell_background(r);
        if (done && more) say_timing(r, start_us);
    }
    return all_well;
}

bool repl_execute(struct repl *r, const struct script *script) {
    return execute(r, script, true);
}

bool repl_execute_hidden(struct repl *r, struct text sql) {
    struct script script = {.text = sql};
    return execute(r, &script, false);
}

static void remember(struct repl *r, struct text entry) {
    if (r->edit && entry.bytes > 0) line_edit_remember(r->edit, entry);
}

/* Executes what has been typed up to `ready`; what stands behind it begins the next statement. */
static void execute_input(struct repl *r, uint32_t ready) {
    struct text typed = buf_text(&r->input);
    struct script script = {.text = {.at = typed.at, .bytes = ready}};
    remember(r, script.text);
    repl_execute(r, &script);
    buf_reset(&r->last);
    buf_add_text(&r->last, script.text);
    struct text rest = {.at = typed.at + ready, .bytes = typed.bytes - ready};
    uint32_t unused;
    if (sql_input_state(rest, &unused) == SQL_INPUT_EMPTY) rest.bytes = 0;
    while (rest.bytes > 0 && strchr(" \t\r\n", rest.at[0])) {
        rest.at++;
        rest.bytes--;
    }
    memmove(r->input.at, rest.at, rest.bytes);
    r->input.bytes = rest.bytes;
}

static struct text trim(struct text t) {
    while (t.bytes > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.bytes--;
    }
    while (t.bytes > 0 && strchr(" \t\r\n", t.at[t.bytes - 1])) t.bytes--;
    return t;
}

/* help, quit and exit are words only at the start of a statement. */
static bool take_word(struct repl *r, struct text line) {
    static const char *const leave[] = {"quit", "exit", "quit;", "exit;"};
    struct text word = trim(line);
    for (size_t i = 0; i < COUNT_OF(leave); i++) {
        if (text_equal_fold(word, text_of(leave[i]))) r->quit = true;
    }
    if (r->quit) return true;
    if (word.bytes > 0 && word.at[0] == '\\') {
        repl_meta(r, word);
        return true;
    }
    if (!text_equal_fold(word, TEXT_LITERAL("help")) &&
        !text_equal_fold(word, TEXT_LITERAL("help;"))) {
        return false;
    }
    repl_meta(r, TEXT_LITERAL("\\?"));
    return true;
}

static void take_line(struct repl *r, struct text line) {
    uint32_t ready;
    if (sql_input_state(buf_text(&r->input), &ready) == SQL_INPUT_EMPTY && take_word(r, line)) {
        remember(r, trim(line));
        buf_reset(&r->input);
        return;
    }
    buf_add_text(&r->input, line);
    buf_add_char(&r->input, '\n');
    if (r->input.failed) {
        repl_say(r, "out of memory: the statement is given up");
        buf_done(&r->input);
        return;
    }
    sql_input_state(buf_text(&r->input), &ready);
    if (ready > 0) execute_input(r, ready);
}

static const char *prompt_for(const struct repl *r) {
    uint32_t unused;
    switch (sql_input_state(buf_text(&r->input), &unused)) {
    case SQL_INPUT_EMPTY:
    case SQL_INPUT_COMPLETE: return "weir> ";
    case SQL_INPUT_OPEN: return "   -> ";
    case SQL_INPUT_QUOTE: return "   '> ";
    case SQL_INPUT_COMMENT: return "   *> ";
    }
    return "weir> ";
}

void repl_give_up_line(struct repl *r) {
    if (*r->process->stop == SIGTERM) r->quit = true;
    *r->process->stop = 0;
    buf_reset(&r->input);
    leave_line(r);
}

static void loop(struct repl *r) {
    while (!r->quit) {
        struct text line;
        switch (line_edit_read(r->edit, prompt_for(r), &line)) {
        case LINE_READ: take_line(r, line); break;
        case LINE_INTERRUPTED: repl_give_up_line(r); break;
        case LINE_END: leave_line(r); return;
        }
    }
}

static void repl_idle(void *context) {
    struct repl *r = context;
    session_background(r->session, r->process->stdin_fd);
}

static void repl_complete(void *context, struct text word, void *each_context,
                          void (*each)(void *each_context, struct text name)) {
    struct repl *r = context;
    uint32_t unused;
    enum sql_input state = sql_input_state(buf_text(&r->input), &unused);
    if (state == SQL_INPUT_QUOTE || state == SQL_INPUT_COMMENT) return;
    session_complete(r->session, word, each_context, each);
}

static enum exit_status interactive(struct repl *r) {
    char path[HISTORY_PATH_MAX];
    int bytes = snprintf(path, sizeof path, "%s/.weir_history", r->process->home);
    bool kept = r->process->home && bytes > 0 && (size_t)bytes < sizeof path;
    struct line_edit_options o = {
        .stdin_fd = r->process->stdin_fd,
        .stdout_fd = r->process->stdout_fd,
        .stderr_fd = r->process->stderr_fd,
        .history_path = kept ? path : NULL,
        .stop = r->process->stop,
        .context = r,
        .idle = repl_idle,
        .complete = repl_complete,
    };
    struct err e;
    r->edit = line_edit_open(&o, &e);
    if (!r->edit) {
        repl_say(r, "weir: %s", e.message);
        return EXIT_RUN;
    }
    buf_add_str(&r->out.buf, "weir " WEIR_VERSION "; help for help\n");
    out_flush(&r->out);
    loop(r);
    line_edit_close(r->edit);
    return EXIT_OK;
}

/* stdin is no terminal: it is a script. */
static enum exit_status from_stdin(const struct process *p, char *data) {
    char run[] = "run", dash[] = "-", option[] = "--data";
    char *argv[] = {run, dash, option, data, NULL};
    return command_run.run(p, data ? 4 : 2, argv);
}

static enum exit_status repl_session(struct repl *r, const char *data) {
    const struct process *p = r->process;
    struct session_output output = {
        .context = r,
        .begin = repl_begin,
        .rows = repl_rows,
        .end = repl_end,
        .notice = repl_notice,
        .command = repl_command,
    };
    struct session_options options = {
        .fs = p->fs,
        .stdin_fd = -1, /* the prompt reads it */
        .stdout_fd = p->stdout_fd,
        .stderr_fd = p->stderr_fd,
        .clock_us = p->clock_us,
        .stop = p->stop,
        .interactive = true,
        .fn = p->fn,
        .fns = p->fns,
        .agg = p->agg,
        .aggs = p->aggs,
        .models = p->models,
    };
    struct err e;
    r->session = session_create(&options, &output, &e);
    bool open = r->session && (!data || session_open_data(r->session, data, &e));
    enum exit_status status = open ? interactive(r) : EXIT_RUN;
    bool closed = !open || session_close_data(r->session, &e);
    session_destroy(r->session);
    if (!open || !closed) {
        repl_say(r, "weir: %s", e.message);
        return EXIT_RUN;
    }
    return status;
}

static const struct option long_options[] = {
    {"data", required_argument, NULL, 'D'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static enum exit_status command_repl_main(const struct process *p, int argc, char **argv) {
    char *data = NULL;
    optind = 1;
    opterr = 0;
    for (int letter; (letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (letter == 'h') return command_help(p, &command_repl);
        if (letter != 'D') {
            return command_usage(p, &command_repl, "unknown option or missing value: '%s'",
                                 argv[optind - 1]);
        }
        data = optarg;
    }
    if (optind < argc) return command_usage(p, &command_repl, "no option '%s'", argv[optind]);
    if (!isatty(p->stdin_fd)) return from_stdin(p, data);

    struct repl r = {.process = p};
    *p->patient = 1;
    out_init(&r.out, p->stdout_fd);
    out_init(&r.err, p->stderr_fd);
    r.results = &r.out;
    arena_init(&r.settings, 0);
    buf_init(&r.input);
    buf_init(&r.last);
    presenter_init(&r.presenter, &r.out, PRESENT_TABLE);

    enum exit_status status = repl_session(&r, data);
    presenter_done(&r.presenter);
    repl_close_output(&r);
    buf_done(&r.input);
    buf_done(&r.last);
    arena_done(&r.settings);
    out_done(&r.out);
    out_done(&r.err);
    return status;
}

const struct command command_repl = {
    .name = "repl",
    .usage = "[--data DIR]",
    .doc = "interactive shell on an engine inside the process",
    .help = "\n  --data DIR            state lives in DIR, and is gone on with; else in memory\n"
            "\nA standard input that is no terminal is read as a script.\n"
            "\\? at the prompt lists its commands.\n",
    .run = command_repl_main,
};
