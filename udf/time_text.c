/* time_text.c: moments from and to text and numbers, and the row's own time.
 *
 * The clock is the row's PROCTIME: when it was read, an event between two rows (contract "Time").
 * The functions that give it are STABLE: one value for a row, wherever they stand.
 */
#include <assert.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "udf/each.h"
#include "udf/table.h"
#include "udf/time_format.h"
#include "udf/time_part.h"

enum { SHOWN_BYTES = 60, SMALL_BYTES = 256 };

/* The pattern of a call, argument 1 where there is one. */
struct format_state {
    struct time_format format;
    char unknown; /* a letter that means nothing: every row fails */
};

static bool format_new(struct arena *a, struct text pattern, struct format_state *f) {
    return time_format_compile(&f->format, a, pattern, &f->unknown);
}

/* Compiles a constant pattern; 'yyyy-MM-dd HH:mm:ss' where none is given. */
static bool format_open(const struct fn_bind *b, void **state_out, struct err *e) {
    struct text pattern = TEXT_LITERAL("yyyy-MM-dd HH:mm:ss");
    if (b->args > 1) {
        if (!b->constant[1] || !column_has(b->constant[1], 0)) return true;
        pattern = b->constant[1]->as.text[0];
    }
    struct format_state *f = ARENA_NEW(b->arena, f);
    char *own = arena_copy(b->arena, pattern.at, pattern.bytes);
    if (!f || !own) return err_memory(e);
    if (!format_new(b->arena, (struct text){own, pattern.bytes}, f)) return err_memory(e);
    *state_out = f;
    return true;
}

/* The format of the row; NULL with *failed telling whether the row failed (true) or memory. */
static const struct format_state *row_format(struct fn_call *c, uint32_t row,
                                             struct format_state *own, bool *failed) {
    const struct format_state *f = c->state;
    *failed = false;
    if (!f) {
        if (!format_new(c->arena, arg_text(c, 1, row), own)) return NULL;
        f = own;
    }
    if (!f->unknown) return f;
    fn_fail(c, row, "22P02", "the letter %c means nothing in a pattern of time", f->unknown);
    *failed = true;
    return NULL;
}

/* What a call printed last, by the format of the call site: many rows of a batch lie in one span
 * of it, and share the text. */
struct printed {
    int64_t first_us;
    uint64_t span_us; /* 0: nothing yet */
    struct text text; /* in the arena of the batch */
};

static bool was_printed(const struct printed *p, int64_t us) {
    return (uint64_t)us - (uint64_t)p->first_us < p->span_us;
}

static bool print_row(struct fn_call *c, uint32_t row, struct fn_result *out, int64_t us,
                      struct printed *last) {
    if (was_printed(last, us)) {
        out->as.text[row] = last->text;
        return true;
    }
    struct format_state own;
    bool failed;
    const struct format_state *f = row_format(c, row, &own, &failed);
    if (!f) return failed;
    char small[SMALL_BYTES], *to = small;
    if (f->format.bytes_max > sizeof small) to = arena_alloc(c->arena, f->format.bytes_max);
    if (!to || !row_text_copy(c, row, out, to, time_format_print(&f->format, us, to))) return false;
    if (f == c->state) {
        int64_t past = us % f->format.unit_us;
        if (past < 0) past += f->format.unit_us;
        *last = (struct printed){.first_us = (int64_t)((uint64_t)us - (uint64_t)past),
                                 .span_us = (uint64_t)f->format.unit_us,
                                 .text = out->as.text[row]};
    }
    return true;
}

static bool date_format_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct printed last = {.span_us = 0};
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        if (!print_row(c, row, out, arg_i64(c, 0, row), &last)) return err_memory(e);
    }
    return true;
}

static bool from_unixtime_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    struct printed last = {.span_us = 0};
    for (uint32_t i = 0; i < c->live; i++) {
        uint32_t row = call_row(c, i);
        int64_t us;
        if (__builtin_mul_overflow(arg_i64(c, 0, row), SECOND_US, &us))
            fn_fail(c, row, "22003", "the moment is out of range");
        else if (!print_row(c, row, out, us, &last))
            return err_memory(e);
    }
    return true;
}

static bool not_a_moment(struct fn_call *c, uint32_t row) {
    struct text t = arg_text(c, 0, row);
    if (t.bytes > SHOWN_BYTES) t.bytes = (uint32_t)utf8_valid_prefix(t.at, SHOWN_BYTES);
    fn_fail(c, row, "22P02", "\"%.*s\" is no moment of this pattern", TEXT_ARG(t));
    return true;
}

/* Reads argument 0 by the pattern; *ok false: the row has failed. */
static bool read_row(struct fn_call *c, uint32_t row, int64_t *us, bool *ok) {
    struct format_state own;
    bool failed;
    struct text t = arg_text(c, 0, row);
    *ok = false;
    if (c->args == 1 && timestamp_parse(t, us) == PARSE_OK) {
        *ok = true;
        return true;
    }
    const struct format_state *f = row_format(c, row, &own, &failed);
    if (!f) return failed;
    *ok = time_format_parse(&f->format, t, us);
    return *ok || not_a_moment(c, row);
}

/* A function of the moment `us` that argument 0 says. */
#define DEFINE_OF_TEXT(name, VALUE)                                                                \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        bool ok;                                                                                   \
        int64_t us = 0;                                                                            \
        if (!read_row(c, row, &us, &ok)) return false;                                             \
        out->as.i64[row] = VALUE;                                                                  \
        return true;                                                                               \
    }                                                                                              \
    DEFINE_EACH(name)

DEFINE_OF_TEXT(to_timestamp, timestamp_floor(us, 3))
DEFINE_OF_TEXT(to_date, time_floor_div(us, DAY_US))
DEFINE_OF_TEXT(unix_of_text, time_floor_div(us, SECOND_US))

static bool unix_of_timestamp_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_floor_div(arg_i64(c, 0, row), SECOND_US);
    return true;
}
DEFINE_EACH(unix_of_timestamp)

/* to_timestamp_ltz(n, p): n units of 10^-p seconds since 1970. */
static bool to_timestamp_ltz_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t digits = c->args > 1 ? arg_i64(c, 1, row) : 3, unit = 1;
    if (digits < 0 || digits > 9) {
        fn_fail(c, row, "22003", "the precision of a moment is 0 to 9, not %lld",
                (long long)digits);
        return true;
    }
    for (int64_t i = digits; i < TIMESTAMP_DIGITS_MAX; i++) unit *= 10;
    int64_t n = arg_i64(c, 0, row);
    for (int64_t i = TIMESTAMP_DIGITS_MAX; i < digits; i++) n = time_floor_div(n, 10);
    bool over = __builtin_mul_overflow(n, unit, &out->as.i64[row]);
    return !over || row_out_of_range(c, row, "the moment");
}
DEFINE_EACH(to_timestamp_ltz)

static const struct type *type_ltz(const struct fn_bind *b, struct err *e) {
    const struct column *p = b->args > 1 && b->constant ? b->constant[1] : NULL;
    if (b->args > 1 && (!p || !column_has(p, 0))) return &type_timestamp6;
    int64_t digits = p ? p->as.i64[0] : 3;
    if (digits < 0 || digits > TIMESTAMP_DIGITS_MAX) return &type_timestamp6;
    const struct type *t = type_timestamp(b->arena, (uint32_t)digits);
    if (!t) err_memory(e);
    return t;
}

/* TIMESTAMP(3), as Flink's: cut to milliseconds. */
static bool proctime_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = timestamp_floor(batch_proctime(c->batch, row), 3);
    return true;
}
DEFINE_EACH(proctime)

static bool current_date_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_floor_div(batch_proctime(c->batch, row), DAY_US);
    return true;
}
DEFINE_EACH(current_date)

static bool current_time_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_of_day(timestamp_floor(batch_proctime(c->batch, row), 3));
    return true;
}
DEFINE_EACH(current_time)

static bool unix_now_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = time_floor_div(batch_proctime(c->batch, row), SECOND_US);
    return true;
}
DEFINE_EACH(unix_now)

/* make_date(y, m, d), and make_timestamp(y, m, d, h, min, s). */
static bool row_days(struct fn_call *c, uint32_t row, int64_t *days) {
    int64_t y = arg_i64(c, 0, row), m = arg_i64(c, 1, row), d = arg_i64(c, 2, row);
    bool good = y >= 0 && y <= 9999 && m >= 1 && m <= 12 && d >= 1;
    if (good && d <= civil_month_days(y, (int32_t)m)) {
        *days = civil_to_days((struct civil){.year = y, .month = (int32_t)m, .day = (int32_t)d});
        return true;
    }
    fn_fail(c, row, "22003", "%lld-%lld-%lld is no date", (long long)y, (long long)m, (long long)d);
    return false;
}

static bool make_date_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t days = 0;
    if (row_days(c, row, &days)) out->as.i64[row] = days;
    return true;
}
DEFINE_EACH(make_date)

static bool make_timestamp_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    int64_t days = 0, h = arg_i64(c, 3, row), m = arg_i64(c, 4, row);
    double s = arg_f64(c, 5, row);
    if (!row_days(c, row, &days)) return true;
    if (h < 0 || h > 23 || m < 0 || m > 59 || !(s >= 0 && s < 60)) {
        fn_fail(c, row, "22003", "%lld:%lld:%g is no time of day", (long long)h, (long long)m, s);
        return true;
    }
    out->as.i64[row] = days * DAY_US + h * HOUR_US + m * MINUTE_US + (int64_t)llround(s * 1e6);
    return true;
}
DEFINE_EACH(make_timestamp)

enum { FAILING = FN_STRICT | FN_CAN_FAIL };

#define DEFINE_NOW(n, type_, call_, d)                                                             \
    {                                                                                              \
        .name = n, .sig = n "() " type_, .doc = d, .example = n "() >= " n "()",                   \
        .flags = FN_STABLE, .call = call_                                                          \
    }

static const struct fn table[] = {
    {.name = "date_format",
     .sig = "date_format(TIMESTAMP, TEXT) TEXT",
     .doc = "the moment as text by a pattern: y M d H m s S E a, other text in quotes",
     .example = "date_format(TIMESTAMP '2026-01-02 03:04:05', 'yyyy/MM/dd HH:mm') = '2026/01/02 "
                "03:04'",
     .flags = FAILING,
     .open = format_open,
     .call = date_format_call},
    {.name = "from_unixtime",
     .sig = "from_unixtime(BIGINT, [TEXT]) TEXT",
     .doc = "seconds since 1970 as text, by a pattern or as yyyy-MM-dd HH:mm:ss",
     .example = "from_unixtime(60) = '1970-01-01 00:01:00'",
     .flags = FAILING,
     .open = format_open,
     .call = from_unixtime_call},
    {.name = "to_timestamp",
     .sig = "to_timestamp(TEXT, [TEXT]) TIMESTAMP(3)",
     .doc = "a moment from text, by a pattern or as yyyy-MM-dd HH:mm:ss",
     .example = "to_timestamp('02.01.2026', 'dd.MM.yyyy') = TIMESTAMP '2026-01-02 00:00:00'",
     .flags = FAILING,
     .open = format_open,
     .call = to_timestamp_call},
    {.name = "to_date",
     .sig = "to_date(TEXT, [TEXT]) DATE",
     .doc = "a date from text, by a pattern or as yyyy-MM-dd",
     .example = "to_date('02.01.2026', 'dd.MM.yyyy') = DATE '2026-01-02'",
     .flags = FAILING,
     .open = format_open,
     .call = to_date_call},
    {.name = "to_timestamp_ltz",
     .sig = "to_timestamp_ltz(BIGINT, [BIGINT]) TIMESTAMP",
     .doc = "a moment from seconds (0), milliseconds (3) .. since 1970",
     .example = "to_timestamp_ltz(1000, 3) = TIMESTAMP '1970-01-01 00:00:01'",
     .flags = FAILING,
     .type = type_ltz,
     .call = to_timestamp_ltz_call},
    {.name = "unix_timestamp",
     .sig = "unix_timestamp(TEXT, [TEXT]) BIGINT",
     .doc = "seconds since 1970 of a text, by a pattern or as yyyy-MM-dd HH:mm:ss",
     .example = "unix_timestamp('1970-01-01 00:01:00') = 60",
     .flags = FAILING,
     .open = format_open,
     .call = unix_of_text_call},
    {.name = "unix_timestamp",
     .sig = "unix_timestamp(TIMESTAMP) BIGINT",
     .doc = "seconds since 1970",
     .example = "unix_timestamp(TIMESTAMP '1970-01-01 00:01:00') = 60",
     .flags = FN_STRICT,
     .call = unix_of_timestamp_call},
    {.name = "make_date",
     .sig = "make_date(BIGINT, BIGINT, BIGINT) DATE",
     .doc = "a date from year, month and day",
     .example = "make_date(2026, 1, 2) = DATE '2026-01-02'",
     .flags = FAILING,
     .call = make_date_call},
    {.name = "make_timestamp",
     .sig = "make_timestamp(BIGINT, BIGINT, BIGINT, BIGINT, BIGINT, DOUBLE) TIMESTAMP",
     .doc = "a moment from year, month, day, hour, minute and second",
     .example = "make_timestamp(2026, 1, 2, 3, 4, 5) = TIMESTAMP '2026-01-02 03:04:05'",
     .flags = FAILING,
     .call = make_timestamp_call},
    DEFINE_NOW("proctime", "TIMESTAMP(3)", proctime_call, "when the row was read"),
    DEFINE_NOW("now", "TIMESTAMP(3)", proctime_call, "when the row was read"),
    DEFINE_NOW("current_timestamp", "TIMESTAMP(3)", proctime_call, "when the row was read"),
    DEFINE_NOW("localtimestamp", "TIMESTAMP(3)", proctime_call, "when the row was read"),
    DEFINE_NOW("current_row_timestamp", "TIMESTAMP(3)", proctime_call, "when the row was read"),
    DEFINE_NOW("current_date", "DATE", current_date_call, "the date at which the row was read"),
    DEFINE_NOW("current_time", "TIME", current_time_call, "the time at which the row was read"),
    DEFINE_NOW("localtime", "TIME", current_time_call, "the time at which the row was read"),
    DEFINE_NOW("unix_timestamp", "BIGINT", unix_now_call,
               "seconds since 1970 at which the row was read"),
};

const struct fn_table fn_time_text = {table, COUNT_OF(table)};
