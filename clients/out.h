/* out.h: a file descriptor or a file with a buffer before it; where clients print.
 *
 * Errors are sticky: after a failed write, or without memory, `failed` is set and nothing more is
 * written; the owner looks once.
 *
 * Lifetime: out_init .. out_done; the descriptor or file is borrowed.
 *
 * Used by: clients.
 */
#ifndef CLIENTS_OUT_H
#define CLIENTS_OUT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/file.h"

struct out {
    int fd; /* -1: `file` it is */
    struct file *file;
    bool failed;
    bool full, closed; /* why: no room (ENOSPC), nobody reads any more (EPIPE) */
    struct buf buf;
};

void out_init(struct out *o, int fd);
void out_init_file(struct out *o, struct file *file);
void out_done(struct out *o); /* flushes */

/* Writes what is buffered; false: failed. */
bool out_flush(struct out *o);
/* Writes a sentence that was made in memory; without memory, that there is none. For errors. */
void out_say(struct out *o);

/* Flushes when much is buffered: to be called after each row or batch. */
bool out_maybe_flush(struct out *o);

/* When failed: 53100 without room, ERR_CANCEL when nobody reads any more, else 58030. */
bool out_check(const struct out *o, struct err *e) MUST_USE;

/* A stream that we were started without must not be the first file that is opened: reading or
 * writing it fails as if it were still closed. */
void out_hold_streams(void);

#endif
