/* in_listener.c: many connections as one source of bytes.
 *
 * One epoll descriptor stands for all of them. What a connection sends is given on up to its last
 * line feed; the unfinished line behind it stays with the connection, which holds no other memory.
 * Lines of different connections never mix. A line without an end that is longer than a record may
 * be is given as it is, once, and the rest of it is skipped.
 *
 * When a connection cannot be taken (no descriptor is left) the listening socket stays readable, so
 * it is not watched until one of ours has closed, or until the next read where we have none.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/edge/in_socket.h"

enum { EVENTS = 64 };

struct connection {
    struct connection *next, **link;
    int fd;
    bool skipping;   /* until the next line feed */
    struct buf line; /* unfinished */
};

struct listener {
    struct byte_source base;
    int fd, epoll_fd;
    size_t record_bytes_max;
    struct connection *connections;
    bool full; /* nobody can be taken: the listening socket is not watched */
    struct epoll_event ready[EVENTS];
    uint32_t ready_count, ready_next;
};

static void hang_up(struct connection *c) {
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    close(c->fd);
    buf_done(&c->line);
    free(c);
}

static bool watch(struct listener *l, int fd, void *who) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = who};
    return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Who waits to be taken is looked at again. */
static void make_room(struct listener *l) {
    if (l->full && watch(l, l->fd, NULL)) l->full = false;
}

/* Is it the process, or the system, that has no room for one more? */
static bool is_full(int why) {
    return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

/* Takes all who wait. */
static void accept_all(struct listener *l) {
    for (;;) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) {
            l->full = is_full(errno) && epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, l->fd, NULL) == 0;
            return;
        }
        struct connection *c = calloc(1, sizeof *c);
        if (!c || !watch(l, fd, c)) {
            free(c);
            close(fd);
            continue;
        }
        c->fd = fd;
        buf_init(&c->line);
        c->next = l->connections;
        c->link = &l->connections;
        if (c->next) c->next->link = &c->next;
        l->connections = c;
    }
}

/* Gives `held` bytes at `to`, or what is left of them up to the last line feed. */
static enum byte_status give(struct connection *c, char *to, size_t held, size_t *got_out,
                             struct err *e) {
    const char *end = memrchr(to, '\n', held);
    size_t whole = end ? (size_t)(end + 1 - to) : 0;
    buf_reset(&c->line);
    if (held > whole) buf_add(&c->line, to + whole, held - whole);
    if (c->line.failed) {
        err_memory(e);
        return BYTES_FAIL;
    }
    if (held == whole) buf_done(&c->line);
    *got_out = whole;
    return whole > 0 ? BYTES_RECORDS : BYTES_WAIT;
}

/* The bytes behind the line that is being skipped, moved to the front; how many. */
static size_t skip_line(struct connection *c, char *to, size_t held) {
    const char *end = memchr(to, '\n', held);
    if (!end) return 0;
    c->skipping = false;
    size_t rest = held - (size_t)(end + 1 - to);
    memmove(to, end + 1, rest);
    return rest;
}

/* The end of a connection: an unfinished line counts as one. */
static enum byte_status last_line(struct listener *l, struct connection *c, char *to, size_t held,
                                  size_t *got_out) {
    bool any = held > 0 && !c->skipping;
    if (any) {
        to[held] = '\n';
        *got_out = held + 1;
    }
    hang_up(c);
    make_room(l);
    return any ? BYTES_RECORDS : BYTES_WAIT;
}

static enum byte_status read_one(struct listener *l, struct connection *c, char *to,
                                 struct text room, size_t *got_out, struct err *e) {
    size_t bytes = room.bytes, held = c->line.bytes;
    if (held > 0) memcpy(to, c->line.at, held);
    ssize_t n = net_receive(c->fd, to + held, bytes - held - 1);
    if (n < 0 && errno == EAGAIN) return BYTES_WAIT;
    if (n <= 0) return last_line(l, c, to, held, got_out);
    held += (size_t)n;
    if (c->skipping) held = skip_line(c, to, held);
    enum byte_status s = give(c, to, held, got_out, e);
    if (s != BYTES_WAIT || c->line.bytes <= l->record_bytes_max) return s;
    *got_out = held + 1; /* too long: a bad record */
    to[held] = '\n';
    c->skipping = true;
    buf_done(&c->line);
    return BYTES_RECORDS;
}

static bool more_ready(struct listener *l) {
    if (l->ready_next < l->ready_count) return true;
    int n = epoll_wait(l->epoll_fd, l->ready, EVENTS, 0);
    l->ready_next = 0;
    l->ready_count = n > 0 ? (uint32_t)n : 0;
    return n > 0;
}

static enum byte_status listener_read(struct byte_source *base, void *to, size_t bytes,
                                      size_t *got_out, struct err *e) {
    struct listener *l = (struct listener *)base;
    if (!l->connections) make_room(l);
    while (more_ready(l)) {
        struct connection *c = l->ready[l->ready_next].data.ptr;
        if (!c) {
            l->ready_next++;
            accept_all(l);
            continue;
        }
        if (c->line.bytes + 2 > bytes / 2) return BYTES_ROOM;
        l->ready_next++;
        uint32_t room = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
        enum byte_status s = read_one(l, c, to, (struct text){.at = to, .bytes = room}, got_out, e);
        if (s != BYTES_WAIT) return s;
    }
    return BYTES_WAIT;
}

static void listener_poll(const struct byte_source *base, struct pollfd *out) {
    const struct listener *l = (const struct listener *)base;
    *out = (struct pollfd){.fd = l->epoll_fd, .events = POLLIN};
}

static void listener_close(struct byte_source *base) {
    struct listener *l = (struct listener *)base;
    while (l->connections) hang_up(l->connections);
    if (l->epoll_fd >= 0) close(l->epoll_fd);
    if (l->fd >= 0) close(l->fd);
    free(l);
}

static const struct byte_source_type listener_type = {
    .once = true,
    .read = listener_read,
    .poll = listener_poll,
    .close = listener_close,
};

struct byte_source *listener_open(const struct net_address *a, size_t record_bytes_max,
                                  struct err *e) {
    struct listener *l = calloc(1, sizeof *l);
    if (!l) {
        err_memory(e);
        return NULL;
    }
    l->base.type = &listener_type;
    l->record_bytes_max = record_bytes_max;
    l->epoll_fd = -1;
    l->fd = net_listen(a, e);
    if (l->fd >= 0) l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->fd >= 0 && l->epoll_fd >= 0 && watch(l, l->fd, NULL)) return &l->base;
    if (l->fd >= 0) err_set(e, ERR_IO, "58030", "cannot watch sockets: %s", strerror(errno));
    listener_close(&l->base);
    return NULL;
}
