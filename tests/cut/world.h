/* world.h: what a session of a cut script sees: its folder, its streams, the journal; and what is
 * told of it at the end.
 *
 * Used by: tests/cut/script.c
 */
#ifndef TESTS_CUT_WORLD_H
#define TESTS_CUT_WORLD_H

#include "tests/cut/journal.h"
#include "tests/cut/point.h"
#include "tests/cut/script.h"

enum { WORLD_STATEMENTS = 256 };

struct world {
    struct cut_options *o;
    struct cut_result *out;
    struct session *session;
    struct cut_journal journal;
    struct cut_point point;
    struct script script;
    struct buf text; /* of the script */
    int in_fd, out_fd;
    uint32_t done;      /* statements */
    uint64_t rows;      /* of the SELECT */
    uint64_t until_cut; /* steps */
    bool selecting;
    bool by_hand[WORLD_STATEMENTS]; /* they changed tables, and are not repeated */
    bool muted;                     /* statements are repeated */
    struct bound_query bound;       /* of the SELECT */
    struct fn_table *fn;
    struct agg_table *agg;
};

/* The case's files and its input; then as world_open(). */
bool world_begin(struct world *w, struct err *e) MUST_USE;
/* A session; drops it. */
bool world_open(struct world *w, struct err *e) MUST_USE;
void world_close(struct world *w);
void world_end(struct world *w);

/* Appends rows to what is shown. */
bool world_show(struct world *w, const struct batch *b, struct err *e);
/* Appends an error; returns false. */
bool world_say(struct world *w, const struct err *e);
/* Appends the figures of a job. */
void world_figures(struct world *w, const struct job *j);
/* Appends the figures and the x$errors and x$late of all streams and queries, and the files. */
void world_tell(struct world *w);

#endif
