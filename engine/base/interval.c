/* interval.c: reading INTERVAL, and its units.
 *
 * All forms are made of terms: a number and what one of it is. Terms are added up in 128 bits, and
 * only the sum is judged. An INTERVAL is a number of microseconds, so what has no fixed length
 * (MONTH, QUARTER, YEAR) is refused by name.
 */
#include "engine/base/time.h"

#include <assert.h>

#include "engine/base/type.h"

enum { NUMBER_DIGITS_MAX = 18, MESSAGE_TEXT_MAX = 60 };

#define X(NAME, us) [TIME_UNIT_##NAME] = #NAME,
static const char *const unit_names[TIME_UNIT_COUNT] = {TIME_UNIT_LIST(X)};
#undef X

#define X(NAME, us) [TIME_UNIT_##NAME] = us,
static const int64_t unit_us[TIME_UNIT_COUNT] = {TIME_UNIT_LIST(X)};
#undef X

/* Short forms, for settings: '30 s', '5 min'. */
static const struct {
    struct text word;
    enum time_unit unit;
} short_units[] = {
    {{"us", 2}, TIME_UNIT_MICROSECOND}, {{"ms", 2}, TIME_UNIT_MILLISECOND},
    {{"s", 1}, TIME_UNIT_SECOND},       {{"sec", 3}, TIME_UNIT_SECOND},
    {{"min", 3}, TIME_UNIT_MINUTE},     {{"m", 1}, TIME_UNIT_MINUTE},
    {{"h", 1}, TIME_UNIT_HOUR},         {{"d", 1}, TIME_UNIT_DAY},
    {{"w", 1}, TIME_UNIT_WEEK},
};

bool time_unit_find(struct text word, enum time_unit *out) {
    for (enum time_unit u = 0; u < TIME_UNIT_COUNT; u++) {
        struct text name = text_of(unit_names[u]), stem = word;
        if (word.bytes == name.bytes + 1 && (word.at[word.bytes - 1] | 0x20) == 's') stem.bytes--;
        if (!text_equal_fold(stem, name)) continue;
        *out = u;
        return true;
    }
    return false;
}

int64_t time_unit_us(enum time_unit u) {
    assert(u < TIME_UNIT_COUNT);
    return unit_us[u];
}

static bool unit_find_any(struct text word, enum time_unit *out) {
    for (size_t i = 0; i < COUNT_OF(short_units); i++) {
        if (!text_equal_fold(word, short_units[i].word)) continue;
        *out = short_units[i].unit;
        return true;
    }
    return time_unit_find(word, out);
}

/* The text being read, and the sum so far. */
struct reader {
    const char *at, *end;
    struct text whole; /* for messages */
    int128_t sum_us;
};

static struct reader reader_of(struct text s) {
    return (struct reader){.at = s.at, .end = s.bytes > 0 ? s.at + s.bytes : s.at, .whole = s};
}

static bool refuse(const struct reader *r, struct err *e) {
    struct text t = r->whole;
    if (t.bytes > MESSAGE_TEXT_MAX) t.bytes = MESSAGE_TEXT_MAX;
    err_set(e, ERR_DATA, "22P02", "not an interval: '%.*s'", TEXT_ARG(t));
    return err_hint(e, "Write INTERVAL '10 seconds', INTERVAL '10' SECOND or '1 02:03:04.5'.");
}

static bool refuse_range(const struct reader *r, struct err *e) {
    struct text t = r->whole;
    if (t.bytes > MESSAGE_TEXT_MAX) t.bytes = MESSAGE_TEXT_MAX;
    return err_set(e, ERR_DATA, "22003", "interval out of range: '%.*s'", TEXT_ARG(t));
}

static bool refuse_unit(enum time_unit u, struct err *e) {
    err_set(e, ERR_SQL, "0A000",
            "an INTERVAL of unit %s is not supported: it has no fixed length in microseconds",
            unit_names[u]);
    return err_hint(e, "Use DAY, HOUR, MINUTE or SECOND.");
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool next_is_digit(const struct reader *r) {
    return r->at < r->end && is_digit(*r->at);
}

static bool take(struct reader *r, char want) {
    if (r->at == r->end || *r->at != want) return false;
    r->at++;
    return true;
}

static bool skip_spaces(struct reader *r) {
    const char *start = r->at;
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')) r->at++;
    return r->at > start;
}

static bool take_sign(struct reader *r) {
    if (take(r, '-')) return true;
    (void)take(r, '+');
    return false;
}

/* whole + fraction / 10^digits, digits past 18 cut. */
struct number {
    int64_t whole, fraction;
    int64_t fraction_unit; /* 10^digits */
};

static bool take_number(struct reader *r, struct number *n, struct err *e) {
    *n = (struct number){.fraction_unit = 1};
    if (!next_is_digit(r)) return refuse(r, e);
    for (; next_is_digit(r); r->at++) {
        if (n->whole >= INT64_C(100000000000000000)) return refuse_range(r, e);
        n->whole = n->whole * 10 + (*r->at - '0');
    }
    if (!take(r, '.')) return true;
    if (!next_is_digit(r)) return refuse(r, e);
    for (uint32_t digits = 0; next_is_digit(r); r->at++, digits++) {
        if (digits >= NUMBER_DIGITS_MAX) continue;
        n->fraction = n->fraction * 10 + (*r->at - '0');
        n->fraction_unit *= 10;
    }
    return true;
}

static void add(struct reader *r, const struct number *n, int64_t us, bool negative) {
    int128_t v = (int128_t)n->whole * us + (int128_t)n->fraction * us / n->fraction_unit;
    r->sum_us += negative ? -v : v;
}

/* The fields behind the first from unit `from + 1` on down to `to`: MM, or MM:SS.f and so on.
 * Each but a fraction of the last stays below its bound. */
static bool take_fields(struct reader *r, enum time_unit from, enum time_unit to, bool negative,
                        struct err *e) {
    for (enum time_unit u = from; u-- > to;) {
        bool gap = u + 1 == TIME_UNIT_DAY ? skip_spaces(r) : take(r, ':');
        if (!gap) return refuse(r, e);
        struct number n;
        if (!take_number(r, &n, e)) return false;
        if (n.whole >= (u == TIME_UNIT_HOUR ? 24 : 60)) return refuse_range(r, e);
        if (n.fraction_unit > 1 && u != TIME_UNIT_SECOND) return refuse(r, e);
        add(r, &n, unit_us[u], negative);
    }
    return true;
}

static bool give(const struct reader *r, int64_t *us_out, struct err *e) {
    if (r->sum_us < INT64_MIN || r->sum_us > INT64_MAX) return refuse_range(r, e);
    *us_out = (int64_t)r->sum_us;
    return true;
}

bool interval_parse_units(struct text s, enum time_unit from, enum time_unit to, int64_t *us_out,
                          struct err *e) {
    assert(from < TIME_UNIT_COUNT && to < TIME_UNIT_COUNT);
    if (unit_us[from] == 0) return refuse_unit(from, e);
    if (unit_us[to] == 0) return refuse_unit(to, e);
    bool fields = from <= TIME_UNIT_DAY && to >= TIME_UNIT_SECOND && to < from;
    if (from != to && !fields) {
        return err_set(e, ERR_SQL, "0A000", "INTERVAL %s TO %s is not supported", unit_names[from],
                       unit_names[to]);
    }

    struct reader r = reader_of(s);
    skip_spaces(&r);
    bool negative = take_sign(&r);
    struct number n;
    if (!take_number(&r, &n, e)) return false;
    if (n.fraction_unit > 1 && from != to) return refuse(&r, e);
    add(&r, &n, unit_us[from], negative);
    if (!take_fields(&r, from, to, negative, e)) return false;
    skip_spaces(&r);
    if (r.at != r.end) return refuse(&r, e);
    return give(&r, us_out, e);
}

/* :MM[:SS[.f]] behind hours. */
static bool take_clock(struct reader *r, const struct number *hours, bool negative, struct err *e) {
    if (hours->fraction_unit > 1) return refuse(r, e);
    add(r, hours, HOUR_US, negative);
    if (!take_fields(r, TIME_UNIT_HOUR, TIME_UNIT_MINUTE, negative, e)) return false;
    if (r->at == r->end || *r->at != ':') return true;
    return take_fields(r, TIME_UNIT_MINUTE, TIME_UNIT_SECOND, negative, e);
}

static bool take_unit(struct reader *r, const struct number *n, bool negative, struct err *e) {
    struct text word = {.at = r->at};
    for (; r->at < r->end && is_letter(*r->at); r->at++) word.bytes++;
    enum time_unit u;
    if (!unit_find_any(word, &u)) return refuse(r, e);
    if (unit_us[u] == 0) return refuse_unit(u, e);
    add(r, n, unit_us[u], negative);
    return true;
}

/* number unit | hours:minutes[:seconds] | days hours:minutes[:seconds] */
static bool take_term(struct reader *r, struct err *e) {
    bool negative = take_sign(r);
    struct number n;
    if (!take_number(r, &n, e)) return false;
    if (r->at < r->end && *r->at == ':') return take_clock(r, &n, negative, e);

    bool gap = skip_spaces(r);
    if (r->at < r->end && is_letter(*r->at)) return take_unit(r, &n, negative, e);
    if (!gap || !next_is_digit(r) || n.fraction_unit > 1) return refuse(r, e);

    add(r, &n, DAY_US, negative);
    if (!take_number(r, &n, e)) return false;
    if (r->at == r->end || *r->at != ':') return refuse(r, e);
    if (n.whole >= 24) return refuse_range(r, e);
    return take_clock(r, &n, negative, e);
}

bool interval_parse(struct text s, int64_t *us_out, struct err *e) {
    struct reader r = reader_of(s);
    skip_spaces(&r);
    if (r.at == r.end) return refuse(&r, e);
    while (r.at < r.end) {
        if (!take_term(&r, e)) return false;
        bool gap = skip_spaces(&r);
        if (!gap && r.at < r.end) return refuse(&r, e);
    }
    return give(&r, us_out, e);
}
