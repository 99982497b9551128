/* layers.c: the table of layers as data, and the test that no include goes against it.
 *
 *     layers includes ROOT          every #include is allowed by the tables below; a file's own
 *                                   header comes first
 *     layers headers ROOT CC...     every header compiles alone
 *     layers self-test              the tables reject what they must
 *
 * A file belongs to the longest prefix that its path starts with. A library's header has one door:
 * the folder whose row names it; what is neither ours nor the C library's needs such a row.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "tests/tidy_lex.h"
#include "tests/tree.h"

enum { WORDS_MAX = 24, PATH_BYTES_MAX = 512 };

/* Prefixes of paths, "" is everything; a word that ends in ".h" is that header alone. */
struct layer {
    const char *folder;
    const char *ours;      /* blank-separated: what of the tree may be included */
    const char *libraries; /* blank-separated: third-party headers, as prefixes */
};

#define PLAN_HEADERS                                                                               \
    "engine/plan.h engine/plan_model.h engine/expr.h engine/stream_def.h engine/program.h "        \
    "engine/cast.h engine/shared_model.h"

static const struct layer layers[] = {
    {"engine/base/", "engine/base/", "zlib.h zstd.h zstd_errors.h lz4"},
    {"engine/kernel/", "engine/base/ engine/kernel/", ""},
    {"storage/", "engine/base/ engine/kernel/ storage/", "isa-l"},
    {"udf/", "engine/base/ engine/kernel/ udf/",
     "cblas.h openblas jerror.h jpeglib.h turbojpeg.h spng.h protobuf-c onnx.pb-c.h pcre2.h "
     "sqlite3.h"},
    {"engine/", "engine/base/ engine/kernel/ storage/ engine/*", ""},
    {"engine/edge/", "engine/base/ engine/kernel/ storage/ engine/* engine/edge/", ""},
    {"sql/", "engine/base/ sql/ " PLAN_HEADERS, ""},
    {"clients/main.c", "engine/ storage/ udf/ sql/ clients/", "event2/ jansson.h openssl/"},
    {"clients/", "engine/ storage/ sql/ clients/",
     "event2/ jansson.h editline/ histedit.h openssl/"},
    {"tests/", "engine/ storage/ udf/ sql/ clients/ tests/",
     "cmocka.h sqlite3.h jansson.h zlib.h zstd.h lz4 pcre2.h"},
    {"bench/", "", "jansson.h sqlite3.h simdjson.h zlib.h zstd.h lz4 cblas.h"},
    {"examples/", "udf/", ""},
};

/* What the C library and the kernel give. Sockets only where bytes come and go. */
static const char c_library[] =
    "assert.h cpuid.h ctype.h dirent.h dlfcn.h emmintrin.h errno.h fcntl.h float.h fnmatch.h ftw.h "
    "getopt.h glob.h immintrin.h inttypes.h limits.h linux/falloc.h locale.h malloc.h math.h "
    "nmmintrin.h poll.h pthread.h pty.h regex.h sched.h semaphore.h setjmp.h signal.h smmintrin.h "
    "stdalign.h "
    "stdarg.h "
    "stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/file.h "
    "sys/inotify.h sys/ioctl.h sys/mman.h sys/random.h sys/resource.h sys/stat.h sys/time.h "
    "sys/types.h sys/uio.h sys/wait.h termios.h time.h tmmintrin.h unistd.h wchar.h";
static const char sockets[] =
    "sys/socket.h sys/un.h netdb.h netinet/in.h netinet/tcp.h arpa/inet.h sys/epoll.h";
static const char *const socket_folders[] = {"engine/edge/", "clients/", "tests/", "bench/"};

static bool starts(const char *s, const char *prefix, size_t prefix_bytes) {
    return strncmp(s, prefix, prefix_bytes) == 0;
}

static const struct layer *layer_of(const char *path) {
    const struct layer *best = NULL;
    for (size_t i = 0; i < COUNT_OF(layers); i++) {
        size_t bytes = strlen(layers[i].folder);
        if (!starts(path, layers[i].folder, bytes)) continue;
        if (!best || bytes > strlen(best->folder)) best = &layers[i];
    }
    return best;
}

/* Does `header` match a word of `list`? "a/" is the folder with all below it, "a/" followed by a
 * star the folder and those of its folders that have no layer of their own, "a.h" one header,
 * anything else a prefix. */
static bool matches(const char *header, const char *list) {
    for (const char *w = list; *w; w += strspn(w, " ")) {
        size_t bytes = strcspn(w, " ");
        bool star = w[bytes - 1] == '*';
        bool whole = bytes > 2 && w[bytes - 2] == '.';
        if (whole) {
            if (strlen(header) == bytes && starts(header, w, bytes)) return true;
        } else if (star) {
            const struct layer *of = layer_of(header);
            if (of && strlen(of->folder) == bytes - 1 && starts(of->folder, w, bytes - 1)) {
                return true;
            }
        } else if (starts(header, w, bytes)) {
            return true;
        }
        w += bytes;
    }
    return false;
}

static bool socket_allowed(const char *path) {
    for (size_t i = 0; i < COUNT_OF(socket_folders); i++) {
        if (starts(path, socket_folders[i], strlen(socket_folders[i]))) return true;
    }
    return false;
}

/* NULL: the file may include <header> or "header"; else why not. */
static const char *judge(const char *path, const char *header, bool angle) {
    const struct layer *layer = layer_of(path);
    if (!layer) return "file stands outside the table of layers";
    if (!angle) {
        bool all = layer->ours[0] == '\0' || matches(header, layer->ours);
        return all ? NULL : "goes against the layers";
    }
    if (matches(header, c_library)) return NULL;
    if (matches(header, sockets)) return socket_allowed(path) ? NULL : "no sockets here";
    return matches(header, layer->libraries) ? NULL : "library outside its door";
}

struct include {
    char header[PATH_BYTES_MAX];
    bool angle;
};

/* Reads a directive token as an include; false: it is another directive. */
static bool read_include(const struct tidy_token *t, struct include *out) {
    const char *at = t->text.at + 1, *end = t->text.at + t->text.bytes;
    while (at < end && isblank((unsigned char)*at)) at++;
    if (end - at < 7 || !starts(at, "include", 7)) return false;

    at += 7;
    while (at < end && isblank((unsigned char)*at)) at++;
    if (at == end || (*at != '<' && *at != '"')) return false;
    out->angle = *at == '<';
    const char *close = memchr(at + 1, out->angle ? '>' : '"', (size_t)(end - at - 1));
    if (!close) return false;
    snprintf(out->header, sizeof out->header, "%.*s", (int)(close - at - 1), at + 1);
    return true;
}

/* sql/bind.c must include sql/bind.h first, where that header exists. */
static bool own_header_later(const struct tree *tree, const char *path, const char *first) {
    size_t bytes = strlen(path);
    if (bytes < 2 || strcmp(path + bytes - 2, ".c") != 0) return false;

    char own[PATH_BYTES_MAX];
    snprintf(own, sizeof own, "%.*sh", (int)(bytes - 1), path);
    if (strcmp(first, own) == 0) return false;
    for (size_t i = 0; i < tree->count; i++) {
        if (strcmp(tree->path[i], own) == 0) return true;
    }
    return false;
}

static uint32_t check_file(struct tree *tree, const char *root, const char *path) {
    struct tidy_tokens tokens = {0};
    uint32_t wrong = 0, includes = 0;
    tidy_lex(tree_read(tree, root, path), 1, &tokens);

    for (size_t i = 0; i < tokens.count; i++) {
        const struct tidy_token *t = &tokens.at[i];
        struct include in;
        if (t->kind != TIDY_DIRECTIVE || !read_include(t, &in)) continue;

        const char *why = judge(path, in.header, in.angle);
        if (!why && includes == 0 && own_header_later(tree, path, in.header)) {
            why = "own header comes first";
        }
        includes++;
        if (!why) continue;
        printf("%s:%u: %s: %s\n", path, t->line, in.header, why);
        wrong++;
    }
    tidy_tokens_done(&tokens);
    return wrong;
}

static int run_includes(struct tree *tree, const char *root) {
    size_t wrong = 0;
    for (size_t i = 0; i < tree->count; i++) wrong += check_file(tree, root, tree->path[i]) > 0;
    printf("%zu passed, %zu failed, 0 skipped\n", tree->count - wrong, wrong);
    return wrong > 0;
}

static int run_headers(struct tree *tree, const char *root, char **cc) {
    size_t headers = 0, wrong = 0;

    for (size_t i = 0; i < tree->count; i++) {
        const char *path = tree->path[i];
        if (path[strlen(path) - 1] != 'h' || strstr(path, "_tmpl.h")) continue;

        struct buf command;
        buf_init(&command);
        buf_addf(&command, "printf '#include \"%s\"\\n' |", path);
        for (char **word = cc; *word; word++) buf_addf(&command, " %s", *word);
        buf_addf(&command,
                 " -std=c11 -D_GNU_SOURCE -march=x86-64-v2 -Wall -Wextra -Werror "
                 "-fsyntax-only -I'%s' -x c -",
                 root);
        assert(!command.failed);
        headers++;
        if (system(command.at) != 0) {
            printf("%s:1: header does not compile alone\n", path);
            wrong++;
        }
        buf_done(&command);
    }
    printf("%zu passed, %zu failed, 0 skipped\n", headers - wrong, wrong);
    return wrong > 0;
}

static int run_self_test(void) {
    static const struct {
        const char *path, *header;
        bool angle, allowed;
    } cases[] = {
        {"engine/base/a.c", "engine/base/b.h", false, true},
        {"engine/base/a.c", "engine/plan.h", false, false},
        {"engine/base/compress.c", "zlib.h", true, true},
        {"engine/plan.c", "zlib.h", true, false},
        {"engine/kernel/a.c", "storage/log.h", false, false},
        {"storage/a.c", "engine/plan.h", false, false},
        {"udf/a.c", "engine/op.h", false, false},
        {"udf/nn/a.c", "engine/kernel/k.h", false, true},
        {"engine/op/a.c", "storage/state.h", false, true},
        {"engine/op/a.c", "engine/op.h", false, true},
        {"engine/op/a.c", "engine/edge/codec.h", false, false},
        {"engine/op/a.c", "udf/table.h", false, false},
        {"engine/op/a.c", "sqlite3.h", true, false},
        {"engine/op/a.c", "sys/socket.h", true, false},
        {"engine/edge/a.c", "sys/socket.h", true, true},
        {"engine/edge/a.c", "engine/query.h", false, true},
        {"engine/edge/a.c", "udf/table.h", false, false},
        {"engine/edge/a.c", "sql/bind.h", false, false},
        {"sql/a.c", "engine/plan.h", false, true},
        {"sql/a.c", "engine/query.h", false, false},
        {"sql/a.c", "engine/edge/codec.h", false, false},
        {"clients/run.c", "udf/table.h", false, false},
        {"clients/main.c", "udf/table.h", false, true},
        {"clients/run.c", "sqlite3.h", true, false},
        {"tests/a.c", "udf/table.h", false, true},
        {"other/a.c", "stdio.h", true, false},
    };
    size_t wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        bool allowed = judge(cases[i].path, cases[i].header, cases[i].angle) == NULL;
        if (allowed == cases[i].allowed) continue;
        printf("%s includes %s: judged %s\n", cases[i].path, cases[i].header,
               allowed ? "allowed" : "not allowed");
        wrong++;
    }
    printf("%zu passed, %zu failed, 0 skipped\n", COUNT_OF(cases) - wrong, wrong);
    return wrong > 0;
}

int main(int argc, char **argv) {
    static const char *const folders[] = {"engine",  "storage", "udf",   "sql",
                                          "clients", "tests",   "bench", "examples"};
    if (argc == 2 && strcmp(argv[1], "self-test") == 0) return run_self_test();
    if (argc < 3) {
        fprintf(stderr,
                "usage: layers includes ROOT, layers headers ROOT CC..., layers self-test\n");
        return 2;
    }
    struct tree tree;
    tree_init(&tree);
    for (size_t i = 0; i < COUNT_OF(folders); i++) tree_add(&tree, argv[2], folders[i], ".c .h .y");
    tree_sort(&tree);

    int status = strcmp(argv[1], "headers") == 0 ? run_headers(&tree, argv[2], argv + 3)
                                                 : run_includes(&tree, argv[2]);
    tree_done(&tree);
    return status;
}
