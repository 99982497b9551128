/* image_once.c: an image is decoded once for each row, however many functions look at it, and not
 * at all for those that do not; and a batch of images needs the memory of a few.
 *
 * The program's own main is linked in under another name, with image_decode_pam(), through which
 * every decoding for a function goes, wrapped by one that counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "udf/image/image.h"

int weir_main(int argc, char **argv);

bool __real_image_decode_pam(struct text bytes, const struct image_read *how, struct arena *a,
                             struct text *out, struct err *e);
bool __wrap_image_decode_pam(struct text bytes, const struct image_read *how, struct arena *a,
                             struct text *out, struct err *e);

static uint32_t *count(void) {
    static uint32_t decoded;
    return &decoded;
}

bool __wrap_image_decode_pam(struct text bytes, const struct image_read *how, struct arena *a,
                             struct text *out, struct err *e) {
    bool pixels = bytes.bytes >= 2 && memcmp(bytes.at, "P7", 2) == 0; /* used where they lie */
    *count() += !pixels;
    return __real_image_decode_pam(bytes, how, a, out, e);
}

/* Decodings of a query over a stream `s` of three rows with the columns i and img. */
static uint32_t decodings(const char *query) {
    static const char rows[] = "1,P2 4 3 255 0 10 20 30 40 90 60 70 80 200 250 255\n2,\n"
                               "3,P3 3 2 255 255 0 0 0 255 0 0 0 255 9 9 9 100 50 25 255 255 255\n";
    char sql[2048], path[] = "/tmp/image_once_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rows, sizeof rows - 1), sizeof rows - 1);
    close(fd);
    snprintf(sql, sizeof sql,
             "CREATE STREAM s (i BIGINT, f TEXT, img AS image_decode(CAST(f AS BLOB))) WITH "
             "('connector' = 'filesystem', 'path' = '%s', 'format' = 'csv'); %s",
             path, query);
    char run[] = "run", option[] = "-c", program[] = "weir";
    char *argv[] = {program, run, option, sql, NULL};
    *count() = 0;
    assert_int_equal(weir_main(4, argv), 0);
    unlink(path);
    return *count();
}

static void many_uses_are_one_decoding(void **unused) {
    (void)unused;
    assert_int_equal(decodings("SELECT image_gray(img) IS NULL AS r FROM s;"), 2);
    assert_int_equal(decodings("SELECT image_diff(image_blur(img, 2), img) AS d, image_phash(img) "
                               "AS h, image_sobel(img) IS NULL AS s, image_lbp(image_pad(img, 2, 2,"
                               " 2, 2)) AS l FROM s;"),
                     2);
    assert_int_equal(decodings("SELECT image_phash(g) AS a, image_phash(image_flip(g)) AS b FROM "
                               "(SELECT image_gray(img) AS g FROM s);"),
                     2);
}

static void sizes_need_no_decoding(void **unused) {
    (void)unused;
    assert_int_equal(decodings("SELECT image_width(img) AS w, image_height(img) AS h, "
                               "image_channels(img) AS c FROM s;"),
                     0);
}

/* Rows that a condition drops before it, or that a CASE does not reach, are not decoded. */
static void rows_not_wanted_are_not_decoded(void **unused) {
    (void)unused;
    assert_int_equal(decodings("SELECT image_phash(img) AS h FROM s WHERE i = 1;"), 1);
    assert_int_equal(decodings("SELECT CASE WHEN i > 1 THEN hamming_distance(image_phash(img), "
                               "image_phash(img)) END AS h FROM s;"),
                     1);
}

/* 300 images of 4 MB in one batch: what is between the file and the number is not kept. */
static void memory_is_that_of_a_few_images(void **unused) {
    (void)unused;
    enum { SIDE = 2048, LIMIT_KB = 700 << 10 };
    char sql[2048], path[] = "/tmp/image_large_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && ftruncate(fd, SIDE * SIDE + 16) == 0);
    assert_int_equal(pwrite(fd, "P5 2048 2048 255\n", 17, 0), 17);
    assert_int_equal(ftruncate(fd, SIDE * SIDE + 17), 0);
    close(fd);
    snprintf(sql, sizeof sql,
             "CREATE STREAM g (i BIGINT) WITH ('connector' = 'datagen', 'fields.i.kind' = "
             "'sequence', 'fields.i.start' = '1', 'fields.i.end' = '300'); SELECT COUNT(*) AS n, "
             "SUM(image_diff(image_read(p), image_flip(image_read(p)))) AS d FROM (SELECT "
             "CASE WHEN i > 0 THEN '%s' END AS p FROM g);",
             path);
    char run[] = "run", option[] = "-c", program[] = "weir";
    char *argv[] = {program, run, option, sql, NULL};
    assert_int_equal(weir_main(4, argv), 0);
    unlink(path);
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
    if (used.ru_maxrss > LIMIT_KB) fail_msg("%ld MB were used", used.ru_maxrss >> 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_uses_are_one_decoding),
        cmocka_unit_test(sizes_need_no_decoding),
        cmocka_unit_test(rows_not_wanted_are_not_decoded),
        cmocka_unit_test(memory_is_that_of_a_few_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
