/* file_posix.c: files of this machine through the system's calls.
 *
 * Calls broken off by a signal are repeated; a short write is continued, a short read is given as
 * it is (the interface says "up to"). Errors name the path and the system's reason; a full disk is
 * 53100, all else 58030.
 */
#include "storage/file_posix.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_MODE = 0666,
    DIRECTORY_MODE = 0777,
    REASON_BYTES = 100,
    IO_BYTES_MAX = 1 << 30, /* Linux moves at most 2^31 - 4096 bytes a call */
    NAMES_MIN = 64,
};

struct posix_file {
    struct file base;
    int fd;
    char path[];
};

/* "cannot <verb> <path>: <reason>" from errno. */
static bool fail(struct err *e, const char *verb, const char *path) {
    int code = errno;
    char text[REASON_BYTES];
    if (code == EINTR) /* FILE_TRIES times */
        return err_set(e, ERR_CANCEL, "57014", "no more waiting to %s %s", verb, path);
    const char *reason = strerror_r(code, text, sizeof text); /* GNU: returns the text */
    bool full = code == ENOSPC || code == EDQUOT;
    return err_set(e, ERR_IO, full ? "53100" : "58030", "cannot %s %s: %s", verb, path, reason);
}

static struct posix_file *posix(struct file *f) {
    return (struct posix_file *)f;
}

static int open_flags(uint32_t flags) {
    int how = flags & FILE_WRITE ? flags & FILE_READ ? O_RDWR : O_WRONLY : O_RDONLY;
    if (flags & FILE_CREATE) how |= O_CREAT;
    if (flags & FILE_EXCLUSIVE) how |= O_EXCL;
    if (flags & FILE_TRUNCATE) how |= O_TRUNC;
    if (flags & FILE_APPEND) how |= O_APPEND;
    if (flags & FILE_DIRECT) how |= O_DIRECT | O_DSYNC;
    if (flags & FILE_PATIENT) how |= O_NONBLOCK;
    return how | O_CLOEXEC;
}

/* open(2) again after signals; -1: errno says why. */
static int open_again(const char *path, int how) {
    int fd;
    do fd = open(path, how, FILE_MODE);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static struct file *posix_open(struct file_system *fs, const char *path, uint32_t flags,
                               struct err *e) {
    size_t bytes = strlen(path) + 1;
    struct posix_file *f = malloc(sizeof *f + bytes);
    if (!f) {
        err_memory(e);
        return NULL;
    }
    f->base.fs = fs;
    memcpy(f->path, path, bytes);
    f->fd = open_again(path, open_flags(flags));
    if (f->fd < 0) {
        fail(e, "open", path);
        free(f);
        return NULL;
    }
    return &f->base;
}

static void posix_close(struct file *f) {
    if (!f) return;
    close(posix(f)->fd); /* not repeated: after EINTR the descriptor is gone on Linux */
    free(f);
}

static size_t io_bytes(size_t bytes) {
    return bytes < IO_BYTES_MAX ? bytes : IO_BYTES_MAX;
}

/* A pipe without a writer so far is not ready; one that all writers have left is at its end. */
static bool posix_ready(struct file *f) {
    struct pollfd p = {.fd = posix(f)->fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

/* Who reads a pipe before it is ready() waits here, and who writes to one that is full. */
static bool wait_for(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, -1) >= 0;
}

/* After read() or write(): is it worth another try? Other than a file, a pipe may keep one waiting
 * for ever. */
static bool try_again(int fd, short events, uint32_t *interrupted) {
    if (errno == EAGAIN && wait_for(fd, events)) return true;
    return errno == EINTR && ++*interrupted < FILE_TRIES;
}

static bool posix_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) {
    int fd = posix(f)->fd;
    uint32_t interrupted = 0;
    ssize_t n;
    do n = read(fd, to, io_bytes(bytes));
    while (n < 0 && try_again(fd, POLLIN, &interrupted));
    if (n < 0) return fail(e, "read", posix(f)->path);
    *got_out = (size_t)n;
    return true;
}

static bool posix_read_at(struct file *f, uint64_t offset, void *to, size_t bytes, size_t *got_out,
                          struct err *e) {
    ssize_t n;
    do n = pread(posix(f)->fd, to, io_bytes(bytes), (off_t)offset);
    while (n < 0 && errno == EINTR);
    if (n < 0) return fail(e, "read", posix(f)->path);
    *got_out = (size_t)n;
    return true;
}

static bool posix_write(struct file *f, const void *from, size_t bytes, struct err *e) {
    const char *at = from;
    uint32_t interrupted = 0;
    while (bytes > 0) {
        int fd = posix(f)->fd;
        ssize_t n = write(fd, at, io_bytes(bytes));
        if (n < 0 && try_again(fd, POLLOUT, &interrupted)) continue;
        if (n < 0) return fail(e, "write", posix(f)->path);
        interrupted = 0;
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool posix_write_at(struct file *f, uint64_t offset, const void *from, size_t bytes,
                           struct err *e) {
    const char *at = from;
    while (bytes > 0) {
        ssize_t n = pwrite(posix(f)->fd, at, io_bytes(bytes), (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(e, "write", posix(f)->path);
        at += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool posix_sync(struct file *f, struct err *e) {
    return fdatasync(posix(f)->fd) == 0 || fail(e, "sync", posix(f)->path);
}

static bool posix_truncate(struct file *f, uint64_t size_bytes, struct err *e) {
    int rc;
    do rc = ftruncate(posix(f)->fd, (off_t)size_bytes);
    while (rc != 0 && errno == EINTR);
    return rc == 0 || fail(e, "truncate", posix(f)->path);
}

static struct file_info info_of(const struct stat *s) {
    return (struct file_info){
        .size_bytes = (uint64_t)s->st_size,
        .inode = s->st_ino,
        .device = s->st_dev,
        .modified_us = (int64_t)s->st_mtim.tv_sec * 1000000 + s->st_mtim.tv_nsec / 1000,
        .is_directory = S_ISDIR(s->st_mode),
        .is_regular = S_ISREG(s->st_mode),
        .is_pipe = S_ISFIFO(s->st_mode),
    };
}

static bool posix_info(struct file *f, struct file_info *out, struct err *e) {
    struct stat s;
    if (fstat(posix(f)->fd, &s) != 0) return fail(e, "examine", posix(f)->path);
    *out = info_of(&s);
    return true;
}

static bool posix_lock(struct file *f, struct err *e) {
    int rc;
    do rc = flock(posix(f)->fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0) return true;
    if (errno != EWOULDBLOCK) return fail(e, "lock", posix(f)->path);
    return err_set(e, ERR_IO, "55006", "%s is locked by another process", posix(f)->path);
}

static bool posix_stat(struct file_system *fs, const char *path, struct file_info *out,
                       struct err *e) {
    (void)fs;
    struct stat s;
    if (stat(path, &s) != 0) return fail(e, "examine", path);
    *out = info_of(&s);
    return true;
}

static bool posix_rename(struct file_system *fs, const char *from, const char *to, struct err *e) {
    (void)fs;
    return rename(from, to) == 0 || fail(e, "rename", from);
}

static bool posix_remove(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    return remove(path) == 0 || fail(e, "remove", path);
}

static bool is_directory(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* One directory of the path; one that is there already is well. */
static bool directory_make(const char *path, struct err *e) {
    if (mkdir(path, DIRECTORY_MODE) == 0) return true;
    int code = errno;
    if (is_directory(path)) return true;
    errno = code;
    return fail(e, "make directory", path);
}

static bool posix_make_directory(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    size_t bytes = strlen(path);
    char *part = malloc(bytes + 1);
    if (!part) return err_memory(e);
    memcpy(part, path, bytes + 1);

    bool ok = true;
    for (size_t i = 1; ok && i <= bytes; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        char kept = part[i];
        part[i] = '\0';
        ok = directory_make(part, e);
        part[i] = kept;
    }
    free(part);
    return ok;
}

static bool posix_sync_directory(struct file_system *fs, const char *path, struct err *e) {
    (void)fs;
    int fd = open_again(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(e, "open", path);
    bool ok = fsync(fd) == 0 || fail(e, "sync", path);
    close(fd);
    return ok;
}

struct name_list {
    struct arena *arena;
    char **name;
    uint32_t count, capacity;
};

static bool name_add(struct name_list *l, const char *name) {
    if (l->count == l->capacity) {
        uint32_t capacity = l->capacity ? l->capacity * 2 : NAMES_MIN;
        char **more = ARENA_ARRAY(l->arena, more, capacity);
        if (!more) return false;
        if (l->count > 0) memcpy(more, l->name, l->count * sizeof *more);
        l->name = more;
        l->capacity = capacity;
    }
    char *copy = arena_copy(l->arena, name, strlen(name));
    if (copy) l->name[l->count++] = copy;
    return copy != NULL;
}

static int name_order(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

static bool names_read(DIR *d, const char *path, struct name_list *l, struct err *e) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (!entry) return errno == 0 || fail(e, "list", path);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (!name_add(l, entry->d_name)) return err_memory(e);
    }
}

static bool posix_list(struct file_system *fs, const char *path, struct arena *a, char ***names_out,
                       uint32_t *count_out, struct err *e) {
    (void)fs;
    DIR *d = opendir(path);
    if (!d) return fail(e, "list", path);
    struct name_list l = {.arena = a};
    bool ok = names_read(d, path, &l, e);
    closedir(d);
    if (!ok) return false;

    if (l.count > 1) qsort(l.name, l.count, sizeof *l.name, name_order);
    *names_out = l.name;
    *count_out = l.count;
    return true;
}

static const struct file_system_type posix_type = {
    .open = posix_open,
    .close = posix_close,
    .read = posix_read,
    .ready = posix_ready,
    .read_at = posix_read_at,
    .write = posix_write,
    .write_at = posix_write_at,
    .sync = posix_sync,
    .truncate = posix_truncate,
    .info = posix_info,
    .lock = posix_lock,
    .stat = posix_stat,
    .rename = posix_rename,
    .remove = posix_remove,
    .make_directory = posix_make_directory,
    .sync_directory = posix_sync_directory,
    .list = posix_list,
};

static const struct file_system posix_system = {.type = &posix_type};

struct file_system *file_system_posix(void) {
    return (struct file_system *)&posix_system; /* never written through */
}
