/* text_test.c: functions that SQLite does not have, and regular expressions: tables of cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/udf/fn_probe.h"

enum { ARGS_MAX = 4 };

/* A call of texts; a number is written with a # before it, NULL as NULL. */
struct call {
    const char *sig;
    const char *arg[ARGS_MAX];
    const char *want; /* or a SQLSTATE, where it fails */
};

static const struct expr *argument(struct probe *p, const char *text) {
    if (strcmp(text, "NULL") == 0) return x_null(p, &type_text);
    if (text[0] == '#') return x_cast(p, x_text(p, text + 1), &type_bigint, false);
    return x_text(p, text);
}

static const char *evaluate(struct probe *p, const struct call *t) {
    const struct expr *arg[ARGS_MAX];
    struct column c;
    uint32_t args = 0;
    for (; args < ARGS_MAX && t->arg[args]; args++) arg[args] = argument(p, t->arg[args]);
    p->e = (struct err){.code = ERR_NONE};
    if (!program_fold(x_call_list(p, t->sig, arg, args), &p->arena, &c, &p->e)) {
        return p->e.sqlstate;
    }
    return probe_show(p, &c, 0);
}

static void check(const struct call *table, size_t count) {
    struct probe p;
    probe_init(&p);
    for (size_t i = 0; i < count; i++) {
        const char *got = evaluate(&p, &table[i]);
        if (strcmp(got, table[i].want) != 0) {
            fail_msg("%s of %s: %s, not %s", table[i].sig, table[i].arg[0], got, table[i].want);
        }
    }
    probe_done(&p);
}

static void texts_are_cut_and_put_together(void **unused) {
    (void)unused;
    static const struct call table[] = {
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"a,b,,c", ",", "#2"}, ""},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"a,b,,c", ",", "#3"}, "c"},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"a,b,,c", ",", "#4"}, "NULL"},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"a,b", ",", "#-1"}, "NULL"},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"a::b::c", "::", "#1"}, "b"},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"", ",", "#0"}, "NULL"},
        {"split_index(TEXT, TEXT, BIGINT) TEXT", {"https://www.n.com/a/b/c", "/", "#3"}, "a"},
        {"split_index(TEXT, BIGINT, BIGINT) TEXT", {"a/b", "#47", "#1"}, "b"},
        {"count_char(TEXT, TEXT) BIGINT", {"banana", "a"}, "3"},
        {"count_char(TEXT, TEXT) BIGINT", {"éaéé", "é"}, "3"},
        {"count_char(TEXT, TEXT) BIGINT", {"abc", ""}, "0"},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#4", "??"}, "??hi"},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#5", "ab"}, "abahi"},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#1", "??"}, "h"},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#-1", "??"}, "NULL"},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"é", "#3", "日"}, "日日é"},
        {"rpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#4", ""}, "NULL"},
        {"rpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#4"}, "hi  "},
        {"lpad(TEXT, BIGINT, [TEXT]) TEXT", {"hi", "#9000000000000"}, "54000"},
        {"repeat(TEXT, BIGINT) TEXT", {"ab", "#3"}, "ababab"},
        {"repeat(TEXT, BIGINT) TEXT", {"ab", "#0"}, ""},
        {"repeat(TEXT, BIGINT) TEXT", {"ab", "#9223372036854775807"}, "54000"},
        {"repeat(TEXT, BIGINT) TEXT", {"", "#9223372036854775807"}, ""},
        {"concat_ws(TEXT, TEXT...) TEXT", {"-", "a", "NULL", "b"}, "a-b"},
        {"concat_ws(TEXT, TEXT...) TEXT", {"NULL", "a", "b"}, "NULL"},
        {"concat_ws(TEXT, TEXT...) TEXT", {"-", "", "b"}, "-b"},
        {"concat(TEXT, TEXT...) TEXT", {"a", "b", "NULL"}, "NULL"},
        {"reverse(TEXT) TEXT", {"aé日"}, "日éa"},
        {"left(TEXT, BIGINT) TEXT", {"日本語", "#2"}, "日本"},
        {"right(TEXT, BIGINT) TEXT", {"日本語", "#2"}, "本語"},
        {"right(TEXT, BIGINT) TEXT", {"日本語", "#9"}, "日本語"},
        {"left(TEXT, BIGINT) TEXT", {"abc", "#-1"}, ""},
        {"initcap(TEXT) TEXT", {"heLLo wORLD-x 1st"}, "Hello World-X 1st"},
        {"position(TEXT, TEXT) BIGINT", {"本", "日本語"}, "2"},
        {"locate(TEXT, TEXT, [BIGINT]) BIGINT", {"a", "banana", "#3"}, "4"},
        {"locate(TEXT, TEXT, [BIGINT]) BIGINT", {"a", "banana", "#0"}, "0"},
        {"locate(TEXT, TEXT, [BIGINT]) BIGINT", {"x", "banana", "#2"}, "0"},
        {"overlay(TEXT, TEXT, BIGINT, [BIGINT]) TEXT", {"abcdef", "XY", "#3"}, "abXYef"},
        {"overlay(TEXT, TEXT, BIGINT, [BIGINT]) TEXT", {"abcdef", "XY", "#3", "#0"}, "abXYcdef"},
        {"overlay(TEXT, TEXT, BIGINT, [BIGINT]) TEXT", {"abc", "XY", "#9"}, "abc"},
        {"unhex(TEXT) BLOB", {"414"}, "NULL"},
        {"unhex(TEXT) BLOB", {"4142"}, "AB"},
    };
    check(table, COUNT_OF(table));
}

static void regular_expressions_are_bounded(void **unused) {
    (void)unused;
    static const char q21[] = "(&|^)channel_id=([^&]*)";
    static const char many[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    static const struct call table[] = {
        {"regexp(TEXT, TEXT) BOOLEAN", {"stream", "^s.*m$"}, "true"},
        {"regexp(TEXT, TEXT) BOOLEAN", {"stream", "x"}, "false"},
        {"regexp(TEXT, TEXT) BOOLEAN", {"日本", "^..$"}, "true"},
        {"regexp(TEXT, TEXT) BOOLEAN", {"a", "("}, "22P02"},
        {"regexp(TEXT, TEXT) BOOLEAN", {"a", "NULL"}, "NULL"},
        {"regexp(TEXT, TEXT) BOOLEAN", {many, "^(a+)+$"}, "54000"},
        {"regexp(TEXT, TEXT) BOOLEAN", {many, "^(a|aa)+$"}, "54000"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT",
         {"https://x.com/?q=1&channel_id=42&z=9", q21, "#2"},
         "42"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", {"channel_id=7", q21, "#2"}, "7"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", {"nothing", q21, "#2"}, "NULL"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", {"abc", "b"}, "b"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", {"abc", "b", "#1"}, "NULL"},
        {"regexp_extract(TEXT, TEXT, [BIGINT]) TEXT", {"ac", "(a)|(b)", "#2"}, "NULL"},
        {"regexp_replace(TEXT, TEXT, TEXT) TEXT", {"a1b22", "([0-9]+)", "<$1>"}, "a<1>b<22>"},
        {"regexp_replace(TEXT, TEXT, TEXT) TEXT", {"日本", "", "-"}, "-日-本-"},
        {"regexp_replace(TEXT, TEXT, TEXT) TEXT", {"a.b", "\\.", "\\$1"}, "a$1b"},
        {"regexp_replace(TEXT, TEXT, TEXT) TEXT", {"abc", "(x)?b", "[$1]"}, "a[]c"},
    };
    check(table, COUNT_OF(table));
}

static void json_is_looked_up(void **unused) {
    (void)unused;
    static const char doc[] = "{\"a\":{\"b\":true,\"c\":[1,{\"d\":\"x\\u0041\"}]},\"n\":null}";
    static const struct call table[] = {
        {"json_value(TEXT, TEXT) TEXT", {doc, "$.a.b"}, "true"},
        {"json_value(TEXT, TEXT) TEXT", {doc, "lax $.a.c[1].d"}, "xA"},
        {"json_value(TEXT, TEXT) TEXT", {doc, "$.a"}, "NULL"},
        {"json_value(TEXT, TEXT) TEXT", {doc, "$.n"}, "NULL"},
        {"json_value(TEXT, TEXT) TEXT", {"{broken", "$.a"}, "NULL"},
        {"json_query(TEXT, TEXT) TEXT", {doc, "$.a.c"}, "[1,{\"d\":\"x\\u0041\"}]"},
        {"json_query(TEXT, TEXT) TEXT", {doc, "$.a.b"}, "NULL"},
        {"json_extract(TEXT, TEXT) TEXT", {"{broken", "$.a"}, "22000"},
        {"json_extract(TEXT, TEXT) TEXT", {doc, "$.a.c[#-1].d"}, "xA"},
        {"json_object(ANY...) TEXT", {"a", "#1", "b", "x"}, "{\"a\":1,\"b\":\"x\"}"},
        {"printf(TEXT, ANY...) TEXT", {"%d|%s|%05.1f", "#7", "x", "#2"}, "7|x|002.0"},
        {"printf(TEXT, ANY...) TEXT", {"%.*d", "#1000000000", "#1"}, "54000"},
        {"zeroblob(BIGINT) BLOB", {"#1000000000000"}, "54000"},
        {"char(BIGINT...) TEXT", {"#72", "#233"}, "Hé"},
        {"char(BIGINT...) TEXT", {"#55296"}, "22021"},
    };
    check(table, COUNT_OF(table));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_and_put_together),
        cmocka_unit_test(regular_expressions_are_bounded),
        cmocka_unit_test(json_is_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
