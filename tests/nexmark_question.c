/* nexmark_question.c: what SQLite is asked. Windows are computed columns, sessions numbers that
 * count up at each gap, changelogs running totals by window functions: DISTINCT is there a mark at
 * the first row of each value. */
#include "tests/nexmark_question.h"

#include <stddef.h>

/* The running statistics of q15 and q16 after each bid of a group. */
#define RUNNING_STATISTICS(keys, extra)                                                            \
    "WITH mark AS (SELECT *,"                                                                      \
    " row_number() OVER (PARTITION BY " keys ", bidder ORDER BY n) = 1 AS bidder1,"                \
    " row_number() OVER (PARTITION BY " keys ", bidder, class ORDER BY n) = 1 AS bidder2,"         \
    " row_number() OVER (PARTITION BY " keys ", auction ORDER BY n) = 1 AS auction1,"              \
    " row_number() OVER (PARTITION BY " keys ", auction, class ORDER BY n) = 1 AS auction2"        \
    " FROM bid), run AS (SELECT " keys extra ", count(*) OVER w AS bids,"                          \
    " sum(class = 0) OVER w AS low_bids, sum(class = 1) OVER w AS middle_bids,"                    \
    " sum(class = 2) OVER w AS high_bids, sum(bidder1) OVER w AS bidders,"                         \
    " sum(bidder2 AND class = 0) OVER w AS low_bidders,"                                           \
    " sum(bidder2 AND class = 1) OVER w AS middle_bidders,"                                        \
    " sum(bidder2 AND class = 2) OVER w AS high_bidders, sum(auction1) OVER w AS auctions,"        \
    " sum(auction2 AND class = 0) OVER w AS low_auctions,"                                         \
    " sum(auction2 AND class = 1) OVER w AS middle_auctions,"                                      \
    " sum(auction2 AND class = 2) OVER w AS high_auctions,"                                        \
    " n AS _n, lag(n) OVER w AS _before, lead(n) OVER w AS _next"                                  \
    " FROM mark WINDOW w AS (PARTITION BY " keys " ORDER BY n))" CHANGES_OF_RUN

/* Each row of `run` is a change: +I where it is its group's first, else +U behind the -U of the one
 * before it. */
#define CHANGES_OF_RUN                                                                             \
    " SELECT iif(_before IS NULL, '+I', '+U') AS op, *, _n AS _at, 1 AS _side FROM run"            \
    " UNION ALL SELECT '-U', *, _next, 0 FROM run WHERE _next IS NOT NULL ORDER BY _at, _side"

#define STATISTICS                                                                                 \
    "count(*) AS bids,"                                                                            \
    " count(*) FILTER (WHERE class = 0) AS low_bids,"                                              \
    " count(*) FILTER (WHERE class = 1) AS middle_bids,"                                           \
    " count(*) FILTER (WHERE class = 2) AS high_bids,"                                             \
    " count(DISTINCT bidder) AS bidders,"                                                          \
    " count(DISTINCT bidder) FILTER (WHERE class = 0) AS low_bidders,"                             \
    " count(DISTINCT bidder) FILTER (WHERE class = 1) AS middle_bidders,"                          \
    " count(DISTINCT bidder) FILTER (WHERE class = 2) AS high_bidders,"                            \
    " count(DISTINCT auction) AS auctions,"                                                        \
    " count(DISTINCT auction) FILTER (WHERE class = 0) AS low_auctions,"                           \
    " count(DISTINCT auction) FILTER (WHERE class = 1) AS middle_auctions,"                        \
    " count(DISTINCT auction) FILTER (WHERE class = 2) AS high_auctions"

static const char changes_of_auctions[] =
    "WITH run AS (SELECT auction, day, count(*) OVER w AS bids, sum(class = 0) OVER w AS low_bids,"
    " sum(class = 1) OVER w AS middle_bids, sum(class = 2) OVER w AS high_bids,"
    " min(price) OVER w AS least, max(price) OVER w AS most, avg(price) OVER w AS mean,"
    " sum(price) OVER w AS total, n AS _n, lag(n) OVER w AS _before, lead(n) OVER w AS _next"
    " FROM bid WINDOW w AS (PARTITION BY auction, day ORDER BY n))" CHANGES_OF_RUN;

const struct nexmark_question nexmark_questions[] = {
    {.name = "q0", .answer = "SELECT auction, bidder, price, at FROM bid ORDER BY n"},
    {.name = "q1",
     .answer = "SELECT auction, bidder,"
               " printf('%d.%03d', price * 908 / 1000, price * 908 % 1000) AS \"price#\", at"
               " FROM bid ORDER BY n"},
    {.name = "q2", .answer = "SELECT auction, price FROM bid WHERE auction % 123 = 0 ORDER BY n"},
    {.name = "q5",
     .answer = "WITH slide(back) AS (VALUES (0), (2000), (4000), (6000), (8000)),"
               " placed AS (SELECT n, auction, floor_to(ms, 2000) - back AS start FROM bid, slide)"
               " SELECT auction, count(*) AS bids, show(start) AS window_start,"
               " show(start + 10000) AS window_end FROM placed"
               " GROUP BY start, auction ORDER BY start, min(n)"},
    {.name = "q7",
     .answer = "SELECT max(price) AS price, show(start) AS window_start,"
               " show(start + 10000) AS window_end"
               " FROM (SELECT price, floor_to(ms, 10000) AS start FROM bid)"
               " GROUP BY start ORDER BY start"},
    {.name = "q11",
     .answer = "WITH step AS (SELECT n, bidder, ms,"
               " ifnull(ms - lag(ms) OVER (PARTITION BY bidder ORDER BY n) > 10000, 1) AS begins"
               " FROM bid), numbered AS (SELECT *,"
               " sum(begins) OVER (PARTITION BY bidder ORDER BY n) AS session FROM step)"
               " SELECT bidder, count(*) AS bids, show(min(ms)) AS window_start,"
               " show(max(ms) + 10000) AS window_end FROM numbered"
               " GROUP BY bidder, session ORDER BY max(ms), min(ms), min(n)"},
    {.name = "q12",
     .answer = "SELECT bidder, count(*) AS bids, show(start) AS window_start,"
               " show(start + 10000) AS window_end"
               " FROM (SELECT n, bidder, floor_to(clock_ms, 10000) AS start FROM bid)"
               " GROUP BY start, bidder ORDER BY start, min(n)"},
    {.name = "q14",
     .answer = "SELECT auction, bidder,"
               " printf('%d.%03d', price * 908 / 1000, price * 908 % 1000) AS \"price#\","
               " CASE WHEN hour >= 8 AND hour <= 18 THEN 'day'"
               " WHEN hour IN (7, 19) THEN 'between' ELSE 'night' END AS time_of_day,"
               " at, count_of(extra, 'c') AS letters FROM bid"
               " WHERE price * 908 > 1000000000 AND price * 908 < 50000000000 ORDER BY n"},
    {.name = "q15",
     .answer = "SELECT day, " STATISTICS " FROM bid GROUP BY day ORDER BY min(n)",
     .changes = RUNNING_STATISTICS("day", "")},
    {.name = "q16",
     .answer = "SELECT channel, day, max(minute) AS minute, " STATISTICS
               " FROM bid GROUP BY channel, day ORDER BY min(n)",
     .changes = RUNNING_STATISTICS("channel, day", ", max(minute) OVER w AS minute")},
    {.name = "q17",
     .answer = "SELECT auction, day, count(*) AS bids,"
               " count(*) FILTER (WHERE class = 0) AS low_bids,"
               " count(*) FILTER (WHERE class = 1) AS middle_bids,"
               " count(*) FILTER (WHERE class = 2) AS high_bids, min(price) AS least,"
               " max(price) AS most, avg(price) AS mean, sum(price) AS total"
               " FROM bid GROUP BY auction, day ORDER BY min(n)",
     .changes = changes_of_auctions},
    {.name = "q21",
     .answer = "SELECT * FROM (SELECT auction, bidder, price, channel,"
               " CASE WHEN channel = 'Apple' THEN '0' WHEN channel = 'Google' THEN '1'"
               " WHEN channel = 'Facebook' THEN '2' WHEN channel = 'Baidu' THEN '3'"
               " ELSE regexp_part(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id,"
               " n AS _n FROM bid) WHERE channel_id IS NOT NULL ORDER BY _n"},
    {.name = "q22",
     .answer = "SELECT auction, bidder, price, channel, field_of(url, '/', 3) AS folder1,"
               " field_of(url, '/', 4) AS folder2, field_of(url, '/', 5) AS folder3"
               " FROM bid ORDER BY n"},
    {.name = NULL},
};
