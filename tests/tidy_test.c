/* tidy_test.c: the tidy test tested: each rule finds its planted violation, and nothing that only
 * looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "tests/tidy_rules.h"

static void collect(void *context, const char *path, uint32_t line, const char *sentence) {
    buf_addf(context, "%s:%u: %s\n", path, line, sentence);
}

/* What the rules say about `source` as the file `path`. */
static void expect(const char *path, const char *source, const char *sentences) {
    struct buf said;
    buf_init(&said);
    struct tidy tidy = {.say = collect, .context = &said};

    tidy_check(&tidy, path, text_of(source));
    assert_string_equal(said.bytes > 0 ? said.at : "", sentences);
    buf_done(&said);
}

static void add_lines(struct buf *b, const char *line, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) buf_add_str(b, line);
}

static void long_functions_are_found(void **unused) {
    (void)unused;
    struct buf source;
    buf_init(&source);
    buf_add_str(&source, "int f(void) {\n");
    add_lines(&source, "    x();\n", 68);
    buf_add_str(&source, "}\n");
    expect("engine/a.c", source.at, "");

    source.bytes -= 2;
    buf_add_str(&source, "    y();\n}\n");
    expect("engine/a.c", source.at, "engine/a.c:1: function f has 71 lines, limit 70\n");
    buf_done(&source);
}

static void long_files_are_found(void **unused) {
    (void)unused;
    struct buf source;
    buf_init(&source);
    add_lines(&source, "int x;\n", 200);
    expect("engine/a.h", source.at, "");
    add_lines(&source, "int x;\n", 1);
    expect("engine/a.h", source.at, "engine/a.h:201: header has 201 lines, limit 200\n");
    expect("engine/a.c", source.at, "");
    add_lines(&source, "int x;\n", 300);
    expect("engine/a.c", source.at, "engine/a.c:501: file has 501 lines, limit 500\n");
    buf_done(&source);
}

/* An entry allows its length, no more; and is too large once the function has shrunk. */
static void the_allow_list_only_shrinks(void **unused) {
    (void)unused;
    static const struct {
        const char *entry, *said;
    } cases[] = {
        {"function a.c f 72\n", ""},
        {"function a.c f 71\n", "a.c:1: function f has 72 lines, limit 71\n"},
        {"function a.c f 80\n",
         "a.c:1: function f has shrunk to 72 lines: lower its entry from 80\n"},
        {"# note\nfunction a.c f 72\nfile b.c 600 a table\n",
         "allow:2: entry for b.c  is not needed any more: remove it\n"},
    };
    struct buf source, said;
    buf_init(&source);
    buf_init(&said);
    buf_add_str(&source, "int f(void) {\n");
    add_lines(&source, "    x();\n", 70);
    buf_add_str(&source, "}\n");

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tidy tidy = {.say = collect, .context = &said};
        buf_reset(&said);
        tidy_allow_read(&tidy, "allow", text_of(cases[i].entry));
        tidy_check(&tidy, "a.c", buf_text(&source));
        tidy_allow_check(&tidy, "allow");
        assert_string_equal(said.bytes > 0 ? said.at : "", cases[i].said);
    }
    buf_done(&source);
    buf_done(&said);
}

static void deep_nesting_is_found(void **unused) {
    (void)unused;
    expect("engine/a.c", "void f(void) { if (a) { for (;;) { while (b) { c(); } } } }\n", "");
    expect("engine/a.c", "void f(void) {\n if (a) { for (;;) { do {\n else { c(); } } } } }\n",
           "engine/a.c:3: function f nests 4 braces deep, limit 3\n");
    expect("engine/a.c", "void f(void) { { { { g(&(struct s){.a = {1, {2}}}); } } } }\n", "");
    expect("engine/a.c", "void f(void) { { { { int a[] = {1}; t(\"{{{{\"); /* {{{{ */ } } } }\n",
           "");
    expect("engine/a.c", "const int a[1][1][1][1] = {{{{1}}}};\n", "");
}

static void many_parameters_are_found(void **unused) {
    (void)unused;
    expect("sql/a.c", "int f(int a, int b, void (*c)(int, int), int d, int e) { }\n", "");
    expect("sql/a.c", "int f(int a, int b, int c, int d, int e, struct err *e) { }\n", "");
    expect("sql/a.c", "int f(int a, int b, int c, int d, int e, int g) { }\n",
           "sql/a.c:1: function f has 6 parameters, limit 5 and struct err *\n");
    expect("engine/kernel/a.c", "int f(int a, int b, int c, int d, int e, int g) { }\n", "");
    expect("sql/a.c", "__attribute__((format(printf, 1, 2))) int f(void) { }\n", "");
}

static void lines_and_marks_are_found(void **unused) {
    (void)unused;
    char line[128] = "";
    memset(line, 'x', 101);
    expect("sql/a.c", line, "sql/a.c:1: line has 101 columns, limit 100\n");
    line[100] = '\0';
    expect("sql/a.c", line, "");
    expect("sql/a.c", "\tx;\n", "sql/a.c:1: tab\n");
    expect("sql/a.c", "/* a\n * TODO: b */\nint todo; /* XXX1 */\nchar *s = \"TODO\";\n",
           "sql/a.c:2: TODO in a comment\n");
}

static void macros_that_hide_flow_are_found(void **unused) {
    (void)unused;
    expect("sql/a.c", "#define CHECK(x) \\\n    if (!(x)) return false\n",
           "sql/a.c:2: macro CHECK hides return\n");
    expect("sql/a.c", "#define PUSH(x) a[n] = x; n++\n",
           "sql/a.c:1: macro PUSH holds statements: name it DEFINE_... or make it a function\n");
    expect("sql/a.c", "#define DEFINE_F(x) int x(void) { return 1; }\n", "");
    expect("sql/a.c", "#define X(a) case a: return #a;\n#define ABS(x) ((x) < 0 ? -(x) : (x))\n",
           "");
}

static void conditionals_in_bodies_are_found(void **unused) {
    (void)unused;
    expect("sql/a.c", "#ifdef A\nint x;\n#endif\n", "");
    expect("sql/a.c", "void f(void) {\n#ifdef A\nx();\n#endif\n}\n",
           "sql/a.c:2: #if in the body of f\n");
}

static void banned_calls_are_found(void **unused) {
    (void)unused;
    expect("sql/a.c", "void f(void) { strcpy(a, b); }\n", "sql/a.c:1: strcpy() is banned\n");
    expect("sql/a.c", "void f(void) { x->exit(1); y.exit(2); my_exit(3); exit_now(); }\n", "");
    expect("sql/a.c", "/* exit(1) */ char *s = \"exit(1)\";\n", "");
    expect("sql/a.c", "void f(void) { p = malloc(1); }\n",
           "sql/a.c:1: malloc() belongs to the files that own memory; use an arena\n");
    expect("storage/a.c", "void f(void) { p = malloc(1); }\n", "");
    expect("udf/a.c", "#include <sqlite3.h>\nvoid f(void) { p = malloc(1); }\n", "");
    expect("engine/a.c", "void f(void) { t = time(0); }\n",
           "engine/a.c:1: time() belongs to the file that owns the loop\n");
    expect("engine/edge/runner_poll.c", "void f(void) { t = time(0); }\n", "");
    expect("udf/a.c", "void f(void) { printf(s); }\n",
           "udf/a.c:1: printf() prints: only clients/ talks to the user\n");
}

static void big_structs_and_includes_are_found(void **unused) {
    (void)unused;
    struct buf source;
    buf_init(&source);
    buf_add_str(&source, "struct s {\n    void (*f)(int, int);\n");
    add_lines(&source, "    int x;\n", 23);
    buf_add_str(&source, "};\n");
    expect("sql/a.h", source.at, "");
    source.bytes -= 3;
    buf_add_str(&source, "    int y, z;\n};\n");
    expect("sql/a.h", source.at, "sql/a.h:1: struct has 26 fields, limit 24\n");

    buf_reset(&source);
    add_lines(&source, "#include \"sql/x.h\"\n", 12);
    expect("sql/a.c", source.at, "");
    add_lines(&source, "#include \"x.h\"\n", 1);
    expect("sql/a.c", source.at,
           "sql/a.c:13: include by full path: #include \"x.h\"\n"
           "sql/a.c:1: file has 13 includes, limit 12\n");
    buf_done(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_functions_are_found),
        cmocka_unit_test(long_files_are_found),
        cmocka_unit_test(the_allow_list_only_shrinks),
        cmocka_unit_test(deep_nesting_is_found),
        cmocka_unit_test(many_parameters_are_found),
        cmocka_unit_test(lines_and_marks_are_found),
        cmocka_unit_test(macros_that_hide_flow_are_found),
        cmocka_unit_test(conditionals_in_bodies_are_found),
        cmocka_unit_test(banned_calls_are_found),
        cmocka_unit_test(big_structs_and_includes_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
