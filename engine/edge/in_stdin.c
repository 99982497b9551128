/* in_stdin.c: the stdin connector: bytes from the process's standard input.
 *
 * The descriptor is shared with whoever started us, so it is not made non-blocking: it is read
 * when poll(2) says that there is something.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/edge/fd.h"
#include "engine/edge/in_bytes.h"
#include "engine/edge/in_decoding.h"

static const struct option_row options[] = {
    {NULL, NULL, NULL},
};

struct stdin_source {
    struct byte_source base;
    int fd;
};

static enum byte_status stdin_read(struct byte_source *base, void *to, size_t bytes,
                                   size_t *got_out, struct err *e) {
    const struct stdin_source *s = (const struct stdin_source *)base;
    if (!fd_readable(s->fd)) return BYTES_WAIT;
    ssize_t n = read(s->fd, to, bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return BYTES_WAIT;
    if (n < 0) {
        err_set(e, ERR_IO, "58030", "cannot read stdin: %s", strerror(errno));
        return BYTES_FAIL;
    }
    *got_out = (size_t)n;
    return n == 0 ? BYTES_END : BYTES_SOME;
}

static void stdin_poll(const struct byte_source *base, struct pollfd *out) {
    const struct stdin_source *s = (const struct stdin_source *)base;
    *out = (struct pollfd){.fd = s->fd, .events = POLLIN};
}

static void stdin_close(struct byte_source *base) {
    free(base);
}

static const struct byte_source_type stdin_source_type = {
    .once = true,
    .read = stdin_read,
    .poll = stdin_poll,
    .close = stdin_close,
};

static struct reader *stdin_open(const struct reader_options *o, struct err *e) {
    struct stdin_source *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &stdin_source_type;
    s->fd = o->env->stdin_fd;
    return byte_reader_open(o, &s->base, e);
}

static bool stdin_check(const struct stream_def *def, const struct options *o, bool *bounded_out,
                        struct err *e) {
    *bounded_out = true;
    return decoding_check(def, o, e);
}

const struct connector connector_stdin = {
    .name = "stdin",
    .doc = "Standard input, read once; it ends where the input ends. Format json if not given.",
    .option = options,
    .source_check = stdin_check,
    .reader_open = stdin_open,
};
