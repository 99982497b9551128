/* nexmark_memory.c: a window's aggregate needs memory for the windows that are open, not for what
 * has gone through: ten times the events must not need more, nor must events that come as JSON
 * through a pipe, whose answer is the same.
 *
 * The engine promises 200 MB for a hundred million events, which WEIR_SOAK (make soak) asks of it;
 * the marks of every day are far below that: what grows by a byte a row shows there. Answers of
 * millions of lines are added up, so that none has to be held.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/nexmark_check.h"

enum { GROWTH_KB_MAX = 4 * 1024 };

struct sizes {
    uint32_t few, many, piped; /* events */
    uint64_t peak_kb_max;
    const char *question;
};

#define WINDOWS                                                                                    \
    "SELECT auction, COUNT(*) AS bids, SUM(price) AS total, window_start, window_end\n"            \
    "FROM TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '10' SECOND)\n"                               \
    "GROUP BY auction, window_start, window_end"

static const struct sizes every_day = {
    .few = 300000,
    .many = 3000000,
    .piped = 300000,
    .peak_kb_max = 48 * 1024,
    .question = WINDOWS ";\n",
};

static const struct sizes soak = {
    .few = 100000000,
    .many = 200000000,
    .piped = 100000000,
    .peak_kb_max = 200 * 1000,
    .question = "SELECT COUNT(*) AS groups, SUM(bids) AS bids, SUM(total) AS total,\n"
                "  MAX(window_end) AS until FROM (" WINDOWS ") AS x;\n",
};

/* All events as they are. */
static const char writer[] =
    "CREATE STREAM pipe (event_type BIGINT,\n"
    "  person ROW<id BIGINT, name TEXT, emailAddress TEXT, creditCard TEXT, city TEXT,\n"
    "    state TEXT, dateTime TIMESTAMP(3), extra TEXT>,\n"
    "  auction ROW<id BIGINT, itemName TEXT, description TEXT, initialBid BIGINT,\n"
    "    reserve BIGINT, dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT,\n"
    "    category BIGINT, extra TEXT>,\n"
    "  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,\n"
    "    dateTime TIMESTAMP(3), extra TEXT>\n"
    ") WITH ('connector' = 'stdout', 'format' = 'json');\n"
    "INSERT INTO pipe SELECT event_type, person, auction, bid FROM event;\n";

static bool small(const struct nexmark_env *env, const char *what, uint64_t kb, uint64_t limit_kb) {
    if (env->sanitized || kb <= limit_kb) return true;
    printf("    %s is %" PRIu64 " KB, more than %" PRIu64 "\n", what, kb, limit_kb);
    return false;
}

static bool generated(const struct nexmark_env *env, const char *question, uint32_t events,
                      struct nexmark_result *out) {
    const struct nexmark_setting s = {.name = "memory", .events = events};
    struct buf script;
    buf_init(&script);
    nexmark_add_example(env, "events", &script);
    buf_add_str(&script, question);
    nexmark_run(env, &s, &script, out);
    buf_done(&script);
    return nexmark_ended_well(out, NULL);
}

static bool piped(const struct nexmark_env *env, const char *question, uint32_t events,
                  struct nexmark_result *out) {
    char command[3 * NEXMARK_PATH_BYTES];
    struct buf script;
    buf_init(&script);
    nexmark_begin(env);
    nexmark_add_example(env, "events", &script);
    buf_add_str(&script, writer);
    nexmark_write(env, "write.sql", &script);
    buf_reset(&script);
    nexmark_add_example(env, "events", &script);
    bool found = nexmark_replace(&script, "'connector' = 'nexmark', 'events.num' = '${events}'",
                                 "'connector' = 'stdin', 'format' = 'json'");
    assert(found); /* the example spells its source so */
    buf_add_str(&script, question);
    nexmark_write(env, "read.sql", &script);
    buf_done(&script);
    snprintf(command, sizeof command,
             "'%s' run --define events=%u write.sql | '%s' run --format ndjson read.sql",
             env->program, events, env->program);
    char *arg[] = {(char *)"/bin/sh", (char *)"-c", command, NULL};
    nexmark_command(env, arg, out);
    return nexmark_ended_well(out, NULL);
}

static bool marks_hold(const struct nexmark_env *env, const struct sizes *z,
                       const struct nexmark_result *few, const struct nexmark_result *many,
                       const struct nexmark_result *pipe) {
    if (z == &soak)
        printf("    peak of %u events %" PRIu64 " MB, from a pipe %" PRIu64 " MB\n", z->many,
               many->peak_kb / 1000, pipe->peak_kb / 1000);
    bool answers = few->out.bytes > 0 && text_equal(buf_text(&few->out), buf_text(&pipe->out));
    if (!answers) printf("    there is no answer, or a pipe gives another one\n");
    return small(env, "the peak", many->peak_kb, z->peak_kb_max) &&
           small(env, "the growth", many->peak_kb, few->peak_kb + GROWTH_KB_MAX) &&
           small(env, "the peak of a pipe", pipe->peak_kb, z->peak_kb_max) && answers;
}

bool nexmark_memory_check(const struct nexmark_env *env) {
    const struct sizes *z = getenv("WEIR_SOAK") ? &soak : &every_day;
    struct nexmark_result few = {0}, many = {0}, pipe = {0};
    bool good = generated(env, z->question, z->few, &few) &&
                generated(env, z->question, z->many, &many) &&
                piped(env, z->question, z->piped, &pipe) && marks_hold(env, z, &few, &many, &pipe);
    nexmark_result_done(&few);
    nexmark_result_done(&many);
    nexmark_result_done(&pipe);
    return good;
}
