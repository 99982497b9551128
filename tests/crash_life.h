/* crash_life.h: a life: one run of a script by a session, over a simulated file system.
 *
 * A life begins with the files that are there, runs its script to the end, and ends: in order, by
 * an error, by a stop, or because the machine stopped. What it leaves behind is asked of the file
 * system.
 *
 * A followed input has no end: its pieces come while it is read, one before each read, as if
 * somebody wrote it meanwhile; when all have come the life is told to stop.
 *
 * Used by: tests/crash.c
 */
#ifndef TESTS_CRASH_LIFE_H
#define TESTS_CRASH_LIFE_H

#include <signal.h>

#include "engine/base/arena.h"
#include "engine/base/text.h"
#include "storage/file_sim.h"

struct life_tables; /* the functions of the language */

struct life_tables *life_tables_create(void) MUST_USE;
void life_tables_destroy(struct life_tables *t);

struct life_input {
    const char *path; /* a file; of `many`, a folder, of which each piece is a file */
    bool follow, many;
    uint32_t pieces, rows;
};

struct life {
    const struct life_tables *tables;
    const char *script;
    struct life_input input;
    struct file_sim *sim;
    bool data;      /* with a data directory, and a checkpoint every few steps */
    uint32_t lives; /* so far */
    uint32_t given; /* pieces */
    uint32_t idle;  /* reads of the last piece since all were given */
    volatile sig_atomic_t stop;
    bool trace;
    struct err e; /* of the first failure */
};

/* An empty disk for a life, with the life looking on: l->sim. */
void life_begin(struct life *l, uint64_t seed);
/* All of the input is there, or its first piece, where it is followed. */
void life_feed(struct life *l);
/* Runs the script; false: it failed, l->e. */
bool life_run(struct life *l) MUST_USE;
/* Nothing may be open. */
void life_end(struct life *l);

/* Files, in byte order of their paths. */
struct life_file {
    char *path;
    struct text bytes;
};

struct life_files {
    struct life_file *at; /* [count] in `arena` */
    uint32_t count;
    struct arena arena;
};

/* All files of the folder and those below it. */
void life_files_read(struct life_files *f, struct file_sim *sim, const char *folder);
void life_files_done(struct life_files *f);
/* NULL: there is none. */
const struct life_file *life_files_find(const struct life_files *f, const char *path);

#endif
