/* fd.h: the few calls on descriptors that are no files: stdin, stdout, sockets.
 *
 * fd_buffer: what is to be written to one descriptor, gathered from all who write there, so that it
 * stands there in the order in which it was given.
 *
 * Used by: in_stdin, in_socket, out_stdout, out_print, out_socket.
 */
#ifndef ENGINE_EDGE_FD_H
#define ENGINE_EDGE_FD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/attr.h"
#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* Could read() or accept() go on now without waiting? */
bool fd_readable(int fd);

/* Writes all of it, waiting as long as it takes. 58030 naming `what`. */
bool fd_write(int fd, struct text bytes, const char *what, struct err *e) MUST_USE;

bool fd_nonblocking(int fd) MUST_USE;

struct fd_buffer {
    int fd;
    const char *name; /* for errors */
    struct buf buf;   /* whole lines, added by who writes */
    bool failed;
    struct err failure; /* of the first write that failed: nothing is written after it */
};

void fd_buffer_init(struct fd_buffer *b, int fd, const char *name);
void fd_buffer_done(struct fd_buffer *b);
/* What was added so far is one batch more: writes when it has become much. */
bool fd_buffer_added(struct fd_buffer *b, struct err *e) MUST_USE;
bool fd_buffer_flush(struct fd_buffer *b, struct err *e) MUST_USE;

#endif
