/* nexmark.c: the questions of the Nexmark benchmark against SQLite, on the events of the same run.
 *
 *     nexmark PROGRAM ROOT [--sanitized]
 *
 * For each setting of the generator: examples/nexmark/events.sql, an INSERT that writes all events
 * and when they arrived into a file, and a question, run as one script by the real program; the
 * file is loaded into SQLite, which is asked the same in plain SQL; its rows must be the program's,
 * in the order that the contract fixes. Questions without a window are also asked with EMIT
 * CHANGES, and each change must be the one that running totals say. Then the same for statements
 * written as the public Flink files are, once into a blackhole and once into a file; q10's folders;
 * and memory.
 *
 * WEIR_SOAK in the environment: five times the events.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/nexmark_check.h"
#include "tests/nexmark_question.h"

struct totals {
    uint32_t passed, failed;
};

/* Rates so that there are many windows or one; minutes, days and 1970 are crossed; hours of all
 * three kinds; bids exactly a session's gap apart. */
static const struct nexmark_setting settings[] = {
    {.name = "midnight",
     .events = 4000,
     .options = "'first-event.rate' = '40', 'next-event.rate' = '40',"
                " 'base-time' = '2026-02-28 23:59:30'"},
    {.name = "one window",
     .events = 5000,
     .options = "'first-event.rate' = '1000', 'next-event.rate' = '1000', 'seed' = '2'",
     .batch_rows = 7,
     .threads = 2},
    {.name = "before 1970",
     .events = 3000,
     .options = "'first-event.rate' = '7', 'next-event.rate' = '7', 'seed' = '3',"
                " 'base-time' = '1969-12-31 23:56:00'",
     .batch_rows = 3,
     .threads = 1},
    {.name = "day and night",
     .events = 3000,
     .options = "'first-event.rate' = '0.1', 'next-event.rate' = '0.1', 'seed' = '4',"
                " 'base-time' = '2026-06-30 04:00:00'",
     .batch_rows = 2048,
     .threads = 3},
    {.name = "many people",
     .events = 2000,
     .options = "'first-event.rate' = '100', 'next-event.rate' = '100', 'seed' = '5',"
                " 'person.proportion' = '10', 'auction.proportion' = '20',"
                " 'bid.proportion' = '20', 'bid.hot-ratio.auctions' = '1',"
                " 'bid.hot-ratio.bidders' = '1'",
     .batch_rows = 1,
     .threads = 2},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static const char *const shape_defines[] = {"NEXMARK_TABLE=datagen",
                                            "TPS=40",
                                            "EVENTS_NUM=4000",
                                            "PERSON_PROPORTION=1",
                                            "AUCTION_PROPORTION=3",
                                            "BID_PROPORTION=46",
                                            "KEEP_ALIVE=false",
                                            "STOP_AT=-1",
                                            NULL};

static void judge(struct totals *t, const char *setting, const char *name, bool good) {
    t->passed += good;
    t->failed += !good;
    if (!good) printf("failed: %s: %s\n", setting, name);
}

void nexmark_add_log(const char *events, const char *at, struct buf *script) {
    buf_addf(script,
             "\nCREATE TABLE seen (event_type BIGINT,\n"
             "  person ROW<id BIGINT, name TEXT, `emailAddress` TEXT, `creditCard` TEXT,\n"
             "    city TEXT, state TEXT, `dateTime` TIMESTAMP(3), extra TEXT>,\n"
             "  auction ROW<id BIGINT, `itemName` TEXT, description TEXT, `initialBid` BIGINT,\n"
             "    reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3),\n"
             "    seller BIGINT, category BIGINT, extra TEXT>,\n"
             "  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,\n"
             "    `dateTime` TIMESTAMP(3), extra TEXT>,\n"
             "  at TIMESTAMP(3), clock TIMESTAMP(6)\n"
             ") WITH ('connector' = 'filesystem', 'path' = '" NEXMARK_EVENTS "',"
             " 'format' = 'json');\n"
             "INSERT INTO seen SELECT event_type, person, auction, bid, %s, PROCTIME()"
             " FROM %s;\n",
             at, events);
}

bool nexmark_ended_well(const struct nexmark_result *r, const char *notice) {
    size_t bytes = notice ? strlen(notice) : 0;
    bool quiet = bytes == 0
                     ? r->err.bytes == 0
                     : r->err.bytes > bytes && memcmp(r->err.at, notice, bytes) == 0 &&
                           memchr(r->err.at, '\n', r->err.bytes) == r->err.at + r->err.bytes - 1;
    if (r->status == 0 && quiet) return true;
    printf("    status %d, signal %d; on stderr:\n%.*s", r->status, r->signal, (int)r->err.bytes,
           r->err.at);
    return false;
}

struct nexmark_lite *nexmark_events(const struct nexmark_env *env,
                                    const struct nexmark_setting *s) {
    struct buf lines;
    buf_init(&lines);
    bool read = nexmark_read(env, NEXMARK_EVENTS, &lines);
    if (!read) printf("    no events were written\n");
    struct nexmark_lite *lite = read ? nexmark_lite_open(buf_text(&lines), s->events) : NULL;
    buf_done(&lines);
    return lite;
}

/* Are `lines` the rows that SQLite gives for the events of the last run? */
static bool check_answer(const struct nexmark_env *env, const struct nexmark_setting *s,
                         const char *sql, struct text lines) {
    struct nexmark_lite *lite = nexmark_events(env, s);
    if (!lite) return false;
    struct buf why;
    buf_init(&why);
    bool good = nexmark_lite_agrees(lite, sql, lines, &why);
    if (!good) printf("    %.*s\n", (int)why.bytes, why.at);
    buf_done(&why);
    nexmark_lite_close(lite);
    return good;
}

/* The events, their log and one example; `find` in it becomes `put`. */
static bool ask(const struct nexmark_env *env, const struct nexmark_setting *s, const char *name,
                const char *const change[2], const char *sql) {
    struct buf script, example;
    struct nexmark_result r;
    buf_init(&script);
    buf_init(&example);
    nexmark_add_example(env, "events", &script);
    nexmark_add_log("event", "at", &script);
    nexmark_add_example(env, name, &example);
    if (change) {
        bool found = nexmark_replace(&example, change[0], change[1]);
        assert(found);
    }
    buf_add_text(&script, buf_text(&example));
    nexmark_run(env, s, &script, &r);
    bool good = nexmark_ended_well(&r, NULL) && check_answer(env, s, sql, buf_text(&r.out));
    nexmark_result_done(&r);
    buf_done(&example);
    buf_done(&script);
    return good;
}

static void ask_examples(const struct nexmark_env *env, const struct nexmark_setting *s,
                         struct totals *t) {
    for (const struct nexmark_question *q = nexmark_questions; q->name; q++) {
        judge(t, s->name, q->name, ask(env, s, q->name, NULL, q->answer));
        if (!q->changes) continue;
        static const char *const emit[] = {";", "\nEMIT CHANGES;"};
        bool good = ask(env, s, q->name, emit, q->changes);
        if (!good) printf("    (with EMIT CHANGES)\n");
        judge(t, s->name, q->name, good);
    }
    for (uint32_t i = 0; i < nexmark_folder_count; i++) {
        judge(t, s->name, nexmark_folder_name(i), nexmark_folder_check(env, s, i));
    }
}

/* q12 with windows so small that the run has many; the generator keeps to the clock. */
static void ask_small_windows(const struct nexmark_env *env, struct totals *t) {
    const struct nexmark_setting s = {
        .name = "by the clock",
        .events = 4000,
        .options = "'first-event.rate' = '20000', 'next-event.rate' = '20000',"
                   " 'rate.limited' = 'true', 'seed' = '6'",
    };
    static const char *const small[] = {"INTERVAL '10' SECOND", "INTERVAL '0.02' SECOND"};
    const struct nexmark_question *q = nexmark_questions;
    while (strcmp(q->name, "q12") != 0) q++;
    struct buf sql;
    buf_init(&sql);
    buf_add_str(&sql, q->answer);
    bool found = nexmark_replace(&sql, "10000", "20");
    buf_add_char(&sql, '\0');
    assert(found && !sql.failed);
    judge(t, s.name, q->name, ask(env, &s, q->name, small, sql.at));
    buf_done(&sql);
}

/* As it stands, into the blackhole: nothing comes out. */
static bool shape_runs(const struct nexmark_env *env, const struct nexmark_setting *s,
                       const struct nexmark_question *q) {
    struct buf script;
    struct nexmark_result r;
    buf_init(&script);
    buf_add_str(&script, nexmark_shape_events);
    buf_add_str(&script, q->script);
    nexmark_run(env, s, &script, &r);
    bool good = nexmark_ended_well(&r, q->notice) && r.out.bytes == 0;
    nexmark_result_done(&r);
    buf_done(&script);
    return good;
}

/* Into a file instead: the rows are SQLite's. */
static bool shape_answers(const struct nexmark_env *env, const struct nexmark_setting *s,
                          const struct nexmark_question *q) {
    struct buf script, lines;
    struct nexmark_result r;
    buf_init(&script);
    buf_init(&lines);
    buf_add_str(&script, nexmark_shape_events);
    nexmark_add_log("${NEXMARK_TABLE}", "`dateTime`", &script);
    buf_add_str(&script, q->script);
    bool found = nexmark_replace(&script, "'connector' = 'blackhole'",
                                 "'connector' = 'filesystem', 'path' = '" NEXMARK_ANSWER "',"
                                 " 'format' = 'json'");
    assert(found);
    nexmark_run(env, s, &script, &r);
    bool good = nexmark_ended_well(&r, q->notice) && nexmark_read(env, NEXMARK_ANSWER, &lines) &&
                check_answer(env, s, q->answer, buf_text(&lines));
    nexmark_result_done(&r);
    buf_done(&lines);
    buf_done(&script);
    return good;
}

static void ask_shapes(const struct nexmark_env *env, struct totals *t) {
    const struct nexmark_setting s = {.name = "shape", .events = 4000, .define = shape_defines};
    for (const struct nexmark_question *q = nexmark_shapes; q->name; q++) {
        judge(t, s.name, q->name, shape_runs(env, &s, q) && shape_answers(env, &s, q));
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: nexmark PROGRAM ROOT [--sanitized]\n");
        return 2;
    }
    struct nexmark_env env;
    struct totals t = {0};
    nexmark_env_init(&env, argv[1], argv[2]);
    env.sanitized = argc > 3 && strcmp(argv[3], "--sanitized") == 0;
    judge(&t, "memory", "from the generator and from a pipe", nexmark_memory_check(&env));
    for (uint32_t i = 0; i < SETTINGS; i++) {
        struct nexmark_setting s = settings[i];
        if (getenv("WEIR_SOAK")) s.events *= 5;
        ask_examples(&env, &s, &t);
    }
    ask_small_windows(&env, &t);
    ask_shapes(&env, &t);
    nexmark_env_done(&env);
    printf("%u passed, %u failed\n", t.passed, t.failed);
    return t.failed > 0;
}
