/* terminal.c: see terminal.h. */
#include "tests/terminal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE_MS = 60000, EXEC_FAILED = 127 };

/* Ctrl-C leaves alone what was written and is not read yet: the kernel would drop it, and whether
 * the program's answer to a first Ctrl-C is read before a second one depends on the machine. */
static bool keep_output(int fd) {
    struct termios modes;
    if (tcgetattr(fd, &modes) != 0) return false;
    modes.c_lflag |= NOFLSH;
    return tcsetattr(fd, TCSANOW, &modes) == 0;
}

/* The slave becomes the terminal of a new session, and all three streams. */
static void become(const char *slave, const struct terminal_options *o) {
    setsid();
    int fd = open(slave, O_RDWR); /* of a session without one, it becomes the terminal */
    struct winsize size = {.ws_row = 24, .ws_col = o->columns};
    bool ready = fd >= 0 && ioctl(fd, TIOCSWINSZ, &size) == 0 && keep_output(fd);
    for (int i = 0; i < 3; i++) ready = ready && dup2(fd, i) == i;
    ready = ready && chdir(o->home) == 0 && setenv("HOME", o->home, 1) == 0 &&
            setenv("TERM", "xterm", 1) == 0;
    if (ready) execv(o->argv[0], (char *const *)(uintptr_t)o->argv);
    _exit(EXEC_FAILED);
}

void terminal_open(struct terminal *t, const struct terminal_options *o) {
    *t = (struct terminal){.fd = posix_openpt(O_RDWR | O_NOCTTY)};
    buf_init(&t->raw);
    buf_init(&t->plain);
    assert(t->fd >= 0);
    char slave[64];
    bool granted =
        grantpt(t->fd) == 0 && unlockpt(t->fd) == 0 && ptsname_r(t->fd, slave, sizeof slave) == 0;
    assert(granted);
    t->pid = fork();
    assert(t->pid >= 0);
    if (t->pid > 0) return;
    close(t->fd);
    become(slave, o);
}

void terminal_type(struct terminal *t, const char *keys) {
    size_t left = strlen(keys);
    while (left > 0) {
        ssize_t n = write(t->fd, keys, left);
        assert(n > 0);
        keys += n;
        left -= (size_t)n;
    }
}

/* ESC [ parameters letter, or ESC and one character. */
static void add_plain(struct terminal *t, char c) {
    if (t->escape > 0) {
        bool more = t->escape == 1 ? c == '[' : c < '@';
        t->escape = more ? t->escape + 1 : 0;
    } else if (c == '\033') {
        t->escape = 1;
    } else if (c != '\r' && c != '\a') {
        buf_add_char(&t->plain, c);
    }
}

/* More of what is shown; false: the program closed the terminal, or says nothing. */
static bool receive(struct terminal *t) {
    char chunk[4096];
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    int ready = poll(&p, 1, DEADLINE_MS);
    if (ready < 0 && errno == EINTR) return true;
    if (ready <= 0) return false;
    ssize_t n = read(t->fd, chunk, sizeof chunk);
    t->ended = n <= 0;
    for (ssize_t i = 0; i < n; i++) add_plain(t, chunk[i]);
    if (n > 0) buf_add(&t->raw, chunk, (size_t)n);
    assert(!t->raw.failed && !t->plain.failed);
    return n > 0;
}

bool terminal_wait(struct terminal *t, const char *text) {
    size_t bytes = strlen(text);
    for (;;) {
        const char *from = t->plain.at + t->at;
        size_t left = t->plain.bytes - t->at;
        const char *found = left > 0 ? memmem(from, left, text, bytes) : NULL;
        if (found) {
            t->at = (size_t)(found - t->plain.at) + bytes;
            return true;
        }
        if (receive(t)) continue;
        fprintf(stderr, "waited for \"%s\" until %s; shown since: \"%.*s\"\n", text,
                t->ended ? "the program ended" : "the deadline", (int)(t->plain.bytes - t->at),
                t->plain.at ? t->plain.at + t->at : "");
        return false;
    }
}

bool terminal_line(struct terminal *t, const char *line) {
    terminal_type(t, line);
    terminal_type(t, "\n");
    return terminal_wait(t, line) && terminal_wait(t, "\n");
}

int terminal_close(struct terminal *t) {
    while (!t->ended && receive(t)) continue;
    if (!t->ended) kill(t->pid, SIGKILL);
    int status = 0;
    pid_t ended = waitpid(t->pid, &status, 0);
    assert(ended == t->pid);
    close(t->fd);
    buf_done(&t->raw);
    buf_done(&t->plain);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
