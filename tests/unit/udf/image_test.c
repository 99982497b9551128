/* image_test.c: what is written is read as it was, whatever the size; real files give the pixels
 * that stand beside them; sizes are judged before memory is taken. */
#include "udf/image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/data.h"
#include "tests/unit/udf/image_probe.h"

enum { ROUNDS = 60 };

static struct image_info random_size(struct random *r) {
    return (struct image_info){.width = (uint32_t)random_below(r, 40) + 1,
                               .height = (uint32_t)random_below(r, 40) + 1,
                               .channels = (uint32_t)random_below(r, 4) + 1};
}

static void assert_info(struct text file, const struct image *image, const char *format) {
    struct image_info info;
    struct err e;
    if (!image_info(file, &info, &e)) fail_msg("%s", e.message);
    assert_int_equal(info.width, image->width);
    assert_int_equal(info.height, image->height);
    assert_int_equal(info.channels, image->channels);
    assert_string_equal(info.format, format);
}

static void png_and_pam_keep_every_pixel(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    for (uint32_t i = 0; i < random_rounds(ROUNDS); i++) {
        struct arena a;
        struct err e;
        struct text file;
        struct image_canvas pam;
        arena_init(&a, 0);
        struct image_info size = random_size(&r);
        struct image image = image_random(&r, &a, &size, i % 2), back;
        assert_true(image_encode_png(&image, &a, &file, &e));
        assert_info(file, &image, "png");
        assert_true(image_decode(file, NULL, &a, &back, &e));
        assert_true(image_same(&image, &back));

        assert_true(image_canvas(&a, &size, &pam, &e));
        memcpy(pam.pixel, image.pixel, image_bytes(&image));
        file = image_as_pam(&pam);
        assert_info(file, &image, "pnm");
        assert_true(image_decode(file, NULL, &a, &back, &e));
        assert_true(image_same(&image, &back));
        assert_ptr_equal(back.pixel, pam.pixel);
        arena_done(&a);
    }
}

/* A JPEG of slopes differs little, and less the higher its quality is. */
static void jpeg_keeps_slopes(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    for (uint32_t i = 0; i < random_rounds(ROUNDS); i++) {
        struct arena a;
        struct err e;
        struct text low, high;
        struct image back;
        arena_init(&a, 0);
        struct image_info size = random_size(&r);
        size.channels = 1;
        struct image image = image_random(&r, &a, &size, true);
        assert_true(image_encode_jpeg(&image, 50, &a, &low, &e));
        assert_true(image_encode_jpeg(&image, 100, &a, &high, &e));
        assert_info(high, &image, "jpeg");
        assert_true(low.bytes <= high.bytes);
        assert_true(image_decode(high, NULL, &a, &back, &e));
        assert_true(image_distance(&image, &back) <= 4);
        arena_done(&a);
    }
}

/* Asked to be no smaller than w x h, a JPEG is the smallest of its eighths, quarters and halves
 * that is not. */
static void jpeg_is_scaled_while_it_is_large_enough(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    struct arena a;
    struct err e;
    struct text file;
    arena_init(&a, 0);
    const struct image_info size = {.width = 203, .height = 101, .channels = 3};
    struct image image = image_random(&r, &a, &size, true), small;
    assert_true(image_encode_jpeg(&image, 90, &a, &file, &e));
    for (uint32_t w = 0; w < 210; w += 3) {
        const struct image_read how = {.width_min = w, .height_min = w / 3};
        assert_true(image_decode(file, &how, &a, &small, &e));
        uint32_t by = 1;
        for (uint32_t k = 2; k <= 8 && w > 0; k *= 2) {
            if ((203 + k - 1) / k >= w && (101 + k - 1) / k >= w / 3) by = k;
        }
        assert_int_equal(small.width, (203 + by - 1) / by);
        assert_int_equal(small.height, (101 + by - 1) / by);
    }
    arena_done(&a);
}

static void channels_are_converted(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    struct arena a;
    struct err e;
    arena_init(&a, 0);
    for (uint32_t channels = 1; channels <= 4; channels++) {
        const struct image_info size = {.width = 9, .height = 7, .channels = channels};
        struct image image = image_random(&r, &a, &size, false), gray, rgb;
        assert_true(image_convert(&image, 1, &a, &gray, &e));
        assert_true(image_convert(&image, 3, &a, &rgb, &e));
        for (uint32_t i = 0; i < 63; i++) {
            const uint8_t *p = image.pixel + (size_t)i * channels, *q = rgb.pixel + (size_t)i * 3;
            double luma = channels < 3 ? p[0] : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
            assert_true(gray.pixel[i] >= luma - 0.51 && gray.pixel[i] <= luma + 0.51);
            for (int c = 0; c < 3; c++) assert_int_equal(q[c], p[channels < 3 ? 0 : c]);
        }
    }
    arena_done(&a);
}

static void put_u32(char *at, uint32_t v) {
    for (int i = 0; i < 4; i++) at[i] = (char)(v >> (24 - 8 * i));
}

/* A header that claims much takes nothing. */
static void size_is_judged_before_memory_is_taken(void **unused) {
    (void)unused;
    struct arena a;
    struct image image;
    struct err e;
    arena_init(&a, 0);
    char png[33] = "\x89PNG\r\n\x1A\n\0\0\0\rIHDR";
    put_u32(png + 16, 100000);
    put_u32(png + 20, 100000);
    memcpy(png + 24, "\x08\x02\0\0\0\x46\x3E\x0B\x50", 9); /* RGB of 8 bits, and its checksum */
    const struct text files[] = {
        {png, sizeof png},
        TEXT_LITERAL("P6 100000 100000 255\n"),
        TEXT_LITERAL("P1 99999 99999\n0 1 0"),
        TEXT_LITERAL("P7\nWIDTH 999999\nHEIGHT 999999\nDEPTH 4\nMAXVAL 65535\nENDHDR\n"),
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        assert_false(image_decode(files[i], NULL, &a, &image, &e));
        assert_string_equal(e.sqlstate, "54000");
        assert_int_equal(a.held_bytes, 0);
    }
    const struct image_read few = {.pixels_max = 11};
    assert_false(image_decode(TEXT_LITERAL("P5 4 3 255\nabcdefghijkl"), &few, &a, &image, &e));
    assert_string_equal(e.sqlstate, "54000");
    const struct image_read enough = {.pixels_max = 12};
    assert_true(image_decode(TEXT_LITERAL("P5 4 3 255\nabcdefghijkl"), &enough, &a, &image, &e));
    arena_done(&a);
}

static void what_is_no_image_says_so(void **unused) {
    (void)unused;
    struct arena a;
    struct image image;
    struct err e;
    arena_init(&a, 0);
    static const char *const none[] = {"", "x", "GIF89a", "P", "P5", "P8 1 1 255 a", "\xFF\xD8"};
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        assert_false(image_decode(text_of(none[i]), NULL, &a, &image, &e));
        assert_string_equal(e.sqlstate, "22P03");
    }
    arena_done(&a);
}

/* With ever more memory decoding fails cleanly until it succeeds. */
static void lack_of_memory_is_an_error(void **unused) {
    (void)unused;
    struct random r = random_start(__func__);
    struct arena files;
    struct err e;
    struct text file[2];
    arena_init(&files, 0);
    const struct image_info size = {.width = 90, .height = 60, .channels = 3};
    struct image image = image_random(&r, &files, &size, true);
    assert_true(image_encode_png(&image, &files, &file[0], &e));
    assert_true(image_encode_jpeg(&image, 90, &files, &file[1], &e));
    for (int i = 0; i < 2; i++) {
        bool done = false;
        for (size_t limit = 1 << 10; !done; limit += 1 << 12) {
            struct arena a;
            struct image got;
            const struct image_read how = {.channels = 1};
            arena_init(&a, limit);
            done = image_decode(file[i], &how, &a, &got, &e);
            if (!done) assert_string_equal(e.sqlstate, "53200");
            arena_done(&a);
        }
    }
    arena_done(&files);
}

/* JPEGs with the pixels that another decoder gave, as a PNG of the same name. */
static void compare_with_png(const char *path, struct text bytes, void *context) {
    uint32_t *compared = context;
    char png[1024];
    struct arena a;
    struct err e;
    struct text file;
    struct image jpeg, want;
    const struct image_read color = {.channels = 3};
    size_t stem = strlen(path) - 4;
    assert_true(stem + sizeof ".png" <= sizeof png);
    memcpy(png, path, stem);
    memcpy(png + stem, ".png", sizeof ".png");
    arena_init(&a, 0);
    bool ok = image_decode(bytes, &color, &a, &jpeg, &e);
    if (strstr(path, "/partial_progressive.jpg")) { /* is cut */
        assert_false(ok);
    } else if (!ok) {
        fail_msg("%s: %s", path, e.message);
    } else if (image_file(png, &a, &file)) {
        if (!image_decode(file, &color, &a, &want, &e)) fail_msg("%s: %s", png, e.message);
        int distance = image_distance(&jpeg, &want);
        if (distance > 2) fail_msg("%s: differs by %d", path, distance);
        ++*compared;
    }
    arena_done(&a);
}

static void jpegs_give_the_pixels_beside_them(void **unused) {
    (void)unused;
    uint32_t compared = 0;
    if (!test_data_there()) {
        print_message("skipped: no test data\n");
        skip();
    }
    assert_true(image_files("jpeg", ".jpg", compare_with_png, &compared) >= 15);
    assert_true(image_files("jpeg/mozilla", ".jpg", compare_with_png, &compared) >= 18);
    assert_true(compared >= 28);
}

/* PngSuite's names say the interlacing: an interlaced file has the pixels of its plain sister. */
static void compare_with_sister(const char *path, struct text bytes, void *context) {
    uint32_t *compared = context;
    char sister[1024];
    struct arena a;
    struct err e;
    struct text file;
    struct image own, other;
    arena_init(&a, 0);
    if (!image_decode(bytes, NULL, &a, &own, &e)) fail_msg("%s: %s", path, e.message);
    snprintf(sister, sizeof sister, "%s", path);
    char *name = strrchr(sister, '/') + 1;
    bool interlaced = name[3] == 'i' && (strncmp(name, "bas", 3) == 0 || name[0] == 's');
    name[3] = 'n';
    if (interlaced && image_file(sister, &a, &file)) {
        if (!image_decode(file, NULL, &a, &other, &e)) fail_msg("%s: %s", sister, e.message);
        if (!image_same(&own, &other)) fail_msg("%s is not %s", path, sister);
        ++*compared;
    }
    arena_done(&a);
}

static void interlacing_does_not_show(void **unused) {
    (void)unused;
    uint32_t compared = 0;
    if (!test_data_there()) {
        print_message("skipped: no test data\n");
        skip();
    }
    assert_true(image_files("pngsuite", ".png", compare_with_sister, &compared) >= 160);
    assert_true(compared >= 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_and_pam_keep_every_pixel),
        cmocka_unit_test(jpeg_keeps_slopes),
        cmocka_unit_test(jpeg_is_scaled_while_it_is_large_enough),
        cmocka_unit_test(channels_are_converted),
        cmocka_unit_test(size_is_judged_before_memory_is_taken),
        cmocka_unit_test(what_is_no_image_says_so),
        cmocka_unit_test(lack_of_memory_is_an_error),
        cmocka_unit_test(jpegs_give_the_pixels_beside_them),
        cmocka_unit_test(interlacing_does_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
