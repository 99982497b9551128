/* nexmark_folder.c: q10: a folder a day and minute, part files in it.
 *
 * The folders must be those of the bids' minutes and no others; the part files of each, one behind
 * the other, its bids in their order, without the partition's columns; names count from 0; nothing
 * in progress is left; a success file is there where it was asked for, and nowhere else.
 */
#include <assert.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "tests/nexmark_check.h"

/* A way of asking. */
struct way {
    const char *name;
    const char *options; /* instead of the example's 'format' = 'csv' */
    const char *header;  /* the first line of each file; NULL: none */
    const char *success; /* the file in a complete folder; NULL: none */
    bool rolls;          /* some folder must have several part files */
    const char *suffix;  /* of part files */
    const char *line;    /* SQL, of a bid */
};

#define CSV_LINE "auction || ',' || bidder || ',' || price || ',' || at"

static const struct way ways[] = {
    {.name = "csv", .options = "'format' = 'csv'", .suffix = ".csv", .line = CSV_LINE},
    {.name = "csv with a header, small parts, success files",
     .options = "'format' = 'csv', 'csv.header' = 'true',\n"
                "  'sink.rolling-policy.file-size' = '100b',\n"
                "  'sink.partition-commit.trigger' = 'partition-time',\n"
                "  'sink.partition-commit.delay' = '1 min',\n"
                "  'sink.partition-commit.policy.kind' = 'success-file',\n"
                "  'partition.time-extractor.timestamp-pattern' = '$dt $hm:00'",
     .header = "auction,bidder,price,at",
     .success = "_SUCCESS",
     .rolls = true,
     .suffix = ".csv",
     .line = CSV_LINE},
    {.name = "json, complete by the clock",
     .options = "'format' = 'json',\n"
                "  'sink.partition-commit.trigger' = 'process-time',\n"
                "  'sink.partition-commit.delay' = '1 h',\n"
                "  'sink.partition-commit.policy.kind' = 'success-file',\n"
                "  'sink.partition-commit.success-file.name' = 'done',\n"
                "  'sink.rolling-policy.rollover-interval' = '1min',\n"
                "  'sink.rolling-policy.check-interval' = '1min'",
     .success = "done",
     .suffix = ".json",
     .line = "json_object('auction', auction, 'bidder', bidder, 'price', price, 'at', at)"},
};
const uint32_t nexmark_folder_count = sizeof ways / sizeof *ways;

const char *nexmark_folder_name(uint32_t i) {
    assert(i < nexmark_folder_count);
    return ways[i].name;
}

struct folder {
    const struct way *way;
    const struct nexmark_env *env;
    struct nexmark_lite *lite;
    glob_t made;     /* by the sink, in byte order */
    size_t at;       /* the next of its paths */
    uint32_t parts;  /* part files of the partition */
    uint32_t rolled; /* partitions with several */
};

static bool wrong(const char *path, const char *sentence) {
    printf("    %s: %s\n", path, sentence);
    return false;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Path i, from "bids/" on. */
static const char *made_path(const struct folder *f, size_t i) {
    char root[NEXMARK_PATH_BYTES];
    nexmark_path(f->env, "", root);
    return f->made.gl_pathv[i] + strlen(root);
}

/* Adds a part file; its header, where there is one, left out. */
static bool add_part(struct folder *f, const char *path, struct buf *lines) {
    char name[64];
    snprintf(name, sizeof name, "part-%06u%s", f->parts, f->way->suffix);
    if (strcmp(base_name(path), name) != 0) return wrong(path, "is no name for a part");
    f->parts++;

    struct buf bytes;
    buf_init(&bytes);
    size_t skip = f->way->header ? strlen(f->way->header) + 1 : 0;
    bool good = nexmark_read(f->env, path, &bytes) && bytes.bytes > skip;
    if (!good) wrong(path, "holds no rows");
    if (good && skip > 0) {
        good = memcmp(bytes.at, f->way->header, skip - 1) == 0 && bytes.at[skip - 1] == '\n';
        if (!good) wrong(path, "does not begin with the header");
    }
    if (good) buf_add(lines, bytes.at + skip, bytes.bytes - skip);
    buf_done(&bytes);
    return good;
}

/* Takes the files of one partition, "bids/dt=.../hm=.../". */
static bool take_files(struct folder *f, const char *prefix, struct buf *lines) {
    bool success = false;
    f->parts = 0;
    for (; f->at < f->made.gl_pathc; f->at++) {
        const char *path = made_path(f, f->at), *name = base_name(path);
        if (strncmp(path, prefix, strlen(prefix)) != 0) break;
        if (f->way->success && strcmp(name, f->way->success) == 0) {
            success = true;
        } else if (!add_part(f, path, lines)) {
            return false;
        }
    }
    if (f->parts == 0) return wrong(prefix, "has no part file");
    if (f->way->success && !success) return wrong(prefix, "is not marked complete");
    return true;
}

/* One partition: its files hold its bids. */
static bool check_partition(struct folder *f, const char *key) {
    char prefix[128], sql[512];
    struct buf lines, wanted;
    snprintf(prefix, sizeof prefix, "bids/%s/", key);
    snprintf(sql, sizeof sql,
             "SELECT %s FROM bid WHERE 'dt=' || day || '/hm=' || replace(minute, ':', '%%3A')"
             " = '%s' ORDER BY n",
             f->way->line, key);
    buf_init(&lines);
    buf_init(&wanted);
    nexmark_lite_lines(f->lite, sql, &wanted);
    bool good = take_files(f, prefix, &lines);
    if (good && !text_equal(buf_text(&lines), buf_text(&wanted))) {
        good = wrong(prefix, "does not hold the bids of its minute, in their order");
    }
    buf_done(&lines);
    buf_done(&wanted);
    return good;
}

/* Files in progress have hidden names. */
static bool check_hidden(const struct folder *f) {
    char pattern[NEXMARK_PATH_BYTES];
    glob_t found = {0};
    nexmark_path(f->env, "bids/*/*/.[a-z]*", pattern);
    bool none = glob(pattern, 0, NULL, &found) == GLOB_NOMATCH;
    if (!none) wrong(pattern, "something is still in progress");
    globfree(&found);
    return none;
}

static bool check_partitions(struct folder *f) {
    struct buf keys;
    buf_init(&keys);
    nexmark_lite_lines(f->lite,
                       "SELECT DISTINCT 'dt=' || day || '/hm=' || replace(minute, ':', '%3A') AS k"
                       " FROM bid ORDER BY k",
                       &keys);
    bool good = keys.bytes > 0 && check_hidden(f);
    for (const char *at = keys.at, *end = keys.at + keys.bytes; good && at < end;) {
        char key[64];
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        assert(line_end && line_end - at < (int)sizeof key);
        snprintf(key, sizeof key, "%.*s", (int)(line_end - at), at);
        good = check_partition(f, key);
        f->rolled += f->parts > 1;
        at = line_end + 1;
    }
    if (good && f->at < f->made.gl_pathc) good = wrong(made_path(f, f->at), "is not to be there");
    if (good && f->way->rolls && f->rolled == 0) good = wrong("bids", "has no small part files");
    buf_done(&keys);
    return good;
}

static bool check_files(const struct nexmark_env *env, struct nexmark_lite *lite,
                        const struct way *w) {
    char pattern[NEXMARK_PATH_BYTES];
    struct folder f = {.way = w, .env = env, .lite = lite};
    nexmark_path(env, "bids/*/*/*", pattern);
    bool good = glob(pattern, 0, NULL, &f.made) == 0 && check_partitions(&f);
    globfree(&f.made);
    return good;
}

bool nexmark_folder_check(const struct nexmark_env *env, const struct nexmark_setting *s,
                          uint32_t i) {
    assert(i < nexmark_folder_count);
    struct buf script;
    struct nexmark_result r;
    buf_init(&script);
    nexmark_add_example(env, "events", &script);
    nexmark_add_log("event", "at", &script);
    nexmark_add_example(env, "q10", &script);
    bool found = nexmark_replace(&script, "'format' = 'csv'", ways[i].options);
    assert(found);
    nexmark_run(env, s, &script, &r);
    struct nexmark_lite *lite = nexmark_ended_well(&r, NULL) ? nexmark_events(env, s) : NULL;
    bool good = lite && check_files(env, lite, &ways[i]);
    nexmark_lite_close(lite);
    nexmark_result_done(&r);
    buf_done(&script);
    return good;
}
