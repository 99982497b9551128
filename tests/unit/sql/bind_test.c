/* Binding and planning: the plans and errors of tests/unit/sql/plans, and what holds for all. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/arena.h"
#include "tests/case_file.h"
#include "tests/unit/base/random.h"
#include "tests/unit/sql/bind_probe.h"

enum { FILES_MAX = 8, SOURCE_MAX = 1 << 18 };

/* The files given to the program. */
struct golden {
    int files;
    char **path;
};

/* A file of cases with its texts. */
struct cases {
    struct arena arena;
    struct case_file file;
    char *prelude; /* the first case's script */
};

static char *script_of(const struct case_spec *c) {
    const struct case_section *s = case_find(c, SECTION_SQL);
    assert_non_null(s);
    struct text t = s->body.bytes > 0 ? s->body : s->head;
    char *copy = malloc(t.bytes + 1);
    assert_non_null(copy);
    memcpy(copy, t.at, t.bytes);
    copy[t.bytes] = '\0';
    return copy;
}

static void cases_open(struct cases *c, const char *path) {
    char complaint[200];
    arena_init(&c->arena, 0);
    FILE *f = fopen(path, "rb");
    char *at = arena_alloc(&c->arena, SOURCE_MAX);
    assert_non_null(f);
    assert_non_null(at);
    size_t bytes = fread(at, 1, SOURCE_MAX, f);
    assert_true(bytes < SOURCE_MAX);
    fclose(f);
    c->file = (struct case_file){.path = path, .source = {at, (uint32_t)bytes}};
    if (!case_file_read(&c->file, &c->arena, complaint)) fail_msg("%s: %s", path, complaint);
    assert_true(c->file.count > 1);
    c->prelude = script_of(&c->file.at[0]);
}

static void cases_close(struct cases *c) {
    free(c->prelude);
    arena_done(&c->arena);
}

/* Every script gives the text that stands under it. */
static void plans_are_as_written(void **state) {
    const struct golden *g = *state;
    for (int i = 0; i < g->files; i++) {
        struct cases c;
        cases_open(&c, g->path[i]);
        for (uint32_t k = 1; k < c.file.count; k++) {
            const struct case_spec *spec = &c.file.at[k];
            const struct case_section *out = case_find(spec, SECTION_OUT);
            char *script = script_of(spec);
            char *got = bind_probe(c.prelude, script, 0);
            assert_non_null(out);
            assert_non_null(got);
            size_t bytes = strlen(got);
            if (bytes != out->body.bytes || memcmp(got, out->body.at, bytes) != 0)
                fail_msg("%s:%u: %.*s gave\n%s", g->path[i], spec->line, TEXT_ARG(spec->name), got);
            free(got);
            free(script);
        }
        cases_close(&c);
    }
}

/* However little memory there is, the answer is an error or the plan, and never a crash. */
static void memory_may_end_anywhere(void **state) {
    const struct golden *g = *state;
    for (int i = 0; i < g->files; i++) {
        struct cases c;
        cases_open(&c, g->path[i]);
        for (uint32_t k = 1; k < c.file.count; k++) {
            char *script = script_of(&c.file.at[k]);
            for (size_t limit = 4096; limit < 1 << 17; limit += limit / 8) {
                char *got = bind_probe(c.prelude, script, limit);
                assert_non_null(got);
                free(got);
            }
            free(script);
        }
        cases_close(&c);
    }
}

/* Binds a script with two of its bytes replaced. */
static void try_damaged(struct random *r, const struct cases *c, const struct case_spec *spec) {
    static const char letters[] = "()'\",.*<>=+- 019aTSE;";
    char *script = script_of(spec);
    size_t bytes = strlen(script);
    for (int hit = 0; hit < 2; hit++) {
        size_t at = random_below(r, bytes);
        script[at] = letters[random_below(r, sizeof letters - 1)];
    }
    char *got = bind_probe(c->prelude, script, 0);
    assert_non_null(got);
    free(got);
    free(script);
}

/* A damaged script gives some error, with a SQLSTATE, or a plan. */
static void damaged_scripts_are_judged(void **state) {
    const struct golden *g = *state;
    struct random r = random_start("damaged scripts");
    uint32_t rounds = random_rounds(20);
    for (int i = 0; i < g->files; i++) {
        struct cases c;
        cases_open(&c, g->path[i]);
        for (uint32_t n = 0; n < rounds * (c.file.count - 1); n++)
            try_damaged(&r, &c, &c.file.at[1 + n % (c.file.count - 1)]);
        cases_close(&c);
    }
}

/* head, then `times` of part, then tail. */
static char *repeated(const char *head, const char *part, int times, const char *tail) {
    size_t bytes = strlen(head) + strlen(part) * (size_t)times + strlen(tail) + 1;
    char *s = malloc(bytes);
    assert_non_null(s);
    size_t n = (size_t)snprintf(s, bytes, "%s", head);
    for (int i = 0; i < times; i++) n += (size_t)snprintf(s + n, bytes - n, "%s", part);
    snprintf(s + n, bytes - n, "%s", tail);
    return s;
}

/* What doubles at each level is refused in time, and does not fill the memory first. */
static void doubling_is_refused(void **unused) {
    (void)unused;
    char script[8192] = "CREATE STREAM s0 (a BIGINT);";
    for (int i = 1; i < 40; i++) {
        char view[160];
        snprintf(view, sizeof view,
                 "CREATE VIEW s%d AS SELECT * FROM s%d UNION ALL SELECT * FROM s%d;", i, i - 1,
                 i - 1);
        strncat(script, view, sizeof script - strlen(script) - 1);
    }
    char *got = bind_probe(NULL, script, 0);
    assert_non_null(strstr(got, "54000"));
    free(got);

    char *sql = repeated("CREATE STREAM s (a BIGINT); SELECT ", "nullif(", 40, "a");
    char *all = repeated(sql, ", 1)", 40, " FROM s;");
    got = bind_probe(NULL, all, 0);
    assert_non_null(strstr(got, "54000"));
    free(got);
    free(all);
    free(sql);
}

static void depth_is_bounded(void **unused) {
    (void)unused;
    static const struct {
        const char *head, *open, *middle, *close, *tail;
    } deep[] = {
        {"SELECT ", "(", "1", ")", ";"},
        {"SELECT ", "-(", "1", ")", ";"},
        {"SELECT ", "abs(", "1", ")", ";"},
        {"", "SELECT * FROM (", "SELECT 1", ")", ";"},
        {"SELECT 1", " + 1", "", "", ";"},
        {"SELECT 1", " UNION SELECT 1", "", "", ";"},
        {"SELECT 1", " EXCEPT SELECT 1", "", "", ";"},
        {"SELECT 1", " UNION ALL SELECT 1", "", "", ";"},
    };
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        for (int times = 100; times <= 10000; times *= 10) {
            char *head = repeated(deep[i].head, deep[i].open, times, deep[i].middle);
            char *all = repeated(head, deep[i].close, times, deep[i].tail);
            char *got = bind_probe(NULL, all, 0);
            assert_non_null(got);
            if (times == 100) assert_null(strstr(got, "54000"));
            free(got);
            free(all);
            free(head);
        }
    }
}

/* A view may be written out where its name stands. */
static void a_view_is_its_text(void **unused) {
    (void)unused;
    static const char stream[] =
        "CREATE STREAM b (a BIGINT, s TEXT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts);";
    static const char *const text[] = {
        "SELECT a + 1 AS k, s, ts FROM b WHERE a > 3",
        "SELECT a AS k, s, ts FROM b UNION ALL SELECT a * 2, 'x', ts FROM b",
    };
    static const struct {
        const char *before, *after;
    } use[] = {
        {"SELECT k FROM ", " AS v WHERE s = 'x' AND k < 9"},
        {"SELECT k, count(*) FROM ", " AS v GROUP BY k"},
        {"SELECT s, count(*) FROM ", " AS v GROUP BY s, TUMBLE(ts, INTERVAL '1' MINUTE)"},
    };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        for (size_t k = 0; k < sizeof use / sizeof *use; k++) {
            char prelude[600], written[300], named[300], inside[200];
            snprintf(prelude, sizeof prelude, "%s CREATE VIEW view AS %s;", stream, text[i]);
            snprintf(inside, sizeof inside, "(%s)", text[i]);
            snprintf(written, sizeof written, "%s%s%s", use[k].before, inside, use[k].after);
            snprintf(named, sizeof named, "%sview%s", use[k].before, use[k].after);
            char *one = bind_probe(prelude, written, 0);
            char *other = bind_probe(prelude, named, 0);
            assert_string_equal(one, other);
            assert_non_null(strstr(one, "Sink"));
            free(one);
            free(other);
        }
    }
}

int main(int argc, char **argv) {
    struct golden g = {.files = argc - 1, .path = argv + 1};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(plans_are_as_written, &g),
        cmocka_unit_test_prestate(memory_may_end_anywhere, &g),
        cmocka_unit_test_prestate(damaged_scripts_are_judged, &g),
        cmocka_unit_test(doubling_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_view_is_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
