/* log_dir.h: the names of the log's files: DIR/log/<first LSN>.seg, spares beside them.
 *
 * Used by: storage/log*.c.    Tested by: tests/unit/storage/log_test.c
 */
#ifndef STORAGE_LOG_DIR_H
#define STORAGE_LOG_DIR_H

#include "engine/base/file.h"

enum {
    LOG_DIRECTORY_BYTES_MAX = 4000,
    LOG_PATH_BYTES = LOG_DIRECTORY_BYTES_MAX + 64,
    LOG_SPARES_MAX = 2, /* segments that are ready to be used */
};

struct log_path {
    char at[LOG_PATH_BYTES];
};

/* What lies in DIR/log; in the arena it was listed with. */
struct log_list {
    uint64_t *first; /* [count] of segments, ascending */
    uint32_t count;
    bool spare[LOG_SPARES_MAX];
    bool filling; /* one that was being made when the program ended */
};

/* 58030: the name of the directory is too long for the paths below. */
bool log_directory_check(const char *directory, struct err *e) MUST_USE;

struct log_path log_lock_path(const char *directory);
struct log_path log_folder_path(const char *directory);
struct log_path log_segment_path(const char *directory, uint64_t first);
struct log_path log_spare_path(const char *directory, uint32_t number);
struct log_path log_filling_path(const char *directory);

bool log_list(struct file_system *fs, const char *directory, struct arena *a, struct log_list *out,
              struct err *e) MUST_USE;

#endif
