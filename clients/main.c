/* main.c: the weir program: what a process gives its commands, and which commands there are.
 *
 * The only file with writable globals (a signal handler can reach nothing else), and, beside the
 * runner's loop, the only one that reads the clock.
 */
#include <assert.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "clients/command.h"
#include "clients/out.h"
#include "storage/file_posix.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { FN_TABLES_MAX = 64 };

static volatile sig_atomic_t stop_asked, patient;
static timer_t ticks; /* SIGALRM: it interrupts what waits, see file.h */
static bool ticks_made;

static const struct command *const commands[] = {&command_run, &command_repl, &command_check,
                                                 &command_log};

static void on_stop_signal(int number) {
    if (patient && number == SIGINT) {
        if (!stop_asked) stop_asked = number;
        return;
    }
    if (stop_asked == SIGTERM || (stop_asked && !patient)) _exit(130);
    stop_asked = number;
    const struct timespec tick = {.tv_nsec = FILE_TICK_US * 1000L};
    if (ticks_made) timer_settime(ticks, 0, &(struct itimerspec){tick, tick}, NULL);
}

/* Only interrupts what waits. */
static void on_tick(int number) {
    (void)number;
}

static int64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void catch_signals(void) {
    struct sigaction stop = {.sa_handler = on_stop_signal};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    struct sigaction tick = {.sa_handler = on_tick};
    sigaction(SIGALRM, &tick, NULL);
    ticks_made = timer_create(CLOCK_MONOTONIC, NULL, &ticks) == 0;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL); /* a reader that went is a failed write */
}

enum exit_status command_usage(const struct process *p, const struct command *c, const char *format,
                               ...) {
    char sentence[200];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);

    struct out err;
    out_init(&err, p->stderr_fd);
    buf_addf(&err.buf, "weir: %s\nTry 'weir%s%s --help'.\n", sentence, c ? " " : "",
             c ? c->name : "");
    out_done(&err);
    return EXIT_USAGE;
}

/* Ends what was printed on stdout; says so where it could not be. */
static enum exit_status printed(const struct process *p, struct out *out) {
    out_done(out);
    if (!out->failed) return EXIT_OK;
    struct out err;
    out_init(&err, p->stderr_fd);
    buf_add_str(&err.buf, "weir: cannot write the output\n");
    out_say(&err);
    out_done(&err);
    return EXIT_RUN;
}

enum exit_status command_help(const struct process *p, const struct command *c) {
    struct out out;
    out_init(&out, p->stdout_fd);
    buf_addf(&out.buf, "weir %s%s%s\n  %s\n%s", c->name, c->usage[0] ? " " : "", c->usage, c->doc,
             c->help);
    return printed(p, &out);
}

static enum exit_status general_help(const struct process *p) {
    struct out out;
    out_init(&out, p->stdout_fd);
    buf_add_str(&out.buf, "weir " WEIR_VERSION ": continuous SQL over streams\n\n"
                          "usage: weir [COMMAND] [OPTIONS]; without a command: repl\n\n");
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        buf_addf(&out.buf, "  %-6s %s\n", commands[i]->name, commands[i]->doc);
    }
    buf_add_str(&out.buf, "\n'weir COMMAND --help' says more. --version prints the version.\n");
    return printed(p, &out);
}

static enum exit_status version(const struct process *p) {
    struct out out;
    out_init(&out, p->stdout_fd);
    buf_add_str(&out.buf, "weir " WEIR_VERSION "\n");
    return printed(p, &out);
}

static enum exit_status no_command(const struct process *p, const char *word) {
    char names[80] = "";
    size_t used = 0;
    for (size_t i = 0; i < COUNT_OF(commands) && used < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 commands[i]->name);
    }
    return command_usage(p, NULL, "no command '%s'; there are %s", word, names);
}

static enum exit_status run_command(const struct process *p, int argc, char **argv) {
    if (argc < 2) return command_repl.run(p, argc, argv);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return general_help(p);
    if (strcmp(argv[1], "--version") == 0) return version(p);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return commands[i]->run(p, argc - 1, argv + 1);
        }
    }
    if (argv[1][0] == '-') return command_repl.run(p, argc, argv);
    return no_command(p, argv[1]);
}

int main(int argc, char **argv) {
    out_hold_streams();
    struct fn_table fn[FN_TABLES_MAX];
    struct agg_table agg[UDF_AGGREGATE_TABLES];
    assert(fn_table_count <= FN_TABLES_MAX);
    fn_tables_copy(fn);
    udf_aggregates(agg);

    struct process p = {
        .fs = file_system_posix(),
        .stdin_fd = STDIN_FILENO,
        .stdout_fd = STDOUT_FILENO,
        .stderr_fd = STDERR_FILENO,
        .clock_us = clock_us,
        .stop = &stop_asked,
        .patient = &patient,
        .home = getenv("HOME"),
        .fn = fn,
        .fns = fn_table_count,
        .agg = agg,
        .aggs = UDF_AGGREGATE_TABLES,
        .models = udf_models(),
    };
    setlocale(LC_CTYPE, "C.UTF-8"); /* widths of characters in tables; numbers stay C's */
    catch_signals();
    return (int)run_command(&p, argc, argv);
}
