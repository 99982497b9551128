/* crash_workload.c: see crash_workload.h. To add a workload, write a row. */
#include "tests/crash_workload.h"

#define ROWS "(id BIGINT, k TEXT, at TIMESTAMP(3), WATERMARK FOR at AS at - INTERVAL '5' SECOND)"
#define FROM_FILE                                                                                  \
    "CREATE STREAM s " ROWS " WITH ('connector' = 'filesystem', 'path' = 'in/rows.json', "         \
    "'format' = 'json');"

const struct workload workloads[] = {
    {.name = "one",
     .script = FROM_FILE "CREATE STREAM o (id BIGINT, k TEXT) WITH ('connector' = 'filesystem', "
                         "'path' = 'out/all.json', 'format' = 'json');"
                         "INSERT INTO o SELECT id, k FROM s;",
     .input = {.path = "in/rows.json", .rows = 6000},
     .grows = true},
    {.name = "rolling",
     .script = FROM_FILE "CREATE STREAM o (id BIGINT, k TEXT) WITH ('connector' = 'filesystem', "
                         "'path' = 'out/', 'format' = 'csv', "
                         "'sink.rolling-policy.file-size' = '500b');"
                         "INSERT INTO o SELECT id, k FROM s;",
     .input = {.path = "in/rows.json", .rows = 400}},
    {.name = "parts",
     .script =
         FROM_FILE "CREATE STREAM o (id BIGINT, k TEXT, minute TEXT) PARTITIONED BY (minute, k) "
                   "WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json', "
                   "'sink.partition-commit.trigger' = 'partition-time', "
                   "'sink.partition-commit.delay' = '1 min', "
                   "'sink.partition-commit.policy.kind' = 'success-file', "
                   "'partition.time-extractor.timestamp-pattern' = '2024-01-01 $minute:00');"
                   "INSERT INTO o SELECT id, k, substring(CAST(at AS TEXT), 12, 5) FROM s;",
     .input = {.path = "in/rows.json", .rows = 300}},
    {.name = "both",
     .script = FROM_FILE "CREATE STREAM o (id BIGINT, k TEXT) WITH ('connector' = 'filesystem', "
                         "'path' = 'out/', 'format' = 'json', "
                         "'sink.rolling-policy.file-size' = '1kb');"
                         "INSERT INTO o SELECT id, k FROM s WHERE id % 2 = 0;"
                         "INSERT INTO o SELECT id, k FROM s WHERE id % 2 = 1;",
     .input = {.path = "in/rows.json", .rows = 300},
     .mixed = true},
    {.name = "window",
     .script = FROM_FILE "CREATE STREAM o (k TEXT, w TIMESTAMP(3), n BIGINT) WITH ('connector' = "
                         "'filesystem', 'path' = 'out/', 'format' = 'json', "
                         "'sink.rolling-policy.file-size' = '1kb');"
                         "INSERT INTO o SELECT k, window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE "
                         "s, DESCRIPTOR(at), INTERVAL '10' SECOND)) GROUP BY k, window_start, "
                         "window_end;",
     .input = {.path = "in/rows.json", .rows = 600}},
    {.name = "folder",
     .script = "CREATE STREAM s " ROWS " WITH ('connector' = 'filesystem', 'path' = 'in', "
               "'format' = 'json');"
               "CREATE STREAM o (id BIGINT, k TEXT) PARTITIONED BY (k) WITH ('connector' = "
               "'filesystem', 'path' = 'out', 'format' = 'csv');"
               "INSERT INTO o SELECT id, k FROM s;",
     .input = {.path = "in", .many = true, .pieces = 6, .rows = 200}},
    {.name = "follow",
     .script =
         "CREATE STREAM s " ROWS " WITH ('connector' = 'filesystem', 'path' = 'in/rows.json', "
         "'format' = 'json', 'follow' = 'true');"
         "CREATE STREAM o (id BIGINT, k TEXT) WITH ('connector' = 'filesystem', 'path' = "
         "'out/', 'format' = 'json', 'sink.rolling-policy.file-size' = '500b');"
         "INSERT INTO o SELECT id, k FROM s;",
     .input = {.path = "in/rows.json", .follow = true, .pieces = 5, .rows = 90}},
    {.name = "appear",
     .script = "CREATE STREAM s " ROWS " WITH ('connector' = 'filesystem', 'path' = 'in', "
               "'format' = 'json', 'follow' = 'true');"
               "CREATE STREAM o (id BIGINT, k TEXT) PARTITIONED BY (k) WITH ('connector' = "
               "'filesystem', 'path' = 'out', 'format' = 'json', "
               "'sink.rolling-policy.file-size' = '500b');"
               "INSERT INTO o SELECT id, k FROM s;",
     .input = {.path = "in", .follow = true, .many = true, .pieces = 4, .rows = 60}},
};

const uint32_t workload_count = COUNT_OF(workloads);
