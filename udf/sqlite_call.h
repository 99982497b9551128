/* sqlite_call.h: functions that run inside libsqlite3: one prepared SELECT f(?1, ?2, ...) a call
 * site, on a database in memory of its own.
 *
 * TIMESTAMP, DATE and TIME go in as SQLite's text forms, BOOLEAN as 0 or 1, DECIMAL and INTERVAL
 * as text; what comes out takes the static type of the function's row. An error of SQLite fails
 * the row. 'now', where a date function takes it, is the row's PROCTIME.
 *
 * Used by: udf/sqlite.c, udf/json.c.    Tested by: tests/unit/udf/sqlite_test.c
 */
#ifndef UDF_SQLITE_CALL_H
#define UDF_SQLITE_CALL_H

#include "engine/base/fn.h"

enum {
    SQLITE_NO_NOW = -1,
    SQLITE_VALUE_BYTES_MAX = 64 << 20, /* of what such a function gives; past it 54000 */
};

/* What a row of the table says about its function. */
struct sqlite_function {
    const char *name; /* in SQLite */
    int now_arg;      /* the argument that may be 'now' or left out, or SQLITE_NO_NOW */
};

/* TEXT that holds JSON: a result of this very type goes into JSON functions as JSON, not as a
 * string (SQLite's JSON subtype). Equal to type_text. */
extern const struct type type_json_text;

bool sqlite_call_open(const struct sqlite_function *f, const struct fn_bind *b, void **state_out,
                      struct err *e);
void sqlite_call_close(void *state);
bool sqlite_call(struct fn_call *c, struct fn_result *out, struct err *e);

/* sqlite_format.c: the call of printf and format, which asks for no more than a value may be. */
bool sqlite_format_call(struct fn_call *c, struct fn_result *out, struct err *e);

/* One row of such a call; false: no memory. */
bool sqlite_call_row(struct fn_call *c, void *state, uint32_t row, struct fn_result *out);

#endif
