/* scan_test.c: every set of kernels that the machine has gives what the plain one gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/base/cpu.h"
#include "tests/unit/edge/codec_probe.h"

/* `n` random bytes with a pad of what would be noticed; to be freed. */
static char *random_block(struct random *r, size_t n) {
    static const char special[] = "\n\n\",\\\"\r\t\x01\x1f \x7f\x80\xff;";
    char *at = malloc(n + DECODE_PAD_BYTES);
    uint64_t density = random_below(r, 40) + 1;
    for (size_t i = 0; i < n + DECODE_PAD_BYTES; i++) {
        bool plain = i < n && random_below(r, density) != 0;
        at[i] = plain ? (char)('a' + random_below(r, 26))
                      : special[random_below(r, sizeof special - 1)];
    }
    return at;
}

static void sweeps_find_the_same_lines(void **unused) {
    (void)unused;
    struct random r = random_start("scan lines");
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    struct scan_lines *want = calloc(1, sizeof *want), *got = calloc(1, sizeof *got);
    for (uint32_t round = 0; round < random_rounds(2000); round++) {
        uint32_t n = (uint32_t)random_below(&r, round % 10 ? 500 : SCAN_CHUNK_BYTES + 1);
        uint32_t lines_max = (uint32_t)random_below(&r, SCAN_LINES_MAX) + 1;
        char *at = random_block(&r, n);
        scan_plain.lines(at, n, lines_max, want);
        for (uint32_t k = 1; k < count; k++) {
            sets[k]->lines(at, n, lines_max, got);
            assert_int_equal(got->lines, want->lines);
            for (uint32_t i = 0; i < want->lines; i++) {
                assert_int_equal(got->end[i], want->end[i]);
                assert_int_equal(scan_rank(got, got->end[i]), scan_rank(want, want->end[i]));
            }
        }
        free(at);
    }
    free(want);
    free(got);
}

/* The rank is how many bytes a record must be looked at for. */
static void ranks_count_odd_bytes(void **unused) {
    (void)unused;
    struct random r = random_start("scan rank");
    struct scan_lines *lines = calloc(1, sizeof *lines);
    for (uint32_t round = 0; round < random_rounds(300); round++) {
        uint32_t n = (uint32_t)random_below(&r, 2000);
        char *at = random_block(&r, n);
        scan_plain.lines(at, n, SCAN_LINES_MAX, lines);
        uint32_t odd = 0, line = 0;
        for (uint32_t i = 0; i < n && line < lines->lines; i++) {
            unsigned char c = (unsigned char)at[i];
            if (c == '\n') {
                assert_int_equal(lines->end[line], i);
                assert_int_equal(scan_rank(lines, i), odd);
                line++;
            } else {
                odd += c < 0x20 || c == '\\';
            }
        }
        free(at);
    }
    free(lines);
}

static void strings_stop_at_the_same_byte(void **unused) {
    (void)unused;
    struct random r = random_start("scan strings");
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    for (uint32_t round = 0; round < random_rounds(20000); round++) {
        size_t n = random_below(&r, 300);
        char *at = random_block(&r, n);
        size_t from = random_below(&r, n + 1);
        const char *want = scan_plain.string_stop(at + from, at + n);
        for (uint32_t k = 1; k < count; k++)
            assert_ptr_equal(sets[k]->string_stop(at + from, at + n), want);
        free(at);
    }
}

static void csv_masks_are_the_same(void **unused) {
    (void)unused;
    struct random r = random_start("scan csv");
    const struct scan_kernels *sets[4];
    uint32_t count = scan_usable(cpu_features(), sets);
    for (uint32_t round = 0; round < random_rounds(3000); round++) {
        uint32_t n = (uint32_t)random_below(&r, SCAN_CSV_BLOCKS * SCAN_BLOCK_BYTES + 1);
        char *at = random_block(&r, n);
        struct scan_csv want = {.delimiter = random_below(&r, 2) ? ',' : ';', .quote = '"'};
        struct scan_csv got = want;
        scan_plain.csv(at, n, &want);
        uint32_t blocks = (n + SCAN_BLOCK_BYTES - 1) / SCAN_BLOCK_BYTES;
        for (uint32_t k = 1; k < count; k++) {
            sets[k]->csv(at, n, &got);
            assert_int_equal(got.high, want.high);
            assert_memory_equal(got.special, want.special, blocks * sizeof *got.special);
            assert_memory_equal(got.quotes, want.quotes, blocks * sizeof *got.quotes);
        }
        free(at);
    }
}

static void a_machine_gets_what_it_can_run(void **unused) {
    (void)unused;
    const struct scan_kernels *sets[4];
    assert_int_equal(scan_usable(0, sets), 2);
    assert_ptr_equal(sets[0], &scan_plain);
    assert_string_equal(scan_best(0)->name, "sse");
    assert_string_equal(scan_best(CPU_AVX2)->name, "avx2");
    assert_string_equal(scan_best(CPU_AVX2 | CPU_AVX512)->name, "avx512");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_find_the_same_lines),     cmocka_unit_test(ranks_count_odd_bytes),
        cmocka_unit_test(strings_stop_at_the_same_byte),  cmocka_unit_test(csv_masks_are_the_same),
        cmocka_unit_test(a_machine_gets_what_it_can_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
