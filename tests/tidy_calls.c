/* tidy_calls.c: calls that are banned, or that have one place.
 *
 * A call is a word followed by '(' that is not a member. A rule names words and the paths in which
 * they are allowed; a path that ends in '/' or '*' is a prefix.
 */
#include "tests/tidy_rules.h"

#include <string.h>

struct call_rule {
    const char *const *words;   /* NULL-terminated */
    const char *const *allowed; /* NULL-terminated */
    const char *instead;
    bool libraries; /* also allowed in files of udf/ that include a library's header */
};

static const char *const nowhere[] = {NULL};

static const char *const banned[] = {
    "strcpy",    "strcat", "sprintf", "vsprintf", "strtok", "atoi",  "atol",   "atoll",
    "atof",      "gets",   "rand",    "srand",    "exit",   "abort", "alloca", "__builtin_alloca",
    "localtime", "gmtime", NULL};

/* libjpeg's errors must not return: one file turns them into values. */
static const char *const jumps[] = {"setjmp", "longjmp", "sigsetjmp", "siglongjmp", NULL};
static const char *const jump_places[] = {"udf/image/jpeg_guard.c", NULL};

static const char *const memory[] = {
    "malloc",         "calloc",    "realloc",       "free",           "strdup",  "strndup",
    "asprintf",       "vasprintf", "aligned_alloc", "posix_memalign", "getline", "reallocarray",
    "open_memstream", NULL};
static const char *const memory_places[] = {"engine/base/arena.c",
                                            "engine/base/buf.c",
                                            "engine/base/map.c",
                                            "storage/",
                                            "engine/edge/",
                                            "clients/",
                                            "tests/",
                                            "bench/",
                                            NULL};

static const char *const clock[] = {
    "clock_gettime", "gettimeofday",    "time",         "clock", "usleep", "sleep",
    "nanosleep",     "clock_nanosleep", "timespec_get", NULL};
static const char *const clock_places[] = {"engine/edge/runner*", "clients/main.c", "bench/", NULL};

static const char *const printing[] = {"printf", "fprintf", "vprintf", "vfprintf",
                                       "puts",   "fputs",   "putchar", "fputc",
                                       "putc",   "perror",  "fwrite",  NULL};
static const char *const printing_places[] = {"clients/", "tests/", "bench/", NULL};

static const struct call_rule rules[] = {
    {banned, nowhere, "is banned", false},
    {jumps, jump_places, "is banned", false},
    {memory, memory_places, "belongs to the files that own memory; use an arena", true},
    {clock, clock_places, "belongs to the file that owns the loop", false},
    {printing, printing_places, "prints: only clients/ talks to the user", false},
};

static bool word_in(const struct tidy_token *t, const char *const *words) {
    for (; *words; words++) {
        if (tidy_is(t, *words)) return true;
    }
    return false;
}

static bool path_in(const char *path, const char *const *allowed) {
    for (; *allowed; allowed++) {
        size_t bytes = strlen(*allowed);
        char last = (*allowed)[bytes - 1];
        if (last == '*' && strncmp(path, *allowed, bytes - 1) == 0) return true;
        if (last == '/' && strncmp(path, *allowed, bytes) == 0) return true;
        if (strcmp(path, *allowed) == 0) return true;
    }
    return false;
}

/* Does the file wrap a library? Then memory may have to come from malloc. */
static bool wraps_library(const struct tidy_file *f) {
    static const char *const headers[] = {"<sqlite3.h>", "<pcre2.h>",  "<jpeglib.h>",  "<spng.h>",
                                          "<cblas.h>",   "protobuf-c", "<turbojpeg.h>"};
    if (!tidy_path_starts(f->path, "udf/")) return false;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        if (memmem(f->source.at, f->source.bytes, headers[i], strlen(headers[i]))) return true;
    }
    return false;
}

static bool is_call(const struct tidy_file *f, size_t i) {
    if (f->token[i].kind != TIDY_WORD || !tidy_is(&f->token[i + 1], "(")) return false;
    if (i == 0) return true;

    const struct tidy_token *before = &f->token[i - 1];
    if (tidy_is(before, ".")) return false;
    return !(tidy_is(before, ">") && i > 1 && tidy_is(&f->token[i - 2], "-"));
}

void tidy_calls(const struct tidy_file *f) {
    bool library = wraps_library(f);

    for (size_t i = 0; i + 1 < f->tokens; i++) {
        if (!is_call(f, i)) continue;
        for (size_t k = 0; k < COUNT_OF(rules); k++) {
            const struct call_rule *r = &rules[k];
            if (!word_in(&f->token[i], r->words) || path_in(f->path, r->allowed)) continue;
            if (r->libraries && library) continue;
            tidy_say(f, f->token[i].line, "%.*s() %s", TEXT_ARG(f->token[i].text), r->instead);
        }
    }
}
