/* tidy.c: style as a test: the limits on source text, the formatter, and writable globals.
 *
 *     tidy text ROOT                 the rules of tidy_rules.h on every source file under ROOT
 *     tidy format ROOT               clang-format agrees with every file (skipped without it)
 *     tidy globals ROOT LIBRARY...   no writable variable in the objects of static libraries,
 *                                    those of clients/main.c apart
 *
 * Each violation is a line "path:line: sentence". Exit status: 0 none, 1 some, 77 skipped.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "tests/tidy_rules.h"
#include "tests/tree.h"

enum { SKIPPED = 77 };

#define ALLOW_PATH "tests/tidy_allow.txt"

static void print_violation(void *context, const char *path, uint32_t line, const char *sentence) {
    (void)context;
    printf("%s:%u: %s\n", path, line, sentence);
}

static void add_sources(struct tree *tree, const char *root, const char *suffixes) {
    static const char *const folders[] = {"engine",  "storage", "udf",   "sql",
                                          "clients", "tests",   "bench", "examples"};
    for (size_t i = 0; i < COUNT_OF(folders); i++) tree_add(tree, root, folders[i], suffixes);
    tree_sort(tree);
}

static int run_text(struct tree *tree, const char *root) {
    struct tidy tidy = {.say = print_violation};
    struct text allow = tree_read(tree, root, ALLOW_PATH);
    if (allow.at) tidy_allow_read(&tidy, ALLOW_PATH, allow);

    add_sources(tree, root, ".c .h .y");
    for (size_t i = 0; i < tree->count; i++) {
        tidy_check(&tidy, tree->path[i], tree_read(tree, root, tree->path[i]));
    }
    tidy_allow_check(&tidy, ALLOW_PATH);
    printf("%u files, %u functions, %u asserts, %u functions of 20 lines or more without one, "
           "%u violations\n",
           tidy.files, tidy.functions, tidy.asserts, tidy.bare_functions, tidy.violations);
    return tidy.violations > 0;
}

/* Runs a shell command whose output lines all are violations. Returns how many, or -1. */
static int count_output(const char *command) {
    FILE *pipe = popen(command, "r");
    if (!pipe) return -1;

    char line[1024];
    int lines = 0;
    while (fgets(line, sizeof line, pipe)) {
        fputs(line, stdout);
        lines++;
    }
    return pclose(pipe) == -1 ? -1 : lines;
}

static int run_format(struct tree *tree, const char *root) {
    if (system("clang-format --version >/dev/null 2>&1") != 0) return SKIPPED;

    struct buf command;
    buf_init(&command);
    buf_addf(&command, "cd '%s' && clang-format --dry-run --ferror-limit=1", root);
    add_sources(tree, root, ".c .h");
    for (size_t i = 0; i < tree->count; i++) buf_addf(&command, " '%s'", tree->path[i]);
    buf_add_str(&command, " 2>&1 | grep 'clang-formatted'");
    assert(!command.failed);

    int lines = count_output(command.at);
    buf_done(&command);
    return lines != 0;
}

/* Sections of objdump -t in which a program can write; .data.rel.ro is not one once loaded. */
static int run_globals(int libraries, char **library) {
    struct buf command;
    buf_init(&command);
    buf_add_str(&command, "objdump -t");
    for (int i = 0; i < libraries; i++) buf_addf(&command, " '%s'", library[i]);
    buf_add_str(&command,
                " | awk '/file format/ { object = $1 }"
                " object !~ /clients_main|main\\.c\\.o/ && $3 != \"d\" && $2 != \"d\" &&"
                " /[ \\t](\\.bss|\\.data|\\.tbss|\\.tdata|\\*COM\\*)[^ \\t]*[ \\t]/ &&"
                " !/\\.data\\.rel\\.ro/ && !/__compound_literal|__asan|__ubsan|__odr_asan/"
                " { print object \" writable variable \" $NF }'");
    assert(!command.failed);

    int lines = count_output(command.at);
    buf_done(&command);
    return lines != 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: tidy text|format ROOT, tidy globals ROOT LIBRARY...\n");
        return 2;
    }
    struct tree tree;
    tree_init(&tree);

    int status = 2;
    if (strcmp(argv[1], "text") == 0) status = run_text(&tree, argv[2]);
    if (strcmp(argv[1], "format") == 0) status = run_format(&tree, argv[2]);
    if (strcmp(argv[1], "globals") == 0) status = run_globals(argc - 3, argv + 3);
    tree_done(&tree);
    return status;
}
