/* answers_test.c: what models answered is kept by content, and never takes more than it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/answers.h"

static struct answer_key key_of(uint64_t n) {
    struct answer_key k = {.version = 0};
    answer_hash(&n, sizeof n, &k);
    return k;
}

static size_t bytes_held(const struct answers *a) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < 2; i++) {
        bytes += a->bytes[i].held_bytes + map_bytes(&a->map[i]);
    }
    return bytes;
}

/* Contents that differ in one bit, or only in their length, differ in both words. */
static void contents_are_told_apart(void **unused) {
    (void)unused;
    char content[100] = {0};
    struct answer_key first, other;
    for (uint32_t bytes = 0; bytes < sizeof content; bytes++) {
        answer_hash(content, bytes, &first);
        answer_hash(content, bytes + 1, &other);
        assert_true(first.low != other.low && first.high != other.high);
        for (uint32_t bit = 0; bit < bytes * 8; bit++) {
            content[bit / 8] ^= (char)(1 << bit % 8);
            answer_hash(content, bytes, &other);
            assert_true(first.low != other.low && first.high != other.high);
            content[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

/* The newest answers are there, older ones may have gone, and what is found is what was added. */
static void the_newest_are_kept(void **unused) {
    (void)unused;
    static const size_t limits[] = {1 << 16, 1 << 18, 1 << 20};
    for (size_t l = 0; l < COUNT_OF(limits); l++) {
        struct answers a;
        answers_init(&a);
        answers_limit(&a, limits[l]);
        for (uint64_t n = 0; n < 20000; n++) {
            struct answer_key k = key_of(n);
            struct text found;
            assert_false(answers_find(&a, &k, &found));
            answers_add(&a, &k, (struct text){(const char *)&n, sizeof n});
            assert_true(bytes_held(&a) <= limits[l]);
            uint64_t before = n > 50 ? n - 50 : 0;
            k = key_of(before);
            assert_true(answers_find(&a, &k, &found));
            assert_memory_equal(found.at, &before, sizeof before);
        }
        answers_done(&a);
    }
}

/* What is asked for again and again stays, whatever else comes. */
static void what_is_asked_for_stays(void **unused) {
    (void)unused;
    struct answers a;
    struct text found;
    struct answer_key often = key_of(UINT64_MAX);
    answers_init(&a);
    answers_limit(&a, 1 << 16);
    answers_add(&a, &often, TEXT_LITERAL("often"));
    for (uint64_t n = 0; n < 20000; n++) {
        struct answer_key k = key_of(n);
        answers_add(&a, &k, TEXT_LITERAL("seldom"));
        assert_true(answers_find(&a, &often, &found));
        assert_true(text_equal(found, TEXT_LITERAL("often")));
    }
    answers_forget(&a);
    assert_false(answers_find(&a, &often, &found));
    answers_done(&a);
}

static void none_is_kept_without_room(void **unused) {
    (void)unused;
    struct answers a;
    struct text found;
    struct answer_key k = key_of(1);
    char large[1 << 14] = {0};
    answers_init(&a);
    answers_add(&a, &k, TEXT_LITERAL("x"));
    assert_false(answers_find(&a, &k, &found));
    answers_limit(&a, 1 << 16);
    answers_add(&a, &k, (struct text){large, sizeof large}); /* an eighth is the most */
    assert_false(answers_find(&a, &k, &found));
    answers_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_are_told_apart),
        cmocka_unit_test(the_newest_are_kept),
        cmocka_unit_test(what_is_asked_for_stays),
        cmocka_unit_test(none_is_kept_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
