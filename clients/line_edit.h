/* line_edit.h: lines typed at a terminal, with editing, history and completion (libedit's door).
 *
 * Lifetime: line_edit_open .. line_edit_close, which saves the history.
 *
 * Used by: clients/repl.    Tested by: tests/repl
 */
#ifndef CLIENTS_LINE_EDIT_H
#define CLIENTS_LINE_EDIT_H

#include <signal.h>

#include "engine/base/err.h"
#include "engine/base/text.h"

struct line_edit;

struct line_edit_options {
    int stdin_fd, stdout_fd, stderr_fd;
    const char *history_path;          /* NULL: none is kept */
    const volatile sig_atomic_t *stop; /* Ctrl-C: gives up the line */
    void *context;
    /* Called while nobody types; returns soon after a byte can be read from stdin_fd. NULL: none */
    void (*idle)(void *context);
    /* Calls each() for every word that may stand where `word` has been begun. */
    void (*complete)(void *context, struct text word, void *each_context,
                     void (*each)(void *each_context, struct text name));
};

enum line_result { LINE_READ, LINE_INTERRUPTED, LINE_END };

struct line_edit *line_edit_open(const struct line_edit_options *o, struct err *e) MUST_USE;

/* One line without its end, valid until the next call. */
enum line_result line_edit_read(struct line_edit *l, const char *prompt, struct text *out);

/* Remembers a whole statement, as one entry. */
void line_edit_remember(struct line_edit *l, struct text statement);

void line_edit_close(struct line_edit *l); /* accepts NULL */

#endif
