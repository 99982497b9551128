/* sqlite_call.c: see sqlite_call.h.
 *
 * The connection has no file and serves one thread; values are bound for the length of one step,
 * results are copied into the batch arena. A value is held within SQLITE_VALUE_BYTES_MAX by
 * SQLite's own limit, so that zeroblob(1e9) fails its row.
 */
#include "udf/sqlite_call.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "engine/base/decimal.h"
#include "engine/base/fn_errors.h"
#include "engine/base/time.h"
#include "udf/each.h"

enum { PRINTED_MAX = 64, NOW_DIGITS = 3 };

const struct type type_json_text = {.id = TYPE_TEXT};

struct sqlite_state {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int now_arg;
    bool is_constant; /* every row of a batch has the same value */
};

static bool type_goes_in(const struct type *t) {
    return t->fields == 0 && t->id != TYPE_TENSOR && t->id != TYPE_IMAGE;
}

/* JSON goes into JSON functions as such, but for the first argument of those that parse it. */
static void add_argument(struct buf *sql, const struct fn_bind *b, const char *name, uint32_t i) {
    bool builds = strcmp(name, "json_array") == 0 || strcmp(name, "json_object") == 0 ||
                  strcmp(name, "json_quote") == 0;
    bool takes_json = strncmp(name, "json_", 5) == 0 && (i > 0 || builds);
    bool json = i < b->args && b->arg_type[i] == &type_json_text;
    buf_addf(sql, takes_json && json ? "json(?%u)" : "?%u", i + 1);
}

/* A time left out is the row's own: date() is date('now'). */
static uint32_t sql_args(const struct sqlite_function *f, const struct fn_bind *b) {
    if (f->now_arg >= 0 && b->args == (uint32_t)f->now_arg) return b->args + 1;
    return b->args;
}

static bool is_now_text(const struct column *c, uint32_t row) {
    return c->type->id == TYPE_TEXT && column_has(c, row) &&
           text_equal_fold(c->as.text[row], TEXT_LITERAL("now"));
}

/* A date function of constants, none of them the clock, could have been folded, had it not been
 * STABLE because of the clock. */
static bool is_constant_time(const struct sqlite_function *f, const struct fn_bind *b) {
    if (f->now_arg < 0 || b->args <= (uint32_t)f->now_arg) return false;
    for (uint32_t i = 0; i < b->args; i++) {
        if (!b->constant[i]) return false;
    }
    return !is_now_text(b->constant[f->now_arg], 0);
}

static bool prepare(struct sqlite_state *s, const struct sqlite_function *f,
                    const struct fn_bind *b, struct err *e) {
    struct buf sql;
    buf_init(&sql);
    buf_addf(&sql, "SELECT %s(", f->name);
    for (uint32_t i = 0; i < sql_args(f, b); i++) {
        if (i > 0) buf_add_char(&sql, ',');
        add_argument(&sql, b, f->name, i);
    }
    buf_add_char(&sql, ')');
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_prepare_v2(s->db, sql.at, -1, &s->stmt, NULL);
    buf_done(&sql);
    if (rc == SQLITE_NOMEM) return err_memory(e);
    return rc == SQLITE_OK ||
           err_set(e, ERR_SQL, "42883", "%s: %s", f->name, sqlite3_errmsg(s->db));
}

void sqlite_call_close(void *state) {
    struct sqlite_state *s = state;
    if (!s) return;
    sqlite3_finalize(s->stmt);
    sqlite3_close(s->db);
    s->stmt = NULL;
    s->db = NULL;
}

bool sqlite_call_open(const struct sqlite_function *f, const struct fn_bind *b, void **state_out,
                      struct err *e) {
    for (uint32_t i = 0; i < b->args; i++) {
        if (type_goes_in(b->arg_type[i])) continue;
        return err_set(e, ERR_SQL, "42804", "%s does not take values of type %s", f->name,
                       type_name(b->arg_type[i]->id));
    }
    struct sqlite_state *s = ARENA_NEW(b->arena, s);
    if (!s) return err_memory(e);
    s->now_arg = f->now_arg;
    s->is_constant = is_constant_time(f, b);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    bool ok = sqlite3_open_v2(":memory:", &s->db, flags, NULL) == SQLITE_OK || err_memory(e);
    if (ok) {
        sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, SQLITE_VALUE_BYTES_MAX);
        ok = prepare(s, f, b, e);
    }
    if (ok)
        *state_out = s;
    else
        sqlite_call_close(s);
    return ok;
}

static int bind_text(sqlite3_stmt *stmt, int at, const char *text, uint32_t bytes) {
    return sqlite3_bind_text64(stmt, at, text ? text : "", bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* The text form that SQLite's date functions read and write. */
static int bind_timestamp(sqlite3_stmt *stmt, int at, int64_t us, uint32_t digits) {
    char text[TIMESTAMP_TEXT_MAX];
    return bind_text(stmt, at, text, timestamp_print(text, us, digits));
}

static int bind_printed(sqlite3_stmt *stmt, int at, const struct column *c, uint32_t row) {
    char text[PRINTED_MAX];
    uint32_t bytes;
    if (c->type->id == TYPE_DATE)
        bytes = date_print(text, c->as.i64[row]);
    else if (c->type->id == TYPE_TIME)
        bytes = time_print(text, c->as.i64[row]);
    else if (c->type->id == TYPE_INTERVAL)
        bytes = interval_print(text, c->as.i64[row]);
    else
        bytes = decimal_print(text, (struct decimal){c->as.i128[row], c->type->scale});
    return bind_text(stmt, at, text, bytes);
}

static int bind_value(sqlite3_stmt *stmt, int at, const struct column *c, uint32_t row) {
    if (!column_has(c, row)) return sqlite3_bind_null(stmt, at);
    struct text t;
    switch (c->type->id) {
    case TYPE_BOOLEAN: return sqlite3_bind_int(stmt, at, c->as.b8[row]);
    case TYPE_BIGINT: return sqlite3_bind_int64(stmt, at, c->as.i64[row]);
    case TYPE_DOUBLE: return sqlite3_bind_double(stmt, at, c->as.f64[row]);
    case TYPE_TEXT:
        t = c->as.text[row];
        return sqlite3_bind_text64(stmt, at, t.at ? t.at : "", t.bytes, SQLITE_STATIC, SQLITE_UTF8);
    case TYPE_BLOB:
        t = c->as.text[row];
        return sqlite3_bind_blob64(stmt, at, t.at ? t.at : "", t.bytes, SQLITE_STATIC);
    case TYPE_TIMESTAMP: return bind_timestamp(stmt, at, c->as.i64[row], c->type->precision);
    case TYPE_DECIMAL:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_INTERVAL: return bind_printed(stmt, at, c, row);
    case TYPE_NULL: return sqlite3_bind_null(stmt, at);
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    assert(false);
    return SQLITE_MISMATCH;
}

/* Is argument i the clock? */
static bool is_now(const struct fn_call *c, const struct sqlite_state *s, uint32_t i,
                   uint32_t row) {
    if (s->now_arg != (int)i) return false;
    return i == c->args || is_now_text(&c->arg[i], row);
}

static int bind_row(struct fn_call *c, struct sqlite_state *s, uint32_t row) {
    uint32_t args = (uint32_t)sqlite3_bind_parameter_count(s->stmt);
    for (uint32_t i = 0; i < args; i++) {
        int at = (int)i + 1;
        int rc = is_now(c, s, i, row)
                     ? bind_timestamp(s->stmt, at, batch_proctime(c->batch, row), NOW_DIGITS)
                     : bind_value(s->stmt, at, &c->arg[i], row);
        if (rc != SQLITE_OK) return rc;
    }
    return SQLITE_OK;
}

static bool take_text(struct fn_call *c, struct sqlite_state *s, uint32_t row,
                      struct fn_result *out) {
    bool blob = c->type->id == TYPE_BLOB;
    const char *at =
        blob ? sqlite3_column_blob(s->stmt, 0) : (const char *)sqlite3_column_text(s->stmt, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(s->stmt, 0);
    if (!at && bytes > 0) return false;
    if (!blob && utf8_valid_prefix(at, bytes) < bytes) {
        fn_fail(c, row, "22021", "the result is not UTF-8");
        return true;
    }
    return row_text_copy(c, row, out, at, bytes);
}

static bool take_result(struct fn_call *c, struct sqlite_state *s, uint32_t row,
                        struct fn_result *out) {
    if (sqlite3_column_type(s->stmt, 0) == SQLITE_NULL) return row_null(out, row);
    switch (type_rep(c->type)) {
    case REP_B8: out->as.b8[row] = sqlite3_column_int(s->stmt, 0) != 0; return true;
    case REP_I64: out->as.i64[row] = sqlite3_column_int64(s->stmt, 0); return true;
    case REP_F64: out->as.f64[row] = sqlite3_column_double(s->stmt, 0); return true;
    case REP_TEXT: return take_text(c, s, row, out);
    case REP_I128:
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    assert(false);
    return false;
}

bool sqlite_call_row(struct fn_call *c, void *state, uint32_t row, struct fn_result *out) {
    struct sqlite_state *s = state;
    int rc = bind_row(c, s, row);
    if (rc == SQLITE_OK) rc = sqlite3_step(s->stmt);
    bool ok = rc != SQLITE_NOMEM;
    if (rc == SQLITE_ROW)
        ok = take_result(c, s, row, out) && sqlite3_errcode(s->db) != SQLITE_NOMEM;
    else if (ok)
        fn_fail(c, row, rc == SQLITE_TOOBIG ? "54000" : "22000", "%s", sqlite3_errmsg(s->db));
    sqlite3_reset(s->stmt);
    return ok;
}

/* The value of row `from` for every row wanted. */
static void copy_value(struct fn_call *c, uint32_t from, struct fn_result *out) {
    size_t size = rep_bytes(type_rep(c->type));
    bool null = !bit_get(out->valid, from);
    for (uint32_t i = 1; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        memcpy((char *)out->as.any + row * size, (char *)out->as.any + from * size, size);
        if (null) bit_clear(out->valid, row);
    }
}

bool sqlite_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    const struct sqlite_state *s = c->state;
    uint32_t first = call_row(c, 0);
    if (!sqlite_call_row(c, c->state, first, out)) return err_memory(e);
    if (s->is_constant && !bit_get(c->errors->row, first)) {
        copy_value(c, first, out);
        return true;
    }
    for (uint32_t i = 1; i < c->live; i++) {
        if (!sqlite_call_row(c, c->state, call_row(c, i), out)) return err_memory(e);
    }
    return true;
}
