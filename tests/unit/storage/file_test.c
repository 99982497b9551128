/* file_test.c: the real file system behind engine/base/file.h, on a directory of its own. */
#include "storage/file_posix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_BYTES = 300 };

struct place {
    struct file_system *fs;
    struct arena arena;
    char path[64];
};

static int place_open(void **state) {
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->fs = file_system_posix();
    arena_init(&p->arena, 0);
    snprintf(p->path, sizeof p->path, "/tmp/weir-file-test-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    *state = p;
    return 0;
}

static void remove_all(struct place *p, const char *path) {
    struct err e = {0};
    struct file_info info;
    char **name, inner[PATH_BYTES];
    uint32_t count = 0;
    assert_true(file_stat(p->fs, path, &info, &e));
    if (info.is_directory) assert_true(file_list(p->fs, path, &p->arena, &name, &count, &e));
    for (uint32_t i = 0; i < count; i++) {
        snprintf(inner, sizeof inner, "%s/%s", path, name[i]);
        remove_all(p, inner);
    }
    assert_true(file_remove(p->fs, path, &e));
}

static int place_close(void **state) {
    struct place *p = *state;
    remove_all(p, p->path);
    arena_done(&p->arena);
    free(p);
    return 0;
}

/* "<place>/<name>" in the place's arena. */
static const char *at(struct place *p, const char *name) {
    char path[PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%s", p->path, name);
    return arena_copy(&p->arena, path, (size_t)n);
}

static void write_file(struct place *p, const char *path, const char *text) {
    struct err e = {0};
    struct file *f = file_open(p->fs, path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &e);
    assert_non_null(f);
    assert_true(file_write(f, text, strlen(text), &e));
    file_close(f);
}

static void assert_content(struct place *p, const char *path, const char *want) {
    struct err e = {0};
    struct text got;
    assert_true(file_read_all(p->fs, path, 1 << 20, &p->arena, &got, &e));
    assert_int_equal(got.bytes, strlen(want));
    assert_memory_equal(got.at, want, got.bytes);
}

static void assert_io_error(const struct err *e, const char *path) {
    assert_int_equal(e->code, ERR_IO);
    assert_string_equal(e->sqlstate, "58030");
    assert_non_null(strstr(e->message, path));
}

static void what_is_written_is_read(void **state) {
    struct place *p = *state;
    struct err e = {0};
    const char *path = at(p, "f");
    struct file *f = file_open(p->fs, path, FILE_READ | FILE_WRITE | FILE_CREATE, &e);
    assert_non_null(f);
    assert_true(file_write(f, "hello ", 6, &e));
    assert_true(file_write(f, "world", 5, &e));
    assert_true(file_write_at(f, 0, "J", 1, &e));
    assert_true(file_write_at(f, 13, "!", 1, &e)); /* a hole is zeros */
    char got[32];
    size_t n = 0;
    assert_true(file_read_at(f, 0, got, sizeof got, &n, &e));
    assert_int_equal(n, 14);
    assert_memory_equal(got, "Jello world\0\0!", 14);
    assert_true(file_read_at(f, 14, got, sizeof got, &n, &e));
    assert_int_equal(n, 0);
    assert_true(file_truncate(f, 5, &e));
    assert_true(file_sync(f, &e));
    struct file_info info;
    assert_true(file_info(f, &info, &e));
    assert_int_equal(info.size_bytes, 5);
    assert_true(info.is_regular && !info.is_directory && info.inode != 0);
    assert_true(info.modified_us > INT64_C(1500000000000000));
    file_close(f);
    file_close(NULL);
    assert_content(p, path, "Jello");
}

static void flags_mean_what_they_say(void **state) {
    struct place *p = *state;
    struct err e = {0};
    const char *path = at(p, "f");
    assert_null(file_open(p->fs, path, FILE_READ, &e));
    assert_io_error(&e, path);
    write_file(p, path, "one");
    assert_null(file_open(p->fs, path, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &e));
    assert_io_error(&e, path);

    struct file *f = file_open(p->fs, path, FILE_WRITE | FILE_APPEND, &e);
    assert_non_null(f);
    assert_true(file_write(f, "two", 3, &e));
    char byte;
    size_t n;
    assert_false(file_read(f, &byte, 1, &n, &e)); /* not opened for reading */
    assert_io_error(&e, path);
    file_close(f);
    assert_content(p, path, "onetwo");
    write_file(p, path, "3");
    assert_content(p, path, "3");
}

static void direct_writes_reach_the_file(void **state) {
    struct place *p = *state;
    struct err e = {0};
    const char *path = at(p, "direct");
    struct file *f = file_open(p->fs, path, FILE_WRITE | FILE_CREATE | FILE_DIRECT, &e);
    if (!f) { /* some file systems in memory refuse O_DIRECT */
        assert_io_error(&e, path);
        write_file(p, path, "");
        return;
    }
    char *block = aligned_alloc(4096, 8192);
    assert_non_null(block);
    memset(block, 'd', 8192);
    assert_true(file_write_at(f, 4096, block, 4096, &e));
    assert_true(file_write_at(f, 0, block, 4096, &e));
    file_close(f);
    struct text got;
    assert_true(file_read_all(p->fs, path, 1 << 20, &p->arena, &got, &e));
    assert_int_equal(got.bytes, 8192);
    assert_memory_equal(got.at, block, 8192);
    free(block);
}

static void names_come_in_byte_order(void **state) {
    struct place *p = *state;
    struct err e = {0};
    static const char *const sorted[] = {"10", "2", "A", "B", "a", "a.b", "b", "\xC3\xA9"};
    enum { COUNT = sizeof sorted / sizeof *sorted };
    for (size_t i = COUNT; i-- > 0;) write_file(p, at(p, sorted[i * 3 % COUNT]), "");
    char **name;
    uint32_t count;
    assert_true(file_list(p->fs, p->path, &p->arena, &name, &count, &e));
    assert_int_equal(count, COUNT);
    for (uint32_t i = 0; i < count; i++) assert_string_equal(name[i], sorted[i]);

    for (int i = 0; i < 300; i++) {
        char many[32];
        snprintf(many, sizeof many, "many%03d", i);
        write_file(p, at(p, many), "");
    }
    assert_true(file_list(p->fs, p->path, &p->arena, &name, &count, &e));
    assert_int_equal(count, COUNT + 300);
    for (uint32_t i = 1; i < count; i++) assert_true(strcmp(name[i - 1], name[i]) < 0);
    assert_false(file_list(p->fs, at(p, "none"), &p->arena, &name, &count, &e));
    assert_io_error(&e, "none");
}

static void directories_are_made_with_their_parents(void **state) {
    struct place *p = *state;
    struct err e = {0};
    struct file_info info;
    assert_true(file_make_directory(p->fs, at(p, "a/b/c"), &e));
    assert_true(file_make_directory(p->fs, at(p, "a/b/c/"), &e)); /* is there already */
    assert_true(file_stat(p->fs, at(p, "a/b/c"), &info, &e));
    assert_true(info.is_directory && !info.is_regular);
    assert_true(file_sync_directory(p->fs, at(p, "a/b"), &e));
    write_file(p, at(p, "file"), "");
    assert_false(file_make_directory(p->fs, at(p, "file/x"), &e));
    assert_io_error(&e, "file");
    assert_false(file_remove(p->fs, at(p, "a"), &e)); /* not empty */
    assert_io_error(&e, "/a");
    assert_false(file_stat(p->fs, at(p, "none"), &info, &e));
    assert_io_error(&e, "none");
}

static void rename_replaces(void **state) {
    struct place *p = *state;
    struct err e = {0};
    write_file(p, at(p, "old"), "old");
    write_file(p, at(p, "new"), "new");
    assert_true(file_rename(p->fs, at(p, "new"), at(p, "old"), &e));
    assert_content(p, at(p, "old"), "new");
    assert_false(file_rename(p->fs, at(p, "new"), at(p, "x"), &e));
    assert_io_error(&e, "new");
}

static void one_holder_of_a_lock(void **state) {
    struct place *p = *state;
    struct err e = {0};
    const char *path = at(p, "lock");
    struct file *first = file_open(p->fs, path, FILE_WRITE | FILE_CREATE, &e);
    struct file *second = file_open(p->fs, path, FILE_WRITE, &e);
    assert_true(first && second);
    assert_true(file_lock(first, &e));
    assert_false(file_lock(second, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_string_equal(e.sqlstate, "55006");
    assert_non_null(strstr(e.message, path));
    file_close(first);
    assert_true(file_lock(second, &e));
    file_close(second);
}

static void read_all_has_a_limit(void **state) {
    struct place *p = *state;
    struct err e = {0};
    struct text got = {"kept", 4};
    write_file(p, at(p, "f"), "0123456789");
    assert_true(file_read_all(p->fs, at(p, "f"), 10, &p->arena, &got, &e));
    assert_int_equal(got.bytes, 10);
    assert_false(file_read_all(p->fs, at(p, "f"), 9, &p->arena, &got, &e));
    assert_string_equal(e.sqlstate, "54000");
    assert_int_equal(got.bytes, 10);
    write_file(p, at(p, "empty"), "");
    assert_content(p, at(p, "empty"), "");
    assert_true(file_read_all(p->fs, "/proc/self/status", 1 << 20, &p->arena, &got, &e));
    assert_true(got.bytes > 0); /* its size is said to be 0 */
    assert_false(file_read_all(p->fs, "/proc/self/status", 10, &p->arena, &got, &e));
    assert_false(file_read_all(p->fs, p->path, 100, &p->arena, &got, &e));
    assert_io_error(&e, p->path);

    struct arena tight;
    arena_init(&tight, 1);
    assert_false(file_read_all(p->fs, at(p, "f"), 10, &tight, &got, &e));
    assert_string_equal(e.sqlstate, "53200");
    arena_done(&tight);
}

static void a_full_disk_has_its_own_state(void **state) {
    struct place *p = *state;
    struct err e = {0};
    struct file *f = file_open(p->fs, "/dev/full", FILE_WRITE, &e);
    if (!f) skip();
    assert_false(file_write(f, "x", 1, &e));
    assert_string_equal(e.sqlstate, "53100");
    file_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, place_open, place_close),
        cmocka_unit_test_setup_teardown(flags_mean_what_they_say, place_open, place_close),
        cmocka_unit_test_setup_teardown(direct_writes_reach_the_file, place_open, place_close),
        cmocka_unit_test_setup_teardown(names_come_in_byte_order, place_open, place_close),
        cmocka_unit_test_setup_teardown(directories_are_made_with_their_parents, place_open,
                                        place_close),
        cmocka_unit_test_setup_teardown(rename_replaces, place_open, place_close),
        cmocka_unit_test_setup_teardown(one_holder_of_a_lock, place_open, place_close),
        cmocka_unit_test_setup_teardown(read_all_has_a_limit, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_full_disk_has_its_own_state, place_open, place_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
