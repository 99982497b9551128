/* out_single.h: single: the sink of one file, to which lines are added behind what it held before.
 *
 * Without an owner they are added as they come. With one they go to .<name>.<owner>.inprogress
 * beside it, and commit() adds what the newest record covers to the file, in whole lines, so that
 * who reads it sees each row once. What is no regular file (a pipe, a device) gets its lines as
 * they come.
 *
 * Used by: out_filesystem.    Tested by: tests/unit/edge/sink_commit_test.c
 */
#ifndef ENGINE_EDGE_OUT_SINGLE_H
#define ENGINE_EDGE_OUT_SINGLE_H

#include "engine/base/file.h"
#include "engine/edge/saved.h"

/* Bytes from .. to - 1 of the hidden file belong behind byte `base` of the visible one. */
struct single_range {
    uint64_t base, from, to;
};

struct single {
    struct file_system *fs;
    char *path, *hidden;      /* malloc'ed; hidden NULL: no owner */
    struct file *file;        /* lines are added to it: the hidden one, where there is one */
    bool named;               /* the names are durable */
    struct single_range next; /* not covered by a record */
    struct single_range last; /* of the newest record */
};

struct single_options {
    struct file_system *fs;
    const char *path;
    struct text owner; /* at NULL: none */
    bool resumed;
    struct text record; /* of single_save(); at NULL: there is none */
};

/* *fresh_out: nothing was ever written to the file. */
bool single_open(struct single *s, const struct single_options *o, bool *fresh_out,
                 struct err *e) MUST_USE;
/* Does the file end inside a line, as one does whose writer was killed in a write? */
bool single_is_broken_off(const struct single *s, bool *is_out, struct err *e) MUST_USE;
bool single_write(struct single *s, struct text lines, struct err *e) MUST_USE;

/* What was written is durable, and what a record says of it. */
bool single_save(struct single *s, struct buf *out, struct err *e) MUST_USE;
/* What the newest record covers appears. */
bool single_commit(struct single *s, struct err *e) MUST_USE;
bool single_publish(struct file_system *fs, struct saved *record, struct err *e) MUST_USE;

/* Accepts one that is half open. */
void single_close(struct single *s);

#endif
