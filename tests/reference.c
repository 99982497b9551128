/* reference.c: docs/reference, made from the tables of functions, aggregates, connectors, formats
 * and settings.
 *
 *     reference ROOT              writes the pages
 *     reference --check ROOT      complains of pages that differ from the tables, and of rows that
 *                                 are not what a row must be
 *     reference --examples PROGRAM   every example of a function or aggregate is true, as the
 *                                 program runs it
 *
 * The examples run in one process: one SELECT each, whose answer is one row.
 */
#include "tests/reference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/tree.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { PATH_BYTES_MAX = 1024 };

struct page {
    const char *name;
    void (*make)(struct buf *out);
};

#define X(name) {#name, page_##name},
static const struct page pages[] = {REFERENCE_PAGE_LIST(X)};
#undef X

static bool write_page(const char *root, const struct page *p) {
    char path[PATH_BYTES_MAX];
    struct buf made;
    buf_init(&made);
    p->make(&made);
    assert(!made.failed);
    snprintf(path, sizeof path, "%s/docs/reference/%s.md", root, p->name);
    FILE *f = fopen(path, "wb");
    bool good = f && fwrite(made.at, 1, made.bytes, f) == made.bytes;
    if (f && fclose(f) != 0) good = false;
    if (!good) printf("cannot write %s\n", path);
    buf_done(&made);
    return good;
}

/* 0 where the page says what the tables say. */
static uint32_t check_page(const char *root, const struct page *p, struct buf *out) {
    char path[PATH_BYTES_MAX];
    struct tree tree;
    struct buf made;
    tree_init(&tree);
    buf_init(&made);
    p->make(&made);
    assert(!made.failed);
    snprintf(path, sizeof path, "docs/reference/%s.md", p->name);
    bool same = text_equal(tree_read(&tree, root, path), buf_text(&made));
    if (!same) buf_addf(out, "%s is not what the tables say: run build/tests/reference .\n", path);
    buf_done(&made);
    tree_done(&tree);
    return !same;
}

static int check(const char *root) {
    struct buf said;
    buf_init(&said);
    uint32_t failed[5] = {audit_functions(root, &said), audit_aggregates(root, &said),
                          audit_options(&said), audit_errors(root, &said), 0};
    for (size_t i = 0; i < COUNT_OF(pages); i++) failed[4] += check_page(root, &pages[i], &said);
    assert(!said.failed);

    uint32_t wrong = 0;
    for (size_t i = 0; i < COUNT_OF(failed); i++) wrong += failed[i] > 0;
    if (said.bytes > 0) fwrite(said.at, 1, said.bytes, stdout);
    printf("%zu passed, %u failed\n", COUNT_OF(failed) - wrong, wrong);
    buf_done(&said);
    return wrong > 0;
}

/* "sum(v) = 3 FROM (VALUES ..) AS t(v)": what must hold, and of which rows. */
static uint32_t add_aggregate_examples(struct buf *script) {
    struct agg_table table[UDF_AGGREGATE_TABLES];
    uint32_t count = 0;
    udf_aggregates(table);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < table[t].count; i++) {
            const char *example = table[t].agg[i].example;
            const char *from = example ? strstr(example, " FROM (") : NULL;
            if (!from) continue; /* the audit tells of it */
            buf_addf(script, "SELECT (%.*s) AS holds%s;\n", (int)(from - example), example, from);
            count++;
        }
    }
    return count;
}

static uint32_t add_examples(struct buf *script) {
    uint32_t count = add_aggregate_examples(script);
    for (uint32_t t = 0; t < fn_table_count; t++) {
        for (uint32_t i = 0; i < fn_tables[t]->count; i++) {
            const char *example = fn_tables[t]->fn[i].example;
            if (!example) continue;
            buf_addf(script, "SELECT (%s) AS holds;\n", example);
            count++;
        }
    }
    return count;
}

/* Line `n` of the script, for a complaint. */
static struct text script_line(const struct buf *script, uint32_t n) {
    const char *at = script->at, *end = script->at + script->bytes;
    for (; n > 0; n--) at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return (struct text){.at = at, .bytes = (uint32_t)(stop - at)};
}

/* Every answer must be the row of TRUE; how many are not. */
static uint32_t judge_answers(FILE *answers, const struct buf *script, uint32_t count) {
    char line[256];
    uint32_t wrong = 0, got = 0;
    while (fgets(line, sizeof line, answers)) {
        bool good = got < count && strcmp(line, "{\"holds\":true}\n") == 0;
        if (!good) wrong++;
        if (!good && got < count) printf("%.*s\n    %s", TEXT_ARG(script_line(script, got)), line);
        got++;
    }
    if (got < count) {
        printf("%u of %u answered; the first without: %.*s\n", got, count,
               TEXT_ARG(script_line(script, got)));
        wrong += count - got;
    }
    return wrong;
}

/* Runs the script `path`; how many of its answers are not TRUE. */
static uint32_t ask(const char *program, const char *path, const struct buf *script,
                    uint32_t count) {
    char command[3 * PATH_BYTES_MAX];
    int n = snprintf(command, sizeof command, "'%s' run --keep-going --format ndjson '%s' 2>&1",
                     program, path);
    assert(n > 0 && (size_t)n < sizeof command);
    FILE *answers = popen(command, "r");
    assert(answers);
    uint32_t wrong = judge_answers(answers, script, count);
    pclose(answers);
    return wrong;
}

static int run_examples(const char *program) {
    char path[] = "/tmp/weir-examples-XXXXXX";
    struct buf script;
    buf_init(&script);
    uint32_t count = add_examples(&script);
    assert(!script.failed && count > 0);

    int fd = mkstemp(path);
    assert(fd >= 0);
    ssize_t written = write(fd, script.at, script.bytes);
    assert(written == (ssize_t)script.bytes);
    close(fd);
    uint32_t wrong = ask(program, path, &script, count);
    unlink(path);
    buf_done(&script);
    printf("%u passed, %u failed\n", count - wrong, wrong);
    return wrong > 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--check") == 0) return check(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--examples") == 0) return run_examples(argv[2]);
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: reference ROOT | --check ROOT | --examples PROGRAM\n");
        return 2;
    }
    bool good = true;
    for (size_t i = 0; i < COUNT_OF(pages); i++) good = write_page(argv[1], &pages[i]) && good;
    return good ? 0 : 1;
}
