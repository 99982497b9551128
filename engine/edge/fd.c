/* fd.c: see fd.h. */
#include "engine/edge/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

bool fd_readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

static bool wait_writable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

bool fd_write(int fd, struct text bytes, const char *what, struct err *e) {
    const char *at = bytes.at;
    size_t left = bytes.bytes;
    while (left > 0) {
        ssize_t n = write(fd, at, left);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
            continue;
        }
        bool again = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wait_writable(fd);
        if (!again && errno != EINTR) {
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
