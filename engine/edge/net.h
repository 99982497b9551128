/* net.h: TCP, as far as connectors need it.
 *
 * Used by: in_socket, out_socket.
 */
#ifndef ENGINE_EDGE_NET_H
#define ENGINE_EDGE_NET_H

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

/* A listening, non-blocking socket, or -1 with *e: 58030. */
int net_listen(const struct net_address *a, struct err *e);

#endif
