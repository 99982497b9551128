/* cut.c: a run that is cut at random places and goes on in a new session gives what the whole run
 * gives.
 *
 *     cut FOLDER [--filter TEXT] [--rounds N] [--damage] [--verbose]
 *
 * Every case of the folder whose script can run so is run once as a whole, and then several times
 * with cuts, with other numbers of workers and sizes of batches, and with a crash before or after
 * what was saved has been made to appear. Rows, errors, x$errors, x$late, figures and files must be
 * the same bytes. With --damage going on is also tried from bytes of which one is changed: nothing
 * may crash. WEIR_SEED and WEIR_ROUNDS as in tests/unit/base/random.h.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/case_diff.h"
#include "tests/case_run.h"
#include "tests/cut/script.h"
#include "tests/tree.h"

enum { PATH_BYTES_MAX = 1024 };

struct tally {
    uint32_t cases, cuts, left_out, failed;
    const char *scratch, *filter;
    uint32_t rounds;
    bool verbose, damages;
};

/* Does a script say so? What models have learnt and answered is saved with them, not with runs. */
static bool says(const struct case_spec *c, const char *words) {
    for (uint32_t i = 0; i < c->sections; i++) {
        const struct case_section *s = &c->section[i];
        bool sql = s->kind == SECTION_SQL && s->body.bytes > 0;
        if (sql && memmem(s->body.at, s->body.bytes, words, strlen(words))) return true;
    }
    return false;
}

/* A case that has a script, and asks for nothing that only a process has. */
static bool is_plain(const struct case_spec *c) {
    static const enum case_section_kind others[] = {SECTION_COMMAND, SECTION_LIVE, SECTION_SIGNAL,
                                                    SECTION_DATA,    SECTION_ARGS, SECTION_ONCE};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (case_find(c, others[i])) return false;
    }
    if (says(c, "DESCRIBE MODEL") || says(c, "INTO MODEL")) return false;
    return case_find(c, SECTION_SQL) != NULL;
}

static void run_in(const struct tally *t, const struct cut_options *o, struct cut_result *out) {
    char folder[PATH_BYTES_MAX];
    struct cut_options mine = *o;
    snprintf(folder, sizeof folder, "%s/work", t->scratch);
    case_remove_folder(folder);
    int made = mkdir(folder, 0777);
    assert(made == 0);
    mine.folder = folder;
    cut_script_run(&mine, out);
}

static bool judge(const struct tally *t, const char *place, const struct cut_options *o,
                  const struct cut_result *whole, const struct cut_result *got) {
    bool same = text_equal(buf_text(&whole->shown), buf_text(&got->shown)) &&
                text_equal(buf_text(&whole->files), buf_text(&got->files));
    if (same && !got->failure[0]) return true;
    printf("FAILED %s: %.*s (batch-rows %u, threads %u, %u cuts, seed %llu)\n", place,
           TEXT_ARG(o->spec->name), o->batch_rows, o->threads, got->cuts,
           (unsigned long long)o->random.state);
    if (got->failure[0]) printf("    %s\n", got->failure);
    struct buf said;
    buf_init(&said);
    case_diff(&said, buf_text(&whole->shown), buf_text(&got->shown));
    case_diff(&said, buf_text(&whole->files), buf_text(&got->files));
    if (t->verbose || !got->failure[0]) printf("%.*s", (int)said.bytes, said.at ? said.at : "");
    buf_done(&said);
    fflush(stdout);
    return false;
}

/* A whole run to compare with; false: it cannot be run so, or fails. Figures of queries that need
 * no more rows tell of batches, so the batches are of one size. */
static bool run_whole(struct tally *t, const char *place, const struct cut_options *like,
                      struct cut_result *out) {
    struct cut_options o = *like;
    o.threads = 1;
    o.cuts = 0;
    run_in(t, &o, out);
    if (out->failure[0]) printf("FAILED %s: %s\n", place, out->failure);
    t->failed += out->failure[0] != '\0';
    return !out->left_out && !out->failure[0];
}

/* One run with cuts; false: the case is done with. */
static bool run_cut(struct tally *t, const char *place, struct cut_options *o,
                    struct random *random) {
    struct cut_result whole, got;
    bool good = run_whole(t, place, o, &whole);
    if (good) {
        o->apart = 1 + (uint32_t)random_below(random, whole.steps);
        o->random.state = random_u64(random);
        o->cuts = 3;
        o->damages = t->damages;
        run_in(t, o, &got);
        t->cuts += got.cuts;
        good = !got.left_out && judge(t, place, o, &whole, &got);
        t->failed += !good && !got.left_out;
        cut_result_done(&got);
    }
    cut_result_done(&whole);
    return good;
}

static void run_case(struct tally *t, const char *path, const struct case_spec *c,
                     struct random *random) {
    static const uint32_t rows[] = {1, 2, 3, 7};
    char place[PATH_BYTES_MAX];
    struct cut_result whole;
    struct cut_options o = {.spec = c, .batch_rows = 1, .threads = 1, .apart = 1};
    snprintf(place, sizeof place, "%s:%u", path, c->line);
    if (t->verbose) fprintf(stderr, "%s\n", place);
    bool usable = run_whole(t, place, &o, &whole) && whole.steps > 1;
    cut_result_done(&whole);
    if (!usable && t->verbose) printf("left out: %s: %.*s\n", place, TEXT_ARG(c->name));
    t->left_out += !usable;
    t->cases += usable;
    for (uint32_t i = 0; usable && i < t->rounds; i++) {
        o.threads = 1 + i % 3;
        o.batch_rows = i < 3 ? 1 : rows[random_below(random, COUNT_OF(rows))];
        usable = run_cut(t, place, &o, random);
    }
}

static void run_file(struct tally *t, struct tree *tree, const char *root, const char *path,
                     struct random *random) {
    char complaint[200];
    struct arena a;
    struct case_file f = {.path = path, .source = tree_read(tree, root, path)};
    arena_init(&a, 0);
    bool read = case_file_read(&f, &a, complaint);
    assert(read);
    for (uint32_t i = 0; i < f.count; i++) {
        char place[PATH_BYTES_MAX];
        snprintf(place, sizeof place, "%s %.*s", path, TEXT_ARG(f.at[i].name));
        if (t->filter && !strstr(place, t->filter)) continue;
        if (is_plain(&f.at[i])) run_case(t, path, &f.at[i], random);
    }
    arena_done(&a);
}

int main(int argc, char **argv) {
    char scratch[] = "/tmp/weir-cut-XXXXXX", root[PATH_BYTES_MAX];
    struct tally t = {.rounds = 3};
    struct random random = random_start("cut");
    if (argc < 2 || !realpath(argv[1], root)) {
        fprintf(stderr, "usage: cut FOLDER [--filter TEXT] [--rounds N] [--verbose]\n");
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) t.verbose = true;
        if (strcmp(argv[i], "--damage") == 0) t.damages = true;
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) t.filter = argv[++i];
        if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            t.rounds = (uint32_t)strtoul(argv[++i], NULL, 10);
        }
    }
    t.rounds = random_rounds(t.rounds);
    t.scratch = mkdtemp(scratch);
    assert(t.scratch);

    struct tree tree;
    tree_init(&tree);
    tree_add(&tree, root, ".", ".case");
    tree_sort(&tree);
    for (size_t i = 0; i < tree.count; i++) run_file(&t, &tree, root, tree.path[i] + 2, &random);
    tree_done(&tree);
    int left = chdir("/");
    assert(left == 0);
    case_remove_folder(scratch);
    printf("%u cases cut %u times, %u failed, %u left out\n", t.cases, t.cuts, t.failed,
           t.left_out);
    return t.failed > 0;
}
