/* file_sim_real_test.c: without faults the file system that fails does what the real one does, call
 * for call: random calls on both, with the same answers, the same errno, the same bytes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/file_posix.h"
#include "storage/file_sim.h"
#include "tests/unit/base/random.h"

enum { STEPS = 600, NAMES = 6, OPEN = 4 };

/* The same calls on both sides. */
struct pair {
    struct file_system *fs[2];
    char root[2][64];
    struct file *file[2][OPEN];
    struct random g;
    struct arena arena;
};

static void path_of(const struct pair *p, uint32_t side, uint32_t number, char out[128]) {
    static const char *const names[NAMES] = {"a", "b", "d/a", "d/c", "d", "d/e/f"};
    snprintf(out, 128, "%.63s/%s", p->root[side], names[number]);
}

static void assert_same(bool a, bool b, int code_a, int code_b) {
    assert_int_equal(a, b);
    if (!a) assert_int_equal(code_a, code_b);
}

static void open_both(struct pair *p, uint32_t slot) {
    static const uint32_t flags[] = {
        FILE_READ,
        FILE_READ | FILE_WRITE | FILE_CREATE,
        FILE_READ | FILE_WRITE | FILE_CREATE,
        FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE,
        FILE_READ | FILE_WRITE | FILE_TRUNCATE,
        FILE_WRITE | FILE_APPEND | FILE_CREATE,
    };
    uint32_t number = (uint32_t)random_below(&p->g, NAMES);
    uint32_t how = flags[random_below(&p->g, COUNT_OF(flags))];
    int code[2];
    for (uint32_t i = 0; i < 2; i++) {
        char path[128];
        struct err e;
        path_of(p, i, number, path);
        file_close(p->file[i][slot]);
        p->file[i][slot] = file_open(p->fs[i], path, how, &e);
        code[i] = errno;
    }
    assert_same(p->file[0][slot], p->file[1][slot], code[0], code[1]);
}

static void read_both(struct pair *p, uint32_t slot, bool positioned) {
    char got[2][9000] = {{0}};
    size_t n[2] = {0, 0}, bytes = random_below(&p->g, 9000);
    uint64_t offset = random_below(&p->g, 20000);
    int code[2];
    bool done[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct err e;
        struct file *f = p->file[i][slot];
        done[i] = positioned ? file_read_at(f, offset, got[i], bytes, &n[i], &e)
                             : file_read(f, got[i], bytes, &n[i], &e);
        code[i] = errno;
    }
    assert_same(done[0], done[1], code[0], code[1]);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(got[0], got[1], sizeof got[0]);
}

static void write_both(struct pair *p, uint32_t slot, uint32_t how) {
    char bytes[9000];
    size_t n = random_below(&p->g, sizeof bytes);
    uint64_t offset = random_below(&p->g, 20000);
    memset(bytes, (int)random_below(&p->g, 256), sizeof bytes);
    int code[2];
    bool done[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct err e;
        struct file *f = p->file[i][slot];
        if (how == 0) done[i] = file_write(f, bytes, n, &e);
        if (how == 1) done[i] = file_write_at(f, offset, bytes, n, &e);
        if (how == 2) done[i] = file_truncate(f, offset, &e);
        code[i] = errno;
    }
    /* Linux says EINVAL for truncating what is not open for writing, we EBADF. */
    if (how == 2 && !done[0]) code[0] = code[1];
    assert_same(done[0], done[1], code[0], code[1]);
}

static bool is_directory(const struct pair *p, uint32_t number) {
    char path[128];
    struct file_info info;
    struct err e;
    path_of(p, 0, number, path);
    return file_stat(p->fs[0], path, &info, &e) && info.is_directory;
}

static void change_both(struct pair *p, uint32_t how) {
    uint32_t from = (uint32_t)random_below(&p->g, NAMES), to = (uint32_t)random_below(&p->g, NAMES);
    int code[2];
    bool done[2];
    /* What Linux says first where directories are renamed is beyond us. */
    if (how == 0 && (is_directory(p, from) || is_directory(p, to))) return;
    for (uint32_t i = 0; i < 2; i++) {
        char path[128], other[128];
        struct err e;
        path_of(p, i, from, path);
        path_of(p, i, to, other);
        if (how == 0) done[i] = file_rename(p->fs[i], path, other, &e);
        if (how == 1) done[i] = file_remove(p->fs[i], path, &e);
        if (how == 2) done[i] = file_make_directory(p->fs[i], path, &e);
        if (how == 3) done[i] = file_sync_directory(p->fs[i], path, &e);
        code[i] = errno;
    }
    assert_same(done[0], done[1], code[0], code[1]);
}

static void look_both(struct pair *p, uint32_t slot) {
    struct file_info info[2] = {{0}};
    struct file_info open[2] = {{0}};
    char **name[2];
    uint32_t number = (uint32_t)random_below(&p->g, NAMES), count[2] = {0, 0};
    int code[2], list_code[2];
    bool done[2], listed[2];
    for (uint32_t i = 0; i < 2; i++) {
        char path[128];
        struct err e;
        path_of(p, i, number, path);
        done[i] = file_stat(p->fs[i], path, &info[i], &e);
        code[i] = errno;
        listed[i] = file_list(p->fs[i], path, &p->arena, &name[i], &count[i], &e);
        list_code[i] = errno;
        if (p->file[i][slot]) assert_true(file_info(p->file[i][slot], &open[i], &e));
    }
    assert_same(done[0], done[1], code[0], code[1]);
    assert_same(listed[0], listed[1], list_code[0], list_code[1]);
    assert_int_equal(info[0].is_directory, info[1].is_directory);
    assert_int_equal(info[0].is_regular, info[1].is_regular);
    if (info[0].is_regular) assert_int_equal(info[0].size_bytes, info[1].size_bytes);
    if (open[0].is_regular) assert_int_equal(open[0].size_bytes, open[1].size_bytes);
    assert_int_equal(count[0], count[1]);
    for (uint32_t i = 0; i < count[0]; i++) assert_string_equal(name[0][i], name[1][i]);
    arena_reset(&p->arena);
}

static void step_both(struct pair *p) {
    uint32_t slot = (uint32_t)random_below(&p->g, OPEN), what = (uint32_t)random_below(&p->g, 14);
    if (what < 3) open_both(p, slot);
    if (what == 3) change_both(p, (uint32_t)random_below(&p->g, 4));
    if (what == 4 || what == 5) look_both(p, slot);
    if (what > 5 && !p->file[0][slot]) return;
    if (what == 6 || what == 7) read_both(p, slot, what == 6);
    if (what > 7 && what < 13) write_both(p, slot, (what - 8) / 2);
    for (uint32_t i = 0; what == 13 && i < 2; i++) {
        struct err e;
        assert_true(file_sync(p->file[i][slot], &e));
    }
}

static void remove_tree(struct pair *p) {
    struct err e;
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = NAMES; i-- > 0;) {
            char path[128];
            path_of(p, 1, i, path);
            if (!file_remove(p->fs[1], path, &e)) continue;
        }
        char path[128];
        snprintf(path, sizeof path, "%s/d/e", p->root[1]);
        if (!file_remove(p->fs[1], path, &e)) continue;
    }
    assert_true(file_remove(p->fs[1], p->root[1], &e));
}

static void it_does_what_the_real_one_does(void **unused) {
    (void)unused;
    struct random g = random_start("as the real one");
    for (uint32_t round = 0; round < random_rounds(8); round++) {
        const struct file_sim_options o = {.seed = round};
        struct file_sim *s = file_sim_create(&o);
        struct pair p = {.fs = {file_sim_system(s), file_system_posix()}, .g = g, .root = {"/w"}};
        struct err e;
        snprintf(p.root[1], sizeof p.root[1], "/tmp/weir-sim-test-XXXXXX");
        assert_non_null(mkdtemp(p.root[1]));
        assert_true(file_make_directory(p.fs[0], "/w", &e));
        arena_init(&p.arena, 0);
        for (uint32_t i = 0; i < STEPS; i++) step_both(&p);
        for (uint32_t i = 0; i < OPEN; i++) {
            file_close(p.file[0][i]);
            file_close(p.file[1][i]);
        }
        remove_tree(&p);
        arena_done(&p.arena);
        file_sim_destroy(s);
        g = p.g;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_does_what_the_real_one_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
