/* fd.c: see fd.h. */
#include "engine/edge/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "engine/base/file.h"

enum { GATHER_BYTES = 64 * 1024 };

bool fd_readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static bool wait_writable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, -1) >= 0;
}

bool fd_write(int fd, struct text bytes, const char *what, struct err *e) {
    const char *at = bytes.at;
    size_t left = bytes.bytes;
    uint32_t interrupted = 0;
    while (left > 0) {
        ssize_t n = write(fd, at, left);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
            interrupted = 0;
            continue;
        }
        bool again = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wait_writable(fd);
        if (!again && (errno != EINTR || ++interrupted == FILE_TRIES)) {
            bool full = errno == ENOSPC || errno == EDQUOT;
            return err_set(e, ERR_IO, full ? "53100" : "58030", "cannot write to %s: %s", what,
                           strerror(errno));
        }
    }
    return true;
}

bool fd_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

void fd_buffer_init(struct fd_buffer *b, int fd, const char *name) {
    *b = (struct fd_buffer){.fd = fd, .name = name};
    buf_init(&b->buf);
}

void fd_buffer_done(struct fd_buffer *b) {
    buf_done(&b->buf);
}

bool fd_buffer_flush(struct fd_buffer *b, struct err *e) {
    if (!b->failed && b->buf.bytes > 0) {
        b->failed = !fd_write(b->fd, buf_text(&b->buf), b->name, &b->failure);
        bool unread = errno == EPIPE || errno == EINTR; /* who read has had enough: no fault */
        if (b->failed && unread) {
            err_set(&b->failure, ERR_CANCEL, "57014", "nobody reads %s any more", b->name);
        }
    }
    buf_reset(&b->buf);
    if (b->failed) *e = b->failure;
    return !b->failed;
}

bool fd_buffer_added(struct fd_buffer *b, struct err *e) {
    return b->buf.bytes < GATHER_BYTES || fd_buffer_flush(b, e);
}
