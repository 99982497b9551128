/* nexmark_memory.c: a window's aggregate needs memory for the windows that are open, not for what
 * has gone through: ten times the events must not need more, nor must events that come as JSON
 * through a pipe, whose answer is the same.
 *
 * The marks are far below the 200 MB that the engine promises for a hundred million events: what
 * grows by a byte a row shows here.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "tests/nexmark_check.h"

enum { FEW = 300000, TIMES = 10, PEAK_KB_MAX = 48 * 1024, GROWTH_KB_MAX = 4 * 1024 };

static const char question[] =
    "SELECT auction, COUNT(*) AS bids, SUM(price) AS total, window_start, window_end\n"
    "FROM TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '10' SECOND)\n"
    "GROUP BY auction, window_start, window_end;\n";

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

static bool generated(const struct nexmark_env *env, uint32_t events, struct nexmark_result *out) {
    const struct nexmark_setting s = {.name = "memory", .events = events};
    struct buf script;
    buf_init(&script);
    nexmark_add_example(env, "events", &script);
    buf_add_str(&script, question);
    nexmark_run(env, &s, &script, out);
    buf_done(&script);
    return nexmark_ended_well(out, NULL);
}

static bool piped(const struct nexmark_env *env, uint32_t events, struct nexmark_result *out) {
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

bool nexmark_memory_check(const struct nexmark_env *env) {
    struct nexmark_result few = {0}, many = {0}, pipe = {0};
    bool good =
        generated(env, FEW, &few) && generated(env, FEW * TIMES, &many) && piped(env, FEW, &pipe);
    good = good && small(env, "the peak", many.peak_kb, PEAK_KB_MAX) &&
           small(env, "the growth", many.peak_kb, few.peak_kb + GROWTH_KB_MAX) &&
           small(env, "the peak of a pipe", pipe.peak_kb, PEAK_KB_MAX);
    if (good && !text_equal(buf_text(&few.out), buf_text(&pipe.out))) {
        printf("    a pipe gives another answer\n");
        good = false;
    }
    if (good && few.out.bytes == 0) {
        printf("    there is no answer\n");
        good = false;
    }
    nexmark_result_done(&few);
    nexmark_result_done(&many);
    nexmark_result_done(&pipe);
    return good;
}
