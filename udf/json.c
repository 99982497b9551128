/* json.c: values out of JSON text: json_extract of one path, -> and ->> as SQLite's; json_value and
 * json_query as Flink's, NULL where the text is no JSON.
 *
 * A constant plain path is looked up by json_scan() in one pass over the text; every doubt, and
 * every other path, goes to SQLite, whose connection is opened at the first of them.
 */
#include <assert.h>

#include "engine/base/number.h"
#include "udf/each.h"
#include "udf/json_scan.h"
#include "udf/sqlite_call.h"
#include "udf/table.h"

enum { INTEGER_DIGITS_SAFE = 18 };

struct json_state {
    struct json_path path;
    bool has_path; /* it is constant and plain */
    struct fn_bind bind;
    void *sqlite; /* NULL: not yet asked */
};

/* The path that `x -> 'label'` and `x -> 3` stand for. */
static bool add_arrow_path(struct buf *out, struct text t) {
    t = t.bytes > 0 && memchr(t.at, 0, t.bytes) ? (struct text){0} : t;
    if (t.bytes == 0) return false;
    if (t.at[0] == '$') {
        buf_add_text(out, t);
    } else if (t.at[0] >= '0' && t.at[0] <= '9') {
        buf_addf(out, "$[%.*s]", TEXT_ARG(t));
    } else {
        buf_addf(out, t.at[0] == '[' ? "$%.*s" : "$.%.*s", TEXT_ARG(t));
    }
    return !out->failed;
}

/* Flink allows 'lax $.a' and 'strict $.a'. */
static struct text without_mode(struct text t) {
    static const struct text modes[] = {{"lax ", 4}, {"strict ", 7}};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct text start = {t.at, modes[i].bytes};
        if (t.bytes > start.bytes && text_equal_fold(start, modes[i])) {
            return (struct text){t.at + start.bytes, t.bytes - start.bytes};
        }
    }
    return t;
}

/* The text of a constant path, in full; false: there is none. */
static bool path_text(const struct fn_bind *b, bool arrow, struct buf *out) {
    const struct column *c = b->constant[1];
    if (!c || !column_has(c, 0)) return false;
    if (c->type->id == TYPE_BIGINT) {
        if (c->as.i64[0] < 0) return false;
        buf_addf(out, "$[%lld]", (long long)c->as.i64[0]);
        return !out->failed;
    }
    if (arrow) return add_arrow_path(out, c->as.text[0]);
    buf_add_text(out, without_mode(c->as.text[0]));
    return !out->failed;
}

static bool json_open(const struct fn_bind *b, void **state_out, bool arrow, struct err *e) {
    struct json_state *s = ARENA_NEW(b->arena, s);
    if (!s) return err_memory(e);
    s->bind = *b;
    struct buf path;
    buf_init(&path);
    bool ok = true;
    if (path_text(b, arrow, &path)) {
        const char *own = arena_copy(b->arena, path.at, path.bytes);
        ok = own != NULL;
        s->has_path = ok && json_path_parse((struct text){own, (uint32_t)path.bytes}, &s->path);
    }
    buf_done(&path);
    if (!ok) return err_memory(e);
    *state_out = s;
    return true;
}

static bool path_open(const struct fn_bind *b, void **state_out, struct err *e) {
    return json_open(b, state_out, false, e);
}

static bool arrow_open(const struct fn_bind *b, void **state_out, struct err *e) {
    return json_open(b, state_out, true, e);
}

static void json_close(void *state) {
    struct json_state *s = state;
    if (!s) return;
    sqlite_call_close(s->sqlite);
    s->sqlite = NULL;
}

/* SQLite's answer for the row. */
static bool ask_sqlite(struct fn_call *c, const struct sqlite_function *f, uint32_t row,
                       struct fn_result *out) {
    struct json_state *s = c->state;
    struct err e;
    if (!s->sqlite && !sqlite_call_open(f, &s->bind, &s->sqlite, &e)) return false;
    return sqlite_call_row(c, s->sqlite, row, out);
}

/* What the row's path finds; DOUBTFUL also where the path is not known at open. */
static enum json_found find(struct fn_call *c, uint32_t row, struct text *value) {
    const struct json_state *s = c->state;
    if (!s->has_path) return JSON_DOUBTFUL;
    return json_scan(arg_text(c, 0, row), &s->path, value);
}

static bool give(struct fn_call *c, uint32_t row, struct fn_result *out, struct buf *b) {
    bool ok = !b->failed && row_text_copy(c, row, out, b->at, b->bytes);
    buf_done(b);
    return ok;
}

static bool give_minified(struct fn_call *c, uint32_t row, struct fn_result *out,
                          struct text value) {
    struct buf b;
    buf_init(&b);
    json_add_minified(&b, value);
    return give(c, row, out, &b);
}

/* A string as the text that it stands for; *doubt_out: SQLite must say. */
static bool give_string(struct fn_call *c, uint32_t row, struct fn_result *out, struct text value,
                        bool *doubt_out) {
    if (!memchr(value.at, '\\', value.bytes)) {
        out->as.text[row] = (struct text){value.at + 1, value.bytes - 2};
        return true;
    }
    struct buf b;
    buf_init(&b);
    *doubt_out = !json_add_unescaped(&b, value);
    return give(c, row, out, &b);
}

/* A number as SQL shows it. */
static bool give_number(struct fn_call *c, uint32_t row, struct fn_result *out, struct text value,
                        bool *doubt_out) {
    bool integer = true;
    for (uint32_t i = 0; i < value.bytes; i++) {
        integer &= value.at[i] == '-' || (value.at[i] >= '0' && value.at[i] <= '9');
    }
    if (integer) {
        *doubt_out = value.bytes > INTEGER_DIGITS_SAFE || text_equal(value, TEXT_LITERAL("-0"));
        out->as.text[row] = value;
        return true;
    }
    char text[F64_SQLITE_MAX];
    double v;
    *doubt_out = f64_parse(value, &v) != PARSE_OK;
    return *doubt_out || row_text_copy(c, row, out, text, f64_print_sqlite(text, v));
}

/* The SQL value: text of strings and numbers, 1 and 0 for true and false, NULL for null. */
static bool give_value(struct fn_call *c, uint32_t row, struct fn_result *out, struct text value,
                       bool *doubt_out) {
    switch (value.at[0]) {
    case '{':
    case '[': return give_minified(c, row, out, value);
    case '"': return give_string(c, row, out, value, doubt_out);
    case 't': out->as.text[row] = TEXT_LITERAL("1"); return true;
    case 'f': out->as.text[row] = TEXT_LITERAL("0"); return true;
    case 'n': return row_null(out, row);
    default: return give_number(c, row, out, value, doubt_out);
    }
}

static bool sql_value_row(struct fn_call *c, uint32_t row, struct fn_result *out,
                          const struct sqlite_function *f) {
    struct text value;
    bool doubt = false;
    switch (find(c, row, &value)) {
    case JSON_MISSING: return row_null(out, row);
    case JSON_FOUND:
        if (!give_value(c, row, out, value, &doubt)) return false;
        break;
    case JSON_DOUBTFUL: doubt = true; break;
    }
    return !doubt || ask_sqlite(c, f, row, out);
}

static bool extract_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    static const struct sqlite_function f = {.name = "json_extract", .now_arg = SQLITE_NO_NOW};
    return sql_value_row(c, row, out, &f);
}
DEFINE_EACH(extract)

/* SQLite has the arrows as functions too: "->"(x, y). */
static bool arrow_text_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    static const struct sqlite_function f = {.name = "\"->>\"", .now_arg = SQLITE_NO_NOW};
    return sql_value_row(c, row, out, &f);
}
DEFINE_EACH(arrow_text)

static bool arrow_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    static const struct sqlite_function f = {.name = "\"->\"", .now_arg = SQLITE_NO_NOW};
    struct text value;
    switch (find(c, row, &value)) {
    case JSON_MISSING: return row_null(out, row);
    case JSON_FOUND: return give_minified(c, row, out, value);
    case JSON_DOUBTFUL: break;
    }
    return ask_sqlite(c, &f, row, out);
}
DEFINE_EACH(arrow)

/* Finds by a path of this row alone, where it is no constant. */
static enum json_found find_varying(struct fn_call *c, uint32_t row, struct text *value) {
    const struct json_state *s = c->state;
    struct json_path path;
    if (s->has_path) return json_scan(arg_text(c, 0, row), &s->path, value);
    if (!json_path_parse(without_mode(arg_text(c, 1, row)), &path)) return JSON_DOUBTFUL;
    return json_scan(arg_text(c, 0, row), &path, value);
}

static bool json_value_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text value;
    bool doubt = false;
    if (find_varying(c, row, &value) != JSON_FOUND) return row_null(out, row);
    if (value.at[0] == '{' || value.at[0] == '[' || value.at[0] == 'n') return row_null(out, row);
    if (value.at[0] != '"') {
        out->as.text[row] = value;
        return true;
    }
    if (!give_string(c, row, out, value, &doubt)) return false;
    return !doubt || row_null(out, row);
}
DEFINE_EACH(json_value)

static bool json_query_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text value;
    if (find_varying(c, row, &value) != JSON_FOUND) return row_null(out, row);
    if (value.at[0] != '{' && value.at[0] != '[') return row_null(out, row);
    return give_minified(c, row, out, value);
}
DEFINE_EACH(json_query)

static const struct type *type_json(const struct fn_bind *b, struct err *e) {
    (void)b;
    (void)e;
    return &type_json_text;
}

enum { FAILING = FN_STRICT | FN_CAN_FAIL };

static const struct fn table[] = {
    {.name = "json_extract",
     .sig = "json_extract(TEXT, TEXT) TEXT",
     .doc = "the value at a path, as text; an object or array as JSON",
     .example = "json_extract('{\"a\":{\"b\":[1,2]}}', '$.a.b[1]') = '2'",
     .flags = FAILING,
     .open = path_open,
     .close = json_close,
     .call = extract_call},
    {.name = "->>",
     .sig = "->>(TEXT, TEXT) TEXT",
     .doc = "the value at a label or path, as text",
     .example = "'{\"a\":\"x\"}' ->> 'a' = 'x'",
     .flags = FAILING | FN_HIDDEN,
     .open = arrow_open,
     .close = json_close,
     .call = arrow_text_call},
    {.name = "->>",
     .sig = "->>(TEXT, BIGINT) TEXT",
     .doc = "the element of an array, from 0, as text",
     .example = "'[7, 8]' ->> 1 = '8'",
     .flags = FAILING | FN_HIDDEN,
     .open = arrow_open,
     .close = json_close,
     .call = arrow_text_call},
    {.name = "->",
     .sig = "->(TEXT, TEXT) TEXT",
     .doc = "the value at a label or path, as JSON",
     .example = "'{\"a\":\"x\"}' -> 'a' = '\"x\"'",
     .flags = FAILING | FN_HIDDEN,
     .type = type_json,
     .open = arrow_open,
     .close = json_close,
     .call = arrow_call},
    {.name = "->",
     .sig = "->(TEXT, BIGINT) TEXT",
     .doc = "the element of an array, from 0, as JSON",
     .example = "'[7, [8]]' -> 1 = '[8]'",
     .flags = FAILING | FN_HIDDEN,
     .type = type_json,
     .open = arrow_open,
     .close = json_close,
     .call = arrow_call},
    {.name = "json_value",
     .sig = "json_value(TEXT, TEXT) TEXT",
     .doc = "the string, number or truth value at a path, as text; else NULL",
     .example = "json_value('{\"a\":{\"b\":true}}', '$.a.b') = 'true'",
     .flags = FN_STRICT,
     .open = path_open,
     .close = json_close,
     .call = json_value_call},
    {.name = "json_query",
     .sig = "json_query(TEXT, TEXT) TEXT",
     .doc = "the object or array at a path, as JSON; else NULL",
     .example = "json_query('{\"a\":{\"b\":1}}', '$.a') = '{\"b\":1}'",
     .flags = FN_STRICT,
     .type = type_json,
     .open = path_open,
     .close = json_close,
     .call = json_query_call},
};

const struct fn_table fn_json = {table, COUNT_OF(table)};
