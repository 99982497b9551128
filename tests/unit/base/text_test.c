/* text_test.c: laws of text; UTF-8 against a decoder written from the table of RFC 3629. */
#include "engine/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/attr.h"
#include "engine/base/nearest.h"
#include "tests/unit/base/random.h"

/* RFC 3629, section 4, line by line: lead from..to, second from..to, continuations in all. */
static const struct {
    unsigned char lead_min, lead_max, second_min, second_max, more;
} syntax[] = {
    {0x00, 0x7F, 0x00, 0x00, 0}, {0xC2, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2},
    {0xE1, 0xEC, 0x80, 0xBF, 2}, {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEF, 0x80, 0xBF, 2},
    {0xF0, 0xF0, 0x90, 0xBF, 3}, {0xF1, 0xF3, 0x80, 0xBF, 3}, {0xF4, 0xF4, 0x80, 0x8F, 3},
};

static size_t naive_sequence(const unsigned char *s, size_t n) {
    for (size_t i = 0; i < COUNT_OF(syntax); i++) {
        if (s[0] < syntax[i].lead_min || s[0] > syntax[i].lead_max) continue;
        size_t need = 1 + (size_t)syntax[i].more;
        if (n < need) return 0;
        if (need > 1 && (s[1] < syntax[i].second_min || s[1] > syntax[i].second_max)) return 0;
        for (size_t k = 2; k < need; k++) {
            if (s[k] < 0x80 || s[k] > 0xBF) return 0;
        }
        return need;
    }
    return 0;
}

static size_t naive_prefix(const char *at, size_t bytes) {
    size_t i = 0;
    while (i < bytes) {
        size_t n = naive_sequence((const unsigned char *)at + i, bytes - i);
        if (n == 0) break;
        i += n;
    }
    return i;
}

/* In a copy that ends where memory ends, so that ASan sees a read too far; at every shift against
 * the blocks of the fast way. */
static void check_at(const char *s, size_t bytes, size_t before, size_t behind) {
    size_t all = before + bytes + behind;
    char *copy = malloc(all > 0 ? all : 1);
    assert_non_null(copy);
    memset(copy, 'a', all);
    memcpy(copy + before, s, bytes);
    assert_int_equal(utf8_valid_prefix(copy, all), naive_prefix(copy, all));
    free(copy);
}

static void every_code_point_is_valid_but_surrogates(void **unused) {
    (void)unused;
    char s[4 * 64];
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        uint32_t n = utf8_encode(c, s);
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(utf8_valid_prefix(s, n), surrogate ? 0 : n);
        if (surrogate || c % 16 != 0) continue;
        for (uint32_t i = 0; i < 64; i++) utf8_encode(c, s + i * n); /* through the fast way */
        assert_int_equal(utf8_valid_prefix(s, n * 64), n * 64);
        assert_int_equal(utf8_length(s, n * 64), 64);
    }
}

static void every_two_bytes(void **unused) {
    (void)unused;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char s[4] = {(char)a, (char)b, 'x', 'x'};
            assert_int_equal(utf8_valid_prefix(s, 2), naive_prefix(s, 2));
            check_at(s, 2, 63, 64);
            check_at(s, 2, 14, 80);
        }
    }
}

/* All leads with all second bytes and telling third and fourth ones, inside a block. */
static void telling_sequences_of_four(void **unused) {
    (void)unused;
    static const unsigned char tell[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                         0xBF, 0xC0, 0xC2, 0xE1, 0xF4, 0xFF};
    char block[128];
    memset(block, 'a', sizeof block);
    for (int a = 0xC0; a < 256; a++) {
        for (int b = 0x70; b < 256; b++) {
            for (size_t c = 0; c < sizeof tell * sizeof tell; c++) {
                unsigned char s[4] = {(unsigned char)a, (unsigned char)b, tell[c / sizeof tell],
                                      tell[c % sizeof tell]};
                memcpy(block + 62, s, 4);
                assert_int_equal(utf8_valid_prefix(block, 128), naive_prefix(block, 128));
            }
        }
    }
}

static void random_text_with_a_fault(void **unused) {
    (void)unused;
    struct random r = random_start("utf8");
    char s[600];
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        size_t bytes = 0, want = random_below(&r, 500);
        uint64_t ascii = random_below(&r, 4);
        while (bytes < want) {
            uint32_t c = random_below(&r, 4) < ascii ? (uint32_t)random_below(&r, 128)
                                                     : (uint32_t)(random_spread(&r) % 0x110000);
            if (c < 0xD800 || c > 0xDFFF) bytes += utf8_encode(c, s + bytes);
        }
        assert_int_equal(utf8_valid_prefix(s, bytes), bytes);
        if (bytes == 0) continue;
        s[random_below(&r, bytes)] = (char)random_u64(&r);
        check_at(s, bytes, 0, 0);
        check_at(s, random_below(&r, bytes + 1), random_below(&r, 70), random_below(&r, 70));
    }
}

static void order_is_that_of_bytes(void **unused) {
    (void)unused;
    assert_true(text_compare(text_of("ab"), text_of("abc")) < 0);
    assert_true(text_compare(text_of("b"), text_of("abc")) > 0);
    assert_true(text_compare(text_of("\x80"), text_of("a")) > 0);
    assert_true(text_compare((struct text){NULL, 0}, text_of("")) == 0);
    assert_true(text_compare((struct text){"a\0b", 3}, (struct text){"a\0c", 3}) < 0);
    assert_true(text_equal((struct text){NULL, 0}, text_of("")));
    assert_false(text_equal(text_of("a"), text_of("A")));
}

static void folding_is_ascii_only(void **unused) {
    (void)unused;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char x = (char)a, y = (char)b;
            int fa = a >= 'A' && a <= 'Z' ? a + 32 : a, fb = b >= 'A' && b <= 'Z' ? b + 32 : b;
            struct text tx = {&x, 1}, ty = {&y, 1};
            assert_int_equal(text_equal_fold(tx, ty), fa == fb);
            int order = text_compare_fold(tx, ty);
            assert_int_equal((order > 0) - (order < 0), (fa > fb) - (fa < fb));
        }
    }
    assert_true(text_equal_fold(text_of("SELECT"), text_of("select")));
    assert_false(text_equal_fold(text_of("SELECT"), text_of("selec")));
}

/* By the recursive definition; exponential, so for short names only. */
static uint32_t naive_distance(struct text a, struct text b) {
    if (a.bytes == 0) return b.bytes;
    if (b.bytes == 0) return a.bytes;
    struct text a1 = {a.at, a.bytes - 1}, b1 = {b.at, b.bytes - 1};
    uint32_t best = naive_distance(a1, b1) + (a.at[a1.bytes] != b.at[b1.bytes]);
    uint32_t other = naive_distance(a1, b) + 1;
    if (other < best) best = other;
    other = naive_distance(a, b1) + 1;
    if (other < best) best = other;
    if (a1.bytes == 0 || b1.bytes == 0) return best;
    bool swap = a.at[a1.bytes] == b.at[b1.bytes - 1] && a.at[a1.bytes - 1] == b.at[b1.bytes];
    struct text a2 = {a.at, a.bytes - 2}, b2 = {b.at, b.bytes - 2};
    other = naive_distance(a2, b2) + 1;
    return swap && other < best ? other : best;
}

static void distance_is_the_definition(void **unused) {
    (void)unused;
    struct random r = random_start("distance");
    for (uint32_t i = 0; i < random_rounds(2000); i++) {
        char a[6], b[6];
        for (size_t k = 0; k < 6; k++) {
            a[k] = (char)('a' + random_below(&r, 3));
            b[k] = (char)('a' + random_below(&r, 3));
        }
        struct text x = {a, (uint32_t)random_below(&r, 7)}, y = {b, (uint32_t)random_below(&r, 7)};
        assert_int_equal(text_distance(x, y, 100), naive_distance(x, y));
        assert_int_equal(text_distance(x, y, 2),
                         naive_distance(x, y) < 2 ? naive_distance(x, y) : 2);
    }
    assert_int_equal(text_distance(text_of("price"), text_of("PRICEE"), 9), 1);
    assert_int_equal(text_distance(text_of("ab"), text_of("ba"), 9), 1);
    char name[200];
    memset(name, 'x', sizeof name);
    assert_int_equal(text_distance((struct text){name, 200}, text_of("x"), 3), 3);
}

/* Of the names offered the first of those at the least distance, unless a third is wrong. */
static void the_nearest_is_the_first_of_the_least(void **unused) {
    (void)unused;
    static const char *const names[] = {"prize", "price", "prices", "bid", "p"};
    struct random r = random_start("nearest");
    for (uint32_t i = 0; i < random_rounds(2000); i++) {
        char word[7] = "";
        for (size_t k = 0; k < random_below(&r, 7); k++) word[k] = "pricezsbd"[random_below(&r, 9)];
        struct text asked = text_of(word), least = {0};
        struct nearest near = nearest_to(asked);
        uint32_t best = asked.bytes / 3 + 1;
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            struct text name = text_of(names[k]);
            nearest_offer(&near, name);
            if (naive_distance(asked, name) >= best) continue;
            best = naive_distance(asked, name);
            least = name;
        }
        assert_true(text_equal(near.found, least));
        struct err e;
        err_set(&e, ERR_SQL, "42703", "there is none");
        assert_int_equal(nearest_hint(&near, '\'', &e), least.bytes > 0);
        assert_int_equal(e.hint[0] != '\0', least.bytes > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_valid_but_surrogates),
        cmocka_unit_test(every_two_bytes),
        cmocka_unit_test(telling_sequences_of_four),
        cmocka_unit_test(random_text_with_a_fault),
        cmocka_unit_test(order_is_that_of_bytes),
        cmocka_unit_test(folding_is_ascii_only),
        cmocka_unit_test(distance_is_the_definition),
        cmocka_unit_test(the_nearest_is_the_first_of_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
