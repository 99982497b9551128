/* image_damage_test.c: images that are cut or damaged: an error or an image of its size, never a
 * crash; and what has lost pixels is no image.
 *
 * The files are those of the test data, and small ones made here. Each is cut at many places, and
 * has bytes changed at many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/data.h"
#include "tests/unit/udf/image_probe.h"

enum { CUTS = 24, DAMAGES = 24, FILE_BYTES_MAX = 1 << 20 };

struct tally {
    struct random random;
    uint64_t decoded, refused;
};

/* Decodes bytes at the very end of their memory, so that a sanitizer sees what reads on. */
static bool decode(struct tally *t, struct text bytes, struct image_info *size_out) {
    struct arena a;
    struct image image;
    struct err e = {.code = ERR_NONE};
    struct image_info info;
    char *copy = malloc(bytes.bytes + 1U);
    assert_non_null(copy);
    memcpy(copy + 1, bytes.at, bytes.bytes);
    struct text own = {.at = copy + 1, .bytes = bytes.bytes};
    arena_init(&a, (size_t)64 << 20);
    bool ok = image_decode(own, NULL, &a, &image, &e);
    if (ok) {
        uint64_t sum = 0;
        for (size_t i = 0; i < image_bytes(&image); i++) sum += image.pixel[i];
        assert_true(sum <= 255 * (uint64_t)image_bytes(&image));
        assert_true(image_info(own, &info, &e));
        assert_int_equal(info.width, image.width);
        assert_int_equal(info.height, image.height);
        assert_int_equal(info.channels, image.channels);
        if (size_out) *size_out = info;
    } else {
        bool known = strcmp(e.sqlstate, "22P03") == 0 || strcmp(e.sqlstate, "54000") == 0 ||
                     strcmp(e.sqlstate, "53200") == 0;
        if (!known) fail_msg("%s: %s", e.sqlstate, e.message);
        assert_true(e.message[0] != '\0');
    }
    arena_done(&a);
    free(copy);
    t->decoded += ok;
    t->refused += !ok;
    return ok;
}

static void cut_and_damage(const char *path, struct text bytes, void *context) {
    struct tally *t = context;
    (void)path;
    if (bytes.bytes > FILE_BYTES_MAX || bytes.bytes < 2) return;
    for (uint32_t i = 0; i < random_rounds(CUTS); i++) {
        struct text part = {bytes.at, (uint32_t)random_below(&t->random, bytes.bytes)};
        decode(t, part, NULL);
    }
    char *copy = malloc(bytes.bytes);
    assert_non_null(copy);
    for (uint32_t i = 0; i < random_rounds(DAMAGES); i++) {
        memcpy(copy, bytes.at, bytes.bytes);
        uint64_t changes = random_below(&t->random, 4) + 1;
        uint32_t reach = i % 2 ? bytes.bytes : bytes.bytes < 200 ? bytes.bytes : 200; /* headers */
        for (uint64_t k = 0; k < changes; k++) {
            copy[random_below(&t->random, reach)] = (char)random_below(&t->random, 256);
        }
        decode(t, (struct text){copy, bytes.bytes}, NULL);
    }
    free(copy);
}

static void damage_never_crashes(void **unused) {
    (void)unused;
    static const char *const folders[] = {"pngsuite", "jpeg", "jpeg/mozilla", "images/darknet",
                                          "images/skimage"};
    if (!test_data_there()) {
        print_message("skipped: no test data\n");
        skip();
    }
    struct tally t = {.random = random_start(__func__)};
    uint32_t files = 0;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        files += image_files(folders[i], ".png", cut_and_damage, &t);
        files += image_files(folders[i], ".jpg", cut_and_damage, &t);
    }
    assert_true(files > 220);
    assert_true(t.refused > t.decoded / 2 && t.decoded > 0);
}

/* The next data chunk at or behind `at`; false: there is none. */
static bool next_data(struct text bytes, uint32_t *at, uint32_t *length) {
    while (*at + 8 <= bytes.bytes) {
        const unsigned char *p = (const unsigned char *)bytes.at + *at;
        *length = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        if (memcmp(p + 4, "IDAT", 4) == 0) return true;
        *at += 12 + *length;
    }
    return false;
}

/* A PNG file without data is bad, and so is one with a wrong bit in its data or their checksum. */
static void png_that_is_cut_or_changed_is_bad(const char *path, struct text bytes, void *context) {
    struct tally *t = context;
    uint32_t at = 8, length;
    assert_true(next_data(bytes, &at, &length));
    if (decode(t, (struct text){bytes.at, at}, NULL)) fail_msg("%s without data", path);
    char *copy = malloc(bytes.bytes);
    assert_non_null(copy);
    for (uint32_t tries = 0; tries < CUTS && next_data(bytes, &at, &length); tries++) {
        for (uint32_t i = 0; i < length + 4; i += 1 + length / 8) {
            memcpy(copy, bytes.at, bytes.bytes);
            copy[at + 8 + i] = (char)(copy[at + 8 + i] ^ 0x10);
            if (decode(t, (struct text){copy, bytes.bytes}, NULL))
                fail_msg("%s: byte %u", path, at + 8 + i);
        }
        at += 12 + length;
    }
    free(copy);
}

static void checksums_hold(void **unused) {
    (void)unused;
    if (!test_data_there()) {
        print_message("skipped: no test data\n");
        skip();
    }
    struct tally t = {.random = random_start(__func__)};
    assert_true(image_files("pngsuite", ".png", png_that_is_cut_or_changed_is_bad, &t) > 150);
    assert_true(t.decoded == 0 && t.refused > 1000);
}

/* Cut before its data ends a JPEG is bad; without its end marker, or with bytes behind it, not. */
static void jpeg_needs_its_last_row(void **unused) {
    (void)unused;
    struct tally t = {.random = random_start(__func__)};
    struct arena a;
    struct err e;
    struct text file;
    struct image_info size = {.width = 70, .height = 50, .channels = 3};
    arena_init(&a, 0);
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        size.channels = channels;
        struct image image = image_random(&t.random, &a, &size, false);
        assert_true(image_encode_jpeg(&image, 80, &a, &file, &e));
        for (uint32_t bytes = 0; bytes + 3 < file.bytes; bytes += 7) {
            assert_false(decode(&t, (struct text){file.at, bytes}, NULL));
        }
        assert_true(decode(&t, (struct text){file.at, file.bytes - 2}, NULL));
        char *longer = arena_alloc(&a, file.bytes + 100);
        assert_non_null(longer);
        memset(longer, 0x5A, file.bytes + 100);
        memcpy(longer, file.at, file.bytes);
        assert_true(decode(&t, (struct text){longer, file.bytes + 100}, NULL));
    }
    arena_done(&a);
}

/* The real file that was cut by somebody else. */
static void truncated_files_are_bad(void **unused) {
    (void)unused;
    static const char *const paths[] = {"images/skimage/truncated.jpg",
                                        "jpeg/partial_progressive.jpg"};
    if (!test_data_there()) {
        print_message("skipped: no test data\n");
        skip();
    }
    struct tally t = {.random = random_start(__func__)};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct arena a;
        struct text file;
        char path[1024];
        arena_init(&a, 0);
        snprintf(path, sizeof path, "%s/%s", test_data(), paths[i]);
        assert_true(image_file(path, &a, &file));
        assert_false(decode(&t, file, NULL));
        arena_done(&a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_never_crashes),
        cmocka_unit_test(checksums_hold),
        cmocka_unit_test(jpeg_needs_its_last_row),
        cmocka_unit_test(truncated_files_are_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
