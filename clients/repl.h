/* repl.h: what the repl and its backslash commands share.
 *
 * Used by: clients/repl*.c only.
 */
#ifndef CLIENTS_REPL_H
#define CLIENTS_REPL_H

#include "clients/command.h"
#include "clients/line_edit.h"
#include "clients/present.h"
#include "clients/session.h"

struct repl {
    const struct process *process;
    struct session *session;
    struct line_edit *edit;
    struct out out, err; /* out: the terminal, or the file of \o */
    struct out *results; /* where results go: &out or &file */
    struct out file;     /* \o FILE */
    struct file *output; /* of \o; NULL: none */
    struct presenter presenter;
    struct arena settings; /* \pset values, paths of scripts */
    struct buf input;      /* the statement being typed */
    struct buf last;       /* the last statement executed: \watch, \g */
    bool timing;
    bool quit;
    uint32_t include_depth; /* of \i */
    enum exit_status status;
};

/* Executes every statement of `script`; false: one was wrong, or it was interrupted. */
bool repl_execute(struct repl *r, const struct script *script);

/* The same for statements that the user has not typed: errors show no line of theirs. */
bool repl_execute_hidden(struct repl *r, struct text sql);

/* A line that begins with a backslash. */
void repl_meta(struct repl *r, struct text line);

/* Ctrl-C where nothing runs: what was typed is given up. SIGTERM: the session ends. */
void repl_give_up_line(struct repl *r);

/* \h: how a statement is written, or which there are. */
void repl_help_sql(struct repl *r, struct text argument);

/* Results go to the terminal again, after \o FILE. */
void repl_close_output(struct repl *r);

/* A sentence on stderr. */
void repl_say(struct repl *r, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
