/* sqlite_format.c: printf() and format(): SQLite's, kept within bounds.
 *
 * SQLite pads a field to the width or precision asked for, character by character, and only then
 * finds that the text is too long, which it tells by giving NULL. So the format is read before: a
 * field wider than a value may be fails the row (54000). A NULL is also what SQLite gives for a
 * conversion that does not exist with nothing before it; it stays NULL where the text could not
 * have been too long.
 */
#include "udf/each.h"
#include "udf/sqlite_call.h"

/* A format being read for one row. */
struct reading {
    const struct fn_call *call;
    uint32_t row;
    struct text format;
    uint32_t at;
    uint32_t arg; /* the next argument */
};

static char next(const struct reading *r) {
    return r->at < r->format.bytes ? r->format.at[r->at] : '\0';
}

/* Digits, cut where they are too many anyway. */
static double digits(const char *at, uint32_t bytes, uint32_t *used) {
    double n = 0;
    uint32_t i = 0;
    for (; i < bytes && at[i] >= '0' && at[i] <= '9'; i++) n = n * 10 + (at[i] - '0');
    if (used) *used = i;
    return n;
}

static double text_number(struct text t) {
    uint32_t i = 0;
    while (i < t.bytes && (t.at[i] == ' ' || t.at[i] == '-' || t.at[i] == '+')) i++;
    return digits(t.at + i, t.bytes - i, NULL);
}

/* What SQLite takes for `*`, without its sign: the next argument as an integer. */
static double star(struct reading *r) {
    uint32_t arg = r->arg++;
    if (arg >= r->call->args || !arg_has(r->call, arg, r->row)) return 0;
    const struct column *c = &r->call->arg[arg];
    switch (type_rep(c->type)) {
    case REP_B8: return 1;
    case REP_I64: return fabs((double)c->as.i64[r->row]);
    case REP_F64: return fabs(c->as.f64[r->row]);
    case REP_I128: return fabs(decimal_to_f64(column_decimal(c, r->row)));
    case REP_TEXT: return text_number(c->as.text[r->row]);
    case REP_SPAN:
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    return 0;
}

/* A width or precision. */
static double number(struct reading *r) {
    uint32_t used = 0;
    if (next(r) == '*') {
        r->at++;
        return star(r);
    }
    double n = digits(r->format.at + r->at, r->format.bytes - r->at, &used);
    r->at += used;
    return n;
}

/* One conversion, behind its '%': the wider of width and precision. */
static double conversion(struct reading *r) {
    while (next(r) && strchr("-+ #0,!", next(r))) r->at++;
    double widest = number(r);
    if (next(r) == '.') {
        r->at++;
        double precision = number(r);
        if (precision > widest) widest = precision;
    }
    while (next(r) == 'l') r->at++;
    if (next(r) != '%') r->arg++;
    r->at += r->at < r->format.bytes;
    return widest;
}

/* What the format asks for at the least: false: one field alone is too wide. */
static bool fits(const struct fn_call *c, uint32_t row, double *sum) {
    struct reading r = {.call = c, .row = row, .format = arg_text(c, 0, row), .arg = 1};
    *sum = r.format.bytes;
    while (r.at < r.format.bytes) {
        if (r.format.at[r.at++] != '%') continue;
        double width = conversion(&r);
        if (width > SQLITE_VALUE_BYTES_MAX) return false;
        *sum += width;
    }
    for (uint32_t i = 1; i < c->args; i++) {
        bool text = type_rep(c->arg[i].type) == REP_TEXT && arg_has(c, i, row);
        if (text) *sum += arg_text(c, i, row).bytes;
    }
    return true;
}

static bool printf_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    double sum = 0; /* of the bytes: %q at most doubles them */
    if (arg_has(c, 0, row) && !fits(c, row, &sum)) {
        fn_fail(c, row, "54000", "a field of the format is wider than 64 MiB");
        return true;
    }
    if (!sqlite_call_row(c, c->state, row, out)) return false;
    if (!bit_get(out->valid, row) && sum > SQLITE_VALUE_BYTES_MAX / 2.0)
        fn_fail(c, row, "54000", "the result has more than 64 MiB");
    return true;
}

bool sqlite_format_call(struct fn_call *c, struct fn_result *out, struct err *e) {
    for (uint32_t i = 0; i < c->live; i++) {
        if (!printf_row(c, call_row(c, i), out)) return err_memory(e);
    }
    return true;
}
