/* net.h: TCP, as far as connectors need it.
 *
 * Used by: in_socket, out_socket.
 */
#ifndef ENGINE_EDGE_NET_H
#define ENGINE_EDGE_NET_H

#include <sys/types.h>

#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/stream_def.h"

/* 'hostname' and 'port'. */
struct net_address {
    char host[256];
    char port[8];
};

/* 22023 where they are missing or wrong. */
bool net_read_options(const struct options *o, const char *default_host, struct net_address *out,
                      struct err *e) MUST_USE;

/* A connected, non-blocking socket, or -1 with *e: 58030. Waits at most ten seconds. */
int net_connect(const struct net_address *a, struct err *e);

/* Reads what is there, in as many calls as it takes: full buffers make full batches. As recv(2): 0
 * at the end, -1 with errno EAGAIN when nothing is there. */
ssize_t net_receive(int fd, void *to, size_t bytes) MUST_USE;

/* A listening, non-blocking socket, or -1 with *e: 58030. */
int net_listen(const struct net_address *a, struct err *e);

#endif
