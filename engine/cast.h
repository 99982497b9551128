/* cast.h: conversions between SQL types, as functions that programs call.
 *
 * The rules are those of contract "Types": text must be wholly a value of the type (22P02), a
 * number must fit (22003), DOUBLE to BIGINT cuts toward zero, to DECIMAL rounds half away from
 * zero, TIMESTAMP to fewer digits is cut (floor). TRY_CAST gives NULL where CAST fails.
 *
 * Used by: engine/program, sql (which casts exist).    Tested by: tests/unit/engine/cast_test.c
 */
#ifndef ENGINE_CAST_H
#define ENGINE_CAST_H

#include "engine/base/err.h"
#include "engine/base/fn.h"
#include "engine/base/type.h"

/* How values of `from` become values of `to`. */
struct cast {
    bool same;           /* they are stored alike: nothing to compute */
    const struct fn *fn; /* one argument; its result type is `to`. NULL where `same` */
};

/* false: there is no such cast, *e is ERR_SQL 42804 with both types named. */
bool cast_find(const struct type *from, const struct type *to, bool try_cast, struct cast *out,
               struct err *e) MUST_USE;

#endif
