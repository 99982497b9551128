/* lex_test.c: tokens cover a text without overlap, and each has its kind. */
#include "sql/lex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/attr.h"
#include "sql/grammar.h"
#include "sql/keyword.h"
#include "tests/unit/base/random.h"

static void expect(const char *sql, const int *kind, uint32_t kinds) {
    struct lexer l;
    lex_init(&l, text_of(sql), 0);
    for (uint32_t i = 0; i < kinds; i++) {
        struct token t = lex_next(&l);
        if (t.kind != kind[i]) print_error("%s: token %u\n", sql, i);
        assert_int_equal(t.kind, kind[i]);
    }
    assert_int_equal(lex_next(&l).kind, 0);
}

#define EXPECT(sql, ...) expect(sql, (const int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / 4)

static void each_token_has_its_kind(void **unused) {
    (void)unused;
    EXPECT("SeLeCt selected", TK_SELECT, TK_ID);
    EXPECT("\"select\" `from` x$errors _a1 caf\xC3\xA9", TK_ID, TK_ID, TK_ID, TK_ID, TK_ID);
    EXPECT("'a''b' '' x'00Ff' X'' xy", TK_STRING, TK_STRING, TK_BLOB, TK_BLOB, TK_ID);
    EXPECT("1 0x1F 1.5 .5 5. 1e3 1.e-3 2E+9", TK_INTEGER, TK_INTEGER, TK_DECIMAL, TK_DECIMAL,
           TK_DECIMAL, TK_DOUBLE, TK_DOUBLE, TK_DOUBLE);
    EXPECT("a.b 1.a2"
           " ",
           TK_ID, TK_DOT, TK_ID, TK_ILLEGAL);
    EXPECT("? ?12", TK_PARAMETER, TK_PARAMETER);
    EXPECT("= == <> != < <= > >= => || | -> ->> << & ~ % / * + -", TK_EQ, TK_EQ, TK_NE, TK_NE,
           TK_LT, TK_LE, TK_GT, TK_GE, TK_FAT_ARROW, TK_CONCAT, TK_BITOR, TK_PTR, TK_PTR, TK_LSHIFT,
           TK_BITAND, TK_BITNOT, TK_REM, TK_SLASH, TK_STAR, TK_PLUS, TK_MINUS);
    EXPECT("( ) [ ] , ;", TK_LP, TK_RP, TK_LB, TK_RB, TK_COMMA, TK_SEMICOLON);
}

static void a_double_greater_is_two_tokens(void **unused) {
    (void)unused;
    EXPECT(">> >>> > >", TK_GT_PAIR, TK_GT, TK_GT_PAIR, TK_GT_PAIR, TK_GT, TK_GT, TK_GT);
}

static void comments_are_spaces_and_hints_are_not(void **unused) {
    (void)unused;
    EXPECT("a -- b ' /*\n c /* d ; ' \n */ e", TK_ID, TK_ID, TK_ID);
    EXPECT("a /*+ OPTIONS('k'='v') */ b", TK_ID, TK_HINT, TK_ID, TK_LP, TK_STRING, TK_EQ, TK_STRING,
           TK_RP, TK_HINT_END, TK_ID);
    EXPECT("a /*+ BROADCAST(t) */ b /*+ optionsx */ -- end", TK_ID, TK_ID);
}

static void what_is_no_token_says_why(void **unused) {
    (void)unused;
    static const struct {
        const char *sql;
        enum lex_fault fault;
        uint32_t start;
    } wrong[] = {
        {"'abc", LEX_QUOTE, 0},      {"  \"abc''", LEX_QUOTE, 2}, {"x'00", LEX_QUOTE, 0},
        {" /* abc", LEX_COMMENT, 1}, {"12ab", LEX_NUMBER, 0},     {"1e", LEX_NUMBER, 0},
        {"0x", LEX_NUMBER, 0},       {"?a", LEX_NUMBER, 0},       {"x'0'", LEX_BLOB, 0},
        {"x'0g'", LEX_BLOB, 0},      {"#", LEX_BYTE, 0},          {"!", LEX_BYTE, 0},
        {"$a", LEX_BYTE, 0},         {"\x01", LEX_BYTE, 0},
    };
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++) {
        struct lexer l;
        lex_init(&l, text_of(wrong[i].sql), 0);
        struct token t = lex_next(&l);
        assert_int_equal(t.kind, TK_ILLEGAL);
        assert_int_equal(l.fault, wrong[i].fault);
        assert_int_equal(t.start, wrong[i].start);
    }
    struct lexer l;
    lex_init(&l, (struct text){.at = "\0a", .bytes = 2}, 0);
    assert_int_equal(lex_next(&l).kind, TK_ILLEGAL);
    assert_int_equal(lex_next(&l).kind, TK_ID);
}

static void keywords_are_sorted_and_found_in_any_case(void **unused) {
    (void)unused;
    for (uint32_t i = 0; i < keyword_count; i++) {
        const struct keyword *k = &keyword_table[i];
        if (i > 0) assert_true(text_compare_fold(text_of(k[-1].word), text_of(k->word)) < 0);
        char lower[32] = "";
        for (size_t c = 0; k->word[c]; c++)
            lower[c] = (char)(k->word[c] == '_' ? '_' : k->word[c] | 0x20);
        assert_ptr_equal(keyword_find(text_of(k->word)), k);
        assert_ptr_equal(keyword_find(text_of(lower)), k);
        lower[0] = '_';
        assert_null(keyword_find(text_of(lower)));
    }
}

/* Whatever the bytes: tokens ascend, make progress, and end where the text ends. */
static void tokens_cover_any_text(void **unused) {
    (void)unused;
    struct random r = random_start("tokens_cover_any_text");
    static const char pieces[] = "'\"`-/*+;xX0aeE.>$?[]() \n\xC3";
    for (uint32_t round = 0; round < random_rounds(20000); round++) {
        char sql[24];
        uint32_t bytes = (uint32_t)random_below(&r, sizeof sql);
        for (uint32_t i = 0; i < bytes; i++) sql[i] = pieces[random_below(&r, sizeof pieces)];
        struct lexer l;
        lex_init(&l, (struct text){.at = sql, .bytes = bytes}, 0);
        uint32_t end = 0;
        for (struct token t = lex_next(&l); t.kind != 0; t = lex_next(&l)) {
            assert_true(t.start >= end && t.end > t.start && t.end <= bytes);
            end = t.end;
        }
        assert_int_equal(l.at, bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_token_has_its_kind),
        cmocka_unit_test(a_double_greater_is_two_tokens),
        cmocka_unit_test(comments_are_spaces_and_hints_are_not),
        cmocka_unit_test(what_is_no_token_says_why),
        cmocka_unit_test(keywords_are_sorted_and_found_in_any_case),
        cmocka_unit_test(tokens_cover_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
