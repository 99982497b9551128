/* stop.c: one SIGINT or SIGTERM ends the program also while nobody takes what it writes.
 *
 * usage: stop WEIR
 *
 * A query that never ends writes into a pipe or a named pipe until that is full; then the
 * program is told to stop. Nothing is timed: what never ends is the suite's time limit's to find.
 */
#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIPE_BYTES = 4096, SQL_BYTES = 600, ERR_BYTES = 1000 };

#define SOURCE                                                                                     \
    "CREATE STREAM s (a BIGINT, t TEXT) WITH ('connector' = 'datagen', 'rows-per-second' = "       \
    "'100000000'); "

struct program {
    pid_t pid;
    int out, full; /* ends of its stdout: nobody reads it, and `full` is asked whether it is full */
    int err;       /* we read it */
};

static void start(struct program *p, const char *weir, const char *sql) {
    int out[2], err[2];
    assert(pipe2(out, O_CLOEXEC) == 0);
    assert(pipe2(err, O_CLOEXEC) == 0);
    assert(fcntl(out[0], F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    p->pid = fork();
    assert(p->pid >= 0);
    if (p->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execl(weir, weir, "run", "-c", sql, (char *)NULL);
        _exit(127);
    }
    close(err[1]);
    p->out = out[0];
    p->full = out[1];
    p->err = err[0];
}

/* Is it asleep? It makes rows for ever, so it is only where it waits for a reader. */
static bool sleeps(const struct program *p) {
    char path[64], stat[200] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)p->pid);
    FILE *f = fopen(path, "r");
    assert(f);
    assert(fgets(stat, sizeof stat, f));
    fclose(f);
    const char *name_end = strrchr(stat, ')');
    return name_end && strncmp(name_end, ") S", 3) == 0;
}

/* Until the pipe, of which `end` is an end that can be written, is full, and it waits. */
static void wait_blocked(const struct program *p, int end) {
    struct pollfd full = {.fd = end, .events = POLLOUT};
    while (poll(&full, 1, 0) > 0 || !sleeps(p)) sched_yield();
}

/* Ends with `status`; `said` stands in what it said. */
static void expect_end(struct program *p, int status, const char *said) {
    char text[ERR_BYTES] = "";
    int ended;
    assert(waitpid(p->pid, &ended, 0) == p->pid);
    assert(WIFEXITED(ended));
    ssize_t n = read(p->err, text, sizeof text - 1);
    if (WEXITSTATUS(ended) != status || !strstr(text, said))
        fprintf(stderr, "exit %d after \"%s\"\n", WEXITSTATUS(ended), n > 0 ? text : "");
    assert(WEXITSTATUS(ended) == status && strstr(text, said));
    close(p->out);
    close(p->full);
    close(p->err);
}

static const char *const statements[] = {
    SOURCE "SELECT a, t FROM s",
    SOURCE "SELECT t, COUNT(*) AS n FROM s GROUP BY t",
    SOURCE "CREATE STREAM o (a BIGINT, t TEXT) WITH ('connector' = 'stdout');"
           "INSERT INTO o SELECT a, t FROM s",
    SOURCE "CREATE STREAM o (a BIGINT, t TEXT) WITH ('connector' = 'print');"
           "INSERT INTO o SELECT a, t FROM s",
};

static void one_signal_ends_it(const char *weir, const char *sql, int number) {
    struct program p;
    start(&p, weir, sql);
    wait_blocked(&p, p.full);
    kill(p.pid, number);
    expect_end(&p, 0, "weir: stopped");
}

static void a_second_signal_ends_at_once(const char *weir) {
    struct program p;
    start(&p, weir, statements[0]);
    wait_blocked(&p, p.full);
    kill(p.pid, SIGINT);
    kill(p.pid, SIGTERM);
    expect_end(&p, 130, "");
}

static void a_named_pipe_that_nobody_reads(const char *weir) {
    char folder[] = "/tmp/weir-stop-XXXXXX", path[100], sql[SQL_BYTES];
    struct program p;
    assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.csv", folder);
    assert(mkfifo(path, 0600) == 0);
    int reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert(reader >= 0 && fcntl(reader, F_SETPIPE_SZ, PIPE_BYTES) >= PIPE_BYTES);
    snprintf(sql, sizeof sql,
             SOURCE "CREATE STREAM o (a BIGINT, t TEXT) WITH ('connector' = 'filesystem', "
                    "'path' = '%s', 'format' = 'csv'); INSERT INTO o SELECT a, t FROM s",
             path);
    start(&p, weir, sql);
    wait_blocked(&p, reader);
    kill(p.pid, SIGINT);
    expect_end(&p, 0, "weir: stopped");
    close(reader);
    unlink(path);
    rmdir(folder);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: stop WEIR\n");
        return 2;
    }
    int passed = 0;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++, passed++)
        one_signal_ends_it(argv[1], statements[i], i % 2 ? SIGTERM : SIGINT);
    a_second_signal_ends_at_once(argv[1]);
    a_named_pipe_that_nobody_reads(argv[1]);
    printf("%d passed, 0 failed\n", passed + 2);
    return 0;
}
