/* in_socket.h: what the files of the socket connector share.
 *
 * Used by: in_socket, in_listener, out_socket.
 */
#ifndef ENGINE_EDGE_IN_SOCKET_H
#define ENGINE_EDGE_IN_SOCKET_H

#include "engine/edge/in_bytes.h"
#include "engine/edge/net.h"

/* Accepts connections; whole lines of all of them in the order of arrival. NULL: see *e. */
struct byte_source *listener_open(const struct net_address *a, size_t record_bytes_max,
                                  struct err *e) MUST_USE;

bool socket_sink_check(const struct stream_def *def, bool changes, struct err *e);
struct sink *socket_sink_open(const struct sink_options *o, struct err *e);

#endif
