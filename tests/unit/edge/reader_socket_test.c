/* Lines over TCP on the loopback: client and listener. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/edge/edge_probe.h"

/* A listening socket on a port that was free; *port_out names it. */
static int listen_anywhere(uint16_t *port_out) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &bytes), 0);
    *port_out = ntohs(a.sin_port);
    return fd;
}

static int connect_to(uint16_t port) {
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void say(int fd, const char *text) {
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void socket_source(struct probe *p, uint16_t port, bool listens) {
    char number[8];
    probe_begin(p);
    probe_column(p, "a", &type_bigint);
    snprintf(number, sizeof number, "%u", port);
    probe_option(p, "connector", "socket");
    probe_option(p, "hostname", "127.0.0.1");
    probe_option(p, "port", arena_copy(&p->arena, number, strlen(number)));
    if (listens) probe_option(p, "listen", "true");
}

static void a_client_reads_until_the_server_ends(void **unused) {
    (void)unused;
    struct probe p;
    uint16_t port;
    int server = listen_anywhere(&port);
    socket_source(&p, port, false);
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    int peer = accept(server, NULL, NULL);
    say(peer, "{\"a\":1}\n{\"a\"");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    say(peer, ":2}\n{\"a\":3}");
    close(peer);
    assert_int_equal(probe_read(&p, r, 3), READ_END);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n");
    r->type->close(r);
    close(server);
    probe_end(&p);
}

static void nobody_there_is_an_error(void **unused) {
    (void)unused;
    struct probe p;
    uint16_t port;
    close(listen_anywhere(&port));
    socket_source(&p, port, false);
    assert_null(probe_open(&p));
    assert_string_equal(p.err.sqlstate, "58030");
    probe_end(&p);
}

/* Lines of several connections never mix, however they are cut; a line that a connection leaves
 * unfinished is a record of its own. */
static void connections_do_not_mix(void **unused) {
    (void)unused;
    struct probe p;
    uint16_t port;
    close(listen_anywhere(&port));
    socket_source(&p, port, true);
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    int one = connect_to(port), two = connect_to(port);
    say(one, "{\"a\":1}\n{\"a\":");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    say(two, "{\"a\":2}\n{\"a\":9");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    say(one, "3}\n");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    close(two);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    say(one, "{\"a\":4}\n");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    assert_non_null(strstr(p.out.at, "{\"a\":9"));
    assert_ptr_equal(strstr(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n- {\"a\":3}\n"), p.out.at);
    assert_non_null(strstr(p.out.at, "- {\"a\":4}\n"));
    close(one);
    r->type->close(r);
    probe_end(&p);
}

/* Without a descriptor for it a connection waits, and nothing wakes the reader for it; when another
 * one has closed, its turn comes. */
static void no_descriptor_left_is_waited_out(void **unused) {
    (void)unused;
    struct probe p;
    uint16_t port;
    struct rlimit before, few;
    close(listen_anywhere(&port));
    socket_source(&p, port, true);
    struct reader *r = probe_open(&p);
    assert_non_null(r);
    int one = connect_to(port);
    say(one, "{\"a\":1}\n");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    int two = connect_to(port);
    say(two, "{\"a\":2}\n");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(probe_read(&p, r, 0), READ_WAIT);
    struct pollfd wait;
    r->type->poll(r, &wait);
    int woken = poll(&wait, 1, 0) + poll(&wait, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(woken, 0);
    close(one);
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    assert_string_equal(p.out.at, "- {\"a\":1}\n- {\"a\":2}\n");
    close(two);
    r->type->close(r);
    probe_end(&p);
}

/* A line longer than a record may be is one bad row, and the line after it is good. */
static void a_line_too_long_is_skipped(void **unused) {
    (void)unused;
    struct probe p;
    uint16_t port;
    close(listen_anywhere(&port));
    socket_source(&p, port, true);
    p.env.record_bytes_max = 1000;
    struct reader *r = probe_open(&p);
    int one = connect_to(port);
    char line[3001];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (uint32_t i = 0; i < 4; i++) {
        say(one, line);
        probe_read(&p, r, 0);
    }
    say(one, "\n{\"a\":5}\n");
    assert_int_equal(probe_read(&p, r, 1), READ_WAIT);
    assert_ptr_equal(strstr(p.out.at, "bad 54000"), p.out.at);
    assert_null(strstr(p.out.at + 1, "bad"));
    assert_non_null(strstr(p.out.at, "- {\"a\":5}\n"));
    close(one);
    r->type->close(r);
    probe_end(&p);
}

/* A sink sends whole lines. */
static void a_sink_connects_and_writes(void **unused) {
    (void)unused;
    static const char *const text[] = {"1", "2"};
    struct probe p;
    uint16_t port;
    char got[64];
    int server = listen_anywhere(&port);
    socket_source(&p, port, false);
    assert_true(connector_check_sink(&p.def, false, &p.err));
    assert_false(connector_check_sink(&p.def, true, &p.err));
    assert_string_equal(p.err.sqlstate, "0A000");
    struct sink *s = connector_socket.sink_open(
        &(struct sink_options){.def = &p.def, .env = &p.env, .changes = false}, &p.err);
    assert_non_null(s);
    int peer = accept(server, NULL, NULL);
    assert_true(s->type->write(s, probe_batch(&p, 2, text), &p.err));
    assert_true(s->type->finish(s, &p.err));
    s->type->close(s);
    ssize_t n = recv(peer, got, sizeof got, MSG_WAITALL);
    assert_int_equal(n, 16);
    assert_memory_equal(got, "{\"a\":1}\n{\"a\":2}\n", 16);
    close(peer);
    close(server);
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_reads_until_the_server_ends),
        cmocka_unit_test(nobody_there_is_an_error),
        cmocka_unit_test(connections_do_not_mix),
        cmocka_unit_test(no_descriptor_left_is_waited_out),
        cmocka_unit_test(a_line_too_long_is_skipped),
        cmocka_unit_test(a_sink_connects_and_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
