/* nexmark_shape.c: statements in the manner of the public Flink files: tables with a connector,
 * back quotes, Java classes, lower-case words, both spellings of windows, options by Flink's names.
 *
 * The sink is a blackhole; the test also runs each with a file in its place, whose lines are the
 * answer.
 */
#include <stddef.h>

#include "tests/nexmark_question.h"

#define SINK ") WITH (\n  'connector' = 'blackhole'\n);\n\n"

const char nexmark_shape_events[] =
    "-- All that happens in the house, from the ${NEXMARK_TABLE} table\n"
    "CREATE TABLE `${NEXMARK_TABLE}` (\n"
    "  event_type int,\n"
    "  person ROW<id BIGINT, name VARCHAR, `emailAddress` VARCHAR, `creditCard` VARCHAR,\n"
    "    city VARCHAR, `state` VARCHAR, `dateTime` TIMESTAMP(3), extra VARCHAR>,\n"
    "  auction ROW<id BIGINT, `itemName` VARCHAR, description VARCHAR, `initialBid` BIGINT,\n"
    "    reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT,\n"
    "    category BIGINT, extra VARCHAR>,\n"
    "  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,\n"
    "    `dateTime` TIMESTAMP(3), extra VARCHAR>,\n"
    "  `dateTime` AS\n"
    "    CASE\n"
    "      WHEN event_type = 0 THEN person.`dateTime`\n"
    "      WHEN event_type = 1 THEN auction.`dateTime`\n"
    "      ELSE bid.`dateTime`\n"
    "    END,\n"
    "  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND\n"
    ") WITH (\n"
    "  'connector' = 'nexmark',\n"
    "  'first-event.rate' = '${TPS}',\n"
    "  'next-event.rate' = '${TPS}',\n"
    "  'events.num' = '${EVENTS_NUM}',\n"
    "  'person.proportion' = '${PERSON_PROPORTION}',\n"
    "  'auction.proportion' = '${AUCTION_PROPORTION}',\n"
    "  'bid.proportion' = '${BID_PROPORTION}',\n"
    "  'keep-alive' = '${KEEP_ALIVE}',\n"
    "  'stop-at' = '${STOP_AT}',\n"
    "  'max-emit-speed' = 'true'\n"
    ");\n\n"
    "CREATE VIEW person AS\n"
    "SELECT person.id, person.name, person.`emailAddress`, person.city, `dateTime`, person.extra\n"
    "FROM ${NEXMARK_TABLE} WHERE event_type = 0;\n\n"
    "CREATE VIEW auction AS\n"
    "SELECT auction.id, auction.`itemName`, auction.seller, auction.expires, `dateTime`\n"
    "FROM ${NEXMARK_TABLE} WHERE event_type = 1;\n\n"
    "CREATE VIEW bid AS\n"
    "SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, `dateTime`, bid.extra\n"
    "FROM ${NEXMARK_TABLE} WHERE event_type = 2;\n\n";

#define WINDOWED                                                                                   \
    "WITH slide(back) AS (VALUES (0), (2000), (4000), (6000), (8000)),"                            \
    " placed AS (SELECT n, auction, floor_to(ms, 2000) - back AS start FROM bid, slide),"          \
    " counted AS (SELECT auction, count(*) AS num, start, min(n) AS n FROM placed"                 \
    " GROUP BY start, auction)"

#define SESSIONS                                                                                   \
    "WITH step AS (SELECT n, bidder, ms,"                                                          \
    " ifnull(ms - lag(ms) OVER (PARTITION BY bidder ORDER BY n) > 10000, 1) AS begins FROM bid),"  \
    " numbered AS (SELECT *, sum(begins) OVER (PARTITION BY bidder ORDER BY n) AS session"         \
    " FROM step)"

#define RANKS                                                                                      \
    "  count(*) filter (where price < 10000) AS rank1,\n"                                          \
    "  count(*) filter (where price >= 10000 and price < 1000000) AS rank2,\n"                     \
    "  count(*) filter (where price >= 1000000) AS rank3"

const struct nexmark_question nexmark_shapes[] = {
    {.name = "through",
     .script = "CREATE TABLE `all bids` (\n  `auction`  BIGINT,\n  bidder  BIGINT,\n"
               "  `dateTime`  TIMESTAMP(3),\n  extra  VARCHAR\n" SINK
               "INSERT INTO `all bids`\nSELECT auction, bidder, `dateTime`, extra FROM bid;\n",
     .answer = "SELECT auction, bidder, at AS dateTime, extra FROM bid ORDER BY n"},
    {.name = "decimal",
     .script = "CREATE TABLE euros (price DECIMAL(23, 3), `dateTime` TIMESTAMP(3)" SINK
               "INSERT INTO euros\nSELECT\n    0.908 * price as price, -- dollars to euros\n"
               "    `dateTime`\nFROM bid;\n",
     .answer = "SELECT printf('%d.%03d', price * 908 / 1000, price * 908 % 1000) AS \"price#\","
               " at AS dateTime FROM bid ORDER BY n"},
    {.name = "modulo",
     .script = "CREATE TABLE some_bids (auction BIGINT, price BIGINT" SINK
               "-- 'one in seven' -- of them\n"
               "INSERT INTO some_bids SELECT auction, price FROM bid WHERE MOD(auction, 7) = 0;",
     .answer = "SELECT auction, price FROM bid WHERE auction % 7 = 0 ORDER BY n"},
    {.name = "hop",
     .script = "CREATE TABLE busy (auction BIGINT, num BIGINT" SINK
               "INSERT INTO busy\nSELECT Counted.auction, Counted.num\nFROM (\n"
               "  SELECT auction, count(*) AS num, window_start AS starttime,\n"
               "    window_end AS endtime\n"
               "  FROM TABLE(\n    HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND,"
               " INTERVAL '10' SECOND))\n"
               "  GROUP BY auction, window_start, window_end\n) AS Counted;\n",
     .answer = WINDOWED " SELECT auction, num FROM counted ORDER BY start, n"},
    {.name = "most",
     .script =
         "CREATE TABLE busiest (maxn BIGINT, starttime TIMESTAMP(3), endtime TIMESTAMP(3)" SINK
         "INSERT INTO busiest\nSELECT max(Counted.num) AS maxn, Counted.starttime,\n"
         "  Counted.endtime\nFROM (\n  SELECT count(*) AS num, window_start AS starttime,\n"
         "    window_end AS endtime\n  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`),\n"
         "    INTERVAL '2' SECOND, INTERVAL '10' SECOND))\n"
         "  GROUP BY auction, window_start, window_end\n) AS Counted\n"
         "GROUP BY Counted.starttime, Counted.endtime;\n",
     .answer =
         WINDOWED " SELECT max(num) AS maxn, show(start) AS starttime,"
                  " show(start + 10000) AS endtime FROM counted GROUP BY start ORDER BY start"},
    {.name = "hop by functions",
     .script =
         "CREATE TABLE busy (auction BIGINT, num BIGINT, s TIMESTAMP(3), e TIMESTAMP(3)" SINK
         "INSERT INTO busy\nSELECT B.auction, count(*) AS num,\n"
         "  HOP_START(B.`dateTime`, INTERVAL '2' SECOND, INTERVAL '10' SECOND) AS starttime,\n"
         "  HOP_END(B.`dateTime`, INTERVAL '2' SECOND, INTERVAL '10' SECOND) AS endtime\n"
         "FROM bid B\n"
         "GROUP BY B.auction, HOP(B.`dateTime`, INTERVAL '2' SECOND, INTERVAL '10' SECOND);",
     .answer = WINDOWED " SELECT auction, num, show(start) AS s, show(start + 10000) AS e"
                        " FROM counted ORDER BY start, n"},
    {.name = "tumble",
     .script = "CREATE TABLE highest (price BIGINT, `dateTime` TIMESTAMP(3)" SINK
               "INSERT INTO highest\nSELECT MAX(price) AS maxprice, window_end as `dateTime`\n"
               "FROM TABLE(\n  TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))\n"
               "GROUP BY window_start, window_end;",
     .answer =
         "SELECT max(price) AS price, show(start + 10000) AS dateTime FROM"
         " (SELECT price, floor_to(ms, 10000) AS start FROM bid) GROUP BY start ORDER BY start"},
    {.name = "tumble by functions",
     .script = "CREATE TABLE highest (price BIGINT, `dateTime` TIMESTAMP(3)" SINK
               "INSERT INTO highest\nSELECT MAX(B.price) AS maxprice,\n"
               "  TUMBLE_ROWTIME(B.`dateTime`, INTERVAL '10' SECOND) as `dateTime`\n"
               "FROM bid B GROUP BY TUMBLE(B.`dateTime`, INTERVAL '10' SECOND);",
     .answer =
         "SELECT max(price) AS price, show(start + 9999) AS dateTime FROM"
         " (SELECT price, floor_to(ms, 10000) AS start FROM bid) GROUP BY start ORDER BY start"},
    {.name = "session",
     .script = "CREATE TABLE stays (bidder BIGINT, bid_count BIGINT, starttime TIMESTAMP(3),\n"
               "  endtime TIMESTAMP(3)" SINK
               "INSERT INTO stays\nSELECT\n  B.bidder,\n  count(*) as bid_count,\n"
               "  SESSION_START(B.`dateTime`, INTERVAL '10' SECOND) as starttime,\n"
               "  SESSION_END(B.`dateTime`, INTERVAL '10' SECOND) as endtime\n"
               "FROM bid B\nGROUP BY B.bidder, SESSION(B.`dateTime`, INTERVAL '10' SECOND);",
     .answer = SESSIONS " SELECT bidder, count(*) AS bid_count, show(min(ms)) AS starttime,"
                        " show(max(ms) + 10000) AS endtime FROM numbered"
                        " GROUP BY bidder, session ORDER BY max(ms), min(ms), min(n)"},
    {.name = "arrival",
     .script = "CREATE TABLE arrived (bidder BIGINT, bid_count BIGINT, starttime TIMESTAMP(3),\n"
               "  endtime TIMESTAMP(3)" SINK
               "CREATE VIEW B AS SELECT *, PROCTIME() as p_time FROM bid;\n\n"
               "INSERT INTO arrived\nSELECT\n  bidder,\n  count(*) as bid_count,\n"
               "  window_start AS starttime,\n  window_end AS endtime\nFROM TABLE(\n"
               "  TUMBLE(TABLE B, DESCRIPTOR(p_time), INTERVAL '10' SECOND))\n"
               "GROUP BY bidder, window_start, window_end;",
     .answer = "SELECT bidder, count(*) AS bid_count, show(start) AS starttime,"
               " show(start + 10000) AS endtime"
               " FROM (SELECT n, bidder, floor_to(clock_ms, 10000) AS start FROM bid)"
               " GROUP BY start, bidder ORDER BY start, min(n)"},
    {.name = "function",
     .script =
         "CREATE FUNCTION count_char AS 'org.example.udf.CountChar';\n\n"
         "CREATE TABLE told (\n  price DECIMAL(23, 3),\n  bidTimeType VARCHAR,\n"
         "  c_counts BIGINT" SINK "INSERT INTO told\nSELECT \n  0.908 * price as price,\n  CASE\n"
         "    WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime'\n"
         "    WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'\n"
         "    ELSE 'otherTime'\n  END AS bidTimeType,\n"
         "  count_char(extra, 'c') AS c_counts\nFROM bid\n"
         "WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000;",
     .answer = "SELECT printf('%d.%03d', price * 908 / 1000, price * 908 % 1000) AS \"price#\","
               " CASE WHEN hour BETWEEN 8 AND 18 THEN 'dayTime'"
               " WHEN hour <= 6 OR hour >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType,"
               " count_of(extra, 'c') AS c_counts FROM bid"
               " WHERE price * 908 > 1000000000 AND price * 908 < 50000000000 ORDER BY n",
     .notice = "NOTICE:  function count_char is built in"},
    {.name = "statistics",
     .script = "CREATE TABLE days (\n  `day` VARCHAR,\n  total BIGINT,\n  rank1 BIGINT,\n"
               "  rank2 BIGINT,\n  rank3 BIGINT,\n  bidders BIGINT,\n  rich BIGINT" SINK
               "INSERT INTO days\nSELECT\n  DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') as `day`,\n"
               "  count(*) AS total,\n" RANKS ",\n  count(distinct bidder) AS bidders,\n"
               "  count(distinct bidder) filter (where price >= 1000000) AS rich\n"
               "FROM bid\nGROUP BY DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');",
     .answer = "SELECT day, count(*) AS total, sum(class = 0) AS rank1, sum(class = 1) AS rank2,"
               " sum(class = 2) AS rank3, count(DISTINCT bidder) AS bidders,"
               " count(DISTINCT bidder) FILTER (WHERE class = 2) AS rich"
               " FROM bid GROUP BY day ORDER BY min(n)"},
    {.name = "channels",
     .script = "CREATE TABLE ways (\n  channel VARCHAR,\n  `day` VARCHAR,\n  `minute` VARCHAR,\n"
               "  total BIGINT,\n  auctions BIGINT" SINK "INSERT INTO ways\nSELECT\n  channel,\n"
               "  DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') as `day`,\n"
               "  max(DATE_FORMAT(`dateTime`, 'HH:mm')) as `minute`,\n  count(*) AS total,\n"
               "  count(distinct auction) filter (where price < 10000) AS auctions\n"
               "FROM bid\nGROUP BY channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');",
     .answer = "SELECT channel, day, max(minute) AS minute, count(*) AS total,"
               " count(DISTINCT auction) FILTER (WHERE class = 0) AS auctions"
               " FROM bid GROUP BY channel, day ORDER BY min(n)"},
    {.name = "prices",
     .script =
         "CREATE TABLE prices (\n  auction BIGINT,\n  `day` VARCHAR,\n  rank1 BIGINT,\n"
         "  rank2 BIGINT,\n  rank3 BIGINT,\n  min_price BIGINT,\n  max_price BIGINT,\n"
         "  avg_price BIGINT,\n  sum_price BIGINT" SINK "INSERT INTO prices\nSELECT\n  auction,\n"
         "  DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') as `day`,\n" RANKS ",\n"
         "  min(price) AS min_price,\n  max(price) AS max_price,\n"
         "  avg(price) AS avg_price,\n  sum(price) AS sum_price\n"
         "FROM bid\nGROUP BY auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');",
     .answer = "SELECT auction, day, sum(class = 0) AS rank1, sum(class = 1) AS rank2,"
               " sum(class = 2) AS rank3, min(price) AS min_price, max(price) AS max_price,"
               " sum(price) / count(*) AS avg_price, sum(price) AS sum_price"
               " FROM bid GROUP BY auction, day ORDER BY min(n)"},
    {.name = "address",
     .script = "CREATE TABLE ways (\n    channel  VARCHAR,\n    channel_id  VARCHAR" SINK
               "INSERT INTO ways\nSELECT\n    channel,\n    CASE\n"
               "        WHEN lower(channel) = 'apple' THEN '0'\n"
               "        WHEN lower(channel) = 'baidu' THEN '3'\n"
               "        ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)\n        END\n"
               "    AS channel_id FROM bid\n"
               "    where REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) is not null or\n"
               "          lower(channel) in ('apple', 'baidu');",
     .answer = "SELECT channel, CASE channel WHEN 'Apple' THEN '0' WHEN 'Baidu' THEN '3'"
               " ELSE part END AS channel_id FROM (SELECT n, channel,"
               " regexp_part(url, '(&|^)channel_id=([^&]*)', 2) AS part FROM bid)"
               " WHERE part IS NOT NULL OR channel IN ('Apple', 'Baidu') ORDER BY n"},
    {.name = "folders",
     .script = "CREATE TABLE folders (\n      channel  VARCHAR,\n      dir1  VARCHAR,\n"
               "      dir3  VARCHAR\n" SINK
               "INSERT INTO folders\nSELECT\n    channel,\n    SPLIT_INDEX(url, '/', 3) as dir1,\n"
               "    SPLIT_INDEX(url, '/', 5) as dir3 FROM bid;",
     .answer = "SELECT channel, field_of(url, '/', 3) AS dir1, field_of(url, '/', 5) AS dir3"
               " FROM bid ORDER BY n"},
    {.name = NULL},
};
