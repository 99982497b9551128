/* docs.c: what the documentation shows is run, and must be as shown.
 *
 *     docs ROOT PROGRAM [PAGE...]      README.md and the pages of docs/, or those given
 *
 * Each page has a folder of its own, in which its blocks (docs_page.h) run in their order, with the
 * program as `weir` and build/weir, the repository's examples/, and data/: the folder of real data,
 * $WEIR_TEST_DATA or ../shared/data, where there is one. Commands that begin with `make`
 * build and test the program itself: of them only the target is looked for. Links to files must
 * lead to one.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "tests/case_diff.h"
#include "tests/case_run.h"
#include "tests/docs_page.h"
#include "tests/tree.h"

enum { PATH_BYTES_MAX = 4096, TIMEOUT_S = 60 };

/* Stands behind the output of a command, between two bytes that no program prints. */
static const char end_mark[] = "\001end\002\n";
static const char end_command[] = "\nlast=$?; printf '\\001end\\002\\n'; (exit $last)\n";

struct docs {
    const char *root, *program;
    struct tree tree;
    char data[PATH_BYTES_MAX];   /* of real data; "": there is none */
    const char *page;            /* its path */
    char folder[PATH_BYTES_MAX]; /* in which it runs */
    uint32_t setups, blocks, wrong, skipped;
    struct block
        asked; /* the `sql run` or `sql data` that waits for its output; body at NULL: none */
};

static void complain(struct docs *d, const struct block *b, const char *sentence) {
    printf("%s:%u: %s\n", d->page, b->line, sentence);
    d->wrong++;
}

static void join(char out[PATH_BYTES_MAX], const char *folder, const char *name) {
    int n = snprintf(out, PATH_BYTES_MAX, "%s/%s", folder, name);
    assert(n > 0 && n < PATH_BYTES_MAX);
}

static void write_file(const struct docs *d, const char *name, struct text bytes) {
    char path[PATH_BYTES_MAX];
    join(path, d->folder, name);
    FILE *f = fopen(path, "wb");
    assert(f);
    size_t written = bytes.bytes > 0 ? fwrite(bytes.at, 1, bytes.bytes, f) : 0;
    assert(written == bytes.bytes);
    fclose(f);
}

/* Runs a shell command in the page's folder; what it prints is added to `out`. */
static int shell(const struct docs *d, const char *command, struct buf *out) {
    struct buf line;
    char chunk[4096];
    buf_init(&line);
    buf_addf(&line,
             "cd '%s' && PATH=\"$PWD/build:$PATH\" HOME=\"$PWD\" LC_ALL=C.UTF-8 timeout %d %s"
             " 2>&1 </dev/null",
             d->folder, TIMEOUT_S, command);
    buf_add_char(&line, '\0');
    assert(!line.failed);
    FILE *pipe = popen(line.at, "r");
    assert(pipe);
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, pipe)) > 0;) buf_add(out, chunk, got);
    buf_done(&line);
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Does what was printed fit? A line "..." of `shown` stands for any lines: the fewest at first, one
 * more each time that the lines behind it do not fit. */
static bool fits(struct text shown, struct text printed) {
    bool dots = false;
    uint32_t s = 0, p = 0, dots_s = 0, dots_p = 0;
    while (s < shown.bytes || p < printed.bytes) {
        uint32_t s_next = s, p_next = p;
        struct text want = {.at = NULL}, got = {.at = NULL};
        if (s < shown.bytes) want = line_next(shown, &s_next);
        if (p < printed.bytes) got = line_next(printed, &p_next);
        if (want.at && text_equal(want, TEXT_LITERAL("..."))) {
            dots = true;
            s = dots_s = s_next;
            dots_p = p;
        } else if (want.at && got.at && text_equal(want, got)) {
            s = s_next;
            p = p_next;
        } else if (dots && dots_p < printed.bytes) {
            (void)line_next(printed, &dots_p);
            s = dots_s;
            p = dots_p;
        } else {
            return false;
        }
    }
    return true;
}

/* Without the blank lines at the end of each command's output: a table ends with one. */
static void add_trimmed(struct buf *out, struct text t) {
    uint32_t blanks = 0;
    for (uint32_t at = 0; at < t.bytes;) {
        struct text line = line_next(t, &at);
        if (line.bytes == 0) {
            blanks++;
            continue;
        }
        bool end =
            line.bytes + 1 == sizeof end_mark - 1 && memcmp(line.at, end_mark, line.bytes) == 0;
        for (; blanks > 0 && !end; blanks--) buf_add_char(out, '\n');
        blanks = 0;
        buf_add_text(out, line);
        buf_add_char(out, '\n');
    }
}

static void judge(struct docs *d, const struct block *b, struct text shown, struct text printed) {
    struct buf want, got, diff;
    buf_init(&want);
    buf_init(&got);
    buf_init(&diff);
    add_trimmed(&want, shown);
    add_trimmed(&got, printed);
    assert(!want.failed && !got.failed);
    if (!fits(buf_text(&want), buf_text(&got))) {
        complain(d, b, "prints something else (- shown, + printed):");
        case_diff(&diff, buf_text(&want), buf_text(&got));
        fwrite(diff.at, 1, diff.bytes, stdout);
    }
    buf_done(&want);
    buf_done(&got);
    buf_done(&diff);
}

/* "make demo": the Makefile has that target. */
static void check_make(struct docs *d, const struct block *b, struct text command) {
    struct text makefile = tree_read(&d->tree, d->root, "Makefile");
    struct text target = {.at = command.at + 5, .bytes = command.bytes - 5};
    for (uint32_t at = 0; at < makefile.bytes;) {
        struct text line = line_next(makefile, &at);
        if (line.bytes > target.bytes && line.at[target.bytes] == ':' &&
            memcmp(line.at, target.at, target.bytes) == 0) {
            return;
        }
    }
    complain(d, b, "make has no such target");
}

static bool is_make(struct text command) {
    return command.bytes > 5 && memcmp(command.at, "make ", 5) == 0;
}

static bool starts_with(struct text line, const char *two) {
    return line.bytes >= 2 && memcmp(line.at, two, 2) == 0;
}

static struct text without(struct text line, uint32_t bytes) {
    return (struct text){.at = line.at + bytes, .bytes = line.bytes - bytes};
}

/* The commands of a console block as a shell script that marks where each one's output ends, and
 * in `shown` what the page says they print, marked likewise. */
static bool read_console(struct docs *d, const struct block *b, struct buf *script,
                         struct buf *shown) {
    bool open = false, made = false;
    for (uint32_t at = 0; at < b->body.bytes;) {
        struct text line = line_next(b->body, &at);
        if (starts_with(line, "$ ")) {
            if (open) buf_add_str(script, end_command);
            if (open) buf_add_str(shown, end_mark);
            made = is_make(without(line, 2));
            open = !made;
            if (made) check_make(d, b, without(line, 2));
            if (open) buf_add_text(script, without(line, 2));
        } else if (open && starts_with(line, "> ")) {
            buf_add_char(script, '\n');
            buf_add_text(script, without(line, 2));
        } else if (open) {
            buf_add_text(shown, line);
            buf_add_char(shown, '\n');
        } else {
            complain(d, b, "output of no command");
            return false;
        }
    }
    return true;
}

static void run_console(struct docs *d, const struct block *b) {
    struct buf script, shown, printed;
    buf_init(&script);
    buf_init(&shown);
    buf_init(&printed);
    if (read_console(d, b, &script, &shown) && script.bytes > 0) {
        buf_add_char(&script, '\n');
        write_file(d, "console.sh", buf_text(&script));
        shell(d, "sh console.sh", &printed);
        assert(!shown.failed && !printed.failed);
        judge(d, b, buf_text(&shown), buf_text(&printed));
    }
    buf_done(&script);
    buf_done(&shown);
    buf_done(&printed);
}

/* "weir WORDS setup1.sql .. NAME" */
static int run_weir(struct docs *d, const char *words, const char *name, struct buf *out) {
    struct buf command;
    buf_init(&command);
    buf_addf(&command, "weir %s", words);
    for (uint32_t i = 1; i <= d->setups; i++) buf_addf(&command, " setup%u.sql", i);
    buf_addf(&command, " %s", name);
    buf_add_char(&command, '\0');
    assert(!command.failed);
    int status = shell(d, command.at, out);
    buf_done(&command);
    return status;
}

static void check_sql(struct docs *d, const struct block *b, const char *name) {
    struct buf printed;
    buf_init(&printed);
    write_file(d, name, b->body);
    if (run_weir(d, "check", name, &printed) != 0) {
        complain(d, b, "does not pass weir check:");
        fwrite(printed.at, 1, printed.bytes, stdout);
    }
    buf_done(&printed);
}

static void set_up(struct docs *d, const struct block *b) {
    char name[32];
    snprintf(name, sizeof name, "setup%u.sql", d->setups + 1);
    check_sql(d, b, name);
    d->setups++;
}

/* The block before, and what it prints. */
static void run_sql(struct docs *d, const struct block *output) {
    const struct block asked = d->asked;
    struct buf printed;
    char words[64];
    d->asked.body.at = NULL;
    if (!asked.body.at) {
        complain(d, output, "output of no `sql run`");
        return;
    }
    if (asked.kind == BLOCK_SQL_DATA && !d->data[0]) {
        d->skipped++;
        return;
    }
    buf_init(&printed);
    write_file(d, "q.sql", asked.body);
    struct text format = asked.word.bytes > 0 ? asked.word : TEXT_LITERAL("ndjson");
    snprintf(words, sizeof words, "run --format %.*s", TEXT_ARG(format));
    run_weir(d, words, "q.sql", &printed);
    judge(d, &asked, output->body, buf_text(&printed));
    buf_done(&printed);
}

static void make_file(struct docs *d, const struct block *b) {
    char name[128];
    snprintf(name, sizeof name, "%.*s", TEXT_ARG(b->word));
    write_file(d, name, b->body);
}

static void run_block(struct docs *d, const struct block *b) {
    if (d->asked.body.at && b->kind != BLOCK_OUTPUT) {
        complain(d, &d->asked, "`sql run` without a `text output` behind it");
        d->asked.body.at = NULL;
    }
    switch (b->kind) {
    case BLOCK_CONSOLE: run_console(d, b); break;
    case BLOCK_SQL: check_sql(d, b, "q.sql"); break;
    case BLOCK_SQL_SETUP: set_up(d, b); break;
    case BLOCK_SQL_RUN:
    case BLOCK_SQL_DATA: d->asked = *b; break;
    case BLOCK_OUTPUT: run_sql(d, b); break;
    case BLOCK_FILE: make_file(d, b); break;
    case BLOCK_PICTURE: break;
    case BLOCK_UNKNOWN: complain(d, b, "a fence of a kind that tests/docs_page.h lacks"); break;
    }
}

static void link_to(const struct docs *d, const char *target, const char *name) {
    char path[PATH_BYTES_MAX];
    join(path, d->folder, name);
    int done = symlink(target, path);
    assert(done == 0);
}

/* The page's folder: build/weir, the examples, and real data. */
static void make_folder(struct docs *d) {
    char path[PATH_BYTES_MAX], target[PATH_BYTES_MAX];
    snprintf(d->folder, sizeof d->folder, "/tmp/weir-docs-XXXXXX");
    const char *made = mkdtemp(d->folder);
    assert(made);
    join(path, d->folder, "build");
    int done = mkdir(path, 0777);
    assert(done == 0);
    link_to(d, d->program, "build/weir");
    join(target, d->root, "examples");
    link_to(d, target, "examples");
    if (d->data[0]) link_to(d, d->data, "data");
}

static void find_data(struct docs *d) {
    char beside[PATH_BYTES_MAX];
    const char *said = getenv("WEIR_TEST_DATA");
    join(beside, d->root, "../shared/data");
    if (!realpath(said ? said : beside, d->data)) d->data[0] = '\0';
}

/* A link to a file of the repository: "](docs/sql.md#time)", relative to the page. */
static void check_link(struct docs *d, uint32_t line, struct text target) {
    char path[PATH_BYTES_MAX];
    const char *slash = strrchr(d->page, '/');
    int folder = slash ? (int)(slash - d->page) : 0;
    const char *hash = memchr(target.at, '#', target.bytes);
    if (hash) target.bytes = (uint32_t)(hash - target.at);
    if (target.bytes == 0 || memmem(target.at, target.bytes, "://", 3)) return;
    snprintf(path, sizeof path, "%s/%.*s/%.*s", d->root, folder, d->page, TEXT_ARG(target));
    if (access(path, R_OK) == 0) return;
    printf("%s:%u: there is no %.*s\n", d->page, line, TEXT_ARG(target));
    d->wrong++;
}

static void check_links(struct docs *d, struct text page) {
    uint32_t number = 0;
    for (uint32_t at = 0; at < page.bytes;) {
        struct text line = line_next(page, &at);
        number++;
        for (uint32_t i = 0; i + 2 < line.bytes; i++) {
            if (memcmp(line.at + i, "](", 2) != 0) continue;
            struct text target = without(line, i + 2);
            const char *close = memchr(target.at, ')', target.bytes);
            if (!close) continue;
            target.bytes = (uint32_t)(close - target.at);
            check_link(d, number, target);
        }
    }
}

static void run_page(struct docs *d, const char *page) {
    struct text text = tree_read(&d->tree, d->root, page);
    struct block b;
    d->page = page;
    d->setups = 0;
    d->asked.body.at = NULL;
    check_links(d, text);
    make_folder(d);
    for (uint32_t at = 0, line = 0; block_next(text, &at, &line, &b); d->blocks++) run_block(d, &b);
    if (d->asked.body.at) complain(d, &d->asked, "`sql run` without a `text output` behind it");
    case_remove_folder(d->folder);
}

int main(int argc, char **argv) {
    struct docs d = {.wrong = 0};
    char root[PATH_BYTES_MAX], program[PATH_BYTES_MAX];
    if (argc < 3 || !realpath(argv[1], root) || !realpath(argv[2], program)) {
        fprintf(stderr, "usage: docs ROOT PROGRAM [PAGE...]\n");
        return 2;
    }
    d.root = root;
    d.program = program;
    find_data(&d);
    tree_init(&d.tree);
    tree_add(&d.tree, root, "docs", ".md");
    tree_sort(&d.tree);
    if (argc == 3) run_page(&d, "README.md");
    for (size_t i = 0; argc == 3 && i < d.tree.count; i++) run_page(&d, d.tree.path[i]);
    for (int i = 3; i < argc; i++) run_page(&d, argv[i]);
    tree_done(&d.tree);
    uint32_t not_passed = d.wrong + d.skipped;
    if (d.skipped > 0) printf("skipped: no test data for %u blocks\n", d.skipped);
    printf("%u passed, %u failed\n", d.blocks - (not_passed < d.blocks ? not_passed : d.blocks),
           d.wrong);
    return d.wrong > 0;
}
