/* file.h: the one door to files: data directory, sources, sinks, models, scripts.
 *
 * `struct file_system` is an interface with two implementations in storage/: the real one
 * (file_system_posix) and one for tests that can fail, shorten, tear, delay or lose at every call.
 * Whoever opens a file is given the file system; nobody calls open(2) beside it.
 *
 * Lifetime: a file from open() until close(); the file system outlives its files.
 *
 * Used by: storage, engine/edge, clients.    Tested by: tests/unit/file_test.c
 */
#ifndef ENGINE_BASE_FILE_H
#define ENGINE_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/attr.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

enum file_flags {
    FILE_READ = 1,
    FILE_WRITE = 2,
    FILE_CREATE = 4,    /* make it if it is not there */
    FILE_EXCLUSIVE = 8, /* fail if it is there (with FILE_CREATE) */
    FILE_TRUNCATE = 16,
    FILE_APPEND = 32,
    FILE_DIRECT = 64, /* O_DIRECT | O_DSYNC: buffers and offsets aligned to 4096 */
    /* A pipe is opened before anyone writes to it: see file_ready(); for writing not at all while
     * nobody reads it. */
    FILE_PATIENT = 128,
};

/* A write to a pipe that nobody reads, or a read of one that nobody writes, waits for ever. Once
 * the process is to end, main.c lets a signal interrupt it every FILE_TICK_US: what was interrupted
 * FILE_TRIES times in a row, and moved no byte, is given up: ERR_CANCEL 57014. */
enum { FILE_TRIES = 4, FILE_TICK_US = 250000 };

struct file_info {
    uint64_t size_bytes;
    uint64_t inode, device;
    int64_t modified_us;
    bool is_directory, is_regular, is_pipe;
};

/* Implementations embed these as their first member. */
struct file_system {
    const struct file_system_type *type;
};

struct file {
    struct file_system *fs;
};

struct file_system_type {
    /* NULL: see *e: ERR_IO 58030 "cannot open <path>: <reason>". */
    struct file *(*open)(struct file_system *fs, const char *path, uint32_t flags, struct err *e);
    void (*close)(struct file *f); /* accepts NULL */

    /* Reads up to `bytes`; *got_out 0 at the end. At the file's position, or at `offset`. */
    bool (*read)(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e);
    bool (*ready)(struct file *f); /* NULL: always */
    bool (*read_at)(struct file *f, uint64_t offset, void *to, size_t bytes, size_t *got_out,
                    struct err *e);
    /* Writes all of it, or fails. */
    bool (*write)(struct file *f, const void *from, size_t bytes, struct err *e);
    bool (*write_at)(struct file *f, uint64_t offset, const void *from, size_t bytes,
                     struct err *e);
    bool (*sync)(struct file *f, struct err *e); /* fdatasync */
    bool (*truncate)(struct file *f, uint64_t size_bytes, struct err *e);
    bool (*info)(struct file *f, struct file_info *out, struct err *e);
    bool (*lock)(struct file *f, struct err *e); /* exclusive, until closed; 55006 when held */

    /* Where nothing is called so, this and list() leave ENOENT or ENOTDIR in errno. */
    bool (*stat)(struct file_system *fs, const char *path, struct file_info *out, struct err *e);
    bool (*rename)(struct file_system *fs, const char *from, const char *to, struct err *e);
    bool (*remove)(struct file_system *fs, const char *path, struct err *e);
    bool (*make_directory)(struct file_system *fs, const char *path,
                           struct err *e); /* parents too */
    bool (*sync_directory)(struct file_system *fs, const char *path, struct err *e);
    /* Names in a directory but "." and "..", in byte order, in `a`. */
    bool (*list)(struct file_system *fs, const char *path, struct arena *a, char ***names_out,
                 uint32_t *count_out, struct err *e);
};

/* The calls above as functions that must be checked (the attribute does nothing on pointers). */
struct file *file_open(struct file_system *fs, const char *path, uint32_t flags,
                       struct err *e) MUST_USE;
void file_close(struct file *f);
bool file_read(struct file *f, void *to, size_t bytes, size_t *got_out, struct err *e) MUST_USE;
/* Would read() give bytes, or the end, without waiting? Only a pipe may have neither. */
bool file_ready(struct file *f);
bool file_read_at(struct file *f, uint64_t offset, void *to, size_t bytes, size_t *got_out,
                  struct err *e) MUST_USE;
bool file_write(struct file *f, const void *from, size_t bytes, struct err *e) MUST_USE;
bool file_write_at(struct file *f, uint64_t offset, const void *from, size_t bytes,
                   struct err *e) MUST_USE;
bool file_sync(struct file *f, struct err *e) MUST_USE;
bool file_truncate(struct file *f, uint64_t size_bytes, struct err *e) MUST_USE;
bool file_info(struct file *f, struct file_info *out, struct err *e) MUST_USE;
bool file_lock(struct file *f, struct err *e) MUST_USE;
bool file_stat(struct file_system *fs, const char *path, struct file_info *out,
               struct err *e) MUST_USE;
bool file_rename(struct file_system *fs, const char *from, const char *to, struct err *e) MUST_USE;
bool file_remove(struct file_system *fs, const char *path, struct err *e) MUST_USE;
bool file_make_directory(struct file_system *fs, const char *path, struct err *e) MUST_USE;
bool file_sync_directory(struct file_system *fs, const char *path, struct err *e) MUST_USE;
bool file_list(struct file_system *fs, const char *path, struct arena *a, char ***names_out,
               uint32_t *count_out, struct err *e) MUST_USE;

/* All of a file in `a`, at most `limit_bytes` (54000 past it). */
bool file_read_all(struct file_system *fs, const char *path, size_t limit_bytes, struct arena *a,
                   struct text *out, struct err *e) MUST_USE;

#endif
