/* net.c: see net.h. */
#include "engine/edge/net.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/option.h"

enum { CONNECT_MS = 10000, BACKLOG = 1024 };

bool net_read_options(const struct options *o, const char *default_host, struct net_address *out,
                      struct err *e) {
    const struct option *host = option_find(o, "hostname"), *port = option_find(o, "port");
    struct text name = host ? host->value : text_of(default_host ? default_host : "");
    int64_t number = 0;
    if (name.bytes == 0) {
        return err_set(e, ERR_SQL, "22023", "connector 'socket' needs the option 'hostname'");
    }
    if (!port) return err_set(e, ERR_SQL, "22023", "connector 'socket' needs the option 'port'");
    if (!option_i64(o, "port", &number, e)) return false;
    if (number < 1 || number > 65535) return option_error(port, e, "a port is 1 to 65535");
    if (name.bytes >= sizeof out->host) return option_error(host, e, "the name is too long");
    memcpy(out->host, name.at, name.bytes);
    out->host[name.bytes] = '\0';
    snprintf(out->port, sizeof out->port, "%d", (int)number);
    return true;
}

static struct addrinfo *resolve(const struct net_address *a, int flags, struct err *e) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(a->host, a->port, &hints, &found);
    if (rc == 0) return found;
    err_set(e, ERR_IO, "58030", "cannot find %s: %s", a->host, gai_strerror(rc));
    return NULL;
}

static int socket_for(const struct addrinfo *i) {
    return socket(i->ai_family, i->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, i->ai_protocol);
}

/* 0, or the errno. */
static int connect_one(int fd, const struct addrinfo *i) {
    if (connect(fd, i->ai_addr, i->ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int ready = poll(&p, 1, CONNECT_MS);
    if (ready < 0) return errno;
    if (ready == 0) return ETIMEDOUT;
    int why = 0;
    socklen_t bytes = sizeof why;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &bytes) == 0 ? why : errno;
}

int net_connect(const struct net_address *a, struct err *e) {
    struct addrinfo *all = resolve(a, 0, e);
    if (!all) return -1;
    int fd = -1, why = 0;
    for (const struct addrinfo *i = all; i && fd < 0; i = i->ai_next) {
        fd = socket_for(i);
        why = fd < 0 ? errno : connect_one(fd, i);
        if (why == 0 || fd < 0) continue;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(all);
    if (fd < 0) {
        err_set(e, ERR_IO, "58030", "cannot connect to %s port %s: %s", a->host, a->port,
                strerror(why));
    }
    return fd;
}

ssize_t net_receive(int fd, void *to, size_t bytes) {
    size_t got = 0;
    while (got < bytes) {
        ssize_t n = recv(fd, (char *)to + got, bytes - got, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return got > 0 ? (ssize_t)got : n; /* an end or error is met again */
        got += (size_t)n;
    }
    return (ssize_t)got;
}

static int listen_one(const struct addrinfo *i) {
    int one = 1;
    int fd = socket_for(i);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, i->ai_addr, i->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

int net_listen(const struct net_address *a, struct err *e) {
    struct addrinfo *all = resolve(a, AI_PASSIVE, e);
    if (!all) return -1;
    int fd = -1;
    for (const struct addrinfo *i = all; i && fd < 0; i = i->ai_next) fd = listen_one(i);
    int why = errno;
    freeaddrinfo(all);
    if (fd < 0) {
        err_set(e, ERR_IO, "58030", "cannot listen on %s port %s: %s", a->host, a->port,
                strerror(why));
    }
    return fd;
}
