/* readme.c: runs what README.md and docs/ show, so that they cannot show what is not so.
 *
 *     readme PROGRAM ROOT
 *
 * In a Markdown file a fenced block is run when its first line says how:
 *
 *     ```console     lines after "$ " are commands for sh; what stands between them must be what
 *                    they print (stdout and stderr); a line "..." stands for any lines
 *     ```sql         a script for `weir run`; must end with status 0
 *     ```sql error   one that must end with another status
 *     ```output      after an sql block: what it prints (`output table`, `output csv`: as that)
 *     ```sql part    no whole script: not run
 *     ```file NAME   a file for the blocks after it
 *
 * Commands run in a fresh folder a file, in which build/weir is the program and examples/ the
 * tree's. Commands that install or build (make, git, ./setup.sh, sudo) are left to .ci/run, and
 * counted as skipped.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "tests/case_diff.h"
#include "tests/case_run.h"
#include "tests/tree.h"

enum { PATH_BYTES_MAX = 4096, COMMAND_SECONDS = 60 }; /* PATH_MAX, for realpath() */

struct block {
    struct text info; /* behind the fence */
    struct text body;
    uint32_t line;
};

struct doc {
    const char *path;   /* of the Markdown file */
    const char *folder; /* where its commands run */
    const char *at, *end;
    uint32_t line;
    uint32_t passed, failed, skipped;
};

static struct text take_line(struct doc *d) {
    const char *line_end = memchr(d->at, '\n', (size_t)(d->end - d->at));
    if (!line_end) line_end = d->end;
    struct text line = {.at = d->at, .bytes = (uint32_t)(line_end - d->at)};
    d->at = line_end < d->end ? line_end + 1 : d->end;
    d->line++;
    return line;
}

static bool starts(struct text t, const char *with) {
    size_t bytes = strlen(with);
    return t.bytes >= bytes && memcmp(t.at, with, bytes) == 0;
}

/* The next fenced block; false: there is none. */
static bool next_block(struct doc *d, struct block *out) {
    while (d->at < d->end) {
        struct text line = take_line(d);
        if (!starts(line, "```")) continue;

        *out = (struct block){.line = d->line, .body.at = d->at};
        out->info = (struct text){.at = line.at + 3, .bytes = line.bytes - 3};
        while (d->at < d->end) {
            const char *from = d->at;
            if (!starts(take_line(d), "```")) continue;
            out->body.bytes = (uint32_t)(from - out->body.at);
            return true;
        }
    }
    return false;
}

static bool info_is(const struct block *b, const char *word) {
    return text_equal(b->info, text_of(word));
}

/* Runs a command in the folder; its output, both streams, is added to `out`. Its exit status. */
static int run_command(const struct doc *d, struct text command, struct buf *out) {
    struct buf line;
    buf_init(&line);
    buf_addf(&line, "cd '%s' && PATH=\"$PWD/build:$PATH\" HOME=\"$PWD\" timeout %d sh -c '",
             d->folder, COMMAND_SECONDS);
    for (uint32_t i = 0; i < command.bytes; i++) {
        if (command.at[i] == '\'') {
            buf_add_str(&line, "'\\''");
        } else {
            buf_add_char(&line, command.at[i]);
        }
    }
    buf_add_str(&line, "' 2>&1 </dev/null");
    assert(!line.failed);

    FILE *pipe = popen(line.at, "r");
    assert(pipe);
    char chunk[4096];
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) buf_add(out, chunk, got);
    int status = pclose(pipe);
    buf_done(&line);
    return status;
}

/* A line "..." in `wanted` stands for any lines. */
static bool output_matches(struct text wanted, struct text got) {
    static const char any[] = "...\n";
    const char *hole = wanted.bytes > 0 ? memmem(wanted.at, wanted.bytes, any, 4) : NULL;
    bool line_start = hole && (hole == wanted.at || hole[-1] == '\n');
    if (!line_start) return text_equal(wanted, got);

    uint32_t head = (uint32_t)(hole - wanted.at), tail = wanted.bytes - head - 4;
    return got.bytes >= head + tail && memcmp(got.at, wanted.at, head) == 0 &&
           memcmp(got.at + got.bytes - tail, hole + 4, tail) == 0;
}

static void judge(struct doc *d, uint32_t line, struct text wanted, struct text got) {
    if (output_matches(wanted, got)) {
        d->passed++;
        return;
    }
    struct buf diff;
    buf_init(&diff);
    case_diff(&diff, wanted, got);
    printf("FAILED %s:%u: prints something else (- shown, + printed):\n%s", d->path, line, diff.at);
    buf_done(&diff);
    d->failed++;
}

static bool left_to_ci(struct text command) {
    static const char *const heads[] = {"make", "git ", "sudo ", "./setup.sh", "cd "};
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        if (starts(command, heads[i])) return true;
    }
    return false;
}

static void run_console(struct doc *d, const struct block *b) {
    struct doc inner = {.at = b->body.at, .end = b->body.at + b->body.bytes, .line = b->line};

    while (inner.at < inner.end) {
        struct text command = take_line(&inner);
        uint32_t line = inner.line;
        const char *from = inner.at;
        while (inner.at < inner.end && *inner.at != '$') take_line(&inner);
        if (!starts(command, "$ ")) continue;

        command.at += 2;
        command.bytes -= 2;
        if (left_to_ci(command)) {
            d->skipped++;
            continue;
        }
        struct buf out;
        buf_init(&out);
        run_command(d, command, &out);
        judge(d, line, (struct text){.at = from, .bytes = (uint32_t)(inner.at - from)},
              buf_text(&out));
        buf_done(&out);
    }
}

static void write_file(const struct doc *d, struct text name, struct text body) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%.*s", d->folder, (int)(name.bytes & 0xff), name.at);
    FILE *f = fopen(path, "wb");
    assert(f);
    fwrite(body.at, 1, body.bytes, f);
    fclose(f);
}

/* Runs a script; the block after it, if it is its output, is judged and used up. */
static bool run_sql(struct doc *d, const struct block *b, struct block *next, bool has_next) {
    bool shown = has_next && starts(next->info, "output");
    bool error = info_is(b, "sql error");
    const char *format = "ndjson";
    struct buf out;

    if (shown && info_is(next, "output table")) format = "table";
    if (shown && info_is(next, "output csv")) format = "csv";
    write_file(d, TEXT_LITERAL("q.sql"), b->body);
    char command[64];
    snprintf(command, sizeof command, "weir run --format %s q.sql", format);
    buf_init(&out);
    int status = run_command(d, text_of(command), &out);
    if ((status == 0) == error) {
        printf("FAILED %s:%u: ends with status %d\n%s", d->path, b->line, status / 256,
               out.bytes > 0 ? out.at : "");
        d->failed++;
    } else if (shown) {
        judge(d, b->line, next->body, buf_text(&out));
    } else {
        d->passed++;
    }
    buf_done(&out);
    return shown;
}

static void run_doc(struct doc *d) {
    struct block b, next;
    bool more = next_block(d, &b);
    while (more) {
        bool has_next = next_block(d, &next), used = false;
        if (info_is(&b, "console")) run_console(d, &b);
        if (starts(b.info, "file ")) {
            write_file(d, (struct text){.at = b.info.at + 5, .bytes = b.info.bytes - 5}, b.body);
        }
        if (info_is(&b, "sql") || info_is(&b, "sql error")) {
            used = run_sql(d, &b, &next, has_next);
        }
        if (info_is(&b, "sql part")) d->skipped++;
        if (used) has_next = next_block(d, &next);
        b = next;
        more = has_next;
    }
}

static void link_into(const char *folder, const char *name, const char *target) {
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int linked = symlink(target, path);
    assert(linked == 0);
}

static void prepare_folder(const char *folder, const char *program, const char *root) {
    char path[PATH_BYTES_MAX + 16];
    snprintf(path, sizeof path, "%s/build", folder);
    int made = mkdir(path, 0777);
    assert(made == 0);
    link_into(folder, "build/weir", program);
    snprintf(path, sizeof path, "%s/examples", root);
    link_into(folder, "examples", path);
}

int main(int argc, char **argv) {
    char program[PATH_BYTES_MAX], root[PATH_BYTES_MAX];
    if (argc != 3 || !realpath(argv[1], program) || !realpath(argv[2], root)) {
        fprintf(stderr, "usage: readme PROGRAM ROOT\n");
        return 2;
    }
    struct tree tree;
    struct doc all = {0};
    tree_init(&tree);
    tree_add(&tree, root, "docs", ".md");
    tree_add(&tree, root, "examples", ".md");
    tree_sort(&tree);

    for (size_t i = 0; i <= tree.count; i++) {
        char folder[] = "/tmp/weir-readme-XXXXXX";
        const char *path = i < tree.count ? tree.path[i] : "README.md";
        struct text source = tree_read(&tree, root, path);
        if (!source.at || !mkdtemp(folder)) continue;

        prepare_folder(folder, program, root);
        struct doc d = {
            .path = path, .folder = folder, .at = source.at, .end = source.at + source.bytes};
        run_doc(&d);
        case_remove_folder(folder);
        all.passed += d.passed;
        all.failed += d.failed;
        all.skipped += d.skipped;
    }
    tree_done(&tree);
    printf("%u passed, %u failed, %u skipped\n", all.passed, all.failed, all.skipped);
    return all.failed > 0;
}
