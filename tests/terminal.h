/* terminal: a program on a pseudo-terminal: what is typed to it, and what it shows.
 *
 * Nothing here sleeps or counts on speed: each step waits for text, up to a deadline that only a
 * program that hangs reaches. What is shown is kept twice: as it came, and plain, without escape
 * sequences and carriage returns.
 *
 * Used by: tests/repl.c.
 */
#ifndef TESTS_TERMINAL_H
#define TESTS_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/buf.h"

struct terminal {
    int fd; /* of the master */
    pid_t pid;
    struct buf raw, plain; /* all that was shown */
    size_t at;             /* in plain: behind what was waited for last */
    uint32_t escape;       /* bytes of an escape sequence passed so far */
    bool ended;            /* the program has closed the terminal */
};

struct terminal_options {
    const char *const *argv; /* ends with NULL */
    const char *home;        /* its $HOME and working folder */
    uint16_t columns;
};

/* Starts the program. What cannot fail by the program's fault is asserted. */
void terminal_open(struct terminal *t, const struct terminal_options *o);

void terminal_type(struct terminal *t, const char *keys);

/* Waits until `text` is shown behind what was waited for before, and goes behind it; false: it is
 * not, and what is there instead has been told on stderr. */
bool terminal_wait(struct terminal *t, const char *text) MUST_USE;

/* terminal_type with a line end, and waits for the echo. */
bool terminal_line(struct terminal *t, const char *line) MUST_USE;

/* Waits for the program's end; its exit status, or 128 + the signal. */
int terminal_close(struct terminal *t);

#endif
