/* time_part.h: what can be taken out of a moment.
 *
 * Used by: udf/time_*.c.    Tested by: tests/unit/udf/time_test.c
 */
#ifndef UDF_TIME_PART_H
#define UDF_TIME_PART_H

#include "engine/base/time.h"

/* Up to EPOCH also of a TIME or INTERVAL. */
#define PART_LIST(X)                                                                               \
    X(HOUR, "hour")                                                                                \
    X(MINUTE, "minute")                                                                            \
    X(SECOND, "second")                                                                            \
    X(MILLISECOND, "millisecond")                                                                  \
    X(MICROSECOND, "microsecond")                                                                  \
    X(EPOCH, "epoch")                                                                              \
    X(YEAR, "year")                                                                                \
    X(ISOYEAR, "isoyear")                                                                          \
    X(QUARTER, "quarter")                                                                          \
    X(MONTH, "month")                                                                              \
    X(WEEK, "week")                                                                                \
    X(DAY, "day")                                                                                  \
    X(DOY, "doy")                                                                                  \
    X(DOW, "dow")                                                                                  \
    X(ISODOW, "isodow")                                                                            \
    X(DECADE, "decade")                                                                            \
    X(CENTURY, "century")                                                                          \
    X(MILLENNIUM, "millennium")

#define X(NAME, word) PART_##NAME,
enum part { PART_LIST(X) PART_COUNT };
#undef X

bool part_find(struct text word, enum part *out);

/* us since midnight, of any moment. */
static inline int64_t time_of_day(int64_t us) {
    int64_t rest = us % DAY_US;
    return rest < 0 ? rest + DAY_US : rest;
}

int64_t part_of_timestamp(int64_t us, enum part p);

#endif
