/* fd.h: the few calls on descriptors that are no files: stdin, stdout, sockets.
 *
 * Used by: in_stdin, in_socket, out_stdout, out_print, out_socket.
 */
#ifndef ENGINE_EDGE_FD_H
#define ENGINE_EDGE_FD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* Could read() or accept() go on now without waiting? */
bool fd_readable(int fd);

/* Writes all of it, waiting as long as it takes. 58030 naming `what`. */
bool fd_write(int fd, struct text bytes, const char *what, struct err *e) MUST_USE;

bool fd_nonblocking(int fd) MUST_USE;

#endif
