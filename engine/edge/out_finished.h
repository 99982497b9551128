/* out_finished.h: finished: the files of a sink that are whole and wait for the checkpoint that
 * covers them, and what a record of them does.
 *
 * A sink with an owner writes hidden files, .part-<owner>-<number>.<format>.inprogress, that nobody
 * else writes; so what such a file holds beyond the last record, and every such file that it does
 * not name, is left from a crash and thrown away.
 *
 * Used by: out_part, out_filesystem.    Tested by: tests/unit/edge/sink_commit_test.c
 */
#ifndef ENGINE_EDGE_OUT_FINISHED_H
#define ENGINE_EDGE_OUT_FINISHED_H

#include "engine/base/file.h"
#include "engine/edge/saved.h"

struct finished_file {
    struct finished_file *next;
    bool covered;    /* by the newest record */
    char *temporary; /* malloc'ed; NULL: the file is empty, and not made yet */
    char *final;     /* behind the struct */
};

struct finished {
    struct file_system *fs;
    const char *owner;  /* NULL: files get their names when they are finished */
    const char *folder; /* of the sink */
    uint32_t files;     /* names given so far */
    struct finished_file *first;
};

/* Copies the names. `temporary` NULL: an empty file, to be made. */
bool finished_add(struct finished *f, const char *temporary, const char *final,
                  struct err *e) MUST_USE;
/* The names in a folder of the sink, and of the folders above it, are durable. */
bool finished_sync_folders(const struct finished *f, const char *path, struct err *e) MUST_USE;
/* Makes the file so long: 58030 where it is shorter. */
bool finished_cut(const struct finished *f, const char *path, uint64_t bytes,
                  struct err *e) MUST_USE;

/* All that are there as bytes, covered from now on. */
void finished_save(struct finished *f, struct buf *out);
/* Likewise those that are covered, and no others. */
void finished_save_covered(const struct finished *f, struct buf *out);
/* Gives those of a record their names, where that was not done. */
bool finished_publish(struct finished *f, struct saved *s, struct err *e) MUST_USE;
/* Forgets those that are covered: they have their names. */
void finished_forget(struct finished *f);

/* Removes the owner's hidden files, in the folder and so many levels below it, but those that
 * `keeps` says. */
struct finished_sweep {
    uint32_t levels;
    void *context;
    bool (*keeps)(void *context, const char *path);
};
bool finished_sweep(const struct finished *f, const struct finished_sweep *o,
                    struct err *e) MUST_USE;

void finished_done(struct finished *f);

#endif
