/* torture_memory.c: what the linker puts in place of malloc and its like (--wrap): the n-th call
 * gives NULL. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "tests/torture.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
ssize_t __real_write(int fd, const void *from, size_t bytes);

void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
ssize_t __wrap_write(int fd, const void *from, size_t bytes);

struct torture_fault *torture_fault;

bool torture_hit(enum torture_kind kind) {
    struct torture_fault *f = torture_fault;
    if (!f || f->kind != kind) return false;
    uint64_t call = atomic_fetch_add(&f->calls, 1) + 1;
    return f->at != 0 && (call == f->at || (f->onwards && call > f->at));
}

void *__wrap_malloc(size_t bytes) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_realloc(old, bytes);
}

char *__wrap_strdup(const char *s) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t bytes) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_strndup(s, bytes);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes) {
    return torture_hit(TORTURE_MEMORY) ? NULL : __real_aligned_alloc(align, bytes);
}

ssize_t __wrap_write(int fd, const void *from, size_t bytes) {
    if (fd != STDERR_FILENO && torture_hit(TORTURE_OUTPUT)) {
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, from, bytes);
}

static void *lite_malloc(int bytes) {
    return __wrap_malloc((size_t)bytes);
}

static void *lite_realloc(void *old, int bytes) {
    return __wrap_realloc(old, (size_t)bytes);
}

static int lite_size(void *p) {
    return p ? (int)malloc_usable_size(p) : 0;
}

static int lite_roundup(int bytes) {
    return (bytes + 7) & ~7;
}

static int lite_init(void *unused) {
    (void)unused;
    return SQLITE_OK;
}

static void lite_shutdown(void *unused) {
    (void)unused;
}

void torture_memory_init(void) {
    static const sqlite3_mem_methods methods = {lite_malloc,  free,      lite_realloc,  lite_size,
                                                lite_roundup, lite_init, lite_shutdown, NULL};
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
