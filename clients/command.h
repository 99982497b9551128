/* command.h: the commands of the weir program, a file and a row of main.c's table each.
 *
 * Used by: clients.    Tested by: tests/cases/command
 */
#ifndef CLIENTS_COMMAND_H
#define CLIENTS_COMMAND_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/aggregate.h"
#include "engine/base/file.h"
#include "engine/base/fn.h"

struct model_type;

/* Exit statuses, as docs/reference promises them. */
enum exit_status { EXIT_OK = 0, EXIT_SQL = 1, EXIT_USAGE = 2, EXIT_RUN = 3 };

/* What main() gives a command of the process it runs in. */
struct process {
    struct file_system *fs;
    int stdin_fd, stdout_fd, stderr_fd;
    int64_t (*clock_us)(void);
    volatile sig_atomic_t *stop; /* the signal that came last: SIGINT, SIGTERM; 0: none */
    /* Set: a second SIGINT does not end the process, as somebody types it at a prompt. */
    volatile sig_atomic_t *patient;
    const char *home;          /* $HOME, or NULL */
    const struct fn_table *fn; /* [fns] the functions of the language */
    uint32_t fns;
    const struct agg_table *agg; /* [aggs] */
    uint32_t aggs;
    const struct model_type *const *models; /* providers; the last is NULL */
};

struct command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *doc;   /* one line for --help */
    const char *help;  /* the rest of COMMAND --help */
    enum exit_status (*run)(const struct process *p, int argc, char **argv);
};

extern const struct command command_run, command_repl, command_check, command_log;

/* "weir: <sentence>" and "Try 'weir <command> --help'." on stderr; returns EXIT_USAGE. */
enum exit_status command_usage(const struct process *p, const struct command *c, const char *format,
                               ...) PRINTF_LIKE(3, 4);

/* Usage and help on stdout; returns EXIT_OK. */
enum exit_status command_help(const struct process *p, const struct command *c);

#endif
