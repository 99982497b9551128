/* arrivals_client.h: a client of `weir run --data`: starts it, sends rows, kills it, and finds in
 * the log how much of what it sent arrived.
 *
 * Lifetime: paths outlive the client. A life begins with client_start() and ends with
 * client_kill() or client_finish().
 *
 * Used by: tests/arrivals.c
 */
#ifndef TESTS_ARRIVALS_CLIENT_H
#define TESTS_ARRIVALS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/text.h"

struct client {
    const char *weir;   /* the program */
    const char *folder; /* where it is started: has s.sql, and gets the directory `data` */
    struct text rows;   /* all that is to be sent */
    uint16_t port;      /* it listens there; 0: it reads stdin */
    pid_t child;
    int to; /* where rows are written; -1: nowhere */
    size_t sent;
};

/* Starts the program on s.sql, to be sent what did not arrive so far. */
void client_start(struct client *c);
/* Sends at most `bytes` more, as many as are taken now. false: the program has ended by itself. */
bool client_send(struct client *c, size_t bytes);
void client_kill(struct client *c);
/* Sends the rest; of a socket it waits until that has arrived. */
void client_send_all(struct client *c);
/* Sends the rest and the end; who listens is told to stop. The exit status. */
int client_finish(struct client *c);
/* A port that nobody listens on. */
uint16_t client_free_port(void);

/* How much of what came by the log's first object is in the log. */
uint64_t client_arrived(const struct client *c);
/* Runs r.sql on what was made; its output goes to the file `result`. The exit status. */
int client_ask(const struct client *c);
/* Waits so many milliseconds, to let it work. */
void client_wait(int ms);

#endif
