/* ops_time.c: the rows of ops.c about date and time; SQLite's own calendar is the reference. */
#include "tests/oracle/model.h"

#define SAME NULL
#define PART(format, at)                                                                           \
    "CAST(strftime('" format "', w_floor(" at ", 1000000), 'unixepoch') AS INTEGER)"
#define DAY(format, at) "CAST(strftime('" format "', " at " * 86400, 'unixepoch') AS INTEGER)"

const struct op_row time_rows[] = {
    {"TIMESTAMP + INTERVAL", 's', "sV", "($1 + $2)", SAME, 0, 0},
    {"TIMESTAMP - INTERVAL", 's', "sV", "($1 - $2)", SAME, 0, 0},
    {"INTERVAL + TIMESTAMP", 's', "Vs", "($1 + $2)", SAME, 0, 0},
    {"YEAR", 'i', "s", "YEAR($1)", PART("%Y", "$1"), 0, 12},
    {"MONTH", 'i', "s", "MONTH($1)", PART("%m", "$1"), 0, 12},
    {"DAYOFMONTH", 'i', "s", "DAYOFMONTH($1)", PART("%d", "$1"), 0, 12},
    {"HOUR", 'i', "s", "HOUR($1)", PART("%H", "$1"), 0, 12},
    {"MINUTE", 'i', "s", "MINUTE($1)", PART("%M", "$1"), 0, 12},
    {"SECOND", 'i', "s", "SECOND($1)", PART("%S", "$1"), 0, 12},
    {"EXTRACT", 'i', "s", "EXTRACT(DAY FROM $1)", PART("%d", "$1"), 0, 12},
    {"EXTRACT DATE", 'i', "d", "EXTRACT(YEAR FROM $1)", DAY("%Y", "$1"), 0, 12},
    {"DATE_FORMAT", 't', "s", "DATE_FORMAT($1, 'yyyy-MM-dd HH:mm:ss')",
     "strftime('%Y-%m-%d %H:%M:%S', w_floor($1, 1000000), 'unixepoch')", 0, 0},
    {"DATE_FORMAT day", 't', "s", "DATE_FORMAT($1, 'yyyyMMdd')",
     "strftime('%Y%m%d', w_floor($1, 1000000), 'unixepoch')", 0, 0},
    {"strftime", 't', "s", "strftime('%j/%H', $1)", "strftime('%j/%H', w_time_text($1))", 0, 0},
    {"date", 't', "s", "date($1)", "date(w_time_text($1))", 0, 0},
    {"datetime", 't', "s", "datetime($1)", "datetime(w_time_text($1))", 0, 0},
    {"time", 't', "s", "time($1)", "time(w_time_text($1))", 0, 0},
    {"julianday", 'f', "s", "julianday($1)", "julianday(w_time_text($1))", 0, 23},
    {"unixepoch", 'i', "s", "unixepoch($1)", "unixepoch(w_time_text($1))", 0, 40},
};

const uint32_t time_count = sizeof time_rows / sizeof time_rows[0];
