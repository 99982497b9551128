/* out.c: see out.h. */
#include "clients/out.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { OUT_FLUSH_BYTES = 1 << 16 };

void out_init(struct out *o, int fd) {
    *o = (struct out){.fd = fd};
    buf_init(&o->buf);
}

void out_init_file(struct out *o, struct file *file) {
    out_init(o, -1);
    o->file = file;
}

void out_done(struct out *o) {
    out_flush(o);
    buf_done(&o->buf);
}

static bool write_fd(struct out *o, const char *at, size_t bytes) {
    uint32_t interrupted = 0;
    for (size_t sent = 0; sent < bytes;) {
        ssize_t n = write(o->fd, at + sent, bytes - sent);
        if (n >= 0) {
            sent += (size_t)n;
            interrupted = 0;
        } else if (errno != EINTR || ++interrupted == FILE_TRIES) {
            o->full = errno == ENOSPC;
            o->closed = errno == EPIPE || errno == EINTR;
            return false;
        }
    }
    return true;
}

bool out_flush(struct out *o) {
    struct err unused;
    if (o->buf.failed) o->failed = true;
    if (!o->failed && o->buf.bytes > 0) {
        o->failed = !(o->file ? file_write(o->file, o->buf.at, o->buf.bytes, &unused)
                              : write_fd(o, o->buf.at, o->buf.bytes));
    }
    buf_reset(&o->buf);
    return !o->failed;
}

void out_say(struct out *o) {
    static const char no_memory[] = "ERROR:  53200: out of memory\n";
    if (o->buf.failed) {
        buf_reset(&o->buf);
        if (!o->file && !write_fd(o, no_memory, sizeof no_memory - 1)) o->failed = true;
    }
    out_flush(o);
}

bool out_maybe_flush(struct out *o) {
    return o->buf.bytes < OUT_FLUSH_BYTES && !o->buf.failed ? !o->failed : out_flush(o);
}

bool out_check(const struct out *o, struct err *e) {
    if (!o->failed) return true;
    if (o->closed) return err_set(e, ERR_CANCEL, "57014", "nobody reads the output any more");
    return err_set(e, ERR_IO, o->full ? "53100" : "58030", "cannot write the output%s",
                   o->full ? ": no space left" : "");
}

void out_hold_streams(void) {
    static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = 0; fd < (int)COUNT_OF(flags); fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        int held = open("/dev/null", flags[fd]); /* the lowest that is free: `fd` */
        assert(held == fd || held < 0);
    }
}
