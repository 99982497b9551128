/* arrivals_client.c: see arrivals_client.h. */
#include "tests/arrivals_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/file_posix.h"
#include "storage/log.h"
#include "storage/log_kind.h"

enum { PATH_BYTES_MAX = 1024, TRIES_MAX = 20000, EXEC_FAILED = 127, HEAD_BYTES = 17 };

void client_wait(int ms) {
    (void)!poll(NULL, 0, ms);
}

static void path_of(char out[PATH_BYTES_MAX], const struct client *c, const char *name) {
    int bytes = snprintf(out, PATH_BYTES_MAX, "%s/%s", c->folder, name);
    assert(bytes > 0 && bytes < PATH_BYTES_MAX);
}

uint64_t client_arrived(const struct client *c) {
    char path[PATH_BYTES_MAX];
    struct err e;
    struct log_record r;
    uint64_t end = 0;
    bool got = true;
    path_of(path, c, "data");
    if (access(path, F_OK) != 0) return 0;
    struct log_reader *log = log_reader_open(file_system_posix(), path, 0, &e);
    assert(log);
    while (log_reader_next(log, &r, &got, &e) && got) {
        uint64_t at;
        if (r.kind != LOG_ARRIVAL || r.body.bytes <= HEAD_BYTES) continue;
        memcpy(&at, r.body.at + 1, sizeof at);
        if (at + r.body.bytes - HEAD_BYTES > end) end = at + r.body.bytes - HEAD_BYTES;
    }
    log_reader_close(log);
    return end;
}

static void to_file(const char *path, int fd, int flags) {
    int file = open(path, flags | O_CREAT, 0666);
    if (file < 0 || dup2(file, fd) < 0) _exit(EXEC_FAILED);
    close(file);
}

static pid_t run(const struct client *c, const char *script, int in, const char *out) {
    pid_t child = fork();
    assert(child >= 0);
    if (child > 0) return child;
    if (chdir(c->folder) != 0 || (in >= 0 && dup2(in, STDIN_FILENO) < 0)) _exit(EXEC_FAILED);
    if (in < 0) to_file("/dev/null", STDIN_FILENO, O_RDONLY);
    to_file(out, STDOUT_FILENO, O_WRONLY | O_TRUNC);
    to_file("said", STDERR_FILENO, O_WRONLY | O_APPEND);
    alarm(120);
    execl(c->weir, c->weir, "run", "--data", "data", "--set", "checkpoint-interval=20 ms", "--set",
          "batch-rows=16", script, (char *)NULL);
    _exit(EXEC_FAILED);
}

static bool is_running(const struct client *c) {
    siginfo_t ended = {.si_pid = 0};
    int asked = waitid(P_PID, (id_t)c->child, &ended, WEXITED | WNOHANG | WNOWAIT);
    return asked == 0 && ended.si_pid == 0;
}

/* When the program has come so far that it listens. */
static void dial(struct client *c) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(c->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < TRIES_MAX && c->to < 0 && is_running(c); i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0) {
            c->to = fd;
        } else {
            close(fd);
            client_wait(1);
        }
    }
}

void client_start(struct client *c) {
    int ends[2] = {-1, -1};
    c->sent = client_arrived(c);
    c->to = -1;
    if (c->port == 0) {
        int made = pipe2(ends, O_CLOEXEC);
        assert(made == 0);
        c->to = ends[1];
    }
    c->child = run(c, "s.sql", ends[0], "out");
    if (ends[0] >= 0) close(ends[0]);
    if (c->port > 0) dial(c);
    if (c->to >= 0) fcntl(c->to, F_SETFL, O_NONBLOCK);
}

bool client_send(struct client *c, size_t bytes) {
    if (bytes > c->rows.bytes - c->sent) bytes = c->rows.bytes - c->sent;
    if (!is_running(c)) return false;
    if (bytes == 0 || c->to < 0) return true;
    ssize_t n = write(c->to, c->rows.at + c->sent, bytes);
    if (n > 0) c->sent += (size_t)n;
    return n > 0 || errno == EAGAIN;
}

static void hang_up(struct client *c) {
    if (c->to >= 0) close(c->to);
    c->to = -1;
}

void client_kill(struct client *c) {
    kill(c->child, SIGKILL);
    waitpid(c->child, NULL, 0);
    hang_up(c);
}

static int status_of(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void client_send_all(struct client *c) {
    while (c->sent < c->rows.bytes && client_send(c, c->rows.bytes)) {
        struct pollfd p = {.fd = c->to, .events = POLLOUT};
        (void)!poll(&p, 1, 100);
    }
    for (int i = 0; c->port > 0 && i < TRIES_MAX && client_arrived(c) < c->rows.bytes; i++) {
        client_wait(1);
    }
}

int client_finish(struct client *c) {
    client_send_all(c);
    if (c->port > 0) kill(c->child, SIGTERM);
    hang_up(c);
    return status_of(c->child);
}

int client_ask(const struct client *c) {
    return status_of(run(c, "r.sql", -1, "result"));
}

uint16_t client_free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    int bound = bind(fd, (struct sockaddr *)&at, sizeof at);
    int known = getsockname(fd, (struct sockaddr *)&at, &bytes);
    assert(bound == 0 && known == 0);
    close(fd);
    return ntohs(at.sin_port);
}
