/* in_socket.c: the socket connector: lines over TCP, from a server that we connect to or, with
 * 'listen', from all who connect to us.
 */
#include "engine/edge/in_socket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/option.h"
#include "engine/edge/in_decoding.h"

static const struct option_row options[] = {
    {"hostname", "a name or address", "The server, or the address to listen on; 127.0.0.1 then."},
    {"port", "integer", "Its port."},
    {"listen", "true | false",
     "Accept connections, any number, and read lines of all of them in the order of arrival."},
    {"byte-delimiter", "'10'", "Records end with a line feed."},
    {NULL, NULL, NULL},
};

struct socket_source {
    struct byte_source base;
    int fd;
};

static enum byte_status socket_read(struct byte_source *base, void *to, size_t bytes,
                                    size_t *got_out, struct err *e) {
    const struct socket_source *s = (const struct socket_source *)base;
    ssize_t n = net_receive(s->fd, to, bytes);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return BYTES_WAIT;
    if (n < 0) {
        err_set(e, ERR_IO, "58030", "cannot read from the socket: %s", strerror(errno));
        return BYTES_FAIL;
    }
    *got_out = (size_t)n;
    return n == 0 ? BYTES_END : BYTES_SOME;
}

static void socket_poll(const struct byte_source *base, struct pollfd *out) {
    const struct socket_source *s = (const struct socket_source *)base;
    *out = (struct pollfd){.fd = s->fd, .events = POLLIN};
}

static void socket_close(struct byte_source *base) {
    struct socket_source *s = (struct socket_source *)base;
    if (s->fd >= 0) close(s->fd);
    free(s);
}

static const struct byte_source_type socket_source_type = {
    .once = true,
    .read = socket_read,
    .poll = socket_poll,
    .close = socket_close,
};

static struct byte_source *client_open(const struct net_address *a, struct err *e) {
    struct socket_source *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->base.type = &socket_source_type;
    s->fd = net_connect(a, e);
    if (s->fd >= 0) return &s->base;
    socket_close(&s->base);
    return NULL;
}

static bool read_address(const struct options *o, bool *listen_out, struct net_address *out,
                         struct err *e) {
    *listen_out = false;
    return option_bool(o, "listen", listen_out, e) &&
           net_read_options(o, *listen_out ? "127.0.0.1" : NULL, out, e);
}

static struct reader *socket_open(const struct reader_options *o, struct err *e) {
    struct arena a;
    struct options merged;
    struct net_address address;
    bool listens;
    arena_init(&a, 0);
    bool ok = options_merge(&a, &o->def->options, &o->hint, &merged, e) &&
              read_address(&merged, &listens, &address, e);
    arena_done(&a);
    if (!ok) return NULL;
    struct byte_source *s =
        listens ? listener_open(&address, o->env->record_bytes_max, e) : client_open(&address, e);
    return s ? byte_reader_open(o, s, e) : NULL;
}

static bool socket_check(const struct stream_def *def, const struct options *o, bool *bounded_out,
                         struct err *e) {
    struct net_address address;
    bool listens;
    if (!read_address(o, &listens, &address, e)) return false;
    *bounded_out = false;
    return decoding_check(def, o, e);
}

const struct connector connector_socket = {
    .name = "socket",
    .doc = "Lines over TCP, read or written. Format json if not given.",
    .option = options,
    .source_check = socket_check,
    .reader_open = socket_open,
    .sink_check = socket_sink_check,
    .sink_open = socket_sink_open,
};
