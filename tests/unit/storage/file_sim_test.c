/* file_sim_test.c: the file system that fails: what each fault and each loss may leave, over many
 * seeds, is what it says and all that it says: a fault that never shows would prove nothing to
 * those who use it.
 */
#include "storage/file_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SECTOR = 512, BLOCK = 4096, SEEDS = 200 };

static struct file_sim *sim_start(uint64_t seed) {
    const struct file_sim_options o = {.seed = seed};
    return file_sim_create(&o);
}

/* --- what a loss of power leaves --- */

static struct file *open_new(struct file_sim *s, const char *path, uint32_t flags) {
    struct err e;
    struct file *f =
        file_open(file_sim_system(s), path, flags | FILE_READ | FILE_WRITE | FILE_CREATE, &e);
    assert_non_null(f);
    return f;
}

static void fill(struct file *f, uint64_t offset, char c, size_t bytes) {
    static _Alignas(BLOCK) char block[4 * BLOCK];
    struct err e;
    memset(block, c, bytes);
    assert_true(file_write_at(f, offset, block, bytes, &e));
}

/* All of a file, with a NUL behind it; its size, or -1 where it is not there. */
static int64_t content(struct file_sim *s, const char *path, char out[8 * BLOCK]) {
    struct err e;
    size_t got;
    struct file *f = file_open(file_sim_system(s), path, FILE_READ, &e);
    if (!f) return -1;
    assert_true(file_read(f, out, 8 * BLOCK - 1, &got, &e));
    file_close(f);
    out[got] = '\0';
    return (int64_t)got;
}

static void sync_all(struct file_sim *s, struct file *f) {
    struct err e;
    assert_true(file_sync(f, &e));
    assert_true(file_sync_directory(file_sim_system(s), "/", &e));
}

/* What was synced with its entry is there whatever happened after; what was not may be lost or
 * kept, sector for sector, and nothing else ever comes of it. */
static void each_sector_is_old_or_new(void **unused) {
    (void)unused;
    uint32_t seen[3] = {0, 0, 0}, mixed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct file_sim *s = sim_start(seed);
        struct file *f = open_new(s, "f", 0);
        fill(f, 0, 'a', 4 * BLOCK);
        sync_all(s, f);
        fill(f, 0, 'b', 2 * BLOCK);
        fill(f, BLOCK, 'c', 2 * BLOCK);
        file_sim_restart(s, FILE_SIM_POWER);
        file_close(f);
        char got[8 * BLOCK];
        assert_int_equal(content(s, "f", got), 4 * BLOCK);
        bool some[3] = {false, false, false};
        for (uint32_t i = 0; i < 4 * BLOCK; i++) {
            char c = got[i];
            assert_int_equal(c, got[i / SECTOR * SECTOR]); /* sectors are not torn */
            uint32_t block = i / BLOCK;
            assert_true(c == 'a' || (c == 'b' && block < 2) ||
                        (c == 'c' && (block == 1 || block == 2)));
            some[c - 'a'] = true;
        }
        for (uint32_t k = 0; k < 3; k++) seen[k] += some[k];
        mixed += some[0] && some[1] && some[2];
        assert_int_equal(file_sim_handles(s), 0);
        file_sim_destroy(s);
    }
    assert_true(seen[0] > SEEDS / 4 && seen[1] > SEEDS / 4 && seen[2] > SEEDS / 4);
    assert_true(mixed > SEEDS / 8);
}

/* Entries nobody synced may be lost, with all that is in the file; a rename is whole. */
static void entries_are_lost_or_kept(void **unused) {
    (void)unused;
    uint32_t lost = 0, renamed = 0, unchanged = 0, removed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct file_sim *s = sim_start(seed);
        struct file_system *fs = file_sim_system(s);
        struct err e;
        char got[8 * BLOCK];
        file_sim_put(s, "d/old", "old", 3);
        file_sim_put(s, "d/gone", "gone", 4);
        struct file *f = open_new(s, "d/new", 0);
        assert_true(file_write(f, "new", 3, &e) && file_sync(f, &e));
        file_close(f);
        assert_true(file_rename(fs, "d/old", "d/other", &e));
        assert_true(file_remove(fs, "d/gone", &e));
        file_sim_restart(s, FILE_SIM_POWER);

        int64_t bytes = content(s, "d/new", got);
        assert_true(bytes == -1 || (bytes == 3 && strcmp(got, "new") == 0));
        lost += bytes == -1;
        bool old = content(s, "d/old", got) == 3, other = content(s, "d/other", got) == 3;
        assert_true(old != other);
        assert_string_equal(got, "old");
        renamed += other;
        unchanged += old;
        removed += content(s, "d/gone", got) == -1;
        file_sim_destroy(s);
    }
    assert_true(lost > SEEDS / 8 && lost < SEEDS * 7 / 8);
    assert_true(renamed > SEEDS / 8 && unchanged > SEEDS / 8);
    assert_true(removed > SEEDS / 8 && removed < SEEDS * 7 / 8);
}

static void synced_entries_stay(void **unused) {
    (void)unused;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct file_sim *s = sim_start(seed);
        struct file_system *fs = file_sim_system(s);
        struct err e;
        char got[8 * BLOCK];
        file_sim_put(s, "d/old", "old", 3);
        file_sim_put(s, "c/x", "x", 1);
        assert_true(file_rename(fs, "c/x", "c/y", &e));
        assert_true(file_rename(fs, "c/y", "d/y", &e));
        assert_true(file_rename(fs, "d/old", "d/other", &e));
        assert_true(file_sync_directory(fs, "d", &e));
        file_sim_restart(s, FILE_SIM_POWER);
        assert_int_equal(content(s, "d/other", got), 3);
        assert_int_equal(content(s, "d/old", got), -1);
        assert_int_equal(content(s, "d/y", got), 1);
        assert_int_equal(content(s, "c/x", got) + content(s, "c/y", got), -2);
        file_sim_destroy(s);
    }
}

/* A direct write is durable at its return, also over bytes that wait for a sync. One that the
 * machine stops in is torn at sector borders, and harms nothing beside it. */
static void direct_writes_are_durable_or_torn(void **unused) {
    (void)unused;
    uint32_t whole = 0, torn = 0, none = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct file_sim *s = sim_start(seed);
        struct file *plain = open_new(s, "f", 0), *f = open_new(s, "f", FILE_DIRECT);
        static _Alignas(BLOCK) char block[2 * BLOCK];
        struct err e;
        char got[8 * BLOCK];
        sync_all(s, plain);
        fill(plain, 0, '0', 4 * BLOCK);
        fill(f, 0, 'a', BLOCK);
        assert_false(file_write_at(f, 100, block, BLOCK, &e) && "not aligned");
        memset(block, 'b', sizeof block);
        file_sim_fault(s,
                       (struct file_sim_fault){.kind = FILE_SIM_STOP, .at = file_sim_calls(s) + 1});
        assert_false(file_write_at(f, BLOCK, block, 2 * BLOCK, &e));
        assert_true(file_sim_stopped(s));
        assert_false(file_write_at(f, 0, block, BLOCK, &e)); /* nothing changes any more */
        file_sim_restart(s, FILE_SIM_POWER);
        file_close(f);
        file_close(plain);

        int64_t bytes = content(s, "f", got);
        assert_true(bytes >= BLOCK);
        for (uint32_t i = 0; i < BLOCK; i++) assert_int_equal(got[i], 'a');
        uint32_t sectors = 0;
        for (uint32_t i = BLOCK; i < (uint32_t)bytes; i++) {
            assert_true(got[i] == '\0' || got[i] == '0' || (got[i] == 'b' && i < 3 * BLOCK));
            assert_int_equal(got[i], got[i / SECTOR * SECTOR]);
            sectors += i % SECTOR == 0 && got[i] == 'b';
        }
        whole += sectors == 16;
        none += sectors == 0;
        torn += sectors > 0 && sectors < 16;
        file_sim_destroy(s);
    }
    assert_true(whole > SEEDS / 16 && none > SEEDS / 16 && torn > SEEDS / 16);
}

/* After the end of the process alone all that was written is there. */
static void a_kill_loses_nothing_that_was_written(void **unused) {
    (void)unused;
    struct file_sim *s = sim_start(1);
    struct err e;
    char got[8 * BLOCK];
    struct file *f = open_new(s, "f", 0);
    assert_true(file_lock(f, &e));
    fill(f, 0, 'x', 700);
    file_sim_restart(s, FILE_SIM_KILL);
    assert_false(file_sync(f, &e)); /* a handle of the dead */
    struct file *g = open_new(s, "f", 0);
    assert_true(file_lock(g, &e));
    file_close(f);
    struct file *h = open_new(s, "f", 0);
    assert_false(file_lock(h, &e)); /* closing the dead one freed nothing */
    assert_int_equal(content(s, "f", got), 700);
    assert_int_equal(file_sim_handles(s), 2);
    file_close(g);
    assert_true(file_lock(h, &e));
    file_close(h);
    file_sim_destroy(s);
}

/* --- faults --- */

/* What a sync failed to write is seen, and yet never comes to the medium by a later sync. */
static void a_failed_sync_is_not_made_good(void **unused) {
    (void)unused;
    uint32_t lost = 0, kept = 0, lied = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        bool lie = seed % 2;
        struct file_sim *s = sim_start(seed);
        struct file *f = open_new(s, "f", 0);
        struct err e;
        char got[8 * BLOCK];
        fill(f, 0, 'a', SECTOR);
        sync_all(s, f);
        fill(f, 0, 'b', SECTOR);
        uint64_t at = file_sim_calls(s) + 1;
        file_sim_fault(
            s, (struct file_sim_fault){.kind = lie ? FILE_SIM_LIE : FILE_SIM_FAIL, .at = at});
        assert_int_equal(file_sync(f, &e), lie);
        if (!lie) assert_true(file_sync(f, &e));
        assert_int_equal(content(s, "f", got), SECTOR);
        assert_int_equal(got[0], 'b');
        file_sim_restart(s, FILE_SIM_POWER);
        file_close(f);
        assert_int_equal(content(s, "f", got), SECTOR);
        lost += got[0] == 'a' && !lie;
        kept += got[0] == 'b' && !lie;
        lied += got[0] == 'a' && lie;
        file_sim_destroy(s);
    }
    assert_true(lost > SEEDS / 8 && kept > SEEDS / 8 && lied > SEEDS / 8);
}

static void a_fault_hits_its_call(void **unused) {
    (void)unused;
    struct file_sim *s = sim_start(3);
    struct err e;
    char got[8 * BLOCK];
    size_t n = 0;
    struct file *f = open_new(s, "f", 0); /* call 1 */
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_FAIL, .at = 3});
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_SHORT, .at = 5});
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_SHORT, .at = 7});
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_FLIP, .at = 8});
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_FAIL, .at = 10, .onwards = true});
    assert_true(file_write(f, "0123456789", 10, &e));
    assert_false(file_write_at(f, 0, "x", 1, &e));
    assert_string_equal(e.sqlstate, "58030");
    assert_true(file_write_at(f, 10, "0123456789", 10, &e));
    assert_false(file_write_at(f, 20, "0123456789", 10, &e));
    assert_true(file_read_at(f, 0, got, 30, &n, &e));
    assert_in_range(n, 20, 29); /* a part was written */
    assert_true(file_read_at(f, 0, got, 30, &n, &e));
    assert_in_range(n, 1, 29);
    assert_true(file_read_at(f, 0, got, 20, &n, &e));
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 20; i++) {
        bits += (uint32_t)__builtin_popcount((unsigned char)(got[i] ^ ('0' + (int)(i % 10))));
    }
    assert_int_equal(bits, 1);
    assert_true(file_sync(f, &e));
    for (uint32_t i = 0; i < 3; i++) assert_false(file_sync(f, &e));
    assert_int_equal(file_sim_calls(s), 12);
    file_close(f);
    file_sim_destroy(s);
}

/* A full disk takes what fits and says 53100; what is removed makes room. */
static void a_disk_fills_up(void **unused) {
    (void)unused;
    const struct file_sim_options o = {.disk_bytes = 6 * BLOCK}; /* root, two files, three blocks */
    struct file_sim *s = file_sim_create(&o);
    struct file_system *fs = file_sim_system(s);
    struct err e;
    char got[8 * BLOCK], block[4 * BLOCK] = {0};
    struct file *f = open_new(s, "f", 0), *g = open_new(s, "g", 0);
    assert_false(file_write_at(f, 0, block, 4 * BLOCK, &e));
    assert_string_equal(e.sqlstate, "53100");
    assert_int_equal(content(s, "f", got), 3 * BLOCK);
    fill(f, BLOCK, 'x', BLOCK); /* has its room already */
    assert_false(file_write_at(g, 0, "x", 1, &e));
    assert_string_equal(e.sqlstate, "53100");
    assert_false(file_make_directory(fs, "d", &e));
    assert_string_equal(e.sqlstate, "53100");
    assert_true(file_remove(fs, "f", &e));
    assert_false(file_write_at(g, 0, "x", 1, &e)); /* still open */
    file_close(f);
    fill(g, 0, 'x', 4 * BLOCK);
    file_sim_disk(s, 0);
    assert_true(file_make_directory(fs, "d", &e));
    file_close(g);
    file_sim_destroy(s);
}

/* --- seeds --- */

/* Content of a run that is stopped at its call `at`. */
static void run_once(struct file_sim *s, uint64_t at) {
    struct file_system *fs = file_sim_system(s);
    struct err e;
    struct file *f = open_new(s, "f", 0);
    fill(f, 0, 'a', 3 * BLOCK);
    file_sim_fault(s, (struct file_sim_fault){.kind = FILE_SIM_STOP, .at = at});
    bool done = file_sync(f, &e) && file_rename(fs, "f", "g", &e) &&
                file_write_at(f, BLOCK, "bcd", 3, &e) && file_sync_directory(fs, "/", &e);
    assert_false(done);
    file_close(f);
}

static int64_t either(struct file_sim *s, char got[8 * BLOCK]) {
    int64_t bytes = content(s, "f", got);
    return bytes < 0 ? content(s, "g", got) : bytes;
}

/* One seed, one outcome; a copy is crashed by its own. */
static void all_follows_from_the_seed(void **unused) {
    (void)unused;
    uint32_t differ = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        char got[3][8 * BLOCK] = {{0}};
        int64_t bytes[3];
        struct file_sim *s[3] = {sim_start(seed), sim_start(seed), NULL};
        for (uint32_t i = 0; i < 2; i++) run_once(s[i], 3 + seed % 4);
        s[2] = file_sim_copy(s[0], seed + 1);
        for (uint32_t i = 0; i < 3; i++) {
            file_sim_restart(s[i], FILE_SIM_POWER);
            bytes[i] = either(s[i], got[i]);
            file_sim_destroy(s[i]);
        }
        assert_int_equal(bytes[0], bytes[1]);
        assert_memory_equal(got[0], got[1], sizeof got[0]);
        differ += bytes[0] != bytes[2] || memcmp(got[0], got[2], sizeof got[0]) != 0;
    }
    assert_true(differ > SEEDS / 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sector_is_old_or_new),
        cmocka_unit_test(entries_are_lost_or_kept),
        cmocka_unit_test(synced_entries_stay),
        cmocka_unit_test(direct_writes_are_durable_or_torn),
        cmocka_unit_test(a_kill_loses_nothing_that_was_written),
        cmocka_unit_test(a_failed_sync_is_not_made_good),
        cmocka_unit_test(a_fault_hits_its_call),
        cmocka_unit_test(a_disk_fills_up),
        cmocka_unit_test(all_follows_from_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
