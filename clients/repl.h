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

/* A line that begins with a backslash. */
void repl_meta(struct repl *r, struct text line);

/* Results go to the terminal again, after \o FILE. */
void repl_close_output(struct repl *r);

/* A sentence on stderr. */
void repl_say(struct repl *r, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
