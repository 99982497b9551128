/* out_socket.c: the socket connector as a sink: lines to a server that we connect to. */
#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/option.h"
#include "engine/edge/fd.h"
#include "engine/edge/in_socket.h"
#include "engine/edge/out_lines.h"

enum { GATHER_BYTES = 64 * 1024 };

struct socket_sink {
    struct sink base;
    int fd;
    struct line_writer writer;
    struct buf buf;
};

static bool socket_flush(struct sink *base, struct err *e) {
    struct socket_sink *s = (struct socket_sink *)base;
    if (s->buf.bytes == 0) return true;
    bool ok = fd_write(s->fd, buf_text(&s->buf), "the socket", e);
    buf_reset(&s->buf);
    return ok;
}

static bool socket_write(struct sink *base, const struct batch *b, struct err *e) {
    struct socket_sink *s = (struct socket_sink *)base;
    if (!line_writer_add(&s->writer, b, &s->buf, e)) return false;
    return s->buf.bytes < GATHER_BYTES || socket_flush(base, e);
}

static void socket_sink_close(struct sink *base) {
    if (!base) return;
    struct socket_sink *s = (struct socket_sink *)base;
    if (s->fd >= 0) close(s->fd);
    line_writer_done(&s->writer);
    buf_done(&s->buf);
    free(s);
}

static const struct sink_type socket_sink_type = {
    .write = socket_write,
    .flush = socket_flush,
    .finish = socket_flush,
    .close = socket_sink_close,
};

bool socket_sink_check(const struct stream_def *def, bool changes, struct err *e) {
    struct net_address address;
    return net_read_options(&def->options, NULL, &address, e) &&
           sink_check_changes(def, changes, e);
}

struct sink *socket_sink_open(const struct sink_options *o, struct err *e) {
    struct net_address address;
    if (!net_read_options(&o->def->options, NULL, &address, e)) return NULL;
    struct socket_sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &socket_sink_type;
    s->fd = -1;
    buf_init(&s->buf);
    if (line_writer_init(&s->writer, o->def, o->changes, e) &&
        line_writer_begin(&s->writer, &s->buf, e)) { /* the other side begins anew, too */
        s->fd = net_connect(&address, e);
    }
    if (s->fd >= 0) return &s->base;
    socket_sink_close(&s->base);
    return NULL;
}
