/* repl.c: the prompt as a user has it, on a pseudo-terminal: what it shows for what is typed.
 *
 * usage: repl WEIR
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/case_run.h"
#include "tests/terminal.h"

#define PROMPT "weir> "
#define CTRL_C "\003"
#define CTRL_D "\004"
#define UP "\033[A"
#define TAB "\t"

enum { PATH_BYTES = 300 };

/* A terminal with the prompt, in a home of its own. */
struct shell {
    struct terminal t;
    char home[PATH_BYTES];
    const char *weir;
};

static void see(struct shell *s, const char *text) {
    assert_true(terminal_wait(&s->t, text));
}

static void type_line(struct shell *s, const char *line) {
    assert_true(terminal_line(&s->t, line));
}

static void shell_start(struct shell *s) {
    const char *argv[] = {s->weir, "repl", NULL};
    terminal_open(&s->t, &(struct terminal_options){.argv = argv, .home = s->home, .columns = 80});
    see(s, PROMPT);
}

static void shell_open(struct shell *s, void **state) {
    *s = (struct shell){.weir = *state};
    snprintf(s->home, sizeof s->home, "/tmp/weir-repl-XXXXXX");
    assert_non_null(mkdtemp(s->home));
    shell_start(s);
}

/* Types what should end it. */
static void shell_close(struct shell *s, const char *keys) {
    terminal_type(&s->t, keys);
    assert_int_equal(terminal_close(&s->t), 0);
    case_remove_folder(s->home);
}

/* Types a line; what is shown up to the next prompt must begin with `shown`. */
static void expect(struct shell *s, const char *line, const char *shown) {
    type_line(s, line);
    size_t from = s->t.at;
    see(s, PROMPT);
    size_t bytes = strlen(shown);
    bool same = s->t.at - from >= bytes && memcmp(s->t.plain.at + from, shown, bytes) == 0;
    if (!same)
        print_message("%s gave \"%.*s\"\n", line, (int)(s->t.at - from), s->t.plain.at + from);
    assert_true(same);
}

static void write_file(const struct shell *s, const char *name, const char *text) {
    char path[PATH_BYTES + 100];
    snprintf(path, sizeof path, "%s/%s", s->home, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void expect_file(const struct shell *s, const char *name, const char *text) {
    char path[PATH_BYTES + 100], got[1000];
    snprintf(path, sizeof path, "%s/%s", s->home, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    fclose(f);
    assert_string_equal(got, text);
}

static void a_statement_may_go_over_lines(void **state) {
    struct shell s;
    shell_open(&s, state);
    type_line(&s, "SELECT");
    see(&s, "   -> ");
    type_line(&s, "'a");
    see(&s, "   '> ");
    type_line(&s, "b' /* and");
    see(&s, "   *> ");
    expect(&s, "so on */ AS x;", "  x\n------\n a\\nb\n(1 row)\n\n");
    expect(&s, "SELECT 1 AS one; SELECT 2 AS two;",
           " one\n-----\n   1\n(1 row)\n\n two\n-----\n   2\n(1 row)\n\n");
    type_line(&s, "VALUES (1); VALUES");
    see(&s, "(1 row)\n\n   -> ");
    expect(&s, "(nope);",
           "ERROR:  42703: there is no column \"nope\" in VALUES\n"
           "LINE 2: (nope);\n"
           "         ^\n");
    type_line(&s, "EXECUTE STATEMENT SET BEGIN");
    see(&s, "   -> ");
    type_line(&s, "INSERT INTO no SELECT 1;");
    see(&s, "   -> ");
    expect(&s, "END;", "ERROR:  42P01:");
    shell_close(&s, "exit;\n");
}

static void an_error_points_at_its_word(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "CREATE STREAM k (price BIGINT);", "CREATE STREAM\n");
    expect(&s, "SELECT '\xe4\xb8\xad', pricee FROM k;",
           "ERROR:  42703: column \"pricee\" does not exist\n"
           "LINE 1: SELECT '\xe4\xb8\xad', pricee FROM k;\n"
           "                     ^\n"
           "HINT:  Perhaps you meant \"price\".\n");
    expect(&s, "SELEC 1;",
           "ERROR:  42601: syntax error at or near \"SELEC\"\n"
           "LINE 1: SELEC 1;\n"
           "        ^\n"
           "HINT:  Perhaps you meant \"SELECT\".\n");
    expect(&s, "CREATE STREAM s (a TEXT) WITH ('connector' = 'stdin', 'format' = 'raw');",
           "CREATE STREAM\n");
    expect(&s, "SELECT a FROM s;",
           "ERROR:  0A000: stream \"s\" reads standard input, which the prompt reads\n"
           "LINE 1: SELECT a FROM s;\n"
           "                      ^\n"
           "HINT:  Run it in a script, weir run FILE.sql, or read a file or a socket.\n");
    expect(&s, "INSERT INTO k SELECT length(a) FROM s;", "ERROR:  0A000: stream \"s\" reads");
    shell_close(&s, "quit\n");
}

static void what_was_typed_is_recalled(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "SELECT 'first' AS x;", "   x\n-------\n first\n(1 row)\n\n");
    type_line(&s, "SELECT 'second'");
    see(&s, "   -> ");
    expect(&s, "AS y;", "   y\n--------\n second\n(1 row)\n\n");
    expect(&s, "\\timing off", "Timing is off.\n");

    /* Only what differs is drawn anew: what is recalled is told by what it does. */
    terminal_type(&s.t, UP "\n");
    see(&s, "Timing is off.\n" PROMPT);
    terminal_type(&s.t, UP UP "\n");
    see(&s, " second\n(1 row)\n\n" PROMPT);
    terminal_type(&s.t, UP UP UP UP "\n");
    see(&s, " first\n(1 row)\n\n" PROMPT);
    terminal_type(&s.t, "\\q\n");
    assert_int_equal(terminal_close(&s.t), 0);

    shell_start(&s); /* the history is kept */
    terminal_type(&s.t, UP UP "\n");
    see(&s, " first\n(1 row)\n\n" PROMPT);
    shell_close(&s, CTRL_D);
}

static void names_are_completed_and_listed(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "CREATE STREAM kept (aardvark BIGINT, aardwolf BIGINT);", "CREATE STREAM\n");
    terminal_type(&s.t, "sel" TAB);
    see(&s, "select "); /* in the case of what was typed */
    terminal_type(&s.t, "aa" TAB);
    see(&s, "aard"); /* as far as it is clear */
    terminal_type(&s.t, TAB TAB);
    see(&s, "\naardvark  aardwolf\n" PROMPT "select aard");
    terminal_type(&s.t, "v" TAB);
    see(&s, "vark ");
    expect(&s, "FROM TABLE(kept);", " aardvark\n----------\n(0 rows)\n\n");
    terminal_type(&s.t, "SELECT su" TAB TAB);
    see(&s, "\nsubstr     substring  sum\n" PROMPT "SELECT su");
    terminal_type(&s.t, "m" TAB);
    expect(&s, "(1);", " sum (1)"); /* sum and a blank */
    shell_close(&s, CTRL_D);
}

static void ctrl_c_ends_what_runs_and_nothing_else(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "CREATE STREAM kept (a BIGINT);", "CREATE STREAM\n");
    expect(&s, "INSERT INTO kept VALUES (11), (22);", "INSERT\n");
    type_line(&s, "SELECT a FROM kept;"); /* which waits for more */
    see(&s, " 11\n 22\n");
    terminal_type(&s.t, CTRL_C);
    see(&s, "(2 rows)\n\nCancelled.\n" PROMPT);

    expect(&s, "CREATE STREAM all_day (k BIGINT) WITH ('connector' = 'datagen');",
           "CREATE STREAM\n");
    type_line(&s, "SELECT k % 2 AS two, count(*) AS n FROM all_day GROUP BY k % 2;");
    see(&s, "+U"); /* which never waits */
    terminal_type(&s.t, CTRL_C CTRL_C);
    see(&s, "Cancelled.\n" PROMPT);

    terminal_type(&s.t, "SELECT 'never ended");
    see(&s, "never ended");
    terminal_type(&s.t, CTRL_C);
    see(&s, "\n" PROMPT);
    expect(&s, "SELECT count(*) AS n FROM TABLE(kept);", " n\n---\n 2\n(1 row)\n\n");

    expect(&s, "SELECT 1 AS once;", " once\n");
    type_line(&s, "\\watch 0.01");
    for (int i = 0; i < 3; i++) see(&s, "(1 row)");
    terminal_type(&s.t, CTRL_C);
    see(&s, "\n" PROMPT);
    expect(&s, "SELECT 'still here' AS x;", "     x\n------------\n still here\n");
    shell_close(&s, CTRL_D);
}

static void a_signal_to_end_ends_it(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "CREATE STREAM kept (a BIGINT);", "CREATE STREAM\n");
    kill(s.t.pid, SIGTERM);
    assert_int_equal(terminal_close(&s.t), 0);
    shell_start(&s);
    type_line(&s, "CREATE STREAM d (k BIGINT) WITH ('connector' = 'datagen');");
    type_line(&s, "SELECT k AS number FROM d;");
    see(&s, "number");
    kill(s.t.pid, SIGTERM);
    shell_close(&s, "");
}

static void backslash_commands_show_and_set(void **state) {
    struct shell s;
    shell_open(&s, state);
    expect(&s, "CREATE STREAM kept (a BIGINT NOT NULL, \"b c\" TEXT);", "CREATE STREAM\n");
    expect(&s, "\\d kept",
           "NOTICE:  stream kept is kept in memory: its newest 64 MiB ('retention')\n"
           " column |  type  | null  | role\n"
           "--------+--------+-------+------\n"
           " a      | BIGINT | false | \n"
           " b c    | TEXT   | true  | \n"
           "(2 rows)\n\n");
    expect(&s, "\\d nope; DROP STREAM kept;",
           "ERROR:  42P01: relation \"nope; DROP STREAM kept\" does not exist\n");
    expect(&s, "\\d", " name | ");
    expect(&s, "\\dt k*", " name |   connector    | rows | bad | watermark\n");
    type_line(&s, "\\df count*");
    see(&s, "count_char(");
    see(&s, PROMPT);
    expect(&s, "\\dm",
           " name | provider | input | output | version\n"
           "------+----------+-------+--------+---------\n(0 rows)\n\n");
    expect(&s, "\\x", "Expanded display is on.\n");
    expect(&s, "SELECT 1 AS a, NULL AS b;", "-[ RECORD 1 ]\na | 1\nb | \n");
    expect(&s, "\\x off", "Expanded display is off.\n");
    expect(&s, "\\pset null '(none)'", "Null display is \"(none)\".\n");
    expect(&s, "SELECT NULL AS b;", "   b\n--------\n (none)\n(1 row)\n\n");
    expect(&s, "\\pset format csv", "Output format is csv.\n");
    expect(&s, "SELECT NULL AS b, 1 AS c;", "b,c\n,1\n");
    expect(&s, "\\pset format xml", "\\pset format: table, csv or ndjson, not 'xml'\n");
    expect(&s, "\\pset format table", "Output format is table.\n");
    expect(&s, "\\timing", "Timing is on.\n");
    type_line(&s, "SELECT 1;");
    see(&s, "\nTime: ");
    see(&s, " ms\n" PROMPT);
    expect(&s, "\\timing sideways", "\\timing: on or off, not 'sideways'\nTiming is on.\n");
    expect(&s, "\\timing off", "Timing is off.\n");
    expect(&s, "\\h inser", "INSERT INTO target");
    expect(&s, "\\h nothing", "\\h: there is no statement nothing; \\h lists them\n");
    expect(&s, "\\h", "  SELECT\n");
    expect(&s, "\\?", "  \\q ");
    expect(&s, "help", "  \\q ");
    expect(&s, "\\nothing", "there is no command \\nothing; \\? lists them\n");
    shell_close(&s, "\\q\n");
}

static void scripts_come_in_and_results_go_out(void **state) {
    struct shell s;
    shell_open(&s, state);
    write_file(&s, "two.sql", "SELECT 1 AS a;\nSELECT nope;\nSELECT 2 AS b;\n");
    expect(&s, "\\i two.sql",
           " a\n---\n 1\n(1 row)\n\n"
           "two.sql:2: ERROR:  42703: column \"nope\" does not exist\n"
           "LINE 2: SELECT nope;\n"
           "               ^\n"
           " b\n---\n 2\n(1 row)\n\n");
    expect(&s, "\\i missing.sql", "cannot open missing.sql");
    expect(&s, "\\i", "\\i: which file?\n");
    expect(&s, "\\o out.txt", PROMPT);
    expect(&s, "SELECT 3 AS c;", PROMPT);
    expect(&s, "\\o", PROMPT);
    expect_file(&s, "out.txt", " c\n---\n 3\n(1 row)\n\n");
    expect(&s, "SELECT 4 AS d;", " d\n---\n 4\n");
    shell_close(&s, "\\q\n");
}

/* Two drawings of the progress line, on a narrow screen. */
/* Rows that were lost are told once, and queries of the background that failed. */
static void what_went_wrong_is_told_once(void **state) {
    struct shell s;
    shell_open(&s, state);
    write_file(&s, "rows.csv", "1\nx\n");
    write_file(&s, "s.sql",
               "CREATE STREAM s (v BIGINT) WITH ('connector' = 'file', 'path' = 'rows.csv', "
               "'format' = 'csv');");
    write_file(&s, "gone.sql",
               "INSERT INTO k SELECT v FROM s /*+ OPTIONS('path' = 'gone.csv') */;");
    expect(&s, "\\i s.sql", "CREATE STREAM\n");
    expect(&s, "SELECT v FROM s;",
           " v\n---\n 1\n(1 row)\n\n"
           "NOTICE:  1 bad row of s; SELECT * FROM s$errors shows it\n");
    expect(&s, "SELECT v FROM s;", " v\n---\n 1\n(1 row)\n\n" PROMPT);
    expect(&s, "CREATE STREAM k (v BIGINT);", "CREATE STREAM\n");
    expect(&s, "\\i gone.sql", "INSERT\n");
    expect(&s, "SELECT v FROM TABLE(k);", " v\n---\n(0 rows)\n\nERROR:  58030: ");
    expect(&s, "SELECT v FROM TABLE(k);", " v\n---\n(0 rows)\n\n" PROMPT);
    shell_close(&s, "\\q\n");
}

static void progress_is_never_wider_than_the_screen(void **state) {
    enum { COLUMNS = 30 };
    struct shell s = {.weir = *state};
    snprintf(s.home, sizeof s.home, "/tmp/weir-repl-XXXXXX");
    assert_non_null(mkdtemp(s.home));
    const char *sql = "CREATE STREAM d (k BIGINT) WITH ('connector' = 'datagen');"
                      "CREATE STREAM b (k BIGINT) WITH ('connector' = 'blackhole');"
                      "INSERT INTO b SELECT k FROM d;";
    const char *argv[] = {s.weir, "run", "-c", sql, NULL};
    terminal_open(&s.t,
                  &(struct terminal_options){.argv = argv, .home = s.home, .columns = COLUMNS});
    for (int i = 0; i < 2; i++) see(&s, " rows in");
    terminal_type(&s.t, CTRL_C);
    see(&s, "weir: stopped");

    assert_non_null(s.t.raw.at);
    const char *end = s.t.raw.at + s.t.raw.bytes;
    uint32_t lines = 0;
    for (const char *at = memchr(s.t.raw.at, '\r', s.t.raw.bytes); at; lines++) {
        const char *line = at + 1;
        at = memchr(line, '\r', (size_t)(end - line));
        size_t bytes = at ? (size_t)(at - line) : 0;
        bool progress = bytes > 0 && memmem(line, bytes, " rows in", 8) &&
                        !memmem(line, bytes, "^C", 2); /* else it has the echo in it */
        assert_true(!progress || bytes < COLUMNS + strlen("\033[K"));
    }
    assert_true(lines >= 2);
    shell_close(&s, "");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: repl WEIR\n");
        return 2;
    }
    char *weir = realpath(argv[1], NULL); /* it runs in another folder */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_statement_may_go_over_lines, weir),
        cmocka_unit_test_prestate(an_error_points_at_its_word, weir),
        cmocka_unit_test_prestate(what_was_typed_is_recalled, weir),
        cmocka_unit_test_prestate(names_are_completed_and_listed, weir),
        cmocka_unit_test_prestate(ctrl_c_ends_what_runs_and_nothing_else, weir),
        cmocka_unit_test_prestate(a_signal_to_end_ends_it, weir),
        cmocka_unit_test_prestate(backslash_commands_show_and_set, weir),
        cmocka_unit_test_prestate(scripts_come_in_and_results_go_out, weir),
        cmocka_unit_test_prestate(what_went_wrong_is_told_once, weir),
        cmocka_unit_test_prestate(progress_is_never_wider_than_the_screen, weir),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(weir);
    return failed;
}
